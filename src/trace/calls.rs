//! Equal tool calls: a hash of the arguments, and how often the same call was made in a row.
//!
//! Importers and recorders must agree on both, since a streak is compared between runs of different origin.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Notes that some harnesses add to the arguments of every call and that are not part of the action.
const NOTES: &[&str] = &["summary", "security_risk"];

/// The hash of a call's arguments: parsed, without harness notes, keys sorted; text that is not JSON as it stands.
pub fn arguments_hash(arguments: &str) -> i64 {
    let canonical = match serde_json::from_str::<Value>(arguments) {
        Ok(Value::Object(mut map)) => {
            for note in NOTES {
                map.shift_remove(*note);
            }
            sorted(Value::Object(map)).to_string()
        }
        Ok(other) => sorted(other).to_string(),
        Err(_) => arguments.to_owned(),
    };
    let digest = Sha256::digest(canonical.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<(String, Value)> =
                map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Counts how many times in a row the same call was made.
#[derive(Debug, Default)]
pub struct Streak {
    last: Option<(String, i64)>,
    length: i64,
}

impl Streak {
    /// Counts one call and says the how-manieth in a row it is.
    pub fn count(&mut self, tool: &str, hash: i64) -> i64 {
        let same = self.last.as_ref().is_some_and(|(t, h)| t == tool && *h == hash);
        self.length = if same { self.length + 1 } else { 1 };
        if !same {
            self.last = Some((tool.to_owned(), hash));
        }
        self.length
    }

    /// Begins anew: a new stage has begun.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_and_notes_do_not_matter_but_values_do() {
        let a = arguments_hash(r#"{"command": "ls", "path": {"b": 1, "a": 2}}"#);
        let b = arguments_hash(r#"{"path":{"a":2,"b":1},"command":"ls","summary":"look"}"#);
        assert_eq!(a, b);
        assert_ne!(a, arguments_hash(r#"{"command": "ls ", "path": {"b": 1, "a": 2}}"#));
        assert_ne!(
            arguments_hash("{\"command\": \"ls"),
            a,
            "text that is not JSON has a hash as well"
        );
        // sha256("{}") begins 44136fa355b3678a (coreutils sha256sum).
        assert_eq!(arguments_hash("{}"), 0x4413_6fa3_55b3_678a);
    }

    #[test]
    fn a_streak_counts_and_starts_over() {
        let mut streak = Streak::default();
        let counts: Vec<i64> = [("a", 1), ("a", 1), ("a", 2), ("b", 2), ("b", 2), ("b", 2)]
            .into_iter()
            .map(|(tool, hash)| streak.count(tool, hash))
            .collect();
        assert_eq!(counts, [1, 2, 1, 1, 2, 3]);
        streak.reset();
        assert_eq!(streak.count("b", 2), 1);
    }
}
