//! Tool calls that have no span of their own: an instrumentation of a model's client sees them asked for in one answer, and
//! answered in a later request.
//!
//! Where tools have spans, these come first: a tool has ended before the request with its result begins. A call that has
//! had a span is not taken from messages again; and when the spans of tools do not say which call they are, none is.

use super::messages::{Asked, Said, Talk};
use std::collections::HashMap;

/// Tool calls that were asked for, by their identifiers.
#[derive(Debug, Default)]
pub(super) struct ToolCalls {
    open: HashMap<String, OpenCall>,
    /// Whether there are spans of tools that do not say which call they are.
    has_nameless: bool,
}

/// A tool call that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenCall {
    pub(super) asked: Asked,
    /// The LLM call that asked for it, and when that ended.
    pub(super) asker: String,
    pub(super) asked_ns: Option<u64>,
}

impl ToolCalls {
    /// Keeps what an answer asks for.
    pub(super) fn ask(&mut self, talk: &Talk, asker: &str, asked_ns: Option<u64>) {
        for asked in talk.asked() {
            if let Some(id) = &asked.id {
                let call = OpenCall { asked: asked.clone(), asker: asker.to_owned(), asked_ns };
                self.open.insert(id.clone(), call);
            }
        }
    }

    /// A span of a tool call has come: what was asked for.
    pub(super) fn close(&mut self, id: Option<&str>) -> Option<OpenCall> {
        self.has_nameless |= id.is_none();
        self.open.remove(id?)
    }

    /// The calls whose results a request brings, with their results, and which have had no span.
    pub(super) fn answered(&mut self, input: &[Said]) -> Vec<(OpenCall, String)> {
        if self.has_nameless {
            return Vec::new();
        }
        let results = input.iter().flat_map(|said| &said.results);
        results.filter_map(|(id, text)| Some((self.open.remove(id)?, text.clone()))).collect()
    }
}
