//! Where importers put runs: one event after the other, so that a log of any size passes through.
//!
//! Sinks can stand before sinks: what changes the facts of runs, or adds grades to them, is a sink that hands on.

use super::{ImportError, ImportReport};
use crate::trace::{Event, RunFacts, Timestamp};

/// Takes runs, one after the other.
pub trait Sink {
    /// A run begins. `start` is the time of its first timed event, from which offsets are counted.
    fn begin(&mut self, run: RunFacts, start: Option<Timestamp>) -> Result<(), ImportError>;

    /// The next event of the run; `seq` and `offset_us` are the sink's to set.
    fn event(&mut self, event: Event) -> Result<(), ImportError>;

    /// The run is complete; `events_written` is the sink's to set.
    fn end(&mut self, report: ImportReport) -> Result<(), ImportError>;

    /// One run of a source that holds several could not be imported; what was begun of it is dropped.
    fn failed(&mut self, error: ImportError) -> Result<(), ImportError>;
}

/// Hands a run over that is in memory as a whole.
pub(super) fn send(
    sink: &mut dyn Sink,
    run: RunFacts,
    events: Vec<Event>,
    mut report: ImportReport,
) -> Result<(), ImportError> {
    report.run_id.clone_from(&run.run_id);
    let start = events.iter().filter_map(|e| e.ts).min();
    sink.begin(run, start)?;
    for event in events {
        sink.event(event)?;
    }
    sink.end(report)
}

/// Sequence numbers and offsets of a run's events.
#[derive(Debug, Default)]
pub struct Numbering {
    next: i64,
    start: Option<Timestamp>,
}

impl Numbering {
    /// For a run with its first timed event at `start`.
    pub fn from(start: Option<Timestamp>) -> Self {
        Self { next: 0, start }
    }

    /// Sets the number and the offset of the next event.
    pub fn number(&mut self, event: &mut Event) {
        event.seq = self.next;
        self.next += 1;
        event.offset_us = event.ts.map(|ts| ts.micros_since(*self.start.get_or_insert(ts)).max(0));
    }

    /// Events so far.
    pub fn count(&self) -> u64 {
        self.next.unsigned_abs()
    }
}

/// One run in memory.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Its facts.
    pub run: RunFacts,
    /// Its events, in order.
    pub events: Vec<Event>,
    /// What became of the records of the source.
    pub report: ImportReport,
}

/// Keeps runs in memory.
#[derive(Debug, Default)]
pub struct Collected {
    /// The runs that are complete.
    pub runs: Vec<Imported>,
    /// Those that could not be imported.
    pub failed: Vec<ImportError>,
    open: Option<(RunFacts, Vec<Event>, Numbering)>,
}

impl Sink for Collected {
    fn begin(&mut self, run: RunFacts, start: Option<Timestamp>) -> Result<(), ImportError> {
        self.open = Some((run, Vec::new(), Numbering::from(start)));
        Ok(())
    }

    fn event(&mut self, mut event: Event) -> Result<(), ImportError> {
        if let Some((_, events, numbering)) = &mut self.open {
            numbering.number(&mut event);
            events.push(event);
        }
        Ok(())
    }

    fn end(&mut self, mut report: ImportReport) -> Result<(), ImportError> {
        if let Some((run, events, numbering)) = self.open.take() {
            report.run_id.clone_from(&run.run_id);
            report.events_written = numbering.count();
            self.runs.push(Imported { run, events, report });
        }
        Ok(())
    }

    fn failed(&mut self, error: ImportError) -> Result<(), ImportError> {
        self.open = None;
        self.failed.push(error);
        Ok(())
    }
}
