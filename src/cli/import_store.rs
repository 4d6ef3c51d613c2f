//! Imported runs to sealed traces of a store, one event after the other.
//!
//! While there are fewer logs than threads, a run that is more than a few events is encoded and compressed on a thread of
//! its own as the log is read on; the queue between the two is bounded, so that memory is as well. With every thread at a
//! log of its own, events are written where they are made: handing them over costs more than it gains.

use super::CliError;
use crate::import::{ImportError, ImportReport, Numbering, Sink};
use crate::trace::{
    Event, Layout, Packing, RunFacts, SealedTrace, Timestamp, TraceError, TraceWriter,
};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Events that are handed over together, and the bytes of text after which they are.
const BATCH_EVENTS: usize = 512;
const BATCH_BYTES: usize = 1 << 20;
/// Batches that wait at most.
const QUEUE: usize = 4;

/// A run that is written but not yet named, or the reason why there is none.
pub(super) type Sealed = Result<(ImportReport, SealedTrace), CliError>;

/// Writes the runs of one job for a store, without giving them their names.
#[derive(Debug)]
pub(super) struct StoreSink<'a> {
    layout: &'a Layout,
    strict: bool,
    workload: Option<&'a str>,
    packing: Packing,
    apart: bool,
    open: Option<OpenRun>,
    pub(super) sealed: Vec<Sealed>,
}

/// A run that is being written.
#[derive(Debug)]
struct OpenRun {
    run: RunFacts,
    path: PathBuf,
    packing: Packing,
    numbering: Numbering,
    batch: Vec<Event>,
    bytes: usize,
    apart: bool,
    /// From the first full batch on.
    writer: Option<Writer>,
}

/// What writes a run.
#[derive(Debug)]
enum Writer {
    Here(Box<TraceWriter>),
    /// A thread, and the way to it.
    Apart(SyncSender<Vec<Event>>, JoinHandle<Result<SealedTrace, TraceError>>),
}

impl<'a> StoreSink<'a> {
    /// For the store of `layout`. With `strict`, a run of which anything is lost is an error; `workload` stands in place of
    /// what the log says.
    pub(super) fn new(layout: &'a Layout, strict: bool, workload: Option<&'a str>) -> Self {
        Self {
            layout,
            strict,
            workload,
            packing: Packing::default(),
            apart: false,
            open: None,
            sealed: Vec::new(),
        }
    }

    /// With files of another size.
    pub(super) fn packed(self, packing: Packing) -> Self {
        Self { packing, ..self }
    }

    /// With a thread of its own for what is written, if `apart` is set.
    pub(super) fn apart(self, apart: bool) -> Self {
        Self { apart, ..self }
    }
}

impl OpenRun {
    fn add(&mut self, mut event: Event) -> Result<(), TraceError> {
        self.numbering.number(&mut event);
        self.bytes += event.text_bytes();
        self.batch.push(event);
        if self.batch.len() < BATCH_EVENTS && self.bytes < BATCH_BYTES {
            return Ok(());
        }
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.begin()?,
        };
        if writer.add(&self.run, batch)? {
            self.writer = Some(writer);
            return Ok(());
        }
        writer.seal().map(drop)
    }

    fn begin(&self) -> Result<Writer, TraceError> {
        if !self.apart {
            return Writer::here(&self.path, self.packing);
        }
        let (run, path, packing) = (self.run.clone(), self.path.clone(), self.packing);
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = std::thread::spawn(move || write(&run, &path, packing, &receiver));
        Ok(Writer::Apart(sender, thread))
    }

    /// The finished trace.
    fn seal(mut self) -> Result<SealedTrace, TraceError> {
        let rest = std::mem::take(&mut self.batch);
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => Writer::here(&self.path, self.packing)?,
        };
        writer.add(&self.run, rest)?;
        writer.seal()
    }
}

impl Writer {
    fn here(path: &Path, packing: Packing) -> Result<Self, TraceError> {
        Ok(Self::Here(Box::new(TraceWriter::create_packed(path, packing)?)))
    }

    /// Adds events; false when the thread has stopped, which [`Self::seal`] says why.
    fn add(&mut self, run: &RunFacts, batch: Vec<Event>) -> Result<bool, TraceError> {
        match self {
            Self::Here(writer) => write_all(writer, run, &batch).map(|()| true),
            Self::Apart(sender, _) => Ok(sender.send(batch).is_ok()),
        }
    }

    fn seal(self) -> Result<SealedTrace, TraceError> {
        match self {
            Self::Here(writer) => writer.seal(),
            Self::Apart(sender, thread) => {
                drop(sender);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        }
    }
}

impl Drop for OpenRun {
    /// A run that is given up leaves no file behind, so its writer has to come to an end first.
    fn drop(&mut self) {
        if let Some(Writer::Apart(sender, thread)) = self.writer.take() {
            drop(sender);
            let _ = thread.join();
        }
    }
}

fn write(
    run: &RunFacts,
    path: &Path,
    packing: Packing,
    batches: &Receiver<Vec<Event>>,
) -> Result<SealedTrace, TraceError> {
    let mut writer = TraceWriter::create_packed(path, packing)?;
    for batch in batches {
        write_all(&mut writer, run, &batch)?;
    }
    writer.seal()
}

fn write_all(writer: &mut TraceWriter, run: &RunFacts, batch: &[Event]) -> Result<(), TraceError> {
    batch.iter().try_for_each(|event| writer.write(run, event))
}

impl Sink for StoreSink<'_> {
    fn begin(&mut self, mut run: RunFacts, start: Option<Timestamp>) -> Result<(), ImportError> {
        if let Some(workload) = self.workload {
            workload.clone_into(&mut run.workload);
        }
        self.open = Some(OpenRun {
            path: self.layout.path_of(&run),
            packing: self.packing,
            run,
            numbering: Numbering::from(start),
            batch: Vec::new(),
            bytes: 0,
            apart: self.apart,
            writer: None,
        });
        Ok(())
    }

    fn event(&mut self, event: Event) -> Result<(), ImportError> {
        match &mut self.open {
            Some(run) => Ok(run.add(event)?),
            None => Ok(()),
        }
    }

    fn end(&mut self, mut report: ImportReport) -> Result<(), ImportError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        report.run_id.clone_from(&open.run.run_id);
        report.events_written = open.numbering.count();
        if self.strict
            && let Some(loss) = report.loss()
        {
            return self.failed(loss);
        }
        self.sealed.push(Ok((report, open.seal()?)));
        Ok(())
    }

    fn failed(&mut self, error: ImportError) -> Result<(), ImportError> {
        self.open = None;
        self.sealed.push(Err(error.into()));
        Ok(())
    }
}
