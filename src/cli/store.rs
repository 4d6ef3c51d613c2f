//! `ramptrace store`: list and check the traces of a store, finish recordings that were cut short, mask secrets, compact.

use super::CliError;
use super::compact::{self, Compact};
use super::output::{Output, TableFormat};
use super::recover::{self, Recover, warn_of_leftovers};
use super::redact::{self, Redact};
use crate::report::{Column, Kind, Table, Value};
use crate::trace::{Store, check_file};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// List and check the traces of a store, finish recordings, mask secrets, merge small files
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// List the runs of a store
    List(StoreArgs),
    /// Check every row of every trace
    Check(StoreArgs),
    /// Make traces of recordings that were cut short
    Recover(Recover),
    /// Mask the secrets in the traces of a store
    Redact(Redact),
    /// Make few large files of many small ones
    Compact(Compact),
}

/// A store and how to print.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

/// Says what cannot be told of a store of which only the rollup is at hand.
pub(super) fn warn_of_rollup(store: &Store, output: &mut Output) {
    if store.is_rollup() {
        output.warning(format_args!(
            "{} is a rollup, without events: causes of failures, ways of working and timelines are left out",
            store.root().display()
        ));
    }
}

pub(super) fn run(command: &StoreCommand, output: &mut Output) -> Result<(), CliError> {
    match command {
        StoreCommand::List(args) => list(args, output),
        StoreCommand::Check(args) => check(args, output),
        StoreCommand::Recover(args) => recover::run(args, output),
        StoreCommand::Redact(args) => redact::run(args, output),
        StoreCommand::Compact(args) => compact::run(args, output),
    }
}

fn list(args: &StoreArgs, output: &mut Output) -> Result<(), CliError> {
    warn_of_leftovers(&args.store, output);
    let store = Store::open(&args.store)?;
    let mut table = Table::new(
        "traces",
        "",
        vec![
            Column::new("run_id", "Run", Kind::Text),
            Column::new("workload", "Workload", Kind::Text),
            Column::new("model", "Model", Kind::Text),
            Column::new("agent", "Agent", Kind::Text),
            Column::new("started_at", "Started", Kind::Timestamp),
            Column::new("events", "Events", Kind::Int),
            Column::new("bytes", "Bytes", Kind::Int),
        ],
    )?;
    for entry in store.entries() {
        let run = &entry.run;
        table.push(vec![
            run.run_id.as_str().into(),
            run.workload.as_str().into(),
            run.model.as_str().into(),
            run.agent.clone().into(),
            run.started_us.map_or(Value::Null, Value::Timestamp),
            run.events.into(),
            // The size of a file that holds other runs too is nobody's.
            entry.alone.then_some(entry.bytes).into(),
        ])?;
    }
    output.table(&table, args.format, 1)
}

fn check(args: &StoreArgs, output: &mut Output) -> Result<(), CliError> {
    let store = Store::open(&args.store)?;
    let mut table = Table::new(
        "violations",
        "",
        vec![
            Column::new("path", "File", Kind::Text),
            Column::new("run_id", "Run", Kind::Text),
            Column::new("row", "Row", Kind::Int),
            Column::new("seq", "Seq", Kind::Int),
            Column::new("problem", "Problem", Kind::Text),
        ],
    )?;
    let files = store.files();
    for file in &files {
        for violation in check_file(file)? {
            table.push(vec![
                file.display().to_string().into(),
                violation.run_id.into(),
                violation.row.into(),
                violation.seq.into(),
                violation.problem.into(),
            ])?;
        }
    }
    let found = table.rows().len();
    if found > 0 || args.format != TableFormat::Text {
        output.table(&table, args.format, 1)?;
    }
    if found == 0 {
        output.note(format!("{} traces keep every rule", store.entries().len()));
        return Ok(());
    }
    Err(CliError::data(format!("{found} rows break a rule of the trace format"))
        .hint("import these runs again"))
}
