//! Long texts that a sample stores apart, and the text of a message.

use super::super::fields::Fields;
use serde_json::Value;
use std::cell::Cell;
use std::collections::HashMap;

/// What a text begins with that is stored apart; `tc` in logs of 2024.
const PROTOCOLS: &[&str] = &["attachment://", "tc://"];

/// The long texts of a sample, by hash or by number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: HashMap<String, String>,
    missing: Cell<u64>,
}

impl Texts {
    /// Adds the texts of an object.
    pub(super) fn add(&mut self, texts: Option<Value>) {
        if let Some(Value::Object(texts)) = texts {
            for (key, text) in texts {
                self.insert(key, text);
            }
        }
    }

    /// Adds one text.
    pub(super) fn insert(&mut self, key: String, text: Value) {
        if let Value::String(text) = text {
            self.texts.insert(key, text);
        }
    }

    /// Puts the texts in place of what refers to them.
    pub(super) fn resolve(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let key = PROTOCOLS.iter().find_map(|protocol| text.strip_prefix(protocol));
                match key.map(|key| self.texts.get(key)) {
                    Some(Some(stored)) => stored.clone_into(text),
                    Some(None) => self.missing.set(self.missing.get() + 1),
                    None => {}
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.resolve(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.resolve(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The same for all fields.
    pub(super) fn resolved(&self, fields: Fields) -> Fields {
        let mut value = Value::Object(fields.into_pairs().collect());
        self.resolve(&mut value);
        Fields::of(value).unwrap_or_default()
    }

    /// How often a text was asked for that is not there.
    pub(super) fn missing(&self) -> u64 {
        self.missing.get()
    }
}

/// The content of a message or a result.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) reasoning: Option<String>,
    /// What has no place in a text: images, citations, signatures.
    pub(super) parts: Vec<Value>,
}

impl Content {
    /// Content is a text, a part or a list of parts; results may also be numbers.
    pub(super) fn of(value: Value) -> Self {
        let mut content = Self::default();
        let mut texts = Vec::new();
        let mut reasoning = Vec::new();
        match value {
            Value::Null => {}
            Value::String(text) => return Self { text, ..Self::default() },
            Value::Array(parts) => {
                for part in parts {
                    content.part(part, &mut texts, &mut reasoning);
                }
            }
            other => content.part(other, &mut texts, &mut reasoning),
        }
        content.text = texts.join("\n");
        content.reasoning = (!reasoning.is_empty()).then(|| reasoning.join("\n"));
        content
    }

    fn part(&mut self, part: Value, texts: &mut Vec<String>, reasoning: &mut Vec<String>) {
        let mut fields = match part {
            Value::Object(map) => Fields::of(Value::Object(map)).unwrap_or_default(),
            Value::String(text) => return texts.push(text),
            other => return texts.push(other.to_string()),
        };
        let Some(kind) = fields.text("type") else {
            let whole = Value::Object(fields.into_pairs().collect());
            return texts.push(whole.to_string());
        };
        match kind.as_str() {
            "text" => texts.extend(fields.text("text")),
            "reasoning" => {
                let redacted = fields.peek("redacted") == Some(&Value::Bool(true));
                let said = if redacted { fields.text("summary") } else { fields.text("reasoning") };
                reasoning.extend(said.filter(|text| !text.is_empty()));
                if !redacted {
                    fields.drop("redacted");
                }
            }
            _ => texts.push(format!("[{kind}]")),
        }
        let rest: serde_json::Map<String, Value> =
            fields.into_pairs().filter(|(_, v)| !v.is_null()).collect();
        if !rest.is_empty() {
            let mut part = serde_json::Map::from_iter([("type".to_owned(), Value::String(kind))]);
            part.extend(rest);
            self.parts.push(Value::Object(part));
        }
    }
}
