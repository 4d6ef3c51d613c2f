//! What can go wrong with scripts and their server, with file, line and the next step.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use thiserror::Error;

/// An error of a script. Texts are lowercase fragments that name the file.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ScriptError {
    #[error("cannot read {}", path.display())]
    Io { path: PathBuf, source: io::Error },

    #[error("{}: no scripts of models (MODEL.toml) in this folder", path.display())]
    NoScripts { path: PathBuf },

    #[error("{}:{line}: {problem}", path.display())]
    Bad { path: PathBuf, line: usize, problem: String },

    #[error("{}: {problem}", path.display())]
    BadFile { path: PathBuf, problem: String },
}

impl ScriptError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoScripts { .. } => {
                Some("name a script, or a folder with one MODEL.toml for each model".into())
            }
            Self::BadFile { .. } | Self::Bad { .. } => {
                Some("sample-traces/mini-compiler/models has scripts that work".into())
            }
            Self::Io { .. } => None,
        }
    }

    /// Whether the data is at fault, rather than the command or the machine.
    pub const fn is_data_fault(&self) -> bool {
        matches!(self, Self::Bad { .. } | Self::BadFile { .. })
    }
}

/// An error of the server.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum MockError {
    #[error("the mock model cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },

    #[error("the mock model cannot start its runtime")]
    Runtime { source: io::Error },
}

impl MockError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { .. } => Some("port 0 takes any free port".into()),
            Self::Runtime { .. } => None,
        }
    }
}
