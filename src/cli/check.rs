//! `ramptrace check`: do the accounts of a store add up?

use super::CliError;
use super::output::{Output, TableFormat};
use crate::ledger::{Warning, audit_file};
use crate::report::{Column, Kind, Table};
use crate::trace::Store;
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Check token and cost accounts, with a stable code per warning
#[derive(Debug, Args)]
#[command(
    after_help = "schemas/warnings.md lists the codes. Warnings do not change the exit code;\n\
    `ramptrace store check` checks the rules of the format, and fails where one is broken."
)]
pub(super) struct Check {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

pub(super) fn run(args: &Check, output: &mut Output) -> Result<(), CliError> {
    let store = Store::open(&args.store)?;
    let table = warnings(&store, "")?;
    if table.rows().is_empty() && args.format == TableFormat::Text {
        output.note(format!("{} runs, no warnings", store.entries().len()));
        return Ok(());
    }
    output.table(&table, args.format, 2)
}

/// What the accounts of a store do not add up to.
pub(super) fn warnings(store: &Store, title: &str) -> Result<Table, CliError> {
    let mut table = Table::new(
        "warnings",
        title,
        vec![
            Column::new("code", "Code", Kind::Text),
            Column::new("run_id", "Run", Kind::Text),
            Column::new("rows", "Rows", Kind::Int),
            Column::new("first_seq", "First at seq", Kind::Int),
            Column::new("meaning", "Meaning", Kind::Text),
        ],
    )?;
    let mut warnings = Vec::new();
    for file in store.files() {
        warnings.extend(audit_file(&file)?);
    }
    // Whatever files they are in.
    let places: BTreeMap<&str, (&str, &str)> = store
        .entries()
        .iter()
        .map(|e| (e.run.run_id.as_str(), (e.run.workload.as_str(), e.run.model.as_str())))
        .collect();
    warnings.sort_by(|a, b| {
        let key = |w: &'_ Warning| (places.get(w.run_id.as_str()).copied(), w.run_id.clone());
        key(a).cmp(&key(b))
    });
    for warning in warnings {
        table.push(vec![
            warning.code.as_str().into(),
            warning.run_id.into(),
            warning.rows.into(),
            warning.first_seq.into(),
            warning.code.meaning().into(),
        ])?;
    }
    Ok(table)
}
