//! Spans in, events out: one trace, or a part of one, at a time.
//!
//! What was decided about earlier parts of a trace is remembered, so that a span that comes late is counted with regard to
//! them. The memory is bounded: the oldest traces are forgotten first.

use super::super::counts::Counts;
use super::super::spans::{Span, SpanStatus};
use super::conversation::Conversation;
use super::cover::{Node, Standing, Verdict, cover};
use super::long::LongAttributes;
use super::messages::Talk;
use super::names::{self, CONVERSATION};
use super::role::Role;
use super::rows;
use super::tool_calls::ToolCalls;
use super::usage::Usage;
use crate::trace::Event;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

/// Spans that are remembered at most.
const MOST_REMEMBERED: usize = 200_000;

/// Turns spans into events, and remembers what it did.
#[derive(Debug, Default)]
pub struct Mapper {
    traces: HashMap<String, Past>,
    /// Traces in the order in which they began, and how many spans of all are remembered.
    order: VecDeque<String>,
    remembered: usize,
    conversations: HashMap<String, Conversation>,
    tool_calls: ToolCalls,
    long: LongAttributes,
    counts: Counts,
}

/// What was decided about a trace.
#[derive(Debug, Default)]
struct Past {
    spans: HashMap<String, Decided>,
    /// The latest LLM call, for tools that do not say who asked for them.
    last_call: Option<String>,
}

/// What was decided about a span.
#[derive(Debug)]
struct Decided {
    parent: Option<String>,
    role: Role,
    /// Whether it has a row with tokens.
    counted: bool,
    failed: bool,
    tool: Option<String>,
}

/// A span, and what was read from it.
struct Entry {
    span: Span,
    usage: Usage,
    role: Role,
    tool: Option<String>,
}

impl Mapper {
    /// What became of all spans so far.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// One that keeps long attributes where they first come, instead of their names only.
    #[must_use]
    pub fn keeping_long_attributes() -> Self {
        Self { long: LongAttributes::kept_once(), ..Self::default() }
    }

    /// The events of spans of one trace, in the order in which they began. Spans of no trace belong to nothing: they come
    /// alone.
    pub fn map(&mut self, spans: Vec<Span>) -> Vec<Event> {
        let mut events = Vec::new();
        self.map_each(spans, &mut |_| None, &mut |event| events.push(event));
        events
    }

    /// The same for a trace that may not fit into memory: the spans may be [`without_texts`](super::without_texts), and
    /// `whole` gives the whole of one when its rows are made.
    pub fn map_each(
        &mut self,
        spans: Vec<Span>,
        whole: &mut dyn FnMut(&Span) -> Option<Span>,
        out: &mut dyn FnMut(Event),
    ) {
        let Some(trace_id) = spans.first().map(|span| span.trace_id.clone()) else { return };
        let known = self.traces.remove(&trace_id);
        let is_new = known.is_none();
        let mut past = known.unwrap_or_default();
        let before = past.spans.len();
        let entries = self.entries(spans, &past);
        let verdicts = cover(&nodes(&entries, &past));
        let mut order: Vec<(usize, &Entry)> = entries.iter().enumerate().collect();
        // What is around others begins first, even in the same nanosecond.
        order.sort_by_key(|(_, Entry { span, .. })| {
            (span.start_ns, std::cmp::Reverse(span.end_ns), &span.span_id)
        });
        for (i, entry) in order {
            let mut events = Vec::new();
            self.add(entry, verdicts[i], &entries, &mut past, whole, &mut events);
            events.into_iter().for_each(&mut *out);
        }
        past.spans.extend(entries.into_iter().zip(verdicts).filter_map(decided));
        if !trace_id.is_empty() {
            self.remember(trace_id, past, is_new, before);
        }
    }

    /// The spans that have not come before.
    fn entries(&mut self, spans: Vec<Span>, past: &Past) -> Vec<Entry> {
        let mut seen: HashSet<String> = HashSet::new();
        let mut entries = Vec::with_capacity(spans.len());
        for span in spans {
            let id = &span.span_id;
            if !id.is_empty() && (past.spans.contains_key(id) || !seen.insert(id.clone())) {
                self.counts.repeated += 1;
                continue;
            }
            let usage = Usage::of(&span);
            let role = Role::of(&span, &usage);
            let tool = (role == Role::Tool).then(|| rows::tool_name(&span)).flatten();
            entries.push(Entry { span, usage, role, tool });
        }
        entries
    }

    /// The rows of one span.
    fn add(
        &mut self,
        entry: &Entry,
        verdict: Verdict,
        entries: &[Entry],
        past: &mut Past,
        whole: &mut dyn FnMut(&Span) -> Option<Span>,
        events: &mut Vec<Event>,
    ) {
        let counts = &mut self.counts;
        *match entry.role {
            Role::Llm if verdict.standing == Standing::Covered => &mut counts.wrappers,
            Role::Llm if verdict.standing == Standing::Late => &mut counts.late,
            Role::Llm => &mut counts.llm_calls,
            Role::Tool if verdict.same_call => &mut counts.wrappers,
            Role::Tool => &mut counts.tool_calls,
            Role::Around => &mut counts.around,
            Role::Other => &mut counts.unrelated,
        } += 1;
        if entry.role == Role::Tool && !verdict.same_call {
            events.push(self.tool_call(&of(entry, whole), past));
        }
        let carries = entry.role == Role::Llm || entry.usage.is_known();
        if carries && verdict.standing == Standing::Own {
            self.add_llm_call(entry, verdict, entries, past, whole, events);
        }
        if entry.role == Role::Around && is_failed(&entry.span) && !verdict.failed_below {
            events.push(rows::failure(&of(entry, whole), &mut self.long));
        }
    }

    /// The new messages of an LLM call, and the row of the call.
    fn add_llm_call(
        &mut self,
        entry: &Entry,
        verdict: Verdict,
        entries: &[Entry],
        past: &mut Past,
        whole: &mut dyn FnMut(&Span) -> Option<Span>,
        events: &mut Vec<Event>,
    ) {
        let span = &*of(entry, whole);
        let is_call = entry.role == Role::Llm;
        self.counts.sums_counted += u64::from(!is_call);
        let giver = verdict.usage_from.map(|(sum, of_others)| (&entries[sum], of_others));
        let (usage, is_sum) =
            giver.map_or((&entry.usage, !is_call), |(giver, of_others)| (&giver.usage, of_others));
        let mut talk = Talk::of(span);
        if let Some(wrapper) = verdict.wrapper {
            talk.complete(Talk::of(&of(&entries[wrapper], whole)));
        }
        for (call, result) in self.tool_calls.answered(&talk.input) {
            self.counts.calls_in_messages += 1;
            events.push(rows::answered_call(&call, result, span));
        }
        let conversation = self.conversations.entry(conversation(span)).or_default();
        let new = conversation.new_messages(&talk.input);
        events.extend(new.into_iter().map(|said| rows::message(span, said)));
        self.tool_calls.ask(&talk, &span.span_id, span.end_ns);
        let usage_from = giver.map(|(giver, _)| &giver.span);
        events.push(rows::llm_call(span, usage, &talk, is_sum, usage_from, &mut self.long));
        past.last_call = Some(span.span_id.clone()).filter(|id| !id.is_empty());
    }

    fn tool_call(&mut self, span: &Span, past: &Past) -> Event {
        let asked = self.tool_calls.close(rows::tool_call_id(span).as_deref());
        let asker =
            asked.as_ref().map(|call| call.asker.as_str()).filter(|asker| !asker.is_empty());
        rows::tool_call(span, asker.or(past.last_call.as_deref()), &mut self.long)
    }

    fn remember(&mut self, trace_id: String, past: Past, is_new: bool, before: usize) {
        self.remembered += past.spans.len() - before;
        if is_new {
            self.order.push_back(trace_id.clone());
        }
        self.traces.insert(trace_id, past);
        while self.remembered > MOST_REMEMBERED && self.order.len() > 1 {
            let oldest = self.order.pop_front().and_then(|id| self.traces.remove(&id));
            self.remembered -= oldest.map_or(0, |past| past.spans.len());
        }
    }
}

/// The whole span of an entry.
fn of<'e>(entry: &'e Entry, whole: &mut dyn FnMut(&Span) -> Option<Span>) -> Cow<'e, Span> {
    whole(&entry.span).map_or(Cow::Borrowed(&entry.span), Cow::Owned)
}

/// New spans, then those that were decided before.
fn nodes<'a>(entries: &'a [Entry], past: &'a Past) -> Vec<Node<'a>> {
    let new = entries.iter().map(|Entry { span, usage, role, tool }| Node {
        id: &span.span_id,
        parent: span.parent_id.as_deref(),
        role: *role,
        has_usage: usage.is_known(),
        failed: is_failed(span),
        tool: tool.as_deref(),
        end_ns: span.end_ns,
        decided: None,
    });
    let old = past.spans.iter().map(|(id, decided)| Node {
        id,
        parent: decided.parent.as_deref(),
        role: decided.role,
        has_usage: decided.counted,
        failed: decided.failed,
        tool: decided.tool.as_deref(),
        end_ns: None,
        decided: Some(decided.counted),
    });
    new.chain(old).collect()
}

/// What is remembered of a span that has an identifier.
fn decided((entry, verdict): (Entry, Verdict)) -> Option<(String, Decided)> {
    let Entry { span, usage, role, tool } = entry;
    let has_tokens = usage.is_known() || verdict.usage_from.is_some();
    let decided = Decided {
        failed: is_failed(&span),
        parent: span.parent_id,
        role,
        counted: has_tokens && verdict.standing == Standing::Own,
        tool,
    };
    (!span.span_id.is_empty()).then_some((span.span_id, decided))
}

fn is_failed(span: &Span) -> bool {
    span.status == SpanStatus::Error
}

/// The conversation that a span says it is part of. Calls that say nothing, each perhaps in a trace of its own, are one: what
/// one of them repeats is kept once.
fn conversation(span: &Span) -> String {
    names::text(span, CONVERSATION).unwrap_or_default()
}
