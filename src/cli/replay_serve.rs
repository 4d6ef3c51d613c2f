//! `ramptrace replay --serve RUN`: the recorded model behind an HTTP endpoint, alone or around a command; and what became of
//! the replay at its end. `record --replay RUN` puts the same endpoint behind the recording proxy.

use super::CliError;
use super::output::{Output, TableFormat};
use super::record_means::{address, missing_keys};
use super::replay::{Replay, select};
use crate::capture::mock::MockModel;
use crate::capture::run::Interrupt;
use crate::replay::serve::{Divergence, Manner, Recordings, Served};
use crate::report::{Column, Kind, Options, Table, Value, render};
use crate::trace::{Event, RunFacts};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How often it is looked whether someone has stopped us.
const TICK: Duration = Duration::from_millis(50);

/// A recorded run that can be served.
pub(super) struct Replayed {
    facts: RunFacts,
    events: Vec<Event>,
    served: OnceLock<Arc<Served>>,
}

impl Replayed {
    /// A run by its trace, or by its id in this folder.
    pub(super) fn open(selector: &str) -> Result<Self, CliError> {
        Self::select(selector, Path::new("."))
    }

    fn select(selector: &str, store: &Path) -> Result<Self, CliError> {
        let entry = select(selector, store)?;
        let (mut facts, mut events) = (RunFacts::default(), Vec::new());
        for item in entry.events()? {
            let (run, event) = item?;
            if run.run_id == entry.run.run_id {
                facts = run;
                events.push(event);
            }
        }
        Ok(Self { facts, events, served: OnceLock::new() })
    }

    pub(super) fn facts(&self) -> &RunFacts {
        &self.facts
    }

    /// Starts to answer.
    pub(super) fn serve(&self, listen: SocketAddr, manner: Manner) -> Result<MockModel, CliError> {
        let served =
            self.served.get_or_init(|| Arc::new(Served::new(Recordings::of(&self.events), manner)));
        Ok(MockModel::serve(Arc::<Served>::clone(served), listen)?)
    }

    fn divergence(&self) -> Option<Divergence> {
        self.served.get().map(|served| served.divergence())
    }

    /// Says on stderr what became of it; a request that nothing answered is an error.
    pub(super) fn outcome(&self, output: &mut Output) -> Result<(), CliError> {
        let Some(divergence) = self.divergence() else { return Ok(()) };
        output.note(in_words(&divergence));
        verdict(&divergence, false)
    }
}

pub(super) fn run(args: &Replay, output: &mut Output) -> Result<(), CliError> {
    let replayed = Replayed::select(&args.run[0], &args.store)?;
    let interrupt = Interrupt::listen().map_err(|e| CliError::usage(e.to_string()))?;
    let manner = Manner { loose: args.loose, latency: args.latency };
    let server = replayed.serve(address(&args.listen)?, manner)?;
    let places = places(&server);
    let code = if args.command.is_empty() {
        for (name, url) in &places {
            output.note(format_args!("{name}={url}"));
        }
        output.note("answering from the trace; Ctrl-C ends it");
        while !interrupt.asked() {
            std::thread::sleep(TICK);
        }
        0
    } else {
        execute(&args.command, &places, &interrupt)?
    };
    server.stop();
    let Some(divergence) = replayed.divergence() else { return Ok(()) };
    let tables = tables(&divergence)?;
    if args.command.is_empty() {
        output.tables(&tables, args.format, 0)?;
    } else if args.format == TableFormat::Text {
        output.note(in_words(&divergence));
    } else {
        // Standard output is the command's.
        for table in &tables {
            output.note(render(table, args.format.format(), &Options::default()).trim_end());
        }
    }
    verdict(&divergence, args.strict)?;
    if code == 0 { Ok(()) } else { Err(CliError::passed_on(code)) }
}

/// The base URLs of a server.
fn places(server: &MockModel) -> [(&'static str, String); 2] {
    let address = server.address();
    [
        ("OPENAI_BASE_URL", format!("http://{address}/v1")),
        ("ANTHROPIC_BASE_URL", format!("http://{address}")),
    ]
}

/// Runs a command against a server; its exit code, or 128 and its signal.
fn execute(
    command: &[String],
    places: &[(&'static str, String)],
    interrupt: &Interrupt,
) -> Result<u8, CliError> {
    let (program, arguments) = command.split_first().map_or(("", &[][..]), |(p, a)| (p, a));
    let mut child = Command::new(program)
        .args(arguments)
        .envs(missing_keys())
        .envs(places.iter().map(|(name, url)| (*name, url)))
        .spawn()
        .map_err(|e| CliError::io("start", Path::new(program), e))?;
    let status =
        wait(&mut child, interrupt).map_err(|e| CliError::io("wait for", Path::new(program), e))?;
    let low = |n: i32| u8::try_from(n & 0xff).unwrap_or(1);
    Ok(status.code().map_or_else(|| 128 | low(status.signal().unwrap_or(0)), low))
}

/// Waits for the command. The terminal tells it of Ctrl-C itself; what only we are told ends it.
fn wait(child: &mut Child, interrupt: &Interrupt) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt.terminations() > 0 {
            child.kill()?;
        }
        std::thread::sleep(TICK);
    }
}

/// A request that nothing answered is an error; a recording that nobody asked for only when that is wanted.
fn verdict(divergence: &Divergence, strict: bool) -> Result<(), CliError> {
    if let Some(first) = &divergence.first {
        let plural = if divergence.missed == 1 { "request was" } else { "requests were" };
        return Err(CliError::data(format!(
            "{} {plural} not in the recording; the first was request {}: {}: {}",
            divergence.missed, first.request, first.field, first.difference
        ))
        .hint("--loose answers by the position in the conversation instead"));
    }
    if strict && !divergence.unused.is_empty() {
        let count = divergence.unused.len();
        return Err(CliError::data(format!(
            "{count} of {} recorded calls were not asked for",
            divergence.recorded
        )));
    }
    Ok(())
}

fn in_words(divergence: &Divergence) -> String {
    let Divergence { recorded, served, missed, beyond, unused, .. } = divergence;
    let waiting = match beyond {
        0 => String::new(),
        n => format!(", {n} left waiting where the recording was cut short"),
    };
    format!(
        "replay: {served} of {recorded} recorded calls served, {missed} requests missed, {} recordings unused{waiting}",
        unused.len()
    )
}

type Call = (usize, Option<String>, Option<i64>);

fn tables(divergence: &Divergence) -> Result<Vec<Table>, CliError> {
    let mut summary = Table::new(
        "replay",
        "",
        vec![
            Column::new("recorded", "Recorded", Kind::Int),
            Column::new("served", "Served", Kind::Int),
            Column::new("missed", "Missed", Kind::Int),
            Column::new("beyond_the_end", "Beyond the end", Kind::Int),
            Column::new("unused", "Unused", Kind::Int),
            Column::new("first_missed_request", "First missed request", Kind::Int),
            Column::new("nearest_call", "Nearest call", Kind::Int),
            Column::new("nearest_event_id", "Event", Kind::Text),
            Column::new("stage", "Stage", Kind::Int),
            Column::new("field", "Field", Kind::Text),
            Column::new("difference", "Difference", Kind::Text),
        ],
    )?;
    let first = divergence.first.as_ref();
    let nearest: Option<&Call> = first.and_then(|first| first.nearest.as_ref());
    summary.push(vec![
        count(divergence.recorded),
        count(divergence.served),
        count(divergence.missed),
        count(divergence.beyond),
        count(divergence.unused.len()),
        first.map_or(Value::Null, |first| count(first.request)),
        nearest.map_or(Value::Null, |call| count(call.0)),
        nearest.and_then(|call| call.1.clone()).into(),
        nearest.and_then(|call| call.2).into(),
        first.map(|first| first.field.clone()).into(),
        first.map(|first| first.difference.clone()).into(),
    ])?;
    let mut tables = vec![summary];
    if !divergence.unused.is_empty() {
        let mut unused = Table::new(
            "unused",
            "recorded calls that nobody asked for",
            vec![
                Column::new("call", "Call", Kind::Int),
                Column::new("event_id", "Event", Kind::Text),
                Column::new("stage", "Stage", Kind::Int),
            ],
        )?;
        for (number, event_id, stage) in &divergence.unused {
            unused.push(vec![count(*number), event_id.clone().into(), (*stage).into()])?;
        }
        tables.push(unused);
    }
    Ok(tables)
}

fn count(n: usize) -> Value {
    u64::try_from(n).unwrap_or(u64::MAX).into()
}
