//! Real traces, and what damaged ones do.

use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use super::super::sink::Imported;
use crate::trace::Kind;

fn named<'r>(runs: &'r [Imported], agent: &str) -> &'r Imported {
    runs.iter().find(|run| run.run.agent.as_deref() == Some(agent)).unwrap()
}

#[test]
fn dump() {
    for s in [
        "otlp-genai/GENERATED_pydantic-ai-1.107_semconv-v2-attrs.jsonl",
        "otlp-genai/GENERATED_pydantic-ai-1.107_semconv-v1-events.jsonl",
        "otlp-genai/langwatch_payload_claude_code.json",
        "otel-nonotlp",
    ] {
        let Some(path) = sample(s) else { return };
        for run in import_at(&path) {
            eprintln!("{:#?}\n{:#?}", run.run, run.report);
            for e in &run.events {
                eprintln!("{}", serde_json::to_string(e).unwrap());
            }
        }
    }
}
