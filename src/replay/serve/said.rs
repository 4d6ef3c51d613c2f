//! What a request says, as one hash: the sameness of two requests that are known only by their words.
//!
//! Instructions and tool calls are left out (a trace keeps neither in every request), and the spaces in what the model said,
//! since agents give it back in parts or trimmed.

use crate::capture::proxy::{Line, Voice};
use sha2::{Digest, Sha256};

/// The hash of what was said so far.
pub(super) type Told = [u8; 32];

/// A hash that grows with a conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Chain {
    hash: Sha256,
    last: Option<Voice>,
}

impl Chain {
    /// Something more was said.
    pub(super) fn say(&mut self, voice: Voice, text: &str) {
        match voice {
            Voice::System | Voice::Call => return,
            Voice::Assistant => {
                if text.trim().is_empty() {
                    return;
                }
                // The parts of one reply are one.
                if self.last != Some(voice) {
                    self.hash.update([0]);
                }
                for word in text.split_whitespace() {
                    self.hash.update(word.as_bytes());
                }
            }
            Voice::User | Voice::Result => {
                self.hash.update([1 + u8::from(voice == Voice::Result)]);
                self.hash.update((text.len() as u64).to_le_bytes());
                self.hash.update(text.as_bytes());
            }
        }
        self.last = Some(voice);
    }

    /// The hash of all that was said.
    pub(super) fn told(&self) -> Told {
        self.hash.clone().finalize().into()
    }

    /// The hash of what a request says.
    pub(super) fn of(lines: &[Line]) -> Told {
        let mut chain = Self::default();
        for line in lines {
            chain.say(line.voice, &line.text);
        }
        chain.told()
    }
}

/// Whether two texts of a voice are the same.
pub(super) fn same(voice: Voice, one: &str, other: &str) -> bool {
    if voice == Voice::Assistant {
        return one
            .split_whitespace()
            .flat_map(str::chars)
            .eq(other.split_whitespace().flat_map(str::chars));
    }
    one == other
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[(Voice, &str)]) -> Told {
        let mut chain = Chain::default();
        for (voice, text) in lines {
            chain.say(*voice, text);
        }
        chain.told()
    }

    #[test]
    fn words_count_and_parts_of_a_reply_do_not() {
        use Voice::{Assistant, Call, Result, System, User};
        let plain = told(&[(User, "do"), (Assistant, "I do. Yes."), (Result, "x")]);
        let parts = told(&[
            (System, "be"),
            (User, "do"),
            (Assistant, "I do."),
            (Assistant, " Yes.\n"),
            (Call, "ls"),
            (Assistant, ""),
            (Result, "x"),
        ]);
        assert_eq!(plain, parts);
        assert_ne!(plain, told(&[(User, "do!"), (Assistant, "I do. Yes."), (Result, "x")]));
        assert_ne!(told(&[(User, "ab")]), told(&[(User, "a"), (User, "b")]));
        assert_ne!(told(&[(User, "a")]), told(&[(Result, "a")]));
        assert!(same(Assistant, "a b", "ab\n") && !same(User, "a b", "ab"));
    }
}
