//! What the logs of Claude Code share: messages of Anthropic's API, and tool results as the client writes them.
//!
//! Session files (`claude_code`) and the printed stream (`claude_stream`) hold the same messages in different envelopes,
//! so that both give the same calls and the same tools.
//!
//! * `blocks`: the content of a message, taken apart
//! * `results`: how a tool call ended
//! * `talk`: messages to rows
//! * `threads`: the main agent and its sub-agents
//! * `loose`: values of the types one expects, or none

mod blocks;
mod loose;
mod results;
mod talk;
mod threads;

pub(super) use blocks::{Blocks, ToolResult};
pub(super) use loose::{Count, Flag, Object, Text};
pub(super) use talk::{Place, Reply, Talk, hash_of};
pub(super) use threads::Threads;

use super::fields::Fields;
use super::stages::end_reason_of_error;
use super::usage::Usage;
use crate::trace::EndReason;

/// The counts of a `usage` object, in which cached tokens stand beside the input. Zeros alone are what a client writes
/// that knows nothing.
pub(super) fn usage_of(fields: &Fields) -> Usage {
    let count = |name: &str| fields.peek(name).and_then(serde_json::Value::as_i64);
    counts(
        count("input_tokens"),
        count("cache_read_input_tokens"),
        count("cache_creation_input_tokens"),
        count("output_tokens"),
    )
}

/// The counts of a call: no call has an empty prompt, and none that is answered has an empty answer.
pub(super) fn counts(
    uncached: Option<i64>,
    cache_read: Option<i64>,
    cache_write: Option<i64>,
    output: Option<i64>,
) -> Usage {
    let mut usage = Usage::apart(uncached, cache_read, cache_write, output.filter(|n| *n > 0));
    if usage.input == Some(0) {
        usage = Usage { output: usage.output, ..Usage::default() };
    }
    usage
}

/// Why the agent stopped, when the last thing in the log is a request that failed.
pub(super) fn reason_of_failed_request(code: &str, detail: &str) -> EndReason {
    let code = code.replace(['_', '-'], "");
    match end_reason_of_error(&code, detail) {
        EndReason::Unknown => EndReason::LlmError,
        known => known,
    }
}

/// What went wrong with a request, from the text that the client shows: the API's own word, or the status.
pub(super) fn request_error(text: &str) -> String {
    let word = text.split('"').find(|w| {
        w.ends_with("_error")
            && w.len() < 60
            && w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    if let Some(word) = word {
        return word.to_owned();
    }
    let status = text.strip_prefix("API Error: ").and_then(|rest| rest.get(..3));
    match status {
        Some(status) if status.bytes().all(|b| b.is_ascii_digit()) => format!("api_error_{status}"),
        _ if text.starts_with("Prompt is too long") => "prompt_too_long".to_owned(),
        _ if text.to_ascii_lowercase().contains("timed out") => "timeout".to_owned(),
        _ if text.contains("limit reached") || text.contains("hit your limit") => {
            "rate_limit".to_owned()
        }
        _ => "api_error".to_owned(),
    }
}

/// The last part of a path of any system.
pub(super) fn last_part(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).find(|part| !part.is_empty())
}
