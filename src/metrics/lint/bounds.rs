//! A metric stays in its range, and an index without one does not grow without limit as cost, time or tokens go to 0.

use super::case::Case;
use super::property::Property;
use super::random::Random;
use super::sample::{Effort, SCORES, Tests, every, run, run_with};
use super::search::Check;
use super::subject::{Subject, from_to, shown};
use super::trial::Values;
use crate::metrics::MetricError;
use crate::metrics::pack::{Better, Metric, Pack};
use crate::rollup::MadeRun;
use std::collections::BTreeMap;

/// How many times its median an index may be.
const MOST: f64 = 1e3;

/// The check.
#[derive(Debug)]
pub(super) struct Bounds {
    /// By index without a range, its median in ordinary cases.
    medians: BTreeMap<String, f64>,
}

impl Bounds {
    /// The check of a pack.
    pub(super) fn new(pack: &Pack, subjects: &[Subject]) -> Result<Self, MetricError> {
        let indices: Vec<&str> = subjects
            .iter()
            .filter(|s| is_open_index(s.metric))
            .map(|s| s.metric.name.as_str())
            .collect();
        let mut cases = Vec::new();
        for scores in ordinary_scores() {
            for effort in Effort::SERIOUS {
                let table = vec![run("ordinary", &scores, Tests::AsScored, effort)];
                cases.push(Case::new(vec![table], ""));
            }
        }
        let values = Values::of(pack, None, &cases, &indices)?;
        let mut medians = BTreeMap::new();
        for name in indices {
            let value = |case| values.in_case(name, case)?.first()?.first().copied()?;
            let mut values: Vec<f64> = (0..cases.len()).filter_map(value).map(f64::abs).collect();
            values.sort_by(f64::total_cmp);
            if let Some(median) = values.get(values.len() / 2) {
                medians.insert(name.to_owned(), *median);
            }
        }
        Ok(Self { medians })
    }
}

impl Check for Bounds {
    fn property(&self) -> Property {
        Property::Bounded
    }

    fn applies(&self, subject: &Subject) -> bool {
        limits(subject.metric).is_some() || self.medians.contains_key(&subject.metric.name)
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases: Vec<Case> =
            single_runs().into_iter().map(|run| Case::new(vec![vec![run]], "")).collect();
        cases.extend(pairs());
        cases.extend(vanishing());
        cases
    }

    fn broken(
        &self,
        subject: &Subject,
        case: &Case,
        values: &[Vec<Option<f64>>],
    ) -> Option<String> {
        match (values, limits(subject.metric)) {
            ([table], Some((low, high))) => {
                let value = (*table.first()?)?;
                let slack = |bound: f64| 1e-9 * bound.abs().max(1.0);
                let outside = value < low - slack(low) || value > high + slack(high);
                outside.then(|| {
                    let (low, high) = (shown(low), shown(high));
                    format!("a value of {}, outside {low} to {high}", shown(value))
                })
            }
            ([before, after], None) => {
                let (before, after) = ((*before.first()?)?, (*after.first()?)?);
                let median = *self.medians.get(&subject.metric.name)?;
                let change = from_to(Some(before), Some(after));
                (after > MOST * median).then(|| {
                    format!(
                        "{}: {change}, {} times the median of ordinary runs",
                        case.what,
                        shown((after / median).round())
                    )
                })
            }
            _ => None,
        }
    }
}

/// The range that a metric has, or that its unit implies.
fn limits(metric: &Metric) -> Option<(f64, f64)> {
    metric.range.or(match metric.unit.as_str() {
        "points" => Some((0.0, 100.0)),
        "share" | "0/1" => Some((0.0, 1.0)),
        _ => None,
    })
}

fn is_open_index(metric: &Metric) -> bool {
    metric.better == Better::Higher && metric.range.is_none() && metric.unit.is_empty()
}

fn ordinary_scores() -> Vec<Vec<f64>> {
    vec![
        vec![50.0],
        vec![100.0],
        vec![80.0, 60.0],
        vec![100.0, 50.0, 59.0],
        vec![100.0, 80.0, 60.0, 40.0, 20.0, 0.0],
        vec![100.0, 99.0, 80.0, 59.0, 50.0, 70.0],
    ]
}

fn single_runs() -> Vec<MadeRun> {
    let mut runs = Vec::new();
    for scores in (1..=2).flat_map(|stages| every(stages, &SCORES)) {
        for tests in [Tests::Unknown, Tests::AsScored, Tests::All] {
            runs.push(run("run", &scores, tests, Effort::TYPICAL));
        }
    }
    for scores in ordinary_scores() {
        for effort in [Effort::NONE, Effort::SINGLE_CALL, Effort::DEAR, Effort::EXTREME] {
            runs.push(run("run", &scores, Tests::AsScored, effort));
        }
    }
    let mut random = Random::new(3);
    for _ in 0..100 {
        let scores: Vec<f64> = (0..6).map(|_| random.between(0.0, 100.0)).collect();
        let mut run = run("run", &scores, Tests::AsScored, Effort::CHEAP);
        for (_, row) in &mut run.stages {
            match random.below(8) {
                0 => drop(row.remove("score")),
                1 => drop((row.remove("tests_passed"), row.remove("tests_total"))),
                _ => {}
            }
        }
        runs.push(run);
    }
    runs
}

/// Two runs in a table, one of which took much more than the other.
fn pairs() -> Vec<Case> {
    let mut cases = Vec::new();
    let efforts = [Effort::SINGLE_CALL, Effort::TYPICAL, Effort::EXTREME];
    for scores in (1..=2).flat_map(|stages| every(2 * stages, &[0.0, 50.0, 100.0])) {
        let (first, second) = scores.split_at(scores.len() / 2);
        for (effort, other) in efforts.iter().flat_map(|a| efforts.map(|b| (*a, b))) {
            let first = run("run", first, Tests::AsScored, effort);
            let second = run("other", second, Tests::AsScored, other);
            cases.push(Case::new(vec![vec![first, second]], ""));
        }
    }
    cases
}

/// An ordinary run, and the same with next to no cost, time or tokens.
fn vanishing() -> Vec<Case> {
    let mut cases = Vec::new();
    for scores in ordinary_scores() {
        let plenty = Effort::TYPICAL;
        let before = run("run", &scores, Tests::AsScored, plenty);
        let last = scores.len() - 1;
        // The whole run takes what its last stage takes: sums of small floats would not be small.
        let mut add = |what: &str, size: f64, little: Effort, none: Effort| {
            let effort = |stage| if stage == last { little } else { none };
            let after = run_with("run", &scores, Tests::AsScored, effort);
            let tables = vec![vec![before.clone()], vec![after]];
            cases.push(Case { size, ..Case::new(tables, what) });
        };
        let (cost, seconds, tokens) = (1e-9, 1e-9, 8.0);
        add("cost to 1e-9 dollars", 1.0, Effort { cost, ..plenty }, Effort { cost: 0.0, ..plenty });
        add(
            "time to 1e-9 seconds",
            1.0,
            Effort { seconds, ..plenty },
            Effort { seconds: 0.0, ..plenty },
        );
        add("tokens to 8", 1.0, Effort { tokens, ..plenty }, Effort { tokens: 0.0, ..plenty });
        add(
            "cost to 1e-9 dollars, time to 1e-9 seconds, tokens to 8",
            3.0,
            Effort { cost, seconds, tokens, ..plenty },
            Effort { calls: plenty.calls, ..Effort::NONE },
        );
    }
    cases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lint::search::report;

    #[test]
    fn values_outside_the_range_and_indices_without_one() {
        let higher = |rest: &str| format!("better = \"higher\"\n{rest}");
        let per_dollar = higher("over = \"runs\"\nsql = \"total_tokens / NULLIF(cost_usd, 0)\"");
        let report = report(
            "",
            &[
                ("mean", "unit = \"points\"\nsql = \"AVG(score)\""),
                ("bonus", "unit = \"points\"\nsql = \"AVG(score) * 1.2\""),
                ("gain", "range = [0, inf]\nsql = \"SUM(score - 50)\""),
                ("loss", "range = [-inf, inf]\nsql = \"SUM(score - 50)\""),
                ("per_dollar", &per_dollar),
                ("per_dollar_with_unit", &format!("{per_dollar}\nunit = \"tokens/USD\"")),
                ("damped", &higher("over = \"runs\"\nsql = \"1 / (1 + cost_usd)\"")),
            ],
        );
        let found: Vec<(&str, &str)> = report
            .findings
            .iter()
            .filter(|f| f.property == Property::Bounded)
            .map(|f| (f.metric.as_str(), f.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("bonus", "a value of 120, outside 0 to 100"),
                ("gain", "a value of -50, outside 0 to inf"),
                (
                    "per_dollar",
                    "cost to 1e-9 dollars: 600000 -> 2.4e15, 1.875e9 times the median of ordinary runs"
                ),
            ]
        );
        let gain = &report.finding("gain", Property::Bounded).unwrap().counter_example;
        assert_eq!((gain.before[0].scores(), gain.after.len()), (vec![Some(0.0)], 0));
    }
}
