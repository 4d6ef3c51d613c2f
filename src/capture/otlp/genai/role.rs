//! What a span stands for.

use super::super::spans::Span;
use super::names::{OPERATION, REQUEST_MODEL, first, text};
use super::usage::Usage;

/// What a span stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// One request to a model.
    Llm,
    /// One tool call.
    Tool,
    /// An agent, a workflow or a step: it holds others, and may sum them up.
    Around,
    /// Nothing of an agent's.
    Other,
}

impl Role {
    pub(super) fn of(span: &Span, usage: &Usage) -> Self {
        let word = |name: &str| text(span, &[name]).map(|kind| kind.to_ascii_lowercase());
        let operation = text(span, OPERATION);
        operation
            .and_then(|operation| Self::of_operation(&operation))
            .or_else(|| word("openinference.span.kind").and_then(|kind| Self::of_kind(&kind)))
            .or_else(|| word("ai.operationId").and_then(|id| Self::of_vercel(&id)))
            .or_else(|| word("traceloop.span.kind").and_then(|kind| Self::of_kind(&kind)))
            .or_else(|| word("llm.request.type").map(|_| Self::Llm))
            // Older releases of pydantic-ai name the tool, and no operation.
            .or_else(|| first(span, &["gen_ai.tool.name"]).map(|_| Self::Tool))
            .or_else(|| first(span, REQUEST_MODEL).filter(|_| usage.is_known()).map(|_| Self::Llm))
            .unwrap_or(if usage.is_known() { Self::Around } else { Self::Other })
    }

    /// Values of `gen_ai.operation.name`. One that is not known says nothing.
    fn of_operation(operation: &str) -> Option<Self> {
        Some(match operation {
            "chat" | "text_completion" | "generate_content" | "embeddings" | "completion"
            | "responses" | "call_llm" | "llm_call" => Self::Llm,
            "execute_tool" | "tool_call" => Self::Tool,
            // The last four are those of Gemini CLI.
            "invoke_agent"
            | "create_agent"
            | "invoke_workflow"
            | "agent"
            | "workflow"
            | "handoff"
            | "agent_call"
            | "user_prompt"
            | "system_prompt"
            | "schedule_tool_calls" => Self::Around,
            _ => return None,
        })
    }

    /// Kinds of `OpenInference` and of `OpenLLMetry`, in small letters.
    fn of_kind(kind: &str) -> Option<Self> {
        Some(match kind {
            "llm" | "embedding" => Self::Llm,
            "tool" => Self::Tool,
            "agent" | "chain" | "workflow" | "task" => Self::Around,
            "retriever" | "reranker" | "guardrail" | "evaluator" | "prompt" => Self::Other,
            _ => return None,
        })
    }

    /// Operations of the Vercel AI SDK, in small letters: the request is the inner one.
    fn of_vercel(id: &str) -> Option<Self> {
        Some(match id.strip_prefix("ai.")? {
            "toolcall" => Self::Tool,
            inner
                if inner.ends_with(".dogenerate")
                    || inner.ends_with(".dostream")
                    || inner.ends_with(".doembed") =>
            {
                Self::Llm
            }
            _ => Self::Around,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::spans::from_json;
    use super::*;

    fn role(attributes: &[(&str, &str)]) -> Role {
        let attributes: Vec<_> = attributes
            .iter()
            .map(
                |(key, value)| serde_json::json!({ "key": key, "value": { "stringValue": value } }),
            )
            .collect();
        let request = serde_json::json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "attributes": attributes }] }] }] });
        let span = from_json(request.to_string().as_bytes()).unwrap().remove(0);
        Role::of(&span, &Usage::of(&span))
    }

    #[test]
    fn spans_are_told_by_what_their_instrumentation_says() {
        for (attributes, expected) in [
            (&[("gen_ai.operation.name", "chat")][..], Role::Llm),
            (&[("gen_ai.operation.name", "generate_content")], Role::Llm),
            (&[("gen_ai.operation.name", "execute_tool")], Role::Tool),
            (
                &[("gen_ai.operation.name", "invoke_agent"), ("gen_ai.usage.input_tokens", "7")],
                Role::Around,
            ),
            (&[("gen_ai.operation.name", "llm_call")], Role::Llm),
            (&[("gen_ai.operation.name", "tool_call")], Role::Tool),
            (&[("gen_ai.operation.name", "user_prompt")], Role::Around),
            (&[("openinference.span.kind", "LLM")], Role::Llm),
            (&[("openinference.span.kind", "TOOL")], Role::Tool),
            (&[("openinference.span.kind", "CHAIN"), ("llm.token_count.total", "7")], Role::Around),
            (&[("traceloop.span.kind", "workflow")], Role::Around),
            (&[("llm.request.type", "chat"), ("gen_ai.system", "openai")], Role::Llm),
            (&[("ai.operationId", "ai.streamText"), ("ai.usage.promptTokens", "7")], Role::Around),
            (&[("ai.operationId", "ai.streamText.doStream")], Role::Llm),
            (&[("ai.operationId", "ai.toolCall")], Role::Tool),
            (&[("gen_ai.request.model", "m"), ("gen_ai.usage.output_tokens", "7")], Role::Llm),
            (
                &[("gen_ai.operation.name", "dream"), ("gen_ai.usage.output_tokens", "7")],
                Role::Around,
            ),
            (&[("gen_ai.tool.name", "sh"), ("tool_arguments", "{}")], Role::Tool),
            (&[("codex.turn.token_usage.input_tokens", "7")], Role::Around),
            (&[("http.request.method", "POST")], Role::Other),
            (&[], Role::Other),
        ] {
            assert_eq!(role(attributes), expected, "{attributes:?}");
        }
    }
}
