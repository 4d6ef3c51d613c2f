//! The forms of a history as one list of actions and observations.
//!
//! Newer logs have events with ids, times and causes; those of 2024 have the same objects without; before that, a history
//! was a list of pairs of an action and its observation.

use super::super::ImportReport;
use super::super::fields::Fields;
use crate::trace::Timestamp;
use serde_json::Value;
use std::path::Path;

/// An action or an observation.
#[derive(Debug)]
pub(super) struct Entry {
    /// From 1.
    pub(super) position: usize,
    pub(super) is_action: bool,
    /// `run`, `read`, `finish`, ...
    pub(super) kind: String,
    pub(super) id: Option<String>,
    /// The action that an observation is of.
    pub(super) cause: Option<String>,
    pub(super) source: Option<String>,
    /// Its own time; naive unless `zoned`.
    pub(super) time: Option<Timestamp>,
    pub(super) zoned: bool,
    /// The response that asked for it.
    pub(super) response_id: Option<String>,
    /// Counts of the tokens of a run up to here: prompt and completion.
    pub(super) snapshot: Option<(i64, i64)>,
    pub(super) fields: Fields,
}

/// Reads a history. What is neither is rejected.
pub(super) fn entries(
    path: &Path,
    line: usize,
    history: Vec<Value>,
    report: &mut ImportReport,
) -> Vec<Entry> {
    let mut items = Vec::with_capacity(history.len());
    for item in history {
        match item {
            Value::Array(pair) => items.extend(pair),
            other => items.push(other),
        }
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(items.len());
    // Whether it is the user's turn to speak, which older logs do not say.
    let mut users_turn = true;
    for (position, item) in (1..).zip(items) {
        match Entry::of(position, item) {
            Some(mut entry) => {
                let speaks = entry.is_action && entry.kind == "message";
                if speaks && entry.source.is_none() && users_turn {
                    entry.source = Some("user".to_owned());
                }
                if entry.is_action {
                    users_turn = speaks && entry.is_of_agent();
                }
                entries.push(entry);
            }
            None => {
                report.reject(
                    path,
                    line,
                    format!("item {position} of `history` is no action and no observation"),
                );
            }
        }
    }
    entries
}

impl Entry {
    fn of(position: usize, item: Value) -> Option<Self> {
        let mut fields = Fields::of(item)?;
        let action = fields.text("action");
        let observation = if action.is_some() { None } else { fields.text("observation") };
        let is_action = action.is_some();
        let kind = action.or(observation)?;
        let stamp = fields.text("timestamp");
        let zoned = stamp.as_deref().and_then(Timestamp::parse_zoned);
        let time = zoned.or_else(|| stamp.as_deref().and_then(Timestamp::parse_naive));
        if let Some(stamp) = stamp.filter(|_| time.is_none()) {
            fields.keep("timestamp", stamp);
        }
        let metadata = fields.peek("tool_call_metadata");
        let response = metadata.and_then(|m| m.pointer("/model_response/id")?.as_str());
        let response_id = response.filter(|id| !id.is_empty()).map(str::to_owned);
        let snapshot = fields.take("llm_metrics").and_then(|metrics| {
            let counts = metrics.get("accumulated_token_usage")?;
            Some((
                counts.get("prompt_tokens")?.as_i64()?,
                counts.get("completion_tokens")?.as_i64()?,
            ))
        });
        Some(Self {
            position,
            is_action,
            kind,
            id: name(&mut fields, "id"),
            cause: name(&mut fields, "cause"),
            source: fields.text("source"),
            time,
            zoned: zoned.is_some(),
            response_id,
            snapshot,
            fields,
        })
    }

    /// Whether the model asked for it.
    pub(super) fn is_of_agent(&self) -> bool {
        self.is_action && !matches!(self.source.as_deref(), Some("user" | "environment"))
    }

    /// When its response was begun, in epoch seconds, as the server says.
    pub(super) fn response_created(&self) -> Option<Timestamp> {
        let metadata = self.fields.peek("tool_call_metadata")?;
        let created = metadata.pointer("/model_response/created")?.as_f64()?;
        Timestamp::from_epoch_seconds(created).filter(|_| created > 0.0)
    }
}

/// An id, which is a number or a text.
fn name(fields: &mut Fields, field: &str) -> Option<String> {
    match fields.take(field)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}
