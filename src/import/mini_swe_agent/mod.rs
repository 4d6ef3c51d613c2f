//! mini-swe-agent trajectories (`.traj.json`): versions 1 and 2, and bare lists of messages.
//!
//! Version 2 keeps with each message what became of it: usage, cost and time of a reply, exit code and time of a result.
//! Version 1 has the texts alone and its cost as a whole. Replies that could not be parsed are billed and may be missing:
//! what is left of them is the message that says so.
//!
//! * `document`: a file, its facts and its end
//! * `walk`: messages to rows
//! * `reply`: a reply of either API, taken apart
//! * `observation`: what came back from a command

mod document;
mod observation;
mod reply;
#[cfg(test)]
mod tests;
mod walk;

use super::Format;
use super::formats::{Importer, no_folders};
use super::look::{Field, Look};
use super::source::each;
use serde_json::Value;

/// How trajectories are recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer {
        format,
        claim: no_folders,
        recognises,
        plan: |sources| each(sources, document::import),
    }
}

/// A document that names its format, or has the statistics of the agent; a list of messages only with the agent's own
/// marks, for lists of messages are common.
fn recognises(look: &Look<'_>) -> bool {
    let Some(outline) = look.outline() else { return false };
    if outline.is_array {
        return outline.has("role")
            && outline.has("content")
            && look.file.json().is_ok_and(|messages| has_marks(&messages));
    }
    let named = outline.text("trajectory_format").is_some_and(|f| f.starts_with("mini-swe-agent"));
    let messages = outline.field("messages") == Some(&Field::Array);
    messages
        && (named
            || outline.field("info") == Some(&Field::Object)
                && look.file.json().is_ok_and(|document| {
                    document.pointer("/info/model_stats/api_calls").is_some()
                        || document.pointer("/info/mini_version").is_some()
                }))
}

/// Whether a reply and what came back are in the agent's own words.
fn has_marks(messages: &Value) -> bool {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    let of = |role: &str, holds: &dyn Fn(&Value) -> bool| {
        messages.iter().filter(|m| m.get("role").and_then(Value::as_str) == Some(role)).any(holds)
    };
    let extra =
        |name: &'static str| move |m: &Value| m.pointer(&format!("/extra/{name}")).is_some();
    let asks = of("assistant", &extra("actions"))
        || of("assistant", &|m| m.get("content").is_some_and(|c| walk::command(c).is_some()));
    let sees = of("tool", &extra("raw_output"))
        || of("user", &extra("raw_output"))
        || of("user", &|m| {
            m.get("content").and_then(Value::as_str).is_some_and(|c| c.starts_with("<returncode>"))
        });
    asks && sees
}
