//! Stage collapse: three curves that are often taken for one.
use super::Cohort;
use crate::stats::Proportion;

/// How a cohort's pass rate falls along the stages of one workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Collapse {
    /// The workload whose stages these are.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Runs in the cohort.
    pub runs: u64,
    /// One point per stage, in stage order.
    pub points: Vec<CollapsePoint>,
}

/// The three pass rates of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct CollapsePoint {
    /// Stage index, from 0.
    pub stage: i64,
    /// Marginal: passed this stage, of all runs with a score for it.
    pub marginal: Proportion,
    /// Conditional: passed this stage, of those that passed every earlier one; `None` when none did.
    pub conditional: Option<Proportion>,
    /// Survival: passed this stage and every earlier one, of all runs.
    pub survival: Proportion,
}

impl Collapse {
    /// The curves of a cohort at a gate. A run without a score for a stage counts neither as passed nor as failed there,
    /// and leaves the chain of conditional and survival rates. `None` when no run has a score.
    pub fn of(cohort: &Cohort, gate: f64) -> Option<Self> {
        let mut alive: Vec<bool> =
            cohort.runs.iter().map(|r| r.stages.values().any(|s| s.score.is_some())).collect();
        let runs = alive.iter().filter(|a| **a).count() as u64;
        let mut points = Vec::new();
        for &stage in &cohort.stages {
            let (mut scored, mut passed, mut at_risk, mut passed_at_risk) = (0, 0, 0, 0);
            for (run, alive) in cohort.runs.iter().zip(&mut alive) {
                let outcome = run.passed(stage, gate);
                scored += u64::from(outcome.is_some());
                passed += u64::from(outcome == Some(true));
                at_risk += u64::from(*alive && outcome.is_some());
                *alive &= outcome == Some(true);
                passed_at_risk += u64::from(*alive);
            }
            if let (Some(marginal), Some(survival)) =
                (Proportion::wilson(passed, scored), Proportion::wilson(passed_at_risk, runs))
            {
                let conditional = Proportion::wilson(passed_at_risk, at_risk);
                points.push(CollapsePoint { stage, marginal, conditional, survival });
            }
        }
        (!points.is_empty()).then(|| Self { workload: cohort.workload.clone(), gate, runs, points })
    }
}

#[cfg(test)]
mod tests {
    use super::super::cohort::tests::cohort;
    use super::*;

    #[test]
    fn the_three_curves_differ() {
        // Hand count: run 1 passes stage 2 after failing stage 1.
        let c = Collapse::of(
            &cohort(&[
                &[Some(100.0), Some(60.0), Some(70.0)],
                &[Some(100.0), Some(59.9), Some(80.0)],
                &[Some(100.0), Some(90.0), Some(0.0)],
            ]),
            60.0,
        )
        .unwrap();
        let counts: Vec<_> = c
            .points
            .iter()
            .map(|p| {
                let conditional = p.conditional.map(|c| (c.x, c.n));
                ((p.marginal.x, p.marginal.n), conditional, (p.survival.x, p.survival.n))
            })
            .collect();
        assert_eq!(counts[0], ((3, 3), Some((3, 3)), (3, 3)));
        assert_eq!(counts[1], ((2, 3), Some((2, 3)), (2, 3)));
        assert_eq!(counts[2], ((2, 3), Some((1, 2)), (1, 3)));
    }

    #[test]
    fn nobody_at_risk_is_not_a_rate_and_a_missing_score_is_not_a_failure() {
        let c = Collapse::of(&cohort(&[&[Some(0.0), Some(100.0)], &[None, Some(100.0)]]), 60.0)
            .unwrap();
        assert_eq!(c.points[0].marginal.n, 1);
        assert_eq!(c.points[1].conditional, None);
        assert_eq!(c.points[1].marginal.x, 2);
        assert_eq!(Collapse::of(&cohort(&[&[None]]), 60.0), None);
    }
}
