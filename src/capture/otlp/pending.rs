//! Spans that wait for the rest of their trace.
//!
//! A span is exported when it ends: children before parents, and often in another request. Whether one counts depends on
//! what is below it, which has nearly always come by then, and on nothing that is above it. So a trace is decided on when
//! its root has come and nothing more follows, or when it has waited longer than an exporter's usual interval of five
//! seconds (`OTEL_BSP_SCHEDULE_DELAY`); what comes later is decided on with regard to it. A wait is also what a kill of the
//! recorder can lose, and therefore short.

use super::spans::Span;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a trace waits for its root.
const LONGEST_WAIT: Duration = Duration::from_secs(6);
/// How long one waits for more when its root has come.
const QUIET: Duration = Duration::from_secs(1);
/// Spans, and bytes of their texts, that wait at most.
const MOST_SPANS: usize = 20_000;
const MOST_BYTES: usize = 128 << 20;

/// Spans by their trace.
#[derive(Debug, Default)]
pub(super) struct Pending {
    traces: BTreeMap<String, Waiting>,
    spans: usize,
    bytes: usize,
    next: u64,
}

/// The part of a trace that waits.
#[derive(Debug)]
struct Waiting {
    spans: Vec<Span>,
    /// Its place among all that wait.
    number: u64,
    since: Instant,
    latest: Instant,
    has_root: bool,
}

impl Pending {
    /// Adds a span. One without a trace waits for nothing and is given back.
    pub(super) fn add(&mut self, span: Span, now: Instant) -> Option<Span> {
        if span.trace_id.is_empty() {
            return Some(span);
        }
        self.spans += 1;
        self.bytes += text_bytes(&span);
        let number = self.next;
        let waiting = self.traces.entry(span.trace_id.clone()).or_insert_with(|| Waiting {
            spans: Vec::new(),
            number,
            since: now,
            latest: now,
            has_root: false,
        });
        self.next += 1;
        waiting.latest = now;
        waiting.has_root |= span.parent_id.is_none();
        waiting.spans.push(span);
        None
    }

    /// Takes the traces that have waited long enough, the oldest first; all of them when there are too many.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Vec<Span>> {
        if self.spans > MOST_SPANS || self.bytes > MOST_BYTES {
            return self.all();
        }
        let is_due = |waiting: &Waiting| {
            now.duration_since(waiting.since) >= LONGEST_WAIT
                || (waiting.has_root && now.duration_since(waiting.latest) >= QUIET)
        };
        let due: BTreeMap<String, Waiting> =
            self.traces.extract_if(.., |_, waiting| is_due(waiting)).collect();
        let taken = in_order(due);
        for span in taken.iter().flatten() {
            self.spans -= 1;
            self.bytes -= text_bytes(span);
        }
        taken
    }

    /// Takes all of them.
    pub(super) fn all(&mut self) -> Vec<Vec<Span>> {
        (self.spans, self.bytes) = (0, 0);
        in_order(std::mem::take(&mut self.traces))
    }
}

fn in_order(traces: BTreeMap<String, Waiting>) -> Vec<Vec<Span>> {
    let mut traces: Vec<Waiting> = traces.into_values().collect();
    traces.sort_by_key(|waiting| waiting.number);
    traces.into_iter().map(|waiting| waiting.spans).collect()
}

/// About the memory that a span takes.
fn text_bytes(span: &Span) -> usize {
    let events = span.events.iter().flat_map(|event| event.attributes.values());
    let texts = span.attributes.values().chain(events).map(bytes_of);
    256 + texts.sum::<usize>()
}

fn bytes_of(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    32 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(bytes_of).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + bytes_of(value)).sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::spans::SpanStatus;
    use super::*;
    use std::sync::Arc;

    fn span(trace: &str, id: &str, parent: Option<&str>) -> Span {
        Span {
            trace_id: trace.to_owned(),
            span_id: id.to_owned(),
            parent_id: parent.map(str::to_owned),
            name: String::new(),
            start_ns: None,
            end_ns: None,
            attributes: serde_json::Map::new(),
            events: Vec::new(),
            status: SpanStatus::Unset,
            status_message: String::new(),
            scope: String::new(),
            resource: Arc::default(),
        }
    }

    fn ids(taken: &[Vec<Span>]) -> Vec<Vec<&str>> {
        taken.iter().map(|spans| spans.iter().map(|s| s.span_id.as_str()).collect()).collect()
    }

    #[test]
    fn a_trace_waits_for_its_root_or_for_so_long() {
        let mut pending = Pending::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(pending.add(span("b", "1", Some("0")), at(0)).is_none());
        assert!(pending.add(span("a", "2", Some("3")), at(10)).is_none());
        assert!(pending.due(at(4000)).is_empty());
        pending.add(span("a", "3", None), at(4100));
        assert!(pending.due(at(5000)).is_empty(), "something may follow");
        assert_eq!(ids(&pending.due(at(5100))), [["2", "3"]]);
        assert!(pending.due(at(5999)).is_empty());
        assert_eq!(ids(&pending.due(at(6000))), [["1"]]);
        assert_eq!((pending.spans, pending.bytes), (0, 0));
        assert_eq!(pending.add(span("", "4", None), at(0)).unwrap().span_id, "4");
        pending.add(span("z", "5", Some("0")), at(0));
        pending.add(span("c", "6", Some("0")), at(0));
        assert_eq!(ids(&pending.all()), [["5"], ["6"]], "the oldest first");
        assert!(pending.all().is_empty());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut pending = Pending::default();
        let now = Instant::now();
        for i in 0..=MOST_SPANS {
            pending.add(span("t", &i.to_string(), Some("0")), now);
        }
        assert_eq!(pending.due(now)[0].len(), MOST_SPANS + 1);
        let mut large = span("t", "1", Some("0"));
        large.attributes.insert("x".to_owned(), "x".repeat(MOST_BYTES).into());
        pending.add(large, now);
        assert_eq!(pending.due(now).len(), 1);
        assert_eq!((pending.spans, pending.bytes), (0, 0));
    }
}
