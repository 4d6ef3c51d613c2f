//! The content of a message, taken apart into text, reasoning, tool calls and tool results.
//!
//! Content is a text or a list of blocks. Blocks of the agent SDK's data classes have no `type`: their fields tell it.

use super::super::fields::Fields;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The blocks of one message, or of one record of it.
#[derive(Debug, Default)]
pub(in super::super) struct Blocks {
    pub(in super::super) text: String,
    pub(in super::super) reasoning: String,
    pub(in super::super) calls: Vec<ToolUse>,
    pub(in super::super) results: Vec<ToolResult>,
    /// Images, documents and whatever else.
    pub(in super::super) others: Vec<Value>,
    /// Bytes of encrypted reasoning and of the signatures of reasoning. They say how much there was; what they are is
    /// for the provider alone, and left out.
    pub(in super::super) sealed_bytes: usize,
}

/// A tool call.
#[derive(Debug)]
pub(in super::super) struct ToolUse {
    pub(in super::super) id: Option<String>,
    pub(in super::super) name: String,
    /// As the model wrote them: JSON text.
    pub(in super::super) arguments: String,
    pub(in super::super) rest: Fields,
}

/// What came back from a tool call.
#[derive(Debug)]
pub(in super::super) struct ToolResult {
    pub(in super::super) call_id: String,
    pub(in super::super) text: Option<String>,
    pub(in super::super) failed: Option<bool>,
    pub(in super::super) rest: Fields,
}

impl Blocks {
    /// Takes the content of a message apart.
    pub(in super::super) fn of(content: Option<Value>) -> Self {
        let mut blocks = Self::default();
        match content {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) => items.into_iter().for_each(|item| blocks.add(item)),
            Some(one) => blocks.add(one),
        }
        blocks
    }

    /// Whether there is nothing in it.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.text.is_empty()
            && self.reasoning.is_empty()
            && self.calls.is_empty()
            && self.results.is_empty()
            && self.others.is_empty()
            && self.sealed_bytes == 0
    }

    fn add(&mut self, block: Value) {
        match block {
            Value::String(text) => append(&mut self.text, text),
            Value::Object(map) => {
                self.add_block(Fields::of(Value::Object(map)).unwrap_or_default());
            }
            other => self.others.push(other),
        }
    }

    fn add_block(&mut self, mut fields: Fields) {
        let kind = match fields.peek("type").and_then(Value::as_str) {
            Some(kind) => kind.to_owned(),
            None => kind_by_fields(&fields).to_owned(),
        };
        match kind.as_str() {
            "text" if fields.peek("text").is_some_and(Value::is_string) => {
                append(&mut self.text, fields.text("text").unwrap_or_default());
                fields.drop("type");
                self.keep(fields);
            }
            "thinking" if fields.peek("thinking").is_some_and(Value::is_string) => {
                append(&mut self.reasoning, fields.text("thinking").unwrap_or_default());
                self.sealed_bytes += fields.text("signature").map_or(0, |s| s.len());
                fields.drop("type");
                self.keep(fields);
            }
            "redacted_thinking" => {
                self.sealed_bytes += fields.text("data").map_or(0, |s| s.len());
            }
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                if kind == "tool_use" {
                    fields.drop("type");
                }
                self.calls.push(ToolUse::of(fields));
            }
            _ if kind.ends_with("tool_result") && fields.peek("tool_use_id").is_some() => {
                if kind == "tool_result" {
                    fields.drop("type");
                }
                self.results.push(ToolResult::of(fields));
            }
            _ => self.others.push(fields.into_value()),
        }
    }

    /// Keeps what a block has beside its text (citations).
    fn keep(&mut self, fields: Fields) {
        let rest = fields.rest();
        self.others.extend(rest.and_then(|text| serde_json::from_str::<Value>(&text).ok()));
    }
}

/// Read straight from JSON, as [`Blocks::of`] takes them from a value.
impl<'de> Deserialize<'de> for Blocks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Content;
        impl<'de> Visitor<'de> for Content {
            type Value = Blocks;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the content of a message")
            }
            fn visit_unit<E>(self) -> Result<Blocks, E> {
                Ok(Blocks::default())
            }
            fn visit_str<E>(self, text: &str) -> Result<Blocks, E> {
                Ok(Blocks { text: text.to_owned(), ..Blocks::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Blocks, A::Error> {
                let mut blocks = Blocks::default();
                blocks.add_block(Fields::deserialize(MapAccessDeserializer::new(map))?);
                Ok(blocks)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Blocks, A::Error> {
                let mut blocks = Blocks::default();
                while let Some(fields) = items.next_element()? {
                    blocks.add_block(fields);
                }
                Ok(blocks)
            }
        }
        from.deserialize_any(Content)
    }
}

impl ToolUse {
    fn of(mut fields: Fields) -> Self {
        let arguments = match fields.take("input") {
            Some(Value::String(text)) => text,
            Some(input) => input.to_string(),
            None => "{}".to_owned(),
        };
        Self {
            id: fields.text("id").filter(|id| !id.is_empty()),
            name: fields.text("name").unwrap_or_default(),
            arguments,
            rest: fields,
        }
    }
}

impl ToolResult {
    fn of(mut fields: Fields) -> Self {
        let mut text = None;
        match fields.take("content") {
            Some(Value::String(content)) => text = Some(content),
            Some(content) => {
                let blocks = Blocks::of(Some(content));
                if !blocks.text.is_empty() {
                    text = Some(blocks.text);
                }
                if !blocks.others.is_empty() {
                    fields.keep("parts", blocks.others);
                }
            }
            None => {}
        }
        Self {
            call_id: fields.text("tool_use_id").unwrap_or_default(),
            text,
            failed: fields.flag("is_error"),
            rest: fields,
        }
    }
}

/// Adds a text to a text, as a paragraph of its own.
pub(super) fn append(to: &mut String, text: String) {
    if to.is_empty() {
        *to = text;
    } else if !text.is_empty() {
        to.push_str("\n\n");
        to.push_str(&text);
    }
}

fn kind_by_fields(fields: &Fields) -> &'static str {
    let has = |name: &str| fields.peek(name).is_some();
    match () {
        () if has("tool_use_id") => "tool_result",
        () if has("input") && has("name") => "tool_use",
        () if has("thinking") => "thinking",
        () if has("text") => "text",
        () => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_block_goes_somewhere() {
        let blocks = Blocks::of(Some(json!([
            "bare",
            {"type": "text", "text": "a", "citations": [1]},
            {"type": "thinking", "thinking": "hm", "signature": "abcd"},
            {"type": "redacted_thinking", "data": "xyz"},
            {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"b": 1, "a": 2}, "caller": "x"},
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "out"}, {"type": "image"}]},
            {"type": "image", "source": 1},
            17
        ])));
        assert_eq!(blocks.text, "bare\n\na");
        assert_eq!((blocks.reasoning.as_str(), blocks.sealed_bytes), ("hm", 7));
        assert_eq!(blocks.calls[0].arguments, r#"{"b":1,"a":2}"#, "in the model's order");
        assert_eq!(blocks.results[0].text.as_deref(), Some("out"));
        assert_eq!(blocks.others.len(), 3, "the citations, the image, the number");
    }

    #[test]
    fn blocks_of_data_classes_are_told_by_their_fields() {
        let blocks = Blocks::of(Some(json!([
            {"text": "a"}, {"thinking": "b", "signature": ""},
            {"id": "t", "name": "Read", "input": {}}, {"tool_use_id": "t", "content": "c", "is_error": null}
        ])));
        assert_eq!((blocks.text.as_str(), blocks.reasoning.as_str()), ("a", "b"));
        assert_eq!((blocks.calls.len(), blocks.results.len()), (1, 1));
        assert!(!blocks.is_empty() && Blocks::of(None).is_empty());
    }
}
