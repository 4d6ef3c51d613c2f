//! One thread to rows.
//!
//! Usage belongs to a turn, in which there may have been any number of calls, so a turn is one row of the kind `llm_call`
//! that says so: its usage is an aggregate, and how many calls it stands for is unknown.

use super::super::codex::tokens::Counts;
use super::super::fields::Fields;
use super::super::files::lenient;
use super::super::rows::{RowId, Rows};
use super::super::sink::Sink;
use super::super::stages::{Last, StageOutcome};
use super::super::{ImportError, ImportReport};
use super::process::Process;
use crate::trace::{Event, Kind, RunFacts, UsageQuality};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// A thread while it is read.
pub(super) struct Thread<'s> {
    pub(super) rows: Rows<'s>,
    pub(super) report: ImportReport,
    /// The processes so far, this one included.
    pub(super) process: usize,
    turns: u64,
    pub(super) turn: Option<Turn>,
    /// Items of the process that have begun, by id.
    pub(super) open: BTreeMap<String, RowId>,
    /// The thread's usage at the end of its latest turn.
    counted: Option<Counts>,
    /// The text of an error that ended a turn, or is about to.
    error: Option<String>,
}

/// A turn that has not ended.
pub(super) struct Turn {
    row: RowId,
    pub(super) id: String,
    pub(super) texts: Vec<String>,
    pub(super) reasoning: Vec<String>,
}

/// Imports the processes of one thread.
pub(super) fn import(
    id: &str,
    processes: &[Process],
    mut report: ImportReport,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let model = processes.iter().find_map(|p| p.model.clone());
    if model.is_none() {
        report.warn("`codex exec --json` does not name the model; it is stored as `unknown`");
    }
    let facts = RunFacts {
        run_id: id.to_owned(),
        workload: "codex-exec".to_owned(),
        model: model.unwrap_or_else(|| "unknown".to_owned()),
        provider: None,
        agent: Some("codex".to_owned()),
        protocol: None,
    };
    let mut rows = Rows::begin(sink, facts, None)?;
    rows.push(Event::new(Kind::RunStart))?;
    rows.open_stage(0, None)?;
    let mut thread = Thread {
        rows,
        report,
        process: 0,
        turns: 0,
        turn: None,
        open: BTreeMap::new(),
        counted: None,
        error: None,
    };
    let mut seen = HashSet::new();
    for process in processes {
        let copy = !seen.insert(process.fingerprint);
        thread.read(process, copy)?;
    }
    thread.end()
}

impl Thread<'_> {
    fn read(&mut self, process: &Process, copy: bool) -> Result<(), ImportError> {
        let path = process.file.name();
        let mut lines = process.file.lines()?;
        self.process += 1;
        self.open.clear();
        let mut number = 0;
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) if line.number > process.lines.1 => break,
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    self.report.reject(path, number + 1, error.to_string());
                    break;
                }
            };
            number = line.number;
            if number < process.lines.0 {
                continue;
            }
            if copy {
                let origin = "the same output in another place";
                self.report.duplicate("copy of a process's output", path, number, origin);
            } else if line.cut {
                self.report.reject(path, number, "a line beyond 256 MiB");
            } else {
                match lenient::<Value>(line.bytes).map(Fields::of) {
                    Ok(Some(event)) => self.event(path, number, event)?,
                    Ok(None) => self.report.reject(path, number, "not a JSON object"),
                    Err(error) => self.report.reject(path, number, error.to_string()),
                }
            }
        }
        self.close_turn(None, None)
    }

    fn event(&mut self, path: &Path, line: usize, mut event: Fields) -> Result<(), ImportError> {
        let kind = event.text("type").unwrap_or_default();
        match kind.as_str() {
            "thread.started" | "session.created" => self.report.used(),
            "turn.started" => {
                self.close_turn(None, None)?;
                self.error = None;
                self.report.skip("a turn began", 1);
            }
            "turn.completed" => return self.turn_completed(event),
            "turn.failed" => return self.turn_failed(path, line, event),
            "error" => return self.failed(event),
            "item.started" | "item.updated" | "item.completed" => {
                return self.item(&kind, event);
            }
            "item.plan.delta" => self.report.skip("a piece of what comes as a whole", 1),
            "request_user_input" => return self.asked(event),
            "" => self.report.reject(path, line, "an event without a type"),
            other => self.report.unknown(other),
        }
        Ok(())
    }

    /// Makes sure that the row of the turn is there.
    pub(super) fn in_turn(&mut self) -> Result<(), ImportError> {
        if self.turn.is_none() {
            self.turns += 1;
            let id = format!("turn-{}", self.turns);
            let mut row = Event::new(Kind::LlmCall);
            row.event_id = Some(id.clone());
            row.role = Some("assistant".to_owned());
            row.usage_quality = Some(UsageQuality::Aggregate);
            let row = self.rows.hold(row)?;
            self.turn = Some(Turn { row, id, texts: Vec::new(), reasoning: Vec::new() });
        }
        Ok(())
    }

    fn turn_completed(&mut self, mut event: Fields) -> Result<(), ImportError> {
        let raw = event.take("usage");
        let now = raw.as_ref().and_then(Counts::of);
        let spent = match (now, self.counted) {
            (Some(now), Some(before)) => now.since(&before).or(Some(now)),
            (now, _) => now,
        };
        self.counted = now.or(self.counted);
        let answered = self.turn.as_ref().is_some_and(|turn| !turn.texts.is_empty());
        if self.turn.is_some() {
            self.report.merge("usage of a turn that has a row");
        } else {
            self.report.used();
        }
        self.in_turn()?;
        self.close_turn(spent, raw)?;
        if answered {
            self.rows.last = Last::Reply;
        }
        Ok(())
    }

    /// Completes the row of the turn, with what it used where that is known.
    fn close_turn(&mut self, spent: Option<Counts>, raw: Option<Value>) -> Result<(), ImportError> {
        for row in std::mem::take(&mut self.open).into_values() {
            self.rows.release(row)?;
        }
        let Some(turn) = self.turn.take() else { return Ok(()) };
        let mut attributes = Fields::default();
        if let Some(raw) = raw {
            // As written: of the thread so far.
            attributes.keep("usage", raw);
        }
        if !turn.reasoning.is_empty() {
            attributes.keep("reasoning", turn.reasoning.join("\n\n"));
        }
        let attributes = attributes.rest();
        let text = (!turn.texts.is_empty()).then(|| turn.texts.join("\n\n"));
        let spent = spent.filter(|spent| !spent.is_zero());
        let fill = |event: &mut Event| {
            event.content = text;
            event.attributes = attributes;
            if let Some(spent) = spent {
                spent.usage().fill(event, Some(UsageQuality::Aggregate));
            }
        };
        let mut fill = Some(fill);
        self.rows.amend(turn.row, |event| {
            if let Some(fill) = fill.take() {
                fill(event);
            }
        });
        if let Some(fill) = fill {
            // Its row had to go on before the turn ended; what it used is not lost with it.
            let mut late = Event::new(Kind::LlmCall);
            fill(&mut late);
            late.llm_call_count = Some(0);
            self.rows.push(late)?;
        }
        self.rows.release(turn.row)
    }

    fn turn_failed(
        &mut self,
        path: &Path,
        line: usize,
        mut event: Fields,
    ) -> Result<(), ImportError> {
        let text = event.object("error").and_then(|mut e| e.text("message")).unwrap_or_default();
        let begun = self.turn.is_some();
        self.close_turn(None, None)?;
        if self.error.take().is_some_and(|said| said == text) {
            self.report.duplicate("error that is said twice", path, line, "the event before");
            return Ok(());
        }
        self.report.used();
        let row = if begun { Kind::Error } else { Kind::LlmCall };
        self.error_row(row, "turn_failed", text, event)
    }

    fn failed(&mut self, mut event: Fields) -> Result<(), ImportError> {
        self.report.used();
        let text = event.text("message").unwrap_or_default();
        if text.starts_with("Reconnecting") {
            // A request that is made again.
            return self.error_row(Kind::LlmCall, "stream_error", text, event);
        }
        self.error = Some(text.clone());
        let row = if self.turn.is_some() { Kind::Error } else { Kind::LlmCall };
        self.error_row(row, "error", text, event)
    }

    fn error_row(
        &mut self,
        kind: Kind,
        code: &str,
        text: String,
        rest: Fields,
    ) -> Result<(), ImportError> {
        let mut row = Event::new(kind);
        row.error_type = Some(code.to_owned());
        row.attributes = rest.rest_counted(&mut self.report);
        row.content = Some(text.clone()).filter(|text| !text.is_empty());
        self.rows.push(row)?;
        self.rows.last = Last::Error { code: cause(&text).to_owned(), detail: text };
        Ok(())
    }

    fn end(mut self) -> Result<(), ImportError> {
        let outcome = StageOutcome::default();
        let reason = self.rows.close_stage(outcome, Event::new(Kind::StageResult))?;
        let mut end = Event::new(Kind::RunEnd);
        end.end_reason = reason;
        self.rows.end(end, self.report)
    }
}

/// What an error is about, by its words.
fn cause(text: &str) -> &'static str {
    let text = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["rate limit", "usage limit", "too many requests", "429"]) {
        "ratelimit"
    } else if has(&["timed out", "timeout"]) {
        "timeout"
    } else if has(&["stream", "unexpected status", "connection", "model"]) {
        "llm_error"
    } else {
        "error"
    }
}
