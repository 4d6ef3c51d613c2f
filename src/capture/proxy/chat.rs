//! OpenAI's chat completions: `POST .../chat/completions`.
//!
//! Shapes from the types of OpenAI's Python client (`ChatCompletion`, `ChatCompletionChunk`), with the fields that other
//! providers add: `reasoning_content` (DeepSeek, vLLM), `reasoning` and errors inside a stream (OpenRouter).

use super::ask::{Ask, Item, content, result_text};
use super::reply::{Part, Reply, keep, list, text};
use super::usage::Known;
use serde_json::Value;

const PARAMETERS: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
    "reasoning",
    "verbosity",
    "tool_choice",
    "parallel_tool_calls",
    "service_tier",
    "stream_options",
    "provider",
];

/// Reads a request.
pub(super) fn request(request: &Value) -> Ask {
    let mut ask = Ask::of(request, PARAMETERS);
    for (place, message) in list(request, "messages").iter().enumerate() {
        ask.at = Some((place, None));
        let role = text(message, "role").unwrap_or("user");
        if matches!(role, "tool" | "function") {
            let id = text(message, "tool_call_id").or_else(|| text(message, "name"));
            let said = result_text(message.get("content"));
            ask.push(Item::result(id.unwrap_or_default(), said, false));
            continue;
        }
        let (said, omitted) = content(message.get("content"));
        if !said.is_empty() || !omitted.is_empty() {
            ask.push(Item::said(role, said, omitted));
        }
        for call in list(message, "tool_calls") {
            let (name, arguments) = called(call);
            ask.push(Item::called(text(call, "id"), name, arguments));
        }
        if let Some(call) = message.get("function_call").filter(|call| call.is_object()) {
            let (name, arguments) = (text(call, "name"), text(call, "arguments"));
            ask.push(Item::called(name, name.unwrap_or_default(), arguments.unwrap_or_default()));
        }
    }
    ask
}

/// Name and arguments of a tool call; tools that take free text have `custom` instead of `function`.
fn called(call: &Value) -> (&str, &str) {
    let function = call.get("function").or_else(|| call.get("custom")).unwrap_or(&Value::Null);
    let arguments = text(function, "arguments").or_else(|| text(function, "input"));
    (text(function, "name").unwrap_or_default(), arguments.unwrap_or_default())
}

/// Reads a whole reply.
pub(super) fn whole(reply: &mut Reply, body: &Value) {
    about(reply, body);
    let choices = list(body, "choices");
    if choices.len() > 1 {
        reply.choices = Some(choices.len() as u64);
    }
    if let Some(choice) = choices.first() {
        let message = choice.get("message").unwrap_or(&Value::Null);
        let (said, _) = content(message.get("content"));
        reply.add(Part::Text, Some(&said));
        speech(reply, message);
        for (index, call) in (0..).zip(list(message, "tool_calls")) {
            piece_of_call(reply, index, call);
        }
        old_call(reply, message);
        keep(&mut reply.finish_reason, text(choice, "finish_reason"));
    }
    reply.ended = reply.finish_reason.is_some();
}

/// Reads an event of a stream; says whether it carried something that the model wrote.
pub(super) fn event(reply: &mut Reply, event: &Value) -> bool {
    about(reply, event);
    let mut wrote = false;
    for choice in list(event, "choices") {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or(0);
        if index > 0 {
            reply.choices = reply.choices.max(Some(index + 1));
            continue;
        }
        let delta = choice.get("delta").unwrap_or(&Value::Null);
        wrote |= reply.add(Part::Text, text(delta, "content"));
        wrote |= speech(reply, delta);
        for call in list(delta, "tool_calls") {
            let index = call.get("index").and_then(Value::as_u64).unwrap_or_else(|| {
                // Without an index, an identifier begins a new call.
                let calls = reply.calls.len() as u64;
                let is_new = calls == 0 || text(call, "id").is_some();
                if is_new { calls } else { calls - 1 }
            });
            piece_of_call(reply, index, call);
            wrote = true;
        }
        wrote |= old_call(reply, delta);
        keep(&mut reply.finish_reason, text(choice, "finish_reason"));
    }
    wrote
}

/// What stands beside the choices.
fn about(reply: &mut Reply, body: &Value) {
    keep(&mut reply.id, text(body, "id"));
    keep(&mut reply.model, text(body, "model"));
    keep(&mut reply.service_tier, text(body, "service_tier"));
    reply.merge_usage(body.get("usage"), Known::Final);
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        reply.error = Some(error.clone());
    }
}

/// Reasoning and refusal.
fn speech(reply: &mut Reply, message: &Value) -> bool {
    let reasoning = text(message, "reasoning_content").or_else(|| text(message, "reasoning"));
    let thought = reply.add(Part::Reasoning, reasoning);
    let refused = reply.add(Part::Refusal, text(message, "refusal"));
    thought || refused
}

/// A tool call, or a piece of one.
fn piece_of_call(reply: &mut Reply, index: u64, piece: &Value) {
    let (name, arguments) = called(piece);
    if let Some(call) = reply.call(index) {
        keep(&mut call.id, text(piece, "id"));
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
    }
    reply.add_arguments(index, arguments);
}

/// The call of a function as it was before there were tools.
fn old_call(reply: &mut Reply, message: &Value) -> bool {
    let Some(call) = message.get("function_call").filter(|call| call.is_object()) else {
        return false;
    };
    if let (Some(made), Some(name)) = (reply.call(0), text(call, "name")) {
        // Its result names the function.
        made.id = Some(name.to_owned());
        name.clone_into(&mut made.name);
    }
    reply.add_arguments(0, text(call, "arguments").unwrap_or_default());
    true
}
