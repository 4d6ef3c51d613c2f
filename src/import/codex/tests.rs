//! Rollouts made for a test, and the real ones.

mod conversation;
mod counts;
mod hostile;
mod samples;
mod threads;

use super::super::Imported;
use serde_json::{Value, json};

/// A line, at so many seconds after ten o'clock.
fn line(second: u32, kind: &str, payload: &Value) -> String {
    let (minute, second) = (second / 60, second % 60);
    let timestamp = format!("2026-03-01T10:{minute:02}:{second:02}.000Z");
    json!({"timestamp": timestamp, "type": kind, "payload": payload}).to_string()
}

fn meta(id: &str) -> String {
    line(
        0,
        "session_meta",
        &json!({"id": id, "cwd": "/work/thing", "cli_version": "0.104.0",
        "source": "cli", "model_provider": "openai"}),
    )
}

fn context(second: u32, model: &str) -> String {
    line(second, "turn_context", &json!({"model": model, "effort": "high", "turn_id": second}))
}

fn item(second: u32, payload: &Value) -> String {
    line(second, "response_item", payload)
}

fn event(second: u32, payload: &Value) -> String {
    line(second, "event_msg", payload)
}

fn user(second: u32, text: &str) -> String {
    item(
        second,
        &json!({"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": text}]}),
    )
}

fn reply(second: u32, text: &str) -> String {
    item(
        second,
        &json!({"type": "message", "role": "assistant",
        "content": [{"type": "output_text", "text": text}]}),
    )
}

fn call(second: u32, name: &str, id: &str, arguments: &Value) -> String {
    item(
        second,
        &json!({"type": "function_call", "name": name, "call_id": id,
        "arguments": arguments.to_string()}),
    )
}

fn output(second: u32, id: &str, output: &str) -> String {
    item(second, &json!({"type": "function_call_output", "call_id": id, "output": output}))
}

fn usage(input: i64, cached: i64, output: i64, reasoning: i64) -> Value {
    json!({"input_tokens": input, "cached_input_tokens": cached, "output_tokens": output,
        "reasoning_output_tokens": reasoning, "total_tokens": input + output})
}

/// A `token_count` with a total and, where it is there, what the last call used.
fn count(second: u32, total: &Value, last: Option<&Value>) -> String {
    let mut info = json!({"total_token_usage": total, "model_context_window": 258_400});
    if let Some(last) = last {
        info["last_token_usage"] = last.clone();
    }
    event(second, &json!({"type": "token_count", "info": info}))
}

/// The same rate limits again, without counts.
fn limits(second: u32) -> String {
    event(second, &json!({"type": "token_count", "info": null, "rate_limits": {"primary": null}}))
}

/// Imports files of these names and lines.
fn import(files: &[(&str, &[String])]) -> Vec<Imported> {
    let texts: Vec<(String, String)> =
        files.iter().map(|(n, lines)| ((*n).to_owned(), lines.join("\n"))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    super::super::made::import(&files)
}

/// Imports one file, which must be one run.
fn import_one(lines: &[String]) -> Imported {
    let mut runs = import(&[("rollout.jsonl", lines)]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn attributes(event: &crate::trace::Event) -> Value {
    event.attributes.as_deref().map_or(Value::Null, |a| serde_json::from_str(a).unwrap())
}
