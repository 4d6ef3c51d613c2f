//! The steps of a document to rows: messages, replies with their calls, and what was copied from elsewhere.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::report::Rejected;
use super::super::rows::RowId;
use super::super::stages::Last;
use super::calls::{Group, Reply};
use super::content::text_of;
use super::convert::{Agent, Conversation, joined, mark};
use super::results::{ToolResult, calls_in_tags, calls_of, of_only_call, results_of};
use super::times::{When, time_of};
use crate::trace::{Clock, Event, Kind, ToolKind, tool_kind};
use serde_json::Value;
use std::collections::BTreeSet;

impl Conversation<'_> {
    /// Steps that are one record of the conversation.
    pub(super) fn group(&mut self, agent: &mut Agent, group: Group) -> Result<(), ImportError> {
        let mut steps = Vec::new();
        for (n, value) in group {
            let key = key_of(&value);
            let Some(mut step) = Fields::of(value) else {
                self.report.reject(&agent.path, n, "a step that is not an object");
                continue;
            };
            let place = format!("step {n} of {}", agent.path.display());
            if step.peek("step_id").and_then(Value::as_u64) == Some(n as u64) {
                step.drop("step_id");
            }
            if step.flag("is_copied_context") == Some(true) {
                self.copied(agent, n, step, key)?;
                continue;
            }
            if let Some(key) = key {
                self.seen.entry(key).or_insert(place);
            }
            steps.push((n, step));
        }
        let Some((n, first)) = steps.first_mut() else { return Ok(()) };
        let n = *n;
        match first.text("source").as_deref() {
            Some("agent") => self.reply(agent, steps),
            Some(role @ ("user" | "system")) => {
                self.report.used();
                let step = steps.remove(0).1;
                self.message(agent, n, role, step)
            }
            other => {
                let kind = format!("step with the source `{}`", other.unwrap_or("none"));
                self.report.unknown(&kind);
                Ok(())
            }
        }
    }

    /// A step that was copied from an earlier document: once more the same, unless that document is not here.
    fn copied(
        &mut self,
        agent: &mut Agent,
        n: usize,
        mut step: Fields,
        key: Option<String>,
    ) -> Result<(), ImportError> {
        const REASON: &str = "copied from an earlier document";
        match key.as_ref().map(|key| self.seen.get(key)) {
            Some(Some(place)) => {
                let place = place.clone();
                self.report.duplicate(REASON, &agent.path, n, place);
                return Ok(());
            }
            None => {
                self.report.duplicate(REASON, &agent.path, n, "the document before this one");
                return Ok(());
            }
            Some(None) => {}
        }
        if let Some(key) = key {
            self.seen.insert(key, format!("step {n} of {}", agent.path.display()));
        }
        self.report.used();
        let when = self.when(agent, n, &mut step);
        let source = step.text("source").unwrap_or_default();
        let mut row = Event::new(Kind::Message);
        row.event_id = Some(format!("{}step-{n}", agent.prefix));
        row.role = Some(if source == "agent" { "assistant".to_owned() } else { source });
        let (text, parts) = text_of(step.take("message"));
        row.content = text;
        let mut attributes = Fields::default();
        attributes.keep("is_copied_context", true);
        if let Some(parts) = parts {
            attributes.keep("content_parts", parts);
        }
        row.attributes = joined(attributes, step, &mut self.report);
        self.push(agent, when, row)
    }

    fn message(
        &mut self,
        agent: &mut Agent,
        n: usize,
        role: &str,
        mut step: Fields,
    ) -> Result<(), ImportError> {
        let when = self.when(agent, n, &mut step);
        let id = format!("{}step-{n}", agent.prefix);
        let path = agent.path.clone();
        let results = results_of(&mut step, (&path, n), &mut self.report);
        let (text, parts) = text_of(step.take("message"));
        let mut row = Event::new(Kind::Message);
        row.event_id = Some(id.clone());
        row.role = Some(role.to_owned());
        row.content = text;
        let mut attributes = Fields::default();
        if let Some(parts) = parts {
            attributes.keep("content_parts", parts);
        }
        let extra = step.object("extra").unwrap_or_default();
        let more = merged(step, extra);
        row.attributes = joined(attributes, more, &mut self.report);
        self.push(agent, when, row)?;
        self.results(agent, &id, when, results, &mut Vec::new(), &Fields::default())
    }

    /// The steps of one reply: its row, then the calls with their results.
    fn reply(&mut self, agent: &mut Agent, steps: Vec<(usize, Fields)>) -> Result<(), ImportError> {
        let path = agent.path.clone();
        let mut reply = Reply::default();
        let mut parts = Vec::new();
        let mut more = Fields::default();
        let mut id = None;
        for (n, mut step) in steps {
            if id.is_none() {
                self.report.used();
            } else {
                self.report.merge("another step of the same reply");
            }
            id.get_or_insert_with(|| format!("{}step-{n}", agent.prefix));
            let when = self.when(agent, n, &mut step);
            let mut extra = step.object("extra").unwrap_or_default();
            let text = step.peek("message").and_then(Value::as_str).unwrap_or_default().to_owned();
            reply.take(
                &mut step,
                &mut extra,
                when.map(|(ts, _)| ts),
                agent.arithmetic,
                &mut self.report,
            );
            let mut calls =
                calls_of(&mut step, (&path, n), when.map(|(ts, _)| ts), &mut self.report);
            if calls.is_empty() && agent.name.as_deref() == Some("openhands") {
                calls = calls_in_tags(&text, when.map(|(ts, _)| ts));
            }
            if agent.repeats {
                for call in &calls {
                    let name = call.tool_name.as_deref().unwrap_or_default();
                    let id = call.tool_call_id.as_deref().unwrap_or_default();
                    reply.drop_text(&format!("Executed {name} {id}"));
                }
            }
            let of_call = match calls.as_mut_slice() {
                [only] => of_only_call(&mut extra, only, &mut self.report),
                _ => Fields::default(),
            };
            let results = results_of(&mut step, (&path, n), &mut self.report);
            step.drop("source");
            step.drop("model_name");
            for (name, value) in merged(step, extra).into_pairs() {
                if more.peek(&name) != Some(&value) {
                    more.keep(&name, value);
                }
            }
            parts.push((when, calls, of_call, results));
        }
        let Some(id) = id else { return Ok(()) };
        let when = parts.iter().find_map(|(when, ..)| *when);
        let thread = more.text("agent_id").filter(|t| !t.is_empty());
        let outer = agent.id.clone();
        if agent.id.is_none() && thread.is_some() {
            agent.id = thread;
        }
        let row = reply.row(&id, &self.model, more, &mut self.report);
        self.all.add(&row);
        if agent.id.is_none() {
            self.own.add(&row);
        }
        self.push(agent, when, row)?;
        for (when, calls, of_call, results) in parts {
            let mut open = Vec::new();
            let last = calls.last().and_then(|c| c.tool_name.as_deref());
            let finishes = last.map(tool_kind) == Some(ToolKind::Finish);
            for mut call in calls {
                call.parent_event_id = Some(id.clone());
                mark(&mut call, agent, when);
                let thread = agent.id.clone().unwrap_or_default();
                let call_id = call.tool_call_id.clone();
                open.push((call_id, Some(self.rows.call(&thread, call)?)));
            }
            let unanswered = results.is_empty();
            self.results(agent, &id, when, results, &mut open, &of_call)?;
            if unanswered && finishes {
                // Nobody answers a call that ends the run.
                self.rows.last = Last::ToolResult { finish: true };
            }
        }
        agent.id = outer;
        Ok(())
    }

    /// Results to their calls, or to rows of their own; then the sub-agents that they refer to.
    fn results(
        &mut self,
        agent: &mut Agent,
        step_id: &str,
        when: When,
        results: Vec<ToolResult>,
        open: &mut [(Option<String>, Option<RowId>)],
        of_call: &Fields,
    ) -> Result<(), ImportError> {
        let thread = agent.id.clone().unwrap_or_default();
        let nameless = results.iter().filter(|r| r.call_id.is_none() && r.text.is_some()).count();
        let answered: BTreeSet<String> = results.iter().filter_map(|r| r.call_id.clone()).collect();
        let unanswered = |id: &Option<String>| id.as_ref().is_none_or(|id| !answered.contains(id));
        // As many results without a name as calls without a result belong together, in order.
        let in_order = nameless == open.iter().filter(|(id, _)| unanswered(id)).count();
        let mut started = Vec::new();
        for mut result in results {
            let references = std::mem::take(&mut result.subagents);
            let in_turn = result.call_id.is_none() && in_order && result.text.is_some();
            let call = open.iter_mut().find(|(id, row)| in_turn && unanswered(id) && row.is_some());
            let (named, row) = call.map_or((None, None), |(id, row)| (id.clone(), row.take()));
            let call_id = result.call_id.clone().or(named);
            let mut result = Some(result);
            let report = &mut self.report;
            let fill = |event: &mut Event| {
                if let Some(result) = result.take() {
                    result.fill(event, of_call, report);
                }
            };
            match (&call_id, row) {
                (Some(id), _) => self.rows.answer(&thread, id, fill)?,
                (None, Some(row)) => self.rows.complete(row, fill)?,
                (None, None) => false,
            };
            let left = result.and_then(|r| r.message(when.map(|(ts, _)| ts), &mut self.report));
            if let Some(mut row) = left {
                row.parent_event_id = Some(step_id.to_owned());
                mark(&mut row, agent, when);
                match call_id {
                    Some(_) => self.rows.orphan_result(row)?,
                    None => self.rows.push(row)?,
                }
            }
            started.push((call_id.unwrap_or_else(|| step_id.to_owned()), references));
        }
        for (parent, references) in started {
            for reference in references {
                self.start(agent, &parent, &reference)?;
            }
        }
        Ok(())
    }

    /// Takes a step's time.
    fn when(&mut self, agent: &Agent, n: usize, step: &mut Fields) -> When {
        let value = step.take("timestamp")?;
        let when = time_of(&value);
        match when {
            Some((_, Clock::AssumedUtc)) if !self.naive => {
                self.naive = true;
                self.report.warn("times have no zone and are read as UTC");
            }
            None => {
                let problem = format!("step {n}: not a time: {value}");
                self.report.reject_value(Rejected { path: agent.path.clone(), line: n, problem });
                step.keep("timestamp", value);
            }
            Some(_) => {}
        }
        when
    }
}

/// What a step says, to know its copy by; `None` when it says nothing.
fn key_of(step: &Value) -> Option<String> {
    let message = step.get("message").filter(|m| m.as_str() != Some("") && !m.is_null());
    let calls = step.get("tool_calls").filter(|c| c.as_array().is_some_and(|c| !c.is_empty()));
    if message.is_none() && calls.is_none() {
        return None;
    }
    let source = step.get("source").and_then(Value::as_str).unwrap_or_default();
    let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
    Some(format!("{source}\n{}\n{}", text(message), text(calls)))
}

/// The fields of a step, with those of its `extra` in their place.
fn merged(mut step: Fields, extra: Fields) -> Fields {
    for (name, value) in extra.into_pairs() {
        // A name that both have says two things.
        let name = if step.peek(&name).is_some() { format!("extra.{name}") } else { name };
        step.keep(&name, value);
    }
    step
}
