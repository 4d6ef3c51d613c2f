//! The processes in files of printed output, and the threads that they are parts of.

use super::super::codex::tokens::Counts;
use super::super::files::{LogFile, lenient};
use super::super::source::{Job, Source};
use super::super::{Format, ImportError, ImportReport};
use super::convert;
use serde_json::Value;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The lines that one process printed.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) file: LogFile,
    pub(super) thread: Option<String>,
    /// First and last line.
    pub(super) lines: (usize, usize),
    /// The thread's usage at the end of its first turn.
    pub(super) first_usage: Option<i64>,
    pub(super) model: Option<String>,
    /// The same lines in another file have the same.
    pub(super) fingerprint: u64,
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

/// Makes a job of each thread.
pub(super) fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
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
