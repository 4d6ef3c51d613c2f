//! A trajectory file: its facts, its attempts, its end.
//!
//! A run with retries has `attempts`, each a whole trajectory; the root then repeats the best of them, with the
//! statistics of all and of the reviewer. They are attempts of stage 0: what the root repeats is counted as duplicate.

use super::super::fields::Fields;
use super::super::files::{LogFile, lenient};
use super::super::rows::{Rows, timed};
use super::super::run_id;
use super::super::sink::Sink;
use super::super::source::Source;
use super::super::stages::StageOutcome;
use super::super::{ImportError, ImportReport};
use super::conversation::Conversation;
use super::exit::end_reason;
use super::totals::Totals;
use crate::trace::{EndReason, Event, Kind, RunFacts, Usd};
use serde_json::Value;
use std::path::Path;

/// Imports one trajectory.
pub(super) fn import(source: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let file = source.file()?;
    let bytes = file.read()?;
    let value: Value = lenient(&bytes).map_err(|e| ImportError::json_file(file.name(), &e))?;
    let mut root = Fields::of(value).ok_or_else(|| ImportError::BadSource {
        path: file.name().to_owned(),
        problem: "not a JSON object".into(),
    })?;
    let mut report = source.report();
    let config = root.take("replay_config").map(config_of);
    let instance = instance(config.as_ref(), file);
    let model = model(config.as_ref(), file).unwrap_or_else(|| {
        report.warn("no configuration and no folder name says which model it was; it is stored as `unknown`");
        "unknown".to_owned()
    });
    let run = RunFacts {
        run_id: run_id::unique(&instance, &bytes),
        workload: instance,
        model,
        provider: None,
        agent: Some("swe-agent".to_owned()),
        protocol: None,
    };
    drop(bytes);
    let mut info = root.object("info").unwrap_or_default();
    let attempts = root.array("attempts").filter(|attempts| !attempts.is_empty());
    let history = root.array("history").unwrap_or_default();
    let trajectory = root.array("trajectory").unwrap_or_default();

    let mut rows = Rows::begin(sink, run, None)?;
    let mut start = timed(Kind::RunStart, None);
    if let Some(config) = config {
        root.keep("replay_config", config);
    }
    for name in ["swe_agent_version", "swe_agent_hash", "swe_rex_version", "swe_rex_hash"] {
        if let Some(value) = info.take(name) {
            root.keep(name, value);
        }
    }
    start.attributes = root.rest_counted(&mut report);
    rows.push(start)?;
    rows.open_stage(0, None)?;
    let status = info.text("exit_status");
    let mut result = timed(Kind::StageResult, None);
    let (last, replies) = if let Some(attempts) = attempts {
        repeated(file.name(), &trajectory, &history, &mut report);
        retried(file.name(), attempts, &mut info, &mut rows, &mut result, &mut report)?
    } else {
        let mut conversation = Conversation::new(1, false, status.clone());
        conversation.walk(file.name(), history, trajectory, &mut rows, &mut report)?;
        let last = rows.last.end_reason();
        total(&mut info, "model_stats", &conversation, "model_stats", &mut rows, &mut report)?;
        (last, conversation.replies)
    };
    let unasked = if replies == 0 { EndReason::NotAttempted } else { last };
    let outcome = StageOutcome {
        attempted: Some(replies > 0),
        end_reason: status.as_deref().and_then(end_reason).or(Some(unasked)),
        ..StageOutcome::default()
    };
    let ended = rows.close_stage(outcome, result)?;
    let mut end = timed(Kind::RunEnd, None);
    end.end_reason = ended;
    if let Some(status) = status {
        info.keep("exit_status", status);
    }
    end.attributes = info.rest_counted(&mut report);
    rows.end(end, report)
}

/// The attempts of a run with retries, one after the other; gives how the last one ended, and the replies of all.
fn retried(
    path: &Path,
    attempts: Vec<Value>,
    info: &mut Fields,
    rows: &mut Rows<'_>,
    result: &mut Event,
    report: &mut ImportReport,
) -> Result<(EndReason, i64), ImportError> {
    let mut last = EndReason::Unknown;
    let mut replies = 0;
    let mut accounted = Vec::new();
    let count = attempts.len();
    for (number, attempt) in (1i64..).zip(attempts) {
        let Some(mut attempt) = Fields::of(attempt) else {
            report.reject(path, 1, format!("attempt {number} is not an object"));
            continue;
        };
        if number > 1 {
            let mut start = timed(Kind::StageStart, None);
            start.attempt = Some(number);
            rows.push(start)?;
        }
        let mut own = attempt.object("info").unwrap_or_default();
        let status = own.peek("exit_status").and_then(Value::as_str).map(str::to_owned);
        let mut conversation = Conversation::new(number, true, status.clone());
        let history = attempt.array("history").unwrap_or_default();
        let trajectory = attempt.array("trajectory").unwrap_or_default();
        conversation.walk(path, history, trajectory, rows, report)?;
        last = status.as_deref().and_then(end_reason).unwrap_or_else(|| rows.last.end_reason());
        replies += conversation.replies;
        let of = format!("attempt {number}");
        accounted.extend(total(&mut own, "model_stats", &conversation, &of, rows, report)?);
        for (name, value) in attempt.into_pairs() {
            own.keep(&name, value);
        }
        let is_last = usize::try_from(number).is_ok_and(|n| n == count);
        let mut graded = timed(Kind::AttemptResult, None);
        graded.attempt = Some(number);
        graded.end_reason = Some(last);
        graded.attributes = own.rest_counted(report);
        if is_last {
            result.attempt = Some(number);
            result.attributes = graded.attributes;
        } else {
            rows.push(graded)?;
        }
    }
    let conversation = Conversation::new(result.attempt.unwrap_or(1), true, None);
    accounted.extend(total(
        info,
        "rloop_model_stats",
        &conversation,
        "the reviewer",
        rows,
        report,
    )?);
    check_total(info, &accounted, report);
    Ok((last, replies))
}

/// Adds the aggregate row of some statistics, and gives what they count.
fn total(
    info: &mut Fields,
    name: &str,
    conversation: &Conversation,
    of: &str,
    rows: &mut Rows<'_>,
    report: &mut ImportReport,
) -> Result<Option<Totals>, ImportError> {
    let Some(stats) = info.take(name) else { return Ok(None) };
    let totals = Totals::of(&stats);
    if name == "model_stats" {
        totals.warn(of, conversation.replies, report);
    }
    match totals.row(stats.clone(), conversation.replies) {
        Some(mut row) => {
            row.role = Some("assistant".to_owned());
            let agent = (name != "model_stats").then_some("reviewer");
            rows.push(conversation.placed(row, agent))?;
        }
        // What cannot be a row is kept as it was.
        None => info.keep(name, stats),
    }
    Ok(Some(totals))
}

/// The root's statistics must be those of the attempts and of the reviewer.
fn check_total(info: &Fields, accounted: &[Totals], report: &mut ImportReport) {
    let Some(all) = info.peek("model_stats").map(Totals::of) else { return };
    let calls = accounted.iter().filter_map(|t| t.calls).fold(0, i64::saturating_add);
    let cost: i64 =
        accounted.iter().filter_map(|t| t.cost).map(Usd::nanos).fold(0, i64::saturating_add);
    let stated = all.cost.map_or(0, Usd::nanos);
    // One nano-dollar of rounding per part.
    let off = stated.abs_diff(cost) > accounted.len() as u64;
    if off || all.calls.is_some_and(|stated| stated != calls) {
        report.warn(
            "model_stats of the run is not the sum of its attempts and its reviewer; the parts are counted",
        );
    }
}

/// Counts what the root repeats of the best attempt.
fn repeated(path: &Path, trajectory: &[Value], history: &[Value], report: &mut ImportReport) {
    for (what, items) in [("step", trajectory), ("message", history)] {
        for position in 1..=items.len() {
            let reason = format!("{what} of the best attempt, repeated at the root");
            report.duplicate(
                &reason,
                path,
                position,
                format!("{what} {position} of the best attempt"),
            );
        }
    }
}

/// The configuration, which is JSON in a text.
fn config_of(config: Value) -> Value {
    let parsed = config.as_str().and_then(|text| lenient(text.as_bytes()).ok());
    parsed.unwrap_or(config)
}

/// The model asked for: of the configuration, or of the folder that is named after a run.
fn model(config: Option<&Value>, file: &LogFile) -> Option<String> {
    let agent = config.and_then(|config| config.get("agent"));
    let named = agent.and_then(|agent| {
        let first = agent.get("agent_configs").and_then(|configs| configs.get(0));
        [Some(agent), first].into_iter().flatten().find_map(|a| a.pointer("/model/name")?.as_str())
    });
    let folders = file.name().ancestors().skip(1).take(2);
    named
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .or_else(|| folders.filter_map(|f| f.file_name()?.to_str()).find_map(model_of_folder))
}

/// The model in the name of a run: `model__dataset__config__t-0.00__...` of versions 0.x and `config__model__t-0.00__...`
/// of versions 1.x.
fn model_of_folder(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.split("__").collect();
    let temperature = parts.iter().position(|part| part.starts_with("t-"))?;
    let model = match temperature {
        2 => parts.get(1),
        3 => parts.first(),
        _ => None,
    };
    model.filter(|model| !model.is_empty()).map(|model| (*model).to_owned())
}

/// The instance that was worked on: of the configuration, or the name of the file.
fn instance(config: Option<&Value>, file: &LogFile) -> String {
    let id = config.and_then(|config| config.pointer("/problem_statement/id")?.as_str());
    let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| file.stem());
    if id.is_empty() { "swe-agent".to_owned() } else { id.to_owned() }
}
