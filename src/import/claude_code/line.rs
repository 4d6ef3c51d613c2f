//! One line, read into what every row needs of it.
//!
//! A line as the client writes it is read in one go: texts that are looked at are borrowed, what it repeats of itself
//! (its session, the output of a tool a second time) is never built, and the content of its message is taken apart as it
//! is read. Any other line, with a field twice or a number where a text should be, is read as a value first.

use super::super::claude::{Blocks, OwnResult};
use super::super::fields::Fields;
use super::super::files::lenient;
use super::envelope::Envelope;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// A line, taken apart.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) kind: Option<String>,
    pub(super) uuid: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) timestamp: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) sidechain: Option<bool>,
    /// What a user or an assistant says.
    pub(super) message: Option<Message>,
    pub(super) fields: Fields,
}

/// The message of a line.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) blocks: Blocks,
    pub(super) fields: Fields,
}

impl Record {
    /// Takes a line apart; `None` when it is no object. Fields that say what `known` says may be left out of a line that
    /// becomes a row.
    pub(super) fn of(bytes: &[u8], known: &Envelope) -> Result<Option<Self>, serde_json::Error> {
        // Checked as a whole: what is passed over has to be text as well.
        if let Ok(text) = std::str::from_utf8(bytes) {
            let mut json = serde_json::Deserializer::from_str(text);
            let as_written = AsWritten { known };
            if let (Ok(record), Ok(())) = (as_written.deserialize(&mut json), json.end()) {
                return Ok(Some(record));
            }
        }
        Ok(Fields::of(lenient(bytes)?).map(Self::of_fields))
    }

    fn of_fields(mut fields: Fields) -> Self {
        let kind = fields.text("type").or_else(|| {
            let role = fields.peek("message").and_then(|m| m.get("role"));
            role.and_then(Value::as_str).map(ToOwned::to_owned)
        });
        let speaks = matches!(kind.as_deref(), Some("user" | "assistant"));
        Self {
            kind,
            uuid: fields.text("uuid"),
            parent: fields.text("parentUuid"),
            timestamp: fields.text("timestamp"),
            sidechain: fields.flag("isSidechain"),
            agent: fields.text("agentId"),
            message: if speaks { fields.object("message").map(Message::of) } else { None },
            fields,
        }
    }
}

impl Message {
    fn of(mut fields: Fields) -> Self {
        Self { blocks: Blocks::of(fields.take("content")), fields }
    }
}

/// A line whose fields are of the types that the client gives them, each there once.
struct AsWritten<'e> {
    known: &'e Envelope,
}

impl<'de> DeserializeSeed<'de> for AsWritten<'_> {
    type Value = Record;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Record, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AsWritten<'_> {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line as it is written")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
        let mut record = Record::default();
        let mut seen = Seen::default();
        let (mut dropped, mut repeated) = (false, false);
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "type" => record.kind = seen.first(0, map.next_value()?)?,
                "uuid" => record.uuid = seen.first(1, map.next_value()?)?,
                "parentUuid" => record.parent = seen.first(2, map.next_value()?)?,
                "timestamp" => record.timestamp = seen.first(3, map.next_value()?)?,
                "agentId" => record.agent = seen.first(4, map.next_value()?)?,
                "isSidechain" => record.sidechain = seen.first(5, map.next_value()?)?,
                "message" => record.message = Some(seen.first(6, map.next_value_seed(AsSaid)?)?),
                "toolUseResult" => {
                    let blocks = record.message.as_ref().map(|m| &m.blocks);
                    let (own, repeats) = map.next_value_seed(OwnResult::beside(blocks))?;
                    repeated = repeats;
                    add(&mut record.fields, name, own)?;
                }
                _ => match self.known.constant(&name) {
                    Some((place, known)) => {
                        let value: Option<Text<'_>> = seen.first(7 + place, map.next_value()?)?;
                        match value {
                            Some(Text(value)) if known == Some(&*value) => dropped = true,
                            Some(Text(value)) => {
                                add(&mut record.fields, name, Value::String(value.into_owned()))?;
                            }
                            None => add(&mut record.fields, name, Value::Null)?,
                        }
                    }
                    None => add(&mut record.fields, name, map.next_value()?)?,
                },
            }
        }
        // What is left out is left out of rows alone: a title keeps what it says of itself.
        let as_written = match record.kind.as_deref() {
            None => false,
            Some("user") => true,
            Some("assistant") => !repeated,
            Some(kind) => record.message.is_none() && !repeated && !(dropped && kind == "summary"),
        };
        if as_written { Ok(record) } else { Err(A::Error::custom("another kind of line")) }
    }
}

/// A message that is an object, each field there once.
struct AsSaid;

impl<'de> DeserializeSeed<'de> for AsSaid {
    type Value = Message;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Message, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AsSaid {
    type Value = Message;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Message, A::Error> {
        let mut message = Message::default();
        let mut seen = Seen::default();
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "content" => message.blocks = seen.first(0, map.next_value()?)?,
                // The type of the line says it.
                "role" => drop(map.next_value::<Option<Text<'_>>>()?),
                _ => add(&mut message.fields, name, map.next_value()?)?,
            }
        }
        Ok(message)
    }
}

/// Adds a field that must not be there yet.
fn add<E: Error>(fields: &mut Fields, name: Cow<'_, str>, value: Value) -> Result<(), E> {
    if fields.has(&name) {
        return Err(E::custom("a field twice"));
    }
    fields.push(name.into_owned(), value);
    Ok(())
}

/// Which of the fields that are looked for were there.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    /// The value of a field that must not have been there yet.
    fn first<T, E: Error>(&mut self, field: usize, value: T) -> Result<T, E> {
        let bit = 1 << field;
        if self.0 & bit != 0 {
            return Err(E::custom("a field twice"));
        }
        self.0 |= bit;
        Ok(value)
    }
}

/// A short text, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A line as it is read in one go, and as it is read as a value first; without what the latter alone keeps.
    fn both(line: &str) -> (Option<String>, String) {
        let known = Envelope::of("s", &BTreeMap::new());
        let as_written = AsWritten { known: &known };
        let one = as_written.deserialize(&mut serde_json::Deserializer::from_str(line)).ok();
        let mut other = Record::of_fields(Fields::of(lenient(line.as_bytes()).unwrap()).unwrap());
        if let Some(message) = &mut other.message {
            message.fields.drop("role");
        }
        (one.map(|record| format!("{record:?}")), format!("{other:?}"))
    }

    #[test]
    fn a_line_as_it_is_written_reads_like_its_value() {
        for line in [
            r#"{"type":"user","uuid":"a","parentUuid":null,"isSidechain":false,"cwd":"/x","message":{"role":"user","content":"h\ni"}}"#,
            r#"{"type":"user","message":{"content":[{"tool_use_id":"t","type":"tool_result","content":"a"}]},"toolUseResult":{"stdout":"b","n":[1.5,-2,null]}}"#,
            r#"{"type":"assistant","message":{"id":"m","usage":{"input_tokens":3},"content":[{"type":"thinking","thinking":"hm","signature":"abc"},{"type":"tool_use","id":"t","name":"Bash","input":{"b":1,"a":[]}}]},"requestId":"r","x":{"y":{}}}"#,
            r#"{"type":"progress","data":{"type":"bash_progress"},"agentId":"a7","timestamp":"2026-02-01T00:00:00Z"}"#,
            r#"{"type":"user","message":{"content":null},"version":null,"gitBranch":""}"#,
        ] {
            let (one, other) = both(line);
            assert_eq!(one, Some(other), "{line}");
        }
    }

    #[test]
    fn any_other_line_is_left_to_the_value() {
        for line in [
            r#"{"message":{"role":"user","content":"a"}}"#,
            r#"{"type":"user","type":"system"}"#,
            r#"{"type":"user","cwd":"/a","cwd":"/b"}"#,
            r#"{"type":"user","x":1,"x":2}"#,
            r#"{"type":"user","message":{"content":"a","content":"b"}}"#,
            r#"{"type":"user","message":"said"}"#,
            r#"{"type":"user","message":{"content":["bare"]}}"#,
            r#"{"type":"user","isSidechain":"true"}"#,
            r#"{"type":"user","uuid":7}"#,
            r#"{"type":"system","message":{"content":"a"}}"#,
            r#"{"type":"summary","sessionId":"s"}"#,
            r#"{"type":"assistant","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":"a"}]},"toolUseResult":{"stdout":"a"}}"#,
        ] {
            assert_eq!(both(line).0, None, "{line}");
        }
    }

    #[test]
    fn a_line_says_nothing_of_what_is_known() {
        let known = Envelope::of("s", &BTreeMap::from([("cwd", "/a".to_owned())]));
        let line = r#"{"type":"user","sessionId":"s","cwd":"/b","version":"2"}"#;
        let record = Record::of(line.as_bytes(), &known).unwrap().unwrap();
        let names: Vec<&str> = record.fields.pairs().map(|(name, _)| name).collect();
        assert_eq!(names, ["cwd", "version"]);
    }

    #[test]
    fn what_is_no_text_is_no_line() {
        let known = Envelope::of("s", &BTreeMap::new());
        assert!(
            Record::of(b"{\"type\":\"user\",\"message\":{\"role\":\"\xff\"}}", &known).is_err()
        );
        assert!(Record::of(b"[1]", &known).unwrap().is_none());
    }
}
