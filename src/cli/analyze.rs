//! `ramptrace analyze`: the main job, a store to tables and figures in one folder.

use super::CliError;
use super::analyze_failures::Failures;
use super::basis::BasisArgs;
use super::cost::{Study, spread};
use super::cost_tables as costs;
use super::output::{Output, TableFormat};
use super::price_tables as prices;
use super::receipts::Sources;
use super::replace::OutputFolder;
use super::scoring::fail_on_problems;
use super::tables;
use crate::analysis::{
    Basis, Cohort, Collapse, CostBridge, CostSpread, Frontier, ScoreAxis, ScoreMatrix, Side,
    StageLedger, TimeUse, time_use,
};
use crate::figures::{
    Sheet, Svg, draw_bridge, draw_collapse, draw_frontier, draw_matrix, draw_spread,
    draw_stage_ledger,
};
use crate::metrics::{Pack, Scores};
use crate::report::{Format, Options, Table, latex_commands, render};
use crate::rollup::{Frame, RUN_COLUMNS, STAGE_COLUMNS, roll_up};
use crate::stats::{Sample, max_over_min};
use crate::trace::Store;
use clap::Args;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Pixels per inch of PNG figures, over the 96 of an SVG.
const PNG_SCALE: f32 = 3.125;

/// Make tables and figures of a store
#[derive(Debug, Args)]
#[command(
    after_help = "OUT holds runs, stages, metrics, collapse, frontier, spread, cost, cost_groups, cost_shares,\n\
    cost_stages, implied_prices, time, survival, cascade, transitions, cascade_effects, failures, common_causes, process\n\
    and (where two runs can be compared) bridge as .csv, .json, .md and .tex,\n\
    numbers.tex with a command for every number that a paper quotes, figures/<workload>/*.svg and *.png,\n\
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
    /// Score at or above which a stage counts as passed
    #[arg(long, default_value_t = 60.0, value_name = "SCORE")]
    gate: f64,
    /// The metric pack: core, ramp, or a TOML file
    #[arg(long, default_value = "ramp", value_name = "PACK")]
    pack: String,
    /// Set a parameter of the pack: gate=100, or `stage_weight='[1, 2, 3]'`
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    basis: BasisArgs,
    /// Write into a folder that holds other files
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &Analyze, output: &mut Output) -> Result<(), CliError> {
    let made = make(args, &args.output, args.force)?;
    made.analysis.print(&made.study.scores, &made.study.runs, output)?;
    let count = |suffix: &str| made.written.iter().filter(|n| n.ends_with(suffix)).count();
    output.note(format!(
        "wrote {} tables and {} figures to {}",
        count(".csv"),
        count(".svg"),
        args.output.display()
    ));
    fail_on_problems(&made.study.scores.problems, output)
}

/// An output folder that was written.
pub(super) struct Made {
    analysis: Analysis,
    study: Study,
    /// Names of its files.
    written: Vec<String>,
}

/// Writes everything to a folder.
pub(super) fn make(args: &Analyze, target: &Path, force: bool) -> Result<Made, CliError> {
    if !(0.0..=100.0).contains(&args.gate) {
        return Err(CliError::usage(format!(
            "the gate {} is not a score from 0 to 100",
            args.gate
        )));
    }
    let mut pack = Pack::load(&args.pack)?;
    for assignment in &args.set {
        pack.set_text(assignment)?;
    }
    let store = Store::open(&args.store)?;
    let mut folder = OutputFolder::begin(target, force)?;
    let files = store.files();
    let rollup = roll_up(&files)?;
    let basis = args.basis.basis();
    let study = Study::of(&files, &rollup, &args.basis, &pack)?;
    let run_costs = study.accounts.by_run(basis);
    let cohorts: Vec<Cohort> =
        study.cohorts.iter().map(|c| c.clone().repriced(basis, &run_costs)).collect();
    let times = time_use(&files, &study.stages)?;
    let analysis = Analysis::of(&cohorts, args.gate, &study, basis, &times)?;

    let mut written_tables = analysis.tables(&study.scores, &study.runs, &study.stages)?;
    written_tables.push(costs::accounts_table(&study, basis, args.gate)?);
    let groupings = ["model", "agent", "workload"]
        .map(|by| spread(&study, by, basis))
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    written_tables.push(costs::groups_table(&groupings, basis)?);
    written_tables.push(costs::shares_table(&study, basis)?);
    written_tables.push(costs::stages_table(&study, basis)?);
    written_tables.push(prices::implied_table(&study.accounts)?);
    written_tables.push(costs::time_table(&study, &times)?);
    if !analysis.bridges.is_empty() {
        written_tables.push(costs::bridge_table(&analysis.bridges)?);
    }
    let failures = Failures::of(&files, &cohorts, args.gate, &study, basis)?;
    written_tables.extend(failures.tables(basis)?);
    for table in &written_tables {
        write_table(&mut folder, table)?;
    }
    let keyed: Vec<(&Table, usize)> =
        written_tables.iter().filter_map(|t| Some((t, key_columns(t.name())?))).collect();
    folder.write("numbers.tex", latex_commands(&keyed).as_bytes())?;
    let mut figures = analysis.figures()?;
    figures.extend(failures.figures()?);
    write_figures(&mut folder, &figures)?;
    let written = folder.names();
    let sources = Sources {
        store: &store,
        pack: &pack,
        selector: &args.pack,
        books: args.basis.books_given(),
        parameters: parameters(args),
    };
    folder.publish(sources.receipts()?, made_of)?;
    Ok(Made { analysis, study, written })
}

/// What an output is made of besides the traces.
fn made_of(name: &str) -> Vec<String> {
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
struct Analysis {
    collapses: Vec<Collapse>,
    frontiers: Vec<Frontier>,
    matrices: Vec<ScoreMatrix>,
    spreads: Vec<(CostSpread, Option<f64>)>,
    bridges: Vec<CostBridge>,
    ledgers: Vec<StageLedger>,
}

impl Analysis {
    fn of(
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

    fn tables(
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

    /// The figures with their names below the folder.
    fn figures(&self) -> Result<Vec<(String, Svg)>, CliError> {
        let mut figures = Vec::new();
        for c in &self.collapses {
            figures
                .push((figure_name(&c.workload, "collapse"), draw_collapse(c, Sheet::default())?));
        }
        for f in &self.frontiers {
            figures
                .push((figure_name(&f.workload, "frontier"), draw_frontier(f, Sheet::default())?));
        }
        for m in &self.matrices {
            figures.push((figure_name(&m.workload, "matrix"), draw_matrix(m, Sheet::default())?));
        }
        for (s, _) in &self.spreads {
            figures.push((figure_name(&s.workload, "spread"), draw_spread(s, Sheet::default())?));
        }
        for b in &self.bridges {
            figures.push((figure_name(&b.workload, "bridge"), draw_bridge(b, Sheet::default())?));
        }
        for l in &self.ledgers {
            figures.push((
                figure_name(&l.workload, "ledger"),
                draw_stage_ledger(l, Sheet::default())?,
            ));
        }
        Ok(figures)
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
pub(super) fn figure_name(workload: &str, figure: &str) -> String {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let folder: String = workload.chars().map(safe).take(80).collect();
    format!("figures/{}/{figure}", if folder.is_empty() { "_" } else { &folder })
}

/// Writes a table in every format that files have.
pub(super) fn write_table(folder: &mut OutputFolder, table: &Table) -> Result<(), CliError> {
    for format in [Format::Csv, Format::Json, Format::Markdown, Format::Latex] {
        let text = render(table, format, &Options::default());
        folder.write(&format!("{}.{}", table.name(), format.extension()), text.as_bytes())?;
    }
    Ok(())
}

/// Writes figures as SVG and PNG.
pub(super) fn write_figures(
    folder: &mut OutputFolder,
    figures: &[(String, Svg)],
) -> Result<(), CliError> {
    let pngs: Vec<Vec<u8>> =
        figures.par_iter().map(|(_, svg)| svg.to_png(PNG_SCALE)).collect::<Result<_, _>>()?;
    for ((name, svg), png) in figures.iter().zip(pngs) {
        folder.write(&format!("{name}.svg"), svg.as_str().as_bytes())?;
        folder.write(&format!("{name}.png"), &png)?;
    }
    Ok(())
}

fn parameters(args: &Analyze) -> BTreeMap<String, String> {
    let parameters = [
        ("gate", args.gate.to_string()),
        ("cost_basis", args.basis.basis().name().to_owned()),
        ("interval", "Wilson 95 %".to_owned()),
        ("metric_pack", args.pack.clone()),
        ("metric_parameters", args.set.join(" ")),
    ];
    parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
