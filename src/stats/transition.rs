//! What follows a failed stage: counts of passes and failures after failures and after passes.
//!
//! Binary outcomes of runs, stage by stage, come in; one 2x2 table per position and their sum go out. The sum
//! mixes easy and hard stages and uses each run several times: show it beside the stratified ratio of
//! [`super::risk_ratio_mh`], and resample whole runs for an interval.

use thiserror::Error;

use super::proportion::Proportion;
use super::risk::TwoByTwo;

/// Why outcomes have no transitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// The runs have different stages.
    #[error("run {run} has {found} stages, the first has {expected}")]
    Uneven {
        /// Which run, from 0.
        run: usize,
        /// Its stages.
        found: usize,
        /// Stages of the first run.
        expected: usize,
    },
}

/// Counts of pairs of neighbouring stages, named by the earlier and the later outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransitionCounts {
    /// Failed, then failed.
    pub fail_fail: u64,
    /// Failed, then passed.
    pub fail_pass: u64,
    /// Passed, then failed.
    pub pass_fail: u64,
    /// Passed, then passed.
    pub pass_pass: u64,
    /// Pairs left out because an outcome is not known.
    pub unknown: u64,
}

/// Transitions of a set of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transitions {
    /// Of all positions together.
    pub pooled: TransitionCounts,
    /// At each position: entry `i` holds the pairs of stages `i` and `i + 1`.
    pub positions: Vec<TransitionCounts>,
}

impl Transitions {
    /// Counts the transitions of runs with the same stages in order; `true` is a pass, `None` an outcome that
    /// is not known (not attempted, or ended from outside), which is neither.
    pub fn count<R: AsRef<[Option<bool>]>>(runs: &[R]) -> Result<Self, TransitionError> {
        let expected = runs.first().map_or(0, |run| run.as_ref().len());
        let mut positions = vec![TransitionCounts::default(); expected.saturating_sub(1)];
        for (run, outcomes) in runs.iter().map(AsRef::as_ref).enumerate() {
            let found = outcomes.len();
            if found != expected {
                return Err(TransitionError::Uneven { run, found, expected });
            }
            for (counts, pair) in positions.iter_mut().zip(outcomes.windows(2)) {
                counts.add(pair);
            }
        }
        let pooled = positions.iter().fold(TransitionCounts::default(), TransitionCounts::plus);
        Ok(Self { pooled, positions })
    }

    /// One table per position, to stratify by.
    pub fn tables(&self) -> Vec<TwoByTwo> {
        self.positions.iter().map(TransitionCounts::table).collect()
    }
}

impl TransitionCounts {
    /// P(fail | the stage before failed) with its 95 % interval; `None` when none failed.
    pub fn fail_after_fail(&self) -> Option<Proportion> {
        Proportion::wilson(self.fail_fail, self.fail_fail + self.fail_pass)
    }

    /// P(fail | the stage before passed) with its 95 % interval; `None` when none passed.
    pub fn fail_after_pass(&self) -> Option<Proportion> {
        Proportion::wilson(self.pass_fail, self.pass_fail + self.pass_pass)
    }

    /// Recovery, P(pass | the stage before failed), with its 95 % interval; `None` when none failed.
    pub fn recovery(&self) -> Option<Proportion> {
        Proportion::wilson(self.fail_pass, self.fail_fail + self.fail_pass)
    }

    /// Correlation of neighbouring outcomes; `None` when one of them never varies.
    pub fn phi(&self) -> Option<f64> {
        self.table().phi()
    }

    /// The table whose exposure is a failed stage before and whose event is a failure.
    pub fn table(&self) -> TwoByTwo {
        TwoByTwo {
            exposed_events: self.fail_fail,
            exposed_rest: self.fail_pass,
            other_events: self.pass_fail,
            other_rest: self.pass_pass,
        }
    }

    fn add(&mut self, pair: &[Option<bool>]) {
        let count = match pair {
            [Some(false), Some(false)] => &mut self.fail_fail,
            [Some(false), Some(true)] => &mut self.fail_pass,
            [Some(true), Some(false)] => &mut self.pass_fail,
            [Some(true), Some(true)] => &mut self.pass_pass,
            _ => &mut self.unknown,
        };
        *count += 1;
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            fail_fail: self.fail_fail + other.fail_fail,
            fail_pass: self.fail_pass + other.fail_pass,
            pass_fail: self.pass_fail + other.pass_fail,
            pass_pass: self.pass_pass + other.pass_pass,
            unknown: self.unknown + other.unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::interval::Level;
    use super::super::mantel_haenszel::risk_ratio_mh;
    use super::*;
    use proptest::prelude::*;

    /// Stage scores of the 15 published runs of RAMP, arXiv 2605.27492.
    const SCORES: [[f64; 6]; 15] = [
        [100.0, 100.0, 100.0, 100.0, 68.4, 100.0],
        [100.0, 72.93, 30.89, 0.0, 35.7, 0.0],
        [100.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [100.0, 100.0, 31.62, 36.99, 38.96, 100.0],
        [100.0, 100.0, 100.0, 83.56, 38.63, 100.0],
        [100.0, 94.82, 0.0, 1.37, 36.17, 0.0],
        [100.0, 0.0, 97.66, 0.0, 36.62, 0.0],
        [100.0, 100.0, 22.18, 24.66, 39.7, 9.38],
        [100.0, 95.92, 31.35, 1.37, 37.47, 0.0],
        [100.0, 64.22, 0.0, 2.74, 36.37, 0.0],
        [100.0, 67.36, 38.48, 1.37, 39.64, 0.0],
        [100.0, 100.0, 100.0, 100.0, 48.25, 0.0],
        [100.0, 100.0, 0.0, 0.0, 38.04, 0.0],
        [100.0, 100.0, 100.0, 65.75, 34.95, 0.0],
        [100.0, 56.02, 20.55, 1.37, 35.14, 0.0],
    ];

    fn counts(ff: u64, fp: u64, pf: u64, pp: u64) -> TransitionCounts {
        TransitionCounts { fail_fail: ff, fail_pass: fp, pass_fail: pf, pass_pass: pp, unknown: 0 }
    }

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    /// Oracle: Boolean masks in `NumPy` 2.4.6; phi by `scipy.stats.pearsonr`, `SciPy` 1.17.1; the stratified
    /// ratio by `StratifiedTable`, and the limits of 3 of 38 by `proportion_confint`, of statsmodels 0.15.0.
    #[test]
    fn ramp_transitions_match_numpy() {
        let passed = |run: &[f64; 6]| run.map(|score| Some(score >= 60.0));
        let runs: Vec<[Option<bool>; 6]> = SCORES.iter().map(passed).collect();
        let got = Transitions::count(&runs).unwrap();
        assert_eq!(got.pooled, counts(35, 3, 15, 22));
        let positions = [
            counts(0, 0, 3, 12),
            counts(2, 1, 8, 4),
            counts(10, 0, 1, 4),
            counts(11, 0, 3, 1),
            counts(12, 2, 0, 1),
        ];
        assert_eq!(got.positions, positions);
        near(got.pooled.fail_after_fail().unwrap().point, 35.0 / 38.0);
        near(got.pooled.fail_after_pass().unwrap().point, 15.0 / 37.0);
        near(got.pooled.phi().unwrap(), 0.546_877_857_643_4);
        let recovery = got.pooled.recovery().unwrap();
        near(recovery.point, 3.0 / 38.0);
        near(recovery.low, 0.027_214_595_507_0);
        near(recovery.high, 0.207_993_714_577_7);
        let stratified = risk_ratio_mh(&got.tables(), Level::P95).unwrap();
        near(stratified.ratio.point().unwrap(), 1.940_298_507_462_7);
        assert_eq!((stratified.used, stratified.skipped), (4, 1));
    }

    #[test]
    fn an_outcome_that_is_not_known_is_neither() {
        let runs = [[Some(true), None, Some(false), Some(false)]];
        let got = Transitions::count(&runs).unwrap();
        assert_eq!(got.pooled, TransitionCounts { fail_fail: 1, unknown: 2, ..counts(0, 0, 0, 0) });
        assert_eq!(got.pooled.fail_after_pass(), None);
        assert_eq!(got.pooled.recovery().map(|r| r.x), Some(0));
        assert_eq!(got.pooled.phi(), None);
    }

    #[test]
    fn too_few_stages_have_no_transition() {
        let none: [[Option<bool>; 3]; 0] = [];
        for got in [Transitions::count(&none), Transitions::count(&[[Some(true)]])] {
            let got = got.unwrap();
            assert!(got.positions.is_empty());
            assert_eq!(got.pooled.fail_after_fail(), None);
        }
    }

    #[test]
    fn runs_of_different_length_are_refused() {
        let runs = [vec![Some(true); 3], vec![Some(true); 2]];
        let error = TransitionError::Uneven { run: 1, found: 2, expected: 3 };
        assert_eq!(Transitions::count(&runs), Err(error));
    }

    proptest! {
        #[test]
        fn every_pair_is_counted_once(runs in prop::collection::vec(prop::array::uniform5(prop::option::of(any::<bool>())), 0..20)) {
            let got = Transitions::count(&runs).unwrap();
            let p = got.pooled;
            let total = p.fail_fail + p.fail_pass + p.pass_fail + p.pass_pass + p.unknown;
            prop_assert_eq!(total, 4 * u64::try_from(runs.len()).unwrap());
        }
    }
}
