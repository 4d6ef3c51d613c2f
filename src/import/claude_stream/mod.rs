//! What `claude -p --output-format stream-json` prints, as lines or, from the GitHub action, as one array.
//!
//! The usage on its messages is what was known when a reply began: the totals stand in the `result` record at the end,
//! which a run that was killed does not have. So rows of calls have no tokens where a result follows, and the result
//! becomes one row of totals per model. Where none follows, a call has its input, as a placeholder, and no output: that
//! the stream does not say. Only a message with a stop reason, its own or one from partial messages, has final counts.
//!
//! * `records`: lines, arrays and dumps of the agent SDK, all alike
//! * `segments`: the sessions in a file, and where their replies end
//! * `walk`: records to rows, of which `messages` and `notices` are those of the model and of the command
//! * `totals`: results to rows of totals

mod messages;
mod notices;
mod records;
mod segments;
#[cfg(test)]
mod tests;
mod totals;
mod walk;

use super::Format;
use super::formats::{Importer, no_folders};
use super::look::{Field, Look, Outline};
use serde_json::Value;

/// How printed streams are recognised and read: records of a session, of which at least one is a message or a result.
pub(super) const fn importer(format: Format) -> Importer {
    Importer {
        format,
        claim: no_folders,
        recognises,
        plan: |sources| sources.into_iter().map(|s| Ok(s.job(walk::import))).collect(),
    }
}

fn recognises(look: &Look<'_>) -> bool {
    look.any_line(is_record) || (is_array(look) && look.outline().is_some_and(is_array_of_records))
}

fn is_array(look: &Look<'_>) -> bool {
    look.text().trim_start_matches('\u{feff}').trim_start().starts_with('[')
}

fn is_record(line: &Value) -> bool {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let session = text("session_id").is_some();
    match text("type") {
        Some("system") => session && text("subtype").is_some(),
        Some("assistant" | "user") => {
            session
                && line.get("message").is_some_and(Value::is_object)
                && line.get("sessionId").is_none()
        }
        Some("result") => session && text("subtype").is_some() && line.get("num_turns").is_some(),
        Some(_) => false,
        None => {
            text("subtype") == Some("init")
                && line.pointer("/data/session_id").is_some_and(Value::is_string)
        }
    }
}

fn is_array_of_records(outline: &Outline) -> bool {
    outline.is_array
        && match outline.text("type") {
            Some("system") => outline.has_all(&["subtype", "session_id"]),
            Some("assistant" | "user") => outline.field("message") == Some(&Field::Object),
            _ => false,
        }
}
