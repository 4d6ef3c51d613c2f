//! `OpenAI` responses. Shapes as in the API reference: <https://platform.openai.com/docs/api-reference/responses> and its
//! page on streaming events. The server keeps no conversation, so that each request must bring its own.

use super::conversation::{Conversation, Message, Role, content_text, flag, required, tool_tokens};
use super::reply::{Cutter, Piece, Reply, Weight};
use super::script::Finish;
use super::usage::{Usage, tokens};
use serde_json::{Value, json};

/// The status of a reply that ended naturally.
const COMPLETED: &str = "completed";

/// What a request asks for.
pub(super) fn conversation(request: &Value) -> Result<Conversation, String> {
    if request.get("previous_response_id").is_some_and(|id| !id.is_null()) {
        return Err("'previous_response_id': this server keeps no responses. Send the whole conversation as 'input'."
            .into());
    }
    let messages = match request.get("input") {
        Some(Value::String(text)) => vec![Message::of(Role::User, text.clone())],
        Some(Value::Array(items)) => items.iter().map(item).collect::<Result<_, _>>()?,
        Some(_) => return Err("Invalid type for 'input': expected a string or an array.".into()),
        None => return Err("Missing required parameter: 'input'.".into()),
    };
    let instructions = request.get("instructions").and_then(Value::as_str).unwrap_or_default();
    Ok(Conversation {
        model: required(request, "model")?.to_owned(),
        stream: flag(request, "stream"),
        include_usage: true,
        preamble_tokens: tool_tokens(request) + tokens(instructions),
        messages,
    })
}

fn item(item: &Value) -> Result<Message, String> {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    match item.get("type").and_then(Value::as_str).unwrap_or("message") {
        "message" => {
            let role = match required(item, "role")? {
                "system" | "developer" => Role::System,
                "user" => Role::User,
                "assistant" => Role::Assistant,
                other => return Err(format!("Invalid value: '{other}'. It is no role.")),
            };
            Ok(Message::of(role, content_text(item.get("content"))))
        }
        "function_call_output" | "custom_tool_call_output" => {
            Ok(Message::of(Role::ToolResult, content_text(item.get("output"))))
        }
        "reasoning" => Ok(Message::of(Role::Assistant, content_text(item.get("summary")))),
        "function_call" | "custom_tool_call" => {
            let tokens = ["name", "arguments", "input"].iter().map(|key| tokens(text(key))).sum();
            Ok(Message { role: Role::Assistant, text: String::new(), tokens })
        }
        other => {
            Err(format!("Invalid value: '{other}'. This server knows no such item of 'input'."))
        }
    }
}

/// The reason for which a reply ended; what ended naturally is completed.
pub(super) const fn finish(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::ToolCalls => COMPLETED,
        Finish::Length => "max_output_tokens",
        Finish::ContentFilter => "content_filter",
    }
}

/// Why a reply is not complete, if it is not.
fn incomplete<'a>(reply: &'a Reply<'_>) -> Option<&'a str> {
    Some(reply.finish.as_str()).filter(|finish| *finish != COMPLETED)
}

/// What a reply used.
pub(super) fn usage(used: &Usage) -> Value {
    let mut usage = json!({
        "input_tokens": used.input,
        "input_tokens_details": { "cached_tokens": used.cached },
        "output_tokens": used.output,
        "output_tokens_details": { "reasoning_tokens": used.reasoning },
        "total_tokens": used.input + used.output,
    });
    if let Some(cost) = used.cost_json() {
        usage["cost"] = cost;
    }
    usage
}

/// An item of the output: as it begins, as it ends, and the kind of its deltas with their text.
struct Item<'a> {
    begun: Value,
    done: Value,
    part: Part<'a>,
}

enum Part<'a> {
    Reasoning(&'a str),
    Text(&'a str),
    Refusal(&'a str),
    Arguments(&'a str),
}

fn items<'a>(reply: &'a Reply<'_>) -> Vec<Item<'a>> {
    let status = if incomplete(reply).is_some() { "incomplete" } else { "completed" };
    let mut items = Vec::new();
    if !reply.reasoning.is_empty() {
        let id = reply.part_id("rs", 0);
        let summary = json!([{ "type": "summary_text", "text": reply.reasoning }]);
        items.push(Item {
            begun: json!({ "id": id, "type": "reasoning", "summary": [] }),
            done: json!({ "id": id, "type": "reasoning", "summary": summary }),
            part: Part::Reasoning(&reply.reasoning),
        });
    }
    let said = [
        (text_part(&reply.text), Part::Text(&reply.text)),
        (refusal_part(&reply.refusal), Part::Refusal(&reply.refusal)),
    ];
    for (index, (content, part)) in said.into_iter().enumerate() {
        if matches!(part, Part::Text("") | Part::Refusal("")) {
            continue;
        }
        let message = |status: &str, content: Value| {
            json!({
                "id": reply.part_id("msg", index),
                "type": "message",
                "status": status,
                "role": "assistant",
                "content": content,
            })
        };
        items.push(Item {
            begun: message("in_progress", json!([])),
            done: message(status, json!([content])),
            part,
        });
    }
    for (index, call) in reply.calls.iter().enumerate() {
        let function_call = |status: &str, arguments: &str| {
            json!({
                "id": reply.part_id("fc", index),
                "type": "function_call",
                "status": status,
                "name": call.name,
                "call_id": call.id,
                "arguments": arguments,
            })
        };
        items.push(Item {
            begun: function_call("in_progress", ""),
            done: function_call(status, &call.arguments),
            part: Part::Arguments(&call.arguments),
        });
    }
    items
}

fn text_part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

fn refusal_part(text: &str) -> Value {
    json!({ "type": "refusal", "refusal": text })
}

fn envelope(reply: &Reply<'_>, status: &str, output: &Value, usage: &Value) -> Value {
    let asked = |key: &str, default: Value| {
        reply.request.get(key).filter(|v| !v.is_null()).cloned().unwrap_or(default)
    };
    let reason = incomplete(reply).filter(|_| status == "incomplete");
    json!({
        "id": reply.id,
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": null,
        "incomplete_details": reason.map(|r| json!({ "reason": r })),
        "instructions": asked("instructions", Value::Null),
        "max_output_tokens": asked("max_output_tokens", Value::Null),
        "metadata": asked("metadata", json!({})),
        "model": reply.model,
        "output": output,
        "parallel_tool_calls": asked("parallel_tool_calls", json!(true)),
        "previous_response_id": null,
        "store": false,
        "temperature": asked("temperature", json!(1.0)),
        "tool_choice": asked("tool_choice", json!("auto")),
        "tools": asked("tools", json!([])),
        "top_p": asked("top_p", json!(1.0)),
        "truncation": "disabled",
        "usage": usage,
    })
}

/// The answer that is not streamed.
pub(super) fn whole(reply: &Reply<'_>) -> Value {
    let status = if incomplete(reply).is_some() { "incomplete" } else { "completed" };
    let output = items(reply).into_iter().map(|i| i.done).collect();
    envelope(reply, status, &output, reply.usage.as_ref().unwrap_or(&Value::Null))
}

/// The events of a stream, numbered.
struct Stream(Vec<Piece>);

impl Stream {
    fn push(&mut self, event: &'static str, mut data: Value, weight: Weight) {
        data["type"] = json!(event);
        data["sequence_number"] = json!(self.0.len());
        self.0.push(Piece::named(event, data, weight));
    }
}

/// The answer as a stream.
pub(super) fn stream(reply: &Reply<'_>) -> Vec<Piece> {
    let mut stream = Stream(Vec::new());
    let mut cutter = reply.cutter();
    let begun = envelope(reply, "in_progress", &json!([]), &Value::Null);
    stream.push("response.created", json!({ "response": begun }), Weight::NONE);
    stream.push("response.in_progress", json!({ "response": begun }), Weight::NONE);
    for (index, item) in items(reply).into_iter().enumerate() {
        let added = json!({ "output_index": index, "item": item.begun });
        stream.push("response.output_item.added", added, Weight::NONE);
        let at = json!({ "item_id": item.done["id"], "output_index": index });
        part(&mut stream, &at, &item, &mut cutter);
        let done = json!({ "output_index": index, "item": item.done });
        stream.push("response.output_item.done", done, Weight::NONE);
    }
    let event =
        if incomplete(reply).is_some() { "response.incomplete" } else { "response.completed" };
    stream.push(event, json!({ "response": whole(reply) }), Weight::NONE);
    stream.0
}

/// The events of the one part of an item.
fn part(stream: &mut Stream, at: &Value, item: &Item<'_>, cutter: &mut Cutter<'_>) {
    let with = |more: Value| {
        let mut data = at.clone();
        if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
            data.extend(more);
        }
        data
    };
    match item.part {
        Part::Reasoning(text) => {
            let none = json!({ "type": "summary_text", "text": "" });
            let added = with(json!({ "summary_index": 0, "part": none }));
            stream.push("response.reasoning_summary_part.added", added, Weight::NONE);
            for (piece, weight) in cutter.pieces(text) {
                let delta = with(json!({ "summary_index": 0, "delta": piece }));
                stream.push("response.reasoning_summary_text.delta", delta, weight);
            }
            let done = with(json!({ "summary_index": 0, "text": text }));
            stream.push("response.reasoning_summary_text.done", done, Weight::NONE);
            let whole = json!({ "type": "summary_text", "text": text });
            let done = with(json!({ "summary_index": 0, "part": whole }));
            stream.push("response.reasoning_summary_part.done", done, Weight::NONE);
        }
        Part::Text(text) => {
            let added = with(json!({ "content_index": 0, "part": text_part("") }));
            stream.push("response.content_part.added", added, Weight::NONE);
            for (piece, weight) in cutter.pieces(text) {
                let delta = with(json!({ "content_index": 0, "delta": piece, "logprobs": [] }));
                stream.push("response.output_text.delta", delta, weight);
            }
            let done = with(json!({ "content_index": 0, "text": text, "logprobs": [] }));
            stream.push("response.output_text.done", done, Weight::NONE);
            let done = with(json!({ "content_index": 0, "part": text_part(text) }));
            stream.push("response.content_part.done", done, Weight::NONE);
        }
        Part::Refusal(text) => {
            let added = with(json!({ "content_index": 0, "part": refusal_part("") }));
            stream.push("response.content_part.added", added, Weight::NONE);
            for (piece, weight) in cutter.pieces(text) {
                let delta = with(json!({ "content_index": 0, "delta": piece }));
                stream.push("response.refusal.delta", delta, weight);
            }
            let done = with(json!({ "content_index": 0, "refusal": text }));
            stream.push("response.refusal.done", done, Weight::NONE);
            let done = with(json!({ "content_index": 0, "part": refusal_part(text) }));
            stream.push("response.content_part.done", done, Weight::NONE);
        }
        Part::Arguments(text) => {
            for (piece, weight) in cutter.pieces(text) {
                let delta = with(json!({ "delta": piece }));
                stream.push("response.function_call_arguments.delta", delta, weight);
            }
            let done = with(json!({ "name": item.done["name"], "arguments": text }));
            stream.push("response.function_call_arguments.done", done, Weight::NONE);
        }
    }
}
