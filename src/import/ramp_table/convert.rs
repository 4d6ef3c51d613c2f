//! A row of a published table to the coarse trace of one run.

use super::super::fields::Fields;
use super::super::ramp::{GOLDEN_INPUTS, WORKLOAD, host};
use super::super::ramp_report::coarse;
use super::super::source::Source;
use super::super::stages::{StageOutcome, context_limit_in, end_reason_of_error};
use super::super::{ImportError, ImportReport};
use super::rows::Row;
use crate::trace::{
    Clock, CostSource, EndReason, Event, Kind, RunFacts, Timestamp, UsageQuality, Usd,
};
use serde_json::Value;
use std::path::Path;

/// Stages a table may have.
const MAX_STAGES: i64 = 1000;

/// Converts one row. `stem` names the table and, where it has no run ids, its runs.
pub(super) fn convert(
    source: &Source,
    stem: &str,
    row: Row,
) -> Result<(RunFacts, Vec<Event>, ImportReport), ImportError> {
    let path = &source.path;
    let Row { line, mut fields, rejected } = row;
    let mut report = source.report();
    report.used();
    for value in rejected {
        report.reject_value(value);
    }
    let run = run_facts(path, stem, line, &mut fields)?;
    let mut totals = Totals::take(&mut fields);
    totals.settle_cache(&mut report);
    let mut stages = take_stages(&mut fields);
    if fields.flag("has_report") == Some(false) {
        // Without a report the table is filled up with zeros.
        report.warn("the table says that this run has no report; its scores are unknown");
        for stage in &mut stages {
            stage.score = None;
        }
    }
    settle_calls(&mut stages, totals.calls);
    for stage in stages.iter_mut().filter(|s| s.calls == Some(0)) {
        if let Some(cost) = stage.cost.take() {
            report.warn(format!(
                "stage {} has a cost of {cost} and no call; it is left out",
                stage.index
            ));
        }
    }
    totals.leave_to(&mut stages, &mut report);

    let mut events = vec![run_start(&mut fields)];
    let counted: i64 = stages.iter().filter_map(|s| s.calls).sum();
    for stage in &stages {
        events.extend(stage.events());
    }
    events.extend(totals.events(counted));
    events.push(run_end(&totals, fields));
    Ok((run, events, report))
}

fn run_facts(
    path: &Path,
    stem: &str,
    line: usize,
    fields: &mut Fields,
) -> Result<RunFacts, ImportError> {
    let model = fields.text("model").ok_or_else(|| ImportError::BadRecord {
        path: path.to_owned(),
        line,
        problem: "a row without a model".into(),
    })?;
    let agent = fields.text("backend");
    let context = fields.text("context").or_else(|| fields.text("context_mode"));
    let setting = fields.text("workload");
    let workload = match &setting {
        Some(setting) => format!("{WORKLOAD}-{}", setting.to_lowercase()),
        None => WORKLOAD.to_owned(),
    };
    let recovers = fields.peek("resurrected").is_some() || fields.peek("resurrections").is_some();
    let protocol = match context.as_deref() {
        Some("pipeline") => Some(GOLDEN_INPUTS.to_owned()),
        _ if recovers => Some("recovery".to_owned()),
        _ => None,
    };
    let name = [
        Some(stem),
        Some(model.as_str()),
        agent.as_deref(),
        setting.as_deref(),
        context.as_deref(),
    ];
    let made_up: Vec<String> = name.into_iter().flatten().map(str::to_lowercase).collect();
    let run_id = fields.text("run_id").unwrap_or_else(|| made_up.join("-"));
    if let Some(context) = context {
        fields.keep("context_mode", context);
    }
    let provider = fields.text("api_base").map(|url| host(&url));
    Ok(RunFacts { run_id, workload, model, provider, agent, protocol })
}

/// What the table says of the whole run.
struct Totals {
    calls: Option<i64>,
    failed_calls: Option<i64>,
    input: Option<i64>,
    output: Option<i64>,
    cache_read: Option<i64>,
    cache_write: Option<i64>,
    reasoning: Option<i64>,
    reported_total: Option<i64>,
    cost: Option<Usd>,
    imputed: bool,
    elapsed_s: Option<f64>,
    error_code: Option<String>,
    error_detail: Option<String>,
    context_limit: Option<i64>,
    ending: Option<String>,
}

impl Totals {
    fn take(fields: &mut Fields) -> Self {
        let count = |v: Option<i64>| v.filter(|n| *n >= 0);
        let calls = fields.int("run_agent_llm_rounds");
        let answered = fields.int("successful_llm_calls");
        let mut totals = Self {
            calls: count(calls.or(answered)),
            failed_calls: count(fields.int("failed_llm_calls")),
            input: count(fields.int("run_llm_prompt_tokens")),
            output: count(fields.int("run_llm_completion_tokens")),
            cache_read: count(fields.int("run_llm_cache_read_tokens")),
            cache_write: count(fields.int("run_llm_cache_write_tokens")),
            reasoning: count(fields.int("run_llm_reasoning_tokens")),
            reported_total: count(fields.int("run_llm_total_tokens")),
            cost: fields
                .number("run_llm_cost_usd")
                .and_then(Usd::from_f64)
                .filter(|c| c.nanos() >= 0),
            imputed: fields.text("run_llm_cost_source").as_deref() == Some("imputed"),
            elapsed_s: ["elapsed_seconds", "elapsed", "total_elapsed_seconds"]
                .into_iter()
                .find_map(|name| fields.number(name))
                .filter(|s| *s > 0.0),
            error_code: fields.text("last_error_code").filter(|c| !c.is_empty()),
            error_detail: fields.text("last_error_detail"),
            context_limit: count(fields.int("context_limit")),
            ending: fields.text("termination_status"),
        };
        let stated = totals.error_detail.as_deref().and_then(context_limit_in);
        totals.context_limit = totals.context_limit.or(stated);
        if totals.tokens() {
            totals.cost = totals.cost.filter(|c| !c.is_zero());
        }
        totals
    }

    /// More cached tokens than prompt tokens prove that the source counts them apart: here they are parts of the input.
    fn settle_cache(&mut self, report: &mut ImportReport) {
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        if let Some(input) = self.input.filter(|input| cached > *input) {
            self.input = Some(input.saturating_add(cached));
            report.warn(format!(
                "{cached} cached tokens beside a prompt of {input}: the source counts them apart, so they were added to the input"
            ));
        }
    }

    /// Leaves to the rows of stages what stands in them, so that the rows of a run add up to its totals. Parts that are
    /// more than the total are not believed.
    fn leave_to(&mut self, stages: &mut [Stage], report: &mut ImportReport) {
        let parts: Usd = stages.iter().filter_map(|s| s.cost).sum();
        if let (Some(total), false) = (self.cost, parts.is_zero()) {
            let rest = i128::from(total.nanos()) - i128::from(parts.nanos());
            if rest < 0 {
                report.warn(format!(
                    "its stages cost {parts}, more than the run ({total}); the run's total is kept"
                ));
                for stage in stages.iter_mut() {
                    stage.cost = None;
                }
            } else {
                self.cost = Usd::from_nanos(rest).filter(|c| !c.is_zero());
            }
        }
        let parts = stages.iter().filter_map(|s| s.reported_total).fold(0, i64::saturating_add);
        if let (Some(total), true) = (self.reported_total, parts > 0) {
            if parts > total {
                report.warn(format!(
                    "its stages have {parts} tokens, more than the run ({total}); the run's total is kept"
                ));
                for stage in stages.iter_mut() {
                    stage.reported_total = None;
                }
            } else {
                self.reported_total = Some(total - parts);
            }
        }
    }

    fn tokens(&self) -> bool {
        [self.input, self.output, self.reported_total].into_iter().flatten().any(|n| n > 0)
    }

    /// The rows with the run's usage. `counted` calls stand in the rows of stages already.
    fn events(&self, counted: i64) -> Vec<Event> {
        let mut events = Vec::new();
        let known = [self.calls, self.input, self.output, self.reported_total]
            .into_iter()
            .any(|v| v.is_some());
        if known || self.cost.is_some() {
            let mut event = aggregate_call(None);
            event.llm_call_count = self.calls.map(|calls| (calls - counted).max(0));
            event.input_tokens = self.input;
            event.output_tokens = self.output;
            event.cache_read_tokens = self.cache_read;
            event.cache_write_tokens = self.cache_write;
            event.reasoning_tokens = self.reasoning;
            event.reported_total_tokens = self.reported_total;
            event.cost_usd = self.cost;
            let source = if self.imputed { CostSource::Imputed } else { CostSource::ReportedTotal };
            event.cost_source = self.cost.map(|_| source);
            events.push(event);
        }
        if let Some(failed) = self.failed_calls {
            let mut event = aggregate_call(None);
            event.llm_call_count = Some(failed);
            let code = self.error_code.clone().unwrap_or_else(|| "unknown".to_owned());
            event.error_type = Some(if failed == 0 { "none".to_owned() } else { code });
            event.context_limit = self.context_limit;
            events.push(event);
        }
        events
    }

    fn end_reason(&self) -> EndReason {
        if let Some(code) = &self.error_code {
            // A request is refused with the window's length for one reason only.
            if self.context_limit.is_some() {
                return EndReason::ContextExceeded;
            }
            return end_reason_of_error(code, self.error_detail.as_deref().unwrap_or_default());
        }
        match self.ending.as_deref() {
            Some("success_model_finished") => EndReason::Finished,
            Some(other) if other.contains("rate_limit") => EndReason::RateLimited,
            Some(other) if other.contains("llm_timeout") => EndReason::LlmTimeout,
            Some(other) if other.contains("context") => EndReason::ContextExceeded,
            _ => EndReason::Unknown,
        }
    }
}

/// What the table says of one stage.
struct Stage {
    index: i64,
    score: Option<f64>,
    passed: Option<bool>,
    recovered: bool,
    calls: Option<i64>,
    reported_total: Option<i64>,
    cost: Option<Usd>,
}

fn take_stages(fields: &mut Fields) -> Vec<Stage> {
    let recovered = fields.array("resurrected").unwrap_or_default();
    let has = |fields: &Fields, i: i64| {
        fields.peek(&format!("task{i}")).is_some()
            || fields.peek(&format!("task{i}_passed")).is_some()
    };
    let last = (0..MAX_STAGES).rev().find(|i| has(fields, *i));
    (0..=last.unwrap_or(-1))
        .map(|i| Stage {
            index: i,
            score: fields.number(&format!("task{i}")).filter(|s| (0.0..=100.0).contains(s)),
            passed: fields.flag(&format!("task{i}_passed")),
            recovered: usize::try_from(i)
                .ok()
                .and_then(|i| recovered.get(i))
                .and_then(Value::as_bool)
                .unwrap_or(false),
            calls: fields.int(&format!("task{i}_agent_llm_rounds")).filter(|n| *n >= 0),
            reported_total: fields.int(&format!("task{i}_llm_total_tokens")),
            cost: fields
                .number(&format!("task{i}_llm_cost_usd"))
                .and_then(Usd::from_f64)
                .filter(|c| !c.is_zero()),
        })
        .collect()
}

/// Stages without a count had no call when the others add up to the run's.
fn settle_calls(stages: &mut [Stage], total: Option<i64>) {
    let counted: i64 = stages.iter().filter_map(|s| s.calls).sum();
    if counted > 0 && total == Some(counted) {
        for stage in stages {
            stage.calls = stage.calls.or(Some(0));
        }
    }
}

impl Stage {
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let at = |mut event: Event| {
            event.stage = Some(self.index);
            event.attempt = Some(1);
            event
        };
        if self.calls.is_some() || self.reported_total.is_some() || self.cost.is_some() {
            let mut event = aggregate_call(Some(self.index));
            event.llm_call_count = self.calls;
            event.reported_total_tokens = self.reported_total;
            event.cost_usd = self.cost;
            event.cost_source = self.cost.map(|_| CostSource::ReportedTotal);
            events.push(at(event));
        }
        if self.recovered {
            events.push(at(Event::new(Kind::Recovery)));
        }
        let mut event = at(Event::new(Kind::StageResult));
        event.score = self.score;
        event.passed = self.passed;
        event.stage_status = StageOutcome {
            attempted: self.calls.map(|n| n > 0),
            score: self.score,
            passed: self.passed,
            recovered: self.recovered,
            ..StageOutcome::default()
        }
        .status();
        events.push(coarse(event));
        events
    }
}

/// An `llm_call` row that stands for many calls.
fn aggregate_call(stage: Option<i64>) -> Event {
    let mut event = Event::new(Kind::LlmCall);
    event.stage = stage;
    event.attempt = stage.map(|_| 1);
    event.usage_quality = Some(UsageQuality::Aggregate);
    event
}

fn run_start(fields: &mut Fields) -> Event {
    let mut event = Event::new(Kind::RunStart);
    event.ts = fields.text("started_at").and_then(|t| Timestamp::parse_zoned(&t));
    event.clock = event.ts.map(|_| Clock::Source);
    event
}

fn run_end(totals: &Totals, mut rest: Fields) -> Event {
    let mut event = Event::new(Kind::RunEnd);
    event.elapsed_s = totals.elapsed_s;
    event.end_reason = Some(totals.end_reason());
    event.error_type.clone_from(&totals.error_code);
    event.content.clone_from(&totals.error_detail);
    if let Some(ending) = &totals.ending {
        rest.keep("termination_status", ending.as_str());
    }
    event.attributes = rest.rest();
    coarse(event)
}
