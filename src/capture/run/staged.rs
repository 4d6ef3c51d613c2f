//! A pipeline, worked through: one run, from the fresh workspace to the trace.
//!
//! For each stage the agent is asked, the workspace is graded, and what failed is asked for again or recovered, as the
//! pipeline says. A budget that is used up ends the agent, not the grading: later stages are graded as they stand. An
//! interruption ends both. Whatever happens, the trace says so and is whole.

use super::attempt::{Attempt, Conversation};
use super::diff::Shadow;
use super::ending::{Known, end_reason};
use super::error::RunError;
use super::grading::{self, Graded};
use super::interrupt::Interrupt;
use super::meter::Meter;
use super::notes;
use super::plan::{Observer, Plan, RunReport, StageReport, Step};
use super::process::{self, Cut, Outcome, Spec};
use super::recording::Recording;
use super::tap::Tap;
use super::workspace::Workspace;
use crate::capture::EventSink;
use crate::capture::pipeline::{Conversation as Scope, Recovery, Stage};
use crate::capture::recorder::Recorder;
use crate::trace::{EndReason, Event, Kind, RunFacts};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often whoever watches hears of what has been used up.
const TICK: Duration = Duration::from_millis(200);

/// Records one run of a plan. An error means that nothing was run, or that the trace could not be written.
pub fn record(
    plan: &Plan,
    run_id: &str,
    interrupt: &Interrupt,
    observer: &Arc<dyn Observer>,
) -> Result<RunReport, RunError> {
    let workspace = Workspace::make(&plan.pipeline, run_id, plan.keep.as_deref())?;
    let facts = RunFacts {
        run_id: run_id.to_owned(),
        workload: plan.pipeline.name.clone(),
        model: plan.model.clone(),
        provider: plan.provider.clone(),
        agent: Some(plan.agent.name.clone()),
        protocol: Some(plan.pipeline.protocol()),
    };
    let (heard, id) = (Arc::clone(observer), run_id.to_owned());
    let warn = move |text: &str| heard.step(&id, Step::Warning(text.to_owned()));
    let recording = Recording::start(&plan.means, facts, plan.pipeline.budget, warn)?;
    let meter = Arc::clone(&recording.meter);
    let shadow = Shadow::begin(&workspace.workspace(), &workspace.file("shadow"));
    let shadow = shadow.map_err(|why| meter.warn(format!("changes are not recorded: {why}"))).ok();
    let begun = Instant::now();
    let run = Staged {
        plan,
        run_id,
        interrupt,
        observer: observer.as_ref(),
        recorder: &recording.recorder,
        meter: &meter,
        tap: &recording.tap,
        workspace: &workspace,
        shadow,
        conversation: Conversation::new(run_id),
        worked: Duration::ZERO,
        spent: None,
        broken: false,
    };
    let (stages, end_reason, failure) = run.all();
    let end = notes::run_end(end_reason, begun.elapsed(), failure.as_deref());
    let (finished, totals) = recording.finish(end_reason, |meter| meter.record(end))?;
    Ok(RunReport {
        run_id: run_id.to_owned(),
        trace: finished.trace,
        events: finished.events,
        stages,
        totals,
        end_reason,
        failure,
    })
}

/// A run that is going on.
struct Staged<'a> {
    plan: &'a Plan,
    run_id: &'a str,
    interrupt: &'a Interrupt,
    observer: &'a dyn Observer,
    recorder: &'a Recorder,
    meter: &'a Meter,
    tap: &'a Tap,
    workspace: &'a Workspace,
    shadow: Option<Shadow>,
    conversation: Conversation,
    /// Time that the agent has had.
    worked: Duration,
    /// What of the budget is used up, in words.
    spent: Option<String>,
    /// Whether the inputs of the next stage were put in place of a failed stage's.
    broken: bool,
}

impl Staged<'_> {
    fn all(mut self) -> (Vec<StageReport>, EndReason, Option<String>) {
        self.meter.record(notes::run_start(self.plan));
        let mut reports = Vec::new();
        let mut failure = None;
        let setup = self.plan.pipeline.setup.as_deref();
        if let Some(problem) = setup.and_then(|command| self.set_up(command, 0)) {
            failure = Some(problem);
        } else {
            for (index, stage) in self.plan.pipeline.stages.iter().enumerate() {
                if self.interrupt.asked() {
                    break;
                }
                match self.stage(index, stage) {
                    Ok(report) => reports.push(report),
                    Err(error) => {
                        // Its own words say what could not be done, and with which file.
                        self.fail("recorder_error", &super::error::chain(&error));
                        failure = Some(super::error::chain(&error));
                        break;
                    }
                }
            }
        }
        self.recorder.leave_stage();
        let worked = |r: &&StageReport| r.end_reason != EndReason::NotAttempted;
        let last = reports.iter().rev().find(worked).map(|r| r.end_reason);
        let end = match last {
            _ if self.interrupt.asked() => EndReason::Interrupted,
            _ if failure.is_some() => EndReason::Unknown,
            _ if self.spent.is_some() => EndReason::Budget,
            Some(reason) => reason,
            None => EndReason::NotAttempted,
        };
        (reports, end, failure)
    }

    fn stage(&mut self, index: usize, stage: &Stage) -> Result<StageReport, RunError> {
        let place = i64::try_from(index).unwrap_or(i64::MAX);
        self.recorder.place(place, 1);
        let recovered = std::mem::take(&mut self.broken);
        if self.plan.pipeline.recovery == Recovery::GoldenInputs {
            for earlier in &self.plan.pipeline.stages[..index] {
                self.put_in_place(earlier)?;
            }
            self.forget_changes();
        }
        if let Some(problem) = stage.setup.as_deref().and_then(|c| self.set_up(c, index)) {
            self.meter.warn(format!("stage {}: {problem}", stage.name));
        }
        if self.plan.pipeline.conversation == Scope::Stage {
            self.conversation.begin_anew();
        }
        let begun = Instant::now();
        let mut prompt = stage.prompt.clone();
        let mut number = 1;
        let mut calls_before = self.calls();
        let mut attempted = false;
        loop {
            self.recorder.place(place, number);
            let attempt = Attempt { stage, index, number, prompt: &prompt };
            let work = self.work(&attempt)?;
            attempted |=
                self.calls() > calls_before || (!self.tap.sees_calls() && work.outcome.is_some());
            calls_before = self.calls();
            let changes = self.shadow.as_ref().map(Shadow::changes).transpose();
            let changes = changes.unwrap_or_else(|why| {
                self.meter.warn(format!("changes are not recorded any more: {why}"));
                self.shadow = None;
                None
            });
            let graded = if work.reason == EndReason::Interrupted {
                None
            } else {
                Some(self.grade(index, stage, number)?)
            };
            let score = graded.as_ref().and_then(Graded::score);
            let again = score.is_some_and(|score| score < stage.gate)
                && number <= i64::from(self.plan.pipeline.retries)
                && self.spent.is_none()
                && !self.interrupt.asked()
                && !self.plan.agent.does_nothing();
            let known = Known {
                attempted,
                recovered,
                passed: score.map(|score| score >= stage.gate),
                tests_total: graded.as_ref().and_then(|g| g.grade.as_ref().ok()?.tests_total),
                end_reason: work.reason,
            };
            let kind = if again { Kind::AttemptResult } else { Kind::StageResult };
            let elapsed = begun.elapsed();
            let result =
                notes::result(kind, &attempt, known, elapsed, &work, graded.as_ref(), changes);
            self.meter.record(result);
            if again && let Some(graded) = &graded {
                prompt = notes::retry_prompt(&self.plan.pipeline.retry_prompt, stage, graded);
                number += 1;
                continue;
            }
            let report = StageReport {
                stage: index,
                attempts: number,
                score,
                passed: known.passed,
                status: known.status(),
                end_reason: work.reason,
            };
            self.observer.step(self.run_id, Step::Graded(report.clone()));
            if known.passed == Some(false) {
                self.recover(index, stage)?;
            }
            return Ok(report);
        }
    }

    /// Lets the agent work on an attempt, unless the budget is used up.
    fn work(&mut self, attempt: &Attempt) -> Result<Work, RunError> {
        let step = Step::Working { stage: attempt.index, attempt: attempt.number };
        self.observer.step(self.run_id, step);
        self.meter.record(notes::stage_start(attempt, self.plan));
        let budget = &self.plan.pipeline.budget;
        let left = budget.time.map(|time| time.saturating_sub(self.worked));
        self.spent =
            self.meter.totals().exceeds(budget).or_else(|| {
                left.filter(Duration::is_zero).map(|_| "the time of the run".to_owned())
            });
        if self.plan.agent.does_nothing() || self.spent.is_some() {
            let reason =
                if self.spent.is_some() { EndReason::Budget } else { EndReason::NotAttempted };
            return Ok(Work { outcome: None, reason });
        }
        let limit = [attempt.stage.time, left].into_iter().flatten().min();
        let call =
            self.conversation.invocation(self.plan, self.tap, self.workspace, attempt.prompt)?;
        let Some(call) = call else {
            return Ok(Work { outcome: None, reason: EndReason::NotAttempted });
        };
        let mut env = self.tap.env();
        env.extend(self.plan.env.iter().cloned());
        env.extend(self.env(attempt.index, attempt.number));
        env.extend(call.env);
        let folder = self.workspace.workspace();
        let spec = Spec {
            argv: &call.argv,
            folder: &folder,
            env: &env,
            stdin: call.prompt_on_stdin.then_some(attempt.prompt),
            limit,
        };
        let failed_before = self.meter.totals().failed_calls + self.calls();
        let mut spent = None;
        let mut ticked = Instant::now();
        let outcome = process::run(&spec, &mut || {
            if self.interrupt.asked() {
                return Some(if self.interrupt.insists() { Cut::Now } else { Cut::Interrupt });
            }
            let totals = self.meter.totals();
            spent = totals.exceeds(budget);
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                self.observer.step(self.run_id, Step::Tick(totals));
            }
            spent.is_some().then_some(Cut::Budget)
        })?;
        self.tap.settle();
        self.worked += outcome.wall;
        self.spent = spent.or_else(|| {
            left.filter(|left| outcome.wall >= *left).map(|_| "the time of the run".to_owned())
        });
        let totals = self.meter.totals();
        self.observer.step(self.run_id, Step::Tick(totals.clone()));
        let last = totals.last.filter(|_| totals.failed_calls + totals.calls > failed_before);
        let reason = end_reason(&outcome, last.as_ref());
        Ok(Work { outcome: Some(outcome), reason })
    }

    fn grade(&self, index: usize, stage: &Stage, number: i64) -> Result<Graded, RunError> {
        self.observer.step(self.run_id, Step::Grading { stage: index });
        let env = self.env(index, number);
        let graded = grading::grade(stage, self.workspace, &env, &mut || {
            self.interrupt.asked().then_some(Cut::Interrupt)
        })?;
        if let Err(problem) = &graded.grade {
            self.fail("grader_error", &format!("stage {} has no score: {problem}", stage.name));
        }
        Ok(graded)
    }

    /// Puts the golden artifacts of a failed stage in place, where the pipeline wants it.
    fn recover(&mut self, index: usize, stage: &Stage) -> Result<(), RunError> {
        let wanted = match self.plan.pipeline.recovery {
            Recovery::Never => false,
            Recovery::OnFailure | Recovery::GoldenInputs => !stage.golden.is_empty(),
        };
        // After the last stage there is nobody to need them.
        if !wanted || index + 1 == self.plan.pipeline.stages.len() {
            return Ok(());
        }
        self.put_in_place(stage)?;
        self.broken = true;
        self.meter.record(notes::recovery(stage));
        self.observer.step(self.run_id, Step::Recovered { stage: index });
        self.forget_changes();
        Ok(())
    }

    /// What has changed by now is not the work of the next stage.
    fn forget_changes(&self) {
        if let Some(shadow) = &self.shadow {
            // A shadow that fails says so after the stage.
            let _ = shadow.changes();
        }
    }

    fn put_in_place(&self, stage: &Stage) -> Result<(), RunError> {
        stage.golden.iter().try_for_each(|golden| self.workspace.place(golden))
    }

    /// Runs a set-up command; the text says how it failed.
    fn set_up(&self, command: &str, index: usize) -> Option<String> {
        let argv = ["sh", "-c", command].map(str::to_owned);
        let folder = self.workspace.workspace();
        let env = self.env(index, 1);
        let spec = Spec { argv: &argv, folder: &folder, env: &env, stdin: None, limit: None };
        let mut watch = || self.interrupt.asked().then_some(Cut::Interrupt);
        let problem = match process::run(&spec, &mut watch) {
            Ok(outcome) if outcome.succeeded() => return None,
            Ok(outcome) => notes::ended("the set-up step", &outcome),
            Err(error) => super::error::chain(&error),
        };
        self.fail("setup_error", &problem);
        Some(problem)
    }

    fn fail(&self, error_type: &str, problem: &str) {
        let mut event = Event::new(Kind::Error);
        event.error_type = Some(error_type.to_owned());
        event.content = Some(problem.to_owned());
        self.meter.record(event);
    }

    /// What graders and agents are told of where they are.
    fn env(&self, index: usize, number: i64) -> Vec<(String, String)> {
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let pairs = [
            ("RAMPTRACE_RUN_ID", self.run_id.to_owned()),
            ("RAMPTRACE_STAGE", index.to_string()),
            ("RAMPTRACE_ATTEMPT", number.to_string()),
            ("RAMPTRACE_PIPELINE_DIR", text(&self.plan.pipeline.folder)),
            ("RAMPTRACE_SCRATCH", text(&self.workspace.scratch())),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn calls(&self) -> u64 {
        self.meter.totals().calls
    }
}

/// What an agent did on an attempt.
pub(super) struct Work {
    /// Its process; none when it was not asked.
    pub(super) outcome: Option<Outcome>,
    pub(super) reason: EndReason,
}

#[cfg(test)]
#[path = "staged_tests.rs"]
mod tests;
