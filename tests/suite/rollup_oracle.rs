//! The rollup against a plain loop over the same events.
//!
//! The loop is written from what the columns mean (`schemas/views.md`), not from the SQL: each row says a value, is
//! known to have one that it does not say, or has nothing to count, and a sum of rows is known as soon as one is.

use crate::event_lists::{Run, Runs, runs};
use crate::workspace::Workspace;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use ramptrace::rollup::{
    Frame, RUN_COLUMNS, Rollup, STAGE_COLUMNS, Scalar, ViewColumn, roll_up, roll_up_by_sql,
};
use ramptrace::trace::{
    EndReason, Event, Kind, RunFacts, StageStatus, Store, ToolKind, ToolStatus, TraceWriter,
    UsageQuality, Usd,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What rows say of something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    /// There was nothing to count.
    Nothing,
    /// There was something, and nobody knows how much.
    Unknown,
    Known(i64),
}
use Count::{Known, Nothing, Unknown};

impl Count {
    fn plus(self, other: Self) -> Self {
        self.join(other, |a, b| a + b)
    }

    fn join(self, other: Self, both: impl Fn(i64, i64) -> i64) -> Self {
        match (self, other) {
            (Known(a), Known(b)) => Known(both(a, b)),
            (Known(a), _) | (_, Known(a)) => Known(a),
            (Unknown, _) | (_, Unknown) => Unknown,
            (Nothing, Nothing) => Nothing,
        }
    }

    fn value(self) -> Option<i64> {
        match self {
            Known(n) => Some(n),
            Nothing => Some(0),
            Unknown => None,
        }
    }

    fn known_or_unknown(value: Option<i64>) -> Self {
        value.map_or(Unknown, Known)
    }
}

/// The sum over rows of what each says.
fn sum(events: &[&Event], says: impl Fn(&Event) -> Count) -> Option<i64> {
    events.iter().map(|e| says(e)).fold(Nothing, Count::plus).value()
}

fn is_aggregate(e: &Event) -> bool {
    e.usage_quality == Some(UsageQuality::Aggregate)
}

fn is_answer(e: &Event) -> bool {
    e.kind == Kind::LlmCall && e.error_type.is_none()
}

/// LLM calls of the wanted sort in a row.
fn calls(e: &Event, wanted: bool) -> Count {
    match (is_aggregate(e), wanted) {
        (true, true) => Count::known_or_unknown(e.llm_call_count),
        (true, false) => Unknown,
        (false, true) => Known(1),
        (false, false) => Nothing,
    }
}

/// Tokens in a row: an answered call has some, and so has what an aggregate stands for.
fn tokens(e: &Event, stated: Option<i64>) -> Count {
    match stated {
        Some(n) => Known(n),
        None if is_answer(e) || is_aggregate(e) => Unknown,
        None => Nothing,
    }
}

/// Something counted on tool calls; an aggregate may stand for any number of them.
fn of_tools(e: &Event, count: Count) -> Count {
    match e.kind {
        Kind::ToolCall => count,
        _ if is_aggregate(e) => Unknown,
        _ => Nothing,
    }
}

/// Calls that are priced one by one.
fn priced(e: &Event) -> Count {
    match (is_answer(e), is_aggregate(e)) {
        (_, true) => Unknown,
        (true, false) => Known(i64::from(e.cost_usd.is_some())),
        (false, false) => Nothing,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "durations are whole microseconds")]
fn duration_us(e: &Event) -> Option<i64> {
    e.duration_ms.map(|ms| (ms * 1000.0).round() as i64)
}

fn llm_time(e: &Event) -> Count {
    tokens(e, duration_us(e).filter(|_| is_answer(e)))
}

#[expect(clippy::cast_precision_loss, reason = "the view is a double")]
fn seconds(us: Option<i64>) -> Scalar {
    us.map_or(Scalar::Null, |us| Scalar::Float(us as f64 / 1e6))
}

fn int(n: Option<i64>) -> Scalar {
    n.map_or(Scalar::Null, Scalar::Int)
}

fn float(n: Option<f64>) -> Scalar {
    n.map_or(Scalar::Null, Scalar::Float)
}

fn text(t: Option<&str>) -> Scalar {
    t.map_or(Scalar::Null, |t| Scalar::Text(t.to_owned()))
}

type Row = BTreeMap<&'static str, Scalar>;

/// What the two views share: facts of the run, and sums over some of its rows.
fn row(run: &RunFacts, events: &[&Event]) -> Row {
    let tokens_of = |field: fn(&Event) -> Option<i64>| sum(events, |e| tokens(e, field(e)));
    let tools_where =
        |test: fn(&Event) -> bool| int(sum(events, |e| of_tools(e, Known(i64::from(test(e))))));
    let (input, output) = (tokens_of(|e| e.input_tokens), tokens_of(|e| e.output_tokens));
    let costs: Vec<Usd> = events.iter().filter_map(|e| e.cost_usd).collect();
    let cost = (!costs.is_empty()).then(|| costs.into_iter().sum());
    let times = || events.iter().filter_map(|e| e.ts);
    let start = events.iter().filter_map(|e| e.offset_us).min();
    let end = events.iter().filter_map(|e| Some(e.offset_us? + duration_us(e).unwrap_or(0))).max();
    let streak = |e: &Event| of_tools(e, Count::known_or_unknown(e.identical_streak));
    let longest = events.iter().map(|e| streak(e)).fold(Nothing, |a, b| a.join(b, i64::max));
    let single = |e: &&&Event| e.kind == Kind::LlmCall && !is_aggregate(e);
    let reported: Vec<i64> = events.iter().filter_map(|e| e.reported_total_tokens).collect();
    Row::from([
        ("run_id", text(Some(&run.run_id))),
        ("workload", text(Some(&run.workload))),
        ("model", text(Some(&run.model))),
        ("provider", text(run.provider.as_deref())),
        ("agent", text(run.agent.as_deref())),
        ("llm_calls", int(sum(events, |e| calls(e, is_answer(e))))),
        ("failed_llm_calls", {
            int(sum(events, |e| calls(e, e.kind == Kind::LlmCall && e.error_type.is_some())))
        }),
        ("input_tokens", int(input)),
        ("cache_read_tokens", int(tokens_of(|e| e.cache_read_tokens))),
        ("cache_write_tokens", int(tokens_of(|e| e.cache_write_tokens))),
        ("output_tokens", int(output)),
        ("reasoning_tokens", int(tokens_of(|e| e.reasoning_tokens))),
        ("total_tokens", int(input.zip(output).map(|(i, o)| i + o))),
        ("reported_total_tokens", {
            int((!reported.is_empty()).then(|| reported.into_iter().sum()))
        }),
        ("priced_calls", int(sum(events, priced))),
        ("cost_usd", cost.map_or(Scalar::Null, Scalar::Money)),
        ("tool_calls", tools_where(|_| true)),
        ("tool_errors", tools_where(|e| e.tool_status == Some(ToolStatus::Error))),
        ("commands", tools_where(|e| e.tool_kind == Some(ToolKind::Shell))),
        ("nonzero_exits", tools_where(|e| e.exit_code.is_some_and(|code| code != 0))),
        ("peak_input_tokens", {
            int(events.iter().filter(single).filter_map(|e| e.input_tokens).max())
        }),
        ("max_identical_run", int(longest.value())),
        ("first_ts", times().min().map_or(Scalar::Null, Scalar::Time)),
        ("last_ts", times().max().map_or(Scalar::Null, Scalar::Time)),
        ("wall_s", seconds(end.zip(start).map(|(end, start)| end - start))),
        ("llm_s", seconds(sum(events, llm_time))),
        ("tool_s", {
            seconds(sum(events, |e| of_tools(e, Count::known_or_unknown(duration_us(e)))))
        }),
    ])
}

fn stage_row(run: &RunFacts, stage: i64, events: &[&Event]) -> Row {
    let mut row = row(run, events);
    let result = events.iter().find(|e| e.kind == Kind::StageResult);
    row.extend([
        ("stage", Scalar::Int(stage)),
        ("attempts", int(events.iter().filter_map(|e| e.attempt).max())),
        ("score", float(result.and_then(|e| e.score))),
        ("stage_status", text(result.and_then(|e| e.stage_status).map(StageStatus::as_str))),
        ("tests_passed", int(result.and_then(|e| e.tests_passed))),
        ("tests_total", int(result.and_then(|e| e.tests_total))),
        ("elapsed_s", float(result.and_then(|e| e.elapsed_s))),
        ("end_reason", text(result.and_then(|e| e.end_reason).map(EndReason::as_str))),
    ]);
    row
}

fn run_row(run: &RunFacts, events: &[&Event]) -> Row {
    let mut row = row(run, events);
    let end = events.iter().find(|e| e.kind == Kind::RunEnd);
    let stages: BTreeSet<i64> = events.iter().filter_map(|e| e.stage).collect();
    let number = |n: usize| int(i64::try_from(n).ok());
    row.extend([
        ("protocol", text(run.protocol.as_deref())),
        ("started_at", row["first_ts"].clone()),
        ("stages", number(stages.len())),
        ("events", number(events.len())),
        ("elapsed_s", float(end.and_then(|e| e.elapsed_s))),
        ("termination", text(end.and_then(|e| e.end_reason).map(EndReason::as_str))),
    ]);
    row
}

/// Rows of the views `stages` and `runs`, by workload, model, run and stage.
fn expected(runs: &[Run]) -> (Vec<Row>, Vec<Row>) {
    let mut sorted: Vec<&Run> = runs.iter().collect();
    sorted.sort_by_key(|(run, _)| (&run.workload, &run.model, &run.run_id));
    let (mut stages, mut whole) = (vec![], vec![]);
    for (run, events) in sorted {
        let mut by_stage: BTreeMap<i64, Vec<&Event>> = BTreeMap::new();
        for event in events {
            if let Some(stage) = event.stage {
                by_stage.entry(stage).or_default().push(event);
            }
        }
        stages.extend(by_stage.iter().map(|(stage, events)| stage_row(run, *stage, events)));
        whole.push(run_row(run, &events.iter().collect::<Vec<_>>()));
    }
    (stages, whole)
}

/// Every difference between a view and the rows it should have.
fn differences(view: &str, columns: &[ViewColumn], frame: &Frame, expected: &[Row]) -> Vec<String> {
    let names: Vec<&str> = columns.iter().map(|c| c.name).collect();
    assert_eq!(frame.names(), names, "the columns of `{view}`");
    let mut found = Vec::new();
    if frame.height() != expected.len() {
        found.push(format!("{view}: {} rows, expected {}", frame.height(), expected.len()));
    }
    for (at, row) in expected.iter().enumerate() {
        assert_eq!(row.len(), names.len(), "the loop knows every column of `{view}`");
        for (column, name) in names.iter().enumerate() {
            let (got, wanted) = (frame.get(at, column), &row[name]);
            if !same(&got, wanted) {
                found.push(format!("{view}.{name}, row {at}: {got:?}, expected {wanted:?}"));
            }
        }
    }
    found
}

fn same(got: &Scalar, wanted: &Scalar) -> bool {
    match (got, wanted) {
        (Scalar::Float(a), Scalar::Float(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
        (got, wanted) => got == wanted,
    }
}

/// One file per run.
fn stored(space: &Workspace, runs: &[Run]) -> Vec<PathBuf> {
    let root = space.path("store");
    for (run, events) in runs {
        let sealed = Store::seal(&root, run, events).expect("a sealed trace");
        Store::publish(sealed, &run.run_id, &BTreeMap::new(), false).expect("a published trace");
    }
    Store::open(&root).expect("a store").files()
}

/// All runs in one file.
fn one_file(space: &Workspace, runs: &[Run]) -> Vec<PathBuf> {
    let path = space.path("all.parquet");
    let mut writer = TraceWriter::create(&path).expect("a writer");
    for (run, events) in runs {
        for event in events {
            writer.write(run, event).expect("a row");
        }
    }
    writer.finish(false).expect("a file");
    vec![path]
}

/// The views of some files, which the SQL for other engines must give too.
fn views(files: &[PathBuf]) -> (Frame, Frame) {
    let frames = |rollup: &Rollup| (Frame::of(&rollup.stages), Frame::of(&rollup.runs));
    let folded = frames(&roll_up(files).expect("a rollup"));
    assert_eq!(folded, frames(&roll_up_by_sql(files).expect("a rollup by SQL")));
    folded
}

/// The differences between the rollup of some files and the loop over their runs.
fn compared(files: &[PathBuf], runs: &[Run]) -> Vec<String> {
    let (stages, whole) = views(files);
    let (expected_stages, expected_whole) = expected(runs);
    let mut found = differences("stages", STAGE_COLUMNS, &stages, &expected_stages);
    found.extend(differences("runs", RUN_COLUMNS, &whole, &expected_whole));
    found
}

/// A run of these events.
fn run_of(id: &str, events: Vec<Event>) -> Run {
    let facts = RunFacts {
        run_id: id.into(),
        workload: "w".into(),
        model: "m".into(),
        ..RunFacts::default()
    };
    let events = (0..).zip(events).map(|(seq, event)| Event { seq, ..event }).collect();
    (facts, events)
}

fn in_stage(stage: i64, kind: Kind) -> Event {
    Event { stage: Some(stage), attempt: Some(1), ..Event::new(kind) }
}

fn llm_call(stage: i64, input: Option<i64>, output: Option<i64>) -> Event {
    Event { input_tokens: input, output_tokens: output, ..in_stage(stage, Kind::LlmCall) }
}

/// Compares, and gives one value of each view's first row.
fn checked(runs: &[Run], column: &str) -> (Scalar, Scalar) {
    let space = Workspace::new();
    let files = stored(&space, runs);
    assert_eq!(compared(&files, runs), Vec::<String>::new());
    let (stages, whole) = views(&files);
    let first = |frame: &Frame| {
        let index = frame.names().iter().position(|n| n == column).expect("a column");
        frame.get(0, index)
    };
    (first(&stages), first(&whole))
}

#[test]
fn every_column_is_what_a_loop_over_the_events_gives() {
    let config = Config {
        cases: 64,
        rng_seed: RngSeed::Fixed(2026),
        failure_persistence: None,
        max_shrink_iters: 100,
        ..Config::default()
    };
    let ran = TestRunner::new(config).run(&runs(), |Runs(runs)| {
        let space = Workspace::new();
        let files = stored(&space, &runs);
        let found = compared(&files, &runs);
        proptest::prop_assert!(found.is_empty(), "{}", found.join("\n"));
        Ok(())
    });
    if let Err(failure) = ran {
        panic!("{failure}");
    }
}

#[test]
fn a_run_that_only_starts_has_a_row_and_no_stages() {
    let runs = [run_of("r", vec![Event::new(Kind::RunStart)])];
    let (stage, events) = checked(&runs, "run_id");
    assert_eq!((stage, events), (Scalar::Null, Scalar::Text("r".into())));
    assert_eq!(checked(&runs, "input_tokens").1, Scalar::Int(0), "nothing was sent");
    assert_eq!(checked(&runs, "cost_usd").1, Scalar::Null);
}

#[test]
fn a_stage_without_calls_has_zero_calls_and_tokens() {
    let events = vec![Event::new(Kind::RunStart), in_stage(0, Kind::StageStart)];
    let runs = [run_of("r", events)];
    for column in ["llm_calls", "total_tokens", "tool_calls", "priced_calls", "max_identical_run"] {
        assert_eq!(checked(&runs, column), (Scalar::Int(0), Scalar::Int(0)), "{column}");
    }
}

#[test]
fn a_sum_of_unknown_values_is_unknown_in_every_view() {
    let events = vec![
        Event::new(Kind::RunStart),
        llm_call(0, None, None),
        llm_call(0, None, None),
        in_stage(1, Kind::StageStart),
    ];
    let runs = [run_of("r", events)];
    for column in ["cost_usd", "input_tokens", "output_tokens", "total_tokens", "llm_s"] {
        assert_eq!(checked(&runs, column), (Scalar::Null, Scalar::Null), "{column}");
    }
    assert_eq!(checked(&runs, "llm_calls"), (Scalar::Int(2), Scalar::Int(2)));
}

#[test]
fn a_total_of_which_one_part_is_unknown_is_unknown() {
    let runs = [run_of("r", vec![llm_call(0, Some(7), None)])];
    assert_eq!(checked(&runs, "input_tokens"), (Scalar::Int(7), Scalar::Int(7)));
    assert_eq!(checked(&runs, "total_tokens"), (Scalar::Null, Scalar::Null));
}

#[test]
fn the_last_grade_counts_and_not_the_best() {
    let graded = |kind, score: f64| Event { score: Some(score), ..in_stage(0, kind) };
    let events = vec![graded(Kind::AttemptResult, 80.0), graded(Kind::StageResult, 60.0)];
    let runs = [run_of("r", events)];
    let space = Workspace::new();
    let (stages, _) = views(&stored(&space, &runs));
    assert_eq!(stages.numbers("score").expect("a column"), [Some(60.0)]);
}

#[test]
fn sums_are_exact_past_every_float_and_small_integer() {
    for (one, expected) in [
        ((1_i64 << 31) - 1, 3 * ((1_i64 << 31) - 1)),
        ((1 << 53) + 1, 3 * ((1_i64 << 53) + 1)),
        ((1 << 60) + 1, 3 * ((1_i64 << 60) + 1)),
    ] {
        let events = (0..3).map(|_| llm_call(0, Some(one), Some(0))).collect();
        let runs = [run_of("r", events)];
        let wanted = (Scalar::Int(expected), Scalar::Int(expected));
        assert_eq!(checked(&runs, "total_tokens"), wanted);
    }
    // A decimal sum that a double would round.
    let costs = ["900000000.000000001", "0.000000002", "99999999.999999995"];
    let priced = |cost| Event { cost_usd: Usd::parse(cost), ..llm_call(0, None, None) };
    let runs = [run_of("r", costs.map(priced).to_vec())];
    let wanted = Scalar::Money(Usd::parse("999999999.999999998").expect("an amount"));
    assert_eq!(checked(&runs, "cost_usd"), (wanted.clone(), wanted));
}

#[test]
fn the_files_that_hold_the_runs_do_not_matter() {
    let runs: Vec<Run> = (0..3)
        .map(|i| {
            let cost = Usd::from_nanos(i128::from(i) + 1);
            let call = Event { cost_usd: cost, ..llm_call(i % 2, Some(i), Some(1 << 40)) };
            run_of(&format!("run {i}"), vec![Event::new(Kind::RunStart), call])
        })
        .collect();
    let space = Workspace::new();
    let (apart, together) = (stored(&space, &runs), one_file(&space, &runs));
    assert_eq!((apart.len(), together.len()), (3, 1));
    assert_eq!(views(&apart), views(&together));
    assert_eq!(compared(&together, &runs), Vec::<String>::new());
}
