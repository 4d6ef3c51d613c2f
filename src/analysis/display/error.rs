//! What can be wrong with a list of display names, with file and line.

use std::path::PathBuf;
use thiserror::Error;

/// An error of display names.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum DisplayError {
    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: std::io::Error },

    #[error("{file}:{line}: {problem}")]
    Bad { file: String, line: usize, problem: String },
}
