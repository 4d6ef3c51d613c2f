//! CTRF: one JSON object with `results.summary` and `results.tests` (<https://ctrf.io>).

use super::{TestOutcome, TestReport};
use serde_json::Value;

/// Reads a report; `None` when the value is not one.
pub(super) fn read(report: &Value) -> Option<TestReport> {
    let results = report.get("results")?.as_object()?;
    let tests = results.get("tests").and_then(Value::as_array);
    let summary = results.get("summary").and_then(Value::as_object);
    if tests.is_none() && summary.is_none() {
        return None;
    }
    let mut read = TestReport::default();
    for test in tests.into_iter().flatten() {
        let text = |name: &str| test.get(name).and_then(Value::as_str);
        let name = text("name").unwrap_or_default().to_owned();
        match text("status") {
            Some("passed") => read.add(name, TestOutcome::Passed),
            Some("failed") => read.add(name, TestOutcome::Failed),
            Some("skipped" | "pending") => read.add(name, TestOutcome::Skipped),
            // What was run and is neither is not passed; it counts among all.
            _ => read.total += 1,
        }
    }
    if let Some(summary) = summary {
        let count = |name: &str| summary.get(name).and_then(Value::as_i64).filter(|n| *n >= 0);
        read.passed = count("passed").unwrap_or(read.passed);
        read.failed = count("failed").unwrap_or(read.failed);
        let skipped = count("skipped").map(|n| n.saturating_add(count("pending").unwrap_or(0)));
        read.skipped = skipped.unwrap_or(read.skipped);
        let parts =
            [read.passed, read.failed, read.skipped].into_iter().fold(0, i64::saturating_add);
        read.total = count("tests").unwrap_or(read.total).max(parts);
    }
    Some(read)
}
