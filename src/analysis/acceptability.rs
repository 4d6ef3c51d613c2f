//! How often each run takes each rank when nobody knows the weights (SMAA).

use super::cohort::mean;
use super::ranking::{Question, candidates, ranked_metric};
use super::repeats::{Candidate, grouped, standing};
use crate::metrics::{Better, Metric, MetricError, evaluate_only};
use crate::rollup::Frame;
use crate::stats::rank_acceptability;
use std::collections::BTreeMap;

/// Rank acceptability under random weights.
#[derive(Debug, Clone, PartialEq)]
pub struct RankAcceptability {
    /// The workload.
    pub workload: String,
    /// What the weights belong to: stages or metrics, by name.
    pub criteria: Vec<String>,
    /// Weight vectors drawn.
    pub samples: u32,
    /// Seed of the draw.
    pub seed: u64,
    /// The runs, by mean rank.
    pub rows: Vec<AcceptabilityRow>,
    /// Labels of runs that lack a criterion.
    pub unranked: Vec<String>,
}

/// One run under random weights.
#[derive(Debug, Clone, PartialEq)]
pub struct AcceptabilityRow {
    /// Display label.
    pub label: String,
    /// Share of the draws in which it has rank 1, 2, ...; adds up to 1. A tie splits a draw evenly over its ranks.
    pub shares: Vec<f64>,
    /// Mean rank.
    pub mean_rank: f64,
    /// Best rank seen.
    pub best: usize,
    /// Worst rank seen.
    pub worst: usize,
    /// Mean of the weights that put it first, by criterion; `None` when none does.
    pub central_weights: Option<Vec<f64>>,
}

impl RankAcceptability {
    /// Ranks runs by random weights: of the metrics that the metric of the question weighs, if it is a composite, else of
    /// the stages. Workload by workload; runs that lack a criterion are named and left out.
    pub fn of(question: &Question, draws: u32, seed: u64) -> Result<Vec<Self>, MetricError> {
        let metric = ranked_metric(question.pack, question.metric)?;
        let mut found = Vec::new();
        for matrix in matrices(question, metric)? {
            let shares = rank_acceptability(&matrix.values, draws, seed).map_err(|e| {
                MetricError::Setting {
                    problem: format!("random weights: {e}"),
                    hint: "a composite metric names what it weighs as parts = [...]".to_owned(),
                }
            })?;
            let mut rows: Vec<AcceptabilityRow> = matrix
                .labels
                .into_iter()
                .zip(shares)
                .map(|(label, s)| AcceptabilityRow {
                    label,
                    shares: s.shares,
                    mean_rank: s.mean_rank,
                    best: s.best,
                    worst: s.worst,
                    central_weights: s.central_weights,
                })
                .collect();
            rows.sort_by(|a, b| {
                a.mean_rank.total_cmp(&b.mean_rank).then_with(|| a.label.cmp(&b.label))
            });
            found.push(Self {
                workload: matrix.workload,
                criteria: matrix.criteria,
                samples: draws,
                seed,
                rows,
                unranked: matrix.incomplete,
            });
        }
        Ok(found)
    }
}

/// The criteria of a workload's runs.
struct Matrix {
    workload: String,
    criteria: Vec<String>,
    labels: Vec<String>,
    values: Vec<Vec<f64>>,
    incomplete: Vec<String>,
}

fn matrices(question: &Question, metric: &Metric) -> Result<Vec<Matrix>, MetricError> {
    let columns = if metric.parts.is_empty() {
        stage_columns(question)?
    } else {
        part_columns(question, &metric.parts)?
    };
    let higher = metric.better == Better::Higher;
    let scores = evaluate_only(question.pack, question.rollup, &[question.metric])?;
    let mut by_workload: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates(&scores.runs, question.metric)? {
        by_workload.entry(candidate.workload.clone()).or_default().push(candidate);
    }
    let mut found = Vec::new();
    for (workload, runs) in by_workload {
        // A stage that no run of the workload has is no criterion of it.
        let known =
            |values: &BTreeMap<String, f64>| runs.iter().any(|r| values.contains_key(&r.run_id));
        let columns: Vec<_> = columns.iter().filter(|(_, values)| known(values)).collect();
        let mut matrix = Matrix {
            workload,
            criteria: columns.iter().map(|(name, _)| name.clone()).collect(),
            labels: Vec::new(),
            values: Vec::new(),
            incomplete: Vec::new(),
        };
        for (label, members) in grouped(runs.clone(), question.repeats) {
            let standing = standing(&members, question.repeats, higher);
            let value = |values: &BTreeMap<String, f64>| {
                mean(standing.iter().filter_map(|run| values.get(&run.run_id).copied()))
            };
            let row: Option<Vec<f64>> = columns.iter().map(|(_, values)| value(values)).collect();
            match row.filter(|r| !r.is_empty()) {
                Some(row) => {
                    matrix.labels.push(label);
                    matrix.values.push(row);
                }
                None => matrix.incomplete.push(label),
            }
        }
        found.push(matrix);
    }
    Ok(found)
}

/// A criterion: its name, and its value by run.
type Criterion = (String, BTreeMap<String, f64>);

fn stage_columns(question: &Question) -> Result<Vec<Criterion>, MetricError> {
    let stages = Frame::of(&question.rollup.stages);
    let (ids, indices) = (stages.texts("run_id")?, stages.ints("stage")?);
    let mut by_stage: BTreeMap<i64, BTreeMap<String, f64>> = BTreeMap::new();
    for ((id, stage), score) in ids.into_iter().zip(indices).zip(stages.numbers("score")?) {
        if let (Some(id), Some(stage), Some(score)) = (id, stage, score) {
            by_stage.entry(stage).or_default().insert(id.to_owned(), score);
        }
    }
    Ok(by_stage.into_iter().map(|(stage, values)| (format!("T{stage}"), values)).collect())
}

fn part_columns(question: &Question, parts: &[String]) -> Result<Vec<Criterion>, MetricError> {
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let scores = evaluate_only(question.pack, question.rollup, &names)?;
    let ids = scores.runs.texts("run_id")?;
    let mut columns = Vec::new();
    for part in parts {
        // A part for which less is better counts the other way round.
        let lower = question.pack.metric(part).is_some_and(|m| m.better == Better::Lower);
        let sign = if lower { -1.0 } else { 1.0 };
        let values = ids.iter().zip(scores.runs.numbers(part)?);
        let known = values.filter_map(|(id, v)| Some(((*id)?.to_owned(), sign * v?)));
        columns.push((part.clone(), known.collect()));
    }
    Ok(columns)
}
