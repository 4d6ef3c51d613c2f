//! What every recorded run has: a recorder, a meter before it, and something that sees the model calls.

use super::error::RunError;
use super::meter::{Meter, Totals};
use super::plan::Mask;
use super::tap::{Observe, Tap};
use crate::capture::EventSink;
use crate::capture::pipeline::Budget;
use crate::capture::recorder::{Ending, Finished, Recorder, Settings};
use crate::ledger::Books;
use crate::trace::{EndReason, RunFacts};
use std::path::Path;
use std::sync::Arc;

/// Where a run is recorded, and with what.
#[derive(Clone)]
pub struct Means {
    /// The store.
    pub store: std::path::PathBuf,
    /// What sees the model calls.
    pub observe: Observe,
    /// Prices for what calls cost that name no cost.
    pub books: Arc<Books>,
    /// Masks secrets.
    pub mask: Mask,
}

/// A run that is being recorded.
pub(super) struct Recording {
    pub(super) recorder: Recorder,
    pub(super) meter: Arc<Meter>,
    pub(super) tap: Tap,
}

impl Recording {
    pub(super) fn start(
        means: &Means,
        facts: RunFacts,
        budget: Budget,
        warn: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, RunError> {
        let mask = Arc::clone(&means.mask);
        let settings = Settings {
            mask: Box::new(move |event| mask(event)),
            warn: Box::new(warn),
            ..Settings::default()
        };
        let recorder = Recorder::start(&means.store, &facts, settings)?;
        let meter = Arc::new(Meter::new(recorder.sink(), facts, Arc::clone(&means.books), budget));
        let sink: Arc<dyn EventSink> = Arc::<Meter>::clone(&meter);
        match Tap::start(&means.observe, sink) {
            Ok(tap) => Ok(Self { recorder, meter, tap }),
            Err(error) => {
                // Nothing has run: an empty journal leaves nothing to recover.
                recorder.finish(Ending::Complete)?;
                Err(error)
            }
        }
    }

    /// Ends the recording: the last calls, `last`, and the trace.
    pub(super) fn finish(
        self,
        reason: EndReason,
        last: impl FnOnce(&Meter),
    ) -> Result<(Finished, Totals), RunError> {
        self.tap.stop();
        last(&self.meter);
        let interrupted = reason == EndReason::Interrupted;
        let ending = if interrupted { Ending::Interrupted } else { Ending::Complete };
        let finished = self.recorder.finish(ending)?;
        Ok((finished, self.meter.totals()))
    }
}

/// Whether a store can be written to, found out before anything runs.
pub fn writable(store: &Path) -> Result<(), RunError> {
    std::fs::create_dir_all(store).map_err(RunError::io("make", store))?;
    tempfile::tempfile_in(store).map(drop).map_err(RunError::io("write to", store))
}
