//! `ramptrace replay --diff A B`: where two runs part, what each did, and what it came to.

use super::CliError;
use super::output::{Output, TableFormat};
use super::replay::{Replay, select};
use crate::replay::{
    Divergence, Recording, RunDiff, StagePair, Totals, compare, contrast, read_steps,
};
use crate::report::{Column, Kind, Table, Value, visible};
use crate::trace::{Event, Usd};

/// Actions that are listed for people.
const ACTIONS: usize = 15;

pub(super) fn run(args: &Replay, output: &mut Output) -> Result<(), CliError> {
    if args.normalise.is_some() {
        return Err(CliError::usage("--normalise has no rules for --diff")
            .hint("times and ids are no difference here without it"));
    }
    let mut runs = Vec::with_capacity(2);
    let mut steps = Vec::with_capacity(2);
    for selector in &args.run {
        let recording = Recording::open(&select(selector, &args.store)?)?;
        steps.push(read_steps(recording.stream(0..recording.moments().len())?)?);
        runs.push(recording);
    }
    let diff = compare(&steps[0], &steps[1]);
    let text = args.format == TableFormat::Text;
    if text {
        for (name, recording) in ["A", "B"].iter().zip(&runs) {
            let facts = recording.facts();
            let agent = facts.agent.as_deref().unwrap_or("unknown agent");
            let line = format!("{}, {}, {agent}", facts.run_id, facts.model);
            output.data(format_args!("{name}  {}\n", visible(&line)))?;
        }
        output.data("\n")?;
    }
    let tables = [divergences(&diff, &mut runs)?, stages(&diff)?, actions(&diff, text)?];
    output.tables(&tables, args.format, 1)
}

fn divergences(diff: &RunDiff, runs: &mut [Recording]) -> Result<Table, CliError> {
    let title = if diff.divergences.is_empty() {
        "the runs do the same, times and ids aside"
    } else {
        "where they part: the first difference of each sort"
    };
    let columns = vec![
        Column::new("sort", "What", Kind::Text),
        Column::new("field", "Field", Kind::Text),
        Column::new("event_a", "Event A", Kind::Int),
        Column::new("event_b", "Event B", Kind::Int),
        Column::new("stage", "Stage", Kind::Int),
        Column::new("a", "A", Kind::Text),
        Column::new("b", "B", Kind::Text),
    ];
    let mut table = Table::new("divergences", title, columns)?;
    for divergence in &diff.divergences {
        let Divergence { sort, field, a, b } = *divergence;
        let mut read = |run: usize, place: Option<usize>| -> Result<Option<Event>, CliError> {
            Ok(place.map(|at| runs[run].event(at).cloned()).transpose()?)
        };
        let (event_a, event_b) = (read(0, a)?, read(1, b)?);
        let said = |event: &Option<Event>| match event {
            Some(event) => value_of(event, field),
            None => "(nothing)".to_owned(),
        };
        let (shown_a, shown_b) = contrast(&said(&event_a), &said(&event_b));
        let stage = event_a.as_ref().or(event_b.as_ref()).and_then(|event| event.stage);
        table.push(vec![
            sort.as_str().into(),
            field.into(),
            event_a.map(|event| event.seq).into(),
            event_b.map(|event| event.seq).into(),
            stage.into(),
            shown_a.into(),
            shown_b.into(),
        ])?;
    }
    Ok(table)
}

/// What an event has in a field that differs.
fn value_of(event: &Event, field: &str) -> String {
    let number = |n: Option<i64>| n.map_or("none".to_owned(), |n| n.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    match field {
        "stage" => number(event.stage),
        "attempt" => number(event.attempt),
        "tool" => text(&event.tool_name),
        "arguments" => text(&event.arguments),
        "role" => text(&event.role),
        "prompt" | "text" | "output" => text(&event.content),
        "exit code" => number(event.exit_code),
        "status" => event.tool_status.map_or("none".to_owned(), |status| status.to_string()),
        "answered" => event.error_type.clone().unwrap_or_else(|| "answered".to_owned()),
        "score" => event.score.map_or("none".to_owned(), |score| score.to_string()),
        // The kind, and what stands where the other run has ended.
        _ => event.kind.to_string(),
    }
}

fn stages(diff: &RunDiff) -> Result<Table, CliError> {
    let mut columns = vec![Column::new("stage", "Stage", Kind::Text)];
    let pairs = [
        ("score", "Score", Kind::Float),
        ("calls", "Calls", Kind::Int),
        ("actions", "Actions", Kind::Int),
        ("failed", "Failed", Kind::Int),
        ("tokens", "Tokens", Kind::Int),
        ("cost_usd", "Cost", Kind::Money),
    ];
    for (name, label, kind) in pairs {
        for side in ["a", "b"] {
            let label = format!("{label} {}", side.to_uppercase());
            let column = Column::new(format!("{name}_{side}"), label, kind);
            columns.push(if kind == Kind::Float { column.digits(1) } else { column });
        }
    }
    columns.push(Column::new("similarity", "Alike", Kind::Float).digits(2));
    let mut table = Table::new("stages", "stage by stage", columns)?;
    for pair in diff.stages.iter().chain([&diff.total]) {
        table.push(stage_row(pair))?;
    }
    table.note("Alike: 2 LCS / (n + m) of the sequences of actions, 0 to 1. Cost: as reported. The score of a run is the mean of its stages.");
    Ok(table)
}

/// A cell of a side's totals.
type Cell = fn(&Totals, fn(usize) -> i64) -> Value;

fn stage_row(pair: &StagePair) -> Vec<Value> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let mut row = vec![pair.stage.map_or("run".to_owned(), |stage| stage.to_string()).into()];
    let cells: [Cell; 6] = [
        |t, _| t.score.into(),
        |t, count| count(t.calls).into(),
        |t, count| count(t.actions).into(),
        |t, count| count(t.failed).into(),
        |t, _| t.tokens.into(),
        |t, _| Value::usd_or_null(t.cost.map(Usd::nanos)),
    ];
    for cell in cells {
        for side in [&pair.a, &pair.b] {
            row.push(side.as_ref().map_or(Value::Null, |totals| cell(totals, count)));
        }
    }
    row.push(pair.similarity.into());
    row
}

fn actions(diff: &RunDiff, brief: bool) -> Result<Table, CliError> {
    let columns = vec![
        Column::new("action", "Action", Kind::Text),
        Column::new("a", "A", Kind::Int),
        Column::new("b", "B", Kind::Int),
        Column::new("difference", "B - A", Kind::Int),
    ];
    let mut table = Table::new("actions", "what they did", columns)?;
    let listed = if brief { ACTIONS } else { usize::MAX };
    for count in diff.actions.iter().take(listed) {
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let (a, b) = (number(count.a), number(count.b));
        table.push(vec![count.action.as_str().into(), a.into(), b.into(), (b - a).into()])?;
    }
    let hidden = diff.actions.len().saturating_sub(listed);
    if hidden > 0 {
        table.note(format!("{hidden} rarer actions are left out; --format csv has all."));
    }
    Ok(table)
}
