//! One command, run as if nobody watched: same terminal, same input, same exit code; and the proxy alone, for agents that are
//! started elsewhere.

use super::error::RunError;
use super::interrupt::Interrupt;
use super::meter::{Meter, Totals};
use super::recording::{Means, Recording};
use crate::capture::EventSink;
use crate::capture::pipeline::Budget;
use crate::trace::{EndReason, Event, Kind, RunFacts, TOOL_VERSION};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// How often it is looked whether someone has stopped us.
const TICK: Duration = Duration::from_millis(50);

/// What came of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandReport {
    /// Its exit code, or 128 and its signal, as a shell has it.
    pub exit_code: u8,
    /// What was recorded.
    pub recorded: Recorded,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The trace; none when nothing could be kept.
    pub trace: Option<PathBuf>,
    /// Events in it.
    pub events: u64,
    /// What was used up.
    pub totals: Totals,
}

/// Records one command. An error before it runs means that it has not run.
pub fn record_command(
    argv: &[String],
    facts: RunFacts,
    means: &Means,
    env: &[(String, String)],
    interrupt: &Interrupt,
    warn: impl Fn(&str) + Clone + Send + Sync + 'static,
) -> Result<CommandReport, RunError> {
    let (program, arguments) = argv.split_first().map_or(("", &[][..]), |(p, a)| (p, a));
    let recording = Recording::start(means, facts, Budget::default(), warn.clone())?;
    recording.meter.record(run_start(json!({ "command": argv })));
    let begun = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .envs(recording.tap.env())
        .envs(env.iter().map(|(key, value)| (key, value)))
        .spawn();
    let child = match child {
        Ok(child) => child,
        Err(source) => {
            let error = RunError::Start { program: program.to_owned(), source };
            let text = super::error::chain(&error);
            // The trace says that there was nothing to record.
            recording.finish(EndReason::Unknown, |meter| {
                meter.record(run_end(EndReason::Unknown, begun, &json!({ "problem": text })));
            })?;
            return Err(error);
        }
    };
    let (status, usage) = wait(child, interrupt);
    recording.tap.settle();
    let code = status.code();
    let signal = status.signal();
    let reason = ending(code, signal);
    let mut rest = json!({ "exit_code": code, "signal": signal });
    for (name, value) in usage {
        rest[name] = value;
    }
    let finished = recording.finish(reason, |meter| meter.record(run_end(reason, begun, &rest)));
    let low = |n: i32| u8::try_from(n & 0xff).unwrap_or(1);
    let exit_code = code.map_or_else(|| 128 | low(signal.unwrap_or(0)), low);
    let recorded = match finished {
        Ok((finished, totals)) => {
            Recorded { trace: finished.trace, events: finished.events, totals }
        }
        Err(error) => {
            // The command has run: that its trace is not in place yet is worth a warning, and no other exit code.
            warn(&super::error::chain(&error));
            Recorded { trace: None, events: 0, totals: Totals::default() }
        }
    };
    Ok(CommandReport { exit_code, recorded })
}

/// Records whatever comes through the proxy until someone ends it; `ready` is told where it can be reached.
pub fn record_calls(
    facts: RunFacts,
    means: &Means,
    interrupt: &Interrupt,
    ready: impl FnOnce(&BTreeMap<&'static str, String>),
    mut tick: impl FnMut(&Totals),
    warn: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Recorded, RunError> {
    let recording = Recording::start(means, facts, Budget::default(), warn)?;
    recording.meter.record(run_start(json!({})));
    let begun = Instant::now();
    ready(&recording.tap.places());
    while !interrupt.asked() {
        std::thread::sleep(TICK);
        tick(&recording.meter.totals());
    }
    recording.tap.settle();
    let reason = EndReason::Finished;
    let end = |meter: &Meter| meter.record(run_end(reason, begun, &json!({})));
    let (finished, totals) = recording.finish(reason, end)?;
    Ok(Recorded { trace: finished.trace, events: finished.events, totals })
}

/// Why it ended. Ctrl-C alone says nothing: to many agents it means that they should stop talking, not that they should end.
fn ending(code: Option<i32>, signal: Option<i32>) -> EndReason {
    const STOPPED: [i32; 3] = [1, 2, 15];
    match (code, signal) {
        (Some(0), _) => EndReason::Finished,
        (Some(code), _) if STOPPED.contains(&(code - 128)) => EndReason::Interrupted,
        (None, Some(signal)) if STOPPED.contains(&signal) => EndReason::Interrupted,
        _ => EndReason::Unknown,
    }
}

/// Waits for the command. The terminal tells it of Ctrl-C itself; what only we are told is passed on.
fn wait(
    mut child: Child,
    interrupt: &Interrupt,
) -> (std::process::ExitStatus, Vec<(&'static str, Value)>) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (send, receive) = channel();
    std::thread::spawn(move || drop(send.send(child.wait4())));
    let mut passed_on = 0;
    loop {
        match receive.recv_timeout(TICK) {
            Ok(Ok(ended)) => {
                let usage = ended.rusage;
                let used = vec![
                    ("user_s", Value::from(usage.utime.as_secs_f64())),
                    ("system_s", Value::from(usage.stime.as_secs_f64())),
                    ("max_rss_bytes", Value::from(usage.maxrss)),
                ];
                return (ended.status, used);
            }
            // Nobody can say how it ended.
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                return (std::process::ExitStatus::from_raw(0xff00), Vec::new());
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let told = interrupt.terminations();
        if told > passed_on
            && let Some(pid) = pid
        {
            passed_on = told;
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

fn run_start(mut rest: Value) -> Event {
    rest["recorder"] = Value::from(format!("ramptrace {TOOL_VERSION}"));
    let mut event = Event::new(Kind::RunStart);
    event.attributes = Some(rest.to_string());
    event
}

fn run_end(reason: EndReason, begun: Instant, rest: &Value) -> Event {
    let mut event = Event::new(Kind::RunEnd);
    event.end_reason = Some(reason);
    event.elapsed_s = Some(begun.elapsed().as_secs_f64());
    event.attributes = rest.as_object().is_some_and(|r| !r.is_empty()).then(|| rest.to_string());
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_stops_is_an_interruption_and_a_crash_is_not() {
        for (code, signal, reason) in [
            (Some(0), None, EndReason::Finished),
            (Some(1), None, EndReason::Unknown),
            (Some(130), None, EndReason::Interrupted),
            (Some(143), None, EndReason::Interrupted),
            (None, Some(2), EndReason::Interrupted),
            (None, Some(9), EndReason::Unknown),
            (None, Some(11), EndReason::Unknown),
        ] {
            assert_eq!(ending(code, signal), reason, "{code:?} {signal:?}");
        }
    }
}
