//! What makes a source unreadable, with file, line and the next step.

use super::files::json_problem;
use crate::trace::TraceError;
use std::path::PathBuf;
use thiserror::Error;

/// An error of an importer. Texts are lowercase fragments that name the file.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ImportError {
    #[error("{}: no such file or folder", path.display())]
    NotFound { path: PathBuf },

    #[error("cannot read {}", path.display())]
    Io { path: PathBuf, source: std::io::Error },

    #[error("{}: not a log that ramptrace knows", path.display())]
    UnknownFormat { path: PathBuf },

    #[error("{}: no runs in this folder ({files} files looked at)", path.display())]
    NoRuns { path: PathBuf, files: usize },

    #[error("{}:{line}: not valid JSON: {problem}", path.display())]
    BadFile { path: PathBuf, line: usize, problem: String },

    #[error("{}:{line}: not valid JSON: {problem}", path.display())]
    BadJson { path: PathBuf, line: usize, problem: String },

    #[error("{}:{line}: {problem}", path.display())]
    BadRecord { path: PathBuf, line: usize, problem: String },

    #[error("{}: {problem}", path.display())]
    BadSource { path: PathBuf, problem: String },

    #[error("{}: more than 2 GiB in one JSON value", path.display())]
    TooLarge { path: PathBuf },

    #[error("{}:{line}: the file breaks off: {source}", path.display())]
    BrokenStream { path: PathBuf, line: usize, source: std::io::Error },

    #[error("{}:{line}: {problem}", path.display())]
    Loss { path: PathBuf, line: usize, problem: String },

    #[error("{}: {records} records of a kind that ramptrace does not know: {kinds}", path.display())]
    UnknownRecords { path: PathBuf, records: u64, kinds: String },

    #[error(transparent)]
    Write(#[from] TraceError),

    #[error("{}: a report of tests, which does not say of which run", path.display())]
    WhoseTests { path: PathBuf },

    #[error("{}: no base_state.json: tokens and costs of this run are nowhere else", path.display())]
    NoBaseState { path: PathBuf },

    #[error("{}: no events: neither openhands-events/*.jsonl nor openhands-state/*/*/events/*.json", path.display())]
    NoEvents { path: PathBuf },

    #[error("run `{run_id}` is in two sources: {} and {}", first.display(), second.display())]
    Duplicate { run_id: String, first: PathBuf, second: PathBuf },
}

impl ImportError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::UnknownFormat { .. } | Self::NoRuns { .. } => {
                "`ramptrace import --help` lists the formats that are known".into()
            }
            Self::Loss { .. } | Self::UnknownRecords { .. } => {
                "to import the rest and count what is lost, leave out --strict".into()
            }
            Self::WhoseTests { .. } => {
                "name the run, or the run and its stage: --scores RUN=FILE, --scores RUN/STAGE=FILE".into()
            }
            Self::NoBaseState { .. } => {
                "copy openhands-state/<mode>/<conversation>/base_state.json of this run beside its events".into()
            }
            Self::Duplicate { .. } => "import them into different stores, or leave one of them out".into(),
            _ => return None,
        })
    }

    /// Names the file of an I/O error.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// An error of `serde_json` in a file whose text starts at `first_line`.
    pub(super) fn json(
        path: impl Into<PathBuf>,
        first_line: usize,
        error: &serde_json::Error,
    ) -> Self {
        Self::BadJson {
            path: path.into(),
            line: first_line + error.line().saturating_sub(1),
            problem: json_problem(error),
        }
    }

    /// An error of `serde_json` in a file that is one value, of which nothing can be left out.
    pub(super) fn json_file(path: impl Into<PathBuf>, error: &serde_json::Error) -> Self {
        Self::BadFile { path: path.into(), line: error.line(), problem: json_problem(error) }
    }
}
