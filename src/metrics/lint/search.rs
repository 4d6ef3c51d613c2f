//! The smallest case of each property that fails.

use super::bounds::Bounds;
use super::case::Case;
use super::cohort::CohortFree;
use super::finding::{CounterExample, Finding, LintReport};
use super::missing::NullIsNotZero;
use super::monotone::Monotone;
use super::nothing::DoNothing;
use super::property::Property;
use super::sample::{Effort, Tests, run};
use super::subject::{Subject, subjects};
use super::trial::Values;
use super::units::{UNITS, UnitFree};
use crate::metrics::pack::{Level, Pack};
use crate::metrics::parameter::{ParameterValue, Role};
use crate::metrics::{MetricError, PackProblem};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// One way to check a property.
pub(super) trait Check {
    /// The property.
    fn property(&self) -> Property;

    /// Whether a metric should have it.
    fn applies(&self, subject: &Subject) -> bool;

    /// The cases to try.
    fn cases(&self) -> Vec<Case>;

    /// The pack for every table but the first of a case, where it is another one.
    fn changed_pack(&self) -> Option<&Pack> {
        None
    }

    /// Whether a failing case may be made simpler with other scores than those of `cases`.
    fn may_simplify(&self) -> bool {
        true
    }

    /// What is wrong with the values of a metric in the tables of a case.
    fn broken(&self, subject: &Subject, case: &Case, values: &[Vec<Option<f64>>])
    -> Option<String>;
}

/// A case that fails.
struct Failure {
    case: Case,
    values: Vec<Vec<Option<f64>>>,
    message: String,
}

/// Checks the run metrics of a pack that are shown.
pub fn lint(pack: &Pack) -> Result<LintReport, MetricError> {
    let mut pack = pack.clone();
    let baseline = pack.parameter_with(Role::Baseline).map(str::to_owned);
    if let Some(name) = &baseline {
        pack.set(name, ParameterValue::PerWorkloadStage(BTreeMap::new()))?;
    }
    let (subjects, problems) = checkable(&pack)?;
    let units = UNITS.iter().map(|unit| UnitFree::new(unit, &pack, &subjects));
    let mut checks: Vec<Box<dyn Check>> = vec![
        Box::new(Monotone { among_others: subjects.iter().any(|s| s.relative) }),
        Box::new(CohortFree),
        Box::new(Bounds::new(&pack, &subjects)?),
        Box::new(DoNothing),
        Box::new(NullIsNotZero::new(&subjects)),
    ];
    for check in units {
        checks.push(Box::new(check?));
    }
    let mut found: BTreeMap<(usize, Property), Finding> = BTreeMap::new();
    for check in &checks {
        let property = check.property();
        let asked =
            |(i, s): &(usize, &Subject)| check.applies(s) && !found.contains_key(&(*i, property));
        let asked: Vec<(usize, &Subject)> = subjects.iter().enumerate().filter(asked).collect();
        for (index, failure) in failures(&pack, check.as_ref(), &asked)? {
            let Some(subject) = subjects.get(index) else { continue };
            let failure = simplest(&pack, check.as_ref(), subject, failure)?;
            let finding = finding(subject, property, &failure, baseline.as_deref());
            found.insert((index, property), finding);
        }
    }
    let metrics = subjects.iter().map(|s| s.metric.name.clone()).collect();
    Ok(LintReport {
        pack: pack.name.clone(),
        metrics,
        findings: found.into_values().collect(),
        problems,
    })
}

/// The simplest failing case of each metric, by its position.
fn failures(
    pack: &Pack,
    check: &dyn Check,
    subjects: &[(usize, &Subject)],
) -> Result<Vec<(usize, Failure)>, MetricError> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let mut cases = check.cases();
    cases.sort_by_cached_key(Case::weight);
    let names: Vec<&str> = subjects.iter().map(|(_, s)| s.metric.name.as_str()).collect();
    let values = Values::of(pack, check.changed_pack(), &cases, &names)?;
    let first = |subject: &Subject| {
        cases.iter().enumerate().find_map(|(i, case)| {
            let values = values.in_case(&subject.metric.name, i)?;
            let message = check.broken(subject, case, &values)?;
            Some(Failure { case: case.clone(), values, message })
        })
    };
    Ok(subjects.iter().filter_map(|(index, s)| Some((*index, first(s)?))).collect())
}

/// A failing case made simpler, one step at a time, for as long as it fails.
fn simplest(
    pack: &Pack,
    check: &dyn Check,
    subject: &Subject,
    mut failure: Failure,
) -> Result<Failure, MetricError> {
    while check.may_simplify() {
        let cases = failure.case.simpler();
        if cases.is_empty() {
            break;
        }
        let name = subject.metric.name.as_str();
        let values = Values::of(pack, check.changed_pack(), &cases, &[name])?;
        let failing = cases.into_iter().enumerate().filter_map(|(i, case)| {
            let values = values.in_case(name, i)?;
            let message = check.broken(subject, &case, &values)?;
            Some(Failure { case, values, message })
        });
        let Some(simpler) = failing.min_by(|a, b| a.case.compare(&b.case)) else { break };
        if simpler.case.compare(&failure.case) != Ordering::Less {
            break;
        }
        failure = simpler;
    }
    Ok(failure)
}

fn finding(
    subject: &Subject,
    property: Property,
    failure: &Failure,
    baseline: Option<&str>,
) -> Finding {
    let Failure { case, values, message } = failure;
    Finding {
        metric: subject.metric.name.clone(),
        property,
        declared: subject.metric.warnings.iter().any(|w| w.code == property.code()),
        message: message.clone(),
        counter_example: CounterExample::of(subject, case, values, baseline),
    }
}

/// The metrics that can be checked, and what keeps others from it: problems of the pack and of shown run metrics, and
/// metrics that have no value in any made table.
fn checkable(pack: &Pack) -> Result<(Vec<Subject<'_>>, Vec<PackProblem>), MetricError> {
    let mut subjects = subjects(pack);
    let mut cases = Vec::new();
    for score in [0.0, 50.0, 100.0] {
        for (stages, tests) in [(1, Tests::Unknown), (6, Tests::Unknown), (6, Tests::AsScored)] {
            let made = run("run", &vec![score; stages], tests, Effort::TYPICAL);
            cases.push(Case::new(vec![vec![made]], ""));
        }
    }
    let names: Vec<&str> = pack.shown(Level::Run).map(|m| m.name.as_str()).collect();
    let values = Values::of(pack, None, &cases, &names)?;
    let has_value = |subject: &Subject| {
        let name = &subject.metric.name;
        let known = |case| values.in_case(name, case).is_some_and(|v| v.concat() != [None]);
        (0..cases.len()).any(known)
    };
    let evaluated: BTreeSet<&str> = subjects.iter().map(|s| s.metric.name.as_str()).collect();
    let lost = |p: &PackProblem| p.metric.as_deref().is_none_or(|name| !evaluated.contains(name));
    let mut problems = values.problems.clone();
    problems.retain(lost);
    for subject in subjects.extract_if(.., |s| !has_value(s)) {
        problems.push(PackProblem {
            file: subject.metric.file.clone(),
            line: subject.metric.line,
            metric: Some(subject.metric.name.clone()),
            problem: "has no value in any made table, so that it cannot be checked".to_owned(),
            hint: Some("made tables have numbers, and no texts and no times".to_owned()),
        });
    }
    Ok((subjects, problems))
}

/// The report on a pack of some parameters and metrics, given as keys of TOML.
#[cfg(test)]
pub(super) fn report(parameters: &str, metrics: &[(&str, &str)]) -> LintReport {
    let metric = |(name, keys): &(&str, &str)| {
        format!("[[metric]]\nname = \"{name}\"\nlevel = \"run\"\ndoc = \"d\"\n{keys}\n")
    };
    let metrics: Vec<String> = metrics.iter().map(metric).collect();
    let text = format!("[pack]\nname = \"p\"\n{parameters}\n{}", metrics.concat());
    lint(&Pack::parse("p.toml", &text).unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_checked_is_said() {
        let report = report(
            "",
            &[
                ("fine", "sql = \"AVG(score)\""),
                ("typo", "sql = \"AVG(scor)\""),
                ("dated", "over = \"runs\"\nsql = \"CASE WHEN termination = 'budget' THEN 1 END\""),
                ("step", "hidden = true\nsql = \"SUM(score)\""),
            ],
        );
        assert_eq!(report.metrics, ["fine"]);
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "p.toml:13: metric `typo`: there is no column, parameter or metric `scor`, in `AVG(scor)`",
                "p.toml:19: metric `dated`: has no value in any made table, so that it cannot be checked",
            ]
        );
        assert_eq!(report.findings, []);
    }

    #[test]
    fn a_warning_with_the_code_declares_a_finding() {
        let spread = "better = \"higher\"\nsql = \"MIN(score) - MAX(score)\"";
        let declared = format!("{spread}\nwarnings = [{{ code = \"W-MONOTONE\", why = \"w\" }}]");
        let report = report("", &[("silent", spread), ("open", &declared)]);
        let monotone = |metric| report.finding(metric, Property::Monotone).unwrap();
        assert!(!monotone("silent").declared && monotone("open").declared);
        assert_eq!(monotone("open").message, "score of stage 1 from 99 to 100: -99 -> -100");
    }
}
