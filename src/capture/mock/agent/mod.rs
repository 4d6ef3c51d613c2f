//! A small agent: it sends a prompt, does what tools are asked for, sends the results, until a reply asks for no tool.
//!
//! It is scripted in nothing: what it does comes from the model. It speaks plain HTTP to the address that it is given,
//! which is meant to be a recording proxy or a mock model.
//!
//! * `work`: the loop
//! * `session`: the conversation, kept in a file between prompts
//! * `wire`: requests and replies of the three APIs; `chunks`: replies put together from a stream
//! * `http`: one request, tried again when that may help
//! * `tools`: `bash`, `write_file`, `finish`

mod chunks;
mod error;
mod http;
mod session;
mod settings;
mod tools;
mod wire;
mod work;

pub use error::AgentError;
pub use settings::{AgentEnd, AgentSettings};
pub use work::work;
