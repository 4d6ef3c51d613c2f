//! A journal to a trace of the store.
//!
//! The journal is read twice, so that memory does not grow with the run: once for what only its end tells (the earliest
//! time, from which offsets count, and whether the run ended), once to write the rows. Nothing here depends on a clock:
//! the same journal gives the same bytes, and doing it again after a kill changes nothing.

use super::medium::Medium;
use super::{JournalError, JournalReader, Torn};
use crate::trace::{
    EndReason, Event, Kind, Layout, RunFacts, Store, Timestamp, TraceError, TraceReader,
    TraceWriter, Written, sync_folder,
};
use std::io::{self, Read, SeekFrom};
use std::path::{Path, PathBuf};

/// The bytes of a journal, to be read from the beginning as often as needed.
pub(in crate::capture) struct Contents<'a> {
    /// Its name, for errors.
    pub(in crate::capture) path: &'a Path,
    /// Where it is.
    pub(in crate::capture) medium: &'a mut dyn Medium,
    /// How far it reaches.
    pub(in crate::capture) bytes: u64,
    /// Frames that come after it and could not be written.
    pub(in crate::capture) more: &'a [u8],
}

impl Contents<'_> {
    fn read(&mut self) -> Result<JournalReader<impl Read>, JournalError> {
        let begin: io::Result<u64> = self.medium.seek(SeekFrom::Start(0));
        begin.map_err(JournalError::io("read", self.path))?;
        JournalReader::open(self.path, self.medium.take(self.bytes).chain(self.more))
    }
}

/// What a journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The run.
    pub run: RunFacts,
    /// Events that can be read.
    pub events: u64,
    /// Whether the run ended, as far as they tell.
    pub ended: bool,
    /// What cannot be read.
    pub torn: Option<Torn>,
    /// The earliest time of an event.
    pub(super) start: Option<Timestamp>,
}

/// Reads a journal to its end.
pub(super) fn summary(contents: &mut Contents<'_>) -> Result<Summary, JournalError> {
    let mut reader = contents.read()?;
    let run = reader.run().clone();
    let mut summary = Summary { run, events: 0, ended: false, torn: None, start: None };
    for event in reader.by_ref() {
        let event = event?;
        summary.events += 1;
        summary.ended |= event.kind == Kind::RunEnd;
        summary.start = [summary.start, event.ts].into_iter().flatten().min();
    }
    summary.torn = reader.torn();
    Ok(summary)
}

/// How a journal became a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::capture) enum Published {
    /// It has no events, so there is nothing to write.
    Nothing,
    /// The trace is in the store.
    Written(PathBuf),
    /// A trace in the store has all its events already.
    There(PathBuf),
}

/// Writes the trace of a journal into the store at `root`. With `mark`, a run that did not end gets a `run_end` that says
/// it was interrupted.
pub(in crate::capture) fn publish(
    root: &Path,
    contents: &mut Contents<'_>,
    mark: bool,
) -> Result<(Summary, Published), JournalError> {
    let journal = contents.path;
    let summary = summary(contents)?;
    if summary.events == 0 {
        return Ok((summary, Published::Nothing));
    }
    let run = &summary.run;
    let mut writer = TraceWriter::create(&Layout::of(root).path_of(run))
        .map_err(JournalError::trace(journal))?;
    for event in contents.read()? {
        let mut event = event?;
        event.offset_us = event.ts.zip(summary.start).map(|(ts, start)| ts.micros_since(start));
        writer.write(run, &event).map_err(JournalError::trace(journal))?;
    }
    if mark && !summary.ended {
        let end = interruption(&summary);
        writer.write(run, &end).map_err(JournalError::trace(journal))?;
    }
    let sealed = writer.seal().map_err(JournalError::trace(journal))?;
    let path = sealed.path().to_owned();
    // A store with an unreadable file in it is no reason to keep a run out.
    let known = Store::open_or_empty(root).map(|store| store.known_runs()).unwrap_or_default();
    let published = match Store::publish(sealed, &run.run_id, &known, false) {
        Ok(Written::New) => Published::Written(path),
        Ok(Written::Unchanged) => Published::There(path),
        Err(TraceError::Conflict { existing, .. }) if holds(&existing, contents)? => {
            Published::There(existing)
        }
        Err(error) => return Err(JournalError::trace(journal)(error)),
    };
    if let Published::Written(path) = &published {
        if let Some(folder) = path.parent() {
            // The trace is safe from a kill in any case.
            let _ = sync_folder(folder);
        }
    }
    Ok((summary, published))
}

/// The end of a run whose recorder was killed. When that was, nobody knows.
fn interruption(summary: &Summary) -> Event {
    let mut end = Event::new(Kind::RunEnd);
    end.seq = i64::try_from(summary.events).unwrap_or(i64::MAX);
    end.end_reason = Some(EndReason::Interrupted);
    let torn = summary.torn.map_or(0, |torn| torn.bytes);
    let account = serde_json::json!({ "events": summary.events, "torn_bytes": torn });
    end.attributes = Some(serde_json::json!({ "recovered": account }).to_string());
    end
}

/// Whether a trace has every event of a journal. It may have more: a recorder that cannot write its journal keeps events
/// in memory and puts them into the trace.
fn holds(trace: &Path, contents: &mut Contents<'_>) -> Result<bool, JournalError> {
    let journal = contents.path;
    let mut rows = TraceReader::open(trace).map_err(JournalError::trace(journal))?;
    let reader = contents.read()?;
    let run = reader.run().clone();
    for event in reader {
        let event = event?;
        let row = loop {
            match rows.next().transpose().map_err(JournalError::trace(journal))? {
                Some((of, row)) if of == run => break row,
                Some(_) => {}
                None => return Ok(false),
            }
        };
        // Offsets are the trace's own.
        if (Event { offset_us: None, ..row }) != (Event { offset_us: None, ..event }) {
            return Ok(false);
        }
    }
    Ok(true)
}
