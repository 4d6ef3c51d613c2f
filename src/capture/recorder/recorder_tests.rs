//! Tests of the recorder: numbers, places, times, full disks, damaged masks.

use super::*;
use crate::capture::journal::fake::FakeDisk;
use crate::capture::journal::{JournalReader, Recovery, recover};
use crate::capture::recorder::Bounds;
use crate::trace::{TraceReader, Violation, check_file};
use std::sync::atomic::AtomicI64;

fn run(run_id: &str) -> RunFacts {
    RunFacts {
        run_id: run_id.into(),
        workload: "w".into(),
        model: "m".into(),
        ..RunFacts::default()
    }
}

fn message(text: &str) -> Event {
    let mut event = Event::new(Kind::Message);
    event.content = Some(text.to_owned());
    event
}

/// A clock that ticks by a second, and warnings that can be read.
fn settings() -> (Settings, Arc<Mutex<Vec<String>>>) {
    let ticks = AtomicI64::new(0);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    let settings = Settings {
        now: Box::new(move || {
            Timestamp::from_micros(1_000_000 * ticks.fetch_add(1, Ordering::Relaxed))
        }),
        warn: Box::new(move |text| ears.lock().unwrap().push(text.to_owned())),
        ..Settings::default()
    };
    (settings, heard)
}

fn events(trace: &Path) -> Vec<Event> {
    TraceReader::open(trace).unwrap().map(|item| item.unwrap().1).collect()
}

const LONG: Duration = Duration::from_mins(1);

#[test]
fn a_recording_becomes_a_trace_that_keeps_every_rule() {
    let root = tempfile::tempdir().unwrap();
    let (settings, heard) = settings();
    let recorder = Recorder::start(root.path(), &run("r"), settings).unwrap();
    recorder.record(Event::new(Kind::RunStart));
    recorder.place(0, 1);
    recorder.record(Event::new(Kind::StageStart));
    let mut early = message("began before the run did");
    early.ts = Some(Timestamp::from_micros(-500));
    recorder.sink().record(early);
    recorder.place(1, 2);
    let mut late = message("an answer of stage 0");
    (late.stage, late.attempt) = (Some(0), Some(1));
    recorder.record(late);
    recorder.record(message("in stage 1"));
    recorder.record(Event::new(Kind::RunEnd));
    recorder.leave_stage();
    recorder.record(message("after it all"));
    let finished = recorder.finish(Ending::Complete).unwrap();

    let trace = root.path().join("workload=w/model=m/r.parquet");
    assert_eq!(finished, Finished { trace: Some(trace.clone()), events: 7, lost: 0 });
    assert_eq!(check_file(&trace).unwrap(), Vec::<Violation>::new());
    let events = events(&trace);
    let places: Vec<(Option<i64>, Option<i64>)> =
        events.iter().map(|e| (e.stage, e.attempt)).collect();
    let (none, first) = ((None, None), (Some(0), Some(1)));
    assert_eq!(places, [none, first, first, first, (Some(1), Some(2)), none, none]);
    let offsets: Vec<i64> = events.iter().map(|e| e.offset_us.unwrap()).collect();
    assert_eq!(offsets, [500, 1_000_500, 0, 2_000_500, 3_000_500, 4_000_500, 5_000_500]);
    assert!(events.iter().all(|e| e.clock == Some(Clock::Source)));
    assert!(heard.lock().unwrap().is_empty());
    assert!(!root.path().join(".ramptrace").exists(), "the journal is gone");
}

#[test]
fn a_run_that_was_stopped_says_so_once() {
    for (ends_itself, expected) in [(false, EndReason::Interrupted), (true, EndReason::Budget)] {
        let root = tempfile::tempdir().unwrap();
        let recorder = Recorder::start(root.path(), &run("r"), settings().0).unwrap();
        recorder.place(3, 1);
        recorder.record(message("a"));
        if ends_itself {
            let mut end = Event::new(Kind::RunEnd);
            end.end_reason = Some(EndReason::Budget);
            recorder.record(end);
        }
        let finished = recorder.finish(Ending::Interrupted).unwrap();
        let events = events(&finished.trace.unwrap());
        let ends: Vec<&Event> = events.iter().filter(|e| e.kind == Kind::RunEnd).collect();
        assert_eq!(ends.len(), 1);
        assert_eq!((ends[0].end_reason, ends[0].stage), (Some(expected), None));
        assert!(ends[0].ts.is_some());
    }
}

#[test]
fn a_run_without_events_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(root.path(), &run("r"), settings().0).unwrap();
    let finished = recorder.finish(Ending::Complete).unwrap();
    assert_eq!(finished, Finished { trace: None, events: 0, lost: 0 });
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}

#[test]
fn a_run_id_is_used_once() {
    let root = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(root.path(), &run("r"), settings().0).unwrap();
    let live = Recorder::start(root.path(), &run("r"), settings().0).unwrap_err();
    assert!(matches!(&live, JournalError::Exists { .. }), "{live}");
    recorder.record(message("a"));
    recorder.finish(Ending::Complete).unwrap();
    let other_model = RunFacts { model: "other".into(), ..run("r") };
    let there = Recorder::start(root.path(), &other_model, settings().0).unwrap_err();
    assert!(matches!(&there, JournalError::InStore { .. }), "{there}");
}

#[test]
fn what_is_synced_is_in_the_journal_and_a_dropped_recorder_can_be_recovered() {
    let root = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(root.path(), &run("r"), settings().0).unwrap();
    recorder.record(message("a"));
    recorder.record(message("b"));
    assert!(recorder.sync(LONG));
    let journal = root.path().join(".ramptrace/journal/r.journal");
    let file = std::fs::File::open(&journal).unwrap();
    assert_eq!(JournalReader::open(&journal, file).unwrap().count(), 2);
    recorder.record(message("c"));
    assert_eq!(recover(root.path(), &journal).unwrap(), Recovery::Live);
    drop(recorder);
    let Recovery::Done(recovered) = recover(root.path(), &journal).unwrap() else { panic!() };
    assert_eq!((recovered.events, recovered.interrupted, recovered.torn), (3, true, None));
    let events = events(&recovered.trace.unwrap());
    assert_eq!(events[3].end_reason, Some(EndReason::Interrupted));
    assert_eq!(events[3].ts, None, "nobody knows when it was");
    let account = r#"{"recovered":{"events":3,"torn_bytes":0}}"#;
    assert_eq!(events[3].attributes.as_deref(), Some(account));
}

#[test]
fn an_event_reaches_the_journal_without_being_asked_for() {
    let disk = FakeDisk::with_room(usize::MAX);
    let (mut settings, _) = settings();
    settings.bounds.flush = Duration::from_millis(10);
    let writer = JournalWriter::begin(Box::new(disk.clone()), &run("r")).unwrap();
    let recorder = Recorder::begin(Path::new("."), "r", "j".into(), writer, settings).unwrap();
    recorder.record(message("a"));
    let deadline = std::time::Instant::now() + LONG;
    let count = || JournalReader::open(Path::new("j"), disk.contents().as_slice()).unwrap().count();
    while count() == 0 {
        assert!(std::time::Instant::now() < deadline, "never flushed");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A recorder on a disk with so much room behind the journal's header, and its store.
fn on_a_small_disk(
    room: usize,
    bounds: Bounds,
) -> (Recorder, FakeDisk, tempfile::TempDir, Arc<Mutex<Vec<String>>>) {
    let root = tempfile::tempdir().unwrap();
    let disk = FakeDisk::with_room(usize::MAX);
    let writer = JournalWriter::begin(Box::new(disk.clone()), &run("r")).unwrap();
    disk.set_room(disk.contents().len() + room);
    let (mut settings, heard) = settings();
    settings.bounds = bounds;
    let recorder = Recorder::begin(root.path(), "r", "j".into(), writer, settings).unwrap();
    (recorder, disk, root, heard)
}

#[test]
fn a_full_disk_is_said_once_and_tried_again() {
    let (recorder, disk, _root, heard) = on_a_small_disk(10, Bounds::default());
    for i in 0..5 {
        recorder.record(message(&i.to_string()));
        assert!(!recorder.sync(LONG), "there is no room");
    }
    assert_eq!(heard.lock().unwrap().len(), 1);
    disk.set_room(usize::MAX);
    assert!(recorder.sync(LONG));
    let bytes = disk.contents();
    let mut reader = JournalReader::open(Path::new("j"), bytes.as_slice()).unwrap();
    let kept: Vec<String> = reader.by_ref().map(|e| e.unwrap().content.unwrap()).collect();
    assert_eq!(kept, ["0", "1", "2", "3", "4"]);
    assert_eq!(reader.torn(), None);
}

#[test]
fn what_a_full_disk_did_not_take_goes_into_the_trace_from_memory() {
    let (recorder, _disk, root, heard) = on_a_small_disk(10, Bounds::default());
    for i in 0..5000 {
        recorder.record(message(&format!("{i} {}", "x".repeat(1000))));
    }
    let finished = recorder.finish(Ending::Interrupted).unwrap();
    assert_eq!((finished.events, finished.lost), (5001, 0));
    let events = events(&root.path().join("workload=w/model=m/r.parquet"));
    assert!((0..5000).all(|i| events[i].content.as_ref().unwrap().starts_with(&format!("{i} "))));
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].starts_with("cannot write j: "), "{heard:?}");
}

#[test]
fn a_full_queue_loses_events_but_not_their_number() {
    let wait = Duration::from_millis(5);
    let bounds = Bounds { events: 100, wait, flush: LONG, ..Bounds::default() };
    let (recorder, disk, _root, heard) = on_a_small_disk(0, bounds);
    recorder.record(message("held"));
    assert!(!recorder.sync(LONG), "a frame is held, and nothing more is taken");
    for i in 0..250 {
        recorder.record(message(&i.to_string()));
    }
    disk.set_room(usize::MAX);
    assert!(recorder.sync(LONG));
    recorder.record(message("after"));
    let finished = recorder.finish(Ending::Complete).unwrap();
    assert_eq!((finished.events, finished.lost), (103, 150), "held, 100, the gap, after");
    let events = events(&finished.trace.unwrap());
    assert_eq!(events[100].content.as_deref(), Some("99"));
    assert_eq!(events[101].error_type.as_deref(), Some("events_lost"));
    assert_eq!(events[101].attributes.as_deref(), Some(r#"{"events_lost":150}"#));
    assert_eq!(events[102].content.as_deref(), Some("after"));
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 3, "the disk, the queue, the sum: {heard:?}");
    assert_eq!(heard[2], "run `r`: events lost: 150");
}

#[test]
fn events_lost_at_the_very_end_are_in_the_trace_as_well() {
    let wait = Duration::ZERO;
    let bounds = Bounds { events: 1, wait, flush: LONG, ..Bounds::default() };
    let (recorder, _disk, _root, _) = on_a_small_disk(0, bounds);
    recorder.record(message("held"));
    assert!(!recorder.sync(LONG));
    for _ in 0..4 {
        recorder.record(message("x"));
    }
    let finished = recorder.finish(Ending::Complete).unwrap();
    assert_eq!((finished.events, finished.lost), (3, 3));
    let events = events(&finished.trace.unwrap());
    assert_eq!(events[2].attributes.as_deref(), Some(r#"{"events_lost":3}"#));
}

#[test]
fn a_store_that_cannot_take_the_trace_keeps_the_journal() {
    let root = tempfile::tempdir().unwrap();
    let recorder = Recorder::start(root.path(), &run("r"), settings().0).unwrap();
    recorder.record(message("a"));
    // In the place of the folder of the workload.
    std::fs::write(root.path().join("workload=w"), "").unwrap();
    let error = recorder.finish(Ending::Complete).unwrap_err();
    let journal = root.path().join(".ramptrace/journal/r.journal");
    let expected =
        format!("run `r` could not be finished; events kept in {}: 1, lost: 0", journal.display());
    assert_eq!(error.to_string(), expected);
    assert!(recover(root.path(), &journal).is_err());
    std::fs::remove_file(root.path().join("workload=w")).unwrap();
    let Recovery::Done(recovered) = recover(root.path(), &journal).unwrap() else { panic!() };
    assert_eq!(recovered.events, 1);
}

#[test]
fn a_recorder_that_panics_fails_nobody_else() {
    let root = tempfile::tempdir().unwrap();
    let (mut settings, _) = settings();
    settings.mask = Box::new(|event| assert_ne!(event.content.as_deref(), Some("poison")));
    settings.bounds.wait = LONG;
    settings.bounds.events = 2;
    let recorder = Recorder::start(root.path(), &run("r"), settings).unwrap();
    recorder.record(message("a"));
    assert!(recorder.sync(LONG));
    recorder.record(message("poison"));
    assert!(!recorder.sync(LONG));
    for _ in 0..10 {
        recorder.record(message("nobody waits"));
    }
    let error = recorder.finish(Ending::Complete).unwrap_err();
    assert!(matches!(&error, JournalError::Failed { .. }), "{error}");
    let journal = root.path().join(".ramptrace/journal/r.journal");
    let Recovery::Done(recovered) = recover(root.path(), &journal).unwrap() else { panic!() };
    assert_eq!(recovered.events, 1);
}

#[test]
fn many_threads_lose_nothing_and_keep_their_order() {
    let root = tempfile::tempdir().unwrap();
    let mut settings = settings().0;
    settings.bounds.wait = LONG;
    settings.bounds.bytes = 1 << 18;
    let recorder = Recorder::start(root.path(), &run("r"), settings).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let sink = recorder.sink();
            scope.spawn(move || {
                for i in 0..1000 {
                    let mut event = message(&i.to_string());
                    event.role = Some(thread.to_string());
                    sink.record(event);
                }
            });
        }
    });
    let finished = recorder.finish(Ending::Complete).unwrap();
    assert_eq!((finished.events, finished.lost), (8000, 0));
    let mut next = [0; 8];
    for event in events(&finished.trace.unwrap()) {
        let thread: usize = event.role.unwrap().parse().unwrap();
        assert_eq!(event.content.unwrap(), next[thread].to_string());
        next[thread] += 1;
    }
}
