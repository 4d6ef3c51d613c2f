//! Conversations, codings and streams that lack something.

use super::fixture::{Setup, attributes, json, sse, streamed, told, turn, whole};
use super::recording::tokens;
use crate::trace::{Event, Kind, ToolStatus, UsageQuality};
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::{Value, json};

#[test]
fn results_that_are_errors_parallel_calls_and_results_that_never_come() {
    let setup = Setup::new(|seen| {
        let blocks = if turn(seen) == 1 {
            json!([
                {"type": "tool_use", "id": "a", "name": "Bash", "input": {"command": "x"}},
                {"type": "tool_use", "id": "b", "name": "Read", "input": {}},
                {"type": "tool_use", "id": "c", "name": "Grep", "input": {}},
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
                {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result"}]}
            ])
        } else {
            json!([{"type": "text", "text": "ok"}])
        };
        json(
            "200 OK",
            &json!({"id": "m", "content": blocks, "stop_reason": "end_turn", "usage": {}}),
        )
    });
    let first = json!({"role": "user", "content": "hi"});
    setup.post("/v1/messages", &json!({"messages": [first]}));
    let results = json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "b", "content": "text"},
        {"type": "tool_result", "tool_use_id": "a", "is_error": true, "content": "Exit code 1\nno x"},
        {"type": "text", "text": "and now?"}
    ]});
    let said = json!({"role": "assistant", "content": [
        {"type": "tool_use", "id": "a", "name": "Bash", "input": {}}, {"type": "tool_use", "id": "b", "name": "Read", "input": {}}
    ]});
    setup.post("/v1/messages", &json!({"messages": [first, said, results]}));
    setup.events();
    setup.proxy.flush();
    let tools = setup.of_kind(Kind::ToolCall);
    let states: Vec<_> = tools
        .iter()
        .map(|t| (t.tool_call_id.as_deref().unwrap(), t.tool_status.unwrap(), t.exit_code))
        .collect();
    assert_eq!(
        states,
        [
            ("s", ToolStatus::Ok, None),
            ("b", ToolStatus::Ok, None),
            ("a", ToolStatus::Error, Some(1)),
            ("c", ToolStatus::Unknown, None),
        ]
    );
    assert_eq!(tools[3].duration_ms, None);
    let said = setup.of_kind(Kind::Message);
    assert_eq!(told(&said), ["user: hi", "user: and now?"]);
    setup.proxy.flush();
    assert_eq!(setup.of_kind(Kind::ToolCall).len(), 4, "a second flush has nothing left");
}

#[test]
fn conversations_of_several_agents_interleave() {
    let setup = Setup::new(|seen| {
        let request = seen.json();
        let last = request["messages"].as_array().unwrap().last().unwrap()["content"]
            .as_str()
            .unwrap()
            .to_owned();
        json(
            "200 OK",
            &json!({"choices": [{"finish_reason": "tool_calls", "message": {"content": format!("re: {last}"),
            "tool_calls": [{"id": "same", "function": {"name": "shell", "arguments": last}}]}}]}),
        )
    });
    let mut talks: Vec<Vec<Value>> = (0..3)
        .map(|n| {
            vec![
                json!({"role": "system", "content": "shared"}),
                json!({"role": "user", "content": format!("task {n}")}),
            ]
        })
        .collect();
    for round in 0..4 {
        for (n, talk) in talks.iter_mut().enumerate() {
            setup.post("/v1/chat/completions", &json!({"model": "m", "messages": talk}));
            let last = talk.last().unwrap()["content"].as_str().unwrap().to_owned();
            talk.push(json!({"role": "assistant", "content": format!("re: {last}"),
                "tool_calls": [{"id": "same", "function": {"name": "shell", "arguments": last}}]}));
            talk.push(json!({"role": "tool", "tool_call_id": "same", "content": format!("result {n} {round}")}));
        }
    }
    let events = setup.events();
    for n in 0..3 {
        let own: Vec<Event> =
            events.iter().filter(|e| attributes(e)["conversation"] == n + 1).cloned().collect();
        assert_eq!(
            told(&own),
            [
                "system: shared".to_owned(),
                format!("user: task {n}"),
                format!("llm_call: re: task {n}"),
                format!("shell(task {n}): result {n} 0"),
                format!("llm_call: re: result {n} 0"),
                format!("shell(result {n} 0): result {n} 1"),
                format!("llm_call: re: result {n} 1"),
                format!("shell(result {n} 1): result {n} 2"),
                format!("llm_call: re: result {n} 2"),
            ]
        );
        for tool in own.iter().filter(|e| e.kind == Kind::ToolCall) {
            let parent =
                own.iter().find(|e| e.event_id.is_some() && e.event_id == tool.parent_event_id);
            assert_eq!(
                parent.unwrap().content.as_deref().unwrap().strip_prefix("re: "),
                tool.arguments.as_deref()
            );
        }
    }
}

#[test]
fn a_coded_answer_is_read_and_passed_on_as_it_is() {
    let body = json!({"id": "x", "choices": [{"finish_reason": "stop", "message": {"content": "packed"}}]}).to_string();
    for (coding, coded) in [
        ("deflate", compress_to_vec_zlib(body.as_bytes(), 6)),
        ("zstd", zstd::encode_all(body.as_bytes(), 3).unwrap()),
    ] {
        let sent = coded.clone();
        let setup =
            Setup::new(move |_| whole("200 OK", &format!("Content-Encoding: {coding}\r\n"), &sent));
        let answer = setup.post("/v1/chat/completions", &json!({"messages": []}));
        assert_eq!(answer.body, coded);
        assert_eq!(setup.call().content.as_deref(), Some("packed"));
    }
    let setup = Setup::new(|_| whole("200 OK", "Content-Encoding: br\r\n", b"\x0b\x02\x80"));
    assert_eq!(setup.post("/v1/chat/completions", &json!({"messages": []})).body, b"\x0b\x02\x80");
    let call = setup.call();
    assert_eq!(attributes(&call)["parse_error"], "content coding `br` cannot be read");
    assert_eq!((call.error_type, call.usage_quality), (None, Some(UsageQuality::Partial)));
}

#[test]
fn a_coded_request_is_read_and_passed_on_as_it_is() {
    let setup = Setup::new(|_| json("200 OK", &json!({"id": "x", "status": "completed"})));
    let body = json!({"model": "m", "input": "packed"}).to_string();
    let coded = zstd::encode_all(body.as_bytes(), 3).unwrap();
    setup.send("/v1/responses", "Content-Encoding: zstd\r\n", &coded);
    assert_eq!(setup.server.seen.lock().unwrap()[0].body, coded);
    assert_eq!(told(&setup.of_kind(Kind::Message)), ["user: packed"]);
    assert_eq!(attributes(&setup.call())["request_bytes"], coded.len());
}

#[test]
fn a_stream_without_usage_has_none_and_a_placeholder_is_called_one() {
    let setup = Setup::new(|_| {
        let event = |delta: Value, finish: Value| json!({"id": "x", "choices": [{"delta": delta, "finish_reason": finish}]});
        streamed(
            &format!(
                "{}data: [DONE]\n\n",
                sse(&[
                    event(json!({"content": "hi"}), Value::Null),
                    event(json!({}), json!("stop"))
                ])
            ),
            7,
        )
    });
    setup.post("/v1/chat/completions", &json!({"messages": [], "stream": true}));
    let call = setup.call();
    assert_eq!((tokens(&call), call.usage_quality), ([None; 5], Some(UsageQuality::Partial)));
    assert_eq!(call.finish_reason.as_deref(), Some("stop"));

    let setup = Setup::new(|_| {
        let start = json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 25, "output_tokens": 1}}});
        streamed(&sse(&[start]), 50)
    });
    setup.post("/v1/messages", &json!({"messages": [], "stream": true}));
    let call = setup.call();
    assert_eq!(
        (call.input_tokens, call.usage_quality),
        (Some(25), Some(UsageQuality::Placeholder))
    );
}

#[test]
fn a_conversation_that_the_provider_keeps_has_equal_messages() {
    let setup = Setup::new(|_| json("200 OK", &json!({"status": "completed", "output": []})));
    let ask = |salt: u64| json!({"model": "m", "conversation": {"id": "conv_1"}, "input": "go on", "seed": salt});
    setup.post("/v1/responses", &ask(1));
    setup.post("/v1/responses", &ask(2));
    setup.post("/v1/responses", &ask(2));
    let said = setup.of_kind(Kind::Message);
    assert_eq!(told(&said), ["user: go on", "user: go on"], "the third is a retry");
    assert!(said.iter().all(|event| attributes(event)["conversation"] == 1));
}
