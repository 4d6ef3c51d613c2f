//! Cases evaluated all at once: one rollup of all their tables, each a workload of its own.

use super::case::Case;
use crate::metrics::evaluate::evaluate_only;
use crate::metrics::pack::Pack;
use crate::metrics::parameter::{ParameterValue, Role};
use crate::metrics::{MetricError, PackProblem};
use crate::rollup::{MadeRun, Rollup};
use std::collections::BTreeMap;

/// The values of metrics in the runs of some cases.
#[derive(Debug)]
pub(super) struct Values {
    /// By metric, in the order of the runs.
    by_metric: BTreeMap<String, Vec<Option<f64>>>,
    /// By case, where each of its tables begins and how many runs it has.
    places: Vec<Vec<(usize, usize)>>,
    /// What could not be evaluated, or not everywhere.
    pub(super) problems: Vec<PackProblem>,
}

impl Values {
    /// Evaluates metrics in every table of some cases.
    ///
    /// With `changed`, the tables of a case after its first are evaluated with that pack.
    pub(super) fn of(
        pack: &Pack,
        changed: Option<&Pack>,
        cases: &[Case],
        metrics: &[&str],
    ) -> Result<Self, MetricError> {
        let mut first = Batch::default();
        let mut rest = Batch::default();
        // Runs of the second batch come after all of the first.
        let split: usize = match changed {
            Some(_) => cases.iter().filter_map(|c| c.tables.first()).map(Vec::len).sum(),
            None => 0,
        };
        let mut places = Vec::with_capacity(cases.len());
        for case in cases {
            let baseline = case.baseline();
            let mut place = Vec::with_capacity(case.tables.len());
            for (index, table) in case.tables.iter().enumerate() {
                let later = changed.is_some() && index > 0;
                let batch = if later { &mut rest } else { &mut first };
                let start = batch.runs.len() + if later { split } else { 0 };
                place.push((start, table.len()));
                batch.add(table, &baseline);
            }
            places.push(place);
        }
        let (mut values, problems) = first.evaluate(pack, metrics)?;
        if let Some(changed) = changed {
            for (name, more) in rest.evaluate(changed, metrics)?.0 {
                values.entry(name).or_default().extend(more);
            }
        }
        Ok(Self { by_metric: values, places, problems })
    }

    /// The values of a metric in the tables of a case; `None` when it could not be evaluated.
    pub(super) fn in_case(&self, metric: &str, case: usize) -> Option<Vec<Vec<Option<f64>>>> {
        let values = self.by_metric.get(metric)?;
        let places = self.places.get(case)?.iter();
        places.map(|(start, runs)| values.get(*start..start + runs).map(<[_]>::to_vec)).collect()
    }
}

/// Values by metric, and what could not be evaluated.
type Evaluated = (BTreeMap<String, Vec<Option<f64>>>, Vec<PackProblem>);

#[derive(Default)]
struct Batch {
    runs: Vec<MadeRun>,
    baselines: BTreeMap<(String, i64), f64>,
    tables: usize,
}

impl Batch {
    fn add(&mut self, table: &[MadeRun], baseline: &[f64]) {
        let workload = format!("t{}", self.tables);
        self.tables += 1;
        for run in table {
            let run_id = format!("{workload}/{}", self.runs.len());
            self.runs.push(MadeRun { run_id, workload: workload.clone(), ..run.clone() });
        }
        for (stage, score) in (0..).zip(baseline) {
            self.baselines.insert((workload.clone(), stage), *score);
        }
    }

    fn evaluate(self, pack: &Pack, metrics: &[&str]) -> Result<Evaluated, MetricError> {
        let mut pack = pack.clone();
        if let Some(name) = pack.parameter_with(Role::Baseline).map(str::to_owned) {
            pack.set(&name, ParameterValue::PerWorkloadStage(self.baselines))?;
        }
        let scores = evaluate_only(&pack, &Rollup::of_runs(&self.runs)?, metrics)?;
        let mut values = BTreeMap::new();
        for metric in metrics.iter().filter(|m| scores.runs.names().iter().any(|n| n == *m)) {
            values.insert((*metric).to_owned(), scores.runs.numbers(metric)?);
        }
        Ok((values, scores.problems))
    }
}
