//! A reply before an API gives it its shape, and the pieces in which a stream sends it.

use super::usage::tokens;
use crate::trace::hexadecimal;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Bytes of a text in one piece of a stream.
const PIECE_BYTES: usize = 32;
/// Characters of an identifier.
const ID_LENGTH: usize = 24;

/// A reply: of a script, or of a recording.
#[derive(Debug, Clone)]
pub struct Reply<'a> {
    /// As the API has it.
    pub id: String,
    /// What identifiers of its parts are hashes of.
    pub seed: String,
    /// The model that says it.
    pub model: String,
    /// Its reasoning.
    pub reasoning: String,
    /// Its text.
    pub text: String,
    /// What it says instead of a text.
    pub refusal: String,
    /// The tool calls that it asks for.
    pub calls: Vec<ReplyCall>,
    /// Why it ended, in the API's word.
    pub finish: String,
    /// What it used, as the API's object.
    pub usage: Option<Value>,
    /// Whether a stream of chat completions ends with usage.
    pub include_usage: bool,
    /// The request, of which some APIs repeat parts.
    pub request: &'a Value,
    /// In which pieces a stream sends its texts, one after the other: the wait before each, and its bytes. What they do not
    /// cover comes in pieces of one size.
    pub chunks: Vec<(Duration, usize)>,
}

/// A tool call of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyCall {
    /// Its identifier.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as text.
    pub arguments: String,
}

impl Reply<'_> {
    /// Cuts its texts as a stream sends them.
    pub(super) fn cutter(&self) -> Cutter<'_> {
        Cutter { chunks: &self.chunks, taken: 0 }
    }

    /// The identifier of one of its parts.
    pub(super) fn part_id(&self, prefix: &str, index: usize) -> String {
        let hash = identifier(&[self.seed.as_bytes(), prefix.as_bytes(), &index.to_le_bytes()]);
        format!("{prefix}_{hash}")
    }
}

/// What a piece of a stream carries of the model's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// Tokens that the model has said with it.
    pub tokens: u64,
    /// Wait before it is sent.
    pub wait: Duration,
}

impl Weight {
    /// Of a piece that carries nothing.
    pub(super) const NONE: Self = Self { tokens: 0, wait: Duration::ZERO };

    /// Of a text.
    pub(super) fn of(text: &str) -> Self {
        Self { tokens: tokens(text), wait: Duration::ZERO }
    }
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The name of the event, where the API has names.
    pub(super) event: Option<&'static str>,
    pub(super) data: Value,
    /// What it carries.
    pub weight: Weight,
}

impl Piece {
    /// An event without a name.
    pub(super) fn plain(data: Value, weight: Weight) -> Self {
        Self { event: None, data, weight }
    }

    /// An event with a name.
    pub(super) fn named(event: &'static str, data: Value, weight: Weight) -> Self {
        Self { event: Some(event), data, weight }
    }

    /// As bytes of the stream.
    pub fn to_sse(&self) -> String {
        match self.event {
            Some(event) => format!("event: {event}\ndata: {}\n\n", self.data),
            None => format!("data: {}\n\n", self.data),
        }
    }
}

/// Cuts the texts of a reply into the pieces of a stream, at characters.
#[derive(Debug)]
pub(super) struct Cutter<'a> {
    chunks: &'a [(Duration, usize)],
    /// Bytes of the first chunk that an earlier text has taken.
    taken: usize,
}

impl Cutter<'_> {
    /// The pieces of the next text.
    pub(super) fn pieces<'t>(&mut self, text: &'t str) -> Vec<(&'t str, Weight)> {
        let mut rest = text;
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            let (bytes, wait) = self.next(rest.len());
            let (piece, after) = rest.split_at(rest.ceil_char_boundary(bytes));
            self.taken += piece.len();
            rest = after;
            pieces.push((piece, Weight { wait, ..Weight::of(piece) }));
        }
        pieces
    }

    /// Bytes of the next piece of a text with so many left, and the wait before it.
    fn next(&mut self, left: usize) -> (usize, Duration) {
        while let Some((wait, bytes)) = self.chunks.first() {
            match bytes.checked_sub(self.taken) {
                // A character that was kept whole belongs to the chunk before.
                None | Some(0) => {
                    self.taken -= bytes;
                    self.chunks = &self.chunks[1..];
                }
                Some(open) => {
                    let wait = if self.taken == 0 { *wait } else { Duration::ZERO };
                    return (open.min(left), wait);
                }
            }
        }
        (PIECE_BYTES.min(left), Duration::ZERO)
    }
}

/// A hash of texts that serves as an identifier.
pub(super) fn identifier(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut text = hexadecimal(&hash.finalize());
    text.truncate(ID_LENGTH);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(chunks: &[usize], texts: &[&str]) -> Vec<Vec<String>> {
        let chunks: Vec<_> =
            chunks.iter().map(|bytes| (Duration::from_millis(*bytes as u64), *bytes)).collect();
        let mut cutter = Cutter { chunks: &chunks, taken: 0 };
        let shown =
            |(piece, weight): (&str, Weight)| format!("{piece}@{}", weight.wait.as_millis());
        texts.iter().map(|text| cutter.pieces(text).into_iter().map(shown).collect()).collect()
    }

    #[test]
    fn texts_are_cut_as_they_were_recorded() {
        assert_eq!(cut(&[2, 3, 0, 1], &["abcde", "f"]), [vec!["ab@2", "cde@3"], vec!["f@1"]]);
        // A chunk across two texts is two pieces, of which only the first waits.
        assert_eq!(cut(&[4], &["abc", "def"]), [vec!["abc@4"], vec!["d@0", "ef@0"]]);
        // Characters stay whole, and what they took is not taken again.
        assert_eq!(cut(&[1, 4], &["äöx"]), [vec!["ä@1", "öx@0"]]);
        let even = cut(&[], &[&"x".repeat(70)]);
        assert_eq!(even[0].iter().map(String::len).collect::<Vec<_>>(), [34, 34, 8]);
    }
}
