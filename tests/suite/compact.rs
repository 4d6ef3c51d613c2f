//! `ramptrace store compact`: fewer files, the same answers; killed at any moment, the store keeps every run.

use super::workspace::Workspace;
use ramptrace::trace::{
    Bucket, Event, Kind, RunFacts, Shard, Store, TraceReader, TraceWriter, Written,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The samples in `name`, and each of their runs under a second name that puts it into one of four buckets.
fn samples(space: &Workspace, name: &str) {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces");
    super::readme::copy(&samples, &space.path(name));
    for entry in Store::open(&samples).expect("the samples").entries() {
        let mut rows: Vec<(RunFacts, Event)> = TraceReader::open(&entry.path)
            .expect("a trace")
            .map(|row| row.expect("a row"))
            .collect();
        let ids = (0..).map(|i| format!("{}-again-{i}", entry.run.run_id));
        let again = ids.into_iter().find(|id| Bucket::of(id).number() < 4).expect("an id");
        rows.iter_mut().for_each(|(run, _)| run.run_id.clone_from(&again));
        let events: Vec<Event> = rows.iter().map(|row| row.1.clone()).collect();
        let sealed = Store::seal(&space.path(name), &rows[0].0, &events).expect("a trace");
        let written = Store::publish(sealed, &again, &BTreeMap::new(), false);
        assert_eq!(written.expect("a place"), Written::New);
    }
}

/// What commands answer about a store, as JSON.
fn answers(space: &Workspace, store: &str) -> BTreeMap<String, Value> {
    let columns = "run_id, seq, ts, kind, model, cost_usd, content, arguments, attributes";
    let events = format!("SELECT {columns} FROM events ORDER BY run_id, seq");
    let commands: [&[&str]; 13] = [
        &["store", "list", "STORE"],
        &["store", "check", "STORE"],
        &["sql", "STORE", &events],
        &["sql", "STORE", "SELECT * FROM stages ORDER BY run_id, stage"],
        &["sql", "STORE", "SELECT * FROM runs ORDER BY run_id"],
        &["score", "STORE", "--no-keep"],
        &["cost", "STORE"],
        &["cascade", "STORE"],
        &["check", "STORE"],
        &["whatif", "STORE", "--budget-calls", "50"],
        &["show", "alone-sloppy-again", "--store", "STORE"],
        &["show", "latest", "--store", "STORE"],
        &["replay", "--diff", "alone-sloppy-again", "recovered-sloppy-again", "--store", "STORE"],
    ];
    let answer = |args: &&[&str]| {
        let words = args.iter().map(|arg| if *arg == "STORE" { store } else { *arg });
        let words: Vec<&str> = words.chain(["--format", "json"]).collect();
        let mut value: Value = serde_json::from_str(&space.ok(&words)).expect("JSON");
        if args[1] == "list" {
            // The size of a file is not that of a run.
            for run in value.as_array_mut().expect("runs") {
                run.as_object_mut().expect("a run").remove("bytes").expect("a size, or none");
            }
        }
        (args.join(" "), value)
    };
    commands.iter().map(answer).collect()
}

#[test]
fn every_answer_is_as_it_was() {
    let space = Workspace::new();
    samples(&space, "store");
    let before = answers(&space, "store");
    assert_eq!(before["store list STORE"].as_array().map(Vec::len), Some(60));
    space.ok(&["export", "store", "-o", "exported-before", "--to", "atif"]);
    let files = Store::open(&space.path("store")).expect("a store").files().len();

    let dry = space.run(&["store", "compact", "store", "--dry-run", "--format", "json"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert!(dry.stderr.contains("60 files would be merged"), "{}", dry.stderr);
    let dry: Value = serde_json::from_str(&dry.stdout).expect("JSON");
    assert_eq!(dry[0], json!({ "what": "files", "before": files, "after": null }));
    assert_eq!(Store::open(&space.path("store")).expect("a store").files().len(), files);

    let done: Value =
        serde_json::from_str(&space.ok(&["store", "compact", "store", "--format", "json"]))
            .expect("JSON");
    let store = Store::open(&space.path("store")).expect("a store");
    let sizes = store.files().iter().map(|f| f.metadata().expect("a file").len()).sum::<u64>();
    assert_eq!(done[0]["after"], json!(store.files().len()));
    assert!(store.files().len() <= files - 20, "{} files", store.files().len());
    assert_eq!((&done[1]["after"], &done[2]["after"]), (&json!(sizes), &json!(60)));
    let after = answers(&space, "store");
    for (command, answer) in &before {
        assert!(after[command] == *answer, "{command}: another answer");
    }
    space.ok(&["export", "store", "-o", "exported-after", "--to", "atif"]);
    assert!(space.files("exported-before") == space.files("exported-after"), "another export");

    let bytes = space.files("store");
    let again = space.run(&["store", "compact", "store"]);
    assert!(again.stderr.contains("nothing to do: the store is compact"), "{}", again.stderr);
    assert!(space.files("store") == bytes, "the second one changed something");
}

#[test]
fn a_store_with_buckets_is_imported_into_and_recorded_into() {
    let space = Workspace::new();
    let demo = |store: &str| space.ok(&["generate", "demo", store]);
    // Flat, unless it is asked for.
    demo("flat");
    assert!(space.path("flat/workload=demo-pipeline").is_dir());
    let record = |args: &[&str]| {
        let all = [&["record", "-q", "--no-calls", "-o"], args, &["--", "true"]].concat();
        space.ok(&all);
    };
    record(&["bucketed", "--buckets", "--name", "one"]);
    record(&["bucketed", "--name", "two"]);
    demo("bucketed");
    for (store, bucketed) in [("flat", false), ("bucketed", true)] {
        for file in Store::open(&space.path(store)).expect("a store").entries() {
            let bucket = space.path(store).join(Bucket::of(&file.run.run_id).folder());
            assert_eq!(file.path.starts_with(bucket), bucketed, "{}", file.path.display());
        }
    }
    // The same trace again is left alone, compacted or not.
    space.ok(&["store", "compact", "bucketed"]);
    let before = space.files("bucketed");
    demo("bucketed");
    assert!(space.files("bucketed") == before);
    // A recording under a name that the merged file has.
    let taken =
        space.run(&["record", "-q", "--no-calls", "-o", "bucketed", "--name", "one", "--", "true"]);
    assert!(taken.stderr.contains("runs-"), "{}", taken.stderr);
    assert!(space.files("bucketed") == before);
}

/// Events of a run that take some time to write.
fn rows(run_id: &str) -> (RunFacts, Vec<Event>) {
    let run = RunFacts {
        run_id: run_id.to_owned(),
        workload: "w".to_owned(),
        model: "m".to_owned(),
        ..RunFacts::default()
    };
    let event = |seq: i64| Event {
        seq,
        content: Some(format!("{run_id} {seq} ").repeat(50)),
        input_tokens: Some(seq),
        ..Event::new(Kind::LlmCall)
    };
    (run, (0..20).map(event).collect())
}

/// A store of small files, alone and together, flat and in buckets.
fn many(root: &Path) {
    for i in 0..40 {
        let ids: Vec<String> = (0..1 + i % 3).map(|n| format!("run-{i}-{n}")).collect();
        let mut writer =
            TraceWriter::create(&root.join(format!("w{}/{i}.parquet", i % 5))).expect("a file");
        for id in &ids {
            let (run, events) = rows(id);
            events.iter().for_each(|event| writer.write(&run, event).expect("a row"));
        }
        writer.finish(false).expect("a trace");
    }
}

/// Every row of a store by run, read from the files that it names; the shards find the same runs.
fn read(root: &Path) -> BTreeMap<String, Vec<Event>> {
    let store = Store::open(root).expect("a store");
    let mut runs: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for file in store.files() {
        for row in TraceReader::open(&file).expect("a trace") {
            let (run, event) = row.expect("a row");
            runs.entry(run.run_id).or_default().push(event);
        }
    }
    let mut sharded: Vec<String> = Vec::new();
    for i in 0..3 {
        let shard: Shard = format!("{i}/3").parse().expect("a shard");
        let part = Store::open_shard(root, shard).expect("a shard");
        sharded.extend(part.entries().iter().map(|entry| entry.run.run_id.clone()));
    }
    sharded.sort();
    assert!(sharded.iter().eq(runs.keys()), "the shards are the store");
    runs
}

fn links(from: &Path, to: &Path) {
    for file in Store::open(from).expect("a store").files() {
        let target = to.join(file.strip_prefix(from).expect("below"));
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("folders");
        std::fs::hard_link(&file, target).expect("a link");
    }
}

#[test]
fn killed_at_forty_moments_the_store_keeps_every_run() {
    let space = Workspace::new();
    many(&space.path("original"));
    let expected = read(&space.path("original"));
    assert_eq!(expected.len(), 79);
    links(&space.path("original"), &space.path("whole"));
    let begun = Instant::now();
    space.ok(&["store", "compact", "whole"]);
    let whole = begun.elapsed();
    let compacted = space.files("whole");
    let (next, killed, halfway) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= 20 {
                        break;
                    }
                    let store = format!("store-{seed}");
                    let root = space.path(&store);
                    links(&space.path("original"), &root);
                    let mut random = ChaCha8Rng::seed_from_u64(seed);
                    // Twice: the second one finds what the first one left.
                    for _ in 0..2 {
                        let mut child = space
                            .command(&["store", "compact", &store])
                            .stdout(Stdio::null())
                            .stderr(Stdio::null())
                            .spawn()
                            .expect("a process");
                        let share =
                            f64::from(u32::try_from(random.next_u64() % 1000).expect("small"));
                        std::thread::sleep(Duration::from_secs_f64(
                            whole.as_secs_f64() * share / 800.0,
                        ));
                        child.kill().expect("it runs, or has ended");
                        let status = child.wait().expect("it ends");
                        killed.fetch_add(u64::from(status.code().is_none()), Ordering::Relaxed);
                        assert!(read(&root) == expected, "seed {seed}: other rows");
                        let files = Store::open(&root).expect("a store").files();
                        let merged = files.iter().filter(|file| {
                            let below = file.strip_prefix(&root).expect("below the store");
                            below.to_string_lossy().starts_with("bucket=")
                        });
                        let merged = merged.count();
                        halfway.fetch_add(
                            u64::from(merged > 0 && merged < files.len()),
                            Ordering::Relaxed,
                        );
                    }
                    space.ok(&["store", "compact", &store]);
                    assert!(read(&root) == expected, "seed {seed}: other rows in the end");
                    let runs = Store::open(&root).expect("a store").entries().len();
                    assert_eq!(runs, expected.len());
                    assert!(
                        space.files(&store).keys().all(|f| f.starts_with("bucket=")),
                        "seed {seed}"
                    );
                }
            });
        }
    });
    assert!(killed.load(Ordering::Relaxed) >= 10, "most had ended before they were killed");
    assert!(compacted.keys().all(|file| file.starts_with("bucket=")));
    let halfway = halfway.into_inner();
    assert!(halfway > 0, "no kill left a store half compacted");
}

#[test]
fn runs_that_arrive_meanwhile_are_kept() {
    let space = Workspace::new();
    let root: PathBuf = space.path("store");
    many(&root);
    let mut expected = read(&root);
    std::thread::scope(|scope| {
        let compacting = scope.spawn(|| {
            for _ in 0..4 {
                space.ok(&["store", "compact", "store"]);
            }
        });
        for i in 0.. {
            if compacting.is_finished() && i >= 20 {
                break;
            }
            let (run, events) = rows(&format!("late-{i}"));
            let known = Store::open(&root).expect("a store, at any moment").known_runs();
            assert_eq!(known.len(), expected.len(), "a list without gaps");
            let sealed = Store::seal(&root, &run, &events).expect("a trace");
            let written = Store::publish(sealed, &run.run_id, &known, false);
            assert_eq!(written.expect("a place"), Written::New);
            expected.insert(run.run_id, events);
        }
        compacting.join().expect("it ends");
    });
    assert!(read(&root) == expected);
    space.ok(&["store", "compact", "store"]);
    assert!(read(&root) == expected);
}
