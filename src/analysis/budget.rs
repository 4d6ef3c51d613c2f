//! Score reached with a budget, and the area under that curve.
//!
//! S(B) is the mean over stages of the scores whose results had come in when at most B was spent; a stage without a
//! result by then counts as the baseline, which is 0 unless one is given. The area is the mean of S over budgets up to
//! `B_max`, with budgets taken linearly (SWE-Effi, arXiv 2509.09853) or by their logarithm from `b0` on.

use super::accounts::Accounts;
use super::calls::RunCalls;
use super::cohort::Cohort;
use super::spending::{Resource, spent_by_stage};
use std::collections::BTreeMap;

/// Budget curves of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetCurves {
    /// The workload.
    pub workload: String,
    /// What is spent.
    pub resource: Resource,
    /// Cost basis, where money is spent.
    pub basis: Option<String>,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Stages that the means are taken over.
    pub stages: usize,
    /// Whether stages without a result count as a baseline rather than 0.
    pub has_baseline: bool,
    /// `b0`: where the area by logarithm begins.
    pub least: f64,
    /// `B_max`: where both areas end.
    pub most: f64,
    /// Runs behind the curves.
    pub runs: usize,
    /// What a line is.
    pub lines: BudgetLines,
    /// One curve per line, highest end first.
    pub curves: Vec<BudgetCurve>,
    /// The mean of all runs.
    pub mean: BudgetCurve,
    /// The same mean with the final score of a stage from the first call on that was made in it; `None` where only results
    /// are known.
    pub begun: Option<BudgetCurve>,
    /// Labels of runs without a score, or whose spending by stage is unknown.
    pub left_out: Vec<String>,
}

/// What a line of budget curves is, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetLines {
    /// A run, out of what its stages took.
    Runs,
    /// The mean of the runs of a model, out of their events.
    Models,
}

/// A step function of the budget.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetCurve {
    /// Display label.
    pub label: String,
    /// Who makes the model.
    pub vendor: Option<String>,
    /// Red, green and blue of the vendor.
    pub color: Option<[u8; 3]>,
    /// Score and share of stages passed before the first result.
    pub start: (f64, f64),
    /// Its steps, by what was spent.
    pub steps: Vec<BudgetStep>,
    /// Mean score over the budgets.
    pub score: Effectiveness,
    /// Mean share of stages passed over the budgets.
    pub passed: Effectiveness,
}

/// A result that came in, or several at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetStep {
    /// Its stage; `None` in a mean.
    pub stage: Option<i64>,
    /// What had been spent.
    pub spent: f64,
    /// Mean score from here on, in points.
    pub score: f64,
    /// Share of stages passed from here on.
    pub passed: f64,
}

/// A curve as one number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effectiveness {
    /// Reached with `B_max`.
    pub reached: f64,
    /// Mean over budgets from 0 to `B_max`.
    pub linear: f64,
    /// Mean over the logarithms of budgets from `b0` to `B_max`; `None` without a range.
    pub log: Option<f64>,
}

/// What the curves of a cohort are drawn under.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BudgetTerms {
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// `b0` and `B_max`; without them the least and the most that any result took.
    pub range: Option<(f64, f64)>,
    /// What stages count as before their results come in; 0 where there is none.
    pub baseline: BTreeMap<i64, f64>,
}

/// The results of one run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunResults {
    pub(super) label: String,
    pub(super) vendor: Option<String>,
    pub(super) color: Option<[u8; 3]>,
    /// Stage, what had been spent, and score.
    pub(super) results: Vec<(i64, f64, f64)>,
}

impl BudgetCurves {
    /// The curves of a cohort's runs; `None` when what was spent by stage is known for none of them, or nothing was.
    pub fn of(
        cohort: &Cohort,
        accounts: &Accounts,
        resource: Resource,
        terms: &BudgetTerms,
    ) -> Option<Self> {
        let (mut runs, mut left_out) = (Vec::new(), Vec::new());
        let calls: BTreeMap<&str, &RunCalls> =
            accounts.runs.iter().map(|calls| (calls.run_id.as_str(), calls)).collect();
        let priced = (cohort.basis, &accounts.books);
        for run in &cohort.runs {
            let calls = calls.get(run.run_id.as_str()).copied();
            let spent = spent_by_stage(run, calls, resource, priced);
            let results: Vec<(i64, f64, f64)> = spent
                .into_iter()
                .flatten()
                .filter_map(|(stage, spent)| Some((stage, spent, run.stages.get(&stage)?.score?)))
                .collect();
            if results.is_empty() {
                left_out.push(run.label.clone());
            } else {
                let (label, vendor) = (run.label.clone(), run.vendor.clone());
                runs.push(RunResults { label, vendor, color: run.color, results });
            }
        }
        let curves = curves_of(&runs, &cohort.stages, terms)?;
        Some(Self {
            workload: cohort.workload.clone(),
            resource,
            basis: (resource == Resource::Money).then(|| cohort.basis.name().to_owned()),
            gate: terms.gate,
            stages: cohort.stages.len(),
            has_baseline: !terms.baseline.is_empty(),
            least: curves.range.0,
            most: curves.range.1,
            runs: runs.len(),
            lines: BudgetLines::Runs,
            curves: curves.of_runs,
            mean: curves.mean,
            begun: None,
            left_out,
        })
    }
}

/// The curves of runs and their mean.
pub(super) struct Curves {
    pub(super) range: (f64, f64),
    pub(super) of_runs: Vec<BudgetCurve>,
    pub(super) mean: BudgetCurve,
}

/// A result's part in a curve.
#[derive(Debug, Clone, Copy)]
struct Gain {
    stage: Option<i64>,
    spent: f64,
    score: f64,
    passed: f64,
}

/// The curves of runs over `stages`; `None` without a run, a stage or a budget above 0.
pub(super) fn curves_of(
    runs: &[RunResults],
    stages: &[i64],
    terms: &BudgetTerms,
) -> Option<Curves> {
    let spent = || runs.iter().flat_map(|run| &run.results).map(|(_, spent, _)| *spent);
    let least = spent().filter(|spent| *spent > 0.0).fold(f64::INFINITY, f64::min);
    let range = terms.range.unwrap_or((least, spent().fold(0.0, f64::max)));
    let is_range = range.0.is_finite() && range.1.is_finite() && range.1 > 0.0;
    if runs.is_empty() || stages.is_empty() || !is_range {
        return None;
    }
    let weight = 1.0 / count(stages.len());
    let base = |stage: &i64| terms.baseline.get(stage).copied().unwrap_or(0.0);
    let passes = |score: f64| f64::from(u8::from(score >= terms.gate));
    // A stage that scores nothing passes no gate, not even one of 0, until its result comes in.
    let base_passes = |stage: &i64| terms.baseline.get(stage).map_or(0.0, |score| passes(*score));
    let start = (
        stages.iter().map(base).sum::<f64>() * weight,
        stages.iter().map(base_passes).sum::<f64>() * weight,
    );
    let gains_of = |run: &RunResults| -> Vec<Gain> {
        let results = run.results.iter().filter(|(stage, _, _)| stages.contains(stage));
        results
            .map(|&(stage, spent, score)| Gain {
                stage: Some(stage),
                spent,
                score: (score - base(&stage)) * weight,
                passed: (passes(score) - base_passes(&stage)) * weight,
            })
            .collect()
    };
    let mut curves = Vec::new();
    let mut all = Vec::new();
    let share = 1.0 / count(runs.len());
    for run in runs {
        let gains = gains_of(run);
        all.extend(gains.iter().map(|gain| Gain {
            stage: None,
            score: gain.score * share,
            passed: gain.passed * share,
            ..*gain
        }));
        let drawn = curve(run.label.clone(), start, gains, range);
        curves.push(BudgetCurve { vendor: run.vendor.clone(), color: run.color, ..drawn });
    }
    curves.sort_by(|a, b| {
        let ends = b.score.reached.total_cmp(&a.score.reached);
        let areas = b.score.linear.total_cmp(&a.score.linear);
        ends.then(areas).then_with(|| a.label.cmp(&b.label))
    });
    let mean = curve("mean".to_owned(), start, all, range);
    Some(Curves { range, of_runs: curves, mean })
}

fn curve(label: String, start: (f64, f64), mut gains: Vec<Gain>, range: (f64, f64)) -> BudgetCurve {
    gains.sort_by(|a, b| a.spent.total_cmp(&b.spent).then(a.stage.cmp(&b.stage)));
    let (mut score, mut passed) = start;
    let steps = gains.iter().map(|gain| {
        score += gain.score;
        passed += gain.passed;
        BudgetStep { stage: gain.stage, spent: gain.spent, score, passed }
    });
    let steps = steps.collect();
    let effectiveness = |start: f64, part: fn(&Gain) -> f64| {
        let sum = |weight: &dyn Fn(f64) -> f64| {
            start + gains.iter().map(|gain| part(gain) * weight(gain.spent)).sum::<f64>()
        };
        let (least, most) = range;
        let log = |spent: f64| (most / spent.max(least)).ln().max(0.0) / (most / least).ln();
        Effectiveness {
            reached: sum(&|spent| f64::from(u8::from(spent <= most))),
            linear: sum(&|spent| ((most - spent) / most).max(0.0)),
            log: (0.0 < least && least < most).then(|| sum(&log)),
        }
    };
    BudgetCurve {
        label,
        vendor: None,
        color: None,
        start,
        steps,
        score: effectiveness(start.0, |gain| gain.score),
        passed: effectiveness(start.1, |gain| gain.passed),
    }
}

#[expect(clippy::cast_precision_loss, reason = "runs and stages are far fewer than 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(results: &[(i64, f64, f64)]) -> RunResults {
        RunResults { label: "r".to_owned(), vendor: None, color: None, results: results.to_vec() }
    }

    fn terms(range: Option<(f64, f64)>) -> BudgetTerms {
        BudgetTerms { gate: 60.0, range, baseline: BTreeMap::new() }
    }

    /// By hand: four stages, solved at 1 and at 3, budget 10. (9 + 7) / 40, and by logarithm over [0.1, 10]
    /// (ln 10 + ln 10/3) / (4 ln 100).
    #[test]
    fn the_area_is_the_mean_over_budgets() {
        let results = [(0, 1.0, 100.0), (1, 3.0, 100.0), (2, 4.0, 0.0), (3, 12.0, 100.0)];
        let found = curves_of(&[run(&results)], &[0, 1, 2, 3], &terms(Some((0.1, 10.0)))).unwrap();
        let curve = &found.of_runs[0];
        assert!((curve.passed.linear - 0.40).abs() < 1e-12);
        assert!((curve.passed.log.unwrap() - 0.190_36).abs() < 5e-6);
        assert!((curve.score.linear - 40.0).abs() < 1e-9, "100 points are a whole");
        assert!(
            (curve.passed.reached - 0.5).abs() < 1e-12,
            "what comes after the budget counts not"
        );
        assert!((curve.steps[3].passed - 0.75).abs() < 1e-12);
    }

    #[test]
    fn a_stage_without_a_result_counts_as_zero_or_as_its_baseline() {
        let results = [(0, 2.0, 80.0)];
        let zero = curves_of(&[run(&results)], &[0, 1], &terms(None)).unwrap();
        assert_eq!((zero.range, zero.of_runs[0].start), ((2.0, 2.0), (0.0, 0.0)));
        assert!((zero.of_runs[0].score.reached - 40.0).abs() < 1e-12);
        assert_eq!(zero.of_runs[0].score.log, None, "from 2 to 2 is no range");
        let baseline = BTreeMap::from([(0, 90.0), (1, 30.0)]);
        let based = BudgetTerms { baseline, ..terms(Some((1.0, 4.0))) };
        let found = curves_of(&[run(&results)], &[0, 1], &based).unwrap().of_runs.remove(0);
        assert_eq!(found.start, (60.0, 0.5));
        // Half of the budgets at 60 points, then (80 + 30) / 2.
        assert!(
            (found.score.linear - 57.5).abs() < 1e-12 && (found.score.reached - 55.0).abs() < 1e-12
        );
        assert!((found.score.log.unwrap() - 57.5).abs() < 1e-12, "2 is the middle of 1 and 4");
    }

    #[test]
    fn what_is_free_counts_from_the_start_and_nothing_spent_is_no_curve() {
        let results = [(0, 0.0, 100.0), (1, 5.0, 100.0)];
        let found = curves_of(&[run(&results)], &[0, 1], &terms(None)).unwrap().of_runs.remove(0);
        assert!((found.passed.linear - 0.5).abs() < 1e-12);
        assert!(curves_of(&[run(&[(0, 0.0, 100.0)])], &[0], &terms(None)).is_none());
        assert!(curves_of(&[], &[0], &terms(None)).is_none());
        assert!(curves_of(&[run(&results)], &[0, 1], &terms(Some((0.1, f64::NAN)))).is_none());
    }

    #[test]
    fn runs_are_sorted_by_what_they_reach() {
        let mut runs = [run(&[(0, 1.0, 50.0)]), run(&[(0, 9.0, 70.0)]), run(&[(0, 1.0, 70.0)])];
        for (run, label) in runs.iter_mut().zip(["a", "b", "c"]) {
            label.clone_into(&mut run.label);
        }
        let found = curves_of(&runs, &[0], &terms(None)).unwrap();
        let labels: Vec<&str> = found.of_runs.iter().map(|c| c.label.as_str()).collect();
        assert_eq!(labels, ["c", "b", "a"]);
    }

    fn runs() -> impl Strategy<Value = Vec<RunResults>> {
        let result = (0.0_f64..100.0, 0.0_f64..100.0);
        let one = prop::collection::vec(result, 1..6).prop_map(|results| {
            let mut spent = 0.0;
            let results: Vec<(i64, f64, f64)> = (0..)
                .zip(results)
                .map(|(stage, (more, score))| {
                    spent += more;
                    (stage, spent, score)
                })
                .collect();
            run(&results)
        });
        prop::collection::vec(one, 1..5)
    }

    fn value(curve: &BudgetCurve, budget: f64) -> f64 {
        let last = curve.steps.iter().rev().find(|step| step.spent <= budget);
        last.map_or(curve.start.0, |step| step.score)
    }

    proptest! {
        /// Oracle: the curve read off at the middle of many narrow strips of the budget, linear and by logarithm.
        #[test]
        fn areas_are_those_under_the_curve_and_more_money_is_never_less_score(runs in runs(), most in 50.0_f64..200.0) {
            let stages = [0, 1, 2, 3, 4];
            let found = curves_of(&runs, &stages, &terms(Some((0.5, most)))).unwrap();
            let mut means = 0.0;
            for curve in found.of_runs.iter().chain([&found.mean]) {
                prop_assert!(curve.steps.windows(2).all(|w| w[0].spent <= w[1].spent && w[0].score <= w[1].score));
                let strips = 20_000;
                let middle = |i: i32| (f64::from(i) + 0.5) / f64::from(strips);
                let mean = |at: &dyn Fn(f64) -> f64| {
                    (0..strips).map(|i| value(curve, at(middle(i)))).sum::<f64>() / f64::from(strips)
                };
                let linear = mean(&|part| part * most);
                let log = mean(&|part| 0.5 * (most / 0.5).powf(part));
                prop_assert!((curve.score.linear - linear).abs() < 0.05);
                prop_assert!((curve.score.log.unwrap() - log).abs() < 0.05);
                prop_assert!((curve.score.reached - value(curve, most)).abs() < 1e-9);
                means += curve.score.linear;
            }
            let of_runs = means - found.mean.score.linear;
            prop_assert!((of_runs / count(runs.len()) - found.mean.score.linear).abs() < 1e-9);
        }
    }
}
