//! Spans of every kind of instrumentation, and what becomes of them.

use super::super::spans::{Span, SpanEvent, SpanStatus};
use super::Mapper;
use crate::trace::{Event, Kind, ToolStatus, UsageQuality};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A span of one second, at a second of its own.
pub(super) fn span(id: &str, parent: Option<&str>, second: u64, attributes: Value) -> Span {
    let Value::Object(attributes) = attributes else { panic!("no object") };
    Span {
        trace_id: "t".to_owned(),
        span_id: id.to_owned(),
        parent_id: parent.map(str::to_owned),
        name: format!("span {id}"),
        start_ns: Some(second * 1_000_000_000),
        end_ns: Some((second + 1) * 1_000_000_000),
        attributes,
        events: Vec::new(),
        status: SpanStatus::Unset,
        status_message: String::new(),
        scope: String::new(),
        resource: Arc::new(Map::new()),
    }
}

pub(super) fn chat(id: &str, parent: Option<&str>, second: u64, input: i64, output: i64) -> Span {
    let usage = json!({
        "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output,
    });
    span(id, parent, second, usage)
}

pub(super) fn agent(id: &str, parent: Option<&str>, second: u64, input: Option<i64>) -> Span {
    let mut span = span(id, parent, second, json!({ "gen_ai.operation.name": "invoke_agent" }));
    if let Some(input) = input {
        span.attributes.insert("gen_ai.usage.input_tokens".to_owned(), input.into());
    }
    span
}

pub(super) fn tool(id: &str, parent: Option<&str>, second: u64, name: &str) -> Span {
    span(
        id,
        parent,
        second,
        json!({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name }),
    )
}

fn failed(mut span: Span, kind: &str) -> Span {
    span.status = SpanStatus::Error;
    span.status_message = "it said so".to_owned();
    span.attributes.insert("error.type".to_owned(), kind.into());
    span
}

pub(super) fn mapped(spans: Vec<Span>) -> Vec<Event> {
    Mapper::default().map(spans)
}

fn of_kind(events: &[Event], kind: Kind) -> Vec<&Event> {
    events.iter().filter(|event| event.kind == kind).collect()
}

pub(super) fn input_tokens(events: &[Event]) -> i64 {
    events.iter().filter_map(|event| event.input_tokens).sum()
}

fn attributes(event: &Event) -> Value {
    serde_json::from_str(event.attributes.as_deref().unwrap()).unwrap()
}

#[test]
fn a_call_and_its_tool_by_the_conventions() {
    let call = span(
        "c1",
        Some("a"),
        5,
        json!({
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "m",
            "gen_ai.response.id": "resp-1",
            "gen_ai.response.finish_reasons": ["tool_calls"],
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.cache_read.input_tokens": 60,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.system_instructions": r#"[{"type":"text","content":"Be brief."}]"#,
            "gen_ai.input.messages": r#"[{"role":"user","parts":[{"type":"text","content":"List."}]}]"#,
            "gen_ai.output.messages": json!([{ "role": "assistant", "parts": [
                { "type": "reasoning", "content": "hm" },
                { "type": "text", "content": "I look." },
                { "type": "tool_call", "id": "call_1", "name": "sh", "arguments": { "command": "ls" } },
            ] }]),
            "gen_ai.tool.definitions": "x".repeat(5000),
        }),
    );
    let mut ran = tool("t1", Some("a"), 6, "sh");
    for (name, value) in [
        ("gen_ai.tool.call.id", "call_1"),
        ("gen_ai.tool.call.arguments", r#"{"command":"ls"}"#),
        ("gen_ai.tool.call.result", "a.txt"),
    ] {
        ran.attributes.insert(name.to_owned(), value.into());
    }
    let events = mapped(vec![ran, call, agent("a", None, 4, Some(100))]);
    let kinds: Vec<Kind> = events.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [Kind::Message, Kind::Message, Kind::LlmCall, Kind::ToolCall]);
    let said: Vec<_> =
        events[..2].iter().map(|e| (e.role.as_deref(), e.content.as_deref())).collect();
    assert_eq!(said, [(Some("system"), Some("Be brief.")), (Some("user"), Some("List."))]);

    let call = &events[2];
    assert_eq!(call.event_id.as_deref(), Some("c1"));
    assert_eq!(call.ts.unwrap().micros(), 5_000_000);
    assert_eq!(call.duration_ms, Some(1000.0));
    assert_eq!(
        (call.input_tokens, call.cache_read_tokens, call.output_tokens),
        (Some(100), Some(60), Some(20))
    );
    assert_eq!((call.cache_write_tokens, call.reasoning_tokens, call.cost_usd), (None, None, None));
    assert_eq!(call.usage_quality, Some(UsageQuality::Final));
    assert_eq!(call.response_id.as_deref(), Some("resp-1"));
    assert_eq!(call.finish_reason.as_deref(), Some("tool_calls"));
    assert_eq!(call.content.as_deref(), Some("I look."));
    assert_eq!(call.error_type, None);
    let kept = attributes(call);
    assert_eq!(kept["gen_ai.request.model"], "m");
    assert_eq!(kept["left_out"], json!(["gen_ai.tool.definitions"]));
    assert_eq!(kept["tool_calls"][0]["id"], "call_1");
    assert_eq!(kept["cached_tokens"]["told_by"], "convention");
    assert_eq!(kept["span"]["parent_span_id"], "a");
    assert!(!call.attributes.as_deref().unwrap().contains("Be brief."), "texts are kept once");

    let ran = &events[3];
    assert_eq!(ran.parent_event_id.as_deref(), Some("c1"));
    assert_eq!(
        (ran.tool_name.as_deref(), ran.tool_call_id.as_deref()),
        (Some("sh"), Some("call_1"))
    );
    assert_eq!(ran.arguments.as_deref(), Some(r#"{"command":"ls"}"#));
    assert_eq!(ran.content.as_deref(), Some("a.txt"));
    assert_eq!(ran.tool_status, Some(ToolStatus::Ok));
    assert_eq!(ran.input_tokens, None);
}

#[test]
fn sums_are_not_counted_again() {
    let mut mapper = Mapper::default();
    let events = mapper.map(vec![
        chat("c1", Some("a2"), 2, 10, 1),
        chat("c2", Some("t"), 3, 5, 1),
        tool("t", Some("a2"), 3, "delegate"),
        agent("a2", Some("a1"), 1, Some(15)),
        agent("a1", None, 0, Some(15)),
        span("http", Some("c1"), 2, json!({ "http.request.method": "POST" })),
    ]);
    assert_eq!(input_tokens(&events), 15);
    let counts = mapper.counts();
    assert_eq!(
        (counts.llm_calls, counts.tool_calls, counts.around, counts.unrelated),
        (2, 1, 2, 1)
    );
    assert_eq!((counts.sums_counted, counts.spans()), (0, 6));
}

#[test]
fn a_sum_counts_when_nothing_in_it_has_tokens() {
    let events = mapped(vec![agent("a", None, 0, Some(15)), tool("t", Some("a"), 1, "sh")]);
    let calls = of_kind(&events, Kind::LlmCall);
    assert_eq!((calls.len(), input_tokens(&events)), (1, 15));
    assert_eq!(calls[0].usage_quality, Some(UsageQuality::Aggregate));
    // Calls without tokens get them from what is around them: the last one that was answered.
    let bare =
        |id: &str, second| span(id, Some("a"), second, json!({ "gen_ai.operation.name": "chat" }));
    let spans = vec![
        agent("a", None, 0, Some(15)),
        bare("c1", 1),
        bare("c2", 2),
        failed(bare("c3", 3), "timeout"),
    ];
    let events = mapped(spans);
    let calls: Vec<_> =
        of_kind(&events, Kind::LlmCall).iter().map(|e| (e.input_tokens, e.usage_quality)).collect();
    assert_eq!(calls, [(None, None), (Some(15), Some(UsageQuality::Aggregate)), (None, None)]);
}

#[test]
fn of_a_call_in_a_call_the_inner_one_counts() {
    let mut outer = chat("outer", None, 1, 10, 2);
    outer.attributes.insert(
        "gen_ai.output.messages".to_owned(),
        json!([{ "role": "assistant", "content": "Ho" }]),
    );
    let mut mapper = Mapper::default();
    let events = mapper.map(vec![chat("inner", Some("outer"), 1, 10, 2), outer.clone()]);
    let [call] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((call.event_id.as_deref(), call.input_tokens), (Some("inner"), Some(10)));
    assert_eq!(call.content.as_deref(), Some("Ho"), "what only the outer one knows");
    assert_eq!((mapper.counts().llm_calls, mapper.counts().wrappers), (1, 1));
    // An inner one without tokens, as streams have it.
    let bare = span("inner", Some("outer"), 1, json!({ "gen_ai.operation.name": "chat" }));
    let events = mapped(vec![bare, outer]);
    let calls: Vec<_> =
        events.iter().map(|e| (e.event_id.as_deref(), e.input_tokens, e.usage_quality)).collect();
    assert_eq!(calls, [(Some("inner"), Some(10), Some(UsageQuality::Final))]);
    // What a tool asks below a call is another request.
    let spans = vec![
        chat("c", None, 1, 10, 2),
        tool("t", Some("c"), 2, "ask"),
        chat("d", Some("t"), 2, 5, 1),
    ];
    assert_eq!(input_tokens(&mapped(spans)), 15);
    // Tries of one request are requests.
    let tries = vec![
        chat("outer", None, 1, 10, 2),
        failed(span("try1", Some("outer"), 1, json!({ "gen_ai.operation.name": "chat" })), "429"),
        chat("try2", Some("outer"), 2, 10, 2),
    ];
    let events = mapped(tries);
    let tried: Vec<_> = events.iter().map(|e| (e.input_tokens, e.error_type.as_deref())).collect();
    assert_eq!(tried, [(None, Some("rate_limit")), (Some(10), None)]);
}

#[test]
fn a_tool_in_the_same_tool_is_one_call() {
    let spans = vec![
        tool("client", Some("call"), 1, "sh"),
        tool("call", None, 1, "sh"),
        tool("other", Some("call"), 1, "ls"),
    ];
    let events = mapped(spans);
    let names: Vec<_> = events.iter().map(|e| e.event_id.as_deref().unwrap()).collect();
    assert_eq!(names, ["call", "other"]);
}

#[test]
fn errors_are_told_where_they_happened() {
    let call =
        failed(span("c", Some("a"), 1, json!({ "gen_ai.operation.name": "chat" })), "timeout");
    let events = mapped(vec![call, failed(agent("a", None, 0, None), "timeout")]);
    let [call] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((call.error_type.as_deref(), call.input_tokens), (Some("timeout"), None));
    assert_eq!(call.content.as_deref(), Some("it said so"));
    let of = |kind: &str, message: &str| {
        let mut call = failed(span("c", None, 1, json!({ "gen_ai.operation.name": "chat" })), kind);
        message.clone_into(&mut call.status_message);
        let events = mapped(vec![call]);
        (events[0].error_type.clone().unwrap(), events[0].context_limit)
    };
    assert_eq!(of("openai.RateLimitError", "slow down"), ("rate_limit".to_owned(), None));
    assert_eq!(of("APITimeoutError", "x"), ("timeout".to_owned(), None));
    assert_eq!(of("429", "x"), ("rate_limit".to_owned(), None));
    assert_eq!(of("503", "x"), ("overloaded".to_owned(), None));
    assert_eq!(of("500", "x"), ("server_error".to_owned(), None));
    assert_eq!(of("ValueError", "x"), ("ValueError".to_owned(), None), "of no provider");
    let message = "This model's maximum context length is 8192 tokens";
    assert_eq!(of("BadRequestError", message), ("context_length_exceeded".to_owned(), Some(8192)));

    let mut ran = failed(tool("t", None, 1, "sh"), "");
    ran.attributes.remove("error.type");
    let exception = json!({ "exception.type": "OSError", "exception.message": "disk full" });
    let Value::Object(exception) = exception else { panic!("no object") };
    ran.events.push(SpanEvent {
        name: "exception".to_owned(),
        time_ns: None,
        attributes: exception,
    });
    let events = mapped(vec![ran]);
    assert_eq!(events[0].tool_status, Some(ToolStatus::Error));
    assert_eq!(
        (events[0].error_type.as_deref(), events[0].content.as_deref()),
        (Some("OSError"), Some("disk full"))
    );

    let events =
        mapped(vec![failed(agent("a", None, 0, None), "Stuck"), chat("c", Some("a"), 1, 10, 1)]);
    let errors = of_kind(&events, Kind::Error);
    assert_eq!(errors.len(), 1, "nothing in the agent failed");
    assert_eq!(
        (errors[0].error_type.as_deref(), errors[0].content.as_deref()),
        (Some("Stuck"), Some("it said so"))
    );
    // An answer that somebody could not use was still an answer.
    let events = mapped(vec![failed(chat("c", None, 1, 10, 1), "Parse")]);
    assert_eq!(events[0].error_type, None);
    assert_eq!(attributes(&events[0])["error_message"], "it said so");
}

#[test]
fn messages_are_kept_once() {
    let with = |id: &str, second, roles: &[(&str, &str)]| {
        let mut call = chat(id, None, second, 1, 1);
        let messages: Vec<Value> =
            roles.iter().map(|(role, text)| json!({ "role": role, "content": text })).collect();
        call.attributes.insert("gen_ai.input.messages".to_owned(), Value::Array(messages));
        call.attributes.insert("gen_ai.conversation.id".to_owned(), "talk".into());
        call
    };
    let mut mapper = Mapper::default();
    let mut said = Vec::new();
    for (trace, call) in [
        with("c1", 1, &[("system", "S"), ("user", "go on")]),
        with(
            "c2",
            2,
            &[
                ("system", "S"),
                ("user", "go on"),
                ("assistant", "A"),
                ("tool", "T"),
                ("user", "go on"),
            ],
        ),
        with("c3", 3, &[("developer", "S"), ("user", "go on"), ("user", "")]),
        with("c4", 4, &[("system", "S"), ("user", "go on"), ("user", "go on"), ("user", "B")]),
    ]
    .into_iter()
    .enumerate()
    {
        let call = Span { trace_id: format!("t{trace}"), ..call };
        let events = mapper.map(vec![call]);
        said.extend(
            of_kind(&events, Kind::Message).iter().map(|e| (trace, e.content.clone().unwrap())),
        );
    }
    let expected = [(0, "S"), (0, "go on"), (1, "go on"), (2, "S"), (3, "B")];
    assert_eq!(said, expected.map(|(trace, text)| (trace, text.to_owned())));
}

#[test]
fn tool_calls_without_spans_are_read_from_messages() {
    let asks = |id: &str, second| {
        let mut call = chat(id, None, second, 1, 1);
        let asked = json!([{ "role": "assistant", "tool_calls": [
            { "id": "x1", "function": { "name": "bash", "arguments": "{\"c\":\"ls\"}" } },
            { "id": "x2", "function": { "name": "bash", "arguments": "{}" } },
        ] }]);
        call.attributes.insert("gen_ai.output.messages".to_owned(), asked);
        call
    };
    let answers = |id: &str, second, messages: Value| {
        let mut call = Span { trace_id: "other".to_owned(), ..chat(id, None, second, 1, 1) };
        call.attributes.insert("gen_ai.input.messages".to_owned(), messages);
        call
    };
    for messages in [
        json!([{ "role": "tool", "tool_call_id": "x1", "content": "a.txt" }, { "role": "tool", "tool_call_id": "old", "content": "?" }]),
        json!([{ "role": "tool", "parts": [{ "type": "tool_call_response", "id": "x1", "response": "a.txt" }] }]),
        json!([{ "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "x1", "content": [{ "type": "text", "text": "a.txt" }] }] }]),
    ] {
        let mut mapper = Mapper::default();
        assert_eq!(mapper.map(vec![asks("c1", 1)]).len(), 1);
        let events = mapper.map(vec![answers("c2", 4, messages.clone())]);
        let [ran, _] = events.as_slice() else { panic!("{messages}: {events:?}") };
        assert_eq!((ran.kind, ran.parent_event_id.as_deref()), (Kind::ToolCall, Some("c1")));
        let texts =
            [&ran.tool_name, &ran.tool_call_id, &ran.arguments, &ran.content].map(Option::as_deref);
        assert_eq!(
            texts,
            [Some("bash"), Some("x1"), Some("{\"c\":\"ls\"}"), Some("a.txt")],
            "{messages}"
        );
        assert_eq!((ran.ts.unwrap().micros(), ran.duration_ms), (2_000_000, Some(2000.0)));
        assert_eq!(ran.tool_status, Some(ToolStatus::Ok));
        // The next request repeats it.
        assert_eq!(mapper.map(vec![answers("c3", 5, messages)]).len(), 1);
        assert_eq!((mapper.counts().calls_in_messages, mapper.counts().tool_calls), (1, 0));
    }
    // A call that had a span is not read again; nor is any when spans do not say which call they are.
    let messages = json!([{ "role": "tool", "tool_call_id": "x1", "content": "a.txt" }]);
    for id in [Some("x1"), None] {
        let mut ran = tool("t", None, 2, "bash");
        if let Some(id) = id {
            ran.attributes.insert("gen_ai.tool.call.id".to_owned(), id.into());
        }
        let mut mapper = Mapper::default();
        let mut events = mapper.map(vec![asks("c1", 1), ran]);
        events.extend(mapper.map(vec![answers("c2", 4, messages.clone())]));
        assert_eq!(of_kind(&events, Kind::ToolCall).len(), 1, "{id:?}");
        assert_eq!(of_kind(&events, Kind::ToolCall)[0].parent_event_id.as_deref(), Some("c1"));
    }
}

#[test]
fn spans_that_come_again_or_late_are_counted_once() {
    let mut mapper = Mapper::default();
    let mut events = mapper.map(vec![chat("c1", Some("a"), 1, 10, 1)]);
    events.extend(mapper.map(vec![chat("c1", Some("a"), 1, 10, 1), agent("a", None, 0, Some(30))]));
    events.extend(mapper.map(vec![chat("c2", Some("a"), 2, 20, 1)]));
    assert_eq!(input_tokens(&events), 30);
    assert_eq!((mapper.counts().repeated, mapper.counts().late), (1, 0));
    // The sum first: what it was made of is late.
    let mut mapper = Mapper::default();
    let mut events = mapper.map(vec![agent("a", None, 0, Some(30))]);
    events
        .extend(mapper.map(vec![chat("c1", Some("a"), 1, 10, 1), chat("c2", Some("a"), 2, 20, 1)]));
    assert_eq!(input_tokens(&events), 30);
    assert_eq!((mapper.counts().late, mapper.counts().sums_counted), (2, 1));
    // Spans that name no trace and no span are all different.
    let mut mapper = Mapper::default();
    for _ in 0..2 {
        let alone = Span { trace_id: String::new(), ..chat("", None, 1, 10, 1) };
        assert_eq!(input_tokens(&mapper.map(vec![alone])), 10);
    }
    assert_eq!(mapper.counts().llm_calls, 2);
}

#[test]
fn cycles_and_deep_chains_end() {
    let events = mapped(vec![
        chat("a", Some("b"), 1, 1, 1),
        chat("b", Some("a"), 1, 1, 1),
        chat("c", Some("c"), 1, 1, 1),
    ]);
    assert!(events.len() <= 3);
    let deep = (0..20_000).map(|i| agent(&i.to_string(), Some(&(i + 1).to_string()), 1, Some(7)));
    assert!(input_tokens(&mapped(deep.collect())) >= 7);
    assert!(mapped(Vec::new()).is_empty());
}
