//! Runs of trace files, attributed one after the other.
//!
//! One pass over the events in order; labels are decided when a run ends, since only then it is known what came before
//! a stage in which nothing was answered.

use super::cause::Cause;
use super::collect::StageTally;
use super::decide::{Candidate, candidates, ended_by, primary};
use super::error::FailureError;
use super::label::{Label, RunAttribution, StageFailure, StageOutcome};
use super::rule::FailureRules;
use crate::trace::{EndReason, Event, Kind, RunFacts, StageStatus, TraceReader};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Attributes the failed stages of every run of trace files, by run id. A stage fails when its score is below the gate,
/// or when it has none.
pub fn attribute_files(
    files: &[PathBuf],
    rules: &FailureRules,
    gate: f64,
) -> Result<Vec<RunAttribution>, FailureError> {
    let mut found = Vec::new();
    for file in files {
        let mut open: Option<Attributor<'_>> = None;
        for row in TraceReader::open(file)? {
            let (run, event) = row?;
            if open.as_ref().is_none_or(|o| o.run.run_id != run.run_id) {
                let next = Attributor::new(run, rules, gate)?;
                found.extend(open.replace(next).map(Attributor::finish));
            }
            if let Some(open) = &mut open {
                open.push(&event);
            }
        }
        found.extend(open.map(Attributor::finish));
    }
    found.sort_by(|a, b| a.run.run_id.cmp(&b.run.run_id));
    Ok(found)
}

/// Attributes the failed stages of one run from its events, in order.
#[derive(Debug)]
pub struct Attributor<'a> {
    run: RunFacts,
    rules: &'a FailureRules,
    gate: f64,
    stages: BTreeMap<i64, StageTally>,
    /// Position and reason of the end of the run.
    end: Option<(i64, EndReason)>,
    /// Context window that an event outside the stages names.
    context_limit: Option<i64>,
}

impl<'a> Attributor<'a> {
    /// A run without events yet.
    pub fn new(run: RunFacts, rules: &'a FailureRules, gate: f64) -> Result<Self, FailureError> {
        if !(0.0..=100.0).contains(&gate) {
            return Err(FailureError::Gate { gate });
        }
        Ok(Self { run, rules, gate, stages: BTreeMap::new(), end: None, context_limit: None })
    }

    /// Looks at the next event.
    pub fn push(&mut self, event: &Event) {
        if event.stage.is_none() {
            self.context_limit = event.context_limit.or(self.context_limit);
        }
        if event.kind == Kind::RunEnd
            && let Some(reason) = event.end_reason
        {
            self.end = Some((event.seq, reason));
        }
        if let Some(stage) = event.stage {
            let new = || StageTally::new(event, self.rules);
            self.stages.entry(stage).or_insert_with(new).push(event, self.rules);
        }
    }

    /// The run with its failed stages.
    pub fn finish(mut self) -> RunAttribution {
        self.end_last_attempt();
        let calls_known = self.stages.values().any(|s| s.single_calls);
        let mut done = RunAttribution {
            run: self.run,
            gate: self.gate,
            stages: Vec::new(),
            failures: Vec::new(),
        };
        let mut earlier: Option<(i64, Label)> = None;
        for (&index, stage) in &self.stages {
            let mut found = candidates(stage, self.rules, self.gate, calls_known);
            let outcome = outcome(index, stage, &found, calls_known);
            if outcome.attempted == Some(false) {
                explain(&mut found, earlier.as_ref());
                let own = outcome.ended_by.clone().map(|label| (index, label));
                earlier = earlier.take().or(own);
            } else {
                earlier = outcome.ended_by.clone().map(|label| (index, label));
            }
            if outcome.score.is_none_or(|s| s < self.gate) {
                let (primary, contributing) = primary(found, stage);
                done.failures.push(StageFailure {
                    run_id: done.run.run_id.clone(),
                    model: done.run.model.clone(),
                    workload: done.run.workload.clone(),
                    stage: index,
                    score: outcome.score,
                    status: outcome.status,
                    primary,
                    contributing,
                    signature: outcome.signature.clone(),
                    context_limit: outcome.context_limit,
                });
            }
            done.stages.push(outcome);
        }
        done
    }
}

impl Attributor<'_> {
    /// A run ends as its last attempted stage does; a source may say so of the run only.
    fn end_last_attempt(&mut self) {
        let Some((seq, reason)) = self.end else { return };
        let calls_known = self.stages.values().any(|s| s.single_calls);
        let attempted = |stage: &&mut StageTally| {
            let status = stage.grade.as_ref().and_then(|g| g.status);
            if calls_known { stage.answered > 0 } else { status != Some(StageStatus::NotAttempted) }
        };
        let Some(last) = self.stages.values_mut().rev().find(attempted) else { return };
        if let Some(grade) = last.grade.as_mut()
            && matches!(grade.end_reason, None | Some(EndReason::Unknown))
        {
            grade.end_reason = Some(reason);
            grade.run_end = Some(seq);
            if reason == EndReason::ContextExceeded {
                last.context_limit = last.context_limit.or(self.context_limit);
            }
        }
    }
}

fn outcome(index: i64, stage: &StageTally, found: &[Candidate], calls_known: bool) -> StageOutcome {
    let grade = stage.grade.as_ref();
    let stated = grade.and_then(|g| g.status);
    let attempted = if calls_known {
        Some(stage.answered > 0)
    } else {
        stated.map(|s| s != StageStatus::NotAttempted)
    };
    StageOutcome {
        stage: index,
        score: grade.and_then(|g| g.score),
        status: if attempted == Some(false) { Some(StageStatus::NotAttempted) } else { stated },
        attempted,
        end_reason: grade.and_then(|g| g.end_reason),
        ended_by: ended_by(found),
        context_limit: stage.context_limit,
        signature: stage.error_signature(),
    }
}

/// Says of a stage without an answered call what had ended the run before it, or what ended it at once.
fn explain(found: &mut Vec<Candidate>, earlier: Option<&(i64, Label)>) {
    let own = found.iter().find(|c| c.label.cause.ends_from_outside()).map(|c| c.label.clone());
    let Some(missed) = found.iter_mut().find(|c| c.label.cause == Cause::NotAttempted) else {
        return;
    };
    let note = match (earlier, &own) {
        (Some((stage, label)), _) => {
            missed.label.evidence.extend(label.evidence.first().cloned());
            format!("{} had ended stage {stage}{}", label.cause, at_event(label))
        }
        (None, Some(label)) => format!("{}{}", label.cause, at_event(label)),
        (None, None) => "nothing in the trace says why".to_owned(),
    };
    if let Some(label) = &own {
        let new = label.evidence.iter().filter(|e| !missed.label.evidence.contains(e)).take(1);
        let new: Vec<_> = new.cloned().collect();
        missed.label.evidence.extend(new);
    }
    missed.label.note = Some(note);
    // Without a request of its own, the stage carries the cause of the earlier ending.
    if let (None, Some((stage, label))) = (own, earlier) {
        let note = Some(format!("ended stage {stage}"));
        found.push(Candidate::carried(Label { note, ..label.clone() }));
    }
}

fn at_event(label: &Label) -> String {
    label.evidence.first().map_or_else(String::new, |e| format!(" at event {}", e.seq))
}
