//! Lines in which the client speaks of itself: notices, progress, titles, the state of its screen.

use super::super::ImportError;
use super::super::claude::request_error;
use super::super::rows::timed;
use super::walk::{Entry, Walk};
use crate::trace::Kind;
use serde_json::Value;

/// Most titles of a session that are kept.
const TITLES: usize = 100;

impl Walk<'_, '_> {
    /// The account of the client itself.
    pub(super) fn system(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let subtype =
            entry.fields.peek("subtype").and_then(Value::as_str).unwrap_or_default().to_owned();
        let failed = subtype == "api_error";
        if subtype == "compact_boundary" {
            let ledger = self.ledger;
            let done = |file: &u32| {
                ledger.file(*file).is_some_and(|f| {
                    f.agent().starts_with("acompact") && f.scanned.latest <= entry.time
                })
            };
            self.next.extend(self.waiting.iter().copied().filter(done));
        }
        let mut event = timed(if failed { Kind::LlmCall } else { Kind::Message }, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), "");
        event.event_id = id;
        event.role = Some("system".to_owned());
        event.content = entry.fields.text("content");
        if failed {
            let error = entry.fields.peek("error").map(Value::to_string).unwrap_or_default();
            event.error_type = Some(request_error(&error));
            event.role = None;
        }
        for (name, value) in of_thread.into_pairs() {
            entry.fields.keep(&name, value);
        }
        event.attributes = entry.fields.rest_counted(&mut self.report);
        self.report.used();
        self.talk.rows.push(event)
    }

    /// Signs of life, among them copies of what sub-agents write into their own files.
    pub(super) fn progress(&mut self, mut entry: Entry<'_>) {
        let call = entry.fields.text("parentToolUseID");
        let mut data = entry.fields.object("data").unwrap_or_default();
        let kind = data.text("type").unwrap_or_default();
        if kind != "agent_progress" {
            self.report.skip(progress_of(&kind), 1);
            return;
        }
        if let (Some(agent), Some(call)) = (data.text("agentId"), call) {
            self.threads.link(&agent, &call);
        }
        let echoed = data.take("message");
        let echoed = echoed
            .as_ref()
            .and_then(|m| m.pointer("/message/id").or_else(|| m.get("id")).and_then(Value::as_str));
        if let Some((id, call)) = echoed.and_then(|id| Some((id, self.ledger.call(id)?))) {
            let of = format!("{id} ({})", self.ledger.place(call.file, call.first_line));
            self.report.duplicate("echo of a sub-agent", entry.place.path, entry.place.line, of);
        } else {
            self.lost_echoes += u64::from(echoed.is_some());
            self.report.skip("echo of a sub-agent", 1);
        }
    }

    /// A title, of this session or of one before it.
    pub(super) fn title(&mut self, entry: Entry<'_>) {
        if self.titles.len() < TITLES {
            self.titles.push(entry.fields.into_value());
            self.report.used();
        } else {
            self.report.skip("further title", 1);
        }
    }
}

/// Why a line of a known kind is no row; `None` for a kind that is not known.
pub(super) fn known_elsewhere(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "file-history-snapshot" | "attribution-snapshot" => "snapshot of files for undoing",
        "queue-operation" => "queue of prompts, which are messages when they are sent",
        "last-prompt" => "prompt repeated for the list of sessions",
        "custom-title"
        | "ai-title"
        | "task-summary"
        | "tag"
        | "agent-name"
        | "agent-color"
        | "agent-setting"
        | "pr-link"
        | "mode"
        | "permission-mode"
        | "worktree-state"
        | "content-replacement"
        | "speculation-accept" => "state of the client's screen",
        _ => return None,
    })
}

fn progress_of(kind: &str) -> &'static str {
    match kind {
        "hook_progress" => "progress of a hook",
        "bash_progress" | "powershell_progress" => "progress of a command",
        "mcp_progress" => "progress of a tool",
        _ => "progress",
    }
}
