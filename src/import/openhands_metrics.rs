//! The `Metrics` objects of OpenHands to usage per call: `base_state.json` of the SDK, `metrics` of the older event stream.
//!
//! LiteLLM counts cache reads inside `prompt_tokens` and reasoning inside `completion_tokens`, which is the trace's
//! own convention. `costs` has no response ids and stands in the order of `token_usages`; it is empty when no price
//! was known, and then the accumulated 0.0 means unknown.

use super::ImportReport;
use super::fields::Fields;
use super::usage::Usage;
use crate::trace::{CostSource, Event, Timestamp, Usd};
use serde_json::Value;
use std::collections::HashMap;

/// Usage, cost and latency of one answered call.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) response_id: String,
    pub(super) usage: Usage,
    pub(super) context_window: Option<i64>,
    pub(super) cost: Option<Usd>,
    pub(super) ended: Option<Timestamp>,
    pub(super) latency_s: Option<f64>,
    /// The usage entry as logged.
    pub(super) raw: Value,
    /// Whether a record of the conversation carried its response id.
    pub(super) used: bool,
}

/// The calls of a run.
#[derive(Debug, Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    by_response: HashMap<String, usize>,
}

impl Calls {
    /// All of them, in the order of the log.
    pub(super) fn all(&self) -> &[Call] {
        &self.list
    }

    /// The call with this response id, marked as used.
    pub(super) fn claim(&mut self, response_id: &str) -> Option<&mut Call> {
        let call = self.list.get_mut(*self.by_response.get(response_id)?)?;
        call.used = true;
        Some(call)
    }

    /// Looks at the call with this response id.
    pub(super) fn get(&self, response_id: &str) -> Option<&Call> {
        self.list.get(*self.by_response.get(response_id)?)
    }

    /// Where the call with this response id stands among all.
    pub(super) fn place(&self, response_id: &str) -> Option<usize> {
        self.by_response.get(response_id).copied()
    }

    /// Adds the calls of a metrics object, which keeps its totals. `place` is where it stands, for warnings.
    ///
    /// Costs carry no ids: when they are not as many as the calls, they cannot be spread, and their sum is given back.
    pub(super) fn add(
        &mut self,
        place: &str,
        purpose: &str,
        metrics: &mut Fields,
        report: &mut ImportReport,
    ) -> Option<Usd> {
        let usages = metrics.array("token_usages").unwrap_or_default();
        let costs: Vec<Cost> =
            metrics.array("costs").unwrap_or_default().iter().map(Cost::of).collect();
        let timed = metrics.array("response_latencies").unwrap_or_default();
        let latencies: HashMap<String, f64> = timed.iter().cloned().filter_map(latency).collect();
        if latencies.is_empty() && !timed.is_empty() {
            // Without ids they are nobody's.
            metrics.keep("response_latencies", timed);
        }
        let paired = costs.len() == usages.len();
        let total = costs.iter().filter_map(|c| c.amount).reduce(|a, b| [a, b].into_iter().sum());
        if !paired && !costs.is_empty() && !usages.is_empty() {
            report.warn(format!(
                "{place}: {} costs for {} calls under `{purpose}`; they carry no ids and cannot be joined, so costs of single calls are unknown",
                costs.len(),
                usages.len()
            ));
        }
        let mut costs = costs.into_iter();
        let first = self.list.len();
        for raw in usages {
            let cost = if paired { costs.next() } else { None };
            let Some(mut call) = Call::of(raw) else {
                report.warn(format!(
                    "{place}: an entry of `token_usages` is not an object; it is lost"
                ));
                continue;
            };
            call.latency_s = latencies.get(&call.response_id).copied();
            if let Some(cost) = cost {
                call.cost = cost.amount;
                call.ended = cost.at;
            }
            self.push(call);
        }
        let accumulated = metrics.peek("accumulated_cost").and_then(Value::as_f64);
        check_total(place, purpose, accumulated, &self.list[first..], report);
        if paired { None } else { total }
    }

    /// Adds the calls that have a latency and no usage, each after the one before it.
    pub(super) fn add_unmetered(&mut self, latencies: &[Value]) {
        let mut after = 0;
        for (response_id, latency_s) in latencies.iter().cloned().filter_map(latency) {
            if !self.by_response.contains_key(&response_id) {
                self.by_response.insert(response_id.clone(), after);
                let call = Call { response_id, latency_s: Some(latency_s), ..Call::default() };
                self.list.insert(after, call);
                after += 1;
                continue;
            }
            let rest = self.list.iter().skip(after);
            if let Some(ahead) = rest.map(|c| &c.response_id).position(|id| *id == response_id) {
                after += ahead + 1;
            }
        }
        // What stood behind has moved.
        self.by_response = (self.list.iter().enumerate())
            .filter(|(_, c)| !c.response_id.is_empty())
            .map(|(i, c)| (c.response_id.clone(), i))
            .collect();
    }

    fn push(&mut self, call: Call) {
        if !call.response_id.is_empty() {
            self.by_response.insert(call.response_id.clone(), self.list.len());
        }
        self.list.push(call);
    }
}

impl Call {
    /// An entry of `token_usages`.
    fn of(raw: Value) -> Option<Self> {
        let mut fields = Fields::of(raw.clone())?;
        let reasoning = fields.int("reasoning_tokens");
        let usage = Usage::inside(
            fields.int("prompt_tokens"),
            fields.int("cache_read_tokens"),
            fields.int("cache_write_tokens"),
            fields.int("completion_tokens"),
        )
        .with_reasoning(reasoning);
        Some(Self {
            response_id: fields.text("response_id").unwrap_or_default(),
            usage,
            context_window: fields.int("context_window").filter(|w| *w > 0),
            raw,
            ..Self::default()
        })
    }

    /// Puts usage, cost and latency into the row of the call; the row's time becomes the start of the call.
    pub(super) fn fill(&self, event: &mut Event) {
        event.response_id = Some(self.response_id.clone()).filter(|id| !id.is_empty());
        self.usage.fill(event, None);
        event.context_limit = self.context_window;
        event.cost_usd = self.cost;
        event.cost_source = self.cost.map(|_| CostSource::Reported);
        if let Some(latency) = self.latency_s {
            let micros = micros(latency);
            event.duration_ms = Some(millis(micros));
            event.ts = event.ts.map(|ts| ts.plus_micros(-micros));
        }
        let mut rest = Fields::default();
        rest.keep("usage", self.raw.clone());
        event.attributes = rest.rest();
    }
}

/// An entry of `costs`: an object, or in older logs a bare number.
struct Cost {
    amount: Option<Usd>,
    at: Option<Timestamp>,
}

impl Cost {
    fn of(value: &Value) -> Self {
        let (amount, at) = match Fields::of(value.clone()) {
            Some(mut fields) => (fields.number("cost"), fields.number("timestamp")),
            None => (value.as_f64(), None),
        };
        Self {
            // A zero beside tokens is a price that was not known.
            amount: amount.and_then(Usd::from_f64).filter(|c| c.nanos() > 0),
            at: at.and_then(Timestamp::from_epoch_seconds),
        }
    }
}

/// An entry of `response_latencies`: the response and the seconds it took.
fn latency(value: Value) -> Option<(String, f64)> {
    let mut fields = Fields::of(value)?;
    let id = fields.text("response_id").filter(|id| !id.is_empty())?;
    Some((id, fields.number("latency").filter(|s| *s >= 0.0)?))
}

/// The log's running total for a purpose must be the sum of its calls.
fn check_total(
    place: &str,
    purpose: &str,
    accumulated: Option<f64>,
    calls: &[Call],
    report: &mut ImportReport,
) {
    let sum: Usd = calls.iter().filter_map(|c| c.cost).sum();
    let (Some(total), true) =
        (accumulated.and_then(Usd::from_f64), calls.iter().any(|c| c.cost.is_some()))
    else {
        return;
    };
    let off = (i128::from(total.nanos()) - i128::from(sum.nanos())).abs();
    // One nano-dollar of rounding per call.
    if off > calls.len() as i128 {
        report.warn(format!(
            "{place}: accumulated cost {total} under `{purpose}` is not the sum of its calls, {sum}"
        ));
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 microseconds")]
pub(super) fn millis(micros: i64) -> f64 {
    micros.max(0) as f64 / 1e3
}

#[expect(clippy::cast_possible_truncation, reason = "the range is clamped")]
pub(super) fn micros(seconds: f64) -> i64 {
    (seconds.clamp(0.0, 1e9) * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::Path;

    fn metrics(value: Value) -> (Calls, Option<Usd>, Fields, ImportReport) {
        let mut report = ImportReport::of("test", Path::new("log"));
        let mut metrics = Fields::of(value).unwrap();
        let mut calls = Calls::default();
        let unspread = calls.add("log:1", "agent", &mut metrics, &mut report);
        (calls, unspread, metrics, report)
    }

    #[test]
    fn calls_with_a_latency_alone_stand_where_they_were_made() {
        let usages = json!([{"response_id": "a", "prompt_tokens": 1, "completion_tokens": 1}, {"response_id": "c"}]);
        let (mut calls, ..) = metrics(json!({ "token_usages": usages }));
        let latency = |id: &str| json!({"response_id": id, "latency": 2.0});
        calls.add_unmetered(&[
            latency("a"),
            latency("b"),
            latency("b"),
            latency("c"),
            latency("d"),
        ]);
        let ids: Vec<&str> = calls.all().iter().map(|c| c.response_id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
        assert_eq!((calls.place("c"), calls.place("x")), (Some(2), None));
        assert_eq!(calls.get("b").and_then(|c| c.latency_s), Some(2.0));
    }

    #[test]
    fn costs_are_spread_only_when_each_call_has_one() {
        let usages = json!([{"response_id": "a"}, {"response_id": "b"}]);
        let (calls, unspread, ..) =
            metrics(json!({"token_usages": usages, "costs": [0.25, {"cost": 0.0}]}));
        assert_eq!((calls.all()[0].cost, unspread), (Usd::from_f64(0.25), None));
        assert_eq!(calls.all()[1].cost, None, "0 is a price that was not known");
        let (calls, unspread, _, report) =
            metrics(json!({"token_usages": usages, "costs": [0.25]}));
        assert_eq!((calls.all()[0].cost, unspread), (None, Usd::from_f64(0.25)));
        assert_eq!(report.warnings.len(), 1);
    }

    #[test]
    fn what_cannot_be_joined_is_kept_or_named() {
        let (_, _, rest, report) = metrics(
            json!({"token_usages": [5], "response_latencies": [0.5], "accumulated_cost": 1}),
        );
        assert_eq!(
            rest.rest().as_deref(),
            Some(r#"{"accumulated_cost":1,"response_latencies":[0.5]}"#)
        );
        assert!(report.warnings[0].contains("is not an object"));
    }
}
