//! A session to rows: its own file line by line, each sub-agent after the result of the call that started it.

use super::super::claude::{
    Blocks, Place, Reply, Talk, Threads, ToolResult, counts, hash_of, reason_of_failed_request,
    request_error, usage_of,
};
use super::super::fields::Fields;
use super::super::files::{Line, json_problem};
use super::super::rows::{Rows, millis_between, timed};
use super::super::sink::Sink;
use super::super::stages::{Last, StageOutcome};
use super::super::{ImportError, ImportReport};
use super::envelope::Envelope;
use super::ledger::{Ledger, Session};
use super::scan::{Call, SYNTHETIC, fields_of};
use super::start;
use crate::trace::{CostSource, EndReason, Event, Kind, Timestamp, UsageQuality, Usd};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet, VecDeque};

/// Most titles of a session that are kept.
const TITLES: usize = 100;

/// The walk through the files of a session.
pub(super) struct Walk<'l, 's> {
    pub(super) ledger: &'l Ledger,
    session: &'l Session,
    pub(super) talk: Talk<'s>,
    pub(super) report: ImportReport,
    pub(super) threads: Threads,
    envelope: Envelope,
    model: String,
    /// Files of sub-agents that are not read yet.
    waiting: BTreeSet<u32>,
    /// Those that come next.
    next: VecDeque<u32>,
    /// Tool calls, by hash, of replies that are counted elsewhere.
    copied_calls: HashSet<u64>,
    titles: Vec<Value>,
    calls: u64,
    unsettled: u64,
    interrupted: bool,
    ended: Option<Timestamp>,
}

/// A line that is being turned into rows.
pub(super) struct Entry<'l> {
    pub(super) place: Place<'l>,
    file: u32,
    pub(super) thread: String,
    pub(super) uuid: Option<String>,
    parent: Option<String>,
    pub(super) time: Option<Timestamp>,
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
        let mut fields = match fields_of(line.bytes) {
            Ok(Some(fields)) => fields,
            Ok(None) => {
                self.report.reject(path, line.number, "not a JSON object");
                return Ok(());
            }
            Err(error) => {
                self.report.reject(path, line.number, json_problem(&error));
                return Ok(());
            }
        };
        let kind = fields.text("type").or_else(|| {
            let role = fields.peek("message").and_then(|m| m.get("role"));
            role.and_then(Value::as_str).map(ToOwned::to_owned)
        });
        let uuid = fields.text("uuid");
        let parent = fields.text("parentUuid");
        let stamp = fields.text("timestamp");
        let time = stamp.as_deref().and_then(Timestamp::parse_zoned);
        if let (Some(stamp), None) = (stamp, time) {
            fields.keep("timestamp", stamp);
        }
        let inline = fields.flag("isSidechain") == Some(true) && agent.is_empty();
        let named = fields.text("agentId");
        let thread = match named {
            _ if !agent.is_empty() => agent.to_owned(),
            Some(named) => named,
            None if inline => self.threads.inline(uuid.as_deref(), parent.as_deref()),
            None => String::new(),
        };
        let mut entry = Entry { place, file, thread, uuid, parent, time, fields };
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
                self.progress(entry)
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
        if kind == Some("assistant") {
            if let Some(mut message) = entry.fields.object("message") {
                if !own {
                    self.note_copied(&mut message);
                }
                self.close_if_last(&entry, message.text("id").as_deref())?;
            }
        }
        Ok(())
    }

    fn is_own(&self, file: u32) -> bool {
        self.session.mains.contains(&file) || self.session.agents.contains(&file)
    }

    fn note_copied(&mut self, message: &mut Fields) {
        for call in Blocks::of(message.take("content")).calls {
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

    fn user(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let Some(mut message) = entry.fields.object("message") else {
            // What was said may be all there is of it.
            return self.words(entry);
        };
        let mut blocks = Blocks::of(message.take("content"));
        message.drop("role");
        let results = std::mem::take(&mut blocks.results);
        if results.is_empty() {
            if blocks.is_empty() && message.clone().rest().is_none() {
                self.report.skip("message without content", 1);
                return Ok(());
            }
            return self.message(entry, message, blocks);
        }
        let compaction = entry.thread.starts_with("acompact");
        if !blocks.is_empty() && !compaction {
            // Words beside a result are a message of their own.
            let words = Entry {
                fields: Fields::default(),
                uuid: entry.uuid.clone(),
                thread: entry.thread.clone(),
                parent: entry.parent.clone(),
                ..entry
            };
            self.add_message(words, Fields::default(), blocks)?;
        }
        self.results(&mut entry, results)
    }

    fn results(
        &mut self,
        entry: &mut Entry<'_>,
        results: Vec<ToolResult>,
    ) -> Result<(), ImportError> {
        let mut own = entry.fields.take("toolUseResult");
        entry.fields.drop("sourceToolAssistantUUID");
        let first = results.first().map(|r| r.call_id.clone()).unwrap_or_default();
        let mut event = Event::new(Kind::ToolCall);
        self.place(entry, &mut event, Some(&first), "");
        entry.fields.drop("parentUuid");
        let agent = own.as_ref().and_then(|o| o.get("agentId")).and_then(Value::as_str);
        if let Some(agent) = agent {
            self.threads.link(agent, &first);
            let ledger = self.ledger;
            let of_agent = |file: &u32| ledger.file(*file).is_some_and(|f| f.agent() == agent);
            self.next.extend(self.waiting.iter().copied().filter(of_agent));
        }
        entry.fields.count(&mut self.report);
        let mut answers = Vec::new();
        let thread = entry.thread.clone();
        let mut fields = std::mem::take(&mut entry.fields);
        for result in results {
            let id = result.call_id.clone();
            if self.copied_calls.contains(&hash_of(&id)) {
                answers.push(None);
                continue;
            }
            let answer = self.talk.answer(
                &thread,
                result,
                own.take(),
                std::mem::take(&mut fields),
                entry.time,
            )?;
            answers.push(Some((answer, id)));
        }
        self.threads.get(&thread, || None).asked = entry.time;
        self.interrupted = false;
        match answers.into_iter().max_by_key(|a| a.as_ref().map(|(answer, _)| answer.weight())) {
            Some(Some((answer, id))) => answer.account(&mut self.report, entry.place, &id),
            _ => self.report.duplicate(
                "result of a call that is counted elsewhere",
                entry.place.path,
                entry.place.line,
                first,
            ),
        }
        Ok(())
    }

    fn words(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let message = entry.fields.take("message");
        self.message(entry, Fields::default(), Blocks::of(message))
    }

    fn message(
        &mut self,
        entry: Entry<'_>,
        rest: Fields,
        blocks: Blocks,
    ) -> Result<(), ImportError> {
        if entry.thread.starts_with("acompact") && entry.fields.peek("isMeta").is_some() {
            self.report.skip("history copied for a compaction", 1);
            return Ok(());
        }
        self.report.used();
        self.add_message(entry, rest, blocks)
    }

    fn add_message(
        &mut self,
        mut entry: Entry<'_>,
        rest: Fields,
        blocks: Blocks,
    ) -> Result<(), ImportError> {
        let mut event = timed(Kind::Message, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), &blocks.text);
        event.event_id = id;
        event.role = Some("user".to_owned());
        self.interrupted = blocks.text.starts_with("[Request interrupted by user");
        event.content = (!blocks.text.is_empty()).then_some(blocks.text);
        let mut fields = entry.fields;
        for (name, value) in rest.into_pairs() {
            fields.keep(&name, value);
        }
        fields.count(&mut self.report);
        if !blocks.others.is_empty() {
            fields.keep("blocks", blocks.others);
        }
        for (name, value) in of_thread.into_pairs() {
            fields.keep(&name, value);
        }
        event.attributes = fields.rest();
        self.threads.get(&entry.thread, || None).asked = entry.time;
        self.talk.rows.push(event)
    }

    fn assistant(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let Some(mut message) = entry.fields.object("message") else {
            self.report.reject(
                entry.place.path,
                entry.place.line,
                "an assistant line without a message",
            );
            return Ok(());
        };
        let model = message.text("model");
        let failed = entry.fields.flag("isApiErrorMessage") == Some(true);
        if failed || model.as_deref() == Some(SYNTHETIC) {
            return self.synthetic(entry, message, failed);
        }
        let id = message.text("id").filter(|id| !id.is_empty());
        let call = id.as_deref().and_then(|id| self.ledger.call(id));
        if let (Some(call), Some(id)) = (call, &id) {
            if call.file != entry.file {
                let of = format!("{id} ({})", self.ledger.place(call.file, call.first_line));
                self.report.duplicate(
                    "call counted elsewhere",
                    entry.place.path,
                    entry.place.line,
                    of,
                );
                if !self.is_own(call.file) {
                    self.note_copied(&mut message);
                }
                return Ok(());
            }
        }
        let known = id.is_some();
        let id = id
            .or_else(|| entry.uuid.clone())
            .unwrap_or_else(|| format!("line-{}", entry.place.line));
        let mut event = Event::new(Kind::LlmCall);
        event.finish_reason = message.text("stop_reason");
        let of_thread = self.place(&mut entry, &mut event, Some(&id), "");
        let mut kept = Fields::default();
        if let Some(usage) = message.take("usage") {
            if call.is_none() {
                if let Some(fields) = Fields::of(usage.clone()) {
                    usage_of(&fields).fill(&mut event, Some(UsageQuality::Partial));
                }
            }
            kept.keep("usage", usage);
        }
        if let Some(call) = call {
            let usage = counts(
                call.uncached.get(),
                call.cache_read.get(),
                call.cache_write.get(),
                call.output.get(),
            );
            let quality = (!call.settled).then_some(UsageQuality::Partial);
            usage.fill(&mut event, quality);
        }
        self.cost_and_time(&mut entry, &mut event, call.and_then(|c| c.ended));
        if let Some(model) = model.filter(|m| *m != self.model) {
            kept.keep("model", model);
        }
        message.drop("role");
        message.drop("type");
        let blocks = Blocks::of(message.take("content"));
        for call in &blocks.calls {
            self.threads.note_call(call);
            if let (false, Some(id)) = (self.copied_calls.is_empty(), &call.id) {
                self.copied_calls.remove(&hash_of(id));
            }
        }
        let mut of_calls = of_thread.clone();
        if let Some(uuid) = &entry.uuid {
            of_calls.keep("uuid", uuid.as_str());
        }
        for (name, value) in message.into_pairs() {
            entry.fields.keep(&name, value);
        }
        entry.fields.count(&mut self.report);
        for fields in [entry.fields, of_thread] {
            for (name, value) in fields.into_pairs() {
                kept.keep(&name, value);
            }
        }
        let last = call.is_none_or(|call| is_last_line(call, entry.file, entry.place.line));
        let first = self.talk.say(Reply {
            thread: &entry.thread,
            id: &id,
            event,
            blocks,
            attributes: kept,
            of_calls,
            written: entry.time,
            last: last || !known,
        })?;
        self.interrupted = false;
        if first {
            self.report.used();
            self.calls += 1;
            self.unsettled += u64::from(call.is_some_and(|c| !c.settled));
        } else {
            self.report.merge("further line of a reply");
        }
        Ok(())
    }

    /// The time of a reply: from what it answers to its last line; old versions log cost and duration themselves.
    fn cost_and_time(
        &mut self,
        entry: &mut Entry<'_>,
        event: &mut Event,
        ended: Option<Timestamp>,
    ) {
        let asked = self.threads.get(&entry.thread, || None).asked.take();
        let ended = ended.max(entry.time);
        event.ts = asked.filter(|asked| Some(*asked) <= entry.time).or(entry.time);
        if event.ts < ended {
            event.duration_ms = millis_between(event.ts, ended);
        }
        if let Some(millis) =
            entry.fields.number("durationMs").filter(|ms| (0.0..1e12).contains(ms))
        {
            event.duration_ms = Some(millis);
            let micros = Timestamp::from_epoch_seconds(millis / 1e3).map_or(0, Timestamp::micros);
            event.ts = entry.time.map(|time| time.plus_micros(-micros));
        }
        if let Some(cost) = entry.fields.take("costUSD") {
            let amount = cost.as_number().and_then(|n| Usd::parse(&n.to_string()));
            if let Some(amount) = amount.filter(|usd| usd.nanos() > 0) {
                event.cost_usd = Some(amount);
                event.cost_source = Some(CostSource::ClientEstimate);
            } else {
                entry.fields.keep("costUSD", cost);
            }
        }
    }

    /// A message that the client wrote in the model's place: a failed request, or a stand-in for no answer.
    fn synthetic(
        &mut self,
        mut entry: Entry<'_>,
        mut message: Fields,
        failed: bool,
    ) -> Result<(), ImportError> {
        let text = Blocks::of(message.take("content")).text;
        let mut event = timed(if failed { Kind::LlmCall } else { Kind::Message }, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), "");
        event.event_id = id;
        event.role = Some("assistant".to_owned());
        if failed {
            let error = entry.fields.text("error").filter(|e| e != "unknown");
            event.error_type = Some(error.unwrap_or_else(|| request_error(&text)));
        } else {
            entry.fields.keep("synthetic", true);
        }
        event.content = (!text.is_empty()).then_some(text);
        for (name, value) in of_thread.into_pairs() {
            entry.fields.keep(&name, value);
        }
        event.attributes = entry.fields.rest_counted(&mut self.report);
        self.report.used();
        self.interrupted = false;
        self.talk.rows.push(event)
    }

    /// The account of the client itself.
    fn system(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let subtype =
            entry.fields.peek("subtype").and_then(Value::as_str).unwrap_or_default().to_owned();
        let failed = subtype == "api_error";
        if subtype == "compact_boundary" {
            let ledger = self.ledger;
            let done = |file: &u32| {
                ledger.file(*file).is_some_and(|f| {
                    f.agent().starts_with("acompact") && f.scanned.latest <= entry.time
                })
            };
            self.next.extend(self.waiting.iter().copied().filter(done));
        }
        let mut event = timed(if failed { Kind::LlmCall } else { Kind::Message }, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), "");
        event.event_id = id;
        event.role = Some("system".to_owned());
        event.content = entry.fields.text("content");
        if failed {
            let error = entry.fields.peek("error").map(Value::to_string).unwrap_or_default();
            event.error_type = Some(request_error(&error));
            event.role = None;
        }
        for (name, value) in of_thread.into_pairs() {
            entry.fields.keep(&name, value);
        }
        event.attributes = entry.fields.rest_counted(&mut self.report);
        self.report.used();
        self.talk.rows.push(event)
    }

    /// What the client puts into a prompt by itself: lists of skills, files that changed, prompts that were queued.
    fn attachment(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let mut attached = entry.fields.object("attachment").unwrap_or_default();
        let mut event = timed(Kind::Message, entry.time);
        let id = entry.uuid.clone();
        let of_thread = self.place(&mut entry, &mut event, id.as_deref(), "");
        event.event_id = id;
        let queued = attached.peek("type").and_then(Value::as_str) == Some("queued_command");
        event.role = Some(if queued { "user" } else { "system" }.to_owned());
        event.content = attached.text(if queued { "prompt" } else { "content" });
        entry.fields.keep("attachment", attached.into_value());
        for (name, value) in of_thread.into_pairs() {
            entry.fields.keep(&name, value);
        }
        event.attributes = entry.fields.rest_counted(&mut self.report);
        self.report.used();
        let last = self.talk.rows.last.clone();
        self.talk.rows.push(event)?;
        self.talk.rows.last = last;
        Ok(())
    }

    /// Signs of life, among them copies of what sub-agents write into their own files.
    fn progress(&mut self, mut entry: Entry<'_>) -> Result<(), ImportError> {
        let call = entry.fields.text("parentToolUseID");
        let data = entry.fields.object("data");
        let mut data = data.unwrap_or_default();
        let kind = data.text("type").unwrap_or_default();
        if kind != "agent_progress" {
            self.report.skip(progress_of(&kind), 1);
            return Ok(());
        }
        if let (Some(agent), Some(call)) = (data.text("agentId"), call) {
            self.threads.link(&agent, &call);
        }
        let echoed = data.take("message");
        let id = echoed.as_ref().and_then(|m| m.pointer("/message/id")).and_then(Value::as_str);
        match id.and_then(|id| Some((id, self.ledger.call(id)?))) {
            Some((id, call)) => {
                let of = format!("{id} ({})", self.ledger.place(call.file, call.first_line));
                self.report.duplicate(
                    "echo of a sub-agent",
                    entry.place.path,
                    entry.place.line,
                    of,
                );
            }
            None => self.report.skip("echo of a sub-agent", 1),
        }
        Ok(())
    }

    /// A title, of this session or of one before it.
    fn title(&mut self, entry: Entry<'_>) {
        if self.titles.len() < TITLES {
            self.titles.push(entry.fields.into_value());
            self.report.used();
        } else {
            self.report.skip("further title", 1);
        }
    }

    fn end(mut self) -> Result<(), ImportError> {
        if self.unsettled > 0 {
            self.report.warn(format!(
                "{} of {} calls have no line that says their token counts are final; they are marked partial",
                self.unsettled, self.calls
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

fn is_last_line(call: &Call, file: u32, line: usize) -> bool {
    call.file == file && usize::try_from(call.last_line).is_ok_and(|last| last <= line)
}

/// Why a line of a known kind is no row; `None` for a kind that is not known.
fn known_elsewhere(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "file-history-snapshot" | "attribution-snapshot" => "snapshot of files for undoing",
        "queue-operation" => "queue of prompts, which are messages when they are sent",
        "last-prompt" => "prompt repeated for the list of sessions",
        "custom-title"
        | "ai-title"
        | "task-summary"
        | "tag"
        | "agent-name"
        | "agent-color"
        | "agent-setting"
        | "pr-link"
        | "mode"
        | "permission-mode"
        | "worktree-state"
        | "content-replacement"
        | "speculation-accept" => "state of the client's screen",
        _ => return None,
    })
}

fn progress_of(kind: &str) -> &'static str {
    match kind {
        "hook_progress" => "progress of a hook",
        "bash_progress" | "powershell_progress" => "progress of a command",
        "mcp_progress" => "progress of a tool",
        _ => "progress",
    }
}
