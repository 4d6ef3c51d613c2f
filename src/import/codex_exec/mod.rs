//! What `codex exec --json` prints: the events of a thread, without times and without a model.
//!
//! A file may hold several processes, of one thread or of many, and a thread that is resumed goes on in another process.
//! Its usage is that of the whole thread so far, so the processes of a thread are put in order before they are converted.
//! Item ids begin again in every process.
//!
//! * `process`: which lines are a process, and which processes a thread
//! * `convert`: turns to rows
//! * `items`: items to rows

mod convert;
mod items;
mod process;
#[cfg(test)]
mod tests;

use super::Format;
use super::formats::{Importer, no_folders};
use super::look::Look;
use serde_json::Value;

/// Types of items, by which the output is told from other streams.
const ITEMS: [&str; 11] = [
    "agent_message",
    "assistant_message",
    "reasoning",
    "command_execution",
    "file_change",
    "mcp_tool_call",
    "collab_tool_call",
    "web_search",
    "todo_list",
    "plan",
    "error",
];

/// How it is recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan: process::plan }
}

fn recognises(look: &Look<'_>) -> bool {
    look.any_line(|line| {
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        match text("type") {
            Some("thread.started") => text("thread_id").is_some(),
            Some("session.created") => text("session_id").is_some(),
            Some("item.started" | "item.updated" | "item.completed") => {
                line.get("item").and_then(kind_of).is_some_and(|kind| ITEMS.contains(&kind))
            }
            _ => false,
        }
    })
}

/// The type of an item, under its present name or an older one.
fn kind_of(item: &Value) -> Option<&str> {
    item.get("type").or_else(|| item.get("item_type"))?.as_str()
}
