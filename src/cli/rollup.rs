//! `ramptrace rollup`: the views of a store as files, which stand for it where no single event is needed.

use super::CliError;
use super::output::Output;
use super::rollup_remote;
use crate::rollup::write_rollup;
use crate::trace::{Shard, Store};
use clap::Args;
use std::path::{Path, PathBuf};

/// Fold the events of a store to the tables stages and runs, as Parquet
#[derive(Debug, Args)]
#[command(
    after_help = "The folder has stages.parquet and runs.parquet (schemas/views.md says what is in them), and every command that needs \
    no single event takes it in place of the store. A second rollup folds only what changed. Shards are for many processes \
    or machines: each writes a folder of its own, and together they are one rollup. With --remote, Spark reads the events and \
    writes the tables; the folders are URLs or whole paths as Spark sees them, and --output is a rollup like any other.\n\n\
    EXAMPLES:\n  \
    ramptrace rollup store -o tables\n  \
    ramptrace score tables\n  \
    for i in 0 1 2 3; do ramptrace rollup store -o tables --shard $i/4; done\n  \
    ramptrace rollup --remote sc://host:15002 --events s3a://bucket/store -o s3a://bucket/tables"
)]
pub(super) struct RollupArgs {
    /// A trace, a folder of traces, or a glob
    #[arg(required_unless_present = "remote")]
    store: Option<PathBuf>,
    /// The folder of the tables
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,
    /// Only the runs of shard I of N, counted from 0
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Let a Spark Connect server do it: sc://HOST:PORT, with `/;use_ssl=true;token=...` where it needs them
    #[arg(long, value_name = "URL", requires = "events", conflicts_with_all = ["store", "shard"])]
    remote: Option<String>,
    /// The folder of the traces, as the server sees it
    #[arg(long, value_name = "URL", requires = "remote")]
    events: Option<String>,
}

pub(super) fn run(args: &RollupArgs, output: &mut Output) -> Result<(), CliError> {
    if let (Some(remote), Some(events)) = (&args.remote, &args.events) {
        return rollup_remote::run(remote, events, &args.output.to_string_lossy(), output);
    }
    let path = args.store.as_deref().unwrap_or(Path::new("."));
    let (store, folder) = match args.shard {
        None if !path.is_dir() => (Store::open(path)?, args.output.clone()),
        None => (Store::open_or_empty(path)?, args.output.clone()),
        Some(shard) => {
            let name = format!("shard={}-of-{}", shard.index(), shard.count());
            (Store::open_shard(path, shard)?, args.output.join(name))
        }
    };
    if store.is_rollup() {
        let problem = format!("{} is a rollup already", path.display());
        return Err(CliError::usage(problem).hint("give the store that it was made of"));
    }
    let done = write_rollup(store.entries(), &folder)?;
    output.note(format_args!(
        "{}: {} stages of {} runs; {} of {} files folded, {} events",
        folder.display(),
        done.stages,
        done.runs,
        done.folded,
        done.files,
        done.events
    ));
    Ok(())
}
