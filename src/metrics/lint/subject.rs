//! The metrics that are checked, and the columns that they look at.

use crate::metrics::pack::{Better, Level, Metric, Over, Pack};
use crate::metrics::parameter::Role;
use crate::metrics::plan::{Plan, row_columns};
use std::collections::BTreeSet;

/// Columns that say which row it is.
const KEYS: [&str; 4] = ["run_id", "workload", "model", "stage"];

/// A metric that is checked.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) metric: &'a Metric,
    pub(super) reads: Reads,
    /// Whether its value depends on other runs by its definition.
    pub(super) relative: bool,
}

/// What a metric looks at, by itself and through others.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Columns of `stages`.
    pub(super) stages: BTreeSet<String>,
    /// Columns of `runs`.
    pub(super) runs: BTreeSet<String>,
    /// Whether it uses the baseline.
    pub(super) baseline: bool,
}

/// The run metrics of a pack that are shown and can be evaluated.
pub(super) fn subjects(pack: &Pack) -> Vec<Subject<'_>> {
    let mut found = Vec::new();
    for metric in pack.shown(Level::Run) {
        let plan = Plan::of(pack, Some(&[&metric.name]));
        let node = (metric.name.clone(), metric.gate.clone());
        let Some(relative) = plan.step(&node).map(|s| s.relative) else { continue };
        found.push(Subject { metric, reads: Reads::of(pack, &plan), relative });
    }
    found
}

impl Subject<'_> {
    /// Whether it has a direction and looks at how well stages went.
    pub(super) fn is_outcome(&self) -> bool {
        let outcomes = ["score", "tests_passed", "tests_total", "stage_status"];
        self.metric.better != Better::Neither
            && outcomes.iter().any(|c| self.reads.stages.contains(*c))
    }

    /// Whether one value is worse than another in its direction, by more than rounding.
    pub(super) fn is_worse(&self, value: f64, than: f64) -> bool {
        let worse = match self.metric.better {
            Better::Higher => value < than,
            Better::Lower => value > than,
            Better::Neither => false,
        };
        worse && differ(value, than)
    }

    /// How it orders two values, the worse one first.
    pub(super) fn compare(&self, a: f64, b: f64) -> std::cmp::Ordering {
        if self.metric.better == Better::Lower { b.total_cmp(&a) } else { a.total_cmp(&b) }
    }
}

impl Reads {
    fn of(pack: &Pack, plan: &Plan) -> Self {
        let baseline = pack.parameter_with(Role::Baseline);
        let mut reads = Self::default();
        let (stages, runs) = (row_columns(pack, Over::Stages), row_columns(pack, Over::Runs));
        for step in &plan.steps {
            let mut columns = step.expression.columns.clone();
            if let Some(gate) = step.node.1.as_ref().and_then(|name| pack.gate(name)) {
                columns.extend(gate.columns());
                columns.insert("score".to_owned());
            }
            let rows = if step.over == Over::Stages { &stages } else { &runs };
            for column in columns {
                let name = column.as_str();
                reads.baseline |= baseline == Some(name);
                let given = pack.parameters.contains_key(name)
                    || name.strip_suffix("_sum").is_some_and(|n| pack.parameters.contains_key(n));
                if given || KEYS.contains(&name) || !rows.contains(name) {
                    continue;
                }
                let read =
                    if step.over == Over::Stages { &mut reads.stages } else { &mut reads.runs };
                read.insert(column);
            }
        }
        reads
    }
}

/// Whether two values differ by more than rounding.
pub(super) fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-9 * a.abs().max(b.abs())
}

/// Two values with as many digits as it takes to tell them apart.
pub(super) fn from_to(a: Option<f64>, b: Option<f64>) -> String {
    let texts = |digits| (rounded(a, digits), rounded(b, digits));
    let apart = (5..=15).map(texts).find(|(a, b)| a != b);
    let (a, b) = apart.unwrap_or_else(|| texts(5));
    format!("{a} -> {b}")
}

/// A value with five significant digits.
pub(super) fn shown(value: f64) -> String {
    rounded(Some(value), 5)
}

fn rounded(value: Option<f64>, digits: usize) -> String {
    let Some(value) = value else { return "null".to_owned() };
    // The text of a float with so many digits is that of another float.
    let value = format!("{value:.*e}", digits - 1).parse().unwrap_or(value);
    if value == 0.0 || (1e-4..1e9).contains(&value.abs()) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart_and_otherwise_short() {
        assert_eq!(from_to(Some(37.125), Some(100.0 / 3.0)), "37.125 -> 33.333");
        assert_eq!(from_to(Some(77.000_000_1), Some(77.000_000_2)), "77.0000001 -> 77.0000002");
        assert_eq!(from_to(None, Some(0.0)), "null -> 0");
        assert_eq!(shown(1e-9), "1e-9");
        assert_eq!(shown(83_333_333.0), "83333000");
        assert_eq!(shown(-2.5e12), "-2.5e12");
    }

    #[test]
    fn columns_are_those_of_every_metric_that_is_used() {
        let text = "[pack]\nname = \"p\"\n[parameters.b]\nrole = \"baseline\"\n\
            [[metric]]\nname = \"gain\"\nlevel = \"run\"\nhidden = true\nsql = \"SUM(score - b)\"\ndoc = \"d\"\n\
            [[metric]]\nname = \"per_dollar\"\nlevel = \"run\"\nover = \"runs\"\nsql = \"gain / cost_usd\"\ndoc = \"d\"\n\
            [[metric]]\nname = \"broken\"\nlevel = \"run\"\nsql = \"SUM(nothing)\"\ndoc = \"d\"\n";
        let pack = Pack::parse("p.toml", text).unwrap();
        let found = subjects(&pack);
        assert_eq!(
            found.iter().map(|s| s.metric.name.as_str()).collect::<Vec<_>>(),
            ["per_dollar"]
        );
        let reads = &found[0].reads;
        assert!(reads.stages.iter().eq(["score"]) && reads.runs.iter().eq(["cost_usd"]));
        assert!(reads.baseline && !found[0].relative);
    }
}
