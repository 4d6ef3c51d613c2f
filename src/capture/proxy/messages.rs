//! Anthropic's messages: `POST /v1/messages`.
//!
//! Shapes from the types of Anthropic's Python client (`Message`, `RawMessageStreamEvent`). The usage of `message_start`
//! has a number of output tokens that is only the beginning; each `message_delta` repeats the counts so far.

use super::ask::{Ask, Item, content, omission, result_text};
use super::reply::{Part, ProviderResult, Reply, keep, list, text};
use super::usage::Known;
use serde_json::Value;

const PARAMETERS: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "stop_sequences",
    "thinking",
    "tool_choice",
    "service_tier",
    "output_config",
    "context_management",
];

/// Reads a request.
pub(super) fn request(request: &Value) -> Ask {
    let mut ask = Ask::of(request, PARAMETERS);
    match request.get("system") {
        Some(Value::Array(blocks)) => {
            for block in blocks {
                let (said, omitted) = content(Some(&Value::Array(vec![block.clone()])));
                ask.push(Item::said("system", said, omitted));
            }
        }
        Some(Value::String(said)) if !said.is_empty() => {
            ask.push(Item::said("system", said.clone(), Vec::new()));
        }
        _ => {}
    }
    for (place, message) in list(request, "messages").iter().enumerate() {
        ask.at = Some((place, None));
        let role = text(message, "role").unwrap_or("user");
        match message.get("content") {
            Some(Value::Array(blocks)) => {
                for (number, part) in blocks.iter().enumerate() {
                    ask.at = Some((place, Some(number)));
                    block(&mut ask, role, part);
                }
            }
            other => ask.push(Item::said(role, content(other).0, Vec::new())),
        }
    }
    ask
}

/// A block of a message of a request.
fn block(ask: &mut Ask, role: &str, block: &Value) {
    let kind = text(block, "type").unwrap_or("text");
    match kind {
        "text" => {
            let said = text(block, "text").unwrap_or_default();
            ask.push(Item::said(role, said.to_owned(), Vec::new()));
        }
        "thinking" | "redacted_thinking" => {}
        // What the provider did itself stands in the messages of the assistant, with its results.
        _ if kind.ends_with("tool_result") && role == "assistant" => {}
        _ if kind.ends_with("tool_result") => {
            let failed = block.get("is_error").and_then(Value::as_bool).unwrap_or(false);
            let id = text(block, "tool_use_id").unwrap_or_default();
            ask.push(Item::result(id, result_text(block.get("content")), failed));
        }
        _ if kind.ends_with("tool_use") => {
            let input = block.get("input").map(Value::to_string).unwrap_or_default();
            ask.push(Item::called(
                text(block, "id"),
                text(block, "name").unwrap_or_default(),
                &input,
            ));
        }
        _ => ask.push(Item::said(role, String::new(), vec![omission(block)])),
    }
}

/// Reads a whole reply.
pub(super) fn whole(reply: &mut Reply, body: &Value) {
    about(reply, body, Known::Final);
    for (index, block) in (0..).zip(list(body, "content")) {
        begin_block(reply, index, block);
        if let Some(input) = block.get("input") {
            reply.set_arguments(index, &input.to_string());
        }
    }
    keep(&mut reply.finish_reason, text(body, "stop_reason"));
    reply.ended = reply.finish_reason.is_some();
}

/// Reads an event of a stream; says whether it carried something that the model wrote.
pub(super) fn event(reply: &mut Reply, event: &Value) -> bool {
    let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
    match text(event, "type").unwrap_or_default() {
        "message_start" => {
            about(reply, event.get("message").unwrap_or(&Value::Null), Known::Placeholder);
            false
        }
        "content_block_start" => {
            begin_block(reply, index, event.get("content_block").unwrap_or(&Value::Null))
        }
        "content_block_delta" => {
            let delta = event.get("delta").unwrap_or(&Value::Null);
            match text(delta, "type").unwrap_or_default() {
                "text_delta" => reply.add(Part::Text, text(delta, "text")),
                "thinking_delta" => reply.add(Part::Reasoning, text(delta, "thinking")),
                "input_json_delta" => {
                    reply.add_arguments(index, text(delta, "partial_json").unwrap_or_default())
                }
                _ => false,
            }
        }
        "content_block_stop" => {
            // A call without arguments sends none, which is an empty object.
            let call = reply.calls.iter_mut().find(|c| c.index == index && c.arguments.is_empty());
            if let Some(call) = call {
                "{}".clone_into(&mut call.arguments);
            }
            false
        }
        "message_delta" => {
            let delta = event.get("delta").unwrap_or(&Value::Null);
            keep(&mut reply.finish_reason, text(delta, "stop_reason"));
            reply.merge_usage(event.get("usage"), Known::Final);
            false
        }
        "message_stop" => {
            reply.ended = true;
            false
        }
        "error" => {
            reply.error = Some(event.get("error").unwrap_or(event).clone());
            false
        }
        _ => false,
    }
}

fn about(reply: &mut Reply, message: &Value, known: Known) {
    keep(&mut reply.id, text(message, "id"));
    keep(&mut reply.model, text(message, "model"));
    reply.merge_usage(message.get("usage"), known);
    let usage = message.get("usage").unwrap_or(&Value::Null);
    keep(&mut reply.service_tier, text(usage, "service_tier"));
    if let Some(error) = message.get("error").filter(|error| !error.is_null()) {
        reply.error = Some(error.clone());
    }
}

/// The beginning of a block, which in a whole reply is all of it.
fn begin_block(reply: &mut Reply, index: u64, block: &Value) -> bool {
    let kind = text(block, "type").unwrap_or_default();
    if kind == "text" {
        reply.begin_text();
        return reply.add(Part::Text, text(block, "text"));
    }
    if kind == "thinking" {
        return reply.add(Part::Reasoning, text(block, "thinking"));
    }
    if kind.ends_with("tool_use") {
        if let Some(call) = reply.call(index) {
            keep(&mut call.id, text(block, "id"));
            text(block, "name").unwrap_or_default().clone_into(&mut call.name);
            // Only `tool_use` is for the agent; a server or an MCP connector of the provider makes the others.
            if kind != "tool_use" {
                call.result = Some(ProviderResult::default());
            }
        }
        return true;
    }
    if kind.ends_with("tool_result") {
        let id = text(block, "tool_use_id");
        let found = block.get("content");
        let failed = block.get("is_error").and_then(Value::as_bool).unwrap_or(false)
            || found.is_some_and(|f| text(f, "type").is_some_and(|t| t.ends_with("error")));
        let said = result_text(found);
        if let Some(call) = reply.calls.iter_mut().find(|call| call.id.as_deref() == id) {
            call.result = Some(ProviderResult { text: Some(said), failed });
        }
    }
    false
}
