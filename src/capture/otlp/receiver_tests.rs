//! The receiver over a real socket: what exporters send, and what nobody should.

use super::body::tests::gzipped;
use super::{Counts, OtlpReceiver};
use crate::capture::EventSink;
use crate::trace::{Event, Kind};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(20);

/// A sink that keeps everything.
#[derive(Default)]
struct Kept {
    events: Mutex<Vec<Event>>,
    warnings: Mutex<Vec<String>>,
}

impl EventSink for Kept {
    fn record(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn warn(&self, text: String) {
        self.warnings.lock().unwrap().push(text);
    }
}

fn started() -> (OtlpReceiver, Arc<Kept>) {
    let sink = Arc::new(Kept::default());
    let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
    (OtlpReceiver::start(listen, Arc::clone(&sink) as Arc<dyn EventSink>).unwrap(), sink)
}

/// What was received once all is over.
fn received(receiver: OtlpReceiver, sink: &Kept) -> (Counts, Vec<Event>, Vec<String>) {
    let counts = receiver.stop(WAIT);
    let events = std::mem::take(&mut *sink.events.lock().unwrap());
    (counts, events, std::mem::take(&mut *sink.warnings.lock().unwrap()))
}

/// The status, the head and the body of an answer.
fn exchange(address: SocketAddr, request: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    // The receiver may answer, and close, before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, head.to_ascii_lowercase(), answer.get(end + 4..).unwrap_or_default().to_vec())
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head = format!("{head}{name}: {value}\r\n");
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    exchange(address, &request("POST", path, headers, body))
}

const JSON: (&str, &str) = ("Content-Type", "application/json; charset=utf-8");
const PROTOBUF: (&str, &str) = ("Content-Type", "application/x-protobuf");

/// A request with spans: trace, span, parent, name, attributes.
fn traces(spans: &[(&str, &str, &str, Value)]) -> Value {
    let spans: Vec<Value> = spans
        .iter()
        .map(|(trace, id, parent, attributes)| {
            let attributes: Vec<Value> = attributes
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, value)| match value {
                    Value::String(text) => json!({ "key": key, "value": { "stringValue": text } }),
                    other => json!({ "key": key, "value": { "intValue": other.to_string() } }),
                })
                .collect();
            json!({ "traceId": format!("{trace:0>32}"), "spanId": format!("{id:0>16}"),
                "parentSpanId": if parent.is_empty() { String::new() } else { format!("{parent:0>16}") },
                "name": "x", "startTimeUnixNano": "1000", "attributes": attributes })
        })
        .collect();
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] })
}

fn chat(input: i64) -> Value {
    json!({ "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": 1 })
}

fn agent(input: i64) -> Value {
    json!({ "gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": input })
}

#[test]
fn spans_of_several_requests_become_the_events_of_their_trace() {
    let (receiver, sink) = started();
    let address = receiver.address();
    for spans in [
        traces(&[("1", "a", "f", chat(10)), ("2", "b", "", chat(5))]),
        traces(&[("1", "c", "f", chat(20)), ("1", "f", "", agent(30))]),
        traces(&[("1", "c", "f", chat(20))]),
    ] {
        let (status, head, body) =
            post(address, "/v1/traces", &[JSON], spans.to_string().as_bytes());
        assert_eq!((status, body.as_slice()), (200, b"{}".as_slice()), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
    }
    let (counts, events, warnings) = received(receiver, &sink);
    let ids: Vec<&str> =
        events.iter().map(|e| e.event_id.as_deref().unwrap().trim_start_matches('0')).collect();
    assert_eq!(ids, ["a", "c", "b"]);
    assert_eq!(events.iter().filter_map(|e| e.input_tokens).sum::<i64>(), 35);
    assert_eq!(counts, Counts { llm_calls: 3, around: 1, repeated: 1, ..Counts::default() });
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn a_trace_that_is_whole_does_not_wait_for_the_end() {
    let (receiver, sink) = started();
    let whole = traces(&[("1", "a", "f", chat(10)), ("1", "f", "", agent(10))]);
    assert_eq!(
        post(receiver.address(), "/v1/traces", &[JSON], whole.to_string().as_bytes()).0,
        200
    );
    let begun = std::time::Instant::now();
    while sink.events.lock().unwrap().is_empty() && begun.elapsed() < WAIT {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(sink.events.lock().unwrap().len(), 1);
    let part = traces(&[("2", "a", "f", chat(10))]);
    assert_eq!(post(receiver.address(), "/v1/traces", &[JSON], part.to_string().as_bytes()).0, 200);
    receiver.flush();
    assert_eq!(sink.events.lock().unwrap().len(), 2);
    assert_eq!(receiver.counts().llm_calls, 2);
    receiver.stop(WAIT);
}

#[test]
fn everything_may_come_to_the_address_itself() {
    let (receiver, sink) = started();
    let spans = traces(&[("1", "a", "", chat(10))]).to_string();
    assert_eq!(post(receiver.address(), "/", &[JSON], spans.as_bytes()).0, 200);
    let (counts, events, _) = received(receiver, &sink);
    assert_eq!((counts.llm_calls, events.len()), (1, 1));
}

#[test]
fn protobuf_gzip_and_deflate_say_the_same() {
    // One chat span by opentelemetry-proto 1.45.2 for Python: gen_ai.operation.name, and 7 input tokens.
    let protobuf = hexadecimal(
        "0a621260125e0a1001010101010101010101010101010101120802020202020202024a1f0a1567656e5f61692e6f70657261\
         74696f6e2e6e616d6512060a04636861744a1f0a1967656e5f61692e75736167652e696e7075745f746f6b656e7312021807",
    );
    let zlib = miniz_oxide::deflate::compress_to_vec_zlib(&protobuf, 6);
    for (headers, body) in [
        (vec![PROTOBUF], protobuf.clone()),
        (vec![], protobuf.clone()),
        (vec![PROTOBUF, ("Content-Encoding", "gzip")], gzipped(&protobuf)),
        (vec![PROTOBUF, ("Content-Encoding", "deflate")], zlib),
    ] {
        let (receiver, sink) = started();
        let (status, head, answer) = post(receiver.address(), "/v1/traces", &headers, &body);
        assert_eq!((status, answer.len()), (200, 0), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        let (_, events, _) = received(receiver, &sink);
        assert_eq!(
            events.iter().map(|e| (e.kind, e.input_tokens)).collect::<Vec<_>>(),
            [(Kind::LlmCall, Some(7))]
        );
    }
}

fn hexadecimal(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        digits.chars().filter_map(|c| c.to_digit(16)).map(|d| u8::try_from(d).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn what_cannot_be_read_is_refused_and_loses_nothing() {
    let (receiver, sink) = started();
    let address = receiver.address();
    let good = traces(&[("1", "a", "", chat(10))]).to_string();
    for (headers, body, status) in [
        (&[JSON][..], b"{".to_vec(), 400),
        (&[JSON], good.as_bytes()[..good.len() / 2].to_vec(), 400),
        (&[PROTOBUF], b"garbage".to_vec(), 400),
        (&[("Content-Encoding", "gzip")], b"no gzip".to_vec(), 400),
        (&[("Content-Encoding", "br")], good.clone().into_bytes(), 415),
        (&[("Content-Type", "text/plain")], good.clone().into_bytes(), 415),
        (&[JSON, ("Content-Encoding", "gzip")], gzipped(&vec![b' '; (64 << 20) + 1]), 413),
    ] {
        let (found, head, answer) = post(address, "/v1/traces", headers, &body);
        assert_eq!(found, status, "{head}");
        if headers.contains(&JSON) {
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            assert!(
                answer["code"] == 3 && !answer["message"].as_str().unwrap().is_empty(),
                "{answer}"
            );
        }
    }
    let (status, head, _) = exchange(address, &request("GET", "/v1/traces", &[], b""));
    assert!(status == 405 && head.contains("allow: post"), "{head}");
    assert_eq!(post(address, "/v2/traces", &[JSON], good.as_bytes()).0, 404);
    assert_eq!(post(address, "/", &[PROTOBUF], b"").0, 404);
    assert_eq!(post(address, "/", &[JSON], b"[]").0, 400);
    // Not HTTP at all; a body that breaks off; a head that never ends.
    exchange(address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let mut torn = TcpStream::connect(address).unwrap();
    torn.write_all(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf")
        .unwrap();
    torn.shutdown(Shutdown::Both).unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    slow.write_all(b"POST /v1/tra").unwrap();
    assert_eq!(post(address, "/v1/traces/", &[JSON], good.as_bytes()).0, 200, "it goes on");
    let (counts, events, warnings) = received(receiver, &sink);
    assert_eq!((counts.llm_calls, events.len()), (1, 1));
    assert!(counts.refused >= 7, "{counts:?}");
    assert!(
        warnings[0].starts_with("OpenTelemetry requests that could not be read: "),
        "{warnings:?}"
    );
}

#[test]
fn a_body_without_end_is_cut_at_the_limit() {
    let (receiver, _) = started();
    let mut stream = TcpStream::connect(receiver.address()).unwrap();
    stream.set_read_timeout(Some(WAIT)).unwrap();
    stream
        .write_all(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    let sent = (0..80).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(sent < 80 || answer.starts_with(b"HTTP/1.1 413"), "{sent}");
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 413"));
    receiver.stop(WAIT);
}

#[test]
fn logs_and_metrics_are_taken_and_said_to_be_unused() {
    let (receiver, sink) = started();
    assert_eq!(post(receiver.address(), "/v1/logs", &[JSON], b"{}").0, 200);
    assert_eq!(post(receiver.address(), "/v1/metrics", &[PROTOBUF], b"anything").0, 200);
    for body in [&b"{\"resourceLogs\": []}"[..], b" { \"resourceMetrics\":[]}"] {
        assert_eq!(post(receiver.address(), "/", &[JSON], body).0, 200);
    }
    let (counts, events, warnings) = received(receiver, &sink);
    assert_eq!((counts.logs, counts.metrics, events.len()), (2, 2, 0));
    let said = "the agent sent OpenTelemetry logs or metrics (4 requests) and no LLM spans; only spans are recorded";
    assert_eq!(warnings, [said]);
}

#[test]
fn a_port_that_is_taken_is_an_error_with_a_hint() {
    let (receiver, sink) = started();
    let error = OtlpReceiver::start(receiver.address(), sink).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot listen for OpenTelemetry at 127.0.0.1:"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("choose another"));
    receiver.stop(WAIT);
}

#[test]
fn many_exporters_at_once_lose_nothing() {
    let (receiver, sink) = started();
    let address = receiver.address();
    std::thread::scope(|scope| {
        for exporter in 1..=16 {
            scope.spawn(move || {
                for i in 1..=20 {
                    let trace = (exporter * 100 + i).to_string();
                    let spans = traces(&[(&trace, "a", "f", chat(1)), (&trace, "f", "", agent(1))]);
                    assert_eq!(
                        post(address, "/v1/traces", &[JSON], spans.to_string().as_bytes()).0,
                        200
                    );
                }
            });
        }
    });
    let (counts, events, _) = received(receiver, &sink);
    assert_eq!((counts.llm_calls, counts.around), (320, 320));
    assert_eq!(events.iter().filter_map(|e| e.input_tokens).sum::<i64>(), 320);
}
