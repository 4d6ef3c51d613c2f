//! The records of a rollout, whichever of its three shapes it has.
//!
//! Since autumn 2025 a line is an envelope `{timestamp, type, payload}`. Before that the first line was the bare session
//! and every further line a bare item of the Responses API; before that one JSON document held the session and its items.
//! All become envelopes here. Lines are parsed to a plain value first, as the format is observed and not promised.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::{LogFile, Values, lenient};
use super::super::look::{Field, Look};
use crate::trace::Timestamp;
use serde_json::Value;

/// Types of envelopes by which a rollout is told from other logs.
const TELLING: [&str; 6] = [
    "session_meta",
    "turn_context",
    "response_item",
    "event_msg",
    "compacted",
    "token_usage_record",
];

/// Items of the Responses API that stand bare in old rollouts.
const BARE_ITEMS: [&str; 8] = [
    "message",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "web_search_call",
];

/// One record.
#[derive(Debug)]
pub(super) struct Record {
    /// Line, or position in a document, from 1.
    pub(super) line: usize,
    pub(super) ts: Option<Timestamp>,
    /// It has a time that cannot be read.
    pub(super) bad_time: bool,
    pub(super) ordinal: Option<i64>,
    /// What the envelope says it is.
    pub(super) kind: String,
    pub(super) payload: Fields,
}

/// What stands on a line.
#[derive(Debug)]
pub(super) enum Read {
    Record(Box<Record>),
    /// It cannot be read, and why.
    Bad(usize, String),
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct Records {
    values: Values,
    /// None was a value yet.
    first: bool,
}

/// Whether a file is a rollout.
pub(super) fn recognises(look: &Look<'_>) -> bool {
    look.any_line(is_envelope) || is_bare(look.lines()) || is_document(look)
}

fn is_envelope(line: &Value) -> bool {
    line.get("type").and_then(Value::as_str).is_some_and(|t| TELLING.contains(&t))
        && line.get("payload").is_some_and(Value::is_object)
}

fn is_bare(lines: &[Value]) -> bool {
    let Some((first, rest)) = lines.split_first() else { return false };
    let text = |name: &str| first.get(name).is_some_and(Value::is_string);
    let session = text("id")
        && text("timestamp")
        && first.get("type").is_none()
        && (first.get("instructions").is_some() || first.get("git").is_some());
    session
        && rest.iter().all(|line| {
            line.get("record_type").is_some()
                || line.get("type").and_then(Value::as_str).is_some_and(|t| BARE_ITEMS.contains(&t))
        })
}

fn is_document(look: &Look<'_>) -> bool {
    let text = look.text();
    text.contains("\"session\"")
        && text.contains("\"items\"")
        && look.outline().is_some_and(|o| {
            !o.is_array
                && o.field("session") == Some(&Field::Object)
                && o.field("items") == Some(&Field::Array)
        })
}

impl Records {
    /// Opens a rollout.
    pub(super) fn open(file: &LogFile) -> Result<Self, ImportError> {
        let head = file.head()?;
        let holds = |word: &[u8]| head.windows(word.len()).any(|w| w == word);
        let first: Option<Value> =
            file.lines()?.next_line().ok().flatten().and_then(|line| lenient(line.bytes).ok());
        let document = match &first {
            Some(first) => first.get("session").is_some() && first.get("items").is_some(),
            None => holds(b"\"session\"") && holds(b"\"items\""),
        };
        if !document {
            return Ok(Self { values: Values::of_lines(file)?, first: true });
        }
        let mut document = Fields::of(file.json()?).unwrap_or_default();
        let mut values: Vec<Value> = document.take("session").into_iter().collect();
        values.extend(document.array("items").unwrap_or_default());
        Ok(Self { values: Values::of_document(values), first: true })
    }

    /// The next record; an error when the stream breaks off.
    pub(super) fn next(&mut self) -> Result<Option<Read>, ImportError> {
        let (line, value) = match self.values.next()? {
            None => return Ok(None),
            Some((line, Err(problem))) => return Ok(Some(Read::Bad(line, problem))),
            Some((line, Ok(value))) => (line, value),
        };
        let first = std::mem::take(&mut self.first);
        Ok(Some(match Record::of(value, line, first) {
            Ok(record) => Read::Record(Box::new(record)),
            Err(problem) => Read::Bad(line, problem.to_owned()),
        }))
    }
}

impl Record {
    fn of(value: Value, line: usize, first: bool) -> Result<Self, &'static str> {
        let mut fields = Fields::of(value).ok_or("not a JSON object")?;
        if let Some(mut payload) = fields.object("payload") {
            let kind = fields.text("type").ok_or("an envelope without a type")?;
            let (ts, bad_time) = time(&mut fields);
            let ordinal = fields.int("ordinal");
            // What else an envelope has is as good as a field of its payload.
            for (name, value) in fields.into_pairs() {
                if payload.peek(&name).is_none() {
                    payload.keep(&name, value);
                }
            }
            return Ok(Self { line, ts, bad_time, ordinal, kind, payload });
        }
        let kind = match fields.peek("type").and_then(Value::as_str) {
            Some(kind) if TELLING.contains(&kind) => return Err("an envelope without a payload"),
            Some(_) => "response_item",
            None if fields.peek("record_type").is_some() => "state",
            None if first && fields.peek("id").is_some() => "session_meta",
            None => return Err("neither an envelope nor an item"),
        };
        // A bare session keeps its own time; bare items have none.
        let time = fields.peek("timestamp").and_then(Value::as_str).map(Timestamp::parse_zoned);
        Ok(Self {
            line,
            ts: time.flatten(),
            bad_time: matches!(time, Some(None)),
            ordinal: None,
            kind: kind.to_owned(),
            payload: fields,
        })
    }

    /// The type of its payload.
    pub(super) fn payload_type(&self) -> &str {
        self.payload.peek("type").and_then(Value::as_str).unwrap_or_default()
    }
}

fn time(fields: &mut Fields) -> (Option<Timestamp>, bool) {
    match fields.take("timestamp") {
        None => (None, false),
        Some(value) => {
            let ts = value.as_str().and_then(Timestamp::parse_zoned);
            (ts, ts.is_none())
        }
    }
}
