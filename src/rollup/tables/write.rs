//! The views of a store as two Parquet files, part by part, so that memory is that of a part.
//!
//! Every row of `runs` says which rows it was folded from, by the hash that the trace has of them. A file whose runs are in the
//! tables of the last time, folded from the same rows by the same rules, is not read again: its rows are taken from there.

use super::read::{ORDER, scan};
use super::swap::NewFolder;
use crate::rollup::by_sql::collect;
use crate::rollup::views::{RUN_COLUMNS, STAGE_COLUMNS};
use crate::rollup::{ROLLUP_RUNS_SQL, ROLLUP_SQL, Rollup, RollupError, roll_up};
use crate::trace::{
    RUNS, STAGES, StoreEntry, TOOL_VERSION, TRACE_HASH, TableFiles, TraceError, file_note,
    hexadecimal,
};
use polars::io::parquet::write::{BatchedWriter, KeyValueMetadata, ParquetWriter};
use polars::prelude::{
    Column, DataFrame, IntoColumn, IntoLazy, JoinArgs, JoinType, NamedFrom, Series,
    SortMultipleOptions, UnionArgs, col, concat,
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Events that are folded at once.
const PART_EVENTS: u64 = 4_000_000;
/// The key under which a table says by which rules it was folded.
const RULES: &str = "ramptrace.rollup";

/// What a rollup did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// Rows of `stages`.
    pub stages: usize,
    /// Rows of `runs`.
    pub runs: usize,
    /// Files of the store.
    pub files: usize,
    /// Those of them that were folded.
    pub folded: usize,
    /// Events that were folded.
    pub events: u64,
}

/// A trace file, with its runs and the hashes of their rows.
struct Source<'a> {
    path: &'a Path,
    runs: Vec<(&'a str, Option<&'a str>)>,
    events: u64,
}

/// Writes the views of runs of a store to a folder, which has its new tables at once or stays as it was.
pub fn write_rollup(entries: &[StoreEntry], folder: &Path) -> Result<RolledUp, RollupError> {
    let earlier = earlier_tables(folder)?;
    let known = match &earlier {
        Some(tables) if has_rules(tables) => folded_runs(tables)?,
        _ => HashMap::new(),
    };
    let sources = sources(entries);
    let mut done = RolledUp { files: sources.len(), ..RolledUp::default() };
    let (changed, kept): (Vec<_>, Vec<_>) = sources.iter().partition(|s| !s.is_among(&known));
    let kept_runs: usize = kept.iter().map(|s| s.runs.len()).sum();
    if earlier.is_some() && changed.is_empty() && kept_runs == known.len() {
        (done.stages, done.runs) = heights(earlier.as_ref())?;
        return Ok(done);
    }
    done.folded = changed.len();
    done.events = changed.iter().map(|s| s.events).sum();
    let new = NewFolder::begin(folder)?;
    let mut tables = Tables::begin(new.path())?;
    // A part is written while the next one is folded.
    let mut folded: Option<Rollup> = None;
    for part in parts(&sources) {
        let last = folded.take();
        let (next, written) = rayon::join(
            || part_of(part, &known, earlier.as_ref()),
            || last.map_or(Ok(()), |last| tables.write(&last)),
        );
        written?;
        let next = next?;
        done.stages += next.stages.height();
        done.runs += next.runs.height();
        folded = Some(next);
    }
    if let Some(last) = folded {
        tables.write(&last)?;
    }
    tables.finish()?;
    new.publish()?;
    Ok(done)
}

/// The views of some files: what changed is folded, the rest is taken from earlier tables.
fn part_of(
    part: &[Source],
    known: &HashMap<String, String>,
    earlier: Option<&TableFiles>,
) -> Result<Rollup, RollupError> {
    let (changed, kept): (Vec<_>, Vec<_>) = part.iter().partition(|s| !s.is_among(known));
    let files: Vec<PathBuf> = changed.iter().map(|s| s.path.to_owned()).collect();
    let rollup = with_hashes(roll_up(&files)?, &changed)?;
    match earlier {
        Some(earlier) if !kept.is_empty() => with_kept(rollup, earlier, &kept),
        _ => Ok(rollup),
    }
}

impl Source<'_> {
    /// Whether its runs are known, folded from the same rows.
    fn is_among(&self, known: &HashMap<String, String>) -> bool {
        self.runs
            .iter()
            .all(|(run, hash)| hash.is_some() && known.get(*run).map(String::as_str) == *hash)
    }
}

/// The files of a store, by path.
fn sources(entries: &[StoreEntry]) -> Vec<Source<'_>> {
    let mut files: BTreeMap<&Path, Source> = BTreeMap::new();
    for entry in entries {
        let path = entry.path.as_path();
        let source =
            files.entry(path).or_insert_with(|| Source { path, runs: Vec::new(), events: 0 });
        source.runs.push((&entry.run.run_id, entry.run.sha256.as_deref()));
        source.events += entry.run.events;
    }
    files.into_values().collect()
}

/// The files in order, cut where a part has enough events.
fn parts<'a, 'b>(sources: &'a [Source<'b>]) -> Vec<&'a [Source<'b>]> {
    let (mut parts, mut start, mut events) = (Vec::new(), 0, 0);
    for (i, source) in sources.iter().enumerate() {
        events += source.events;
        if events >= PART_EVENTS || i + 1 == sources.len() {
            parts.push(&sources[start..=i]);
            (start, events) = (i + 1, 0);
        }
    }
    parts
}

/// The tables of the last time. Whatever else is in the folder is not ours to replace.
fn earlier_tables(folder: &Path) -> Result<Option<TableFiles>, RollupError> {
    if !folder.exists() {
        return Ok(None);
    }
    let not_ours = || RollupError::NotARollup { path: folder.to_owned() };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(TraceError::io("read folder", folder))? {
        let entry = entry.map_err(TraceError::io("read folder", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Scores that `ramptrace score` kept there are computed again when they are wanted.
        if name != ".ramptrace" {
            names.push(name);
        }
    }
    names.sort();
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(None),
        ["runs.parquet", "stages.parquet"] => {
            TableFiles::find(folder)?.map(Some).ok_or_else(not_ours)
        }
        _ => Err(not_ours()),
    }
}

/// What every run of earlier tables was folded from.
fn folded_runs(tables: &TableFiles) -> Result<HashMap<String, String>, RollupError> {
    let read = || {
        let columns = scan(&tables.runs)?.select([col("run_id"), col(TRACE_HASH)]);
        let frame = collect(columns)?;
        let (runs, hashes) = (frame.column("run_id")?.str()?, frame.column(TRACE_HASH)?.str()?);
        let pairs = runs.iter().zip(hashes.iter());
        Ok(pairs.filter_map(|(run, hash)| Some((run?.to_owned(), hash?.to_owned()))).collect())
    };
    read().map_err(|source| RollupError::Fold {
        what: "the runs of the last time".to_owned(),
        source,
    })
}

fn has_rules(tables: &TableFiles) -> bool {
    tables.files().iter().all(|file| file_note(file, RULES).as_deref() == Some(&rules()))
}

/// What the rows of a rollup follow from, besides events.
fn rules() -> String {
    let mut rules = Sha256::new();
    for text in [TOOL_VERSION, ROLLUP_SQL, ROLLUP_RUNS_SQL] {
        rules.update(text);
        rules.update([0]);
    }
    for column in STAGE_COLUMNS.iter().chain(RUN_COLUMNS) {
        rules.update(format!("{column:?}\n"));
    }
    hexadecimal(&rules.finalize())
}

/// The same with the hashes of the rows that the runs were folded from.
fn with_hashes(mut rollup: Rollup, sources: &[&Source]) -> Result<Rollup, RollupError> {
    let hashes: HashMap<&str, &str> = sources
        .iter()
        .flat_map(|s| s.runs.iter())
        .filter_map(|(run, hash)| Some((*run, (*hash)?)))
        .collect();
    let add = |rollup: &mut Rollup| {
        let runs = rollup.runs.column("run_id")?.str()?;
        let column: Vec<Option<&str>> =
            runs.iter().map(|run| run.and_then(|run| hashes.get(run).copied())).collect();
        let column: Column = Series::new(TRACE_HASH.into(), column).into_column();
        rollup.runs.with_column(column).map(|_| ())
    };
    add(&mut rollup).map_err(|source| RollupError::Fold { what: "the runs".to_owned(), source })?;
    Ok(rollup)
}

/// The same with the rows of runs that did not change.
fn with_kept(
    rollup: Rollup,
    earlier: &TableFiles,
    kept: &[&Source],
) -> Result<Rollup, RollupError> {
    let runs: Vec<&str> = kept.iter().flat_map(|s| s.runs.iter().map(|(run, _)| *run)).collect();
    let runs = DataFrame::new_infer_height(vec![Series::new("run_id".into(), runs).into_column()]);
    let join = |frame: DataFrame, files: &[PathBuf], order: &[&str]| {
        let names: Vec<_> = frame.get_column_names().into_iter().map(|n| col(n.clone())).collect();
        let kept = scan(files)?.select(names).join(
            runs.clone()?.lazy(),
            [col("run_id")],
            [col("run_id")],
            JoinArgs::new(JoinType::Semi),
        );
        let all = concat([frame.lazy(), kept], UnionArgs::default())?;
        collect(all.sort(order.to_vec(), SortMultipleOptions::default()))
    };
    let failed =
        |source| RollupError::Fold { what: "the tables of the last time".to_owned(), source };
    Ok(Rollup {
        stages: join(rollup.stages, &earlier.stages, &ORDER).map_err(failed)?,
        runs: join(rollup.runs, &earlier.runs, &ORDER[..3]).map_err(failed)?,
    })
}

fn heights(tables: Option<&TableFiles>) -> Result<(usize, usize), RollupError> {
    let count = |files: &[PathBuf]| {
        let rows = scan(files).and_then(|frame| collect(frame.select([col("run_id")])));
        rows.map(|rows| rows.height())
            .map_err(|source| RollupError::Fold { what: "the tables".to_owned(), source })
    };
    let tables = tables.cloned().unwrap_or_default();
    Ok((count(&tables.stages)?, count(&tables.runs)?))
}

/// The two files of a rollup in the making.
struct Tables {
    stages: (PathBuf, BatchedWriter<File>),
    runs: (PathBuf, BatchedWriter<File>),
}

impl Tables {
    fn begin(folder: &Path) -> Result<Self, RollupError> {
        let empty = with_hashes(roll_up(&[])?, &[])?;
        let writer = |name: &str, rows: &DataFrame| {
            let path = folder.join(format!("{name}.parquet"));
            let file = File::create(&path).map_err(TraceError::io("write", &path))?;
            let notes = KeyValueMetadata::from_static(vec![(RULES.to_owned(), rules())]);
            let writer = ParquetWriter::new(file).with_key_value_metadata(Some(notes));
            let writer = writer.batched(rows.schema()).map_err(|e| failed(&path, e))?;
            Ok::<_, RollupError>((path, writer))
        };
        Ok(Self { stages: writer(STAGES, &empty.stages)?, runs: writer(RUNS, &empty.runs)? })
    }

    fn write(&mut self, rollup: &Rollup) -> Result<(), RollupError> {
        for ((path, writer), rows) in
            [(&mut self.stages, &rollup.stages), (&mut self.runs, &rollup.runs)]
        {
            let mut rows = rows.clone();
            rows.rechunk_mut();
            writer.write_batch(&rows).map_err(|e| failed(path, e))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), RollupError> {
        for (path, writer) in [self.stages, self.runs] {
            writer.finish().map_err(|e| failed(&path, e))?;
            let file = File::open(&path).and_then(|file| file.sync_all());
            file.map_err(TraceError::io("write", &path))?;
        }
        Ok(())
    }
}

fn failed(path: &Path, source: polars::error::PolarsError) -> RollupError {
    RollupError::Write { path: path.to_owned(), source }
}
