//! What can be wrong with a metric pack, with its line.

use crate::rollup::RollupError;
use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// An error of the metrics module.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum MetricError {
    #[error(transparent)]
    Pack(#[from] PackProblem),

    #[error("there is no metric pack `{name}`")]
    NoPack { name: String },

    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: std::io::Error },

    #[error("{problem}")]
    Setting { problem: String, hint: String },

    #[error(transparent)]
    Rollup(#[from] RollupError),
}

impl MetricError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Pack(problem) => problem.hint.clone(),
            Self::NoPack { .. } => Some(
                "the built-in packs are core and ramp; any other name is the path of a TOML file"
                    .to_owned(),
            ),
            Self::Setting { hint, .. } => Some(hint.clone()),
            Self::Rollup(error) => error.hint(),
            Self::Unreadable { .. } => None,
        }
    }
}

/// One thing that is wrong with a pack. The rest of the pack is not affected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct PackProblem {
    /// File that it is in.
    pub file: String,
    /// Line that it is at, from 1.
    pub line: usize,
    /// Metric that it concerns.
    pub metric: Option<String>,
    /// What is wrong, and in which line of SQL.
    pub problem: String,
    /// The next thing to do.
    pub hint: Option<String>,
}

impl fmt::Display for PackProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(metric) = &self.metric {
            write!(f, "metric `{metric}`: ")?;
        }
        f.write_str(&self.problem)
    }
}
