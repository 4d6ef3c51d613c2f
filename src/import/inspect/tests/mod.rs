//! Logs written for the tests: documents, and archives with the layouts and packings that Inspect writes.

mod archives;
mod calls;
mod counts;
mod ends;
mod samples;
mod structure;

use super::super::made;
use super::super::sink::{Collected, Imported};
use crate::trace::{Event, Kind};
use serde_json::{Map, Value, json};

/// How a member of an archive is packed.
#[derive(Clone, Copy)]
enum Packed {
    Stored,
    /// In several frames, as large members are.
    Frames,
}

/// A zip file, which may hold a name twice, as one does that was written to after a crash.
fn archive(members: &[(&str, Value, Packed)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, value, packed) in members {
        let plain = value.to_string().into_bytes();
        let (method, data) = match packed {
            Packed::Stored => (0_u16, plain.clone()),
            Packed::Frames => {
                let frames = plain.chunks(plain.len().div_ceil(3).max(1));
                (93, frames.flat_map(|frame| zstd::encode_all(frame, 3).unwrap()).collect())
            }
        };
        let length = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut entry = Vec::new();
        entry.extend(20_u16.to_le_bytes());
        entry.extend(0_u16.to_le_bytes());
        entry.extend(method.to_le_bytes());
        entry.extend([0; 4]);
        entry.extend(crc32fast::hash(&plain).to_le_bytes());
        entry.extend(length(data.len()));
        entry.extend(length(plain.len()));
        entry.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        entry.extend([0; 2]);
        let offset = length(bytes.len());
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&entry);
        bytes.extend(name.as_bytes());
        bytes.extend(data);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(entry);
        directory.extend([0; 10]);
        directory.extend(offset);
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count, count].concat());
    bytes.extend([size, start].concat());
    bytes.extend([0; 2]);
    bytes
}

/// The header of a log by this release.
fn header(release: &str) -> Value {
    json!({
        "version": 2, "status": "success",
        "eval": {
            "run_id": "run", "eval_id": "eval", "task_id": "task-id", "task": "sums",
            "created": "2026-01-02T03:04:05+00:00", "model": "openai/m1",
            "dataset": {"samples": 1, "sample_ids": ["s1"]},
            "packages": {"inspect_ai": release}, "config": {"epochs": 1}
        },
        "plan": {"steps": [{"solver": "system_message"}, {"solver": "generate"}]}
    })
}

/// The object with the fields of another one added.
fn with(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("not an object") };
    object.as_object_mut().unwrap().extend(more);
    object
}

/// A sample with these events.
fn sample(events: Value) -> Value {
    json!({"id": "s1", "epoch": 1, "uuid": "u1", "input": "ask", "target": "3", "events": events})
}

/// A document with these samples, by a release that counts cached tokens apart.
fn document(samples: Value) -> String {
    with(header("0.3.200"), json!({"samples": samples})).to_string()
}

/// A model event: what is asked, what is said, and other fields.
fn model(input: Value, output: Value, more: Value) -> Value {
    let event = json!({
        "event": "model", "timestamp": "2026-01-02T03:04:06+00:00", "model": "openai/m1",
        "input": input, "tools": [], "tool_choice": "auto", "config": {}, "output": output
    });
    with(event, more)
}

/// An output of one message.
fn said(message: Value, usage: Value) -> Value {
    let message = with(json!({"role": "assistant"}), message);
    json!({
        "model": "m1-2026", "choices": [{"message": message, "stop_reason": "stop"}], "usage": usage
    })
}

/// A tool call as a message has it.
fn asks(id: &str, function: &str) -> Value {
    json!({"id": id, "function": function, "arguments": {"x": 1}, "type": "function"})
}

/// A tool event.
fn tool(id: &str, function: &str, more: Value) -> Value {
    let event = json!({
        "event": "tool", "timestamp": "2026-01-02T03:04:08+00:00", "type": "function", "id": id,
        "function": function, "arguments": {"x": 1}, "result": "done", "events": []
    });
    with(event, more)
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn usage(input: i64, output: i64) -> Value {
    json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output})
}

/// The one run of a document with one sample.
fn run_of(sample: Value) -> Imported {
    only(made::import(&[("log.json", &document(json!([sample])))]))
}

/// The one run of a document with a sample of these events.
fn run_of_events(events: Value) -> Imported {
    run_of(sample(events))
}

fn only(mut runs: Vec<Imported>) -> Imported {
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

/// Imports an archive.
fn try_archive(members: &[(&str, Value, Packed)]) -> Collected {
    made::try_import(&[("log.eval", &archive(members))]).unwrap()
}

fn attributes(event: &Event) -> Map<String, Value> {
    let text = event.attributes.as_deref().unwrap_or("{}");
    serde_json::from_str(text).unwrap()
}

fn texts(run: &Imported, kind: Kind) -> Vec<&str> {
    made::of_kind(run, kind).into_iter().map(|e| e.content.as_deref().unwrap_or_default()).collect()
}
