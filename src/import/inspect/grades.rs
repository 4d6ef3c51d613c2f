//! Scores, limits and errors: how the agent's work on a sample ended.

use super::super::fields::Fields;
use super::super::stages::end_reason_of_error;
use crate::trace::EndReason;
use serde_json::{Map, Value};

/// The grade of a sample.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Grade {
    /// 0 to 100; of the first scorer where there are several.
    pub(super) score: Option<f64>,
    pub(super) passed: Option<bool>,
    /// All scores as they are written, by scorer.
    pub(super) scores: Map<String, Value>,
}

impl Grade {
    /// From the scores of a sample: by scorer, or the only one in logs that had one.
    pub(super) fn of(fields: &mut Fields) -> Self {
        let mut scores = match fields.take("scores") {
            Some(Value::Object(scores)) => scores,
            _ => Map::new(),
        };
        if let Some(only) = fields.take("score").filter(|_| scores.is_empty()) {
            scores.insert("score".to_owned(), only);
        }
        Self::of_scores(scores)
    }

    /// From scores by scorer.
    pub(super) fn of_scores(scores: Map<String, Value>) -> Self {
        let first = scores.values().next();
        let score = first.and_then(|score| points(score.get("value")?));
        Self { score, passed: score.map(|s| s >= 100.0), scores }
    }
}

/// The points of a score value: letters and words as Inspect reads them, numbers from 0 to 1. Other numbers have a scale
/// that only the scorer knows, and lists and objects are many scores.
fn points(value: &Value) -> Option<f64> {
    let share = match value {
        Value::Bool(passed) => f64::from(u8::from(*passed)),
        Value::Number(number) => number.as_f64()?,
        Value::String(word) => match word.as_str() {
            "C" => 1.0,
            "P" => 0.5,
            "I" | "N" => 0.0,
            other => match other.to_lowercase().as_str() {
                "yes" | "true" => 1.0,
                "no" | "false" => 0.0,
                number => number.trim().parse().ok()?,
            },
        },
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (0.0..=1.0).contains(&share).then_some(share * 100.0)
}

/// Why a limit ended the agent's work.
pub(super) fn end_reason_of_limit(kind: &str) -> EndReason {
    match kind {
        "context" => EndReason::ContextExceeded,
        "operator" => EndReason::Interrupted,
        _ => EndReason::Budget,
    }
}

/// Why an error ended it. A sample that is stopped because others failed has an error as well.
pub(super) fn end_reason_of(message: &str) -> EndReason {
    let class = class_of(message);
    if matches!(class, Some("CancelledError" | "Cancelled" | "KeyboardInterrupt")) {
        return EndReason::Interrupted;
    }
    end_reason_of_error(class.unwrap_or_default(), message)
}

/// The class of an exception in its text: `RateLimitError('...')`, `TimeoutError: ...`.
pub(super) fn class_of(message: &str) -> Option<&str> {
    let end = message.find(['(', ':']).unwrap_or(message.len());
    let name = message[..end].trim();
    let name = name.rsplit('.').next().unwrap_or(name);
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (plain && name.starts_with(|c: char| c.is_ascii_uppercase()) && name.len() <= 60)
        .then_some(name)
}
