//! `ramptrace import`: logs of other tools to traces.
//!
//! Sources are read and encoded in parallel; traces get their names one by one, in the order of their sources, so that
//! the same input gives the same store whatever the threads did.

use super::CliError;
use super::import_store::{Sealed, StoreSink};
use super::output::{Output, TableFormat};
use super::progress::Progress;
use crate::import::{
    COVERAGE, Format, Found, Graded, Grades, ImportError, ImportReport, Job, find_sources, jobs,
};
use crate::report::{Column, Kind, Table};
use crate::trace::{KnownRun, Layout, Packing, Store, StoreLock, Written};
use clap::Args;
use rayon::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Warnings of one run that are printed; `--report` has all.
const PRINTED: usize = 20;

/// Turn logs of other tools into traces
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(after_help = after_help())]
pub(super) struct Import {
    /// Log files, folders of them, archives (.zip, .tar, .gz, .zst, .bz2, .xz) or quoted globs
    #[arg(required_unless_present = "formats", value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// The store to write to
    #[arg(short, long, value_name = "STORE", required_unless_present = "formats")]
    output: Option<PathBuf>,
    /// Say what each format carries, and import nothing
    #[arg(long, exclusive = true)]
    formats: bool,
    /// Give the store buckets, for very many runs; see `store compact`
    #[arg(long)]
    buckets: bool,
    /// Replace runs that are in the store with other contents
    #[arg(long)]
    force: bool,
    /// Refuse a run when a record of it cannot be read or is of an unknown kind
    #[arg(long)]
    strict: bool,
    /// Grades for runs whose log has none: CSV or JSON with run, stage and score, a report of the SWE-bench harness, or
    /// RUN=FILE with a CTRF or JUnit report of its tests (RUN/STAGE=FILE for a later stage)
    #[arg(long, value_name = "FILE")]
    scores: Vec<String>,
    /// The workload of all imported runs, in place of what their logs say
    #[arg(long, value_name = "NAME")]
    workload: Option<String>,
    /// Make the files as small as they get, at some megabytes of log per second
    #[arg(long)]
    small: bool,
    /// Write the full account of every run as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

fn after_help() -> String {
    let width = Format::ALL.iter().map(|f| f.name().len()).max().unwrap_or(0);
    let lines: Vec<String> =
        Format::ALL.iter().map(|f| format!("  {:width$}  {}", f.name(), f.what())).collect();
    format!(
        "FORMATS (recognised by content):\n{}\n\nEXAMPLES:\n  \
         ramptrace import runs/ -o store\n  \
         ramptrace import ~/.claude/projects -o store\n  \
         ramptrace import 'jobs/*.tar.gz' -o store --scores grades.csv --report account.json",
        lines.join("\n")
    )
}

pub(super) fn run(args: &Import, output: &mut Output) -> Result<(), CliError> {
    let Some(store) = args.output.as_deref().filter(|_| !args.formats) else {
        return output.table(&coverage()?, args.format, 1);
    };
    let mut grades = Grades::default();
    for file in &args.scores {
        grades.read(file)?;
    }
    let Found { sources, passed_over } = find_sources(&args.logs)?;
    let existed = store.exists();
    // While runs are replaced, nobody else may rewrite files of the store.
    let _lock = (args.force && existed).then(|| StoreLock::take(store)).transpose()?;
    let known = Store::open_or_empty(store)?.known_runs();
    let layout = if args.buckets { Layout::begin_buckets(store)? } else { Layout::of(store) };
    let jobs = jobs(sources);
    let progress = Progress::new(output, jobs.len(), "importing");
    let left = AtomicUsize::new(jobs.len());
    let sealed: Vec<Vec<Sealed>> = jobs
        .into_par_iter()
        .map(|job| {
            let idle = left.load(Ordering::Relaxed) < rayon::current_num_threads();
            let runs = match job {
                Ok(job) => seal(args, &layout, &job, &grades, idle),
                Err(error) => vec![Err(error.into())],
            };
            left.fetch_sub(1, Ordering::Relaxed);
            progress.step();
            runs
        })
        .collect();
    progress.finish();
    let outcome = publish(args, known, sealed.into_iter().flatten().collect());
    let told = tell(args, &outcome, &passed_over, &grades, output);
    if told.is_err() || !outcome.errors.is_empty() {
        Layout::prune(store);
        if !existed {
            // Only an empty folder can be removed this way.
            let _ = std::fs::remove_dir(store);
        }
    }
    told?;
    verdict(outcome, output)
}

/// Imports the runs of a log, unnamed; `idle` says that there are threads without a log.
fn seal(args: &Import, layout: &Layout, job: &Job, grades: &Grades, idle: bool) -> Vec<Sealed> {
    let packing = Packing::asked(args.small);
    let sink = StoreSink::new(layout, args.strict, args.workload.as_deref());
    let mut sink = sink.packed(packing).apart(idle);
    let mut graded = Graded::new(grades, &mut sink);
    let imported = job.import(&mut graded);
    let mut sealed = sink.sealed;
    if let Err(error) = imported {
        sealed.push(Err(error.into()));
    }
    sealed
}

/// What became of all runs.
#[derive(Default)]
struct Outcome {
    done: Vec<(ImportReport, Written)>,
    errors: Vec<CliError>,
}

fn publish(args: &Import, mut known: BTreeMap<String, KnownRun>, sealed: Vec<Sealed>) -> Outcome {
    let mut seen: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut outcome = Outcome::default();
    if args.force {
        let traces = sealed.iter().filter_map(|item| item.as_ref().ok());
        let traces = traces.map(|(report, sealed)| (report.run_id.as_str(), sealed));
        if let Err(error) = Store::make_room(&mut known, traces) {
            outcome.errors.push(error.into());
            return outcome;
        }
    }
    for item in sealed {
        let result = item.and_then(|(report, sealed)| {
            if let Some(first) = seen.insert(report.run_id.clone(), report.source.clone()) {
                let run_id = report.run_id.clone();
                return Err(ImportError::Duplicate { run_id, first, second: report.source }.into());
            }
            let written = Store::publish(sealed, &report.run_id, &known, args.force)?;
            Ok((report, written))
        });
        match result {
            Ok(run) => outcome.done.push(run),
            Err(error) => outcome.errors.push(error),
        }
    }
    outcome
}

/// Says what became of every record: warnings, the summary, and the full account where it is asked for.
fn tell(
    args: &Import,
    outcome: &Outcome,
    passed_over: &[PathBuf],
    grades: &Grades,
    output: &mut Output,
) -> Result<(), CliError> {
    for (report, _) in &outcome.done {
        let rejected = report
            .rejected
            .iter()
            .map(|r| format!("{}:{}: {}", r.path.display(), r.line, r.problem));
        let warnings = report.warnings.iter().map(|w| format!("{}: {w}", report.run_id));
        for said in [rejected.collect::<Vec<_>>(), warnings.collect()] {
            for line in said.iter().take(PRINTED) {
                output.warning(format_args!("{line}"));
            }
            if said.len() > PRINTED {
                output.warning(format_args!(
                    "{}: and {} more; --report FILE lists them",
                    report.run_id,
                    said.len() - PRINTED
                ));
            }
        }
    }
    for unused in grades.unused() {
        output.warning(format_args!("{unused}"));
    }
    if !outcome.done.is_empty() {
        output.table(&summary(&outcome.done, passed_over.len())?, args.format, 1)?;
    }
    match &args.report {
        Some(path) => write_account(path, outcome, passed_over),
        None => Ok(()),
    }
}

fn write_account(path: &Path, outcome: &Outcome, passed_over: &[PathBuf]) -> Result<(), CliError> {
    let mut total = ImportReport::default();
    for (report, _) in &outcome.done {
        total.add(report.clone());
    }
    let mut total = json!(total);
    if let Some(total) = total.as_object_mut() {
        // The lists stand with their runs.
        for name in ["run_id", "format", "source", "dup_of", "rejected", "warnings"] {
            total.shift_remove(name);
        }
    }
    let account = json!({
        "total": total,
        "runs": outcome.done.iter().map(|(report, _)| report).collect::<Vec<_>>(),
        "failed": outcome.errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "passed_over": passed_over,
    });
    let text = serde_json::to_string_pretty(&account).unwrap_or_default() + "\n";
    std::fs::write(path, text).map_err(|e| CliError::io("write", path, e))
}

fn verdict(mut outcome: Outcome, output: &mut Output) -> Result<(), CliError> {
    let total = outcome.done.len() + outcome.errors.len();
    match outcome.errors.len() {
        0 => Ok(()),
        1 if total == 1 => Err(outcome.errors.remove(0)),
        failed => {
            for error in &outcome.errors {
                output.error(error);
            }
            Err(CliError::data(format!(
                "{failed} of {total} runs were not imported; the others are in the store"
            )))
        }
    }
}

/// What each format carries.
fn coverage() -> Result<Table, CliError> {
    let names = [
        ("format", "Format"),
        ("calls", "One call is a"),
        ("tokens", "Tokens"),
        ("cost", "Cost"),
        ("times", "Times"),
        ("exit_codes", "Exit codes"),
        ("grades", "Grades"),
    ];
    let columns = names.map(|(name, label)| Column::new(name, label, Kind::Text));
    let mut table = Table::new("formats", "", columns.into())?;
    for c in COVERAGE {
        let cells = [c.format.name(), c.calls, c.tokens, c.cost, c.times, c.exit_codes, c.grades];
        table.push(cells.map(Into::into).into())?;
    }
    Ok(table)
}

fn summary(done: &[(ImportReport, Written)], passed_over: usize) -> Result<Table, CliError> {
    let count = |name: &str, label: &str| Column::new(name, label, Kind::Int);
    let mut table = Table::new(
        "imported",
        "",
        vec![
            Column::new("run_id", "Run", Kind::Text),
            Column::new("format", "Format", Kind::Text),
            count("records_read", "Records"),
            count("events_written", "Events"),
            count("merged", "Merged"),
            count("duplicates", "Duplicates"),
            count("skipped", "Skipped"),
            count("unknown", "Unknown"),
            count("rejected", "Rejected"),
            count("warnings", "Warnings"),
            Column::new("store", "Store", Kind::Text),
        ],
    )?;
    let mut total = ImportReport::default();
    for (report, written) in done {
        let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
        table.push(vec![
            report.run_id.as_str().into(),
            report.format.as_str().into(),
            report.records_read.into(),
            report.events_written.into(),
            sum(&report.merged).into(),
            sum(&report.duplicates).into(),
            sum(&report.skipped).into(),
            sum(&report.unknown).into(),
            (report.rejected_records + report.rejected_values).into(),
            (report.warnings.len() as u64).into(),
            match written {
                Written::New => "new",
                Written::Unchanged => "unchanged",
            }
            .into(),
        ])?;
        total.add(report.clone());
    }
    for (what, reasons) in [
        ("duplicate", total.duplicates),
        ("skipped", total.skipped),
        ("unknown kind", total.unknown),
    ] {
        for (reason, n) in reasons {
            table.note(format!("{what} {n}: {reason}"));
        }
    }
    if passed_over > 0 {
        let files =
            if passed_over == 1 { "1 file is" } else { &format!("{passed_over} files are") };
        table.note(format!("{files} no log of a known format"));
    }
    Ok(table)
}
