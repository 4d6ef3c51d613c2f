//! Real logs.

use super::super::super::made;

#[test]
fn debug_dump() {
    let Some(folder) = made::sample("inspect") else { return };
    for run in made::import_at(&folder) {
        println!("RUN {:?}", run.run);
        let r = &run.report;
        println!(
            "  read {} used {} ev {} merged {:?} dup {:?} skip {:?} unknown {:?} rej {:?} warn {:?}\n   nocol {:?}",
            r.records_read,
            r.records_used,
            r.events_written,
            r.merged,
            r.duplicates,
            r.skipped,
            r.unknown,
            r.rejected,
            r.warnings,
            r.fields_without_column
        );
        for e in &run.events {
            let short = |t: &Option<String>, n: usize| {
                t.as_deref().map(|t| t.chars().take(n).collect::<String>())
            };
            println!(
                "  {} {} st{:?} id{:?} par{:?} ts{:?} dur{:?} role{:?} {:?} in{:?} cr{:?} cw{:?} out{:?} rs{:?} q{:?} fin{:?} tool{:?} {:?} args{:?} exit{:?} status{:?} err{:?} score{:?} pass{:?} ss{:?} end{:?} el{:?}\n       A {:?}",
                e.seq,
                e.kind,
                e.stage,
                e.event_id,
                e.parent_event_id,
                e.ts.map(|t| t.to_string()),
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
                short(&e.attributes, 600)
            );
        }
    }
}
