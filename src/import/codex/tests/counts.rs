//! The traps of token counts.

use super::super::super::made::{of_kind, total};
use super::*;
use crate::trace::{Kind, UsageQuality};

fn tokens(run: &Imported) -> (Option<i64>, Option<i64>) {
    (total(run, |e| e.input_tokens), total(run, |e| e.output_tokens))
}

#[test]
fn trap_1_a_count_that_is_sent_again_is_no_call() {
    let one = usage(3505, 3072, 101, 64);
    let both = usage(7216, 6144, 141, 64);
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        call(2, "shell_command", "a", &json!({})),
        count(3, &one, Some(&one)),
        output(4, "a", "Exit code: 0\nOutput:\n"),
        count(5, &one, Some(&one)),
        count(6, &one, Some(&one)),
        reply(7, "done"),
        count(8, &both, Some(&usage(3711, 3072, 40, 0))),
        count(9, &both, Some(&usage(3711, 3072, 40, 0))),
    ]);
    assert_eq!(tokens(&run), (Some(7216), Some(141)), "what the counter ends with");
    assert_eq!(total(&run, |e| e.cache_read_tokens), Some(6144));
    assert_eq!(total(&run, |e| e.reasoning_tokens), Some(64));
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 2);
    assert_eq!(run.report.duplicates["token_count sent again"], 3);
    assert!(run.report.dup_of[0].dup_of.ends_with("rollout.jsonl:5"), "{:?}", run.report.dup_of);
    assert_eq!(run.report.dup_of[0].line, 7);
}

#[test]
fn trap_2_a_count_without_info_is_no_call() {
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        limits(2),
        reply(3, "hi"),
        count(4, &usage(10, 0, 5, 0), Some(&usage(10, 0, 5, 0))),
    ]);
    assert_eq!(tokens(&run), (Some(10), Some(5)));
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 1);
    assert_eq!(run.report.skipped["token_count without counts: rate limits"], 1);
}

#[test]
fn trap_3_the_counter_starts_over_when_a_session_is_resumed_in_its_file() {
    // The totals of a real 0.40.0 session: 1 363 408 before, 37 543 after it was resumed.
    let before = usage(1_360_000, 0, 3408, 0);
    let after = usage(37_000, 0, 543, 0);
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        reply(2, "a"),
        count(3, &before, Some(&before)),
        user(600, "go on"),
        context(600, "gpt"),
        reply(602, "b"),
        count(603, &after, Some(&after)),
    ]);
    assert_eq!(total(&run, crate::trace::Event::total_tokens), Some(1_400_951));
    assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
}

#[test]
fn trap_4_a_fork_repeats_the_counts_of_its_parent() {
    let parent = [
        meta("parent"),
        context(1, "gpt-5.2"),
        user(1, "go"),
        reply(2, "a"),
        count(3, &usage(1000, 100, 200, 20), None),
    ];
    let mut child = vec![line(
        60,
        "session_meta",
        &json!({"id": "child", "cwd": "/work/thing", "forked_from_id": "parent"}),
    )];
    // Stamped anew, as some versions do.
    child.extend([
        line(60, "session_meta", &json!({"id": "parent", "cwd": "/work/thing"})),
        context(60, "gpt-5.2"),
        user(60, "go"),
        reply(60, "a"),
        count(60, &usage(1000, 100, 200, 20), None),
        user(70, "and now"),
        reply(71, "b"),
        count(72, &usage(1600, 300, 450, 40), None),
    ]);
    let runs = import(&[("b-child.jsonl", &child), ("parent.jsonl", &parent)]);
    assert_eq!(runs.len(), 2, "a fork is a run of its own");
    let [child, parent] = runs.as_slice() else { panic!() };
    assert_eq!((child.run.run_id.as_str(), parent.run.run_id.as_str()), ("child", "parent"));
    assert_eq!(tokens(child), (Some(600), Some(250)));
    assert_eq!(total(child, |e| e.cache_read_tokens), Some(200));
    assert_eq!(tokens(parent), (Some(1000), Some(200)));
    assert_eq!(of_kind(child, Kind::LlmCall).len(), 1);
    assert_eq!(child.run.model, "gpt-5.2", "the copied settings hold");
    assert_eq!(child.report.duplicates["copy of another thread's history"], 5);
    let texts: Vec<_> =
        of_kind(child, Kind::Message).iter().filter_map(|e| e.content.clone()).collect();
    assert_eq!(texts, ["and now"]);
    let counted = child.report.dup_of.iter().find(|d| d.line == 6).unwrap();
    assert!(counted.dup_of.ends_with("parent.jsonl:5"), "{counted:?}");
}

#[test]
fn trap_4_without_its_parent_a_fork_says_so() {
    let run = import_one(&[
        line(0, "session_meta", &json!({"id": "child", "forked_from_id": "gone"})),
        context(1, "gpt"),
        reply(2, "a"),
        count(3, &usage(1000, 100, 200, 20), Some(&usage(400, 0, 50, 0))),
    ]);
    assert_eq!(tokens(&run), (Some(400), Some(50)));
    assert!(run.report.warnings[0].contains("forked from gone"), "{:?}", run.report.warnings);
}

fn record(second: u32, thread: &str, id: &str, used: &Value) -> String {
    line(
        second,
        "token_usage_record",
        &json!({"thread_id": thread, "response_id": id,
        "usage": used, "thread_token_usage": used}),
    )
}

#[test]
fn trap_5_usage_records_are_better_than_the_counter() {
    let first = usage(1000, 100, 200, 20);
    let compact = usage(900, 900, 50, 0);
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        record(1, "another", "resp_0", &usage(7, 7, 7, 7)),
        user(1, "go"),
        reply(2, "a"),
        record(3, "t", "resp_1", &first),
        count(3, &first, Some(&first)),
        record(4, "t", "resp_1", &first),
        // The request that compacts is in no counter.
        record(5, "t", "resp_2", &compact),
        line(
            6,
            "compacted",
            &json!({"message": "so far", "replacement_history": [{}, {}],
            "latest_token_usage_record": {"response_id": "resp_2", "usage": compact}}),
        ),
        event(6, &json!({"type": "context_compacted"})),
    ]);
    assert_eq!(tokens(&run), (Some(1900), Some(250)));
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].response_id.as_deref(), Some("resp_1"));
    assert_eq!(calls[0].content.as_deref(), Some("a"));
    assert_eq!(
        (calls[1].response_id.as_deref(), calls[1].content.as_ref()),
        (Some("resp_2"), None)
    );
    let duplicates = &run.report.duplicates;
    assert_eq!(duplicates["usage of another thread"], 1);
    assert_eq!(duplicates["usage of a response again"], 1);
    assert_eq!(duplicates["token_count of a response that has a token_usage_record"], 1);
    let summary = run.events.iter().find(|e| e.content.as_deref() == Some("so far")).unwrap();
    assert_eq!(attributes(summary)["replacement_history_items"], 2);
    assert!(attributes(summary).get("latest_token_usage_record").is_none());
}

#[test]
fn trap_6_an_estimate_of_the_context_is_no_call() {
    let first = usage(1000, 100, 200, 20);
    let guess = json!({"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0,
        "reasoning_output_tokens": 0, "total_tokens": 5000});
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        reply(2, "a"),
        count(3, &first, Some(&first)),
        line(4, "compacted", &json!({"message": "so far"})),
        count(5, &first, Some(&guess)),
        // The window was full: the counter itself holds an estimate, and the next call starts over.
        count(6, &guess, Some(&guess)),
        context(7, "gpt"),
        reply(8, "b"),
        count(9, &usage(300, 0, 10, 0), Some(&usage(300, 0, 10, 0))),
    ]);
    assert_eq!(tokens(&run), (Some(1300), Some(210)));
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 2);
}

#[test]
fn trap_7_the_count_belongs_to_the_call_before_it() {
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        reply(2, "first"),
        call(2, "shell_command", "a", &json!({})),
        count(3, &usage(10, 0, 1, 0), Some(&usage(10, 0, 1, 0))),
        output(4, "a", "Exit code: 0\nOutput:\n"),
        reply(6, "second"),
        count(7, &usage(30, 0, 3, 0), Some(&usage(20, 0, 2, 0))),
    ]);
    let calls: Vec<_> = of_kind(&run, Kind::LlmCall)
        .iter()
        .map(|e| (e.content.clone().unwrap(), e.input_tokens, e.duration_ms))
        .collect();
    assert_eq!(calls[0], ("first".to_owned(), Some(10), Some(2000.0)));
    assert_eq!(calls[1], ("second".to_owned(), Some(20), Some(3000.0)), "from the result on");
}

#[test]
fn trap_7_in_older_versions_the_items_come_after_their_count() {
    let run = import_one(&[
        meta("t"),
        user(1, "go"),
        context(1, "gpt"),
        event(2, &json!({"type": "agent_message", "message": "first"})),
        count(3, &usage(10, 0, 1, 0), Some(&usage(10, 0, 1, 0))),
        reply(3, "first"),
        call(3, "shell", "a", &json!({})),
        output(3, "a", r#"{"output":"x","metadata":{"exit_code":0,"duration_seconds":0.5}}"#),
        context(4, "gpt"),
        event(5, &json!({"type": "agent_message", "message": "second"})),
        count(6, &usage(30, 0, 3, 0), Some(&usage(20, 0, 2, 0))),
        reply(6, "second"),
    ]);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].content.as_deref(), calls[0].input_tokens), (Some("first"), Some(10)));
    assert_eq!((calls[1].content.as_deref(), calls[1].input_tokens), (Some("second"), Some(20)));
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!(tool.parent_event_id, calls[0].event_id);
    assert_eq!(tool.duration_ms, Some(500.0), "as stated");
    assert_eq!(run.report.duplicates["event that repeats an item"], 2);
}

#[test]
fn trap_8_the_effective_window_is_the_limit_of_the_call() {
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        reply(2, "a"),
        count(3, &usage(10, 0, 1, 0), Some(&usage(10, 0, 1, 0))),
    ]);
    assert_eq!(of_kind(&run, Kind::LlmCall)[0].context_limit, Some(258_400));
}

#[test]
fn a_call_without_a_count_has_unknown_tokens_and_a_count_of_zero_is_unknown() {
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        reply(2, "a"),
        context(3, "gpt"),
        reply(4, "b"),
        count(5, &usage(10, 0, 0, 0), Some(&usage(10, 0, 0, 0))),
    ]);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!((calls[0].input_tokens, calls[0].usage_quality), (None, None));
    assert_eq!((calls[1].input_tokens, calls[1].output_tokens), (Some(10), None));
    assert_eq!(calls[1].usage_quality, Some(UsageQuality::Partial));
}

#[test]
fn a_total_that_is_no_sum_is_a_warning() {
    let mut odd = usage(2500, 500, 300, 200);
    odd["total_tokens"] = json!(3000);
    let run = import_one(&[meta("t"), context(1, "gpt"), count(3, &odd, Some(&odd))]);
    assert_eq!(tokens(&run), (Some(2500), Some(300)));
    assert_eq!(of_kind(&run, Kind::LlmCall)[0].reported_total_tokens, Some(3000));
    assert!(run.report.warnings[0].contains("not input and output"), "{:?}", run.report.warnings);
}
