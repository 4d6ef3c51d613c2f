//! Runs ranked by a metric, with a rule for models that ran several times.

use crate::metrics::{Better, Level, Metric, MetricError, Pack, evaluate_only};
use crate::rollup::{Frame, Rollup};
use crate::stats::{kendall_tau_b, mean_ranks};
use crate::trace::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// What stands for a model that ran several times on a workload with one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Repeats {
    /// Each run for itself.
    #[default]
    All,
    /// The run with the best value. The best of many is better than the best of few.
    Best,
    /// The run that started last; of those without a time, the last by id.
    Latest,
    /// The mean of the known values.
    Mean,
}

impl Repeats {
    /// Name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Best => "best",
            Self::Latest => "latest",
            Self::Mean => "mean",
        }
    }
}

impl fmt::Display for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

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
            match mean(standing.iter().map(|r| r.value)) {
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

/// A run that may be ranked.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) run_id: String,
    pub(super) workload: String,
    pub(super) model: String,
    pub(super) agent: String,
    pub(super) started: Option<Timestamp>,
    pub(super) value: Option<f64>,
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
        started: started.get(row).copied().flatten(),
        value: values.get(row).copied().flatten(),
    };
    Ok((0..runs.height()).map(candidate).collect())
}

/// Runs of a workload under the labels that stand for them, in the order of the labels.
pub(super) fn grouped(runs: Vec<Candidate>, repeats: Repeats) -> Vec<(String, Vec<Candidate>)> {
    let mut agents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for run in &runs {
        let known = agents.entry(run.model.clone()).or_default();
        if !known.contains(&run.agent) {
            known.push(run.agent.clone());
        }
        *counts.entry((run.model.clone(), run.agent.clone())).or_default() += 1;
    }
    let mut groups: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for run in runs {
        let several_agents = agents.get(&run.model).is_some_and(|a| a.len() > 1);
        let repeated = counts.get(&(run.model.clone(), run.agent.clone())).is_some_and(|n| *n > 1);
        let label = match (repeats, repeated, several_agents) {
            (Repeats::All, true, _) | (Repeats::All, _, true) => {
                format!("{} ({})", run.model, run.run_id)
            }
            (Repeats::All, false, false) | (_, _, false) => run.model.clone(),
            (_, _, true) => format!("{} ({})", run.model, run.agent),
        };
        groups.entry(label).or_default().push(run);
    }
    groups.into_iter().collect()
}

/// The runs that stand for a group by the rule.
pub(super) fn standing(runs: &[Candidate], repeats: Repeats, higher: bool) -> Vec<&Candidate> {
    let one = match repeats {
        Repeats::All | Repeats::Mean => return runs.iter().collect(),
        Repeats::Latest => {
            runs.iter().max_by(|a, b| (a.started, &a.run_id).cmp(&(b.started, &b.run_id)))
        }
        Repeats::Best => {
            let worth = |run: &&Candidate| run.value.map(|v| if higher { v } else { -v });
            runs.iter().filter(|r| r.value.is_some()).max_by(|a, b| {
                let by_worth = worth(a).unwrap_or(0.0).total_cmp(&worth(b).unwrap_or(0.0));
                by_worth.then_with(|| b.run_id.cmp(&a.run_id))
            })
        }
    };
    one.into_iter().collect()
}

/// The mean of the known values; `None` when none is.
pub(super) fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, n) = values.flatten().fold((0.0, 0_u32), |(sum, n), v| (sum + v, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, agent: &str, started: i64, value: Option<f64>) -> Candidate {
        Candidate {
            run_id: id.to_owned(),
            workload: "w".to_owned(),
            model: "m".to_owned(),
            agent: agent.to_owned(),
            started: Some(Timestamp::from_micros(started)),
            value,
        }
    }

    #[test]
    fn repeated_runs_are_chosen_by_the_rule() {
        let chosen = |runs: &[Candidate], repeats, higher| {
            mean(standing(runs, repeats, higher).iter().map(|r| r.value))
        };
        let runs =
            [run("a", "x", 3, Some(1.0)), run("b", "x", 5, Some(2.0)), run("c", "x", 4, Some(6.0))];
        assert_eq!(chosen(&runs, Repeats::Best, true), Some(6.0));
        assert_eq!(chosen(&runs, Repeats::Best, false), Some(1.0));
        assert_eq!(chosen(&runs, Repeats::Latest, true), Some(2.0));
        assert_eq!(chosen(&runs, Repeats::Mean, true), Some(3.0));
        // The latest run counts even when its value is unknown.
        let unknown = [run("a", "x", 3, Some(1.0)), run("b", "x", 5, None)];
        assert_eq!(chosen(&unknown, Repeats::Latest, true), None);
        assert_eq!(chosen(&unknown, Repeats::Mean, true), Some(1.0));
        assert_eq!(chosen(&[run("a", "x", 0, None)], Repeats::Mean, true), None);
    }

    #[test]
    fn labels_say_no_more_than_is_needed() {
        let labels = |runs: Vec<Candidate>, repeats| {
            grouped(runs, repeats).into_iter().map(|(l, _)| l).collect::<Vec<_>>()
        };
        let one = vec![run("a", "x", 0, None)];
        let twice = vec![run("a", "x", 0, None), run("b", "x", 0, None)];
        let agents = vec![run("a", "x", 0, None), run("b", "y", 0, None)];
        assert_eq!(labels(one, Repeats::All), ["m"]);
        assert_eq!(labels(twice.clone(), Repeats::All), ["m (a)", "m (b)"]);
        assert_eq!(labels(twice, Repeats::Mean), ["m"]);
        assert_eq!(labels(agents, Repeats::Mean), ["m (x)", "m (y)"]);
    }
}
