//! Sessions written for the test, one trap each, and the real ones.

use super::super::made::{import, import_at, of_kind, sample, total};
use super::super::sink::Imported;
use crate::trace::{Event, Kind, ToolStatus};

#[test]
fn samples_print() {
    let Some(path) = sample("claude-code") else { return };
    for run in import_at(&path) {
        eprintln!("{:?} {:#?}", run.run, run.report);
    }
}
