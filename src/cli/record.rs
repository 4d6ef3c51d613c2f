//! `ramptrace record`: a pipeline, one command, or whatever comes through the proxy, kept as traces.

use super::CliError;
use super::output::{Output, TableFormat};
use super::record_means::{Prepared, prepare};
use super::record_pipeline;
use crate::capture::pipeline::Recovery;
use crate::capture::run::{Agent, Interrupt, Recorded, Totals, record_calls, record_command};
use crate::report::{Column, Kind, Table};
use crate::trace::{Layout, RunFacts};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Record a pipeline, a command or an agent's calls
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(after_help = "WHAT IS RECORDED:\n  \
    Agents reach their models through a proxy on this machine: they are given OPENAI_BASE_URL and\n  \
    ANTHROPIC_BASE_URL, requests pass through byte for byte, and where they go is what those variables\n  \
    said before. Each call becomes an event with its tokens, times and errors; each stage of a pipeline\n  \
    is graded. Secrets are masked before anything is written.\n\n\
    AGENTS:\n  \
    a name of --list-agents, a TOML file with one [agent.NAME], or a command with {prompt},\n  \
    {prompt_file} or neither (the prompt then comes on standard input), and {model}\n\n\
    EXAMPLES:\n  \
    ramptrace record --pipeline pipeline.toml --agent claude-code --model claude-sonnet-4-6 -o store\n  \
    ramptrace record --pipeline p.toml --agent do-nothing -o store     what no work scores\n  \
    ramptrace record --pipeline p.toml --agent './mine.sh {model}' --model m --repeat 5 --jobs 2 -o store\n  \
    ramptrace record -o store -- codex exec 'mend the tests'           one command, as if nobody watched\n  \
    ramptrace record --proxy 127.0.0.1:8080 -o store                   for agents that run elsewhere\n  \
    ramptrace record --otlp 4318 -o store                              for agents that send spans\n\n\
    EXIT CODES:\n  \
    those of the other commands; of a command behind `--`, its own; 130 after Ctrl-C")]
pub(super) struct Record {
    /// The store to write to
    #[arg(short, long, value_name = "STORE", required_unless_present = "list_agents")]
    pub(super) output: Option<PathBuf>,
    /// Give the store buckets, for very many runs; see `store compact`
    #[arg(long)]
    pub(super) buckets: bool,
    /// Work through a pipeline: its file, or the folder that pipeline.toml is in
    #[arg(long, value_name = "FILE", requires = "agent")]
    pub(super) pipeline: Option<PathBuf>,
    /// Who works: a built-in agent, a TOML file, or a command
    #[arg(long)]
    pub(super) agent: Option<String>,
    /// The model, by the name it is to have in traces; several times for several runs
    #[arg(long)]
    pub(super) model: Vec<String>,
    /// Who serves the model, by the name it is to have in traces
    #[arg(long)]
    pub(super) provider: Option<String>,
    /// Runs of each model
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "pipeline")]
    pub(super) repeat: u32,
    /// Runs at the same time
    #[arg(long, default_value_t = 1, value_name = "J", value_parser = clap::value_parser!(u32).range(1..=256), requires = "pipeline")]
    pub(super) jobs: u32,
    /// What is done about a failed stage, whatever the pipeline says
    #[arg(long, value_enum, requires = "pipeline")]
    pub(super) recovery: Option<RecoveryArg>,
    /// Further attempts after a failed grade, whatever the pipeline says
    #[arg(long, value_name = "N", requires = "pipeline")]
    pub(super) retries: Option<u32>,
    /// Keep the workspaces of the runs below this folder
    #[arg(long, value_name = "DIR", requires = "pipeline")]
    pub(super) keep: Option<PathBuf>,
    /// Only run the proxy, until Ctrl-C
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:0", conflicts_with_all = ["pipeline", "otlp"])]
    pub(super) proxy: Option<String>,
    /// Take the agent's own OpenTelemetry spans on this port or address, instead of a proxy; alone: until Ctrl-C
    #[arg(long, value_name = "PORT", conflicts_with = "no_calls")]
    pub(super) otlp: Option<String>,
    /// Record no model calls
    #[arg(long, conflicts_with = "proxy")]
    pub(super) no_calls: bool,
    /// A scripted model answers instead of a provider: MODEL.toml, or a folder of them
    #[arg(long, value_name = "SCRIPTS", conflicts_with_all = ["otlp", "no_calls"])]
    pub(super) mock: Option<PathBuf>,
    /// A recorded run answers instead of a provider, as with replay --serve: its trace, or its id in this folder
    #[arg(long, value_name = "RUN", conflicts_with_all = ["mock", "otlp", "no_calls", "repeat"])]
    pub(super) replay: Option<String>,
    /// With --replay: a request that matches nothing is answered by its position in the conversation
    #[arg(long, requires = "replay")]
    pub(super) loose: bool,
    /// Workload in traces of a command or of the proxy
    #[arg(long, value_name = "NAME", conflicts_with = "pipeline")]
    pub(super) workload: Option<String>,
    /// Begin of the run ids [default: model, agent and time]
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,
    /// A price book (TOML) for budgets of money, on top of the built-in one; may be given several times
    #[arg(long, value_name = "BOOK")]
    pub(super) prices: Vec<PathBuf>,
    /// Rules for what else is secret (TOML)
    #[arg(long, value_name = "RULES")]
    pub(super) redact: Option<PathBuf>,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(super) format: TableFormat,
    /// List the built-in agents
    #[arg(long)]
    pub(super) list_agents: bool,
    /// A command to record, with its arguments
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["pipeline", "proxy"])]
    pub(super) command: Vec<String>,
}

/// What is done about a failed stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RecoveryArg {
    /// Nothing: later stages build on what it left
    Never,
    /// Its golden artifacts are put in place
    OnFailure,
    /// Golden artifacts of all earlier stages are put in place before each stage
    GoldenInputs,
}

impl RecoveryArg {
    pub(super) fn recovery(self) -> Recovery {
        match self {
            Self::Never => Recovery::Never,
            Self::OnFailure => Recovery::OnFailure,
            Self::GoldenInputs => Recovery::GoldenInputs,
        }
    }
}

pub(super) fn run(args: &Record, output: &mut Output) -> Result<(), CliError> {
    if args.list_agents {
        return list_agents(args, output);
    }
    let begun = args.output.as_deref().filter(|_| args.buckets).map(Layout::begin_buckets);
    begun.transpose()?;
    if args.pipeline.is_some() {
        return record_pipeline::run(args, output);
    }
    if args.command.is_empty() && args.proxy.is_none() && args.otlp.is_none() {
        return Err(CliError::usage("there is nothing to record").hint(
            "ramptrace record --pipeline FILE --agent NAME, or --proxy, or --otlp PORT, or a command behind `--`",
        ));
    }
    let mut prepared = prepare(args, output)?;
    let replayed = prepared.replayed.take();
    let interrupt = Interrupt::listen().map_err(|e| CliError::usage(e.to_string()))?;
    if args.command.is_empty() {
        calls(args, &prepared, &interrupt, output)?;
        return replayed.map_or(Ok(()), |replayed| replayed.outcome(output));
    }
    let warn = |text: &str| tracing::warn!("{text}");
    let facts = facts(args, Some(program(&args.command)));
    let report =
        record_command(&args.command, facts, &prepared.means, &prepared.env, &interrupt, warn)?;
    summary(&report.recorded, output);
    if let Some(replayed) = replayed {
        replayed.outcome(output)?;
    }
    match report.exit_code {
        0 => Ok(()),
        code => Err(CliError::passed_on(code)),
    }
}

/// The proxy or the receiver alone.
fn calls(
    args: &Record,
    prepared: &Prepared,
    interrupt: &Interrupt,
    output: &mut Output,
) -> Result<(), CliError> {
    let progress = output.shows_progress().then(indicatif::ProgressBar::new_spinner);
    let recorded = record_calls(
        facts(args, args.agent.clone()),
        &prepared.means,
        interrupt,
        |places| {
            for (name, url) in places {
                output.note(format_args!("{}={url}", name.to_ascii_uppercase()));
            }
            output.note("recording; Ctrl-C ends it");
        },
        |totals| {
            if let Some(bar) = &progress {
                bar.set_message(used(totals));
                bar.tick();
            }
        },
        |text| tracing::warn!("{text}"),
    )?;
    if let Some(bar) = progress {
        bar.finish_and_clear();
    }
    summary(&recorded, output);
    Ok(())
}

/// The facts of a run without a pipeline.
fn facts(args: &Record, agent: Option<String>) -> RunFacts {
    let model = args.model.first().cloned().unwrap_or_else(|| "unknown".to_owned());
    let agent = args.agent.clone().or(agent);
    let run_id = super::record_means::run_id(args, &model, agent.as_deref(), None);
    let workload = args.workload.clone().unwrap_or_else(|| "command".to_owned());
    RunFacts { run_id, workload, model, provider: args.provider.clone(), agent, protocol: None }
}

fn program(command: &[String]) -> String {
    let path = command.first().map(PathBuf::from).unwrap_or_default();
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn summary(recorded: &Recorded, output: &mut Output) {
    if let Some(trace) = &recorded.trace {
        let (events, used) = (recorded.events, used(&recorded.totals));
        output.note(format_args!("recorded {events} events ({used}): {}", trace.display()));
    }
}

/// What has been used up, in a few words.
pub(super) fn used(totals: &Totals) -> String {
    let plural = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut parts = vec![plural(totals.calls, "call")];
    if totals.failed_calls > 0 {
        parts.push(format!("{} failed", totals.failed_calls));
    }
    parts.push(format!("{} tokens", totals.tokens));
    if !totals.usd.is_zero() {
        let from = if totals.unpriced_calls > 0 { "at least " } else { "" };
        parts.push(format!("{from}${:.4}", totals.usd.to_f64()));
    }
    parts.join(", ")
}

fn list_agents(args: &Record, output: &mut Output) -> Result<(), CliError> {
    let mut table = Table::new(
        "agents",
        "",
        vec![
            Column::new("agent", "Agent", Kind::Text),
            Column::new("program", "Program", Kind::Text),
            Column::new("about", "What it is", Kind::Text),
        ],
    )?;
    for preset in Agent::presets()? {
        let program = preset.program.replace("{ramptrace}", "ramptrace");
        table.push(vec![preset.name.into(), program.into(), preset.about.into()])?;
    }
    table.push(vec![
        crate::capture::run::DO_NOTHING.into(),
        crate::report::Value::Null,
        "nothing: what a workload scores without any work".into(),
    ])?;
    output.table(&table, args.format, 1)
}
