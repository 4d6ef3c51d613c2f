//! A run to its document: rows come one after the other, and a step is only complete when the rows after it are known.

use super::super::Exported;
use super::document;
use super::threads::Threads;
use crate::trace::{Event, RunFacts};

/// One run as an ATIF document.
pub fn atif(run: &RunFacts, events: impl Iterator<Item = Event>) -> Exported {
    let mut exported = Exported::default();
    let mut threads = Threads::default();
    for event in events {
        threads.add(run, &event, &mut exported);
    }
    document::write(run, threads, &mut exported);
    exported
}
