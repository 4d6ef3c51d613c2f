//! A trajectory file: its facts, its costs, its end.
//!
//! `api_calls` counts requests, of which those that could not be parsed may have left no usage; `instance_cost` is what
//! the agent added up, which may leave them out as well. Where no call has a cost of its own, it is one aggregate row.

use super::super::fields::Fields;
use super::super::files::lenient;
use super::super::rows::{Rows, timed};
use super::super::run_id;
use super::super::sink::Sink;
use super::super::source::Source;
use super::super::stages::{StageOutcome, end_reason_of_error};
use super::super::{ImportError, ImportReport};
use super::walk::Walk;
use crate::trace::{CostSource, EndReason, Event, Kind, RunFacts, Timestamp, UsageQuality, Usd};
use serde_json::{Value, json};

/// Imports one trajectory.
pub(super) fn import(source: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let file = source.file()?;
    let bytes = file.read()?;
    let value: Value = lenient(&bytes).map_err(|e| ImportError::json_file(file.name(), &e))?;
    // A bare list is a document of which nothing else is known.
    let value = if value.is_array() { json!({ "messages": value }) } else { value };
    let bad = |problem: &str| ImportError::BadSource {
        path: file.name().to_owned(),
        problem: problem.into(),
    };
    let mut root = Fields::of(value).ok_or_else(|| bad("not a JSON object"))?;
    let messages = root.array("messages").ok_or_else(|| bad("no `messages`"))?;
    let mut info = root.object("info").unwrap_or_default();
    let mut report = source.report();
    let instance = root.text("instance_id").filter(|id| !id.is_empty());
    let workload = instance.unwrap_or_else(|| {
        let stem = file.stem();
        if stem.is_empty() { "mini-swe-agent".to_owned() } else { stem.to_owned() }
    });
    let run = RunFacts {
        run_id: run_id::unique(&workload, &bytes),
        model: model(&info, &messages, &mut report),
        workload,
        provider: None,
        agent: Some("mini-swe-agent".to_owned()),
        protocol: None,
    };
    drop(bytes);
    let mut rows = Rows::begin(sink, run, first_time(&messages))?;
    let mut start = timed(Kind::RunStart, None);
    for name in ["config", "mini_version"] {
        if let Some(value) = info.take(name) {
            root.keep(name, value);
        }
    }
    start.attributes = root.rest_counted(&mut report);
    rows.push(start)?;
    rows.open_stage(0, None)?;
    let mut walk = Walk::default();
    for (position, message) in (1usize..).zip(messages) {
        match Fields::of(message) {
            Some(message) => walk.message(message, &mut rows, &mut report)?,
            None => report.reject(file.name(), 1, format!("message {position} is not an object")),
        }
    }
    let status = info.text("exit_status").filter(|s| !s.is_empty()).or(walk.exit_status.take());
    let last = if walk.submitted { EndReason::Finished } else { rows.last.end_reason() };
    let total = account(&info, &walk, &mut report);
    let attempted = walk.calls > 0 || total.is_some();
    let unasked = if attempted { last } else { EndReason::NotAttempted };
    if let Some(row) = total {
        rows.push(row)?;
    }
    let outcome = StageOutcome {
        attempted: Some(attempted),
        end_reason: Some(status.as_deref().map_or(unasked, end_reason)),
        ..StageOutcome::default()
    };
    let ended = rows.close_stage(outcome, timed(Kind::StageResult, None))?;
    let mut end = timed(Kind::RunEnd, None);
    end.end_reason = ended;
    let submission = info.text("submission").filter(|s| !s.is_empty()).or(walk.submission.take());
    for (name, value) in [("exit_status", status), ("submission", submission)] {
        if let Some(value) = value {
            info.keep(name, value);
        }
    }
    for (name, value) in walk.exit.into_pairs() {
        info.keep(&name, value);
    }
    end.attributes = info.rest_counted(&mut report);
    rows.end(end, report)
}

/// Compares the statistics of the run with its calls; gives the row of its cost where no call has one.
fn account(info: &Fields, walk: &Walk, report: &mut ImportReport) -> Option<Event> {
    let stats = info.peek("model_stats").cloned().and_then(Fields::of);
    let mut stats = stats.unwrap_or_default();
    let calls = stats.int("api_calls").filter(|n| *n >= 0);
    let cost = stats.number("instance_cost").and_then(Usd::from_f64).filter(|c| c.nanos() > 0);
    let hidden = calls.unwrap_or(0).saturating_sub(walk.calls).max(0);
    if hidden > 0 {
        report.warn(format!(
            "{} calls were made and {} are in the log: what the others used is not known",
            calls.unwrap_or(0),
            walk.calls
        ));
    }
    if calls.is_some_and(|calls| calls < walk.calls) {
        report.warn(format!(
            "api_calls is {} and {} calls are in the log; those in the log are counted",
            calls.unwrap_or(0),
            walk.calls
        ));
    }
    if walk.unmetered > 0 {
        report.warn(format!(
            "{} of {} calls have no usage in the log: their tokens are unknown, and their costs may be missing from the total",
            walk.unmetered, walk.calls
        ));
    }
    if let (Some(total), Some(sum)) = (cost, walk.cost) {
        // One nano-dollar of rounding per call.
        if total.nanos().abs_diff(sum.nanos()) > walk.calls.unsigned_abs() {
            report.warn(format!("instance_cost {total} is not the sum of its calls, {sum}"));
        }
    }
    let cost = cost.filter(|_| walk.cost.is_none())?;
    let mut event = Event::new(Kind::LlmCall);
    event.role = Some("assistant".to_owned());
    event.usage_quality = Some(UsageQuality::Aggregate);
    event.llm_call_count = Some(hidden);
    event.cost_usd = Some(cost);
    event.cost_source = Some(CostSource::ReportedTotal);
    let mut rest = Fields::default();
    rest.keep("usage", info.peek("model_stats").cloned().unwrap_or_default());
    event.attributes = rest.rest();
    Some(event)
}

/// Why the agent stopped, from the name of what ended it.
fn end_reason(status: &str) -> EndReason {
    match status {
        "Submitted" => EndReason::Finished,
        "LimitsExceeded" | "TimeExceeded" => EndReason::Budget,
        "KeyboardInterrupt" | "UserInterruption" => EndReason::Interrupted,
        "RateLimitError" => EndReason::RateLimited,
        "RepeatedFormatError"
        | "APIError"
        | "APIConnectionError"
        | "AuthenticationError"
        | "BadRequestError"
        | "InternalServerError"
        | "NotFoundError"
        | "PermissionDeniedError"
        | "ServiceUnavailableError"
        | "UnsupportedParamsError" => EndReason::LlmError,
        // A command that takes too long does not end the run: what is left are requests.
        other => end_reason_of_error(other, ""),
    }
}

/// The model asked for; where no configuration says it, the one that answered.
fn model(info: &Fields, messages: &[Value], report: &mut ImportReport) -> String {
    let config = info.peek("config").and_then(|c| c.pointer("/model/model_name")?.as_str());
    let asked = config.filter(|name| !name.is_empty());
    if let Some(name) = asked {
        return name.to_owned();
    }
    let answered = messages.iter().find_map(|m| {
        let response = if m.get("object").and_then(Value::as_str) == Some("response") {
            Some(m)
        } else {
            m.pointer("/extra/response")
        };
        response?.get("model")?.as_str().filter(|name| !name.is_empty())
    });
    if let Some(name) = answered {
        report.warn("no configuration says which model was asked for; it is stored as the one that answered");
        return name.to_owned();
    }
    report.warn("no message says which model it was; it is stored as `unknown`");
    "unknown".to_owned()
}

/// The first time in the log.
fn first_time(messages: &[Value]) -> Option<Timestamp> {
    let times = messages.iter().filter_map(|m| m.pointer("/extra/timestamp")?.as_f64());
    times.filter_map(Timestamp::from_epoch_seconds).min()
}
