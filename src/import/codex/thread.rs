//! One thread of a run: its records, one after the other, to rows.
//!
//! The items of one response become one row, with the token count that closes it. Rollouts have no time at which a
//! request was sent; it goes out when its last input is in, and that is when the row begins.

use super::super::fields::Fields;
use super::super::rows::{RowId, Rows, timed};
use super::super::{ImportError, ImportReport};
use super::call::Call;
use super::plan::Member;
use super::record::Record;
use super::texts::{Texts, Voice, Waiting};
use super::tokens::{Meter, Reading};
use crate::trace::{Event, Kind, Timestamp};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// What the threads of a run share.
pub(super) struct Run<'s> {
    pub(super) rows: Rows<'s>,
    pub(super) report: ImportReport,
    /// The model of the run's facts.
    pub(super) model: String,
    /// Threads that were started, each with the id of the call that did it.
    pub(super) spawned: HashMap<String, String>,
}

/// A thread while it is read.
pub(super) struct Thread<'m> {
    pub(super) member: &'m Member,
    pub(super) path: &'m Path,
    /// The id of the sub-agent; empty for the main thread.
    pub(super) agent: String,
    pub(super) meter: Meter,
    /// A `token_usage_record` came: it says what `token_count` says, and for each response.
    pub(super) recorded: bool,
    pub(super) responses: HashSet<String>,
    pub(super) model: Option<String>,
    pub(super) context: Option<Fields>,
    pub(super) window: Option<i64>,
    /// When the latest input of the next call was in.
    pub(super) input_at: Option<Timestamp>,
    pub(super) latest: Option<Timestamp>,
    pub(super) call: Option<Call>,
    pub(super) calls: u64,
    rows: u64,
    pub(super) tools: BTreeMap<String, Tool>,
    /// Processes that go on, with the calls that started them.
    pub(super) processes: BTreeMap<i64, String>,
    pub(super) texts: Texts,
    pub(super) had_session: bool,
    pub(super) compacted: Option<usize>,
    /// Why the latest turn was ended by someone, if it was the last thing that happened.
    pub(super) aborted: Option<String>,
    /// The latest state of the cumulative counter, as written.
    pub(super) total: Option<Value>,
    /// The line of the latest count.
    pub(super) last_count: usize,
}

/// A tool call without its result.
pub(super) struct Tool {
    pub(super) row: RowId,
    pub(super) ts: Option<Timestamp>,
}

impl<'m> Thread<'m> {
    pub(super) fn new(member: &'m Member, main: &str) -> Self {
        let survey = &member.survey;
        let agent = if survey.agent.is_some() && member.thread != main {
            member.thread.clone()
        } else {
            String::new()
        };
        Self {
            member,
            path: survey.file.name(),
            agent,
            meter: Meter::default(),
            recorded: false,
            responses: HashSet::new(),
            model: survey.models.first().map(|(_, model)| model.clone()),
            context: None,
            window: None,
            input_at: None,
            latest: None,
            call: None,
            calls: 0,
            rows: 0,
            tools: BTreeMap::new(),
            processes: BTreeMap::new(),
            texts: Texts::default(),
            had_session: false,
            compacted: None,
            aborted: None,
            total: None,
            last_count: 0,
        }
    }

    /// Converts one record.
    pub(super) fn record(&mut self, run: &mut Run<'_>, record: Record) -> Result<(), ImportError> {
        if record.bad_time {
            run.report.reject_value(super::super::Rejected {
                path: self.path.to_owned(),
                line: record.line,
                problem: "a timestamp that is no time".to_owned(),
            });
        }
        if self.is_copy(&record) {
            self.copy(run, record);
            return Ok(());
        }
        self.latest = self.latest.max(record.ts);
        match record.kind.as_str() {
            "response_item" => self.item(run, record),
            "event_msg" => self.event(run, record),
            "turn_context" => self.turn_context(run, record),
            "session_meta" => self.session(run, record),
            "token_usage_record" => self.usage_record(run, record),
            "compacted" => self.compaction(run, record),
            "inter_agent_communication" => self.relayed(run, record),
            "inter_agent_communication_metadata"
            | "world_state"
            | "security_risk_score"
            | "retained_context"
            | "realtime_item"
            | "state" => {
                run.report.skip(&format!("{}: bookkeeping of the agent", record.kind), 1);
                Ok(())
            }
            other => {
                run.report.unknown(other);
                Ok(())
            }
        }
    }

    fn is_copy(&self, record: &Record) -> bool {
        let copies = &self.member.copies;
        let count = record.kind == "event_msg" && record.payload_type() == "token_count";
        let session = record.kind == "session_meta" && !self.had_session;
        match (session, count) {
            (true, _) => copies.same_thread,
            (_, true) => record.line <= copies.counted_until,
            _ => record.line <= copies.until,
        }
    }

    /// A record that was copied from another thread: it is counted there, and sets the state from which this one goes on.
    fn copy(&mut self, run: &mut Run<'_>, mut record: Record) {
        match record.kind.as_str() {
            "turn_context" => self.model = record.payload.text("model").or(self.model.take()),
            "event_msg" if record.payload_type() == "token_count" => {
                self.meter.read(record.payload.peek("info"));
                self.last_count = record.line;
            }
            "token_usage_record" => self.responses.extend(record.payload.text("response_id")),
            _ => {}
        }
        let origin = self.member.copies.origin(record.line);
        run.report.duplicate("copy of another thread's history", self.path, record.line, origin);
    }

    /// The turn goes on to something else: what is open is complete.
    pub(super) fn turn_edge(&mut self, run: &mut Run<'_>) -> Result<(), ImportError> {
        for left in self.texts.left() {
            self.only_said(run, left)?;
        }
        self.close_call(run)
    }

    /// A tool's result, the input of the next call, is in. Where counts come, the one of this call may still be to come.
    pub(super) fn input(
        &mut self,
        run: &mut Run<'_>,
        ts: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let complete = self.call.as_ref().is_some_and(|c| c.counted);
        if complete || !self.member.survey.counts_tokens {
            self.turn_edge(run)?;
        }
        self.input_at = ts;
        Ok(())
    }

    /// An event that has no item: the only record of what was said.
    fn only_said(&mut self, run: &mut Run<'_>, said: Waiting) -> Result<(), ImportError> {
        match said.voice {
            _ if said.text.trim().is_empty() => run.report.skip("an event without text", 1),
            Voice::User => {
                self.close_call(run)?;
                run.report.used();
                self.message(run, "user", Some(said.text), Fields::default(), said.ts)?;
            }
            Voice::Agent => {
                self.part_of_call(run, said.ts)?;
                self.say(said.text);
            }
            Voice::Reasoning => {
                self.part_of_call(run, said.ts)?;
                self.reason(said.text);
            }
        }
        Ok(())
    }

    /// Users' messages that stand only as events come before what the model answers.
    pub(super) fn users_first(&mut self, run: &mut Run<'_>) -> Result<(), ImportError> {
        for said in self.texts.left_of_users() {
            self.only_said(run, said)?;
        }
        Ok(())
    }

    /// A row of this thread.
    pub(super) fn row(&mut self, run: &Run<'_>, kind: Kind, ts: Option<Timestamp>) -> Event {
        let mut event = timed(kind, ts);
        if self.rows == 0 && !self.agent.is_empty() {
            event.parent_event_id = run.spawned.get(&self.agent).cloned();
        }
        self.rows += 1;
        let mut attributes = Fields::default();
        self.dress(&mut attributes);
        event.attributes = attributes.rest();
        event
    }

    /// Marks the attributes of a sub-agent's row.
    pub(super) fn dress(&self, attributes: &mut Fields) {
        if !self.agent.is_empty() {
            attributes.keep("agent_id", self.agent.clone());
            attributes.keep("agent_type", self.member.survey.agent.clone().unwrap_or_default());
        }
    }

    /// A message, or a mark of something that has no text.
    pub(super) fn message(
        &mut self,
        run: &mut Run<'_>,
        role: &str,
        text: Option<String>,
        mut rest: Fields,
        ts: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let mut event = self.row(run, Kind::Message, ts);
        event.role = Some(role.to_owned());
        event.content = text.filter(|t| !t.is_empty());
        self.dress(&mut rest);
        event.attributes = rest.rest();
        run.rows.push(event)
    }

    /// Reads a `token_count`.
    pub(super) fn token_count(
        &mut self,
        run: &mut Run<'_>,
        mut record: Record,
    ) -> Result<(), ImportError> {
        let info = record.payload.take("info");
        let window = info.as_ref().and_then(|i| i.get("model_context_window"));
        self.window = window.and_then(Value::as_i64).filter(|w| *w > 0).or(self.window);
        if let Some(model) = info.as_ref().and_then(|i| i.get("model")).and_then(Value::as_str) {
            self.model = Some(model.to_owned());
        }
        let part = |name: &str| info.as_ref().and_then(|i| i.get(name)).cloned();
        let before = std::mem::replace(&mut self.last_count, record.line);
        match self.meter.read(info.as_ref()) {
            Reading::Nothing => run.report.skip("token_count without counts: rate limits", 1),
            Reading::Repeated => run.report.duplicate(
                "token_count sent again",
                self.path,
                record.line,
                format!("{}:{before}", self.path.display()),
            ),
            Reading::Estimate => run.report.skip("token_count with an estimate of the context", 1),
            Reading::Call(_) if self.recorded => run.report.duplicate(
                "token_count of a response that has a token_usage_record",
                self.path,
                record.line,
                format!("{}:{before}", self.path.display()),
            ),
            Reading::Call(counts) => {
                self.total = part("total_token_usage");
                let raw = part("last_token_usage").or_else(|| part("total_token_usage"));
                let limits = record.payload.take("rate_limits");
                let notes = vec![("usage", raw), ("rate_limits", limits)];
                self.spend(run, counts, notes, None, record.ts)?;
            }
        }
        Ok(())
    }

    /// Ends the thread.
    pub(super) fn finish(&mut self, run: &mut Run<'_>) -> Result<(), ImportError> {
        self.turn_edge(run)?;
        for tool in std::mem::take(&mut self.tools).into_values() {
            run.rows.release(tool.row)?;
        }
        let name = self.path.display();
        if let Some(((input, output), (sum_input, sum_output))) =
            self.meter.difference().filter(|_| !self.recorded)
        {
            run.report.warn(format!(
                "{name}: the counter counted {input} input and {output} output tokens, its calls {sum_input} and {sum_output}"
            ));
        }
        if self.meter.odd_totals > 0 {
            let n = self.meter.odd_totals;
            run.report.warn(format!(
                "{name}: {n} token counts state a total that is not input and output together"
            ));
        }
        Ok(())
    }
}
