//! One run: its main thread, then the sub-agents that it started, to rows.

use super::super::fields::Fields;
use super::super::rows::{Rows, timed};
use super::super::sink::Sink;
use super::super::stages::StageOutcome;
use super::super::{ImportError, ImportReport, run_id};
use super::plan::Member;
use super::record::{Read, Records};
use super::thread::{Run, Thread};
use crate::trace::{EndReason, Kind, RunFacts};
use serde_json::Value;
use std::collections::HashMap;

/// Imports the files of one run.
pub(super) fn import(
    members: &[Member],
    mut report: ImportReport,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let Some(main) = members.first() else { return Ok(()) };
    let survey = &main.survey;
    // Of a fork, the model that it goes on with.
    let own = survey.models.iter().find(|(line, _)| *line > main.copies.until);
    let model = own.or(survey.models.last()).map(|(_, model)| model.clone());
    if model.is_none() {
        report.warn("no line of the rollout names the model; it is stored as `unknown`");
    }
    let model = model.unwrap_or_else(|| "unknown".to_owned());
    let mut meta = Fields::of(Value::Object(survey.meta.clone())).unwrap_or_default();
    let facts = RunFacts {
        run_id: run_id(main)?,
        workload: workload(survey.cwd.as_deref()),
        model: model.clone(),
        provider: meta.text("model_provider"),
        agent: Some("codex".to_owned()),
        protocol: None,
    };
    for warning in members.iter().flat_map(|m| &m.warnings) {
        report.warn(warning.clone());
    }
    let mut start = timed(Kind::RunStart, survey.start);
    // It is the id of the run.
    meta.drop("id");
    start.attributes = meta.rest_counted(&mut report);
    let mut rows = Rows::begin(sink, facts, survey.start)?;
    rows.push(start)?;
    rows.open_stage(0, survey.start)?;
    let mut run = Run { rows, report, model, spawned: HashMap::new() };
    let mut end = Ending::default();
    for member in members {
        let mut thread = Thread::new(member, &main.thread);
        let before = run.rows.last.clone();
        read(&mut thread, &mut run)?;
        end.take(&thread);
        if !thread.agent.is_empty() {
            // How the run ended is for its main thread to say.
            run.rows.last = before;
        }
    }
    end.finish(run, members.len())
}

/// Reads a thread to its end, or to where its file breaks off.
fn read(thread: &mut Thread<'_>, run: &mut Run<'_>) -> Result<(), ImportError> {
    let mut records = match Records::open(&thread.member.survey.file) {
        Ok(records) => records,
        Err(error) => {
            run.report.reject(thread.path, 1, error.to_string());
            return Ok(());
        }
    };
    let mut line = 0;
    loop {
        match records.next() {
            Ok(None) => break,
            Ok(Some(Read::Record(record))) => {
                line = record.line;
                thread.record(run, *record)?;
            }
            Ok(Some(Read::Bad(bad, problem))) => {
                line = bad;
                run.report.reject(thread.path, bad, problem);
            }
            Err(error) => {
                run.report.reject(thread.path, line + 1, error.to_string());
                break;
            }
        }
    }
    thread.finish(run)
}

/// What is known at the end.
#[derive(Default)]
struct Ending {
    ts: Option<crate::trace::Timestamp>,
    aborted: Option<String>,
    total: Option<Value>,
}

impl Ending {
    fn take(&mut self, thread: &Thread<'_>) {
        self.ts = self.ts.max(thread.latest);
        if thread.agent.is_empty() {
            self.aborted.clone_from(&thread.aborted);
            self.total = thread.total.clone().or(self.total.take());
        }
    }

    fn finish(self, mut run: Run<'_>, threads: usize) -> Result<(), ImportError> {
        let end_reason = self.aborted.map(|reason| match reason.as_str() {
            "budget_limited" => EndReason::Budget,
            _ => EndReason::Interrupted,
        });
        let outcome = StageOutcome { end_reason, ..StageOutcome::default() };
        let reason = run.rows.close_stage(outcome, timed(Kind::StageResult, self.ts))?;
        let mut end = timed(Kind::RunEnd, self.ts);
        end.end_reason = reason;
        let mut rest = Fields::default();
        if let Some(total) = self.total {
            rest.keep("total_token_usage", total);
        }
        if threads > 1 {
            rest.keep("threads", threads);
        }
        end.attributes = rest.rest();
        run.rows.end(end, run.report)
    }
}

/// The thread's id; of a log without one, its name and a hash of its bytes.
fn run_id(main: &Member) -> Result<String, ImportError> {
    if !main.thread.is_empty() {
        return Ok(main.thread.clone());
    }
    run_id::of_file(&main.survey.file)
}

/// The last part of the working directory, in either system's spelling.
fn workload(cwd: Option<&str>) -> String {
    let last = cwd.unwrap_or_default().trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next();
    last.filter(|l| !l.is_empty()).unwrap_or("codex").to_owned()
}
