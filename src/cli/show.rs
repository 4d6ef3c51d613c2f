//! `ramptrace show`: the timeline of one run, stage by stage, with tokens and cost so far.

use super::CliError;
use super::basis::BasisArgs;
use super::output::{Output, TableFormat};
use super::replay::select;
use crate::analysis::{Basis, LlmCall, RunCalls, price_call};
use crate::report::{Column, Kind, Table, Value, result_words, visible};
use crate::trace::{Event, Kind as EventKind, RunFacts, StoreEntry, Usd};
use clap::Args;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Show what one run did, event by event
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLES:\n  \
    ramptrace show latest --store store\n  \
    ramptrace show kimi-k2.5 --store store --stage 2\n  \
    ramptrace show store/workload=w/model=m/run.parquet --format csv")]
pub(super) struct Show {
    /// Run id, a unique part of it, `latest`, or the path of a trace
    run: String,
    /// The store to look in
    #[arg(long, env = "RAMPTRACE_STORE", default_value = ".", value_name = "STORE")]
    store: PathBuf,
    /// Only this stage
    #[arg(long)]
    stage: Option<i64>,
    /// Characters of text per event
    #[arg(long, default_value_t = 60, value_name = "N")]
    text: usize,
    #[command(flatten)]
    basis: BasisArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

pub(super) fn run(args: &Show, output: &mut Output) -> Result<(), CliError> {
    let entry = select(&args.run, &args.store)?;
    let (facts, mut events) = read_run(&entry)?;
    reprice(&facts, &mut events, &args.basis)?;
    let rows = timeline(&events, args);
    if args.format != TableFormat::Text {
        let mut table = timeline_table("timeline", "")?;
        for row in rows {
            table.push(row.cells)?;
        }
        return output.table(&table, args.format, 1);
    }
    output.data(heading(&facts, &events))?;
    output.data(format_args!("costs     {}\n", args.basis.basis()))?;
    let mut at = 0;
    while at < rows.len() {
        let place = rows[at].place;
        let end = rows[at..].iter().position(|r| r.place != place).map_or(rows.len(), |n| at + n);
        let mut table = timeline_table("timeline", &stage_heading(place, &events))?;
        for row in &rows[at..end] {
            table.push(row.cells.clone())?;
        }
        output.data("\n")?;
        output.table(&table, args.format, 1)?;
        at = end;
    }
    Ok(())
}

/// The facts and the rows of a run.
pub(super) fn read_run(entry: &StoreEntry) -> Result<(RunFacts, Vec<Event>), CliError> {
    let mut facts = RunFacts::default();
    let mut events = Vec::new();
    for item in entry.events()? {
        let (run, event) = item?;
        if run.run_id == entry.run.run_id {
            facts = run;
            events.push(event);
        }
    }
    Ok((facts, events))
}

/// Puts the costs of another basis in place of the reported ones.
fn reprice(run: &RunFacts, events: &mut [Event], basis: &BasisArgs) -> Result<(), CliError> {
    if basis.basis() == Basis::Reported {
        return Ok(());
    }
    let books = basis.books()?;
    let started_at = events.iter().filter_map(|e| e.ts).min();
    let facts = RunCalls {
        run_id: run.run_id.clone(),
        workload: run.workload.clone(),
        model: run.model.clone(),
        provider: run.provider.clone(),
        started_at,
        calls: Vec::new(),
    };
    for event in
        events.iter_mut().filter(|e| e.kind == EventKind::LlmCall && e.error_type.is_none())
    {
        let call = LlmCall::of(event);
        event.cost_usd = price_call(&facts, &call, basis.basis(), &books).ok();
    }
    Ok(())
}

/// A row of the timeline.
struct Row {
    /// Stage and attempt.
    place: (Option<i64>, Option<i64>),
    cells: Vec<Value>,
}

fn timeline(events: &[Event], args: &Show) -> Vec<Row> {
    let (mut tokens, mut cost): (Option<i64>, Option<Usd>) = (None, None);
    let mut rows = Vec::new();
    for event in events {
        if let Some(n) = event.total_tokens() {
            tokens = Some(tokens.unwrap_or(0).saturating_add(n));
        }
        if let Some(c) = event.cost_usd {
            cost = Some(cost.unwrap_or_default() + c);
        }
        if args.stage.is_some() && event.stage != args.stage {
            continue;
        }
        let place = (event.stage, event.stage.and(event.attempt));
        rows.push(Row {
            place,
            cells: vec![
                event.seq.into(),
                event.stage.into(),
                event.offset_us.map(clock).into(),
                event.kind.as_str().into(),
                what(event, args.text).into(),
                event.duration_ms.map(|ms| ms / 1e3).into(),
                tokens.into(),
                Value::usd_or_null(cost.map(Usd::nanos)),
            ],
        });
    }
    rows
}

fn timeline_table(name: &str, title: &str) -> Result<Table, CliError> {
    Ok(Table::new(
        name,
        title,
        vec![
            Column::new("seq", "Seq", Kind::Int),
            Column::new("stage", "Stage", Kind::Int),
            Column::new("time", "Time", Kind::Text),
            Column::new("kind", "Kind", Kind::Text),
            Column::new("what", "What", Kind::Text),
            Column::new("duration_s", "Took", Kind::Float).unit("s").digits(1),
            Column::new("tokens_so_far", "Tokens so far", Kind::Int),
            Column::new("cost_so_far_usd", "Cost so far", Kind::Money),
        ],
    )?)
}

fn heading(run: &RunFacts, events: &[Event]) -> String {
    let mut out = String::new();
    for (name, value) in [
        ("run", Some(&run.run_id)),
        ("model", Some(&run.model)),
        ("workload", Some(&run.workload)),
        ("agent", run.agent.as_ref()),
        ("provider", run.provider.as_ref()),
        ("protocol", run.protocol.as_ref()),
    ] {
        if let Some(value) = value {
            let _ = writeln!(out, "{name:<9} {}", visible(value));
        }
    }
    if let Some(start) = events.iter().filter_map(|e| e.ts).min() {
        let _ = writeln!(out, "started   {start}");
    }
    if let Some(end) = events.iter().find(|e| e.kind == EventKind::RunEnd) {
        let elapsed = end.elapsed_s.map_or_else(String::new, |s| format!(" after {s:.1} s"));
        let _ = writeln!(
            out,
            "ended by  {}{elapsed}",
            end.end_reason.map_or("unknown", |r| r.as_str())
        );
    }
    out
}

fn stage_heading((stage, attempt): (Option<i64>, Option<i64>), events: &[Event]) -> String {
    let Some(stage) = stage else { return "outside stages".to_owned() };
    let mut out = format!("stage {stage}");
    if let Some(attempt) = attempt.filter(|a| *a > 1) {
        let _ = write!(out, ", attempt {attempt}");
    }
    let result = events.iter().find(|e| e.kind == EventKind::StageResult && e.stage == Some(stage));
    if let Some(result) = result {
        let _ = write!(out, ": {}", result_words(result));
    }
    out
}

/// What happened, in one line.
fn what(event: &Event, width: usize) -> String {
    let text = event.content.as_deref().map(|t| excerpt(t, width)).unwrap_or_default();
    match event.kind {
        EventKind::LlmCall => match &event.error_type {
            Some(error) => format!("no answer: {error} {text}"),
            None => format!("{} {text}", usage(event)),
        },
        EventKind::ToolCall => {
            let arguments =
                event.arguments.as_deref().map(|a| excerpt(a, width)).unwrap_or_default();
            let exit = event.exit_code.map_or_else(String::new, |code| format!(" exit {code}"));
            let status = event.tool_status.map_or("unknown", |s| s.as_str());
            format!("{} {arguments} -> {status}{exit}", event.tool_name.as_deref().unwrap_or("?"))
        }
        EventKind::StageResult | EventKind::AttemptResult => result_words(event),
        EventKind::Message => format!("{}: {text}", event.role.as_deref().unwrap_or("?")),
        EventKind::Error => format!("{} {text}", event.error_type.as_deref().unwrap_or("?")),
        EventKind::RunStart | EventKind::StageStart | EventKind::Recovery | EventKind::RunEnd => {
            text
        }
    }
    .trim()
    .to_owned()
}

fn usage(event: &Event) -> String {
    let count = |n: Option<i64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let mut out = format!("in {} out {}", count(event.input_tokens), count(event.output_tokens));
    if let Some(cached) = event.cache_read_tokens.filter(|c| *c > 0) {
        let _ = write!(out, " cached {cached}");
    }
    if let Some(cost) = event.cost_usd {
        let _ = write!(out, " ${cost}");
    }
    out
}

/// The first characters of a text, on one line.
fn excerpt(text: &str, width: usize) -> String {
    let mut flat =
        text.split_whitespace().flat_map(|word| [" ", word]).skip(1).flat_map(str::chars);
    let mut out: String = flat.by_ref().take(width).collect();
    if flat.next().is_some() {
        out.push('…');
    }
    out
}

/// Hours, minutes and seconds since the start of the run.
fn clock(offset_us: i64) -> String {
    let tenths = offset_us / 100_000;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    format!("{}:{:02}:{:02}.{tenth}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_one_line_and_marked_when_cut() {
        assert_eq!(excerpt("a\n  b\tc", 10), "a b c");
        assert_eq!(excerpt("abcdef", 3), "abc…");
        assert_eq!(excerpt("äöü", 3), "äöü");
        assert_eq!(clock(3_723_450_000), "1:02:03.4");
    }
}
