//! `ramptrace replay --tools RUN --workspace DIR`: the recorded commands executed once more in a copy of a workspace, each
//! compared with what it gave then. Nothing runs before it has been shown and agreed to.

use super::CliError;
use super::output::Output;
use super::replay::{Replay, select};
use crate::capture::run::copy;
use crate::replay::rerun::{Action, Deed, Normaliser, Outcome, Verdict, actions, perform};
use crate::report::{Column, Kind, Table, Value};
use crate::trace::{Event, Kind as EventKind};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

/// How long one command may take.
const LIMIT: Duration = Duration::from_mins(2);
/// Characters of a command in a table.
const SHOWN: usize = 60;

pub(super) fn run(args: &Replay, output: &mut Output) -> Result<(), CliError> {
    let Some(workspace) = &args.workspace else {
        return Err(CliError::usage("which workspace is it?")
            .hint("--workspace DIR is copied, never changed"));
    };
    let events = read_events(args)?;
    let actions = actions(&events);
    if actions.is_empty() {
        output.note("the run has neither commands nor edits: there is nothing to do again");
        return Ok(());
    }
    if !workspace.is_dir() {
        return Err(CliError::usage(format!("{} is no folder", workspace.display()))
            .hint("--workspace names what the agent found when it began"));
    }
    announce(&actions, workspace, output);
    if !args.yes {
        agree(output)?;
    }
    let made = tempfile::Builder::new().prefix("ramptrace-tools-").tempdir();
    let made = made.map_err(|e| CliError::io("make", &std::env::temp_dir(), e))?;
    let root =
        std::fs::canonicalize(made.path()).map_err(|e| CliError::io("find", made.path(), e))?;
    let folder = root.join("workspace");
    copy(workspace, &folder)?;
    let rules = args.normalise.as_deref().map(|path| {
        let text = std::fs::read_to_string(path).map_err(|e| CliError::io("read", path, e))?;
        Ok::<_, CliError>((path.display().to_string(), text))
    });
    let rules = rules.transpose()?;
    let rules = rules.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let normal = Normaliser::new(&folder, rules).map_err(|e| CliError::data(e.to_string()))?;
    let mut table = table()?;
    let mut first = None;
    let mut differing = 0;
    for action in &actions {
        let outcome = perform(action, &folder, LIMIT, &normal)?;
        if outcome.verdict == Verdict::Differs {
            differing += 1;
            first.get_or_insert_with(|| (action.clone(), outcome.clone()));
        }
        table.push(row(action, &outcome))?;
    }
    output.table(&table, args.format, 1)?;
    let recovered = events.iter().filter(|e| e.kind == EventKind::Recovery).count();
    if recovered > 0 {
        output.note(format_args!(
            "{recovered} recoveries put golden files in place, which the trace does not hold: later commands may differ for it"
        ));
    }
    match first {
        None => Ok(()),
        Some((action, outcome)) => Err(CliError::data(format!(
            "{differing} of {} actions differ; the world first differs at event {}: {}: {}",
            actions.len(),
            action.seq,
            shown(&action),
            outcome.what.unwrap_or_default()
        ))
        .hint("--normalise RULES.toml leaves further things out of the comparison")),
    }
}

fn read_events(args: &Replay) -> Result<Vec<Event>, CliError> {
    let entry = select(&args.run[0], &args.store)?;
    let mut events = Vec::new();
    for item in entry.events()? {
        let (run, event) = item?;
        if run.run_id == entry.run.run_id {
            events.push(event);
        }
    }
    Ok(events)
}

/// Says what will be done.
fn announce(actions: &[Action], workspace: &Path, output: &mut Output) {
    let commands = actions.iter().filter(|a| matches!(a.deed, Deed::Command { .. })).count();
    output.note(format_args!(
        "{commands} commands and {} edits, in a copy of {}:",
        actions.len() - commands,
        workspace.display()
    ));
    for action in actions {
        output.note(format_args!("  {:>5}  {} {}", action.seq, action.tool, shown(action)));
    }
    output.note("a copy protects the workspace, not this machine: see --help for a sandbox around the command");
}

/// Asks whether to go on.
fn agree(output: &mut Output) -> Result<(), CliError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::usage("recorded commands run only when someone agrees to it")
            .hint("look at the list above, then add --yes"));
    }
    output.note("run them? [y/N]");
    let flushed = std::io::stderr().flush();
    flushed.map_err(|e| CliError::io("write to", Path::new("standard error"), e))?;
    let mut answer = String::new();
    stdin
        .read_line(&mut answer)
        .map_err(|e| CliError::io("read", Path::new("standard input"), e))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(CliError::usage("nothing was run"))
}

fn table() -> Result<Table, CliError> {
    Ok(Table::new(
        "tools",
        "",
        vec![
            Column::new("seq", "Seq", Kind::Int),
            Column::new("stage", "Stage", Kind::Int),
            Column::new("tool", "Tool", Kind::Text),
            Column::new("action", "Action", Kind::Text),
            Column::new("recorded_exit_code", "Exit then", Kind::Int),
            Column::new("exit_code", "Exit now", Kind::Int),
            Column::new("verdict", "World", Kind::Text),
            Column::new("difference", "Difference", Kind::Text),
        ],
    )?)
}

fn row(action: &Action, outcome: &Outcome) -> Vec<Value> {
    vec![
        action.seq.into(),
        action.stage.into(),
        action.tool.as_str().into(),
        shown(action).into(),
        action.exit_code.into(),
        outcome.exit_code.into(),
        outcome.verdict.as_str().into(),
        outcome.what.clone().into(),
    ]
}

/// An action on one line.
fn shown(action: &Action) -> String {
    let text = match &action.deed {
        Deed::Command { shown, .. } => shown.clone(),
        Deed::Write { path, .. } => format!("write {path}"),
        Deed::Replace { path, .. } => format!("edit {path}"),
        Deed::Unknown => "?".to_owned(),
    };
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(SHOWN) {
        line.truncate(end);
        line.push('…');
    }
    line
}
