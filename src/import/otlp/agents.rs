//! Agents below others: one that is called by a tool, or by another agent, is a thread of its own in the run.

use crate::capture::otlp::genai::Glance;
use crate::capture::otlp::spans::Span;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Spans above one that are looked at: more than any agent nests, and an end to cycles.
const HIGHEST: usize = 500;

/// Agents of which descriptions are kept.
const LISTED: usize = 1000;
/// Bytes of an attribute above which it is a text.
const LONGEST: usize = 2048;

/// The agents of a trace.
#[derive(Debug, Default)]
pub(super) struct Agents {
    spans: HashMap<String, Standing>,
}

/// What is known of a span.
#[derive(Debug)]
struct Standing {
    parent: Option<String>,
    is_agent: bool,
    is_tool: bool,
    name: Option<String>,
}

/// What the agents of a trace say of themselves, and of the tokens of all that is below them.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) agents: Vec<Value>,
    /// Input and output tokens of the agents that are below no other.
    pub(super) tokens: Option<(i64, i64)>,
}

/// An agent below another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SubAgent {
    /// Its span.
    pub(super) id: String,
    pub(super) name: Option<String>,
    /// The tool call that it works for.
    pub(super) called_by: Option<String>,
}

impl Agents {
    pub(super) fn of(spans: &[Span]) -> Self {
        let standing = |span: &Span| {
            let glance = Glance::of(span);
            Standing {
                parent: span.parent_id.clone(),
                is_agent: glance.is_agent,
                is_tool: glance.is_tool,
                name: glance.agent,
            }
        };
        Self { spans: spans.iter().map(|span| (span.span_id.clone(), standing(span))).collect() }
    }

    /// The agent below another that a span is part of, the innermost.
    pub(super) fn below(&self, span_id: &str) -> Option<SubAgent> {
        let mut above = self.above(span_id);
        let (id, agent) = above.find(|(_, standing)| standing.is_agent)?;
        let mut called_by = None;
        let mut is_below = false;
        for (above_id, standing) in above {
            if standing.is_tool && !is_below {
                called_by.get_or_insert_with(|| above_id.to_owned());
            }
            is_below |= standing.is_agent;
        }
        let is_sub = is_below || called_by.is_some();
        is_sub.then(|| SubAgent { id: id.to_owned(), name: agent.name.clone(), called_by })
    }

    /// What the agents say, without texts: no row has it.
    pub(super) fn said(&self, spans: &[Span]) -> Said {
        let mut said = Said::default();
        for span in spans {
            if !self.spans.get(&span.span_id).is_some_and(|standing| standing.is_agent) {
                continue;
            }
            if !self.above(&span.span_id).any(|(_, standing)| standing.is_agent) {
                let count = |name: &str| span.attributes.get(name).and_then(Value::as_i64);
                let tokens =
                    count("gen_ai.usage.input_tokens").zip(count("gen_ai.usage.output_tokens"));
                if let Some((input, output)) = tokens {
                    let (known_input, known_output) = said.tokens.unwrap_or_default();
                    said.tokens = Some((
                        known_input.saturating_add(input),
                        known_output.saturating_add(output),
                    ));
                }
            }
            if said.agents.len() < LISTED {
                said.agents.push(description(span));
            }
        }
        said
    }

    fn above<'a>(&'a self, span_id: &str) -> impl Iterator<Item = (&'a str, &'a Standing)> {
        let parent = |id: &str| {
            let (id, _) = self.spans.get_key_value(self.spans.get(id)?.parent.as_deref()?)?;
            Some(id.as_str())
        };
        std::iter::successors(parent(span_id), move |id| parent(id))
            .take(HIGHEST)
            .filter_map(|id| Some((id, self.spans.get(id)?)))
    }
}

fn description(span: &Span) -> Value {
    let is_short = |value: &Value| value.to_string().len() <= LONGEST;
    let (kept, long): (Map<String, Value>, Map<String, Value>) = span
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .partition(|(_, value)| is_short(value));
    let left_out: Vec<String> = long.into_iter().map(|(name, _)| name).collect();
    json!({
        "span_id": span.span_id,
        "parent_span_id": span.parent_id,
        "name": span.name,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "attributes": kept,
        "left_out": left_out,
    })
}
