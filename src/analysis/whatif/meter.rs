//! What a run had spent of a resource at each of its moments.
//!
//! Sums are exact (nano-dollars, tokens, calls, microseconds) and become numbers at the end, so that a budget of all that a
//! run spent cuts nothing off it. One unknown amount makes all of them unknown.

use super::course::{Course, Deed};
use super::prices::CallPrices;
use crate::analysis::pricing::counts;
use crate::analysis::spending::Resource;

/// What had been spent when each moment had ended, or why that is unknown.
pub fn meter(
    course: &Course,
    resource: Resource,
    prices: &CallPrices<'_>,
) -> Result<Vec<f64>, String> {
    if resource == Resource::Time {
        let times = course.moments.iter().map(|moment| real(i128::from(moment.end_us)) / 1e6);
        return if course.timed {
            Ok(times.collect())
        } else {
            Err("calls have no times".to_owned())
        };
    }
    let mut spent = 0_i128;
    let mut spendings = Vec::with_capacity(course.moments.len());
    for moment in &course.moments {
        if let (Deed::Call(_), Some(call)) = (moment.deed, course.call(moment)) {
            let amount = match resource {
                Resource::Calls => call.count.map(i128::from),
                _ if !counts(call) => Some(0),
                _ if call.aggregate && call.stage.is_none() => {
                    return Err("the trace has totals only".to_owned());
                }
                Resource::Money => Some(i128::from(prices.price(&course.calls, call)?.nanos())),
                _ => call.tokens.map(|t| i128::from(t.input()) + i128::from(t.output())),
            };
            let known = amount.filter(|amount| *amount >= 0);
            spent += known.ok_or_else(|| format!("{} of a call are unknown", resource.name()))?;
        }
        spendings.push(real(spent) / if resource == Resource::Money { 1e9 } else { 1.0 });
    }
    Ok(spendings)
}

#[expect(clippy::cast_precision_loss, reason = "what is lost is far less than any budget")]
fn real(count: i128) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::course::tests::{call, course, grade, tool};
    use super::*;
    use crate::analysis::Basis;
    use crate::ledger::Books;
    use crate::trace::{Event, ToolStatus, UsageQuality};

    fn metered(resource: Resource, events: &[Event]) -> Result<Vec<f64>, String> {
        let books = Books::default();
        let prices = CallPrices { basis: Basis::Reported, books: &books, cache_hit: None };
        meter(&course(events), resource, &prices)
    }

    #[test]
    fn amounts_add_up_call_by_call() {
        let events = [call(0, 10, 100), tool(0, 1, ToolStatus::Ok), call(0, 20, 50), grade(0, 1.0)];
        assert_eq!(metered(Resource::Money, &events).unwrap(), [0.1, 0.1, 0.3, 0.3]);
        assert_eq!(metered(Resource::Tokens, &events).unwrap(), [100.0, 100.0, 150.0, 150.0]);
        assert_eq!(metered(Resource::Calls, &events).unwrap(), [1.0, 1.0, 2.0, 2.0]);
        let timed = [Event { offset_us: Some(5), ..call(0, 1, 1) }];
        assert_eq!(metered(Resource::Time, &timed).unwrap(), [1.0], "from the first event on");
    }

    #[test]
    fn one_unknown_amount_makes_all_unknown() {
        let unpriced = Event { cost_usd: None, ..call(0, 0, 1) };
        assert_eq!(metered(Resource::Money, &[unpriced]).unwrap_err(), "the log has no cost");
        let unknown = Event { input_tokens: None, ..call(0, 1, 1) };
        assert!(metered(Resource::Tokens, &[unknown]).is_err());
        assert!(metered(Resource::Time, &[call(0, 1, 1)]).is_err());
        let total = Event {
            stage: None,
            usage_quality: Some(UsageQuality::Aggregate),
            llm_call_count: Some(9),
            ..call(0, 10, 100)
        };
        let total = [total];
        assert_eq!(metered(Resource::Money, &total).unwrap_err(), "the trace has totals only");
        assert_eq!(metered(Resource::Calls, &total).unwrap(), [9.0]);
    }
}
