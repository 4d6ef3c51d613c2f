//! The first pass over a rollout: who it is, where it came from, and by what its copies are known.

use super::super::ImportError;
use super::super::files::LogFile;
use super::record::{Read, Record, Records};
use super::tokens::Counts;
use crate::trace::Timestamp;
use serde_json::{Map, Value};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Copied session lines that a file may have before they are no longer told apart.
const SESSIONS: usize = 1000;

/// What is known of a file before it is converted.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) file: LogFile,
    pub(super) thread: Option<String>,
    /// Whether there was a session line.
    has_session: bool,
    /// The session line, without its long texts.
    pub(super) meta: Map<String, Value>,
    pub(super) forked_from: Option<String>,
    /// The thread that started it, where it is a sub-agent and says so.
    pub(super) parent: Option<String>,
    /// What kind of sub-agent it is; `None` when it is none.
    pub(super) agent: Option<String>,
    /// It holds the session lines of these other threads: their history was copied.
    pub(super) copied: Vec<String>,
    pub(super) start: Option<Timestamp>,
    pub(super) cwd: Option<String>,
    /// Every model it names, with the line from which on it applies.
    pub(super) models: Vec<(usize, String)>,
    /// States of the token counter, each once.
    pub(super) vectors: Vec<Vector>,
    /// What its copies are known by: every record but sessions and counts.
    pub(super) prints: Vec<Print>,
    /// The last line that its session line says is inherited, 0 for none.
    pub(super) inherited: usize,
    /// Whether token counts will come at all.
    pub(super) counts_tokens: bool,
    /// When reviews began.
    pub(super) reviews: Vec<Timestamp>,
}

/// The fingerprint of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Print {
    pub(super) hash: u64,
    pub(super) line: usize,
    /// It is an item of the conversation, not something around it.
    pub(super) item: bool,
}

/// A state of the token counter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vector {
    pub(super) counts: Counts,
    pub(super) line: usize,
    pub(super) ts: Option<Timestamp>,
}

impl Survey {
    /// Looks through a file. What breaks off is surveyed as far as it goes.
    pub(super) fn of(file: &LogFile) -> Result<Self, ImportError> {
        let mut survey = Self {
            file: file.clone(),
            thread: None,
            has_session: false,
            meta: Map::new(),
            forked_from: None,
            parent: None,
            agent: None,
            copied: Vec::new(),
            start: None,
            cwd: None,
            models: Vec::new(),
            vectors: Vec::new(),
            prints: Vec::new(),
            inherited: 0,
            counts_tokens: false,
            reviews: Vec::new(),
        };
        let mut first_own = None;
        let mut records = Records::open(file)?;
        while let Ok(Some(read)) = records.next() {
            if let Read::Record(record) = read {
                survey.note(*record, &mut first_own);
            }
        }
        Ok(survey)
    }

    fn note(&mut self, mut record: Record, first_own: &mut Option<i64>) {
        self.start = self.start.or(record.ts);
        if first_own.zip(record.ordinal).is_some_and(|(own, ordinal)| ordinal < own) {
            self.inherited = record.line;
        }
        if let Some(print) = Print::of(&record) {
            self.prints.push(print);
        }
        match record.kind.as_str() {
            "session_meta" => self.session(record, first_own),
            "turn_context" => {
                self.cwd = self.cwd.take().or_else(|| record.payload.text("cwd"));
                self.model(record.payload.text("model"), record.line);
            }
            "token_usage_record" => self.counts_tokens = true,
            "event_msg" => self.event(&mut record),
            _ => {}
        }
    }

    fn session(&mut self, mut record: Record, first_own: &mut Option<i64>) {
        let fields = &mut record.payload;
        let id = fields.peek("id").or_else(|| fields.peek("session_id"));
        let id = id.and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
        if std::mem::replace(&mut self.has_session, true) {
            if let Some(id) = id.filter(|id| self.thread.as_ref() != Some(id))
                && self.copied.len() < SESSIONS
                && !self.copied.contains(&id)
            {
                self.copied.push(id);
            }
            return;
        }
        *first_own = fields.int("subagent_history_start_ordinal");
        let text = |value: Option<&Value>| {
            value.and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let source = fields.peek("source");
        let agent = source.and_then(|s| s.get("subagent"));
        let spawn = agent.and_then(|a| a.get("thread_spawn"));
        let session = text(fields.peek("session_id")).filter(|s| Some(s) != id.as_ref());
        self.parent = text(fields.peek("parent_thread_id"))
            .or_else(|| text(spawn.and_then(|s| s.get("parent_thread_id"))));
        self.agent = match agent {
            Some(Value::String(kind)) => Some(kind.clone()),
            Some(Value::Object(kinds)) => Some(
                text(spawn.and_then(|s| s.get("agent_role")))
                    .or_else(|| text(kinds.get("other")))
                    .or_else(|| kinds.keys().next().cloned())
                    .unwrap_or_default(),
            ),
            _ if self.parent.is_some() => Some("subagent".to_owned()),
            _ => None,
        };
        self.forked_from = text(fields.peek("forked_from_id"));
        if self.agent.is_some() {
            self.parent = self.parent.take().or_else(|| self.forked_from.clone()).or(session);
        }
        self.thread = id;
        self.cwd = text(fields.peek("cwd"));
        self.start = self.start.or(record.ts);
        self.model(text(fields.peek("model")), record.line);
        for long in ["instructions", "base_instructions", "user_instructions", "dynamic_tools"] {
            fields.drop(long);
        }
        self.meta = record.payload.into_pairs().filter(|(_, v)| !v.is_null()).collect();
    }

    fn event(&mut self, record: &mut Record) {
        match record.payload_type() {
            "token_count" => {
                self.counts_tokens = true;
                let info = record.payload.take("info").unwrap_or_default();
                self.model(
                    info.get("model").and_then(Value::as_str).map(str::to_owned),
                    record.line,
                );
                let counts = info.get("total_token_usage").and_then(Counts::of);
                let Some(counts) = counts.filter(|c| !c.is_zero()) else { return };
                if self.vectors.last().is_none_or(|v| v.counts != counts) {
                    self.vectors.push(Vector { counts, line: record.line, ts: record.ts });
                }
            }
            "entered_review_mode" => self.reviews.extend(record.ts),
            "thread_settings_applied" => {
                let settings = record.payload.object("thread_settings");
                let model = settings.and_then(|mut s| s.text("model"));
                self.model(model, record.line);
            }
            _ => {}
        }
    }

    fn model(&mut self, model: Option<String>, line: usize) {
        if let Some(model) = model.filter(|m| !m.is_empty())
            && self.models.last().is_none_or(|(_, m)| *m != model)
        {
            self.models.push((line, model));
        }
    }
}

impl Print {
    /// Equal records have equal ones, in whichever file and under whichever time they stand.
    fn of(record: &Record) -> Option<Self> {
        let item = record.kind == "response_item";
        let names: &[&str] = match record.kind.as_str() {
            "response_item" => &[
                "type",
                "role",
                "content",
                "summary",
                "name",
                "call_id",
                "arguments",
                "input",
                "output",
                "action",
            ],
            "event_msg" if record.payload_type() == "token_count" => return None,
            "event_msg" => {
                &["type", "message", "text", "turn_id", "call_id", "reason", "num_turns"]
            }
            "turn_context" => &["turn_id", "model", "effort"],
            "compacted" => &["message"],
            _ => return None,
        };
        let mut hasher = DefaultHasher::new();
        record.kind.hash(&mut hasher);
        for name in names {
            if let Some(value) = record.payload.peek(name) {
                (name, value.to_string()).hash(&mut hasher);
            }
        }
        Some(Self { hash: hasher.finish(), line: record.line, item })
    }
}
