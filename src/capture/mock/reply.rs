//! A reply before an API gives it its shape, and the pieces in which a stream sends it.

use super::script::{Finish, Turn};
use super::usage::{Usage, tokens};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Bytes of a text in one piece of a stream.
const PIECE_BYTES: usize = 32;
/// Characters of an identifier.
const ID_LENGTH: usize = 24;

/// A reply: identifiers are hashes of the request.
#[derive(Debug, Clone)]
pub(super) struct Reply<'a> {
    pub(super) id: String,
    pub(super) model: &'a str,
    pub(super) turn: &'a Turn,
    pub(super) usage: Usage,
    /// The request, of which some APIs repeat parts.
    pub(super) request: &'a Value,
    pub(super) include_usage: bool,
}

impl Reply<'_> {
    /// The identifier of one of its tool calls, without a prefix.
    pub(super) fn call_id(&self, index: usize) -> String {
        identifier(&[self.id.as_bytes(), &index.to_le_bytes()])
    }

    /// Whether the model says that it ended for a reason other than the natural ones.
    pub(super) fn incomplete(&self) -> Option<&'static str> {
        match self.turn.finish {
            Finish::Length => Some("max_output_tokens"),
            Finish::ContentFilter => Some("content_filter"),
            Finish::Stop | Finish::ToolCalls => None,
        }
    }
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// The name of the event, where the API has names.
    pub(super) event: Option<&'static str>,
    pub(super) data: Value,
    /// Tokens that the model has said with it.
    pub(super) tokens: u64,
}

impl Piece {
    /// An event without a name.
    pub(super) fn plain(data: Value, tokens: u64) -> Self {
        Self { event: None, data, tokens }
    }

    /// An event with a name.
    pub(super) fn named(event: &'static str, data: Value, tokens: u64) -> Self {
        Self { event: Some(event), data, tokens }
    }

    /// As bytes of the stream.
    pub(super) fn to_sse(&self) -> String {
        match self.event {
            Some(event) => format!("event: {event}\ndata: {}\n\n", self.data),
            None => format!("data: {}\n\n", self.data),
        }
    }
}

/// Cuts a text into the pieces of a stream, at characters, with the tokens of each.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (&str, u64)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (piece, after) = rest.split_at(rest.ceil_char_boundary(PIECE_BYTES));
        rest = after;
        Some((piece, tokens(piece)))
    })
}

/// A hash of texts that serves as an identifier.
pub(super) fn identifier(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(ID_LENGTH);
    text
}
