//! Log lines, or single event files, to records.
//!
//! State files leave null fields out, the log has them and adds `event_type`: both read alike here.

use super::super::fields::Fields;
use super::super::files::{json_problem, lenient};
use super::super::{ImportError, ImportReport};
use super::folder::RunFolder;
use crate::trace::Timestamp;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One record of a conversation.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) path: PathBuf,
    pub(super) line: usize,
    pub(super) id: Option<String>,
    pub(super) kind: String,
    pub(super) source: Option<String>,
    /// The record's own time; naive unless `zoned`.
    pub(super) time: Option<Timestamp>,
    pub(super) zoned: bool,
    pub(super) response_id: Option<String>,
    pub(super) fields: Fields,
}

/// Reads every record of every conversation, in order. What cannot be read is counted; what can is counted by its walk.
pub(super) fn read_all(
    folder: &RunFolder,
    report: &mut ImportReport,
) -> Result<Vec<Record>, ImportError> {
    let mut records = Vec::new();
    for conversation in &folder.conversations {
        if let Some(log) = &conversation.log {
            let repeated = conversation.event_files.len() as u64;
            report.skip("event file of openhands-state that repeats the log", repeated);
            let mut lines = log.lines()?;
            while let Some(line) = lines.next_line()? {
                accept(log.name(), line.number, line.bytes, report, &mut records);
            }
        } else {
            for file in &conversation.event_files {
                accept(file.name(), 1, &file.read()?, report, &mut records);
            }
        }
    }
    Ok(records)
}

fn accept(
    path: &Path,
    line: usize,
    bytes: &[u8],
    report: &mut ImportReport,
    records: &mut Vec<Record>,
) {
    match parse(path, line, bytes) {
        Ok(record) => records.push(record),
        Err(problem) => report.reject(path, line, problem),
    }
}

fn parse(path: &Path, line: usize, bytes: &[u8]) -> Result<Record, String> {
    let value: Value =
        lenient(bytes).map_err(|e| format!("not valid JSON: {}", json_problem(&e)))?;
    let bad = |problem: &str| problem.to_owned();
    let mut fields = Fields::of(value).ok_or_else(|| bad("not a JSON object"))?;
    let event_type = fields.text("event_type");
    let kind = fields
        .text("kind")
        .or(event_type)
        .ok_or_else(|| bad("no `kind`: not an OpenHands event"))?;
    let stamp = fields.text("timestamp");
    let zoned_time = stamp.as_deref().and_then(Timestamp::parse_zoned);
    let time = zoned_time.or_else(|| stamp.as_deref().and_then(Timestamp::parse_naive));
    if time.is_none() && stamp.is_some() {
        return Err(bad("`timestamp` is not an ISO 8601 time"));
    }
    Ok(Record {
        path: path.to_owned(),
        line,
        id: fields.text("id"),
        kind,
        source: fields.text("source"),
        time,
        zoned: zoned_time.is_some(),
        response_id: fields.text("llm_response_id").filter(|id| !id.is_empty()),
        fields,
    })
}
