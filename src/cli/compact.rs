//! `ramptrace store compact`: few large files in place of many small ones; no answer changes.

use super::CliError;
use super::output::{Output, TableFormat};
use super::progress::Progress;
use crate::report::{Column, Kind, Table, Value};
use crate::trace::{Compaction, Extent, Packing};
use clap::Args;
use std::path::PathBuf;

/// What `store compact` is asked.
#[derive(Debug, Args)]
#[command(
    after_help = "Runs are put into 256 buckets by their ids, and the runs of a bucket into files of about 256 MB:\n\
    STORE/bucket=NNN/runs-HASH.parquet. Every row stays as it is, and every command gives the same answers. New runs\n\
    go to buckets from then on, a file each, until the store is compacted again.\n\n\
    Cut short at any moment, the store keeps every run; the next compact finishes the work. Other programs that read\n\
    the files of a store while it is compacted may see a run twice.\n\n\
    EXAMPLES:\n  \
    ramptrace store compact store --dry-run\n  \
    ramptrace store compact store\n  \
    ramptrace store compact store --small"
)]
pub(super) struct Compact {
    /// The store
    store: PathBuf,
    /// Make the files as small as they get, at some megabytes of log per second; they stay so
    #[arg(long)]
    small: bool,
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

pub(super) fn run(args: &Compact, output: &mut Output) -> Result<(), CliError> {
    if !args.store.is_dir() {
        return Err(CliError::usage(format!("{}: no such folder", args.store.display())));
    }
    let plan = Compaction::plan(&args.store, Packing::asked(args.small))?;
    let (before, left) = (plan.before(), plan.left());
    let (sources, copies) = (plan.sources(), plan.copies());
    let idle = sources == 0 && copies == 0;
    let after = if args.dry_run && !idle {
        None
    } else {
        let progress = Progress::new(output, sources, "compacting");
        let after = plan.run(|| progress.step());
        progress.finish();
        Some(after?)
    };
    output.table(&table(before, after)?, args.format, 1)?;
    for (files, why) in [
        (left.unhashed, "of early releases, which do not say the hashes of their rows"),
        (left.newer, "of a newer release, with columns that this one does not know"),
    ] {
        if files > 0 {
            output.note(format!("left as they are: {files} files {why}"));
        }
    }
    let merged =
        format!("{sources} files {} merged", if args.dry_run { "would be" } else { "were" });
    let removed =
        format!("{copies} copies {} removed", if args.dry_run { "would be" } else { "were" });
    match (sources, copies) {
        (0, 0) => output.note("nothing to do: the store is compact"),
        (_, 0) => output.note(merged),
        (0, _) => output.note(removed),
        _ => output.note(format!("{merged}, {removed}")),
    }
    Ok(())
}

fn table(before: Extent, after: Option<Extent>) -> Result<Table, CliError> {
    let mut table = Table::new(
        "compacted",
        "",
        vec![
            Column::new("what", "", Kind::Text),
            Column::new("before", "Before", Kind::Int),
            Column::new("after", "After", Kind::Int),
        ],
    )?;
    let numbers = |e: Extent| [e.files, e.bytes, e.runs];
    let after = after.map(numbers);
    for (i, what) in ["files", "bytes", "runs"].into_iter().enumerate() {
        let after = after.map_or(Value::Null, |after| after[i].into());
        table.push(vec![what.into(), numbers(before)[i].into(), after])?;
    }
    Ok(table)
}
