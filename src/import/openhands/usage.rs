//! `base_state.json` to usage per call.
//!
//! LiteLLM counts cache reads inside `prompt_tokens` and reasoning inside `completion_tokens`, which is the trace's
//! own convention. `costs` has no response ids and stands in the order of `token_usages`; it is empty when no price
//! was known, and then the accumulated 0.0 means unknown.

use super::super::fields::Fields;
use super::super::{ImportError, ImportReport};
use super::folder::RunFolder;
use crate::trace::{Timestamp, Usd};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// Usage, cost and latency of one answered call.
#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) response_id: String,
    pub(super) input: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) cache_read: Option<i64>,
    pub(super) cache_write: Option<i64>,
    pub(super) reasoning: Option<i64>,
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
pub(super) struct Usage {
    pub(super) calls: Vec<Call>,
    by_response: HashMap<String, usize>,
    pub(super) model: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) execution_status: Option<String>,
    pub(super) stuck_detection: bool,
}

impl Usage {
    /// Reads every `base_state.json` of a run.
    pub(super) fn read(folder: &RunFolder, report: &mut ImportReport) -> Result<Self, ImportError> {
        let mut usage = Self::default();
        for file in folder.conversations.iter().flat_map(|c| &c.base_states) {
            let path = file.name();
            let state = Fields::of(file.json()?).ok_or_else(|| ImportError::BadSource {
                path: path.to_owned(),
                problem: "not a JSON object".into(),
            })?;
            usage.add_state(path, state, report)?;
        }
        usage.by_response =
            usage.calls.iter().enumerate().map(|(i, c)| (c.response_id.clone(), i)).collect();
        Ok(usage)
    }

    /// The call with this response id, marked as used.
    pub(super) fn claim(&mut self, response_id: &str) -> Option<&mut Call> {
        let call = self.calls.get_mut(*self.by_response.get(response_id)?)?;
        call.used = true;
        Some(call)
    }

    /// Looks at the call with this response id.
    pub(super) fn get(&self, response_id: &str) -> Option<&Call> {
        self.calls.get(*self.by_response.get(response_id)?)
    }

    fn add_state(
        &mut self,
        path: &Path,
        mut state: Fields,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        if let Some(mut llm) = state.object("agent").and_then(|mut a| a.object("llm")) {
            self.model = self.model.take().or_else(|| llm.text("model"));
            self.base_url = self.base_url.take().or_else(|| llm.text("base_url"));
        }
        self.execution_status = state.text("execution_status");
        self.stuck_detection |= state.flag("stuck_detection").unwrap_or(false);
        let metrics = state.object("stats").and_then(|mut s| s.object("usage_to_metrics"));
        let Some(metrics) = metrics else {
            return Err(ImportError::BadSource {
                path: path.to_owned(),
                problem: "no `stats.usage_to_metrics`".into(),
            });
        };
        for (purpose, value) in metrics.into_pairs() {
            if let Some(metrics) = Fields::of(value) {
                self.add_metrics(path, &purpose, metrics, report);
            }
        }
        Ok(())
    }

    fn add_metrics(
        &mut self,
        path: &Path,
        purpose: &str,
        mut metrics: Fields,
        report: &mut ImportReport,
    ) {
        let objects = |items: Option<Vec<Value>>| -> Vec<Value> { items.unwrap_or_default() };
        let usages = objects(metrics.array("token_usages"));
        let costs = objects(metrics.array("costs"));
        let latencies: HashMap<String, f64> = objects(metrics.array("response_latencies"))
            .into_iter()
            .filter_map(Fields::of)
            .filter_map(|mut l| Some((l.text("response_id")?, l.number("latency")?)))
            .collect();
        let paired = costs.len() == usages.len();
        if !paired && !costs.is_empty() {
            report.warn(format!(
                "{}: {} costs for {} calls under `{purpose}`; they carry no ids and cannot be joined, so costs are unknown",
                path.display(),
                costs.len(),
                usages.len()
            ));
        }
        let mut costs = costs.into_iter().filter_map(Fields::of);
        let first = self.calls.len();
        for raw in usages {
            let cost = if paired { costs.next() } else { None };
            let Some(mut fields) = Fields::of(raw.clone()) else { continue };
            let mut call = Call {
                response_id: fields.text("response_id").unwrap_or_default(),
                input: fields.int("prompt_tokens"),
                output: fields.int("completion_tokens"),
                cache_read: fields.int("cache_read_tokens"),
                cache_write: fields.int("cache_write_tokens"),
                reasoning: fields.int("reasoning_tokens"),
                context_window: fields.int("context_window").filter(|w| *w > 0),
                raw,
                ..Call::default()
            };
            call.latency_s = latencies.get(&call.response_id).copied();
            if let Some(mut cost) = cost {
                // A zero beside tokens is a price that was not known.
                call.cost = cost.number("cost").and_then(Usd::from_f64).filter(|c| !c.is_zero());
                call.ended = cost.number("timestamp").and_then(Timestamp::from_epoch_seconds);
            }
            self.calls.push(call);
        }
        check_total(path, purpose, &mut metrics, &self.calls[first..], report);
    }
}

/// The log's running total for a purpose must be the sum of its calls.
fn check_total(
    path: &Path,
    purpose: &str,
    metrics: &mut Fields,
    calls: &[Call],
    report: &mut ImportReport,
) {
    let accumulated = metrics.number("accumulated_cost").and_then(Usd::from_f64);
    let sum: Usd = calls.iter().filter_map(|c| c.cost).sum();
    let (Some(total), true) = (accumulated, calls.iter().any(|c| c.cost.is_some())) else {
        return;
    };
    let off = (i128::from(total.nanos()) - i128::from(sum.nanos())).abs();
    // One nano-dollar of rounding per call.
    if off > calls.len() as i128 {
        report.warn(format!(
            "{}: accumulated cost {total} under `{purpose}` is not the sum of its calls, {sum}",
            path.display()
        ));
    }
}
