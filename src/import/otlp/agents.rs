//! Agents below others: one that is called by a tool, or by another agent, is a thread of its own in the run.

use crate::capture::otlp::genai::Glance;
use crate::capture::otlp::spans::Span;
use std::collections::HashMap;

/// Spans above one that are looked at: more than any agent nests, and an end to cycles.
const HIGHEST: usize = 500;

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
