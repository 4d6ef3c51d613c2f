//! What an agent asked, in the words that all three APIs share: instructions, and a conversation as a list of items.
//!
//! An item has a hash over what it says and not over how it is written: agents send the same message as text or as a
//! list of parts, and move their cache marks from request to request.

use super::reply::text;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A hash of an item or of a beginning of a conversation.
pub(super) type Hash = u128;

/// A request.
#[derive(Debug, Default)]
pub(super) struct Ask {
    pub(super) model: Option<String>,
    pub(super) stream: bool,
    /// Parameters that change what the model does.
    pub(super) parameters: Map<String, Value>,
    /// The canonical hash of the request.
    pub(super) hash: Option<String>,
    /// Where in the request the items stand that are pushed next.
    pub(super) at: Option<(usize, Option<usize>)>,
    /// Response that this request continues; its items are then only the new ones.
    pub(super) previous: Option<String>,
    /// Conversation that the provider keeps; the items are then only the new ones as well.
    pub(super) kept_by_provider: Option<String>,
    /// Instructions before the conversation.
    pub(super) system: Vec<Item>,
    /// The conversation.
    pub(super) items: Vec<Item>,
}

/// One thing that a request says.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) hash: Hash,
    pub(super) what: What,
    /// Place of its message in the request, and of its block in the message.
    pub(super) at: Option<(usize, Option<usize>)>,
}

/// What an item is.
#[derive(Debug)]
pub(super) enum What {
    /// A text.
    Said {
        role: String,
        text: String,
        /// Parts that are no text: their types and sizes.
        omitted: Vec<Value>,
    },
    /// A tool call, as the agent repeats it.
    Called { id: Option<String>, name: String, arguments: String },
    /// The result of a tool call.
    Result { id: String, text: String, failed: bool },
}

impl Item {
    pub(super) fn said(role: &str, text: String, omitted: Vec<Value>) -> Self {
        let parts = Value::Array(omitted.clone()).to_string();
        let hash = hash_of(&["said", role, text.trim(), &parts]);
        Self { hash, what: What::Said { role: role.to_owned(), text, omitted }, at: None }
    }

    pub(super) fn called(id: Option<&str>, name: &str, arguments: &str) -> Self {
        let (id, name) = (id.map(str::to_owned), name.to_owned());
        let hash = hash_of(&["called", id.as_deref().unwrap_or_default(), &name]);
        Self { hash, what: What::Called { id, name, arguments: arguments.to_owned() }, at: None }
    }

    pub(super) fn result(id: &str, text: String, failed: bool) -> Self {
        let hash = hash_of(&["result", id, &text]);
        Self { hash, what: What::Result { id: id.to_owned(), text, failed }, at: None }
    }
}

/// The hash of a list of texts.
pub(super) fn hash_of(parts: &[&str]) -> Hash {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    let mut first = [0; 16];
    first.copy_from_slice(&digest.finalize()[..16]);
    Hash::from_le_bytes(first)
}

impl Ask {
    /// Takes the model, whether to stream, and the parameters out of a request.
    pub(super) fn of(request: &Value, parameters: &[&str]) -> Self {
        let mut ask = Self {
            model: text(request, "model").map(str::to_owned),
            stream: request.get("stream").and_then(Value::as_bool).unwrap_or(false),
            ..Self::default()
        };
        for name in parameters {
            // A schema or a list of a page is no parameter worth repeating in each row.
            let value = request.get(*name).filter(|v| !v.is_null() && v.to_string().len() <= 500);
            if let Some(value) = value {
                ask.parameters.insert((*name).to_owned(), value.clone());
            }
        }
        if let Some(tools) = request.get("tools").and_then(Value::as_array) {
            ask.parameters.insert("tools".to_owned(), Value::from(tools.len()));
        }
        ask
    }

    /// Instructions are what stands before the first item of somebody else.
    pub(super) fn push(&mut self, mut item: Item) {
        item.at = self.at;
        let is_instruction = matches!(&item.what, What::Said { role, .. } if matches!(role.as_str(), "system" | "developer"));
        if is_instruction && self.items.is_empty() {
            self.system.push(item);
        } else {
            self.items.push(item);
        }
    }
}

/// The text of a content, which is a text or a list of parts, and what in it is no text.
pub(super) fn content(value: Option<&Value>) -> (String, Vec<Value>) {
    match value {
        Some(Value::String(text)) => (text.clone(), Vec::new()),
        Some(Value::Array(parts)) => {
            let mut all = String::new();
            let mut omitted = Vec::new();
            for part in parts {
                let said =
                    part.as_str().or_else(|| text(part, "text")).or_else(|| text(part, "refusal"));
                match said {
                    Some(text) => {
                        // Parts are paragraphs of their own.
                        if !all.is_empty() && !all.ends_with('\n') {
                            all.push('\n');
                        }
                        all.push_str(text);
                    }
                    None => omitted.push(omission(part)),
                }
            }
            (all, omitted)
        }
        None | Some(Value::Null) => (String::new(), Vec::new()),
        Some(other) => (other.to_string(), Vec::new()),
    }
}

/// What is kept of a part that is no text, such as an image.
pub(super) fn omission(part: &Value) -> Value {
    let mut bare = part.clone();
    if let Value::Object(map) = &mut bare {
        map.shift_remove("cache_control");
    }
    let whole = bare.to_string();
    json!({
        "type": text(part, "type").unwrap_or("unknown"),
        "bytes": whole.len(),
        "hash": format!("{:016x}", hash_of(&[&whole]) >> 64),
    })
}

/// The text of a tool result.
pub(super) fn result_text(value: Option<&Value>) -> String {
    let (mut all, omitted) = content(value);
    for part in omitted {
        if !all.is_empty() {
            all.push('\n');
        }
        let kind = text(&part, "type").unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(all, "[{kind}, {} bytes]", part["bytes"]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_message_has_the_same_hash_however_it_is_written() {
        let plain = content(Some(&json!("hello\nworld")));
        let parts = content(Some(&json!([
            {"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "world"}
        ])));
        assert_eq!(plain, parts);
        let image = |mark: bool| {
            let mut part = json!({"type": "image", "source": {"data": "AAAA"}});
            if mark {
                part["cache_control"] = json!({"type": "ephemeral"});
            }
            content(Some(&json!([part])))
        };
        assert_eq!(image(true), image(false));
        assert_eq!(image(true).1[0]["type"], "image");
        assert_ne!(hash_of(&["ab", "c"]), hash_of(&["a", "bc"]));
    }

    #[test]
    fn results_name_what_they_hold_beside_text() {
        let result = json!([{"type": "text", "text": "seen"}, {"type": "image", "source": {}}]);
        assert_eq!(result_text(Some(&result)), "seen\n[image, 28 bytes]");
        assert_eq!(result_text(None), "");
        assert_eq!(result_text(Some(&json!({"a": 1}))), r#"{"a":1}"#);
    }
}
