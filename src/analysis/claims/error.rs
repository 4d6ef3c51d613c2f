//! What can be wrong with a claims file as a whole. What is wrong with one claim is its verdict.

use crate::analysis::failure::FileProblem;
use crate::rollup::RollupError;
use std::path::PathBuf;
use thiserror::Error;

/// An error of the check of claims.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ClaimsError {
    #[error("{problem}")]
    File { problem: FileProblem, hint: Option<String> },

    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: std::io::Error },

    #[error(transparent)]
    Rollup(#[from] RollupError),
}

impl ClaimsError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File { hint, .. } => hint.clone(),
            Self::Rollup(error) => error.hint(),
            Self::Unreadable { .. } => None,
        }
    }
}

impl From<FileProblem> for ClaimsError {
    fn from(problem: FileProblem) -> Self {
        Self::File { problem, hint: None }
    }
}
