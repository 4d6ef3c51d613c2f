//! The part of `ramptrace analyze` that says how far runs came and why they failed.

use super::CliError;
use super::cascade::{attribute, rules, signals};
use super::cost::Study;
use super::{cascade_tables, failure_tables};
use crate::analysis::failure::{CommonCause, RunAttribution, common_causes};
use crate::analysis::process::ProcessSignals;
use crate::analysis::{Basis, Cascade, Cohort, CohortRun, FailureClock, FailureCurve};
use crate::report::Table;
use std::path::PathBuf;

/// Everything about failures.
pub(super) struct Failures {
    curves: Vec<FailureCurve>,
    pub(super) cascades: Vec<Cascade>,
    pub(super) attributed: Vec<RunAttribution>,
    pub(super) shared: Vec<CommonCause>,
    pub(super) signals: Vec<ProcessSignals>,
}

impl Failures {
    pub(super) fn of(
        files: &[PathBuf],
        cohorts: &[Cohort],
        gate: f64,
        study: &Study,
        basis: Basis,
    ) -> Result<Self, CliError> {
        let rules = rules(None)?;
        let attributed = attribute(files, &rules, gate)?;
        let signals = signals(files, &rules)?;
        let costs = study.accounts.by_run(basis);
        let mut curves = Vec::new();
        let bad = |e: crate::stats::SurvivalError| CliError::data(e.to_string());
        for cohort in cohorts {
            let runs: Vec<&CohortRun> = cohort.runs.iter().collect();
            for censors in [true, false] {
                let stages = FailureClock::Stages;
                curves.push(FailureCurve::of(cohort, &runs, gate, stages, censors).map_err(bad)?);
            }
        }
        Ok(Self {
            cascades: cohorts.iter().map(|c| Cascade::of(c, gate, &costs)).collect(),
            shared: common_causes(&attributed, None),
            curves,
            attributed,
            signals,
        })
    }

    pub(super) fn tables(&self, basis: Basis) -> Result<Vec<Table>, CliError> {
        Ok(vec![
            cascade_tables::survival_table(&self.curves)?,
            cascade_tables::cascade_table(&self.cascades, basis)?,
            cascade_tables::transition_table(&self.cascades)?,
            cascade_tables::effect_table(&self.cascades)?,
            failure_tables::failure_table(&self.attributed)?,
            failure_tables::common_cause_table(&self.shared)?,
            failure_tables::process_table(&self.signals)?,
        ])
    }
}
