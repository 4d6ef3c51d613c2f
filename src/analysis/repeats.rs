//! Models that ran several times on a workload: what stands for them, and what several tries are worth.

use super::{Cohort, ScoreTable};
use crate::metrics::{Better, Metric};
use crate::stats::{TaskMean, Trials, mean_pass_at_k, mean_pass_hat_k, pass_at_k, pass_hat_k};
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

/// A run that may be ranked.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) run_id: String,
    pub(super) workload: String,
    pub(super) model: String,
    pub(super) agent: String,
    pub(super) started_us: Option<i64>,
    pub(super) value: Option<f64>,
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
            (_, _, true) if run.agent.is_empty() => format!("{} (agent unknown)", run.model),
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
            runs.iter().max_by(|a, b| (a.started_us, &a.run_id).cmp(&(b.started_us, &b.run_id)))
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

/// The runs of one model with one agent on a workload, and those that stand for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatGroup {
    /// Display label.
    pub label: String,
    /// Workload.
    pub workload: String,
    /// Its runs, as positions in [`ScoreTable::runs`].
    pub runs: Vec<usize>,
    /// Those that stand for it.
    pub standing: Vec<usize>,
}

/// The groups of a table by a rule; `metric` decides what is best.
pub fn repeat_groups(
    table: &ScoreTable,
    metric: Option<&Metric>,
    repeats: Repeats,
) -> Vec<RepeatGroup> {
    let values = metric.map(|m| table.by_run(&m.name)).unwrap_or_default();
    let higher = metric.is_none_or(|m| m.better != Better::Lower);
    let mut by_workload: BTreeMap<&str, Vec<Candidate>> = BTreeMap::new();
    let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
    for (position, run) in table.runs.iter().enumerate() {
        positions.insert(&run.run_id, position);
        by_workload.entry(&run.workload).or_default().push(Candidate {
            run_id: run.run_id.clone(),
            workload: run.workload.clone(),
            model: run.model.clone(),
            agent: run.agent.clone(),
            started_us: run.started_us,
            value: values.get(position).copied().flatten(),
        });
    }
    let position = |run: &Candidate| positions.get(run.run_id.as_str()).copied();
    let mut groups = Vec::new();
    for (workload, runs) in by_workload {
        for (label, members) in grouped(runs, repeats) {
            let standing = standing(&members, repeats, higher);
            groups.push(RepeatGroup {
                label,
                workload: workload.to_owned(),
                standing: standing.into_iter().filter_map(position).collect(),
                runs: members.iter().filter_map(position).collect(),
            });
        }
    }
    groups
}

/// What k tries of a model are worth on a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatedPasses {
    /// Workload.
    pub workload: String,
    /// Model, with the agent behind it where it ran with several.
    pub label: String,
    /// Tries.
    pub k: u64,
    /// Runs of which every stage has a score.
    pub runs: u64,
    /// Of these, runs that passed every stage.
    pub passed: u64,
    /// Probability that one of k runs passes every stage (pass@k); `None` with fewer than k runs.
    pub any: Option<f64>,
    /// Probability that all of k runs do (pass^k).
    pub all: Option<f64>,
    /// Mean over the stages of pass@k.
    pub stage_any: TaskMean,
    /// Mean over the stages of pass^k.
    pub stage_all: TaskMean,
}

/// pass@k and pass^k of every model, unbiased; see [`crate::stats::pass_at_k`] for the formulas.
pub fn repeated_passes(
    table: &ScoreTable,
    cohorts: &[Cohort],
    gate: f64,
    ks: &[u64],
) -> Vec<RepeatedPasses> {
    let mut found = Vec::new();
    for group in repeat_groups(table, None, Repeats::Mean) {
        let Some(cohort) = cohorts.iter().find(|c| c.workload == group.workload) else { continue };
        let ids: Vec<&str> =
            group.runs.iter().filter_map(|r| Some(table.runs.get(*r)?.run_id.as_str())).collect();
        let runs: Vec<_> =
            cohort.runs.iter().filter(|r| ids.contains(&r.run_id.as_str())).collect();
        let trials = |outcomes: Vec<Option<bool>>| {
            let known = outcomes.iter().flatten();
            Trials { n: known.clone().count() as u64, c: known.filter(|p| **p).count() as u64 }
        };
        let whole = |run: &&super::CohortRun| {
            let stages: Option<Vec<bool>> =
                cohort.stages.iter().map(|s| run.passed(*s, gate)).collect();
            stages.map(|s| s.iter().all(|p| *p))
        };
        let pipeline = trials(runs.iter().map(whole).collect());
        let stages: Vec<Trials> = cohort
            .stages
            .iter()
            .map(|s| trials(runs.iter().map(|r| r.passed(*s, gate)).collect()))
            .collect();
        for k in ks {
            found.push(RepeatedPasses {
                workload: group.workload.clone(),
                label: group.label.clone(),
                k: *k,
                runs: pipeline.n,
                passed: pipeline.c,
                any: pass_at_k(pipeline, *k),
                all: pass_hat_k(pipeline, *k),
                stage_any: mean_pass_at_k(&stages, *k),
                stage_all: mean_pass_hat_k(&stages, *k),
            });
        }
    }
    found
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
            started_us: Some(started),
            value,
        }
    }

    #[test]
    fn repeated_runs_are_chosen_by_the_rule() {
        let chosen = |runs: &[Candidate], repeats, higher| {
            super::super::cohort::mean(
                standing(runs, repeats, higher).iter().filter_map(|r| r.value),
            )
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
        let unknown = vec![run("a", "", 0, None), run("b", "y", 0, None)];
        assert_eq!(labels(unknown, Repeats::Mean), ["m (agent unknown)", "m (y)"]);
    }
}
