//! Anthropic messages. Shapes as in the API reference: <https://docs.anthropic.com/en/api/messages> and its page on streaming.
//! `input_tokens` are those that were not cached.

use super::api::Refusal;
use super::conversation::{
    Conversation, Message, Role, content_text, flag, list, required, tool_tokens,
};
use super::reply::{Piece, Reply, Weight, identifier};
use super::script::Finish;
use super::usage::{Usage, tokens};
use serde_json::{Value, json};

/// What a request asks for.
pub(super) fn conversation(request: &Value) -> Result<Conversation, String> {
    let system = content_text(request.get("system"));
    let messages = list(request, "messages")?.iter().map(message).collect::<Result<_, _>>()?;
    Ok(Conversation {
        model: required(request, "model")?.to_owned(),
        stream: flag(request, "stream"),
        include_usage: true,
        preamble_tokens: tool_tokens(request) + tokens(&system),
        messages,
    })
}

/// A user message with a tool result in it is no prompt, whatever else it says.
fn message(message: &Value) -> Result<Message, String> {
    let no_blocks = Vec::new();
    let content = message.get("content");
    let blocks = content.and_then(Value::as_array).unwrap_or(&no_blocks);
    let is = |block: &&Value, kind: &str| block.get("type").is_some_and(|t| t == kind);
    let role = match required(message, "role")? {
        "user" if blocks.iter().any(|b| is(&b, "tool_result")) => Role::ToolResult,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        other => return Err(format!("messages: no role '{other}'")),
    };
    let mut read = Message::of(role, content_text(content));
    for block in blocks {
        read.tokens += if is(&block, "tool_result") {
            tokens(&content_text(block.get("content")))
        } else if is(&block, "tool_use") {
            block["name"].as_str().map_or(0, tokens) + tokens(&block["input"].to_string())
        } else {
            block.get("thinking").and_then(Value::as_str).map_or(0, tokens)
        };
    }
    Ok(read)
}

pub(super) const fn stop_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "end_turn",
        Finish::ToolCalls => "tool_use",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "refusal",
    }
}

/// What a reply used.
pub(super) fn usage(used: &Usage) -> Value {
    let mut usage = json!({
        "input_tokens": used.input - used.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.output,
    });
    if let Some(cost) = used.cost_json() {
        usage["cost"] = cost;
    }
    usage
}

/// What a reply has used when it begins: one token, and nobody knows the cost.
fn first_usage(reply: &Reply<'_>) -> Value {
    let mut usage = reply.usage.clone().unwrap_or_else(|| json!({}));
    if let Some(usage) = usage.as_object_mut() {
        usage.shift_remove("cost");
        usage.insert("output_tokens".to_owned(), json!(1));
    }
    usage
}

/// A mark of the thinking, as the API gives one; nothing can be read from it.
fn signature(reply: &Reply<'_>) -> String {
    identifier(&[reply.seed.as_bytes(), reply.reasoning.as_bytes()])
}

/// The arguments of a call as an object.
fn input(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|_| json!({}))
}

fn envelope(reply: &Reply<'_>, content: &Value, stop_reason: Option<&str>, usage: &Value) -> Value {
    json!({
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": usage,
    })
}

/// The answer that is not streamed.
pub(super) fn whole(reply: &Reply<'_>) -> Value {
    let mut content = Vec::new();
    if !reply.reasoning.is_empty() {
        let signature = signature(reply);
        content.push(
            json!({ "type": "thinking", "thinking": reply.reasoning, "signature": signature }),
        );
    }
    if !reply.text.is_empty() {
        content.push(json!({ "type": "text", "text": reply.text }));
    }
    for call in &reply.calls {
        let input = input(&call.arguments);
        content
            .push(json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input }));
    }
    let usage = reply.usage.clone().unwrap_or_else(|| json!({}));
    envelope(reply, &json!(content), Some(&reply.finish), &usage)
}

/// The answer as a stream.
pub(super) fn stream(reply: &Reply<'_>) -> Vec<Piece> {
    let start = envelope(reply, &json!([]), None, &first_usage(reply));
    let mut cutter = reply.cutter();
    let mut stream = vec![
        Piece::named(
            "message_start",
            json!({ "type": "message_start", "message": start }),
            Weight::NONE,
        ),
        Piece::named("ping", json!({ "type": "ping" }), Weight::NONE),
    ];
    let mut blocks = 0;
    let mut block = |start: Value, deltas: Vec<(Value, Weight)>| {
        let index = blocks;
        blocks += 1;
        let kind = "content_block_start";
        let begin = json!({ "type": kind, "index": index, "content_block": start });
        stream.push(Piece::named(kind, begin, Weight::NONE));
        for (delta, weight) in deltas {
            let kind = "content_block_delta";
            let delta = json!({ "type": kind, "index": index, "delta": delta });
            stream.push(Piece::named(kind, delta, weight));
        }
        let kind = "content_block_stop";
        stream.push(Piece::named(kind, json!({ "type": kind, "index": index }), Weight::NONE));
    };
    if !reply.reasoning.is_empty() {
        let mut deltas: Vec<(Value, Weight)> = cutter
            .pieces(&reply.reasoning)
            .into_iter()
            .map(|(piece, n)| (json!({ "type": "thinking_delta", "thinking": piece }), n))
            .collect();
        let signature = signature(reply);
        deltas.push((json!({ "type": "signature_delta", "signature": signature }), Weight::NONE));
        block(json!({ "type": "thinking", "thinking": "", "signature": "" }), deltas);
    }
    if !reply.text.is_empty() {
        let deltas = cutter
            .pieces(&reply.text)
            .into_iter()
            .map(|(piece, n)| (json!({ "type": "text_delta", "text": piece }), n))
            .collect();
        block(json!({ "type": "text", "text": "" }), deltas);
    }
    for call in &reply.calls {
        let start = json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} });
        let deltas = cutter
            .pieces(&call.arguments)
            .into_iter()
            .map(|(piece, n)| (json!({ "type": "input_json_delta", "partial_json": piece }), n))
            .collect();
        block(start, deltas);
    }
    let end = json!({
        "type": "message_delta",
        "delta": { "stop_reason": reply.finish, "stop_sequence": null },
        "usage": reply.usage,
    });
    stream.push(Piece::named("message_delta", end, Weight::NONE));
    stream.push(Piece::named("message_stop", json!({ "type": "message_stop" }), Weight::NONE));
    stream
}

/// The body of an error.
pub(super) fn error(refusal: &Refusal, request_id: &str) -> Value {
    let invalid = "invalid_request_error";
    let (kind, message) = match refusal {
        Refusal::UnknownModel { model } => ("not_found_error", format!("model: {model}")),
        Refusal::TooLong { tokens, limit } => {
            (invalid, format!("prompt is too long: {tokens} tokens > {limit} maximum"))
        }
        Refusal::BadRequest { problem } => (invalid, problem.clone()),
        Refusal::NotFound { path } => ("not_found_error", format!("Not found: {path}")),
        Refusal::TooLarge => ("request_too_large", "Request exceeds the maximum size".into()),
        Refusal::Scripted { status } => {
            let (kind, message) = match status {
                401 => ("authentication_error", "invalid x-api-key"),
                403 => ("permission_error", "The request is not permitted"),
                404 => ("not_found_error", "Not found"),
                429 => ("rate_limit_error", "This request would exceed your rate limit"),
                400..=499 => (invalid, "The request was refused"),
                529 => ("overloaded_error", "Overloaded"),
                _ => ("api_error", "Internal server error"),
            };
            (kind, message.to_owned())
        }
    };
    json!({
        "type": "error",
        "error": { "type": kind, "message": message },
        "request_id": format!("req_{request_id}"),
    })
}
