//! `ramptrace report`: a store as one HTML page that needs nothing else.

use super::CliError;
use super::check;
use super::output::Output;
use super::replace::OutputFile;
use super::report_runs::run_sections;
use super::scoring::fail_on_problems;
use super::store::warn_of_rollup;
use super::verify;
use super::workup::{Asked, Subject, Workup};
use crate::analysis::claims::ClaimsFile;
use crate::analysis::findings::{CohortResults, Finding, findings};
use crate::analysis::{Collapse, CostFactors};
use crate::figures::{Sheet, Theme};
use crate::report::html::{EventBlock, Page, PageFigure, Warnings, html};
use crate::report::{Plate, PlateError, Plotted, Table};
use clap::Args;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Make one HTML page of a store, for any browser and without a network
#[derive(Debug, Args)]
#[command(
    after_help = "The page holds the findings with their intervals, every figure and table of `analyze`, every run down to its events,\n\
    published claims if asked, warnings, and receipts. It loads nothing, prints, and reads without JavaScript, the\n\
    events aside. Texts of events are cut to 160 characters, and what looks like a secret is masked.\n\n\
    EXAMPLES:\n  \
    ramptrace report sample-traces -o report.html\n  \
    ramptrace report store -o report.html --gate 100 --cost list\n  \
    ramptrace report sample-traces -o report.html --claims sample-traces/ramp-2605.27492/claims.toml\n  \
    ramptrace report store -o - --no-events | gzip > report.html.gz"
)]
pub(super) struct Report {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    /// The page to write; - is stdout
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    asked: Asked,
    /// Published numbers (TOML) to be recomputed from the traces
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// Leave the events of runs out
    #[arg(long)]
    no_events: bool,
    /// Replace the page if it is there
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Report, output: &mut Output) -> Result<(), CliError> {
    let subject = Subject::open(&args.store, &args.asked)?;
    let claims = args.claims.as_deref().map(ClaimsFile::load).transpose()?;
    let file = match args.output.as_os_str().to_str() {
        Some("-") => None,
        _ => Some(OutputFile::begin(&args.output, args.force)?),
    };
    warn_of_rollup(&subject.store, output);
    let workup = Workup::of(subject, &args.asked)?;
    let page = page(args, &workup, claims.as_ref())?;
    let text = html(&page)?;
    match file {
        None => output.data(&text)?,
        Some(file) => {
            file.publish(text.as_bytes())?;
            output.note(summary(&page, &args.output, text.len()));
        }
    }
    fail_on_problems(&workup.study.scores.problems, output)
}

fn page(args: &Report, workup: &Workup, claims: Option<&ClaimsFile>) -> Result<Page, CliError> {
    let claims = match claims {
        Some(file) => Some(verify::summary(file, &verify::results(file, &args.store)?)?),
        None => None,
    };
    let workloads: Vec<&str> = workup.cohorts.iter().map(|c| c.workload.as_str()).collect();
    Ok(Page {
        title: format!("Runs of {}", workloads.join(", ")),
        facts: facts(workup),
        findings: all_told(workup)?,
        figures: figures(workup)?,
        tables: workup.tables()?,
        runs: run_sections(workup, !args.no_events && !workup.subject.store.is_rollup())?,
        claims,
        warnings: warnings(workup)?,
        receipts: workup.sources(&args.asked).receipts()?,
    })
}

/// What the page is about.
fn facts(workup: &Workup) -> Vec<(String, String)> {
    let runs = || workup.cohorts.iter().flat_map(|c| &c.runs);
    let models: BTreeSet<&str> = runs().map(|r| r.model.as_str()).collect();
    let facts = [
        ("Runs", runs().count().to_string()),
        ("Models", models.len().to_string()),
        ("Workloads", workup.cohorts.len().to_string()),
        ("Gate", format!("{} points", workup.gate)),
        ("Cost basis", workup.basis.name().to_owned()),
        ("Metric pack", workup.subject.pack.label.clone()),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The findings of every cohort.
fn all_told(workup: &Workup) -> Result<Vec<Finding>, CliError> {
    let told: Vec<Vec<Finding>> =
        (0..workup.cohorts.len()).map(|cohort| told(workup, cohort)).collect::<Result<_, _>>()?;
    Ok(told.concat())
}

/// The findings of a cohort.
fn told(workup: &Workup, cohort: usize) -> Result<Vec<Finding>, CliError> {
    let (analysis, failures) = (workup.analysis()?, workup.failures()?);
    let found = (
        workup.cohorts.get(cohort),
        analysis.spreads.get(cohort),
        analysis.frontiers.get(cohort),
        failures.cascades.get(cohort),
    );
    let (Some(cohort), Some((spread, _)), Some(frontier), Some(cascade)) = found else {
        return Ok(Vec::new());
    };
    let factors: Vec<CostFactors> =
        workup.study.factors(&cohort.workload, workup.basis).into_iter().map(|(_, f)| f).collect();
    Ok(findings(&CohortResults {
        cohort,
        gate: workup.gate,
        collapse: analysis.collapses.iter().find(|c: &&Collapse| c.workload == cohort.workload),
        spread,
        factors: &factors,
        frontier,
        cascade,
        attributed: &failures.attributed,
        shared: &failures.shared,
        costs: &workup.study.accounts.by_run(workup.basis),
    }))
}

/// Figures of one name and workload that a page has room for.
const MOST_PARTS: usize = 6;

/// Every figure, workload by workload; of those that come once per run, the first few.
fn figures(workup: &Workup) -> Result<Vec<PageFigure>, CliError> {
    let mut plates = workup.plates()?;
    let mut drawn_of: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
    plates.retain(|plate| {
        let drawn = drawn_of.entry((plate.figure(), plate.workload().to_owned())).or_default();
        *drawn += 1;
        *drawn <= MOST_PARTS
    });
    let draw = |plate: &dyn Plotted, theme| Plate::of(plate, Sheet { theme, ..Sheet::default() });
    let drawn: Vec<(Plate, Plate)> = plates
        .par_iter()
        .map(|plate| {
            Ok((draw(plate.as_ref(), Theme::Paper)?, draw(plate.as_ref(), Theme::Screen)?))
        })
        .collect::<Result<_, PlateError>>()?;
    let mut figures: Vec<PageFigure> = Vec::new();
    for cohort in &workup.cohorts {
        let of_cohort = drawn.iter().filter(|(plate, _)| plate.workload == cohort.workload);
        figures.extend(of_cohort.map(|(plate, dark)| PageFigure {
            name: plate.figure.to_owned(),
            workload: plate.workload.clone(),
            part: plate.part.clone(),
            title: plate.words.title.clone(),
            caption: plate.words.caption.clone(),
            alt: plate.words.alt.clone(),
            svg: plate.svg.clone(),
            dark: Some(dark.svg.clone()),
        }));
    }
    Ok(figures)
}

fn warnings(workup: &Workup) -> Result<Warnings, CliError> {
    let costs = workup.study.accounts.by_run(workup.basis);
    let mut sentences = Vec::new();
    for cohort in &workup.cohorts {
        let unknown: Vec<String> = cohort
            .runs
            .iter()
            .filter_map(|run| Some((run, costs.get(&run.run_id).filter(|c| c.cost_usd.is_none())?)))
            .map(|(run, cost)| match &cost.missing {
                Some(reason) => format!("{} ({reason})", run.label),
                None => run.label.clone(),
            })
            .collect();
        if !unknown.is_empty() {
            sentences.push(format!(
                "{}: the cost of {} of {} runs is unknown on the basis {}: {}.",
                cohort.workload,
                unknown.len(),
                cohort.runs.len(),
                workup.basis,
                unknown.join(", ")
            ));
        }
    }
    if workup.cohorts.iter().any(|cohort| cohort.runs.len() > MOST_PARTS) {
        sentences.push(format!(
            "Figures of single runs are here for at most {MOST_PARTS} runs of a workload; `ramptrace figure context` and \
             `ramptrace figure timeline` draw the others."
        ));
    }
    let problems = workup.study.scores.problems.iter();
    sentences.extend(problems.map(|p| format!("The metric pack has a problem: {p}.")));
    if workup.subject.store.is_rollup() {
        sentences.push(
            "This page was made of a rollup, without events: accounts were not checked.".to_owned(),
        );
        return Ok(Warnings { sentences, table: None });
    }
    let table = check::warnings(&workup.subject.store, "Accounts that cannot be right")?;
    Ok(Warnings { sentences, table: Some(table).filter(|t| !t.rows().is_empty()) })
}

/// What was written.
fn summary(page: &Page, path: &Path, bytes: usize) -> String {
    let rows: usize = page.tables.iter().map(Table::rows).map(<[_]>::len).sum();
    let events: usize =
        page.runs.iter().filter_map(|r| r.events.as_ref()).map(EventBlock::len).sum();
    format!(
        "wrote {}: {} findings, {} figures, {} tables with {rows} rows, {} runs with {events} events, {} kB",
        path.display(),
        page.findings.len(),
        page.figures.len(),
        page.tables.len(),
        page.runs.len(),
        bytes.div_ceil(1000)
    )
}
