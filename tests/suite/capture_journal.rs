//! A recorder that is killed, a disk that is full, a store that cannot be written: what was acknowledged is kept.
//!
//! The recorder runs in a process of its own, which is this test binary again with [`recording_process`] as its only test.
//! It records numbered events, and says on stdout how many of them it has been told are safe.

use super::workspace::Workspace;
use ramptrace::capture::EventSink;
use ramptrace::capture::journal::{Recovery, journals, recover};
use ramptrace::capture::recorder::{Ending, Recorder, Settings};
use ramptrace::trace::{EndReason, Event, Kind, RunFacts, Store, TraceReader, check_file};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

/// What the recording process is to do: STORE SEED EVENTS TEXT.
const ORDER: &str = "RAMPTRACE_TEST_RECORDING";
/// Longest time for anything that is waited for.
const LONG: Duration = Duration::from_mins(1);

fn facts() -> RunFacts {
    RunFacts {
        run_id: "killed".into(),
        workload: "w".into(),
        model: "m".into(),
        ..RunFacts::default()
    }
}

/// One line on stdout, in one piece.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let said = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    said.expect("a test that listens");
}

/// The text behind the number of an event: none, always the same, or always another one.
fn text(kind: &str, random: &mut ChaCha8Rng) -> String {
    let mut always_the_same = ChaCha8Rng::seed_from_u64(7);
    let source = match kind {
        "short" => return String::new(),
        "same" => &mut always_the_same,
        _ => random,
    };
    let words: Vec<String> = (0..256).map(|_| format!("{:016x}", source.next_u64())).collect();
    words.concat()
}

#[test]
#[ignore = "the process that the other tests start, and kill"]
fn recording_process() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let words: Vec<&str> = order.split('\n').collect();
    let [store, seed, events, kind] = words.as_slice() else { panic!("{order}") };
    let mut random = ChaCha8Rng::seed_from_u64(seed.parse().unwrap());
    let settings =
        Settings { warn: Box::new(|text| say(&format!("warning {text}"))), ..Settings::default() };
    let recorder = Recorder::start(Path::new(store), &facts(), settings).unwrap();
    say("ready");
    for i in 0..events.parse::<u64>().unwrap() {
        let mut event = Event::new(Kind::Message);
        event.content = Some(format!("{i} {}", text(kind, &mut random)));
        recorder.record(event);
        if *kind == "short" {
            // So that a fast disk does not end the run before it is killed.
            std::thread::sleep(Duration::from_micros(200));
        }
        if random.next_u64() % 8 == 0 && recorder.sync(LONG) {
            say(&format!("safe {}", i + 1));
        }
    }
    recorder.record(Event::new(Kind::RunEnd));
    match recorder.finish(Ending::Complete) {
        Ok(finished) => say(&format!("finished {} {}", finished.events, finished.lost)),
        Err(error) => say(&format!("failed {error}")),
    }
}

/// This binary as a recording process, started through a shell that runs `before` first.
fn start(before: &str, store: &Path, seed: u64, events: u64, kind: &str) -> Child {
    Command::new("sh")
        .args(["-c", &format!("{before}\nexec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", "capture_journal::recording_process", "--ignored", "--nocapture"])
        .env(ORDER, format!("{}\n{seed}\n{events}\n{kind}", store.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process")
}

/// What the process said of itself, in order, when it is over.
fn said(out: &mut impl Read) -> Vec<String> {
    let mut text = String::new();
    out.read_to_string(&mut text).expect("text");
    text.lines().map(str::to_owned).collect()
}

/// The highest number of events that it was told are safe.
fn safe(said: &[String]) -> usize {
    let numbers = said.iter().filter_map(|line| line.strip_prefix("safe ")?.parse().ok());
    numbers.max().unwrap_or(0)
}

/// The numbers of the recorded events; the trace keeps every rule, and they stand in order without a gap.
fn numbered_events(trace: &Path) -> (usize, Vec<Event>) {
    assert_eq!(check_file(trace).expect("a trace"), []);
    let rows: Vec<Event> =
        TraceReader::open(trace).expect("a trace").map(|row| row.expect("a row").1).collect();
    let messages = rows.iter().filter(|e| e.kind == Kind::Message);
    let mut count = 0;
    for (number, event) in messages.enumerate() {
        let text = event.content.as_ref().expect("its number");
        assert_eq!(text.split(' ').next(), Some(number.to_string().as_str()));
        assert_eq!(usize::try_from(event.seq), Ok(number));
        count += 1;
    }
    (count, rows)
}

/// When a recorder was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Killed {
    BeforeItsFirstEvent,
    OnItsWay,
    AfterItsLastEvent,
}

/// Kills a recorder at a random moment, recovers its journal, and compares the trace with what it was told is safe.
fn kill(seed: u64) -> Killed {
    let space = Workspace::new();
    let store = space.path("store");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // Every third run is short, so that it is killed while its trace is made.
    let events = if seed.is_multiple_of(3) { 20 } else { 300 };
    let mut process = start("", &store, seed, events, "short");
    let mut out = BufReader::new(process.stdout.take().expect("a pipe"));
    let mut first = String::new();
    // One in ten is killed while it begins.
    while !seed.is_multiple_of(10) && first.trim() != "ready" {
        first.clear();
        assert!(out.read_line(&mut first).expect("a line") > 0, "it never began");
    }
    std::thread::sleep(Duration::from_micros(random.next_u64() % 80_000));
    process.kill().expect("a process to kill");
    process.wait().expect("its end");
    let said = said(&mut out);

    for journal in journals(&store).expect("journals") {
        let outcome = recover(&store, &journal).expect("a recovery");
        assert!(!matches!(outcome, Recovery::Live), "{outcome:?}");
    }
    assert_eq!(journals(&store).expect("journals").len(), 0);
    let Ok(recovered) = Store::open(&store) else {
        assert_eq!(safe(&said), 0, "seed {seed}");
        return Killed::BeforeItsFirstEvent;
    };
    let (kept, rows) = numbered_events(&recovered.files()[0]);
    assert!(kept >= safe(&said), "seed {seed}: {kept} of {}", safe(&said));
    let end = rows.last().expect("an end");
    assert_eq!(end.kind, Kind::RunEnd);
    if end.end_reason == Some(EndReason::Interrupted) {
        assert!(!said.iter().any(|line| line.starts_with("finished")));
        Killed::OnItsWay
    } else {
        assert_eq!(kept as u64, events);
        Killed::AfterItsLastEvent
    }
}

#[test]
fn a_recorder_killed_at_any_moment_loses_nothing_that_was_safe() {
    // They mostly wait for the disk, so several at once.
    let killed: Vec<Killed> = std::thread::scope(|scope| {
        let some = |first: u64| scope.spawn(move || (0..20).map(|i| kill(first + i)).collect());
        let workers: Vec<ScopedJoinHandle<'_, Vec<Killed>>> =
            (0..5).map(|worker| some(20 * worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no failure")).collect()
    });
    let on_their_way = killed.iter().filter(|k| **k == Killed::OnItsWay).count();
    assert!(on_their_way >= 30, "the moments say little: {killed:?}");
}

/// A limit for the size of files, far below what the journal needs and far above an empty trace. A write beyond it fails, as
/// on a full disk, when the signal is ignored.
const SMALL_FILES: &str = "trap '' XFSZ; ulimit -f 80";

#[test]
fn a_journal_that_cannot_grow_costs_no_event_when_the_trace_fits() {
    let space = Workspace::new();
    let store = space.path("store");
    let mut process = start(SMALL_FILES, &store, 1, 250, "same");
    let said = said(process.stdout.as_mut().expect("a pipe"));
    process.wait().expect("its end");
    let warnings: Vec<&String> = said.iter().filter(|line| line.starts_with("warning")).collect();
    assert_eq!(warnings.len(), 1, "{said:?}");
    assert!(warnings[0].starts_with("warning cannot write "), "{warnings:?}");
    assert!(safe(&said) > 0 && safe(&said) < 250);
    assert!(said.contains(&"finished 251 0".to_owned()), "{said:?}");
    let (kept, _) = numbered_events(&Store::open(&store).unwrap().files()[0]);
    assert_eq!(kept, 250);
    assert!(journals(&store).unwrap().is_empty());
}

#[test]
fn a_full_disk_keeps_what_was_safe_and_says_what_was_lost() {
    let space = Workspace::new();
    let store = space.path("store");
    let mut process = start(SMALL_FILES, &store, 2, 250, "other");
    let said = said(process.stdout.as_mut().expect("a pipe"));
    assert!(process.wait().expect("its end").success(), "the observed process ends as it would");
    let failed = said.iter().find_map(|line| line.strip_prefix("failed ")).expect("a failure");
    let (rest, lost) = failed.rsplit_once(", lost: ").expect(failed);
    let (_, kept) = rest.rsplit_once(": ").expect(failed);
    let (kept, lost): (usize, usize) = (kept.parse().expect(failed), lost.parse().expect(failed));
    assert_eq!(kept + lost, 251);
    assert!(kept >= safe(&said) && safe(&said) > 0 && lost > 0);

    // With room again.
    let left = journals(&store).unwrap();
    assert!(matches!(recover(&store, &left[0]).unwrap(), Recovery::Done(_)));
    let (found, _) = numbered_events(&Store::open(&store).unwrap().files()[0]);
    assert_eq!(found, kept);
}

#[test]
fn a_store_that_cannot_be_written_is_refused_before_anything_runs() {
    let space = Workspace::new();
    let store = space.write("store", "a file");
    let error = Recorder::start(&store, &facts(), Settings::default()).unwrap_err();
    assert!(error.to_string().starts_with("cannot create folder "), "{error}");
    assert!(!error.is_data_fault());
}

#[cfg(unix)]
#[test]
fn a_store_that_becomes_read_only_keeps_the_journal() {
    use std::os::unix::fs::PermissionsExt;
    let space = Workspace::new();
    let store = space.path("store");
    let recorder = Recorder::start(&store, &facts(), Settings::default()).unwrap();
    let mode = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(&store, permissions).expect("permissions");
    };
    mode(0o555);
    if std::fs::write(store.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write to read-only folders");
        return;
    }
    recorder.record(Event::new(Kind::RunStart));
    assert!(recorder.sync(LONG), "its journal was open before");
    let error = recorder.finish(Ending::Complete).unwrap_err();
    assert!(error.to_string().ends_with("1, lost: 0"), "{error}");
    mode(0o755);
    assert!(matches!(recover(&store, &journals(&store).unwrap()[0]).unwrap(), Recovery::Done(_)));
}

#[test]
fn store_recover_lists_finishes_and_has_nothing_more_to_do() {
    let space = Workspace::new();
    let store = space.path("store");
    space.ok(&["generate", "demo", "store"]);
    let record = |run_id: &str| {
        let run = RunFacts { run_id: run_id.into(), ..facts() };
        let recorder = Recorder::start(&store, &run, Settings::default()).unwrap();
        recorder.record(Event::new(Kind::RunStart));
        recorder
    };
    drop(record("cut"));
    drop(record("torn"));
    let torn = store.join(".ramptrace/journal/torn.journal");
    let mut bytes = std::fs::read(&torn).unwrap();
    bytes.extend([9; 5]);
    std::fs::write(&torn, bytes).unwrap();
    let live = record("live");
    assert!(live.sync(LONG));

    let listed = space.run(&["store", "list", "store"]);
    assert_eq!(
        listed.stderr,
        "warning: 2 recordings of this store were cut short; for what they hold: ramptrace store recover store\n"
    );
    let list = space.ok(&["store", "recover", "store", "--list", "--format", "csv"]);
    assert_eq!(
        list,
        "run_id,state,events,torn_bytes,file\n\
         cut,interrupted,1,,store/.ramptrace/journal/cut.journal\n\
         live,live,1,,store/.ramptrace/journal/live.journal\n\
         torn,interrupted,1,5,store/.ramptrace/journal/torn.journal\n"
    );
    let done = space.run(&["store", "recover", "store", "--format", "csv"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!(
        done.stdout,
        "run_id,state,events,torn_bytes,file\n\
         cut,interrupted,1,,store/workload=w/model=m/cut.parquet\n\
         live,live,,,\n\
         torn,interrupted,1,5,store/workload=w/model=m/torn.parquet\n"
    );
    assert_eq!(
        done.stderr,
        "warning: torn: events kept: 1; the last 5 bytes cannot be read (the file ends inside a frame) and stay in \
         store/.ramptrace/journal/torn.journal.torn\n"
    );
    let runs = "SELECT run_id, events, termination FROM runs WHERE workload = 'w' ORDER BY 1";
    assert_eq!(
        space.ok(&["sql", "store", runs, "--format", "csv"]),
        "run_id,events,termination\ncut,2,interrupted\ntorn,2,interrupted\n"
    );
    assert_eq!(space.run(&["store", "list", "store"]).stderr, "");
    live.finish(Ending::Complete).unwrap();
    let again = space.run(&["store", "recover", "store"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""));
    assert_eq!(again.stderr, "no recording of store was cut short\n");
    space.ok(&["store", "check", "store"]);
}

#[test]
fn store_recover_names_what_it_cannot_recover() {
    let space = Workspace::new();
    space.write("store/.ramptrace/journal/a.journal", b"something else");
    let ran = space.run(&["store", "recover", "store"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            1,
            "error: store/.ramptrace/journal/a.journal: not a journal of ramptrace\n\
             hint: there is no run to be made of it; move store/.ramptrace/journal/a.journal away\n"
        )
    );
    space.write("store/.ramptrace/journal/b.journal", b"ramptrace-journal 2.0 3.1.0\n...");
    let ran = space.run(&["store", "recover", "store"]);
    assert_eq!(ran.code, 1);
    let expected = "error: store/.ramptrace/journal/b.journal: journal format 2.0 is not one that this release reads (1.0)\n\
                    hint: recover it with ramptrace 3.1.0, which wrote it\n\
                    error: 2 of 2 journals could not be read or finished\n";
    assert!(ran.stderr.ends_with(expected), "{}", ran.stderr);
    let ran = space.run(&["store", "recover", "nowhere"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, "error: nowhere: no such folder\n"));
}
