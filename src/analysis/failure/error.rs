//! What can be wrong with rules and with label files, with file and line.

use crate::trace::TraceError;
use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// An error of failure attribution.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum FailureError {
    #[error("{}", listed(problems))]
    Problems { problems: Vec<FileProblem> },

    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: std::io::Error },

    #[error("{gate} is not a gate: a gate is a score from 0 to 100")]
    Gate { gate: f64 },

    #[error(transparent)]
    Trace(#[from] TraceError),
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct FileProblem {
    /// File that it is in.
    pub file: String,
    /// Line that it is at, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.problem)
    }
}

impl From<FileProblem> for FailureError {
    fn from(problem: FileProblem) -> Self {
        Self::Problems { problems: vec![problem] }
    }
}

fn listed(problems: &[FileProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
