//! Each message once: inputs of model calls hold the whole conversation again and again, and so does the sample.

use super::super::ImportError;
use super::super::fields::Fields;
use super::convert::{Place, Run};
use super::sample::referred;
use super::texts::{Content, Texts};
use crate::trace::{Event, Kind};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a conversation is made of, as far as it has rows.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: HashSet<u64>,
    /// Messages of the pool.
    pool: HashSet<u64>,
    /// Tool calls.
    calls: HashSet<String>,
    /// Tool calls whose result is that of a message, which is still to come.
    results: HashSet<String>,
}

/// How often a text without an identifier stood in one list so far.
type Occurrences = HashMap<u64, u64>;

impl Seen {
    /// Notes a reply that has a row.
    pub(super) fn reply(&mut self, message: &Value, texts: &Texts) {
        let mut resolved = message.clone();
        texts.resolve(&mut resolved);
        for form in [message, &resolved] {
            self.keys.extend(keys(form, &mut Occurrences::new()));
        }
    }

    /// Notes a tool call that has a row.
    pub(super) fn call(&mut self, id: &str) {
        self.calls.insert(id.to_owned());
    }

    /// Notes a tool call whose row has the result of a message.
    pub(super) fn result(&mut self, id: &str) {
        self.results.insert(id.to_owned());
    }

    /// Whether the message is the result that a row has from it, when it comes for the first time.
    fn is_result(&mut self, message: &Value) -> bool {
        let call = message.get("tool_call_id").and_then(Value::as_str);
        role(message) == "tool" && call.is_some_and(|id| self.results.remove(id))
    }

    /// The message with its texts, when it is new. Long texts are stored apart in some places and stand in others.
    fn take_new(
        &mut self,
        message: &Value,
        texts: &Texts,
        before: &mut Occurrences,
    ) -> Option<Value> {
        let call = message.get("tool_call_id").and_then(Value::as_str);
        if role(message) == "tool" && call.is_some_and(|id| self.calls.contains(id)) {
            return None;
        }
        let raw = keys(message, before);
        if raw.iter().any(|key| self.keys.contains(key)) {
            return None;
        }
        let mut resolved = message.clone();
        texts.resolve(&mut resolved);
        let full = if resolved == *message { raw.clone() } else { keys(&resolved, before) };
        let known = full.iter().any(|key| self.keys.contains(key));
        self.keys.extend(raw.into_iter().chain(full));
        (!known).then_some(resolved)
    }
}

fn role(message: &Value) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// What tells a message from others. A prompt may be changed and keep its identifier, and without one the same words may
/// be said again; a reply stays the same reply whatever a solver makes of it.
fn keys(message: &Value, before: &mut Occurrences) -> Vec<u64> {
    let hash = |parts: &[&str]| {
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        hasher.finish()
    };
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    let content = match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let (role, id) = (role(message), text("id").unwrap_or_default());
    if role == "assistant" {
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        let calls: String = calls.filter_map(|c| c.get("id")?.as_str()).collect();
        let by_id = (!id.is_empty()).then(|| hash(&["id", id]));
        // An empty reply without calls is told by its identifier alone.
        let by_text = (!content.is_empty() || !calls.is_empty() || id.is_empty())
            .then(|| hash(&["reply", &content, &calls]));
        return by_id.into_iter().chain(by_text).collect();
    }
    let call = text("tool_call_id").unwrap_or_default();
    if id.is_empty() {
        let nth = before.entry(hash(&[role, &content, call])).or_default();
        *nth += 1;
        return vec![hash(&[role, &content, call, &nth.to_string()])];
    }
    vec![hash(&[role, &content, call, "id", id])]
}

impl Run<'_, '_> {
    /// The input of a model call, of which only new messages become rows.
    pub(super) fn input(
        &mut self,
        input: &[Value],
        refs: &Value,
        position: usize,
        place: &Place,
    ) -> Result<(), ImportError> {
        let mut before = Occurrences::new();
        // A pool stands in for an input that is empty, and only then.
        let pooled = if input.is_empty() { refs } else { &Value::Null };
        for (number, message) in referred(pooled, self.pool) {
            if self.seen.pool.insert(number) {
                self.said(message, position, place, &mut before)?;
            } else {
                self.repeated(message, position);
            }
        }
        for message in input {
            self.said(message, position, place, &mut before)?;
        }
        Ok(())
    }

    /// The messages that the sample holds beside its events.
    pub(super) fn messages_of_sample(&mut self, messages: &[Value]) -> Result<(), ImportError> {
        let mut before = Occurrences::new();
        for (index, message) in messages.iter().enumerate() {
            self.said(message, index + 1, &Place::default(), &mut before)?;
        }
        Ok(())
    }

    fn said(
        &mut self,
        message: &Value,
        position: usize,
        place: &Place,
        before: &mut Occurrences,
    ) -> Result<(), ImportError> {
        if !message.is_object() {
            self.report.reject(self.path, position, "a message that is no object");
            return Ok(());
        }
        if self.seen.is_result(message) {
            self.report.merge("tool message: the result of a call");
            return Ok(());
        }
        if let Some(message) = self.seen.take_new(message, self.texts, before) {
            return self.message(message, position, place);
        }
        self.repeated(message, position);
        Ok(())
    }

    fn repeated(&mut self, message: &Value, position: usize) {
        let reason = "message again: an earlier row holds it";
        let id = message.get("id").or_else(|| message.get("tool_call_id")).and_then(Value::as_str);
        self.report.duplicate(reason, self.path, position, id.unwrap_or("the same text"));
    }

    /// A message that is new.
    fn message(
        &mut self,
        message: Value,
        position: usize,
        place: &Place,
    ) -> Result<(), ImportError> {
        self.report.used();
        let Some(mut fields) = Fields::of(message) else { return Ok(()) };
        let role = fields.text("role").unwrap_or_else(|| "user".to_owned());
        match role.as_str() {
            "assistant" if self.without_calls => return self.reply_without_event(fields, position),
            "tool" => return self.result_without_call(fields, place),
            _ => {}
        }
        let content = Content::of(fields.take("content").unwrap_or_default());
        let mut event = Event::new(Kind::Message);
        self.prompted |= self.open && role == "user";
        event.role = Some(role);
        event.event_id = fields.text("id");
        event.content = (!content.text.is_empty()).then_some(content.text);
        if let Some(reasoning) = content.reasoning {
            fields.keep("reasoning", reasoning);
        }
        fields.keep("parts", content.parts);
        self.put(event, fields, place)
    }

    /// A reply in a log that has no model events: all that is known of the call.
    fn reply_without_event(
        &mut self,
        mut fields: Fields,
        position: usize,
    ) -> Result<(), ImportError> {
        let content = Content::of(fields.take("content").unwrap_or_default());
        let id = fields.text("id").unwrap_or_else(|| format!("message-{position}"));
        let mut event = Event::new(Kind::LlmCall);
        event.role = Some("assistant".to_owned());
        event.content = (!content.text.is_empty()).then_some(content.text);
        event.event_id = Some(id.clone());
        let reasoning = content.reasoning.or_else(|| fields.text("reasoning"));
        if let Some(reasoning) = reasoning {
            fields.keep("reasoning", reasoning);
        }
        fields.keep("parts", content.parts);
        let calls = fields.array("tool_calls").unwrap_or_default();
        let place = Place::default();
        self.tally.calls_without_tokens += 1;
        self.put(event, fields, &place)?;
        for call in calls {
            self.tool_call(call, &id, &place, 0)?;
        }
        Ok(())
    }
}
