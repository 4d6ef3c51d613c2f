//! A better stage score never makes a metric worse.

use super::case::Case;
use super::property::Property;
use super::random::Random;
use super::sample::{Effort, SCORES, Tests, every, run};
use super::search::Check;
use super::subject::{Subject, from_to};
use crate::rollup::MadeRun;

/// The check.
#[derive(Debug)]
pub(super) struct Monotone {
    /// Whether to try it with another run in the table too.
    pub(super) among_others: bool,
}

impl Check for Monotone {
    fn property(&self) -> Property {
        Property::Monotone
    }

    fn applies(&self, subject: &Subject) -> bool {
        subject.is_outcome()
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for stages in 1..=3 {
            for scores in every(stages, &SCORES) {
                cases.extend(raised_once(&scores, Tests::Unknown, &[]));
                if stages == 3 {
                    continue;
                }
                cases.extend(raised_once(&scores, Tests::AsScored, &[]));
                cases.extend(raised_once(&scores, Tests::All, &[]));
                for other in [40.0, 100.0].into_iter().filter(|_| self.among_others) {
                    let other = run("other", &[other, 100.0][..stages], Tests::All, Effort::DEAR);
                    cases.extend(raised_once(&scores, Tests::Unknown, &[other]));
                }
            }
        }
        let mut random = Random::new(1);
        for _ in 0..30 {
            let scores: Vec<f64> = (0..6).map(|_| random_score(&mut random)).collect();
            let tests = [Tests::Unknown, Tests::AsScored, Tests::All][random.below(3)];
            for (stage, from) in scores.iter().enumerate() {
                let higher: Vec<f64> = SCORES.iter().copied().filter(|s| s > from).collect();
                if !higher.is_empty() {
                    cases.push(raised(&scores, stage, random.pick(&higher), tests, &[]));
                }
                for step in SCORES.windows(2) {
                    let [from, to] = step else { continue };
                    let mut scores = scores.clone();
                    scores.splice(stage..=stage, [*from]);
                    cases.push(raised(&scores, stage, *to, tests, &[]));
                }
            }
        }
        cases
    }

    fn broken(
        &self,
        subject: &Subject,
        case: &Case,
        values: &[Vec<Option<f64>>],
    ) -> Option<String> {
        let [before, after] = values else { return None };
        let (before, after) = ((*before.first()?)?, (*after.first()?)?);
        subject
            .is_worse(after, before)
            .then(|| format!("{}: {}", case.what, from_to(Some(before), Some(after))))
    }
}

fn random_score(random: &mut Random) -> f64 {
    if random.below(2) == 0 { random.pick(&SCORES) } else { random.between(0.0, 100.0) }
}

/// Every case in which one stage of a table has a higher score.
fn raised_once(scores: &[f64], tests: Tests, others: &[MadeRun]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (stage, from) in scores.iter().enumerate() {
        for to in SCORES.iter().filter(|to| *to > from) {
            cases.push(raised(scores, stage, *to, tests, others));
        }
    }
    cases
}

fn raised(scores: &[f64], stage: usize, to: f64, tests: Tests, others: &[MadeRun]) -> Case {
    let mut before = vec![run("run", scores, tests, Effort::TYPICAL)];
    before.extend_from_slice(others);
    let mut after = before.clone();
    let from = scores.get(stage).copied().unwrap_or_default();
    // Only the score changes: the tests stay what they were.
    if let Some((_, row)) = after.first_mut().and_then(|run| run.stages.get_mut(stage)) {
        row.insert("score", to);
    }
    let what = format!("score of stage {stage} from {from} to {to}");
    Case { size: to - from, ..Case::new(vec![before, after], what) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lint::search::report;

    #[test]
    fn the_smallest_step_that_makes_it_worse() {
        let report = report(
            "",
            &[
                ("mean", "better = \"higher\"\nsql = \"AVG(score)\""),
                ("missed", "better = \"lower\"\nsql = \"SUM(100 - score)\""),
                // The bonus of a full first stage falls on the denominator.
                (
                    "bonus",
                    "better = \"higher\"\nsql = \"AVG(score) / (1.0 + 0.5 * MAX(CASE WHEN score >= 100 THEN 1 ELSE 0 END))\"",
                ),
                (
                    "passes",
                    "better = \"lower\"\nsql = \"SUM(CASE WHEN score >= 60 THEN 1 ELSE 0 END)\"",
                ),
                ("neither", "sql = \"MAX(score) - MIN(score)\""),
                // Only tables of six stages reach it.
                (
                    "late",
                    "better = \"higher\"\nsql = \"SUM(CASE WHEN stage = 4 AND score >= 60 THEN -1 ELSE 0 END)\"",
                ),
            ],
        );
        let found: Vec<(&str, &str)> = report
            .findings
            .iter()
            .filter(|f| f.property == Property::Monotone)
            .map(|f| (f.metric.as_str(), f.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("bonus", "score of stage 0 from 99 to 100: 99 -> 66.667"),
                ("passes", "score of stage 0 from 59 to 60: 0 -> 1"),
                ("late", "score of stage 4 from 59 to 60: 0 -> -1"),
            ]
        );
        let bonus = &report.finding("bonus", Property::Monotone).unwrap().counter_example;
        assert_eq!(bonus.before[0].stages, [(0, [("score".to_owned(), Some(99.0))].into())]);
        assert!(bonus.before[0].numbers.is_empty());
        assert_eq!(bonus.after[0].value, Some(100.0 / 1.5));
        // The other stages are made as simple as can be.
        let late = &report.finding("late", Property::Monotone).unwrap().counter_example;
        let rest = [0.0; 4].map(Some);
        assert_eq!(late.before[0].scores(), [rest.as_slice(), &[Some(59.0)]].concat());
        assert_eq!(late.after[0].scores(), [rest.as_slice(), &[Some(60.0)]].concat());
    }
}
