//! Runs of a pipeline, several at a time, and what is shown while they go on.

use super::CliError;
use super::output::Output;
use super::record::{Record, used};
use super::record_means::{Prepared, prepare, run_id};
use super::record_progress::Board;
use crate::capture::pipeline::Pipeline;
use crate::capture::run::{Agent, Interrupt, Observer, Plan, RunError, RunReport, Step, record};
use crate::report::{Column, Kind, Table, Value};
use crate::trace::EndReason;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// What a run sends while it goes on, and at its end.
pub(super) enum News {
    Step(String, Step),
    Done(String, Box<Result<RunReport, RunError>>),
}

/// Sends steps to whoever prints.
struct Teller(Mutex<Sender<News>>);

impl Observer for Teller {
    fn step(&self, run_id: &str, step: Step) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody listens any more: nothing is left to be told.
        let _ = sender.send(News::Step(run_id.to_owned(), step));
    }
}

pub(super) fn run(args: &Record, output: &mut Output) -> Result<(), CliError> {
    let mut pipeline = Pipeline::load(args.pipeline.as_deref().unwrap_or(Path::new(".")))?;
    if let Some(recovery) = args.recovery {
        pipeline.recovery = recovery.recovery();
    }
    pipeline.retries = args.retries.unwrap_or(pipeline.retries);
    let agent = Agent::find(args.agent.as_deref().unwrap_or_default())?;
    let models = match (args.model.as_slice(), agent.does_nothing()) {
        ([], true) => vec![agent.name.clone()],
        ([], false) => {
            return Err(CliError::usage("which model is it that works?")
                .hint("--model NAME gives it its name in traces, and agents are told of it"));
        }
        (models, _) => models.to_vec(),
    };
    if args.replay.is_some() && models.len() > 1 {
        return Err(CliError::usage("one recorded run cannot answer for several models")
            .hint("record them one by one, each with its own --replay"));
    }
    let Prepared { means, env, mock, replayed, provider } = prepare(args, output)?;
    let interrupt = Interrupt::listen().map_err(|e| CliError::usage(e.to_string()))?;
    let plan = Plan {
        pipeline: Arc::new(pipeline),
        agent,
        model: String::new(),
        provider,
        means,
        env,
        keep: args.keep.clone(),
    };
    let runs: Vec<(String, Plan)> = models
        .iter()
        .flat_map(|model| (1..=args.repeat).map(move |number| (model, number)))
        .map(|(model, number)| {
            let number = (args.repeat > 1).then_some(number);
            let id = run_id(args, model, Some(&plan.agent.name), number);
            (id, Plan { model: model.clone(), ..plan.clone() })
        })
        .collect();
    let reports = carry_out(&runs, args.jobs, &interrupt, output);
    if let Some(mock) = mock {
        mock.stop();
    }
    report(args, reports, &interrupt, output)?;
    replayed.map_or(Ok(()), |replayed| replayed.outcome(output))
}

/// Carries out runs, so many at a time, and tells of them as they go on. After an interruption none is begun.
fn carry_out(
    runs: &[(String, Plan)],
    jobs: u32,
    interrupt: &Interrupt,
    output: &mut Output,
) -> Vec<(String, Result<RunReport, RunError>)> {
    let (send, receive) = channel();
    let next = AtomicUsize::new(0);
    let mut done = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(u32::try_from(runs.len()).unwrap_or(jobs)) {
            let send = send.clone();
            let next = &next;
            scope.spawn(move || {
                let teller = Teller(Mutex::new(send.clone()));
                let observer: Arc<dyn Observer> = Arc::new(teller);
                while let Some((id, plan)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if interrupt.asked() {
                        break;
                    }
                    let report = Box::new(record(plan, id, interrupt, &observer));
                    let _ = send.send(News::Done(id.clone(), report));
                }
            });
        }
        drop(send);
        let mut board = Board::new(runs, output.shows_progress());
        for news in receive {
            match news {
                News::Step(run, step) => board.step(&run, &step, output),
                News::Done(run, report) => {
                    board.done(&run, report.as_ref().as_ref(), output);
                    done.push((run, *report));
                }
            }
        }
    });
    let place = |id: &str| runs.iter().position(|(run, _)| run == id);
    done.sort_by_key(|(id, _)| place(id));
    done
}

fn report(
    args: &Record,
    reports: Vec<(String, Result<RunReport, RunError>)>,
    interrupt: &Interrupt,
    output: &mut Output,
) -> Result<(), CliError> {
    let mut table = Table::new(
        "runs",
        "",
        vec![
            Column::new("run_id", "Run", Kind::Text),
            Column::new("score", "Score", Kind::Float).digits(1),
            Column::new("passed", "Passed", Kind::Text),
            Column::new("llm_calls", "Calls", Kind::Int),
            Column::new("total_tokens", "Tokens", Kind::Int),
            Column::new("cost_usd", "Cost", Kind::Money),
            Column::new("end_reason", "Ended", Kind::Text),
            Column::new("trace", "Trace", Kind::Text),
        ],
    )?;
    let total = reports.len();
    let mut errors = Vec::new();
    let mut failed = 0;
    for (run, report) in reports {
        match report {
            Ok(report) => {
                failed += usize::from(report.failure.is_some());
                table.push(row(&report))?;
            }
            Err(error) => errors.push((run, error)),
        }
    }
    output.table(&table, args.format, 1)?;
    failed += errors.len();
    if errors.len() == 1 && total == 1 {
        return Err(errors.remove(0).1.into());
    }
    for (_, error) in errors {
        output.error(&error.into());
    }
    if interrupt.asked() {
        return Err(CliError::passed_on(130));
    }
    if failed > 0 {
        return Err(CliError::data(format!("{failed} of {total} runs could not be carried out")));
    }
    Ok(())
}

fn row(report: &RunReport) -> Vec<Value> {
    let scores: Vec<f64> = report.stages.iter().filter_map(|stage| stage.score).collect();
    #[expect(clippy::cast_precision_loss, reason = "stages are few")]
    let mean = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
    let passed = report.stages.iter().filter(|stage| stage.passed == Some(true)).count();
    let totals = &report.totals;
    let priced = totals.calls > 0 && totals.unpriced_calls == 0;
    vec![
        report.run_id.as_str().into(),
        mean.map_or(Value::Null, Value::from),
        format!("{passed}/{}", report.stages.len()).into(),
        totals.calls.into(),
        totals.tokens.into(),
        Value::usd_or_null(priced.then(|| totals.usd.nanos())),
        report.end_reason.as_str().into(),
        report.trace.as_ref().map(|path| path.display().to_string()).into(),
    ]
}

/// A run's end in one line.
pub(super) fn ending(report: &RunReport) -> String {
    let how = match report.end_reason {
        EndReason::Interrupted => "interrupted".to_owned(),
        reason => format!("ended ({reason})"),
    };
    format!("{how}, {}", used(&report.totals))
}
