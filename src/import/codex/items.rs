//! Items of the conversation: messages, reasoning, tool calls and their results.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::rows::millis_between;
use super::output::{Outcome, without_data};
use super::record::Record;
use super::texts::Voice;
use super::thread::{Run, Thread, Tool};
use crate::trace::{Event, Kind, Timestamp, ToolStatus};
use serde_json::Value;

/// How texts begin that the agent puts into a user's mouth, and what they are.
const INJECTED: &[(&str, &str)] = &[
    ("<environment_context>", "environment_context"),
    ("<user_instructions>", "user_instructions"),
    ("# AGENTS.md instructions", "agents_md"),
    ("<INSTRUCTIONS>", "agents_md"),
    ("<turn_aborted>", "turn_aborted"),
    ("<permissions instructions>", "permissions"),
    ("<collaboration_mode>", "collaboration_mode"),
    ("<skill", "skills"),
    ("<plugins_instructions>", "plugins"),
    ("<apps_instructions>", "apps"),
    ("<user_shell_command>", "user_shell_command"),
    ("<subagent_notification>", "subagent_notification"),
    ("<personality_spec>", "personality"),
    ("<model_switch>", "model_switch"),
    ("<codex_internal_context", "internal_context"),
];

impl Thread<'_> {
    /// Converts an item.
    pub(super) fn item(&mut self, run: &mut Run<'_>, record: Record) -> Result<(), ImportError> {
        let kind = record.payload_type().to_owned();
        match kind.as_str() {
            "message" => return self.said(run, record),
            "reasoning" => return self.reasoned(run, record),
            "agent_message" => return self.relayed(run, record),
            "function_call"
            | "custom_tool_call"
            | "local_shell_call"
            | "tool_search_call"
            | "web_search_call"
            | "image_generation_call" => return self.tool_call(run, &kind, record),
            "function_call_output"
            | "custom_tool_call_output"
            | "local_shell_call_output"
            | "tool_search_output"
            | "mcp_tool_call_output" => return self.tool_result(run, record),
            "ghost_snapshot" => run.report.skip("ghost_snapshot: the state of the files", 1),
            "compaction" | "compaction_summary" | "context_compaction" => {
                run.report.skip("compaction item that only the provider can read", 1);
            }
            "compaction_trigger" | "additional_tools" | "other" => {
                run.report.skip(&format!("{kind} item: bookkeeping of the agent"), 1);
            }
            other => run.report.unknown(&format!("response_item {other}")),
        }
        Ok(())
    }

    fn said(&mut self, run: &mut Run<'_>, mut record: Record) -> Result<(), ImportError> {
        let fields = &mut record.payload;
        let role = fields.text("role").unwrap_or_default();
        let (pieces, others) = contents(fields.take("content"));
        let voice = if role == "assistant" { Voice::Agent } else { Voice::User };
        let repeated = self.texts.item(voice, &pieces, record.line);
        for event in repeated {
            let item = format!("{}:{}", self.path.display(), record.line);
            run.report.duplicate("event that repeats an item", self.path, event.line, item);
        }
        if role == "assistant" {
            self.users_first(run)?;
            self.part_of_call(run, record.ts)?;
            for piece in pieces.into_iter().filter(|p| !p.is_empty()) {
                self.say(piece);
            }
            if let Some(others) = others {
                record.payload.keep("content", others);
            }
            self.detail(run, "message", record.payload);
            return Ok(());
        }
        self.turn_edge(run)?;
        self.input_at = record.ts;
        run.report.used();
        let mut rest = Fields::default();
        let text = pieces.join("\n\n");
        let injected = INJECTED.iter().find(|(begin, _)| text.trim_start().starts_with(begin));
        if role == "user"
            && let Some((_, what)) = injected
        {
            rest.keep("injected", *what);
        }
        record.payload.drop("type");
        if let Some(others) = others {
            rest.keep("other_content", others);
        }
        // Codex speaks as a developer; a trace knows that role as the system.
        let role = match role.as_str() {
            "user" | "system" => role,
            _ => {
                rest.keep("source_role", role);
                "system".to_owned()
            }
        };
        for (name, value) in record.payload.counted(&mut run.report).into_pairs() {
            rest.keep(&name, value);
        }
        self.message(run, &role, Some(text), rest, record.ts)
    }

    fn reasoned(&mut self, run: &mut Run<'_>, mut record: Record) -> Result<(), ImportError> {
        let fields = &mut record.payload;
        let (summary, _) = contents(fields.take("summary"));
        let (content, _) = contents(fields.take("content"));
        if let Some(sealed) = fields.text("encrypted_content") {
            // Only the provider can read it; that there was some is worth knowing.
            fields.keep("encrypted_characters", sealed.len());
        }
        let mut pieces = summary;
        pieces.extend(content.into_iter().filter(|p| !p.is_empty()));
        for event in self.texts.item(Voice::Reasoning, &pieces, record.line) {
            let item = format!("{}:{}", self.path.display(), record.line);
            run.report.duplicate("event that repeats an item", self.path, event.line, item);
        }
        self.users_first(run)?;
        self.part_of_call(run, record.ts)?;
        for piece in pieces.into_iter().filter(|p| !p.is_empty()) {
            self.reason(piece);
        }
        self.detail(run, "reasoning", record.payload);
        Ok(())
    }

    fn tool_call(
        &mut self,
        run: &mut Run<'_>,
        kind: &str,
        mut record: Record,
    ) -> Result<(), ImportError> {
        self.users_first(run)?;
        self.in_call(run, record.ts)?;
        run.report.used();
        let fields = &mut record.payload;
        fields.drop("type");
        let mut event = self.row(run, Kind::ToolCall, record.ts);
        event.tool_name = Some(match kind {
            "local_shell_call" => "local_shell".to_owned(),
            "tool_search_call" => "tool_search".to_owned(),
            "web_search_call" => "web_search".to_owned(),
            "image_generation_call" => "image_generation".to_owned(),
            _ => fields.text("name").unwrap_or_default(),
        });
        let arguments = ["arguments", "input", "action"].iter().find_map(|n| fields.take(n));
        event.arguments = arguments.map(|arguments| match arguments {
            Value::String(text) => text,
            other => other.to_string(),
        });
        let status = fields.text("status");
        // What the provider runs itself has its result, or none, in the same response.
        let done = matches!(kind, "web_search_call" | "image_generation_call");
        if done {
            event.tool_status = Some(match status.as_deref() {
                Some("completed") => ToolStatus::Ok,
                Some("failed") => ToolStatus::Error,
                _ => ToolStatus::Unknown,
            });
            if let Some(result) = fields.take("result") {
                fields.keep("result", without_data(serde_json::json!({ "result": result })));
            }
        } else if let Some(status) = status.filter(|s| s != "completed") {
            fields.keep("status", status);
        }
        let id = fields.text("call_id").or_else(|| fields.text("id")).filter(|id| !id.is_empty());
        event.event_id.clone_from(&id);
        event.tool_call_id.clone_from(&id);
        event.parent_event_id = self.call.as_ref().map(|call| call.id.clone());
        if event.tool_name.as_deref() == Some("write_stdin")
            && let Some(process) = process_of(event.arguments.as_deref())
            && let Some(started) = self.processes.get(&process)
        {
            record.payload.keep("continues", started.clone());
        }
        self.dress(&mut record.payload);
        event.attributes = record.payload.rest_counted(&mut run.report);
        let row = run.rows.call(&self.agent, event)?;
        match id {
            Some(id) if !done => {
                if let Some(earlier) = self.tools.insert(id, Tool { row, ts: record.ts }) {
                    run.rows.release(earlier.row)?;
                }
                Ok(())
            }
            _ => run.rows.release(row),
        }
    }

    fn tool_result(&mut self, run: &mut Run<'_>, mut record: Record) -> Result<(), ImportError> {
        let fields = &mut record.payload;
        fields.drop("type");
        let id = fields.text("call_id").unwrap_or_default();
        let output = fields.take("output").or_else(|| fields.take("tools"));
        let outcome = Outcome::of(output);
        if let Some(rest) = outcome.rest.clone() {
            fields.keep("result", rest);
        }
        let tool = self.tools.remove(&id);
        self.remember(run, &id, tool.as_ref(), &outcome);
        let rest = std::mem::take(fields);
        let (ts, began) = (record.ts, tool.as_ref().and_then(|t| t.ts));
        let mut orphan = Some((outcome, rest));
        let answered = run.rows.answer(&self.agent, &id, |event| {
            if let Some((outcome, rest)) = orphan.take() {
                fill(event, outcome, rest, began, ts);
            }
        })?;
        match orphan {
            _ if answered => run.report.merge("result of a tool call"),
            Some((outcome, mut rest)) => {
                run.report.used();
                let mut event = self.row(run, Kind::Error, ts);
                event.content = outcome.content;
                event.tool_call_id = Some(id).filter(|id| !id.is_empty());
                self.dress(&mut rest);
                event.attributes = rest.rest_counted(&mut run.report);
                run.rows.orphan_result(event)?;
            }
            None => run.report.merge("result of a tool call"),
        }
        self.input(run, ts)
    }

    /// Notes processes that go on or have ended, and agents that were started.
    fn remember(&mut self, run: &mut Run<'_>, id: &str, tool: Option<&Tool>, outcome: &Outcome) {
        if tool.is_none() {
            return;
        }
        if let Some(process) = outcome.session {
            self.processes.entry(process).or_insert_with(|| id.to_owned());
        }
        let agent = outcome.content.as_deref().filter(|text| text.contains("\"agent_id\""));
        let agent = agent.and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(agent) = agent.as_ref().and_then(|a| a.get("agent_id")).and_then(Value::as_str)
        {
            run.spawned.entry(agent.to_owned()).or_insert_with(|| id.to_owned());
        }
    }

    /// A message from another agent.
    pub(super) fn relayed(
        &mut self,
        run: &mut Run<'_>,
        mut record: Record,
    ) -> Result<(), ImportError> {
        self.turn_edge(run)?;
        self.input_at = record.ts;
        run.report.used();
        record.payload.drop("type");
        let (pieces, _) = contents(record.payload.take("content"));
        let mut rest = record.payload.counted(&mut run.report);
        rest.keep("injected", "agent_message");
        self.message(run, "user", Some(pieces.join("\n\n")), rest, record.ts)
    }
}

/// Puts a result into the row of its call.
fn fill(
    event: &mut Event,
    outcome: Outcome,
    rest: Fields,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
) {
    event.content = outcome.content;
    event.exit_code = outcome.exit_code.or(event.exit_code);
    // A status that an event stated before is better than one told from the text.
    let told = outcome.status;
    event.tool_status = match event.tool_status {
        None | Some(ToolStatus::Unknown | ToolStatus::Cancelled) => told,
        stated => stated,
    };
    event.duration_ms =
        outcome.duration_ms.or(event.duration_ms).or_else(|| millis_between(began, ended));
    keep(event, rest);
}

/// Adds fields to a row's attributes.
pub(super) fn keep(event: &mut Event, more: Fields) {
    let Some(more) = more.rest() else { return };
    let before = event.attributes.take();
    let parse = |text: &str| serde_json::from_str(text).ok().and_then(Fields::of);
    let mut all = before.as_deref().and_then(parse).unwrap_or_default();
    for (name, value) in parse(&more).unwrap_or_default().into_pairs() {
        all.keep(&name, value);
    }
    event.attributes = all.rest();
}

/// The texts of a message's parts, and the parts that are not text.
pub(super) fn contents(content: Option<Value>) -> (Vec<String>, Option<Value>) {
    match content {
        Some(Value::String(text)) => (vec![text], None),
        Some(Value::Array(parts)) => {
            let mut texts = Vec::new();
            let mut others = Vec::new();
            for part in parts {
                match part {
                    Value::String(text) => texts.push(text),
                    part => match part.get("text").and_then(Value::as_str) {
                        Some(text) => texts.push(text.to_owned()),
                        None => others.push(without_data(part)),
                    },
                }
            }
            (texts, (!others.is_empty()).then_some(Value::Array(others)))
        }
        None => (Vec::new(), None),
        Some(other) => (Vec::new(), Some(other)),
    }
}

/// The number of the process to which `write_stdin` writes.
fn process_of(arguments: Option<&str>) -> Option<i64> {
    let value = serde_json::from_str(arguments?).ok()?;
    Fields::of(value)?.int("session_id")
}
