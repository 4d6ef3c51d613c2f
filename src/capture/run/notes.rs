//! The events that the runner itself writes: beginnings, grades, recoveries, ends.

use super::attempt::Attempt;
use super::ending::Known;
use super::grading::Graded;
use super::plan::Plan;
use super::process::{Cut, Outcome};
use super::staged::Work;
use crate::capture::pipeline::Stage;
use crate::trace::{EndReason, Event, Kind, TOOL_VERSION};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Most bytes of a grader's output in the next prompt.
const SHOWN: usize = 8 << 10;

pub(super) fn run_start(plan: &Plan) -> Event {
    let pipeline = &plan.pipeline;
    let budget = &pipeline.budget;
    let mut event = Event::new(Kind::RunStart);
    event.attributes = Some(
        json!({
            "recorder": format!("ramptrace {TOOL_VERSION}"),
            "stages": pipeline.stages.iter().map(|stage| &stage.name).collect::<Vec<_>>(),
            "recovery": pipeline.recovery.as_str(),
            "retries": pipeline.retries,
            "budget": {
                "seconds": budget.time.map(|time| time.as_secs_f64()),
                "usd": budget.usd.map(|usd| usd.to_string()),
                "calls": budget.calls,
            },
        })
        .to_string(),
    );
    event
}

pub(super) fn stage_start(attempt: &Attempt, plan: &Plan) -> Event {
    let stage = attempt.stage;
    let mut event = Event::new(Kind::StageStart);
    event.content = Some(attempt.prompt.to_owned());
    event.attributes = Some(
        json!({
            "name": stage.name,
            "title": stage.title,
            "gate": stage.gate,
            "weight": stage.weight,
            "artifacts": stage.artifacts,
            "agent": plan.agent.name,
        })
        .to_string(),
    );
    event
}

/// A grade, with what the agent and the grader said and used.
pub(super) fn result(
    kind: Kind,
    attempt: &Attempt,
    known: Known,
    elapsed: Duration,
    work: &Work,
    graded: Option<&Graded>,
    changes: Option<Value>,
) -> Event {
    let mut event = Event::new(kind);
    event.stage = i64::try_from(attempt.index).ok();
    event.attempt = Some(attempt.number);
    event.end_reason = Some(known.end_reason);
    event.elapsed_s = Some(elapsed.as_secs_f64());
    event.stage_status = known.status();
    event.passed = known.passed;
    let mut rest = Map::new();
    if let Some(outcome) = &work.outcome {
        rest.insert("agent".to_owned(), process(outcome, true));
    }
    if let Some(graded) = graded {
        // An event stands where it began: the time ledger takes what the stage took beyond its events for grading.
        event.ts = Some(graded.began);
        match &graded.grade {
            Ok(grade) => {
                event.score = grade.score;
                event.tests_passed = grade.tests_passed;
                event.tests_total = grade.tests_total;
            }
            Err(problem) => {
                rest.insert("ungraded".to_owned(), Value::from(problem.as_str()));
            }
        }
        if let Some(outcome) = &graded.outcome {
            event.content = Some(both(outcome));
            rest.insert("grader".to_owned(), process(outcome, false));
        }
    }
    if let Some(changes) = changes {
        rest.insert("changes".to_owned(), changes);
    }
    event.attributes = (!rest.is_empty()).then(|| Value::Object(rest).to_string());
    event
}

pub(super) fn recovery(stage: &Stage) -> Event {
    let mut event = Event::new(Kind::Recovery);
    let paths: Vec<_> = stage.golden.iter().map(|golden| &golden.to).collect();
    event.attributes = Some(json!({ "artifacts": paths }).to_string());
    event
}

pub(super) fn run_end(reason: EndReason, elapsed: Duration, failure: Option<&str>) -> Event {
    let mut event = Event::new(Kind::RunEnd);
    event.end_reason = Some(reason);
    event.elapsed_s = Some(elapsed.as_secs_f64());
    event.content = failure.map(str::to_owned);
    event
}

/// What is asked after a failed grade.
pub(super) fn retry_prompt(template: &str, stage: &Stage, graded: &Graded) -> String {
    let grade = graded.grade.as_ref().ok();
    let count = |n: Option<i64>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let score = graded.score().map_or_else(|| "?".to_owned(), |score| format!("{score:.1}"));
    let output = graded.outcome.as_ref().map(both).unwrap_or_default();
    let from = output.ceil_char_boundary(output.len().saturating_sub(SHOWN));
    // The output comes last: what a grader prints is no template.
    template
        .replace("{score}", &score)
        .replace("{gate}", &stage.gate.to_string())
        .replace("{tests_passed}", &count(grade.and_then(|g| g.tests_passed)))
        .replace("{tests_total}", &count(grade.and_then(|g| g.tests_total)))
        .replace("{output}", &output[from..])
}

/// How a process ended, in words.
pub(super) fn ended(what: &str, outcome: &Outcome) -> String {
    let how = match (outcome.cut, outcome.exit_code, outcome.signal) {
        (Some(Cut::Interrupt | Cut::Now), ..) => "was interrupted".to_owned(),
        (Some(Cut::Time), ..) => "took too long".to_owned(),
        (Some(Cut::Budget), ..) => "used up the budget".to_owned(),
        (None, Some(code), _) => format!("ended with {code}"),
        (None, None, signal) => format!("was ended by signal {}", signal.unwrap_or(0)),
    };
    let said = both(outcome);
    let from = said.ceil_char_boundary(said.len().saturating_sub(SHOWN));
    if said.is_empty() {
        format!("{what} {how}")
    } else {
        format!("{what} {how}:\n{}", &said[from..])
    }
}

/// Both outputs, errors last.
fn both(outcome: &Outcome) -> String {
    match (outcome.stdout.is_empty(), outcome.stderr.is_empty()) {
        (false, false) => format!("{}\n{}", outcome.stdout.trim_end(), outcome.stderr),
        (true, _) => outcome.stderr.clone(),
        (_, true) => outcome.stdout.clone(),
    }
}

/// A process as JSON; the texts only where they stand nowhere else.
fn process(outcome: &Outcome, with_texts: bool) -> Value {
    let mut value = json!({
        "exit_code": outcome.exit_code,
        "signal": outcome.signal,
        "wall_s": outcome.wall.as_secs_f64(),
        "user_s": outcome.user.as_secs_f64(),
        "system_s": outcome.system.as_secs_f64(),
        "max_rss_bytes": outcome.max_rss_bytes,
        "stdout_bytes": outcome.stdout_bytes,
        "stderr_bytes": outcome.stderr_bytes,
    });
    if with_texts {
        value["stdout"] = Value::from(outcome.stdout.as_str());
        value["stderr"] = Value::from(outcome.stderr.as_str());
    }
    value
}
