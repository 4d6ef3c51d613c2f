//! A model server, of scripts or of anything else that is a [`Model`], and a small agent that works with it or with any other.
//!
//! [`MockModel`] speaks three APIs, streaming and not: OpenAI chat completions (`/v1/chat/completions`), OpenAI responses
//! (`/v1/responses`) and Anthropic messages (`/v1/messages`). What a model says stands in its script, `MODEL.toml`: the file
//! name is the model's name. [`work`] is the agent: one prompt, until a reply asks for no tool. Together they make every kind
//! of event and failure happen for real, without a network, the same each time.
//!
//! # Script
//!
//! ```toml
//! extends = "OTHER.toml"      # its groups come after those of this script, its other values where this one has none
//! context_limit = 128000      # tokens of a prompt; a longer one is refused in the provider's words
//! first_token_ms = 0          # wait before the first token
//! token_ms = 0                # wait for each further token
//!
//! [price]                     # US dollars per million tokens: makes `usage.cost`
//! input = 3.0
//! cache_read = 0.3            # default: as input
//! output = 15.0
//!
//! [[on]]                      # a prompt: the first group that matches the last user message answers
//! prompt = "Stage T1"         # regular expression, anywhere in the message
//! attempt = 1                 # only at the n-th such user message of the conversation; default: at any
//!
//! [[on.turn]]                 # the replies to it, in order
//! reasoning = "First I look." # reasoning, counted as reasoning tokens
//! text = "I shall look."
//! text_times = 1              # the text so many times
//! calls = [{ tool = "bash", command = "ls" }]   # every other key is an argument of the call
//! finish_reason = "tool_calls"                  # stop, tool_calls, length or content_filter; default: by the calls
//! repeat = 1                  # the turn so many times
//! errors = [{ status = 429, retry_after = 0 }]  # given first, one for each request; also { cut = true }, { malformed = true }
//! stall_ms = 0                # silence in the middle of the stream, or before an answer that is not streamed
//! cut = false                 # the connection ends in the middle of each answer
//! malformed = false           # each answer is broken JSON
//! ```
//!
//! A call with `from = "FILE"` (relative to the script) gets the file's text as its argument `content`, edited by
//! `replace = [{ old = "...", new = "..." }]`, each `old` of which must occur exactly once.
//!
//! # Matching
//!
//! The server keeps no conversation. It takes the last real user message (not a tool result), the first group whose `prompt`
//! matches it, and of its turns the one after as many assistant replies as follow that message. After the last turn comes a
//! plain final text. A model without a script is a 404, a prompt that no group matches is a 400.
//!
//! `errors` are counted by request: the same bytes again get the next error, then the answer; then the count begins anew.
//! Equal conversations at the same time are told apart by the header `x-agent-session`, which the agent sends.
//!
//! # Usage
//!
//! A text of n bytes has ceil(n / 4) tokens; a prompt has those of its messages, tool calls and tool definitions. Cached are the
//! tokens of the request before (all up to the last assistant reply) when they are at least 256. Reasoning is part of the
//! output. Anthropic's `input_tokens` leave out what was cached, OpenAI's do not. Identifiers are hashes of the request.
//!
//! * `script`, `read`: what a model says, and its file
//! * `conversation`, `turn`: what was asked, and which turn answers
//! * `usage`: tokens and cost
//! * `chat`, `responses`, `messages`: the three APIs
//! * `reply`, `said`: what is said, and how it is sent
//! * `scripted`: the model of scripts
//! * `server`, `service`, `body`: HTTP
//! * `agent`: the agent

mod agent;
mod api;
mod body;
mod chat;
mod conversation;
mod error;
mod messages;
mod read;
mod reply;
mod responses;
mod said;
mod script;
mod scripted;
mod server;
mod service;
mod turn;
mod usage;

pub use agent::{AgentEnd, AgentError, AgentSettings, work};
pub use api::{Api, Refusal};
pub use error::{MockError, ScriptError};
pub use reply::{Piece, Reply, ReplyCall, Weight};
pub use said::{Asked, End, Model, Said, Speech, spoken};
pub use script::Scripts;
use scripted::Scripted;
pub use server::MockModel;
pub use usage::Usage;
