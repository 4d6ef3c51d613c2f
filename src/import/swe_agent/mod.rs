//! SWE-agent trajectories (`.traj`), versions 0.x and 1.x.
//!
//! A trajectory holds the same conversation twice: `trajectory` has a step per reply with what its action did, `history`
//! has the messages with the tool calls as the model wrote them. There are no times, only how long actions ran, and no
//! tokens or costs of single calls. Totals are one aggregate row per attempt: the token counts are a local tokenizer's.
//!
//! * `document`: a file, its facts and its attempts
//! * `conversation`: history and steps of an attempt to rows
//! * `step`: one reply and what its action did
//! * `totals`: the model statistics of an attempt
//! * `exit`: how an attempt ended

mod conversation;
mod document;
mod exit;
mod step;
#[cfg(test)]
mod tests;
mod totals;

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

/// Steps with their history; or a history alone, whose messages name the agent that they belong to.
fn recognises(look: &Look<'_>) -> bool {
    let Some(outline) = look.outline().filter(|o| !o.is_array) else { return false };
    let is_array = |name| outline.field(name) == Some(&Field::Array);
    // OpenHands has histories as well, of an instance or an issue.
    if !is_array("history") && !is_array("trajectory")
        || ["instance_id", "issue", "metrics"].iter().any(|name| outline.has(name))
    {
        return false;
    }
    if is_array("history") && is_array("trajectory") {
        return true;
    }
    let Ok(document) = look.file.json() else { return false };
    let first = |name| document.get(name).and_then(|items| items.get(0));
    let has = |item: Option<&Value>, names: &[&str]| {
        item.is_some_and(|item| names.iter().all(|name| item.get(name).is_some()))
    };
    has(first("history"), &["role", "content", "agent"])
        || has(first("history"), &["role", "content", "message_type"])
        || has(first("trajectory"), &["action", "observation", "response"])
}
