//! A run that leaves every stage at its baseline does not beat runs that improve on it.

use super::case::{Case, scores};
use super::property::Property;
use super::random::Random;
use super::sample::{Effort, RAMP_BASELINE, SCORES, Tests, every, run, run_with};
use super::search::Check;
use super::subject::{Subject, shown};
use crate::rollup::MadeRun;

/// The check.
#[derive(Debug)]
pub(super) struct DoNothing;

impl Check for DoNothing {
    fn property(&self) -> Property {
        Property::DoNothing
    }

    fn applies(&self, subject: &Subject) -> bool {
        subject.is_outcome()
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for stages in 1..=2 {
            let tables = every(stages, &SCORES);
            for baseline in &tables {
                for better in tables.iter().filter(|t| improves(t, baseline)) {
                    for effort in Effort::SERIOUS {
                        for tests in [Tests::Unknown, Tests::AsScored] {
                            let improved = run("improved", better, tests, effort);
                            cases.push(case(baseline, tests, vec![improved]));
                        }
                    }
                }
            }
        }
        let mut random = Random::new(4);
        let low: Vec<f64> = vec![0.0; 6];
        let high: Vec<f64> = vec![60.0, 100.0, 20.0, 99.0, 0.0, 80.0];
        for baseline in [RAMP_BASELINE.to_vec(), low, high] {
            for number in 0..60 {
                let tests = if number % 2 == 0 { Tests::Unknown } else { Tests::AsScored };
                let improved = |random: &mut Random| {
                    let effort = Effort::SERIOUS[random.below(3)];
                    run("improved", &improved(&baseline, random), tests, effort)
                };
                let runs = (0..=random.below(3)).map(|_| improved(&mut random)).collect();
                cases.push(case(&baseline, tests, runs));
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
        let ([table], [values]) = (case.tables.as_slice(), values) else { return None };
        let (idle, others) = table.split_first()?;
        let idle: Vec<f64> = scores(idle).flatten().collect();
        let all_improve =
            others.iter().all(|r| improves(&scores(r).flatten().collect::<Vec<_>>(), &idle));
        let values: Vec<f64> = values.iter().copied().collect::<Option<_>>()?;
        let (value, others) = values.split_first()?;
        let best = others.iter().copied().max_by(|a, b| subject.compare(*a, *b))?;
        (all_improve && subject.is_worse(best, *value)).then(|| {
            let (value, best) = (shown(*value), shown(best));
            format!("doing nothing has {value}, the best run that improves on it {best}")
        })
    }
}

/// Whether some scores are nowhere lower than others, and somewhere higher.
fn improves(scores: &[f64], on: &[f64]) -> bool {
    scores.iter().zip(on).all(|(a, b)| a >= b) && scores.iter().zip(on).any(|(a, b)| a > b)
}

/// Scores of a run that improves on a baseline in some stages.
fn improved(baseline: &[f64], random: &mut Random) -> Vec<f64> {
    let mut scores: Vec<f64> = baseline
        .iter()
        .map(|b| if random.below(2) == 0 { *b } else { random.between(*b, 100.0) })
        .collect();
    if !improves(&scores, baseline) {
        scores.iter_mut().filter(|s| **s < 100.0).take(1).for_each(|s| *s = 100.0);
    }
    scores
}

/// A run that does nothing, with a single call, and runs that improve on it.
fn case(baseline: &[f64], tests: Tests, improved: Vec<MadeRun>) -> Case {
    let single = |stage| if stage == 0 { Effort::SINGLE_CALL } else { Effort::NONE };
    let mut table = vec![run_with("does nothing", baseline, tests, single)];
    table.extend(improved);
    Case { does_nothing: true, ..Case::new(vec![table], "") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lint::search::report;

    #[test]
    fn what_divides_by_effort_is_won_by_doing_nothing() {
        let baseline = "[parameters.start]\nrole = \"baseline\"\nunit = \"points\"\ndoc = \"d\"\n";
        let report = report(
            baseline,
            &[
                ("mean", "better = \"higher\"\nsql = \"AVG(score)\""),
                ("sum", "hidden = true\nsql = \"SUM(score)\""),
                (
                    "per_dollar",
                    "over = \"runs\"\nbetter = \"higher\"\nunit = \"points/USD\"\nsql = \"sum / cost_usd\"",
                ),
                ("won", "hidden = true\nsql = \"SUM(score - start)\""),
                (
                    "won_per_dollar",
                    "over = \"runs\"\nbetter = \"higher\"\nunit = \"points/USD\"\nsql = \"won / cost_usd\"",
                ),
                // Who has few dollars and no outcome to look at is left alone.
                (
                    "spent",
                    "over = \"runs\"\nbetter = \"lower\"\nunit = \"USD\"\nsql = \"cost_usd\"",
                ),
                ("changed", "better = \"lower\"\nsql = \"SUM(score - start)\""),
            ],
        );
        let found: Vec<(&str, &str)> = report
            .findings
            .iter()
            .filter(|f| f.property == Property::DoNothing)
            .map(|f| (f.metric.as_str(), f.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("per_dollar", "doing nothing has 50000, the best run that improves on it 1600"),
                ("changed", "doing nothing has 0, the best run that improves on it 100"),
            ]
        );
        let example = &report.finding("changed", Property::DoNothing).unwrap().counter_example;
        let row = |score: f64| {
            [("score".to_owned(), Some(score)), ("start".to_owned(), Some(0.0))].into()
        };
        assert_eq!(example.before[0].stages, [(0, row(0.0))]);
        assert_eq!(example.after[0].stages, [(0, row(100.0))]);
    }

    #[test]
    fn random_runs_improve() {
        let mut random = Random::new(7);
        for _ in 0..200 {
            let scores = improved(&RAMP_BASELINE, &mut random);
            assert!(improves(&scores, &RAMP_BASELINE), "{scores:?}");
        }
    }
}
