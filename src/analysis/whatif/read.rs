//! The courses of the runs of trace files, one pass over each file.

use super::course::{Course, CourseCollector};
use crate::analysis::process::CommandGroups;
use crate::trace::{TraceError, TraceReader};
use std::path::PathBuf;

/// Reads the course of every run of trace files, by workload, model and run id. `checks` are builds and tests.
pub fn read_courses(files: &[PathBuf], checks: &CommandGroups) -> Result<Vec<Course>, TraceError> {
    let mut found = Vec::new();
    for file in files {
        let mut open: Option<CourseCollector<'_>> = None;
        for row in TraceReader::open(file)? {
            let (run, event) = row?;
            if open.as_ref().is_some_and(|o| o.run_id() != run.run_id) {
                found.extend(open.take().map(CourseCollector::finish));
            }
            open.get_or_insert_with(|| CourseCollector::new(run, checks)).push(&event);
        }
        found.extend(open.map(CourseCollector::finish));
    }
    found.sort_by(|a, b| {
        let key = |course: &'_ Course| {
            (course.calls.workload.clone(), course.calls.model.clone(), course.calls.run_id.clone())
        };
        key(a).cmp(&key(b))
    });
    Ok(found)
}
