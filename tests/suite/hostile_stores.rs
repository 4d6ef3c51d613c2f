//! Stores that a careless engine gets wrong: totals past 32, 53 and almost 64 bits, money of nine digits, ids of any
//! letters, rows that say nothing, one stage with all events of a run.
//!
//! They are folded here, and written for other engines by `.ci/scale`, which names a folder in
//! `RAMPTRACE_HOSTILE_STORES`; that folder then also holds a store of which no engine may give a total.

use crate::workspace::Workspace;
use ramptrace::rollup::{Frame, Rollup, Scalar, query, roll_up, roll_up_by_sql};
use ramptrace::trace::{
    EndReason, Event, Kind, Layout, RunFacts, StageStatus, Store, Timestamp, ToolKind, ToolStatus,
    TraceWriter, UsageQuality, Usd,
};
use std::path::Path;

/// The largest total that a column of 64 bits holds.
const LIMIT: i64 = i64::MAX;
/// The largest amount of one event.
const DEAREST: i128 = 999_999_999_999_999_999;
/// Start of every run, in microseconds.
const EPOCH: i64 = 1_779_009_253_000_000;

/// Writes one run as a trace of the store at `root`.
fn put(root: &Path, facts: &RunFacts, events: impl IntoIterator<Item = Event>) {
    let mut writer = TraceWriter::create(&Layout::of(root).path_of(facts)).expect("a writer");
    for (seq, event) in (0..).zip(events) {
        writer.write(facts, &Event { seq, ..event }).expect("a row");
    }
    writer.finish(true).expect("a trace");
}

fn facts(run_id: &str) -> RunFacts {
    RunFacts {
        run_id: run_id.into(),
        workload: "w".into(),
        model: "m".into(),
        ..RunFacts::default()
    }
}

fn in_stage(stage: i64, kind: Kind) -> Event {
    Event { stage: Some(stage), attempt: Some(1), ..Event::new(kind) }
}

/// A call with all its tokens.
fn call(stage: i64, input: i64, output: i64) -> Event {
    Event {
        input_tokens: Some(input),
        cache_read_tokens: Some(input),
        cache_write_tokens: Some(0),
        output_tokens: Some(output),
        reasoning_tokens: Some(output),
        reported_total_tokens: Some(input),
        ..in_stage(stage, Kind::LlmCall)
    }
}

/// Every kind of row with nothing but what it must have, in and outside of stages; and rows of sources without single events.
fn nulls(root: &Path) {
    let bare = |stage: Option<i64>| {
        let kinds = Kind::WORDS.iter().filter_map(|(word, _)| Kind::from_word(word));
        let allowed = kinds.filter(move |k| *k != Kind::StageResult || stage.is_some());
        allowed.map(move |kind| Event { stage, attempt: stage.map(|_| 1), ..Event::new(kind) })
    };
    put(root, &facts("outside"), bare(None));
    put(root, &facts("inside"), bare(Some(0)));
    put(
        root,
        &facts("both"),
        bare(None).chain(bare(Some(3))).chain([in_stage(7, Kind::StageStart)]),
    );
    let coarse = |event: Event| Event { usage_quality: Some(UsageQuality::Aggregate), ..event };
    put(root, &facts("coarse"), [coarse(in_stage(0, Kind::LlmCall)), coarse(call(1, 5, 0))]);
    let failed = Event { error_type: Some("timeout".into()), ..in_stage(0, Kind::LlmCall) };
    put(root, &facts("failed"), [failed, in_stage(1, Kind::LlmCall), call(1, 0, 0)]);
}

/// Ids of any letters, in every place that names a run. UTF-8 and UTF-16 sort the last two differently.
const IDS: &[&str] = &[
    "\u{e9}",
    "e\u{301}",
    "_under",
    ".dot",
    "a/b%2F=c",
    "it's \"quoted\"\\",
    "two\nlines\ttab",
    " spaces ",
    "\u{feff}bom",
    "007",
    "1e3",
    "true",
    "null",
    "NaN",
    "2026-01-01",
    "__HIVE_DEFAULT_PARTITION__",
    "\u{ffff}",
    "\u{10000}",
];

fn unicode(root: &Path) {
    for id in IDS {
        let run = RunFacts {
            run_id: format!("{id}-run"),
            workload: (*id).to_owned(),
            model: format!("{id}{id}"),
            provider: Some((*id).to_owned()),
            agent: Some(String::new()),
            protocol: Some((*id).to_owned()),
        };
        put(root, &run, [Event::new(Kind::RunStart), call(0, 1, 1)]);
    }
    for id in ["_under", ".dot", "\u{1f600}", "\u{ffff}", "\u{10000}"] {
        put(root, &facts(id), [call(0, 1, 1)]);
    }
}

/// Three events each, of which two pass a limit; and totals that reach the last one.
fn totals(root: &Path) {
    for (name, one) in
        [("past-31", (1_i64 << 31) - 1), ("past-53", (1 << 53) + 1), ("past-62", (1 << 61) + 1)]
    {
        put(root, &facts(name), (0..3).map(|stage| call(stage / 2, one, 0)));
    }
    let half = LIMIT / 2;
    put(root, &facts("under-63"), [call(0, half, 0), call(0, half, 0), call(1, 1, 0)]);
    put(root, &facts("under-63-in-all"), [call(0, half, half), call(0, 0, 1)]);
    let many = |n| Event {
        llm_call_count: Some(n),
        usage_quality: Some(UsageQuality::Aggregate),
        ..in_stage(0, Kind::LlmCall)
    };
    put(root, &facts("calls"), [many(half), many(half), many(1)]);
    put(root, &facts("stages"), [0, 1 << 31, (1 << 53) + 1, LIMIT].map(|stage| call(stage, 1, 1)));
}

/// Totals past the last limit: one sum of a column, one of two columns, one over stages, one of counts.
const OVERFLOWS: &[&str] = &["one-column", "two-columns", "over-stages", "counts"];

fn overflow(root: &Path, name: &str) {
    let many = Event {
        llm_call_count: Some(LIMIT),
        usage_quality: Some(UsageQuality::Aggregate),
        ..in_stage(0, Kind::LlmCall)
    };
    let events = match name {
        "one-column" => vec![call(0, LIMIT, 0), call(0, 1, 0)],
        "two-columns" => vec![call(0, LIMIT, 1)],
        "over-stages" => vec![call(0, LIMIT, 0), call(1, 1, 0)],
        _ => vec![many.clone(), many],
    };
    put(root, &facts(name), events);
}

/// Scores, one a status.
const GRADES: &[f64] = &[0.0, 59.999_999_999_999_99, 60.0, 0.1 + 0.2, 100.0, 100.0 / 3.0];

/// Times and durations that must come out to the last bit, grades, and statuses.
fn times(root: &Path) {
    let at = |us: i64, ms: f64, kind| Event {
        ts: Some(Timestamp::from_micros(EPOCH + us)),
        offset_us: Some(us),
        duration_ms: Some(ms),
        ..in_stage(0, kind)
    };
    for (i, ms) in
        [0.0005, 0.0015, 0.0025, 0.1, 1.0 / 3.0, 1e-9, 86_400_000.001, 1e9].into_iter().enumerate()
    {
        let events =
            [at(0, ms, Kind::LlmCall), at(1, ms, Kind::ToolCall), at(3, ms * 7.0, Kind::LlmCall)];
        put(root, &facts(&format!("lasts-{i}")), events);
    }
    let instants = [-62_135_596_800_000_000, -1, 0, 1, 253_402_300_799_999_999];
    let dated = (0..).zip(instants).map(|(stage, us)| Event {
        ts: Some(Timestamp::from_micros(us)),
        offset_us: Some(0),
        ..in_stage(stage, Kind::Message)
    });
    put(root, &facts("dates"), dated);
    let graded = (0..).zip(StageStatus::WORDS).zip(GRADES);
    let results = graded.map(|((stage, (status, _)), score)| Event {
        score: Some(*score),
        stage_status: StageStatus::from_word(status),
        tests_passed: Some(0),
        tests_total: Some(1 << 40),
        elapsed_s: Some(score / 7.0),
        end_reason: Some(EndReason::Stuck),
        ..in_stage(stage, Kind::StageResult)
    });
    put(root, &facts("grades"), results);
}

/// Amounts of nine digits whose sum has more digits than any of them, and one stage with all events of a run.
fn one_stage(root: &Path, events: i64) {
    let dear = (0..events.min(2000))
        .map(|_| Event { cost_usd: Usd::from_nanos(DEAREST), ..in_stage(0, Kind::LlmCall) });
    put(root, &facts("dearest"), dear);
    put(root, &facts("one-stage"), (0..events).map(odd));
}

/// The event with this number of a seeded run: amounts of nine digits, calls of tools that fail, gaps.
fn odd(number: i64) -> Event {
    // A linear congruential generator (Knuth, MMIX): the same events on every machine.
    let dice =
        number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let roll = |below: i64, shift: u32| (dice >> shift).rem_euclid(below);
    let event = Event {
        ts: Some(Timestamp::from_micros(EPOCH + 1000 * number)),
        offset_us: Some(1000 * number),
        #[expect(clippy::cast_precision_loss, reason = "below a million")]
        duration_ms: (roll(10, 50) > 0).then(|| roll(1_000_000, 20) as f64 / 1000.0),
        ..in_stage(0, Kind::LlmCall)
    };
    match number % 5 {
        0 => Event {
            kind: Kind::ToolCall,
            tool_kind: Some(ToolKind::Shell),
            tool_status: Some(if roll(3, 40) == 0 { ToolStatus::Error } else { ToolStatus::Ok }),
            exit_code: Some(roll(3, 44)),
            identical_streak: Some(1 + roll(9, 24)),
            ..event
        },
        1 => Event { error_type: Some("rate_limited".into()), ..event },
        _ => Event {
            input_tokens: Some(1_000_000 + roll(1_000_000, 16)),
            output_tokens: (roll(7, 36) > 0).then_some(roll(100_000, 12) + 1),
            cost_usd: Usd::from_nanos(i128::from(1 + roll(999_999_999_999, 10))),
            ..event
        },
    }
}

/// Writes the stores that have totals, each in a folder of its own.
fn write_all(folder: &Path, events_of_one_stage: i64) {
    std::fs::create_dir_all(folder.join("empty")).expect("a folder");
    put(&folder.join("one-run"), &facts("one"), [Event::new(Kind::RunStart), call(0, 1, 1)]);
    nulls(&folder.join("nulls"));
    unicode(&folder.join("unicode"));
    totals(&folder.join("totals"));
    times(&folder.join("times"));
    one_stage(&folder.join("one-stage"), events_of_one_stage);
}

/// Both views of a store, which the fold and the SQL give alike.
fn rows(root: &Path) -> (Frame, Frame) {
    let files = Store::open(root).expect("a store").files();
    let frames = |rollup: Rollup| (Frame::of(&rollup.stages), Frame::of(&rollup.runs));
    let folded = frames(roll_up(&files).expect("a rollup"));
    assert_eq!(folded, frames(roll_up_by_sql(&files).expect("a rollup by SQL")));
    folded
}

/// One column of `runs`, by run.
fn of_runs(root: &Path, column: &str) -> Vec<(String, Scalar)> {
    let (_, runs) = rows(root);
    let at = runs.names().iter().position(|n| n == column).expect("a column");
    let ids = runs.texts("run_id").expect("ids");
    (0..runs.height()).map(|i| (ids[i].unwrap_or("").to_owned(), runs.get(i, at))).collect()
}

#[test]
fn hostile_stores_are_written_for_other_engines() {
    if let Some(folder) = std::env::var_os("RAMPTRACE_HOSTILE_STORES") {
        let events = std::env::var("RAMPTRACE_HOSTILE_EVENTS")
            .map_or(1_000_000, |n| n.parse().expect("a number"));
        write_all(Path::new(&folder), events);
        for name in OVERFLOWS {
            overflow(&Path::new(&folder).join(format!("refused-{name}")), name);
        }
    }
}

#[test]
fn totals_are_exact_up_to_the_last_one_that_fits() {
    let space = Workspace::new();
    totals(&space.path("store"));
    let whole = |of: &[(&str, i64)]| -> Vec<(String, Scalar)> {
        of.iter().map(|(run, n)| ((*run).to_owned(), Scalar::Int(*n))).collect()
    };
    let (past_31, past_53, past_62) =
        (3 * ((1_i64 << 31) - 1), 3 * ((1_i64 << 53) + 1), 3 * ((1_i64 << 61) + 1));
    let known: Vec<_> = of_runs(&space.path("store"), "total_tokens")
        .into_iter()
        .filter(|(run, _)| run != "calls")
        .collect();
    assert_eq!(
        known,
        whole(&[
            ("past-31", past_31),
            ("past-53", past_53),
            ("past-62", past_62),
            ("stages", 8),
            ("under-63", LIMIT),
            ("under-63-in-all", LIMIT),
        ])
    );
    for column in ["cache_read_tokens", "reported_total_tokens"] {
        let found = of_runs(&space.path("store"), column);
        assert!(
            found.contains(&("under-63".to_owned(), Scalar::Int(LIMIT))),
            "{column}: {found:?}"
        );
    }
    assert!(
        of_runs(&space.path("store"), "llm_calls")
            .contains(&("calls".to_owned(), Scalar::Int(LIMIT)))
    );
}

#[test]
fn a_total_that_does_not_fit_is_an_error_and_never_wraps() {
    for name in OVERFLOWS {
        let space = Workspace::new();
        overflow(&space.path("store"), name);
        let files = Store::open(&space.path("store")).expect("a store").files();
        assert!(roll_up(&files).is_err(), "{name}");
        assert!(roll_up_by_sql(&files).is_err(), "{name}");
        assert!(query(&files, "SELECT * FROM runs").is_err(), "{name}");
    }
}

#[test]
fn money_is_exact_over_the_events_of_one_stage() {
    let events = 5000;
    let space = Workspace::new();
    one_stage(&space.path("store"), events);
    let expected: i128 =
        (0..events).filter_map(|i| odd(i).cost_usd).map(|c| i128::from(c.nanos())).sum();
    let costs = of_runs(&space.path("store"), "cost_usd");
    let exact = Usd::from_nanos(expected).map(Scalar::Money).expect("an amount");
    assert_eq!(costs[1], ("one-stage".to_owned(), exact));
    let files = Store::open(&space.path("store")).expect("a store").files();
    let dear =
        query(&files, "SELECT CAST(cost_usd AS VARCHAR) AS usd FROM runs WHERE run_id = 'dearest'")
            .expect("a row");
    assert_eq!(dear.get(0, 0), Scalar::Text("1999999999999.999998000".to_owned()));
}

#[test]
fn ids_of_any_letters_stay_apart() {
    let space = Workspace::new();
    unicode(&space.path("store"));
    let ids: Vec<String> =
        of_runs(&space.path("store"), "run_id").into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), IDS.len() + 5);
    for id in IDS {
        assert!(ids.contains(&format!("{id}-run")), "{id:?}");
    }
}

#[test]
fn rows_that_say_nothing_give_no_numbers() {
    let space = Workspace::new();
    nulls(&space.path("store"));
    for column in ["cost_usd", "wall_s", "elapsed_s", "first_ts"] {
        let known: Vec<_> = of_runs(&space.path("store"), column)
            .into_iter()
            .filter(|(_, v)| *v != Scalar::Null)
            .collect();
        assert_eq!(known, [], "{column}");
    }
    times(&space.path("times"));
    let (stages, _) = rows(&space.path("times"));
    assert_eq!(stages.height(), 8 + 5 + GRADES.len());
}

#[test]
fn tables_of_such_stores_are_read_like_the_stores() {
    let space = Workspace::new();
    write_all(&space.path("stores"), 500);
    for entry in std::fs::read_dir(space.path("stores")).expect("stores") {
        let name = entry.expect("a store").file_name().into_string().expect("a name");
        let (store, tables) = (format!("stores/{name}"), format!("tables/{name}"));
        let _ = space.ok(&["rollup", &store, "-o", &tables]);
        if name == "empty" {
            continue;
        }
        for view in ["stages", "runs"] {
            let query = format!("SELECT * FROM {view}");
            let read = |folder: &str| space.ok(&["sql", folder, &query, "--format", "json"]);
            assert_eq!(read(&tables), read(&store), "{name}, {view}");
        }
    }
}
