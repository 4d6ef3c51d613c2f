//! The records of a printed stream: one per line among other output, or the items of one array.
//!
//! The agent SDK for Python gives data classes, and people dump them as JSON. They have no `type`; their fields tell
//! what they are, and they are put into the shape of the stream.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::{Lines, LogFile, json_problem, lenient};
use serde_json::Value;

/// One record, or what stands in its place.
pub(super) enum Record {
    Object(Fields),
    /// Output of something else.
    Noise,
    Broken(String),
}

/// The records of a file, one after the other.
pub(super) enum Records {
    Lines(Lines),
    Items(std::iter::Zip<std::ops::RangeFrom<usize>, std::vec::IntoIter<Value>>),
}

impl Records {
    /// Opens a file: as an array if it is one as a whole.
    pub(super) fn of(file: &LogFile) -> Result<Self, ImportError> {
        let head = file.head()?;
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
        if head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[')
            && let Ok(Value::Array(items)) = file.json()
        {
            return Ok(Self::Items((1..).zip(items)));
        }
        Ok(Self::Lines(file.lines()?))
    }

    /// The next line, or item, with its number. A file that breaks off has a broken last record.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Record)>, ImportError> {
        let lines = match self {
            Self::Lines(lines) => lines,
            Self::Items(items) => {
                let next = items.next();
                return Ok(
                    next.map(|(n, item)| (n, Fields::of(item).map_or(Record::Noise, shaped)))
                );
            }
        };
        match lines.next_line() {
            Ok(Some(line)) if line.cut => {
                Ok(Some((line.number, Record::Broken("longer than 256 MiB".to_owned()))))
            }
            Ok(Some(line)) => Ok(Some((line.number, parse(line.bytes)))),
            Ok(None) => Ok(None),
            Err(ImportError::BrokenStream { line, source, .. }) => {
                let broken = Record::Broken(format!("the file breaks off: {source}"));
                *self = Self::Items((1..).zip(Vec::new()));
                Ok(Some((line, broken)))
            }
            Err(error) => Err(error),
        }
    }
}

fn parse(line: &[u8]) -> Record {
    match lenient::<Value>(line) {
        Ok(value) => Fields::of(value).map_or(Record::Noise, shaped),
        Err(error) if line.trim_ascii_start().starts_with(b"{") => {
            Record::Broken(json_problem(&error))
        }
        Err(_) => Record::Noise,
    }
}

/// A record in the shape of the stream.
fn shaped(mut fields: Fields) -> Record {
    let has = |fields: &Fields, name: &str| fields.peek(name).is_some();
    if has(&fields, "type") {
        return Record::Object(fields);
    }
    if has(&fields, "subtype") && fields.peek("data").is_some_and(Value::is_object) {
        let mut data = fields.object("data").unwrap_or_default();
        for (name, value) in fields.into_pairs() {
            data.keep(&name, value);
        }
        data.keep("type", "system");
        return Record::Object(data);
    }
    if has(&fields, "subtype") && has(&fields, "num_turns") {
        if let Some(usage) = fields.take("model_usage") {
            fields.keep("modelUsage", usage);
        }
        fields.keep("type", "result");
    } else if has(&fields, "content") {
        let reply = has(&fields, "model");
        let mut message = Fields::default();
        for (from, to) in [
            ("content", "content"),
            ("model", "model"),
            ("message_id", "id"),
            ("usage", "usage"),
            ("stop_reason", "stop_reason"),
        ] {
            if let Some(value) = fields.take(from) {
                message.keep(to, value);
            }
        }
        fields.keep("message", message.into_value());
        fields.keep("type", if reply { "assistant" } else { "user" });
    }
    Record::Object(fields)
}
