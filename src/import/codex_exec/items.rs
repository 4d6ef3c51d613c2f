//! Items: what the agent said, and the tools it used.
//!
//! An item may come three times: when it begins, as it changes, and complete. It is one row.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::stages::Last;
use super::convert::Thread;
use super::kind_of;
use crate::trace::{Event, Kind, ToolStatus};
use serde_json::{Value, json};

impl Thread<'_> {
    /// Converts an event of an item.
    pub(super) fn item(&mut self, when: &str, mut event: Fields) -> Result<(), ImportError> {
        let item = event.take("item").unwrap_or_default();
        let kind = kind_of(&item).unwrap_or_default().to_owned();
        let mut item = Fields::of(item).unwrap_or_default();
        item.drop("type");
        item.drop("item_type");
        let complete = when == "item.completed";
        match kind.as_str() {
            "agent_message" | "assistant_message" | "reasoning" | "plan" => {
                if !complete {
                    self.report.skip("a text that is not complete", 1);
                    return Ok(());
                }
                self.part_of_turn()?;
                let text = item.text("text").unwrap_or_default();
                let Some(turn) = &mut self.turn else { return Ok(()) };
                if kind == "reasoning" {
                    turn.reasoning.push(text);
                } else if !text.is_empty() {
                    turn.texts.push(text);
                    self.rows.last = Last::Reply;
                }
                Ok(())
            }
            // It ends nothing: the model is unknown to the client, a setting is old.
            "error" => {
                self.report.used();
                let mut row = Event::new(Kind::Message);
                row.role = Some("system".to_owned());
                row.content = item.text("message");
                item.keep("event", "error_item");
                row.attributes = item.rest_counted(&mut self.report);
                self.rows.push(row)
            }
            "command_execution" | "file_change" | "mcp_tool_call" | "collab_tool_call"
            | "web_search" | "todo_list" => self.tool(&kind, complete, item),
            other => {
                self.report.unknown(&format!("item {other}"));
                Ok(())
            }
        }
    }

    /// A question to the user, which is a tool call without a result.
    pub(super) fn asked(&mut self, mut event: Fields) -> Result<(), ImportError> {
        self.in_turn()?;
        self.report.used();
        let mut row = Event::new(Kind::ToolCall);
        row.tool_name = Some("request_user_input".to_owned());
        row.tool_call_id = event.text("call_id");
        row.arguments = event.take("questions").map(|q| json!({ "questions": q }).to_string());
        row.attributes = event.rest_counted(&mut self.report);
        let row = self.rows.call("", row)?;
        self.rows.release(row)
    }

    fn part_of_turn(&mut self) -> Result<(), ImportError> {
        if self.turn.is_some() {
            self.report.merge("text of a turn that has a row");
        } else {
            self.report.used();
        }
        self.in_turn()
    }

    fn tool(&mut self, kind: &str, complete: bool, mut item: Fields) -> Result<(), ImportError> {
        self.in_turn()?;
        let id = item.text("id").unwrap_or_default();
        let row = if let Some(row) = self.open.get(&id).copied() {
            self.report.merge("a later state of a tool call");
            row
        } else {
            self.report.used();
            let mut event = Event::new(Kind::ToolCall);
            event.tool_name = Some(name(kind, &mut item));
            event.arguments = Some(arguments(kind, &item));
            event.parent_event_id = self.turn.as_ref().map(|turn| turn.id.clone());
            if !id.is_empty() {
                // Ids begin again in every process.
                event.event_id = Some(format!("process-{}/{id}", self.process));
                event.tool_call_id = Some(id.clone());
            }
            let row = self.rows.call("", event)?;
            self.open.insert(id.clone(), row);
            row
        };
        let mut result = result(kind, &mut item);
        result.attributes = item.rest();
        let filled = self.rows.amend(row, |event| {
            event.content = result.content.or(event.content.take());
            event.exit_code = result.exit_code.or(event.exit_code);
            event.tool_status = if complete { result.tool_status } else { event.tool_status };
            if event.tool_status == Some(ToolStatus::Denied) {
                // Nothing was executed.
                event.tool_kind = None;
                event.exit_code = None;
            }
            event.attributes = result.attributes.or(event.attributes.take());
        });
        if complete {
            self.open.remove(&id);
            self.rows.last = Last::ToolResult { finish: false };
            if filled {
                self.rows.release(row)?;
            }
        }
        Ok(())
    }
}

fn name(kind: &str, item: &mut Fields) -> String {
    let text = |item: &Fields, name: &str| {
        item.peek(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    match kind {
        "mcp_tool_call" => format!("mcp__{}__{}", text(item, "server"), text(item, "tool")),
        "collab_tool_call" => text(item, "tool"),
        kind => kind.to_owned(),
    }
}

/// What the tool was asked, as JSON.
fn arguments(kind: &str, item: &Fields) -> String {
    let names: &[&str] = match kind {
        "command_execution" => &["command"],
        "file_change" => &["changes"],
        "collab_tool_call" => &["prompt", "receiver_thread_ids"],
        "web_search" => &["query", "action"],
        "todo_list" => &["items"],
        _ => return item.peek("arguments").map_or_else(|| "{}".to_owned(), Value::to_string),
    };
    let known = names.iter().filter_map(|n| Some(((*n).to_owned(), item.peek(n)?.clone())));
    Value::Object(known.collect()).to_string()
}

/// Takes the result out of an item; what of it is an argument goes with it.
fn result(kind: &str, item: &mut Fields) -> Event {
    let mut event = Event::new(Kind::ToolCall);
    let status = item.text("status");
    match kind {
        "command_execution" => {
            item.drop("command");
            event.content = item.text("aggregated_output").filter(|text| !text.is_empty());
            event.exit_code = item.int("exit_code");
        }
        "file_change" => item.drop("changes"),
        "mcp_tool_call" => {
            item.drop("arguments");
            let texts = item.object("result").map(|mut result| {
                let content = result.array("content").unwrap_or_default();
                let (text, other): (Vec<Value>, Vec<Value>) =
                    content.into_iter().partition(|part| part.get("text").is_some());
                if !other.is_empty() {
                    item.keep("other_content", other);
                }
                if let Some(structured) = result.take("structured_content") {
                    item.keep("structured_content", structured);
                }
                let text = text.iter().filter_map(|part| part.get("text")?.as_str());
                text.collect::<Vec<_>>().join("\n")
            });
            let error = item.object("error").and_then(|mut e| e.text("message"));
            event.content = error.or(texts).filter(|text| !text.is_empty());
        }
        "todo_list" => {
            event.content = item.take("items").map(|items| items.to_string());
        }
        "web_search" => {
            item.drop("query");
            item.drop("action");
        }
        _ => {
            item.drop("prompt");
            item.drop("receiver_thread_ids");
        }
    }
    event.tool_status = Some(match status.as_deref() {
        Some("declined") => ToolStatus::Denied,
        Some("in_progress") => ToolStatus::Running,
        // A command that ended has returned, whatever its exit code.
        Some("failed") if event.exit_code.is_none() => ToolStatus::Error,
        _ => ToolStatus::Ok,
    });
    event
}
