//! The top of the command line.

use super::exit::{self, CliError};
use super::output::{Color, Output};
use super::{
    agent, analyze, cascade, check, cost, export, figure, generate, import, record, replay, report,
    rollup, score, show, sql, store, verify, whatif,
};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// What LLM-agent runs really did: traces in, numbers and figures out
#[derive(Debug, Parser)]
#[command(
    name = "ramptrace",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "EXAMPLES:\n  \
        ramptrace analyze sample-traces -o out       tables and figures of a store\n  \
        ramptrace figure collapse store -o fig1.pdf  one figure, for a paper\n  \
        ramptrace report store -o report.html        one page with all of it, down to each event\n  \
        ramptrace score store --pack mine.toml       your own metrics over old runs\n  \
        ramptrace verify --claims paper.toml store   published numbers against the traces\n  \
        ramptrace import runs/ -o store              logs of other tools to traces\n  \
        ramptrace record -o store -- codex exec ...  what an agent does, as a trace\n  \
        ramptrace rollup store -o tables             the small tables of a large store\n  \
        ramptrace sql store 'SELECT model, cost_usd FROM runs ORDER BY 2'\n  \
        ramptrace show latest --store store          what one run did, event by event\n  \
        ramptrace replay latest --store store        watch it, export it, compare it\n  \
        ramptrace whatif store --budget-usd 0.5      what half a dollar would have bought\n\n\
        EXIT CODES:\n  0  done\n  1  the data is at fault\n  2  usage or I/O error\n\n\
        RAYON_NUM_THREADS and POLARS_MAX_THREADS limit threads; they change speed, never results."
)]
struct Args {
    /// When to use colour; `NO_COLOR` turns it off too
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Print no progress and no warnings
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Say more on stderr; twice for everything (`RUST_LOG` for detail)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Analyze(analyze::Analyze),
    Score(Box<score::Score>),
    Cost(cost::Cost),
    Cascade(cascade::CascadeArgs),
    Figure(Box<figure::Figure>),
    Check(check::Check),
    Import(import::Import),
    Export(export::Export),
    Record(Box<record::Record>),
    #[command(subcommand)]
    Store(store::StoreCommand),
    Rollup(rollup::RollupArgs),
    Sql(sql::Sql),
    Report(report::Report),
    Verify(verify::Verify),
    Show(show::Show),
    Replay(Box<replay::Replay>),
    #[command(name = "whatif")]
    WhatIf(Box<whatif::WhatIf>),
    #[command(hide = true)]
    Agent(agent::AgentArgs),
    #[command(hide = true, subcommand)]
    Generate(generate::Generate),
}

/// The command of a recorded command line, program name included; `None` when there is none.
pub(super) fn parse(line: &[String]) -> Option<Command> {
    Args::try_parse_from(line).ok().map(|args| args.command)
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return exit::usage(&error),
    };
    let mut output = Output::new(args.color, args.quiet);
    log_to_stderr(args.verbose, args.quiet);
    let result = run(args.command, &mut output).and_then(|()| output.finish());
    exit::code(result, &mut output)
}

fn run(command: Command, output: &mut Output) -> Result<(), CliError> {
    match command {
        Command::Analyze(args) => analyze::run(&args, output),
        Command::Score(args) => score::run(&args, output),
        Command::Cascade(args) => cascade::run(&args, output),
        Command::Figure(args) => figure::run(&args, output),
        Command::Cost(args) => cost::run(&args, output),
        Command::Check(args) => check::run(&args, output),
        Command::Import(args) => import::run(&args, output),
        Command::Export(args) => export::run(&args, output),
        Command::Record(args) => record::run(&args, output),
        Command::Agent(args) => agent::run(&args, output),
        Command::Store(command) => store::run(&command, output),
        Command::Report(args) => report::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Rollup(args) => rollup::run(&args, output),
        Command::Sql(args) => sql::run(&args, output),
        Command::Show(args) => show::run(&args, output),
        Command::Replay(args) => replay::run(&args, output),
        Command::WhatIf(args) => whatif::run(&args, output),
        Command::Generate(command) => generate::run(&command, output),
    }
}

fn log_to_stderr(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("ramptrace={level}")));
    // A second subscriber in one process is not an error worth stopping for.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }
}
