//! Runs of several threads.

use super::super::super::made::{of_kind, total};
use super::*;
use crate::trace::{EndReason, Kind};

fn agent(id: &str, parent: &str) -> String {
    line(
        10,
        "session_meta",
        &json!({"id": id, "cwd": "/work/thing", "source":
        {"subagent": {"thread_spawn": {"parent_thread_id": parent, "agent_role": "explorer"}}}}),
    )
}

fn working(second: u32, text: &str, input: i64) -> Vec<String> {
    vec![
        context(second, "gpt"),
        reply(second + 1, text),
        count(second + 2, &usage(input, 0, 5, 0), Some(&usage(input, 0, 5, 0))),
    ]
}

#[test]
fn a_sub_agent_belongs_to_the_run_of_its_parent() {
    let mut main = vec![meta("main"), context(1, "gpt"), call(2, "spawn_agent", "s", &json!({}))];
    main.extend([
        count(3, &usage(100, 0, 5, 0), Some(&usage(100, 0, 5, 0))),
        output(4, "s", "{\"agent_id\":\"sub\",\"nickname\":\"Ada\"}"),
        reply(40, "all done"),
        count(41, &usage(300, 0, 10, 0), Some(&usage(200, 0, 5, 0))),
    ]);
    let mut sub = vec![agent("sub", "main"), user(10, "look")];
    sub.extend(working(11, "found", 50));
    sub.push(event(30, &json!({"type": "turn_aborted", "reason": "interrupted"})));
    let mut below = vec![agent("below", "sub")];
    below.extend(working(15, "deep", 7));
    let runs = import(&[("a.jsonl", &below), ("b.jsonl", &sub), ("c.jsonl", &main)]);
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!(run.run.run_id, "main");
    assert_eq!(total(run, |e| e.input_tokens), Some(357), "each call once");
    let first = run.events.iter().find(|e| attributes(e)["agent_id"] == "sub").unwrap();
    assert_eq!(first.parent_event_id.as_deref(), Some("s"));
    let of_sub: Vec<_> = of_kind(run, Kind::LlmCall)
        .into_iter()
        .filter(|e| attributes(e)["agent_id"] == "sub")
        .collect();
    assert_eq!(of_sub.len(), 1);
    assert_eq!(attributes(of_sub[0])["agent_type"], "explorer");
    let result = of_kind(run, Kind::StageResult)[0];
    assert_eq!(
        result.end_reason,
        Some(EndReason::AgentMessage),
        "the main thread says how it ended"
    );
    assert_eq!(attributes(run.events.last().unwrap())["threads"], 3);
}

#[test]
fn a_sub_agent_that_was_given_the_history_repeats_it() {
    let mut main = vec![meta("main")];
    main.extend(working(1, "so far", 100));
    main.push(call(5, "spawn_agent", "s", &json!({})));
    main.push(event(
        5,
        &json!({"type": "sub_agent_activity", "kind": "started", "event_id": "s",
        "agent_thread_id": "sub"}),
    ));
    let mut sub = vec![agent("sub", "main")];
    sub.extend(working(10, "so far", 100));
    sub.push(user(12, "look"));
    sub.extend([reply(13, "found"), count(14, &usage(160, 0, 9, 0), Some(&usage(60, 0, 4, 0)))]);
    let run = import(&[("main.jsonl", &main), ("sub.jsonl", &sub)]).remove(0);
    assert_eq!(total(&run, |e| e.input_tokens), Some(160));
    assert_eq!(run.report.duplicates["copy of another thread's history"], 3);
    let first = run.events.iter().find(|e| attributes(e)["agent_id"] == "sub").unwrap();
    assert_eq!(first.parent_event_id.as_deref(), Some("s"));
}

#[test]
fn a_copy_may_leave_out_what_is_between() {
    let main = [
        meta("main"),
        user(1, "go"),
        reply(2, "I look"),
        call(2, "shell", "a", &json!({})),
        output(3, "a", "x"),
        reply(4, "done"),
    ];
    let child = [
        line(50, "session_meta", &json!({"id": "child", "forked_from_id": "main"})),
        user(50, "go"),
        event(50, &json!({"type": "task_started"})),
        reply(50, "done"),
        user(60, "and now"),
        reply(61, "more"),
    ];
    let runs = import(&[("child.jsonl", &child), ("main.jsonl", &main)]);
    let said: Vec<_> = runs[0].events.iter().filter_map(|e| e.content.as_deref()).collect();
    assert_eq!(said, ["and now", "more"]);
    assert_eq!(runs[0].report.duplicates["copy of another thread's history"], 3);
}

#[test]
fn a_guardian_belongs_to_the_session_that_it_names() {
    let guardian = [
        line(
            5,
            "session_meta",
            &json!({"id": "g", "session_id": "main",
            "source": {"subagent": {"other": "guardian"}}}),
        ),
        reply(6, "allowed"),
    ];
    let runs = import(&[("g.jsonl", &guardian), ("main.jsonl", &[meta("main")])]);
    assert_eq!((runs.len(), runs[0].run.run_id.as_str()), (1, "main"));
    let call = of_kind(&runs[0], Kind::LlmCall)[0];
    assert_eq!(attributes(call)["agent_type"], "guardian");
}

#[test]
fn records_below_the_start_of_its_history_are_inherited() {
    let numbered = |ordinal: i64, text: &str| {
        let mut record: Value = serde_json::from_str(text).unwrap();
        record["ordinal"] = json!(ordinal);
        record.to_string()
    };
    let sub = [
        numbered(
            3,
            &line(
                10,
                "session_meta",
                &json!({"id": "sub", "parent_thread_id": "main",
            "thread_source": "subagent", "subagent_history_start_ordinal": 3}),
            ),
        ),
        numbered(1, &reply(1, "the parent's")),
        numbered(2, &count(2, &usage(9, 0, 9, 0), Some(&usage(9, 0, 9, 0)))),
        numbered(4, &reply(11, "its own")),
        numbered(5, &count(12, &usage(4, 0, 4, 0), Some(&usage(4, 0, 4, 0)))),
    ];
    let run = import(&[
        (
            "main.jsonl",
            &[
                meta("main"),
                reply(1, "the parent's"),
                count(2, &usage(9, 0, 9, 0), Some(&usage(9, 0, 9, 0))),
            ],
        ),
        ("sub.jsonl", &sub),
    ])
    .remove(0);
    assert_eq!(total(&run, |e| e.input_tokens), Some(13));
    assert_eq!(run.report.duplicates["copy of another thread's history"], 2);
}

#[test]
fn threads_that_begin_alike_are_no_copies() {
    let mut main = vec![meta("main"), user(0, "<environment_context></environment_context>")];
    main.extend(working(1, "a", 100));
    let mut sub =
        vec![agent("sub", "main"), user(10, "<environment_context></environment_context>")];
    sub.extend(working(11, "b", 50));
    let run = import(&[("main.jsonl", &main), ("sub.jsonl", &sub)]).remove(0);
    assert!(run.report.duplicates.is_empty(), "{:?}", run.report.duplicates);
}

#[test]
fn a_thread_in_two_files_is_counted_once() {
    let mut main = vec![meta("main")];
    main.extend(working(1, "a", 100));
    main.push(event(9, &json!({"type": "task_complete", "turn_id": "1", "duration_ms": 5})));
    let archived = main.clone();
    let run = import(&[("archived/r.jsonl", &archived), ("sessions/r.jsonl", &main)]);
    assert_eq!(run.len(), 1);
    assert_eq!(total(&run[0], |e| e.input_tokens), Some(100));
    assert_eq!(run[0].report.records_used, 4, "{:?}", run[0].report);
    let nameless = &main[1..];
    let run = import(&[("a/r.jsonl", nameless), ("b/r.jsonl", nameless)]);
    assert_eq!(run.len(), 1, "also without an id");
    assert_eq!(total(&run[0], |e| e.input_tokens), Some(100));
    let mut resumed = main.clone();
    resumed.extend([
        user(20, "more"),
        reply(21, "b"),
        count(22, &usage(150, 0, 9, 0), Some(&usage(50, 0, 4, 0))),
    ]);
    let run = import(&[("a.jsonl", &main), ("b.jsonl", &resumed)]);
    assert_eq!(run.len(), 1);
    assert_eq!(total(&run[0], |e| e.input_tokens), Some(150));
}

#[test]
fn an_orphaned_sub_agent_is_a_run_and_says_so() {
    let mut sub = vec![agent("sub", "gone")];
    sub.extend(working(11, "found", 50));
    let run = import_one(&sub);
    assert_eq!(run.run.run_id, "sub");
    assert!(run.report.warnings[0].contains("sub-agent of gone"), "{:?}", run.report.warnings);
}

#[test]
fn threads_that_started_each_other_are_one_run() {
    let files: Vec<(&str, Vec<String>)> = vec![
        ("a.jsonl", vec![agent("a", "b")]),
        ("b.jsonl", vec![agent("b", "a")]),
        ("c.jsonl", vec![agent("c", "a")]),
        ("d.jsonl", vec![agent("d", "d")]),
    ];
    let files: Vec<(&str, &[String])> = files.iter().map(|(n, l)| (*n, l.as_slice())).collect();
    let runs = import(&files);
    let ids: Vec<&str> = runs.iter().map(|r| r.run.run_id.as_str()).collect();
    assert_eq!(ids, ["a", "d"]);
    assert_eq!(runs[0].report.records_read, 3);
}
