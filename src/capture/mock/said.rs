//! What a server is to send for a request, decided before anything is sent: a text at once or the pieces of a stream, when,
//! and how it ends. A [`Model`] decides; the server only sends.

use super::Api;
use super::reply::Piece;
use serde_json::Value;
use std::time::Duration;

/// What answers requests.
pub trait Model: Send + Sync + 'static {
    /// The answer to a request.
    fn answer(&self, asked: &Asked<'_>) -> Said;

    /// The tokens of a request, or the answer that refuses to count them.
    fn count_tokens(&self, asked: &Asked<'_>) -> Result<u64, Said>;

    /// Names of the models that it speaks for.
    fn models(&self) -> Vec<String>;
}

/// A request to a model.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The API that it speaks.
    pub api: Api,
    /// Its body.
    pub request: &'a Value,
    /// A hash of its path and its bytes.
    pub id: &'a str,
    /// What tells conversations apart whose requests are the same.
    pub session: &'a [u8],
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As HTTP has it.
    Whole,
    /// The connection is cut.
    Cut,
    /// Nothing more is said until the client goes.
    Silence,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speech {
    /// Nothing at all, not even headers.
    Nothing,
    /// A JSON text, after a wait.
    Whole {
        /// Before it is sent.
        wait: Duration,
        /// The text.
        text: String,
    },
    /// Events, each after a wait.
    Stream(Vec<(Duration, String)>),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// HTTP status.
    pub status: u16,
    /// The identifier of the request, as its header has it.
    pub request_id: Option<String>,
    /// When to come back, as the header has it.
    pub retry_after: Option<String>,
    /// What is sent.
    pub speech: Speech,
    /// How it ends.
    pub end: End,
}

impl Said {
    /// A JSON text at once.
    pub fn at_once(status: u16, body: &Value) -> Self {
        let speech = Speech::Whole { wait: Duration::ZERO, text: body.to_string() };
        Self::of(status, speech)
    }

    /// An answer that ends well.
    pub fn of(status: u16, speech: Speech) -> Self {
        Self { status, request_id: None, retry_after: None, speech, end: End::Whole }
    }

    /// With the identifier of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }
}

/// The pieces of a stream as they are sent, each after its own wait.
pub fn spoken(pieces: &[Piece]) -> Vec<(Duration, String)> {
    pieces.iter().map(|piece| (piece.weight.wait, piece.to_sse())).collect()
}
