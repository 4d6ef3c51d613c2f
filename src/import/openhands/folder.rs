//! Where the parts of a run folder are.

use super::super::files::LogFile;
use super::super::source::Source;
use super::super::{Format, ImportError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A run folder.
#[derive(Debug)]
pub(super) struct RunFolder {
    pub(super) path: PathBuf,
    /// Its conversations, by name.
    pub(super) conversations: Vec<Conversation>,
    files: Vec<LogFile>,
}

/// One conversation: its log and its state folders.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) name: String,
    /// `openhands-events/<name>.jsonl`, when there.
    pub(super) log: Option<LogFile>,
    /// Single event files of all state folders, in order.
    pub(super) event_files: Vec<LogFile>,
    /// `base_state.json` of all state folders.
    pub(super) base_states: Vec<LogFile>,
}

const EVENTS: &str = "openhands-events";
const STATE: &str = "openhands-state";

/// Takes the files of run folders out of a list: folders with a log or a state folder of OpenHands.
pub(super) fn claim(format: Format, files: &mut Vec<LogFile>) -> Vec<Source> {
    let mut folders: BTreeMap<PathBuf, Vec<LogFile>> = BTreeMap::new();
    for file in files.iter() {
        if let Some(folder) = run_folder_of(file.name()) {
            folders.entry(folder.to_owned()).or_default();
        }
    }
    if folders.is_empty() {
        return Vec::new();
    }
    files.retain(|file| {
        let folder = file.name().ancestors().skip(1).find(|a| folders.contains_key(*a));
        let Some(folder) = folder.and_then(|f| folders.get_mut(f)) else { return true };
        folder.push(file.clone());
        false
    });
    folders.into_iter().map(|(path, files)| Source { path, format, files }).collect()
}

/// The folder above the first `openhands-events` or `openhands-state` of a path.
fn run_folder_of(path: &Path) -> Option<&Path> {
    let named = |p: &Path| p.file_name().is_some_and(|n| n == EVENTS || n == STATE);
    path.ancestors().skip(1).filter(|a| named(a)).last()?.parent()
}

impl RunFolder {
    /// Finds the parts; a run without events or without `base_state.json` is an error.
    pub(super) fn find(source: &Source) -> Result<Self, ImportError> {
        let path = source.path.clone();
        let mut found: BTreeMap<String, Conversation> = BTreeMap::new();
        for file in &source.files {
            let Ok(inside) = file.name().strip_prefix(&path) else { continue };
            let parts: Vec<&str> = inside.iter().filter_map(|p| p.to_str()).collect();
            let mut part = |name: &str, put: fn(&mut Conversation, LogFile)| {
                let conversation = found.entry(name.to_owned()).or_default();
                name.clone_into(&mut conversation.name);
                put(conversation, file.clone());
            };
            match parts.as_slice() {
                [EVENTS, log] if log.contains(".jsonl") => {
                    part(file.stem(), |c, file| c.log = Some(file));
                }
                [STATE, mode, _, "events", event] if event.contains(".json") => {
                    part(mode, |c, file| c.event_files.push(file));
                }
                [STATE, mode, _, base] if base.starts_with("base_state.json") => {
                    part(mode, |c, file| c.base_states.push(file));
                }
                _ => {}
            }
        }
        let mut conversations: Vec<Conversation> = found.into_values().collect();
        // One conversation per task is called task0, task1, ...: task10 comes after task9.
        conversations.sort_by(|a, b| (a.name.len(), &a.name).cmp(&(b.name.len(), &b.name)));
        if conversations.iter().all(|c| c.log.is_none() && c.event_files.is_empty()) {
            return Err(ImportError::NoEvents { path });
        }
        if conversations.iter().all(|c| c.base_states.is_empty()) {
            return Err(ImportError::NoBaseState { path });
        }
        Ok(Self { path, conversations, files: source.files.clone() })
    }

    /// A file of the folder; `None` when it is not there.
    pub(super) fn file(&self, name: &str) -> Option<&LogFile> {
        let path = self.path.join(name);
        self.files.iter().find(|file| file.name() == path)
    }
}
