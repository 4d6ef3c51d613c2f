//! The rows of one run, in order, while some of them still wait for what comes later in the log.
//!
//! A tool call stands where it was made and holds its result, which comes many records later; a reply may be spread over
//! several records. Such rows are held, and with them the rows after them, until they are complete. What is held is
//! bounded: the oldest rows go on unfinished when too much waits for them.

use super::sink::Sink;
use super::stages::{Last, StageOutcome};
use super::{ImportError, ImportReport};
use crate::trace::{
    Clock, EndReason, Event, Kind, RunFacts, Streak, Timestamp, ToolKind, ToolStatus,
    arguments_hash, tool_kind,
};
use std::collections::{HashMap, VecDeque};

/// Bytes of rows that are held at most.
const HELD_BYTES: usize = 32 << 20;

/// A row that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowId(u64);

/// Builds the rows of one run and hands them on.
pub(super) struct Rows<'s> {
    sink: &'s mut dyn Sink,
    stage: Option<i64>,
    attempt: i64,
    /// Rows that are not handed on yet; `true` while more is to come for the row.
    held: VecDeque<(Event, bool)>,
    /// The number of the first row in `held`.
    first: u64,
    held_bytes: usize,
    /// Tool calls without a result, by thread and call id.
    open: HashMap<(String, String), RowId>,
    streaks: HashMap<String, Streak>,
    /// Answered LLM calls of the stage.
    answered: u64,
    /// What the stage's latest record was.
    pub(super) last: Last,
}

impl<'s> Rows<'s> {
    /// Begins a run; `start` is the time of its first timed event.
    pub(super) fn begin(
        sink: &'s mut dyn Sink,
        run: RunFacts,
        start: Option<Timestamp>,
    ) -> Result<Self, ImportError> {
        sink.begin(run, start)?;
        Ok(Self {
            sink,
            stage: None,
            attempt: 1,
            held: VecDeque::new(),
            first: 0,
            held_bytes: 0,
            open: HashMap::new(),
            streaks: HashMap::new(),
            answered: 0,
            last: Last::Prompt,
        })
    }

    /// Opens a stage, with a row of its own.
    pub(super) fn open_stage(
        &mut self,
        stage: i64,
        ts: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        self.stage = Some(stage);
        self.attempt = 1;
        self.answered = 0;
        self.last = Last::Prompt;
        self.streaks.clear();
        self.push(timed(Kind::StageStart, ts))
    }

    /// Adds a row that is complete.
    pub(super) fn push(&mut self, event: Event) -> Result<(), ImportError> {
        self.add(event, false)?;
        Ok(())
    }

    /// Adds a row to which more is to come, by [`Self::amend`], until it is [`Self::release`]d.
    pub(super) fn hold(&mut self, event: Event) -> Result<RowId, ImportError> {
        self.add(event, true)
    }

    /// Adds a tool call whose result is to come. `thread` is the agent that makes it, empty for the main one: streaks of
    /// equal calls are counted per thread. Hash, streak, kind and the status `unknown` are set here.
    pub(super) fn call(&mut self, thread: &str, mut event: Event) -> Result<RowId, ImportError> {
        let name = event.tool_name.clone().unwrap_or_default();
        let hash = arguments_hash(event.arguments.as_deref().unwrap_or_default());
        event.arguments_hash = Some(hash);
        event.identical_streak =
            Some(self.streaks.entry(thread.to_owned()).or_default().count(&name, hash));
        event.tool_kind = event.tool_kind.or_else(|| Some(tool_kind(&name)));
        event.tool_status = event.tool_status.or(Some(ToolStatus::Unknown));
        let id = event.tool_call_id.clone();
        let row = self.add(event, true)?;
        if let Some(id) = id {
            self.open.insert((thread.to_owned(), id), row);
        }
        Ok(row)
    }

    /// Adds a tool call that holds its result already, if its status says that it has one.
    pub(super) fn call_with_result(
        &mut self,
        thread: &str,
        event: Event,
    ) -> Result<(), ImportError> {
        let id = event.tool_call_id.clone();
        let row = self.call(thread, event)?;
        if let Some(id) = id {
            self.open.remove(&(thread.to_owned(), id));
        }
        let mut finish = None;
        self.amend(row, |event| {
            if event.tool_status == Some(ToolStatus::Denied) {
                event.tool_kind = None;
            }
            let has_result = event.tool_status != Some(ToolStatus::Unknown);
            finish = has_result.then_some(event.tool_kind == Some(ToolKind::Finish));
        });
        if let Some(finish) = finish {
            self.last = Last::ToolResult { finish };
        }
        self.release(row)
    }

    /// Fills in the result of a tool call. False when no such call waits: it was never made, has its result already, or
    /// was handed on because too much waited for it.
    pub(super) fn answer(
        &mut self,
        thread: &str,
        call_id: &str,
        fill: impl FnOnce(&mut Event),
    ) -> Result<bool, ImportError> {
        match self.open.remove(&(thread.to_owned(), call_id.to_owned())) {
            Some(row) => self.complete(row, fill),
            None => Ok(false),
        }
    }

    /// Fills in the result of a tool call that has no id to find it by. False when it was handed on already.
    pub(super) fn complete(
        &mut self,
        row: RowId,
        fill: impl FnOnce(&mut Event),
    ) -> Result<bool, ImportError> {
        let filled = self.amend(row, |event| {
            fill(event);
            if event.tool_status == Some(ToolStatus::Denied) {
                event.tool_kind = None;
            }
        });
        if filled {
            let finish = self.row(row).is_some_and(|e| e.tool_kind == Some(ToolKind::Finish));
            self.last = Last::ToolResult { finish };
            self.release(row)?;
        }
        Ok(filled)
    }

    /// The row of a result whose call is not in the log.
    pub(super) fn orphan_result(&mut self, mut event: Event) -> Result<(), ImportError> {
        event.kind = Kind::Error;
        event.error_type = Some("orphan_tool_result".to_owned());
        event.tool_name = None;
        event.tool_status = None;
        event.tool_kind = None;
        event.exit_code = None;
        self.add(event, false)?;
        Ok(())
    }

    /// Changes a held row; false when it was handed on already.
    pub(super) fn amend(&mut self, row: RowId, change: impl FnOnce(&mut Event)) -> bool {
        let Some(index) = self.index(row) else { return false };
        let Some((event, _)) = self.held.get_mut(index) else { return false };
        let before = bytes_of(event);
        change(event);
        self.held_bytes = self.held_bytes + bytes_of(event) - before.min(self.held_bytes);
        true
    }

    /// Says that a held row is complete.
    pub(super) fn release(&mut self, row: RowId) -> Result<(), ImportError> {
        if let Some(held) = self.index(row).and_then(|index| self.held.get_mut(index)) {
            held.1 = false;
        }
        self.hand_on(false)
    }

    /// Closes the stage, if one is open, with its result. Without an end reason in `outcome` it is read from the stage's
    /// last record; without a word on whether it was attempted, from whether a call was answered.
    pub(super) fn close_stage(
        &mut self,
        mut outcome: StageOutcome,
        mut result: Event,
    ) -> Result<Option<EndReason>, ImportError> {
        let Some(stage) = self.stage else { return Ok(None) };
        outcome.attempted = outcome.attempted.or(Some(self.answered > 0));
        let reason = outcome.end_reason.unwrap_or_else(|| match outcome.attempted {
            Some(false) => EndReason::NotAttempted,
            _ => self.last.end_reason(),
        });
        outcome.end_reason = Some(reason);
        result.kind = Kind::StageResult;
        result.stage = Some(stage);
        result.score = outcome.score;
        result.passed = outcome.passed;
        result.tests_total = outcome.tests_total;
        result.stage_status = outcome.status();
        result.end_reason = Some(reason);
        self.push(result)?;
        self.stage = None;
        Ok(Some(reason))
    }

    /// Ends the run. Calls that never got a result stay as they are.
    pub(super) fn end(
        mut self,
        mut run_end: Event,
        report: ImportReport,
    ) -> Result<(), ImportError> {
        run_end.kind = Kind::RunEnd;
        self.stage = None;
        self.push(run_end)?;
        self.hand_on(true)?;
        self.sink.end(report)
    }

    fn add(&mut self, mut event: Event, waits: bool) -> Result<RowId, ImportError> {
        if event.stage.is_none() {
            event.stage = self.stage;
        }
        if event.stage.is_some() && event.attempt.is_none() {
            event.attempt = Some(self.attempt);
        }
        if event.ts.is_some() && event.clock.is_none() {
            event.clock = Some(Clock::Source);
        }
        self.note(&event);
        let row = RowId(self.first + self.held.len() as u64);
        self.held_bytes += bytes_of(&event);
        self.held.push_back((event, waits));
        self.hand_on(false)?;
        Ok(row)
    }

    fn note(&mut self, event: &Event) {
        match event.kind {
            Kind::Message if event.role.as_deref() == Some("user") => self.last = Last::Prompt,
            Kind::LlmCall if event.error_type.is_none() => {
                self.answered += 1;
                self.last = Last::Reply;
            }
            Kind::ToolCall => self.last = Last::ToolCall,
            Kind::LlmCall | Kind::Error => {
                self.last = Last::Error {
                    code: event.error_type.clone().unwrap_or_default(),
                    detail: event.content.clone().unwrap_or_default(),
                };
            }
            _ => {}
        }
    }

    fn row(&self, row: RowId) -> Option<&Event> {
        self.held.get(self.index(row)?).map(|(event, _)| event)
    }

    fn index(&self, row: RowId) -> Option<usize> {
        usize::try_from(row.0.checked_sub(self.first)?).ok()
    }

    /// Hands on the rows at the front that are complete, or all of them.
    fn hand_on(&mut self, all: bool) -> Result<(), ImportError> {
        while let Some((_, waits)) = self.held.front() {
            if *waits && !all && self.held_bytes <= HELD_BYTES {
                break;
            }
            let Some((event, _)) = self.held.pop_front() else { break };
            self.first += 1;
            self.held_bytes -= bytes_of(&event).min(self.held_bytes);
            self.sink.event(event)?;
        }
        Ok(())
    }
}

/// Bytes of a row in memory: many short rows weigh more than their texts.
fn bytes_of(event: &Event) -> usize {
    size_of::<Event>() + event.text_bytes()
}

/// An event of a kind at a time.
pub(super) fn timed(kind: Kind, ts: Option<Timestamp>) -> Event {
    let mut event = Event::new(kind);
    event.ts = ts;
    event.clock = ts.map(|_| Clock::Source);
    event
}

/// Milliseconds from one time to a later one; `None` when either is unknown or they are the wrong way round.
#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 microseconds")]
pub(super) fn millis_between(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<f64> {
    let micros = end?.micros_since(start?);
    (micros >= 0).then(|| micros as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::super::sink::Collected;
    use super::*;

    fn call(id: &str) -> Event {
        let mut event = Event::new(Kind::ToolCall);
        event.tool_name = Some("Bash".to_owned());
        event.tool_call_id = Some(id.to_owned());
        event.arguments = Some("{}".to_owned());
        event
    }

    fn rows(build: impl FnOnce(&mut Rows<'_>)) -> Vec<Event> {
        let mut sink = Collected::default();
        let run = RunFacts { run_id: "r".to_owned(), ..RunFacts::default() };
        let mut rows = Rows::begin(&mut sink, run, None).unwrap();
        rows.open_stage(0, None).unwrap();
        build(&mut rows);
        rows.close_stage(StageOutcome::default(), Event::new(Kind::StageResult)).unwrap();
        rows.end(Event::new(Kind::RunEnd), ImportReport::default()).unwrap();
        sink.runs.remove(0).events
    }

    #[test]
    fn results_come_into_the_row_of_their_call_in_any_order() {
        let events = rows(|rows| {
            rows.push(Event::new(Kind::LlmCall)).unwrap();
            rows.call("", call("a")).unwrap();
            rows.call("", call("b")).unwrap();
            assert!(rows.answer("", "b", |e| e.content = Some("of b".into())).unwrap());
            assert!(!rows.answer("", "b", |_| ()).unwrap(), "it has its result");
            assert!(!rows.answer("sub", "a", |_| ()).unwrap(), "of another agent");
            assert!(rows.answer("", "a", |e| e.tool_status = Some(ToolStatus::Ok)).unwrap());
        });
        let calls: Vec<&Event> = events.iter().filter(|e| e.kind == Kind::ToolCall).collect();
        assert_eq!(calls[0].tool_status, Some(ToolStatus::Ok));
        assert_eq!(calls[1].content.as_deref(), Some("of b"));
        assert_eq!(calls[1].identical_streak, Some(2));
        assert_eq!(calls[1].tool_kind, Some(ToolKind::Shell));
        assert_eq!((calls[0].stage, calls[0].attempt), (Some(0), Some(1)));
        let seq: Vec<i64> = events.iter().map(|e| e.seq).collect();
        assert_eq!(seq, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_call_may_bring_its_result() {
        let events = rows(|rows| {
            let mut done = call("a");
            done.tool_status = Some(ToolStatus::Denied);
            rows.call_with_result("", done).unwrap();
            assert!(!rows.answer("", "a", |_| ()).unwrap(), "it has its result");
            rows.call_with_result("", call("b")).unwrap();
            assert_eq!(rows.last, Last::ToolCall, "it has none");
            let mut finish = call("c");
            finish.tool_name = Some("submit".to_owned());
            finish.tool_status = Some(ToolStatus::Ok);
            rows.call_with_result("", finish).unwrap();
            assert_eq!(rows.last, Last::ToolResult { finish: true });
            assert!(rows.held.is_empty(), "nothing waits");
        });
        assert_eq!(events[1].tool_kind, None, "nothing was executed");
        assert_eq!(
            (events[2].identical_streak, events[2].tool_kind),
            (Some(2), Some(ToolKind::Shell))
        );
    }

    #[test]
    fn a_call_for_which_too_much_waits_goes_on_without_its_result() {
        let text = "x".repeat(1 << 20);
        let events = rows(|rows| {
            rows.call("", call("a")).unwrap();
            for _ in 0..40 {
                let mut event = Event::new(Kind::LlmCall);
                event.content = Some(text.clone());
                rows.push(event).unwrap();
            }
            assert!(rows.held_bytes <= HELD_BYTES);
            assert!(!rows.answer("", "a", |_| ()).unwrap());
        });
        assert_eq!(events.iter().filter(|e| e.kind == Kind::LlmCall).count(), 40);
        assert_eq!(events[1].tool_status, Some(ToolStatus::Unknown));
    }

    #[test]
    fn many_short_rows_behind_a_call_are_bounded_as_well() {
        let most = HELD_BYTES / size_of::<Event>();
        rows(|rows| {
            rows.call("", call("a")).unwrap();
            for _ in 0..most + 10 {
                rows.push(Event::new(Kind::LlmCall)).unwrap();
            }
            assert!(rows.held.len() < most);
        });
    }

    #[test]
    fn the_last_record_says_how_a_stage_ended() {
        let ended = |build: fn(&mut Rows<'_>)| {
            let events = rows(build);
            let result = events.iter().find(|e| e.kind == Kind::StageResult).unwrap();
            (result.end_reason, result.stage_status)
        };
        let (reason, status) = ended(|_| ());
        assert_eq!(reason, Some(EndReason::NotAttempted));
        assert_eq!(status, Some(crate::trace::StageStatus::NotAttempted));
        assert_eq!(
            ended(|rows| rows.push(Event::new(Kind::LlmCall)).unwrap()),
            (Some(EndReason::AgentMessage), None),
            "nothing graded it"
        );
        let timeout = |rows: &mut Rows<'_>| {
            rows.push(Event::new(Kind::LlmCall)).unwrap();
            let mut failed = Event::new(Kind::LlmCall);
            failed.error_type = Some("timeout".to_owned());
            rows.push(failed).unwrap();
        };
        assert_eq!(ended(timeout).0, Some(EndReason::LlmTimeout));
    }
}
