//! The messages of a session to rows.
//!
//! A message is stamped when it is complete. The request went out when the message before it, or the last result of a
//! tool, was in, and that is when its row begins.

use super::super::fields::Fields;
use super::super::rows::{Rows, millis_between, timed};
use super::super::sink::Sink;
use super::super::stages::StageOutcome;
use super::super::usage::Usage;
use super::super::{ImportError, ImportReport, Rejected, run_id};
use super::session::{Record, Records, messages_of};
use super::stream;
use super::survey::{Chosen, Run, Surveyed};
use super::tools::Content;
use crate::trace::{EndReason, Event, Kind, RunFacts, Timestamp};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// A run while it is read.
pub(super) struct Reading<'s> {
    pub(super) rows: Rows<'s>,
    pub(super) report: ImportReport,
    model: String,
    /// The sub-agent whose file this is; empty for the main session.
    pub(super) agent: String,
    /// The call that started it, for its first row.
    starter: Option<String>,
    /// When the latest input of the next call was in.
    pub(super) input_at: Option<Timestamp>,
    latest: Option<Timestamp>,
    /// A request was stopped, and nothing came after it.
    cancelled: bool,
    /// Messages whose total is not the sum of its parts.
    odd_totals: u64,
}

/// What became of a message.
enum Said {
    Row,
    /// It says what stands elsewhere.
    Again,
    /// Its type is not known.
    Unknown(String),
}

/// Imports the files of one run.
pub(super) fn import(
    run: &Run,
    mut report: ImportReport,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let Some(main) = run.files.first() else { return Ok(()) };
    if main.printed {
        return stream::import(run, report, sink);
    }
    let chosen = Chosen::of(run)?;
    let model = run.files.iter().find_map(|f| f.model.clone());
    if model.is_none() {
        report.warn("no message of the session names a model; it is stored as `unknown`");
    }
    for warning in &run.warnings {
        report.warn(warning.clone());
    }
    let facts = RunFacts {
        run_id: run_id(main)?,
        workload: workload(&main.about),
        model: model.unwrap_or_else(|| "unknown".to_owned()),
        provider: None,
        agent: Some("gemini-cli".to_owned()),
        protocol: None,
    };
    let model = facts.model.clone();
    let mut start = timed(Kind::RunStart, main.start);
    let mut about = Fields::of(Value::Object(main.about.clone())).unwrap_or_default();
    about.drop("messages");
    about.drop("sessionId");
    start.attributes = about.rest_counted(&mut report);
    let mut rows = Rows::begin(sink, facts, main.start)?;
    rows.push(start)?;
    rows.open_stage(0, main.start)?;
    let starters: HashMap<&str, &str> = run
        .files
        .iter()
        .flat_map(|f| f.started.iter().map(|(agent, call)| (agent.as_str(), call.as_str())))
        .collect();
    let mut reading = Reading {
        rows,
        report,
        model,
        agent: String::new(),
        starter: None,
        input_at: None,
        latest: None,
        cancelled: false,
        odd_totals: 0,
    };
    for (index, file) in run.files.iter().enumerate() {
        if file.printed {
            reading.printed_again(file)?;
            continue;
        }
        let session = file.session.clone().unwrap_or_default();
        let (last, cancelled) = (reading.rows.last.clone(), reading.cancelled);
        let sub = file.sub_agent && index > 0;
        reading.starter = starters.get(session.as_str()).map(|call| (*call).to_owned());
        reading.agent = if sub { session } else { String::new() };
        reading.input_at = None;
        reading.file(index, file, run, &chosen)?;
        if sub {
            // How the run ended is for the main session to say.
            (reading.rows.last, reading.cancelled) = (last, cancelled);
        }
    }
    reading.end()
}

impl Reading<'_> {
    fn file(
        &mut self,
        index: usize,
        file: &Surveyed,
        run: &Run,
        chosen: &Chosen,
    ) -> Result<(), ImportError> {
        let path = file.file.name();
        let mut records = Records::open(&file.file)?;
        let mut number = 0;
        loop {
            let (line, record) = match records.next() {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.report.reject(path, number + 1, error.to_string());
                    return Ok(());
                }
            };
            number = line;
            let messages = match record {
                Record::Session(_) | Record::Set(_, None) | Record::Rewind(_) => {
                    self.report.used();
                    continue;
                }
                Record::Bad(problem) => {
                    self.report.reject(path, line, problem);
                    continue;
                }
                Record::Unknown(names) => {
                    self.report.unknown(&format!("record with {names}"));
                    continue;
                }
                Record::Message(id, message) => vec![(id, message)],
                Record::Set(_, Some(list)) => messages_of(list).collect(),
            };
            let mut elsewhere = None;
            let mut counting = Vec::new();
            for (at, (id, message)) in messages.into_iter().enumerate() {
                let place = (index, line, at);
                match chosen.counts(&id, place) {
                    Ok(()) => {
                        let taken_back = chosen.is_taken_back(&id, place);
                        counting.push((id, message, taken_back));
                    }
                    Err(place) => elsewhere = Some(place),
                }
            }
            match (counting.is_empty(), elsewhere) {
                (true, Some((other, line_there, _))) => {
                    let there = run.files.get(other).map_or(path, |f| f.file.name());
                    let origin = format!("{}:{line_there}", there.display());
                    self.report.duplicate("another state of a message", path, line, origin);
                }
                (true, None) => self.report.used(),
                (false, _) => self.counted(path, line, counting)?,
            }
        }
    }

    /// The messages of one record, of which at least one counts.
    fn counted(
        &mut self,
        path: &Path,
        line: usize,
        messages: Vec<(String, Fields, bool)>,
    ) -> Result<(), ImportError> {
        let mut unknown = None;
        let mut again = false;
        let mut used = false;
        for (id, message, taken_back) in messages {
            match self.message(path, line, id, message, taken_back)? {
                Said::Row => used = true,
                Said::Again => again = true,
                Said::Unknown(kind) => unknown = Some(kind),
            }
        }
        match unknown {
            _ if used => self.report.used(),
            Some(kind) => self.report.unknown(&format!("message {kind}")),
            None if again => {
                let origin = "the tool calls of the message before";
                self.report.duplicate("results that stand at their calls", path, line, origin);
            }
            None => self.report.used(),
        }
        Ok(())
    }

    /// Converts a message.
    fn message(
        &mut self,
        path: &Path,
        line: usize,
        id: String,
        mut message: Fields,
        taken_back: bool,
    ) -> Result<Said, ImportError> {
        let kind = message.text("type").unwrap_or_default();
        let time = message.text("timestamp");
        let ts = time.as_deref().and_then(Timestamp::parse_zoned);
        if time.is_some() && ts.is_none() {
            let problem = "a timestamp that is no time".to_owned();
            self.report.reject_value(Rejected { path: path.to_owned(), line, problem });
        }
        let id = Some(id).filter(|id| !id.is_empty());
        self.latest = self.latest.max(ts);
        if kind == "gemini" {
            self.reply(id, message, ts, taken_back)?;
            return Ok(Said::Row);
        }
        let content = Content::of(message.take("content"));
        if kind == "user" && content.results && content.text.is_none() {
            // The turn that carries results to the model; they stand at their calls.
            return Ok(Said::Again);
        }
        let (text, others) = (content.text, content.others);
        let mut message = message.counted(&mut self.report);
        if taken_back {
            message.keep("taken_back", true);
        }
        let cancelled = text.as_deref().is_some_and(|t| t.starts_with("Request cancelled"));
        let request = text.as_deref().is_some_and(|t| t.contains("[API Error"));
        let mut event = match kind.as_str() {
            "user" => {
                self.cancelled = false;
                self.input_at = ts;
                let mut event = timed(Kind::Message, ts);
                event.role = Some("user".to_owned());
                event
            }
            "info" | "warning" => {
                self.cancelled |= cancelled;
                message.keep("message_type", kind);
                let mut event = timed(Kind::Message, ts);
                event.role = Some("system".to_owned());
                event
            }
            "error" => {
                let row = if request { Kind::LlmCall } else { Kind::Error };
                let mut event = timed(row, ts);
                event.error_type = Some(if request { "api_error" } else { "error" }.to_owned());
                event
            }
            other => return Ok(Said::Unknown(other.to_owned())),
        };
        event.event_id = id;
        event.content = text;
        if let Some(others) = others {
            message.keep("other_content", others);
        }
        self.dress(&mut event, message);
        self.rows.push(event)?;
        Ok(Said::Row)
    }

    fn reply(
        &mut self,
        id: Option<String>,
        mut message: Fields,
        ts: Option<Timestamp>,
        taken_back: bool,
    ) -> Result<(), ImportError> {
        self.cancelled = false;
        let asked = self.input_at.take();
        let mut event = timed(Kind::LlmCall, asked.or(ts));
        event.duration_ms = asked.and_then(|asked| millis_between(Some(asked), ts));
        event.event_id = id;
        event.role = Some("assistant".to_owned());
        let content = Content::of(message.take("content"));
        event.content = content.text;
        let tokens = message.take("tokens");
        let thoughts = message.array("thoughts").unwrap_or_default();
        let mut thoughts: Vec<String> = thoughts.iter().filter_map(thought).collect();
        if thoughts.is_empty() {
            thoughts = content.thoughts;
        }
        let calls = message.array("toolCalls").unwrap_or_default();
        if message.peek("model").and_then(Value::as_str) == Some(self.model.as_str()) {
            message.drop("model");
        }
        let mut message = message.counted(&mut self.report);
        if taken_back {
            message.keep("taken_back", true);
        }
        if let Some(others) = content.others {
            message.keep("other_content", others);
        }
        if let Some(tokens) = tokens {
            self.odd_totals += u64::from(fill_usage(&mut event, &tokens));
            message.keep("usage", tokens);
        }
        if !thoughts.is_empty() {
            message.keep("reasoning", thoughts.join("\n\n"));
        }
        let parent = event.event_id.clone();
        self.dress(&mut event, message);
        self.rows.push(event)?;
        self.input_at = ts;
        for call in calls {
            let ended = self.tool(call, parent.as_deref(), ts)?;
            self.input_at = self.input_at.max(ended);
            self.latest = self.latest.max(ended);
        }
        Ok(())
    }

    /// Gives a row its attributes, those of a sub-agent among them.
    pub(super) fn dress(&mut self, event: &mut Event, mut rest: Fields) {
        if !self.agent.is_empty() {
            rest.keep("agent_id", self.agent.clone());
            event.parent_event_id = event.parent_event_id.take().or_else(|| self.starter.take());
        }
        event.attributes = rest.rest();
    }

    /// Printed output of a session whose file is there says nothing more.
    fn printed_again(&mut self, file: &Surveyed) -> Result<(), ImportError> {
        let path = file.file.name();
        let mut lines = file.file.lines()?;
        let mut number = 0;
        loop {
            match lines.next_line() {
                Ok(Some(line)) => {
                    number = line.number;
                    let origin = "the session's own file";
                    self.report.duplicate(
                        "output of a session that has a file",
                        path,
                        number,
                        origin,
                    );
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.report.reject(path, number + 1, error.to_string());
                    return Ok(());
                }
            }
        }
    }

    fn end(mut self) -> Result<(), ImportError> {
        if self.odd_totals > 0 {
            let n = self.odd_totals;
            self.report.warn(format!(
                "{n} messages state a total that is not input, output, thoughts and tool tokens together"
            ));
        }
        let outcome = StageOutcome {
            end_reason: self.cancelled.then_some(EndReason::Interrupted),
            ..StageOutcome::default()
        };
        let reason = self.rows.close_stage(outcome, timed(Kind::StageResult, self.latest))?;
        let mut end = timed(Kind::RunEnd, self.latest);
        end.end_reason = reason;
        self.rows.end(end, self.report)
    }
}

/// Puts the counts of a message into its row: thoughts come on top of the output, and what tools put into the prompt on
/// top of the input. True when the stated total is not their sum.
fn fill_usage(event: &mut Event, tokens: &Value) -> bool {
    let Some(mut tokens) = Fields::of(tokens.clone()) else { return false };
    let mut count = |name: &str| tokens.int(name).filter(|n| *n >= 0);
    let (input, output) = (count("input"), count("output"));
    let (cached, thoughts) = (count("cached"), count("thoughts"));
    let (tool, total) = (count("tool"), count("total"));
    let input = input.map(|n| n.saturating_add(tool.unwrap_or(0)));
    let sum = [input, output, thoughts].into_iter().flatten().fold(0, i64::saturating_add);
    // Zero tokens of an answered call are tokens that nobody counted.
    let said = output.unwrap_or(0) > 0 || thoughts.unwrap_or(0) > 0;
    let usage = Usage::inside(input.filter(|n| *n > 0), cached, None, output.filter(|_| said));
    usage.plus_reasoning(thoughts).fill(event, None);
    event.reported_total_tokens = total;
    total.is_some_and(|total| total != sum)
}

fn thought(thought: &Value) -> Option<String> {
    let text = |name: &str| thought.get(name).and_then(Value::as_str).filter(|t| !t.is_empty());
    match (text("subject"), text("description")) {
        (Some(subject), Some(description)) => Some(format!("{subject}\n{description}")),
        (subject, description) => subject.or(description).or(thought.as_str()).map(str::to_owned),
    }
}

/// The session's id; of a log without one, its name and a hash of its bytes.
pub(super) fn run_id(main: &Surveyed) -> Result<String, ImportError> {
    match &main.session {
        Some(session) => Ok(session.clone()),
        None => run_id::of_file(&main.file),
    }
}

/// The last part of the first folder that the session works in.
fn workload(about: &serde_json::Map<String, Value>) -> String {
    let folder = about.get("directories").and_then(|d| d.get(0)).and_then(Value::as_str);
    let last = folder.unwrap_or_default().trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next();
    last.filter(|l| !l.is_empty()).unwrap_or("gemini-cli").to_owned()
}
