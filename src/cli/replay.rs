//! `ramptrace replay`: a recorded run is watched, exported, compared with another, served again or run again.
//!
//! One command, and one file per mode: this one holds what they share, the arguments and the choice of runs.

use super::CliError;
use super::output::{Output, TableFormat};
use super::{replay_diff, replay_play, replay_serve, replay_tools};
use crate::trace::{Store, StoreEntry};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Watch a recorded run again, export it, compare two, or let it answer
#[derive(Debug, Args)]
#[command(after_help = "KEYS:\n  \
    space plays and pauses; arrows or j k step; + - change the speed; s S to the next or last stage,\n  \
    e E to the next or last error; g G to the begin and the end; / searches, n N next and last hit;\n  \
    f filters by kind; page keys scroll the text of an event; q quits\n\n\
    EXAMPLES:\n  \
    ramptrace replay latest --store store                  watch it, in the time it took\n  \
    ramptrace replay latest --store store --speed 20 --from stage:2\n  \
    ramptrace replay kimi --store store --only tool_call | less\n  \
    ramptrace replay kimi --store store --export chrome -o kimi.json      for ui.perfetto.dev\n  \
    ramptrace replay --diff run-a run-b --store store      where two runs part, and what it cost\n  \
    ramptrace replay --serve kimi --store store -- ./agent.sh\n  \
    ramptrace replay --tools kimi --store store --workspace dir\n\n\
    SERVE:\n  \
    answers chat completions, responses and messages from the trace alone. A request is matched by the hash\n  \
    of its canonical form, or by its words where a trace has no hashes; equal ones are answered in recorded\n  \
    order. Anything else is an HTTP 400 that names the nearest call, the field and the first difference.\n  \
    Where a budget had cut the recording short, what would have come next is left waiting.\n\n\
    TOOLS:\n  \
    runs recorded commands on this machine. They work in a copy of the folder and see no keys, but nothing\n  \
    else holds them: put a sandbox around a run that you do not trust, without a network, such as\n  \
    bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-all -- ramptrace replay --tools ...\n  \
    docker run --rm --network none -v \"$PWD:/w:ro\" -w /w IMAGE ramptrace replay --tools ...\n\n\
    EXIT CODES:\n  \
    of --serve: 1 when a request was not in the recording, or, with --strict, when a recorded call was not\n  \
    asked for; else that of the command. Of --tools: 1 when an exit code or an output differs")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(super) struct Replay {
    /// Run id, a unique part of it, `latest`, or the path of a trace; two of them with --diff
    #[arg(required = true, num_args = 1..=2, value_name = "RUN")]
    pub(super) run: Vec<String>,
    /// The store to look in
    #[arg(long, env = "RAMPTRACE_STORE", default_value = ".", value_name = "STORE")]
    pub(super) store: PathBuf,
    /// Serve the recorded model to clients, without any live call
    #[arg(long, conflicts_with_all = ["tools", "diff", "export"])]
    pub(super) serve: bool,
    /// Execute the recorded commands again, in a copy of a workspace
    #[arg(long, conflicts_with_all = ["diff", "export"], requires = "workspace")]
    pub(super) tools: bool,
    /// Compare two runs
    #[arg(long, conflicts_with = "export")]
    pub(super) diff: bool,
    /// The workspace that --tools copies
    #[arg(long, value_name = "DIR", requires = "tools")]
    pub(super) workspace: Option<PathBuf>,
    /// Where --serve listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(super) listen: String,
    /// Serve a request that matches nothing by its position
    #[arg(long, requires = "serve")]
    pub(super) loose: bool,
    /// Serve with the recorded latency
    #[arg(long, requires = "serve")]
    pub(super) latency: bool,
    /// Fail too when a recorded call was not asked for
    #[arg(long, requires = "serve")]
    pub(super) strict: bool,
    /// Do not ask before commands are executed
    #[arg(long, requires = "tools")]
    pub(super) yes: bool,
    /// How many times faster than it was, or `max`
    #[arg(long, value_name = "X", value_parser = speed)]
    pub(super) speed: Option<f64>,
    /// Print one block per event, on a terminal too
    #[arg(long, conflicts_with = "step")]
    pub(super) plain: bool,
    /// Begin paused
    #[arg(long)]
    pub(super) step: bool,
    /// Begin here: an event's number, `stage:N`, `error`, or a time like 0:12:30
    #[arg(long, value_name = "POSITION")]
    pub(super) from: Option<String>,
    /// Only events of these kinds: `message`, `llm_call`, `tool_call`, ..., or `failed`
    #[arg(long, value_name = "KIND", num_args = 1.., value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Only events with this text in them; on a terminal, the first search
    #[arg(long, value_name = "TEXT")]
    pub(super) search: Option<String>,
    /// Write the run in another form
    #[arg(long, value_enum)]
    pub(super) export: Option<Export>,
    /// The file to write; `-` is standard output
    #[arg(short, long, value_name = "FILE", requires = "export")]
    pub(super) output: Option<PathBuf>,
    /// Replace the file
    #[arg(long, requires = "output")]
    pub(super) force: bool,
    /// Rules for what does not count in a comparison (TOML)
    #[arg(long, value_name = "RULES")]
    pub(super) normalise: Option<PathBuf>,
    /// Output format of tables
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(super) format: TableFormat,
    /// A command for --serve to run with the served addresses, with its arguments
    #[arg(last = true, requires = "serve", value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

/// Another form of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Export {
    /// Trace Event JSON, for Perfetto and `chrome://tracing`.
    Chrome,
    /// A terminal recording, for asciinema.
    Asciicast,
    /// A transcript.
    Markdown,
}

pub(super) fn run(args: &Replay, output: &mut Output) -> Result<(), CliError> {
    let wanted = if args.diff { 2 } else { 1 };
    if args.run.len() != wanted {
        return Err(CliError::usage(format!(
            "{} takes {wanted} run{}, not {}",
            if args.diff { "replay --diff" } else { "replay" },
            if args.diff { "s" } else { "" },
            args.run.len()
        ))
        .hint("ramptrace store list STORE lists the runs; two are compared with --diff A B"));
    }
    if args.diff {
        replay_diff::run(args, output)
    } else if args.serve {
        replay_serve::run(args, output)
    } else if args.tools {
        replay_tools::run(args, output)
    } else {
        replay_play::run(args, output)
    }
}

/// A path (it has a `/` or ends in `.parquet`) or a run of the store.
pub(super) fn select(selector: &str, store: &Path) -> Result<StoreEntry, CliError> {
    let is_path = selector.contains('/') || selector.ends_with(".parquet");
    let (root, selector) =
        if is_path { (Path::new(selector), "latest") } else { (store, selector) };
    Ok(Store::open(root)?.find(selector)?.clone())
}

/// A factor; infinite for `max`.
fn speed(text: &str) -> Result<f64, String> {
    if text == "max" {
        return Ok(f64::INFINITY);
    }
    match text.trim_start_matches('x').parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor.is_finite() => Ok(factor),
        _ => Err("a speed is a number above 0, or `max`".to_owned()),
    }
}
