//! The four patterns by which `OpenHands` calls an agent stuck, looked for anywhere in a stage rather than at its end.
//!
//! Source: `conversation/stuck_detector.py` of the `OpenHands` SDK: 4 times the same action with the same result, 3
//! times the same action ending in an error, 3 messages of the agent in a row, and two actions with their results taking
//! turns over 6 steps. Ids and times play no part in what is the same.

use super::loops::{Stretch, alternation, identical_streak};
use super::step::{Step, StepKind};

/// Repetitions of an action with one result that make it stuck.
pub const SAME_RESULT: usize = 4;
/// Repetitions of an action that ends in an error that make it stuck.
pub const SAME_ERROR: usize = 3;
/// Messages in a row that make a monologue.
pub const MONOLOGUE: usize = 3;
/// Steps over which two actions take turns that make it stuck.
pub const ALTERNATION: usize = 6;

/// The longest stretch of each pattern, as positions in the steps; shorter ones than the thresholds are given too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StuckPatterns {
    /// The same action with the same result.
    pub same_result: Stretch,
    /// The same action, each time with an error.
    pub same_error: Stretch,
    /// Messages of the agent with nothing in between.
    pub monologue: Stretch,
    /// Two actions with their results taking turns.
    pub alternation: Stretch,
}

impl StuckPatterns {
    /// Looks through the steps of a stage.
    pub fn of(steps: &[Step]) -> Self {
        // Whatever is not part of a pattern is made different from everything else by its own position.
        let key = |fits: &dyn Fn(&Step) -> Option<(u64, u64)>| -> Vec<(Option<(u64, u64)>, usize)> {
            let place = |i: usize, found: Option<(u64, u64)>| (found, found.map_or(i, |_| 0));
            steps.iter().enumerate().map(|(i, s)| place(i, fits(s))).collect()
        };
        let with_result = key(&|s| (s.kind == StepKind::Action).then_some((s.action, s.result)));
        let with_error = key(&|s| (s.kind == StepKind::Action && s.error).then_some((s.action, 0)));
        let messages = key(&|s| (s.kind == StepKind::Message).then_some((0, 0)));
        let only = |stretch: Stretch, wanted: fn(&Step) -> bool| {
            let fits = steps.get(stretch.start).is_some_and(wanted);
            if fits { stretch } else { Stretch::default() }
        };
        Self {
            same_result: only(identical_streak(&with_result), |s| s.kind == StepKind::Action),
            same_error: only(identical_streak(&with_error), |s| s.error),
            monologue: only(identical_streak(&messages), |s| s.kind == StepKind::Message),
            alternation: alternation(&with_result),
        }
    }

    /// Whether one of the patterns is long enough.
    pub fn is_stuck(&self) -> bool {
        self.same_result.len >= SAME_RESULT
            || self.same_error.len >= SAME_ERROR
            || self.monologue.len >= MONOLOGUE
            || self.alternation.len >= ALTERNATION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps from letters: a lower-case letter is an action with result 0, `!` makes the last one an error with a result
    /// of its own, a digit sets its result, `M` is a message of the agent and `U` one of the user.
    fn steps(text: &str) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for (seq, c) in (0..).zip(text.chars()) {
            let plain = Step { seq, ..Step::default() };
            match c {
                'M' => steps.push(Step { kind: StepKind::Message, ..plain }),
                'U' => steps.push(Step { kind: StepKind::Prompt, ..plain }),
                '!' => {
                    let last = steps.last_mut().unwrap();
                    last.error = true;
                    last.result = 1000 + u64::try_from(seq).unwrap();
                }
                '0'..='9' => steps.last_mut().unwrap().result = u64::from(c),
                c => steps.push(Step { action: u64::from(c), ..plain }),
            }
        }
        steps
    }

    fn found(text: &str) -> [usize; 4] {
        let p = StuckPatterns::of(&steps(text));
        [p.same_result.len, p.same_error.len, p.monologue.len, p.alternation.len]
    }

    #[test]
    fn four_equal_actions_with_equal_results_are_stuck() {
        assert_eq!(found("aaaa"), [4, 0, 0, 0]);
        assert!(StuckPatterns::of(&steps("xaaaa")).is_stuck());
        assert!(!StuckPatterns::of(&steps("xaaay")).is_stuck());
        assert_eq!(found("a1a2a3a4"), [1, 0, 0, 0], "results differ");
    }

    #[test]
    fn three_equal_actions_with_errors_are_stuck() {
        assert_eq!(found("a!a!a!"), [1, 3, 0, 0], "errors may differ in their text");
        assert!(StuckPatterns::of(&steps("a!a!a!")).is_stuck());
        assert!(!StuckPatterns::of(&steps("a!a!aa!")).is_stuck());
    }

    #[test]
    fn three_messages_in_a_row_are_a_monologue() {
        assert!(StuckPatterns::of(&steps("aMMM")).is_stuck());
        assert_eq!(found("MMUM"), [0, 0, 2, 0], "the user spoke in between");
        assert!(!StuckPatterns::of(&steps("MUMUM")).is_stuck());
    }

    #[test]
    fn two_actions_taking_turns_six_times_are_stuck() {
        assert_eq!(found("ababab"), [1, 0, 0, 6]);
        assert!(StuckPatterns::of(&steps("ababab")).is_stuck());
        assert!(!StuckPatterns::of(&steps("ababa")).is_stuck());
        assert_eq!(found("a1b2a1b2a1b3")[3], 5, "the last result differs");
        assert_eq!(found(""), [0; 4]);
    }
}
