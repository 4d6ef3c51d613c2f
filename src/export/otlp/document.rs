//! The document of a run: what is true of all its spans, and the spans.

use super::super::Exported;
use super::span::attribute;
use super::tree::Tree;
use crate::trace::{Event, RunFacts, TOOL_VERSION, encoded};
use serde_json::{Value, json};

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
