//! Requests and replies of the three APIs, as the agent needs them.

use super::AgentSettings;
use super::tools::{ToolResult, definitions};
use crate::capture::mock::Api;
use serde_json::{Value, json};

/// What the model is told first.
const INSTRUCTIONS: &str = "You work in a folder of source code. Use the tools to look, to write files and to run commands. \
    When the work is done, reply without a tool call.";
/// Most tokens of a reply, where the API wants to know.
const MAX_TOKENS: u32 = 32_000;

/// A tool call that a reply asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// A reply: what it adds to the conversation, its text and its tool calls.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) items: Vec<Value>,
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
}

/// Where requests of an API go below a base URL.
pub(super) fn url(api: Api, base: &str) -> String {
    let path = match api {
        Api::Chat => "chat/completions",
        Api::Responses => "responses",
        Api::Messages => "v1/messages",
    };
    format!("{}/{path}", base.trim_end_matches('/'))
}

/// How a conversation begins.
pub(super) fn opening(api: Api) -> Option<Value> {
    (api == Api::Chat).then(|| json!({ "role": "system", "content": INSTRUCTIONS }))
}

/// A prompt as it stands in the conversation.
pub(super) fn prompt(text: &str) -> Value {
    json!({ "role": "user", "content": text })
}

/// The request for the next reply.
pub(super) fn request(settings: &AgentSettings, items: &[Value]) -> Value {
    let tools = definitions().into_iter().map(|(name, description, parameters)| {
        let function =
            json!({ "name": name, "description": description, "parameters": parameters });
        match settings.api {
            Api::Chat => json!({ "type": "function", "function": function }),
            Api::Responses => {
                let mut tool = function;
                tool["type"] = json!("function");
                tool["strict"] = json!(false);
                tool
            }
            Api::Messages => {
                json!({ "name": name, "description": description, "input_schema": parameters })
            }
        }
    });
    let tools: Value = tools.collect();
    let (model, stream) = (&settings.model, settings.stream);
    match settings.api {
        Api::Chat => {
            let mut body =
                json!({ "model": model, "messages": items, "tools": tools, "stream": stream });
            if stream {
                body["stream_options"] = json!({ "include_usage": true });
            }
            body
        }
        Api::Responses => json!({
            "model": model,
            "instructions": INSTRUCTIONS,
            "input": items,
            "tools": tools,
            "stream": stream,
            "store": false,
            "include": ["reasoning.encrypted_content"],
        }),
        Api::Messages => json!({
            "model": model,
            "max_tokens": MAX_TOKENS,
            "system": INSTRUCTIONS,
            "messages": items,
            "tools": tools,
            "stream": stream,
        }),
    }
}

/// The reply of an answer, or what is wrong with it.
pub(super) fn reply(api: Api, answer: &Value) -> Result<Reply, String> {
    match api {
        Api::Chat => chat_reply(answer),
        Api::Responses => responses_reply(answer),
        Api::Messages => messages_reply(answer),
    }
}

fn text_of(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn chat_reply(answer: &Value) -> Result<Reply, String> {
    let message = &answer["choices"][0]["message"];
    let said = message.as_object().ok_or("no choices[0].message")?;
    let mut item = json!({ "role": "assistant", "content": said.get("content") });
    for key in ["reasoning_content", "tool_calls"] {
        if let Some(value) = said.get(key).filter(|v| !v.is_null()) {
            item[key] = value.clone();
        }
    }
    let calls = message["tool_calls"].as_array().into_iter().flatten().map(|call| ToolCall {
        id: text_of(call, "id"),
        name: text_of(&call["function"], "name"),
        arguments: text_of(&call["function"], "arguments"),
    });
    Ok(Reply { items: vec![item], text: text_of(message, "content"), calls: calls.collect() })
}

fn responses_reply(answer: &Value) -> Result<Reply, String> {
    let output = answer["output"].as_array().ok_or("no output")?;
    let of = |kind: &'static str| output.iter().filter(move |item| item["type"] == kind);
    let texts = of("message").flat_map(|m| m["content"].as_array().into_iter().flatten());
    let text = texts.map(|part| text_of(part, "text")).collect::<Vec<_>>().join("\n");
    let calls = of("function_call").map(|call| ToolCall {
        id: text_of(call, "call_id"),
        name: text_of(call, "name"),
        arguments: text_of(call, "arguments"),
    });
    Ok(Reply { items: output.clone(), text, calls: calls.collect() })
}

fn messages_reply(answer: &Value) -> Result<Reply, String> {
    let content = answer["content"].as_array().ok_or("no content")?;
    let of = |kind: &'static str| content.iter().filter(move |block| block["type"] == kind);
    let text = of("text").map(|b| text_of(b, "text")).collect::<Vec<_>>().join("\n");
    let calls = of("tool_use").map(|block| ToolCall {
        id: text_of(block, "id"),
        name: text_of(block, "name"),
        arguments: block["input"].to_string(),
    });
    // A message without content may not stand in a conversation.
    let item = json!({ "role": "assistant", "content": content });
    let items = if content.is_empty() { Vec::new() } else { vec![item] };
    Ok(Reply { text, calls: calls.collect(), items })
}

/// The results of tool calls as they stand in the conversation.
pub(super) fn results(api: Api, results: &[(ToolCall, ToolResult)]) -> Vec<Value> {
    let each = results.iter().map(|(call, result)| match api {
        Api::Chat => json!({ "role": "tool", "tool_call_id": call.id, "content": result.text }),
        Api::Responses => {
            json!({ "type": "function_call_output", "call_id": call.id, "output": result.text })
        }
        Api::Messages => json!({
            "type": "tool_result",
            "tool_use_id": call.id,
            "content": result.text,
            "is_error": result.is_error,
        }),
    });
    match api {
        Api::Chat | Api::Responses => each.collect(),
        Api::Messages => vec![json!({ "role": "user", "content": each.collect::<Vec<_>>() })],
    }
}
