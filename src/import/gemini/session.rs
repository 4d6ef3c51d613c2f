//! The records of a session file, of either kind: the messages of a document, or lines that build it up.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::{LogFile, Values, lenient};
use serde_json::Value;

/// A record.
#[derive(Debug)]
pub(super) enum Record {
    /// What the session is.
    Session(Fields),
    /// A message, as it is now.
    Message(String, Fields),
    /// What the session is is changed; with a list, its messages are replaced.
    Set(Fields, Option<Vec<Value>>),
    /// This message and those after it are taken back.
    Rewind(String),
    /// It cannot be read, and why.
    Bad(String),
    /// Of a kind that is not known.
    Unknown(String),
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct Records(Values);

impl Records {
    /// Opens a session file.
    pub(super) fn open(file: &LogFile) -> Result<Self, ImportError> {
        let first: Option<Value> =
            file.lines()?.next_line().ok().flatten().and_then(|line| lenient(line.bytes).ok());
        let has_messages =
            |v: &Value| v.get("messages").and_then(Value::as_array).is_some_and(|m| !m.is_empty());
        // A first line that is no value is the beginning of a document over many lines.
        if first.as_ref().is_some_and(|first| !has_messages(first)) {
            return Values::of_lines(file).map(Self);
        }
        match file.json() {
            Ok(document) => {
                let mut document = Fields::of(document).unwrap_or_default();
                let messages = document.array("messages").unwrap_or_default();
                let mut values = vec![Value::Object(document.into_pairs().collect())];
                values.extend(messages);
                Ok(Self(Values::of_document(values)))
            }
            Err(error) if first.is_none() => Err(error),
            // A document on the first line, and lines after it.
            Err(_) => Values::of_lines(file).map(Self),
        }
    }

    /// The next record with its line, or its position in a document; an error when the stream breaks off.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Record)>, ImportError> {
        let placed = self.0.next()?;
        Ok(placed.map(|(line, value)| (line, value.map_or_else(Record::Bad, Record::of))))
    }
}

impl Record {
    fn of(value: Value) -> Self {
        let Some(mut fields) = Fields::of(value) else {
            return Self::Bad("not a JSON object".to_owned());
        };
        if let Some(id) = fields.text("$rewindTo") {
            Self::Rewind(id)
        } else if let Some(mut set) = fields.object("$set") {
            let messages = set.array("messages");
            Self::Set(set, messages)
        } else if fields.peek("sessionId").is_some() && fields.peek("type").is_none() {
            match fields.array("messages").filter(|messages| !messages.is_empty()) {
                None => Self::Session(fields),
                messages => Self::Set(fields, messages),
            }
        } else if let Some(id) = fields.text("id") {
            Self::Message(id, fields)
        } else if fields.peek("type").is_some() {
            // Messages of some versions have no id; the place tells them apart.
            Self::Message(String::new(), fields)
        } else {
            let names: Vec<String> = fields.into_pairs().map(|(name, _)| name).take(3).collect();
            Self::Unknown(names.join(", "))
        }
    }
}

/// The messages of a `$set`, each with its id.
pub(super) fn messages_of(list: Vec<Value>) -> impl Iterator<Item = (String, Fields)> {
    list.into_iter().filter_map(|message| {
        let mut fields = Fields::of(message)?;
        let id = fields.text("id").unwrap_or_default();
        Some((id, fields))
    })
}
