//! The scores that a cut leaves.
//!
//! A stage whose result had come in keeps it. A stage in work at the cut is between what had been graded of it before (else
//! its baseline, else 0) and its final score: both ends are given. A stage that was not begun has its baseline, else 0.
//! The mean is over the stages that the run has a final score for, so that a cut that drops nothing leaves what was recorded.

use super::course::{Course, Deed};
use super::scenario::Cut;
use std::collections::{BTreeMap, BTreeSet};

/// What is left of a run's score.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreBounds {
    /// Mean score when stages in work count what had been graded.
    pub low: f64,
    /// Mean score when stages in work count their final score.
    pub high: f64,
    /// Stages and how each ended.
    pub stages: BTreeMap<i64, StageEnd>,
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageEnd {
    /// With its result.
    Graded,
    /// In work.
    InWork,
    /// Before it began.
    NotBegun,
}

impl ScoreBounds {
    /// The bounds of a run after cuts; `None` when it has no final score.
    pub fn of(course: &Course, cuts: &[Cut], baseline: &BTreeMap<i64, f64>) -> Option<Self> {
        let is_kept = |at: usize| {
            let moment = course.moments.get(at);
            moment.is_some_and(|moment| !cuts.iter().any(|cut| cut.drops(at, moment)))
        };
        let mut begun = BTreeSet::new();
        let mut graded = BTreeMap::new();
        let partly = cuts.iter().filter(|cut| cut.partly);
        begun.extend(partly.filter_map(|cut| course.moments.get(cut.from)?.stage));
        for (_, moment) in course.moments.iter().enumerate().filter(|(at, _)| is_kept(*at)) {
            let Some(stage) = moment.stage else { continue };
            match moment.deed {
                Deed::Call(_) | Deed::Tool { .. } => {
                    begun.insert(stage);
                }
                Deed::Grade { score: Some(score), last: false } => {
                    graded.insert(stage, score);
                }
                _ => {}
            }
        }
        let (mut low, mut high) = (0.0, 0.0);
        let mut stages = BTreeMap::new();
        for (stage, (at, score)) in course.results() {
            let Some(score) = score else { continue };
            let base = baseline.get(&stage).copied().unwrap_or(0.0);
            let (least, most, end) = if is_kept(at) {
                (score, score, StageEnd::Graded)
            } else if begun.contains(&stage) {
                let before = graded.get(&stage).copied().unwrap_or(base);
                (before.min(score), before.max(score), StageEnd::InWork)
            } else {
                (base, base, StageEnd::NotBegun)
            };
            low += least;
            high += most;
            stages.insert(stage, end);
        }
        let n = f64::from(u32::try_from(stages.len()).ok().filter(|n| *n > 0)?);
        Some(Self { low: low / n, high: high / n, stages })
    }

    /// Stages that ended in a way.
    pub fn count(&self, end: StageEnd) -> usize {
        self.stages.values().filter(|e| **e == end).count()
    }

    /// The stages that were in work.
    pub fn in_work(&self) -> impl Iterator<Item = i64> {
        self.stages.iter().filter(|(_, end)| **end == StageEnd::InWork).map(|(stage, _)| *stage)
    }
}

#[cfg(test)]
mod tests {
    use super::super::course::tests::{attempt, call, course, grade};
    use super::*;
    use crate::trace::Event;
    use proptest::prelude::*;

    fn at(events: &[Event], from: usize, baseline: &[(i64, f64)]) -> ScoreBounds {
        let baseline = baseline.iter().copied().collect();
        ScoreBounds::of(&course(events), &[Cut { from, stage: None, partly: false }], &baseline)
            .unwrap()
    }

    /// Oracle: by hand.
    #[test]
    fn a_stage_in_work_is_between_what_was_graded_and_its_final_score() {
        let events = [
            call(0, 1, 1),
            grade(0, 100.0),
            call(1, 1, 1),
            attempt(1, 30.0),
            call(1, 1, 1),
            grade(1, 80.0),
            grade(2, 20.0),
        ];
        let both = |from, baseline: &[(i64, f64)]| {
            let found = at(&events, from, baseline);
            (found.low * 3.0, found.high * 3.0)
        };
        assert_eq!(both(0, &[]), (0.0, 0.0));
        assert_eq!(both(1, &[]), (0.0, 100.0));
        assert_eq!(both(2, &[]), (100.0, 100.0));
        assert_eq!(both(3, &[]), (100.0, 180.0));
        assert_eq!(both(4, &[]), (130.0, 180.0), "the first attempt had been graded");
        assert_eq!(both(6, &[]), (180.0, 180.0), "nothing was done in the last stage");
        assert_eq!(both(7, &[]), (200.0, 200.0));
        let baseline = [(0, 100.0), (1, 10.0), (2, 35.0)];
        assert_eq!(both(0, &baseline), (145.0, 145.0));
        assert_eq!(both(3, &baseline), (145.0, 215.0));
        let found = at(&events, 4, &[]);
        assert_eq!(found.in_work().collect::<Vec<_>>(), [1]);
        assert_eq!(found.count(StageEnd::Graded), 1);
        assert_eq!(found.count(StageEnd::NotBegun), 1);
        let inside = [Cut { from: 2, stage: None, partly: true }];
        let found = ScoreBounds::of(&course(&events), &inside, &BTreeMap::new()).unwrap();
        assert_eq!(
            (found.low * 3.0, found.high * 3.0),
            (100.0, 180.0),
            "some of its calls were made"
        );
        // Worse than before: the bounds are the other way around.
        assert_eq!(both(3, &[(1, 90.0)]), (180.0, 190.0));
    }

    #[test]
    fn a_run_without_a_score_has_no_bounds() {
        let none = Event { score: None, ..grade(0, 0.0) };
        assert_eq!(ScoreBounds::of(&course(&[call(0, 1, 1), none]), &[], &BTreeMap::new()), None);
    }

    fn runs() -> impl Strategy<Value = Vec<Event>> {
        let stage = (0_u8..4, 0.0_f64..100.0, prop::option::of(0.0_f64..1.0));
        prop::collection::vec(stage, 1..6).prop_map(|stages| {
            let mut events = Vec::new();
            for (stage, (calls, score, tried)) in (0..).zip(stages) {
                events.extend((0..calls).map(|_| call(stage, 1, 1)));
                events.extend(tried.map(|part| attempt(stage, score * part)));
                events.extend((0..calls).map(|_| call(stage, 1, 1)));
                events.push(grade(stage, score));
            }
            events
        })
    }

    proptest! {
        /// Later cuts leave at least as much, and one behind the end leaves exactly what was recorded.
        #[test]
        fn bounds_rise_to_the_recorded_score(events in runs()) {
            let mut before = (0.0, 0.0);
            for from in 0..=events.len() {
                let found = at(&events, from, &[]);
                prop_assert!(found.low <= found.high);
                prop_assert!(before.0 <= found.low && before.1 <= found.high);
                before = (found.low, found.high);
            }
            let recorded = course(&events).score().unwrap();
            prop_assert_eq!(before.0.to_bits(), recorded.to_bits());
            prop_assert_eq!(before.1.to_bits(), recorded.to_bits());
        }
    }
}
