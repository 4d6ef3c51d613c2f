//! Gates: what later stages are worth once an earlier one has failed.
//!
//! A gate is a rule over stage scores. From the first gate stage that does not pass on, scores count as zero; the failing
//! stage itself is zeroed or kept. A metric under a gate is the same expression over the scores that the rule leaves,
//! with every metric that it uses.

use super::expression::Expression;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A gate of a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Name, as metrics cite it.
    pub name: String,
    /// Meaning.
    pub doc: String,
    /// Stages that are gates; every stage when `None`.
    pub stages: Option<Vec<i64>>,
    /// When a stage passes, in SQL over its row and the parameters.
    pub passes: String,
    /// What the failing stage itself is worth.
    pub failing: Failing,
    /// File that it is in.
    pub file: String,
    /// Line that it is at.
    pub line: usize,
}

/// What a stage that fails a gate is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Failing {
    /// Nothing, as the stages after it.
    Zero,
    /// Its score.
    Keep,
}

/// What a score that reaches the threshold needs besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Nothing: partial credit opens the gate.
    #[default]
    Relaxed,
    /// That every test passed; without test counts, a full score.
    Strict,
}

impl Rule {
    /// The condition at a threshold, which is a number or the name of a parameter.
    pub fn passes(self, threshold: &str) -> String {
        match self {
            Self::Relaxed => format!("score >= {threshold}"),
            Self::Strict => format!(
                "score >= {threshold} AND CASE WHEN tests_total IS NULL THEN score >= 100 \
                 ELSE tests_total > 0 AND tests_passed = tests_total END"
            ),
        }
    }
}

impl Gate {
    /// A rule under which every stage is a gate; whoever applies it says what passes.
    pub fn everywhere(failing: Failing) -> Self {
        let text = String::new;
        let passes = "score >= 0".to_owned();
        Self { name: text(), doc: text(), stages: None, passes, failing, file: text(), line: 0 }
    }

    /// The scores that the rule leaves of one run, whose stages come in order: index, score, and whether it passes
    /// (unknown where the score is). After a gate stage whose outcome is unknown, later scores are unknown.
    pub fn apply(
        &self,
        stages: impl Iterator<Item = (i64, Option<f64>, Option<bool>)>,
    ) -> Vec<Option<f64>> {
        let (mut failed, mut unknown) = (false, false);
        let mut scores = Vec::new();
        for (stage, score, passes) in stages {
            let is_gate = self.stages.as_ref().is_none_or(|s| s.contains(&stage));
            let before = failed;
            failed |= is_gate && passes == Some(false);
            let zeroed = before || (failed && self.failing == Failing::Zero);
            scores.push(if zeroed {
                Some(0.0)
            } else if unknown {
                None
            } else {
                score
            });
            unknown |= is_gate && passes.is_none();
        }
        scores
    }

    /// The columns and parameters that the rule names.
    pub(super) fn columns(&self) -> BTreeSet<String> {
        Expression::parse(&self.passes).map(|e| e.columns).unwrap_or_default()
    }

    /// The definition as text, for hashes.
    pub(super) fn text(&self) -> String {
        format!("gate stages={:?} passes={} failing={:?}", self.stages, self.passes, self.failing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(stages: Option<Vec<i64>>, failing: Failing) -> Gate {
        let text = String::new;
        Gate { name: text(), doc: text(), stages, passes: text(), failing, file: text(), line: 1 }
    }

    fn applied(gate: &Gate, scores: &[Option<f64>], threshold: f64) -> Vec<Option<f64>> {
        gate.apply((0..).zip(scores).map(|(i, s)| (i, *s, s.map(|s| s >= threshold))))
    }

    /// deepseek-v4-pro of arXiv 2605.27492 at 99.9 over T0 to T3: 50.00 with the failing stage zeroed, 63.93 with it kept.
    #[test]
    fn both_published_variants() {
        let scores = [100.0, 100.0, 100.0, 83.56, 38.63, 100.0].map(Some);
        let mean = |scores: Vec<Option<f64>>| scores.iter().flatten().sum::<f64>() / 6.0;
        let zeroed = mean(applied(&gate(Some(vec![0, 1, 2, 3]), Failing::Zero), &scores, 99.9));
        let kept = mean(applied(&gate(Some(vec![0, 1, 2, 3]), Failing::Keep), &scores, 99.9));
        assert!((zeroed - 50.0).abs() < 1e-9);
        assert!((kept - 63.926_666_7).abs() < 1e-6);
    }

    #[test]
    fn stages_that_are_no_gates_may_fail() {
        let kept = applied(&gate(Some(vec![1]), Failing::Keep), &[Some(0.0), Some(80.0)], 60.0);
        assert_eq!(kept, [Some(0.0), Some(80.0)]);
    }

    #[test]
    fn what_comes_after_an_unknown_gate_is_unknown_until_one_fails() {
        let scores = [Some(90.0), None, Some(90.0), Some(10.0), Some(90.0)];
        assert_eq!(
            applied(&gate(None, Failing::Keep), &scores, 60.0),
            [Some(90.0), None, None, None, Some(0.0)]
        );
        assert_eq!(
            applied(&gate(None, Failing::Zero), &scores, 60.0),
            [Some(90.0), None, None, Some(0.0), Some(0.0)]
        );
    }
}
