//! A reply of the model: its message, the response behind it, what it cost, when it came.
//!
//! With the chat API a reply is a message with the response beside it (`extra.response`), whose choices repeat it; with
//! the Responses API the message is the response. The time is that after the reply. A cost of 0 is one that the price
//! list did not know.

use super::super::content::take_apart;
use super::super::fields::Fields;
use super::super::model_response::{Response, chat_calls, reasoning};
use super::super::rows::millis_between;
use crate::trace::{CostSource, Event, Kind, Timestamp, Usd};
use serde_json::Value;

/// A reply.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) response: Response,
    /// What the harness executed.
    pub(super) actions: Vec<Fields>,
    /// When it had come.
    pub(super) written: Option<Timestamp>,
    pub(super) cost: Option<Usd>,
}

impl Reply {
    /// A message that is a reply.
    pub(super) fn of(mut message: Fields) -> Self {
        let mut extra = message.object("extra").unwrap_or_default();
        let mut reply = Self::default();
        if message.peek("object").and_then(Value::as_str) == Some("response") {
            reply.response = Response::of(message);
        } else {
            if let Some(response) = extra.object("response") {
                reply.response = Response::of(response);
                // The message has it.
                reply.response.rest.drop("message");
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
            reply.response = Response::of(response);
        }
        let text = extra.text("model_response");
        reply.response.text = reply.response.text.take().or(text);
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
        let response = &mut self.response;
        event.role = Some("assistant".to_owned());
        event.content = response.text.take().filter(|text| !text.is_empty());
        event.response_id.clone_from(&response.id);
        event.duration_ms = millis_between(asked, self.written);
        if event.duration_ms.is_some() {
            event.ts = asked;
        } else if let Some(written) = self.written {
            response.rest.keep("replied_at", written.to_string());
        }
        response.usage.fill(&mut event, None);
        event.cost_usd = self.cost;
        event.cost_source = self.cost.map(|_| CostSource::Reported);
        event.finish_reason = response.finish_reason.take();
        if let Some(usage) = response.raw_usage.take() {
            response.rest.keep("usage", usage);
        }
        if let Some(model) = &response.model {
            response.rest.keep("response_model", model.as_str());
        }
        event
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
        let response = &mut self.response;
        response.text = text.or(response.text.take());
        if !parts.is_empty() {
            response.rest.keep("content_parts", parts);
        }
        if message.peek("tool_calls").is_some() {
            response.calls = chat_calls(&mut message);
        }
        if let Some(reasoning) = reasoning(&mut message) {
            response.rest.keep("reasoning", reasoning);
        }
        message.drop("role");
        self.keep_all(message);
    }

    fn keep_all(&mut self, fields: Fields) {
        for (name, value) in fields.into_pairs() {
            self.response.rest.keep(&name, value);
        }
    }
}
