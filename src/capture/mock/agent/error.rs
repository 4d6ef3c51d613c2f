//! What can go wrong with the agent, with the next step.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// An error of the agent. Keys are in none of the texts.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum AgentError {
    #[error("`{url}` is no base URL for the agent: {problem}")]
    BadUrl { url: String, problem: String },

    #[error("the model answered {status}: {message}")]
    Refused { status: u16, message: String },

    #[error("no answer of the model at {url}: {problem}")]
    NoAnswer { url: String, problem: String },

    #[error("the model's answer cannot be read: {problem}")]
    BadAnswer { problem: String },

    #[error("{}: {problem}", path.display())]
    BadSession { path: PathBuf, problem: String },

    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },

    #[error("cannot start the agent's runtime")]
    Runtime { source: io::Error },
}

impl AgentError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::BadUrl { .. } => {
                    "the agent speaks plain http: give it the address of `ramptrace record --proxy`"
                }
                Self::Refused { status: 401 | 403, .. } => {
                    "set OPENAI_API_KEY or ANTHROPIC_API_KEY for the agent"
                }
                Self::BadSession { .. } => "remove the file to begin a new conversation",
                _ => return None,
            }
            .to_owned(),
        )
    }
}
