//! What was said in a call, in all the shapes that instrumentations write it: lists of messages as JSON in an attribute or
//! in an event of the span, events one by one, and attributes that spell a list out (`gen_ai.prompt.0.content`).

use super::super::spans::Span;
use super::names::{ANY_AGENT_OUTPUT, text};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most parts of the name of an attribute that spells out a list.
const DEEPEST: usize = 12;

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) role: String,
    pub(super) text: String,
    pub(super) calls: Vec<Asked>,
    /// Results of tool calls, by the identifiers of these.
    pub(super) results: Vec<(String, String)>,
    pub(super) finish_reason: Option<String>,
    /// What was thought before it was said.
    pub(super) reasoning: String,
}

/// A tool call that a message asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

/// What a call was given, and what it answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Talk {
    pub(super) input: Vec<Said>,
    pub(super) output: Vec<Said>,
}

impl Talk {
    /// The first shape that has anything, for each side.
    pub(super) fn of(span: &Span) -> Self {
        let mut talk = Self::default();
        for shape in [
            of_conventions,
            of_details,
            of_event_list,
            of_events,
            of_lists,
            of_vercel,
            of_any_agent,
        ] {
            if !talk.input.is_empty() && !talk.output.is_empty() {
                break;
            }
            talk.complete(shape(span));
        }
        talk
    }

    /// Takes what is missing from another.
    pub(super) fn complete(&mut self, other: Self) {
        if self.input.is_empty() {
            self.input = other.input;
        }
        if self.output.is_empty() {
            self.output = other.output;
        }
    }

    /// The text of the answer; none when there is none.
    pub(super) fn answer(&self) -> Option<String> {
        let texts: Vec<&str> =
            self.output.iter().map(|s| s.text.as_str()).filter(|t| !t.is_empty()).collect();
        Some(texts.join("\n")).filter(|text| !text.is_empty())
    }

    /// The tool calls that the answer asks for.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.output.iter().flat_map(|said| &said.calls)
    }
}

/// `gen_ai.input.messages` and its like, as JSON or as values.
fn of_conventions(span: &Span) -> Talk {
    of_attributes(&span.attributes)
}

fn of_attributes(attributes: &Map<String, Value>) -> Talk {
    let listed = |name: &str, role: &str| {
        attributes.get(name).map(|v| said_all(v, role)).unwrap_or_default()
    };
    let instructions = attributes.get("gen_ai.system_instructions").map(parsed);
    let system = instructions.map(|parts| Said {
        role: "system".to_owned(),
        text: text_of(&parts),
        ..Said::default()
    });
    let system = system.filter(|said| !said.text.is_empty());
    let mut input: Vec<Said> = system.into_iter().collect();
    input.extend(listed("gen_ai.input.messages", "user"));
    Talk { input, output: listed("gen_ai.output.messages", "assistant") }
}

/// The same in an event of the span.
fn of_details(span: &Span) -> Talk {
    let details = |name: &str| name == "gen_ai.client.inference.operation.details";
    let event = span.events.iter().find(|event| details(&event.name));
    event.map(|event| of_attributes(&event.attributes)).unwrap_or_default()
}

/// A list of events in an attribute.
fn of_event_list(span: &Span) -> Talk {
    let mut talk = Talk::default();
    if let Some(Value::Array(events)) = span.attributes.get("events").map(parsed) {
        for event in &events {
            let name = event.get("event.name").and_then(Value::as_str).unwrap_or_default();
            talk.add_event(name, event);
        }
    }
    talk
}

/// An event of the span for each message.
fn of_events(span: &Span) -> Talk {
    let mut talk = Talk::default();
    for event in &span.events {
        let json = |name: &str| event.attributes.get(name);
        match event.name.as_str() {
            "gen_ai.content.prompt" => {
                talk.input
                    .extend(json("gen_ai.prompt").map(|v| said_all(v, "user")).unwrap_or_default());
            }
            "gen_ai.content.completion" => {
                talk.output.extend(
                    json("gen_ai.completion").map(|v| said_all(v, "assistant")).unwrap_or_default(),
                );
            }
            name => {
                let attributes =
                    event.attributes.iter().map(|(k, v)| (k.clone(), parsed(v))).collect();
                talk.add_event(name, &Value::Object(attributes));
            }
        }
    }
    talk
}

impl Talk {
    /// An event such as `gen_ai.user.message`.
    fn add_event(&mut self, name: &str, event: &Value) {
        match name {
            "gen_ai.choice" | "gen_ai.assistant.message.output" => {
                self.output.push(said(event, "assistant"));
            }
            "gen_ai.system.message" => self.input.push(said(event, "system")),
            "gen_ai.user.message" => self.input.push(said(event, "user")),
            "gen_ai.assistant.message" => self.input.push(said(event, "assistant")),
            "gen_ai.tool.message" => self.input.push(said(event, "tool")),
            _ => {}
        }
    }
}

/// Lists that attributes spell out: those of `OpenLLMetry` and `OpenInference`.
fn of_lists(span: &Span) -> Talk {
    let side = |prefixes: [&str; 2], role: &str| {
        let items = prefixes.into_iter().map(|prefix| spelled_out(&span.attributes, prefix));
        let items = items.into_iter().find(|items| !items.is_empty()).unwrap_or_default();
        items.iter().map(|item| said(item, role)).collect()
    };
    Talk {
        input: side(["gen_ai.prompt.", "llm.input_messages."], "user"),
        output: side(["gen_ai.completion.", "llm.output_messages."], "assistant"),
    }
}

/// The Vercel AI SDK.
fn of_vercel(span: &Span) -> Talk {
    let messages = span.attributes.get("ai.prompt.messages").map(|v| said_all(v, "user"));
    let answer = Said {
        role: "assistant".to_owned(),
        text: text(span, &["ai.response.text", "ai.result.text"]).unwrap_or_default(),
        calls: span
            .attributes
            .get("ai.response.toolCalls")
            .map(|v| asked_all(&parsed(v)))
            .unwrap_or_default(),
        ..Said::default()
    };
    let is_empty = answer.text.is_empty() && answer.calls.is_empty();
    Talk {
        input: messages.unwrap_or_default(),
        output: if is_empty { Vec::new() } else { vec![answer] },
    }
}

/// any-agent: an answer is a text, or a list of the tools that it asks for.
fn of_any_agent(span: &Span) -> Talk {
    let Some(output) = span.attributes.get(ANY_AGENT_OUTPUT) else { return Talk::default() };
    let asked = |call: &Value| {
        let text = |name: &str| call.get(name)?.as_str().map(str::to_owned);
        let name = text("tool.name")?;
        Some(Asked { id: None, name: Some(name), arguments: text("tool.args") })
    };
    let calls: Vec<Asked> = match parsed(output) {
        Value::Array(items) => items.iter().filter_map(asked).collect(),
        _ => Vec::new(),
    };
    let mut answer = Said { role: "assistant".to_owned(), calls, ..Said::default() };
    if answer.calls.is_empty() {
        answer.text = output.as_str().map_or_else(|| output.to_string(), str::to_owned);
    }
    Talk { input: Vec::new(), output: vec![answer] }
}

/// The items of a list that attributes spell out below a prefix.
fn spelled_out(attributes: &Map<String, Value>, prefix: &str) -> Vec<Value> {
    let mut root = Value::Object(Map::new());
    for (name, value) in attributes {
        let Some(path) = name.strip_prefix(prefix) else { continue };
        if path.split('.').count() > DEEPEST {
            continue;
        }
        let mut place = &mut root;
        for part in path.split('.') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(parts) = place else { break };
            place = parts.entry(part).or_insert(Value::Null);
        }
        *place = value.clone();
    }
    match listed(root) {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

/// Objects whose keys are numbers, as lists.
fn listed(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let numbers: Option<BTreeMap<u64, &Value>> =
        fields.iter().map(|(key, value)| Some((key.parse().ok()?, value))).collect();
    match numbers.filter(|numbers| !numbers.is_empty()) {
        Some(numbers) => numbers.into_values().cloned().map(listed).collect(),
        None => fields.into_iter().map(|(key, value)| (key, listed(value))).collect(),
    }
}

/// A value that is JSON in a text, read.
fn parsed(value: &Value) -> Value {
    let json = value.as_str().filter(|text| text.trim_start().starts_with(['[', '{']));
    json.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}

fn said_all(value: &Value, role: &str) -> Vec<Said> {
    match parsed(value) {
        Value::Array(items) => items.iter().map(|item| said(item, role)).collect(),
        // `{"messages": [...]}`
        Value::Object(mut fields) => match fields.remove("messages") {
            Some(messages @ Value::Array(_)) => said_all(&messages, role),
            _ => vec![said(&Value::Object(fields), role)],
        },
        Value::Null => Vec::new(),
        other => vec![said(&other, role)],
    }
}

/// One message, whatever it is wrapped in.
fn said(value: &Value, role: &str) -> Said {
    let finish = |value: &Value| {
        let reason =
            ["finish_reason", "finishReason"].iter().find_map(|name| value.get(*name)?.as_str());
        reason.map(str::to_owned)
    };
    let (outer_finish, outer_role) = (finish(value), value.get("role").and_then(Value::as_str));
    let role = outer_role.unwrap_or(role);
    let is_message = |inner: &Value| {
        let of_messages = ["role", "parts", "content", "tool_calls"];
        inner.get("type").is_none() && of_messages.iter().any(|name| inner.get(*name).is_some())
    };
    let inner = ["message", "content"].iter().filter_map(|name| value.get(*name)).map(parsed);
    let message = inner.into_iter().find(is_message);
    let value = message.as_ref().unwrap_or(value);
    if let Value::String(text) = value {
        return Said { role: role.to_owned(), text: text.clone(), ..Said::default() };
    }
    let parts =
        ["parts", "content", "contents"].iter().find_map(|name| value.get(*name)).map(parsed);
    let mut calls = parts.as_ref().map(asked_all).unwrap_or_default();
    calls.extend(value.get("tool_calls").map(|v| asked_all(&parsed(v))).unwrap_or_default());
    let role = value.get("role").and_then(Value::as_str).unwrap_or(role);
    let text = parts.as_ref().map(text_of).unwrap_or_default();
    let mut results = parts.as_ref().map(results_in).unwrap_or_default();
    if let Some(id) = call_id(value).filter(|_| role == "tool" && results.is_empty()) {
        results.push((id, text.clone()));
    }
    Said {
        role: role.to_owned(),
        text,
        calls,
        results,
        finish_reason: outer_finish.or_else(|| finish(value)),
        reasoning: parts.as_ref().map(reasoning_in).unwrap_or_default(),
    }
}

/// The reasoning among parts.
fn reasoning_in(parts: &Value) -> String {
    let Value::Array(parts) = parts else { return String::new() };
    let thought = |part: &Value| {
        let kind = part.get("type").or_else(|| part.get("kind"))?.as_str()?;
        if !matches!(kind, "reasoning" | "thinking") {
            return None;
        }
        let text =
            ["content", "thinking", "text"].iter().find_map(|name| part.get(*name)?.as_str());
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    parts.iter().filter_map(thought).collect::<Vec<_>>().join("\n")
}

/// The text of a message's content: a text, a part, or parts. Reasoning and tool calls are no part of it.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text_of).collect(),
        Value::Object(part) => {
            let part = part.get("message_content").and_then(Value::as_object).unwrap_or(part);
            let kind = part.get("type").or_else(|| part.get("kind")).and_then(Value::as_str);
            let is_text =
                kind.is_none_or(|kind| matches!(kind, "text" | "input_text" | "output_text"));
            let text = part.get("text").or_else(|| part.get("content")).and_then(Value::as_str);
            text.filter(|_| is_text).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// The identifier of the tool call that a result belongs to.
fn call_id(value: &Value) -> Option<String> {
    let names = ["tool_call_id", "tool_use_id", "toolCallId", "id"];
    names.iter().find_map(|name| value.get(*name)?.as_str()).map(str::to_owned)
}

/// The results of tool calls among parts.
fn results_in(parts: &Value) -> Vec<(String, String)> {
    let Value::Array(parts) = parts else { return Vec::new() };
    let result = |part: &Value| {
        let kind = part.get("type")?.as_str()?;
        if !matches!(kind, "tool_call_response" | "tool_result" | "tool-result") {
            return None;
        }
        let names = ["response", "result", "content", "output"];
        let content = names.iter().find_map(|name| part.get(*name));
        let text = match content {
            Some(Value::Object(_)) | None => content.map(Value::to_string).unwrap_or_default(),
            Some(content) => text_of(content),
        };
        Some((call_id(part)?, text))
    };
    parts.iter().filter_map(result).collect()
}

/// The tool calls among parts, or in a list of them.
fn asked_all(value: &Value) -> Vec<Asked> {
    let Value::Array(items) = value else { return Vec::new() };
    items.iter().filter_map(asked).collect()
}

fn asked(value: &Value) -> Option<Asked> {
    let kind = value.get("type").and_then(Value::as_str);
    let is_call = kind.is_none_or(|kind| {
        matches!(kind, "tool_call" | "tool_use" | "tool-call" | "function" | "function_call")
    });
    let value =
        ["tool_call", "functionCall"].iter().find_map(|name| value.get(*name)).unwrap_or(value);
    let function = value.get("function").filter(|f| f.is_object()).unwrap_or(value);
    let name = ["name", "toolName"].iter().find_map(|key| function.get(*key)?.as_str());
    let id = ["id", "toolCallId", "tool_call_id"].iter().find_map(|key| value.get(*key)?.as_str());
    let arguments = ["arguments", "input", "args"].iter().find_map(|key| function.get(*key));
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    (is_call && name.is_some()).then(|| Asked {
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
        arguments: arguments.map(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_message_is_found_in_whatever_wraps_it() {
        let plain = json!({ "role": "user", "content": "Hi" });
        for wrapped in [
            plain.clone(),
            json!({ "message": plain }),
            json!({ "message": plain.to_string() }),
            json!({ "role": "user", "content": [{ "type": "text", "text": "H" }, { "type": "input_text", "text": "i" }] }),
            json!({ "role": "user", "content": { "text": "Hi" } }),
            json!({ "role": "user", "content": { "type": "text", "content": "Hi" } }),
            json!({ "role": "user", "content": { "parts": [{ "text": "Hi" }] } }),
            json!({ "role": "user", "parts": [{ "type": "text", "content": "Hi" }, { "type": "reasoning", "content": "x" }] }),
            json!({ "content": { "role": "user", "parts": [{ "text": "Hi" }] } }),
        ] {
            let said = said(&wrapped, "assistant");
            assert_eq!((said.role.as_str(), said.text.as_str()), ("user", "Hi"), "{wrapped}");
        }
        assert_eq!(said(&json!("Hi"), "user").text, "Hi");
        assert_eq!(said(&json!(7), "user"), Said { role: "user".to_owned(), ..Said::default() });
    }

    #[test]
    fn tool_calls_are_found_in_every_shape() {
        let arguments = json!({ "x": 1 });
        for message in [
            json!({ "parts": [{ "type": "tool_call", "id": "1", "name": "f", "arguments": arguments }] }),
            json!({ "content": [{ "type": "tool_use", "id": "1", "name": "f", "input": arguments }] }),
            json!({ "tool_calls": [{ "id": "1", "type": "function", "function": { "name": "f", "arguments": "{\"x\":1}" } }] }),
            json!({ "tool_calls": [{ "tool_call": { "id": "1", "function": { "name": "f", "arguments": "{\"x\":1}" } } }] }),
            json!({ "parts": [{ "functionCall": { "id": "1", "name": "f", "args": arguments } }] }),
            json!({ "content": [{ "type": "tool-call", "toolCallId": "1", "toolName": "f", "args": arguments }] }),
        ] {
            let text = |text: &str| Some(text.to_owned());
            let asked = Asked { id: text("1"), name: text("f"), arguments: text("{\"x\":1}") };
            assert_eq!(said(&message, "assistant").calls, [asked], "{message}");
        }
        let answered =
            json!({ "parts": [{ "type": "tool_call_response", "id": "1", "name": "f" }] });
        assert_eq!(said(&answered, "tool").calls, []);
    }

    #[test]
    fn lists_are_spelled_out_in_the_order_of_their_numbers() {
        let Value::Object(attributes) = json!({
            "p.10.content": "c", "p.2.content": "b", "p.0.role": "a", "p.0.calls.0.name": "f", "p.0.calls.1.name": "g", "q.0": 1,
        }) else {
            panic!("no object")
        };
        let expected = json!([{ "role": "a", "calls": [{ "name": "f" }, { "name": "g" }] }, { "content": "b" }, { "content": "c" }]);
        assert_eq!(Value::Array(spelled_out(&attributes, "p.")), expected);
        let deep = format!("p.0{}", ".x".repeat(10_000));
        let odd = [
            (deep, json!(1)),
            ("p.0".to_owned(), json!("x")),
            ("p.0.y".to_owned(), json!(2)),
            ("p.".to_owned(), json!(3)),
        ];
        assert_eq!(spelled_out(&odd.into_iter().collect(), "p."), Vec::<Value>::new());
    }
}
