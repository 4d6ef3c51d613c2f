//! Requests that are sent again, byte for byte: retries of a client, or of its agent.

use std::collections::{HashMap, VecDeque};

/// Most requests that are remembered.
const MOST: usize = 8192;

/// The requests of a run, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    sent: HashMap<u128, (u64, u64)>,
    order: VecDeque<u128>,
}

/// A request that was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeat {
    /// Number of the call that sent it first.
    pub(super) first: u64,
    /// How many times it was sent before this.
    pub(super) times: u64,
}

impl Repeats {
    /// Takes note of a request; says of which one it is a repetition.
    pub(super) fn note(&mut self, digest: u128, number: u64) -> Option<Repeat> {
        if let Some((first, times)) = self.sent.get_mut(&digest) {
            *times += 1;
            return Some(Repeat { first: *first, times: *times });
        }
        if self.order.len() >= MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.sent.remove(&oldest);
        }
        self.sent.insert(digest, (number, 0));
        self.order.push_back(digest);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_counted_and_old_requests_forgotten() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.note(1, 10), None);
        assert_eq!(repeats.note(2, 11), None);
        assert_eq!(repeats.note(1, 12), Some(Repeat { first: 10, times: 1 }));
        assert_eq!(repeats.note(1, 13), Some(Repeat { first: 10, times: 2 }));
        for digest in 100..100 + MOST as u128 {
            repeats.note(digest, 14);
        }
        assert_eq!((repeats.note(1, 15), repeats.sent.len()), (None, MOST));
    }
}
