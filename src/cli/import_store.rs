//! Imported runs to sealed traces of a store, one event after the other.

use super::CliError;
use crate::import::{ImportError, ImportReport, Numbering, Sink};
use crate::trace::{Event, RunFacts, SealedTrace, Store, Timestamp, TraceWriter};
use std::path::Path;

/// A run that is written but not yet named, or the reason why there is none.
pub(super) type Sealed = Result<(ImportReport, SealedTrace), CliError>;

/// Writes the runs of one job for a store, without giving them their names.
#[derive(Debug)]
pub(super) struct StoreSink<'a> {
    root: &'a Path,
    strict: bool,
    workload: Option<&'a str>,
    open: Option<(RunFacts, TraceWriter, Numbering)>,
    pub(super) sealed: Vec<Sealed>,
}

impl<'a> StoreSink<'a> {
    /// For the store at `root`. With `strict`, a run of which anything is lost is an error; `workload` stands in place of
    /// what the log says.
    pub(super) fn new(root: &'a Path, strict: bool, workload: Option<&'a str>) -> Self {
        Self { root, strict, workload, open: None, sealed: Vec::new() }
    }
}

impl Sink for StoreSink<'_> {
    fn begin(&mut self, mut run: RunFacts, start: Option<Timestamp>) -> Result<(), ImportError> {
        if let Some(workload) = self.workload {
            workload.clone_into(&mut run.workload);
        }
        let writer = TraceWriter::create(&Store::path_of(self.root, &run))?;
        self.open = Some((run, writer, Numbering::from(start)));
        Ok(())
    }

    fn event(&mut self, mut event: Event) -> Result<(), ImportError> {
        if let Some((run, writer, numbering)) = &mut self.open {
            numbering.number(&mut event);
            writer.write(run, &event)?;
        }
        Ok(())
    }

    fn end(&mut self, mut report: ImportReport) -> Result<(), ImportError> {
        let Some((run, writer, numbering)) = self.open.take() else { return Ok(()) };
        report.run_id = run.run_id;
        report.events_written = numbering.count();
        if self.strict
            && let Some(loss) = report.loss()
        {
            return self.failed(loss);
        }
        self.sealed.push(Ok((report, writer.seal()?)));
        Ok(())
    }

    fn failed(&mut self, error: ImportError) -> Result<(), ImportError> {
        self.open = None;
        self.sealed.push(Err(error.into()));
        Ok(())
    }
}
