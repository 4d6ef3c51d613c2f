//! What can go wrong in a rollup or a query.

use crate::trace::TraceError;
use polars::error::PolarsError;
use std::path::PathBuf;
use thiserror::Error;

/// An error of the rollup module.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum RollupError {
    #[error("cannot fold the events of {what}")]
    Fold { what: String, source: PolarsError },

    #[error(transparent)]
    Trace(#[from] TraceError),

    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: PolarsError },

    #[error("{} is not empty, and is not a rollup", path.display())]
    NotARollup { path: PathBuf },

    #[error("run `{run_id}`: the sum of `{column}` is past 2^63")]
    Sum { run_id: String, column: &'static str },

    #[error("the query failed: {problem}")]
    Query { problem: String, source: PolarsError },

    #[error("{problem}")]
    NotASelect { problem: String },

    #[error("{problem}")]
    Engine { problem: String, hint: String },

    #[error("column `{column}` is missing, or is not {expected}")]
    Column { column: String, expected: &'static str },
}

impl RollupError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Query { .. } => Some(
                "the views are events, stages and runs; `ramptrace sql STORE \"SHOW TABLES\"` lists them and \
                 schemas/views.md their columns"
                    .to_owned(),
            ),
            Self::NotARollup { .. } => Some("choose another folder with -o".to_owned()),
            Self::Trace(error) => error.hint(),
            Self::Engine { hint, .. } => Some(hint.clone()),
            _ => None,
        }
    }
}
