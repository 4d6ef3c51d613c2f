//! Trials, made and real.

use super::super::made::{import_at, of_kind, sample, total};
use super::super::sink::Imported;
use crate::trace::{Event, Kind};

const KV_STORE: &str = "harbor-atif/lwhere1314_Harness-TrajecDebug__trials/tb21-kv-store-grpc-claude-code-k6/kv-store-grpc__L7ipooF";

/// Names and ids of the tool calls.
fn tool_calls(run: &Imported) -> Vec<(String, String)> {
    let of = |e: &&Event| {
        (e.tool_name.clone().unwrap_or_default(), e.tool_call_id.clone().unwrap_or_default())
    };
    of_kind(run, Kind::ToolCall).iter().map(of).collect()
}

fn tokens(run: &Imported) -> [Option<i64>; 4] {
    [
        total(run, |e| e.input_tokens),
        total(run, |e| e.cache_read_tokens),
        total(run, |e| e.cache_write_tokens),
        total(run, |e| e.output_tokens),
    ]
}

#[test]
fn session_stdout_and_atif_of_one_trial_agree() {
    let Some(trial) = sample(KV_STORE) else { return };
    let agent = trial.join("agent");
    let one = |path: &std::path::Path| {
        let mut runs = import_at(path);
        assert_eq!(runs.len(), 1, "{}", path.display());
        runs.remove(0)
    };
    let session = one(&agent.join("sessions"));
    let stdout = one(&agent.join("claude-code.txt"));
    let atif = one(&agent.join("trajectory.json"));
    let whole = one(&trial);
    // What the result line says: 44 + 176,992 + 71,613 tokens of input, 1,632 of output.
    let truth = [Some(44 + 176_992 + 71_613), Some(176_992), Some(71_613), Some(1_632)];
    for run in [&session, &stdout, &atif, &whole] {
        let what = format!("{} {:?}", run.report.format, run.report.warnings);
        let calls = of_kind(run, Kind::LlmCall);
        let answered = calls.iter().filter(|c| c.llm_call_count != Some(0)).count();
        assert_eq!(answered, 11, "{what}");
        assert_eq!(tool_calls(run), tool_calls(&session), "{what}");
        assert_eq!(tool_calls(run).len(), 12);
        assert_eq!(tokens(run), truth, "{what}");
        assert_eq!(run.report.lost(), 0, "{what}");
    }
    // Harbor counted each step of a reply, and left out what was written to the cache.
    for (run, says) in [(&atif, "final_metrics says 374965"), (&whole, "agent_result says 374965")]
    {
        assert!(
            run.report.warnings.iter().any(|w| w.starts_with(says)),
            "{:?}",
            run.report.warnings
        );
    }
    assert_eq!(whole.report.duplicates["another log of the same conversation"], 2);
}
