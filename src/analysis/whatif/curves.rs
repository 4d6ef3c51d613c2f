//! Score within a budget, event by event, with a line per model.
//!
//! What was spent on a result is what had been spent when it came in, whatever stages the calls until then belonged to. The
//! optimistic curve counts a result from the end of the first call or tool call of its stage on, as if stages in work got
//! their final score at once. A model that ran several times is the mean of its runs.

use super::course::{Course, Deed};
use super::meter::meter;
use super::prices::CallPrices;
use crate::analysis::budget::{Curves, RunResults, curves_of};
use crate::analysis::display::DisplayList;
use crate::analysis::{BudgetCurve, BudgetCurves, BudgetLines, BudgetTerms, Resource};
use std::collections::{BTreeMap, BTreeSet};

/// The curves of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct EventCurves {
    /// The lines of models, and the mean of all runs, when results count as they come in. Its mean of stages in work is that
    /// of `optimistic`.
    pub curves: BudgetCurves,
    /// The same lines and mean when stages in work count in full.
    pub optimistic: Vec<BudgetCurve>,
    /// Areas under the score of every run, linear in the budget, by label of its line.
    pub areas: BTreeMap<String, Vec<f64>>,
}

/// What curves are drawn under, and how models are shown.
#[derive(Debug, Clone, Copy)]
pub struct EventTerms<'a> {
    /// Gate, range and baseline.
    pub terms: &'a BudgetTerms,
    /// What calls cost.
    pub prices: &'a CallPrices<'a>,
    /// Names and makers of models.
    pub display: &'a DisplayList,
}

impl EventCurves {
    /// The curves of the runs of one workload; `None` when spending is known for none of them, or nothing was spent.
    pub fn of(
        courses: &[&Course],
        resource: Resource,
        event_terms: &EventTerms<'_>,
    ) -> Option<Self> {
        let EventTerms { terms, prices, display } = *event_terms;
        let mut stages = BTreeSet::new();
        let (mut runs, mut begun, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for course in courses {
            stages.extend(course.results().into_keys());
            let shown = display.model(&course.calls.model);
            let results = |(at_results, at_work): Points| {
                let of = |results| RunResults {
                    label: shown.name.clone(),
                    vendor: shown.vendor.clone(),
                    color: shown.color,
                    results,
                };
                (of(at_results), of(at_work))
            };
            match meter(course, resource, prices).map(|spent| points(course, &spent)) {
                Ok(points) if !points.0.is_empty() => {
                    let (results, work) = results(points);
                    runs.push(results);
                    begun.push(work);
                }
                _ => left_out.push(format!("{} ({})", shown.name, course.calls.run_id)),
            }
        }
        let stages: Vec<i64> = stages.into_iter().collect();
        let all = curves_of(&runs, &stages, terms)?;
        let fixed = BudgetTerms { range: Some(all.range), ..terms.clone() };
        let early = curves_of(&begun, &stages, &fixed)?;
        let mut areas: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for run in &all.of_runs {
            areas.entry(run.label.clone()).or_default().push(run.score.linear);
        }
        let first = courses.first()?;
        let (least, most) = all.range;
        let curves = BudgetCurves {
            workload: first.calls.workload.clone(),
            resource,
            basis: (resource == Resource::Money).then(|| prices.name()),
            gate: terms.gate,
            stages: stages.len(),
            has_baseline: !terms.baseline.is_empty(),
            least,
            most,
            runs: runs.len(),
            lines: BudgetLines::Models,
            begun: Some(early.mean.clone()),
            mean: all.mean.clone(),
            curves: by_model(&runs, &all, &stages, &fixed),
            left_out,
        };
        let mut optimistic = by_model(&begun, &early, &stages, &fixed);
        optimistic.push(early.mean);
        Some(Self { curves, optimistic, areas })
    }

    /// The optimistic curve of a line; that of the mean is the last.
    pub fn optimistic_of(&self, label: &str) -> Option<&BudgetCurve> {
        let (_, models) = self.optimistic.split_last()?;
        models.iter().find(|curve| curve.label == label)
    }
}

/// Stage, spending and score of every result: as it came in, and when work on its stage had begun.
type Points = (Vec<(i64, f64, f64)>, Vec<(i64, f64, f64)>);

fn points(course: &Course, spent: &[f64]) -> Points {
    let mut begun: BTreeMap<i64, f64> = BTreeMap::new();
    let mut before = 0.0;
    for (moment, spent) in course.moments.iter().zip(spent) {
        if let (Some(stage), Deed::Call(_) | Deed::Tool { .. }) = (moment.stage, moment.deed) {
            // Where a row stands for several calls, the first of them was somewhere on the way.
            let is_sum = course.call(moment).is_some_and(|c| c.aggregate && c.count != Some(0));
            begun.entry(stage).or_insert(if is_sum { before } else { *spent });
        }
        before = *spent;
    }
    let known = course
        .results()
        .into_iter()
        .filter_map(|(stage, (at, score))| Some((stage, *spent.get(at)?, score?)));
    let results: Vec<(i64, f64, f64)> = known.collect();
    let early = results.iter().map(|&(stage, spent, score)| {
        (stage, begun.get(&stage).map_or(spent, |begun| begun.min(spent)), score)
    });
    (results.clone(), early.collect())
}

/// One curve per label: that of its run, or the mean of its runs; highest end first.
fn by_model(
    runs: &[RunResults],
    all: &Curves,
    stages: &[i64],
    terms: &BudgetTerms,
) -> Vec<BudgetCurve> {
    let labels: BTreeSet<&str> = runs.iter().map(|run| run.label.as_str()).collect();
    let of_label = |label: &&str| {
        let own: Vec<RunResults> =
            runs.iter().filter(|run| run.label == **label).cloned().collect();
        let mut single = all.of_runs.iter().filter(|curve| curve.label == **label);
        if let (Some(curve), None) = (single.next(), single.next()) {
            return Some(curve.clone());
        }
        let mean = curves_of(&own, stages, terms)?.mean;
        let RunResults { label, vendor, color, .. } = own.into_iter().next()?;
        Some(BudgetCurve { label, vendor, color, ..mean })
    };
    let mut curves: Vec<BudgetCurve> = labels.iter().filter_map(of_label).collect();
    curves.sort_by(|a, b| {
        let ends = b.score.reached.total_cmp(&a.score.reached);
        let areas = b.score.linear.total_cmp(&a.score.linear);
        ends.then(areas).then_with(|| a.label.cmp(&b.label))
    });
    curves
}

#[cfg(test)]
mod tests {
    use super::super::bounds::ScoreBounds;
    use super::super::course::tests::{call, course, grade};
    use super::super::scenario::{Limit, Scenario, Scope};
    use super::*;
    use crate::analysis::Basis;
    use crate::ledger::Books;
    use crate::trace::Event;

    fn curves(courses: &[Course], range: Option<(f64, f64)>) -> Option<EventCurves> {
        let books = Books::default();
        let prices = CallPrices { basis: Basis::Reported, books: &books, cache_hit: None };
        let terms = BudgetTerms { gate: 60.0, range, baseline: BTreeMap::new() };
        let display = DisplayList::built_in().unwrap();
        let courses: Vec<&Course> = courses.iter().collect();
        let event_terms = EventTerms { terms: &terms, prices: &prices, display: &display };
        EventCurves::of(&courses, Resource::Calls, &event_terms)
    }

    fn run(model: &str, events: &[Event]) -> Course {
        let mut run = course(events);
        run.calls.model = model.to_owned();
        run
    }

    fn calls(stage: i64, n: usize) -> Vec<Event> {
        vec![call(stage, 1, 1); n]
    }

    /// Published vector: four stages, solved at 1 and at 3, budget 10: 0.40, and 0.19036 by logarithm over [0.1, 10].
    #[test]
    fn the_area_is_that_of_the_published_vector() {
        let mut events = calls(0, 1);
        events.push(grade(0, 100.0));
        events.extend(calls(1, 2));
        events.extend([grade(1, 100.0), grade(2, 0.0), grade(3, 0.0)]);
        let found = curves(&[run("m", &events)], Some((0.1, 10.0))).unwrap();
        let line = &found.curves.curves[0];
        assert!((line.passed.linear - 0.40).abs() < 1e-12);
        assert!((line.passed.log.unwrap() - 0.190_36).abs() < 5e-6);
        // Begun at 1 and at 2.
        let early = found.optimistic_of("m").unwrap();
        assert!((early.passed.linear - 0.425).abs() < 1e-12);
        assert_eq!(found.curves.begun.as_ref(), found.optimistic.last());
    }

    #[test]
    fn a_model_is_the_mean_of_its_runs_and_the_mean_is_of_all_runs() {
        let one = |n: usize, score: f64| [calls(0, n), vec![grade(0, score)]].concat();
        let runs = [run("a", &one(2, 100.0)), run("a", &one(4, 50.0)), run("b", &one(1, 30.0))];
        let found = curves(&runs, None).unwrap();
        let reached: Vec<(&str, f64)> =
            found.curves.curves.iter().map(|c| (c.label.as_str(), c.score.reached)).collect();
        assert_eq!(reached, [("a", 75.0), ("b", 30.0)]);
        assert!((found.curves.mean.score.reached - 60.0).abs() < 1e-9);
        assert_eq!(found.areas["a"].len(), 2);
        let untimed = [call(0, 1, 1)];
        assert_eq!(curves(&[run("a", &untimed)], None), None, "no result");
    }

    /// Oracle: the bounds of a cut at every budget.
    #[test]
    fn curves_are_the_bounds_of_truncation_at_every_budget() {
        let events = [
            calls(0, 2),
            vec![grade(0, 80.0)],
            calls(1, 3),
            vec![grade(1, 40.0), grade(2, 10.0)],
            calls(3, 1),
            vec![grade(3, 100.0)],
        ]
        .concat();
        let run = run("m", &events);
        let books = Books::default();
        let prices = CallPrices { basis: Basis::Reported, books: &books, cache_hit: None };
        let spent = meter(&run, Resource::Calls, &prices).unwrap();
        let found = curves(std::slice::from_ref(&run), None).unwrap();
        let value = |curve: &BudgetCurve, budget: f64| {
            let last = curve.steps.iter().rev().find(|step| step.spent <= budget);
            last.map_or(curve.start.0, |step| step.score)
        };
        for budget in 0..8 {
            let budget = f64::from(budget);
            let limit = Limit::Budget(Resource::Calls, budget);
            let cuts = Scenario { limit, scope: Scope::Run }.cuts(&run, &spent).unwrap();
            let bounds = ScoreBounds::of(&run, &cuts, &BTreeMap::new()).unwrap();
            assert!((value(&found.curves.curves[0], budget) - bounds.low).abs() < 1e-9, "{budget}");
            let early = found.optimistic_of("m").unwrap();
            assert!((value(early, budget) - bounds.high).abs() < 1e-9, "{budget}");
        }
    }
}
