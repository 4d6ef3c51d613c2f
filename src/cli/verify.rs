//! `ramptrace verify`: published numbers checked against the traces, and output folders against their receipts.

use super::CliError;
use super::output::{Output, TableFormat};
use super::receipts;
use crate::analysis::claims::{
    Claim, ClaimResult, ClaimValue, ClaimsFile, Comparison, Verdict, verify,
};
use crate::analysis::{Accounts, Basis};
use crate::ledger::{Books, PriceBook};
use crate::report::{Align, Column, Kind, Table, Value};
use crate::rollup::{Frame, roll_up};
use crate::trace::Store;
use clap::Args;
use std::path::{Path, PathBuf};

/// Values of a list that people are shown.
const LISTED: usize = 4;

/// Check published numbers against traces, or an output folder against its receipts
#[derive(Debug, Args)]
#[command(
    after_help = "A claims file says what was published and how it is computed (schemas/claims.schema.json).\n\n\
    VERDICTS:\n  \
    agrees        the traces give the published value\n  \
    rounding      only rounded inputs give it\n  \
    disagrees     they give another value\n  \
    not_testable  these traces cannot say\n  \
    error         the claim itself is wrong\n\n\
    The exit code is 1 when a claim with must = true does not agree, or a claim is wrong.\n\n\
    EXAMPLES:\n  \
    ramptrace verify --claims sample-traces/ramp-2605.27492/claims.toml sample-traces\n  \
    ramptrace verify --claims paper.toml store --format json\n  \
    ramptrace verify out    what was edited in out, what went into it and is another now, what comes out otherwise"
)]
pub(super) struct Verify {
    /// With --claims a trace, a folder of traces, or a glob; else an output folder of analyze or score
    path: PathBuf,
    /// Published numbers (TOML) to be recomputed from the traces
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

pub(super) fn run(args: &Verify, output: &mut Output) -> Result<(), CliError> {
    let Some(claims) = &args.claims else {
        return receipts::verify(&args.path, args.format, output);
    };
    let file = ClaimsFile::load(claims)?;
    let results = results(&file, &args.path)?;
    let people = !matches!(args.format, TableFormat::Json | TableFormat::Csv);
    let table = if people { summary(&file, &results)? } else { full(&results)? };
    output.table(&table, args.format, 1)?;
    fail(&results, output)
}

/// Every claim of a file, recomputed from a store.
pub(super) fn results(file: &ClaimsFile, path: &Path) -> Result<Vec<ClaimResult>, CliError> {
    let files = Store::open(path)?.files();
    let mut rollup = roll_up(&files)?;
    if file.basis != Basis::Reported {
        let books = Books::stack(vec![PriceBook::builtin()?])?;
        let accounts = Accounts::read(&files, &Frame::of(&rollup.runs), books)?;
        rollup = accounts.repriced(&rollup, file.basis)?;
    }
    Ok(verify(file, &rollup, &files)?)
}

/// Says what is wrong, and fails if a claim is in error or must agree and does not.
fn fail(results: &[ClaimResult], output: &mut Output) -> Result<(), CliError> {
    let wrong = results.iter().filter(|r| r.verdict == Verdict::Error);
    for result in wrong.clone() {
        output.error(&CliError::data(result.explanation.clone()));
    }
    let failed: Vec<&str> = results
        .iter()
        .filter(|r| r.fails() && r.verdict != Verdict::Error)
        .map(|r| r.id.as_str())
        .collect();
    if let Some(first) = failed.first() {
        let what = if failed.len() == 1 { "claim" } else { "claims" };
        let problem =
            format!("{} {what} that must agree did not: {}", failed.len(), failed.join(", "));
        return Err(CliError::data(problem)
            .hint(format!("--format json has the values of {first} in full")));
    }
    let wrong = wrong.count();
    if wrong > 0 {
        let what = if wrong == 1 { "claim is" } else { "claims are" };
        return Err(CliError::data(format!("{wrong} {what} wrong"))
            .hint("schemas/claims.schema.json has the keys, schemas/views.md the columns"));
    }
    Ok(())
}

/// What people want to see.
pub(super) fn summary(file: &ClaimsFile, results: &[ClaimResult]) -> Result<Table, CliError> {
    let text = |name: &str, label: &str| Column::new(name, label, Kind::Text);
    let columns = vec![
        text("id", "Claim"),
        text("source", "Src"),
        text("published", "Published").align(Align::Right),
        text("recomputed", "Recomputed").align(Align::Right),
        text("verdict", "Verdict"),
        text("explanation", "Why"),
    ];
    let mut table = Table::new("claims", format!("Claims of {}", file.name), columns)?;
    for result in results {
        let claim = result.claim.as_ref();
        let recomputed = result.recomputed.as_ref().zip(claim).map(|(v, c)| recomputed(v, c));
        table.push(vec![
            result.id.as_str().into(),
            claim.map(|c| c.source.as_str()).into(),
            claim.map(published).into(),
            recomputed.into(),
            result.verdict.name().into(),
            result.explanation.as_str().into(),
        ])?;
    }
    table.note(counts(results));
    table.note(format!("cost basis {}", file.basis));
    if !file.source.is_empty() {
        table.note(format!("published in {}", file.source));
    }
    for (letter, place) in &file.sources {
        table.note(format!("{letter}: {place}"));
    }
    Ok(table)
}

/// What programs want to see.
fn full(results: &[ClaimResult]) -> Result<Table, CliError> {
    let text = |name: &str| Column::new(name, name, Kind::Text);
    let any = |name: &str| Column::new(name, name, Kind::Any);
    let columns = vec![
        text("id"),
        text("quote"),
        text("source"),
        text("comparison"),
        any("published"),
        any("recomputed"),
        any("rounded"),
        Column::new("difference", "difference", Kind::Float),
        text("unit"),
        Column::new("runs", "runs", Kind::Int),
        Column::new("must", "must", Kind::Bool),
        text("verdict"),
        text("explanation"),
        text("note"),
    ];
    let mut table = Table::new("claims", "", columns)?;
    for result in results {
        let claim = result.claim.as_ref();
        let of = |part: fn(&Claim) -> &String| claim.map(|c| part(c).as_str()).into();
        let comparison = claim.map(|c| match c.comparison {
            Comparison::Equal => "=",
            other => other.sign().trim(),
        });
        table.push(vec![
            result.id.as_str().into(),
            of(|c| &c.quote),
            of(|c| &c.source),
            comparison.into(),
            cell(claim.map(|c| &c.published)),
            cell(result.recomputed.as_ref()),
            cell(result.rounded.as_ref()),
            result.difference.into(),
            of(|c| &c.unit),
            result.runs.map_or(Value::Null, Value::from),
            claim.map_or(Value::Null, |c| c.must.into()),
            result.verdict.name().into(),
            result.explanation.as_str().into(),
            of(|c| &c.note),
        ])?;
    }
    Ok(table)
}

/// A value in full; a list as text.
fn cell(value: Option<&ClaimValue>) -> Value {
    match value {
        None | Some(ClaimValue::Unknown) => Value::Null,
        Some(ClaimValue::Number(number)) => (*number).into(),
        Some(ClaimValue::Flag(flag)) => (*flag).into(),
        Some(other) => other.to_string().into(),
    }
}

fn published(claim: &Claim) -> String {
    let items = claim.published.items().iter().zip(&claim.tolerance);
    let items = items.map(|(value, tolerance)| match value.number() {
        Some(number) if tolerance.digits() > 0 => format!("{number:.*}", tolerance.digits()),
        _ => value.to_string(),
    });
    let value = format!("{}{}", claim.comparison.sign(), shortened(&items.collect::<Vec<_>>()));
    if claim.unit.is_empty() { value } else { format!("{value} {}", claim.unit) }
}

fn recomputed(value: &ClaimValue, claim: &Claim) -> String {
    let digits = digits(claim);
    let items: Vec<String> = value.items().iter().map(|v| v.shown(digits)).collect();
    shortened(&items)
}

/// The items of a list; of a long one the first and how many there are.
fn shortened(items: &[String]) -> String {
    let count = items.len();
    match items.get(..LISTED - 1) {
        Some(first) if count > LISTED => format!("{}, ... ({count})", first.join(", ")),
        _ => items.join(", "),
    }
}

fn digits(claim: &Claim) -> usize {
    claim.tolerance.iter().map(|t| t.digits()).max().unwrap_or(0)
}

/// `42 claims: 24 agree, 3 by rounding, ...`, in the order of the verdicts.
fn counts(results: &[ClaimResult]) -> String {
    let word = |verdict| match verdict {
        Verdict::Agrees => "agree",
        Verdict::Rounding => "by rounding",
        Verdict::Disagrees => "disagree",
        Verdict::NotTestable => "not testable",
        Verdict::Error => "in error",
    };
    let count = |verdict| results.iter().filter(|r| r.verdict == verdict).count();
    let found = Verdict::ALL.into_iter().filter(|v| count(*v) > 0);
    let counts: Vec<String> = found.map(|v| format!("{} {}", count(v), word(v))).collect();
    format!("{} claims: {}", results.len(), counts.join(", "))
}
