//! The official clients of both providers, unchanged, through the recording proxy: what they gave their callers is what the
//! trace holds.
//!
//! `tests/clients/drive.py` tries every API, whole and streamed, with tools, refusals and forty streams at once, against a
//! scripted model. It needs the packages of `tests/clients/requirements.txt` in the Python that `RAMPTRACE_PYTHON` names, or
//! in `python3`; where they are missing the test says that it was skipped.

use super::recorded::events_of;
use super::workspace::Workspace;
use ramptrace::trace::{Event, Kind, UsageQuality};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A Python that has the clients.
fn python() -> Option<String> {
    let named = std::env::var("RAMPTRACE_PYTHON").ok().filter(|name| !name.is_empty());
    let python = named.unwrap_or_else(|| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import openai, anthropic"]).output();
    found.is_ok_and(|ran| ran.status.success()).then_some(python)
}

#[test]
fn what_official_clients_receive_is_what_the_trace_holds() {
    let Some(python) = python() else {
        return println!("skipped: no Python has the packages of tests/clients/requirements.txt");
    };
    let space = Workspace::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let (script, models) = (folder.join("drive.py"), folder.join("models"));
    let output = space
        .command(&["record", "-o", "store", "--model", "clients", "--mock"])
        .arg(models)
        .args(["--", &python])
        .arg(script)
        .env_remove("OPENAI_BASE_URL")
        .env_remove("ANTHROPIC_BASE_URL")
        .output()
        .expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let replies: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(replies.len() > 60, "{} replies", replies.len());
    let events = events_of(&space, "store");
    let calls: BTreeMap<&str, &Event> = events
        .iter()
        .filter(|event| event.kind == Kind::LlmCall)
        .filter_map(|event| Some((event.response_id.as_deref()?, event)))
        .collect();
    let answered: Vec<&Value> = replies.iter().filter(|reply| reply["status"].is_null()).collect();
    assert_eq!(calls.len(), answered.len(), "one event for each answer, and no other");
    for reply in answered {
        let id = reply["id"].as_str().expect("an id");
        let call = calls.get(id).unwrap_or_else(|| panic!("{id} is not in the trace: {reply}"));
        same(reply, call);
        tools(reply, call, &events);
    }
    failures(&replies, &events);
}

/// Text, ending and tokens of a reply.
fn same(reply: &Value, call: &Event) {
    assert_eq!(call.content.as_deref().unwrap_or_default(), reply["text"], "{reply}");
    let api = reply["api"].as_str().expect("an API");
    if api != "responses" {
        assert_eq!(call.finish_reason.as_deref(), reply["finish"].as_str(), "{reply}");
    }
    let usage = &reply["usage"];
    if usage.is_null() {
        assert_eq!((call.input_tokens, call.output_tokens), (None, None), "{reply}");
        return;
    }
    let number = |names: &[&str]| -> Option<i64> {
        names.iter().try_fold(usage, |value, name| value.get(name))?.as_i64()
    };
    // Anthropic counts what was cached beside its input, the others within it.
    let (input, output, cached) = match api {
        "chat.completions" => (
            number(&["prompt_tokens"]),
            number(&["completion_tokens"]),
            number(&["prompt_tokens_details", "cached_tokens"]),
        ),
        "responses" => (
            number(&["input_tokens"]),
            number(&["output_tokens"]),
            number(&["input_tokens_details", "cached_tokens"]),
        ),
        _ => {
            let read = number(&["cache_read_input_tokens"]);
            let written = number(&["cache_creation_input_tokens"]);
            let beside = read.unwrap_or(0) + written.unwrap_or(0);
            (number(&["input_tokens"]).map(|n| n + beside), number(&["output_tokens"]), read)
        }
    };
    assert_eq!((call.input_tokens, call.output_tokens), (input, output), "{reply}");
    assert_eq!(call.cache_read_tokens.unwrap_or(0), cached.unwrap_or(0), "{reply}");
    assert_eq!(call.usage_quality, Some(UsageQuality::Final), "{reply}");
}

/// The tool calls of a reply, with what the next request said of them.
fn tools(reply: &Value, call: &Event, events: &[Event]) {
    let asked = reply["calls"].as_array().expect("a list");
    let found: Vec<&Event> = events
        .iter()
        .filter(|e| e.kind == Kind::ToolCall && e.parent_event_id == call.event_id)
        .collect();
    assert_eq!(found.len(), asked.len(), "{reply}");
    for (event, asked) in found.iter().zip(asked) {
        assert_eq!(event.tool_name.as_deref(), asked["name"].as_str());
        assert_eq!(event.tool_call_id.as_deref(), asked["id"].as_str());
        let arguments: Value =
            serde_json::from_str(event.arguments.as_deref().expect("arguments")).expect("JSON");
        assert_eq!(arguments, asked["arguments"]);
        assert_eq!(event.exit_code, Some(2), "the result says so");
    }
}

/// Refusals that clients raised, and those that they tried again.
fn failures(replies: &[Value], events: &[Event]) {
    let failed = |kind: &str| {
        events
            .iter()
            .filter(|e| e.kind == Kind::LlmCall && e.error_type.as_deref() == Some(kind))
            .count()
    };
    let busy = replies.iter().filter(|reply| reply["case"] == "busy").count();
    assert!(busy >= 6 && failed("rate_limit") >= busy, "a 429 before each answer");
    let refused = replies.iter().filter(|reply| reply["status"] == 400).count();
    assert_eq!(refused, 6);
    let all = events.iter().filter(|e| e.kind == Kind::LlmCall && e.error_type.is_some()).count();
    assert_eq!(all, failed("rate_limit") + refused, "no other failure");
    let texts = events.iter().filter_map(|e| e.attributes.as_deref());
    assert!(!texts.clone().any(|text| text.contains("key-of-the-client-test")), "no key");
    assert!(texts.clone().count() > 0);
}
