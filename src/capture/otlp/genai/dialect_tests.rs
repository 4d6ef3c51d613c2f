//! The names and shapes of several instrumentations, which say the same.

use super::super::spans::{Span, SpanEvent};
use super::mapper_tests::{chat, mapped, span};
use super::{Mapper, without_texts};
use crate::trace::{Kind, ToolStatus};
use serde_json::{Value, json};

/// The same exchange as several instrumentations write it.
fn dialects() -> Vec<(&'static str, Span)> {
    let mut by_events = chat("c", None, 1, 10, 2);
    let event = |name: &str, attributes: Value| {
        let Value::Object(attributes) = attributes else { panic!("no object") };
        SpanEvent { name: name.to_owned(), time_ns: None, attributes }
    };
    by_events.events = vec![
        event("gen_ai.user.message", json!({ "content": "Hi", "gen_ai.system": "openai" })),
        event(
            "gen_ai.choice",
            json!({ "finish_reason": "stop", "message": r#"{"role":"assistant","content":"Ho"}"# }),
        ),
    ];
    let mut by_details = chat("c", None, 1, 10, 2);
    by_details.events = vec![event(
        "gen_ai.client.inference.operation.details",
        json!({
            "gen_ai.input.messages": [{ "role": "user", "parts": [{ "type": "text", "content": "Hi" }] }],
            "gen_ai.output.messages":
                [{ "role": "assistant", "finish_reason": "stop", "parts": [{ "type": "text", "content": "Ho" }] }],
        }),
    )];
    let mut by_old_events = chat("c", None, 1, 10, 2);
    by_old_events.events = vec![
        event(
            "gen_ai.content.prompt",
            json!({ "gen_ai.prompt": r#"[{"role":"user","content":"Hi"}]"# }),
        ),
        event(
            "gen_ai.content.completion",
            json!({ "gen_ai.completion": r#"[{"role":"assistant","content":"Ho","finish_reason":"stop"}]"# }),
        ),
    ];
    let open_llmetry = json!({
        "llm.request.type": "chat",
        "gen_ai.system": "OpenAI",
        "gen_ai.usage.prompt_tokens": 10,
        "gen_ai.usage.completion_tokens": "2",
        "llm.usage.total_tokens": 12,
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": r#"[{"type":"text","text":"Hi"}]"#,
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "Ho",
        "gen_ai.completion.0.finish_reason": "stop",
    });
    let open_inference = json!({
        "openinference.span.kind": "LLM",
        "llm.token_count.prompt": 10,
        "llm.token_count.completion": 2,
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.contents.0.message_content.type": "text",
        "llm.input_messages.0.message.contents.0.message_content.text": "Hi",
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "Ho",
        "llm.response.finish_reason": "stop",
        "input.value": "{}",
    });
    let vercel = json!({
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.usage.promptTokens": 10,
        "ai.usage.completionTokens": 2,
        "ai.prompt.messages": r#"[{"role":"user","content":[{"type":"text","text":"Hi"}]}]"#,
        "ai.response.text": "Ho",
        "ai.response.finishReason": "stop",
    });
    let any_agent = json!({
        "gen_ai.operation.name": "call_llm",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.input.messages": r#"[{"role":"user","content":"Hi"}]"#,
        "gen_ai.output": "Ho",
    });
    let event_list = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.response.finish_reasons": ["stop"],
        "events": r#"[{"content":"Hi","role":"user","event.name":"gen_ai.user.message"},
                      {"index":0,"message":{"role":"assistant","content":"Ho"},"event.name":"gen_ai.choice"}]"#,
    });
    let gemini = json!({
        "gen_ai.operation.name": "llm_call",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.input.messages": r#"[{"role":"user","parts":[{"text":"Hi"}]}]"#,
        "gen_ai.output.messages":
            r#"[{"content":{"role":"model","parts":[{"text":"Ho"},{"functionCall":{"name":"ls","args":{}}}]},"finishReason":"stop"}]"#,
    });
    vec![
        ("events", by_events),
        ("details", by_details),
        ("old events", by_old_events),
        ("OpenLLMetry", span("c", None, 1, open_llmetry)),
        ("OpenInference", span("c", None, 1, open_inference)),
        ("Vercel", span("c", None, 1, vercel)),
        ("Gemini CLI", span("c", None, 1, gemini)),
        ("any-agent", span("c", None, 1, any_agent)),
        ("list of events", span("c", None, 1, event_list)),
    ]
}

#[test]
fn old_and_foreign_names_say_the_same() {
    for (name, span) in dialects() {
        let events = mapped(vec![span]);
        let [asked, answered] = events.as_slice() else { panic!("{name}: {events:?}") };
        assert_eq!(
            (asked.kind, asked.role.as_deref(), asked.content.as_deref()),
            (Kind::Message, Some("user"), Some("Hi")),
            "{name}"
        );
        assert_eq!(answered.kind, Kind::LlmCall, "{name}");
        assert_eq!((answered.input_tokens, answered.output_tokens), (Some(10), Some(2)), "{name}");
        assert_eq!(
            (answered.content.as_deref(), answered.finish_reason.as_deref()),
            (Some("Ho"), Some("stop")),
            "{name}"
        );
        assert!(
            !answered.attributes.as_deref().unwrap().contains("Hi"),
            "{name}: {:?}",
            answered.attributes
        );
    }
}

#[test]
fn tools_of_foreign_names() {
    for attributes in [
        json!({ "gen_ai.operation.name": "tool_call", "gen_ai.tool.name": "sh", "gen_ai.tool.call_id": "1", "gen_ai.input.messages": "ls", "gen_ai.output.messages": "a.txt" }),
        json!({ "openinference.span.kind": "TOOL", "tool.name": "sh", "input.value": "ls", "output.value": "a.txt" }),
        json!({ "traceloop.span.kind": "tool", "traceloop.entity.name": "sh", "traceloop.entity.input": "ls", "traceloop.entity.output": "a.txt" }),
        json!({ "ai.operationId": "ai.toolCall", "ai.toolCall.name": "sh", "ai.toolCall.args": "ls", "ai.toolCall.result": "a.txt" }),
        json!({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "sh", "tool_arguments": "ls", "tool_response": "a.txt" }),
        json!({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "sh", "gen_ai.tool.args": "ls", "gen_ai.output": "a.txt" }),
        json!({ "gen_ai.tool.name": "sh", "tool_arguments": "ls", "tool_response": "a.txt" }),
    ] {
        let events = mapped(vec![span("t", None, 1, attributes)]);
        let [ran] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(ran.kind, Kind::ToolCall);
        let texts = [&ran.tool_name, &ran.arguments, &ran.content].map(Option::as_deref);
        assert_eq!(texts, [Some("sh"), Some("ls"), Some("a.txt")]);
    }
}

#[test]
fn results_of_commands_have_exit_codes() {
    let attributes = json!({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "bash", "gen_ai.tool.call.result": "no\nExit code: 2" });
    let events = mapped(vec![span("t", None, 1, attributes)]);
    assert_eq!((events[0].exit_code, events[0].tool_status), (Some(2), Some(ToolStatus::Ok)));
}

#[test]
fn what_was_thought_is_kept_apart_from_what_was_said() {
    for part in [
        json!({ "type": "reasoning", "content": "hm" }),
        json!({ "type": "thinking", "thinking": "hm" }),
    ] {
        let mut call = chat("c", None, 1, 10, 2);
        let said =
            json!([{ "role": "assistant", "parts": [part, { "type": "text", "content": "Ho" }] }]);
        call.attributes.insert("gen_ai.output.messages".to_owned(), said);
        let events = mapped(vec![call]);
        let kept: Value = serde_json::from_str(events[0].attributes.as_deref().unwrap()).unwrap();
        assert_eq!((events[0].content.as_deref(), &kept["reasoning"]), (Some("Ho"), &json!("hm")));
    }
}

#[test]
fn calls_that_any_agent_asks_for_are_named() {
    let asked = r#"[{"tool.name":"now","tool.args":"{}"}]"#;
    let attributes = json!({ "gen_ai.operation.name": "call_llm", "gen_ai.output": asked });
    let events = mapped(vec![span("c", None, 1, attributes)]);
    let kept: Value = serde_json::from_str(events[0].attributes.as_deref().unwrap()).unwrap();
    assert_eq!(kept["tool_calls"], json!([{ "id": null, "name": "now", "arguments": "{}" }]));
    assert_eq!(events[0].content, None);
}

/// A trace whose texts are read when they are needed gives the same rows as one that is whole.
#[test]
fn texts_may_come_later() {
    let mut spans: Vec<Span> = dialects().into_iter().map(|(_, span)| span).collect();
    for (i, span) in spans.iter_mut().enumerate() {
        span.span_id = format!("c{i}");
        span.attributes.insert("definitions".to_owned(), "x".repeat(5000).into());
    }
    let whole = spans.clone();
    let expected = Mapper::keeping_long_attributes().map(spans.clone());
    let bare = spans.into_iter().map(without_texts).collect();
    let mut events = Vec::new();
    Mapper::keeping_long_attributes().map_each(
        bare,
        &mut |span| whole.iter().find(|whole| whole.span_id == span.span_id).cloned(),
        &mut |event| events.push(event),
    );
    assert_eq!(events, expected);
    let with_text =
        events.iter().filter(|e| e.attributes.as_deref().is_some_and(|a| a.contains("xxxx")));
    assert_eq!(with_text.count(), 1, "long attributes are kept once");
}
