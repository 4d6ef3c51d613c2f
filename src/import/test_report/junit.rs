//! JUnit XML: `testsuites`, `testsuite`, `testcase`, with `failure`, `error` or `skipped` inside of a case.
//!
//! The file comes from inside the container of an agent, so it may say anything: document type declarations, and with
//! them entities, are refused, and so are nesting and size beyond any report.

use super::{TestOutcome, TestReport};
use roxmltree::{Document, Node, ParsingOptions};

/// Elements of a report.
const MOST_NODES: u32 = 4_000_000;
/// Suites in suites.
const DEEPEST: usize = 200;

/// Reads a report; `None` when the document is not one.
pub(super) fn read(text: &str) -> Result<Option<TestReport>, String> {
    let text = text.trim_start_matches('\u{feff}');
    refuse_depth(text)?;
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|e| e.to_string())?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Ok(None);
    }
    let mut report = TestReport::default();
    for case in root.descendants().filter(|n| n.has_tag_name("testcase")) {
        let name = case.attribute("name").unwrap_or_default();
        let class = case.attribute("classname").filter(|c| !c.is_empty());
        let name = class.map_or_else(|| name.to_owned(), |class| format!("{class}.{name}"));
        report.add(name, outcome(case));
    }
    if report.total == 0 {
        // Only sums: those of the innermost suites, which the others add up.
        let suites = root.descendants().filter(|n| n.has_tag_name("testsuite"));
        for suite in suites.filter(|s| !s.children().any(|c| c.has_tag_name("testsuite"))) {
            let count = |name: &str| {
                suite.attribute(name).and_then(|n| n.trim().parse::<i64>().ok()).unwrap_or(0).max(0)
            };
            let failed = count("failures").saturating_add(count("errors"));
            let skipped = count("skipped").saturating_add(count("disabled"));
            let bad = failed.saturating_add(skipped);
            let total = count("tests").max(bad);
            report.failed = report.failed.saturating_add(failed);
            report.skipped = report.skipped.saturating_add(skipped);
            report.passed = report.passed.saturating_add(total - bad);
            report.total = report.total.saturating_add(total);
        }
    }
    Ok(Some(report))
}

fn outcome(case: Node<'_, '_>) -> TestOutcome {
    let has = |name: &str| case.children().any(|c| c.has_tag_name(name));
    if has("failure") || has("error") {
        TestOutcome::Failed
    } else if has("skipped") {
        TestOutcome::Skipped
    } else {
        TestOutcome::Passed
    }
}

/// Refuses a document whose elements are nested beyond any report, before anything with a stack reads it. Comments and
/// character data, which may hold what looks like an element, are passed over.
fn refuse_depth(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|b| *b == b'<') {
        let start = at + found;
        let rest = &text[start..];
        let skipped = |end: &str| rest.find(end).map_or(rest.len(), |n| n + end.len());
        let length = if rest.starts_with("<!--") {
            skipped("-->")
        } else if rest.starts_with("<![CDATA[") {
            skipped("]]>")
        } else {
            let length = tag_length(rest.as_bytes());
            let tag = &rest.as_bytes()[..length];
            if tag.starts_with(b"</") {
                depth = depth.saturating_sub(1);
            } else if !tag.ends_with(b"/>") && !tag.starts_with(b"<?") && !tag.starts_with(b"<!") {
                depth += 1;
            }
            length
        };
        if depth > DEEPEST {
            return Err(format!("elements are nested more than {DEEPEST} deep"));
        }
        at = start + length;
    }
    Ok(())
}

/// Bytes of the tag that a text begins with: to the first `>` that is not in quotes.
fn tag_length(text: &[u8]) -> usize {
    let mut quote = None;
    for (at, byte) in text.iter().enumerate() {
        match (byte, quote) {
            (b'>', None) => return at + 1,
            (b'"' | b'\'', None) => quote = Some(*byte),
            (byte, Some(open)) if *byte == open => quote = None,
            _ => {}
        }
    }
    text.len()
}
