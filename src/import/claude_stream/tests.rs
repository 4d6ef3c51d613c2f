//! Streams written for the test, one trap each, and the real ones.

use super::super::made::{import_at, sample};

#[test]
fn samples_print() {
    let Some(path) = sample("claude-code-stream-json") else { return };
    for run in import_at(&path) {
        eprintln!("{:?} {:#?}", run.run, run.report);
        for e in &run.events {
            eprintln!(
                "{} {:?} {:?} {:?} {:?} {:?} {:?} {:.200}",
                e.kind,
                e.event_id,
                e.tool_name,
                e.tool_status,
                e.input_tokens,
                e.output_tokens,
                e.cost_usd,
                e.attributes.clone().unwrap_or_default()
            );
        }
    }
}
