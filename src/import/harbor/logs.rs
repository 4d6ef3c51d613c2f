//! The logs that an agent left, the best first.
//!
//! Claude Code's own session is the best source, what it printed the next best, Harbor's conversion of either comes after
//! both, since it lost and miscounted some of it in its time; any other log that ramptrace knows is better than none.

use super::super::Format;
use super::super::ImportError;
use super::super::files::LogFile;
use super::super::source::{Source, recognise};
use std::path::PathBuf;

/// The logs of one agent.
#[derive(Debug, Default)]
pub(super) struct Logs {
    /// The logs of each format, the best first: they tell of the same conversation.
    pub(super) by_format: Vec<Vec<Source>>,
    /// Files that are no logs.
    pub(super) others: Vec<PathBuf>,
}

/// Sorts the files that an agent left.
pub(super) fn logs(files: Vec<LogFile>) -> Result<Logs, ImportError> {
    let mut sources = Vec::new();
    let others = recognise(files, &mut sources)?;
    sources.sort_by(|a, b| (rank(a.format), &a.path).cmp(&(rank(b.format), &b.path)));
    let mut logs = Logs { others, ..Logs::default() };
    for source in sources {
        match logs.by_format.last_mut() {
            Some(same) if same.iter().all(|s| s.format == source.format) => same.push(source),
            _ => logs.by_format.push(vec![source]),
        }
    }
    // A trial in what an agent left is what it worked on.
    logs.by_format.retain(|of_format| of_format.iter().all(|s| s.format != Format::Harbor));
    Ok(logs)
}

/// How good a source a format is; lower is better.
fn rank(format: Format) -> (u8, Format) {
    let rank = match format.name() {
        "claude-code" => 0,
        "claude-stream" => 1,
        "atif" => 2,
        _ => 3,
    };
    (rank, format)
}
