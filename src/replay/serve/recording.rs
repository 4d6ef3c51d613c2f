//! The model calls of a run as a server can give them again, each with what its request said.
//!
//! A trace keeps of each request only what was new in it, so the conversation is put together from the rows: messages and
//! results of tools in their order, and what the model itself had answered before.

use super::answer::tokens;
use super::said::{Chain, Told};
use crate::capture::mock::{ReplyCall, Usage};
use crate::capture::proxy::Voice;
use crate::trace::{EndReason, Event, Kind, ToolStatus};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What the model said in a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) reasoning: String,
    pub(super) text: String,
    pub(super) refusal: String,
    pub(super) calls: Vec<ReplyCall>,
    pub(super) finish: Option<String>,
    pub(super) usage: Option<Value>,
    pub(super) chunks: Vec<(Duration, usize)>,
}

/// A model call of a run.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its number in the run, from 1.
    pub number: usize,
    /// Its identifier in the trace.
    pub event_id: Option<String>,
    /// The stage that it belongs to.
    pub stage: Option<i64>,
    /// Why it got no answer.
    pub error_type: Option<String>,
    pub(super) api: Option<String>,
    pub(super) model: Option<String>,
    pub(super) hash: Option<String>,
    pub(super) parameters: Option<Value>,
    pub(super) conversation: usize,
    /// Lines of the conversation that its request had.
    pub(super) lines: usize,
    /// Instructions that had been given by then.
    pub(super) instructions: usize,
    /// The hash of what its request said.
    pub(super) told: Told,
    /// Assistant replies before it in its conversation.
    pub(super) position: usize,
    pub(super) status: Option<u16>,
    pub(super) request_id: Option<String>,
    pub(super) retry_after: Option<String>,
    /// The provider's words for its error.
    pub(super) error: Option<Value>,
    pub(super) error_message: Option<String>,
    pub(super) is_broken: bool,
    pub(super) duration: Duration,
    pub(super) first_token: Duration,
    /// The tokens of its columns.
    pub(super) tokens: Option<Usage>,
    pub(super) reply: Reply,
}

/// A conversation, as the trace has it.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// What was said, instructions aside.
    pub(super) lines: Vec<(Voice, String)>,
    pub(super) instructions: Vec<String>,
    chain: Chain,
    fresh: Chain,
    position: usize,
}

impl Conversation {
    fn say(&mut self, voice: Voice, text: &str) {
        if voice == Voice::System {
            self.instructions.push(text.to_owned());
            return;
        }
        if voice == Voice::Call || (voice == Voice::Assistant && text.trim().is_empty()) {
            return;
        }
        self.chain.say(voice, text);
        self.fresh.say(voice, text);
        self.lines.push((voice, text.to_owned()));
    }
}

/// All calls of a run.
#[derive(Debug, Default)]
pub struct Recordings {
    pub(super) calls: Vec<Recording>,
    pub(super) conversations: Vec<Conversation>,
    /// Stages that were cut short, so that what their agent would have asked next is not known.
    pub(super) cut_stages: HashSet<Option<i64>>,
}

impl Recordings {
    /// The calls of the events of one run.
    pub fn of(events: &[Event]) -> Self {
        let mut all = Self::default();
        let mut places: HashMap<u64, usize> = HashMap::new();
        let calls = calls_by_parent(events);
        for event in events {
            let attributes = attributes(event);
            let key = attributes.get("conversation").and_then(Value::as_u64).unwrap_or(0);
            let place = *places.entry(key).or_insert_with(|| {
                all.conversations.push(Conversation::default());
                all.conversations.len() - 1
            });
            match event.kind {
                Kind::Message => all.message(place, event, &attributes),
                Kind::ToolCall => {
                    let unknown = event.tool_status == Some(ToolStatus::Unknown);
                    let by_provider = attributes.contains_key("made_by");
                    if !(by_provider || unknown && event.content.is_none()) {
                        let text = event.content.as_deref().unwrap_or_default();
                        all.conversations[place].say(Voice::Result, text);
                    }
                }
                Kind::LlmCall => all.call(place, event, attributes, &calls),
                Kind::StageResult | Kind::AttemptResult | Kind::RunEnd => {
                    let cut = [EndReason::Budget, EndReason::Interrupted, EndReason::LlmTimeout];
                    if event.end_reason.is_some_and(|reason| cut.contains(&reason)) {
                        all.cut_stages.insert(event.stage);
                    }
                }
                _ => {}
            }
        }
        all
    }

    /// The calls, in recorded order.
    pub fn calls(&self) -> &[Recording] {
        &self.calls
    }

    fn message(&mut self, place: usize, event: &Event, attributes: &Map<String, Value>) {
        if attributes.contains_key("tool_call") {
            return;
        }
        let mut text = event.content.clone().unwrap_or_default();
        for part in attributes.get("omitted").and_then(Value::as_array).into_iter().flatten() {
            text.push('\n');
            text.push_str(&part.to_string());
        }
        let voice = Voice::of_role(event.role.as_deref().unwrap_or("user"));
        self.conversations[place].say(voice, &text);
    }

    fn call(
        &mut self,
        place: usize,
        event: &Event,
        mut attributes: Map<String, Value>,
        calls: &HashMap<String, Vec<ReplyCall>>,
    ) {
        let conversation = &mut self.conversations[place];
        let continues = attributes.contains_key("previous_response_id");
        let told = if continues { conversation.fresh.told() } else { conversation.chain.told() };
        let (lines, instructions, position) =
            (conversation.lines.len(), conversation.instructions.len(), conversation.position);
        let mut text = |name: &str| match attributes.shift_remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let failed = event.error_type.is_some();
        let error_message = text("error_message");
        // Without anything of the model's, the content of a failed call is the error.
        let says_error = failed && error_message.is_none();
        let content = event.content.clone().unwrap_or_default();
        let (said, error_message) =
            if says_error { (String::new(), Some(content)) } else { (content, error_message) };
        let mut reply = Reply {
            id: event.response_id.clone(),
            model: text("response_model"),
            reasoning: text("reasoning").unwrap_or_default(),
            refusal: text("refusal").unwrap_or_default(),
            text: said,
            calls: Vec::new(),
            finish: event.finish_reason.clone(),
            usage: None,
            chunks: Vec::new(),
        };
        let mut recording = Recording {
            number: self.calls.len() + 1,
            event_id: event.event_id.clone(),
            stage: event.stage,
            error_type: event.error_type.clone(),
            api: text("api"),
            model: text("request_model"),
            hash: text("request_hash"),
            conversation: place,
            lines,
            instructions,
            told,
            position,
            request_id: text("request_id"),
            retry_after: text("retry_after"),
            is_broken: text("parse_error").is_some(),
            error_message,
            parameters: attributes.shift_remove("parameters"),
            status: attributes
                .get("status")
                .and_then(Value::as_u64)
                .and_then(|s| u16::try_from(s).ok()),
            error: attributes.shift_remove("error"),
            duration: millis(event.duration_ms),
            first_token: millis(attributes.get("first_token_ms").and_then(Value::as_f64)),
            tokens: tokens(event),
            reply: Reply::default(),
        };
        reply.usage = attributes.shift_remove("usage");
        reply.chunks = chunks(attributes.get("chunks"));
        let made = event.event_id.as_ref().and_then(|id| calls.get(id));
        reply.calls = match attributes.get("unfinished_calls") {
            Some(unfinished) => unfinished_calls(unfinished),
            None => in_order(made.cloned().unwrap_or_default(), attributes.get("calls")),
        };
        conversation.fresh = Chain::default();
        if !failed {
            conversation.say(Voice::Assistant, &reply.text);
            conversation.position += 1;
        }
        recording.reply = reply;
        self.calls.push(recording);
    }
}

fn attributes(event: &Event) -> Map<String, Value> {
    let read = event.attributes.as_deref().and_then(|text| serde_json::from_str(text).ok());
    if let Some(Value::Object(map)) = read { map } else { Map::new() }
}

/// The tool calls of each reply, in the order of their rows.
fn calls_by_parent(events: &[Event]) -> HashMap<String, Vec<ReplyCall>> {
    let mut calls: HashMap<String, Vec<ReplyCall>> = HashMap::new();
    let mut last = None;
    for event in events {
        if event.kind == Kind::LlmCall {
            last.clone_from(&event.event_id);
        }
        // Without a parent, a call belongs to the reply before it.
        let parent = event.parent_event_id.as_ref().or(last.as_ref());
        if let (Kind::ToolCall, Some(parent)) = (event.kind, parent) {
            if attributes(event).contains_key("made_by") {
                continue;
            }
            let made = calls.entry(parent.clone()).or_default();
            let number = made.len();
            made.push(ReplyCall {
                id: event.tool_call_id.clone().unwrap_or_else(|| format!("call_{parent}_{number}")),
                name: event.tool_name.clone().unwrap_or_default(),
                arguments: event.arguments.clone().unwrap_or_default(),
            });
        }
    }
    calls
}

/// Calls in the order that a reply had them in.
fn in_order(mut calls: Vec<ReplyCall>, order: Option<&Value>) -> Vec<ReplyCall> {
    if let Some(order) = order.and_then(Value::as_array) {
        let place = |call: &ReplyCall| order.iter().position(|id| *id == call.id.as_str());
        calls.sort_by_key(|call| place(call).unwrap_or(usize::MAX));
    }
    calls
}

fn unfinished_calls(calls: &Value) -> Vec<ReplyCall> {
    let text = |call: &Value, key: &str| {
        call.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let calls = calls.as_array().into_iter().flatten().map(|call| ReplyCall {
        id: text(call, "id"),
        name: text(call, "name"),
        arguments: text(call, "arguments"),
    });
    calls.collect()
}

fn chunks(list: Option<&Value>) -> Vec<(Duration, usize)> {
    let numbers: Vec<u64> =
        list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect();
    let pairs = numbers
        .chunks_exact(2)
        .filter_map(|pair| Some((Duration::from_millis(pair[0]), usize::try_from(pair[1]).ok()?)));
    pairs.collect()
}

fn millis(millis: Option<f64>) -> Duration {
    Duration::try_from_secs_f64(millis.unwrap_or(0.0) / 1e3).unwrap_or_default()
}
