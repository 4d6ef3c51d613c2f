//! A metric does not depend on the units of its inputs, except as its own unit says.

use super::case::Case;
use super::property::Property;
use super::random::Random;
use super::sample::{Effort, SCORES, Tests, run_with};
use super::search::Check;
use super::subject::{Subject, differ, from_to, shown};
use super::trial::Values;
use crate::metrics::MetricError;
use crate::metrics::pack::Pack;
use crate::metrics::parameter::ParameterValue;
use crate::rollup::{MadeRun, RUN_COLUMNS, STAGE_COLUMNS};
use std::collections::BTreeMap;

/// A unit and another one for the same thing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// The unit of columns and parameters.
    name: &'static str,
    /// What changes, in words.
    change: &'static str,
    /// What one of the unit is in the other.
    factor: f64,
}

/// The units that are tried.
pub(super) const UNITS: [Unit; 3] = [
    Unit { name: "s", change: "seconds to minutes", factor: 1.0 / 60.0 },
    Unit { name: "USD", change: "dollars to cents", factor: 100.0 },
    Unit { name: "tokens", change: "tokens to thousands of tokens", factor: 0.001 },
];

/// The check with one unit.
#[derive(Debug)]
pub(super) struct UnitFree {
    unit: Unit,
    /// The pack with its parameters in the other unit.
    changed: Pack,
    /// By metric that is in the unit itself, the factor by which its values change.
    factors: BTreeMap<String, f64>,
}

impl UnitFree {
    /// The check of a pack with one unit.
    pub(super) fn new(unit: &Unit, pack: &Pack, subjects: &[Subject]) -> Result<Self, MetricError> {
        let mut check =
            Self { unit: *unit, changed: changed(pack, unit), factors: BTreeMap::new() };
        let own: Vec<&str> = subjects
            .iter()
            .filter(|s| has_word(&s.metric.unit, unit.name))
            .map(|s| s.metric.name.as_str())
            .collect();
        let cases = check.cases();
        let values = Values::of(pack, Some(&check.changed), &cases, &own)?;
        for name in own {
            let mut factors: Vec<f64> =
                (0..cases.len()).filter_map(|case| factor(&values.in_case(name, case)?)).collect();
            factors.sort_by(f64::total_cmp);
            let median = factors.get(factors.len() / 2).copied().unwrap_or(1.0);
            check.factors.insert(name.to_owned(), median);
        }
        Ok(check)
    }
}

impl Check for UnitFree {
    fn property(&self) -> Property {
        Property::UnitFree
    }

    fn applies(&self, _: &Subject) -> bool {
        true
    }

    fn cases(&self) -> Vec<Case> {
        let mut random = Random::new(2);
        let mut cases = Vec::new();
        let mut add = |scores: &[f64], reported: bool, efforts: &[Effort]| {
            let effort = |stage: usize| efforts.get(stage % efforts.len()).copied();
            let effort = |stage| effort(stage).unwrap_or(Effort::TYPICAL);
            let mut before = run_with("run", scores, Tests::AsScored, effort);
            if !reported {
                before.numbers.remove("reported_total_tokens");
                before.stages.iter_mut().for_each(|(_, row)| {
                    row.remove("reported_total_tokens");
                });
            }
            let after = scaled(&before, &self.unit);
            cases.push(Case::new(vec![vec![before], vec![after]], self.unit.change));
        };
        for effort in [Effort::TYPICAL, Effort::CHEAP, Effort::DEAR] {
            for scores in [vec![100.0], vec![50.0], vec![80.0, 60.0], vec![100.0, 100.0, 0.0]] {
                add(&scores, true, &[effort]);
                add(&scores, false, &[effort]);
            }
        }
        for _ in 0..20 {
            let scores: Vec<f64> = (0..6).map(|_| random.pick(&SCORES)).collect();
            let efforts: Vec<Effort> = (0..6).map(|_| random_effort(&mut random)).collect();
            add(&scores, random.below(2) == 0, &efforts);
        }
        cases
    }

    fn changed_pack(&self) -> Option<&Pack> {
        Some(&self.changed)
    }

    fn broken(
        &self,
        subject: &Subject,
        case: &Case,
        values: &[Vec<Option<f64>>],
    ) -> Option<String> {
        let [before, after] = values else { return None };
        let (before, after) = (*before.first()?, *after.first()?);
        let own = self.factors.get(&subject.metric.name);
        let same = match (before, after) {
            (Some(before), Some(after)) => !differ(before * own.unwrap_or(&1.0), after),
            (before, after) => before.is_some() == after.is_some(),
        };
        let usual = own.map(|factor| format!(", elsewhere {} times", shown(*factor)));
        let usual = usual.unwrap_or_default();
        (!same).then(|| format!("{}: {}{usual}", case.what, from_to(before, after)))
    }
}

/// By what the value of a case changes.
fn factor(values: &[Vec<Option<f64>>]) -> Option<f64> {
    let [before, after] = values else { return None };
    let (before, after) = ((*before.first()?)?, (*after.first()?)?);
    (before != 0.0).then(|| after / before)
}

/// An effort in whole multiples of what the classes of tokens need, with a cost that is exact as a float too.
fn random_effort(random: &mut Random) -> Effort {
    let thousands = random.between(0.0, 1000.0).floor();
    Effort {
        calls: random.between(1.0, 300.0).floor(),
        cost: random.between(0.0, 64.0).floor() + 0.25,
        seconds: random.between(1.0, 4000.0),
        tokens: 8000.0 * thousands,
    }
}

/// A run with its columns of a unit in the other one.
fn scaled(run: &MadeRun, unit: &Unit) -> MadeRun {
    let mut run = run.clone();
    for column in RUN_COLUMNS.iter().filter(|c| c.unit == unit.name) {
        run.numbers.entry(column.name).and_modify(|v| *v = in_other(*v, unit));
    }
    for column in STAGE_COLUMNS.iter().filter(|c| c.unit == unit.name) {
        for (_, row) in &mut run.stages {
            row.entry(column.name).and_modify(|v| *v = in_other(*v, unit));
        }
    }
    run
}

/// A pack with its parameters of a unit in the other one.
fn changed(pack: &Pack, unit: &Unit) -> Pack {
    let mut pack = pack.clone();
    let parameters = pack.parameters.values_mut();
    for parameter in parameters.filter(|p| p.unit.trim() == unit.name) {
        match &mut parameter.value {
            ParameterValue::Unset => {}
            ParameterValue::Scalar(value) => *value = in_other(*value, unit),
            ParameterValue::PerStage(values) => {
                for v in values {
                    *v = in_other(*v, unit);
                }
            }
            ParameterValue::PerKey { values, .. } => {
                for v in values.values_mut() {
                    *v = in_other(*v, unit);
                }
            }
            ParameterValue::PerWorkloadStage(values) => {
                for v in values.values_mut() {
                    *v = in_other(*v, unit);
                }
            }
        }
    }
    pack
}

/// Divides by whole numbers, so that whole numbers of thousands stay whole.
fn in_other(value: f64, unit: &Unit) -> f64 {
    if unit.factor < 1.0 { value / (1.0 / unit.factor).round() } else { value * unit.factor }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|w| w == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lint::search::report;

    #[test]
    fn a_value_changes_with_its_own_unit_and_with_no_other() {
        let scale = "[parameters.limit]\nvalue = 20000\nunit = \"s\"\ndoc = \"d\"\n\
                     [parameters.bare]\nvalue = 20000\ndoc = \"d\"\n";
        let over_runs = |sql: &str| format!("over = \"runs\"\nsql = \"{sql}\"");
        let with_unit = |unit: &str, sql: &str| over_runs(sql) + "\nunit = \"" + unit + "\"";
        let report = report(
            scale,
            &[
                ("left", &over_runs("(limit - elapsed_s) / limit")),
                ("rate", &with_unit("USD/s", "cost_usd / elapsed_s")),
                (
                    "score",
                    &over_runs("1").replace("\"1\"", "\"reported_total_tokens / total_tokens\""),
                ),
                ("left_bare", &over_runs("(bare - elapsed_s) / bare")),
                ("dear", &over_runs("CASE WHEN cost_usd > 100 THEN 1 ELSE 0 END")),
                ("fee", &with_unit("USD", "cost_usd + 1")),
                ("root", &over_runs("SQRT(total_tokens)")),
            ],
        );
        let found: Vec<(&str, &str)> = report
            .findings
            .iter()
            .filter(|f| f.property == Property::UnitFree)
            .map(|f| (f.metric.as_str(), f.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("left_bare", "seconds to minutes: 0.94938 -> 0.99916"),
                ("dear", "dollars to cents: 0 -> 1"),
                ("fee", "dollars to cents: 5 -> 401, elsewhere 98.671 times"),
                ("root", "tokens to thousands of tokens: 1549.2 -> 48.99"),
            ]
        );
        let fee = &report.finding("fee", Property::UnitFree).unwrap().counter_example;
        assert_eq!(fee.before[0].numbers, [("cost_usd".to_owned(), Some(4.0))].into());
        assert_eq!(fee.after[0].numbers, [("cost_usd".to_owned(), Some(400.0))].into());
    }

    #[test]
    fn a_unit_is_a_word_of_another() {
        assert!(has_word("USD per pass", "USD") && has_word("tokens/s", "s"));
        assert!(!has_word("points", "s") && !has_word("", "s"));
    }
}
