//! Messages of a printed stream to rows: replies, prompts, results of tools.

use super::super::ImportError;
use super::super::claude::{Blocks, Place, Reply, hash_of, request_error, usage_of};
use super::super::fields::Fields;
use super::super::rows::timed;
use super::super::usage::Usage;
use super::walk::Walk;
use crate::trace::{Event, Kind, Timestamp, UsageQuality};
use serde_json::Value;

impl Walk<'_, '_> {
    /// A record of a reply.
    pub(super) fn assistant(
        &mut self,
        number: usize,
        mut fields: Fields,
        time: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let Some(mut message) = fields.object("message") else {
            self.report.reject(self.path, number, "an assistant record without a message");
            return Ok(());
        };
        let thread = self.thread(&mut fields);
        let model = message.text("model");
        let error = fields.text("error");
        if error.is_some() || model.as_deref() == Some("<synthetic>") {
            return self.synthetic(fields, message, &thread, error, time);
        }
        let named = message.text("id").filter(|id| !id.is_empty());
        let first_unnamed = || format!("reply-{number}");
        let id = match &named {
            Some(id) => id.clone(),
            None => self.unnamed.entry(thread.clone()).or_insert_with(first_unnamed).clone(),
        };
        let mut event = timed(Kind::LlmCall, None);
        event.finish_reason = message.text("stop_reason");
        let of_thread = self.place(&thread, &mut event);
        let mut kept = Fields::default();
        let usage = message.take("usage").unwrap_or_default();
        self.fill_usage(&mut event, number, &id, &usage);
        if !usage.is_null() {
            kept.keep("usage", usage);
        }
        if let Some(model) = model.filter(|m| *m != self.model) {
            kept.keep("model", model);
        }
        message.drop("role");
        message.drop("type");
        let blocks = Blocks::of(message.take("content"));
        for call in &blocks.calls {
            self.threads.note_call(call);
        }
        if thread.is_empty() && !blocks.text.is_empty() {
            self.said = hash_of(&blocks.text);
        }
        let mut of_calls = of_thread.clone();
        if let Some(uuid) = fields.text("uuid") {
            of_calls.keep("uuid", uuid.as_str());
            kept.keep("uuid", uuid);
        }
        for (name, value) in message.into_pairs() {
            fields.keep(&name, value);
        }
        fields.count(&mut self.report);
        for more in [fields, of_thread] {
            for (name, value) in more.into_pairs() {
                kept.keep(&name, value);
            }
        }
        let last = self.segment.last_of.get(&hash_of(&id)).is_some_and(|last| *last <= number);
        let unfinished = event.usage_quality == Some(UsageQuality::Placeholder);
        let first = self.talk.say(Reply {
            thread: &thread,
            id: &id,
            event,
            blocks,
            attributes: kept,
            of_calls,
            written: time,
            last,
        })?;
        if first {
            self.report.used();
            self.replies += 1;
            self.unfinished += u64::from(unfinished);
        } else {
            self.report.merge("further record of a reply");
        }
        Ok(())
    }

    /// Tokens of a call that no result counts. They are final if a partial message or a stop reason says so.
    fn fill_usage(&self, event: &mut Event, number: usize, id: &str, usage: &Value) {
        let end = self.segment.ends.get(&hash_of(&id));
        let stopped = end.and_then(|e| e.pointer("/delta/stop_reason")).and_then(Value::as_str);
        if let Some(reason) = stopped {
            event.finish_reason = Some(reason.to_owned());
        }
        let counted_later = self.segment.last_total.is_some_and(|total| total > number);
        let Some(mut fields) = Fields::of(usage.clone()).filter(|_| !counted_later) else { return };
        for (name, value) in end.and_then(|e| e.get("usage")?.as_object()).into_iter().flatten() {
            if !value.is_null() {
                fields.keep(name, value.clone());
            }
        }
        let usage = usage_of(&fields);
        if event.finish_reason.is_some() {
            usage.fill(event, None);
        } else {
            let known = Usage { output: None, ..usage };
            known.fill(event, Some(UsageQuality::Placeholder));
        }
    }

    fn synthetic(
        &mut self,
        mut fields: Fields,
        mut message: Fields,
        thread: &str,
        error: Option<String>,
        time: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let text = Blocks::of(message.take("content")).text;
        let failed = error.is_some() || text.starts_with("API Error");
        let mut event = timed(if failed { Kind::LlmCall } else { Kind::Message }, time);
        let of_thread = self.place(thread, &mut event);
        event.event_id = fields.text("uuid");
        event.role = Some("assistant".to_owned());
        if failed {
            let word = error.filter(|e| e != "unknown");
            event.error_type = Some(word.unwrap_or_else(|| request_error(&text)));
        } else {
            fields.keep("synthetic", true);
        }
        event.content = (!text.is_empty()).then_some(text);
        for (name, value) in of_thread.into_pairs() {
            fields.keep(&name, value);
        }
        event.attributes = fields.rest_counted(&mut self.report);
        self.report.used();
        self.talk.rows.push(event)
    }

    pub(super) fn user(
        &mut self,
        number: usize,
        mut fields: Fields,
        time: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let thread = self.thread(&mut fields);
        if let Some(id) = self.unnamed.remove(&thread) {
            self.talk.close(&id)?;
        }
        let mut message = fields.object("message").unwrap_or_default();
        let mut blocks = Blocks::of(message.take("content"));
        message.drop("role");
        let results = std::mem::take(&mut blocks.results);
        let place = Place { path: self.path, line: number };
        let mut own = fields.take("tool_use_result");
        let mut answers = Vec::new();
        if !blocks.is_empty() || results.is_empty() {
            let mut words = std::mem::take(&mut fields);
            let mut event = timed(Kind::Message, time);
            let of_thread = self.place(&thread, &mut event);
            event.event_id = words.text("uuid");
            event.role = Some("user".to_owned());
            event.content = (!blocks.text.is_empty()).then_some(blocks.text);
            for (name, value) in message.into_pairs() {
                words.keep(&name, value);
            }
            if results.is_empty()
                && let Some(own) = own.take()
            {
                words.keep("tool_use_result", own);
            }
            words.count(&mut self.report);
            if !blocks.others.is_empty() {
                words.keep("blocks", blocks.others);
            }
            for (name, value) in of_thread.into_pairs() {
                words.keep(&name, value);
            }
            event.attributes = words.rest();
            self.talk.rows.push(event)?;
            if results.is_empty() {
                self.report.used();
                return Ok(());
            }
        }
        fields.drop("uuid");
        fields.count(&mut self.report);
        for result in results {
            let id = result.call_id.clone();
            let rest = std::mem::take(&mut fields);
            answers.push((self.talk.answer(&thread, result, own.take(), rest, time)?, id));
        }
        if let Some((answer, id)) = answers.into_iter().max_by_key(|(answer, _)| answer.weight()) {
            answer.account(&mut self.report, place, &id);
        }
        Ok(())
    }
}
