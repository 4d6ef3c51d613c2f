//! What the files of all sessions hold together: each call once, each line once, each file in its session.
//!
//! A session that is resumed or branched may begin with a copy of another one, under an id of its own. A call belongs to
//! the earliest file that has it: the one whose first line is earliest, of those the one that ended first. Everywhere
//! else it is a duplicate.

use super::super::ImportError;
use super::super::claude::hash_of;
use super::super::files::LogFile;
use super::parts;
use super::scan::{Call, Scanned};
use crate::trace::Timestamp;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// All files, scanned.
pub(super) struct Ledger {
    /// From the earliest on, those of sub-agents last.
    pub(super) files: Vec<File>,
    pub(super) sessions: Vec<Session>,
    /// Calls by the hash of their message id.
    calls: HashMap<u64, Call>,
    /// Lines that are copies, by file and line, with the earliest that they are copies of.
    copies: HashMap<(u32, u32), (u32, u32)>,
}

/// A file with what the scan found in it.
pub(super) struct File {
    pub(super) log: LogFile,
    pub(super) scanned: Scanned,
}

/// The files of one session.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) id: String,
    /// Its own file, or the copies of it.
    pub(super) mains: Vec<u32>,
    /// Files of sub-agents.
    pub(super) agents: Vec<u32>,
}

impl Ledger {
    /// Scans files; gives those that cannot be opened as errors.
    pub(super) fn of(logs: Vec<LogFile>) -> (Self, Vec<ImportError>) {
        let scans: Vec<(LogFile, Result<Scanned, ImportError>)> = logs
            .into_par_iter()
            .map(|log| {
                let scanned = parts::scan(&log);
                (log, scanned)
            })
            .collect();
        let mut files = Vec::new();
        let mut failed = Vec::new();
        for (log, scanned) in scans {
            match scanned {
                Ok(scanned) => files.push(File { log, scanned }),
                Err(error) => failed.push(error),
            }
        }
        files.sort_by(|a, b| a.age().cmp(&b.age()));
        files.truncate(u32::MAX as usize);
        let calls = calls_of(&mut files);
        let copies = copies_of(&mut files);
        let sessions = sessions_of(&files);
        (Self { files, sessions, calls, copies }, failed)
    }

    /// What all copies of a call say of it, and where it belongs.
    pub(super) fn call(&self, id: &str) -> Option<&Call> {
        self.calls.get(&hash_of(&id))
    }

    /// The earliest line that a line is a copy of.
    pub(super) fn copy_of(&self, file: u32, line: usize) -> Option<(u32, u32)> {
        self.copies.get(&(file, u32::try_from(line).ok()?)).copied()
    }

    /// A file by its place.
    pub(super) fn file(&self, file: u32) -> Option<&File> {
        self.files.get(usize::try_from(file).ok()?)
    }

    /// The path of a line, for reports.
    pub(super) fn place(&self, file: u32, line: u32) -> String {
        let path = self.file(file).map_or(Path::new(""), |f| f.log.name());
        format!("{}:{line}", path.display())
    }

    /// The path that stands for a session: its own file, else that of a sub-agent.
    pub(super) fn path_of(&self, session: usize) -> Option<&Path> {
        let session = self.sessions.get(session)?;
        let file = session.mains.first().or(session.agents.first())?;
        Some(self.file(*file)?.log.name())
    }
}

impl File {
    /// What orders files: those of sub-agents, which may begin with copies of a session, and times that are not known
    /// come last.
    fn age(&self) -> (bool, bool, Option<Timestamp>, Option<Timestamp>, &Path) {
        let first = self.scanned.first_time;
        (self.scanned.is_of_agent(), first.is_none(), first, self.scanned.latest, self.log.name())
    }

    /// The session of the file: the one it is named after, if its lines know it, else the one that wrote it last.
    fn session(&self) -> &str {
        let stem = self.log.stem();
        if self.scanned.sessions.contains_key(stem) {
            return stem;
        }
        self.scanned.last_session.as_deref().unwrap_or(stem)
    }

    /// The agent of a file of a sub-agent.
    pub(super) fn agent(&self) -> &str {
        let stem = self.log.stem();
        let of_name = stem.strip_prefix("agent-").unwrap_or(stem);
        self.scanned.agent.as_deref().unwrap_or(of_name)
    }
}

fn calls_of(files: &mut [File]) -> HashMap<u64, Call> {
    let mut all: HashMap<u64, Call> = HashMap::new();
    for (file, n) in files.iter_mut().zip(0..) {
        let mut calls = std::mem::take(&mut file.scanned.calls);
        for call in calls.values_mut() {
            call.file = n;
        }
        if all.is_empty() {
            all = calls;
            continue;
        }
        for (id, call) in calls {
            all.entry(id).and_modify(|earlier| earlier.merge(&call)).or_insert(call);
        }
    }
    all
}

fn copies_of(files: &mut [File]) -> HashMap<(u32, u32), (u32, u32)> {
    let mut lines: Vec<(u64, u32, u32)> = Vec::new();
    for (file, n) in files.iter_mut().zip(0..) {
        let found = std::mem::take(&mut file.scanned.lines);
        lines.reserve_exact(found.len());
        lines.extend(found.into_iter().map(|(id, line)| (id, n, line)));
    }
    lines.sort_unstable();
    let mut copies = HashMap::new();
    for same in lines.chunk_by(|a, b| a.0 == b.0) {
        let Some(((_, file, line), rest)) = same.split_first() else { continue };
        copies.extend(rest.iter().map(|(_, f, l)| ((*f, *l), (*file, *line))));
    }
    copies
}

fn sessions_of(files: &[File]) -> Vec<Session> {
    let mut sessions: BTreeMap<&str, Session> = BTreeMap::new();
    for (file, n) in files.iter().zip(0..) {
        let session = sessions.entry(file.session()).or_default();
        file.session().clone_into(&mut session.id);
        if file.scanned.is_of_agent() {
            session.agents.push(n);
        } else {
            session.mains.push(n);
        }
    }
    sessions.into_values().collect()
}
