//! Runs ranked by a metric.

use super::cohort::mean;
use super::repeats::{Candidate, Repeats, grouped, standing};
use crate::metrics::{Better, Level, Metric, MetricError, Pack, evaluate_only};
use crate::rollup::{Frame, Rollup};
use crate::stats::{kendall_tau_b, mean_ranks};
use std::collections::BTreeMap;

/// Which runs are ranked by what.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// Name of one of its run metrics.
    pub metric: &'a str,
    /// The runs.
    pub rollup: &'a Rollup,
    /// The rule for repeated runs.
    pub repeats: Repeats,
}

/// The ranking of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The workload.
    pub workload: String,
    /// Those with a value, by rank, then label.
    pub entries: Vec<RankedEntry>,
    /// Labels of those without a value.
    pub unranked: Vec<String>,
}

/// A run or model in a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedEntry {
    /// Display label: the model, with the agent or the run behind it where that is not unique.
    pub label: String,
    /// Model.
    pub model: String,
    /// Runs that it stands for.
    pub runs: usize,
    /// Its value.
    pub value: f64,
    /// Its rank: 1 is best, ties share the mean rank.
    pub rank: f64,
}

impl Ranking {
    /// The rank of a label.
    pub fn rank_of(&self, label: &str) -> Option<f64> {
        self.entries.iter().find(|e| e.label == label).map(|e| e.rank)
    }

    /// Kendall's tau-b between two rankings, over the labels that both have; `None` when it is undefined.
    pub fn tau_b(&self, other: &Self) -> Option<f64> {
        let both = self.entries.iter().filter_map(|e| Some((e.rank, other.rank_of(&e.label)?)));
        let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
        kendall_tau_b(&a, &b)
    }

    /// The same ranking of some labels only, ranked anew.
    #[must_use]
    pub fn among(&self, keep: impl Fn(&RankedEntry) -> bool) -> Self {
        let mut entries: Vec<RankedEntry> =
            self.entries.iter().filter(|e| keep(e)).cloned().collect();
        // Ranks order as the values did, whichever direction is good.
        let ranks: Vec<f64> = entries.iter().map(|e| e.rank).collect();
        for (entry, rank) in entries.iter_mut().zip(mean_ranks(&ranks, false)) {
            entry.rank = rank;
        }
        Self { workload: self.workload.clone(), entries, unranked: self.unranked.clone() }
    }
}

/// The run metric that a question asks for.
pub fn ranked_metric<'a>(pack: &'a Pack, name: &str) -> Result<&'a Metric, MetricError> {
    let found = pack.metric(name).filter(|m| m.level == Level::Run);
    let Some(metric) = found else {
        let known = pack.metrics.iter().filter(|m| m.level == Level::Run && !m.hidden);
        let known: Vec<&str> = known.map(|m| m.name.as_str()).collect();
        return Err(MetricError::Setting {
            problem: format!("the pack `{}` has no run metric `{name}`", pack.name),
            hint: format!("its run metrics are {}", known.join(", ")),
        });
    };
    if metric.better == Better::Neither {
        return Err(MetricError::Setting {
            problem: format!(
                "`{name}` cannot rank runs: the pack does not say which direction is better"
            ),
            hint: "add better = \"higher\" or better = \"lower\" to the metric".to_owned(),
        });
    }
    Ok(metric)
}

/// The rankings of every workload, in the order of their names.
pub fn rank(question: &Question) -> Result<Vec<Ranking>, MetricError> {
    let metric = ranked_metric(question.pack, question.metric)?;
    let scores = evaluate_only(question.pack, question.rollup, &[question.metric])?;
    let own = |p: &&crate::metrics::PackProblem| p.metric.as_deref() == Some(question.metric);
    if !scores.runs.names().iter().any(|n| n == question.metric) {
        let problem = scores.problems.iter().find(own).or_else(|| scores.problems.first());
        return Err(problem.cloned().map_or_else(
            || MetricError::Setting {
                problem: format!("`{}` could not be computed", question.metric),
                hint: "`ramptrace score STORE --pack PACK` says why".to_owned(),
            },
            MetricError::from,
        ));
    }
    let higher = metric.better == Better::Higher;
    let mut by_workload: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates(&scores.runs, question.metric)? {
        by_workload.entry(candidate.workload.clone()).or_default().push(candidate);
    }
    let rankings = by_workload.into_iter().map(|(workload, runs)| {
        let (mut entries, mut unranked) = (Vec::new(), Vec::new());
        for (label, members) in grouped(runs, question.repeats) {
            let standing = standing(&members, question.repeats, higher);
            match mean(standing.iter().filter_map(|r| r.value)) {
                Some(value) => entries.push(RankedEntry {
                    label,
                    model: members[0].model.clone(),
                    runs: members.len(),
                    value,
                    rank: 0.0,
                }),
                None => unranked.push(label),
            }
        }
        let values: Vec<f64> = entries.iter().map(|e| twelve_digits(e.value)).collect();
        for (entry, rank) in entries.iter_mut().zip(mean_ranks(&values, higher)) {
            entry.rank = rank;
        }
        entries.sort_by(|a, b| a.rank.total_cmp(&b.rank).then_with(|| a.label.cmp(&b.label)));
        Ranking { workload, entries, unranked }
    });
    Ok(rankings.collect())
}

/// A value without the digits that rounding leaves behind: values that agree in twelve digits are tied.
fn twelve_digits(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// The runs of a frame with their values of a column.
pub(super) fn candidates(runs: &Frame, metric: &str) -> Result<Vec<Candidate>, MetricError> {
    let (ids, workloads) = (runs.texts("run_id")?, runs.texts("workload")?);
    let (models, agents) = (runs.texts("model")?, runs.texts("agent")?);
    let (started, values) = (runs.times("started_at")?, runs.numbers(metric)?);
    let text = |column: &[Option<&str>], row: usize| {
        column.get(row).copied().flatten().unwrap_or_default().to_owned()
    };
    let candidate = |row: usize| Candidate {
        run_id: text(&ids, row),
        workload: text(&workloads, row),
        model: text(&models, row),
        agent: text(&agents, row),
        started_us: started.get(row).copied().flatten().map(crate::trace::Timestamp::micros),
        value: values.get(row).copied().flatten(),
    };
    Ok((0..runs.height()).map(candidate).collect())
}
