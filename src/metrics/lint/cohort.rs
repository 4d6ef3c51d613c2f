//! The value of a run does not depend on which other runs there are.

use super::case::Case;
use super::property::Property;
use super::sample::{Effort, RAMP_BASELINE, Tests, run};
use super::search::Check;
use super::subject::{Subject, differ, from_to};

/// The check.
#[derive(Debug)]
pub(super) struct CohortFree;

impl Check for CohortFree {
    fn property(&self) -> Property {
        Property::CohortFree
    }

    fn applies(&self, _: &Subject) -> bool {
        true
    }

    fn cases(&self) -> Vec<Case> {
        let tables: [&[f64]; 8] = [
            &[50.0],
            &[100.0],
            &[0.0],
            &[100.0, 50.0],
            &[100.0, 100.0],
            &[0.0, 0.0],
            &[80.0, 60.0, 99.0],
            &RAMP_BASELINE,
        ];
        let mut cases = Vec::new();
        for scores in tables {
            let made = |name: &str, score: f64, effort: Effort| {
                run(name, &vec![score; scores.len()], Tests::AsScored, effort)
            };
            for companions in [Vec::new(), vec![made("other", 60.0, Effort::CHEAP)]] {
                let mut before = vec![run("run", scores, Tests::AsScored, Effort::TYPICAL)];
                before.extend(companions);
                for score in [0.0, 100.0] {
                    for effort in [Effort::NONE, Effort::SINGLE_CALL, Effort::DEAR, Effort::EXTREME]
                    {
                        let mut after = before.clone();
                        after.push(made("newcomer", score, effort));
                        let tables = vec![before.clone(), after];
                        cases.push(Case::new(tables, "another model in the table"));
                    }
                }
            }
        }
        cases
    }

    fn broken(&self, _: &Subject, case: &Case, values: &[Vec<Option<f64>>]) -> Option<String> {
        let [before, after] = values else { return None };
        let (before, after) = (*before.first()?, *after.first()?);
        let same = match (before, after) {
            (Some(before), Some(after)) => !differ(before, after),
            (before, after) => before.is_some() == after.is_some(),
        };
        (!same).then(|| format!("{}: {}", case.what, from_to(before, after)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lint::search::report;

    #[test]
    fn a_newcomer_changes_what_is_relative_to_the_table() {
        let report = report(
            "",
            &[
                ("own", "over = \"runs\"\nsql = \"cost_usd / llm_calls\""),
                (
                    "share",
                    "over = \"runs\"\nsql = \"cost_usd / MAX(cost_usd) OVER (PARTITION BY workload)\"",
                ),
                (
                    "own_window",
                    "over = \"runs\"\nsql = \"MAX(cost_usd) OVER (PARTITION BY run_id)\"",
                ),
            ],
        );
        let found = |f: &&crate::metrics::Finding| f.property == Property::CohortFree;
        let findings: Vec<_> = report.findings.iter().filter(found).collect();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].metric, "share");
        assert_eq!(findings[0].message, "another model in the table: 1 -> 0.16327");
        let example = &findings[0].counter_example;
        assert_eq!((example.before.len(), example.after.len()), (1, 2));
        assert_eq!(example.after[1].numbers, [("cost_usd".to_owned(), Some(24.5))].into());
        assert!(example.after[1].stages.iter().all(|(_, row)| row.is_empty()));
    }
}
