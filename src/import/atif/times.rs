//! Times of steps, with a zone, without one, or as an epoch.

use super::document::Document;
use crate::trace::{Clock, Timestamp};
use serde_json::Value;

/// When a step was, and whose word that is.
pub(super) type When = Option<(Timestamp, Clock)>;

/// The times of a document's steps, and of those of the sub-agents inside of it.
pub(super) fn times_of(document: &Document) -> Vec<Timestamp> {
    let mut times = Vec::new();
    let mut open: Vec<&Value> = document.subagents.iter().collect();
    let mut steps: Vec<&Value> = document.steps.iter().collect();
    while let Some(next) = open.pop() {
        let array = |name: &str| next.get(name).and_then(Value::as_array).into_iter().flatten();
        steps.extend(array("steps"));
        open.extend(array("subagent_trajectories"));
    }
    for step in steps {
        times.extend(step.get("timestamp").and_then(time_of).map(|(ts, _)| ts));
    }
    times
}

/// A time, with or without a zone, or an epoch in seconds or milliseconds.
pub(super) fn time_of(value: &Value) -> When {
    if let Some(epoch) = value.as_f64() {
        let seconds = if epoch.abs() >= 1e11 { epoch / 1e3 } else { epoch };
        return Timestamp::from_epoch_seconds(seconds).map(|ts| (ts, Clock::Source));
    }
    let text = value.as_str()?.trim().replacen(' ', "T", 1);
    let zoned = Timestamp::parse_zoned(&text).map(|ts| (ts, Clock::Source));
    zoned.or_else(|| Timestamp::parse_naive(&text).map(|ts| (ts, Clock::AssumedUtc)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_of_all_kinds_are_read() {
        let read = |value: Value| time_of(&value).map(|(ts, clock)| (ts.to_string(), clock));
        let at = |text: &str, clock| Some((text.to_owned(), clock));
        assert_eq!(
            read(json!("2026-05-31T17:04:03.1234567Z")),
            at("2026-05-31T17:04:03.123456Z", Clock::Source)
        );
        assert_eq!(
            read(json!("2026-05-31T19:04:03+02:00")),
            at("2026-05-31T17:04:03Z", Clock::Source)
        );
        assert_eq!(
            read(json!("2026-05-31 17:04:03.5")),
            at("2026-05-31T17:04:03.500Z", Clock::AssumedUtc)
        );
        assert_eq!(read(json!(1_780_247_043)), at("2026-05-31T17:04:03Z", Clock::Source));
        assert_eq!(
            read(json!(1_780_247_043_250_i64)),
            at("2026-05-31T17:04:03.250Z", Clock::Source)
        );
        for value in [json!(null), json!("yesterday"), json!(""), json!(1e300), json!([])] {
            assert_eq!(read(value), None);
        }
    }
}
