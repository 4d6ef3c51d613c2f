//! `OpenAI` chat completions. Shapes as in the API reference: <https://platform.openai.com/docs/api-reference/chat>;
//! `reasoning_content` as `DeepSeek` and others add it.

use super::conversation::{
    Conversation, Message, Role, content_text, flag, list, required, tool_tokens,
};
use super::reply::{Piece, Reply, pieces};
use super::script::Finish;
use super::usage::tokens;
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

const fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
    }
}

fn usage(reply: &Reply<'_>) -> Value {
    let used = &reply.usage;
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
    let turn = reply.turn;
    let mut message = json!({
        "role": "assistant",
        "content": if turn.text.is_empty() && !turn.calls.is_empty() { Value::Null } else { json!(turn.text) },
        "refusal": null,
    });
    if !turn.reasoning.is_empty() {
        message["reasoning_content"] = json!(turn.reasoning);
    }
    if !turn.calls.is_empty() {
        let calls = turn.calls.iter().enumerate().map(|(index, call)| {
            let function = json!({ "name": call.tool, "arguments": call.arguments });
            json!({ "id": call_id(reply, index), "type": "function", "function": function })
        });
        message["tool_calls"] = calls.collect();
    }
    json!({
        "id": format!("chatcmpl-{}", reply.id),
        "object": "chat.completion",
        "created": 0,
        "model": reply.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_reason(turn.finish),
        }],
        "usage": usage(reply),
    })
}

fn call_id(reply: &Reply<'_>, index: usize) -> String {
    format!("call_{}", reply.call_id(index))
}

/// The answer as a stream.
pub(super) fn stream(reply: &Reply<'_>) -> Vec<Piece> {
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": format!("chatcmpl-{}", reply.id),
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
    let delta = |delta: Value, tokens: u64| {
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": null });
        Piece::plain(chunk(json!([choice])), tokens)
    };
    let turn = reply.turn;
    let mut stream = vec![delta(json!({ "role": "assistant", "content": "" }), 0)];
    for (key, text) in [("reasoning_content", &turn.reasoning), ("content", &turn.text)] {
        stream.extend(pieces(text).map(|(piece, tokens)| {
            delta(Value::Object(Map::from_iter([(key.to_owned(), json!(piece))])), tokens)
        }));
    }
    for (index, call) in turn.calls.iter().enumerate() {
        let begin = json!({
            "index": index,
            "id": call_id(reply, index),
            "type": "function",
            "function": { "name": call.tool, "arguments": "" },
        });
        stream.push(delta(json!({ "tool_calls": [begin] }), tokens(&call.tool)));
        stream.extend(pieces(&call.arguments).map(|(piece, tokens)| {
            let part = json!({ "index": index, "function": { "arguments": piece } });
            delta(json!({ "tool_calls": [part] }), tokens)
        }));
    }
    let last = json!({
        "index": 0,
        "delta": {},
        "logprobs": null,
        "finish_reason": finish_reason(turn.finish),
    });
    stream.push(Piece::plain(chunk(json!([last])), 0));
    if reply.include_usage {
        let mut end = chunk(json!([]));
        end["usage"] = usage(reply);
        stream.push(Piece::plain(end, 0));
    }
    stream
}
