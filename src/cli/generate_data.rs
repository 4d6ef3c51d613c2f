//! `ramptrace generate store` and `claude-logs`: data of any size from a seed, for benchmarks.

use super::CliError;
use super::output::Output;
use super::progress::Progress;
use crate::synthetic::{Layout, Shape, SyntheticStore, Texts, write_claude_logs};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// A store of any size.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// The store to write or to finish
    #[arg(short, long, value_name = "STORE")]
    output: PathBuf,

    /// Events in total
    #[arg(long, value_name = "N")]
    events: i64,

    /// Seed of everything
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Texts as long as real ones, or none
    #[arg(long, value_enum, default_value_t = WithTexts::Real)]
    texts: WithTexts,

    /// Events of every run; otherwise as many as published runs have
    #[arg(long, value_name = "K")]
    events_per_run: Option<i64>,

    /// Stages of a run
    #[arg(long, value_name = "N", default_value_t = 6)]
    stages: i64,

    /// Files side by side, or a folder per bucket
    #[arg(long, value_enum, default_value_t = Placement::Buckets)]
    layout: Placement,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WithTexts {
    Real,
    None,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Placement {
    Flat,
    Buckets,
}

/// Session logs.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// The folder to write to
    #[arg(short, long, value_name = "FOLDER")]
    output: PathBuf,

    /// Megabytes in total
    #[arg(long, value_name = "MB")]
    megabytes: u64,

    /// All in one file, instead of files of 32 MB
    #[arg(long)]
    one: bool,

    /// Seed of everything
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

pub(super) fn store(args: &StoreArgs, output: &mut Output) -> Result<(), CliError> {
    let shape = Shape {
        events: args.events,
        seed: args.seed,
        texts: match args.texts {
            WithTexts::Real => Texts::Real,
            WithTexts::None => Texts::None,
        },
        events_per_run: args.events_per_run,
        stages: args.stages,
        layout: match args.layout {
            Placement::Flat => Layout::Flat,
            Placement::Buckets => Layout::Buckets,
        },
    };
    let store = SyntheticStore::plan(&args.output, &shape)?;
    let progress = Progress::new(output, store.files().len(), "generating");
    let written = store.write(|| progress.step());
    progress.finish();
    output.note(format!(
        "wrote {} of {} files ({} events, {} runs) to {}",
        written?,
        store.files().len(),
        shape.events,
        store.runs(),
        args.output.display()
    ));
    Ok(())
}

pub(super) fn claude_logs(args: &LogArgs, output: &mut Output) -> Result<(), CliError> {
    let bytes = args.megabytes.saturating_mul(1_000_000);
    write_claude_logs(&args.output, bytes, args.one, args.seed)
        .map_err(|e| CliError::io("write logs to", &args.output, e))?;
    output.note(format!("wrote {} MB of logs to {}", args.megabytes, args.output.display()));
    Ok(())
}
