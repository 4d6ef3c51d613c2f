//! What a scenario would have saved and lost, by run and in total.

use super::bounds::ScoreBounds;
use super::course::{Course, Deed};
use super::meter::meter;
use super::prices::CallPrices;
use super::scenario::{Cut, Scenario};
use crate::analysis::cohort::mean;
use crate::analysis::pricing::counts;
use crate::trace::Usd;
use std::collections::BTreeMap;

/// One run under a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Position of the first event that would not have happened; `None` when all would.
    pub cut: Option<i64>,
    /// Stage of that event.
    pub stage: Option<i64>,
    /// Mean score as recorded; `None` when no stage has one.
    pub recorded: Option<f64>,
    /// The score that is left; `None` like the recorded one.
    pub bounds: Option<ScoreBounds>,
    /// What was spent up to the cut.
    pub kept: Spending,
    /// What was spent on the whole run.
    pub whole: Spending,
}

/// What calls took; each `None` when one of them is unknown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// Cost.
    pub cost: Option<Usd>,
    /// Input and output tokens.
    pub tokens: Option<i64>,
    /// Answered calls.
    pub calls: Option<i64>,
    /// When the last event ended; `None` also where stages end alone, since later ones would have come sooner.
    pub seconds: Option<f64>,
}

impl Replayed {
    /// Cost that would not have been spent.
    pub fn saved(&self) -> Option<Usd> {
        let (whole, kept) = self.whole.cost.zip(self.kept.cost)?;
        Usd::from_nanos(i128::from(whole.nanos()) - i128::from(kept.nanos()))
    }

    /// Score that would have been lost: least and most.
    pub fn lost(&self) -> Option<(f64, f64)> {
        let (recorded, bounds) = self.recorded.zip(self.bounds.as_ref())?;
        Some((recorded - bounds.high, recorded - bounds.low))
    }
}

/// A run under a scenario, or why that is unknown.
pub fn replay(
    course: &Course,
    scenario: &Scenario,
    prices: &CallPrices<'_>,
    baseline: &BTreeMap<i64, f64>,
) -> Result<Replayed, String> {
    let spent = match scenario.resource() {
        Some(resource) => meter(course, resource, prices)?,
        None => Vec::new(),
    };
    let cuts = scenario.cuts(course, &spent)?;
    let first = cuts.iter().map(|cut| cut.from).min().and_then(|at| course.moments.get(at));
    Ok(Replayed {
        cut: first.map(|moment| moment.seq),
        stage: first.and_then(|moment| moment.stage),
        recorded: course.score(),
        bounds: ScoreBounds::of(course, &cuts, baseline),
        kept: spending(course, &cuts, prices),
        whole: spending(course, &[], prices),
    })
}

fn spending(course: &Course, cuts: &[Cut], prices: &CallPrices<'_>) -> Spending {
    let mut sums = Spending {
        cost: Some(Usd::default()),
        tokens: Some(0),
        calls: Some(0),
        seconds: course.timed.then_some(0.0),
    };
    for (at, moment) in course.moments.iter().enumerate() {
        if cuts.iter().any(|cut| cut.drops(at, moment)) {
            continue;
        }
        sums.seconds = sums.seconds.map(|_| seconds(moment.end_us));
        let (Deed::Call(_), Some(call)) = (moment.deed, course.call(moment)) else { continue };
        sums.calls = sums.calls.zip(call.count).and_then(|(sum, n)| sum.checked_add(n));
        if counts(call) {
            let price = prices.price(&course.calls, call).ok();
            sums.cost = sums.cost.zip(price).and_then(|(sum, price)| sum.checked_add(price));
            let tokens = call.tokens.map(|tokens| tokens.total());
            sums.tokens = sums.tokens.zip(tokens).and_then(|(sum, n)| sum.checked_add(n));
        }
    }
    if cuts.iter().any(|cut| cut.stage.is_some()) {
        sums.seconds = None;
    }
    // A run without a call has no cost, which is not one of 0.
    if !course.calls.calls.iter().any(counts) {
        sums.cost = None;
    }
    sums
}

#[expect(clippy::cast_precision_loss, reason = "runs are far shorter than 2^53 microseconds")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// A scenario over several runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals {
    /// Runs of which it is known where they are cut.
    pub runs: usize,
    /// Runs that are cut.
    pub cut: usize,
    /// Runs of which that is unknown.
    pub unknown: usize,
    /// Runs with a known cost; the costs are of these.
    pub priced: usize,
    /// Cost of these as they went.
    pub whole: Option<Usd>,
    /// Cost that would not have been spent.
    pub saved: Option<Usd>,
    /// Runs with a score; the means are over these.
    pub scored: usize,
    /// Mean score as recorded.
    pub recorded: Option<f64>,
    /// Means of the scores that are left.
    pub low: Option<f64>,
    /// See `low`.
    pub high: Option<f64>,
}

/// Adds up the runs of a scenario.
pub fn totals<'a>(runs: impl Iterator<Item = Result<&'a Replayed, &'a String>>) -> Totals {
    let mut totals = Totals::default();
    let mut known: Vec<&Replayed> = Vec::new();
    for run in runs {
        match run {
            Ok(run) => known.push(run),
            Err(_) => totals.unknown += 1,
        }
    }
    let sum = |amounts: &[Usd]| {
        let first = (!amounts.is_empty()).then(Usd::default)?;
        amounts.iter().try_fold(first, |sum, amount| sum.checked_add(*amount))
    };
    let priced: Vec<(Usd, Usd)> =
        known.iter().filter_map(|run| run.whole.cost.zip(run.saved())).collect();
    let scored: Vec<(f64, &ScoreBounds)> =
        known.iter().filter_map(|run| run.recorded.zip(run.bounds.as_ref())).collect();
    Totals {
        runs: known.len(),
        cut: known.iter().filter(|run| run.cut.is_some()).count(),
        priced: priced.len(),
        whole: sum(&priced.iter().map(|(whole, _)| *whole).collect::<Vec<_>>()),
        saved: sum(&priced.iter().map(|(_, saved)| *saved).collect::<Vec<_>>()),
        scored: scored.len(),
        recorded: mean(scored.iter().map(|(recorded, _)| *recorded)),
        low: mean(scored.iter().map(|(_, bounds)| bounds.low)),
        high: mean(scored.iter().map(|(_, bounds)| bounds.high)),
        ..totals
    }
}

#[cfg(test)]
mod tests {
    use super::super::course::tests::{call, course, grade};
    use super::super::scenario::{Limit, Scope};
    use super::*;
    use crate::analysis::{Basis, Resource};
    use crate::ledger::Books;
    use crate::trace::Event;

    fn run(limit: Limit, events: &[Event]) -> Result<Replayed, String> {
        let books = Books::default();
        let prices = CallPrices { basis: Basis::Reported, books: &books, cache_hit: None };
        let scenario = Scenario { limit, scope: Scope::Run };
        replay(&course(events), &scenario, &prices, &BTreeMap::new())
    }

    fn events() -> [Event; 5] {
        [call(0, 10, 100), grade(0, 90.0), call(1, 20, 100), call(1, 30, 100), grade(1, 40.0)]
    }

    /// Oracle: by hand, 10, 20 and 30 cents.
    #[test]
    fn what_is_saved_and_what_is_lost() {
        let found = run(Limit::Budget(Resource::Money, 0.35), &events()).unwrap();
        assert_eq!((found.cut, found.stage), (Some(3), Some(1)));
        assert_eq!(found.kept.cost.unwrap().to_string(), "0.3");
        assert_eq!(found.saved().unwrap().to_string(), "0.3");
        assert_eq!(found.lost(), Some((0.0, 20.0)));
        assert_eq!(
            (found.kept.tokens, found.kept.calls, found.kept.seconds),
            (Some(200), Some(2), None)
        );
        let nothing = run(Limit::Loop(2), &[grade(0, 35.0)]).unwrap();
        assert_eq!((nothing.whole.cost, nothing.saved()), (None, None), "there is no bill");
        let all = run(Limit::Budget(Resource::Money, 0.6), &events()).unwrap();
        assert_eq!((all.cut, all.lost(), all.kept), (None, Some((0.0, 0.0)), all.whole));
    }

    #[test]
    fn totals_say_of_how_many_they_are() {
        let unpriced = events().map(|event| Event { cost_usd: None, ..event });
        let limit = Limit::Budget(Resource::Calls, 1.0);
        let runs = [
            run(limit, &events()),
            run(limit, &unpriced),
            run(Limit::Budget(Resource::Money, 1.0), &unpriced),
        ];
        let found = totals(runs.iter().map(Result::as_ref));
        assert_eq!(
            (found.runs, found.cut, found.unknown, found.priced, found.scored),
            (2, 2, 1, 1, 2)
        );
        assert_eq!(found.saved.unwrap().to_string(), "0.5");
        assert_eq!((found.recorded, found.low, found.high), (Some(65.0), Some(45.0), Some(45.0)));
        assert_eq!(totals(std::iter::empty()), Totals::default());
    }
}
