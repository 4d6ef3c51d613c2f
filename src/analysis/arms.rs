//! Two groups of runs compared: with recovery and without, one harness and another, one price of a model and another.
//!
//! Where both groups have runs of the same models, the comparison is paired: the mean of a model in one arm against its mean
//! in the other, so that a strong model stands on both sides. Otherwise runs are compared with runs. The p-values of all
//! measures are corrected together (Holm). What one run per arm cannot give is refused, and what would be needed is said.

use super::cohort::mean;
use super::{Cohort, CohortRun};
use crate::stats::{
    QuestionVariance, Sample, SampleError, TestDesign, holm, mcnemar, paired_difference,
    questions_needed, runs_per_arm, sign_flip_test, student_t_quantile, two_sample_test, welch,
};
use std::collections::{BTreeMap, BTreeSet};

/// Relabellings drawn when they cannot all be tried.
const RESAMPLES: u32 = 9999;
const SEED: u64 = 2026;

/// Two arms of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmComparison {
    /// The workload.
    pub workload: String,
    /// The arms, by name.
    pub names: (String, String),
    /// Runs in each.
    pub runs: (usize, usize),
    /// Models in both, which make the pairs; none when the comparison is of runs with runs.
    pub paired_models: Vec<String>,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// What was compared.
    pub measures: Vec<ArmMeasure>,
}

/// One measure in both arms.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmMeasure {
    /// What it is, e.g. `mean score` or `T3 passed`.
    pub name: String,
    /// Its unit, `share` for pass rates.
    pub unit: &'static str,
    /// Mean in the first arm.
    pub first: Option<f64>,
    /// Mean in the second arm.
    pub second: Option<f64>,
    /// Pairs, or runs of both arms together.
    pub n: usize,
    /// First less second.
    pub difference: Option<f64>,
    /// 95 % interval of the difference; `None` with fewer than two pairs, or two runs in an arm.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p-value.
    pub p: Option<f64>,
    /// The same, corrected for all measures of the comparison.
    pub p_holm: Option<f64>,
    /// How the p-value was found.
    pub test: &'static str,
    /// Pairs, or runs in each arm, that would show a difference of this size with a power of 80 %; `None` when there is no
    /// difference, or no spread to reckon with.
    pub needed: Option<f64>,
}

/// A reading of a run.
type Read<'a> = Box<dyn Fn(&CohortRun) -> Option<f64> + 'a>;

impl ArmComparison {
    /// Compares two sets of runs of a cohort, given by run id.
    pub fn of(
        cohort: &Cohort,
        names: (&str, &str),
        first: &BTreeSet<String>,
        second: &BTreeSet<String>,
        gate: f64,
    ) -> Result<Self, SampleError> {
        let members = |ids: &BTreeSet<String>| -> Vec<&CohortRun> {
            cohort.runs.iter().filter(|r| ids.contains(&r.run_id)).collect()
        };
        let arms = (members(first), members(second));
        let models =
            |runs: &[&CohortRun]| runs.iter().map(|r| r.model.clone()).collect::<BTreeSet<_>>();
        let shared: Vec<String> = models(&arms.0).intersection(&models(&arms.1)).cloned().collect();
        let mut measures = vec![
            measure(&arms, &shared, "mean score", "points", &|r| r.mean_score)?,
            measure(&arms, &shared, "cost", "USD", &|r| r.cost_usd)?,
            measure(&arms, &shared, "time", "s", &|r| r.elapsed_s)?,
        ];
        for stage in &cohort.stages {
            let passed: Read = Box::new(|r: &CohortRun| {
                r.passed(*stage, gate).map(|passed| if passed { 1.0 } else { 0.0 })
            });
            measures.push(measure(&arms, &shared, &format!("T{stage} passed"), "share", &passed)?);
        }
        correct(&mut measures);
        Ok(Self {
            workload: cohort.workload.clone(),
            names: (names.0.to_owned(), names.1.to_owned()),
            runs: (arms.0.len(), arms.1.len()),
            paired_models: shared,
            gate,
            measures,
        })
    }
}

fn correct(measures: &mut [ArmMeasure]) {
    let known: Vec<f64> = measures.iter().filter_map(|m| m.p).collect();
    if let Ok(corrected) = holm(&known) {
        for (measure, p) in measures.iter_mut().filter(|m| m.p.is_some()).zip(corrected) {
            measure.p_holm = Some(p);
        }
    }
}

fn measure(
    arms: &(Vec<&CohortRun>, Vec<&CohortRun>),
    shared: &[String],
    name: &str,
    unit: &'static str,
    read: &dyn Fn(&CohortRun) -> Option<f64>,
) -> Result<ArmMeasure, SampleError> {
    if shared.is_empty() {
        unpaired(arms, name, unit, read)
    } else {
        paired(arms, shared, name, unit, read)
    }
}

/// Means of models, by model.
fn by_model(
    runs: &[&CohortRun],
    read: &dyn Fn(&CohortRun) -> Option<f64>,
) -> BTreeMap<String, f64> {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for run in runs {
        if let Some(value) = read(run) {
            values.entry(run.model.clone()).or_default().push(value);
        }
    }
    values.into_iter().map(|(model, v)| (model, v.iter().sum::<f64>() / count(v.len()))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "runs are few")]
fn count(n: usize) -> f64 {
    n as f64
}

fn paired(
    arms: &(Vec<&CohortRun>, Vec<&CohortRun>),
    shared: &[String],
    name: &str,
    unit: &'static str,
    read: &dyn Fn(&CohortRun) -> Option<f64>,
) -> Result<ArmMeasure, SampleError> {
    let (a, b) = (by_model(&arms.0, read), by_model(&arms.1, read));
    let pairs: Vec<(f64, f64)> =
        shared.iter().filter_map(|m| Some((*a.get(m)?, *b.get(m)?))).collect();
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).collect();
    let sample = Sample::new(&differences)?;
    let compared = paired_difference(&pairs)?;
    let interval = compared.and_then(|c| {
        let half = student_t_quantile(0.975, count(c.n) - 1.0)? * c.error;
        Some((c.mean - half, c.mean + half))
    });
    let whole = |v: f64| v.total_cmp(&0.0).is_eq() || v.total_cmp(&1.0).is_eq();
    let binary = unit == "share" && pairs.iter().all(|(a, b)| whole(*a) && whole(*b));
    let (p, test) = if pairs.len() < 2 {
        (None, "one pair: no test")
    } else if binary {
        let outcomes: Vec<(bool, bool)> = pairs.iter().map(|(a, b)| (*a > 0.5, *b > 0.5)).collect();
        (mcnemar(&outcomes).map(|m| m.p), "McNemar, exact")
    } else {
        let test = sign_flip_test(&sample, RESAMPLES, SEED);
        let how = if test.is_some_and(|t| t.exact) {
            "sign flips, exact"
        } else {
            "sign flips, 9999 drawn"
        };
        (test.map(|t| t.p), how)
    };
    let difference = sample.mean();
    let needed = difference.filter(|d| *d != 0.0).and_then(|d| {
        let variance =
            QuestionVariance { between: sample.sd()?.powi(2), first: (0.0, 1), second: (0.0, 1) };
        questions_needed(&variance, d, TestDesign::new(0.05, 0.8)?).filter(|n| *n > 0.0)
    });
    Ok(ArmMeasure {
        name: name.to_owned(),
        unit,
        first: mean(first.iter().copied()),
        second: mean(second.iter().copied()),
        n: pairs.len(),
        difference,
        interval,
        p,
        p_holm: None,
        test,
        needed,
    })
}

fn unpaired(
    arms: &(Vec<&CohortRun>, Vec<&CohortRun>),
    name: &str,
    unit: &'static str,
    read: &dyn Fn(&CohortRun) -> Option<f64>,
) -> Result<ArmMeasure, SampleError> {
    let values = |runs: &[&CohortRun]| runs.iter().filter_map(|r| read(r)).collect::<Vec<f64>>();
    let (first, second) = (values(&arms.0), values(&arms.1));
    let (a, b) = (Sample::new(&first)?, Sample::new(&second)?);
    let difference = a.mean().zip(b.mean()).map(|(a, b)| a - b);
    let enough = a.len() >= 2 && b.len() >= 2;
    let test = if enough { two_sample_test(&a, &b, RESAMPLES, SEED) } else { None };
    let how = match test {
        None => "fewer than two runs in an arm: no test",
        Some(t) if t.exact => "relabelled runs, exact",
        Some(_) => "relabelled runs, 9999 drawn",
    };
    let design = TestDesign::new(0.05, 0.8);
    let needed = match (unit, a.mean(), b.mean()) {
        ("share", Some(p), Some(q)) => design.and_then(|d| runs_per_arm(p, q, d)),
        _ => difference.filter(|d| *d != 0.0).and_then(|d| {
            let variance = QuestionVariance {
                between: 0.0,
                first: (a.sd()?.powi(2), 1),
                second: (b.sd()?.powi(2), 1),
            };
            questions_needed(&variance, d, design?).filter(|n| *n > 0.0)
        }),
    };
    Ok(ArmMeasure {
        name: name.to_owned(),
        unit,
        first: a.mean(),
        second: b.mean(),
        n: a.len() + b.len(),
        difference,
        interval: welch(&a, &b).map(|w| (w.interval.low, w.interval.high)),
        p: test.map(|t| t.p),
        p_holm: None,
        test: how,
        needed,
    })
}
