//! Leftovers: journals whose recorder was killed, made into traces.
//!
//! The trace is put in place first and the journal removed last, so recovery can be killed as well and done again. A
//! journal with a part that cannot be read is not removed but set aside: nobody knows what was in that part.

use super::folder::{open_leftover, remove, retire};
use super::publish::{Contents, Published, Summary, publish, summary};
use super::{JournalError, Torn};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What became of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// Its recorder is at work, or has just finished it.
    Live,
    /// It had no events, and is gone.
    Empty,
    /// Its events are in the store.
    Done(Recovered),
}

/// A run that was recovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The run.
    pub run_id: String,
    /// Its trace; none when no event could be read.
    pub trace: Option<PathBuf>,
    /// Events of the journal that are in it.
    pub events: u64,
    /// Whether the trace was there already, with all these events.
    pub was_there: bool,
    /// Whether the run was cut short.
    pub interrupted: bool,
    /// What could not be read.
    pub torn: Option<Torn>,
    /// Where the journal is kept, if it could not be read whole.
    pub kept: Option<PathBuf>,
}

/// What a journal of the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Whether its recorder is still at work.
    pub live: bool,
    /// What can be read of it at this moment.
    pub summary: Summary,
}

/// Reads a journal and changes nothing.
pub fn inspect(journal: &Path) -> Result<Leftover, JournalError> {
    let mut file = File::open(journal).map_err(JournalError::io("open", journal))?;
    let live = file.try_lock_shared().is_err();
    Ok(Leftover { live, summary: summary(&mut whole(journal, &mut file))? })
}

/// Makes a journal of the store at `root` into a trace.
pub fn recover(root: &Path, journal: &Path) -> Result<Recovery, JournalError> {
    let Some(mut file) = open_leftover(journal)? else {
        return Ok(Recovery::Live);
    };
    let (summary, published) = match publish(root, &mut whole(journal, &mut file), true) {
        Err(JournalError::Empty { .. }) => {
            remove(journal)?;
            return Ok(Recovery::Empty);
        }
        other => other?,
    };
    let kept = retire(journal, summary.torn)?;
    let (trace, was_there) = match published {
        Published::Nothing if summary.torn.is_none() => return Ok(Recovery::Empty),
        Published::Nothing => (None, false),
        Published::Written(trace) => (Some(trace), false),
        Published::There(trace) => (Some(trace), true),
    };
    Ok(Recovery::Done(Recovered {
        run_id: summary.run.run_id,
        trace,
        events: summary.events,
        was_there,
        interrupted: !summary.ended,
        torn: summary.torn,
        kept,
    }))
}

/// All of a file.
fn whole<'a>(path: &'a Path, file: &'a mut File) -> Contents<'a> {
    Contents { path, medium: file, bytes: u64::MAX, more: &[] }
}

#[cfg(test)]
#[path = "recover_tests.rs"]
mod tests;
