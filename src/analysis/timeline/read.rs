//! Timelines of some runs of trace files. Only the columns that are looked at are read.

use super::collect::TimelineCollector;
use super::run::RunTimeline;
use crate::rollup::{Frame, RollupError, select};
use crate::trace::{Event, Kind, RunFacts, ToolStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const EVENTS: &str = "SELECT run_id, workload, kind, stage, offset_us, duration_ms, error_type, tool_name, tool_status, \
    identical_streak, elapsed_s FROM events ORDER BY run_id, seq";

/// The timelines of runs, by run id; runs without event times have none. `labels` names the runs wanted, by run id.
pub fn read_timelines(
    files: &[PathBuf],
    labels: &BTreeMap<String, String>,
) -> Result<Vec<RunTimeline>, RollupError> {
    if labels.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<String> = labels.keys().cloned().collect();
    let frame = select(&[], files, &wanted, EVENTS)?;
    let (ids, workloads) = (frame.texts("run_id")?, frame.texts("workload")?);
    let events = events(&frame)?;
    let mut found = Vec::new();
    let mut first = 0;
    for rows in ids.chunk_by(|a, b| a == b) {
        let id = rows[0].unwrap_or_default();
        let run = RunFacts {
            run_id: id.to_owned(),
            workload: workloads[first].unwrap_or_default().to_owned(),
            ..RunFacts::default()
        };
        let mut collector = TimelineCollector::default();
        for event in &events[first..first + rows.len()] {
            collector.push(event);
        }
        first += rows.len();
        found.extend(collector.finish(&run, labels.get(id).map_or(id, String::as_str)));
    }
    Ok(found)
}

/// The rows of a frame as events, with what a timeline looks at.
fn events(frame: &Frame) -> Result<Vec<Event>, RollupError> {
    let (kinds, stages) = (frame.texts("kind")?, frame.ints("stage")?);
    let (offsets, durations) = (frame.ints("offset_us")?, frame.numbers("duration_ms")?);
    let (errors, tools) = (frame.texts("error_type")?, frame.texts("tool_name")?);
    let (statuses, streaks) = (frame.texts("tool_status")?, frame.ints("identical_streak")?);
    let elapsed = frame.numbers("elapsed_s")?;
    let event = |row: usize| Event {
        stage: stages[row],
        offset_us: offsets[row],
        duration_ms: durations[row],
        error_type: errors[row].map(str::to_owned),
        tool_name: tools[row].map(str::to_owned),
        tool_status: statuses[row].and_then(ToolStatus::from_word),
        identical_streak: streaks[row],
        elapsed_s: elapsed[row],
        // A kind of a later format has no lane, but its time is part of its stage.
        ..Event::new(kinds[row].and_then(Kind::from_word).unwrap_or(Kind::Message))
    };
    Ok((0..frame.height()).map(event).collect())
}
