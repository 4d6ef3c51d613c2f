//! `ramptrace store redact`: the secrets in the traces of a store masked, and nothing else changed.
//!
//! Each file is rewritten beside its place and compared with the old one before it gets its name: columns that hold no mask
//! cell by cell, and the rollups, from which every metric is computed, row by row.

use super::CliError;
use super::output::{Output, TableFormat};
use super::progress::Progress;
use crate::capture::redact::{Findings, PseudonymKey, Redactor, Rewritten, rewrite, scan};
use crate::report::{Column, Kind, Table};
use crate::rollup::{Frame, roll_up};
use crate::trace::{COLUMNS, Store, StoreLock, Written, compare_files};
use clap::Args;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Mask the secrets in the traces of a store
#[derive(Debug, Args)]
#[command(after_help = "WHAT IS MASKED:\n  \
    values of environment variables that are called ...KEY, ...TOKEN, ...SECRET, ...PASSWORD and the like,\n  \
    in plain text, JSON, base64, URL encoding and hexadecimal; keys of providers and forges by their\n  \
    patterns; strings that look drawn at random; and what --rules FILE adds\n\n\
    A mask is [redacted:CATEGORY:PSEUDONYM]. Equal secrets have equal pseudonyms, and nobody without the\n\
    key can check a guess: keep the key, and do not publish it.\n\n\
    EXAMPLES:\n  \
    ramptrace store redact store --dry-run             what would be masked\n  \
    ramptrace store redact store -o public             a copy without secrets\n  \
    ramptrace store redact store --in-place            the store itself")]
pub(super) struct Redact {
    /// A folder of traces
    store: PathBuf,
    /// Write the masked traces into another store
    #[arg(short, long, value_name = "NEW", conflicts_with = "in_place")]
    output: Option<PathBuf>,
    /// Replace the traces of the store
    #[arg(long)]
    in_place: bool,
    /// Say what would be masked, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Rules for what else is secret (TOML)
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Key of the pseudonyms, made if there is none [default: STORE/.ramptrace/redaction.key]
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Replace traces of NEW that have other contents
    #[arg(long, requires = "output")]
    force: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

/// What was done with one trace file.
struct Done {
    rewritten: Rewritten,
    /// Rows of stages and of runs that were compared.
    compared: [usize; 2],
    replaced: bool,
}

pub(super) fn run(args: &Redact, output: &mut Output) -> Result<(), CliError> {
    check_places(args)?;
    // While files are replaced, nobody else may rewrite files of the store.
    let _lock = args.in_place.then(|| StoreLock::take(&args.store)).transpose()?;
    let files = Store::open(&args.store)?.files();
    let redactor = redactor(args)?;
    let progress = Progress::new(output, files.len(), "masking");
    let done: Vec<Result<Done, CliError>> = files
        .par_iter()
        .map(|file| {
            let done = redact(args, &redactor, file);
            progress.step();
            done
        })
        .collect();
    progress.finish();
    let done = done.into_iter().collect::<Result<Vec<Done>, CliError>>()?;
    report(args, &done, output)
}

/// Refuses what would lose traces or mix them up.
fn check_places(args: &Redact) -> Result<(), CliError> {
    if !args.store.is_dir() && args.store.exists() {
        let path = args.store.display();
        return Err(CliError::usage(format!(
            "{path} is a file: a store, which has the key of its pseudonyms, is a folder"
        ))
        .hint("name the folder that the trace is in"));
    }
    let Some(new) = &args.output else {
        if args.in_place || args.dry_run {
            return Ok(());
        }
        return Err(CliError::usage("where do the masked traces go?").hint(
            "-o NEW writes a copy of the store, --in-place replaces its traces, --dry-run only says what would be masked",
        ));
    };
    let place = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| place(path));
    if real(new).starts_with(real(&args.store)) {
        return Err(CliError::usage(format!("{} is in the store itself", new.display()))
            .hint("choose another folder with -o, or replace the traces with --in-place"));
    }
    Ok(())
}

fn redactor(args: &Redact) -> Result<Redactor, CliError> {
    let path = args.key_file.clone().unwrap_or_else(|| PseudonymKey::path_in(&args.store));
    let key = if args.dry_run {
        // Masks are counted and not kept: any key will do.
        PseudonymKey::read(&path)?.map_or_else(PseudonymKey::random, Ok)?
    } else {
        PseudonymKey::read_or_make(&path).map_err(|error| {
            CliError::from(error).hint("--key-file FILE keeps the key of the pseudonyms elsewhere")
        })?
    };
    Ok(Redactor::from_env(key, args.rules.as_deref())?)
}

/// Masks one file, where it is to go.
fn redact(args: &Redact, redactor: &Redactor, file: &Path) -> Result<Done, CliError> {
    if args.dry_run {
        return Ok(Done { rewritten: scan(redactor, file)?, compared: [0, 0], replaced: false });
    }
    let target = match &args.output {
        Some(new) => new.join(file.strip_prefix(&args.store).unwrap_or(file)),
        None => file.to_owned(),
    };
    let (rewritten, sealed) = rewrite(redactor, file, &target)?;
    let compared = compared(file, sealed.partial_path(), &rewritten.findings)?;
    // A file without secrets keeps its bytes.
    let replaced = (args.output.is_some() || !rewritten.findings.is_empty())
        && sealed.publish(args.in_place || args.force)? == Written::New;
    Ok(Done { rewritten, compared, replaced })
}

/// Compares a rewritten file with the one that it was made of: numbers of rows of its two rollups, when all is as it was.
fn compared(old: &Path, new: &Path, findings: &Findings) -> Result<[usize; 2], CliError> {
    let changed = |what: String| {
        CliError::data(format!(
            "{}: masking changed {what}; the trace stays as it was",
            old.display()
        ))
        .hint("this is a fault of ramptrace: please report it")
    };
    let difference = compare_files(old, new)?;
    if difference.rows[0] != difference.rows[1] {
        return Err(changed("the number of events".to_owned()));
    }
    let masked = findings.columns();
    if let Some(column) = difference.columns.keys().find(|column| !masked.contains(*column)) {
        return Err(changed(format!("column `{column}`")));
    }
    let (before, after) = (roll_up(&[old.to_owned()])?, roll_up(&[new.to_owned()])?);
    let views = [(&before.stages, &after.stages, "stages"), (&before.runs, &after.runs, "runs")];
    for (a, b, name) in views {
        if Frame::of(a) != Frame::of(b) {
            return Err(changed(format!("the rollup of {name}")));
        }
    }
    Ok([before.stages.height(), before.runs.height()])
}

fn report(args: &Redact, done: &[Done], output: &mut Output) -> Result<(), CliError> {
    let (mut findings, mut left) = (Findings::default(), Findings::default());
    for file in done {
        findings.merge(&file.rewritten.findings);
        left.merge(&file.rewritten.left);
    }
    let mut table = Table::new(
        "redaction",
        "",
        vec![
            Column::new("category", "Category", Kind::Text),
            Column::new("column", "Column", Kind::Text),
            Column::new("masks", "Masks", Kind::Int),
        ],
    )?;
    let mut rows: Vec<(&str, &str, u64)> =
        findings.iter().map(|(column, category, count)| (category, column, count)).collect();
    rows.sort_unstable();
    for (category, column, count) in rows {
        table.push(vec![category.into(), column.into(), count.into()])?;
    }
    if !findings.is_empty() || args.format != TableFormat::Text {
        output.table(&table, args.format, 2)?;
    }
    say(args, done, &findings, output);
    if left.is_empty() {
        return Ok(());
    }
    let columns: Vec<&str> = left.columns().into_iter().collect();
    Err(CliError::data(format!(
        "secrets stand in the facts of runs ({}), which name files and stay as they are",
        columns.join(", ")
    ))
    .hint("import these runs again under other names"))
}

/// Says what was done, and what was looked at to be sure that nothing else was.
fn say(args: &Redact, done: &[Done], findings: &Findings, output: &mut Output) {
    let events: u64 = done.iter().map(|d| d.rewritten.events).sum();
    let masked: u64 = done.iter().map(|d| d.rewritten.masked_events).sum();
    let (masks, files) = (findings.total(), done.len());
    if args.dry_run {
        let what = if masks == 0 { "nothing".to_owned() } else { format!("{masks} secrets") };
        output.note(format!(
            "{what} to mask in {masked} of {events} events in {files} traces; nothing was written"
        ));
        return;
    }
    let replaced = done.iter().filter(|d| d.replaced).count();
    output.note(format!("{masks} secrets masked in {masked} of {events} events; {replaced} of {files} traces written"));
    let columns = COLUMNS.len() - findings.columns().len();
    let [stages, runs] = [0, 1].map(|i| done.iter().map(|d| d.compared[i]).sum::<usize>());
    output.note(format!(
        "compared and unchanged: {columns} columns of every event, every number among them, {stages} stage rows, {runs} run rows"
    ));
}
