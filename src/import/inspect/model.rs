//! Model calls: the reply, its tokens and its tool calls; what was sent is kept as far as it is new.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::rows::millis_between;
use super::super::stages::context_limit_in;
use super::convert::{Place, Run};
use super::grades::class_of;
use super::texts::Content;
use super::transcript::{Record, time};
use super::usage;
use crate::trace::{CostSource, Event, Kind, UsageQuality};
use serde_json::Value;

/// Parts of a raw request that repeat the input and the tools.
const REQUEST_COPIES: &[&str] = &[
    "messages",
    "input",
    "inputs",
    "contents",
    "system",
    "instructions",
    "system_instruction",
    "tools",
    "model",
];
/// Parts of a raw response that repeat the output.
const RESPONSE_COPIES: &[&str] = &[
    "choices",
    "content",
    "output",
    "candidates",
    "completion",
    "message",
    "model",
    "role",
    "object",
    "type",
];

impl Run<'_, '_> {
    /// A call of a model.
    pub(super) fn model(&mut self, record: Record, place: &Place) -> Result<(), ImportError> {
        let mut event = record.timed(Event::new(Kind::LlmCall));
        let position = record.position;
        let mut fields = record.fields;
        let input = fields.array("input").unwrap_or_default();
        let refs = fields.take("input_refs").unwrap_or_default();
        self.input(&input, &refs, position, place)?;
        self.report.used();
        let tools = fields.take("tools").unwrap_or_default();
        let raw = fields.object("call").unwrap_or_default();
        let mut fields = self.texts.resolved(fields);
        self.keep_tools(tools, &mut fields, place);
        let response = self.keep_raw_call(raw, &mut fields);
        fields.drop("traceback_ansi");

        let mut output = fields.object("output").unwrap_or_default();
        output.drop("completion");
        let (completed, _) = time(&mut fields, "completed");
        let took = output.number("time").filter(|s| *s >= 0.0 && *s < 1e9).map(|s| s * 1e3);
        event.duration_ms = millis_between(event.ts, completed).or(took);
        let pending = fields.flag("pending").unwrap_or(false);
        let uuid = fields.text("uuid");
        let response_id = output.text("response_id").or(response);
        let mut choices = output.array("choices").unwrap_or_default().into_iter();
        let mut choice = choices.next().and_then(Fields::of).unwrap_or_default();
        output.keep("choices", choices.collect::<Vec<_>>());
        let message = choice.take("message").unwrap_or_default();
        self.seen.reply(&message, self.texts);
        let mut message = Fields::of(message).unwrap_or_default();
        let message_id = message.text("id");
        let content = Content::of(message.take("content").unwrap_or_default());
        let calls = message.array("tool_calls").unwrap_or_default();
        let said = !content.text.is_empty() || content.reasoning.is_some() || !calls.is_empty();

        event.role = Some("assistant".to_owned());
        event.content = (!content.text.is_empty()).then_some(content.text);
        event.response_id = response_id;
        let id = uuid.or_else(|| event.response_id.clone()).or_else(|| message_id.clone());
        let id = id.unwrap_or_else(|| format!("call-{position}"));
        event.event_id = Some(id.clone());
        failure(&mut event, &mut fields, pending);
        if event.error_type.is_none() {
            event.finish_reason = choice.text("stop_reason");
            self.tally.undated_calls += u64::from(event.duration_ms.is_none());
        }
        self.count(&mut event, &mut fields, output.take("usage"), said);

        let model = fields.text("model");
        if model.is_some() && model != self.header.model {
            fields.keep("model", model);
        }
        for copy in ["role", "source", "model"] {
            message.drop(copy);
        }
        let reasoning = content.reasoning.or_else(|| message.text("reasoning"));
        if let Some(served) = output.text("model") {
            fields.keep("response_model", served);
        }
        for (name, value) in [
            ("reasoning", reasoning.map(Value::String)),
            ("message_id", message_id.map(Value::String)),
            ("parts", Some(Value::Array(content.parts))),
            ("message", Some(Value::Object(message.into_pairs().collect()))),
            ("choice", Some(Value::Object(choice.into_pairs().collect()))),
            ("output", Some(Value::Object(output.into_pairs().collect()))),
        ] {
            fields.keep(name, without_empty(value.unwrap_or_default()));
        }
        if self.open {
            self.last_finish.clone_from(&event.finish_reason);
            self.last_reply.clone_from(&event.content);
        }
        self.put(event, fields, place)?;
        for call in calls {
            self.tool_call(call, &id, place, position)?;
        }
        Ok(())
    }

    /// Tools are part of each call; they are kept where they change.
    fn keep_tools(&mut self, mut tools: Value, fields: &mut Fields, place: &Place) {
        if self.tools.get(&place.thread()) != Some(&tools) {
            self.tools.insert(place.thread(), tools.clone());
            self.texts.resolve(&mut tools);
            fields.keep("tools", tools);
        }
    }

    /// Keeps of the raw request and response what is nowhere else; gives the provider's id of the response.
    fn keep_raw_call(&self, mut raw: Fields, fields: &mut Fields) -> Option<String> {
        let mut request = raw.object("request").unwrap_or_default();
        let mut response = raw.object("response").unwrap_or_default();
        let id = response.text("id").or_else(|| response.text("responseId"));
        for (part, copies) in [(&mut request, REQUEST_COPIES), (&mut response, RESPONSE_COPIES)] {
            for copy in copies {
                part.drop(copy);
            }
        }
        raw.drop("call_refs");
        raw.drop("call_key");
        for (name, part) in [("request", request), ("response", response), ("call", raw)] {
            let mut part = Value::Object(part.into_pairs().collect());
            self.texts.resolve(&mut part);
            fields.keep(name, part);
        }
        id.filter(|id| !id.is_empty())
    }

    /// Puts the tokens of a call into its row.
    fn count(&mut self, event: &mut Event, fields: &mut Fields, raw: Option<Value>, said: bool) {
        let old = self.header.old_counts;
        let counted = raw.as_ref().and_then(|raw| usage::read(raw, old, said));
        if let Some(raw) = raw {
            fields.keep("usage", raw);
        }
        let local = fields.peek("cache").and_then(Value::as_str) == Some("read");
        if local {
            // A reply from Inspect's own cache: the tokens are those of the call that was made when it was stored.
            fields.keep("usage_note", "from the local cache: nothing was sent and nothing billed");
            return;
        }
        if event.error_type.is_some() {
            return;
        }
        let Some(counted) = counted else {
            self.tally.calls_without_tokens += 1;
            return;
        };
        self.tally.counted_calls += 1;
        self.tally.tokens = self.tally.tokens.saturating_add(counted.total.unwrap_or(0));
        if counted.semantics == Some("unknown") {
            self.tally.unclear_counts += 1;
        }
        let unclear = counted.semantics == Some("unknown");
        counted.usage.fill(event, unclear.then_some(UsageQuality::Estimated));
        event.reported_total_tokens = counted.total;
        event.cost_usd = counted.cost;
        event.cost_source = counted.cost.map(|_| CostSource::ClientEstimate);
        if let Some(semantics) = counted.semantics {
            fields.keep("usage_semantics", semantics);
        }
    }
}

/// A call without an answer: it failed, or the log ends before it.
fn failure(event: &mut Event, fields: &mut Fields, pending: bool) {
    let Some(error) = fields.text("error") else {
        if pending {
            event.error_type = Some("unanswered".to_owned());
        }
        return;
    };
    let class = if error.starts_with("Cancelled by") {
        "cancelled"
    } else {
        class_of(&error).unwrap_or("llm_error")
    };
    event.error_type = Some(class.to_owned());
    event.context_limit = context_limit_in(&error);
    match &event.content {
        Some(_) => fields.keep("error", error),
        None => event.content = Some(error),
    }
}

/// The value, or null when there is nothing in it.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(mut map) => {
            map.retain(|_, v| !v.is_null() && v.as_array().is_none_or(|items| !items.is_empty()));
            if map.is_empty() { Value::Null } else { Value::Object(map) }
        }
        other => other,
    }
}
