//! Published RAMP tables: scores and run totals of many runs, in JSON or CSV.
//!
//! Recognised by their columns (`model`, `task0`), whatever the file is called. They give coarse traces: stage results,
//! call counts where the table has them, and run totals marked as aggregates. A value that is not JSON is never
//! evaluated: it becomes unknown, and the import report names its line.
//!
//! * `rows`: JSON and CSV to rows, broken values named
//! * `convert`: a row to events

mod convert;
mod rows;

use super::formats::{Importer, no_folders};
use super::sink::{Sink, send};
use super::source::{Source, each};
use super::{Format, ImportError};
use std::collections::HashMap;

/// How tables are recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer {
        format,
        claim: no_folders,
        recognises: |look| rows::recognises(&look.text()),
        plan: |sources| each(sources, import),
    }
}

/// Imports every row of a table.
fn import(source: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let file = source.file()?;
    let path = file.name();
    let text = String::from_utf8(file.read()?).map_err(|_| ImportError::BadSource {
        path: path.to_owned(),
        problem: "not UTF-8 text".into(),
    })?;
    let mut seen: HashMap<String, usize> = HashMap::new();
    let rows = rows::parse(path, &text)?;
    if rows.is_empty() {
        return Err(ImportError::BadSource {
            path: path.to_owned(),
            problem: "the table has no rows".into(),
        });
    }
    for row in rows {
        match row.and_then(|row| convert::convert(source, file.stem(), row)) {
            Ok((mut run, events, report)) => {
                // Tables without run ids may list a model twice.
                let count = seen.entry(run.run_id.clone()).or_default();
                *count += 1;
                if *count > 1 {
                    run.run_id = format!("{}-{count}", run.run_id);
                }
                send(sink, run, events, report)?;
            }
            Err(error) => sink.failed(error)?,
        }
    }
    Ok(())
}
