//! Real rollouts, with numbers that were counted by hand.

use super::super::super::made::{import_at, of_kind, sample, total};
use super::*;
use crate::trace::{EndReason, Kind, ToolKind};

fn nothing_lost(run: &Imported) {
    assert_eq!(run.report.lost(), 0, "{:?} {:?}", run.report.unknown, run.report.rejected);
}

#[test]
fn a_session_of_0_66() {
    let Some(path) = sample("codex-rollout/lanegrid_agtrace__codex_session.jsonl") else { return };
    let runs = import_at(&path);
    let run = &runs[0];
    nothing_lost(run);
    assert_eq!(run.run.run_id, "019b04ae-b1c6-7c72-a134-a4c2de66058c");
    assert_eq!(run.run.model, "gpt-5.1-codex-max");
    assert_eq!(run.run.workload, "agent-sample");
    // The last total of its counter.
    assert_eq!(total(run, |e| e.input_tokens), Some(26_740));
    assert_eq!(total(run, |e| e.cache_read_tokens), Some(22_912));
    assert_eq!(total(run, |e| e.output_tokens), Some(408));
    assert_eq!(total(run, |e| e.reasoning_tokens), Some(128));
    assert_eq!(of_kind(run, Kind::LlmCall).len(), 7);
    let tools = of_kind(run, Kind::ToolCall);
    let codes: Vec<_> = tools.iter().map(|t| t.exit_code).collect();
    assert_eq!(codes, [Some(0), Some(0), Some(1), Some(1), Some(0)]);
    let kinds: Vec<_> = tools.iter().filter_map(|t| t.tool_kind).collect();
    let (shell, edit) = (ToolKind::Shell, ToolKind::Edit);
    assert_eq!(kinds, [shell, edit, shell, shell, shell]);
    assert!(of_kind(run, Kind::LlmCall).iter().all(|c| c.context_limit == Some(258_400)));
    assert_eq!(of_kind(run, Kind::StageResult)[0].end_reason, Some(EndReason::AgentMessage));
    assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
}

#[test]
fn a_fork_of_which_nothing_but_the_counts_is_left() {
    let Some(folder) = sample("codex-rollout") else { return };
    let runs = import_at(&folder);
    let of = |name: &str| runs.iter().find(|r| r.report.source.ends_with(name)).unwrap();
    let branch = of("ccusage_branch-history_branch.jsonl");
    assert_eq!(total(branch, |e| e.input_tokens), Some(600));
    assert_eq!(total(branch, |e| e.output_tokens), Some(250));
    // Without an id its name and a hash of its bytes (coreutils sha256sum).
    assert_eq!(branch.run.run_id, "ccusage_branch-history_branch-67e83e30");
    let parent = of("ccusage_branch-history_parent.jsonl");
    assert_eq!(total(parent, |e| e.input_tokens), Some(1000));
    assert_eq!(total(parent, |e| e.output_tokens), Some(200));
    // A reviewer that names no parent was started when the review began, in the same folder.
    let review = of("lanegrid_agtrace__rollout-parent-019b88e0.jsonl");
    let reviewer = review.events.iter().find(|e| attributes(e)["agent_type"] == "review").unwrap();
    assert_eq!(attributes(reviewer)["agent_id"], "019b88e5-a2e4-7b90-8953-38fce393c653");
    assert_eq!(runs.len(), 5, "six files, one of them a sub-agent's");
    runs.iter().for_each(nothing_lost);
}

#[test]
fn a_log_with_totals_that_are_no_sums() {
    let Some(path) = sample("codex-rollout/ryoppippi_ccusage__session-alpha.jsonl") else { return };
    let run = import_at(&path).remove(0);
    nothing_lost(&run);
    assert_eq!(total(&run, |e| e.input_tokens), Some(3500));
    assert_eq!(total(&run, |e| e.output_tokens), Some(425));
    assert_eq!(run.report.warnings.len(), 1, "4200 is not 3925: {:?}", run.report.warnings);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(attributes(calls[1])["model"], "gpt-5.3-codex");
}
