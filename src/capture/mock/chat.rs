//! `OpenAI` chat completions. Shapes as in the API reference: <https://platform.openai.com/docs/api-reference/chat>;
//! `reasoning_content` as `DeepSeek` and others add it.

use super::conversation::{
    Conversation, Message, Role, content_text, flag, list, required, tool_tokens,
};
use super::reply::{Piece, Reply, Weight};
use super::script::Finish;
use super::usage::{Usage, tokens};
use serde_json::{Map, Value, json};

/// What a request asks for.
pub(super) fn conversation(request: &Value) -> Result<Conversation, String> {
    let messages = list(request, "messages")?.iter().map(message).collect::<Result<_, _>>()?;
    Ok(Conversation {
        model: required(request, "model")?.to_owned(),
        stream: flag(request, "stream"),
        include_usage: request.get("stream_options").is_some_and(|o| flag(o, "include_usage")),
        preamble_tokens: tool_tokens(request),
        messages,
    })
}

fn message(message: &Value) -> Result<Message, String> {
    let role = match required(message, "role")? {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::ToolResult,
        other => return Err(format!("Invalid value: '{other}'. It is no role of a message.")),
    };
    let mut read = Message::of(role, content_text(message.get("content")));
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        for key in ["name", "arguments"] {
            read.tokens += call["function"][key].as_str().map_or(0, tokens);
        }
    }
    read.tokens += message.get("reasoning_content").and_then(Value::as_str).map_or(0, tokens);
    Ok(read)
}

pub(super) const fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
    }
}

/// What a reply used.
pub(super) fn usage(used: &Usage) -> Value {
    let mut usage = json!({
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": { "cached_tokens": used.cached },
        "completion_tokens_details": { "reasoning_tokens": used.reasoning },
    });
    if let Some(cost) = used.cost_json() {
        usage["cost"] = cost;
    }
    usage
}

/// The answer that is not streamed.
pub(super) fn whole(reply: &Reply<'_>) -> Value {
    let says_nothing =
        reply.text.is_empty() && !(reply.calls.is_empty() && reply.refusal.is_empty());
    let mut message = json!({
        "role": "assistant",
        "content": if says_nothing { Value::Null } else { json!(reply.text) },
        "refusal": if reply.refusal.is_empty() { Value::Null } else { json!(reply.refusal) },
    });
    if !reply.reasoning.is_empty() {
        message["reasoning_content"] = json!(reply.reasoning);
    }
    if !reply.calls.is_empty() {
        let calls = reply.calls.iter().map(|call| {
            let function = json!({ "name": call.name, "arguments": call.arguments });
            json!({ "id": call.id, "type": "function", "function": function })
        });
        message["tool_calls"] = calls.collect();
    }
    let mut answer = json!({
        "id": reply.id,
        "object": "chat.completion",
        "created": 0,
        "model": reply.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": reply.finish,
        }],
    });
    if let Some(usage) = &reply.usage {
        answer["usage"] = usage.clone();
    }
    answer
}

/// The answer as a stream.
pub(super) fn stream(reply: &Reply<'_>) -> Vec<Piece> {
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": reply.id,
            "object": "chat.completion.chunk",
            "created": 0,
            "model": reply.model,
            "choices": choices,
        });
        if reply.include_usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let delta = |delta: Value, weight: Weight| {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": null });
        Piece::plain(chunk(json!([choice])), weight)
    };
    let mut cutter = reply.cutter();
    let mut stream = vec![delta(json!({ "role": "assistant", "content": "" }), Weight::NONE)];
    for (key, text) in [
        ("reasoning_content", &reply.reasoning),
        ("content", &reply.text),
        ("refusal", &reply.refusal),
    ] {
        stream.extend(cutter.pieces(text).into_iter().map(|(piece, weight)| {
            delta(Value::Object(Map::from_iter([(key.to_owned(), json!(piece))])), weight)
        }));
    }
    for (index, call) in reply.calls.iter().enumerate() {
        let begin = json!({
            "index": index,
            "id": call.id,
            "type": "function",
            "function": { "name": call.name, "arguments": "" },
        });
        stream.push(delta(json!({ "tool_calls": [begin] }), Weight::of(&call.name)));
        stream.extend(cutter.pieces(&call.arguments).into_iter().map(|(piece, weight)| {
            let part = json!({ "index": index, "function": { "arguments": piece } });
            delta(json!({ "tool_calls": [part] }), weight)
        }));
    }
    let last = json!({
        "index": 0,
        "delta": {},
        "logprobs": null,
        "finish_reason": reply.finish,
    });
    stream.push(Piece::plain(chunk(json!([last])), Weight::NONE));
    if let Some(usage) = reply.usage.as_ref().filter(|_| reply.include_usage) {
        let mut end = chunk(json!([]));
        end["usage"] = usage.clone();
        stream.push(Piece::plain(end, Weight::NONE));
    }
    stream
}
