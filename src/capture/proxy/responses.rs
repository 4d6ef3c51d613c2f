//! OpenAI's responses: `POST .../responses`.
//!
//! Shapes from the types of OpenAI's Python client (`Response`, `ResponseStreamEvent`). A stream builds the output item by
//! item; its last event repeats the whole response, of which only usage and status are then new.

use super::ask::{Ask, Item, content, result_text};
use super::reply::{Part, ProviderResult, Reply, keep, list, text};
use super::usage::Known;
use serde_json::Value;

const PARAMETERS: &[&str] = &[
    "temperature",
    "top_p",
    "max_output_tokens",
    "max_tool_calls",
    "reasoning",
    "tool_choice",
    "parallel_tool_calls",
    "service_tier",
    "truncation",
    "store",
    "background",
    "include",
];

/// Reads a request.
pub(super) fn request(request: &Value) -> Ask {
    let mut ask = Ask::of(request, PARAMETERS);
    ask.previous = text(request, "previous_response_id").map(str::to_owned);
    let conversation = request.get("conversation").unwrap_or(&Value::Null);
    ask.kept_by_provider =
        conversation.as_str().or_else(|| text(conversation, "id")).map(str::to_owned);
    if let Some(instructions) = text(request, "instructions").filter(|t| !t.is_empty()) {
        ask.push(Item::said("system", instructions.to_owned(), Vec::new()));
    }
    if let Some(input) = text(request, "input") {
        ask.push(Item::said("user", input.to_owned(), Vec::new()));
    }
    for (place, item) in list(request, "input").iter().enumerate() {
        ask.at = Some((place, None));
        if let Some(item) = read(item) {
            ask.push(item);
        }
    }
    ask
}

/// An item of the input; `None` for references and for reasoning, which came from the provider.
fn read(item: &Value) -> Option<Item> {
    let kind = text(item, "type").unwrap_or("message");
    let id = text(item, "call_id").or_else(|| text(item, "id"));
    match kind {
        "message" => {
            let (said, omitted) = content(item.get("content"));
            Some(Item::said(text(item, "role").unwrap_or("user"), said, omitted))
        }
        "item_reference" | "reasoning" => None,
        // Calls whose results are in the same item were made by the provider.
        _ if kind.ends_with("_call_output") => {
            let failed = text(item, "status") == Some("failed");
            Some(Item::result(id.unwrap_or_default(), result_text(item.get("output")), failed))
        }
        _ if kind.ends_with("_call") => Some(Item::called(id, name(item, kind), &arguments(item))),
        _ => Some(Item::said("user", String::new(), vec![super::ask::omission(item)])),
    }
}

/// The name of a called tool: functions have one, other tools are known by their type.
fn name<'a>(item: &'a Value, kind: &'a str) -> &'a str {
    text(item, "name").unwrap_or_else(|| kind.strip_suffix("_call").unwrap_or(kind))
}

/// The arguments of a call: text, or the action of a tool that has one.
fn arguments(item: &Value) -> String {
    if let Some(arguments) = text(item, "arguments").or_else(|| text(item, "input")) {
        return arguments.to_owned();
    }
    let action = ["action", "operation", "code", "queries"].iter().find_map(|key| item.get(*key));
    match action {
        Some(Value::String(text)) => text.clone(),
        Some(action) => action.to_string(),
        None => String::new(),
    }
}

/// Reads a whole reply.
pub(super) fn whole(reply: &mut Reply, body: &Value) {
    about(reply, body);
    output(reply, body);
    reply.ended = reply.finish_reason.is_some();
}

fn output(reply: &mut Reply, body: &Value) {
    for (index, item) in (0..).zip(list(body, "output")) {
        match text(item, "type") {
            Some("message") => message(reply, item),
            Some("reasoning") => reasoning(reply, item),
            Some(kind) if kind.ends_with("_call") => call(reply, index, item, kind),
            _ => {}
        }
    }
}

fn message(reply: &mut Reply, item: &Value) {
    for part in list(item, "content") {
        reply.begin_text();
        reply.add(Part::Text, text(part, "text"));
        reply.add(Part::Refusal, text(part, "refusal"));
    }
}

fn reasoning(reply: &mut Reply, item: &Value) {
    for part in list(item, "summary").iter().chain(list(item, "content")) {
        reply.add(Part::Reasoning, text(part, "text"));
    }
}

/// A call, whole.
fn call(reply: &mut Reply, index: u64, item: &Value, kind: &str) {
    let status = text(item, "status");
    if let Some(call) = reply.call(index) {
        let id = text(item, "call_id").or_else(|| text(item, "id"));
        call.id = id.map(str::to_owned);
        name(item, kind).clone_into(&mut call.name);
        let by_provider = matches!(
            kind,
            "web_search_call"
                | "file_search_call"
                | "code_interpreter_call"
                | "mcp_call"
                | "image_generation_call"
        );
        call.result = by_provider.then(|| ProviderResult {
            text: text(item, "output").map(str::to_owned),
            failed: status == Some("failed") || item.get("error").is_some_and(|e| !e.is_null()),
        });
    }
    reply.set_arguments(index, &arguments(item));
}

/// Reads an event of a stream; says whether it carried something that the model wrote.
pub(super) fn event(reply: &mut Reply, event: &Value) -> bool {
    let kind = text(event, "type").unwrap_or_default();
    let index = event.get("output_index").and_then(Value::as_u64).unwrap_or(0);
    let delta = text(event, "delta");
    match kind {
        "response.output_text.delta" => reply.add(Part::Text, delta),
        "response.refusal.delta" => reply.add(Part::Refusal, delta),
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            reply.add(Part::Reasoning, delta)
        }
        "response.function_call_arguments.delta"
        | "response.custom_tool_call_input.delta"
        | "response.mcp_call_arguments.delta" => {
            reply.add_arguments(index, delta.unwrap_or_default())
        }
        "response.content_part.added" => {
            reply.begin_text();
            false
        }
        "response.output_item.added" | "response.output_item.done" => {
            let item = event.get("item").unwrap_or(&Value::Null);
            let item_kind = text(item, "type").unwrap_or_default();
            if item_kind.ends_with("_call") {
                call(reply, index, item, item_kind);
                return true;
            }
            false
        }
        "error" => {
            reply.error =
                Some(event.get("error").filter(|e| e.is_object()).unwrap_or(event).clone());
            false
        }
        _ => {
            if let Some(response) = event.get("response").filter(|r| r.is_object()) {
                about(reply, response);
                let last = matches!(
                    kind,
                    "response.completed"
                        | "response.incomplete"
                        | "response.failed"
                        | "response.cancelled"
                );
                reply.ended |= last;
                let nothing =
                    reply.text.is_empty() && reply.refusal.is_empty() && reply.calls.is_empty();
                if last && nothing {
                    output(reply, response);
                }
            }
            false
        }
    }
}

/// What stands beside the output. While a response is in progress, its status is no reason to have finished.
fn about(reply: &mut Reply, body: &Value) {
    keep(&mut reply.id, text(body, "id"));
    keep(&mut reply.model, text(body, "model"));
    if let Some(tier) = text(body, "service_tier").filter(|tier| *tier != "auto") {
        reply.service_tier = Some(tier.to_owned());
    }
    reply.merge_usage(body.get("usage"), Known::Final);
    let why = body.get("incomplete_details").and_then(|details| text(details, "reason"));
    let status = text(body, "status").filter(|s| !matches!(*s, "in_progress" | "queued"));
    keep(&mut reply.finish_reason, why.or(status));
    if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
        reply.error = Some(error.clone());
    }
}
