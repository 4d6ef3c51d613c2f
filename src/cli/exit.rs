//! Errors with hints, and the exit codes: 0 done, 1 the data is at fault, 2 usage or I/O.

use super::output::Output;
use crate::analysis::claims::ClaimsError;
use crate::analysis::display::DisplayError;
use crate::analysis::failure::FailureError;
use crate::capture::journal::JournalError;
use crate::capture::mock::{AgentError, MockError, ScriptError};
use crate::capture::pipeline::PipelineError;
use crate::capture::proxy::ProxyError;
use crate::capture::redact::RedactError;
use crate::capture::run::RunError;
use crate::figures::FigureError;
use crate::import::ImportError;
use crate::metrics::MetricError;
use crate::report::PlateError;
use crate::rollup::RollupError;
use crate::synthetic::SyntheticError;
use crate::trace::TraceError;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The data: exit code 1.
    Data,
    /// The command or the machine: exit code 2.
    Usage,
    /// Not ours: what was observed ended so. Nothing is said, and its exit code is passed on.
    Observed(u8),
    /// Nobody: the reader of a pipe has gone. Exit code 0, and nothing is said.
    ClosedPipe,
}

/// An error as a user sees it.
#[derive(Debug)]
pub struct CliError {
    fault: Fault,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    hints: Vec<String>,
}

impl CliError {
    /// An error in the data.
    pub(super) fn data(message: impl Into<String>) -> Self {
        Self { fault: Fault::Data, message: message.into(), source: None, hints: Vec::new() }
    }

    /// An error in the command or on the machine.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { fault: Fault::Usage, ..Self::data(message) }
    }

    /// The exit code of what was observed.
    pub(super) fn passed_on(code: u8) -> Self {
        Self { fault: Fault::Observed(code), ..Self::data("") }
    }

    /// Adds the next thing to do.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// A failed read or write of a file.
    pub(super) fn io(action: &str, path: &Path, error: io::Error) -> Self {
        let message = format!("cannot {action} {}", path.display());
        Self { source: Some(Box::new(error)), ..Self::usage(message) }
    }

    /// A failed write to stdout.
    pub(super) fn stdout(error: io::Error) -> Self {
        let fault = if error.kind() == io::ErrorKind::BrokenPipe {
            Fault::ClosedPipe
        } else {
            Fault::Usage
        };
        Self { fault, source: Some(Box::new(error)), ..Self::usage("cannot write to stdout") }
    }

    pub(super) fn hints(&self) -> &[String] {
        &self.hints
    }

    fn wrap(fault: Fault, hint: Option<String>, error: impl Error + Send + Sync + 'static) -> Self {
        let message = error.to_string();
        Self { fault, message, source: Some(Box::new(error)), hints: hint.into_iter().collect() }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CliError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|e| e.as_ref() as &(dyn Error + 'static))
    }
}

impl From<TraceError> for CliError {
    fn from(error: TraceError) -> Self {
        let fault = if error.is_data_fault() { Fault::Data } else { Fault::Usage };
        Self::wrap(fault, error.hint(), error)
    }
}

impl From<JournalError> for CliError {
    fn from(error: JournalError) -> Self {
        let fault = if error.is_data_fault() { Fault::Data } else { Fault::Usage };
        Self::wrap(fault, error.hint(), error)
    }
}

impl From<PipelineError> for CliError {
    fn from(error: PipelineError) -> Self {
        let usage = matches!(error, PipelineError::Unreadable { .. });
        let hint = "schemas/pipeline.schema.json describes the file".to_owned();
        Self::wrap(if usage { Fault::Usage } else { Fault::Data }, Some(hint), error)
    }
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Journal(error) => error.into(),
            RunError::BadAgent { .. } => Self::wrap(Fault::Data, error.hint(), error),
            error => Self::wrap(Fault::Usage, error.hint(), error),
        }
    }
}

impl From<ProxyError> for CliError {
    fn from(error: ProxyError) -> Self {
        Self::wrap(Fault::Usage, None, error)
    }
}

impl From<ScriptError> for CliError {
    fn from(error: ScriptError) -> Self {
        Self::wrap(Fault::Data, error.hint(), error)
    }
}

impl From<MockError> for CliError {
    fn from(error: MockError) -> Self {
        Self::wrap(Fault::Usage, error.hint(), error)
    }
}

impl From<AgentError> for CliError {
    fn from(error: AgentError) -> Self {
        Self::wrap(Fault::Data, error.hint(), error)
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        let error = match error {
            ImportError::Write(error) => return error.into(),
            error => error,
        };
        let usage = match &error {
            ImportError::NotFound { .. } => true,
            // A broken archive is at fault itself, not the machine.
            ImportError::Io { source, .. } => {
                !matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
            }
            _ => false,
        };
        Self::wrap(if usage { Fault::Usage } else { Fault::Data }, error.hint(), error)
    }
}

impl From<RollupError> for CliError {
    fn from(error: RollupError) -> Self {
        let usage = matches!(
            error,
            RollupError::Query { .. }
                | RollupError::Write { .. }
                | RollupError::NotARollup { .. }
                | RollupError::Engine { .. }
        );
        if let RollupError::Trace(error) = error {
            return error.into();
        }
        Self::wrap(if usage { Fault::Usage } else { Fault::Data }, error.hint(), error)
    }
}

impl From<RedactError> for CliError {
    fn from(error: RedactError) -> Self {
        Self::wrap(Fault::Usage, error.hint(), error)
    }
}

impl From<MetricError> for CliError {
    fn from(error: MetricError) -> Self {
        Self::wrap(Fault::Data, error.hint(), error)
    }
}

impl From<ClaimsError> for CliError {
    fn from(error: ClaimsError) -> Self {
        let usage = matches!(error, ClaimsError::Unreadable { .. });
        Self::wrap(if usage { Fault::Usage } else { Fault::Data }, error.hint(), error)
    }
}

impl From<FailureError> for CliError {
    fn from(error: FailureError) -> Self {
        match error {
            FailureError::Trace(error) => error.into(),
            error @ FailureError::Problems { .. } => Self::wrap(Fault::Data, None, error),
            error => Self::wrap(Fault::Usage, None, error),
        }
    }
}

impl From<PlateError> for CliError {
    fn from(error: PlateError) -> Self {
        match error {
            PlateError::Figure(error) => error.into(),
            PlateError::Table(error) => error.into(),
        }
    }
}

impl From<DisplayError> for CliError {
    fn from(error: DisplayError) -> Self {
        let usage = matches!(error, DisplayError::Unreadable { .. });
        let hint = "schemas/display.schema.json describes the file".to_owned();
        Self::wrap(if usage { Fault::Usage } else { Fault::Data }, Some(hint), error)
    }
}

impl From<SyntheticError> for CliError {
    fn from(error: SyntheticError) -> Self {
        match error {
            SyntheticError::Trace(error) => error.into(),
            error => Self::wrap(Fault::Usage, error.hint(), error),
        }
    }
}

impl From<FigureError> for CliError {
    fn from(error: FigureError) -> Self {
        Self::wrap(Fault::Data, None, error)
    }
}

/// Says what failed and gives the exit code.
pub(super) fn code(result: Result<(), CliError>, output: &mut Output) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    match error.fault {
        Fault::ClosedPipe => return ExitCode::SUCCESS,
        Fault::Observed(code) => return ExitCode::from(code),
        Fault::Data | Fault::Usage => {}
    }
    output.error(&error);
    ExitCode::from(if error.fault == Fault::Data { 1 } else { 2 })
}

/// Prints a usage error, or the help that was asked for.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a closed terminal.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
