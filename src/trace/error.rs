//! What can go wrong with a trace file or a store, with the path and the next step.

use super::{Bucket, SchemaVersion};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// An error of the trace module. Texts are lowercase fragments that name the file.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum TraceError {
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },

    #[error("{}: no such file or folder", path.display())]
    NotFound { path: PathBuf },

    #[error("{}: not a readable Parquet file", path.display())]
    NotParquet { path: PathBuf, source: parquet::errors::ParquetError },

    #[error("{}: a Parquet file, but not a ramptrace trace (its metadata has no `ramptrace.schema_version`)", path.display())]
    NotATrace { path: PathBuf },

    #[error("{}: a table of a rollup, which holds no events", path.display())]
    NoEvents { path: PathBuf },

    #[error("{}: the rollup is not complete: {missing} is missing", path.display())]
    MissingShards { path: PathBuf, missing: String },

    #[error("{}: bad file metadata: {problem}", path.display())]
    BadFooter { path: PathBuf, problem: String },

    #[error("{}: trace format {found} is newer than the {supported} this release reads", path.display())]
    NewerMajor { path: PathBuf, found: SchemaVersion, supported: SchemaVersion, written_by: String },

    #[error("{}: trace format {found} has columns that {supported}, which this release writes, would lose", path.display())]
    NewerMinor { path: PathBuf, found: SchemaVersion, supported: SchemaVersion, written_by: String },

    #[error("{}: column `{column}` is missing", path.display())]
    MissingColumn { path: PathBuf, column: &'static str },

    #[error("{}: column `{column}` has type {found}, expected {expected}", path.display())]
    WrongType { path: PathBuf, column: &'static str, found: String, expected: &'static str },

    #[error("{}: row {row}: {problem}", path.display())]
    BadRow { path: PathBuf, row: u64, problem: String },

    #[error("{}: cannot decode rows after row {row}", path.display())]
    BadPage { path: PathBuf, row: u64, source: arrow::error::ArrowError },

    #[error("cannot write trace {}", path.display())]
    Write { path: PathBuf, source: parquet::errors::ParquetError },

    #[error("event {seq}: `{column}` holds {bytes} bytes of text, more than a trace cell can")]
    TextTooLong { seq: i64, column: &'static str, bytes: usize },

    #[error("event {seq} comes after event {previous} of run `{run_id}`")]
    OutOfOrder { run_id: String, previous: i64, seq: i64 },

    #[error("run `{run_id}` is already in the store with other contents: {}", existing.display())]
    Conflict { run_id: String, existing: PathBuf },

    #[error("run `{run_id}` is in the store twice: {} and {}", first.display(), second.display())]
    Duplicate { run_id: String, first: PathBuf, second: PathBuf, others: bool },

    #[error("{}: run `{run_id}` is of another bucket", path.display())]
    Misplaced { path: PathBuf, run_id: String, belongs: Bucket },

    #[error("{}: another process replaces files of this store", path.display())]
    Busy { path: PathBuf },

    #[error("{}: the file was changed while the store was compacted; it was left as it is", path.display())]
    Changed { path: PathBuf },

    #[error("{}: run `{run_id}` did not come out as it went in; its file was left as it is", path.display())]
    NotAsBefore { path: PathBuf, run_id: String },

    #[error("no traces in {}", path.display())]
    Empty { path: PathBuf },

    #[error("no run matches `{selector}`")]
    NoSuchRun { selector: String, similar: Vec<String> },

    #[error("`{selector}` matches {} runs", matches.len())]
    Ambiguous { selector: String, matches: Vec<String> },
}

impl TraceError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotFound { .. } => {
                "check the path; `ramptrace store list FOLDER` shows the traces of a store".into()
            }
            Self::NotParquet { path, .. } if path.extension().is_none_or(|e| e != "parquet") => {
                format!("for a log of another tool: ramptrace import {} -o STORE", path.display())
            }
            Self::NotParquet { path, .. } => {
                format!(
                    "the file is damaged or was not written to its end; remove {} and import the run again",
                    path.display()
                )
            }
            Self::NotATrace { .. } => "make traces with: ramptrace import LOG -o STORE".into(),
            Self::NoEvents { .. } => "give the store that the rollup was made of".into(),
            Self::MissingShards { .. } => {
                "make it with: ramptrace rollup STORE -o FOLDER --shard I/N".into()
            }
            Self::NewerMajor { written_by, .. } => {
                format!("read it with ramptrace {written_by}, which wrote it, or a later release")
            }
            Self::NewerMinor { written_by, .. } => {
                format!(
                    "rewrite it with ramptrace {written_by}, which wrote it, or a later release"
                )
            }
            Self::MissingColumn { .. }
            | Self::WrongType { .. }
            | Self::BadRow { .. }
            | Self::BadFooter { .. } => {
                "the file was changed or written by another tool; import the run again".into()
            }
            Self::Conflict { existing, .. } => format!(
                "to replace it, add --force; to keep both, import into another store (the present one is {})",
                existing.display()
            ),
            Self::Duplicate { others: true, .. } => {
                "keep one of them: move the other out of the store; both hold other runs too".into()
            }
            Self::Misplaced { path, belongs, .. } => format!(
                "its place is {}/; move {} to the top of the store, and `ramptrace store compact` puts its runs where they belong",
                belongs.folder(),
                path.display()
            ),
            Self::Busy { .. } => "try again when it has finished".into(),
            Self::Changed { .. } => "run the command again".into(),
            Self::NotAsBefore { path, .. } => {
                format!("look at the file: ramptrace store check {}", path.display())
            }
            Self::Duplicate { second, .. } => {
                format!(
                    "keep one of them: remove {}, or move it out of the store",
                    second.display()
                )
            }
            Self::Io { action: "open" | "read", source, .. }
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                "it was there when the store was listed: while a store is compacted, run the command again".into()
            }
            Self::Empty { .. } => "fill the store with: ramptrace import LOGS -o STORE".into(),
            Self::NoSuchRun { similar, .. } if similar.is_empty() => {
                "ramptrace store list STORE shows the runs".into()
            }
            Self::NoSuchRun { similar, .. } => format!("did you mean {}?", quoted(similar)),
            Self::Ambiguous { matches, .. } => format!("write more of it: {}", quoted(matches)),
            _ => return None,
        })
    }

    /// Whether the data is at fault, rather than the command or the machine.
    pub fn is_data_fault(&self) -> bool {
        !matches!(
            self,
            Self::Io { .. }
                | Self::Write { .. }
                | Self::NotFound { .. }
                | Self::Busy { .. }
                | Self::Changed { .. }
                | Self::NoSuchRun { .. }
                | Self::Ambiguous { .. }
        )
    }

    /// A failed write of a trace. A cause in the file system is named by itself: the file that was written beside the
    /// trace, and the layers in between, say nothing to a user.
    pub(super) fn write(path: impl Into<PathBuf>, source: parquet::errors::ParquetError) -> Self {
        let path = path.into();
        let mut cause: Option<&dyn std::error::Error> = Some(&source);
        while let Some(error) = cause {
            if let Some(code) = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error)
            {
                return Self::Io {
                    action: "write trace",
                    path,
                    source: io::Error::from_raw_os_error(code),
                };
            }
            cause = error.source();
        }
        Self::Write { path, source }
    }

    /// Names the file of an I/O error.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// At most five names in backticks, with the number of the rest.
fn quoted(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(5).map(|n| format!("`{n}`")).collect();
    let more = names.len().saturating_sub(5);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}
