//! What can go wrong with a journal, with its path and the next step.

use super::Damage;
use crate::trace::TraceError;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// An error of a journal, or of making a trace of it. Texts are lowercase fragments that name the file.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum JournalError {
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },

    #[error("{}: an empty journal", path.display())]
    Empty { path: PathBuf },

    #[error("{}: not a journal of ramptrace", path.display())]
    NotAJournal { path: PathBuf },

    #[error("{}: the header of the journal is damaged: {damage}", path.display())]
    BadHeader { path: PathBuf, damage: Damage },

    #[error("{}: {what} {found} is not one that this release reads ({supported})", path.display())]
    OtherVersion {
        path: PathBuf,
        what: &'static str,
        found: String,
        supported: String,
        written_by: String,
    },

    #[error("run `{run_id}` has a journal already: {}", path.display())]
    Exists { run_id: String, path: PathBuf },

    #[error("run `{run_id}` is in the store already: {}", path.display())]
    InStore { run_id: String, path: PathBuf },

    #[error("cannot make the trace of {}", path.display())]
    Trace { path: PathBuf, source: TraceError },

    #[error("run `{run_id}` could not be finished; events kept in {}: {events}, lost: {lost}", path.display())]
    Unfinished { run_id: String, path: PathBuf, events: u64, lost: u64, source: Box<JournalError> },

    #[error("the recorder of run `{run_id}` failed; what it wrote is kept in {}", path.display())]
    Failed { run_id: String, path: PathBuf },
}

impl JournalError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Empty { path } | Self::NotAJournal { path } | Self::BadHeader { path, .. } => {
                format!("there is no run to be made of it; move {} away", path.display())
            }
            Self::OtherVersion { written_by, .. } => {
                format!("recover it with ramptrace {written_by}, which wrote it")
            }
            Self::Exists { .. } => {
                "an earlier recording was cut short: ramptrace store recover STORE".into()
            }
            Self::InStore { .. } => "give the run another name".into(),
            Self::Trace { source: TraceError::Conflict { existing, .. }, .. } => format!(
                "another trace of the run is in the store; move {} out of it and recover again",
                existing.display()
            ),
            Self::Trace { source, .. } => return source.hint(),
            Self::Unfinished { .. } | Self::Failed { .. } => {
                "when the cause is gone: ramptrace store recover STORE".into()
            }
            Self::Io { .. } => return None,
        })
    }

    /// Whether the data is at fault, rather than the command or the machine.
    pub fn is_data_fault(&self) -> bool {
        match self {
            Self::Trace { source, .. } => source.is_data_fault(),
            Self::Io { .. }
            | Self::Exists { .. }
            | Self::InStore { .. }
            | Self::Unfinished { .. }
            | Self::Failed { .. } => false,
            _ => true,
        }
    }

    /// Names the file of an I/O error.
    pub(in crate::capture) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// Names the journal of an error of its trace.
    pub(super) fn trace(path: impl Into<PathBuf>) -> impl FnOnce(TraceError) -> Self {
        let path = path.into();
        move |source| Self::Trace { path, source }
    }
}
