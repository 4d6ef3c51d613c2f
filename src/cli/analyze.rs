//! `ramptrace analyze`: the main job, a store to tables and figures in one folder.

use super::CliError;
use super::cost::Study;
use super::output::{Output, TableFormat};
use super::recover::warn_of_leftovers;
use super::replace::OutputFolder;
use super::scoring::fail_on_problems;
use super::sheet::SheetArgs;
use super::store::warn_of_rollup;
use super::tables;
use super::workup::{Asked, Subject, Workup};
use crate::analysis::{
    Basis, Cohort, Collapse, CostBridge, CostSpread, Frontier, ScoreAxis, ScoreMatrix, Side,
    StageLedger, TimeUse,
};
use crate::figures::Sheet;
use crate::metrics::Scores;
use crate::report::{Format, Options, Plate, Plotted, Table, latex_commands, render};
use crate::rollup::{Frame, RUN_COLUMNS, STAGE_COLUMNS};
use crate::stats::{Sample, max_over_min};
use clap::Args;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Pixels per inch of PNG figures, over the 96 of an SVG.
pub(super) const PNG_SCALE: f32 = 3.125;

/// Make tables and figures of a store
#[derive(Debug, Args)]
#[command(
    after_help = "OUT holds runs, stages, metrics, collapse, frontier, spread, cost, cost_groups, cost_shares,\n\
    cost_stages, implied_prices, time, survival, cascade, transitions, cascade_effects, failures, common_causes, process\n\
    and (where two runs can be compared) bridge as .csv, .json, .md and .tex,\n\
    numbers.tex with a command for every number that a paper quotes, figures/<workload>/ with every figure of\n\
    `ramptrace figure --list` as .svg, .pdf and .png, its numbers (.csv) and its caption (.md and .tex),\n\
    and receipts.json with the hashes of everything that went in and came out; `ramptrace verify OUT` checks them.\n\n\
    EXAMPLES:\n  \
    ramptrace analyze sample-traces -o out\n  \
    ramptrace analyze store -o strict --gate 100\n  \
    ramptrace analyze store -o mine --pack my-metrics.toml"
)]
pub(super) struct Analyze {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    /// The folder to write; made again if ramptrace made it before
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    asked: Asked,
    #[command(flatten)]
    sheet: SheetArgs,
    /// Write into a folder that holds other files
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Analyze, output: &mut Output) -> Result<(), CliError> {
    warn_of_leftovers(&args.store, output);
    let (workup, written) = make(args, &args.output, args.force)?;
    warn_of_rollup(&workup.subject.store, output);
    let study = &workup.study;
    workup.analysis()?.print(&study.scores, &study.runs, output)?;
    output.note(format!(
        "wrote {} tables and {} figures to {}",
        written.tables,
        written.figures,
        args.output.display()
    ));
    fail_on_problems(&study.scores.problems, output)
}

/// What was written.
pub(super) struct Counts {
    tables: usize,
    figures: usize,
}

/// Writes everything to a folder.
pub(super) fn make(
    args: &Analyze,
    target: &Path,
    force: bool,
) -> Result<(Workup, Counts), CliError> {
    let subject = Subject::open(&args.store, &args.asked)?;
    let mut folder = OutputFolder::begin(target, force)?;
    let workup = Workup::of(subject, &args.asked)?;
    let tables = workup.tables()?;
    for table in &tables {
        write_table(&mut folder, table)?;
    }
    let keyed: Vec<(&Table, usize)> =
        tables.iter().filter_map(|t| Some((t, key_columns(t.name())?))).collect();
    folder.write("numbers.tex", latex_commands(&keyed).as_bytes())?;
    let figures = write_plates(&mut folder, &workup.plates()?, args.sheet.sheet())?;
    folder.publish(workup.sources(&args.asked).receipts()?, made_of)?;
    Ok((workup, Counts { tables: tables.len(), figures }))
}

/// What an output is made of besides the traces.
pub(super) fn made_of(name: &str) -> Vec<String> {
    let stem = name.rsplit('/').next().unwrap_or(name);
    let stem = stem.split('.').next().unwrap_or(stem);
    let parts: &[&str] = match stem {
        "metrics" | "numbers" => &["metrics"],
        "frontier" => &["metrics", "price books"],
        "cost" | "cost_groups" | "cost_shares" | "cost_stages" | "implied_prices" | "bridge"
        | "spread" | "ledger" | "cascade" => &["price books"],
        "failures" | "incidence" | "common_causes" | "process" => &["failure rules"],
        _ => &[],
    };
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// The tables whose numbers papers quote, with the number of their key columns.
fn key_columns(table: &str) -> Option<usize> {
    match table {
        "metrics" => Some(3),
        "collapse" | "cascade_effects" | "spread" => Some(2),
        _ => None,
    }
}

/// Everything that is computed per cohort.
pub(super) struct Analysis {
    pub(super) collapses: Vec<Collapse>,
    pub(super) frontiers: Vec<Frontier>,
    pub(super) matrices: Vec<ScoreMatrix>,
    /// With the largest over the smallest time.
    pub(super) spreads: Vec<(CostSpread, Option<f64>)>,
    pub(super) bridges: Vec<CostBridge>,
    pub(super) ledgers: Vec<StageLedger>,
}

impl Analysis {
    pub(super) fn of(
        cohorts: &[Cohort],
        gate: f64,
        study: &Study,
        basis: Basis,
        times: &BTreeMap<String, TimeUse>,
    ) -> Result<Self, CliError> {
        let spread = |cohort: &Cohort| -> Result<(CostSpread, Option<f64>), CliError> {
            let bad = |e: crate::stats::SampleError| {
                CliError::data(format!("costs or times of workload `{}`: {e}", cohort.workload))
            };
            let times: Vec<f64> = cohort.runs.iter().filter_map(|r| r.elapsed_s).collect();
            let time = Sample::new(&times).and_then(|s| max_over_min(&s)).map_err(bad)?;
            Ok((CostSpread::of(cohort).map_err(bad)?, time))
        };
        let axis = ScoreAxis::of(&study.scores)?;
        Ok(Self {
            collapses: cohorts.iter().filter_map(|c| Collapse::of(c, gate)).collect(),
            frontiers: cohorts.iter().map(|c| Frontier::of(c, axis.as_ref())).collect(),
            matrices: cohorts.iter().map(|c| ScoreMatrix::of(c, gate)).collect(),
            spreads: cohorts.iter().map(spread).collect::<Result<_, _>>()?,
            bridges: cohorts.iter().filter_map(|c| bridge(c, study, basis)).collect(),
            // A coarse cohort has neither stage costs nor times to draw.
            ledgers: cohorts
                .iter()
                .map(|c| ledger(c, study, basis, times))
                .filter(|l| {
                    l.rows
                        .iter()
                        .any(|r| r.time.is_some() || r.stage_usd.iter().any(Option::is_some))
                })
                .collect(),
        })
    }

    pub(super) fn tables(
        &self,
        scores: &Scores,
        runs: &Frame,
        stages: &Frame,
    ) -> Result<Vec<Table>, CliError> {
        Ok(vec![
            tables::view_table("runs", "Runs", runs, RUN_COLUMNS, None)?,
            tables::view_table("stages", "Stages", stages, STAGE_COLUMNS, None)?,
            tables::metric_table(scores)?,
            tables::collapse_table(&self.collapses)?,
            tables::frontier_table(&self.frontiers)?,
            tables::spread_table(&self.spreads)?,
        ])
    }

    /// The tables a reader wants to see at once.
    fn print(&self, scores: &Scores, runs: &Frame, output: &mut Output) -> Result<(), CliError> {
        let wanted = [
            "model",
            "workload",
            "llm_calls",
            "total_tokens",
            "cost_usd",
            "elapsed_s",
            "termination",
        ];
        let mut overview = tables::view_table("runs", "Runs", runs, RUN_COLUMNS, Some(&wanted))?;
        overview.note("cost: as reported");
        let shown = [
            overview,
            tables::metric_summary(scores)?,
            tables::collapse_table(&self.collapses)?,
            tables::spread_table(&self.spreads)?,
        ];
        output.tables(&shown, TableFormat::Text, 2)
    }
}

/// Why the dearest run of a cohort costs more than the cheapest, of those whose factors are known; `None` below two.
fn bridge(cohort: &Cohort, study: &Study, basis: Basis) -> Option<CostBridge> {
    let mut runs = study.factors(&cohort.workload, basis);
    let cost = |run: &(usize, crate::analysis::CostFactors)| run.1.values().iter().product::<f64>();
    runs.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.0.cmp(&b.0)));
    let label = |i: usize| {
        let id = &study.accounts.runs.get(i)?.run_id;
        cohort.runs.iter().find(|r| r.run_id == *id).map(|r| r.label.clone())
    };
    let side = |run: &(usize, crate::analysis::CostFactors)| {
        Some(Side { label: label(run.0)?, runs: vec![run.1.clone()] })
    };
    let [cheapest, .., dearest] = runs.as_slice() else { return None };
    CostBridge::between(&cohort.workload, basis.name(), &side(cheapest)?, &side(dearest)?).ok()
}

fn ledger(
    cohort: &Cohort,
    study: &Study,
    basis: Basis,
    times: &BTreeMap<String, TimeUse>,
) -> StageLedger {
    let accounts = &study.accounts;
    let runs: Vec<_> = accounts
        .runs
        .iter()
        .zip(accounts.costs(basis))
        .filter(|(r, _)| r.workload == cohort.workload)
        .collect();
    let labels = cohort.runs.iter().map(|r| (r.run_id.clone(), r.label.clone())).collect();
    StageLedger::of(&cohort.workload, basis.name(), &runs, &labels, times)
}

/// A workload is a folder of its own; characters that file systems dislike become `_`.
pub(super) fn figure_folder(workload: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let folder: String = workload.chars().map(safe).take(80).collect();
    format!("figures/{}", if folder.is_empty() { "_" } else { &folder })
}

/// Writes a table in every format that files have.
pub(super) fn write_table(folder: &mut OutputFolder, table: &Table) -> Result<(), CliError> {
    for format in [Format::Csv, Format::Json, Format::Markdown, Format::Latex] {
        let text = render(table, format, &Options::default());
        folder.write(&format!("{}.{}", table.name(), format.extension()), text.as_bytes())?;
    }
    Ok(())
}

/// Draws figures and writes each as SVG, PDF and PNG, with its numbers and its caption beside it; the number of figures.
pub(super) fn write_plates(
    folder: &mut OutputFolder,
    plates: &[Box<dyn Plotted>],
    sheet: Sheet,
) -> Result<usize, CliError> {
    let drawn: Vec<Drawn> = plates
        .par_iter()
        .map(|plate| Drawn::of(plate.as_ref(), sheet))
        .collect::<Result<_, _>>()?;
    let mut taken = BTreeSet::new();
    for Drawn { plate, png, pdf } in &drawn {
        let stem = format!("{}/{}", figure_folder(&plate.workload), plate.stem());
        // Two parts may become one name: they are told apart by number.
        let numbered = (2..).map(|n| format!("{stem}-{n}"));
        let mut names = std::iter::once(stem.clone()).chain(numbered);
        let Some(name) = names.find(|name| taken.insert(name.clone())) else { continue };
        folder.write(&format!("{name}.svg"), plate.svg.as_str().as_bytes())?;
        folder.write(&format!("{name}.png"), png)?;
        folder.write(&format!("{name}.pdf"), pdf)?;
        folder.write(&format!("{name}.csv"), plate.csv().as_bytes())?;
        let file = name.rsplit('/').next().unwrap_or(&name);
        folder.write(&format!("{name}.md"), plate.markdown(&format!("{file}.svg")).as_bytes())?;
        folder.write(&format!("{name}.tex"), plate.latex(&format!("{name}.pdf")).as_bytes())?;
    }
    Ok(drawn.len())
}

/// A figure in every format of pictures.
struct Drawn {
    plate: Plate,
    png: Vec<u8>,
    pdf: Vec<u8>,
}

impl Drawn {
    fn of(data: &dyn Plotted, sheet: Sheet) -> Result<Self, CliError> {
        let plate = Plate::of(data, sheet)?;
        Ok(Self { png: plate.svg.to_png(PNG_SCALE)?, pdf: plate.svg.to_pdf()?, plate })
    }
}
