//! Finished numbers gathered into the figures of a store, group by group.

use super::CliError;
use super::analyze::Analysis;
use super::catalogue::{CATALOGUE, Group};
use super::dependence::Dependence;
use super::scoring::pairs;
use super::workup::Workup;
use crate::analysis::timeline::read_timelines;
use crate::analysis::{
    Basis, BudgetCurves, BudgetTerms, Cohort, CohortRun, ContextRamp, CumulativeIncidence,
    FailureMap, GateGaps, PriceShift, Profile, Question, Radar, RadarScaling, RankComparison,
    Repeats, Resource, Trajectory,
};
use crate::metrics::{BUILT_IN, Pack};
use crate::report::Plotted;
use std::collections::BTreeMap;

/// Figures that are not drawn yet.
pub(super) type Plates = Vec<Box<dyn Plotted>>;

/// Runs of a workload that have figures of their own: those with the most calls.
pub(super) const MOST_RUNS: usize = 24;

/// Figures of one type among others.
pub(super) fn boxed<P: Plotted + 'static>(plates: impl IntoIterator<Item = P>) -> Plates {
    plates.into_iter().map(|plate| Box::new(plate) as Box<dyn Plotted>).collect()
}

impl Workup {
    /// Every figure, in the order of the catalogue.
    pub(super) fn plates(&self) -> Result<Plates, CliError> {
        let groups = [Group::Scores, Group::Costs, Group::Failures, Group::Runs, Group::Rankings];
        let mut plates = Plates::new();
        for group in groups {
            plates.extend(self.plates_of(group)?);
        }
        let place = |plate: &dyn Plotted| {
            CATALOGUE.iter().position(|entry| entry.name == plate.figure()).unwrap_or(usize::MAX)
        };
        plates.sort_by_key(|plate| place(plate.as_ref()));
        Ok(plates)
    }

    /// The figures of one group.
    pub(super) fn plates_of(&self, group: Group) -> Result<Plates, CliError> {
        match group {
            Group::Scores => self.score_plates(),
            Group::Costs => self.cost_plates(),
            Group::Failures => self.failure_plates(),
            Group::Runs => self.run_plates(),
            Group::Rankings => self.ranking_plates(),
        }
    }

    /// What follows from scores and costs, under display names.
    fn shown_analysis(&self) -> Result<Analysis, CliError> {
        Analysis::of(&self.shown, self.gate, &self.study, self.basis, self.times()?)
    }

    /// The run of a cohort that did nothing.
    fn baseline<'a>(&self, cohort: &'a Cohort) -> Option<&'a CohortRun> {
        cohort.runs.iter().find(|run| self.subject.baselines.contains(&run.run_id))
    }

    fn score_plates(&self) -> Result<Plates, CliError> {
        let analysis = self.shown_analysis()?;
        let mut plates = boxed(analysis.collapses);
        plates.extend(boxed(analysis.matrices));
        plates.extend(boxed(
            self.shown
                .iter()
                .map(|cohort| Trajectory::of(cohort, self.baseline(cohort), self.gate)),
        ));
        plates.extend(boxed(self.shown.iter().map(|c| GateGaps::of(c, self.gate, None))));
        Ok(plates)
    }

    fn cost_plates(&self) -> Result<Plates, CliError> {
        let analysis = self.shown_analysis()?;
        let mut plates = boxed(analysis.frontiers);
        plates.extend(boxed(analysis.spreads.into_iter().map(|(spread, _)| spread)));
        plates.extend(boxed(analysis.bridges));
        plates.extend(boxed(analysis.ledgers));
        let on = |cohort: &Cohort, basis: Basis| {
            cohort.clone().repriced(basis, &self.study.accounts.by_run(basis))
        };
        // From what was paid to what only behaviour explains, whatever basis the other figures are on.
        let shifts = self
            .shown
            .iter()
            .map(|c| PriceShift::between(&on(c, Basis::Reported), &on(c, Basis::Neutral)));
        plates.extend(boxed(shifts.filter(|shift| !shift.rows.is_empty())));
        for cohort in &self.shown {
            let baseline = self.baseline(cohort).into_iter().flat_map(|run| &run.stages);
            let terms = BudgetTerms {
                gate: self.gate,
                range: None,
                baseline: baseline.filter_map(|(stage, s)| Some((*stage, s.score?))).collect(),
            };
            let accounts = &self.study.accounts;
            let curves = Resource::ALL
                .into_iter()
                .filter_map(|resource| BudgetCurves::of(cohort, accounts, resource, &terms));
            plates.extend(boxed(curves));
        }
        Ok(plates)
    }

    fn failure_plates(&self) -> Result<Plates, CliError> {
        let failures = self.failures()?;
        let maps = self.shown.iter().map(|c| FailureMap::of(c, self.gate, &failures.attributed));
        let mut plates = boxed(maps);
        for cohort in &self.shown {
            let incidence = CumulativeIncidence::of(cohort, self.gate, &failures.attributed)
                .map_err(|e| CliError::data(e.to_string()))?;
            plates.extend(boxed(incidence));
        }
        let matrices = failures.cascades.iter().map(|c| c.matrix.clone());
        plates.extend(boxed(matrices.filter(|m| !m.stages.is_empty())));
        Ok(plates)
    }

    fn run_plates(&self) -> Result<Plates, CliError> {
        let signals = &self.failures()?.signals;
        let mut plates = Plates::new();
        for cohort in &self.shown {
            let mut ramps: Vec<(String, ContextRamp)> = Vec::new();
            let runs = &self.study.accounts.runs;
            for calls in runs.iter().filter(|r| r.workload == cohort.workload) {
                let run = cohort.runs.iter().find(|r| r.run_id == calls.run_id);
                let whole = signals.iter().find(|s| s.run.run_id == calls.run_id).map(|s| &s.whole);
                let attempted = |s: &&crate::analysis::StageScore| s.llm_calls > Some(0);
                let last = run.and_then(|r| r.stages.values().rev().find(attempted));
                let ended = last.and_then(|s| s.end_reason.as_deref()).unwrap_or("unknown");
                let label = run.map_or(calls.model.as_str(), |r| r.label.as_str());
                if let Some(ramp) = ContextRamp::of(calls, label, ended, whole) {
                    ramps.push((calls.run_id.clone(), ramp));
                }
            }
            ramps.sort_by(|a, b| b.1.calls.len().cmp(&a.1.calls.len()).then_with(|| a.0.cmp(&b.0)));
            ramps.truncate(MOST_RUNS);
            // The same runs over time; where no run has calls of its own, any that has times.
            let mut labels: BTreeMap<String, String> =
                ramps.iter().map(|(id, ramp)| (id.clone(), ramp.label.clone())).collect();
            let others = cohort.runs.iter().map(|run| (run.run_id.clone(), run.label.clone()));
            let room = MOST_RUNS.saturating_sub(labels.len());
            let others: Vec<_> = others.filter(|(id, _)| !labels.contains_key(id)).collect();
            labels.extend(others.into_iter().take(room));
            plates.extend(boxed(ramps.into_iter().map(|(_, ramp)| ramp)));
            if !self.subject.store.is_rollup() {
                plates.extend(boxed(read_timelines(&self.subject.store.files(), &labels)?));
            }
        }
        Ok(plates)
    }

    fn ranking_plates(&self) -> Result<Plates, CliError> {
        let pack = &self.subject.pack;
        let named = |basis: Basis| -> Result<_, CliError> {
            let rollup = self.study.accounts.repriced(&self.rollup, basis)?;
            Ok(rollup.with_models(|id| self.subject.display.model(id).name)?)
        };
        let mut plates = Plates::new();
        for cohort in &self.shown {
            let Some(profile) = Profile::of(cohort, &self.study.scores)? else { continue };
            plates.extend(boxed(Radar::of(&profile, RadarScaling::default())));
            plates.extend(boxed([profile]));
        }
        let rollup = named(self.basis)?;
        // A metric with a problem has no column; the problem is said elsewhere.
        let has_values = |name: &String| self.study.scores.runs.names().contains(name);
        if let Some(metric) = pack.ranking_metric().filter(|m| has_values(&m.name)) {
            let asked =
                Question { pack, metric: &metric.name, rollup: &rollup, repeats: Repeats::All };
            plates.extend(Dependence::of(&asked, self.basis, named)?.plates());
        }
        let other = self.other_pack()?;
        // What the other pack corrects, or what this one does.
        let is_corrected = other.name == "core";
        let (new, old) = if is_corrected { (&other, pack) } else { (pack, &other) };
        for (name, counterpart) in pairs(new, old, None, None)? {
            if !has_values(if is_corrected { &counterpart } else { &name }) {
                continue;
            }
            let ask =
                |pack, metric| Question { pack, metric, rollup: &rollup, repeats: Repeats::All };
            let (new, old) = (ask(new, &name), ask(old, &counterpart));
            plates.extend(boxed(RankComparison::between(&new, &old)?));
        }
        Ok(plates)
    }

    /// The pack whose rankings stand beside those of the pack in use.
    fn other_pack(&self) -> Result<Pack, CliError> {
        let own = self.subject.pack.name.as_str();
        let default = BUILT_IN.iter().map(|(name, _)| *name).find(|name| *name != own);
        let selector = self.subject.against.as_deref().or(default).unwrap_or("core");
        Ok(Pack::load(selector)?)
    }
}
