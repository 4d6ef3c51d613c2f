//! A response of a model as its API gave it, from the chat API or the Responses API, taken apart: text, tool calls, usage.
//!
//! Both count cached tokens inside the input and reasoning inside the output (LiteLLM brings other providers to the same).

use super::content::take_apart;
use super::fields::Fields;
use super::usage::Usage;
use serde_json::Value;

/// A response.
#[derive(Debug, Default)]
pub(super) struct Response {
    pub(super) id: Option<String>,
    /// The model that answered.
    pub(super) model: Option<String>,
    pub(super) text: Option<String>,
    /// As the model wrote them.
    pub(super) calls: Vec<Call>,
    pub(super) finish_reason: Option<String>,
    pub(super) usage: Usage,
    /// The usage as logged.
    pub(super) raw_usage: Option<Value>,
    /// What else it says.
    pub(super) rest: Fields,
}

/// A tool call as the model wrote it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Call {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

impl Response {
    /// Takes a response apart.
    pub(super) fn of(mut response: Fields) -> Self {
        let mut new = Self {
            id: response.text("id").filter(|id| !id.is_empty()),
            model: response.text("model").filter(|model| !model.is_empty()),
            raw_usage: response.take("usage"),
            ..Self::default()
        };
        new.usage = new.raw_usage.clone().and_then(Fields::of).map(usage).unwrap_or_default();
        let mut choices = response.array("choices").unwrap_or_default();
        if choices.len() > 1 {
            response.keep("other_choices", choices.split_off(1));
        }
        if let Some(choice) = choices.pop().and_then(Fields::of) {
            new.take_choice(choice);
        }
        if response.peek("object").and_then(Value::as_str) == Some("response") {
            new.finish_reason = new.finish_reason.take().or_else(|| response.text("status"));
            let output = response.array("output").unwrap_or_default();
            for item in output.into_iter().filter_map(Fields::of) {
                new.take_item(item);
            }
        }
        for name in ["object", "created", "created_at"] {
            response.drop(name);
        }
        new.rest.keep("response", response.into_value());
        new
    }

    /// The one answer of the chat API.
    fn take_choice(&mut self, mut choice: Fields) {
        self.finish_reason = choice.text("finish_reason");
        let mut message = choice.object("message").unwrap_or_default();
        self.text = message.take("content").and_then(|content| take_apart(content).0);
        self.calls = chat_calls(&mut message);
        if let Some(reasoning) = reasoning(&mut message) {
            self.rest.keep("reasoning", reasoning);
        }
        message.drop("role");
        self.rest.keep("message", message.into_value());
    }

    /// An output item of the Responses API.
    fn take_item(&mut self, mut item: Fields) {
        let texts = |content: Option<Value>| content.and_then(|content| take_apart(content).0);
        match item.peek("type").and_then(Value::as_str) {
            Some("message") => {
                if let Some(text) = texts(item.take("content")) {
                    self.text.get_or_insert_with(String::new).push_str(&text);
                }
            }
            Some("reasoning") => {
                let text = texts(item.take("content")).or_else(|| texts(item.take("summary")));
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    self.rest.keep("reasoning", text);
                }
            }
            Some("function_call") => {
                let id = item.text("call_id").or_else(|| item.text("id"));
                self.calls.push(Call {
                    id,
                    name: item.text("name"),
                    arguments: item.text("arguments"),
                });
            }
            _ => {
                let items = self.rest.array("other_output").unwrap_or_default();
                let all: Vec<Value> = items.into_iter().chain([item.into_value()]).collect();
                self.rest.keep("other_output", all);
            }
        }
    }
}

/// The reasoning of a message of the chat API, by either of its names.
pub(super) fn reasoning(message: &mut Fields) -> Option<String> {
    let names = ["reasoning_content", "reasoning"];
    let texts: Vec<String> = names.into_iter().filter_map(|name| message.text(name)).collect();
    texts.into_iter().find(|text| !text.is_empty())
}

/// The tool calls of a message of the chat API.
pub(super) fn chat_calls(message: &mut Fields) -> Vec<Call> {
    let calls = message.array("tool_calls").unwrap_or_default();
    calls.into_iter().filter_map(Fields::of).map(chat_call).collect()
}

/// A tool call of the chat API.
fn chat_call(mut call: Fields) -> Call {
    let mut function = call.object("function").unwrap_or_default();
    let arguments = function.text("arguments");
    Call {
        id: call.text("id").filter(|id| !id.is_empty()),
        name: function.text("name"),
        arguments: arguments.or_else(|| function.take("arguments").map(|a| a.to_string())),
    }
}

/// Counts of either API; zeros on both sides stand for counts that nobody took.
fn usage(mut usage: Fields) -> Usage {
    let mut input_parts =
        usage.object("prompt_tokens_details").or_else(|| usage.object("input_tokens_details"));
    let mut output_parts =
        usage.object("completion_tokens_details").or_else(|| usage.object("output_tokens_details"));
    let part = |parts: &mut Option<Fields>, name: &str| parts.as_mut().and_then(|p| p.int(name));
    let read =
        part(&mut input_parts, "cached_tokens").or_else(|| usage.int("cache_read_input_tokens"));
    let write = part(&mut input_parts, "cache_creation_tokens")
        .or_else(|| usage.int("cache_creation_input_tokens"));
    let reasoning = part(&mut output_parts, "reasoning_tokens");
    let input = usage.int("prompt_tokens").or_else(|| usage.int("input_tokens"));
    let output = usage.int("completion_tokens").or_else(|| usage.int("output_tokens"));
    if input.unwrap_or(0) <= 0 && output.unwrap_or(0) <= 0 {
        return Usage::default();
    }
    Usage::inside(input.filter(|n| *n > 0), read, write, output).with_reasoning(reasoning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_apis_say_the_same() {
        let chat = json!({
            "id": "r", "model": "m", "object": "chat.completion", "created": 1, "service_tier": null,
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hi", "function_call": null,
                "tool_calls": [{"id": "c", "function": {"name": "bash", "arguments": "{}"}}], "reasoning_content": "hm"}}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}
        });
        let responses = json!({
            "id": "r", "model": "m", "object": "response", "status": "stop",
            "output": [
                {"type": "reasoning", "summary": [{"text": "hm"}]},
                {"type": "message", "content": [{"text": "hi"}]},
                {"type": "function_call", "call_id": "c", "name": "bash", "arguments": "{}"}
            ],
            "usage": {"input_tokens": 9, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 2}}
        });
        let of = |value: Value| {
            let r = Response::of(Fields::of(value).unwrap());
            (r.id, r.model, r.text, r.calls, r.finish_reason, r.usage, r.rest.rest())
        };
        let chat = of(chat);
        assert_eq!(chat.6.as_deref(), Some(r#"{"reasoning":"hm"}"#));
        assert_eq!(chat, of(responses));
    }

    #[test]
    fn counts_of_zero_on_both_sides_are_unknown() {
        let of = |value: Value| usage(Fields::of(value).unwrap());
        assert!(of(json!({"prompt_tokens": 0, "completion_tokens": 0})).is_empty());
        let anthropic =
            of(json!({"prompt_tokens": 10, "cache_read_input_tokens": 90, "completion_tokens": 1}));
        assert_eq!(anthropic.input, Some(100), "more cached than sent: they are apart");
    }
}
