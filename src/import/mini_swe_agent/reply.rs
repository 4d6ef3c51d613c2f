//! A reply of the model, from either of its APIs, taken apart: text, tool calls, usage, cost and time.
//!
//! With the chat API a reply is a message with the response beside it (`extra.response`), whose choices repeat it; with
//! the Responses API the message is the response. Both count cached tokens inside the input and reasoning inside the
//! output. The time is that after the reply. A cost of 0 is one that the price list did not know.

use super::super::content::take_apart;
use super::super::fields::Fields;
use super::super::usage::Usage;
use crate::trace::{CostSource, Event, Kind, Timestamp, Usd};
use serde_json::Value;

/// A reply.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) id: Option<String>,
    pub(super) text: Option<String>,
    /// As the model wrote them: id, name, arguments.
    pub(super) calls: Vec<Call>,
    /// What the harness executed.
    pub(super) actions: Vec<Fields>,
    /// When it had come.
    pub(super) written: Option<Timestamp>,
    pub(super) cost: Option<Usd>,
    /// The model that answered.
    pub(super) model: Option<String>,
    usage: Usage,
    raw_usage: Option<Value>,
    finish_reason: Option<String>,
    rest: Fields,
}

/// A tool call as the model wrote it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Call {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

impl Reply {
    /// A message that is a reply.
    pub(super) fn of(mut message: Fields) -> Self {
        let mut extra = message.object("extra").unwrap_or_default();
        let mut reply = Self::default();
        if message.peek("object").and_then(Value::as_str) == Some("response") {
            reply.take_response(message);
        } else {
            if let Some(response) = extra.object("response") {
                reply.take_response(response);
            }
            reply.take_message(message);
        }
        reply.take_extra(extra);
        reply
    }

    /// What the complaint about a reply that could not be parsed holds of it.
    pub(super) fn behind(extra: &mut Fields) -> Self {
        let mut reply = Self::default();
        if let Some(response) = extra.object("response") {
            reply.take_response(response);
        }
        reply.text = reply.text.take().or_else(|| extra.text("model_response"));
        let mut own = Fields::default();
        for name in ["cost", "timestamp"] {
            if let Some(value) = extra.take(name) {
                own.keep(name, value);
            }
        }
        reply.take_extra(own);
        reply
    }

    /// Its row; `asked` is when it was asked for, if that is known.
    pub(super) fn row(&mut self, asked: Option<Timestamp>) -> Event {
        let mut event = Event::new(Kind::LlmCall);
        event.role = Some("assistant".to_owned());
        event.content = self.text.take().filter(|text| !text.is_empty());
        event.response_id.clone_from(&self.id);
        event.duration_ms = super::super::rows::millis_between(asked, self.written);
        if event.duration_ms.is_some() {
            event.ts = asked;
        } else if let Some(written) = self.written {
            self.rest.keep("replied_at", written.to_string());
        }
        self.usage.fill(&mut event, None);
        event.cost_usd = self.cost;
        event.cost_source = self.cost.map(|_| CostSource::Reported);
        event.finish_reason = self.finish_reason.take();
        if let Some(usage) = self.raw_usage.take() {
            self.rest.keep("usage", usage);
        }
        if let Some(model) = &self.model {
            self.rest.keep("response_model", model.as_str());
        }
        event
    }

    /// What has no column.
    pub(super) fn take_rest(&mut self) -> Fields {
        std::mem::take(&mut self.rest)
    }

    fn take_extra(&mut self, mut extra: Fields) {
        let actions = extra.array("actions").unwrap_or_default();
        self.actions = actions.into_iter().filter_map(Fields::of).collect();
        self.written = extra.number("timestamp").and_then(Timestamp::from_epoch_seconds);
        let cost = extra.number("cost").and_then(Usd::from_f64);
        self.cost = cost.filter(|cost| cost.nanos() > 0);
        self.keep_all(extra);
    }

    fn take_message(&mut self, mut message: Fields) {
        let (text, parts) = message.take("content").map(take_apart).unwrap_or_default();
        self.text = text.or(self.text.take());
        if !parts.is_empty() {
            self.rest.keep("content_parts", parts);
        }
        let calls = message.array("tool_calls");
        if let Some(calls) = calls {
            self.calls = calls.into_iter().filter_map(Fields::of).map(chat_call).collect();
        }
        for name in ["reasoning_content", "reasoning"] {
            if let Some(reasoning) =
                message.text(name).filter(|_| self.rest.peek("reasoning").is_none())
            {
                self.rest.keep("reasoning", reasoning);
            }
        }
        message.drop("role");
        self.keep_all(message);
    }

    fn take_response(&mut self, mut response: Fields) {
        self.id = response.text("id").filter(|id| !id.is_empty());
        self.model = response.text("model").filter(|model| !model.is_empty());
        self.raw_usage = response.take("usage");
        self.usage = self.raw_usage.clone().and_then(Fields::of).map(usage).unwrap_or_default();
        let mut choices = response.array("choices").unwrap_or_default();
        if choices.len() > 1 {
            response.keep("other_choices", choices.split_off(1));
        }
        if let Some(mut choice) = choices.pop().and_then(Fields::of) {
            self.finish_reason = choice.text("finish_reason");
            let mut message = choice.object("message").unwrap_or_default();
            self.text = message.take("content").and_then(|content| take_apart(content).0);
            let calls = message.array("tool_calls").unwrap_or_default();
            self.calls = calls.into_iter().filter_map(Fields::of).map(chat_call).collect();
        }
        if response.peek("object").and_then(Value::as_str) == Some("response") {
            self.finish_reason = self.finish_reason.take().or_else(|| response.text("status"));
            let output = response.array("output").unwrap_or_default();
            for item in output.into_iter().filter_map(Fields::of) {
                self.take_item(item);
            }
        }
        for name in ["object", "created", "created_at"] {
            response.drop(name);
        }
        if let Some(rest) =
            response.rest().and_then(|rest| serde_json::from_str::<Value>(&rest).ok())
        {
            self.rest.keep("response", rest);
        }
    }

    /// An output item of the Responses API.
    fn take_item(&mut self, mut item: Fields) {
        let texts = |content: Option<Value>| content.and_then(|content| take_apart(content).0);
        match item.peek("type").and_then(Value::as_str) {
            Some("message") => {
                if let Some(text) = texts(item.take("content")) {
                    self.text.get_or_insert_with(String::new).push_str(&text);
                }
            }
            Some("reasoning") => {
                let text = texts(item.take("content")).or_else(|| texts(item.take("summary")));
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    self.rest.keep("reasoning", text);
                }
            }
            Some("function_call") => {
                let id = item.text("call_id").or_else(|| item.text("id"));
                self.calls.push(Call {
                    id,
                    name: item.text("name"),
                    arguments: item.text("arguments"),
                });
            }
            _ => {
                let items = self.rest.array("other_output").unwrap_or_default();
                let other = item.rest().and_then(|rest| serde_json::from_str(&rest).ok());
                self.rest
                    .keep("other_output", items.into_iter().chain(other).collect::<Vec<Value>>());
            }
        }
    }

    fn keep_all(&mut self, fields: Fields) {
        for (name, value) in fields.into_pairs() {
            self.rest.keep(&name, value);
        }
    }
}

/// A tool call of the chat API.
fn chat_call(mut call: Fields) -> Call {
    let mut function = call.object("function").unwrap_or_default();
    let arguments = function.text("arguments");
    Call {
        id: call.text("id").filter(|id| !id.is_empty()),
        name: function.text("name"),
        arguments: arguments.or_else(|| function.take("arguments").map(|a| a.to_string())),
    }
}

/// Counts of either API; zeros on both sides stand for counts that nobody took.
fn usage(mut usage: Fields) -> Usage {
    let mut input_parts =
        usage.object("prompt_tokens_details").or_else(|| usage.object("input_tokens_details"));
    let mut output_parts =
        usage.object("completion_tokens_details").or_else(|| usage.object("output_tokens_details"));
    let mut part =
        |parts: &mut Option<Fields>, name: &str| parts.as_mut().and_then(|p| p.int(name));
    let read =
        part(&mut input_parts, "cached_tokens").or_else(|| usage.int("cache_read_input_tokens"));
    let write = part(&mut input_parts, "cache_creation_tokens")
        .or_else(|| usage.int("cache_creation_input_tokens"));
    let reasoning = part(&mut output_parts, "reasoning_tokens");
    let input = usage.int("prompt_tokens").or_else(|| usage.int("input_tokens"));
    let output = usage.int("completion_tokens").or_else(|| usage.int("output_tokens"));
    if input.unwrap_or(0) == 0 && output.unwrap_or(0) == 0 {
        return Usage::default();
    }
    Usage::inside(input.filter(|n| *n > 0), read, write, output).with_reasoning(reasoning)
}
