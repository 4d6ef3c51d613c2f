//! Errors, retries, streams that stall, break or are damaged, and keys.

use super::fixture::{
    PATIENCE, Setup, Step, attributes, chunk, header, json, last_chunk, request, sse, stream_head,
    streamed, turn, whole,
};
use crate::capture::EventSink;
use crate::capture::proxy::{Proxy, ProxySettings};
use crate::trace::{Event, Kind, ToolStatus};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn delta(text: &str) -> Value {
    json!({"id": "x", "choices": [{"delta": {"content": text}}]})
}

fn until(what: impl Fn() -> bool) {
    let start = Instant::now();
    while !what() {
        assert!(start.elapsed() < PATIENCE, "waited too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_refused_call_and_its_retries_are_rows_of_their_own() {
    let calls = AtomicUsize::new(0);
    let setup = Setup::new(move |_| {
        match calls.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => whole(
            "429 Too Many Requests",
            "Retry-After: 2\r\nretry-after-ms: 1500\r\nContent-Type: application/json\r\n",
            br#"{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}"#,
        ),
        _ => json("200 OK", &json!({"id": "x", "choices": [{"finish_reason": "stop", "message": {"content": "ok"}}]})),
    }
    });
    let ask = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let answer = setup.post("/v1/chat/completions", &ask);
    assert_eq!(header(&answer.head, "retry-after").as_deref(), Some("2"));
    assert!(answer.head.starts_with("HTTP/1.1 429 "));
    setup.post("/v1/chat/completions", &ask);
    setup.post("/v1/chat/completions", &ask);
    let calls = setup.of_kind(Kind::LlmCall);
    let errors: Vec<_> = calls.iter().map(|c| c.error_type.as_deref()).collect();
    assert_eq!(errors, [Some("rate_limit"), Some("rate_limit"), None]);
    assert_eq!(calls[0].content.as_deref(), Some("Rate limit reached"));
    assert_eq!((calls[0].input_tokens, calls[0].usage_quality), (None, None));
    let first = attributes(&calls[0]);
    assert_eq!(
        (&first["status"], &first["retry_after"], &first["retry_after_ms"]),
        (&json!(429), &json!("2"), &json!("1500"))
    );
    assert_eq!(first["error"]["code"], "rate_limit_exceeded");
    assert!(first["retry_of"].is_null());
    let last = attributes(&calls[2]);
    assert_eq!((&last["retry_of"], &last["retry"]), (&json!("llm-1"), &json!(2)));
    assert_eq!(setup.of_kind(Kind::Message).len(), 1, "the prompt was new once");
}

#[test]
fn a_request_that_is_too_long_names_the_context_window() {
    let setup = Setup::new(|_| {
        json(
            "400 Bad Request",
            &json!({"type": "error", "error":
        {"type": "invalid_request_error", "message": "prompt is too long: 208310 tokens > 200000 maximum"}}),
        )
    });
    setup.post("/v1/messages", &json!({"messages": []}));
    let call = setup.call();
    assert_eq!(call.error_type.as_deref(), Some("context_length_exceeded"));
    assert_eq!(call.context_limit, Some(200_000));
}

#[test]
fn an_upstream_that_is_not_there_is_a_bad_gateway() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut setup = Setup::new(|_| Vec::new());
    let upstream = format!("http://{closed}/v1").parse().unwrap();
    let settings = ProxySettings { openai: upstream, ..ProxySettings::default() };
    setup.proxy = Proxy::start(settings, Arc::<super::fixture::Kept>::clone(&setup.sink)).unwrap();
    let answer = setup.send(
        "/v1/chat/completions",
        "Authorization: Bearer sk-secret-key\r\n",
        b"{\"model\":\"m\"}",
    );
    assert!(answer.head.starts_with("HTTP/1.1 502 "), "{}", answer.head);
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("ramptrace: no answer from http://127.0.0.1"), "{message}");
    let call = setup.call();
    assert_eq!(call.error_type.as_deref(), Some("connection"));
    assert!(call.content.unwrap().contains("refused"));
    assert_eq!(setup.send("/v1/models", "", b"").json()["error"]["code"], "connection");
}

#[test]
fn an_upstream_that_closes_without_an_answer_is_one_too() {
    let setup = Setup::new(|_| vec![Step::Close]);
    assert!(setup.post("/v1/responses", &json!({})).head.starts_with("HTTP/1.1 502 "));
    assert_eq!(setup.call().error_type.as_deref(), Some("connection"));
}

#[test]
fn a_stream_that_breaks_breaks_for_the_agent_too_and_keeps_what_came() {
    let setup = Setup::new(|_| {
        let begin = chunk(sse(&[delta("one "), delta("two")]).as_bytes());
        vec![stream_head(""), begin, Step::Pause(Duration::from_millis(20)), Step::Close]
    });
    let answer = setup.post("/v1/chat/completions", &json!({"messages": [], "stream": true}));
    assert!(answer.head.ends_with("CUT"), "no last chunk");
    assert_eq!(answer.body, sse(&[delta("one "), delta("two")]).as_bytes());
    let call = setup.call();
    assert_eq!(call.error_type.as_deref(), Some("connection_reset"));
    assert_eq!(call.content.as_deref(), Some("one two"));
    assert!(attributes(&call)["error_message"].is_string());
}

#[test]
fn an_answer_shorter_than_announced_is_cut() {
    let setup = Setup::new(|_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"id\":";
        vec![
            Step::Send(head.as_bytes().to_vec()),
            Step::Pause(Duration::from_millis(20)),
            Step::Close,
        ]
    });
    let mut stream = setup.connect();
    stream.write_all(&request("/v1/chat/completions", "", b"{}")).unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    assert!(all.ends_with(b"{\"id\":"));
    assert_eq!(setup.call().error_type.as_deref(), Some("connection_reset"));
}

#[test]
fn an_agent_that_goes_away_ends_the_call_upstream() {
    for begun in [false, true] {
        let setup = Setup::new(move |_| {
            let begin = [stream_head(""), chunk(sse(&[delta("so far")]).as_bytes())];
            let begin = begin.into_iter().filter(|_| begun);
            begin.chain([Step::Stall]).collect()
        });
        let mut stream = setup.connect();
        stream
            .write_all(&request("/v1/chat/completions", "", b"{\"stream\":true,\"messages\":[]}"))
            .unwrap();
        if begun {
            let mut received = Vec::new();
            let mut piece = [0; 1024];
            while !received.windows(6).any(|w| w == b"so far") {
                let n = stream.read(&mut piece).unwrap();
                received.extend_from_slice(&piece[..n]);
            }
        } else {
            until(|| !setup.server.seen.lock().unwrap().is_empty());
        }
        assert!(!setup.proxy.settle(Duration::from_millis(50)), "the call is in flight");
        drop(stream);
        until(|| *setup.server.left.lock().unwrap() == 1);
        let call = setup.call();
        assert_eq!(call.error_type.as_deref(), Some("cancelled"));
        let expected =
            if begun { "so far" } else { "the agent, or the end of the recording, ended the call" };
        assert_eq!(call.content.as_deref(), Some(expected));
    }
}

#[test]
fn an_agent_that_breaks_off_in_its_request_gave_it_up() {
    let setup = Setup::new(|_| json("200 OK", &json!({})));
    let mut stream = setup.connect();
    let whole = request("/v1/chat/completions", "", &[b'x'; 1000]);
    stream.write_all(&whole[..whole.len() - 500]).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    drop(stream);
    until(|| setup.sink.taken().iter().any(|e| e.kind == Kind::LlmCall));
    let call = setup.call();
    assert_eq!(call.error_type.as_deref(), Some("cancelled"));
    assert_eq!(attributes(&call)["request_bytes"], 500);
    assert!(setup.server.seen.lock().unwrap().is_empty());
}

#[test]
fn what_is_in_flight_when_the_recording_ends_is_cancelled() {
    let setup = Setup::new(|seen| {
        let stall = seen.json()["model"] == "slow";
        let call = json!({"finish_reason": "tool_calls", "message": {"tool_calls": [{"id": "a", "function": {"name": "bash"}}]}});
        if stall {
            vec![Step::Stall]
        } else {
            json("200 OK", &json!({"id": "x", "choices": [call]}))
        }
    });
    setup.post(
        "/v1/chat/completions",
        &json!({"model": "fast", "messages": [{"role": "user", "content": "a"}]}),
    );
    let mut stream = setup.connect();
    stream.write_all(&request("/v1/chat/completions", "", b"{\"model\":\"slow\"}")).unwrap();
    until(|| setup.server.seen.lock().unwrap().len() == 2);
    let Setup { proxy, sink, server } = setup;
    let start = Instant::now();
    proxy.stop(Duration::from_millis(100));
    assert!(start.elapsed() < Duration::from_secs(4));
    until(|| *server.left.lock().unwrap() == 1);
    let events = sink.taken();
    let call = events.iter().rfind(|e| e.kind == Kind::LlmCall).unwrap();
    assert_eq!(call.error_type.as_deref(), Some("cancelled"));
    let tool = events.iter().find(|e| e.kind == Kind::ToolCall).unwrap();
    assert_eq!(tool.tool_status, Some(ToolStatus::Unknown));
}

#[test]
fn damaged_streams_and_answers_pass_and_are_noted() {
    let damaged = "data: {\"id\": \"x\", \"choices\": [{\"delta\": {\"content\": \"good\"}}]}\n\ndata: {broken\n\n\
                   data: [1, 2]\n\ndata: \"text\"\n\ndata: {\"choices\": 5}\n\nnonsense\n\n\u{0}\n\n";
    let setup = Setup::new(move |_| streamed(damaged, 9));
    let answer = setup.post("/v1/chat/completions", &json!({"messages": [], "stream": true}));
    assert_eq!(answer.body, damaged.as_bytes());
    let call = setup.call();
    assert_eq!((call.content.as_deref(), call.error_type.as_deref()), (Some("good"), None));
    assert_eq!((call.input_tokens, call.output_tokens), (None, None));
    assert!(attributes(&call)["parse_error"].as_str().unwrap().contains("no JSON"));

    for path in ["/v1/chat/completions", "/v1/responses", "/v1/messages"] {
        for body in [
            "<html>not a model</html>",
            "",
            "[]",
            "{\"usage\": 7, \"choices\": {}, \"content\": 1}",
            "{\"a\":",
        ] {
            let setup = Setup::new(move |_| {
                whole("200 OK", "Content-Type: application/json\r\n", body.as_bytes())
            });
            assert_eq!(setup.send(path, "", b"not json either").body, body.as_bytes());
            let call = setup.call();
            assert_eq!(call.error_type.as_deref(), Some("malformed_response"), "{path} {body}");
            assert!(attributes(&call)["request_error"].as_str().unwrap().contains("no JSON"));
        }
    }
}

#[test]
fn hostile_values_break_nothing() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let hostile = [
        json!({"id": 5, "model": [], "choices": [{"index": -1, "delta": {"tool_calls": [{"index": u64::MAX}, 7]}}]}),
        json!({"type": "content_block_delta", "index": u64::MAX, "delta": {"type": "input_json_delta", "partial_json": 1}}),
        json!({"type": "response.output_item.done", "output_index": u64::MAX, "item": {"type": "x_call", "action": [null]}}),
        json!({"usage": {"prompt_tokens": -4, "completion_tokens": 1e99, "input_tokens": "9", "cost": "free"}}),
    ];
    for path in ["/v1/chat/completions", "/v1/responses", "/v1/messages"] {
        let body = format!("{}data: {deep}\n\n", sse(&hostile));
        let sent = body.clone();
        let setup = Setup::new(move |_| streamed(&sent, 60_000));
        assert_eq!(setup.send(path, "", deep.as_bytes()).body, body.as_bytes());
        let call = setup.call();
        assert!(attributes(&call)["parse_error"].as_str().unwrap().contains("recursion"), "{path}");
        assert!(setup.sink.warnings.lock().unwrap().is_empty());
    }
}

#[test]
fn an_error_inside_a_stream_is_an_error() {
    let setup = Setup::new(|_| {
        streamed(
            &sse(&[
                json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 5, "output_tokens": 1}}}),
                json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            ]),
            30,
        )
    });
    setup.post("/v1/messages", &json!({"messages": [], "stream": true}));
    let call = setup.call();
    assert_eq!(
        (call.error_type.as_deref(), call.content.as_deref()),
        (Some("overloaded"), Some("Overloaded"))
    );

    let setup = Setup::new(|_| {
        let error = json!({"code": "rate_limit_exceeded", "message": "slow down"});
        streamed(
            &sse(&[
                json!({"type": "response.failed", "response": {"id": "r", "status": "failed", "error": error}}),
            ]),
            30,
        )
    });
    setup.post("/v1/responses", &json!({"input": "hi", "stream": true}));
    let call = setup.call();
    assert_eq!(
        (call.error_type.as_deref(), call.content.as_deref()),
        (Some("rate_limit"), Some("slow down"))
    );
}

#[test]
fn keys_never_reach_an_event() {
    let keys = [
        "sk-bearer-secret",
        "sk-ant-secret-key",
        "azure-secret-key",
        "cookie-secret-value",
        "query-secret-value",
    ];
    let headers = format!(
        "Authorization: Bearer {}\r\nx-api-key: {}\r\napi-key: {}\r\nCookie: a=b; session={}\r\n",
        keys[0], keys[1], keys[2], keys[3]
    );
    let path = format!("/v1/messages?beta=true&key={}", keys[4]);
    // A server that says aloud what it was told.
    let setup = Setup::new(|seen| {
        let echo = seen.head.clone();
        match turn(seen) {
            1 => json("401 Unauthorized", &json!({"error": {"message": echo, "type": echo}})),
            2 => json(
                "200 OK",
                &json!({"id": echo, "content": [{"type": "text", "text": echo},
                {"type": "tool_use", "id": echo, "name": echo, "input": {"command": echo}}], "stop_reason": echo}),
            ),
            _ => streamed(
                &sse(&[
                    json!({"type": "message_start", "message": {"id": "m", "model": echo}}),
                    json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": echo}}),
                ]),
                100,
            ),
        }
    });
    for turns in 1..=3 {
        let messages: Vec<Value> =
            (0..turns).map(|n| json!({"role": "user", "content": format!("{n}")})).collect();
        let body = json!({"messages": messages}).to_string();
        let answer = setup.send(&path, &headers, body.as_bytes());
        assert!(
            String::from_utf8_lossy(&answer.body).contains(keys[0]),
            "the agent sees what was sent"
        );
        assert!(setup.server.seen.lock().unwrap()[turns - 1].target().contains(keys[4]));
    }
    setup.events();
    setup.proxy.flush();
    let events = setup.events();
    assert_eq!(events.iter().filter(|e| e.kind == Kind::LlmCall).count(), 3);
    assert_eq!(events.iter().filter(|e| e.kind == Kind::ToolCall).count(), 1);
    let written = format!("{events:?} {:?}", setup.sink.warnings.lock().unwrap());
    for key in keys {
        assert!(!written.contains(key), "{key} in {written}");
    }
    assert!(written.contains("[key]"));
}

#[test]
fn the_last_chunk_may_be_missing_after_the_end() {
    // Clients close after the last event; so do some servers.
    let setup = Setup::new(|_| {
        let events = sse(&[
            json!({"id": "x", "choices": [{"delta": {"content": "all"}, "finish_reason": "stop"}]}),
        ]);
        vec![
            stream_head(""),
            chunk(format!("{events}data: [DONE]\n\n").as_bytes()),
            Step::Close,
            last_chunk(),
        ]
    });
    setup.post("/v1/chat/completions", &json!({"messages": [], "stream": true}));
    let call = setup.call();
    assert_eq!((call.content.as_deref(), call.error_type.as_deref()), (Some("all"), None));
}

#[test]
fn an_upstream_that_speaks_no_tls_is_a_bad_gateway() {
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("https://{}/v1", plain.local_addr().unwrap()).parse().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        let mut received = vec![0; 1 << 16];
        let length = stream.read(&mut received).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        received.truncate(length);
        received
    });
    let mut setup = Setup::new(|_| Vec::new());
    let settings = ProxySettings { openai: upstream, ..ProxySettings::default() };
    setup.proxy = Proxy::start(settings, Arc::<super::fixture::Kept>::clone(&setup.sink)).unwrap();
    let answer = setup.post("/v1/responses", &json!({}));
    assert!(answer.head.starts_with("HTTP/1.1 502 "), "{}", answer.head);
    assert_eq!(setup.call().error_type.as_deref(), Some("connection"));
    let received = server.join().unwrap();
    assert!(!received.windows(11).any(|w| w == b"sk-test-key"), "no key goes out in the clear");
}

/// A sink that fails at each event.
struct Broken(AtomicUsize);

impl EventSink for Broken {
    fn record(&self, _: Event) {
        panic!("a sink of the test fails");
    }

    fn warn(&self, _: String) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_sink_that_fails_breaks_no_call() {
    let mut setup = Setup::new(|seen| json("200 OK", &json!({"id": seen.body.len().to_string()})));
    let broken = Arc::new(Broken(AtomicUsize::new(0)));
    let upstream = format!("http://{}/v1", setup.server.address).parse().unwrap();
    let settings = ProxySettings { openai: upstream, ..ProxySettings::default() };
    setup.proxy = Proxy::start(settings, Arc::<Broken>::clone(&broken)).unwrap();
    for _ in 0..3 {
        let answer = setup.post(
            "/v1/chat/completions",
            &json!({"messages": [{"role": "user", "content": "hi"}]}),
        );
        assert!(answer.head.starts_with("HTTP/1.1 200 "));
    }
    assert!(setup.proxy.settle(PATIENCE), "nothing stays in flight");
    setup.proxy.flush();
    assert_eq!(broken.0.load(Ordering::SeqCst), 1, "it is said once");
}
