//! Between the observed run and the writer: bounded in events and bytes, and never waited for for long.
//!
//! A producer that finds the queue full waits once, for a bounded time. If there is still no room, its event is counted
//! and dropped, and so are those that follow, without waiting, until the writer has made room. The count travels with
//! the next event that gets through, so that the trace shows where events are missing. What gives a run its shape
//! (starts, grades, recoveries, ends) is few and small, and is always taken.

use super::settings::Bounds;
use super::stamp::events_lost;
use crate::trace::{Event, Kind};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of events that make a frame without waiting for the next flush.
pub(super) const FRAME_BYTES: usize = 1 << 20;
/// What an event takes besides its texts.
const EVENT_BYTES: usize = size_of::<Event>();

/// An event on its way to the journal.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: Event,
    /// Events lost just before it.
    pub(super) lost_before: u64,
    bytes: usize,
}

/// Why an event was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There was no room for it.
    Full,
    /// The recording has ended.
    Over,
}

/// What the writer is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// There is enough for a frame.
    Frame,
    /// It is time to make everything durable that has been accepted.
    Flush,
    /// Nothing more will come.
    Close,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts")]
struct State {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    /// Whether a producer has waited in vain since there was room.
    overflown: bool,
    /// Whether a producer waits for room.
    wanted: bool,
    accepted: u64,
    taken: u64,
    durable: u64,
    lost: u64,
    lost_since: u64,
    asked: u64,
    answered: u64,
    closed: bool,
    gone: bool,
}

/// The queue of a recorder.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    bounds: Bounds,
    /// There may be room.
    room: Condvar,
    /// There may be something to do for the writer.
    work: Condvar,
    /// A flush has been answered.
    answer: Condvar,
}

impl Queue {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            state: Mutex::default(),
            bounds,
            room: Condvar::new(),
            work: Condvar::new(),
            answer: Condvar::new(),
        }
    }

    /// A panic elsewhere leaves the numbers whole: each change is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event in, or counts it as lost.
    pub(super) fn push(&self, event: Event) -> Result<(), Refused> {
        let bytes = EVENT_BYTES + event.text_bytes();
        let shape = gives_shape(event.kind);
        let mut state = self.lock();
        let full = |state: &mut State| {
            let fits = shape
                || state.waiting.len() < self.bounds.events
                    && state.bytes + bytes <= self.bounds.bytes;
            !state.closed && !state.gone && !state.waiting.is_empty() && !fits
        };
        if full(&mut state) && !state.overflown {
            state.wanted = true;
            self.work.notify_one();
            let waited = self.room.wait_timeout_while(state, self.bounds.wait, full);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if full(&mut state) || state.closed || state.gone {
            state.overflown = true;
            state.lost += 1;
            state.lost_since += 1;
            let over = state.closed || state.gone;
            return Err(if over { Refused::Over } else { Refused::Full });
        }
        self.accept(&mut state, event, bytes);
        Ok(())
    }

    /// Puts the last event in, whatever the bounds, and closes the queue. Events that were lost at the very end get one to
    /// stand for them.
    pub(super) fn close(&self, last: Option<Event>) {
        let mut state = self.lock();
        let last = last.or_else(|| match std::mem::take(&mut state.lost_since) {
            0 => None,
            lost => Some(events_lost(lost)),
        });
        if let (Some(event), false) = (last, state.closed) {
            let bytes = EVENT_BYTES + event.text_bytes();
            self.accept(&mut state, event, bytes);
        }
        state.closed = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    fn accept(&self, state: &mut State, event: Event, bytes: usize) {
        let lost_before = std::mem::take(&mut state.lost_since);
        state.waiting.push_back(Waiting { event, lost_before, bytes });
        state.bytes += bytes;
        state.accepted += 1;
        if state.bytes >= FRAME_BYTES {
            self.work.notify_one();
        }
    }

    /// Waits until everything accepted so far is durable, the writer has failed at it, or the time is over; whether it is
    /// durable.
    pub(super) fn flushed(&self, wait: Duration) -> bool {
        let mut state = self.lock();
        let target = state.accepted;
        state.asked += 1;
        let ticket = state.asked;
        self.work.notify_one();
        let pending = |state: &mut State| state.answered < ticket && !state.gone;
        let waited = self.answer.wait_timeout_while(state, wait, pending);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.durable >= target
    }

    /// Waits for the writer's next turn, at the latest until `flush_at`. While a frame waits to be tried again (`held`), a
    /// full queue is no reason to wake up.
    pub(super) fn turn(&self, flush_at: Instant, held: bool) -> Turn {
        let state = self.lock();
        let idle = |state: &mut State| {
            let frame = !held && (state.wanted || state.bytes >= FRAME_BYTES);
            !frame && !state.closed && state.asked == state.answered
        };
        let left = flush_at.saturating_duration_since(Instant::now());
        let waited = self.work.wait_timeout_while(state, left, idle);
        let state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if state.closed {
            Turn::Close
        } else if state.asked > state.answered || Instant::now() >= flush_at {
            Turn::Flush
        } else {
            Turn::Frame
        }
    }

    /// Takes events for one frame, in order; none when there are none.
    pub(super) fn take(&self) -> Vec<Waiting> {
        let mut state = self.lock();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < FRAME_BYTES {
            let Some(next) = state.waiting.pop_front() else { break };
            bytes += next.bytes;
            batch.push(next);
        }
        state.bytes -= bytes;
        state.taken += batch.len() as u64;
        (state.overflown, state.wanted) = (false, false);
        self.room.notify_all();
        batch
    }

    /// What a flush that begins now has to make durable: the events accepted, and the questions asked.
    pub(super) fn goal(&self) -> (u64, u64) {
        let state = self.lock();
        (state.accepted, state.asked)
    }

    /// Events taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.lock().taken
    }

    /// Ends a flush: so many events are durable, if it went well, and the questions up to `asked` are answered.
    pub(super) fn answer(&self, durable: Option<u64>, asked: u64) {
        let mut state = self.lock();
        state.durable = durable.unwrap_or(state.durable).max(state.durable);
        state.answered = asked;
        self.answer.notify_all();
    }

    /// Events that nobody has taken.
    pub(super) fn rest(&self) -> u64 {
        self.lock().waiting.len() as u64
    }

    /// Counts events that the writer could not keep.
    pub(super) fn lose(&self, events: u64) {
        self.lock().lost += events;
    }

    /// Says that nobody will take events any more.
    pub(super) fn abandon(&self) {
        self.lock().gone = true;
        self.room.notify_all();
        self.answer.notify_all();
    }

    /// Events lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.lock().lost
    }
}

/// Whether a run without this event would look like another one.
fn gives_shape(kind: Kind) -> bool {
    match kind {
        Kind::RunStart
        | Kind::StageStart
        | Kind::Recovery
        | Kind::AttemptResult
        | Kind::StageResult
        | Kind::RunEnd => true,
        Kind::Message | Kind::LlmCall | Kind::ToolCall | Kind::Error => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(events: usize, bytes: usize) -> Queue {
        Queue::new(Bounds { events, bytes, wait: Duration::from_millis(20), ..Bounds::default() })
    }

    fn event(text: &str) -> Event {
        let mut event = Event::new(Kind::Message);
        event.content = Some(text.to_owned());
        event
    }

    fn texts(batch: Vec<Waiting>) -> Vec<(String, u64)> {
        batch.into_iter().map(|w| (w.event.content.unwrap(), w.lost_before)).collect()
    }

    #[test]
    fn a_full_queue_is_waited_for_once_and_then_counts() {
        let queue = queue(2, usize::MAX);
        let begun = Instant::now();
        let kept: Vec<bool> = ["a", "b", "c", "d", "e", "f", "g"]
            .iter()
            .map(|t| queue.push(event(t)).is_ok())
            .collect();
        assert_eq!(kept, [true, true, false, false, false, false, false]);
        let spent = begun.elapsed();
        assert!(spent >= Duration::from_millis(20), "the first waits: {spent:?}");
        assert!(spent < Duration::from_millis(80), "the others do not: {spent:?}");
        assert_eq!(texts(queue.take()), [("a".into(), 0), ("b".into(), 0)]);
        queue.push(event("h")).unwrap();
        assert_eq!(texts(queue.take()), [("h".into(), 5)], "the gap is in its place");
        assert_eq!(queue.lost(), 5);
    }

    #[test]
    fn the_shape_of_a_run_is_always_taken() {
        let queue = queue(1, usize::MAX);
        queue.push(event("a")).unwrap();
        queue.push(Event::new(Kind::StageResult)).unwrap();
        assert_eq!(queue.push(event("b")), Err(Refused::Full));
        queue.push(Event::new(Kind::RunEnd)).unwrap();
        assert_eq!(queue.take().len(), 3);
    }

    #[test]
    fn room_that_is_made_in_time_loses_nothing() {
        let queue =
            Queue::new(Bounds { events: 1, wait: Duration::from_mins(1), ..Bounds::default() });
        queue.push(event("a")).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| queue.push(event("b")));
            while queue.take().is_empty() {}
            second.join().unwrap().unwrap();
        });
        assert_eq!(queue.lost(), 0);
    }

    #[test]
    fn bytes_are_bounded_but_one_event_may_be_large() {
        let queue = queue(100, 2 * EVENT_BYTES + 1010);
        queue.push(event(&"x".repeat(2 * FRAME_BYTES))).unwrap();
        assert_eq!(queue.push(event("y")), Err(Refused::Full));
        assert_eq!(queue.take().len(), 1);
        assert_eq!(queue.push(event("z")), Ok(()));
        assert_eq!(queue.take().len(), 1);
        queue.push(event(&"x".repeat(900))).unwrap();
        queue.push(event(&"x".repeat(90))).unwrap();
        assert_eq!(queue.push(event(&"x".repeat(90))), Err(Refused::Full));
    }

    #[test]
    fn a_writer_that_is_gone_or_done_makes_nobody_wait() {
        let queue =
            Queue::new(Bounds { events: 1, wait: Duration::from_mins(1), ..Bounds::default() });
        queue.push(event("a")).unwrap();
        queue.abandon();
        assert_eq!(queue.push(event("b")), Err(Refused::Over));
        assert!(!queue.flushed(Duration::from_mins(1)));
        queue.close(Some(event("end")));
        queue.close(Some(event("end again")));
        assert_eq!(texts(queue.take()), [("a".into(), 0), ("end".into(), 1)]);
    }
}
