//! A ranking under every combination of the choices an analyst could have made.

use super::ranking::{Question, Ranking, rank, ranked_metric};
use crate::metrics::{MetricError, Pack, ParameterValue, identities};
use crate::rollup::Rollup;
use std::collections::BTreeMap;

/// The specification curve of a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecificationCurve {
    /// The workload.
    pub workload: String,
    /// Label of the metric.
    pub metric: String,
    /// The choices.
    pub axes: Vec<Choice>,
    /// The combinations, by agreement with the ranking of the pack as it is, lowest first.
    pub specifications: Vec<Specification>,
    /// Number of combinations that exist; those above the cap were not computed.
    pub possible: usize,
}

/// One choice with its options.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What is chosen, e.g. `gate` or `cost basis`.
    pub name: String,
    /// The options, the pack's own first.
    pub options: Vec<String>,
    /// Whether no option ever changes a rank, whatever the other choices are.
    pub inert: bool,
}

/// One combination.
#[derive(Debug, Clone, PartialEq)]
pub struct Specification {
    /// Index of the option taken, by choice.
    pub options: Vec<usize>,
    /// Kendall's tau-b with the ranking of the pack as it is; `None` when it is undefined.
    pub tau_b: Option<f64>,
    /// Labels of the runs in first place.
    pub first: Vec<String>,
    /// Whether this is the pack as it is.
    pub is_default: bool,
}

/// Combinations that are computed at most.
pub const MOST_SPECIFICATIONS: usize = 256;

impl SpecificationCurve {
    /// Ranks the runs under every combination of: the alternatives that the pack has for each parameter that the metric
    /// looks at, the gates that it could be under, and the cost bases given (name and views, that of the question first)
    /// when it looks at costs. The first [`MOST_SPECIFICATIONS`] are computed, those near the pack as it is first.
    pub fn of(question: &Question, bases: &[(String, Rollup)]) -> Result<Vec<Self>, MetricError> {
        let metric = ranked_metric(question.pack, question.metric)?;
        let axes = axes(question, bases);
        let sizes: Vec<usize> = axes.iter().map(|a| a.options.len()).collect();
        let possible = sizes.iter().fold(1_usize, |n, size| n.saturating_mul(*size));
        let mut computed = Vec::new();
        for options in combinations(&sizes, MOST_SPECIFICATIONS) {
            let mut pack = question.pack.clone();
            let mut rollup = question.rollup;
            for (axis, option) in axes.iter().zip(&options) {
                match axis.options.get(*option).map(|o| &o.1) {
                    Some(Change::Parameter(value)) => pack.set(&axis.name, value.clone())?,
                    Some(Change::Gate(gate)) => set_gate(&mut pack, question.metric, gate.as_ref()),
                    Some(Change::Basis(basis)) => {
                        rollup = bases.get(*basis).map_or(rollup, |(_, other)| other);
                    }
                    None => {}
                }
            }
            let rankings = rank(&Question { pack: &pack, rollup, ..question.clone() })?;
            computed.push((options, rankings));
        }
        let Some((_, base)) = computed.first() else { return Ok(Vec::new()) };
        let of_workload = |ranking: &Ranking| {
            let at: Vec<(&Vec<usize>, Option<&Ranking>)> = computed
                .iter()
                .map(|(options, all)| {
                    (options, all.iter().find(|r| r.workload == ranking.workload))
                })
                .collect();
            Self {
                workload: ranking.workload.clone(),
                metric: metric.label.clone(),
                axes: axes.iter().enumerate().map(|(i, axis)| choice(axis, i, &at)).collect(),
                specifications: sorted(ranking, &at),
                possible,
            }
        };
        Ok(base.iter().map(of_workload).collect())
    }
}

/// A choice with what each option does.
struct Axis {
    name: String,
    options: Vec<(String, Change)>,
}

enum Change {
    Parameter(ParameterValue),
    Gate(Option<String>),
    Basis(usize),
}

fn axes(question: &Question, bases: &[(String, Rollup)]) -> Vec<Axis> {
    let known = identities(question.pack);
    let Some(identity) = known.get(question.metric) else { return Vec::new() };
    let mut axes = Vec::new();
    for name in &identity.parameters {
        let Some(parameter) = question.pack.parameters.get(name) else { continue };
        let mut options =
            vec![(parameter.value.text(), Change::Parameter(parameter.value.clone()))];
        for (label, value) in parameter.alternatives.iter().filter(|(_, v)| *v != parameter.value) {
            options.push((label.clone(), Change::Parameter(value.clone())));
        }
        axes.push(Axis { name: name.clone(), options });
    }
    let own = question.pack.metric(question.metric).and_then(|m| m.gate.clone());
    let reads_scores = identity.columns.contains("score");
    let gate_name = |gate: &Option<String>| gate.clone().unwrap_or_else(|| "none".to_owned());
    let mut gates = vec![own.clone()];
    let others = question.pack.gates.iter().map(|g| Some(g.name.clone()));
    gates.extend(std::iter::once(None).chain(others).filter(|g| *g != own));
    if reads_scores {
        let options = gates.into_iter().map(|g| (gate_name(&g), Change::Gate(g))).collect();
        axes.push(Axis { name: "gate rule".to_owned(), options });
    }
    if identity.columns.contains("cost_usd") {
        let options = bases.iter().enumerate().map(|(i, (n, _))| (n.clone(), Change::Basis(i)));
        axes.push(Axis { name: "cost basis".to_owned(), options: options.collect() });
    }
    axes.retain(|a| a.options.len() > 1);
    axes
}

fn set_gate(pack: &mut Pack, name: &str, gate: Option<&String>) {
    for metric in pack.metrics.iter_mut().filter(|m| m.name == name) {
        metric.gate = gate.cloned();
    }
}

/// Combinations of options, those with the fewest departures from the first options first.
fn combinations(sizes: &[usize], most: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for size in sizes {
        let longer = all.iter().flat_map(|head| {
            (0..*size).map(move |option| {
                let mut next = head.clone();
                next.push(option);
                next
            })
        });
        all = longer.collect();
        // Departures only grow, so what is far now stays far.
        all.sort_by_key(|options| (options.iter().filter(|o| **o != 0).count(), options.clone()));
        all.truncate(most);
    }
    all
}

fn choice(axis: &Axis, index: usize, at: &[(&Vec<usize>, Option<&Ranking>)]) -> Choice {
    // Combinations that differ in this choice only.
    let mut others: BTreeMap<Vec<usize>, &Ranking> = BTreeMap::new();
    let mut inert = true;
    for (options, ranking) in at {
        let Some(ranking) = ranking else { continue };
        let mut rest = (*options).clone();
        rest.remove(index);
        match others.get(&rest) {
            Some(first) => inert &= same_ranks(first, ranking),
            None => {
                others.insert(rest, ranking);
            }
        }
    }
    Choice {
        name: axis.name.clone(),
        options: axis.options.iter().map(|(name, _)| name.clone()).collect(),
        inert,
    }
}

fn same_ranks(a: &Ranking, b: &Ranking) -> bool {
    let ranks = |r: &Ranking| -> BTreeMap<String, u64> {
        r.entries.iter().map(|e| (e.label.clone(), e.rank.to_bits())).collect()
    };
    ranks(a) == ranks(b)
}

fn sorted(base: &Ranking, at: &[(&Vec<usize>, Option<&Ranking>)]) -> Vec<Specification> {
    let mut specifications: Vec<Specification> = at
        .iter()
        .map(|(options, ranking)| {
            let best = ranking.and_then(|r| r.entries.first()).map(|e| e.rank);
            let entries = ranking.iter().flat_map(|r| &r.entries);
            Specification {
                options: (*options).clone(),
                tau_b: ranking.and_then(|r| base.tau_b(r)),
                first: entries.filter(|e| Some(e.rank) == best).map(|e| e.label.clone()).collect(),
                is_default: options.iter().all(|o| *o == 0),
            }
        })
        .collect();
    specifications.sort_by(|a, b| {
        let key = |s: &Specification| s.tau_b.unwrap_or(-2.0);
        key(a).total_cmp(&key(b)).then_with(|| a.options.cmp(&b.options))
    });
    specifications
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_near_the_defaults_come_first() {
        let all = combinations(&[2, 3], 100);
        assert_eq!(all, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
        assert_eq!(combinations(&[2, 2, 2], 4), [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]);
        assert_eq!(combinations(&[], 4), [Vec::<usize>::new()]);
    }
}
