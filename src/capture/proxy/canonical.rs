//! The hash of a request that stays the same when only its form changes, so that a replay finds the call that it repeats.
//!
//! SHA-256 over the body as compact JSON with sorted keys, and these rules:
//!
//! * a key whose value is null, or an empty `content`, counts as absent;
//! * identifiers of calls, items and responses (`id`, `call_id`, `tool_call_id`, `tool_use_id`, `previous_response_id`) are
//!   numbered in the order in which they first occur;
//! * who asks does not count (`user`, `metadata`, `safety_identifier`, `prompt_cache_key`), nor where the cache is marked
//!   (`cache_control`), nor what the model thought and an agent only gives back (reasoning items, thinking blocks,
//!   `reasoning_content`, `reasoning_details`), which has marks that no recording keeps;
//! * a content of texts alone is one text; parts of an assistant join directly, those of others by a line break, as in a trace.

use crate::trace::hexadecimal;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;

/// Keys of identifiers.
const IDS: &[&str] = &["id", "call_id", "tool_call_id", "tool_use_id", "previous_response_id"];
/// Keys of a request that say who asks, not what.
const WHO: &[&str] = &["user", "metadata", "safety_identifier", "prompt_cache_key"];
/// Keys anywhere that do not count.
const MARKS: &[&str] =
    &["cache_control", "reasoning_content", "reasoning_details", "encrypted_content"];
/// Types of items and blocks that hold what the model thought.
const THOUGHTS: &[&str] = &["reasoning", "thinking", "redacted_thinking"];

/// The hash of a request, in hexadecimal digits.
pub(super) fn request_hash(request: &Value) -> String {
    let mut numbered = Ids::default();
    let mut text = String::new();
    if let Value::Object(map) = request {
        let asked = map.iter().filter(|(key, _)| !WHO.contains(&key.as_str()));
        numbered.object(asked, &mut text);
    } else {
        numbered.value(request, "", &mut text);
    }
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// Identifiers by the order of their first occurrence.
#[derive(Default)]
struct Ids(HashMap<String, usize>);

impl Ids {
    fn object<'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a String, &'a Value)>,
        out: &mut String,
    ) {
        let mut entries: Vec<_> = entries.filter(|(key, value)| counts(key, value)).collect();
        entries.sort_by_key(|(key, _)| key.as_str());
        out.push('{');
        for (key, value) in entries {
            out.push_str(&Value::from(key.as_str()).to_string());
            out.push(':');
            self.value(value, key, out);
            out.push(',');
        }
        out.push('}');
    }

    fn value(&mut self, value: &Value, key: &str, out: &mut String) {
        match value {
            Value::Object(map) => self.message(map, out),
            Value::Array(items) => {
                out.push('[');
                for item in items.iter().filter(|item| !is_thought(item)) {
                    self.value(item, "", out);
                    out.push(',');
                }
                out.push(']');
            }
            Value::String(id) if IDS.contains(&key) => {
                let next = self.0.len();
                let number = *self.0.entry(id.clone()).or_insert(next);
                // Writing to a string cannot fail.
                let _ = write!(out, "#{number}");
            }
            other => out.push_str(&other.to_string()),
        }
    }

    /// An object, which may be a message whose content is texts alone.
    fn message(&mut self, map: &Map<String, Value>, out: &mut String) {
        let by_assistant = map.get("role").is_some_and(|role| role == "assistant");
        let content = ["content", "system"].into_iter().find_map(|key| {
            let joined = joined(map.get(key)?, if by_assistant { "" } else { "\n" })?;
            Some((key.to_owned(), Value::String(joined)))
        });
        match content {
            None => self.object(map.iter(), out),
            Some((key, text)) => {
                let others = map.iter().filter(|(name, _)| **name != key);
                self.object(others.chain([(&key, &text)]), out);
            }
        }
    }
}

/// Whether a key says anything.
fn counts(key: &str, value: &Value) -> bool {
    let is_empty = key == "content" && (value == "" || value.as_array().is_some_and(Vec::is_empty));
    !value.is_null() && !MARKS.contains(&key) && !is_empty
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn is_thought(value: &Value) -> bool {
    THOUGHTS.contains(&kind(value))
}

/// The text of a list of texts.
fn joined(content: &Value, between: &str) -> Option<String> {
    let mut all = String::new();
    for (place, part) in content.as_array()?.iter().filter(|part| !is_thought(part)).enumerate() {
        if !matches!(kind(part), "text" | "input_text" | "output_text") {
            return None;
        }
        if place > 0 && !all.ends_with('\n') {
            all.push_str(between);
        }
        all.push_str(part.get("text")?.as_str()?);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chat(id: &str, prompt: &str) -> Value {
        json!({ "model": "m", "temperature": 0.5, "messages": [
            { "role": "user", "content": prompt },
            { "role": "assistant", "content": "", "tool_calls": [{ "id": id, "type": "function",
                "function": { "name": "ls", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": id, "content": "x" },
        ]})
    }

    /// An independent oracle: the digest of the canonical text, written out by hand and hashed with sha256sum.
    #[test]
    fn the_hash_is_that_of_the_canonical_text() {
        let request = json!({ "b": [1, null, "x"], "a": { "id": "call_9", "n": null } });
        // printf '{"a":{"id":#0,},"b":[1,null,"x",],}' | sha256sum
        let expected = "{\"a\":{\"id\":#0,},\"b\":[1,null,\"x\",],}";
        assert_eq!(request_hash(&request), hexadecimal(&Sha256::digest(expected)));
    }

    #[test]
    fn form_identifiers_and_marks_do_not_count() {
        let plain = request_hash(&chat("call_a", "Do it."));
        assert_eq!(plain, request_hash(&chat("call_b", "Do it.")));
        let text = chat("call_a", "Do it.").to_string();
        let shuffled = text.replacen("\"model\":\"m\",", "", 1);
        let shuffled = format!("{} , \"model\" : \"m\" }}", shuffled.strip_suffix('}').unwrap());
        assert_eq!(plain, request_hash(&serde_json::from_str(&shuffled).unwrap()));
        let mut marked = chat("call_a", "Do it.");
        marked["user"] = json!("somebody");
        marked["stop"] = Value::Null;
        marked["messages"][0]["content"] =
            json!([{ "type": "text", "text": "Do it.", "cache_control": { "type": "ephemeral" } }]);
        marked["messages"][1]["reasoning_content"] = json!("hm");
        marked["messages"][1]["content"] = Value::Null;
        assert_eq!(plain, request_hash(&marked));
        let thinking = |mark: &str| {
            json!({ "messages": [{ "role": "assistant", "content": [
            { "type": "thinking", "thinking": "hm", "signature": mark },
            { "type": "text", "text": "a" }, { "type": "text", "text": "b" }] }] })
        };
        assert_eq!(request_hash(&thinking("x")), request_hash(&thinking("y")));
        let whole = json!({ "messages": [{ "role": "assistant", "content": "ab" }] });
        assert_eq!(request_hash(&thinking("x")), request_hash(&whole));
    }

    #[test]
    fn one_character_counts() {
        let plain = request_hash(&chat("call_a", "Do it."));
        assert_ne!(plain, request_hash(&chat("call_a", "Do it!")));
        let mut other = chat("call_a", "Do it.");
        other["temperature"] = json!(0.6);
        assert_ne!(plain, request_hash(&other));
        let mut two = chat("call_a", "Do it.");
        two["messages"][2]["tool_call_id"] = json!("call_other");
        assert_ne!(plain, request_hash(&two), "the result of another call");
    }
}
