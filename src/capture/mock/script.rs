//! What a model says: prompts that it knows, and its turns after each.

use super::ScriptError;
use super::read::read_script;
use super::usage::Price;
use regex::Regex;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The scripts of models, by name.
#[derive(Debug, Clone, Default)]
pub struct Scripts {
    models: BTreeMap<String, Script>,
}

impl Scripts {
    /// Reads a script (`MODEL.toml`), or all scripts of a folder; the file name is the model's name.
    pub fn load(path: &Path) -> Result<Self, ScriptError> {
        let io = |source| ScriptError::Io { path: path.to_owned(), source };
        let mut files = Vec::new();
        if std::fs::metadata(path).map_err(io)?.is_dir() {
            for entry in std::fs::read_dir(path).map_err(io)? {
                let file = entry.map_err(io)?.path();
                if file.extension().is_some_and(|e| e == "toml") && file.is_file() {
                    files.push(file);
                }
            }
            if files.is_empty() {
                return Err(ScriptError::NoScripts { path: path.to_owned() });
            }
            files.sort();
        } else {
            files.push(path.to_owned());
        }
        let mut models = BTreeMap::new();
        for file in files {
            let Some(name) = file.file_stem().and_then(|s| s.to_str()).map(str::to_owned) else {
                let problem = "the file name is not UTF-8, so that no model has it".into();
                return Err(ScriptError::BadFile { path: file, problem });
            };
            models.insert(name, read_script(&file)?);
        }
        Ok(Self { models })
    }

    /// Names of the models, in order.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// The script of a model.
    pub(super) fn get(&self, model: &str) -> Option<&Script> {
        self.models.get(model)
    }
}

/// What one model says.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    pub(super) context_limit: Option<u64>,
    pub(super) pace: Pace,
    pub(super) price: Option<Price>,
    pub(super) groups: Vec<Group>,
}

/// How fast a model speaks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    pub(super) first_token: Duration,
    pub(super) token: Duration,
}

/// A prompt and the turns after it.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) prompt: Regex,
    pub(super) attempt: Option<u64>,
    pub(super) turns: Vec<Turn>,
}

/// One reply.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) calls: Vec<Call>,
    pub(super) finish: Finish,
    pub(super) repeat: u64,
    /// What the first requests get instead.
    pub(super) errors: Vec<Fault>,
    /// What is wrong with each answer.
    pub(super) fault: Option<Fault>,
    pub(super) stall: Duration,
}

/// A tool call: its arguments are JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) tool: String,
    pub(super) arguments: String,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Finish {
    #[default]
    Stop,
    ToolCalls,
    Length,
    ContentFilter,
}

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An error of the provider.
    Status { status: u16, retry_after: Option<u64> },
    /// The connection ends in the middle of the answer.
    Cut,
    /// The answer is broken JSON.
    Malformed,
}
