//! The sessions that follow each other in a file, and where their replies end.
//!
//! A file may hold the output of several commands; each begins with an `init` record. Several results in one session
//! are several prompts that were given to one command.

use super::super::claude::hash_of;
use super::super::fields::Fields;
use super::records::Record;
use super::totals::has_tokens;
use crate::trace::Timestamp;
use serde_json::Value;
use std::collections::HashMap;

/// One session of a file.
#[derive(Debug, Default)]
pub(super) struct Segment {
    /// The number of its first record.
    pub(super) first: usize,
    pub(super) session: Option<String>,
    /// The model of the first reply, where no `init` names one.
    pub(super) model: Option<String>,
    /// Its first `init`.
    pub(super) init: Fields,
    /// The last record of each reply, by the hash of its id.
    pub(super) last_of: HashMap<u64, usize>,
    /// What partial messages say at the end of a reply, by the hash of its id: its stop reason and counts.
    pub(super) ends: HashMap<u64, Value>,
    /// The reply that partial messages are of, by thread.
    partial: HashMap<u64, u64>,
    /// The last result that has totals.
    pub(super) last_total: Option<usize>,
    pub(super) start: Option<Timestamp>,
    pub(super) end: Option<Timestamp>,
}

/// The sessions of a file, as they are found.
#[derive(Debug, Default)]
pub(super) struct Segments(pub(super) Vec<Segment>);

impl Segments {
    /// Takes a record in.
    pub(super) fn add(&mut self, number: usize, record: &Record) {
        let Record::Object(fields) = record else { return };
        let text = |name: &str| fields.peek(name).and_then(Value::as_str);
        let session = text("session_id").filter(|s| !s.is_empty());
        let init = text("type") == Some("system") && text("subtype") == Some("init");
        let current = self.0.last().and_then(|s| s.session.as_deref());
        let other = session.is_some() && current.is_some() && current != session;
        if self.0.is_empty() || (init && other) {
            // What was printed before the first record is part of the first session.
            let first = if self.0.is_empty() { 0 } else { number };
            self.0.push(Segment { first, ..Segment::default() });
        }
        let Some(segment) = self.0.last_mut() else { return };
        if segment.session.is_none() {
            segment.session = session.map(ToOwned::to_owned);
        }
        if init && segment.init.peek("subtype").is_none() {
            segment.init = fields.clone();
        }
        let message =
            |path: &str| fields.peek("message").and_then(|m| m.get(path)).and_then(Value::as_str);
        match text("type") {
            Some("assistant") => {
                if let Some(id) = message("id") {
                    segment.last_of.insert(hash_of(&id), number);
                }
                if segment.model.is_none() {
                    segment.model =
                        message("model").filter(|m| !m.starts_with('<')).map(ToOwned::to_owned);
                }
            }
            Some("stream_event") => segment.add_partial(fields),
            Some("result") if has_tokens(fields) => segment.last_total = Some(number),
            _ => {}
        }
        if let Some(time) = text("timestamp").and_then(Timestamp::parse_zoned) {
            segment.start = Some(segment.start.map_or(time, |start| start.min(time)));
            segment.end = segment.end.max(Some(time));
        }
    }
}

impl Segment {
    /// Takes in a part of a reply: of all of them, the last says how it ended and what it cost.
    fn add_partial(&mut self, fields: &Fields) {
        let Some(event) = fields.peek("event") else { return };
        let thread = hash_of(&fields.peek("parent_tool_use_id").and_then(Value::as_str));
        match event.get("type").and_then(Value::as_str) {
            Some("message_start") => {
                if let Some(id) = event.pointer("/message/id").and_then(Value::as_str) {
                    self.partial.insert(thread, hash_of(&id));
                }
            }
            Some("message_delta") => {
                if let Some(reply) = self.partial.get(&thread) {
                    self.ends.insert(*reply, event.clone());
                }
            }
            _ => {}
        }
    }
}
