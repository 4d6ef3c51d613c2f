//! Messages to rows: replies that are spread over records, tool calls in them, results that come later.

use super::super::fields::Fields;
use super::super::rows::{RowId, Rows, millis_between};
use super::super::{ImportError, ImportReport};
use super::blocks::{Blocks, ToolResult, append};
use super::results::fill_result;
use crate::trace::{Event, Kind, Timestamp};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// The rows of a run, and the replies in it that are not complete.
pub(in super::super) struct Talk<'s> {
    pub(in super::super) rows: Rows<'s>,
    open: HashMap<String, OpenReply>,
    /// Tool calls that have their result, by thread and id.
    answered: HashSet<u64>,
}

/// A reply of which more records may come.
struct OpenReply {
    row: RowId,
    attributes: Fields,
    called: Vec<String>,
}

/// One record of a reply.
pub(in super::super) struct Reply<'a> {
    /// The agent that got it, empty for the main one.
    pub(in super::super) thread: &'a str,
    /// Identifier of the call.
    pub(in super::super) id: &'a str,
    /// The row as far as it is known: times, usage, finish reason, parent.
    pub(in super::super) event: Event,
    pub(in super::super) blocks: Blocks,
    /// Attributes of the row; those of a later record go over those of an earlier one.
    pub(in super::super) attributes: Fields,
    /// Attributes of the tool calls in this record.
    pub(in super::super) of_calls: Fields,
    /// When the record was written: the start of its tool calls.
    pub(in super::super) written: Option<Timestamp>,
    /// No further record of this reply comes.
    pub(in super::super) last: bool,
}

/// Where a record stands, for the account of it.
#[derive(Clone, Copy)]
pub(in super::super) struct Place<'a> {
    pub(in super::super) path: &'a Path,
    pub(in super::super) line: usize,
}

impl<'s> Talk<'s> {
    /// On the rows of a run.
    pub(in super::super) fn on(rows: Rows<'s>) -> Self {
        Self { rows, open: HashMap::new(), answered: HashSet::new() }
    }

    /// Adds a record of a reply. True when it is the first of it.
    pub(in super::super) fn say(&mut self, mut reply: Reply<'_>) -> Result<bool, ImportError> {
        let calls = std::mem::take(&mut reply.blocks.calls);
        let first = !self.open.contains_key(reply.id);
        if first {
            self.begin(&mut reply)?;
        } else {
            self.go_on(&mut reply);
        }
        for call in calls {
            let Some(open) = self.open.get_mut(reply.id) else { break };
            let id = call.id.unwrap_or_else(|| format!("{}#{}", reply.id, open.called.len()));
            // A record that is written again repeats its calls.
            if open.called.contains(&id) {
                continue;
            }
            open.called.push(id.clone());
            let mut event = Event::new(Kind::ToolCall);
            event.ts = reply.written;
            event.event_id = Some(id.clone());
            event.parent_event_id = Some(reply.id.to_owned());
            event.tool_call_id = Some(id);
            event.tool_name = Some(call.name);
            event.arguments = Some(call.arguments);
            let mut attributes = reply.of_calls.clone();
            for (name, value) in call.rest.into_pairs() {
                attributes.keep(&name, value);
            }
            event.attributes = attributes.rest();
            self.rows.call(reply.thread, event)?;
        }
        if reply.last {
            self.close(reply.id)?;
        }
        Ok(first)
    }

    /// Whether more records of a reply may come.
    pub(in super::super) fn is_open(&self, id: &str) -> bool {
        self.open.contains_key(id)
    }

    /// No further record of a reply comes.
    pub(in super::super) fn close(&mut self, id: &str) -> Result<(), ImportError> {
        match self.open.remove(id) {
            Some(open) => self.rows.release(open.row),
            None => Ok(()),
        }
    }

    /// Adds a tool result to the row of its call; true when there is one. A result that is there already is a duplicate,
    /// one without a call gets a row of its own.
    pub(in super::super) fn answer(
        &mut self,
        thread: &str,
        result: ToolResult,
        own: Option<Value>,
        fields: Fields,
        ended: Option<Timestamp>,
    ) -> Result<Answer, ImportError> {
        let id = result.call_id.clone();
        let mut given = Some((result, own, fields));
        let filled = self.rows.answer(thread, &id, |event| {
            if let Some((result, own, fields)) = given.take() {
                fill_result(event, result, own, fields);
                event.duration_ms = millis_between(event.ts, ended);
            }
        })?;
        let known = !self.answered.insert(hash_of(&(thread, &id)));
        if filled {
            return Ok(Answer::Filled);
        }
        if known {
            return Ok(Answer::Repeated);
        }
        if let Some((result, own, fields)) = given {
            let mut event = Event::new(Kind::Error);
            event.ts = ended;
            event.tool_call_id = Some(id);
            event.role = Some("tool".to_owned());
            fill_result(&mut event, result, own, fields);
            self.rows.orphan_result(event)?;
        }
        Ok(Answer::Orphan)
    }

    fn begin(&mut self, reply: &mut Reply<'_>) -> Result<(), ImportError> {
        let mut event = std::mem::replace(&mut reply.event, Event::new(Kind::LlmCall));
        let mut attributes = std::mem::take(&mut reply.attributes);
        let blocks = std::mem::take(&mut reply.blocks);
        event.role = Some("assistant".to_owned());
        event.event_id = Some(reply.id.to_owned());
        event.response_id = Some(reply.id.to_owned());
        add_blocks(&mut event, &mut attributes, blocks);
        event.attributes = attributes.to_rest();
        let row = self.rows.hold(event)?;
        self.open.insert(reply.id.to_owned(), OpenReply { row, attributes, called: Vec::new() });
        Ok(())
    }

    fn go_on(&mut self, reply: &mut Reply<'_>) {
        let Some(open) = self.open.get_mut(reply.id) else { return };
        let later = &mut reply.event;
        let blocks = std::mem::take(&mut reply.blocks);
        let added = std::mem::take(&mut reply.attributes);
        let attributes = &mut open.attributes;
        self.rows.amend(open.row, |event| {
            if later.finish_reason.is_some() {
                event.finish_reason = later.finish_reason.take();
            }
            if later.usage_quality.is_some() {
                event.input_tokens = later.input_tokens;
                event.cache_read_tokens = later.cache_read_tokens;
                event.cache_write_tokens = later.cache_write_tokens;
                event.output_tokens = later.output_tokens;
                event.usage_quality = later.usage_quality;
            }
            if later.cost_usd > event.cost_usd {
                event.cost_usd = later.cost_usd;
                event.cost_source = later.cost_source;
            }
            if later.error_type.is_some() {
                event.error_type = later.error_type.take();
            }
            let mut changed = !blocks.reasoning.is_empty()
                || !blocks.others.is_empty()
                || blocks.sealed_bytes > 0;
            // The id of the first record stands for all of them.
            for (name, value) in added.into_pairs().filter(|(name, _)| name != "uuid") {
                changed |= attributes.peek(&name) != Some(&value).filter(|v| !v.is_null());
                attributes.keep(&name, value);
            }
            add_blocks(event, attributes, blocks);
            if changed {
                event.attributes = attributes.to_rest();
            }
        });
    }
}

/// What became of a tool result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Answer {
    Filled,
    Repeated,
    Orphan,
}

impl Answer {
    /// Of the results in one record, the one that says what becomes of it.
    pub(in super::super) fn weight(self) -> u8 {
        match self {
            Self::Repeated => 0,
            Self::Filled => 1,
            Self::Orphan => 2,
        }
    }

    /// Counts the record of a tool result.
    pub(in super::super) fn account(
        self,
        report: &mut ImportReport,
        place: Place<'_>,
        call_id: &str,
    ) {
        match self {
            Self::Filled => report.merge("tool result in the row of its call"),
            Self::Repeated => {
                report.duplicate("tool result given again", place.path, place.line, call_id);
            }
            Self::Orphan => report.used(),
        }
    }
}

fn add_blocks(event: &mut Event, attributes: &mut Fields, blocks: Blocks) {
    if !blocks.text.is_empty() {
        let content = event.content.get_or_insert_default();
        // A record that is written again repeats its text.
        if !content.ends_with(&blocks.text) {
            append(content, blocks.text);
        }
    }
    add_reasoning(attributes, blocks.reasoning);
    if !blocks.others.is_empty() {
        let mut all = attributes.array("blocks").unwrap_or_default();
        all.extend(blocks.others.into_iter().filter(|b| !all.contains(b)).collect::<Vec<_>>());
        attributes.keep("blocks", all);
    }
    if blocks.sealed_bytes > 0 {
        let bytes = attributes.int("sealed_reasoning_bytes").unwrap_or(0);
        let more = i64::try_from(blocks.sealed_bytes).unwrap_or(i64::MAX);
        attributes.keep("sealed_reasoning_bytes", bytes.saturating_add(more));
    }
}

fn add_reasoning(attributes: &mut Fields, more: String) {
    if more.is_empty() {
        return;
    }
    let mut reasoning = attributes.text("reasoning").unwrap_or_default();
    if !reasoning.ends_with(&more) {
        append(&mut reasoning, more);
    }
    attributes.keep("reasoning", reasoning);
}

/// A hash that is the same within a process.
pub(in super::super) fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
