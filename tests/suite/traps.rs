//! What published agent logs do to an importer that takes them at their word: one test per trap.

use crate::real_data::ramp_or_skip;
use crate::run_folder::{Layout, RunFolder, START_US, Tokens, WRITE_DELAY_US, tokens};
use crate::workspace::{Workspace, import_all, store};
use ramptrace::import::Imported;
use ramptrace::metrics::{Pack, evaluate};
use ramptrace::rollup::{Scalar, query, roll_up};
use ramptrace::trace::{
    Clock, EndReason, Event, Kind, StageStatus, Timestamp, ToolKind, ToolStatus, TraceReader,
    UsageQuality, Usd,
};
use serde_json::{Value, json};

/// A run with one of most things: two stages, a call with a tool, a reply.
fn short_run() -> RunFolder {
    RunFolder::new("run-a")
        .prompt(0)
        .answered("r1", tokens(1000, 50), 0.5)
        .shell("r1", "make")
        .output(0, "built")
        .answered("r2", tokens(1200, 20), 0.25)
        .reply("r2", "Task 0 is done.")
        .prompt(1)
        .answered("r3", tokens(1500, 30), 0.125)
        .reply("r3", "Task 1 is done.")
        .grade(json!({"task_id": 0, "score": 100.0, "passed": true, "test_count": 1, "passed_count": 1}))
        .grade(json!({"task_id": 1, "score": 20.0, "passed": false, "test_count": 9, "passed_count": 2}))
}

/// Imports a run folder into memory.
fn imported_as(run: &RunFolder, layout: Layout) -> Imported {
    let space = Workspace::new();
    let mut runs = import_all(&run.write(&space, "runs/run-a", layout));
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn imported(run: &RunFolder) -> Imported {
    imported_as(run, Layout::Log)
}

/// Compares event by event, so that a difference can be read.
fn assert_same_events(a: &Imported, b: &Imported) {
    for (a, b) in a.events.iter().zip(&b.events) {
        assert_eq!(a, b);
    }
    assert_eq!(a.events.len(), b.events.len());
}

fn of_kind(run: &Imported, kind: Kind) -> Vec<&Event> {
    run.events.iter().filter(|e| e.kind == kind).collect()
}

/// The one row that a query has about some runs.
fn asked(runs: &[Imported], sql: &str) -> Vec<Scalar> {
    let space = Workspace::new();
    let frame = query(&store(&space.path("store"), runs).files(), sql).expect("a query");
    assert_eq!(frame.height(), 1, "{sql}");
    (0..frame.names().len()).map(|column| frame.get(0, column)).collect()
}

fn usd(text: &str) -> Usd {
    Usd::parse(text).expect("an amount")
}

fn attributes(event: &Event) -> Value {
    serde_json::from_str(event.attributes.as_deref().expect("attributes")).expect("JSON")
}

// 1. A run folder holds its conversation twice: as a log, and as one file for each event. The files lack the nulls of
// the log.
#[test]
fn a_conversation_that_is_there_twice_is_counted_once() {
    let log = imported_as(&short_run(), Layout::Log);
    let both = imported_as(&short_run(), Layout::Both);
    assert_same_events(&both, &log);
    let repeated = "event file of openhands-state that repeats the log";
    assert_eq!(both.report.skipped.get(repeated), Some(&7));
    assert_eq!(both.report.records_read, log.report.records_read + 7);
    assert_eq!(log.report.records_read, 7 + 3, "seven records and three usage entries");
}

// 2. Some runs come without the log.
#[test]
fn event_files_alone_give_the_same_events_as_the_log() {
    let log = imported_as(&short_run(), Layout::Log);
    let state = imported_as(&short_run(), Layout::State);
    assert_same_events(&state, &log);
    assert_eq!(state.report.skipped.len(), 0);
    assert_eq!(state.report.records_read, log.report.records_read);
}

// 3. Event times are local and name no zone; costs are stamped in epoch seconds.
#[test]
fn local_times_are_aligned_by_the_epoch_seconds_of_costs() {
    for hours in [8, -5, 0] {
        let run = imported(&short_run().hours_ahead_of_utc(hours));
        let prompt = of_kind(&run, Kind::StageStart)[0];
        // It is written right after the system prompt.
        let expected = Timestamp::from_micros(START_US + 2 * WRITE_DELAY_US);
        assert_eq!(
            (prompt.ts, prompt.clock),
            (Some(expected), Some(Clock::CostEpoch)),
            "{hours} h"
        );
        assert_eq!(run.events[0].clock, Some(Clock::Source), "metadata times are in UTC already");
        assert_eq!(run.report.warnings, [""; 0]);
    }
}

// 3, continued. Without costs, the time of the report is close enough to tell the zone.
#[test]
fn local_times_without_costs_are_aligned_by_the_report() {
    let expected = Timestamp::from_micros(START_US + 2 * WRITE_DELAY_US);
    for hours in [8, -5] {
        let run = imported(&short_run().without_costs().hours_ahead_of_utc(hours));
        let prompt = of_kind(&run, Kind::StageStart)[0];
        assert_eq!(
            (prompt.ts, prompt.clock),
            (Some(expected), Some(Clock::ReportTime)),
            "{hours} h"
        );
    }
    let blind = imported(
        &RunFolder::new("run-a").prompt(0).reply("r1", "hello").without_costs().without_report(),
    );
    let prompt = of_kind(&blind, Kind::StageStart)[0];
    let read_as_utc = expected.plus_micros(8 * 3_600_000_000);
    assert_eq!((prompt.ts, prompt.clock), (Some(read_as_utc), Some(Clock::AssumedUtc)));
    assert_eq!(
        blind.report.warnings,
        [
            "event times have no zone and nothing to align them by; they are read as UTC",
            "no openhands_report.json: stages have no scores",
        ]
    );
}

// 4. One response may ask for several tools; usage that is joined to each of them counts twice.
#[test]
fn a_response_with_several_actions_is_one_call() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(1000, 50), 0.5)
            .shell("r1", "ls")
            .shell("r1", "pwd")
            .output(0, "/home"),
    );
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].usage_quality, Some(UsageQuality::Final));
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!(tools.len(), 2);
    for tool in tools {
        assert_eq!(tool.parent_event_id.as_deref(), Some("r1"));
        assert_eq!((tool.input_tokens, tool.cost_usd), (None, None));
    }
    assert_eq!(
        asked(&[run], "SELECT llm_calls, total_tokens, cost_usd, tool_calls FROM runs"),
        [Scalar::Int(1), Scalar::Int(1050), Scalar::Money(usd("0.5")), Scalar::Int(2)]
    );
}

// 5. A response without an action stands in a message of the agent.
#[test]
fn a_reply_without_an_action_is_a_call() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .reply("r1", "Done."),
    );
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].content.as_deref(), Some("Done."));
    assert_eq!(calls[0].response_id.as_deref(), Some("r1"));
    assert_eq!((calls[0].input_tokens, calls[0].duration_ms), (Some(900), Some(2000.0)));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::AgentMessage));
}

// 6. A failed request leaves an error without id, usage, cost or latency, and has taken its time all the same.
#[test]
fn a_failed_request_waits_but_is_no_answered_call() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .shell("r1", "make")
            .output(0, "built")
            .wait(300)
            .conversation_error("LLMTimeoutError", "timed out after 300 seconds"),
    );
    let failed = of_kind(&run, Kind::LlmCall)[1];
    assert_eq!(failed.error_type.as_deref(), Some("LLMTimeoutError"));
    assert_eq!(failed.content.as_deref(), Some("timed out after 300 seconds"));
    assert_eq!(failed.duration_ms, Some(300_050.0));
    assert_eq!(
        (
            failed.response_id.as_deref(),
            failed.total_tokens(),
            failed.cost_usd,
            failed.usage_quality
        ),
        (None, None, None, None)
    );
    assert_eq!(of_kind(&run, Kind::RunEnd)[0].end_reason, Some(EndReason::LlmTimeout));
    assert_eq!(
        asked(&[run], "SELECT llm_calls, failed_llm_calls, llm_s, priced_calls FROM runs"),
        [Scalar::Int(1), Scalar::Int(1), Scalar::Float(2.0), Scalar::Int(1)]
    );
}

// 6, continued. A stage in which no request was answered was not attempted, whatever score it has.
#[test]
fn a_stage_of_failed_requests_was_not_attempted() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .reply("r1", "Done.")
            .prompt(1)
            .conversation_error("LLMTimeoutError", "timed out")
            .grade(json!({"task_id": 0, "score": 100.0, "passed": true}))
            .grade(json!({"task_id": 1, "score": 100.0, "passed": true})),
    );
    let results = of_kind(&run, Kind::StageResult);
    assert_eq!(results[0].stage_status, Some(StageStatus::Passed));
    assert_eq!(results[1].stage_status, Some(StageStatus::NotAttempted));
    assert_eq!(of_kind(&run, Kind::RunEnd)[0].end_reason, Some(EndReason::AgentMessage));
}

// 7. Arguments that did not parse leave an action of null, or none at all; the tool may be named by an empty text.
#[test]
fn an_action_that_was_not_executed_is_a_tool_call_with_an_error() {
    for executed in [None, Some(Value::Null)] {
        let run = imported(
            &RunFolder::new("run-a")
                .prompt(0)
                .answered("r1", tokens(900, 10), 0.5)
                .action("r1", "", "{\"command\": \"ls", executed)
                .agent_error("Tool '' not found."),
        );
        let tool = of_kind(&run, Kind::ToolCall)[0];
        assert_eq!(tool.tool_name.as_deref(), Some(""));
        assert_eq!((tool.tool_kind, tool.exit_code), (None, None));
        assert_eq!(tool.tool_status, Some(ToolStatus::Error));
        assert_eq!(tool.error_type.as_deref(), Some("agent_error"));
        assert_eq!(tool.content.as_deref(), Some("Tool '' not found."));
        assert_eq!(tool.arguments.as_deref(), Some("{\"command\": \"ls"));
        assert!(tool.arguments_hash.is_some());
        assert_eq!(
            asked(&[run], "SELECT tool_calls, tool_errors, commands, llm_calls FROM runs"),
            [1, 1, 0, 1].map(Scalar::Int)
        );
    }
}

// 8. The exit code is -1 while a command runs, and null when the tool refused it.
#[test]
fn a_command_without_an_exit_code_has_not_failed() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .shell("r1", "make -j")
            .output(-1, "still at it")
            .shell("r1", "cat")
            .output(Value::Null, "a command is running already")
            .shell("r1", "make")
            .output(2, "no rule")
            .shell("r1", "true")
            .output(0, ""),
    );
    let tools = of_kind(&run, Kind::ToolCall);
    let codes: Vec<Option<i64>> = tools.iter().map(|t| t.exit_code).collect();
    assert_eq!(codes, [None, None, Some(2), Some(0)]);
    assert_eq!(tools[0].tool_status, Some(ToolStatus::Running));
    assert_eq!(tools[1].tool_status, Some(ToolStatus::Ok));
    assert!(tools.iter().all(|t| t.tool_kind == Some(ToolKind::Shell)));
    assert_eq!(
        asked(&[run], "SELECT commands, nonzero_exits, tool_errors FROM runs"),
        [4, 1, 0].map(Scalar::Int)
    );
}

// 9. An accumulated cost of 0.0 beside an empty list says that no price was known.
#[test]
fn a_run_without_prices_has_an_unknown_cost() {
    let run = imported(&short_run().without_costs());
    assert!(run.events.iter().all(|e| e.cost_usd.is_none() && e.cost_source.is_none()));
    assert_eq!(
        asked(&[run], "SELECT cost_usd, priced_calls, llm_calls FROM runs"),
        [Scalar::Null, Scalar::Int(0), Scalar::Int(3)]
    );
}

// 9, continued. So does a 0.0 among the costs. A sum says how many of its calls it knows.
#[test]
fn a_call_of_zero_cost_beside_tokens_has_an_unknown_cost() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.25)
            .shell("r1", "ls")
            .answered("r2", tokens(950, 10), 0.0)
            .reply("r2", "Done."),
    );
    let costs: Vec<Option<Usd>> =
        of_kind(&run, Kind::LlmCall).iter().map(|call| call.cost_usd).collect();
    assert_eq!(costs, [Some(usd("0.25")), None]);
    assert_eq!(
        asked(&[run], "SELECT cost_usd, priced_calls, llm_calls FROM runs"),
        [Scalar::Money(usd("0.25")), Scalar::Int(1), Scalar::Int(2)]
    );
}

// 10. Cache reads are part of the prompt and reasoning is part of the completion; published totals add them once more.
#[test]
fn cached_and_reasoning_tokens_are_not_added_again() {
    let all = Tokens {
        prompt: 1000,
        completion: 200,
        cache_read: 700,
        cache_write: 100,
        reasoning: 150,
        context_window: 0,
    };
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", all, 0.5)
            .reply("r1", "Done.")
            .grade(json!({"task_id": 0, "score": 100.0})),
    );
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!(
        (call.input_tokens, call.cache_read_tokens, call.cache_write_tokens),
        (Some(1000), Some(700), Some(100))
    );
    assert_eq!((call.output_tokens, call.reasoning_tokens), (Some(200), Some(150)));
    assert_eq!(call.total_tokens(), Some(1200));
    let space = Workspace::new();
    let rollup = roll_up(&store(&space.path("store"), &[run]).files()).unwrap();
    let scores = evaluate(&Pack::ramp().unwrap(), &rollup).unwrap();
    assert_eq!(scores.runs.ints("total_tokens").unwrap(), [Some(1200)]);
    assert_eq!(scores.runs.numbers("published_total_tokens").unwrap(), [Some(2150.0)]);
}

// 11. The report's `total_iterations` is a constant, `passed_count` counts whole passes only, and the container exits
// with 0 whatever happened inside.
#[test]
fn fields_that_say_something_else_than_their_names_decide_nothing() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .reply("r1", "Done.")
            .conversation_error("LLMBadRequestError", "bad request")
            .report_field("metrics", json!({"total_iterations": 3000}))
            .grade(json!({
                "task_id": 0, "score": 94.82, "passed": true, "test_count": 20, "passed_count": 0
            })),
    );
    let result = of_kind(&run, Kind::StageResult)[0];
    assert_eq!(result.stage_status, Some(StageStatus::Passed));
    assert_eq!((result.tests_passed, result.tests_total), (Some(0), Some(20)));
    assert_eq!(result.score, Some(94.82));
    let end = of_kind(&run, Kind::RunEnd)[0];
    assert_eq!(end.end_reason, Some(EndReason::LlmError), "not `finished`, whatever the exit code");
    assert_eq!(attributes(end)["container_exit_code"], "0");
    assert_eq!(attributes(end)["metrics"]["total_iterations"], 3000);
    assert_eq!(asked(&[run], "SELECT llm_calls FROM runs"), [Scalar::Int(1)]);

    let silent = short_run().without_exit_code();
    assert_eq!(
        attributes(of_kind(&imported(&silent), Kind::RunEnd)[0]).get("container_exit_code"),
        None
    );
}

// 12. Stage times of the report leave the setup out and the grading in; the total is not their sum.
#[test]
fn elapsed_is_what_the_report_says_and_wall_is_what_the_events_say() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered_after(30, "r1", tokens(900, 10), 0.5)
            .reply("r1", "Done.")
            .prompt(1)
            .answered_after(10, "r2", tokens(900, 10), 0.5)
            .reply("r2", "Done.")
            .report_field("total_elapsed_seconds", json!(500.5))
            .grade(json!({"task_id": 0, "score": 100.0, "elapsed_seconds": 100.25}))
            .grade(json!({"task_id": 1, "score": 100.0, "elapsed_seconds": 200.0})),
    );
    let sql = "SELECT MAX(CASE WHEN stage = 0 THEN elapsed_s END) AS a, MAX(CASE WHEN stage = 1 THEN elapsed_s END) AS b, \
               MAX(CASE WHEN stage = 0 THEN wall_s END) AS c, MAX(CASE WHEN stage = 1 THEN wall_s END) AS d FROM stages";
    assert_eq!(
        asked(std::slice::from_ref(&run), sql),
        // The call ends 50 ms before its record; the prompt is written at the start of the stage.
        [100.25, 200.0, 30.05, 10.05].map(Scalar::Float)
    );
    // From the metadata's start to the report: 40 s of calls, five records, a minute and a half of grading.
    assert_eq!(
        asked(&[run], "SELECT elapsed_s, wall_s FROM runs"),
        [500.5, 130.25].map(Scalar::Float)
    );
}

// 13. Long outputs are cut by the tool, which says so in the text; there is nothing more to be had.
#[test]
fn clipped_outputs_are_kept_as_they_are() {
    let marker = "<response clipped><NOTE>only part of the output is shown</NOTE>";
    let half = (30_000 - marker.len()) / 2;
    let text = format!("{}{marker}{}", "a".repeat(half), "z".repeat(30_000 - marker.len() - half));
    assert_eq!(text.len(), 30_000);
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .shell("r1", "cat big.log")
            .output(0, &text),
    );
    let space = Workspace::new();
    let stored = store(&space.path("store"), &[run]);
    let kept = TraceReader::open(&stored.files()[0])
        .unwrap()
        .map(|row| row.unwrap().1)
        .find(|event| event.kind == Kind::ToolCall);
    assert_eq!(kept.unwrap().content, Some(text));
}

// 14. Terminal text holds escape sequences, bells and characters that were lost before.
#[test]
fn terminal_text_is_stored_as_it_is_and_shown_without_acting() {
    let text = "\u{1b}[31mred\u{1b}[0m \u{7}bell \u{fffd} \u{1b}]0;title\u{7}";
    let space = Workspace::new();
    let folder = RunFolder::new("run-a")
        .prompt(0)
        .answered("r1", tokens(900, 10), 0.5)
        .shell("r1", "make")
        .output(0, text)
        .write(&space, "runs/run-a", Layout::Both);
    let stored = store(&space.path("store"), &import_all(&folder));
    let kept = TraceReader::open(&stored.files()[0])
        .unwrap()
        .map(|row| row.unwrap().1)
        .find(|event| event.kind == Kind::ToolCall);
    assert_eq!(kept.unwrap().content.as_deref(), Some(text));
    for format in ["text", "markdown", "latex", "csv", "json"] {
        let shown = space.ok(&["show", "run-a", "--store", "store", "--format", format]);
        assert!(!shown.contains(['\u{1b}', '\u{7}']), "{format}: {shown}");
    }
    let query = "SELECT content FROM events WHERE kind = 'tool_call'";
    let shown = space.ok(&["sql", "store", query]);
    assert!(shown.contains(r"\x1b[31mred\x1b[0m \x07bell"), "{shown}");
}

// 14, continued. Names of runs and models are text from a log as well.
#[test]
fn names_from_a_log_are_shown_without_acting() {
    let space = Workspace::new();
    let folder = RunFolder::new("run-\u{1b}[2J").prompt(0).answered("r1", tokens(900, 10), 0.5);
    folder.write(&space, "runs/run-a", Layout::Log);
    // The answered call has no record, which is worth a warning that names the run.
    let imported = space.run(&["import", "runs", "-o", "store"]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert!(imported.stderr.contains("have no record in the conversation"), "{}", imported.stderr);
    let shown = space.ok(&["show", "latest", "--store", "store"]);
    let missed = space.run(&["show", "run-[2J", "--store", "store"]);
    for text in [imported.stdout, imported.stderr, shown, missed.stderr] {
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

// 15. A published table holds an arithmetic expression where a number belongs.
#[test]
fn an_expression_in_a_table_is_named_and_never_evaluated() {
    let space = Workspace::new();
    let table = "[\n  {\n    \"model\": \"model-a\",\n    \"task0\": 100.0,\n    \"run_llm_cost_usd\": 2*3+(4-1),\n    \
                 \"run_llm_prompt_tokens\": 500\n  },\n  {\n    \"model\": \"model-b\",\n    \"task0\": 50.0,\n    \
                 \"run_llm_cost_usd\": 1.5\n  }\n]\n";
    space.write("table.json", table);
    let ran = space.run(&["import", "table.json", "-o", "store"]);
    assert_eq!(
        ran.stderr,
        "warning: table.json:5: not valid JSON: expected `,` or `}` at column 26; `run_llm_cost_usd` holds \
         `2*3+(4-1)`, which is left unknown\n"
    );
    assert_eq!(ran.code, 0);
    assert_eq!(
        space.ok(&[
            "sql",
            "store",
            "SELECT model, cost_usd, input_tokens FROM runs",
            "--format",
            "csv"
        ]),
        "model,cost_usd,input_tokens\nmodel-a,,500\nmodel-b,1.5,\n"
    );
}

// A table may hold the total of a run and its parts.
#[test]
fn a_total_is_not_added_to_its_parts() {
    let space = Workspace::new();
    let table = "model,task0,task1,run_agent_llm_rounds,task0_agent_llm_rounds,task1_agent_llm_rounds,run_llm_cost_usd,\
                 task0_llm_cost_usd,task1_llm_cost_usd,run_llm_total_tokens,task0_llm_total_tokens,\
                 task1_llm_total_tokens\nmodel-a,100,50,7,4,2,3.5,1,2,350,100,200\n";
    let runs = import_all(&space.write("table.csv", table));
    assert_eq!(
        asked(&runs, "SELECT llm_calls, cost_usd, reported_total_tokens FROM runs"),
        [Scalar::Int(7), Scalar::Money(usd("3.5")), Scalar::Int(350)]
    );
}

// 15, continued: the table itself.
#[test]
fn the_published_expression_is_named_by_its_line() {
    let ramp = ramp_or_skip!();
    let runs = import_all(&ramp.join("published/engineer-500-all.json"));
    let rejected: Vec<_> = runs.iter().flat_map(|run| &run.report.rejected).collect();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].line, 670);
    assert!(
        rejected[0].problem.contains("`run_llm_cost_usd` holds `15.375768*0.6+"),
        "{}",
        rejected[0].problem
    );
    let unpriced = runs.iter().find(|run| !run.report.rejected.is_empty()).unwrap();
    let mut totals = unpriced.events.iter().filter(|e| e.stage.is_none());
    assert!(totals.all(|e| e.cost_usd.is_none()), "the total is unknown");
    assert!(runs.len() > 10, "the rest is imported: {}", runs.len());
}

// 16. Each call carries a note of its own, which is not part of what was executed.
#[test]
fn notes_in_the_arguments_do_not_make_calls_differ() {
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .shell_with("r1", r#"{"command": "make", "summary": "build it"}"#)
            .output(2, "no rule")
            .shell_with("r1", r#"{"summary": "build it once more", "command": "make"}"#)
            .output(2, "no rule")
            .shell_with("r1", r#"{"command": "make", "security_risk": "LOW"}"#)
            .output(2, "no rule")
            .shell_with("r1", r#"{"command": "make all", "summary": "build it"}"#)
            .output(0, "built"),
    );
    let tools = of_kind(&run, Kind::ToolCall);
    let streaks: Vec<Option<i64>> = tools.iter().map(|t| t.identical_streak).collect();
    assert_eq!(streaks, [1, 2, 3, 1].map(Some));
    assert_eq!(tools[0].arguments_hash, tools[2].arguments_hash);
    assert_ne!(tools[0].arguments_hash, tools[3].arguments_hash);
    assert_eq!(
        tools[1].arguments.as_deref(),
        Some(r#"{"summary": "build it once more", "command": "make"}"#),
        "the arguments themselves stay as the model wrote them"
    );
    assert_eq!(asked(&[run], "SELECT max_identical_run FROM runs"), [Scalar::Int(3)]);
}

// 17. A context window of 0 is unknown; the true one stands in the text of the error.
#[test]
fn the_context_limit_is_read_from_the_error() {
    let window = Tokens { context_window: 131_072, ..tokens(950, 10) };
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .shell("r1", "cat everything")
            .output(0, "a great deal of text")
            .answered("r2", window, 0.5)
            .shell("r2", "cat more")
            .output(0, "even more")
            .conversation_error(
                "LLMBadRequestError",
                "Error: Range of input length should be [1, 169984]",
            ),
    );
    let limits: Vec<Option<i64>> =
        of_kind(&run, Kind::LlmCall).iter().map(|call| call.context_limit).collect();
    assert_eq!(limits, [None, Some(131_072), Some(169_984)]);
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::ContextExceeded));
}

// A failed grade may be answered by another prompt, which the report does not tell.
#[test]
fn a_second_prompt_in_a_stage_is_another_attempt() {
    let once = imported(&short_run());
    assert_eq!(once.run.protocol.as_deref(), Some("golden-inputs"));
    let run = imported(
        &RunFolder::new("run-a")
            .prompt(0)
            .answered("r1", tokens(900, 10), 0.5)
            .shell("r1", "make")
            .output(2, "no rule")
            .answered("r2", tokens(950, 10), 0.5)
            .reply("r2", "Done.")
            .user("The stage did not pass. Go on.")
            .answered("r3", tokens(990, 10), 0.5)
            .shell("r3", "make")
            .output(0, "built")
            .grade(json!({"task_id": 0, "score": 80.0, "passed": true})),
    );
    assert_eq!(run.run.protocol.as_deref(), Some("golden-inputs+retries"));
    let attempts: Vec<Option<i64>> =
        of_kind(&run, Kind::LlmCall).iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 1, 2].map(Some));
    assert_eq!(of_kind(&run, Kind::StageStart).len(), 2);
    let results = of_kind(&run, Kind::StageResult);
    assert_eq!((results.len(), results[0].attempt), (1, Some(2)));
    assert_eq!(
        asked(&[run], "SELECT attempts, score, max_identical_run FROM stages"),
        [Scalar::Int(2), Scalar::Float(80.0), Scalar::Int(2)]
    );
}

// Costs of several purposes are kept apart in the log, each with a total of its own.
#[test]
fn totals_of_two_purposes_are_checked_apart() {
    let space = Workspace::new();
    let folder = short_run().write(&space, "runs/run-a", Layout::Log);
    let path = folder.join("openhands-state/pipeline/c0/base_state.json");
    let mut state: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let metrics = &mut state["stats"]["usage_to_metrics"];
    metrics["condenser"] = json!({
        "accumulated_cost": 0.0625,
        "costs": [{"cost": 0.0625, "timestamp": 1_772_359_210.5}],
        "token_usages": [{"prompt_tokens": 10, "completion_tokens": 1, "response_id": "c1"}],
    });
    std::fs::write(&path, state.to_string()).unwrap();
    let run = import_all(&folder).remove(0);
    assert_eq!(
        run.report.warnings,
        ["1 calls of base_state.json have no record in the conversation"]
    );
    assert_eq!(
        asked(&[run], "SELECT llm_calls, cost_usd FROM runs"),
        [Scalar::Int(4), Scalar::Money(usd("0.9375"))]
    );
}

// Runs with one conversation per task.

#[test]
fn conversations_per_task_are_one_run_in_the_order_of_their_tasks() {
    let space = Workspace::new();
    let run = space.path("run");
    for stage in [0, 9, 10] {
        let name = format!("task{stage}");
        let response = format!("r{stage}");
        let source = RunFolder::new("run-a")
            .prompt(stage)
            .answered(&response, tokens(100, 10), 0.01)
            .reply(&response, "Done.")
            .write(&space, &name, Layout::Both);
        for (from, to) in
            [("metadata.json", "metadata.json"), ("openhands_report.json", "openhands_report.json")]
        {
            std::fs::create_dir_all(&run).expect("a folder");
            std::fs::copy(source.join(from), run.join(to)).expect("a copy");
        }
        for (from, to) in [
            (
                "openhands-events/pipeline.jsonl".to_owned(),
                format!("openhands-events/{name}.jsonl"),
            ),
            ("openhands-state/pipeline".to_owned(), format!("openhands-state/{name}")),
        ] {
            let to = run.join(to);
            std::fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
            std::fs::rename(source.join(from), to).expect("a move");
        }
    }
    let runs = import_all(&run);
    assert_eq!(runs.len(), 1);
    let calls: Vec<Option<i64>> =
        runs[0].events.iter().filter(|e| e.kind == Kind::LlmCall).map(|e| e.stage).collect();
    assert_eq!(calls, [Some(0), Some(9), Some(10)]);
    let prompts = runs[0].events.iter().filter(|e| e.role.as_deref() == Some("system"));
    assert!(prompts.into_iter().all(|e| e.stage.is_none()));
}
