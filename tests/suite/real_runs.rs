//! Published runs imported and compared, field by field, with what an independent reading of the same logs found.
//!
//! Every field of the expectation that a trace holds is looked up; all differences are listed by name.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "counts and durations of a few hundred runs fit in either type"
)]

use crate::real_data::ramp_or_skip;
use crate::workspace::{Workspace, import_all, store};
use ramptrace::rollup::{Frame, Scalar, query};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The differences found so far.
#[derive(Default)]
struct Differences {
    place: String,
    found: Vec<String>,
    compared: usize,
}

impl Differences {
    fn number(&mut self, field: &str, expected: &Value, got: Option<f64>, tolerance: f64) {
        self.compared += 1;
        let same = match (expected.as_f64(), got) {
            (None, None) => expected.is_null(),
            (Some(e), Some(g)) => (e - g).abs() <= tolerance,
            _ => false,
        };
        if !same {
            self.found.push(format!("{}: {field}: expected {expected}, got {got:?}", self.place));
        }
    }

    fn text(&mut self, field: &str, expected: &str, got: Option<&str>) {
        self.compared += 1;
        if got != Some(expected) {
            self.found.push(format!("{}: {field}: expected {expected}, got {got:?}", self.place));
        }
    }

    /// A map of counts, such as tool calls by tool.
    fn counts(&mut self, field: &str, expected: &Value, got: &BTreeMap<String, i64>) {
        self.compared += 1;
        let expected: BTreeMap<String, i64> = expected
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| Some((k.clone(), v.as_i64()?)))
            .collect();
        if expected != *got {
            self.found.push(format!("{}: {field}: expected {expected:?}, got {got:?}", self.place));
        }
    }

    fn none(self, at_least: usize) {
        assert!(self.compared >= at_least, "only {} comparisons", self.compared);
        assert!(
            self.found.is_empty(),
            "{} differences:\n{}",
            self.found.len(),
            self.found.join("\n")
        );
    }
}

/// One row of a query by column name.
struct Row<'a> {
    frame: &'a Frame,
    row: usize,
}

impl Row<'_> {
    fn get(&self, name: &str) -> Scalar {
        let column = self
            .frame
            .names()
            .iter()
            .position(|n| n == name)
            .unwrap_or_else(|| panic!("no column {name}"));
        self.frame.get(self.row, column)
    }
    fn number(&self, name: &str) -> Option<f64> {
        self.get(name).number()
    }
    fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Scalar::Text(text) => Some(text),
            Scalar::Time(time) => Some(time.to_string()),
            _ => None,
        }
    }
}

/// The views of the published runs.
struct Views {
    files: Vec<PathBuf>,
}

impl Views {
    fn sql(&self, sql: &str) -> Frame {
        query(&self.files, sql).unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    /// Counts by a text column.
    fn counts(&self, what: &str, filter: &str) -> BTreeMap<String, i64> {
        let frame = self.sql(&format!(
            "SELECT {what} AS k, COUNT(*) AS n FROM events WHERE {filter} GROUP BY {what}"
        ));
        let text = |row: usize| match frame.get(row, 0) {
            Scalar::Text(text) => text,
            Scalar::Int(int) => int.to_string(),
            other => format!("{other:?}"),
        };
        (0..frame.height())
            .map(|row| (text(row), frame.get(row, 1).number().unwrap_or(0.0).round() as i64))
            .collect()
    }

    fn one(&self, sql: &str) -> Option<f64> {
        self.sql(sql).get(0, 0).number()
    }
}

fn expected(ramp: &Path, file: &str, key: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(ramp.join("expected").join(file)).expect("an expectation");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    value[key].as_array().expect("an array").clone()
}

fn end_reason(expected: &str) -> &str {
    match expected {
        "finish_tool" | "finished" => "finished",
        "llm_error_context" | "context_window_exceeded" => "context_exceeded",
        "llm_error_timeout" => "llm_timeout",
        "stuck_detector" => "stuck",
        other => other,
    }
}

/// What runs and stages have in common. `filter` selects their events.
fn compare_common(d: &mut Differences, views: &Views, row: &Row<'_>, e: &Value, filter: &str) {
    for (field, column) in [
        ("llm_calls", "llm_calls"),
        ("prompt_tokens", "input_tokens"),
        ("completion_tokens", "output_tokens"),
        ("cache_read_tokens", "cache_read_tokens"),
        ("cache_write_tokens", "cache_write_tokens"),
        ("reasoning_tokens", "reasoning_tokens"),
        ("true_total_tokens", "total_tokens"),
    ] {
        d.number(field, &e[field], row.number(column), 0.0);
    }
    d.number("llm_latency_s", &e["llm_latency_s"], row.number("llm_s"), 1e-3);
    let uncached =
        row.number("input_tokens").zip(row.number("cache_read_tokens")).map(|(i, c)| i - c);
    d.number("uncached_prompt_tokens", &e["uncached_prompt_tokens"], uncached, 0.0);
    // Without an answered call there is no cost to know; the expectation writes 0.0 or null there.
    if e["llm_calls"].as_i64() != Some(0) {
        d.number("cost_usd", &e["cost_usd"], row.number("cost_usd"), 1e-6);
        d.number(
            "max_prompt_tokens",
            &e["max_prompt_tokens"],
            row.number("peak_input_tokens"),
            0.0,
        );
    }
    let wait = views.one(&format!(
        "SELECT SUM(duration_ms) / 1000.0 FROM events WHERE {filter} AND kind = 'llm_call' AND error_type IS NOT NULL"
    ));
    d.number("failed_llm_wait_s", &e["failed_llm_wait_s"], Some(wait.unwrap_or(0.0)), 1e-3);

    let tools = &e["tools"];
    d.number("tools.actions", &tools["actions"], row.number("tool_calls"), 0.0);
    d.number("tools.terminal_commands", &tools["terminal_commands"], row.number("commands"), 0.0);
    d.number("tools.exit_nonzero", &tools["exit_nonzero"], row.number("nonzero_exits"), 0.0);
    d.number(
        "tools.tool_errors.total",
        &tools["tool_errors"]["total"],
        row.number("tool_errors"),
        0.0,
    );
    let repeats = &tools["repeats"]["args"];
    d.number(
        "tools.repeats.args.max_run",
        &repeats["max_run"],
        row.number("max_identical_run"),
        0.0,
    );
    d.counts(
        "tools.tool_calls",
        &tools["tool_calls"],
        &views.counts("tool_name", &format!("{filter} AND kind = 'tool_call'")),
    );
    let mut exits = views.counts("exit_code", &format!("{filter} AND exit_code IS NOT NULL"));
    let open = views.one(&format!(
        "SELECT COUNT(*) FROM events WHERE {filter} AND tool_kind = 'shell' AND exit_code IS NULL"
    ));
    let unknown = tools["exit_running"]
        .as_f64()
        .zip(tools["exit_null"].as_f64())
        .map(|(r, n)| Value::from(r + n));
    d.number("tools.exit_running + exit_null", &unknown.unwrap_or(Value::Null), open, 0.0);
    exits.retain(|_, n| *n > 0);
    let mut expected_exits = tools["exit_codes"].clone();
    if let Some(map) = expected_exits.as_object_mut() {
        map.retain(|code, _| code != "-1" && code != "null" && code != "None");
    }
    d.counts("tools.exit_codes", &expected_exits, &exits);
    let null_actions = views.one(&format!(
        "SELECT COUNT(*) FROM events WHERE {filter} AND kind = 'tool_call' AND tool_kind IS NULL"
    ));
    d.number("tools.null_actions", &tools["null_actions"], null_actions, 0.0);
    let distinct = views.sql(&format!(
        "SELECT tool_name, arguments_hash FROM events WHERE {filter} AND kind = 'tool_call' GROUP BY tool_name, arguments_hash"
    ));
    d.number(
        "tools.repeats.args.distinct",
        &repeats["distinct"],
        Some(distinct.height() as f64),
        0.0,
    );
}

/// Two different endings: `termination` is how the last attempted stage ended; the expectation's class goes by the last
/// failed request, attempted stage or not.
fn compare_ending(d: &mut Differences, views: &Views, row: &Row<'_>, e: &Value, stages: &[Value]) {
    let run_id = e["run_id"].as_str().unwrap_or_default();
    let last_attempted = stages
        .iter()
        .filter(|s| s["run_id"] == e["run_id"] && s["attempted"] == Value::Bool(true))
        .max_by_key(|s| s["stage"].as_i64());
    let reason = last_attempted.and_then(|s| s["end_reason"].as_str()).unwrap_or_default();
    d.text(
        "end_reason of the last attempted stage",
        end_reason(reason),
        row.text("termination").as_deref(),
    );
    let last_error = views.sql(&format!(
        "SELECT error_type, context_limit FROM events WHERE run_id = '{run_id}' AND kind = 'llm_call' AND error_type IS NOT NULL \
         ORDER BY seq DESC LIMIT 1"
    ));
    let class = match (last_error.get(0, 0), last_error.get(0, 1)) {
        (Scalar::Null, _) => "finished",
        (_, Scalar::Int(_)) => "context_exceeded",
        (Scalar::Text(code), _) if code.contains("Timeout") => "llm_timeout",
        _ => "llm_error",
    };
    d.text(
        "termination_class",
        end_reason(e["termination_class"].as_str().unwrap_or_default()),
        Some(class),
    );
}

#[test]
fn runs_agree_with_an_independent_reading() {
    let ramp = ramp_or_skip!();
    let space = Workspace::new();
    let runs = import_all(&ramp.join("runs"));
    let views = Views { files: store(&space.path("store"), &runs).files() };
    let frame = views.sql("SELECT * FROM runs ORDER BY run_id");
    let stages = expected(&ramp, "stages.json", "stages");
    let expected = expected(&ramp, "runs.json", "runs");
    assert_eq!(frame.height(), expected.len(), "runs");
    let mut d = Differences::default();
    for (row, e) in expected.iter().enumerate() {
        let row = Row { frame: &frame, row };
        let run_id = e["run_id"].as_str().expect("a run id");
        d.place = run_id.to_owned();
        let filter = format!("run_id = '{run_id}'");
        d.text("run_id", run_id, row.text("run_id").as_deref());
        d.text("model", e["model"].as_str().unwrap_or_default(), row.text("model").as_deref());
        d.text(
            "started_at",
            e["started_at"].as_str().unwrap_or_default(),
            row.text("started_at").as_deref(),
        );
        d.number("elapsed_s", &e["elapsed_s"], row.number("elapsed_s"), 1e-6);
        d.number("failed_llm_calls", &e["failed_llm_calls"], row.number("failed_llm_calls"), 0.0);
        compare_ending(&mut d, &views, &row, e, &stages);
        compare_common(&mut d, &views, &row, e, &filter);

        let report = &runs.iter().find(|r| r.run.run_id == run_id).expect("the run").report;
        let skipped: u64 = report.skipped.values().sum();
        let calls = e["llm_calls"].as_u64().unwrap_or(0);
        d.number("events", &e["events"], Some((report.records_read - skipped - calls) as f64), 0.0);
        d.counts(
            "tools.conversation_errors",
            &e["tools"]["conversation_errors"],
            &views.counts(
                "error_type",
                &format!("{filter} AND kind = 'llm_call' AND error_type IS NOT NULL"),
            ),
        );
        let limits: BTreeMap<String, i64> = views
            .counts(
                "context_limit",
                &format!("{filter} AND error_type IS NOT NULL AND context_limit IS NOT NULL"),
            )
            .into_keys()
            .map(|k| (k, 1))
            .collect();
        let wanted: serde_json::Map<String, Value> = e["context_limit_in_errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|l| (l.to_string(), Value::from(1)))
            .collect();
        d.counts("context_limit_in_errors", &Value::Object(wanted), &limits);
        let first = views.one(&format!("SELECT MIN(stage) FROM events WHERE {filter} AND error_type IS NOT NULL AND context_limit IS NOT NULL"));
        d.number("first_context_exhausted_stage", &e["first_context_exhausted_stage"], first, 0.0);
        let inside = views.sql(&format!(
            "SELECT MIN(ts) AS first FROM events WHERE {filter} AND kind <> 'run_start'"
        ));
        let first = Row { frame: &inside, row: 0 }.text("first");
        d.text(
            "first_event_utc",
            e["first_event_utc"].as_str().unwrap_or_default(),
            first.as_deref(),
        );
        let events = &runs.iter().find(|r| r.run.run_id == run_id).expect("the run").events;
        let last = events
            .iter()
            .filter(|e| e.kind != ramptrace::trace::Kind::RunEnd)
            .filter_map(|e| {
                Some(e.ts?.plus_micros((e.duration_ms.unwrap_or(0.0) * 1000.0).round() as i64))
            })
            .max();
        d.text(
            "last_event_utc",
            e["last_event_utc"].as_str().unwrap_or_default(),
            last.map(|t| t.to_string()).as_deref(),
        );
        let retried = row.text("protocol").is_some_and(|p| p.contains("retries"));
        d.number(
            "retry_protocol_seen",
            &Value::from(u8::from(e["retry_protocol_seen"] == Value::Bool(true))),
            Some(f64::from(u8::from(retried))),
            0.0,
        );
    }
    d.none(expected.len() * 30);
}

#[test]
fn stages_agree_with_an_independent_reading() {
    let ramp = ramp_or_skip!();
    let space = Workspace::new();
    let views =
        Views { files: store(&space.path("store"), &import_all(&ramp.join("runs"))).files() };
    let frame = views.sql("SELECT * FROM stages ORDER BY run_id, stage");
    let mut expected = expected(&ramp, "stages.json", "stages");
    expected.sort_by_key(|e| {
        (e["run_id"].as_str().unwrap_or_default().to_owned(), e["stage"].as_i64())
    });
    assert_eq!(frame.height(), expected.len(), "stages");
    let mut d = Differences::default();
    for (row, e) in expected.iter().enumerate() {
        let row = Row { frame: &frame, row };
        let (run_id, stage) = (e["run_id"].as_str().expect("a run id"), &e["stage"]);
        d.place = format!("{run_id} T{stage}");
        let filter = format!("run_id = '{run_id}' AND stage = {stage}");
        d.text("run_id", run_id, row.text("run_id").as_deref());
        d.number("stage", stage, row.number("stage"), 0.0);
        d.number("score", &e["score"], row.number("score"), 1e-9);
        d.number("tests_passed", &e["tests_passed"], row.number("tests_passed"), 0.0);
        d.number("tests_total", &e["tests_total"], row.number("tests_total"), 0.0);
        d.number("elapsed_report_s", &e["elapsed_report_s"], row.number("elapsed_s"), 1e-6);
        d.number("wall_active_s", &e["wall_active_s"], row.number("wall_s"), 1e-6);
        let retries = row.number("attempts").map(|a| a - 1.0);
        d.number("retries", &e["retries"], retries, 0.0);
        d.text(
            "prompt_time_utc",
            e["prompt_time_utc"].as_str().unwrap_or_default(),
            row.text("first_ts").as_deref(),
        );
        d.text(
            "end_reason",
            end_reason(e["end_reason"].as_str().unwrap_or_default()),
            row.text("end_reason").as_deref(),
        );
        let attempted = row.text("stage_status").as_deref() != Some("not_attempted");
        d.number(
            "attempted",
            &Value::from(u8::from(e["attempted"] == Value::Bool(true))),
            Some(f64::from(u8::from(attempted))),
            0.0,
        );
        let passed = views.one(&format!("SELECT MAX(CASE WHEN passed THEN 1 ELSE 0 END) FROM events WHERE {filter} AND kind = 'stage_result'"));
        d.number(
            "passed_reported",
            &Value::from(u8::from(e["passed_reported"] == Value::Bool(true))),
            passed,
            0.0,
        );
        if e["grader_build_failed"] == Value::Bool(true)
            && attempted
            && e["passed_reported"] == Value::Bool(false)
        {
            d.text("grader_build_failed", "no_tests", row.text("stage_status").as_deref());
        }
        compare_common(&mut d, &views, &row, e, &filter);
    }
    d.none(expected.len() * 25);
}
