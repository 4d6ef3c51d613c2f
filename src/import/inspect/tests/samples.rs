//! Real logs.

use super::super::super::made;

#[test]
fn debug_dump() {
    for path in std::env::var("INSP").unwrap_or_default().split(',').filter(|p| !p.is_empty()) {
        for run in made::import_at(std::path::Path::new(path)) {
            println!("RUN {:?}", run.run);
            let r = &run.report;
            println!(
                "  {:?} read {} used {} ev {} merged {:?} dup {:?} skip {:?} unknown {:?} rej {:?} warn {:?}",
                r.source,
                r.records_read,
                r.records_used,
                r.events_written,
                r.merged,
                r.duplicates,
                r.skipped,
                r.unknown,
                r.rejected,
                r.warnings
            );
            for e in &run.events {
                let short = |t: &Option<String>, n: usize| {
                    t.as_deref().map(|t| t.chars().take(n).collect::<String>())
                };
                println!(
                    "  {} {} st{:?}/{:?} id{:?} par{:?} dur{:?} {:?} {:?} in{:?} cr{:?} cw{:?} out{:?} rs{:?} q{:?} fin{:?} | {:?} {:?} args{:?} exit{:?} {:?} err{:?} | {:?} {:?} {:?} {:?} {:?}\n       A {:?}",
                    e.seq,
                    e.kind,
                    e.stage,
                    e.attempt,
                    e.event_id,
                    e.parent_event_id,
                    e.duration_ms,
                    e.role,
                    short(&e.content, 60),
                    e.input_tokens,
                    e.cache_read_tokens,
                    e.cache_write_tokens,
                    e.output_tokens,
                    e.reasoning_tokens,
                    e.usage_quality,
                    e.finish_reason,
                    e.tool_name,
                    e.tool_call_id,
                    short(&e.arguments, 40),
                    e.exit_code,
                    e.tool_status,
                    e.error_type,
                    e.score,
                    e.passed,
                    e.stage_status,
                    e.end_reason,
                    e.elapsed_s,
                    if e.seq > 0 { short(&e.attributes, 1500) } else { None }
                );
            }
        }
    }
}
