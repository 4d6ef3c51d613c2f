//! What can go wrong before and around a recorded run.

use crate::capture::journal::JournalError;
use crate::capture::otlp::OtlpError;
use crate::capture::proxy::ProxyError;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// An error of a recorded run. What the agent does wrong is none: that is what the trace is for.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum RunError {
    #[error("cannot {action} {path}")]
    Io { action: &'static str, path: PathBuf, source: std::io::Error },

    #[error(
        "there is no agent `{agent}`: it is neither built in, nor a file *.toml, nor a program"
    )]
    UnknownAgent { agent: String, names: Vec<String> },

    #[error("{file}: {problem}")]
    BadAgent { file: String, problem: String },

    #[error("cannot start `{program}`")]
    Start { program: String, source: std::io::Error },

    #[error("{path} is neither a file, a folder nor a link: a workspace cannot hold it")]
    OddFile { path: PathBuf },

    #[error(transparent)]
    Journal(#[from] JournalError),

    #[error(transparent)]
    Proxy(#[from] ProxyError),

    #[error(transparent)]
    Otlp(#[from] OtlpError),
}

impl RunError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownAgent { names, .. } => Some(format!(
                "built-in agents: {}; a command is written as one argument, such as --agent './mine.sh {{model}}'",
                names.join(", ")
            )),
            Self::Start { .. } => Some("is it installed, and on the PATH?".to_owned()),
            Self::BadAgent { .. } => {
                Some("[agent.NAME] has `command`, and may have `again` and `env`".to_owned())
            }
            Self::Io { action: "make" | "write to", .. } => {
                Some("choose a store that can be written to with -o".to_owned())
            }
            Self::Otlp(error) => error.hint(),
            _ => None,
        }
    }

    /// For `map_err`: what could not be done with this path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
