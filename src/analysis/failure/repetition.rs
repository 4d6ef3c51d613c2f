//! Repetition in the steps of a stage, as rules look at it: commands that may be repeated are left out first.

use super::field::Field;
use crate::analysis::process::{
    Step, StepKind, Stretch, StuckPatterns, duplicate_ratio, identical_streak, ngram_repetition,
};
use std::collections::BTreeMap;

/// Events that are named as evidence at most.
const MOST_NAMED: usize = 3;

/// What was measured, with the steps that show it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measured {
    /// The number.
    pub(super) value: f64,
    /// Tool calls that it was measured on.
    pub(super) actions: usize,
    /// Steps that show it.
    pub(super) steps: Vec<Step>,
    /// Whether it lasts until the last step of the stage.
    pub(super) until_end: bool,
    /// What it is, in words.
    pub(super) words: String,
}

/// Measures a field of repetition; `None` where it is undefined. Commands of the groups `exempt` are left out.
pub(super) fn measure(field: Field, steps: &[Step], exempt: u64) -> Option<Measured> {
    let kept: Vec<Step> = steps.iter().filter(|s| s.groups & exempt == 0).copied().collect();
    let actions: Vec<Step> = kept.iter().filter(|s| s.kind == StepKind::Action).copied().collect();
    let keys: Vec<u64> = actions.iter().map(|s| s.action).collect();
    let patterns = || StuckPatterns::of(&kept);
    let streak = |within: &[Step], stretch: Stretch, what: &str| {
        let part = within.get(stretch.start..stretch.end()).unwrap_or_default();
        let last = part.last()?;
        let end = steps.iter().rev().find(|s| s.kind != StepKind::Prompt);
        Some(Measured {
            value: real(stretch.len),
            actions: actions.len(),
            steps: part.iter().take(MOST_NAMED - 1).chain(part.last()).copied().collect(),
            until_end: end.is_some_and(|e| e.seq <= last.seq),
            words: format!("{what}, {} in a row", stretch.len),
        })
    };
    match field {
        Field::IdenticalActions => streak(&actions, identical_streak(&keys), "the same call"),
        Field::IdenticalResults => {
            streak(&kept, patterns().same_result, "the same call with the same result")
        }
        Field::IdenticalErrors => {
            streak(&kept, patterns().same_error, "the same call with an error")
        }
        Field::Monologue => streak(&kept, patterns().monologue, "a message without a tool call"),
        Field::Alternation => streak(&kept, patterns().alternation, "two calls taking turns"),
        Field::DuplicateRatio => ratio(duplicate_ratio(&keys), &actions),
        Field::BigramRepetition => ratio(ngram_repetition(&keys, 2), &actions),
        _ => None,
    }
}

/// A share of calls, shown by the call that was made most often, the first of several.
fn ratio(value: Option<f64>, actions: &[Step]) -> Option<Measured> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for step in actions {
        *counts.entry(step.action).or_default() += 1;
    }
    let most = counts.values().max().copied().unwrap_or_default();
    let often = actions.iter().find(|s| counts.get(&s.action) == Some(&most))?.action;
    let shown = actions.iter().filter(|s| s.action == often).take(MOST_NAMED);
    Some(Measured {
        value: value?,
        actions: actions.len(),
        steps: shown.copied().collect(),
        until_end: true,
        words: format!("one call {most} times among {}", actions.len()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "stages have far fewer than 2^53 steps")]
fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        let step = |(seq, c): (i64, char)| Step {
            seq,
            action: u64::from(c),
            groups: u64::from(c == 'm'),
            ..Step::default()
        };
        (0..).zip(text.chars()).map(step).collect()
    }

    #[test]
    fn exempt_commands_are_left_out() {
        let value =
            |field, text: &str, exempt| measure(field, &steps(text), exempt).map(|m| m.value);
        assert_eq!(value(Field::IdenticalActions, "ammmmmb", 0), Some(5.0));
        assert_eq!(value(Field::IdenticalActions, "ammmmmb", 1), Some(1.0));
        assert_eq!(
            value(Field::IdenticalActions, "amamama", 1),
            Some(4.0),
            "builds between do not count"
        );
        assert_eq!(value(Field::Alternation, "ababab", 0), Some(6.0));
        assert_eq!(value(Field::Alternation, "amamam", 1), None);
        assert_eq!(value(Field::DuplicateRatio, "mmmm", 1), None);
    }

    #[test]
    fn a_streak_knows_whether_it_lasts_until_the_end() {
        let found = measure(Field::IdenticalResults, &steps("baaaa"), 0).unwrap();
        assert!(found.until_end && found.value >= 4.0);
        assert_eq!(found.steps.iter().map(|s| s.seq).collect::<Vec<_>>(), [1, 2, 4]);
        assert!(!measure(Field::IdenticalResults, &steps("aaaab"), 0).unwrap().until_end);
    }

    /// ABABABCC: 3 of 7 bigrams had been there before.
    #[test]
    fn ratios_name_the_commonest_call() {
        let found = measure(Field::BigramRepetition, &steps("ABABABCC"), 0).unwrap();
        assert!((found.value - 0.428_571).abs() < 1e-6);
        assert_eq!((found.actions, found.steps[0].seq, found.steps.len()), (8, 0, 3));
    }
}
