//! One block per event, for pipes and pagers: a line that says what happened and what has been used up, then the texts.

use super::ink::Ink;
use super::moment::Moment;
use super::words::{self, clock, grouped, lines};
use crate::trace::{Event, Kind};
use std::io::{self, Write};

/// Writes the block of an event. `longest` is how many lines of a text are shown.
pub fn write_event(
    out: &mut (impl Write + ?Sized),
    event: &Event,
    moment: &Moment,
    longest: usize,
    colour: bool,
) -> io::Result<()> {
    for (ink, line) in block(event, moment, longest) {
        let line = if colour { ink.paint(&line) } else { line };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The lines of a block, the last one empty.
pub(super) fn block(event: &Event, moment: &Moment, longest: usize) -> Vec<(Ink, String)> {
    let mut rows = vec![(words::ink(event, moment.failed), heading(event, moment))];
    let parts = words::parts(event);
    let named = parts.len() > 1;
    for part in parts {
        if named {
            rows.push((Ink::Dim, format!("  {}", part.name)));
        }
        let indent = if named { "    " } else { "  " };
        let all = part.text.trim_end().split('\n').count();
        for line in lines(&part.text).take(longest) {
            rows.push((part.ink, format!("{indent}{line}").trim_end().to_owned()));
        }
        if all > longest {
            rows.push((Ink::Dim, format!("{indent}… {} more lines", grouped_len(all - longest))));
        }
    }
    if event.kind == Kind::LlmCall {
        rows.push((Ink::Dim, format!("  so far: {}", used(moment))));
    }
    rows.push((Ink::Plain, String::new()));
    rows
}

fn heading(event: &Event, moment: &Moment) -> String {
    let time = if moment.timed { clock(moment.at_us) } else { "-".to_owned() };
    let mut heading = format!("#{} {time} {}", event.seq, event.kind);
    if let Some(stage) = event.stage {
        heading = format!("{heading} stage {stage}");
        if let Some(attempt) = event.attempt.filter(|a| *a > 1) {
            heading = format!("{heading} attempt {attempt}");
        }
    }
    if event.kind == Kind::ToolCall {
        heading = format!(
            "{heading} {}",
            crate::trace::visible(event.tool_name.as_deref().unwrap_or("?"))
        );
    } else if let Some(role) = event.role.as_deref().filter(|_| event.kind == Kind::Message) {
        heading = format!("{heading} {}", crate::trace::visible(role));
    } else if let Some(error) = event.error_type.as_deref() {
        heading = format!("{heading} {}", crate::trace::visible(error));
    }
    let outcome = words::outcome(event);
    if outcome.is_empty() { heading } else { format!("{heading} -> {outcome}") }
}

/// Tokens, context and money used so far.
pub(super) fn used(moment: &Moment) -> String {
    let known = |n: Option<i64>| n.map_or("?".to_owned(), grouped);
    let context = match moment.context_limit {
        Some(limit) => format!("{} of {}", known(moment.context), grouped(limit)),
        None => known(moment.context),
    };
    let cost = moment.cost.map_or("cost unknown".to_owned(), |cost| format!("${cost}"));
    format!("{} tokens, context {context}, {cost}", known(moment.tokens))
}

fn grouped_len(n: usize) -> String {
    grouped(i64::try_from(n).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{said, tool, trace, two_stages};
    use super::*;

    fn shown(event: &Event, longest: usize) -> String {
        let mut out = Vec::new();
        write_event(&mut out, event, &Moment::after(None, event), longest, false).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_reads_as_blocks() {
        let trace = trace(two_stages());
        let mut run = trace.open();
        let mut out = Vec::new();
        for at in [3, 4, 14] {
            let moment = run.moments()[at].clone();
            write_event(&mut out, run.event(at).unwrap(), &moment, usize::MAX, false).unwrap();
        }
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "#3 0:00:03.5 llm_call stage 0 -> in 1,000, out 10, $0.001, 500 ms\n  I look around.\n  \
             so far: 1,010 tokens, context 1,000, $0.001\n\n\
             #4 0:00:04.5 tool_call stage 0 bash -> exit 0, 500 ms\n  ls -l\n  cat a.txt\n\n\
             #14 0:00:14.0 stage_result stage 1 -> score 40\n\n"
        );
    }

    #[test]
    fn long_texts_are_cut_where_asked_and_hostile_ones_do_not_act() {
        let mut event = tool("bash", r#"{"command":"seq 4"}"#, 0);
        event.content = Some("1\n2\n\x1b[2J\n4\n".to_owned());
        let text = shown(&event, 2);
        assert!(text.contains("  result\n    1\n    2\n    … 2 more lines\n"), "{text}");
        let text = shown(&event, usize::MAX);
        assert!(text.contains(r"    \x1b[2J") && !text.contains('\x1b'), "{text}");
        let text = shown(&said(Kind::Message, "\x1b[31m", "x"), 9);
        assert!(text.starts_with("#0 - message \\x1b[31m\n  x\n"), "{text}");
    }
}
