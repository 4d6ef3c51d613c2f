//! The part of `ramptrace analyze` that says how far runs came and why they failed.

use super::CliError;
use super::analyze::figure_name;
use super::cascade::{attribute, rules, signals};
use super::cost::Study;
use super::{cascade_tables, failure_tables};
use crate::analysis::failure::{CommonCause, RunAttribution, common_causes};
use crate::analysis::process::ProcessSignals;
use crate::analysis::{
    Basis, Cascade, Cohort, CohortRun, ContextRamp, CumulativeIncidence, FailureClock,
    FailureCurve, FailureMap,
};
use crate::figures::{
    Sheet, Svg, draw_context_ramp, draw_failure_map, draw_incidence, draw_transitions,
};
use crate::report::Table;
use std::path::PathBuf;

/// Runs of a workload of which the growth of the prompt is drawn: those with the most calls.
const MOST_RAMPS: usize = 24;

/// Everything about failures.
pub(super) struct Failures {
    curves: Vec<FailureCurve>,
    cascades: Vec<Cascade>,
    attributed: Vec<RunAttribution>,
    shared: Vec<CommonCause>,
    signals: Vec<ProcessSignals>,
    maps: Vec<FailureMap>,
    incidences: Vec<CumulativeIncidence>,
    /// Workload, run id and ramp.
    ramps: Vec<(String, String, ContextRamp)>,
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
        let (mut curves, mut incidences) = (Vec::new(), Vec::new());
        let bad = |e: crate::stats::SurvivalError| CliError::data(e.to_string());
        for cohort in cohorts {
            let runs: Vec<&CohortRun> = cohort.runs.iter().collect();
            for censors in [true, false] {
                let stages = FailureClock::Stages;
                curves.push(FailureCurve::of(cohort, &runs, gate, stages, censors).map_err(bad)?);
            }
            incidences.extend(CumulativeIncidence::of(cohort, gate, &attributed).map_err(bad)?);
        }
        Ok(Self {
            cascades: cohorts.iter().map(|c| Cascade::of(c, gate, &costs)).collect(),
            maps: cohorts.iter().map(|c| FailureMap::of(c, gate, &attributed)).collect(),
            ramps: ramps(cohorts, study, &signals),
            shared: common_causes(&attributed, None),
            curves,
            incidences,
            attributed,
            signals,
        })
    }

    /// The figures with their names below the folder.
    pub(super) fn figures(&self) -> Result<Vec<(String, Svg)>, CliError> {
        let mut figures = Vec::new();
        for m in &self.maps {
            figures.push((
                figure_name(&m.workload, "failures"),
                draw_failure_map(m, Sheet::default())?,
            ));
        }
        for i in &self.incidences {
            figures.push((
                figure_name(&i.workload, "incidence"),
                draw_incidence(i, Sheet::default())?,
            ));
        }
        for c in self.cascades.iter().filter(|c| !c.matrix.stages.is_empty()) {
            figures.push((
                figure_name(&c.workload, "transitions"),
                draw_transitions(&c.matrix, Sheet::default())?,
            ));
        }
        for (workload, run, ramp) in &self.ramps {
            let name = figure_name(run, "context").replacen("figures/", "", 1);
            let name = figure_name(workload, &name);
            // Two ids may become one name: they are told apart by number.
            let taken = |name: &String| figures.iter().any(|(other, _)| other == name);
            let numbered = (2..).map(|n| format!("{name}-{n}"));
            let free = std::iter::once(name.clone()).chain(numbered).find(|n| !taken(n));
            figures.push((free.unwrap_or(name), draw_context_ramp(ramp, Sheet::default())?));
        }
        Ok(figures)
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

/// How the prompts of the runs grew, of each workload those with the most calls.
fn ramps(
    cohorts: &[Cohort],
    study: &Study,
    signals: &[ProcessSignals],
) -> Vec<(String, String, ContextRamp)> {
    let mut found = Vec::new();
    for cohort in cohorts {
        let mut of_cohort: Vec<(String, String, ContextRamp)> = Vec::new();
        for calls in study.accounts.runs.iter().filter(|r| r.workload == cohort.workload) {
            let run = cohort.runs.iter().find(|r| r.run_id == calls.run_id);
            let whole = signals.iter().find(|s| s.run.run_id == calls.run_id).map(|s| &s.whole);
            let last = run.and_then(|r| r.stages.values().rev().find(|s| s.llm_calls > Some(0)));
            let ended = last.and_then(|s| s.end_reason.as_deref()).unwrap_or("unknown");
            let label = run.map_or(calls.model.as_str(), |r| r.label.as_str());
            if let Some(ramp) = ContextRamp::of(calls, label, ended, whole) {
                of_cohort.push((cohort.workload.clone(), calls.run_id.clone(), ramp));
            }
        }
        of_cohort.sort_by(|a, b| b.2.calls.len().cmp(&a.2.calls.len()).then_with(|| a.1.cmp(&b.1)));
        of_cohort.truncate(MOST_RAMPS);
        found.extend(of_cohort);
    }
    found
}
