//! Timelines against the time ledger: the same events, the same sums.

use crate::real_data::ramp_or_skip;
use crate::workspace::{Workspace, import_all, store};
use ramptrace::analysis::time_use;
use ramptrace::analysis::timeline::{Lane, RunTimeline, read_timelines};
use ramptrace::rollup::query;
use ramptrace::trace::Store;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn demo() -> Store {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/demo");
    Store::open(&folder).expect("the sample store")
}

fn timelines(files: &[PathBuf]) -> Vec<RunTimeline> {
    let frame = query(files, "SELECT run_id, model FROM runs").expect("runs");
    let (ids, models) =
        (frame.texts("run_id").expect("ids"), frame.texts("model").expect("models"));
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let labels: BTreeMap<String, String> =
        ids.into_iter().zip(models).map(|(id, model)| (text(id), text(model))).collect();
    read_timelines(files, &labels).expect("timelines")
}

/// Oracle: the time ledger, which takes another way through the same events.
fn agree(files: &[PathBuf]) -> usize {
    let stages = query(files, "SELECT * FROM stages").expect("stages");
    let ledger = time_use(files, &stages).expect("times");
    let found = timelines(files);
    assert_eq!(found.len(), ledger.len());
    for timeline in &found {
        let expected = &ledger[&timeline.run_id];
        for lane in Lane::ALL {
            let (own, ledger) = (lane.seconds(&timeline.time), lane.seconds(expected));
            assert!((own - ledger).abs() < 1e-5, "{} {lane:?}: {own} {ledger}", timeline.label);
            let unplaced = if lane == Lane::Grading { timeline.unplaced.grading_s } else { 0.0 };
            let placed = timeline.placed_s(lane) + unplaced;
            assert!(
                (placed - ledger).abs() < 1e-5,
                "{} {lane:?}: {placed} {ledger}",
                timeline.label
            );
        }
    }
    found.len()
}

#[test]
fn lanes_sum_to_the_time_ledger() {
    assert_eq!(agree(&demo().files()), 1);
}

#[test]
fn lanes_of_published_runs_sum_to_the_time_ledger() {
    let folder = ramp_or_skip!();
    let space = Workspace::new();
    let store = store(&space.path("store"), &import_all(&folder.join("runs")));
    assert_eq!(agree(&store.files()), 11);
}

#[test]
fn only_the_runs_asked_for_are_read() {
    let files = demo().files();
    let labels = BTreeMap::from([("demo-scripted-0001".to_owned(), "scripted".to_owned())]);
    let found = read_timelines(&files, &labels).expect("timelines");
    assert_eq!((found.len(), found[0].label.as_str()), (1, "scripted"));
    // Calls 3 to 5 of stage 1 are the same command.
    assert_eq!(found[0].loops.iter().map(|l| l.calls).collect::<Vec<_>>(), [3]);
    let other = BTreeMap::from([("nobody's \"run\"".to_owned(), String::new())]);
    assert_eq!(read_timelines(&files, &other).expect("none"), []);
    assert_eq!(read_timelines(&files, &BTreeMap::new()).expect("none"), []);
}

#[test]
fn a_run_without_event_times_has_no_timeline() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/ramp-2605.27492");
    let files = Store::open(&folder).expect("the sample store").files();
    assert_eq!(timelines(&files), []);
}
