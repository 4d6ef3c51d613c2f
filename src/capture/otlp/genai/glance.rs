//! What a span says of its run, told from the span alone: for those who must group and name runs before any span counts.

use super::super::spans::Span;
use super::names::{self, AGENT, CONVERSATION, OPERATION, PROVIDER, REQUEST_MODEL};
use super::role::Role;
use super::usage::Usage;
use serde_json::Value;

/// What a span says of its run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// The conversation or session that it is part of.
    pub conversation: Option<String>,
    /// The agent that it is of.
    pub agent: Option<String>,
    /// The model that was asked for, of a call.
    pub model: Option<String>,
    /// Who serves that model, of a call.
    pub provider: Option<String>,
    /// Whether it is a call, an agent, a tool, or sums these up: anything of an agent's.
    pub is_of_agent: bool,
    /// Whether it is one agent at work.
    pub is_agent: bool,
    /// Whether it is a tool call.
    pub is_tool: bool,
}

impl Glance {
    /// Looks at a span.
    pub fn of(span: &Span) -> Self {
        let usage = Usage::of(span);
        let role = Role::of(span, &usage);
        let of_call = |names| (role == Role::Llm).then(|| names::text(span, names)).flatten();
        let of_resource = || {
            let mut found = CONVERSATION.iter().filter_map(|name| span.resource.get(*name));
            found.find_map(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned)
        };
        Self {
            conversation: names::text(span, CONVERSATION).or_else(of_resource),
            agent: names::text(span, AGENT),
            model: of_call(REQUEST_MODEL),
            provider: of_call(PROVIDER),
            is_of_agent: role != Role::Other || usage.is_known(),
            is_agent: role == Role::Around && is_agent(span),
            is_tool: role == Role::Tool,
        }
    }
}

fn is_agent(span: &Span) -> bool {
    let kind = names::text(span, OPERATION)
        .or_else(|| names::text(span, &["openinference.span.kind", "traceloop.span.kind"]));
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    matches!(kind.as_str(), "invoke_agent" | "agent" | "agent_call")
}

/// Whether what an attribute says is in a column of the rows that a [`Mapper`](super::Mapper) makes.
pub fn has_column(attribute: &str) -> bool {
    names::COLUMNS.iter().any(|names| names.contains(&attribute)) || names::is_text(attribute)
}

/// The part of a span that decides what it stands for and whether it counts: all of it but for texts.
#[must_use]
pub fn without_texts(mut span: Span) -> Span {
    span.attributes.retain(|_, value| match value {
        Value::String(text) => text.len() <= LONGEST_WORD,
        Value::Array(items) => items.len() <= 4 && items.iter().all(|item| !item.is_object()),
        Value::Object(_) => false,
        _ => true,
    });
    span.events.clear();
    span
}

/// Bytes above which a value is no name, number or identifier.
const LONGEST_WORD: usize = 512;

#[cfg(test)]
mod tests {
    use super::super::mapper_tests::{chat, span};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_call_names_its_model_and_its_conversation() {
        let call = span(
            "c",
            None,
            1,
            json!({
                "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "m",
                "gen_ai.conversation.id": "k", "gen_ai.agent.name": "a",
            }),
        );
        let text = |text: &str| Some(text.to_owned());
        let expected = Glance {
            conversation: text("k"),
            agent: text("a"),
            model: text("m"),
            provider: text("openai"),
            is_of_agent: true,
            ..Glance::default()
        };
        assert_eq!(Glance::of(&call), expected);
        let mut other = span("o", None, 1, json!({ "http.request.method": "POST" }));
        assert_eq!(Glance::of(&other), Glance::default());
        other.resource =
            std::sync::Arc::new([("session.id".to_owned(), json!("s"))].into_iter().collect());
        assert_eq!(Glance::of(&other).conversation.as_deref(), Some("s"));
    }

    #[test]
    fn texts_do_not_decide() {
        let mut call = chat("c", None, 1, 10, 2);
        let bare = call.clone();
        call.attributes.insert("gen_ai.input.messages".to_owned(), "x".repeat(5000).into());
        call.attributes.insert("gen_ai.output.messages".to_owned(), json!([{ "role": "x" }]));
        assert_eq!(without_texts(call), bare);
        assert!(has_column("gen_ai.usage.input_tokens") && has_column("gen_ai.prompt.0.content"));
        assert!(!has_column("gen_ai.request.temperature"));
    }
}
