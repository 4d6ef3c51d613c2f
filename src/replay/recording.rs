//! The moments of a run, and the texts that are looked at.
//!
//! Opening reads every row without its long texts. A text is read when it is asked for, with its neighbours; the last few
//! of these windows are kept. A search streams through the file and keeps nothing.

use super::moment::Moment;
use super::words;
use crate::trace::{Event, RunFacts, StoreEntry, TraceError, TraceReader, read_footer};
use std::collections::VecDeque;
use std::ops::Range;
use std::path::PathBuf;

/// Events that are read together.
const WINDOW: usize = 32;
/// Windows that are kept.
const KEPT: usize = 8;

/// Which hit of a search is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// The first one.
    First,
    /// The last one.
    Last,
}

/// A recorded run, opened for looking at.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    /// The row of its first event in the file.
    first_row: u64,
    facts: RunFacts,
    started_us: Option<i64>,
    moments: Vec<Moment>,
    windows: VecDeque<(usize, Vec<Event>)>,
    texts_read: u64,
}

impl Recording {
    /// Opens a run of a store.
    pub fn open(entry: &StoreEntry) -> Result<Self, TraceError> {
        let run_id = &entry.run.run_id;
        let runs = read_footer(&entry.path)?.runs;
        let before = runs.iter().take_while(|run| run.run_id != *run_id);
        let first_row = before.fold(0_u64, |rows, run| rows.saturating_add(run.events));
        let rows = first_row..first_row.saturating_add(entry.run.events);
        let mut recording = Self {
            path: entry.path.clone(),
            first_row,
            facts: RunFacts::default(),
            started_us: entry.run.started_us,
            moments: Vec::new(),
            windows: VecDeque::new(),
            texts_read: 0,
        };
        for item in TraceReader::open_numbers(&entry.path, rows)? {
            let (facts, event) = item?;
            if facts.run_id != *run_id {
                return Err(recording.misplaced(run_id));
            }
            recording.moments.push(Moment::after(recording.moments.last(), &event));
            recording.facts = facts;
        }
        if recording.moments.is_empty() {
            return Err(recording.misplaced(run_id));
        }
        Ok(recording)
    }

    fn misplaced(&self, run_id: &str) -> TraceError {
        let problem = format!("run `{run_id}` is not in the rows it says, from {}", self.first_row);
        TraceError::BadFooter { path: self.path.clone(), problem }
    }

    /// What is true of the whole run.
    pub fn facts(&self) -> &RunFacts {
        &self.facts
    }

    /// When it began, in microseconds since the epoch.
    pub fn started_us(&self) -> Option<i64> {
        self.started_us
    }

    /// Its events, without their texts; there is at least one.
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    /// The place of its last event.
    pub fn last(&self) -> usize {
        self.moments.len() - 1
    }

    /// Rows whose texts were read so far.
    pub fn texts_read(&self) -> u64 {
        self.texts_read
    }

    /// The event at a place.
    pub fn event(&mut self, at: usize) -> Result<&Event, TraceError> {
        let window = at / WINDOW;
        let known = self.windows.iter().position(|(number, _)| *number == window);
        let place = if let Some(place) = known {
            place
        } else {
            let end = self.moments.len().min((window + 1) * WINDOW);
            let mut events = Vec::with_capacity(WINDOW);
            for item in self.stream(window * WINDOW..end)? {
                events.push(item?.1);
            }
            self.texts_read += events.len() as u64;
            if self.windows.len() == KEPT {
                self.windows.pop_front();
            }
            self.windows.push_back((window, events));
            self.windows.len() - 1
        };
        self.windows[place].1.get(at % WINDOW).ok_or_else(|| TraceError::BadFooter {
            path: self.path.clone(),
            problem: format!("run `{}` has no event {at}", self.facts.run_id),
        })
    }

    /// Its events from one place to before another, in order, for those who want them all.
    pub fn stream(&self, places: Range<usize>) -> Result<TraceReader, TraceError> {
        let row = |place: usize| self.first_row.saturating_add(place as u64);
        TraceReader::open_window(&self.path, row(places.start)..row(places.end))
    }

    /// The first event of some places, or the last one, that has a text in it, whatever the case of its letters, and is wanted.
    pub fn find(
        &mut self,
        text: &str,
        places: Range<usize>,
        which: Hit,
        wanted: impl Fn(&Moment) -> bool,
    ) -> Result<Option<usize>, TraceError> {
        let places = places.start..places.end.min(self.moments.len());
        if places.is_empty() {
            return Ok(None);
        }
        let needle = text.to_lowercase();
        let mut found = None;
        for (place, item) in places.clone().zip(self.stream(places)?) {
            let event = item?.1;
            self.texts_read += 1;
            if wanted(&self.moments[place]) && words::mentions(&event, &needle) {
                found = Some(place);
                if which == Hit::First {
                    break;
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, run_of};
    use super::*;

    #[test]
    fn a_long_run_is_read_where_it_is_looked_at() {
        let trace = fixture::long(100_000);
        let mut run = trace.open();
        assert_eq!((run.moments().len(), run.texts_read()), (100_000, 0), "opening reads no text");
        assert_eq!(run.event(99_999).unwrap().content.as_deref(), Some("result 99999"));
        assert_eq!(run.event(50_000).unwrap().content.as_deref(), Some("result 50000"));
        assert_eq!(run.texts_read(), 2 * WINDOW as u64, "two windows");
        for at in 0..1_000 {
            assert_eq!(run.event(at).unwrap().seq, i64::try_from(at).unwrap());
        }
        assert!(run.windows.len() <= KEPT, "memory is bounded");
        let read = run.texts_read();
        assert_eq!(
            run.find("RESULT 70010", 70_001..100_000, Hit::First, |_| true).unwrap(),
            Some(70_010)
        );
        assert_eq!(run.texts_read() - read, 10, "a search stops at its hit");
        assert_eq!(run.find("result 7", 0..9, Hit::Last, |_| true).unwrap(), Some(7));
        assert_eq!(run.find("no such words", 99_990..200_000, Hit::First, |_| true).unwrap(), None);
        assert_eq!(run.find("result", 100_000..100_000, Hit::First, |_| true).unwrap(), None);
    }

    #[test]
    fn runs_of_one_file_are_told_apart() {
        let trace = fixture::Trace::of(&[("a", run_of(3)), ("b", run_of(40))]);
        let mut run = trace.open_run("b");
        assert_eq!((run.facts().run_id.as_str(), run.moments().len()), ("b", 40));
        assert_eq!(run.event(39).unwrap().seq, 39);
        assert_eq!(run.event(0).unwrap().seq, 0);
        let mut run = trace.open_run("a");
        assert_eq!(run.event(2).unwrap().seq, 2);
        assert!(run.event(3).is_err());
    }
}
