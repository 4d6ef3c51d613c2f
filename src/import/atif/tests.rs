//! Trajectories, made and real.

use super::super::made::{import_at, of_kind, sample, total};
use crate::trace::Kind;

#[test]
fn look() {
    let Some(path) = sample("harbor-atif") else { return };
    for run in import_at(&path) {
        eprintln!(
            "{:?}\n  calls {} tools {} in {:?} cr {:?} cw {:?} out {:?}\n  {:#?}",
            run.run,
            of_kind(&run, Kind::LlmCall).len(),
            of_kind(&run, Kind::ToolCall).len(),
            total(&run, |e| e.input_tokens),
            total(&run, |e| e.cache_read_tokens),
            total(&run, |e| e.cache_write_tokens),
            total(&run, |e| e.output_tokens),
            run.report
        );
        for e in &run.events {
            let mut t = serde_json::to_string(e).unwrap();
            if t.len() > 600 {
                t = t.chars().take(600).collect();
            }
            eprintln!("   {t}");
        }
    }
}
