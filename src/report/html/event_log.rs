//! The events of a run as a page carries them: columns of JSON, compressed, as base64.
//!
//! A page cannot read files beside it, and a million cells of markup would never open. Packed like this an event takes
//! some fifty bytes, and nothing of it is touched before somebody opens its run. Browsers unpack zlib (RFC 1950) by
//! themselves, as `deflate`. Texts are excerpts with what looks like a secret masked, and shown with what would act as
//! visible escapes, so that what the script gets is inert already.

use super::super::event_words::result_words;
use super::super::inert::visible;
use super::super::money;
use crate::analysis::failure::excerpt;
use crate::trace::{EndReason, Event, Kind, StageStatus, ToolStatus};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::BTreeMap;

/// Effort of the compression; 6 is what zlib takes for usual.
const EFFORT: u8 = 6;
/// Characters of a text in which its excerpt is looked for.
const READ: usize = 4_000;

/// The events of a run, one after the other, by column.
#[derive(Debug, Default, Serialize)]
pub struct EventLog {
    seq: Vec<i64>,
    stage: Vec<Option<i64>>,
    attempt: Vec<Option<i64>>,
    kind: Vec<&'static str>,
    /// Microseconds since the start of the run.
    at: Vec<Option<i64>>,
    /// Milliseconds.
    took: Vec<Option<f64>>,
    input: Vec<Option<i64>>,
    cached: Vec<Option<i64>>,
    output: Vec<Option<i64>>,
    /// Dollars, as people see them.
    cost: Vec<Option<String>>,
    tool: Vec<Option<String>>,
    exit: Vec<Option<i64>>,
    status: Vec<Option<String>>,
    error: Vec<Option<String>>,
    arguments: Vec<Option<String>>,
    text: Vec<Option<String>>,
    #[serde(skip)]
    counts: BTreeMap<Option<i64>, usize>,
}

/// The events of a run, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventBlock {
    pub(super) base64: String,
    /// Events by stage; those outside stages under `None`.
    pub(super) counts: BTreeMap<Option<i64>, usize>,
}

impl EventLog {
    /// Adds an event; its cost is on the basis of the page.
    pub fn push(&mut self, event: &Event) {
        *self.counts.entry(event.stage).or_default() += 1;
        self.seq.push(event.seq);
        self.stage.push(event.stage);
        self.attempt.push(event.stage.and(event.attempt));
        self.kind.push(event.kind.as_str());
        self.at.push(event.offset_us);
        self.took.push(event.duration_ms);
        self.input.push(event.input_tokens);
        self.cached.push(event.cache_read_tokens);
        self.output.push(event.output_tokens);
        self.cost.push(event.cost_usd.map(|c| money::rounded(c.nanos().into())));
        self.tool.push(event.tool_name.as_deref().map(shortened));
        self.exit.push(event.exit_code);
        self.status.push(status(event));
        self.error.push(event.error_type.as_deref().map(shortened));
        self.arguments.push(event.arguments.as_deref().map(shortened));
        self.text.push(text(event));
    }

    /// Packs the events.
    pub fn pack(self) -> EventBlock {
        // Columns of numbers and text have a JSON form, whatever is in them.
        let json = serde_json::to_vec(&self).expect("columns are JSON");
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(&json, EFFORT);
        EventBlock { base64: STANDARD.encode(packed), counts: self.counts }
    }
}

impl EventBlock {
    /// Events in all.
    pub fn len(&self) -> usize {
        self.counts.values().sum()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// How it ended, in the word that the trace has for its kind.
fn status(event: &Event) -> Option<String> {
    let word = match event.kind {
        Kind::ToolCall => event.tool_status.map(ToolStatus::as_str),
        Kind::LlmCall => return event.finish_reason.as_deref().map(shortened),
        Kind::StageResult | Kind::AttemptResult => event.stage_status.map(StageStatus::as_str),
        Kind::RunEnd => event.end_reason.map(EndReason::as_str),
        _ => None,
    };
    word.map(str::to_owned)
}

/// What it says; grades and roles in words before it.
fn text(event: &Event) -> Option<String> {
    let content = event.content.as_deref().map(shortened);
    let before = match event.kind {
        Kind::StageResult | Kind::AttemptResult => Some(result_words(event)),
        Kind::Message => event.role.as_deref().map(|r| format!("{}:", shortened(r))),
        _ => None,
    };
    let parts: Vec<String> =
        [before, content].into_iter().flatten().filter(|p| !p.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The first words of a text on one line, secrets masked, with nothing that acts.
fn shortened(text: &str) -> String {
    // A line may be megabytes long: no more of it is looked at than can be shown.
    let mut line = String::new();
    let mut gap = false;
    for c in text.chars().take(READ) {
        if c.is_whitespace() && c != '\u{2028}' && c != '\u{2029}' {
            gap = !line.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            line.push(' ');
        }
        line.push(c);
    }
    excerpt(&visible(&line), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn unpacked(block: &EventBlock) -> Value {
        let bytes = STANDARD.decode(&block.base64).unwrap();
        let json = miniz_oxide::inflate::decompress_to_vec_zlib(&bytes).unwrap();
        serde_json::from_slice(&json).unwrap()
    }

    fn tool(seq: i64, content: &str) -> Event {
        let mut event = Event::new(Kind::ToolCall);
        event.seq = seq;
        event.stage = Some(2);
        event.attempt = Some(1);
        event.tool_name = Some("shell".to_owned());
        event.exit_code = Some(2);
        event.content = Some(content.to_owned());
        event
    }

    #[test]
    fn events_come_back_by_column() {
        let mut log = EventLog::default();
        log.push(&Event::new(Kind::RunStart));
        log.push(&tool(1, "make:  ***\n  error"));
        let block = log.pack();
        assert_eq!((block.len(), block.is_empty()), (2, false));
        assert_eq!(block.counts, BTreeMap::from([(None, 1), (Some(2), 1)]));
        let columns = unpacked(&block);
        assert_eq!(columns["seq"], serde_json::json!([0, 1]));
        assert_eq!(columns["stage"], serde_json::json!([null, 2]));
        assert_eq!(columns["kind"], serde_json::json!(["run_start", "tool_call"]));
        assert_eq!(columns["exit"], serde_json::json!([null, 2]));
        assert_eq!(columns["text"], serde_json::json!([null, "make: *** error"]));
        assert!(columns.get("counts").is_none());
    }

    #[test]
    fn texts_are_short_inert_and_without_secrets() {
        let huge = "x".repeat(10_000_000);
        assert_eq!(shortened(&huge).chars().count(), 160);
        assert_eq!(shortened("a\n\n\tb  c"), "a b c");
        assert_eq!(shortened("\u{e0041}"), "\\u{e0041}");
        for hostile in ["\u{202e}x", "\x1b[2J", "\0", "a\u{2028}b"] {
            let shown = shortened(hostile);
            assert!(!shown.chars().any(super::super::super::inert::is_unsafe), "{shown:?}");
        }
        assert!(!shortened("key sk-abcdef0123456789").contains("abcdef"));
    }

    #[test]
    fn the_same_events_are_the_same_bytes() {
        let block = || {
            let mut log = EventLog::default();
            (0..1000).for_each(|i| log.push(&tool(i, &format!("line {i}"))));
            log.pack()
        };
        assert_eq!(block(), block());
        assert!(block().base64.len() < 20 * 1000, "{}", block().base64.len());
    }
}
