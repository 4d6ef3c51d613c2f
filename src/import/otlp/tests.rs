//! Real traces, what they are told by, and what damaged and hostile ones do.

use super::super::files::find_files;
use super::super::look::Look;
use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use super::super::sink::Imported;
use super::trap_tests::{agent, chat, one, request, span};
use crate::trace::{Event, Kind, Timestamp, ToolStatus};
use serde_json::{Value, json};

fn named<'r>(runs: &'r [Imported], agent: &str) -> &'r Imported {
    runs.iter().find(|run| run.run.agent.as_deref() == Some(agent)).unwrap()
}

fn nothing_is_lost(run: &Imported) {
    assert_eq!((run.report.lost(), &run.report.warnings), (0, &Vec::new()), "{:?}", run.report);
    assert!(run.report.skipped.is_empty(), "{:?}", run.report.skipped);
}

/// Both ways in which pydantic-ai writes messages. The numbers were added up with jq over the chat spans; the spans of the
/// agents repeat them.
#[test]
fn pydantic_ai_in_both_versions() {
    for version in ["v1-events", "v2-attrs"] {
        let name = format!("otlp-genai/GENERATED_pydantic-ai-1.107_semconv-{version}.jsonl");
        let Some(path) = sample(&name) else { return };
        let runs = import_at(&path);
        assert_eq!(runs.len(), 3, "each agent run is a conversation");
        runs.iter().for_each(nothing_is_lost);
        let main = named(&runs, "main_agent");
        let end: Value =
            serde_json::from_str(main.events.last().unwrap().attributes.as_deref().unwrap())
                .unwrap();
        assert_eq!(end["agents"][0]["attributes"]["final_result"], "done: 42");
        assert_eq!(
            (main.run.workload.as_str(), main.run.model.as_str()),
            ("ramptrace-sample", "scripted-model")
        );
        assert_eq!(main.run.provider.as_deref(), Some("function"));
        let sums = [
            total(main, |e| e.input_tokens),
            total(main, |e| e.cache_read_tokens),
            total(main, |e| e.cache_write_tokens),
            total(main, |e| e.output_tokens),
            total(main, |e| e.reasoning_tokens),
        ];
        assert_eq!(sums, [Some(4010), Some(2224), Some(1114), Some(165), Some(54)]);
        let first = of_kind(main, Kind::LlmCall)[0];
        assert_eq!((first.input_tokens, first.cache_read_tokens), (Some(1200), None));
        let tools: Vec<_> = of_kind(main, Kind::ToolCall)
            .iter()
            .map(|e| {
                (
                    e.tool_name.as_deref().unwrap(),
                    e.tool_status.unwrap(),
                    e.content.as_deref().unwrap().lines().next().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            tools,
            [
                ("flaky", ToolStatus::Error, "x too small"),
                ("flaky", ToolStatus::Ok, "ok"),
                ("delegate", ToolStatus::Ok, "42")
            ]
        );
        assert_eq!(of_kind(main, Kind::Message).len(), 1);
        assert_eq!(total(named(&runs, "sub_agent"), |e| e.input_tokens), Some(310));
        let failing = named(&runs, "failing_agent");
        let ran = of_kind(failing, Kind::ToolCall)[0];
        assert_eq!(
            (ran.error_type.as_deref(), ran.content.as_deref()),
            (Some("RuntimeError"), Some("disk full"))
        );
        assert_eq!(total(failing, |e| e.output_tokens), Some(5));
    }
}

#[test]
fn spans_without_a_trace() {
    let (Some(claude), Some(cursor)) = (
        sample("otlp-genai/langwatch_payload_claude_code.json"),
        sample("otlp-genai/langwatch_payload_cursor.json"),
    ) else {
        return;
    };
    let run = import_at(&claude).remove(0);
    nothing_is_lost(&run);
    assert_eq!(
        (run.run.run_id.as_str(), run.run.agent.as_deref()),
        ("ses_dogfood_claude_code_0001", Some("claude-code"))
    );
    assert_eq!(
        (total(&run, |e| e.input_tokens), total(&run, |e| e.output_tokens)),
        (Some(187), Some(53))
    );
    let run = import_at(&cursor).remove(0);
    let digits = run.run.run_id.strip_prefix("cursor-").unwrap();
    assert!(digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{digits}");
    assert_eq!(
        (total(&run, |e| e.input_tokens), total(&run, |e| e.output_tokens)),
        (Some(412), Some(118))
    );
}

#[test]
fn any_agent() {
    let Some(path) = sample("otel-nonotlp/mozilla-ai_any-agent__OPENAI_trace.json") else { return };
    let run = import_at(&path).remove(0);
    nothing_is_lost(&run);
    assert_eq!(
        run.run.run_id,
        format!("{:032x}", 100_927_429_609_276_267_646_756_448_943_279_827_607_u128)
    );
    assert_eq!(
        (run.run.model.as_str(), run.run.agent.as_deref()),
        ("mistral/mistral-small-latest", Some("any_agent"))
    );
    assert_eq!(
        (total(&run, |e| e.input_tokens), total(&run, |e| e.output_tokens)),
        (Some(1020), Some(76))
    );
    // 0.0000269 + 0.0000048 + 0.0000359 + 0.0000042 + 0.0000392 + 0.0000138
    let cost = run.events.iter().filter_map(|e| e.cost_usd).sum::<crate::trace::Usd>();
    assert_eq!(cost.to_string(), "0.0001248");
    let tools: Vec<_> = of_kind(&run, Kind::ToolCall)
        .iter()
        .map(|e| (e.tool_name.as_deref(), e.content.is_some()))
        .collect();
    assert_eq!(tools, [(Some("get_current_time"), true), (Some("write_file"), true)]);
    assert!(of_kind(&run, Kind::LlmCall)[2].content.as_deref().unwrap().starts_with("{\"steps\""));
}

#[test]
fn agents_below_a_tool_are_threads_of_the_run() {
    let tool = |id, parent, call: &str| {
        span(
            "aa",
            id,
            parent,
            2,
            json!({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "task", "gen_ai.tool.call.id": call }),
        )
    };
    let spans = [
        chat("aa", "01", "09", 1, 10, 2),
        tool("02", "09", "c1"),
        chat("aa", "03", "04", 3, 20, 3),
        agent("aa", "04", "02", 2, 20),
        agent("aa", "09", "", 0, 30),
    ];
    let run = one(&[("t.jsonl", request(&spans).to_string())]);
    let [first, below] = of_kind(&run, Kind::LlmCall)[..] else { panic!("two calls") };
    let of = |event: &Event| -> Value {
        let attributes: Value = serde_json::from_str(event.attributes.as_deref().unwrap()).unwrap();
        attributes["agent_id"].clone()
    };
    assert_eq!((of(first), of(below)), (Value::Null, json!("04".repeat(8))));
    let ran = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!(below.parent_event_id, ran.event_id);
    assert_eq!(total(&run, |e| e.input_tokens), Some(30));
}

#[test]
fn one_torn_record_takes_no_other_with_it() {
    let line = |id: &str, second| request(&[chat("aa", id, "", second, 10, 2)]).to_string();
    let (a, b) = (line("01", 1), line("02", 2));
    let span = chat("aa", "01", "", 1, 10, 2).to_string();
    for cut in (1..a.len()).step_by(7) {
        let run = one(&[("t.jsonl", format!("{b}\n{}\n{b}\n{}\n", &a[..cut], line("03", 3)))]);
        // A span that is whole is one, whatever breaks off around it.
        let whole = if a[..cut].contains(&span) { 30 } else { 20 };
        assert_eq!(total(&run, |e| e.input_tokens), Some(whole), "cut at {cut}: {:?}", run.report);
        assert_eq!(
            (run.report.rejected_records, run.report.rejected[0].line),
            (1, 2),
            "cut at {cut}"
        );
    }
    let no_number = b.replace("\"intValue\":\"10\"", "\"doubleValue\":NaN");
    let run = one(&[(
        "t.jsonl",
        format!("{}\n{no_number}\nnot JSON\n[1, 2]\n{{\"x\": 1}}\n", line("03", 3)),
    )]);
    assert_eq!(
        (of_kind(&run, Kind::LlmCall).len(), run.report.rejected_records),
        (2, 3),
        "{:?}",
        run.report
    );
}

#[test]
fn what_is_no_trace_is_not_taken_for_one() {
    let deep = format!("{}{}", "[".repeat(100_000), "{\"resourceSpans\":".repeat(100_000));
    let huge = format!("{{\"a\":\"{}\"}}", "x".repeat(9 << 20));
    for text in
        ["", "{}\n", "[]", &deep, &huge, "{\"resourceSpans\": 3}", "{\"spans\": [{\"a\": 1}]}"]
    {
        let failed = try_import(&[("t.json", text.as_bytes())]).unwrap_err().to_string();
        assert!(failed.contains("no runs"), "{failed}");
    }
    let nested = format!("{{\"resourceSpans\":[{}", "{\"scopeSpans\":[".repeat(100_000));
    let failed = try_import(&[("t.json", nested.as_bytes())]).unwrap_err().to_string();
    assert!(failed.contains("no spans of an agent (not readable: 1"), "{failed}");
    let foreign = request(&[span("aa", "01", "", 1, json!({ "http.request.method": "GET" }))]);
    let failed = try_import(&[("t.json", foreign.to_string().as_bytes())]).unwrap_err().to_string();
    assert!(failed.contains("span of a trace without an agent: 1"), "{failed}");
}

#[test]
fn sums_that_differ_from_what_was_counted_are_told() {
    let mut bot = agent("aa", "09", "", 0, 35);
    let attribute = json!({ "key": "gen_ai.usage.output_tokens", "value": { "intValue": "2" } });
    bot["attributes"].as_array_mut().unwrap().push(attribute);
    let run = one(&[("t.json", request(&[chat("aa", "01", "09", 1, 10, 2), bot]).to_string())]);
    assert_eq!(
        run.report.warnings,
        [
            "the spans of agents sum up 35 input and 2 output tokens; their calls have 10 and 2, which count"
        ]
    );
    assert_eq!(total(&run, |e| e.input_tokens), Some(10));
}

#[test]
fn several_models_are_told() {
    let of = |id: &str, second, model: &str| {
        span(
            "aa",
            id,
            "",
            second,
            json!({ "gen_ai.operation.name": "chat", "gen_ai.request.model": model }),
        )
    };
    let run = one(&[(
        "t.json",
        request(&[of("01", 1, "b"), of("02", 2, "a"), of("03", 3, "a")]).to_string(),
    )]);
    assert_eq!(run.run.model, "a");
    assert_eq!(
        run.report.warnings,
        ["spans name several models: a (2), b (1); the run has the first"]
    );
}

/// A run as ramptrace exports it: rows that are spans, and rows that are events of spans.
fn ours() -> Value {
    let text = |name: &str, text: &str| json!({ "key": name, "value": { "stringValue": text } });
    let int =
        |name: &str, int: i64| json!({ "key": name, "value": { "intValue": int.to_string() } });
    let resource = json!([
        text("ramptrace.run_id", "r"),
        text("ramptrace.workload", "w"),
        text("ramptrace.model", "m")
    ]);
    let happened = |seq, kind, more: Vec<Value>| {
        let mut attributes = vec![int("ramptrace.seq", seq), text("ramptrace.kind", kind)];
        attributes.extend(more);
        json!({ "name": kind, "timeUnixNano": "5000", "attributes": attributes })
    };
    let stage = || vec![int("ramptrace.stage", 0), int("ramptrace.attempt", 1)];
    let with = |mut attributes: Vec<Value>, more: Vec<Value>| {
        attributes.extend(more);
        attributes
    };
    let root = json!({
        "traceId": "aa".repeat(16), "spanId": "01".repeat(8), "name": "run", "startTimeUnixNano": "5000", "endTimeUnixNano": "9000",
        "events": [happened(0, "run_start", vec![]), happened(4, "stage_result", stage()), happened(5, "run_end", vec![])],
    });
    let message = with(stage(), vec![int("ramptrace.message", 0)]);
    let call = json!({
        "traceId": "aa".repeat(16), "spanId": "02".repeat(8), "parentSpanId": "01".repeat(8), "name": "chat m",
        "startTimeUnixNano": "6000", "endTimeUnixNano": "8000", "events": [happened(1, "message", message)],
        "attributes": with(stage(), vec![
            int("ramptrace.seq", 3), text("ramptrace.kind", "llm_call"), int("gen_ai.usage.input_tokens", 10),
            text("ramptrace.cost_usd", "0.5"),
            text("gen_ai.input.messages", r#"[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]"#),
            text("gen_ai.output.messages", r#"[{"role":"assistant","parts":[{"type":"text","content":"Ho"}]}]"#),
        ]),
    });
    let tool = json!({
        "traceId": "aa".repeat(16), "spanId": "03".repeat(8), "name": "execute_tool sh", "startTimeUnixNano": "7000",
        "endTimeUnixNano": "7000",
        "attributes": with(stage(), vec![
            int("ramptrace.seq", 2), text("ramptrace.kind", "tool_call"), text("gen_ai.tool.name", "sh"),
            { let mut mark = text("ramptrace.no_ts", ""); mark["value"] = json!({ "boolValue": true }); mark },
        ]),
    });
    let stage = json!({ "traceId": "aa".repeat(16), "spanId": "04".repeat(8), "name": "stage 0", "startTimeUnixNano": "5000" });
    json!({ "resourceSpans": [{ "resource": { "attributes": resource }, "scopeSpans": [{ "spans": [root, stage, call, tool] }] }] })
}

#[test]
fn what_ramptrace_exported_comes_back_in_its_order() {
    let run = one(&[("t.json", ours().to_string())]);
    assert_eq!(
        (run.run.run_id.as_str(), run.run.workload.as_str(), run.run.model.as_str()),
        ("r", "w", "m")
    );
    let rows: Vec<_> = run
        .events
        .iter()
        .map(|e| (e.kind, e.ts.map(Timestamp::micros), e.content.as_deref()))
        .collect();
    assert_eq!(
        rows,
        [
            (Kind::RunStart, Some(5), None),
            (Kind::Message, Some(5), Some("Hi")),
            (Kind::ToolCall, None, None),
            (Kind::LlmCall, Some(6), Some("Ho")),
            (Kind::StageResult, Some(5), None),
            (Kind::RunEnd, Some(5), None),
        ]
    );
    let call = &run.events[3];
    assert_eq!(
        (call.input_tokens, call.cost_usd.unwrap().to_string()),
        (Some(10), "0.5".to_owned())
    );
    assert_eq!((run.report.records_used, run.report.merged["span around others"]), (3, 1));
    // A row that breaks a rule is refused with its place; the others stay.
    let negative = ours().to_string().replace("\"intValue\":\"10\"", "\"intValue\":\"-10\"");
    let run = one(&[("t.json", negative)]);
    assert_eq!((run.events.len(), run.report.rejected_records), (5, 1));
    assert!(
        run.report.rejected[0].problem.contains("input_tokens is negative"),
        "{:?}",
        run.report.rejected
    );
}

/// Logs of other formats, by their content alone.
#[test]
fn other_logs_are_not_taken() {
    let Some(ours) = sample("otlp-genai") else { return };
    let mut looked_at = 0;
    for folder in std::fs::read_dir(ours.parent().unwrap()).unwrap() {
        let folder = folder.unwrap().path();
        let expected = folder.file_name().unwrap().to_str().unwrap().starts_with("ot");
        if !folder.is_dir() {
            continue;
        }
        for file in find_files(&folder).unwrap() {
            assert_eq!(
                super::recognises(&Look::at(&file).unwrap()),
                expected,
                "{}",
                file.name().display()
            );
            looked_at += 1;
        }
    }
    assert!(looked_at > 20, "{looked_at}");
}

/// Damaged logs, an exported one among them: what comes back keeps every rule.
#[test]
fn damage_is_survived() {
    let names = [
        "otlp-genai/GENERATED_pydantic-ai-1.107_semconv-v2-attrs.jsonl",
        "otlp-genai/langwatch_payload_cursor.json",
        "otel-nonotlp/mozilla-ai_any-agent__OPENAI_trace.json",
    ];
    let paths: Option<Vec<_>> = names.into_iter().map(sample).collect();
    let Some(mut paths) = paths else { return };
    let folder = tempfile::tempdir().unwrap();
    // Its last agent run: all of it takes too long a thousand times.
    let text = std::fs::read_to_string(&paths[0]).unwrap();
    let last: Vec<&str> = text.lines().skip(7).take(2).collect();
    paths[0] = folder.path().join("pydantic.jsonl");
    std::fs::write(&paths[0], last.join("\n")).unwrap();
    let exported = folder.path().join("ours.json");
    std::fs::write(&exported, ours().to_string()).unwrap();
    paths.push(exported);
    assert_survives(&paths, 1000);
}

#[test]
fn a_trace_beyond_memory_says_the_same() {
    let text = "x".repeat(1 << 20);
    let with_text = |id: &str, second| {
        let mut call = chat("aa", id, "ff", second, 10, 2);
        let messages = json!([{ "role": "user", "content": format!("{id} {text}") }]).to_string();
        let attribute =
            json!({ "key": "gen_ai.input.messages", "value": { "stringValue": messages } });
        call["attributes"].as_array_mut().unwrap().push(attribute);
        call
    };
    let lines: Vec<String> =
        (1..=36).map(|i| request(&[with_text(&format!("{i:02}"), i)]).to_string()).collect();
    let run = one(&[("t.jsonl", lines.join("\n"))]);
    assert_eq!(total(&run, |e| e.input_tokens), Some(360));
    let said = of_kind(&run, Kind::Message);
    assert_eq!((said.len(), said[35].content.as_deref().map(str::len)), (36, Some((1 << 20) + 3)));
}

#[test]
fn packed_files_are_traces_as_well() {
    let run = request(&[chat("aa", "01", "", 1, 10, 2)]).to_string();
    let packed = zstd::encode_all(run.as_bytes(), 1).unwrap();
    let runs = try_import(&[("t.jsonl.zst", packed.as_slice())]).unwrap().runs;
    assert_eq!(total(&runs[0], |e| e.input_tokens), Some(10));
    // A stream that breaks off is read up to there.
    let mut many = String::new();
    for i in 0..2000 {
        let id = format!("{i:04x}");
        many += &(request(&[chat("aa", &id, "", i, 10, 2)]).to_string() + "\n");
    }
    let packed = zstd::encode_all(many.as_bytes(), 1).unwrap();
    let broken = &packed[..packed.len() - 100];
    let runs = try_import(&[("t.jsonl.zst", broken)]).unwrap().runs;
    let found = of_kind(&runs[0], Kind::LlmCall).len();
    assert!((100..2000).contains(&found), "{found}");
    assert!(
        runs[0].report.rejected.iter().any(|r| r.problem.contains("breaks off")),
        "{:?}",
        runs[0].report
    );
    let runs = import(&[("a.jsonl", run.as_str())]);
    assert_eq!(runs[0].run.run_id, "aa".repeat(16));
}
