//! A line of `output.jsonl` to a run: its facts, its usage, its grade, its end.
//!
//! Ids of instances are not unique, since many runs work on one: a digest of the line makes them so. Costs and tokens that
//! the log has for the run as a whole, and not for its calls, are one aggregate row; an accumulated cost of 0 is a model
//! without a price.

use super::super::fields::Fields;
use super::super::naive_clock::{Alignment, Reading};
use super::super::openhands_metrics::Calls;
use super::super::ramp::host;
use super::super::rows::{Rows, timed};
use super::super::run_id;
use super::super::sink::Sink;
use super::super::source::Source;
use super::super::stages::{StageOutcome, end_reason_of_error};
use super::super::usage::Usage;
use super::super::{ImportError, ImportReport};
use super::grade::grade;
use super::history::{Entry, entries};
use super::walk::Walk;
use crate::trace::{Clock, CostSource, EndReason, Event, Kind, RunFacts, UsageQuality, Usd};
use serde_json::Value;
use std::collections::HashMap;

/// Imports one run.
pub(super) fn import(
    source: &Source,
    line: usize,
    value: Value,
    bytes: &[u8],
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let file = source.file()?;
    let mut report = source.report();
    let grade = grade(&value);
    let Some(mut fields) = Fields::of(value) else { return Ok(()) };
    let mut metrics = fields.object("metrics").unwrap_or_default();
    let history = fields.array("history").unwrap_or_default();
    let mut entries = entries(file.name(), line, history, &mut report);
    let model = model(&fields, &metrics, &entries);
    if model.is_none() {
        report.warn("nothing says which model it was; it is stored as `unknown`");
    }
    let workload = instance(&fields, file.stem());
    let base_url =
        fields.peek("metadata").and_then(|m| m.pointer("/llm_config/base_url")?.as_str());
    let run = RunFacts {
        run_id: run_id::unique(&workload, bytes),
        workload,
        model: model.unwrap_or_else(|| "unknown".to_owned()),
        provider: base_url.filter(|url| !url.is_empty()).map(host),
        agent: Some("openhands".to_owned()),
        protocol: None,
    };

    let mut calls = Calls::default();
    let latencies = metrics.peek("response_latencies").and_then(Value::as_array).cloned();
    let costs = metrics.peek("costs").cloned();
    let place = format!("{}:{line}", file.name().display());
    let unspread = calls.add(&place, "metrics", &mut metrics, &mut report);
    calls.add_unmetered(&latencies.unwrap_or_default());
    join_by_snapshot(&mut entries, &calls);
    let alignment = align(&entries, &calls, &mut report);
    let times = entries.iter().filter_map(|e| Some(alignment.utc(e.time?, e.zoned).0));
    let mut rows = Rows::begin(sink, run, times.min())?;
    let test_result = fields.take("test_result");
    let error = fields.text("error").filter(|e| !e.is_empty());
    let verdict = [
        "success",
        "comment_success",
        "result_explanation",
        "success_explanation",
        "git_patch",
        "report",
    ]
    .map(|name| (name, fields.take(name)));
    let prompt = prompt(&mut fields, &entries);
    rows.push(run_start(fields, &mut report))?;
    rows.open_stage(0, None)?;
    if let Some(prompt) = prompt {
        let mut event = timed(Kind::Message, None);
        event.role = Some("user".to_owned());
        event.content = Some(prompt);
        rows.push(event)?;
    }
    let mut walk = Walk::new(calls, alignment, &entries);
    for entry in entries {
        walk.entry(entry, &mut rows, &mut report)?;
    }
    walk.end(&mut rows, &mut report)?;
    let last = rows.last.end_reason();
    let totals = totals(&metrics, unspread, costs, &walk, &mut report);
    let attempted = walk.replies > 0 || totals.is_some();
    if let Some(row) = totals {
        rows.push(row)?;
    }
    let stopped = error.clone().or(walk.stopped.take());
    let unasked = if attempted { last } else { EndReason::NotAttempted };
    let outcome = StageOutcome {
        attempted: Some(attempted),
        score: grade.as_ref().map(|g| g.score),
        passed: grade.as_ref().and_then(|g| g.passed),
        end_reason: Some(match (last, stopped.as_deref()) {
            (EndReason::Finished, _) | (_, None) => unasked,
            (_, Some(reason)) => end_reason(reason).unwrap_or(unasked),
        }),
        ..StageOutcome::default()
    };
    let mut result = timed(Kind::StageResult, None);
    let mut said = Fields::default();
    if let Some(grade) = &grade {
        said.keep("graded_by", grade.said_by);
    }
    result.attributes = said.rest();
    let ended = rows.close_stage(outcome, result)?;
    let mut end = timed(Kind::RunEnd, None);
    end.end_reason = ended;
    end.content.clone_from(&error);
    let mut rest = Fields::default();
    let metrics = Some(metrics.into_value());
    for (name, value) in
        verdict.into_iter().chain([("test_result", test_result), ("metrics", metrics)])
    {
        if let Some(value) = value {
            rest.keep(name, value);
        }
    }
    if let Some(stopped) = stopped.filter(|_| error.is_none()) {
        rest.keep("stopped", stopped);
    }
    end.attributes = rest.rest_counted(&mut report);
    rows.end(end, report)
}

fn run_start(mut fields: Fields, report: &mut ImportReport) -> Event {
    let mut start = timed(Kind::RunStart, None);
    if let Some(mut metadata) = fields.object("metadata") {
        if let Some(mut llm) = metadata.object("llm_config") {
            for secret in ["api_key", "aws_access_key_id", "aws_secret_access_key"] {
                llm.drop(secret);
            }
            metadata.keep("llm_config", llm.into_value());
        }
        fields.keep("metadata", metadata.into_value());
    }
    start.attributes = fields.rest_counted(report);
    start
}

/// What was asked, where the history does not begin with it; what it does begin with is not kept again.
fn prompt(fields: &mut Fields, entries: &[Entry]) -> Option<String> {
    let instruction = fields.text("instruction")?;
    let mut asked = entries
        .iter()
        .filter(|e| e.is_action && e.kind == "message" && !e.is_of_agent())
        .filter_map(|e| {
            e.fields
                .peek("args")
                .and_then(|a| a.get("content"))
                .or_else(|| e.fields.peek("content"))
        })
        .filter_map(Value::as_str)
        .peekable();
    if asked.peek().is_none() {
        return Some(instruction);
    }
    if !asked.any(|text| text == instruction) {
        fields.keep("instruction", instruction);
    }
    None
}

/// What was worked on.
fn instance(fields: &Fields, stem: &str) -> String {
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let issue = || {
        let issue = fields.peek("issue").or_else(|| fields.peek("pr_review"))?;
        let number = text(issue.get("number"))?;
        let (owner, repo) = (text(issue.get("owner")), text(issue.get("repo")));
        let parts: Vec<String> = [owner, repo, Some(number)].into_iter().flatten().collect();
        Some(parts.join("-"))
    };
    let named = text(fields.peek("instance_id")).or_else(issue);
    named.unwrap_or_else(|| if stem.is_empty() { "openhands".to_owned() } else { stem.to_owned() })
}

/// The model asked for; where no configuration says it, that of the usage or of a response.
fn model(fields: &Fields, metrics: &Fields, entries: &[Entry]) -> Option<String> {
    let of =
        |value: Option<&Value>, pointer: &str| value?.pointer(pointer)?.as_str().map(str::to_owned);
    let metadata = fields.peek("metadata");
    let answered = || {
        let mut answers = entries.iter().filter_map(|e| e.fields.peek("tool_call_metadata"));
        answers.find_map(|m| of(Some(m), "/model_response/model"))
    };
    of(metadata, "/llm_config/model")
        .or_else(|| of(metadata, "/model_name"))
        .or_else(|| of(fields.peek("model"), ""))
        .or_else(|| of(metrics.peek("token_usages"), "/0/model"))
        .or_else(answered)
        .filter(|model| !model.is_empty())
}

/// Gives actions without a response id that of the call up to which the run had used as many tokens as they say.
fn join_by_snapshot(entries: &mut [Entry], calls: &Calls) {
    let mut used = (0i64, 0i64);
    let mut calls_at = HashMap::new();
    for call in calls.all().iter().filter(|call| !call.usage.is_empty()) {
        used.0 = used.0.saturating_add(call.usage.input.unwrap_or(0));
        used.1 = used.1.saturating_add(call.usage.output.unwrap_or(0));
        calls_at.entry(used).or_insert(call);
    }
    for entry in entries.iter_mut().filter(|e| e.response_id.is_none() && e.is_of_agent()) {
        let call = entry.snapshot.and_then(|snapshot| calls_at.get(&snapshot));
        entry.response_id = call.map(|c| c.response_id.clone()).filter(|id| !id.is_empty());
    }
}

/// The local times of a run to UTC: by the epoch stamps of costs, else by those that servers put on responses.
fn align(entries: &[Entry], calls: &Calls, report: &mut ImportReport) -> Alignment {
    let readings: Vec<Reading> = entries
        .iter()
        .filter_map(|entry| {
            let call = entry.response_id.as_deref().and_then(|id| calls.get(id));
            let priced = call.and_then(|call| call.ended);
            let anchor = priced.or_else(|| entry.response_created()).filter(|_| entry.is_action);
            Some(Reading { time: entry.time?, zoned: entry.zoned, anchor })
        })
        .collect();
    let alignment = Alignment::find(&readings, None);
    if alignment.clock == Clock::AssumedUtc && !readings.is_empty() {
        report.warn("event times have no zone and nothing to align them by; they are read as UTC");
    }
    alignment
}

/// Why the agent stopped, from the error of the run.
fn end_reason(error: &str) -> Option<EndReason> {
    let lower = error.to_ascii_lowercase();
    if lower.contains("maximum iteration") || lower.contains("budget") {
        return Some(EndReason::Budget);
    }
    if lower.contains("stuck") {
        return Some(EndReason::Stuck);
    }
    let name = error.split(':').next().unwrap_or_default();
    // The names that LiteLLM gives to failed requests.
    let requests = [
        "APIError",
        "APIConnectionError",
        "AuthenticationError",
        "BadRequestError",
        "InternalServerError",
    ];
    match end_reason_of_error(name.trim(), error) {
        EndReason::Unknown if requests.iter().any(|r| error.contains(r)) => {
            Some(EndReason::LlmError)
        }
        EndReason::Unknown => None,
        reason => Some(reason),
    }
}

/// The row of what the log has for the run and not for its calls.
fn totals(
    metrics: &Fields,
    unspread: Option<Usd>,
    costs: Option<Value>,
    walk: &Walk,
    report: &mut ImportReport,
) -> Option<Event> {
    let accumulated = metrics.peek("accumulated_cost").and_then(Value::as_f64);
    let accumulated = accumulated.and_then(Usd::from_f64).filter(|cost| cost.nanos() > 0);
    let counts = metrics.peek("accumulated_token_usage").cloned().and_then(Fields::of);
    let mut counts = counts.unwrap_or_default();
    let positive = |n: Option<i64>| n.filter(|n| *n > 0);
    let usage = Usage::inside(
        positive(counts.int("prompt_tokens")),
        counts.int("cache_read_tokens"),
        counts.int("cache_write_tokens"),
        positive(counts.int("completion_tokens")),
    );
    let mut event = timed(Kind::LlmCall, None);
    if walk.metered == 0 {
        usage.fill(&mut event, Some(UsageQuality::Aggregate));
    } else if !usage.is_empty()
        && (usage.input, usage.output) != (Some(walk.used.0), Some(walk.used.1))
    {
        report.warn(format!(
            "accumulated tokens ({} and {}) are not the sum of the calls ({} and {}); the calls are counted",
            usage.input.unwrap_or(0),
            usage.output.unwrap_or(0),
            walk.used.0,
            walk.used.1
        ));
    }
    if walk.priced == 0 {
        event.cost_usd = accumulated.or(unspread);
        event.cost_source = event.cost_usd.map(|_| CostSource::ReportedTotal);
        if event.cost_usd.is_none() && (walk.metered > 0 || !usage.is_empty()) {
            report.warn("no costs beside tokens: the model has no price; they are unknown");
        }
    }
    if event.usage_quality.is_none() && event.cost_usd.is_none() {
        return None;
    }
    event.role = Some("assistant".to_owned());
    event.usage_quality = Some(UsageQuality::Aggregate);
    event.llm_call_count = (walk.replies > 0).then_some(0);
    let mut rest = Fields::default();
    if let Some(costs) = costs.filter(|_| event.cost_usd.is_some()) {
        rest.keep("costs", costs);
    }
    event.attributes = rest.rest();
    Some(event)
}
