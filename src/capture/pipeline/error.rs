//! What can be wrong with a pipeline file, with file and line.

use std::path::PathBuf;
use thiserror::Error;

/// An error of a pipeline file.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum PipelineError {
    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: std::io::Error },

    #[error("{file}:{line}: {problem}")]
    Bad { file: PathBuf, line: usize, problem: String },
}
