//! The recording proxy: passes an agent's calls on to its model, and notes what was said.
//!
//! An agent finds the proxy through `OPENAI_BASE_URL` or `ANTHROPIC_BASE_URL`. Requests and answers go through byte for
//! byte, each piece as it arrives; the recorder works on a copy, on a thread of its own, and none of its failures reaches
//! the call. Two things differ from a direct connection: hop-by-hop headers end here, as HTTP demands, and of the codings
//! that an agent accepts for a recorded answer, Brotli and unknown ones are not passed on, since the copy could not be read.
//!
//! * `settings`, `error`: where to listen, whom to ask
//! * `running`: the handle
//! * `serve`, `route`, `headers`, `tee`: HTTP, in and out
//! * `hearing`, `decode`, `sse`, `clipped`: the copy of a call while it passes by, bounded
//! * `ask`, `reply`, `usage`: requests and answers in words that all APIs share; `chat`, `responses`, `messages`: theirs
//! * `conversation`, `waiting`, `repeats`: what is new in a request, and what it answers
//! * `canonical`, `chunks`, `heard`: what a replay needs of a call: its hash, its pace, its words
//! * `outcome`, `failure`: how a tool call ended, why a request got no answer
//! * `tape`, `scribe`, `reading`: from calls to events, on the recorder's thread
//! * `moment`: a point in time

mod ask;
mod canonical;
mod chat;
mod chunks;
mod clipped;
mod conversation;
mod decode;
mod error;
mod failure;
mod headers;
mod heard;
mod hearing;
mod messages;
mod moment;
mod outcome;
mod reading;
mod repeats;
mod reply;
mod responses;
mod route;
mod running;
mod scribe;
mod serve;
mod settings;
mod sse;
mod tape;
mod tee;
mod usage;
mod waiting;

#[cfg(test)]
mod proxy_tests;

pub use error::ProxyError;
pub(super) use failure::Failure;
pub use heard::{Heard, Line, Voice, heard};
pub(super) use outcome::Outcome;
pub use running::Proxy;
pub use settings::{ProxySettings, Upstream};
