//! The rollup reads no text: its plan says so, and a trace whose text is destroyed rolls up all the same.
//!
//! Prompts and outputs are most of a trace's bytes; one stray column in the SQL would cost every user of a large store
//! their reading.

use crate::workspace::Workspace;
use parquet::file::reader::{FileReader, SerializedFileReader};
use ramptrace::rollup::{Frame, ROLLUP_COLUMNS, Rollup, explain_rollup, query, roll_up};
use ramptrace::trace::{
    COLUMNS, ColumnGroup, Event, Kind, RunFacts, ToolStatus, TraceReader, TraceWriter, Usd,
};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Columns that the rollup does not read.
const UNREAD: &[&str] = &[
    "event_id",
    "parent_event_id",
    "clock",
    "response_id",
    "cost_source",
    "finish_reason",
    "context_limit",
    "tool_name",
    "tool_call_id",
    "arguments_hash",
    "passed",
    "role",
    "content",
    "arguments",
    "attributes",
];

/// A trace of two runs with something in every column.
fn trace(space: &Workspace) -> PathBuf {
    let path = space.path("runs.parquet");
    let mut writer = TraceWriter::create(&path).expect("a writer");
    for run_id in ["a", "b"] {
        let run = RunFacts { run_id: run_id.into(), workload: "w".into(), ..RunFacts::default() };
        for seq in 0..200 {
            writer.write(&run, &event(seq)).expect("a row");
        }
    }
    writer.finish(false).expect("a trace");
    path
}

/// A row with text in every text column.
fn event(seq: i64) -> Event {
    let text = |name: &str| Some(format!("{name} {seq}").repeat(40));
    let kind = if seq % 2 == 0 { Kind::LlmCall } else { Kind::ToolCall };
    Event {
        seq,
        stage: Some(seq / 50),
        attempt: Some(1),
        event_id: text("event"),
        parent_event_id: text("parent"),
        response_id: text("response"),
        input_tokens: (kind == Kind::LlmCall).then_some(1000 + seq),
        output_tokens: (kind == Kind::LlmCall).then_some(seq),
        cost_usd: Usd::from_nanos(i128::from(seq) * 1001),
        finish_reason: Some("stop".into()),
        context_limit: Some(200_000),
        tool_name: text("tool"),
        tool_call_id: text("call"),
        arguments_hash: Some(seq),
        tool_status: Some(ToolStatus::Ok),
        passed: Some(true),
        role: Some("assistant".into()),
        content: text("content"),
        arguments: text("arguments"),
        attributes: text("attributes"),
        ..Event::new(kind)
    }
}

/// The number of columns in the scan of a plan: read, and in the file.
fn projected(plan: &str) -> (usize, usize) {
    let (_, rest) = plan.split_once("PROJECT ").expect("a scan with a projection");
    let (read, rest) = rest.split_once('/').expect("read/all");
    let (all, _) = rest.split_once(" COLUMNS").expect("a number of columns");
    (read.parse().expect("a number"), all.parse().expect("a number"))
}

/// Overwrites the pages of some columns.
fn destroy(path: &Path, columns: &[&str]) {
    let mut bytes = std::fs::read(path).expect("a trace");
    let file = SerializedFileReader::new(File::open(path).expect("a trace")).expect("a Parquet");
    let mut destroyed = BTreeSet::new();
    for group in file.metadata().row_groups() {
        for chunk in group.columns() {
            if let Some(name) = columns.iter().find(|name| chunk.column_path().string() == **name) {
                let (start, length) = chunk.byte_range();
                let start = usize::try_from(start).expect("an offset");
                let end = start + usize::try_from(length).expect("a length");
                bytes[start..end].fill(0xFF);
                destroyed.insert(*name);
            }
        }
    }
    assert_eq!(destroyed.len(), columns.len(), "every column was found");
    std::fs::write(path, bytes).expect("a trace");
}

fn frames(rollup: &Rollup) -> (Frame, Frame) {
    (Frame::of(&rollup.stages), Frame::of(&rollup.runs))
}

#[test]
fn the_plan_reads_no_text() {
    let space = Workspace::new();
    let plan = explain_rollup(&[trace(&space)]).unwrap();
    let named: Vec<&str> = COLUMNS
        .iter()
        .map(|c| c.name)
        .filter(|name| plan.contains(&format!("col(\"{name}\")")))
        .collect();
    let unread: Vec<&str> =
        COLUMNS.iter().map(|c| c.name).filter(|name| !named.contains(name)).collect();
    assert_eq!(unread, UNREAD);
    assert_eq!(projected(&plan), (33, 48), "the scan reads what the plan names: {plan}");
    assert_eq!(named.len(), 33);
    // The fold of this crate reads the same; rows it counts without their numbers.
    let read: Vec<&str> =
        COLUMNS.iter().map(|c| c.name).filter(|name| ROLLUP_COLUMNS.contains(name)).collect();
    assert_eq!(read, named.into_iter().filter(|name| *name != "seq").collect::<Vec<_>>());
    assert_eq!(read.len(), ROLLUP_COLUMNS.len());
    assert!(
        COLUMNS
            .iter()
            .filter(|c| matches!(c.group, ColumnGroup::Text | ColumnGroup::Rest))
            .all(|c| UNREAD.contains(&c.name))
    );
}

#[test]
fn a_trace_with_destroyed_text_rolls_up_the_same() {
    let space = Workspace::new();
    let files = [trace(&space)];
    let whole = frames(&roll_up(&files).unwrap());
    assert_eq!((whole.0.height(), whole.1.height()), (8, 2));
    destroy(&files[0], UNREAD);
    // Whoever reads these columns notices.
    assert!(TraceReader::open(&files[0]).unwrap().any(|row| row.is_err()));
    assert!(query(&files, "SELECT MAX(content) AS longest FROM events").is_err());
    assert_eq!(frames(&roll_up(&files).unwrap()), whole);
    let runs = query(&files, "SELECT run_id, input_tokens, cost_usd FROM runs ORDER BY run_id");
    assert_eq!(runs.unwrap().height(), 2);
}
