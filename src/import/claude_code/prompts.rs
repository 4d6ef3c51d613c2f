//! Lines of the user to rows: prompts, results of tools, and what the client puts into a prompt by itself.

use super::super::ImportError;
use super::super::claude::{Blocks, ToolResult, hash_of};
use super::super::fields::Fields;
use super::super::rows::timed;
use super::line::Message;
use super::walk::{Entry, Walk};
use crate::trace::{Event, Kind};
use serde_json::Value;

/// Why a line of a compaction is no row.
const HISTORY: &str = "history copied for a compaction";

impl Walk<'_, '_> {
    /// A prompt, or the results of tools.
    pub(super) fn user(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let Some(message) = entry.message.take() else {
            // What was said may stand in its place.
            let said = entry.fields.take("message");
            return self.message(entry, Fields::default(), Blocks::of(said));
        };
        let Message { mut blocks, fields: mut message } = message;
        message.drop("role");
        let results = std::mem::take(&mut blocks.results);
        if results.is_empty() {
            if blocks.is_empty() && message.clone().rest().is_none() {
                self.report.skip("message without content", 1);
                return Ok(());
            }
            return self.message(entry, message, blocks);
        }
        if is_compaction(&entry) {
            // It asked for no tool: results are of the history that is being summed up.
            self.report.skip(HISTORY, 1);
            return Ok(());
        }
        for (name, value) in message.into_pairs() {
            entry.fields.keep(&name, value);
        }
        if !blocks.is_empty() {
            // Words beside a result are a message of their own.
            let words = Entry {
                message: None,
                fields: Fields::default(),
                uuid: entry.uuid.clone(),
                thread: entry.thread.clone(),
                parent: entry.parent.clone(),
                ..entry
            };
            self.add_message(words, Fields::default(), blocks)?;
        }
        self.results(&mut entry, results)
    }

    fn results(
        &mut self,
        entry: &mut Entry<'_>,
        results: Vec<ToolResult>,
    ) -> Result<(), ImportError> {
        let mut own = entry.fields.take("toolUseResult");
        entry.fields.drop("sourceToolAssistantUUID");
        let first = results.first().map(|r| r.call_id.clone()).unwrap_or_default();
        let mut event = Event::new(Kind::ToolCall);
        self.place(entry, &mut event, Some(&first), "");
        entry.fields.drop("parentUuid");
        let agent = own.as_ref().and_then(|o| o.get("agentId")).and_then(Value::as_str);
        if let Some(agent) = agent {
            self.threads.link(agent, &first);
            let ledger = self.ledger;
            let of_agent = |file: &u32| ledger.file(*file).is_some_and(|f| f.agent() == agent);
            self.next.extend(self.waiting.iter().copied().filter(of_agent));
        }
        entry.fields.count(&mut self.report);
        let mut answers = Vec::new();
        let thread = entry.thread.clone();
        let mut fields = std::mem::take(&mut entry.fields);
        for result in results {
            let id = result.call_id.clone();
            if self.copied_calls.contains(&hash_of(&id)) {
                answers.push(None);
                continue;
            }
            let answer = self.talk.answer(
                &thread,
                result,
                own.take(),
                std::mem::take(&mut fields),
                entry.time,
            )?;
            answers.push(Some((answer, id)));
        }
        self.threads.get(&thread, || None).asked = entry.time;
        self.interrupted = false;
        match answers.into_iter().max_by_key(|a| a.as_ref().map(|(answer, _)| answer.weight())) {
            Some(Some((answer, id))) => answer.account(&mut self.report, entry.place, &id),
            _ => self.report.duplicate(
                "result of a call that is counted elsewhere",
                entry.place.path,
                entry.place.line,
                first,
            ),
        }
        Ok(())
    }

    fn message(
        &mut self,
        entry: Entry<'_>,
        rest: Fields,
        blocks: Blocks,
    ) -> Result<(), ImportError> {
        let meta = entry.fields.peek("isMeta").and_then(Value::as_bool) == Some(true);
        if meta && is_compaction(&entry) {
            self.report.skip(HISTORY, 1);
            return Ok(());
        }
        self.report.used();
        self.add_message(entry, rest, blocks)
    }

    fn add_message(
        &mut self,
        mut entry: Entry<'_>,
        rest: Fields,
        blocks: Blocks,
    ) -> Result<(), ImportError> {
        let mut event = timed(Kind::Message, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), &blocks.text);
        event.event_id = id;
        event.role = Some("user".to_owned());
        self.interrupted = blocks.text.starts_with("[Request interrupted by user");
        event.content = (!blocks.text.is_empty()).then_some(blocks.text);
        let mut fields = entry.fields;
        for (name, value) in rest.into_pairs() {
            fields.keep(&name, value);
        }
        fields.count(&mut self.report);
        if !blocks.others.is_empty() {
            fields.keep("blocks", blocks.others);
        }
        for (name, value) in of_thread.into_pairs() {
            fields.keep(&name, value);
        }
        event.attributes = fields.rest();
        self.threads.get(&entry.thread, || None).asked = entry.time;
        self.talk.rows.push(event)
    }

    /// What the client puts into a prompt by itself: lists of skills, files that changed, prompts that were queued.
    pub(super) fn attachment(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let mut attached = entry.fields.object("attachment").unwrap_or_default();
        let mut event = timed(Kind::Message, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), "");
        event.event_id = id;
        let queued = attached.peek("type").and_then(Value::as_str) == Some("queued_command");
        event.role = Some(if queued { "user" } else { "system" }.to_owned());
        event.content = attached.text(if queued { "prompt" } else { "content" });
        entry.fields.keep("attachment", attached.into_value());
        for (name, value) in of_thread.into_pairs() {
            entry.fields.keep(&name, value);
        }
        event.attributes = entry.fields.rest_counted(&mut self.report);
        self.report.used();
        let last = self.talk.rows.last.clone();
        self.talk.rows.push(event)?;
        self.talk.rows.last = last;
        Ok(())
    }
}

/// Whether a line is of the call that sums up a session.
fn is_compaction(entry: &Entry<'_>) -> bool {
    entry.thread.starts_with("acompact")
}
