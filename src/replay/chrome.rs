//! A run as Trace Event JSON, which Perfetto and `chrome://tracing` open.
//!
//! Complete events (`X`), instants (`i`), counters (`C`) and names (`M`) of the Trace Event Format, times in microseconds. A
//! track holds events that do not overlap: calls that ran at the same time get tracks beside each other. Stages are
//! slices with their attempts inside.

use super::moment::Moment;
use super::recording::Recording;
use super::words;
use crate::trace::{Event, Kind, TraceError, Usd};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The one process of a run.
const PID: u32 = 1;
/// The track of stages and attempts.
const STAGES: u32 = 1;
/// The track of messages, errors and recoveries.
const NOTES: u32 = 2;
/// The first track of model calls, and of tools.
const FIRST: [(Kind, u32, &str); 2] =
    [(Kind::LlmCall, 100, "model"), (Kind::ToolCall, 1_000, "tools")];
/// Characters of a text in the arguments of an event.
const EXCERPT: usize = 2_000;

/// Writes a run.
pub fn write_chrome(run: &Recording, out: &mut dyn Write) -> Result<io::Result<()>, TraceError> {
    let mut sheet = Sheet { out, first: true, result: Ok(()) };
    let facts = run.facts();
    let title = format!("{} ({})", facts.run_id, facts.model);
    sheet.text("{\"displayTimeUnit\":\"ms\",\"otherData\":");
    sheet.text(
        &json!({"run_id": facts.run_id, "model": facts.model, "workload": facts.workload})
            .to_string(),
    );
    sheet.text(",\"traceEvents\":[");
    sheet.named("process_name", 0, &title);
    sheet.named("thread_name", STAGES, "stages");
    sheet.named("thread_name", NOTES, "messages");
    for slice in stage_slices(run.moments()) {
        sheet.push(&slice);
    }
    let mut tracks = Tracks::default();
    for (moment, item) in run.moments().iter().zip(run.stream(0..run.moments().len())?) {
        let event = item?.1;
        let begin = begin_us(&event, moment);
        let args = arguments(&event, moment);
        let first = FIRST.iter().find(|(kind, ..)| *kind == event.kind);
        if let Some((kind, first, name)) = first {
            let end = moment_end(&event, begin);
            let (place, new) = tracks.place(*kind, begin, end);
            let tid = first + place;
            if new {
                let number = if place == 0 { String::new() } else { format!(" {}", place + 1) };
                sheet.named("thread_name", tid, &format!("{name}{number}"));
            }
            sheet.push(
                &json!({"name": name_of(&event), "cat": event.kind.as_str(), "ph": "X", "ts": begin,
                "dur": end - begin, "pid": PID, "tid": tid, "args": args}),
            );
        } else if matches!(event.kind, Kind::Message | Kind::Error | Kind::Recovery) {
            sheet.push(
                &json!({"name": name_of(&event), "cat": event.kind.as_str(), "ph": "i", "s": "t",
                "ts": begin, "pid": PID, "tid": NOTES, "args": args}),
            );
        }
        if event.kind == Kind::LlmCall {
            sheet.counter("context", moment.at_us, "tokens", moment.context.map(Value::from));
            sheet.counter("tokens so far", moment.at_us, "tokens", moment.tokens.map(Value::from));
            let cost = moment.cost.map(Usd::to_f64);
            sheet.counter("cost so far", moment.at_us, "usd", cost.map(Value::from));
        }
    }
    sheet.text("\n]}\n");
    Ok(sheet.result)
}

/// The file in the making; the first failed write stays.
struct Sheet<'a> {
    out: &'a mut dyn Write,
    first: bool,
    result: io::Result<()>,
}

impl Sheet<'_> {
    fn text(&mut self, text: &str) {
        if self.result.is_ok() {
            self.result = self.out.write_all(text.as_bytes());
        }
    }

    fn push(&mut self, event: &Value) {
        let separator = if self.first { "\n" } else { ",\n" };
        self.first = false;
        self.text(separator);
        self.text(&event.to_string());
    }

    fn named(&mut self, what: &str, tid: u32, name: &str) {
        self.push(
            &json!({"name": what, "ph": "M", "pid": PID, "tid": tid, "args": {"name": name}}),
        );
        if tid > 0 {
            self.push(&json!({"name": "thread_sort_index", "ph": "M", "pid": PID, "tid": tid,
                "args": {"sort_index": tid}}));
        }
    }

    fn counter(&mut self, name: &str, ts: i64, unit: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.push(
                &json!({"name": name, "ph": "C", "ts": ts, "pid": PID, "args": {unit: value}}),
            );
        }
    }
}

/// When each track is free again.
#[derive(Default)]
struct Tracks(BTreeMap<Kind, Vec<i64>>);

impl Tracks {
    /// The first track that is free at `begin`, and whether it is new.
    fn place(&mut self, kind: Kind, begin: i64, end: i64) -> (u32, bool) {
        let tracks = self.0.entry(kind).or_default();
        let free = tracks.iter().position(|busy| *busy <= begin);
        let place = free.unwrap_or(tracks.len());
        match free {
            Some(place) => tracks[place] = end,
            None => tracks.push(end),
        }
        (u32::try_from(place).unwrap_or(u32::MAX), free.is_none())
    }
}

/// When an event began; what the source has no time for is where the run was.
fn begin_us(event: &Event, moment: &Moment) -> i64 {
    event.offset_us.unwrap_or(moment.at_us)
}

fn moment_end(event: &Event, begin: i64) -> i64 {
    let took = event.duration_ms.filter(|ms| ms.is_finite() && *ms > 0.0).unwrap_or(0.0) * 1e3;
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let took = took as i64;
    begin.saturating_add(took)
}

/// A slice for each stage, from its first event to its last, and within it one for each attempt.
fn stage_slices(moments: &[Moment]) -> Vec<Value> {
    let mut stages: Vec<(i64, Vec<&Moment>)> = Vec::new();
    for moment in moments {
        let Some(stage) = moment.stage else { continue };
        match stages.last_mut() {
            Some((last, of)) if *last == stage => of.push(moment),
            _ => stages.push((stage, vec![moment])),
        }
    }
    let slice = |name: String, of: &[&Moment]| {
        let (begin, end) = (of[0].at_us, of[of.len() - 1].at_us);
        let score = of.iter().rev().find_map(|m| m.score);
        json!({"name": name, "cat": "stage", "ph": "X", "ts": begin, "dur": end - begin, "pid": PID,
            "tid": STAGES, "args": {"score": score}})
    };
    let mut slices = Vec::new();
    for (stage, of) in &stages {
        slices.push(slice(format!("stage {stage}"), of));
        let attempts: Vec<&[&Moment]> = of.chunk_by(|a, b| a.attempt == b.attempt).collect();
        if attempts.len() > 1 {
            for of in attempts {
                if let Some(attempt) = of[0].attempt {
                    slices.push(slice(format!("attempt {attempt}"), of));
                }
            }
        }
    }
    slices
}

fn name_of(event: &Event) -> String {
    match event.kind {
        Kind::ToolCall | Kind::Message | Kind::Error => words::clip(&words::headline(event), 80),
        Kind::LlmCall if event.error_type.is_some() => words::clip(&words::headline(event), 80),
        kind => kind.to_string(),
    }
}

fn arguments(event: &Event, moment: &Moment) -> Value {
    let mut args = Map::new();
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            args.insert(name.to_owned(), value);
        }
    };
    let excerpt = |text: &String| Value::from(text.chars().take(EXCERPT).collect::<String>());
    add("seq", Some(event.seq.into()));
    add("stage", event.stage.map(Value::from));
    add("attempt", event.attempt.map(Value::from));
    add("input_tokens", event.input_tokens.map(Value::from));
    add("cache_read_tokens", event.cache_read_tokens.map(Value::from));
    add("output_tokens", event.output_tokens.map(Value::from));
    add("cost_usd", event.cost_usd.map(|cost| cost.to_f64().into()));
    add("finish_reason", event.finish_reason.as_ref().map(excerpt));
    add("exit_code", event.exit_code.map(Value::from));
    add("tool_status", event.tool_status.map(|status| status.as_str().into()));
    add("error_type", event.error_type.as_ref().map(excerpt));
    add("arguments", event.arguments.as_ref().map(excerpt));
    add("text", event.content.as_ref().map(excerpt));
    add("failed", moment.failed.then_some(true.into()));
    add("time", (!moment.timed).then_some("unknown: placed after the event before it".into()));
    Value::Object(args)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{tool, trace, two_stages};
    use super::*;

    fn exported(events: Vec<Event>) -> Vec<Value> {
        let mut out = Vec::new();
        write_chrome(&trace(events).open(), &mut out).unwrap().unwrap();
        let whole: Value = serde_json::from_slice(&out).unwrap();
        whole["traceEvents"].as_array().unwrap().clone()
    }

    /// Slices of one track either follow or hold each other.
    fn assert_nested(events: &[Value]) {
        let mut tracks: BTreeMap<u64, Vec<(i64, i64)>> = BTreeMap::new();
        for event in events.iter().filter(|e| e["ph"] == "X") {
            let (ts, dur) = (event["ts"].as_i64().unwrap(), event["dur"].as_i64().unwrap());
            assert!(dur >= 0);
            tracks.entry(event["tid"].as_u64().unwrap()).or_default().push((ts, ts + dur));
        }
        for slices in tracks.values() {
            for (i, a) in slices.iter().enumerate() {
                for b in &slices[i + 1..] {
                    let apart = a.1 <= b.0 || b.1 <= a.0;
                    let inside = (a.0 <= b.0 && b.1 <= a.1) || (b.0 <= a.0 && a.1 <= b.1);
                    assert!(apart || inside, "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn a_run_is_slices_that_nest_and_counters() {
        let events = exported(two_stages());
        assert_nested(&events);
        let of = |ph: &str, name: &str| {
            events.iter().filter(|e| e["ph"] == ph && e["name"] == name).count()
        };
        assert_eq!((of("X", "llm_call"), of("X", "bash make test")), (4, 2));
        assert_eq!((of("X", "stage 0"), of("X", "stage 1")), (1, 1));
        assert_eq!((of("C", "context"), of("C", "cost so far")), (4, 4));
        let call = events.iter().find(|e| e["name"] == "llm_call").unwrap();
        assert_eq!((&call["ts"], &call["dur"]), (&json!(3_000_000), &json!(500_000)));
        assert_eq!(call["args"]["input_tokens"], json!(1_000));
        let last = events.iter().rfind(|e| e["name"] == "context").unwrap();
        assert_eq!(last["args"]["tokens"], json!(4_000));
    }

    #[test]
    fn calls_at_the_same_time_get_tracks_of_their_own() {
        let events: Vec<Event> = [(0, 100.0), (50_000, 100.0), (100_000, 10.0), (160_000, 1.0)]
            .into_iter()
            .map(|(offset, ms)| {
                let mut event = tool("bash", "{}", 0);
                (event.offset_us, event.duration_ms) = (Some(offset), Some(ms));
                event
            })
            .collect();
        let events = exported(events);
        assert_nested(&events);
        let slices = events.iter().filter(|e| e["ph"] == "X");
        let tids: Vec<u64> = slices.map(|e| e["tid"].as_u64().unwrap()).collect();
        assert_eq!(tids, [1_000, 1_001, 1_000, 1_000]);
        assert!(events.iter().any(|e| e["args"]["name"] == "tools 2"));
    }

    #[test]
    fn a_run_without_times_says_so() {
        let events = exported(vec![tool("bash", "{}", 0)]);
        let slice = events.iter().find(|e| e["ph"] == "X").unwrap();
        assert_eq!(slice["args"]["time"], "unknown: placed after the event before it");
    }
}
