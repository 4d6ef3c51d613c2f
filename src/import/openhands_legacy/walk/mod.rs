//! Actions and observations to rows.
//!
//! A response is one `llm_call`, whatever number of actions it asked for. Its usage is joined by its id; an action without
//! one says how many tokens the run had used so far, which points at one call as well. Calls that no action came of, those
//! of a condenser and replies that could not be parsed, are rows of their own where they stand among the others. What an
//! agent that was delegated to does is told by its place: between the delegation and its result.

mod replies;

use super::super::fields::Fields;
use super::super::model_response::Response;
use super::super::naive_clock::Alignment;
use super::super::openhands_metrics::Calls;
use super::super::rows::Rows;
use super::super::{ImportError, ImportReport};
use super::history::Entry;
use super::observation::{error_id, fill, keep};
use crate::trace::{Clock, Event, Kind, Timestamp};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Actions of the harness about itself.
const HARNESS_ACTIONS: &[&str] = &[
    "change_agent_state",
    "null",
    "pause",
    "recall",
    "resume",
    "start",
    "stop",
    "initialize",
    "init",
];
/// Fields of an action that say how the harness ran it, or repeat the reply.
const HARNESS_ARGUMENTS: &[&str] = &["thought", "confirmation_state", "is_confirmed"];

/// An agent that was delegated to.
struct Delegate {
    id: String,
    name: Option<String>,
    /// The call that is waiting for it, by thread and call id.
    call: (String, String),
    parent: Option<String>,
}

/// The state of the walk.
pub(super) struct Walk {
    calls: Calls,
    alignment: Alignment,
    /// Responses of the history, which say themselves where they stand.
    in_history: HashSet<String>,
    /// The next call that may have no action.
    next: usize,
    seen: HashSet<String>,
    /// Thread and call id by the id of the action, and of the latest one.
    open: HashMap<String, (String, String)>,
    latest: Option<(String, String)>,
    delegates: Vec<Delegate>,
    /// Rows of calls.
    pub(super) replies: i64,
    /// Those with tokens, and those with costs.
    pub(super) metered: i64,
    pub(super) priced: i64,
    /// Prompt and completion tokens of all of them.
    pub(super) used: (i64, i64),
    /// Why the harness says that the agent stopped.
    pub(super) stopped: Option<String>,
}

impl Walk {
    pub(super) fn new(calls: Calls, alignment: Alignment, entries: &[Entry]) -> Self {
        Self {
            calls,
            alignment,
            in_history: entries.iter().filter_map(|e| e.response_id.clone()).collect(),
            next: 0,
            seen: HashSet::new(),
            open: HashMap::new(),
            latest: None,
            delegates: Vec::new(),
            replies: 0,
            metered: 0,
            priced: 0,
            used: (0, 0),
            stopped: None,
        }
    }

    /// The rows of one entry.
    pub(super) fn entry(
        &mut self,
        mut entry: Entry,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        if !entry.is_action {
            return self.observation(entry, rows, report);
        }
        match (entry.kind.as_str(), entry.is_of_agent()) {
            (kind, _) if HARNESS_ACTIONS.contains(&kind) => {
                report.skip(&format!("`{kind}` action of the harness"), 1);
                Ok(())
            }
            ("system", _) => self.message(entry, "system", rows, report),
            ("message", false) => self.message(entry, "user", rows, report),
            ("condensation" | "condensation_request", _) => {
                self.message(entry, "system", rows, report)
            }
            ("message", true) => {
                let text = argument(&mut entry, "content");
                let parent = self.reply(&mut entry, text.clone(), rows, report)?;
                report.used();
                if parent.is_new {
                    return Ok(());
                }
                // Said beside the actions of a reply that has its row.
                let mut event = self.event(Kind::Message, &entry);
                event.role = Some("assistant".to_owned());
                event.parent_event_id = parent.id;
                event.content = text;
                rows.push(self.placed(event))
            }
            (_, of_agent) => {
                let thought = argument(&mut entry, "thought");
                let parent =
                    if of_agent { self.reply(&mut entry, thought, rows, report)?.id } else { None };
                self.action(entry, parent, rows, report)
            }
        }
    }

    /// The calls that no action came of, to the end of the log.
    pub(super) fn end(
        &mut self,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        self.unseen_until(self.calls.all().len(), rows, report)
    }

    /// The row of a call of a tool.
    fn action(
        &mut self,
        mut entry: Entry,
        parent: Option<String>,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        report.used();
        let mut event = self.event(Kind::ToolCall, &entry);
        let action_id = entry.id.take();
        let event_id = action_id.clone().unwrap_or_else(|| format!("item-{}", entry.position));
        event.event_id = Some(event_id.clone());
        event.parent_event_id = parent;
        let mut metadata = entry.fields.object("tool_call_metadata").unwrap_or_default();
        let call_id = metadata.text("tool_call_id").filter(|id| !id.is_empty());
        event.tool_name = metadata.text("function_name").or_else(|| Some(entry.kind.clone()));
        let written = metadata.take("model_response").and_then(|response| {
            let calls = Response::of(Fields::of(response)?).calls;
            calls.into_iter().find(|call| call.id == call_id)?.arguments
        });
        entry.fields.drop("message");
        // Older logs have the arguments beside the action.
        let mut arguments =
            entry.fields.object("args").unwrap_or_else(|| std::mem::take(&mut entry.fields));
        for name in HARNESS_ARGUMENTS {
            arguments.drop(name);
        }
        match written {
            Some(written) => {
                let known = Fields::of(serde_json::from_str(&written).unwrap_or_default())
                    .unwrap_or_default();
                for (name, value) in
                    arguments.into_pairs().filter(|(n, v)| known.peek(n) != Some(v))
                {
                    entry.fields.keep(&name, value);
                }
                event.arguments = Some(written);
            }
            None => event.arguments = Some(arguments.into_value().to_string()),
        }
        if event.tool_name.as_ref() != Some(&entry.kind) {
            entry.fields.keep("action", entry.kind.as_str());
        }
        if entry.source.as_deref() == Some("user") {
            entry.fields.keep("source", "user");
        }
        let call_id = call_id.unwrap_or_else(|| event_id.clone());
        event.tool_call_id = Some(call_id.clone());
        event.attributes = entry.fields.rest_counted(report);
        let thread = self.thread();
        let delegated = (entry.kind == "delegate").then(|| {
            let arguments: Value = event
                .arguments
                .as_deref()
                .and_then(|a| serde_json::from_str(a).ok())
                .unwrap_or_default();
            arguments.get("agent").and_then(Value::as_str).map(str::to_owned)
        });
        rows.call(&thread, self.placed(event))?;
        if entry.kind == "finish" {
            // It is not answered: the agent has stopped.
            rows.answer(&thread, &call_id, |_| ())?;
            return Ok(());
        }
        let call = (thread, call_id);
        if let Some(name) = delegated {
            let id = format!("delegate-{event_id}");
            self.delegates.push(Delegate { id, name, call: call.clone(), parent: Some(event_id) });
        }
        if let Some(id) = action_id {
            self.open.insert(id, call.clone());
        }
        self.latest = Some(call);
        Ok(())
    }

    fn observation(
        &mut self,
        entry: Entry,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        match entry.kind.as_str() {
            "agent_state_changed" => {
                let reason = entry.fields.peek("extras").and_then(|e| e.get("reason")?.as_str());
                self.stopped =
                    reason.filter(|r| !r.is_empty()).map(str::to_owned).or(self.stopped.take());
                report.skip("state of the agent, as the harness sees it", 1);
                return Ok(());
            }
            "null" => {
                report.skip("observation of nothing", 1);
                return Ok(());
            }
            "recall" | "agent_condensation" => return self.message(entry, "system", rows, report),
            _ => {}
        }
        let metadata = entry.fields.peek("tool_call_metadata");
        let call_id = metadata.and_then(|m| m.get("tool_call_id")?.as_str()).map(str::to_owned);
        let ends_delegation = entry.kind == "delegate";
        let call = if let Some(delegate) = self.delegates.pop_if(|_| ends_delegation) {
            Some(delegate.call)
        } else if let Some(cause) = &entry.cause {
            self.open.remove(cause)
        } else if let Some(id) = call_id {
            Some((self.thread(), id))
        } else if entry.id.is_none() {
            self.latest.take()
        } else {
            None
        };
        let ended = self.time(&entry).map(|(ts, _)| ts);
        let mut pending = Some(entry);
        if let Some((thread, id)) = call {
            rows.answer(&thread, &id, |event| {
                if let Some(entry) = pending.take() {
                    event.attributes = fill(event, entry, ended).rest_counted(report);
                }
            })?;
        }
        match pending {
            None => report.merge("observation, in the row of its call"),
            Some(entry) => {
                report.used();
                self.unasked(entry, rows, report)?;
            }
        }
        Ok(())
    }

    /// The row of an observation that no action waits for: an error, or one whose action is not in the log.
    fn unasked(
        &mut self,
        mut entry: Entry,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        let is_error = entry.kind == "error";
        let mut parent = None;
        if is_error {
            // A reply that could not be parsed: the next call, if no action says that it is its own.
            while self
                .calls
                .all()
                .get(self.next)
                .is_some_and(|c| self.seen.contains(&c.response_id))
            {
                self.next += 1;
            }
            let next = self.calls.all().get(self.next);
            if next.is_some_and(|call| !self.in_history.contains(&call.response_id)) {
                parent = next.map(|call| call.response_id.clone());
                self.unseen_until(self.next + 1, rows, report)?;
            }
        }
        let mut event = self.event(Kind::Error, &entry);
        event.event_id = entry.id.take();
        event.parent_event_id = parent;
        event.content = entry.fields.text("content");
        event.error_type = is_error.then(|| error_id(&mut entry.fields));
        let mut rest = Fields::default();
        keep(&mut rest, entry, Some("error"));
        event.attributes = rest.rest_counted(report);
        let event = self.placed(event);
        if is_error { rows.push(event) } else { rows.orphan_result(event) }
    }

    /// The row of a text that is no reply.
    fn message(
        &mut self,
        mut entry: Entry,
        role: &str,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        report.used();
        let mut event = self.event(Kind::Message, &entry);
        event.event_id = entry.id.take();
        event.role = Some(role.to_owned());
        let said = argument(&mut entry, "content").or_else(|| argument(&mut entry, "summary"));
        event.content = said.or_else(|| entry.fields.text("message"));
        for name in ["message", "tool_call_metadata"] {
            entry.fields.drop(name);
        }
        if !matches!(entry.kind.as_str(), "message" | "system") {
            entry.fields.keep("event", entry.kind.as_str());
        }
        for name in ["args", "extras"] {
            for (name, value) in entry.fields.object(name).into_iter().flat_map(Fields::into_pairs)
            {
                entry.fields.keep(&name, value);
            }
        }
        event.attributes = entry.fields.rest_counted(report);
        rows.push(self.placed(event))
    }

    fn thread(&self) -> String {
        self.delegates.last().map(|delegate| delegate.id.clone()).unwrap_or_default()
    }

    /// A row of the agent that works now.
    fn placed(&mut self, mut event: Event) -> Event {
        if let Some(delegate) = self.delegates.last_mut() {
            let mut rest = Fields::of_attributes(event.attributes.take());
            rest.keep("agent_id", delegate.id.as_str());
            if let Some(name) = &delegate.name {
                rest.keep("agent_type", name.as_str());
            }
            event.attributes = rest.rest();
            // Its first row comes of the delegation.
            event.parent_event_id = event.parent_event_id.or_else(|| delegate.parent.take());
        }
        event
    }

    fn time(&self, entry: &Entry) -> Option<(Timestamp, Clock)> {
        entry.time.map(|time| self.alignment.utc(time, entry.zoned))
    }

    fn event(&self, kind: Kind, entry: &Entry) -> Event {
        let mut event = Event::new(kind);
        if let Some((ts, clock)) = self.time(entry) {
            event.ts = Some(ts);
            event.clock = Some(clock);
        }
        event
    }
}

/// Takes a text of an action, from its arguments or from beside them.
fn argument(entry: &mut Entry, name: &str) -> Option<String> {
    let mut arguments = entry.fields.object("args");
    let found = arguments.as_mut().and_then(|arguments| arguments.text(name));
    if let Some(arguments) = arguments {
        entry.fields.keep("args", arguments.into_value());
    }
    found.or_else(|| entry.fields.text(name))
}
