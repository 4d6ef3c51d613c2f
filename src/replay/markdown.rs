//! A run as a transcript in Markdown: a heading per stage, a line per event, its texts in fenced blocks.
//!
//! A fence is longer than any run of backticks in its text (`CommonMark` 0.31, section 4.5), so that no text can end its own
//! block; what stands outside of blocks is in code spans or escaped.

use super::filter::Filter;
use super::moment::Moment;
use super::plain::used;
use super::recording::Recording;
use super::words::{self, clock};
use crate::trace::{Event, Kind, TraceError, visible};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Stage and attempt.
type Place = (Option<i64>, Option<i64>);

/// Writes the transcript of a run, from a place on.
pub fn write_markdown(
    run: &Recording,
    filter: &Filter,
    from: usize,
    out: &mut dyn Write,
) -> Result<io::Result<()>, TraceError> {
    let facts = run.facts();
    let mut text = format!("# {}\n\n", span(&facts.run_id));
    let named = [
        ("model", Some(&facts.model)),
        ("workload", Some(&facts.workload)),
        ("agent", facts.agent.as_ref()),
        ("provider", facts.provider.as_ref()),
        ("protocol", facts.protocol.as_ref()),
    ];
    // Writing to a string cannot fail.
    for (name, value) in named {
        if let Some(value) = value {
            let _ = writeln!(text, "* {name}: {}", span(value));
        }
    }
    if let Some(last) = run.moments().last() {
        let _ = writeln!(text, "* events: {}, {}", run.moments().len(), clock(last.at_us));
        let _ = writeln!(text, "* {}", used(last));
    }
    if let Err(error) = out.write_all(text.as_bytes()) {
        return Ok(Err(error));
    }
    let places = from..run.moments().len();
    let mut heading = None;
    for (place, item) in places.clone().zip(run.stream(places)?) {
        let event = item?.1;
        let moment = &run.moments()[place];
        if !filter.wants(moment) {
            continue;
        }
        let mut text = String::new();
        let here = (event.stage, event.stage.and(event.attempt));
        if heading.is_none_or(|last| is_elsewhere(last, here)) {
            heading = Some(here);
            let _ = write!(text, "\n## {}\n", place_name(here));
        }
        text.push_str(&event_text(&event, moment));
        if let Err(error) = out.write_all(text.as_bytes()) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Whether an event belongs under another heading; what has no attempt belongs to the one before.
fn is_elsewhere(last: Place, here: Place) -> bool {
    last.0 != here.0 || (here.1.is_some() && last.1 != here.1)
}

fn place_name((stage, attempt): Place) -> String {
    match (stage, attempt.filter(|a| *a > 1)) {
        (None, _) => "Outside stages".to_owned(),
        (Some(stage), None) => format!("Stage {stage}"),
        (Some(stage), Some(attempt)) => format!("Stage {stage}, attempt {attempt}"),
    }
}

fn event_text(event: &Event, moment: &Moment) -> String {
    let name = match event.kind {
        Kind::ToolCall => event.tool_name.as_deref().map_or_else(|| "tool".to_owned(), span),
        Kind::Message => event.role.as_deref().map_or_else(|| "message".to_owned(), span),
        Kind::LlmCall => "reply".to_owned(),
        kind => kind.as_str().replace('_', " "),
    };
    let mut text = format!("\n**#{} {name}**", event.seq);
    if moment.timed {
        let _ = write!(text, " {}", clock(moment.at_us));
    }
    if let Some(error) = &event.error_type {
        let _ = write!(text, " {}", span(error));
    }
    let outcome = words::outcome(event);
    if !outcome.is_empty() {
        let _ = write!(text, " ({outcome})");
    }
    if moment.failed {
        text.push_str(" **failed**");
    }
    text.push('\n');
    for part in words::parts(event) {
        let lines: Vec<String> = words::lines(&part.text).collect();
        let body = lines.join("\n");
        let fence = "`".repeat((longest_run(&body) + 1).max(3));
        let _ = write!(text, "\n{fence}text\n{body}\n{fence}\n");
    }
    text
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A code span, which nothing in it can end.
fn span(text: &str) -> String {
    let text = visible(text);
    let marks = "`".repeat(longest_run(&text) + 1);
    // A space keeps marks at the ends apart from the text, and is not shown.
    let gap =
        if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{marks}{gap}{text}{gap}{marks}")
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{said, trace, two_stages};
    use super::*;

    fn exported(events: Vec<Event>) -> String {
        let mut out = Vec::new();
        write_markdown(&trace(events).open(), &Filter::default(), 0, &mut out).unwrap().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_transcript_has_headings_and_blocks() {
        let text = exported(two_stages());
        let headings: Vec<&str> = text.lines().filter(|l| l.starts_with('#')).collect();
        assert_eq!(
            headings,
            ["# `r`", "## Outside stages", "## Stage 0", "## Stage 1", "## Outside stages"]
        );
        assert!(
            text.contains(
                "\n**#6 `bash`** 0:00:06.5 (exit 0, 500 ms)\n\n```text\nmake test\n```\n"
            ),
            "{text}"
        );
        assert!(text.contains("**#13 `bash`** 0:00:13.5 (exit 1, 500 ms) **failed**"), "{text}");
    }

    #[test]
    fn no_text_ends_its_own_block() {
        let hostile = "before\n````\n# not a heading\n```text\n\x1b[2J";
        let text = exported(vec![said(Kind::Message, "a`b", hostile)]);
        assert!(text.contains("``a`b``"), "{text}");
        let block = text.split("`````").nth(1).unwrap();
        assert_eq!(block, "text\nbefore\n````\n# not a heading\n```text\n\\x1b[2J\n");
        assert_eq!(text.matches("`````").count(), 2);
    }
}
