//! `ramptrace export`: runs in the formats of other tools, with an account of what these cannot say.

use super::CliError;
use super::output::{Output, TableFormat};
use super::replace::OutputFile;
use super::show::read_run;
use crate::export::{Exported, atif, otlp};
use crate::report::{Column, Kind, Table};
use crate::trace::{Store, StoreEntry};
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Write runs in the formats of other tools
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLES:\n  \
    ramptrace export store -o atif --to atif\n  \
    ramptrace export store -o spans.json --to otlp --run kimi-k2.5")]
pub(super) struct Export {
    /// Store, trace file or glob
    store: PathBuf,
    /// The format to write
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Target,
    /// A folder, with a folder for each run in it; for one run of one file also a name that ends in .json
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
    /// Only this run: its id or a unique part of it; may be given more than once
    #[arg(long, value_name = "RUN")]
    run: Vec<String>,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

/// A format to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Agent Trajectory Interchange Format 1.8.
    Atif,
    /// OpenTelemetry spans in OTLP/JSON, by the GenAI semantic conventions.
    Otlp,
}

pub(super) fn run(args: &Export, output: &mut Output) -> Result<(), CliError> {
    let store = Store::open(&args.store)?;
    let entries: Vec<&StoreEntry> = if args.run.is_empty() {
        store.entries().iter().collect()
    } else {
        args.run.iter().map(|selector| store.find(selector)).collect::<Result<_, _>>()?
    };
    let mut table = Table::new(
        "exported",
        "",
        vec![
            Column::new("run_id", "Run", Kind::Text),
            Column::new("files", "Files", Kind::Int),
            Column::new("unexpressed", "Not expressed", Kind::Int),
        ],
    )?;
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for entry in &entries {
        let (facts, events) = read_run(entry)?;
        let exported = match args.to {
            Target::Atif => atif(&facts, events.into_iter()),
            Target::Otlp => otlp(&facts, events.into_iter()),
        };
        write(args, &entry.run.run_id, entries.len(), &exported)?;
        table.push(vec![
            entry.run.run_id.as_str().into(),
            (exported.documents.len() as u64).into(),
            exported.unexpressed.values().sum::<u64>().into(),
        ])?;
        for (what, n) in exported.unexpressed {
            *reasons.entry(what).or_default() += n;
        }
    }
    for (what, n) in reasons {
        table.note(format!("not expressed {n}: {what}"));
    }
    output.table(&table, args.format, 1)
}

/// Writes the documents of one run, of so many, each whole or not at all.
fn write(args: &Export, run_id: &str, runs: usize, exported: &Exported) -> Result<(), CliError> {
    let into_file = args.output.extension().is_some_and(|e| e == "json");
    if into_file && (runs > 1 || exported.documents.len() > 1) {
        let what =
            if runs > 1 { format!("{runs} runs") } else { format!("the files of `{run_id}`") };
        return Err(CliError::usage(format!("{what} do not go into one file"))
            .hint("name a folder with -o, or choose a run with --run"));
    }
    for (name, document) in &exported.documents {
        let path = if into_file {
            args.output.clone()
        } else {
            args.output.join(Store::file_name(run_id)).join(Path::new(name))
        };
        let text = serde_json::to_string_pretty(document).unwrap_or_default() + "\n";
        OutputFile::begin(&path, args.force)?.publish(text.as_bytes())?;
    }
    Ok(())
}
