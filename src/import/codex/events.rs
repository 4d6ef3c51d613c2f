//! Events and the other records around the conversation: turns, counts, settings, compaction.

use super::super::ImportError;
use super::super::fields::Fields;
use super::items::keep;
use super::record::Record;
use super::texts::{Voice, Waiting};
use super::thread::{Run, Thread};
use super::tokens::Counts;
use crate::trace::{Kind, ToolStatus};
use serde_json::Value;

impl Thread<'_> {
    /// Converts an event.
    pub(super) fn event(&mut self, run: &mut Run<'_>, record: Record) -> Result<(), ImportError> {
        let kind = record.payload_type().to_owned();
        match kind.as_str() {
            "token_count" => return self.token_count(run, record),
            "user_message" => self.shown(run, Voice::User, "message", record),
            "agent_message" => self.shown(run, Voice::Agent, "message", record),
            "agent_reasoning" | "agent_reasoning_raw_content" => {
                self.shown(run, Voice::Reasoning, "text", record);
            }
            "task_started" | "turn_started" => {
                self.turn_edge(run)?;
                let window = record.payload.peek("model_context_window").and_then(Value::as_i64);
                self.window = window.filter(|w| *w > 0).or(self.window);
                self.input_at = record.ts.or(self.input_at);
                run.report.skip("a turn began", 1);
            }
            "task_complete" | "turn_complete" => return self.turn_ended(run, &kind, record),
            "turn_aborted" => return self.turn_aborted(run, record),
            "context_compacted" if self.compacted.is_some() => {
                let line = self.compacted.take().unwrap_or_default();
                let item = format!("{}:{line}", self.path.display());
                run.report.duplicate("event that repeats an item", self.path, record.line, item);
            }
            "thread_settings_applied" => {
                let settings = record.payload.peek("thread_settings");
                if let Some(model) = settings.and_then(|s| s.get("model")).and_then(Value::as_str) {
                    self.model = Some(model.to_owned());
                }
                return self.mark(run, &kind, record);
            }
            "thread_rolled_back"
            | "entered_review_mode"
            | "exited_review_mode"
            | "context_compacted"
            | "thread_goal_updated"
            | "thread_name_updated"
            | "item_completed"
            | "model_reroute" => return self.mark(run, &kind, record),
            "patch_apply_end"
            | "mcp_tool_call_end"
            | "exec_command_end"
            | "dynamic_tool_call_response"
            | "view_image_tool_call" => self.tool_event(run, record),
            "web_search_end" | "image_generation_end" => {
                let origin = format!("{}: the item of the call", self.path.display());
                run.report.duplicate("event that repeats an item", self.path, record.line, origin);
            }
            "sub_agent_activity" | "collab_agent_spawn_end" => self.spawned(run, record),
            "error" | "stream_error" => return self.failed(run, &kind, record),
            "warning" | "guardian_warning" | "background_event" | "deprecation_notice" => {
                return self.mark(run, &kind, record);
            }
            other if is_progress(other) => {
                run.report.skip("progress of what has a record of its own", 1);
            }
            other => run.report.unknown(&format!("event_msg {other}")),
        }
        Ok(())
    }

    /// A text for the screen, which as a rule repeats an item.
    fn shown(&mut self, run: &mut Run<'_>, voice: Voice, field: &str, mut record: Record) {
        let text = record.payload.text(field).unwrap_or_default();
        let (line, ts) = (record.line, record.ts);
        if let Some(item) = self.texts.event(Waiting { voice, text, line, ts }) {
            let item = format!("{}:{item}", self.path.display());
            run.report.duplicate("event that repeats an item", self.path, line, item);
        }
    }

    /// Something without text that happened to the thread: a row that marks its place.
    fn mark(&mut self, run: &mut Run<'_>, kind: &str, record: Record) -> Result<(), ImportError> {
        self.turn_edge(run)?;
        run.report.used();
        let mut payload = record.payload;
        payload.drop("type");
        let text = payload.text("message");
        let mut rest = Fields::default();
        let payload = payload.counted(&mut run.report);
        rest.keep(kind, Value::Object(payload.into_pairs().collect()));
        rest.keep("event", kind);
        self.message(run, "system", text, rest, record.ts)
    }

    /// The end of a turn, which newer versions say the length of.
    fn turn_ended(
        &mut self,
        run: &mut Run<'_>,
        kind: &str,
        mut record: Record,
    ) -> Result<(), ImportError> {
        self.turn_edge(run)?;
        self.aborted = None;
        for repeated in ["type", "turn_id", "last_agent_message"] {
            record.payload.drop(repeated);
        }
        if record.payload.is_empty() {
            run.report.skip("a turn ended", 1);
            return Ok(());
        }
        self.mark(run, kind, record)
    }

    fn turn_aborted(&mut self, run: &mut Run<'_>, record: Record) -> Result<(), ImportError> {
        let reason = record.payload.peek("reason").and_then(Value::as_str).unwrap_or("interrupted");
        let reason = reason.to_owned();
        for tool in self.tools.values() {
            run.rows.amend(tool.row, |event| event.tool_status = Some(ToolStatus::Cancelled));
        }
        self.mark(run, "turn_aborted", record)?;
        self.aborted = Some(reason);
        Ok(())
    }

    /// What an event says of a tool call beyond its result, which comes after it.
    fn tool_event(&mut self, run: &mut Run<'_>, mut record: Record) {
        let fields = &mut record.payload;
        let id = fields.text("call_id").unwrap_or_default();
        let Some(tool) = self.tools.get(&id) else {
            run.report.merge("event of a tool call that has its result");
            return;
        };
        run.report.merge("event of a tool call");
        let exit_code = fields.int("exit_code");
        let duration = fields.object("duration").and_then(|mut d| {
            let (seconds, nanos) = (d.number("secs")?, d.number("nanos").unwrap_or(0.0));
            Some(seconds * 1e3 + nanos / 1e6).filter(|ms| ms.is_finite() && *ms >= 0.0)
        });
        let declined = fields.text("status").is_some_and(|s| s == "declined");
        let failed = fields.flag("success") == Some(false) || mcp_failed(fields.peek("result"));
        let mut rest = Fields::default();
        if let Some(invocation) = fields.object("invocation") {
            // Its arguments are those of the call.
            let mut invocation = invocation;
            invocation.drop("arguments");
            rest.keep("mcp", Value::Object(invocation.into_pairs().collect()));
        }
        if let Some(changes) = fields.object("changes") {
            let paths = changes.into_pairs().map(|(path, _)| Value::from(path)).collect();
            rest.keep("changed_files", Value::Array(paths));
        }
        run.rows.amend(tool.row, |event| {
            event.exit_code = exit_code.or(event.exit_code);
            event.duration_ms = duration.or(event.duration_ms);
            if declined {
                event.tool_status = Some(ToolStatus::Denied);
            } else if failed {
                event.tool_status = Some(ToolStatus::Error);
            }
            keep(event, rest);
        });
    }

    fn spawned(&mut self, run: &mut Run<'_>, mut record: Record) {
        let fields = &mut record.payload;
        let call = fields.text("event_id").or_else(|| fields.text("call_id"));
        let agent = fields.text("agent_thread_id").or_else(|| fields.text("new_thread_id"));
        if let (Some(call), Some(agent)) = (call, agent)
            && self.tools.contains_key(&call)
        {
            run.spawned.entry(agent).or_insert(call);
        }
        run.report.merge("event of a tool call that starts or tells a sub-agent");
    }

    fn failed(&mut self, run: &mut Run<'_>, kind: &str, record: Record) -> Result<(), ImportError> {
        self.turn_edge(run)?;
        run.report.used();
        let mut payload = record.payload;
        payload.drop("type");
        let info = payload.take("codex_error_info");
        let code = info.as_ref().map(|info| match info {
            Value::String(code) => code.clone(),
            Value::Object(map) => map.keys().next().cloned().unwrap_or_default(),
            other => other.to_string(),
        });
        let row = if kind == "stream_error" { Kind::LlmCall } else { Kind::Error };
        let mut event = self.row(run, row, record.ts);
        event.error_type = Some(code.filter(|c| !c.is_empty()).unwrap_or_else(|| kind.to_owned()));
        event.content = payload.text("message");
        if let Some(info) = info {
            payload.keep("codex_error_info", info);
        }
        self.dress(&mut payload);
        event.attributes = payload.rest_counted(&mut run.report);
        run.rows.push(event)
    }

    /// The settings of the turns that follow. Only what is new in them has a row.
    pub(super) fn turn_context(
        &mut self,
        run: &mut Run<'_>,
        record: Record,
    ) -> Result<(), ImportError> {
        self.turn_edge(run)?;
        self.input_at = record.ts.or(self.input_at);
        let mut payload = record.payload;
        if let Some(model) = payload.peek("model").and_then(Value::as_str) {
            self.model = Some(model.to_owned());
        }
        payload.drop("turn_id");
        let before = self.context.take().unwrap_or_default();
        let mut rest = Fields::default();
        let mut context = Fields::default();
        for (name, value) in payload.into_pairs().filter(|(_, v)| !v.is_null()) {
            if before.peek(&name) != Some(&value) {
                rest.keep(&name, value.clone());
            }
            context.keep(&name, value);
        }
        self.context = Some(context);
        if rest.is_empty() {
            run.report.skip("turn_context as before", 1);
            return Ok(());
        }
        run.report.used();
        let mut all = Fields::default();
        all.keep("event", "turn_context");
        let rest = rest.counted(&mut run.report);
        all.keep("turn_context", Value::Object(rest.into_pairs().collect()));
        self.message(run, "system", None, all, record.ts)
    }

    /// The session line: its facts are in the run's first row, or in one of its own where it is a sub-agent's.
    pub(super) fn session(
        &mut self,
        run: &mut Run<'_>,
        mut record: Record,
    ) -> Result<(), ImportError> {
        if std::mem::replace(&mut self.had_session, true) {
            let line = format!("{}:1", self.path.display());
            run.report.duplicate("session line again", self.path, record.line, line);
            return Ok(());
        }
        run.report.used();
        let instructions = ["base_instructions", "instructions", "user_instructions"];
        for name in instructions {
            let text = match record.payload.take(name) {
                Some(Value::String(text)) => text,
                Some(Value::Object(mut map)) => match map.shift_remove("text") {
                    Some(Value::String(text)) => text,
                    _ => continue,
                },
                _ => continue,
            };
            let mut rest = Fields::default();
            rest.keep("injected", name);
            if !text.is_empty() {
                self.message(run, "system", Some(text), rest, record.ts)?;
            }
        }
        if !self.agent.is_empty() {
            let mut rest = Fields::default();
            rest.keep("event", "session_meta");
            let meta = self.member.survey.meta.clone();
            rest.keep("session_meta", Value::Object(meta));
            self.message(run, "system", None, rest, record.ts)?;
        }
        Ok(())
    }

    /// The usage of one response, with the id of the response: better than the counter where it is there.
    pub(super) fn usage_record(
        &mut self,
        run: &mut Run<'_>,
        mut record: Record,
    ) -> Result<(), ImportError> {
        let fields = &mut record.payload;
        let thread = fields.text("thread_id");
        let own = &self.member.thread;
        if thread.as_ref().is_some_and(|t| !own.is_empty() && t != own) {
            let origin = format!("thread {}", thread.unwrap_or_default());
            run.report.duplicate("usage of another thread", self.path, record.line, origin);
            return Ok(());
        }
        let response = fields.text("response_id").filter(|id| !id.is_empty());
        if response.as_ref().is_some_and(|id| !self.responses.insert(id.clone())) {
            let origin = format!("response {}", response.unwrap_or_default());
            run.report.duplicate("usage of a response again", self.path, record.line, origin);
            return Ok(());
        }
        self.recorded = true;
        self.last_count = record.line;
        let raw = fields.take("usage");
        if let Some(total) = fields.take("thread_token_usage") {
            self.total = Some(total);
        }
        if let Some(counts) = raw.as_ref().and_then(Counts::of).filter(|c| !c.is_zero()) {
            self.spend(run, counts, vec![("usage", raw)], response, record.ts)
        } else {
            run.report.skip("token_usage_record without counts", 1);
            Ok(())
        }
    }

    /// The context was replaced by a summary of it.
    pub(super) fn compaction(
        &mut self,
        run: &mut Run<'_>,
        mut record: Record,
    ) -> Result<(), ImportError> {
        self.turn_edge(run)?;
        self.input_at = record.ts;
        self.compacted = Some(record.line);
        run.report.used();
        let fields = &mut record.payload;
        let text = fields.text("message");
        // Both repeat what stands in the log: the messages, and the usage of a response.
        let kept = fields.array("replacement_history").map(|history| history.len());
        fields.drop("latest_token_usage_record");
        let mut rest = record.payload.counted(&mut run.report);
        if let Some(kept) = kept {
            rest.keep("replacement_history_items", kept);
        }
        rest.keep("event", "compacted");
        self.message(run, "system", text, rest, record.ts)
    }
}

/// Events that go with something that has a record of its own; only some settings keep them.
fn is_progress(kind: &str) -> bool {
    let ends = ["_delta", "_begin", "_started", "_update", "_updated", "_request", "_completed"];
    let words = [
        "session_configured",
        "shutdown_complete",
        "turn_diff",
        "plan_update",
        "mcp_startup_complete",
        "agent_reasoning_section_break",
        "raw_response_item",
        "terminal_interaction",
        "request_user_input",
        "request_permissions",
        "collab_agent_interaction_end",
        "collab_waiting_end",
        "collab_close_end",
        "collab_resume_end",
        "safety_buffering",
        "model_verification",
        "guardian_assessment",
        "turn_moderation_metadata",
    ];
    words.contains(&kind) || ends.iter().any(|end| kind.ends_with(end))
}

/// Whether the result of an MCP call is an error.
fn mcp_failed(result: Option<&Value>) -> bool {
    let Some(result) = result else { return false };
    let is_error = |v: &Value| {
        v.get("isError").or_else(|| v.get("is_error")).and_then(Value::as_bool) == Some(true)
    };
    result.get("Err").is_some() || result.get("Ok").is_some_and(is_error) || is_error(result)
}
