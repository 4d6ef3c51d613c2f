//! Archives and their layouts; samples in several places: trap 11 of the format; files that are no logs.

use super::super::super::{Format, find_sources};
use super::Packed::{Frames, Stored};
use super::*;

fn answered(id: &str, uuid: &str, text: &str) -> Value {
    let call = model(json!([user("ask")]), said(json!({"content": text}), usage(9, 1)), json!({}));
    with(sample(json!([call])), json!({"id": id, "uuid": uuid}))
}

#[test]
fn members_in_several_frames_are_read_whole() {
    let found = try_archive(&[
        ("_journal/start.json", header("0.3.260"), Frames),
        ("samples/s1_epoch_1.json", answered("s1", "u1", "one"), Frames),
        ("samples/a/b_epoch_2.json", answered("a/b", "u2", "two"), Stored),
        ("_journal/summaries/1.json", json!([{"id": "s1"}]), Stored),
        ("summaries.json", json!([{"id": "s1"}]), Stored),
        ("reductions.json", json!([]), Stored),
        ("header.json", header("0.3.260"), Frames),
    ]);
    let runs: Vec<_> =
        found.runs.iter().map(|r| (r.run.run_id.as_str(), r.run.workload.as_str())).collect();
    assert_eq!(runs, [("u2", "sums/a/b"), ("u1", "sums/s1")]);
    assert_eq!(texts(&found.runs[1], Kind::LlmCall), ["one"]);
    assert!(found.runs[0].report.source.ends_with("log.eval"));
    assert!(found.runs.iter().all(|r| r.report.warnings.iter().all(|w| !w.contains("ended"))));
}

#[test]
fn an_evaluation_that_did_not_end_has_no_header() {
    let found = try_archive(&[
        ("_journal/start.json", header("0.3.200"), Stored),
        ("samples/s1_epoch_1.json", answered("s1", "u1", "first"), Stored),
        ("samples/s2_epoch_1.json", answered("s2", "u2", "other"), Stored),
        // The sample was requeued and written again.
        ("samples/s1_epoch_1.json", answered("s1", "u3", "second"), Stored),
    ]);
    let ids: Vec<_> = found.runs.iter().map(|r| r.run.run_id.as_str()).collect();
    assert_eq!(ids, ["u3", "u2"]);
    assert_eq!(texts(&found.runs[0], Kind::LlmCall), ["second"]);
    let warning = "the evaluation had not ended when the log was written";
    assert!(found.runs.iter().all(|r| r.report.warnings.iter().any(|w| w == warning)));
}

#[test]
fn the_last_of_requeued_samples_stands() {
    let log = document(json!([
        answered("s1", "u1", "first"),
        answered("s2", "u2", "other"),
        answered("s1", "u3", "second")
    ]));
    let runs = made::import(&[("log.json", &log)]);
    let ids: Vec<_> = runs.iter().map(|r| r.run.run_id.as_str()).collect();
    assert_eq!(ids, ["u2", "u3"]);
    let repeated = &runs[1].report.dup_of[0];
    assert_eq!((repeated.line, repeated.dup_of.as_str()), (1, "u3"));
}

/// The members of a sample in chunks of two.
fn chunks() -> Vec<(&'static str, Value, Packed)> {
    let shell = json!({
        "id": "s1", "epoch": 1, "uuid": "u1", "input": "attachment://0", "target": "3",
        "scores": {"match": {"value": "C"}}, "message_refs": [[0, 2], [3, 4]]
    });
    let ask = |refs: Value, text: &str, id: &str| {
        model(
            json!([]),
            said(json!({"content": text, "id": id}), usage(5, 1)),
            json!({"input_refs": refs}),
        )
    };
    vec![
        ("header.json", header("0.3.280"), Stored),
        ("samples/s1_epoch_1/sample.json", shell, Stored),
        ("samples/s1_epoch_1/metadata.json", json!({"level": "attachment://1"}), Stored),
        ("samples/s1_epoch_1/skeleton.json", json!({"spans": []}), Stored),
        (
            "samples/s1_epoch_1/messages/0.json",
            json!([
                {"role": "system", "content": "brief", "id": "m0"}, {"role": "user", "content": "attachment://0", "id": "m1"}
            ]),
            Stored,
        ),
        (
            "samples/s1_epoch_1/messages/2.json",
            json!([
                {"role": "assistant", "content": "two", "id": "m2"}, {"role": "user", "content": "last", "id": "m3"}
            ]),
            Stored,
        ),
        (
            "samples/s1_epoch_1/events/0.json",
            json!([ask(json!([[0, 2]]), "two", "m2"), {"event": "state", "changes": []}]),
            Stored,
        ),
        ("samples/s1_epoch_1/events/2.json", json!([ask(json!([[0, 3]]), "three", "m4")]), Stored),
        ("samples/s1_epoch_1/events/10.json", json!([ask(json!([[1, 2]]), "four", "m5")]), Stored),
        ("samples/s1_epoch_1/events/stats.json", json!({"chunks": []}), Stored),
        ("samples/s1_epoch_1/events/uuids.json", json!(["x"]), Stored),
        (
            "samples/s1_epoch_1/calls/0.json",
            json!([{"role": "user", "content": "attachment://0"}]),
            Stored,
        ),
        ("samples/s1_epoch_1/attachments/0.json", json!(["long ask"]), Stored),
        ("samples/s1_epoch_1/attachments/1.json", json!(["hard"]), Frames),
    ]
}

#[test]
fn a_sample_in_chunks_is_put_together() {
    let run = only(try_archive(&chunks()).runs);
    assert_eq!(run.run.run_id, "u1");
    assert_eq!(texts(&run, Kind::Message), ["brief", "long ask", "last"]);
    assert_eq!(texts(&run, Kind::LlmCall), ["two", "three", "four"], "chunks go by number");
    assert_eq!(attributes(&run.events[0])["sample_metadata"]["level"], "hard");
    assert_eq!(made::of_kind(&run, Kind::StageResult)[0].score, Some(100.0));
    assert_eq!(run.report.lost(), 0);
    assert!(run.report.balances());
}

#[test]
fn a_broken_chunk_is_rejected_and_a_sample_in_both_forms_is_read_whole() {
    let mut members = chunks();
    members[7].1 = json!({"not": "an array"});
    let run = only(try_archive(&members).runs);
    assert_eq!(texts(&run, Kind::LlmCall), ["two", "four"]);
    assert!(run.report.rejected[0].path.ends_with("events/2.json"));
    members.push(("samples/s1_epoch_1.json", answered("s1", "whole", "w"), Stored));
    assert_eq!(only(try_archive(&members).runs).run.run_id, "whole");
}

#[test]
fn a_sample_that_cannot_be_read_leaves_the_others() {
    let mut found = made::try_import(&[(
        "log.eval",
        &archive(&[
            ("header.json", header("0.3.200"), Stored),
            ("samples/s1_epoch_1.json", json!(["no sample"]), Stored),
            ("samples/s2_epoch_1.json", answered("s2", "u2", "fine"), Stored),
            ("samples/s3_epoch_1.json", answered("s3", "u2", "same uuid"), Stored),
        ]),
    )])
    .unwrap();
    assert_eq!(only(std::mem::take(&mut found.runs)).run.run_id, "u2");
    let problems: Vec<String> = found.failed.iter().map(ToString::to_string).collect();
    assert!(problems[0].contains("s1_epoch_1.json"), "{problems:?}");
    assert!(problems[1].contains("a second run `u2`"), "{problems:?}");
}

fn again_retries(log: &str) -> Value {
    serde_json::from_str::<Value>(log).unwrap()["samples"][0]["error_retries"].take()
}

#[test]
fn a_sample_in_several_logs_is_one_run() {
    let log = |created: &str, samples: Value| {
        let mut log = with(header("0.3.200"), json!({"samples": samples}));
        log["eval"]["created"] = json!(created);
        log.to_string()
    };
    let kept = answered("s1", "u1", "kept");
    let failed = log("2026-01-01T00:00:00+00:00", json!([kept, answered("s2", "u2", "failed")]));
    let retried = log("2026-01-02T00:00:00+00:00", json!([kept, answered("s2", "u3", "again")]));
    let files = [("a.json", failed.as_str()), ("b.json", retried.as_str())];
    let runs = made::import(&files);
    let ids: Vec<_> = runs.iter().map(|r| r.run.run_id.as_str()).collect();
    assert_eq!(ids, ["u2", "u1", "u3"]);
    assert!(runs[1].report.source.ends_with("b.json"), "the log that went on");
    assert_eq!(runs[1].report.duplicates["the same sample in another log"], 1);

    // What failed in the first log is a failed attempt in the second.
    let attempt = |id: &str| {
        let error = json!({"event": "error", "uuid": "x2", "error": {"message": "E('x')"}});
        let mut sample = answered("s2", id, "failed");
        sample["events"][0]["uuid"] = json!("x1");
        sample["events"].as_array_mut().unwrap().push(error);
        sample
    };
    let mut again = answered("s2", "u3", "again");
    again["error_retries"] = json!([{"message": "E('x')", "events": attempt("")["events"]}]);
    let failed = log("2026-01-01T00:00:00+00:00", json!([attempt("u2")]));
    let retried = log("2026-01-02T00:00:00+00:00", json!([again]));
    let runs = made::import(&[("a.json", &failed), ("b.json", &retried)]);
    assert_eq!(texts(&runs[0], Kind::LlmCall), ["failed"]);
    assert_eq!(texts(&runs[1], Kind::LlmCall), ["again"], "the failed call has its row");
    assert_eq!(made::of_kind(&runs[1], Kind::Error).len(), 1);
    let alone = only(made::import(&[("b.json", &retried)]));
    assert_eq!(texts(&alone, Kind::LlmCall), ["failed", "again"]);
    assert_eq!(made::of_kind(&alone, Kind::Error).len(), 1, "the event is the error");

    let mut third = answered("s2", "u4", "at last");
    third["error_retries"] = again_retries(&retried);
    let third = log("2026-01-03T00:00:00+00:00", json!([third]));
    let runs = made::import(&[("b.json", &retried), ("c.json", &third)]);
    assert_eq!(texts(&runs[0], Kind::LlmCall), ["again"]);
    assert_eq!(texts(&runs[1], Kind::LlmCall), ["failed", "at last"], "told once by the latest");

    // Without identifiers the task, the name and the first time tell.
    let nameless = |created: &str, id: &str| {
        let text = log(created, json!([with(kept.clone(), json!({"uuid": null}))]));
        text.replace("\"eval\":\"eval\"", "")
            .replace("\"eval_id\":\"eval\"", &format!("\"eval_id\":\"{id}\""))
    };
    let (first, second) = (nameless("1", "e1"), nameless("2", "e2"));
    let runs = made::import(&[("a.json", &first), ("b.json", &second)]);
    assert_eq!(only(runs).run.run_id, "e2-s1-1");
}

/// Members of archives are checked by their sums, so damage that reaches the parser is done to files that lie open.
#[test]
fn damaged_files_are_runs_or_errors() {
    let folder = tempfile::tempdir().unwrap();
    let mut members = chunks();
    let asked = json!({"content": "", "tool_calls": [asks("c1", "bash")]});
    let mut second = sample(json!([
        {"event": "span_begin", "id": "t1", "type": "tool", "name": "bash"},
        model(json!([user("attachment://k")]), said(asked, with(usage(9, 1), json!({"input_tokens_cache_read": 4}))), json!({"span_id": "t1"})),
        tool("c1", "bash", json!({"span_id": "t1", "events": [{"event": "sandbox", "action": "exec", "result": 1}]})),
        {"event": "step", "action": "begin", "name": "x"},
        {"event": "score", "score": {"value": 0.5}},
    ]));
    second["error_retries"] =
        json!([{"message": "E('x')", "events": [{"event": "error", "error": {"message": "m"}}]}]);
    second["limit"] = json!({"type": "token", "limit": 5});
    second["model_usage"] = json!({"openai/m1": usage(9, 1)});
    second["uuid"] = json!("u9");
    members.push(("samples/s2_epoch_1.json", second, Stored));
    for (name, value, _) in members {
        let path = folder.path().join("log").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, value.to_string()).unwrap();
    }
    made::assert_survives(&[folder.path().join("log")], 500);
}

#[test]
fn what_is_no_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("empty", String::new()),
        ("object", "{}".to_owned()),
        ("deep", "[".repeat(100_000)),
        ("deep_eval", format!("{{\"version\": 2, \"eval\": {}", "[".repeat(100_000))),
        ("other", r#"{"eval": "text", "samples": []}"#.to_owned()),
        ("long", "x".repeat(1 << 20)),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        // Another format may know it; this one must not.
        let found = find_sources(std::slice::from_ref(&path));
        let sources = found.map(|found| found.sources).unwrap_or_default();
        assert!(sources.iter().all(|s| s.format != Format::Inspect), "{name}");
    }
    let none = document(json!([]));
    let error = made::try_import(&[("log.json", none.as_bytes())]).unwrap_err();
    assert!(error.to_string().contains("without samples"), "{error}");
    let zip = archive(&[("header.json", json!({"eval": 1}), Stored), ("a.txt", json!(1), Stored)]);
    assert!(made::try_import(&[("log.eval", &zip)]).is_err());
}
