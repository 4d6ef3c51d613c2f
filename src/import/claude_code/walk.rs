//! A session to rows: its own file line by line, each sub-agent after the result of the call that started it.

use super::super::claude::{Place, Talk, Threads, hash_of, reason_of_failed_request};
use super::super::fields::Fields;
use super::super::files::{Line, json_problem};
use super::super::rows::{Rows, timed};
use super::super::sink::Sink;
use super::super::stages::{Last, StageOutcome};
use super::super::{ImportError, ImportReport};
use super::envelope::Envelope;
use super::ledger::{Ledger, Session};
use super::line::{Message, Record};
use super::notices::known_elsewhere;
use super::scan::Call;
use super::start;
use crate::trace::{EndReason, Event, Kind, Timestamp};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet, VecDeque};

/// The walk through the files of a session.
pub(super) struct Walk<'l, 's> {
    pub(super) ledger: &'l Ledger,
    pub(super) session: &'l Session,
    pub(super) talk: Talk<'s>,
    pub(super) report: ImportReport,
    pub(super) threads: Threads,
    pub(super) envelope: Envelope,
    pub(super) model: String,
    /// Files of sub-agents that are not read yet.
    pub(super) waiting: BTreeSet<u32>,
    /// Those that come next.
    pub(super) next: VecDeque<u32>,
    /// Tool calls, by hash, of replies that are counted elsewhere.
    pub(super) copied_calls: HashSet<u64>,
    pub(super) titles: Vec<Value>,
    /// Echoes of sub-agents whose files are not there.
    pub(super) lost_echoes: u64,
    pub(super) calls: u64,
    pub(super) unsettled: u64,
    pub(super) interrupted: bool,
    pub(super) ended: Option<Timestamp>,
}

/// A line that is being turned into rows.
pub(super) struct Entry<'l> {
    pub(super) place: Place<'l>,
    pub(super) file: u32,
    pub(super) thread: String,
    pub(super) uuid: Option<String>,
    pub(super) parent: Option<String>,
    pub(super) time: Option<Timestamp>,
    /// What a user or an assistant says.
    pub(super) message: Option<Message>,
    pub(super) fields: Fields,
}

/// Imports a session.
pub(super) fn import(
    ledger: &Ledger,
    session: usize,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let Some(path) = ledger.path_of(session) else { return Ok(()) };
    let session = &ledger.sessions[session];
    let mut report = ImportReport::of("claude-code", path);
    let start = start::of(ledger, session, &mut report);
    let mut rows = Rows::begin(sink, start.facts.clone(), start.earliest)?;
    let mut row = timed(Kind::RunStart, start.earliest);
    row.attributes = start.attributes.rest();
    rows.push(row)?;
    rows.open_stage(0, start.earliest)?;
    let mut walk = Walk {
        ledger,
        session,
        talk: Talk::on(rows),
        report,
        threads: Threads::default(),
        envelope: Envelope::of(&session.id, &start.constants),
        model: start.facts.model,
        waiting: session.agents.iter().copied().collect(),
        next: VecDeque::new(),
        copied_calls: HashSet::new(),
        titles: Vec::new(),
        lost_echoes: 0,
        calls: 0,
        unsettled: 0,
        interrupted: false,
        ended: start.latest,
    };
    for file in &session.mains {
        walk.read(*file, "")?;
    }
    let alone = session.mains.is_empty();
    while let Some(file) = walk.waiting.first().copied() {
        walk.agent(file, alone)?;
    }
    walk.end()
}

impl<'l> Walk<'l, '_> {
    /// Reads the file of a sub-agent, and those of sub-agents that it started.
    fn agent(&mut self, file: u32, alone: bool) -> Result<(), ImportError> {
        let before = self.talk.rows.last.clone();
        let interrupted = self.interrupted;
        self.next.push_back(file);
        while let Some(file) = self.next.pop_front() {
            if !self.waiting.remove(&file) {
                continue;
            }
            if let Some(agent) = self.ledger.file(file).map(|f| f.agent().to_owned()) {
                self.read(file, &agent)?;
            }
        }
        if !alone {
            // How the run ended is for its main agent to say.
            self.talk.rows.last = before;
            self.interrupted = interrupted;
        }
        Ok(())
    }

    fn read(&mut self, file: u32, agent: &str) -> Result<(), ImportError> {
        let ledger: &'l Ledger = self.ledger;
        let Some(log) = ledger.file(file).map(|f| &f.log) else { return Ok(()) };
        let mut lines = log.lines()?;
        loop {
            match lines.next_line() {
                Ok(Some(line)) => self.line(file, agent, line)?,
                Ok(None) => return Ok(()),
                Err(ImportError::BrokenStream { path, line, source }) => {
                    self.report.reject(&path, line, format!("the file breaks off: {source}"));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            if agent.is_empty() {
                while let Some(file) = self.next.pop_front() {
                    self.agent(file, false)?;
                }
            }
        }
    }

    fn line(&mut self, file: u32, agent: &str, line: Line<'_>) -> Result<(), ImportError> {
        let Some(path) = self.ledger.file(file).map(|f| f.log.name()) else { return Ok(()) };
        let place = Place { path, line: line.number };
        if line.cut {
            self.report.reject(path, line.number, "longer than 256 MiB");
            return Ok(());
        }
        let record = match Record::of(line.bytes, &self.envelope) {
            Ok(Some(record)) => record,
            Ok(None) => {
                self.report.reject(path, line.number, "not a JSON object");
                return Ok(());
            }
            Err(error) => {
                self.report.reject(path, line.number, json_problem(&error));
                return Ok(());
            }
        };
        let Record { kind, uuid, parent, timestamp: stamp, message, mut fields, .. } = record;
        let time = stamp.as_deref().and_then(Timestamp::parse_zoned);
        if let (Some(stamp), None) = (stamp, time) {
            fields.keep("timestamp", stamp);
        }
        let inline = record.sidechain == Some(true) && agent.is_empty();
        let thread = match record.agent {
            _ if !agent.is_empty() => agent.to_owned(),
            Some(named) => named,
            None if inline => self.threads.inline(uuid.as_deref(), parent.as_deref()),
            None => String::new(),
        };
        let mut entry = Entry { place, file, thread, uuid, parent, time, message, fields };
        if let Some((file, line)) = self.ledger.copy_of(file, line.number) {
            return self.copied(entry, kind.as_deref(), file, line);
        }
        match kind.as_deref() {
            Some("user") => self.user(entry),
            Some("assistant") => self.assistant(entry),
            Some("system") => self.system(entry),
            Some("attachment") => self.attachment(entry),
            Some("progress") => {
                self.pass_through(&mut entry);
                self.progress(entry);
                Ok(())
            }
            Some("summary") => {
                self.title(entry);
                Ok(())
            }
            Some(kind) => {
                self.pass_through(&mut entry);
                match known_elsewhere(kind) {
                    Some(reason) => self.report.skip(reason, 1),
                    None => self.report.unknown(kind),
                }
                Ok(())
            }
            None => {
                self.report.unknown("line without a type");
                Ok(())
            }
        }
    }

    /// Notes a line that is no row itself: what answers it answers the row before it.
    fn pass_through(&mut self, entry: &mut Entry<'_>) {
        if let (Some(uuid), Some(parent)) = (&entry.uuid, entry.parent.take()) {
            self.threads.pass_through(&entry.thread, uuid, &parent);
        }
    }

    /// A line that stands somewhere else already.
    fn copied(
        &mut self,
        mut entry: Entry<'_>,
        kind: Option<&str>,
        file: u32,
        line: u32,
    ) -> Result<(), ImportError> {
        let own = self.is_own(file);
        let reason = if own { "line written again" } else { "line copied from another session" };
        let of = format!(
            "{} ({})",
            entry.uuid.as_deref().unwrap_or("line"),
            self.ledger.place(file, line)
        );
        self.report.duplicate(reason, entry.place.path, entry.place.line, of);
        if kind == Some("assistant")
            && let Some(mut message) = entry.message.take()
        {
            let id = message.fields.text("id");
            if !own {
                self.note_copied(message);
            }
            self.close_if_last(&entry, id.as_deref())?;
        }
        Ok(())
    }

    pub(super) fn is_own(&self, file: u32) -> bool {
        self.session.mains.contains(&file) || self.session.agents.contains(&file)
    }

    pub(super) fn note_copied(&mut self, message: Message) {
        for call in message.blocks.calls {
            self.copied_calls.extend(call.id.map(|id| hash_of(&id)));
        }
    }

    fn close_if_last(&mut self, entry: &Entry<'_>, id: Option<&str>) -> Result<(), ImportError> {
        let Some(id) = id else { return Ok(()) };
        match self.ledger.call(id) {
            Some(call) if is_last(call, entry) => self.talk.close(id),
            _ => Ok(()),
        }
    }

    /// Gives a row its place among the rows of its agent, and the attributes of that. Of a row that the line leads to,
    /// `row` is the id.
    pub(super) fn place(
        &mut self,
        entry: &mut Entry<'_>,
        event: &mut Event,
        row: Option<&str>,
        words: &str,
    ) -> Fields {
        self.envelope.open(&mut entry.fields);
        let scanned = self.ledger.file(entry.file).map(|f| &f.scanned);
        let of_agent = scanned.filter(|s| s.is_of_agent());
        let asked = || of_agent.map_or_else(|| Some(hash_of(&words)), |s| s.asked);
        let thread = self.threads.get(&entry.thread, asked);
        if let Some(parent) = entry.parent.take() {
            match thread.row_of(&parent) {
                Some(row) => event.parent_event_id = Some(row),
                None => entry.fields.keep("parentUuid", parent),
            }
        }
        if let Some(call) = thread.started_by.take() {
            event.parent_event_id = Some(call);
        }
        if let Some(uuid) = &entry.uuid {
            thread.remember(uuid, row.map(ToOwned::to_owned));
        }
        thread.attributes.clone()
    }

    fn end(mut self) -> Result<(), ImportError> {
        if self.unsettled > 0 {
            self.report.warn(format!(
                "{} of {} calls have no line that says their token counts are final; they are marked partial",
                self.unsettled, self.calls
            ));
        }
        if self.lost_echoes > 0 {
            self.report.warn(format!(
                "{} lines are echoes of sub-agents whose own files are not here; what these spent is not in this run",
                self.lost_echoes
            ));
        }
        let end_reason = match &self.talk.rows.last {
            _ if self.interrupted => Some(EndReason::Interrupted),
            Last::Error { code, detail } => Some(reason_of_failed_request(code, detail)),
            _ => None,
        };
        let outcome = StageOutcome { end_reason, ..StageOutcome::default() };
        let result = timed(Kind::StageResult, self.ended);
        let reason = self.talk.rows.close_stage(outcome, result)?;
        let mut end = timed(Kind::RunEnd, self.ended);
        end.end_reason = reason;
        let mut attributes = Fields::default();
        attributes.keep("titles", self.titles);
        end.attributes = attributes.rest();
        self.talk.rows.end(end, self.report)
    }
}

fn is_last(call: &Call, entry: &Entry<'_>) -> bool {
    is_last_line(call, entry.file, entry.place.line)
}

pub(super) fn is_last_line(call: &Call, file: u32, line: usize) -> bool {
    call.file == file && usize::try_from(call.last_line).is_ok_and(|last| last <= line)
}
