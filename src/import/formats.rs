//! The formats, each with how it is recognised and read: one line per format, in the order in which they are asked.

use super::files::LogFile;
use super::look::Look;
use super::source::{Job, Source};
use super::{
    ImportError, atif, claude_code, claude_stream, codex, codex_exec, gemini, harbor, inspect,
    mini_swe_agent, openhands, openhands_legacy, otlp, ramp_report, ramp_table, swe_agent,
};
use std::fmt;

/// What a format's module gives.
pub(super) struct Importer {
    pub(super) format: Format,
    /// Takes the files of runs that are folders out of a list, a source for each.
    pub(super) claim: fn(&mut Vec<LogFile>) -> Result<Vec<Source>, ImportError>,
    /// Whether a single file is of this format.
    pub(super) recognises: fn(&Look<'_>) -> bool,
    /// Makes jobs of all sources of the format: those that share runs become one.
    pub(super) plan: fn(Vec<Source>) -> Vec<Result<Job, ImportError>>,
}

/// Nothing is a folder in formats of single files.
#[expect(clippy::unnecessary_wraps, reason = "looking for folders may fail in other formats")]
pub(super) fn no_folders(_: &mut Vec<LogFile>) -> Result<Vec<Source>, ImportError> {
    Ok(Vec::new())
}

/// No single file is a run in formats of folders.
pub(super) fn no_files(_: &Look<'_>) -> bool {
    false
}

/// Defines the formats: variant, name, what it is, importer.
macro_rules! formats {
    ($($variant:ident = $name:literal, $what:literal, $importer:expr;)+) => {
        /// A log format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Format { $(#[doc = $what] $variant,)+ }

        impl Format {
            /// Every format.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Name on the command line and in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it is, in a few words.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)+ }
            }
        }

        /// The importers, in the order in which they are asked: what is told by more comes first.
        pub(super) const IMPORTERS: &[Importer] = &[$($importer(Format::$variant)),+];
    };
}

formats! {
    Harbor = "harbor", "Harbor trial folder: agent logs, rewards and tests of one task", harbor::importer;
    Inspect = "inspect", "Inspect AI log, .json or .eval: a run per sample and epoch", inspect::importer;
    OpenHands = "openhands", "RAMP run folder with OpenHands SDK events, usage, report and metadata", openhands::importer;
    Atif = "atif", "ATIF trajectory (Harbor, Terminal-Bench), with its continuations and sub-agents", atif::importer;
    ClaudeCode = "claude-code", "Claude Code session files, sub-agents included", claude_code::importer;
    ClaudeStream = "claude-stream", "what `claude -p --output-format stream-json` prints: JSON lines or an array", claude_stream::importer;
    Otlp = "otlp", "OpenTelemetry traces in files: OTLP/JSON, and spans of console and file exporters", otlp::importer;
    RampReport = "ramp-report", "bare RAMP report: stage results of one run", ramp_report::importer;
    Codex = "codex", "Codex CLI rollout: the session file of a thread, with its sub-agents", codex::importer;
    CodexExec = "codex-exec", "output of `codex exec --json`: turns and items of a thread, without times", codex_exec::importer;
    Gemini = "gemini-cli", "Gemini CLI session file, or what `--output-format stream-json` prints", gemini::importer;
    RampTable = "ramp-table", "published RAMP table or leaderboard, JSON or CSV: scores and run totals", ramp_table::importer;
    SweAgent = "swe-agent", "SWE-agent trajectory (.traj), 0.x and 1.x", swe_agent::importer;
    MiniSweAgent = "mini-swe-agent", "mini-swe-agent trajectory (.traj.json), versions 1 and 2, or its bare list of messages", mini_swe_agent::importer;
    OpenHandsLegacy = "openhands-legacy", "OpenHands output.jsonl or event stream, before its SDK", openhands_legacy::importer;
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
