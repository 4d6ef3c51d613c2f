//! `ramptrace cost`: what runs cost, and why.

use super::CliError;
use super::basis::BasisArgs;
use super::cost_tables as tables;
use super::output::{Output, TableFormat};
use super::price_tables as prices;
use super::store::warn_of_rollup;
use crate::analysis::{
    Accounts, Basis, Cohort, CostBridge, CostFactors, RunCost, Side, attribution_sensitivity,
    cohorts, group_spreads, time_use,
};
use crate::metrics::{Pack, Scores, evaluate};
use crate::report::Table;
use crate::rollup::{Frame, Rollup, Scalar, roll_up};
use crate::trace::Store;
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Show what runs cost, and why
#[derive(Debug, Args)]
#[command(
    after_help = "Without an option: the accounts of every run, the spread by group, and what carries it.\n\n\
    EXAMPLES:\n  \
    ramptrace cost store --by agent\n  \
    ramptrace cost store --cost neutral\n  \
    ramptrace cost store --bridge qwen3-coder-flash claude-opus-4-7\n  \
    ramptrace cost store --implied\n  \
    ramptrace cost store --cost list --reprice my-prices.toml\n\n\
    schemas/price-book.schema.json describes price books."
)]
pub(super) struct Cost {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    #[command(flatten)]
    basis: BasisArgs,
    /// Column of the view runs that makes the groups of the spread
    #[arg(long, default_value = "model", value_name = "COLUMN")]
    by: String,
    /// Why B costs more than A: run ids (or unique parts), models, or `cohort` for all runs of a workload
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    bridge: Option<Vec<String>>,
    /// Prices that the logged costs imply, beside those of the book
    #[arg(long)]
    implied: bool,
    /// Cost of every stage
    #[arg(long)]
    stages: bool,
    /// What runs would cost at another cache hit rate (0 to 1), at list prices
    #[arg(long, value_name = "RATE")]
    hit_rate: Option<f64>,
    /// Score at or above which a stage counts as passed
    #[arg(long, default_value_t = 60.0, value_name = "SCORE")]
    gate: f64,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

/// A store with everything the tables need.
pub(super) struct Study {
    pub(super) accounts: Accounts,
    pub(super) cohorts: Vec<Cohort>,
    pub(super) scores: Scores,
    pub(super) runs: Frame,
    pub(super) stages: Frame,
    /// Share of each run's cost that another rule gives to other stages.
    pub(super) sensitivity: BTreeMap<String, f64>,
}

impl Study {
    pub(super) fn of(
        files: &[PathBuf],
        rollup: &Rollup,
        basis: &BasisArgs,
        pack: &Pack,
    ) -> Result<Self, CliError> {
        let (runs, stages) = (Frame::of(&rollup.runs), Frame::of(&rollup.stages));
        let accounts = Accounts::read(files, &runs, basis.books()?)?;
        let scores = evaluate(pack, rollup)?;
        Ok(Self {
            sensitivity: attribution_sensitivity(files, &accounts, basis.basis())?,
            accounts,
            cohorts: cohorts(&runs, &stages)?,
            scores,
            runs,
            stages,
        })
    }

    /// The cost factors of a workload's runs that have them.
    pub(super) fn factors(&self, workload: &str, basis: Basis) -> Vec<(usize, CostFactors)> {
        let runs = self.accounts.runs.iter().enumerate().filter(|(_, r)| r.workload == workload);
        runs.filter_map(|(i, _)| Some((i, self.accounts.factors(i, basis)?))).collect()
    }
}

pub(super) fn run(args: &Cost, output: &mut Output) -> Result<(), CliError> {
    let store = Store::open(&args.store)?;
    warn_of_rollup(&store, output);
    let files = store.files();
    let study = Study::of(&files, &roll_up(&files)?, &args.basis, &Pack::ramp()?)?;
    let basis = args.basis.basis();
    let mut shown: Vec<Table> = Vec::new();
    if let Some(sides) = &args.bridge {
        let bridge = bridge(&study, &sides[0], &sides[1], basis)?;
        shown.push(tables::bridge_table(&[bridge])?);
    }
    if args.implied {
        shown.push(prices::implied_table(&study.accounts)?);
    }
    if args.stages {
        shown.push(tables::stages_table(&study, basis)?);
    }
    if let Some(rate) = args.hit_rate {
        if !(0.0..=1.0).contains(&rate) {
            return Err(CliError::usage(format!("the hit rate {rate} is not between 0 and 1")));
        }
        shown.push(prices::hit_rate_table(&study.accounts, rate)?);
    }
    if args.basis.repriced() && shown.is_empty() {
        shown.push(prices::reprice_table(&study.accounts)?);
    }
    if shown.is_empty() {
        let times = time_use(&files, &study.stages)?;
        shown.push(tables::accounts_table(&study, basis, args.gate)?);
        shown.push(tables::groups_table(&[spread(&study, &args.by, basis)?], basis)?);
        shown.push(tables::shares_table(&study, basis)?);
        shown.push(tables::time_table(&study, &times)?);
    }
    output.tables(&shown, args.format, 2)
}

/// The spread of costs by a column of `runs`.
pub(super) fn spread(
    study: &Study,
    by: &str,
    basis: Basis,
) -> Result<crate::analysis::GroupSpreads, CliError> {
    let Some(column) = study.runs.names().iter().position(|n| n == by) else {
        return Err(CliError::usage(format!("there is no column `{by}` in the view runs"))
            .hint(format!("its columns are {}", study.runs.names().join(", "))));
    };
    let ids = study.runs.texts("run_id")?;
    let costs = study.accounts.by_run(basis);
    let mut rows: Vec<(String, RunCost)> = Vec::new();
    for (row, id) in ids.iter().enumerate() {
        if let Some(cost) = id.and_then(|id| costs.get(id)) {
            rows.push((name_of(&study.runs.get(row, column)), cost.clone()));
        }
    }
    group_spreads(by, &rows).map_err(|e| CliError::data(format!("costs on the basis {basis}: {e}")))
}

pub(super) fn name_of(value: &Scalar) -> String {
    match value {
        Scalar::Null => "(unknown)".to_owned(),
        Scalar::Text(text) => text.clone(),
        Scalar::Int(int) => int.to_string(),
        Scalar::Float(float) => float.to_string(),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Money(amount) => amount.to_string(),
        Scalar::Time(time) => time.to_string(),
    }
}

/// The bridge between two sides: runs, models, or the cohort of the other side.
fn bridge(study: &Study, from: &str, to: &str, basis: Basis) -> Result<CostBridge, CliError> {
    let anchor = if from == "cohort" { to } else { from };
    let workload = members(study, anchor, None)?
        .first()
        .map(|i| study.accounts.runs[*i].workload.clone())
        .unwrap_or_default();
    let (from, to) = (side(study, from, &workload, basis)?, side(study, to, &workload, basis)?);
    CostBridge::between(&workload, basis.name(), &from, &to)
        .map_err(|e| CliError::data(e.to_string()))
}

fn side(study: &Study, selector: &str, workload: &str, basis: Basis) -> Result<Side, CliError> {
    let members = members(study, selector, Some(workload))?;
    let mut runs = Vec::new();
    let mut missing = Vec::new();
    for i in members {
        match study.accounts.factors(i, basis) {
            Some(factors) => runs.push(factors),
            None => missing.push(study.accounts.runs[i].run_id.clone()),
        }
    }
    if runs.is_empty() {
        return Err(CliError::data(format!(
            "`{selector}` has no run whose calls, tokens, cost and list price are all known"
        ))
        .hint("`ramptrace cost STORE` says what is missing; --reprice BOOK adds prices"));
    }
    let n = runs.len();
    let label = match (selector, n) {
        ("cohort", _) => format!("cohort (geometric mean of {n})"),
        (name, 1) => name.to_owned(),
        (name, _) => format!("{name} (geometric mean of {n})"),
    };
    Ok(Side { label, runs })
}

/// The runs that a selector means, within a workload if one is given.
fn members(study: &Study, selector: &str, workload: Option<&str>) -> Result<Vec<usize>, CliError> {
    let runs = &study.accounts.runs;
    let inside = |i: &usize| workload.is_none_or(|w| runs[*i].workload == w);
    let matching = |test: &dyn Fn(usize) -> bool| -> Vec<usize> {
        (0..runs.len()).filter(inside).filter(|i| test(*i)).collect()
    };
    if selector == "cohort" {
        return Ok(matching(&|_| true));
    }
    let model = matching(&|i| runs[i].model == selector);
    if !model.is_empty() {
        return Ok(model);
    }
    let part = matching(&|i| runs[i].run_id.contains(selector));
    let exact = matching(&|i| runs[i].run_id == selector);
    match (exact.as_slice(), part.as_slice()) {
        ([_], _) => Ok(exact),
        (_, [_]) => Ok(part),
        (_, []) => Err(CliError::usage(format!("no run or model matches `{selector}`"))
            .hint("`ramptrace store list STORE` shows both")),
        (_, many) => Err(CliError::usage(format!("`{selector}` matches {} runs", many.len()))
            .hint(format!(
                "write more of it: {}",
                many.iter()
                    .take(5)
                    .map(|i| format!("`{}`", runs[*i].run_id))
                    .collect::<Vec<_>>()
                    .join(", ")
            ))),
    }
}
