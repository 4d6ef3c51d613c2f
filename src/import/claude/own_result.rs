//! The client's own result of a tool call, read without the text that the result block beside it has already.
//!
//! Half of a session is the output of tools, and the client writes it twice in a line. The second time it is compared
//! where it is read, and not kept.

use super::blocks::Blocks;
use super::results::REPEATED;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Reads such a result; with it, whether anything was left out.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct OwnResult<'t> {
    text: Option<&'t str>,
}

impl<'t> OwnResult<'t> {
    /// Beside these blocks: what they say in the one result among them need not be said again.
    pub(in super::super) fn beside(blocks: Option<&'t Blocks>) -> Self {
        let text = match blocks.map(|b| b.results.as_slice()) {
            Some([one]) => one.text.as_deref().map(str::trim),
            _ => None,
        };
        Self { text }
    }
}

impl<'de> DeserializeSeed<'de> for OwnResult<'_> {
    type Value = (Value, bool);

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OwnResult<'_> {
    type Value = (Value, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a text")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok((Value::Null, false))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.into(), false))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        let mut left_out = [false; REPEATED.len()];
        while let Some(name) = map.next_key::<String>()? {
            let place = REPEATED.iter().position(|n| **n == *name);
            let value = match (self.text, place) {
                (Some(text), Some(place)) => {
                    let value = map.next_value_seed(Unless { repeats: text })?;
                    if left_out[place] || (value.is_none() && fields.contains_key(&name)) {
                        return Err(A::Error::custom("a field twice"));
                    }
                    left_out[place] = value.is_none();
                    value
                }
                _ => Some(map.next_value()?),
            };
            if let Some(value) = value
                && fields.insert(name, value).is_some()
            {
                return Err(A::Error::custom("a field twice"));
            }
        }
        Ok((fields.into(), left_out.contains(&true)))
    }
}

/// A value, or none for a text that repeats another one.
struct Unless<'t> {
    repeats: &'t str,
}

impl<'de> DeserializeSeed<'de> for Unless<'_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unless<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.trim() != self.repeats).then(|| text.into()))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(flag.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(items)).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::blocks::Blocks;
    use super::*;
    use serde_json::json;

    fn read(content: &Value, own: &str) -> Option<(Value, bool)> {
        let blocks = Blocks::of(Some(content.clone()));
        OwnResult::beside(Some(&blocks))
            .deserialize(&mut serde_json::Deserializer::from_str(own))
            .ok()
    }

    #[test]
    fn a_text_that_is_there_already_is_left_out() {
        let result = json!([{"type": "tool_result", "tool_use_id": "t", "content": "a\n"}]);
        let own = r#"{"stdout": "a\n\n", "stderr": "a", "content": 7, "filenames": ["a"]}"#;
        let left = json!({"stderr": "a", "content": 7, "filenames": ["a"]});
        assert_eq!(read(&result, own), Some((left, true)));
        let own = r#"{"stdout": "b", "result": null}"#;
        assert_eq!(read(&result, own), Some((json!({"stdout": "b", "result": null}), false)));
        for twice in [
            r#"{"stdout": "a", "stdout": "b"}"#,
            r#"{"stdout": "b", "stdout": "a"}"#,
            r#"{"x": 1, "x": 1}"#,
        ] {
            assert_eq!(read(&result, twice), None, "{twice}: which of the two counts");
        }
    }

    #[test]
    fn of_two_results_none_is_the_one() {
        let one = json!({"type": "tool_result", "tool_use_id": "t", "content": "a"});
        let own = r#"{"stdout": "a"}"#;
        assert_eq!(read(&json!([one, one]), own), Some((json!({"stdout": "a"}), false)));
        assert_eq!(read(&json!("a"), own), Some((json!({"stdout": "a"}), false)));
        assert_eq!(read(&json!([one]), r#""Error: a""#), Some((json!("Error: a"), false)));
        assert_eq!(read(&json!([one]), "[1]"), None);
    }
}
