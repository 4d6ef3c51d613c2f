//! The handle of a run that is being recorded, and the sink that whoever observes it is given.

use super::queue::{Queue, Refused};
use super::settings::Settings;
use super::stamp::Stamp;
use super::writer::{Outcome, Writer};
use crate::capture::EventSink;
use crate::capture::journal::{self, JournalError, JournalWriter, Published};
use crate::trace::{Clock, EndReason, Event, Kind, Layout, RunFacts, Store, Timestamp};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Records one run into a store. Dropped without [`Self::finish`], it leaves the journal for recovery.
#[derive(Debug)]
pub struct Recorder {
    sink: Arc<Sink>,
    thread: Option<JoinHandle<Outcome>>,
    root: PathBuf,
    run_id: String,
    journal: PathBuf,
}

/// How a recording ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The run ended, and said so.
    Complete,
    /// The run was stopped: it gets a `run_end` that says so, unless it has one.
    Interrupted,
}

/// A recording that has become a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The trace; none when there was no event.
    pub trace: Option<PathBuf>,
    /// Events in it.
    pub events: u64,
    /// Events that could not be kept.
    pub lost: u64,
}

impl Recorder {
    /// Begins to record a run into the store at `root`. An error here is the moment to stop: nothing has run yet.
    pub fn start(root: &Path, run: &RunFacts, settings: Settings) -> Result<Self, JournalError> {
        let mut known =
            Store::open_or_empty(root).map(|store| store.known_runs()).unwrap_or_default();
        let own = Layout::of(root).path_of(run);
        let there = known.remove(&run.run_id).map(|known| known.path);
        if let Some(path) = there.or_else(|| own.exists().then_some(own)) {
            let run_id = run.run_id.clone();
            return Err(JournalError::InStore { run_id, path });
        }
        let (writer, path) = journal::create(root, run)?;
        Self::begin(root, &run.run_id, path, writer, settings)
    }

    /// Records into a journal that has been begun.
    pub(super) fn begin(
        root: &Path,
        run_id: &str,
        journal: PathBuf,
        writer: JournalWriter,
        settings: Settings,
    ) -> Result<Self, JournalError> {
        let Settings { now, mask, warn, bounds } = settings;
        let queue = Arc::new(Queue::new(bounds));
        let sink = Arc::new(Sink {
            run_id: run_id.to_owned(),
            queue: Arc::clone(&queue),
            place: Mutex::new(None),
            now,
            warn,
            overflown: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        });
        let mut failed = false;
        let (heard, path) = (Arc::clone(&sink), journal.clone());
        let on_failure = Box::new(move |error: &std::io::Error| {
            if !std::mem::replace(&mut failed, true) {
                heard.warn(format!(
                    "cannot write {}: {error}; events are kept in memory, and it is tried again",
                    path.display()
                ));
            }
        });
        let writer = Writer::new(queue, writer, Stamp::new(mask), bounds.flush, on_failure);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())
            .map_err(JournalError::io("start the writer of", &journal))?;
        let (root, run_id) = (root.to_owned(), run_id.to_owned());
        Ok(Self { sink, thread: Some(thread), root, run_id, journal })
    }

    /// The sink of the run, for those who observe it.
    pub fn sink(&self) -> Arc<dyn EventSink> {
        Arc::<Sink>::clone(&self.sink)
    }

    /// From now on events belong to this attempt at this stage.
    pub fn place(&self, stage: i64, attempt: i64) {
        self.sink.set_place(Some((stage, attempt)));
    }

    /// From now on events belong to no stage.
    pub fn leave_stage(&self) {
        self.sink.set_place(None);
    }

    /// Waits until every event recorded so far would survive a power loss; false when that failed or took too long.
    pub fn sync(&self, wait: Duration) -> bool {
        self.sink.queue.flushed(wait)
    }

    /// Makes the trace, and removes the journal. Events that come later are lost.
    pub fn finish(mut self, ending: Ending) -> Result<Finished, JournalError> {
        let stopped = ending == Ending::Interrupted && !self.sink.ended.load(Ordering::Acquire);
        let Some(outcome) = self.stop(stopped.then(|| self.sink.interruption())) else {
            let (run_id, path) = (self.run_id.clone(), self.journal.clone());
            return Err(JournalError::Failed { run_id, path });
        };
        let Outcome { mut journal, unwritten, unwritten_events, written_events } = outcome;
        let lost = self.sink.queue.lost();
        let mut contents = journal.contents(&self.journal, &unwritten);
        let published = journal::publish(&self.root, &mut contents, false);
        let (summary, published) = published.map_err(|source| JournalError::Unfinished {
            run_id: self.run_id.clone(),
            path: self.journal.clone(),
            events: written_events,
            lost: lost + unwritten_events,
            source: Box::new(source),
        })?;
        if lost > 0 {
            self.sink.warn(format!("run `{}`: events lost: {lost}", self.run_id));
        }
        self.retire(summary.torn);
        let trace = match published {
            Published::Nothing => None,
            Published::Written(trace) | Published::There(trace) => Some(trace),
        };
        Ok(Finished { trace, events: summary.events, lost })
    }

    /// The trace is in place: what goes wrong now is worth a word, but no failure.
    fn retire(&self, torn: Option<journal::Torn>) {
        match (journal::retire(&self.journal, torn), torn) {
            (Ok(Some(kept)), Some(torn)) => {
                self.sink.warn(format!("{}: {torn}", kept.display()));
            }
            (Ok(_), _) => {}
            (Err(error), _) => self.sink.warn(error.to_string()),
        }
    }

    /// Ends the writer; `None` when it failed, or has been ended before.
    fn stop(&mut self, last: Option<Event>) -> Option<Outcome> {
        self.sink.queue.close(last);
        self.thread.take()?.join().ok()
    }
}

impl EventSink for Recorder {
    fn record(&self, event: Event) {
        self.sink.record(event);
    }

    fn warn(&self, text: String) {
        self.sink.warn(text);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // What has been recorded is written; recovery makes the trace.
        let _ = self.stop(None);
    }
}

/// The sink of a recorder.
struct Sink {
    run_id: String,
    queue: Arc<Queue>,
    place: Mutex<Option<(i64, i64)>>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    warn: Box<dyn Fn(&str) + Send + Sync>,
    overflown: AtomicBool,
    ended: AtomicBool,
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("run_id", &self.run_id).finish_non_exhaustive()
    }
}

impl Sink {
    fn set_place(&self, place: Option<(i64, i64)>) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// Gives an event the time, unless it has one.
    fn date(&self, event: &mut Event) {
        event.ts.get_or_insert_with(|| (self.now)());
        event.clock.get_or_insert(Clock::Source);
    }

    /// The end of a run that was stopped now.
    fn interruption(&self) -> Event {
        let mut end = Event::new(Kind::RunEnd);
        end.end_reason = Some(EndReason::Interrupted);
        self.date(&mut end);
        end
    }
}

impl EventSink for Sink {
    /// An event that names its stage keeps it: a late answer belongs to the stage that asked. The run's own beginning and
    /// end belong to none.
    fn record(&self, mut event: Event) {
        self.date(&mut event);
        let of_run = matches!(event.kind, Kind::RunStart | Kind::RunEnd);
        if event.stage.is_none() && !of_run {
            let place = *self.place.lock().unwrap_or_else(PoisonError::into_inner);
            (event.stage, event.attempt) = place.unzip();
        }
        let is_end = event.kind == Kind::RunEnd;
        match self.queue.push(event) {
            Ok(()) if is_end => self.ended.store(true, Ordering::Release),
            Err(Refused::Full) if !self.overflown.swap(true, Ordering::Relaxed) => {
                self.warn(format!(
                    "events of run `{}` come faster than they can be written, and some are lost",
                    self.run_id
                ));
            }
            _ => {}
        }
    }

    fn warn(&self, text: String) {
        (self.warn)(&text);
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
