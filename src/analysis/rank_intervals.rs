//! Which ranks a model could have, given how much its repeated runs differ, and which models cannot be told apart.
//!
//! Every pair of models is compared by Welch's t test on their runs, corrected for all pairs (Holm). A model's rank lies
//! between one more than the models that are surely better and as many as are not surely worse. One run of a model says
//! nothing about how much its runs differ: such models get no interval, and the table says what would be needed.

use super::Cohort;
use crate::stats::{QuestionVariance, Sample, TestDesign, holm, questions_needed, welch};
use std::collections::BTreeMap;

/// The rank intervals of a workload's models by mean score.
#[derive(Debug, Clone, PartialEq)]
pub struct RankIntervals {
    /// The workload.
    pub workload: String,
    /// Models with at least two runs, best mean first.
    pub rows: Vec<RankInterval>,
    /// Models with a single run, for which there is none.
    pub single: Vec<String>,
    /// Runs of each model that would tell the two closest neighbours apart with a power of 80 %; `None` without a spread.
    pub needed: Option<f64>,
}

/// A model with the ranks it could have.
#[derive(Debug, Clone, PartialEq)]
pub struct RankInterval {
    /// Model.
    pub model: String,
    /// Its runs.
    pub runs: usize,
    /// Mean score.
    pub mean: f64,
    /// Best rank it could have.
    pub best: usize,
    /// Worst rank it could have.
    pub worst: usize,
    /// Models that cannot be told from it at the 5 % level.
    pub tied: Vec<String>,
}

impl RankIntervals {
    /// The intervals of a cohort.
    pub fn of(cohort: &Cohort) -> Self {
        let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for run in &cohort.runs {
            if let Some(score) = run.mean_score {
                values.entry(&run.model).or_default().push(score);
            }
        }
        let single = values.iter().filter(|(_, v)| v.len() < 2).map(|(m, _)| (*m).to_owned());
        let single: Vec<String> = single.collect();
        let repeated = values.iter().filter(|(_, v)| v.len() > 1);
        let mut models: Vec<(&str, Sample)> =
            repeated.filter_map(|(m, v)| Some((*m, Sample::new(v).ok()?))).collect();
        let mean = |s: &Sample| s.mean().unwrap_or(f64::NEG_INFINITY);
        models.sort_by(|a, b| mean(&b.1).total_cmp(&mean(&a.1)).then_with(|| a.0.cmp(b.0)));
        let surely = surely_better(&models);
        let rows = models.iter().enumerate().map(|(i, (model, sample))| {
            let above = (0..models.len()).filter(|j| surely.contains(&(*j, i))).count();
            let below = (0..models.len()).filter(|j| surely.contains(&(i, *j))).count();
            let tied = (0..models.len())
                .filter(|j| *j != i && !surely.contains(&(i, *j)) && !surely.contains(&(*j, i)));
            RankInterval {
                model: (*model).to_owned(),
                runs: sample.len(),
                mean: mean(sample),
                best: 1 + above,
                worst: models.len() - below,
                tied: tied.map(|j| models[j].0.to_owned()).collect(),
            }
        });
        let rows = rows.collect();
        Self { workload: cohort.workload.clone(), rows, single, needed: needed(&models) }
    }
}

/// Pairs of which the first is better than the second beyond doubt at the 5 % level.
fn surely_better(models: &[(&str, Sample)]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (i, a) in models.iter().enumerate() {
        for (j, b) in models.iter().enumerate().skip(i + 1) {
            if let Some(test) = welch(&a.1, &b.1) {
                pairs.push(((i, j), test.p));
            }
        }
    }
    let p: Vec<f64> = pairs.iter().map(|(_, p)| *p).collect();
    let Ok(corrected) = holm(&p) else { return Vec::new() };
    let sure = pairs.into_iter().zip(corrected).filter(|(_, p)| *p < 0.05);
    sure.map(|((pair, _), _)| pair).collect()
}

/// Runs per model to tell the closest neighbours apart, at the mean variance of the repeats.
fn needed(models: &[(&str, Sample)]) -> Option<f64> {
    let variances: Vec<f64> = models.iter().filter_map(|(_, s)| Some(s.sd()?.powi(2))).collect();
    let variance = Sample::new(&variances).ok()?.mean().filter(|v| *v > 0.0)?;
    let gaps = models.array_windows().filter_map(|[a, b]| Some(a.1.mean()? - b.1.mean()?));
    let closest = gaps.filter(|g| *g > 0.0).min_by(f64::total_cmp)?;
    let spread = QuestionVariance { between: 0.0, first: (variance, 1), second: (variance, 1) };
    questions_needed(&spread, closest, TestDesign::new(0.05, 0.8)?)
}
