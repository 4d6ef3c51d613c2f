//! Tests of recovery: once, twice, with damage, beside a trace that is there already.

use super::*;
use crate::capture::journal::{Damage, JournalWriter, create};
use crate::trace::{Event, Kind, RunFacts, Store, Timestamp, TraceError, TraceReader, check_file};
use std::collections::BTreeMap;

fn run() -> RunFacts {
    RunFacts { run_id: "r".into(), workload: "w".into(), model: "m".into(), ..RunFacts::default() }
}

fn event(seq: i64) -> Event {
    let mut event = Event::new(Kind::Message);
    event.seq = seq;
    event.ts = Some(Timestamp::from_micros(1000 - seq));
    event.content = Some(format!("message {seq}"));
    event
}

/// The journal of a killed recorder, one event a frame.
fn journal(root: &Path, events: &[Event]) -> PathBuf {
    let (mut writer, path) = create(root, &run()).unwrap();
    for event in events {
        let line = serde_json::to_vec(event).unwrap();
        writer.append(&JournalWriter::frame(&line).unwrap()).unwrap();
    }
    path
}

fn done(root: &Path, journal: &Path) -> Recovered {
    match recover(root, journal).unwrap() {
        Recovery::Done(recovered) => recovered,
        other => panic!("{other:?}"),
    }
}

fn rows(trace: &Path) -> Vec<Event> {
    TraceReader::open(trace).unwrap().map(|row| row.unwrap().1).collect()
}

fn publish_elsewhere(root: &Path, events: &[Event]) -> PathBuf {
    let sealed = Store::seal(root, &run(), events).unwrap();
    let path = sealed.path().to_owned();
    Store::publish(sealed, "r", &BTreeMap::new(), false).unwrap();
    path
}

#[test]
fn recovery_that_was_killed_can_be_done_again() {
    let root = tempfile::tempdir().unwrap();
    let path = journal(root.path(), &[event(0), event(1), event(2)]);
    let left = inspect(&path).unwrap();
    assert_eq!((left.live, left.summary.events, left.summary.ended), (false, 3, false));
    let copy = std::fs::read(&path).unwrap();
    let first = done(root.path(), &path);
    let trace = first.trace.clone().unwrap();
    assert_eq!(check_file(&trace).unwrap(), []);
    assert_eq!(
        rows(&trace).iter().map(|e| e.offset_us).collect::<Vec<_>>(),
        [Some(2), Some(1), Some(0), None]
    );
    assert!(!first.was_there && first.interrupted && first.kept.is_none());
    assert!(!path.exists());
    assert_eq!(recover(root.path(), &path).unwrap(), Recovery::Live, "nothing is left to do");

    // Killed after the trace was put in place and before the journal was removed.
    let bytes = std::fs::read(&trace).unwrap();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, copy).unwrap();
    assert_eq!(done(root.path(), &path), Recovered { was_there: true, ..first });
    assert_eq!(std::fs::read(&trace).unwrap(), bytes);
    assert!(!path.exists());
}

#[test]
fn what_cannot_be_read_is_set_aside() {
    let root = tempfile::tempdir().unwrap();
    for name in ["r.journal.torn", "r.journal.torn-1"] {
        let path = journal(root.path(), &[event(0), event(1)]);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(b"half a fra");
        std::fs::write(&path, &bytes).unwrap();
        let recovered = done(root.path(), &path);
        let kept = recovered.kept.unwrap();
        assert_eq!(kept.file_name().unwrap(), name);
        assert_eq!(std::fs::read(&kept).unwrap(), bytes);
        let torn = recovered.torn.unwrap();
        assert!(matches!(torn.damage, Damage::Length(_)), "{torn}");
        let rows = rows(&recovered.trace.unwrap());
        assert_eq!(rows.len(), 3);
        let account = r#"{"recovered":{"events":2,"torn_bytes":10}}"#;
        assert_eq!(rows[2].attributes.as_deref(), Some(account));
    }
}

#[test]
fn a_run_that_had_ended_is_not_marked() {
    let root = tempfile::tempdir().unwrap();
    let mut end = Event::new(Kind::RunEnd);
    end.seq = 1;
    let path = journal(root.path(), &[event(0), end]);
    let recovered = done(root.path(), &path);
    assert!(!recovered.interrupted);
    assert_eq!(rows(&recovered.trace.unwrap()).len(), 2);
}

#[test]
fn a_trace_that_has_all_events_of_the_journal_stays() {
    let root = tempfile::tempdir().unwrap();
    let trace = publish_elsewhere(root.path(), &[event(0), event(1), event(2)]);
    let bytes = std::fs::read(&trace).unwrap();
    let path = journal(root.path(), &[event(0), event(1)]);
    let recovered = done(root.path(), &path);
    assert!(recovered.was_there && recovered.trace == Some(trace.clone()));
    assert_eq!(std::fs::read(&trace).unwrap(), bytes);
}

#[test]
fn a_trace_with_other_events_is_a_conflict_and_both_stay() {
    let root = tempfile::tempdir().unwrap();
    let mut other = event(1);
    other.content = Some("something else".into());
    let trace = publish_elsewhere(root.path(), &[event(0), other]);
    let path = journal(root.path(), &[event(0), event(1)]);
    let error = recover(root.path(), &path).unwrap_err();
    let JournalError::Trace { source: TraceError::Conflict { .. }, .. } = &error else {
        panic!("{error}")
    };
    assert!(error.hint().unwrap().contains(&trace.display().to_string()));
    assert!(path.exists() && error.is_data_fault());
}

#[test]
fn journals_without_events() {
    let root = tempfile::tempdir().unwrap();
    let path = journal(root.path(), &[]);
    let header = std::fs::read(&path).unwrap();
    assert_eq!(recover(root.path(), &path).unwrap(), Recovery::Empty);
    assert!(!path.exists());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, b"").unwrap();
    assert_eq!(recover(root.path(), &path).unwrap(), Recovery::Empty);

    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, &header[..header.len() - 1]).unwrap();
    let error = recover(root.path(), &path).unwrap_err();
    assert!(matches!(error, JournalError::BadHeader { damage: Damage::Cut, .. }), "{error}");
    assert!(path.exists(), "nobody knows what it was");

    let torn_first_frame = [&header[..], &[1, 0, 0, 0]].concat();
    std::fs::write(&path, torn_first_frame).unwrap();
    let recovered = done(root.path(), &path);
    assert_eq!((recovered.trace, recovered.events), (None, 0));
    assert!(recovered.kept.unwrap().exists());
}
