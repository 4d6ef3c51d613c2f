//! A run as an OpenTelemetry trace: one document of OTLP/JSON, with the names of the GenAI semantic conventions.
//!
//! The run is a span of an agent; its stages, and agents below it, are spans in it; calls of models and tools are spans in
//! these. Columns that the conventions have no name for stand under `ramptrace.<column>`, so that nothing is lost, and rows
//! that are no spans (grades, messages, the run's description) are events of the span they belong to. The identifiers
//! follow from the run's id and the rows' places: the same run gives the same document.
//!
//! * `tree`: which spans there are, and what is in which
//! * `span`: a span, and how OTLP/JSON writes it
//! * `columns`: the columns of a row as attributes

mod columns;
mod span;
#[cfg(test)]
mod tests;
mod tree;

use super::Exported;
use crate::trace::{Event, RunFacts, TOOL_VERSION, encoded};
use serde_json::{Value, json};
use span::attribute;
use tree::Tree;

/// Exports a run.
pub fn otlp(run: &RunFacts, events: impl Iterator<Item = Event>) -> Exported {
    let mut tree = Tree::of(run);
    let mut start_us = None;
    for event in events {
        // Offsets of what is before the start are 0.
        let start =
            event.ts.zip(event.offset_us).map(|(ts, offset)| ts.micros().saturating_sub(offset));
        start_us = start_us.max(start);
        tree.add(event);
    }
    let resource = resource(run, start_us);
    let document = json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{
            "scope": { "name": "ramptrace", "version": TOOL_VERSION },
            "spans": tree.into_spans(),
        }],
    }] });
    Exported {
        documents: vec![(format!("{}.otlp.json", encoded(&run.run_id)), document)],
        ..Exported::default()
    }
}

/// What is true of all spans: the facts of the run, and the instant from which its offsets are counted.
fn resource(run: &RunFacts, start_us: Option<i64>) -> Vec<Value> {
    let service = run.agent.as_deref().unwrap_or(&run.workload);
    let mut attributes = vec![attribute("service.name", &service.into())];
    for (name, text) in [
        ("ramptrace.run_id", Some(&run.run_id)),
        ("ramptrace.workload", Some(&run.workload)),
        ("ramptrace.model", Some(&run.model)),
        ("ramptrace.provider", run.provider.as_ref()),
        ("ramptrace.agent", run.agent.as_ref()),
        ("ramptrace.protocol", run.protocol.as_ref()),
    ] {
        attributes.extend(text.map(|text| attribute(name, &text.as_str().into())));
    }
    attributes.extend(start_us.map(|start| attribute("ramptrace.start_us", &start.into())));
    attributes
}
