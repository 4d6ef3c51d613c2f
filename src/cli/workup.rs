//! Everything that is computed of a store for its tables, figures and report, each thing once.

use super::CliError;
use super::analyze::Analysis;
use super::analyze_failures::Failures;
use super::basis::BasisArgs;
use super::cost::{Study, spread};
use super::cost_tables as costs;
use super::dependence::{DRAWS, SEED};
use super::price_tables as prices;
use super::receipts::Sources;
use crate::analysis::display::DisplayList;
use crate::analysis::{Basis, Cohort, TimeUse, time_use};
use crate::metrics::Pack;
use crate::report::Table;
use crate::rollup::{Rollup, roll_up};
use crate::trace::Store;
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What is asked of a store.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// Score at or above which a stage counts as passed
    #[arg(long, default_value_t = 60.0, value_name = "SCORE")]
    pub(super) gate: f64,
    /// The metric pack: core, ramp, or a TOML file
    #[arg(long, default_value = "ramp", value_name = "PACK")]
    pub(super) pack: String,
    /// Set a parameter of the pack: gate=100, or `stage_weight='[1, 2, 3]'`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    #[command(flatten)]
    pub(super) basis: BasisArgs,
    /// Names, makers and colours of models in figures (TOML), before the built-in ones
    #[arg(long, value_name = "FILE")]
    pub(super) display: Option<PathBuf>,
    /// A run that did nothing, drawn beside those of its workload; may be given several times
    #[arg(long, value_name = "RUN")]
    pub(super) baseline: Vec<String>,
    /// The pack whose rankings figures set beside those of --pack [default: the other built-in one]
    #[arg(long, value_name = "PACK")]
    pub(super) against: Option<String>,
}

/// A store, a pack and display names that could be read.
pub(super) struct Subject {
    pub(super) store: Store,
    pub(super) pack: Pack,
    pub(super) display: DisplayList,
    /// Run ids that stand for doing nothing.
    pub(super) baselines: Vec<String>,
    /// The pack that rankings are compared with, where one was asked for.
    pub(super) against: Option<String>,
}

/// Everything that is computed of a store. What reads every event is computed when it is first asked for.
pub(super) struct Workup {
    pub(super) subject: Subject,
    pub(super) gate: f64,
    pub(super) basis: Basis,
    pub(super) study: Study,
    /// The views with reported costs.
    pub(super) rollup: Rollup,
    /// The runs by workload, with costs on the basis.
    pub(super) cohorts: Vec<Cohort>,
    /// The same under their display names, for figures.
    pub(super) shown: Vec<Cohort>,
    analysis: OnceLock<Analysis>,
    failures: OnceLock<Failures>,
    times: OnceLock<BTreeMap<String, TimeUse>>,
}

impl Subject {
    /// Checks what is asked, and opens what it is asked of.
    pub(super) fn open(store: &Path, asked: &Asked) -> Result<Self, CliError> {
        if !(0.0..=100.0).contains(&asked.gate) {
            return Err(CliError::usage(format!(
                "the gate {} is not a score from 0 to 100",
                asked.gate
            )));
        }
        let mut pack = Pack::load(&asked.pack)?;
        for assignment in &asked.set {
            pack.set_text(assignment)?;
        }
        let display = match &asked.display {
            Some(path) => DisplayList::load(path)?,
            None => DisplayList::built_in()?,
        };
        let store = Store::open(store)?;
        let mut baselines = Vec::new();
        for selector in &asked.baseline {
            baselines.push(store.find(selector)?.run.run_id.clone());
        }
        Ok(Self { store, pack, display, baselines, against: asked.against.clone() })
    }
}

impl Workup {
    /// Folds the events of a store, and prices its calls.
    pub(super) fn of(subject: Subject, asked: &Asked) -> Result<Self, CliError> {
        let (gate, basis) = (asked.gate, asked.basis.basis());
        let files = subject.store.files();
        let rollup = roll_up(&files)?;
        let study = Study::of(&files, &rollup, &asked.basis, &subject.pack)?;
        let run_costs = study.accounts.by_run(basis);
        let cohorts: Vec<Cohort> =
            study.cohorts.iter().map(|c| c.clone().repriced(basis, &run_costs)).collect();
        let shown = cohorts.iter().map(|c| c.clone().named(&subject.display)).collect();
        Ok(Self {
            subject,
            gate,
            basis,
            study,
            rollup,
            cohorts,
            shown,
            analysis: OnceLock::new(),
            failures: OnceLock::new(),
            times: OnceLock::new(),
        })
    }

    /// What follows from scores and costs.
    pub(super) fn analysis(&self) -> Result<&Analysis, CliError> {
        if let Some(analysis) = self.analysis.get() {
            return Ok(analysis);
        }
        let analysis =
            Analysis::of(&self.cohorts, self.gate, &self.study, self.basis, self.times()?)?;
        Ok(self.analysis.get_or_init(|| analysis))
    }

    /// How far runs came, and why they failed.
    pub(super) fn failures(&self) -> Result<&Failures, CliError> {
        if let Some(failures) = self.failures.get() {
            return Ok(failures);
        }
        let files = self.subject.store.files();
        let failures = Failures::of(&files, &self.cohorts, self.gate, &self.study, self.basis)?;
        Ok(self.failures.get_or_init(|| failures))
    }

    /// Seconds by activity, by run.
    pub(super) fn times(&self) -> Result<&BTreeMap<String, TimeUse>, CliError> {
        if let Some(times) = self.times.get() {
            return Ok(times);
        }
        let times = time_use(&self.subject.store.files(), &self.study.stages)?;
        Ok(self.times.get_or_init(|| times))
    }

    /// Every table.
    pub(super) fn tables(&self) -> Result<Vec<Table>, CliError> {
        let (study, basis) = (&self.study, self.basis);
        let analysis = self.analysis()?;
        let mut tables = analysis.tables(&study.scores, &study.runs, &study.stages)?;
        tables.push(costs::accounts_table(study, basis, self.gate)?);
        let groupings = ["model", "agent", "workload"]
            .map(|by| spread(study, by, basis))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        tables.push(costs::groups_table(&groupings, basis)?);
        tables.push(costs::shares_table(study, basis)?);
        tables.push(costs::stages_table(study, basis)?);
        tables.push(prices::implied_table(&study.accounts)?);
        tables.push(costs::time_table(study, self.times()?)?);
        if !analysis.bridges.is_empty() {
            tables.push(costs::bridge_table(&analysis.bridges)?);
        }
        tables.extend(self.failures()?.tables(basis)?);
        Ok(tables)
    }

    /// What it is made of.
    pub(super) fn sources<'a>(&'a self, asked: &'a Asked) -> Sources<'a> {
        let parameters = [
            ("gate", asked.gate.to_string()),
            ("cost_basis", self.basis.name().to_owned()),
            ("interval", "Wilson 95 %".to_owned()),
            ("metric_pack", asked.pack.clone()),
            ("metric_parameters", asked.set.join(" ")),
            ("baseline", asked.baseline.join(" ")),
            ("compared_pack", asked.against.clone().unwrap_or_default()),
            ("weight_draws", DRAWS.to_string()),
            ("seed", SEED.to_string()),
        ];
        Sources {
            store: &self.subject.store,
            pack: &self.subject.pack,
            selector: &asked.pack,
            books: asked.basis.books_given(),
            display: asked.display.as_deref(),
            parameters: parameters.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        }
    }
}
