//! In which pieces a stream came: how long after the one before, and how many bytes of the model's words each carried.
//!
//! Bounded: when there are too many, two neighbours become one, which began when the first of them came.

use serde_json::Value;
use std::time::Duration;

/// Most pieces that are told apart.
const MOST: usize = 4096;

/// The pieces of a stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Chunks(Vec<(u64, u64)>);

impl Chunks {
    /// A piece has come, so long after the request.
    pub(super) fn note(&mut self, after: Duration, bytes: usize) {
        if bytes == 0 {
            return;
        }
        if self.0.len() >= MOST {
            let pairs = self.0.chunks(2);
            self.0 =
                pairs.map(|pair| (pair[0].0, pair.iter().map(|chunk| chunk.1).sum())).collect();
        }
        self.0.push((u64::try_from(after.as_millis()).unwrap_or(u64::MAX), bytes as u64));
    }

    /// Milliseconds and bytes in turn, as one list; null when there are none.
    pub(super) fn to_json(&self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        let mut before = 0;
        let pairs = self.0.iter().flat_map(|(at, bytes)| {
            let wait = at.saturating_sub(before);
            before = (*at).max(before);
            [Value::from(wait), Value::from(*bytes)]
        });
        Value::Array(pairs.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_bounded_and_lose_no_bytes() {
        let mut chunks = Chunks::default();
        assert_eq!(chunks.to_json(), Value::Null);
        for (at, bytes) in [(5, 3), (5, 0), (9, 4)] {
            chunks.note(Duration::from_millis(at), bytes);
        }
        assert_eq!(chunks.to_json().to_string(), "[5,3,4,4]");
        for at in 0..10_000 {
            chunks.note(Duration::from_millis(9 + at), 2);
        }
        assert!(chunks.0.len() <= MOST);
        assert_eq!(chunks.0.iter().map(|c| c.1).sum::<u64>(), 20_007);
        let json = chunks.to_json();
        let waits = json.as_array().unwrap().iter().step_by(2);
        assert_eq!(waits.map(|w| w.as_u64().unwrap()).sum::<u64>(), 9 + 9_999);
    }
}
