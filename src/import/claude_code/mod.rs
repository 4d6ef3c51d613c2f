//! Session files of Claude Code: `~/.claude/projects/<folder>/<session>.jsonl`, and those of sub-agents.
//!
//! A session is spread over files (its own, one per sub-agent, one per compaction), a call over lines that each repeat
//! its usage, and files that were resumed or branched repeat the lines of others. So all files are scanned first, in
//! parallel, for small records of calls (`scan`, `ledger`); then each session is read again, line by line, into rows
//! (`walk`). No text is kept between the two.
//!
//! * `scan`: one file, without its texts; `parts`: the same of a large one
//! * `ledger`: what the files hold together: calls counted once, copied lines, sessions
//! * `start`: how a session begins
//! * `walk`: the rows of a session, in which `prompts`, `replies` and `notices` are the lines of the user, the assistant
//!   and the client
//! * `line`: a line, read into what its row needs of it
//! * `envelope`: what every line says of itself

#[cfg(test)]
mod agents_tests;
mod envelope;
mod ledger;
mod line;
mod notices;
mod parts;
mod prompts;
mod replies;
mod scan;
mod start;
#[cfg(test)]
mod tests;
mod walk;

use super::formats::{Importer, no_folders};
use super::look::Look;
use super::source::{Job, Source};
use super::{Format, ImportError};
use ledger::Ledger;
use serde_json::Value;
use std::sync::Arc;

/// A head of this length is not the whole file.
const LONG_HEAD: usize = 64 << 10;

/// How session files are recognised and read: lines that name their session and carry messages.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan }
}

fn recognises(look: &Look<'_>) -> bool {
    look.any_line(is_session_line) || (look.any_line(is_snapshot) && look.text().len() >= LONG_HEAD)
}

/// A snapshot of files names no session: whether one follows, a head that ends in a long line does not tell.
fn is_snapshot(line: &Value) -> bool {
    line.get("type").and_then(Value::as_str) == Some("file-history-snapshot")
        && line.get("messageId").is_some()
}

fn is_session_line(line: &Value) -> bool {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let in_chain = line.get("uuid").is_some() && line.get("isSidechain").is_some();
    let message = line.get("message").is_some_and(Value::is_object);
    text("sessionId").is_some()
        && match text("type") {
            Some("user" | "assistant") => message || in_chain,
            Some("queue-operation") => text("operation").is_some(),
            Some(_) => in_chain,
            // Written for accounting alone.
            None => line.pointer("/message/usage").is_some() && text("version").is_some(),
        }
}

fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let files = sources.into_iter().flat_map(|source| source.files).collect();
    let (ledger, failed) = Ledger::of(files);
    let ledger = Arc::new(ledger);
    let mut jobs: Vec<Result<Job, ImportError>> = failed.into_iter().map(Err).collect();
    for session in 0..ledger.sessions.len() {
        let Some(path) = ledger.path_of(session) else { continue };
        let ledger = Arc::clone(&ledger);
        let path = path.to_owned();
        jobs.push(Ok(Job::new(Format::ClaudeCode, &path, move |sink| {
            walk::import(&ledger, session, sink)
        })));
    }
    jobs
}
