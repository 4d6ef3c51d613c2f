//! What is asked for: how many events, how they are cut into runs and files, with or without texts.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Rows of a run outside its stages: its begin, the system prompt, its end.
pub(super) const ROWS_OUTSIDE: i64 = 3;
/// Rows that a stage has at least: begin, prompt, one call, result.
pub(super) const ROWS_OF_STAGE: i64 = 4;
/// Most stages of a run.
const MOST_STAGES: i64 = 1000;

/// A store to be made. Equal shapes give equal files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Events in total; the last run is cut off where they end.
    pub events: i64,
    /// Seed of everything.
    pub seed: u64,
    /// Whether there are texts.
    pub texts: Texts,
    /// Events of every run; otherwise as many as the published runs have.
    pub events_per_run: Option<i64>,
    /// Stages of a run.
    pub stages: i64,
    /// How runs are placed in files.
    pub layout: Layout,
}

/// Whether there are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Texts {
    /// Messages, arguments, results and attributes as long as real ones.
    Real,
    /// None of them.
    None,
}

/// How runs are placed in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// Files of about a million events, side by side.
    Flat,
    /// A folder per bucket.
    Buckets,
}

/// What cannot be made.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum ShapeError {
    #[error("a store cannot have {events} events")]
    Events { events: i64 },
    #[error("a run cannot have {stages} stages: from 1 to {MOST_STAGES}")]
    Stages { stages: i64 },
    #[error("a run of {stages} stages has at least {least} events, not {events}")]
    EventsPerRun { stages: i64, least: i64, events: i64 },
}

impl Shape {
    /// A store of so many events like those of the published runs, in files side by side.
    pub fn new(events: i64, seed: u64) -> Self {
        Self {
            events,
            seed,
            texts: Texts::Real,
            events_per_run: None,
            stages: 6,
            layout: Layout::Flat,
        }
    }

    /// Whether it can be made.
    pub(super) fn check(&self) -> Result<(), ShapeError> {
        if self.events < 0 {
            return Err(ShapeError::Events { events: self.events });
        }
        if !(1..=MOST_STAGES).contains(&self.stages) {
            return Err(ShapeError::Stages { stages: self.stages });
        }
        let least = ROWS_OUTSIDE + ROWS_OF_STAGE * self.stages;
        match self.events_per_run {
            Some(events) if events < least => {
                Err(ShapeError::EventsPerRun { stages: self.stages, least, events })
            }
            _ => Ok(()),
        }
    }
}
