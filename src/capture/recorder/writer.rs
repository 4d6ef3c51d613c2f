//! The thread that writes: takes events from the queue, and makes frames of them in the journal.
//!
//! A frame that cannot be written is held and tried again, at each flush; meanwhile events wait in the queue, and their
//! bound is the bound of memory. At the end, what is still held is handed back, for the trace.

use super::queue::{FRAME_BYTES, Queue, Turn, Waiting};
use super::stamp::{MAX_LINE, Stamp};
use crate::capture::journal::{JournalWriter, MAX_TEXT};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// JSON makes six bytes of one at most, and the names of an event's columns are shorter than the event in memory.
const _: () = assert!(6 * FRAME_BYTES + MAX_LINE <= MAX_TEXT);

/// What the thread hands back.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The journal, still locked.
    pub(super) journal: JournalWriter,
    /// Frames that could not be written.
    pub(super) unwritten: Vec<u8>,
    /// Events in them.
    pub(super) unwritten_events: u64,
    /// Events in the journal.
    pub(super) written_events: u64,
}

/// Events on their way.
struct Held {
    lines: Vec<u8>,
    events: u64,
}

/// The writer of a journal.
pub(super) struct Writer {
    queue: Arc<Queue>,
    journal: JournalWriter,
    stamp: Stamp,
    held: Option<Held>,
    written_events: u64,
    flush: Duration,
    on_failure: Box<dyn FnMut(&io::Error) + Send>,
}

/// Tells producers when the thread ends, however it ends.
struct Leaving(Arc<Queue>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Writer {
    pub(super) fn new(
        queue: Arc<Queue>,
        journal: JournalWriter,
        stamp: Stamp,
        flush: Duration,
        on_failure: Box<dyn FnMut(&io::Error) + Send>,
    ) -> Self {
        Self { queue, journal, stamp, held: None, written_events: 0, flush, on_failure }
    }

    /// Writes until the queue is closed.
    pub(super) fn run(mut self) -> Outcome {
        let _leaving = Leaving(Arc::clone(&self.queue));
        let mut flush_at = Instant::now() + self.flush;
        loop {
            let turn = self.queue.turn(flush_at, self.held.is_some());
            let written = match turn {
                Turn::Frame => self.write_next().map(|_| ()),
                Turn::Flush | Turn::Close => self.flush(),
            };
            if let Err(error) = written {
                (self.on_failure)(&error);
            }
            match turn {
                Turn::Frame => {}
                Turn::Flush => flush_at = Instant::now() + self.flush,
                Turn::Close => return self.close(),
            }
        }
    }

    /// Makes everything durable that has been accepted by now, and says so to those who asked.
    fn flush(&mut self) -> io::Result<()> {
        let (accepted, asked) = self.queue.goal();
        let mut flush = || {
            self.write_held()?;
            while self.queue.taken() < accepted && self.write_next()? {}
            self.journal.sync()
        };
        let flushed = flush();
        self.queue.answer(flushed.is_ok().then_some(accepted), asked);
        flushed
    }

    /// Writes the next frame; false when there are no events.
    fn write_next(&mut self) -> io::Result<bool> {
        self.write_held()?;
        self.held = self.next();
        let any = self.held.is_some();
        self.write_held()?;
        Ok(any)
    }

    fn write_held(&mut self) -> io::Result<()> {
        if let Some(held) = &self.held {
            self.journal.append(&JournalWriter::frame(&held.lines)?)?;
            self.written_events += held.events;
            self.held = None;
        }
        Ok(())
    }

    /// The events of the next frame. However few, they are far below the bound of a frame: only the last one can be large,
    /// and that has a bound of its own.
    fn next(&mut self) -> Option<Held> {
        let batch = self.queue.take();
        if batch.is_empty() {
            return None;
        }
        let mut lines = Vec::new();
        let mut events = 0;
        for Waiting { event, lost_before, .. } in batch {
            if lost_before > 0 {
                self.stamp.gap(lost_before, &mut lines);
                events += 1;
            }
            if !self.stamp.line(event, &mut lines) {
                self.queue.lose(1);
                self.stamp.gap(1, &mut lines);
            }
            events += 1;
        }
        Some(Held { lines, events })
    }

    /// Gathers what could not be written.
    fn close(mut self) -> Outcome {
        let (mut unwritten, mut unwritten_events) = (Vec::new(), 0);
        while let Some(held) = self.held.take().or_else(|| self.next()) {
            let Ok(frame) = JournalWriter::frame(&held.lines) else {
                // What comes after a gap in the numbers cannot be read.
                self.queue.lose(held.events + self.queue.rest());
                break;
            };
            unwritten.extend(frame);
            unwritten_events += held.events;
        }
        let written_events = self.written_events;
        Outcome { journal: self.journal, unwritten, unwritten_events, written_events }
    }
}
