//! Broken rollouts.

use super::super::super::made::{assert_survives, sample, try_import};
use super::*;

#[test]
fn damaged_logs_are_runs_or_errors() {
    let samples = [
        "codex-rollout/lanegrid_agtrace__codex_session.jsonl",
        "codex-rollout/ccusage_branch-history_branch.jsonl",
        "codex-rollout/lanegrid_agtrace__rollout-parent-019b88e0.jsonl",
        "codex-rollout/ryoppippi_ccusage__session-alpha.jsonl",
    ];
    let paths: Vec<_> = samples.iter().filter_map(|name| sample(name)).collect();
    if !paths.is_empty() {
        assert_survives(&paths, 1000);
    }
}

#[test]
fn no_log_at_all() {
    for text in ["", "{}\n", "[]\n", "nothing", "{\"type\":\"event_msg\"}\n"] {
        assert!(try_import(&[("r.jsonl", text.as_bytes())]).is_err(), "{text:?}");
    }
}

#[test]
fn bad_lines_are_counted_and_the_rest_is_read() {
    let deep = "[".repeat(100_000);
    let huge = format!(
        "{{\"type\":\"event_msg\",\"payload\":{{\"type\":\"warning\",\"message\":\"{}\"}}}}",
        "x".repeat(3 << 20)
    );
    let run = import_one(&[
        meta("t"),
        deep,
        "{\"torn".to_owned(),
        "7".to_owned(),
        json!({"type": "event_msg"}).to_string(),
        huge,
        event(1, &json!({"type": "something_new"})),
        item(1, &json!({"type": "something_else"})),
        line(1, "new_kind", &json!({})),
        json!({"timestamp": "yesterday", "type": "response_item", "payload":
            {"type": "message", "role": "assistant", "content": "text"}})
        .to_string(),
        output(2, "never made", "x"),
        event(
            3,
            &json!({"type": "token_count", "info": {"total_token_usage":
            {"input_tokens": -5, "output_tokens": i64::MAX, "total_tokens": 1e300}}}),
        ),
    ]);
    assert_eq!(run.report.rejected_records, 4);
    assert_eq!(run.report.rejected_values, 1);
    assert_eq!(run.report.unknown.len(), 3, "{:?}", run.report.unknown);
    assert_eq!(run.report.rejected[0].line, 2);
}

#[test]
fn counts_beyond_reason_do_no_harm() {
    let most = i64::MAX;
    let all = json!({"input_tokens": most, "cached_input_tokens": most, "output_tokens": most});
    let mut lines = vec![meta("t"), context(1, "gpt"), count(2, &all, None)];
    lines.push(event(
        3,
        &json!({"type": "token_count", "info": {"last_token_usage":
        {"input_tokens": i64::MAX, "output_tokens": 5, "reasoning_output_tokens": 9}}}),
    ));
    lines.push(line(
        4,
        "token_usage_record",
        &json!({"thread_id": "t", "usage": {
        "input_tokens": i64::MAX, "output_tokens": i64::MAX}}),
    ));
    assert_eq!(import_one(&lines).report.lost(), 0);
}

#[test]
fn importing_twice_gives_the_same() {
    let lines = [
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        call(2, "shell", "a", &json!({})),
        output(3, "a", "x"),
        reply(4, "b"),
    ];
    assert_eq!(import_one(&lines).events, import_one(&lines).events);
}
