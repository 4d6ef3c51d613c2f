//! What `codex exec --json` prints: the events of a thread, without times and without a model.
//!
//! A file may hold several processes, of one thread or of many, and a thread that is resumed goes on in another process.
//! Its usage is that of the whole thread so far, so the processes of a thread are put in order before they are converted.
//! Item ids begin again in every process.

mod convert;
mod items;
#[cfg(test)]
mod tests;

use super::codex::tokens::Counts;
use super::files::{LogFile, lenient};
use super::formats::{Importer, no_folders};
use super::look::Look;
use super::source::{Job, Source};
use super::{Format, ImportError, ImportReport};
use serde_json::Value;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Types of items, by which the output is told from other streams.
const ITEMS: [&str; 11] = [
    "agent_message",
    "assistant_message",
    "reasoning",
    "command_execution",
    "file_change",
    "mcp_tool_call",
    "collab_tool_call",
    "web_search",
    "todo_list",
    "plan",
    "error",
];

/// How it is recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan }
}

fn recognises(look: &Look<'_>) -> bool {
    look.any_line(|line| {
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        match text("type") {
            Some("thread.started") => text("thread_id").is_some(),
            Some("session.created") => text("session_id").is_some(),
            Some("item.started" | "item.updated" | "item.completed") => {
                line.get("item").and_then(kind_of).is_some_and(|kind| ITEMS.contains(&kind))
            }
            _ => false,
        }
    })
}

/// The type of an item, under its present name or an older one.
fn kind_of(item: &Value) -> Option<&str> {
    item.get("type").or_else(|| item.get("item_type"))?.as_str()
}

/// The lines that one process printed.
#[derive(Debug, Clone)]
struct Process {
    file: LogFile,
    thread: Option<String>,
    /// First and last line.
    lines: (usize, usize),
    /// The thread's usage at the end of its first turn.
    first_usage: Option<i64>,
    model: Option<String>,
    /// The same lines in another file have the same.
    fingerprint: u64,
}

/// The processes of a file.
fn processes(file: &LogFile) -> Result<Vec<Process>, ImportError> {
    let mut lines = file.lines()?;
    let mut found = Vec::new();
    let mut hasher = DefaultHasher::new();
    let mut process = Process {
        file: file.clone(),
        thread: None,
        lines: (1, usize::MAX),
        first_usage: None,
        model: None,
        fingerprint: 0,
    };
    let mut begun = false;
    while let Ok(Some(line)) = lines.next_line() {
        let event = if line.cut { None } else { lenient::<Value>(line.bytes).ok() };
        let text = |name: &str| event.as_ref()?.get(name)?.as_str().map(str::to_owned);
        let kind = text("type");
        if matches!(kind.as_deref(), Some("thread.started" | "session.created")) {
            if begun {
                let mut ended = process.clone();
                ended.lines.1 = line.number - 1;
                ended.fingerprint = hasher.finish();
                found.push(ended);
                process.lines.0 = line.number;
                process.first_usage = None;
                process.model = None;
                hasher = DefaultHasher::new();
            }
            begun = true;
            process.thread = text("thread_id").or_else(|| text("session_id"));
            process.thread = process.thread.filter(|id| !id.is_empty());
        }
        line.bytes.hash(&mut hasher);
        if process.first_usage.is_none() && kind.as_deref() == Some("turn.completed") {
            let usage = event.as_ref().and_then(|e| e.get("usage")).and_then(Counts::of);
            process.first_usage = usage.map(|u| u.sum());
        }
        process.model = process.model.take().or_else(|| text("model"));
    }
    process.fingerprint = hasher.finish();
    found.push(process);
    Ok(found)
}

fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let mut jobs = Vec::new();
    let mut threads: BTreeMap<String, Vec<Process>> = BTreeMap::new();
    for source in sources {
        let found = source.file().and_then(processes);
        let hash = source.file().and_then(LogFile::short_hash);
        let (found, hash) = match (found, hash) {
            (Ok(found), Ok(hash)) => (found, hash),
            (Err(error), _) | (_, Err(error)) => {
                jobs.push(Err(error));
                continue;
            }
        };
        for process in found {
            // Without an id, a process is a thread of its own.
            let id = process.thread.clone().unwrap_or_else(|| {
                let line = process.lines.0;
                let place = if line > 1 { format!("-{line}") } else { String::new() };
                format!("{}-{hash}{place}", process.file.stem())
            });
            threads.entry(id).or_default().push(process);
        }
    }
    for (id, mut processes) in threads {
        // Within a file the order is known; between files the usage grows from process to process.
        let place = |p: &Process| (p.file.name().to_owned(), p.lines.0);
        let mut first_of: BTreeMap<std::path::PathBuf, i64> = BTreeMap::new();
        for process in &processes {
            let usage = process.first_usage.unwrap_or(i64::MAX);
            let first = first_of.entry(process.file.name().to_owned()).or_insert(usage);
            *first = usage.min(*first);
        }
        processes.sort_by_cached_key(|p| (first_of.get(p.file.name()).copied(), place(p)));
        let Some(path) = processes.first().map(|p| p.file.name().to_owned()) else { continue };
        let of = path.clone();
        jobs.push(Ok(Job::new(Format::CodexExec, &path, move |sink| {
            let report = ImportReport::of(Format::CodexExec.name(), &of);
            convert::import(&id, &processes, report, sink)
        })));
    }
    jobs
}
