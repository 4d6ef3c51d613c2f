//! How long a run of 1e5 events takes to open in the player, a key from its begin to its end, and one search through it.
//!
//! Run with `cargo bench --bench replay`.

use divan::Bencher;
use ramptrace::replay::{Filter, Key, Player, Recording, draw};
use ramptrace::trace::{Event, Kind, RunFacts, Store, StoreEntry, ToolKind, TraceWriter};
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

const EVENTS: i64 = 100_000;

fn main() {
    divan::main();
}

/// A run of many tool calls with a screen of text each.
fn run() -> StoreEntry {
    static STORE: OnceLock<TempDir> = OnceLock::new();
    let store = STORE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        write(&folder.path().join("run.parquet"));
        folder
    });
    Store::open(store.path()).expect("a store").find("long").expect("the run").clone()
}

fn write(path: &Path) {
    let facts = RunFacts {
        run_id: "long".to_owned(),
        workload: "w".to_owned(),
        model: "m".to_owned(),
        ..RunFacts::default()
    };
    let mut writer = TraceWriter::create(path).expect("a writer");
    for n in 0..EVENTS {
        let mut event = Event::new(Kind::ToolCall);
        (event.seq, event.stage, event.offset_us) = (n, Some(n / 20_000), Some(n * 1_000));
        event.tool_name = Some("bash".to_owned());
        event.tool_kind = Some(ToolKind::Shell);
        event.arguments = Some(format!("{{\"command\":\"step {n}\"}}"));
        event.content = Some(format!("line {n} of what a command prints\n").repeat(40));
        event.exit_code = Some(i64::from(n % 1_000 == 0));
        writer.write(&facts, &event).expect("a row");
    }
    writer.finish(true).expect("a trace file");
}

#[divan::bench(sample_count = 10, sample_size = 1)]
fn open(bencher: Bencher) {
    let entry = run();
    bencher.bench(|| Recording::open(&entry).expect("a recording"));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn begin_and_end(bencher: Bencher) {
    let mut recording = Recording::open(&run()).expect("a recording");
    let mut player = Player::new(recording.moments(), 0, Filter::default(), 1.0, false);
    bencher.bench_local(|| {
        for key in [Key::End, Key::Home] {
            player.press(key, &mut recording).expect("a key");
            draw(&mut player, &mut recording, 120, 40).expect("a screen");
        }
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn search(bencher: Bencher) {
    let mut recording = Recording::open(&run()).expect("a recording");
    bencher.bench_local(|| {
        let mut player = Player::new(recording.moments(), 0, Filter::default(), 1.0, false);
        player.search("line 99999 ", &mut recording).expect("a search");
        assert_eq!(player.at(), 99_999);
    });
}
