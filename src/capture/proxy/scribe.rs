//! Calls to events.
//!
//! A request yields the results of earlier tool calls and its new messages; its answer yields the `llm_call` row, and the
//! tool calls that now wait for their results. Keys that the call carried are masked in whatever came back.

use super::ask::{Ask, What};
use super::conversation::Conversations;
use super::failure::{self, Failure};
use super::hearing::Ending;
use super::moment::Moment;
use super::reading::{broken_off, describe, fill, read_request, whole};
use super::repeats::{Repeat, Repeats};
use super::reply::Reply;
use super::route::Api;
use super::tape::{Answered, Asked, Body};
use super::waiting::WaitingCall;
use crate::capture::EventSink;
use crate::trace::{Clock, Event, Kind};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Stands where a key was.
const MASK: &str = "[key]";

/// Writes the events of a run.
pub(super) struct Scribe {
    sink: Arc<dyn EventSink>,
    conversations: Conversations,
    repeats: Repeats,
    open: HashMap<u64, Open>,
}

/// A call whose request has been read.
struct Open {
    api: Api,
    received: Moment,
    secrets: Arc<[String]>,
    conversation: Option<u64>,
    attributes: Map<String, Value>,
}

impl Scribe {
    pub(super) fn new(sink: Arc<dyn EventSink>) -> Self {
        Self {
            sink,
            conversations: Conversations::default(),
            repeats: Repeats::default(),
            open: HashMap::new(),
        }
    }

    /// A request has come.
    pub(super) fn asked(&mut self, asked: Asked) {
        let repeat = self.repeats.note(asked.body.digest(&asked.path), asked.number);
        let mut attributes = Map::new();
        attributes.insert("api".to_owned(), Value::from(asked.api.as_str()));
        let mut conversation = None;
        match read_request(&asked) {
            Ok(ask) => {
                let id = self.hear(&asked, &ask, repeat);
                attributes.insert("conversation".to_owned(), Value::from(id));
                about(&ask, &mut attributes);
                conversation = Some(id);
            }
            Err(problem) => {
                attributes.insert("request_error".to_owned(), Value::from(problem));
            }
        }
        attributes.insert("request_bytes".to_owned(), Value::from(asked.bytes));
        if let Some(Repeat { first, times }) = repeat {
            attributes.insert("retry_of".to_owned(), Value::from(event_id(first)));
            attributes.insert("retry".to_owned(), Value::from(times));
        }
        let Asked { number, api, received, secrets, .. } = asked;
        self.open.insert(number, Open { api, received, secrets, conversation, attributes });
    }

    /// Records what a request says that is new, and the tool calls that it answers.
    fn hear(&mut self, asked: &Asked, ask: &Ask, repeat: Option<Repeat>) -> u64 {
        let heard = self.conversations.hear(ask, repeat.is_some());
        for (call, result) in heard.answered {
            let secrets = Arc::clone(&call.secrets);
            let mut event = call.answered(result, asked.received);
            mask(&mut event, &secrets);
            emit(&*self.sink, event, &asked.secrets);
        }
        for item in heard.fresh {
            let event = message(&item.what, heard.conversation, asked.received);
            emit(&*self.sink, event, &asked.secrets);
        }
        for call in heard.forgotten {
            self.unanswered(call);
        }
        heard.conversation
    }

    /// A call has ended.
    pub(super) fn answered(&mut self, answered: Answered) {
        let Some(open) = self.open.remove(&answered.number) else { return };
        let Answered {
            number,
            ended,
            first_token,
            chunks,
            head,
            body,
            bytes,
            problem,
            ending,
            flight,
        } = answered;
        let ended = open.received.at(ended);
        let mut event = Event::new(Kind::LlmCall);
        event.event_id = Some(event_id(number));
        event.ts = Some(open.received.wall);
        event.clock = Some(Clock::Source);
        event.duration_ms = Some(ended.millis_since(open.received));
        event.role = Some("assistant".to_owned());
        let mut attributes = open.attributes;
        let mut note = |name: &str, value: Value| {
            if !value.is_null() {
                attributes.insert(name.to_owned(), value);
            }
        };
        if let Some(first) = first_token {
            note("first_token_ms", json!(open.received.at(first).millis_since(open.received)));
        }
        let status = head.as_ref().map(|head| head.status);
        note("status", json!(status.map(|status| status.as_u16())));
        note("response_bytes", json!(head.as_ref().map(|_| bytes)));
        let answered_well = head.as_ref().filter(|head| head.status.is_success());
        note("stream", json!(answered_well.map(|head| head.is_stream)));
        for (name, value) in head.into_iter().flat_map(|head| head.kept) {
            note(&name, value);
        }
        let refused = status.is_some_and(|status| !status.is_success());
        let (reply, refusal) = match (body, status) {
            (Body::Whole(copy), Some(status)) if refused => {
                let refusal = Failure::of_response(status.as_u16(), copy.head());
                (Reply::default(), Some(refusal))
            }
            (Body::Whole(copy), _) => (whole(open.api, &copy), None),
            (Body::Stream(reply), _) => (*reply, None),
        };
        let failure = match &ending {
            Ending::NoAnswer(why) => Some(Failure::ours(failure::CONNECTION, why.clone())),
            _ => refusal.or_else(|| broken_off(&reply, &ending, problem.as_deref())),
        };
        note("parse_error", json!(problem.as_deref().or(reply.problem.as_deref())));
        describe(&reply, &mut note);
        note("chunks", chunks.to_json());
        if reply.calls.len() > 1 {
            // Their rows stand in the order of their results.
            note("calls", reply.calls.iter().map(|call| json!(call.id)).collect());
        }
        if failure.is_some() && !reply.calls.is_empty() {
            // Rows are for calls that can be made; a replay needs what there was of the others.
            note("unfinished_calls", unfinished(&reply));
        }
        fill(&mut event, open.api, &reply, failure.is_some());
        let answered = failure.is_none();
        if let Some(failure) = failure {
            if event.content.is_none() {
                event.content = Some(failure.message);
            } else {
                note("error_message", json!(failure.message));
            }
            note("error", json!(failure.provider));
            event.error_type = Some(failure.error_type);
            event.context_limit = failure.context_limit;
        } else if let Ending::Cut(why) = &ending {
            note("cut_after_finish", json!(why));
        }
        event.attributes = Some(Value::Object(attributes).to_string());
        emit(&*self.sink, event, &open.secrets);
        self.wait_for_results(&reply, number, open.conversation, ended, answered, &open.secrets);
        drop(flight);
    }

    /// The tool calls of a reply now wait for their results; those that the provider made are recorded at once.
    fn wait_for_results(
        &mut self,
        reply: &Reply,
        number: u64,
        conversation: Option<u64>,
        since: Moment,
        answered: bool,
        secrets: &Arc<[String]>,
    ) {
        let parent = event_id(number);
        let calls = reply.calls.iter().enumerate().map(|(position, call)| WaitingCall {
            call: call.clone(),
            secrets: Arc::clone(secrets),
            parent: parent.clone(),
            conversation,
            since,
            number: (number, position),
            tentative: !answered,
        });
        let (made, waiting): (Vec<_>, Vec<_>) = calls.partition(|c| c.call.result.is_some());
        for call in made {
            emit(&*self.sink, call.made_by_provider(), secrets);
        }
        match conversation {
            Some(id) => self.conversations.replied(id, reply, waiting),
            None => waiting.into_iter().for_each(|call| self.unanswered(call)),
        }
    }

    /// Records the tool calls that are still without a result.
    pub(super) fn flush(&mut self) {
        for call in self.conversations.take_waiting() {
            self.unanswered(call);
        }
    }

    fn unanswered(&self, call: WaitingCall) {
        let secrets = Arc::clone(&call.secrets);
        if let Some(event) = call.unanswered() {
            emit(&*self.sink, event, &secrets);
        }
    }
}

fn event_id(number: u64) -> String {
    format!("llm-{number}")
}

/// Records an event, without the keys of the call that it came with.
fn emit(sink: &dyn EventSink, mut event: Event, secrets: &[String]) {
    mask(&mut event, secrets);
    sink.record(event);
}

/// Masks keys in everything that the other side may have written.
fn mask(event: &mut Event, secrets: &[String]) {
    let texts = [
        &mut event.content,
        &mut event.arguments,
        &mut event.attributes,
        &mut event.response_id,
        &mut event.finish_reason,
        &mut event.tool_name,
        &mut event.tool_call_id,
    ];
    for text in texts.into_iter().flatten() {
        for secret in secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), MASK);
            }
        }
    }
}

/// The tool calls of a reply that was cut short.
fn unfinished(reply: &Reply) -> Value {
    let calls = reply
        .calls
        .iter()
        .map(|call| json!({ "id": call.id, "name": call.name, "arguments": call.arguments }));
    calls.collect()
}

/// What a request asks for, beside its conversation.
fn about(ask: &Ask, attributes: &mut Map<String, Value>) {
    attributes.insert("stream".to_owned(), Value::from(ask.stream));
    if let Some(model) = &ask.model {
        attributes.insert("request_model".to_owned(), Value::from(model.as_str()));
    }
    if !ask.parameters.is_empty() {
        attributes.insert("parameters".to_owned(), Value::Object(ask.parameters.clone()));
    }
    if let Some(hash) = &ask.hash {
        attributes.insert("request_hash".to_owned(), Value::from(hash.as_str()));
    }
    if let Some(previous) = &ask.previous {
        attributes.insert("previous_response_id".to_owned(), Value::from(previous.as_str()));
    }
}

/// The row of a new item.
fn message(what: &What, conversation: u64, received: Moment) -> Event {
    let mut event = Event::new(Kind::Message);
    event.ts = Some(received.wall);
    event.clock = Some(Clock::Source);
    let mut attributes = Map::new();
    attributes.insert("conversation".to_owned(), Value::from(conversation));
    match what {
        What::Said { role, text, omitted } => {
            event.role = Some(role.clone());
            event.content = Some(text.clone());
            if !omitted.is_empty() {
                attributes.insert("omitted".to_owned(), Value::Array(omitted.clone()));
            }
        }
        What::Called { id, name, arguments } => {
            // A call of an earlier session, or one that the proxy has not seen.
            event.role = Some("assistant".to_owned());
            let call = json!({ "id": id, "name": name, "arguments": arguments });
            attributes.insert("tool_call".to_owned(), call);
        }
        What::Result { id, text, failed } => {
            event.role = Some("tool".to_owned());
            event.content = Some(text.clone());
            attributes.insert("tool_call_id".to_owned(), Value::from(id.as_str()));
            if *failed {
                attributes.insert("is_error".to_owned(), Value::from(true));
            }
        }
    }
    event.attributes = Some(Value::Object(attributes).to_string());
    event
}
