//! A store is compacted and cut off at every step, again and again: each run is read once, whatever files are there.

use super::*;
use crate::trace::{
    Event, Kind, Layout, RunFacts, Shard, Store, TraceReader, TraceWriter, arguments_hash,
};

/// Two runs are large enough for a file of their own, and one is not.
const SMALL: u64 = 70_000;

fn facts(run_id: &str) -> RunFacts {
    RunFacts {
        run_id: run_id.to_owned(),
        workload: "w".to_owned(),
        model: "m".to_owned(),
        ..RunFacts::default()
    }
}

/// The rows of a run; no two runs have the same.
fn events(run_id: &str) -> Vec<Event> {
    let text = |seq: i64| (0..800).map(move |i| arguments_hash(&format!("{run_id}{seq}{i}")));
    (0..3)
        .map(|seq| {
            let mut event = Event { seq, input_tokens: Some(seq * 7), ..Event::new(Kind::LlmCall) };
            event.content = Some(text(seq).map(|hash| hash.to_string()).collect());
            event.attributes = Some(format!("{{\"of\":\"{run_id}\"}}"));
            event
        })
        .collect()
}

fn write(path: &Path, runs: &[&str]) {
    let mut writer = TraceWriter::create(path).unwrap();
    for run in runs {
        for event in events(run) {
            writer.write(&facts(run), &event).unwrap();
        }
    }
    writer.finish(false).unwrap();
}

/// Run ids of one bucket.
fn of_bucket(bucket: u8, count: usize) -> Vec<String> {
    let ids = (0..).map(|i| format!("r{i}"));
    ids.filter(|id| Bucket::of(id).number() == bucket).take(count).collect()
}

fn named<'a>(ids: &'a [String], which: &[usize]) -> Vec<&'a str> {
    which.iter().map(|i| ids[*i].as_str()).collect()
}

/// A store with every kind of file: alone and flat, alone in a bucket, several of one bucket, several of several, merged.
fn store(root: &Path) -> usize {
    let (a, b, c) = (of_bucket(3, 6), of_bucket(7, 4), of_bucket(200, 2));
    for (i, run) in a.iter().enumerate().take(2) {
        write(&root.join(format!("workload=w/model=m/{run}.parquet")), &named(&a, &[i]));
    }
    write(&root.join("several.parquet"), &[named(&a, &[2]), named(&b, &[0, 1])].concat());
    write(&root.join("elsewhere/one-bucket.parquet"), &named(&b, &[2, 3]));
    write(&Layout::begin_buckets(root).unwrap().path_of(&facts(&c[0])), &named(&c, &[0]));
    write(&root.join("bucket=200/alone.parquet"), &named(&c, &[1]));
    write(&root.join("bucket=003/runs-0123456789abcdef.parquet"), &named(&a, &[3, 4]));
    write(&root.join("bucket=003/runs-fedcba9876543210.parquet"), &named(&a, &[5]));
    12
}

/// What a reader finds: every run with its rows, in the files that the store names.
fn read(root: &Path) -> BTreeMap<String, Vec<Event>> {
    let store = Store::open(root).unwrap();
    let mut runs: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for file in store.files() {
        for row in TraceReader::open(&file).unwrap() {
            let (run, event) = row.unwrap();
            runs.entry(run.run_id).or_default().push(event);
        }
    }
    for entry in store.entries() {
        let rows = entry.first_row..entry.first_row + entry.run.events;
        let rows = TraceReader::open_window(&entry.path, rows).unwrap().map(|row| row.unwrap().1);
        assert_eq!(rows.collect::<Vec<_>>(), runs[&entry.run.run_id]);
    }
    runs
}

/// What the shards find together.
fn read_shards(root: &Path, count: u16) -> Vec<String> {
    let mut runs = Vec::new();
    for index in 0..count {
        let shard: Shard = format!("{index}/{count}").parse().unwrap();
        let store = Store::open_shard(root, shard).unwrap();
        runs.extend(store.entries().iter().map(|entry| entry.run.run_id.clone()));
    }
    runs.sort();
    runs
}

fn expected(runs: &BTreeMap<String, Vec<Event>>) {
    for (run, rows) in runs {
        assert_eq!(*rows, events(run), "{run}");
    }
}

/// Compacts, and stops after so many steps; says whether there were more.
fn cut_off(root: &Path, steps: usize) -> bool {
    let plan = Compaction::with_file_bytes(root, Packing::Fast, SMALL).unwrap();
    let mut left = steps;
    let mut take = |step: Step| {
        let more = left > 0;
        left = left.saturating_sub(1);
        if more {
            step.take(&mut plan.before(), &mut Vec::new()).unwrap();
        }
        more
    };
    if !drop_copies(&plan.copies).into_iter().all(&mut take) {
        return true;
    }
    plan.parts.iter().any(|part| {
        let steps = part.steps(root, &staging(root), Packing::Fast, SMALL).unwrap();
        !steps.into_iter().all(&mut take)
    })
}

fn copied(from: &Path, to: &Path) {
    for file in files(from).unwrap() {
        let target = to.join(file.path.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(&file.path, target).unwrap();
    }
}

fn compact(root: &Path) -> Extent {
    Compaction::with_file_bytes(root, Packing::Fast, SMALL).unwrap().run(|| ()).unwrap()
}

#[test]
fn a_compacted_store_has_the_same_rows_in_few_files() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let count = store(root);
    std::fs::write(root.join("notes.txt"), "not a trace").unwrap();
    let before = read(root);
    assert_eq!(before.len(), count);
    let after = compact(root);
    assert_eq!(read(root), before);
    expected(&before);
    let found = files(root).unwrap();
    assert!(found.iter().all(|file| is_merged(root, file)), "{found:?}");
    let bytes = found.iter().map(|file| file.bytes).sum();
    assert_eq!(after, Extent { files: found.len() as u64, bytes, runs: count as u64 });
    for gone in ["workload=w", "bucket=000", "bucket=200/workload=w", ".ramptrace"] {
        assert!(!root.join(gone).exists(), "{gone}");
    }
    assert!(root.join("notes.txt").exists());
    for count in [1, 3, 256] {
        assert_eq!(read_shards(root, count), before.keys().cloned().collect::<Vec<_>>());
    }
    // Again: nothing to do.
    let again = Compaction::with_file_bytes(root, Packing::Fast, SMALL).unwrap();
    assert_eq!((again.sources(), again.copies()), (0, 0));
    assert_eq!(again.run(|| ()).unwrap(), after);
    assert_eq!(files(root).unwrap(), found);
}

#[test]
fn the_same_runs_become_the_same_files() {
    let [one, other] = [0, 1].map(|_| tempfile::tempdir().unwrap());
    let ids = of_bucket(3, 5);
    write(&one.path().join("all.parquet"), &named(&ids, &[4, 0, 2, 1, 3]));
    for i in 0..5 {
        write(&other.path().join(format!("{i}.parquet")), &named(&ids, &[i]));
    }
    compact(one.path());
    compact(other.path());
    let bytes = |root: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
        let below = |f: &TraceFile| f.path.strip_prefix(root).unwrap().to_owned();
        let found = files(root).unwrap();
        found.iter().map(|file| (below(file), std::fs::read(&file.path).unwrap())).collect()
    };
    let (one, other) = (bytes(one.path()), bytes(other.path()));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(one == other, "the bytes differ");
}

#[test]
fn files_grow_to_a_size_and_large_ones_stay() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let ids = of_bucket(3, 9);
    for (i, run) in ids.iter().enumerate().take(8) {
        write(&root.join(format!("{run}.parquet")), &named(&ids, &[i]));
    }
    // A file for every run, as one is more than a byte.
    Compaction::with_file_bytes(root, Packing::Fast, 1).unwrap().run(|| ()).unwrap();
    let single = files(root).unwrap();
    assert_eq!(single.len(), 8);
    // Nothing is added, so nothing is written again, small as they are.
    Compaction::plan(root, Packing::Fast).unwrap().run(|| ()).unwrap();
    assert_eq!(files(root).unwrap(), single);
    // Large ones stay when a run is added.
    write(&root.join("new.parquet"), &named(&ids, &[8]));
    Compaction::with_file_bytes(root, Packing::Fast, 1).unwrap().run(|| ()).unwrap();
    let more = files(root).unwrap();
    assert!(more.len() == 9 && single.iter().all(|file| more.contains(file)));
    // Small ones grow.
    write(&root.join("bucket=003/again.parquet"), &[&of_bucket(3, 10)[9]]);
    let after = Compaction::plan(root, Packing::Fast).unwrap().run(|| ()).unwrap();
    assert_eq!((after.files, after.runs), (1, 10));
}

#[test]
fn what_is_packed_small_stays_so() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let ids = of_bucket(3, 3);
    let packings = || -> Vec<Packing> { files(root).unwrap().iter().map(|f| f.packing).collect() };
    for (i, run) in ids.iter().enumerate().take(2) {
        write(&root.join(format!("{run}.parquet")), &named(&ids, &[i]));
    }
    let before = Compaction::plan(root, Packing::Fast).unwrap().run(|| ()).unwrap();
    assert_eq!(packings(), [Packing::Fast]);
    let small = Compaction::plan(root, Packing::Small).unwrap().run(|| ()).unwrap();
    assert_eq!(packings(), [Packing::Small]);
    assert_eq!(small.runs, before.runs);
    let again = Compaction::plan(root, Packing::Small).unwrap();
    assert_eq!((again.sources(), again.copies()), (0, 0));
    drop(again);
    // A file that grows stays small, and so does one that loses a run.
    write(&root.join("new.parquet"), &named(&ids, &[2]));
    Compaction::plan(root, Packing::Fast).unwrap().run(|| ()).unwrap();
    assert_eq!(packings(), [Packing::Small]);
    super::super::merge::without(&files(root).unwrap()[0].path, &[ids[2].as_str()].into()).unwrap();
    assert_eq!(packings(), [Packing::Small]);
    expected(&read(root));
}

#[test]
fn cut_off_at_every_step_every_run_is_read_once() {
    let original = tempfile::tempdir().unwrap();
    let count = store(original.path());
    let before = read(original.path());
    let ids: Vec<String> = before.keys().cloned().collect();
    let mut steps = 0;
    loop {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        copied(original.path(), root);
        let more = cut_off(root, steps);
        assert_eq!(read(root), before, "after {steps} steps");
        for shards in [1, 3, 16] {
            assert_eq!(read_shards(root, shards), ids, "{shards} shards after {steps} steps");
        }
        let after = compact(root);
        assert_eq!(read(root), before, "compacted again after {steps} steps");
        assert_eq!(files(root).unwrap().iter().map(|f| f.runs.len()).sum::<usize>(), count);
        assert_eq!(after.runs, count as u64);
        if !more {
            break;
        }
        steps += 1;
    }
    assert!(steps >= 15, "{steps} steps");
}

#[test]
fn cut_off_twice_with_new_runs_between_every_run_is_read_once() {
    let original = tempfile::tempdir().unwrap();
    store(original.path());
    let (new, other) = (of_bucket(3, 7), of_bucket(7, 5));
    let mut first = 0;
    let mut more = true;
    while more {
        let between = tempfile::tempdir().unwrap();
        copied(original.path(), between.path());
        more = cut_off(between.path(), first);
        write(&between.path().join("new.parquet"), &[&new[6], &other[4]]);
        let before = read(between.path());
        assert_eq!(before.len(), 14);
        expected(&before);
        // Not all pairs, for time; every first with every third second.
        let mut second = first / 3 % 3;
        let mut again = true;
        while again {
            let root = tempfile::tempdir().unwrap();
            copied(between.path(), root.path());
            again = cut_off(root.path(), second);
            assert_eq!(read(root.path()), before, "after {first} and {second} steps");
            second += 3;
        }
        first += 3;
    }
}

#[test]
fn a_file_that_changed_meanwhile_stays() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    store(root);
    let plan = Compaction::with_file_bytes(root, Packing::Fast, SMALL).unwrap();
    let ids = of_bucket(3, 1);
    let path = root.join(format!("workload=w/model=m/{}.parquet", ids[0]));
    let mut writer = TraceWriter::create(&path).unwrap();
    writer.write(&facts(&ids[0]), &Event::new(Kind::RunEnd)).unwrap();
    writer.finish(true).unwrap();
    let error = plan.run(|| ()).unwrap_err();
    assert!(
        matches!(
            &error,
            TraceError::NotAsBefore { .. }
                | TraceError::Changed { .. }
                | TraceError::BadFooter { .. }
        ),
        "{error}"
    );
    assert_eq!(read(root)[&ids[0]], [Event::new(Kind::RunEnd)]);
}

#[test]
fn a_store_is_compacted_by_one_at_a_time() {
    let root = tempfile::tempdir().unwrap();
    store(root.path());
    let first = Compaction::plan(root.path(), Packing::Fast).unwrap();
    let error = Compaction::plan(root.path(), Packing::Fast).unwrap_err();
    assert!(matches!(error, TraceError::Busy { .. }), "{error}");
    drop(first);
    Compaction::plan(root.path(), Packing::Fast).unwrap();
}

#[test]
fn what_a_killed_one_left_unnamed_goes_away() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    store(root);
    let before = read(root);
    std::fs::create_dir_all(staging(root)).unwrap();
    std::fs::write(staging(root).join(".ramptrace-x.partial"), "half").unwrap();
    assert_eq!(read(root), before);
    compact(root);
    assert!(!root.join(".ramptrace").exists());
}

#[test]
fn a_file_that_comes_out_as_it_went_in_stays() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let ids = of_bucket(3, 2);
    // Large before it is compressed, small afterwards.
    let event = Event { content: Some("x".repeat(400_000)), ..Event::new(Kind::Message) };
    let put = |run: &str| {
        let mut writer = TraceWriter::create(&root.join(format!("{run}.parquet"))).unwrap();
        writer.write(&facts(run), &event).unwrap();
        writer.finish(false).unwrap();
    };
    let compact =
        || Compaction::with_file_bytes(root, Packing::Fast, 100_000).unwrap().run(|| ()).unwrap();
    put(&ids[0]);
    compact();
    let [first] = files(root).unwrap().try_into().unwrap();
    put(&ids[1]);
    let after = compact();
    let found = files(root).unwrap();
    assert!(found.contains(&first), "{found:?}");
    assert_eq!((found.len(), after.files, after.runs), (2, 2, 2));
    assert_eq!(after.bytes, found.iter().map(|file| file.bytes).sum::<u64>());
}
