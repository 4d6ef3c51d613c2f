//! A reply put together from a stream, in the shape of an answer that is not streamed. A stream without its end is no reply.

use crate::capture::mock::Api;
use serde_json::{Map, Value, json};

/// The answer that a stream makes.
pub(super) fn assemble(api: Api, stream: &str) -> Result<Value, String> {
    let mut events = Vec::new();
    let mut done = false;
    for block in stream.replace("\r\n", "\n").split("\n\n") {
        let lines = block.lines().filter_map(|l| l.strip_prefix("data:"));
        let data = lines.map(|l| l.strip_prefix(' ').unwrap_or(l)).collect::<Vec<_>>().join("\n");
        if data.is_empty() {
            continue;
        }
        if data == "[DONE]" {
            done = true;
            continue;
        }
        let event: Value = serde_json::from_str(&data)
            .map_err(|e| format!("an event of the stream is not JSON: {e}"))?;
        if let Some(error) = event.get("error").filter(|e| !e.is_null()) {
            let said = error.get("message").and_then(Value::as_str).unwrap_or("no message");
            return Err(format!("the stream ended with an error: {said}"));
        }
        events.push(event);
    }
    let whole = match api {
        Api::Chat => done.then(|| chat(&events)),
        Api::Responses => events.iter().rev().find_map(|event| {
            let kind = event["type"].as_str()?;
            let ends = matches!(kind, "response.completed" | "response.incomplete");
            ends.then(|| event["response"].clone())
        }),
        Api::Messages => {
            events.iter().any(|e| e["type"] == "message_stop").then(|| messages(&events))
        }
    };
    whole.ok_or_else(|| "the stream has no end".into())
}

/// Adds a piece to the text under a key.
fn append(object: &mut Map<String, Value>, key: &str, piece: Option<&str>) {
    let Some(piece) = piece else { return };
    match object.get_mut(key) {
        Some(Value::String(text)) => text.push_str(piece),
        _ => {
            object.insert(key.into(), json!(piece));
        }
    }
}

fn chat(events: &[Value]) -> Value {
    let mut message = Map::from_iter([("role".to_owned(), json!("assistant"))]);
    let mut calls: Vec<(u64, Map<String, Value>)> = Vec::new();
    let mut finish_reason = Value::Null;
    for choice in events.iter().filter_map(|e| e["choices"].get(0)) {
        for key in ["content", "reasoning_content"] {
            append(&mut message, key, choice["delta"][key].as_str());
        }
        for part in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = part["index"].as_u64().unwrap_or_default();
            let place = calls.iter().position(|(i, _)| *i == index).unwrap_or_else(|| {
                calls.push((index, Map::new()));
                calls.len() - 1
            });
            let call = &mut calls[place].1;
            if let Some(id) = part.get("id").filter(|id| id.is_string()) {
                call.insert("id".into(), id.clone());
            }
            append(call, "name", part["function"]["name"].as_str());
            append(call, "arguments", part["function"]["arguments"].as_str());
        }
        if !choice["finish_reason"].is_null() {
            finish_reason = choice["finish_reason"].clone();
        }
    }
    if !calls.is_empty() {
        let calls = calls.into_iter().map(|(_, call)| {
            let function = json!({
                "name": call.get("name").unwrap_or(&Value::Null),
                "arguments": call.get("arguments").unwrap_or(&Value::Null),
            });
            json!({ "id": call.get("id"), "type": "function", "function": function })
        });
        message.insert("tool_calls".into(), calls.collect());
    }
    json!({ "choices": [{ "message": message, "finish_reason": finish_reason }] })
}

fn messages(events: &[Value]) -> Value {
    let mut blocks: Vec<(Map<String, Value>, String)> = Vec::new();
    let mut stop_reason = Value::Null;
    for event in events {
        let delta = &event["delta"];
        match event["type"].as_str() {
            Some("content_block_start") => {
                let block = event["content_block"].as_object().cloned().unwrap_or_default();
                blocks.push((block, String::new()));
            }
            Some("content_block_delta") => {
                let Some((block, input)) = blocks.last_mut() else { continue };
                for key in ["text", "thinking", "signature"] {
                    append(block, key, delta[key].as_str());
                }
                input.push_str(delta["partial_json"].as_str().unwrap_or_default());
            }
            Some("message_delta") => stop_reason = delta["stop_reason"].clone(),
            _ => {}
        }
    }
    let content: Vec<Value> = blocks
        .into_iter()
        .map(|(mut block, input)| {
            if !input.is_empty() {
                // Arguments that are not JSON stay text, which the tool refuses.
                let read = serde_json::from_str(&input).unwrap_or(Value::String(input));
                block.insert("input".into(), read);
            }
            Value::Object(block)
        })
        .collect();
    json!({ "content": content, "stop_reason": stop_reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_calls_are_put_together_by_index() {
        let delta = |delta: &str| format!("data: {{\"choices\":[{{\"delta\":{delta}}}]}}\r\n\r\n");
        let stream = [
            delta(r#"{"role":"assistant","content":""}"#),
            delta(r#"{"content":"a b"}"#),
            delta(r#"{"tool_calls":[{"index":0,"id":"c0","function":{"name":"bash","arguments":""}}]}"#),
            delta(r#"{"tool_calls":[{"index":1,"id":"c1","function":{"name":"finish","arguments":"{}"}}]}"#),
            delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"command\":"}}]}"#),
            delta(r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"ls\"}"}}]}"#),
            "data: {\"choices\":[]}\n\ndata: [DONE]\n\n".into(),
        ]
        .concat();
        let message = &assemble(Api::Chat, &stream).unwrap()["choices"][0]["message"];
        assert_eq!(message["content"], "a b");
        assert_eq!(message["tool_calls"][0]["id"], "c0");
        assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"command":"ls"}"#);
        assert_eq!(message["tool_calls"][1]["function"]["name"], "finish");
    }

    #[test]
    fn a_stream_without_its_end_is_refused() {
        for api in [Api::Chat, Api::Responses, Api::Messages] {
            for stream in ["", "data: {}\n\n", ": comment\n\n", "data: {\"type\":\"ping\"}\n\n"] {
                assert_eq!(assemble(api, stream).unwrap_err(), "the stream has no end");
            }
            assert!(assemble(api, "data: {\n\n").unwrap_err().contains("not JSON"));
            let error = "event: error\ndata: {\"error\":{\"message\":\"overloaded\"}}\n\n";
            assert!(assemble(api, error).unwrap_err().contains("overloaded"));
        }
    }
}
