//! Real trajectories, with numbers that were counted by other means.

use super::super::super::made::{import_at, of_kind, sample, total};
use super::super::super::sink::Imported;
use super::logs::{ID, calls, warned};
use crate::trace::Kind;

#[test]
fn the_trajectory_of_a_real_claude_trial() {
    let Some(path) = sample(
        "harbor-atif/lwhere1314_Harness-TrajecDebug__trials/tb21-kv-store-grpc-claude-code-k6/kv-store-grpc__L7ipooF/agent/trajectory.json",
    ) else {
        return;
    };
    let run = &import_at(&path)[0];
    assert_eq!(run.run.run_id, ID);
    assert_eq!((calls(run).len(), of_kind(run, Kind::ToolCall).len()), (11, 12));
    let sums = [
        total(run, |e| e.input_tokens),
        total(run, |e| e.cache_read_tokens),
        total(run, |e| e.cache_write_tokens),
        total(run, |e| e.output_tokens),
    ];
    assert_eq!(sums, [Some(248_649), Some(176_992), Some(71_613), Some(1_632)]);
    assert!(warned(run, "final_metrics says 374965 prompt tokens"));
    let failed: Vec<i64> = run.events.iter().filter_map(|e| e.exit_code).collect();
    assert_eq!(failed, [127]);
    assert_eq!(run.report.lost(), 0);
    assert_eq!(run.report.merged["another step of the same reply"], 13);
}

#[test]
fn the_goldens_of_openhands_and_terminus() {
    let Some(path) = sample("harbor-atif") else { return };
    let runs: Vec<Imported> =
        import_at(&path).into_iter().filter(|r| r.report.format == "atif").collect();
    assert_eq!(runs.len(), 3);
    let of = |agent: &str| {
        runs.iter().filter(|r| r.run.agent.as_deref() == Some(agent)).collect::<Vec<_>>()
    };
    for run in of("openhands") {
        assert_eq!((calls(run).len(), of_kind(run, Kind::ToolCall).len()), (2, 2));
        assert_eq!(
            (total(run, |e| e.input_tokens), total(run, |e| e.output_tokens)),
            (Some(220), Some(80))
        );
        assert_eq!(run.report.lost(), 0);
    }
    let terminus = of("terminus-2")[0];
    assert_eq!(
        (calls(terminus).len(), total(terminus, |e| e.input_tokens)),
        (7, Some(2_252 + 4_250))
    );
    assert!(warned(terminus, "7802 prompt tokens, the calls in the document add up to 6502"));
    assert_eq!(terminus.run.provider.as_deref(), Some("openai"));
    assert_eq!(terminus.report.lost(), 0);
}
