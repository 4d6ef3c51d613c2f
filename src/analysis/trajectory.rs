//! Stage scores along the stages, run by run, beside what the cohort does and what a run that does nothing gets.
//!
//! A run that leaves its workspace as it was still gets points where graders give partial credit, so a score says little
//! without it. The median is over the runs with a score for the stage; the run that does nothing is not among them.

use super::cohort::best_first;
use super::{Cohort, CohortRun, Outcome};
use crate::stats::{Sample, median};

/// The score lines of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Stage indices, in order.
    pub stages: Vec<i64>,
    /// Median score of the runs by stage; `None` where no run has one.
    pub median: Vec<Option<f64>>,
    /// The run that does nothing.
    pub baseline: Option<TrajectoryRow>,
    /// The runs, best mean score first, then label.
    pub rows: Vec<TrajectoryRow>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrajectoryRow {
    /// Display label.
    pub label: String,
    /// Who makes the model.
    pub vendor: Option<String>,
    /// Red, green and blue of the vendor.
    pub color: Option<[u8; 3]>,
    /// Mean stage score; `None` when no stage has one.
    pub mean: Option<f64>,
    /// One point per stage of [`Trajectory::stages`].
    pub points: Vec<TrajectoryPoint>,
}

/// One stage of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrajectoryPoint {
    /// Score 0..100; `None` when the trace has none.
    pub score: Option<f64>,
    /// How the stage ended at the gate.
    pub outcome: Outcome,
}

impl Trajectory {
    /// The lines of a cohort at a gate. A baseline that is one of its runs is set apart from the others.
    pub fn of(cohort: &Cohort, baseline: Option<&CohortRun>, gate: f64) -> Self {
        let row = |run: &CohortRun| TrajectoryRow {
            label: run.label.clone(),
            vendor: run.vendor.clone(),
            color: run.color,
            mean: run.mean_score,
            points: cohort
                .stages
                .iter()
                .map(|stage| {
                    let found = run.stages.get(stage);
                    TrajectoryPoint {
                        score: found.and_then(|s| s.score),
                        outcome: found.map_or(Outcome::Unscored, |s| s.outcome(gate)),
                    }
                })
                .collect(),
        };
        let is_baseline = |run: &&CohortRun| baseline.is_some_and(|b| b.run_id == run.run_id);
        let mut rows: Vec<TrajectoryRow> =
            cohort.runs.iter().filter(|run| !is_baseline(run)).map(row).collect();
        rows.sort_by(|a, b| best_first(a.mean, b.mean).then_with(|| a.label.cmp(&b.label)));
        let median = (0..cohort.stages.len()).map(|at| median_at(&rows, at)).collect();
        Self {
            workload: cohort.workload.clone(),
            gate,
            stages: cohort.stages.clone(),
            median,
            baseline: baseline.map(row),
            rows,
        }
    }
}

fn median_at(rows: &[TrajectoryRow], at: usize) -> Option<f64> {
    let scores: Vec<f64> = rows.iter().filter_map(|row| row.points[at].score).collect();
    median(&Sample::new(&scores).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::cohort::tests::cohort;
    use super::*;

    #[test]
    fn best_runs_come_first_and_the_median_is_of_those_with_a_score() {
        let mut cohort = cohort(&[
            &[Some(10.0), Some(30.0)],
            &[None, None],
            &[Some(100.0), None],
            &[Some(40.0), Some(50.0)],
        ]);
        cohort.runs[3].stages.get_mut(&1).unwrap().status = Some("not_attempted".to_owned());
        let found = Trajectory::of(&cohort, None, 60.0);
        let labels: Vec<&str> = found.rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels, ["r2", "r3", "r0", "r1"]);
        // By hand: 10, 40, 100 and 30, 50.
        assert_eq!(found.median, [Some(40.0), Some(40.0)]);
        let outcomes: Vec<Outcome> = found.rows[1].points.iter().map(|p| p.outcome).collect();
        assert_eq!(outcomes, [Outcome::Failed, Outcome::NotAttempted]);
        assert_eq!(found.rows[0].points[1].score, None);
    }

    #[test]
    fn a_baseline_is_not_one_of_the_runs() {
        let cohort = cohort(&[&[Some(100.0)], &[Some(20.0)], &[Some(60.0)]]);
        let found = Trajectory::of(&cohort, Some(&cohort.runs[1]), 60.0);
        assert_eq!(found.rows.len(), 2);
        assert_eq!(found.median, [Some(80.0)]);
        assert_eq!(found.baseline.unwrap().points[0].score, Some(20.0));
        // One from elsewhere changes nothing for the runs, whatever stages it has.
        let mut other = cohort.runs[1].clone();
        other.run_id = "elsewhere".to_owned();
        other.stages.clear();
        let found = Trajectory::of(&cohort, Some(&other), 60.0);
        assert_eq!(found.rows.len(), 3);
        assert_eq!(found.baseline.unwrap().points[0].outcome, Outcome::Unscored);
    }

    #[test]
    fn nothing_has_no_median() {
        let found = Trajectory::of(&cohort(&[&[None]]), None, 60.0);
        assert_eq!((found.median, found.rows[0].mean), (vec![None], None));
        assert!(Trajectory::of(&cohort(&[]), None, 60.0).rows.is_empty());
    }
}
