//! What the calls of each API become, streamed and whole, with tool calls and their results.

use super::fixture::{Setup, Step, attributes, json, sse, streamed, told, turn};
use crate::trace::{Event, ToolKind, ToolStatus, UsageQuality};
use serde_json::{Value, json};

/// Answers in one of three ways: whole, in large pieces, or byte by byte.
fn each_way(test: impl Fn(&str, fn(&Value, &[Value]) -> Vec<Step>)) {
    test("whole", |body, _| json("200 OK", body));
    test("streamed", |_, events| streamed(&sse(events), 4096));
    test("byte by byte", |_, events| streamed(&sse(events), 1));
}

pub(super) fn tokens(event: &Event) -> [Option<i64>; 5] {
    [
        event.input_tokens,
        event.cache_read_tokens,
        event.cache_write_tokens,
        event.output_tokens,
        event.reasoning_tokens,
    ]
}

/// The duration in microseconds.
#[expect(clippy::cast_possible_truncation, reason = "tests do not take that long")]
fn micros(event: &Event) -> i64 {
    (event.duration_ms.unwrap() * 1e3).round() as i64
}

/// What must hold of two turns with a tool call between them, whatever the API.
fn check(way: &str, setup: &Setup, usage: [Option<i64>; 5], finish: [&str; 2]) {
    let events = setup.events();
    assert_eq!(
        told(&events),
        [
            "system: be brief",
            "user: list files",
            "llm_call: I look.",
            "bash({\"command\":\"ls\"}): exit code: 2\nnothing here",
            "llm_call: There are none.",
        ],
        "{way}"
    );
    let (first, tool, second) = (&events[2], &events[3], &events[4]);
    assert_eq!(tokens(first), usage, "{way}");
    assert_eq!(first.usage_quality, Some(UsageQuality::Final), "{way}");
    let reasons = [first, second].map(|call| call.finish_reason.as_deref().unwrap());
    assert_eq!(reasons, finish, "{way}");
    assert_eq!(first.event_id.as_deref(), Some("llm-1"));
    assert_eq!(first.response_id.as_deref(), Some("resp-1"));
    assert_eq!(first.error_type, None, "{way}");
    assert_eq!(tool.parent_event_id, first.event_id);
    assert_eq!(tool.tool_call_id.as_deref(), Some("call_1"));
    assert_eq!((tool.tool_kind, tool.tool_status), (Some(ToolKind::Shell), Some(ToolStatus::Ok)));
    assert_eq!(tool.exit_code, Some(2));
    let end = first.ts.unwrap().plus_micros(micros(first));
    assert!(
        tool.ts.unwrap().micros_since(end).abs() <= 1,
        "the tool runs from the end of the reply"
    );
    let next = tool.ts.unwrap().plus_micros(micros(tool));
    assert!(next.micros_since(second.ts.unwrap()).abs() <= 50_000, "until the next request");
    let noted = attributes(first);
    assert_eq!(noted["request_model"], "asked-for");
    assert_eq!(noted["response_model"], "answered-by");
    assert_eq!(noted["status"], 200);
    assert_eq!(noted["reasoning"], "Hm.");
    assert_eq!(noted["parameters"]["temperature"], 0.5);
    assert_eq!(noted["parameters"]["tools"], 1);
    assert_eq!(noted["stream"], way != "whole", "{way}");
    assert_eq!(noted["first_token_ms"].is_null(), way == "whole", "{way}");
    assert_eq!(noted["conversation"], 1);
    assert!(noted["usage"].is_object() && noted["response_bytes"].as_u64().unwrap() > 100);
    assert_eq!(*setup.sink.warnings.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn chat_completions() {
    each_way(|way, send| {
        let usage = json!({
            "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920},
            "completion_tokens_details": {"reasoning_tokens": 100}
        });
        let setup = Setup::new(move |seen| {
            let first = turn(seen) == 2;
            let (id, text) =
                if first { ("resp-1", "I look.") } else { ("resp-2", "There are none.") };
            let about = json!({"id": id, "model": "answered-by"});
            let with = |extra: Value| {
                let mut all = about.clone();
                all.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
                all
            };
            let call = |arguments: &str| {
                json!({"index": 0, "id": "call_1", "type": "function",
                "function": {"name": "bash", "arguments": arguments}})
            };
            let finish = if first { "tool_calls" } else { "stop" };
            let calls = if first { json!([call("{\"command\":\"ls\"}")]) } else { json!([]) };
            let body = with(
                json!({"usage": usage, "choices": [{"index": 0, "finish_reason": finish,
                "message": {"role": "assistant", "content": text, "reasoning_content": "Hm.", "tool_calls": calls}}]}),
            );
            let delta = |delta: Value| with(json!({"choices": [{"index": 0, "delta": delta}]}));
            let mut events = vec![delta(
                json!({"role": "assistant", "content": "", "reasoning_content": "Hm."}),
            )];
            events.extend(text.split_inclusive(' ').map(|piece| delta(json!({"content": piece}))));
            if first {
                events.push(delta(json!({"tool_calls": [call("")]})));
                for piece in ["{\"comm", "and\":\"ls\"}"] {
                    events.push(delta(
                        json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}),
                    ));
                }
            }
            events.push(with(
                json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}),
            ));
            events.push(with(json!({"choices": [], "usage": usage})));
            send(&body, &events)
        });
        let mut messages = vec![
            json!({"role": "system", "content": "be brief"}),
            json!({"role": "user", "content": [{"type": "text", "text": "list files"}]}),
        ];
        let ask = |messages: &[Value]| {
            json!({"model": "asked-for", "temperature": 0.5, "messages": messages,
            "stream": true, "tools": [{"type": "function"}]})
        };
        setup.post("/v1/chat/completions", &ask(&messages));
        messages.push(json!({"role": "assistant", "content": "I look.", "tool_calls": [{"id": "call_1", "type": "function",
            "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"}}]}));
        messages.push(json!({"role": "tool", "tool_call_id": "call_1", "content": "exit code: 2\nnothing here"}));
        setup.post("/v1/chat/completions", &ask(&messages));
        check(
            way,
            &setup,
            [Some(2006), Some(1920), None, Some(300), Some(100)],
            ["tool_calls", "stop"],
        );
    });
}

#[test]
fn responses() {
    each_way(|way, send| {
        let usage = json!({
            "input_tokens": 75, "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 4},
            "output_tokens": 1186, "output_tokens_details": {"reasoning_tokens": 1024}, "total_tokens": 1261
        });
        let setup = Setup::new(move |seen| {
            let first = turn(seen) == 1;
            let (id, text) =
                if first { ("resp-1", "I look.") } else { ("resp-2", "There are none.") };
            let reasoning = json!({"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]});
            let message = json!({"type": "message", "id": "msg_1", "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}]});
            let call = json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "bash",
                "arguments": "{\"command\":\"ls\"}", "status": "completed"});
            let mut output = vec![reasoning, message];
            if first {
                output.push(call.clone());
            }
            let response = |status: &str, output: &[Value], usage: &Value| {
                json!({"id": id, "object": "response",
                "model": "answered-by", "status": status, "output": output, "usage": usage, "error": null,
                "incomplete_details": null})
            };
            let body = response("completed", &output, &usage);
            let mut events = vec![
                json!({"type": "response.created", "response": response("in_progress", &[], &Value::Null)}),
                json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "summary": []}}),
                json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "Hm."}),
                json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "message", "content": []}}),
            ];
            events.extend(text.split_inclusive(' ').map(|piece| {
                json!({"type": "response.output_text.delta", "output_index": 1, "delta": piece})
            }));
            events.push(
                json!({"type": "response.output_text.done", "output_index": 1, "text": text}),
            );
            if first {
                let mut begun = call.clone();
                begun["arguments"] = json!("");
                events.push(
                    json!({"type": "response.output_item.added", "output_index": 2, "item": begun}),
                );
                for piece in ["{\"comm", "and\":\"ls\"}"] {
                    events.push(json!({"type": "response.function_call_arguments.delta", "output_index": 2, "delta": piece}));
                }
                events.push(
                    json!({"type": "response.output_item.done", "output_index": 2, "item": call}),
                );
            }
            events.push(json!({"type": "response.completed", "response": body}));
            send(&body, &events)
        });
        let ask = |input: &Value| {
            json!({"model": "asked-for", "temperature": 0.5, "instructions": "be brief",
            "input": input, "stream": true, "tools": [{"type": "function"}]})
        };
        setup.post("/v1/responses", &ask(&json!([{"role": "user", "content": "list files"}])));
        setup.post("/v1/responses", &ask(&json!([
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "list files"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "call_id": "call_1", "name": "bash", "arguments": "{\"command\":\"ls\"}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "exit code: 2\nnothing here"}
        ])));
        check(
            way,
            &setup,
            [Some(75), Some(10), Some(4), Some(1186), Some(1024)],
            ["completed", "completed"],
        );
    });
}

#[test]
fn responses_that_continue_others() {
    let setup = Setup::new(|seen| {
        let first = seen.json()["previous_response_id"].is_null();
        let output = if first {
            json!([{"type": "function_call", "call_id": "call_1", "name": "shell", "arguments": "{}"}])
        } else {
            json!([{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]}])
        };
        let id = if first { "resp-1" } else { "resp-2" };
        json("200 OK", &json!({"id": id, "status": "completed", "output": output}))
    });
    let ask = |previous: Value, input: Value| {
        json!({"model": "m", "previous_response_id": previous, "input": input,
        "instructions": "be brief"})
    };
    setup.post("/v1/responses", &ask(Value::Null, json!("go on")));
    let next = ask(
        json!("resp-1"),
        json!([
            {"type": "function_call_output", "call_id": "call_1", "output": "fine"},
            {"role": "user", "content": "go on"}
        ]),
    );
    setup.post("/v1/responses", &next);
    setup.post("/v1/responses", &next);
    let events = setup.events();
    let expected = [
        "system: be brief",
        "user: go on",
        "llm_call: -",
        "shell({}): fine",
        "user: go on",
        "llm_call: done",
        "llm_call: done",
    ];
    assert_eq!(told(&events), expected, "the third request repeats the second");
    assert!(events.iter().all(|event| attributes(event)["conversation"] == 1));
    let noted = attributes(&events[6]);
    assert_eq!((&noted["retry_of"], &noted["retry"]), (&json!("llm-2"), &json!(1)));
}

#[test]
fn messages() {
    each_way(|way, send| {
        let setup = Setup::new(move |seen| {
            let first = turn(seen) == 1;
            let (id, text) =
                if first { ("resp-1", "I look.") } else { ("resp-2", "There are none.") };
            let usage = json!({"input_tokens": 50, "cache_read_input_tokens": 100_000,
                "cache_creation_input_tokens": 248, "output_tokens": 503});
            let stop = if first { "tool_use" } else { "end_turn" };
            let mut blocks = vec![
                json!({"type": "thinking", "thinking": "Hm.", "signature": "s"}),
                json!({"type": "text", "text": text}),
            ];
            if first {
                blocks.push(json!({"type": "tool_use", "id": "call_1", "name": "bash", "input": {"command": "ls"}}));
            }
            let message = |content: &[Value], stop: Value, usage: &Value| {
                json!({"id": id, "type": "message",
                "role": "assistant", "model": "answered-by", "content": content, "stop_reason": stop, "usage": usage})
            };
            let begun = json!({"input_tokens": 50, "cache_read_input_tokens": 100_000,
                "cache_creation_input_tokens": 248, "output_tokens": 1});
            let mut events = vec![
                json!({"type": "message_start", "message": message(&[], Value::Null, &begun)}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
                json!({"type": "ping"}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm."}}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            ];
            events.extend(text.split_inclusive(' ').map(|piece| {
                json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": piece}})
            }));
            events.push(json!({"type": "content_block_stop", "index": 1}));
            if first {
                events.push(json!({"type": "content_block_start", "index": 2, "content_block":
                    {"type": "tool_use", "id": "call_1", "name": "bash", "input": {}}}));
                for piece in ["", "{\"comm", "and\":\"ls\"}"] {
                    events.push(json!({"type": "content_block_delta", "index": 2, "delta":
                        {"type": "input_json_delta", "partial_json": piece}}));
                }
                events.push(json!({"type": "content_block_stop", "index": 2}));
            }
            events.push(json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 503}}));
            events.push(json!({"type": "message_stop"}));
            send(&message(&blocks, json!(stop), &usage), &events)
        });
        let ask = |messages: &Value| {
            json!({"model": "asked-for", "temperature": 0.5, "max_tokens": 9, "messages": messages,
            "stream": true, "system": [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}],
            "tools": [{"name": "bash"}]})
        };
        let mark = json!({"type": "ephemeral"});
        setup.post("/v1/messages", &ask(&json!([
            {"role": "user", "content": [{"type": "text", "text": "list files", "cache_control": mark}]}
        ])));
        setup.post(
            "/v1/messages",
            &ask(&json!([
                {"role": "user", "content": "list files"},
                {"role": "assistant", "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "call_1", "name": "bash", "input": {"command": "ls"}}
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "cache_control": mark,
                     "content": [{"type": "text", "text": "exit code: 2\nnothing here"}]}
                ]}
            ])),
        );
        check(
            way,
            &setup,
            [Some(100_298), Some(100_000), Some(248), Some(503), None],
            ["tool_use", "end_turn"],
        );
    });
}
