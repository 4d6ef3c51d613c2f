//! What was checked and what was found.

use super::case::Case;
use super::property::Property;
use super::subject::Subject;
use crate::metrics::PackProblem;
use crate::rollup::MadeRun;
use std::collections::{BTreeMap, BTreeSet};

/// The properties of a pack's run metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct LintReport {
    /// Pack.
    pub pack: String,
    /// Metrics that were checked, in the order of the pack.
    pub metrics: Vec<String>,
    /// Properties that a metric does not have, by metric in the order of the pack.
    pub findings: Vec<Finding>,
    /// What kept metrics from being checked.
    pub problems: Vec<PackProblem>,
}

/// A property that a metric does not have.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Metric.
    pub metric: String,
    /// Property.
    pub property: Property,
    /// Whether the pack says so itself, in a warning with the code of the property.
    pub declared: bool,
    /// What changed and what became of the value.
    pub message: String,
    /// The smallest case that was found.
    pub counter_example: CounterExample,
}

/// The rows that show a finding, with the columns that the metric looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct CounterExample {
    /// The runs of a workload before the change. Where nothing is changed, the run in question.
    pub before: Vec<ExampleRun>,
    /// The same after the change. Where nothing is changed, the other runs of the workload.
    pub after: Vec<ExampleRun>,
}

/// A run of a counter-example.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleRun {
    /// What it is called in the example.
    pub name: String,
    /// Value of the metric.
    pub value: Option<f64>,
    /// Numbers of its row in `runs`.
    pub numbers: BTreeMap<String, Option<f64>>,
    /// Its stages, each with the numbers of its row in `stages` and the baseline where the metric uses it.
    pub stages: Vec<(i64, BTreeMap<String, Option<f64>>)>,
}

impl LintReport {
    /// The finding of a metric and a property.
    pub fn finding(&self, metric: &str, property: Property) -> Option<&Finding> {
        self.findings.iter().find(|f| f.metric == metric && f.property == property)
    }
}

impl CounterExample {
    /// The tables of a case with the values of a metric.
    pub(super) fn of(
        subject: &Subject,
        case: &Case,
        values: &[Vec<Option<f64>>],
        baseline: Option<&str>,
    ) -> Self {
        let baseline =
            baseline.filter(|_| subject.reads.baseline).map(|name| (name, case.baseline()));
        let mut sides: Vec<Vec<ExampleRun>> = Vec::new();
        for (table, values) in case.tables.iter().zip(values) {
            let rows = table.iter().zip(values);
            sides.push(rows.map(|(r, v)| example(subject, r, *v, baseline.as_ref())).collect());
        }
        let mut before = if sides.is_empty() { Vec::new() } else { sides.remove(0) };
        let after = if sides.is_empty() {
            before.split_off(before.len().min(1))
        } else {
            sides.into_iter().flatten().collect()
        };
        Self { before, after }
    }
}

fn example(
    subject: &Subject,
    run: &MadeRun,
    value: Option<f64>,
    baseline: Option<&(&str, Vec<f64>)>,
) -> ExampleRun {
    let picked = |columns: &BTreeSet<String>, numbers: &BTreeMap<&'static str, f64>| {
        columns.iter().map(|c| (c.clone(), numbers.get(c.as_str()).copied())).collect()
    };
    let stage = |(index, numbers): &(i64, BTreeMap<&'static str, f64>)| {
        let mut row: BTreeMap<_, _> = picked(&subject.reads.stages, numbers);
        if let Some((name, values)) = baseline {
            let value = usize::try_from(*index).ok().and_then(|i| values.get(i).copied());
            row.insert((*name).to_owned(), value);
        }
        (*index, row)
    };
    ExampleRun {
        name: run.run_id.clone(),
        value,
        numbers: picked(&subject.reads.runs, &run.numbers),
        stages: run.stages.iter().map(stage).collect(),
    }
}

#[cfg(test)]
impl ExampleRun {
    /// Its scores, by stage.
    pub(super) fn scores(&self) -> Vec<Option<f64>> {
        self.stages.iter().map(|(_, row)| row.get("score").copied().flatten()).collect()
    }
}
