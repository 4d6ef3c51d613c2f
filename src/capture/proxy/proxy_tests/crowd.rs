//! Many calls at once, and very long ones.

use super::fixture::{Setup, Step, attributes, chunk, json, last_chunk, sse, stream_head};
use crate::trace::{Kind, UsageQuality};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const STREAMS: u64 = 200;

/// The text of a stream: its own, of many pieces, with letters of one to four bytes.
fn pieces(stream: u64) -> Vec<String> {
    let mut random = ChaCha8Rng::seed_from_u64(stream);
    let letters = ["a", "\u{e9}", "\u{4e16}", "\u{1f980}", "\n", "\"", "data: "];
    let piece = |random: &mut ChaCha8Rng| -> String {
        let length = random.next_u32() % 6 + 1;
        (0..length).map(|_| letters[random.next_u32() as usize % letters.len()]).collect()
    };
    (0..120).map(|n| format!("{stream}.{n}:{}", piece(&mut random))).collect()
}

fn events(api: u64, stream: u64) -> Vec<Value> {
    let pieces = pieces(stream);
    match api {
        0 => {
            let text =
                pieces.iter().map(|p| json!({"id": "x", "choices": [{"delta": {"content": p}}]}));
            let end = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
            let usage = json!({"choices": [], "usage": {"prompt_tokens": stream, "completion_tokens": 120}});
            text.chain([end, usage]).collect()
        }
        1 => {
            let text =
                pieces.iter().map(|p| json!({"type": "response.output_text.delta", "delta": p}));
            let usage = json!({"input_tokens": stream, "output_tokens": 120});
            let end = json!({"type": "response.completed", "response": {"status": "completed", "usage": usage}});
            text.chain([end]).collect()
        }
        _ => {
            let start = json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": stream, "output_tokens": 1}}});
            let text = pieces.iter().map(|p| json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": p}}));
            let end = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 120}});
            [start].into_iter().chain(text).chain([end, json!({"type": "message_stop"})]).collect()
        }
    }
}

/// A stream in pieces of random sizes, which cut letters and lines.
fn cut_anywhere(body: &[u8], seed: u64) -> Vec<Step> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut steps = vec![stream_head("")];
    let mut rest = body;
    while !rest.is_empty() {
        let length = (random.next_u32() as usize % 97 + 1).min(rest.len());
        steps.push(chunk(&rest[..length]));
        rest = &rest[length..];
    }
    steps.push(last_chunk());
    steps
}

#[test]
fn two_hundred_streams_at_once_lose_nothing() {
    let setup = Setup::new(|seen| {
        let stream = seen.json()["seed"].as_u64().unwrap();
        cut_anywhere(sse(&events(stream % 3, stream)).as_bytes(), stream)
    });
    std::thread::scope(|scope| {
        for stream in 0..STREAMS {
            let setup = &setup;
            scope.spawn(move || {
                let ask = json!({"seed": stream, "stream": true, "input": format!("prompt {stream}"),
                    "messages": [{"role": "user", "content": format!("prompt {stream}")}]});
                let path = ["/v1/chat/completions", "/v1/responses", "/v1/messages"][(stream % 3) as usize];
                let answer = setup.post(path, &ask);
                assert_eq!(answer.body, sse(&events(stream % 3, stream)).as_bytes(), "stream {stream}");
            });
        }
    });
    let all = setup.events();
    assert_eq!(all.len() as u64, 2 * STREAMS);
    let by_conversation: BTreeMap<u64, String> = all
        .iter()
        .filter(|event| event.kind == Kind::Message)
        .map(|event| {
            (attributes(event)["conversation"].as_u64().unwrap(), event.content.clone().unwrap())
        })
        .collect();
    let mut seen = 0;
    for call in all.iter().filter(|event| event.kind == Kind::LlmCall) {
        assert_eq!(call.error_type, None);
        let stream = call.input_tokens.unwrap().cast_unsigned();
        assert_eq!(call.content, Some(pieces(stream).concat()), "stream {stream}");
        assert_eq!(
            (call.output_tokens, call.usage_quality),
            (Some(120), Some(UsageQuality::Final))
        );
        let noted = attributes(call);
        let prompt = &by_conversation[&noted["conversation"].as_u64().unwrap()];
        assert_eq!(*prompt, format!("prompt {stream}"));
        assert!(noted["parse_error"].is_null());
        seen += 1;
    }
    assert_eq!(seen, STREAMS);
    assert!(setup.sink.warnings.lock().unwrap().is_empty());
}

#[test]
fn streams_with_random_damage_pass_and_break_nothing() {
    let damaged = |seed: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut body = sse(&events(seed % 3, seed)[..20]).into_bytes();
        for _ in 0..=seed % 40 {
            let at = random.next_u32() as usize % body.len();
            match random.next_u32() % 4 {
                0 => body[at] = random.next_u32().to_le_bytes()[0],
                1 => body.insert(at, b"\n\r\"{}[]:,\\\0"[random.next_u32() as usize % 11]),
                2 => drop(body.drain(at..(at + 9).min(body.len()))),
                _ => body.extend_from_within(at..(at + 30).min(body.len())),
            }
        }
        body
    };
    let setup = Setup::new(move |seen| {
        let seed = seen.json()["seed"].as_u64().unwrap();
        cut_anywhere(&damaged(seed), seed)
    });
    for seed in 0..150 {
        let path = ["/v1/chat/completions", "/v1/responses", "/v1/messages"][(seed % 3) as usize];
        assert_eq!(setup.post(path, &json!({"seed": seed})).body, damaged(seed), "seed {seed}");
    }
    assert_eq!(setup.of_kind(Kind::LlmCall).len(), 150);
    assert!(setup.sink.warnings.lock().unwrap().is_empty(), "no panic");
}

#[test]
fn a_stream_of_a_hundred_megabytes_keeps_its_usage_and_little_else() {
    for (api, path) in (0..).zip(["/v1/chat/completions", "/v1/responses", "/v1/messages"]) {
        let setup = Setup::new(move |_| {
            let piece = "y".repeat(100_000);
            let event = match api {
                0 => json!({"id": "x", "choices": [{"delta": {"content": piece}}]}),
                1 => json!({"type": "response.output_text.delta", "delta": piece}),
                _ => {
                    json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": piece}})
                }
            };
            let event = chunk(sse(&[event]).as_bytes());
            let mut steps = vec![stream_head("")];
            steps.extend(std::iter::repeat_n(event, 200));
            // One event that is longer than any buffer, as when a response is repeated at its end.
            let long = "z".repeat(1 << 20);
            steps.push(chunk(b"data: {\"type\":\"response.completed\",\"response\":{\"text\":\""));
            let long = chunk(long.as_bytes());
            steps.extend(std::iter::repeat_n(long, 80));
            steps.push(chunk(b"\",\"status\":\"completed\",\"usage\":{\"input_tokens\":7,\"output_tokens\":9}}}\n\n"));
            let end = events(api, 7);
            steps.push(chunk(sse(&end[end.len() - 2..]).as_bytes()));
            steps.push(last_chunk());
            steps
        });
        let answer = setup.post(path, &json!({"messages": [], "stream": true}));
        assert!(answer.body.len() > 100_000_000);
        let call = setup.call();
        assert_eq!(call.content.as_ref().unwrap().len(), 8 << 20);
        assert_eq!(attributes(&call)["truncated"], true);
        assert_eq!(
            (call.error_type.as_deref(), call.usage_quality),
            (None, Some(UsageQuality::Final))
        );
        assert!(call.output_tokens.is_some(), "usage at the end is found");
    }
}

#[test]
fn an_answer_of_a_hundred_megabytes_in_one_piece_keeps_its_usage() {
    let setup = Setup::new(|_| {
        let text = "w".repeat(100 << 20);
        json(
            "200 OK",
            &json!({"id": "x", "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 4}}),
        )
    });
    setup.post("/v1/chat/completions", &json!({"messages": []}));
    let call = setup.call();
    assert_eq!((call.input_tokens, call.output_tokens), (Some(3), Some(4)));
    assert_eq!((attributes(&call)["truncated"].as_bool(), call.error_type), (Some(true), None));
}
