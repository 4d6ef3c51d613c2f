//! What the logs of Claude Code share: messages of Anthropic's API, and tool results as the client writes them.
//!
//! Session files (`claude_code`) and the printed stream (`claude_stream`) hold the same messages in different envelopes,
//! so that both give the same calls and the same tools.
//!
//! * `blocks`: the content of a message, taken apart
//! * `results`: how a tool call ended
//! * `own_result`: the client's own result, without what it repeats
//! * `talk`: messages to rows
//! * `threads`: the main agent and its sub-agents
//! * `usage`: token counts
//! * `failures`: what went wrong with a request
//! * `workload`: what a session works on
//! * `loose`: values of the types one expects, or none

mod blocks;
mod failures;
mod loose;
mod own_result;
mod results;
mod talk;
mod threads;
mod usage;
mod workload;

pub(super) use blocks::{Blocks, ToolResult};
pub(super) use failures::{reason_of_failed_request, request_error};
pub(super) use loose::{Count, Flag, Object, Text};
pub(super) use own_result::OwnResult;
pub(super) use talk::{Place, Reply, Talk, hash_of};
pub(super) use threads::Threads;
pub(super) use usage::{counts, usage_of};
pub(super) use workload::last_part;
