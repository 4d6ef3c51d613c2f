//! The attributes that mean the same, the present name of the GenAI conventions first, then older ones of theirs, those of
//! `OpenLLMetry`, of `OpenInference`, of the Vercel AI SDK and of single frameworks.

use super::super::spans::Span;
use serde_json::Value;

pub(super) const OPERATION: &[&str] = &["gen_ai.operation.name"];
pub(super) const REQUEST_MODEL: &[&str] =
    &["gen_ai.request.model", "llm.request.model", "llm.model_name", "ai.model.id"];
pub(super) const RESPONSE_ID: &[&str] =
    &["gen_ai.response.id", "llm.response.id", "ai.response.id"];
pub(super) const FINISH_REASON: &[&str] = &[
    "gen_ai.response.finish_reasons",
    "gen_ai.response.finish_reason",
    "llm.response.finish_reason",
    "ai.response.finishReason",
    "ai.finishReason",
];
pub(super) const PROVIDER: &[&str] =
    &["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"];
pub(super) const AGENT: &[&str] = &["gen_ai.agent.name", "agent.name", "agent_name"];
pub(super) const CONVERSATION: &[&str] = &[
    "gen_ai.conversation.id",
    "session.id",
    "traceloop.association.properties.session_id",
    "claude.code.session_id",
];

pub(super) const TOOL_NAME: &[&str] =
    &["gen_ai.tool.name", "tool.name", "ai.toolCall.name", "mcp.tool.name"];
pub(super) const TOOL_CALL_ID: &[&str] =
    &["gen_ai.tool.call.id", "gen_ai.tool.call_id", "tool_call.id", "tool.id", "ai.toolCall.id"];
pub(super) const TOOL_ARGUMENTS: &[&str] = &[
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.args",
    "gen_ai.tool.input",
    "tool_arguments",
    "tool.parameters",
    "ai.toolCall.args",
    "traceloop.entity.input",
    "input.value",
    "gen_ai.input.messages",
];
pub(super) const TOOL_RESULT: &[&str] = &[
    "gen_ai.tool.call.result",
    "gen_ai.tool.result",
    "gen_ai.tool.output",
    "gen_ai.output",
    "tool_response",
    "ai.toolCall.result",
    "traceloop.entity.output",
    "output.value",
    "gen_ai.output.messages",
];

/// Names under which the messages of a call stand, and what else repeats them: never kept a second time.
pub(super) const TEXTS: &[&str] = &[
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.prompt.",
    "gen_ai.completion.",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts",
    "ai.prompt",
    "ai.prompt.messages",
    "ai.prompt.tools",
    "ai.response.text",
    "ai.response.toolCalls",
    "ai.result.text",
    "events",
    "all_messages_events",
    "pydantic_ai.all_messages",
    "logfire.json_schema",
    "input.value",
    "output.value",
    "traceloop.entity.input",
    "traceloop.entity.output",
    ANY_AGENT_OUTPUT,
];
/// What a call or a tool of any-agent answered.
pub(super) const ANY_AGENT_OUTPUT: &str = "gen_ai.output";

/// Names of everything that a row has a column for.
pub(super) const COLUMNS: &[&[&str]] = &[
    OPERATION,
    RESPONSE_ID,
    FINISH_REASON,
    TOOL_NAME,
    TOOL_CALL_ID,
    TOOL_ARGUMENTS,
    TOOL_RESULT,
    super::usage::INPUT,
    super::usage::OUTPUT,
    super::usage::CACHE_READ,
    super::usage::CACHE_WRITE,
    super::usage::REASONING,
    super::usage::TOTAL,
    super::usage::COST,
    super::usage::COST_PARTS[0],
    super::usage::COST_PARTS[1],
    &["error.type"],
];

/// The first of these attributes that has a value.
pub(super) fn first<'a>(span: &'a Span, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| span.attributes.get(*name)).filter(|value| !value.is_null())
}

/// The first of these attributes as a text that is not empty. Lists are joined with commas.
pub(super) fn text(span: &Span, names: &[&str]) -> Option<String> {
    let text = match first(span, names)? {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            texts.join(",")
        }
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

/// The first of these attributes that is a count.
pub(super) fn count(span: &Span, names: &[&str]) -> Option<i64> {
    let of = |value: &Value| match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let mut counts = names.iter().filter_map(|name| span.attributes.get(*name)).filter_map(of);
    counts.find(|count| *count >= 0)
}

/// A float that is an integer.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Whether an attribute repeats what was said.
pub(super) fn is_text(name: &str) -> bool {
    TEXTS
        .iter()
        .any(|text| if text.ends_with('.') { name.starts_with(text) } else { name == *text })
}
