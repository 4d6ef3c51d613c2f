//! What can go wrong in a rollup or a query.

use polars::error::PolarsError;
use thiserror::Error;

/// An error of the rollup module.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum RollupError {
    #[error("cannot fold the events of {what}")]
    Fold { what: String, source: PolarsError },

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
            Self::Engine { hint, .. } => Some(hint.clone()),
            _ => None,
        }
    }
}
