//! OpenTelemetry traces in files: OTLP/JSON as collectors and exporters write it, and spans of console exporters.
//!
//! What a span means is decided by what receives spans from live agents ([`crate::capture::otlp`]), so that a run is the same
//! whether it was received or imported. All files are read in one pass for where each span is and which run it belongs
//! to; then each run is read again, trace by trace.
//!
//! * `reader`: JSON values of any size, byte by byte
//! * `scan`: the records of a file, wherever they stand in it
//! * `flat`: spans that are not OTLP
//! * `logs`: records of logs that say what a span would
//! * `index`: the first pass: where each span is
//! * `groups`: which spans are a run
//! * `agents`: agents below others
//! * `convert`: the second pass: the rows of a run
//! * `ours`: runs that ramptrace itself exported

mod agents;
mod convert;
mod flat;
mod groups;
mod index;
mod logs;
mod ours;
mod reader;
mod scan;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trap_tests;

use super::Format;
use super::ImportError;
use super::formats::{Importer, no_folders};
use super::look::Look;
use super::source::{Job, Source};
use scan::Piece;
use std::path::PathBuf;
use std::sync::Arc;

/// The importer.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan }
}

/// A name of OTLP's where its lists stand, or a span of another exporter.
fn recognises(look: &Look<'_>) -> bool {
    let mut known = false;
    let head = std::io::Cursor::new(look.text().into_owned().into_bytes());
    scan::scan(Box::new(head), &mut |piece| match piece {
        Piece::Otlp => known = true,
        Piece::Bare(bytes, _) => known |= flat::span(bytes).is_ok(),
        _ => {}
    });
    // A first span beyond the head.
    known || look.lines().iter().any(|line| flat::span(line.to_string().as_bytes()).is_ok())
}

/// One job per run, over all files.
fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let mut index = index::Index::new();
    let mut jobs = Vec::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    for source in sources {
        match source.file().and_then(|file| index.add(file)) {
            Ok(()) => paths.push(source.path),
            Err(error) => jobs.push(Err(error)),
        }
    }
    let mut index = index.finished();
    let groups = groups::groups(&mut index);
    if groups.is_empty() {
        for (path, account) in paths.into_iter().zip(&index.accounts) {
            jobs.push(Err(ImportError::BadSource { path, problem: nothing_found(account) }));
        }
        return jobs;
    }
    let index = Arc::new(index);
    for group in groups {
        let first = group.spans().next().map(|i| index.spans[i as usize].file as usize);
        let path = first.and_then(|file| paths.get(file)).cloned().unwrap_or_default();
        let index = Arc::clone(&index);
        jobs.push(Ok(Job::new(Format::Otlp, &path.clone(), move |sink| {
            convert::convert(&index, &group, &path, sink)
        })));
    }
    jobs
}

/// Why files without a run have none.
fn nothing_found(account: &super::ImportReport) -> String {
    let mut found: Vec<String> =
        account.skipped.iter().map(|(what, n)| format!("{what}: {n}")).collect();
    if let Some(rejected) = account.rejected.first() {
        let n = account.rejected_records;
        found.push(format!("not readable: {n} (line {}: {})", rejected.line, rejected.problem));
    }
    let found = if found.is_empty() { "it is empty".to_owned() } else { found.join(", ") };
    format!("no spans of an agent ({found})")
}
