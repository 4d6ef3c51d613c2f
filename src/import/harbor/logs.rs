//! Which of the logs that an agent left is read.
//!
//! The agent's own session is the best source, what it printed the next best, Harbor's conversion of either comes after
//! both, since it lost and miscounted some of it in its time; any other log that ramptrace knows is better than none.

use super::super::Format;
use super::super::ImportError;
use super::super::files::LogFile;
use super::super::source::{Source, recognise};
use std::path::PathBuf;

/// The logs of one agent.
#[derive(Debug, Default)]
pub(super) struct Logs {
    /// Those that are read, of one format.
    pub(super) read: Vec<Source>,
    /// Other logs of the same conversation.
    pub(super) copies: Vec<LogFile>,
    /// Files that are no logs.
    pub(super) others: Vec<PathBuf>,
}

/// Sorts the files that an agent left.
pub(super) fn logs(files: Vec<LogFile>) -> Result<Logs, ImportError> {
    let mut sources = Vec::new();
    let others = recognise(files, &mut sources)?;
    sources.sort_by(|a, b| (rank(a.format), &a.path).cmp(&(rank(b.format), &b.path)));
    let best = sources.iter().map(|s| s.format).find(|f| *f != Format::Harbor);
    let mut logs = Logs { others, ..Logs::default() };
    for source in sources {
        if Some(source.format) == best {
            logs.read.push(source);
        } else {
            logs.copies.extend(source.files);
        }
    }
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
