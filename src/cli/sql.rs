//! `ramptrace sql`: a query over the views of a store.

use super::CliError;
use super::output::{Output, TableFormat};
use super::tables::query_table;
use crate::rollup::{query, reads_events, refuse_tables};
use crate::trace::Store;
use clap::Args;
use std::path::PathBuf;

/// Query the views events, stages and runs of a store
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLES:\n  \
    ramptrace sql store 'SELECT model, cost_usd, total_tokens FROM runs ORDER BY cost_usd'\n  \
    ramptrace sql store 'SELECT tool_name, COUNT(*) AS calls FROM events WHERE kind = '\\''tool_call'\\'' GROUP BY tool_name' --format csv\n\n\
    schemas/events.md and schemas/views.md describe the columns.")]
pub(super) struct Sql {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    /// The query
    query: String,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

pub(super) fn run(args: &Sql, output: &mut Output) -> Result<(), CliError> {
    let store = Store::open(&args.store)?;
    if reads_events(&args.query) {
        refuse_tables(&store.files())?;
    }
    let frame = query(&store.files(), &args.query)?;
    output.table(&query_table(&frame)?, args.format, 1)
}
