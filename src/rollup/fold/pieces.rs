//! The files of a store, folded side by side.
//!
//! They are read column by column, in pieces, on all threads; the pieces are put together in the order of the files, and no sum
//! depends on that order.

use super::runs::{FoldedRun, Runs};
use super::{batch, tables};
use crate::rollup::RollupError;
use crate::rollup::tables::read_tables;
use crate::trace::{ColumnFile, TableFiles, TraceError};
use polars::prelude::DataFrame;
use rayon::prelude::*;
use std::path::PathBuf;

/// The views of a store, in memory.
#[derive(Debug, Clone)]
pub struct Rollup {
    /// One row per (run, stage), by workload, model, run and stage.
    pub stages: DataFrame,
    /// One row per run, by workload, model and run.
    pub runs: DataFrame,
}

/// The columns of events that a rollup reads.
pub const ROLLUP_COLUMNS: &[&str] = batch::READ;

/// Folds the events of trace files; where some of the files are tables of a rollup, their rows are read.
pub fn roll_up(files: &[PathBuf]) -> Result<Rollup, RollupError> {
    let (tables, traces) = TableFiles::among(files);
    if traces.is_empty() && !tables.runs.is_empty() {
        return read_tables(&tables);
    }
    tables::tables(&folded(&traces)?)
}

fn folded(files: &[PathBuf]) -> Result<Vec<FoldedRun>, TraceError> {
    let files: Vec<ColumnFile> =
        files.par_iter().map(|file| ColumnFile::open(file)).collect::<Result<_, _>>()?;
    let pieces: Vec<(&ColumnFile, usize)> =
        files.iter().flat_map(|file| (0..file.pieces()).map(move |piece| (file, piece))).collect();
    let parts: Vec<Runs> = pieces
        .par_iter()
        .map(|(file, piece)| {
            let mut runs = Runs::default();
            for batch in file.read(*piece, batch::READ)? {
                batch::add(&batch?, &mut runs);
            }
            Ok(runs)
        })
        .collect::<Result<_, TraceError>>()?;
    let mut all = Runs::default();
    for part in parts {
        all.merge(part);
    }
    Ok(all.into_runs())
}
