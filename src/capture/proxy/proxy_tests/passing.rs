//! Bytes go through unchanged.

use super::fixture::{
    Setup, Step, chunk, header, json, last_chunk, read_message, request, stream_head, whole,
};
use crate::trace::Kind;
use serde_json::json;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

#[test]
fn a_request_and_its_answer_are_the_same_on_both_sides() {
    let answer_headers = "X-Request-Id: req_1\r\nopenai-Processing-MS: 12\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\
                          Content-Type: application/json\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let body = b"{\"id\": \"x\",   \"choices\" : []}\n".to_vec();
    let sent_back = body.clone();
    let setup = Setup::new(move |_| whole("201 Made Up", answer_headers, &sent_back));
    let request_body = "{ \"model\":\"m\",\n \"messages\":[ ], \"odd\":\"\\u00e9\" }".as_bytes();
    let headers = "User-Agent: Agent/1.0\r\nx-Stainless-Retry-Count: 0\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\
                   Authorization: Bearer sk-test-key\r\nX-Twice: one\r\nX-Twice: two\r\nConnection: keep-alive\r\n";
    let answer = setup.send("/v1/chat/completions?api-version=1&x=%20y", headers, request_body);

    let seen = setup.server.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.body, request_body);
    let expected = format!(
        "POST /base/v1/chat/completions?api-version=1&x=%20y HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
         User-Agent: Agent/1.0\r\nx-Stainless-Retry-Count: 0\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n\
         Authorization: Bearer sk-test-key\r\nX-Twice: one\r\nX-Twice: two\r\nContent-Length: {}\r\n\r\n",
        setup.server.address,
        request_body.len()
    );
    assert_eq!(seen.head, expected);

    assert_eq!(answer.body, body);
    let expected =
        format!("HTTP/1.1 201 Made Up\r\n{answer_headers}Content-Length: {}\r\n\r\n", body.len());
    assert_eq!(answer.head, expected);
}

#[test]
fn what_is_not_recorded_goes_through_as_well() {
    let setup = Setup::new(|seen| {
        let target = seen.target().to_owned();
        whole("200 OK", "Content-Encoding: br\r\n", target.as_bytes())
    });
    let mut stream = setup.connect();
    let get = "GET /v1/models?limit=2 HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br\r\n\r\n";
    stream.write_all(get.as_bytes()).unwrap();
    let answer = read_message(&mut stream).unwrap();
    assert_eq!(answer.body, b"GET /base/v1/models?limit=2 HTTP/1.1");
    assert_eq!(
        header(&setup.server.seen.lock().unwrap()[0].head, "accept-encoding").as_deref(),
        Some("br")
    );
    // The same connection serves the next request, to the other provider.
    stream.write_all(&request("/v1/messages/count_tokens", "x-api-key: k\r\n", b"{}")).unwrap();
    let answer = read_message(&mut stream).unwrap();
    assert_eq!(answer.body, b"POST /v1/messages/count_tokens HTTP/1.1");
    stream.write_all(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut head = [0; 15];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    assert_eq!(setup.events(), []);
}

#[test]
fn brotli_is_not_asked_for_when_a_call_is_recorded() {
    let setup = Setup::new(|_| json("200 OK", &json!({"id": "x"})));
    setup.send("/v1/responses", "Accept-Encoding: gzip, deflate, br, zstd\r\n", b"{}");
    let head = setup.server.seen.lock().unwrap()[0].head.clone();
    assert_eq!(header(&head, "accept-encoding").as_deref(), Some("gzip, deflate, zstd"));
}

#[test]
fn a_request_in_chunks_and_one_with_an_expectation_arrive_whole() {
    let setup = Setup::new(|_| json("200 OK", &json!({"id": "x", "choices": []})));
    let body =
        json!({"model": "m", "messages": [{"role": "user", "content": "in chunks"}]}).to_string();
    let mut stream = setup.connect();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    for piece in body.as_bytes().chunks(10) {
        let Step::Send(bytes) = chunk(piece) else { unreachable!() };
        stream.write_all(&bytes).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    read_message(&mut stream).unwrap();
    let seen = setup.server.seen.lock().unwrap()[0].clone();
    assert_eq!(seen.body, body.as_bytes());
    assert_eq!(header(&seen.head, "expect"), None);
    assert_eq!(setup.of_kind(Kind::Message)[0].content.as_deref(), Some("in chunks"));
}

#[test]
fn each_piece_of_a_stream_arrives_as_it_is_sent() {
    let pause = Duration::from_millis(1500);
    let setup = Setup::new(move |_| {
        let event = |text: &str| {
            chunk(
                format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
                    .as_bytes(),
            )
        };
        vec![
            stream_head("X-Mine: 1\r\n"),
            event("first"),
            Step::Pause(pause),
            event("second"),
            chunk(b"data: [DONE]\n\n"),
            last_chunk(),
        ]
    });
    let mut stream = setup.connect();
    let start = Instant::now();
    stream.write_all(&request("/v1/chat/completions", "", b"{\"stream\":true}")).unwrap();
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    while !received.windows(5).any(|w| w == b"first") {
        let n = stream.read(&mut piece).unwrap();
        received.extend_from_slice(&piece[..n]);
    }
    assert!(start.elapsed() < pause, "the first piece must not wait for the second");
    while !received.ends_with(b"0\r\n\r\n") {
        let n = stream.read(&mut piece).unwrap();
        received.extend_from_slice(&piece[..n]);
    }
    assert!(start.elapsed() >= pause);
    let call = setup.call();
    assert_eq!(call.content.as_deref(), Some("firstsecond"));
    let first = super::fixture::attributes(&call)["first_token_ms"].as_f64().unwrap();
    let total = call.duration_ms.unwrap();
    assert!(first < 1500.0 && (1500.0..60_000.0).contains(&total), "{first} {total}");
}

#[test]
fn a_request_that_is_too_long_to_keep_arrives_whole() {
    let setup = Setup::new(|seen| {
        let length = seen.body.len();
        json(
            "200 OK",
            &json!({"id": length.to_string(), "choices": [{"finish_reason": "stop", "message": {"content": "ok"}}]}),
        )
    });
    let body = format!(
        "{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"{}\"}}]}}",
        "x".repeat(20 << 20)
    );
    setup.send("/v1/chat/completions", "", body.as_bytes());
    assert!(setup.server.seen.lock().unwrap()[0].body == body.as_bytes());
    let call = setup.call();
    assert_eq!(call.response_id, Some(body.len().to_string()));
    assert_eq!(call.content.as_deref(), Some("ok"));
    let attributes = super::fixture::attributes(&call);
    assert_eq!(attributes["request_bytes"], body.len());
    assert!(attributes["request_error"].as_str().unwrap().contains("too long"));
}
