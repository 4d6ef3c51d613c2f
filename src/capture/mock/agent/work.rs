//! The agent's loop: ask, do what was asked for, say what came of it.

use super::http::Endpoint;
use super::session::Session;
use super::wire::{self, Reply, ToolCall};
use super::{AgentEnd, AgentError, AgentSettings, tools};
use serde_json::Value;
use std::io::Write;

/// Longest line of a step that is shown, in characters.
const SHOWN: usize = 160;

/// Works on one prompt until a reply asks for no tool, says what it does to `out`, and keeps the conversation in the
/// session's file. A reader of `out` that has gone does not stop it.
pub fn work(
    settings: &AgentSettings,
    prompt: &str,
    out: &mut dyn Write,
) -> Result<AgentEnd, AgentError> {
    let endpoint = Endpoint::of(settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| AgentError::Runtime { source })?;
    let mut session = Session::open(settings.session.as_deref(), settings.api)?;
    if session.items.is_empty() {
        session.items.extend(wire::opening(settings.api));
    }
    session.items.push(wire::prompt(prompt));
    session.save()?;
    for turn in 1..=settings.max_turns {
        let request = wire::request(settings, &session.items);
        let answer = runtime.block_on(endpoint.ask(&request))?;
        let Reply { items, text, calls } = wire::reply(settings.api, &answer)
            .map_err(|problem| AgentError::BadAnswer { problem })?;
        show(out, &format!("[{turn}] {}", line(&text)));
        session.items.extend(items);
        if calls.is_empty() {
            session.save()?;
            return Ok(AgentEnd::Finished);
        }
        let finished = calls.iter().any(|c| c.name == "finish");
        let mut results = Vec::with_capacity(calls.len());
        for call in calls {
            show(out, &format!("    > {}", described(&call)));
            let result =
                tools::run(&call.name, &call.arguments, &settings.workdir, settings.tool_timeout);
            show(out, &format!("    < {}", line(&result.text)));
            results.push((call, result));
        }
        session.items.extend(wire::results(settings.api, &results));
        session.save()?;
        if finished {
            return Ok(AgentEnd::Finished);
        }
    }
    Ok(AgentEnd::TurnsUsedUp)
}

fn show(out: &mut dyn Write, line: &str) {
    // The work is not for whoever watches it.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// What a call does.
fn described(call: &ToolCall) -> String {
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let of = |key: &str| arguments.get(key).and_then(Value::as_str).map(line);
    match of("command").or_else(|| of("path")) {
        Some(what) => format!("{} {what}", call.name),
        None => call.name.clone(),
    }
}

/// A text on one line, shortened.
fn line(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(SHOWN) {
        words.truncate(end);
        words.push('…');
    }
    words
}
