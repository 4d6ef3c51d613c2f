//! `ramptrace rollup`: tables that stand for a store, in shards, and only what changed.

use crate::readme::copy;
use crate::workspace::Workspace;
use ramptrace::rollup::{Frame, roll_up, roll_up_by_sql};
use ramptrace::trace::{Event, Kind, RunFacts, Store, TraceReader, TraceWriter};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces")
}

/// A store of its own with all samples.
fn space() -> Workspace {
    let space = Workspace::new();
    copy(&samples(), &space.path("store"));
    space
}

fn frames(path: &Path) -> (Frame, Frame) {
    let rollup = roll_up(&Store::open(path).expect("a store").files()).expect("a rollup");
    (Frame::of(&rollup.stages), Frame::of(&rollup.runs))
}

#[test]
fn the_tables_stand_for_the_store() {
    let space = space();
    let ran = space.run(&["rollup", "store", "-o", "tables"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let names: Vec<String> = space.files("tables").into_keys().collect();
    assert_eq!(names, ["runs.parquet", "stages.parquet"]);
    assert_eq!(frames(&space.path("tables")), frames(&space.path("store")));
    for query in [
        "SELECT * FROM runs",
        "SELECT * FROM stages",
        "SELECT model, SUM(cost_usd) AS cost, SUM(events) AS events FROM runs GROUP BY model",
    ] {
        let answer = |store| space.ok(&["sql", store, query, "--format", "json"]);
        assert_eq!(answer("tables"), answer("store"), "{query}");
    }
    for pack in ["ramp", "core"] {
        let score =
            |store| space.ok(&["score", store, "--pack", pack, "--format", "json", "--no-keep"]);
        assert_eq!(score("tables"), score("store"), "{pack}");
    }
    let listed = space.ok(&["store", "list", "tables", "--format", "csv"]);
    assert_eq!(listed.lines().count(), 1 + Store::open(&samples()).unwrap().entries().len());
}

#[test]
fn costs_and_figures_are_those_of_a_store_with_one_row_a_stage() {
    let space = space();
    let _ = space.ok(&["rollup", "store", "-o", "tables"]);
    let cost = |store| -> BTreeMap<String, String> {
        let text = space.ok(&["cost", store, "--format", "json"]);
        let tables: serde_json::Value = serde_json::from_str(&text).expect("tables");
        let rows = tables["cost"].as_array().expect("a table of runs");
        rows.iter().map(|r| (r["run_id"].to_string(), r["reported_usd"].to_string())).collect()
    };
    let (of_tables, of_store) = (cost("tables"), cost("store"));
    assert_eq!(of_tables, of_store);
    assert_eq!(of_store.len(), Store::open(&samples()).unwrap().entries().len());
    let ran = space.run(&["analyze", "tables", "-o", "out"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("without events"), "{}", ran.stderr);
    let _ = space.ok(&["report", "tables", "-o", "report.html"]);
    let _ = space.ok(&["figure", "frontier", "tables", "-o", "figures"]);
    let _ = space.ok(&["cascade", "tables"]);
}

#[test]
fn what_needs_events_says_so() {
    let space = space();
    let _ = space.ok(&["rollup", "store", "-o", "tables"]);
    for args in [
        &["show", "latest", "--store", "tables"][..],
        &["replay", "latest", "--store", "tables"],
        &["whatif", "tables", "--budget-usd", "1"],
        &["cascade", "tables", "--process"],
        &["check", "tables"],
        &["export", "tables", "--to", "atif", "-o", "atif"],
        &["store", "check", "tables"],
        &["store", "compact", "tables"],
        &["rollup", "tables", "-o", "again"],
        &["sql", "tables", "SELECT COUNT(*) FROM events"],
    ] {
        let ran = space.run(args);
        assert_ne!(ran.code, 0, "{args:?}: {}", ran.stdout);
        assert!(ran.stderr.contains("hint: give"), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{args:?}");
    }
}

#[test]
fn shards_together_are_the_whole() {
    let space = space();
    for shard in ["0/3", "1/3"] {
        let _ = space.ok(&["rollup", "store", "-o", "tables", "--shard", shard]);
    }
    let ran = space.run(&["score", "tables"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("shard=2-of-3 is missing"), "{}", ran.stderr);
    let _ = space.ok(&["rollup", "store", "-o", "tables", "--shard", "2/3"]);
    assert_eq!(frames(&space.path("tables")), frames(&space.path("store")));
    for (shard, problem) in [("3/3", "counted from 0"), ("x", "like 0/4"), ("0/0", "from 1 to 256")]
    {
        let ran = space.run(&["rollup", "store", "-o", "tables", "--shard", shard]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(problem), "{shard}: {}", ran.stderr);
    }
}

/// A run of two stages whose calls have so many tokens.
fn run(store: &Path, run_id: &str, tokens: i64) {
    let facts = RunFacts {
        run_id: run_id.into(),
        workload: "w".into(),
        model: "m".into(),
        ..RunFacts::default()
    };
    let mut writer =
        TraceWriter::create(&store.join(format!("{run_id}.parquet"))).expect("a writer");
    for (seq, stage) in [(0, None), (1, Some(0)), (2, Some(1))] {
        let kind = if stage.is_none() { Kind::RunStart } else { Kind::LlmCall };
        let mut event = Event::new(kind);
        event.seq = seq;
        event.stage = stage;
        event.input_tokens = stage.map(|_| tokens);
        writer.write(&facts, &event).expect("a row");
    }
    writer.finish(true).expect("a trace");
}

#[test]
fn only_what_changed_is_folded_again() {
    let space = Workspace::new();
    let store = space.path("store");
    let rollup = || space.run(&["rollup", "store", "-o", "tables"]).stderr;
    for (name, tokens) in [("a", 1), ("b", 2), ("c", 3)] {
        run(&store, name, tokens);
    }
    assert_eq!(rollup(), "tables: 6 stages of 3 runs; 3 of 3 files folded, 9 events\n");
    let before = space.files("tables");
    assert_eq!(rollup(), "tables: 6 stages of 3 runs; 0 of 3 files folded, 0 events\n");
    assert_eq!(space.files("tables"), before);
    run(&store, "b", 20);
    run(&store, "d", 4);
    assert_eq!(rollup(), "tables: 8 stages of 4 runs; 2 of 4 files folded, 6 events\n");
    assert_eq!(frames(&space.path("tables")), frames(&store));
    // Scores that are kept in the folder stand in nobody's way.
    let _ = space.ok(&["score", "tables"]);
    assert!(space.path("tables/.ramptrace").is_dir());
    std::fs::remove_file(store.join("a.parquet")).unwrap();
    assert_eq!(rollup(), "tables: 6 stages of 3 runs; 0 of 3 files folded, 0 events\n");
    assert_eq!(frames(&space.path("tables")), frames(&store));
    // The same bytes as those of a rollup that starts anew.
    let _ = space.ok(&["rollup", "store", "-o", "fresh"]);
    assert_eq!(space.files("tables"), space.files("fresh"));
}

#[test]
fn a_folder_of_other_things_is_left_alone() {
    let space = space();
    space.write("mine/notes.txt", "mine");
    let ran = space.run(&["rollup", "store", "-o", "mine"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.stderr,
        "error: mine is not empty, and is not a rollup\nhint: choose another folder with -o\n"
    );
    assert_eq!(space.files("mine").len(), 1);
    let ran = space.run(&["rollup", "nowhere", "-o", "tables"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(!space.path("tables").exists());
}

#[test]
fn an_empty_store_has_empty_tables() {
    let space = Workspace::new();
    std::fs::create_dir(space.path("store")).unwrap();
    let ran = space.run(&["rollup", "store", "-o", "tables"]);
    assert_eq!(ran.stderr, "tables: 0 stages of 0 runs; 0 of 0 files folded, 0 events\n");
    let rollup = roll_up(&[space.path("tables/stages.parquet"), space.path("tables/runs.parquet")]);
    let rollup = rollup.unwrap();
    assert_eq!((rollup.stages.height(), rollup.runs.height()), (0, 0));
    let ran = space.run(&["score", "tables"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
}

/// The tables after a rollup that was killed at a random moment are those of before or those of after, both of one time.
#[test]
fn a_killed_rollup_leaves_whole_tables() {
    let space = Workspace::new();
    let _ = space.ok(&["generate", "store", "-o", "small", "--events", "6000", "--texts", "none"]);
    copy(&space.path("small"), &space.path("large"));
    run(&space.path("large"), "one-more", 9);
    let states = ["small", "large"].map(|store| frames(&space.path(store)));
    assert_ne!(states[0], states[1]);
    let _ = space.ok(&["rollup", "small", "-o", "tables"]);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (mut before, mut ended, mut seen) = (0, 0, [0, 0]);
    for kill in 0..40 {
        // A folder of tables of other rules is folded anew, which takes longest.
        if kill % 2 == 0 {
            let _ = std::fs::remove_dir_all(space.path("tables"));
            let _ = space.ok(&["rollup", ["small", "large"][before], "-o", "tables"]);
        }
        let other = ["large", "small"][before];
        let mut child =
            space.command(&["rollup", "-q", other, "-o", "tables"]).spawn().expect("a process");
        std::thread::sleep(Duration::from_micros(random.next_u64() % 400_000));
        child.kill().expect("it can be killed");
        let done = child.wait().expect("it ends").success();
        let now = frames(&space.path("tables"));
        let found = states.iter().position(|state| *state == now);
        let found =
            found.unwrap_or_else(|| panic!("kill {kill}: neither the old tables nor the new"));
        assert!(!done || found != before, "kill {kill}: it ended and changed nothing");
        ended += usize::from(done);
        seen[usize::from(found != before)] += 1;
        before = found;
    }
    assert!(seen[0] > 0, "no kill came before the tables were in place: {seen:?}, {ended} ended");
    // What the killed ones left beside the tables goes with the next rollup.
    let _ = space.ok(&["rollup", "small", "-o", "tables"]);
    let _ = space.ok(&["rollup", "large", "-o", "tables"]);
    let left = std::fs::read_dir(space.path("")).unwrap().flatten();
    let left: Vec<String> = left
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with('.'))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn rows_of_a_run_that_do_not_stand_together_are_one_run() {
    // No writer of ours makes such a file: two runs, row by row in turn, are made of two traces by another engine.
    let space = Workspace::new();
    run(&space.path("store"), "a", 5);
    run(&space.path("store"), "b", 7);
    let files = Store::open(&space.path("store")).unwrap().files();
    let mixed = space.path("mixed.parquet");
    interleaved(&files, &mixed);
    let views =
        |rollup: ramptrace::rollup::Rollup| (Frame::of(&rollup.stages), Frame::of(&rollup.runs));
    let expected = views(roll_up(&files).unwrap());
    assert_eq!(views(roll_up(std::slice::from_ref(&mixed)).unwrap()), expected);
    assert_eq!(views(roll_up_by_sql(&[mixed]).unwrap()), expected);
}

/// The rows of some traces in turn, in one file with the footer of the first.
fn interleaved(files: &[PathBuf], to: &Path) {
    use arrow::compute::concat_batches;
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::properties::WriterProperties;
    use std::fs::File;
    let mut notes = None;
    let mut batches = Vec::new();
    for file in files {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(file).expect("a file"))
            .expect("a Parquet file");
        let pairs = builder.metadata().file_metadata().key_value_metadata().cloned();
        notes = notes.or(pairs);
        let rows = builder.build().expect("rows");
        batches.extend(rows.map(|batch| batch.expect("a batch")));
    }
    let rows = batches[0].num_rows();
    let turns: Vec<_> =
        (0..rows).flat_map(|row| batches.iter().map(move |b| b.slice(row, 1))).collect();
    let all = concat_batches(&batches[0].schema(), &turns).expect("the same columns");
    let properties = WriterProperties::builder().set_key_value_metadata(notes).build();
    let out = File::create(to).expect("a file");
    let mut writer = ArrowWriter::try_new(out, all.schema(), Some(properties)).expect("a writer");
    writer.write(&all).expect("rows");
    writer.close().expect("a file");
    assert_eq!(TraceReader::open(to).expect("a trace").count(), files.len() * rows);
}
