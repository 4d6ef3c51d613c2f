//! Where in a pipeline file something stands.

use super::error::PipelineError;
use std::path::Path;

/// The file that is being read.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) file: &'a Path,
    pub(super) text: &'a str,
}

impl Place<'_> {
    /// A problem at this byte of the file.
    pub(super) fn bad(self, at: usize, problem: impl Into<String>) -> PipelineError {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        // Counting lines of a file of a few pages needs no speed.
        #[expect(clippy::naive_bytecount, reason = "a file of a few pages")]
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        PipelineError::Bad { file: self.file.to_owned(), line, problem: problem.into() }
    }
}
