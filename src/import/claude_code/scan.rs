//! One file without its texts: the calls in it, the lines that have an identity, and what it says of its session.
//!
//! A file of five gigabytes has a million calls; of each, only what makes its row exact is kept: where its first and
//! last line are, when they were written, and the largest of each count, since a line that is written while a reply
//! streams has only the counts of its start.

use super::super::ImportError;
use super::super::claude::{Blocks, Count, Flag, Object, Text, hash_of};
use super::super::files::{LogFile, lenient};
use crate::trace::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most values of one kind (versions, folders) that are kept of a file.
pub(super) const LISTED: usize = 50;
/// The model that stands on messages which the client wrote itself.
pub(super) const SYNTHETIC: &str = "<synthetic>";

/// What a scan finds in a file.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    /// Calls by the hash of their message id.
    pub(super) calls: HashMap<u64, Call>,
    /// Hash of each line's own id, and the line.
    pub(super) lines: Vec<(u64, u32)>,
    /// Session ids, each with how many lines name it.
    pub(super) sessions: BTreeMap<String, u64>,
    pub(super) last_session: Option<String>,
    pub(super) agent: Option<String>,
    /// Hash of what the agent was asked first, if the file is one of a sub-agent.
    pub(super) asked: Option<u64>,
    /// Lines of the main agent, and of sub-agents.
    pub(super) main_lines: u64,
    pub(super) side_lines: u64,
    /// The first time in the file, the earliest and the latest.
    pub(super) first_time: Option<Timestamp>,
    pub(super) earliest: Option<Timestamp>,
    pub(super) latest: Option<Timestamp>,
    /// Calls per model, in order of appearance.
    pub(super) models: Vec<(String, u64)>,
    pub(super) versions: BTreeSet<String>,
    pub(super) folders: BTreeSet<String>,
    pub(super) branches: BTreeSet<String>,
    /// The first value of each field that seldom changes.
    pub(super) constants: BTreeMap<&'static str, String>,
}

/// One call, as all its lines in a file say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    /// Its file, by place in the ledger.
    pub(super) file: u32,
    pub(super) first_line: u32,
    pub(super) last_line: u32,
    /// A line says why the reply stopped, which is written when the counts are final.
    pub(super) settled: bool,
    pub(super) uncached: Tokens,
    pub(super) cache_read: Tokens,
    pub(super) cache_write: Tokens,
    pub(super) output: Tokens,
    pub(super) ended: Option<Timestamp>,
    /// The place of its model in the list of the scan that found it, if it was counted there.
    pub(super) model: Option<u8>,
}

/// A count of tokens in four bytes: one more than it is, so that none is the least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tokens(u32);

impl Tokens {
    fn of(count: Count) -> Self {
        let plus_one = count.0.filter(|n| *n >= 0).map(|n| n.saturating_add(1));
        Self(plus_one.map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX)))
    }

    pub(super) fn get(self) -> Option<i64> {
        self.0.checked_sub(1).map(i64::from)
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    uuid: Text<'a>,
    #[serde(borrow)]
    session_id: Text<'a>,
    #[serde(borrow)]
    agent_id: Text<'a>,
    #[serde(borrow)]
    timestamp: Text<'a>,
    is_sidechain: Flag,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    cwd: Text<'a>,
    #[serde(borrow)]
    git_branch: Text<'a>,
    #[serde(borrow)]
    user_type: Text<'a>,
    #[serde(borrow)]
    entrypoint: Text<'a>,
    #[serde(borrow)]
    slug: Text<'a>,
    #[serde(borrow)]
    permission_mode: Text<'a>,
    #[serde(borrow)]
    message: Object<Message<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
    #[serde(borrow)]
    stop_reason: Text<'a>,
    usage: Object<Counts>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Counts {
    #[serde(rename = "input_tokens")]
    uncached: Count,
    #[serde(rename = "cache_read_input_tokens")]
    cache_read: Count,
    #[serde(rename = "cache_creation_input_tokens")]
    cache_write: Count,
    #[serde(rename = "output_tokens")]
    output: Count,
}

impl Scanned {
    /// Scans a file. Lines that cannot be read are passed over: the walk counts them.
    pub(super) fn of(file: &LogFile) -> Result<Self, ImportError> {
        Ok(Self::with_length(file)?.0)
    }

    /// The same, and how many lines it has; no number where the file breaks off.
    pub(super) fn with_length(file: &LogFile) -> Result<(Self, Option<usize>), ImportError> {
        let mut scanned = Self::default();
        let mut lines = file.lines()?;
        let whole = loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break true,
                // The walk finds it as well, and says so.
                Err(_) => break false,
            };
            let Ok(number) = u32::try_from(line.number) else { break false };
            if let Ok(read) = serde_json::from_slice::<Line<'_>>(line.bytes) {
                scanned.add(&read, number, line.bytes);
            } else if let Ok(Value::Object(map)) = lenient::<Value>(line.bytes) {
                let text = Value::Object(map).to_string();
                if let Ok(read) = serde_json::from_str::<Line<'_>>(&text) {
                    scanned.add(&read, number, text.as_bytes());
                }
            }
        };
        scanned.lines.shrink_to_fit();
        Ok((scanned, whole.then(|| lines.count())))
    }

    /// Whether every line of the file is one of a sub-agent.
    pub(super) fn is_of_agent(&self) -> bool {
        self.main_lines == 0 && self.side_lines > 0
    }

    fn add(&mut self, line: &Line<'_>, number: u32, bytes: &[u8]) {
        if let Some(uuid) = line.uuid.as_str() {
            self.lines.push((hash_of(&uuid), number));
        }
        if let Some(session) = line.session_id.as_str().filter(|s| !s.is_empty()) {
            if let Some(lines) = self.sessions.get_mut(session) {
                *lines += 1;
            } else if self.sessions.len() < LISTED {
                self.sessions.insert(session.to_owned(), 1);
            }
            if self.last_session.as_deref() != Some(session) {
                self.last_session = Some(session.to_owned());
            }
        }
        let time = line.timestamp.as_str().and_then(Timestamp::parse_zoned);
        self.first_time = self.first_time.or(time);
        self.earliest = match (self.earliest, time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.latest = self.latest.max(time);
        self.note_thread(line, bytes);
        for (list, value) in [
            (&mut self.versions, &line.version),
            (&mut self.folders, &line.cwd),
            (&mut self.branches, &line.git_branch),
        ] {
            if let Some(value) =
                value.as_str().filter(|v| list.len() < LISTED && !list.contains(*v))
            {
                list.insert(value.to_owned());
            }
        }
        for (name, value) in [
            ("version", &line.version),
            ("cwd", &line.cwd),
            ("gitBranch", &line.git_branch),
            ("userType", &line.user_type),
            ("entrypoint", &line.entrypoint),
            ("slug", &line.slug),
            ("permissionMode", &line.permission_mode),
        ] {
            if let Some(value) = value.as_str().filter(|_| !self.constants.contains_key(name)) {
                self.constants.insert(name, value.to_owned());
            }
        }
        if let Some(message) = &line.message.0 {
            self.note_call(line, message, number, time);
        }
    }

    fn note_thread(&mut self, line: &Line<'_>, bytes: &[u8]) {
        match line.is_sidechain.0 {
            Some(true) => self.side_lines += 1,
            Some(false) => self.main_lines += 1,
            None => {}
        }
        if self.agent.is_none() {
            self.agent = line.agent_id.as_str().map(ToOwned::to_owned);
        }
        let prompt = self.asked.is_none() && line.kind.as_str() == Some("user");
        if prompt && line.is_sidechain.0 == Some(true) {
            let content = lenient::<Value>(bytes)
                .ok()
                .and_then(|mut value| value.pointer_mut("/message/content").map(Value::take));
            self.asked = Some(hash_of(&Blocks::of(content).text.as_str()));
        }
    }

    fn note_call(
        &mut self,
        line: &Line<'_>,
        message: &Message<'_>,
        number: u32,
        time: Option<Timestamp>,
    ) {
        let kind = line.kind.as_str().or_else(|| message.role.as_str());
        let Some(id) = message.id.as_str().filter(|id| !id.is_empty()) else { return };
        if kind != Some("assistant") || message.model.as_str() == Some(SYNTHETIC) {
            return;
        }
        let key = hash_of(&id);
        let of_the_file = line.is_sidechain.0 != Some(true) || self.is_of_agent();
        let new = of_the_file && !self.calls.contains_key(&key);
        let model = if new { self.note_model(message) } else { None };
        let counts = message.usage.0.unwrap_or_default();
        let call = self.calls.entry(key).or_insert(Call {
            file: 0,
            first_line: number,
            last_line: number,
            settled: false,
            uncached: Tokens::default(),
            cache_read: Tokens::default(),
            cache_write: Tokens::default(),
            output: Tokens::default(),
            ended: None,
            model,
        });
        call.last_line = number;
        call.settled |= message.stop_reason.as_str().is_some();
        call.uncached = call.uncached.max(Tokens::of(counts.uncached));
        call.cache_read = call.cache_read.max(Tokens::of(counts.cache_read));
        call.cache_write = call.cache_write.max(Tokens::of(counts.cache_write));
        call.output = call.output.max(Tokens::of(counts.output));
        call.ended = call.ended.max(time);
    }

    fn note_model(&mut self, message: &Message<'_>) -> Option<u8> {
        let model = message.model.as_str().filter(|m| !m.is_empty())?;
        let place = self.count_model(model, 1)?;
        u8::try_from(place).ok()
    }

    /// Counts calls of a model; gives its place in the list unless that is full.
    pub(super) fn count_model(&mut self, model: &str, calls: u64) -> Option<usize> {
        let known = self.models.iter().position(|(name, _)| name == model);
        let place = known.unwrap_or(self.models.len());
        if place == LISTED {
            return None;
        }
        if known.is_none() {
            self.models.push((model.to_owned(), 0));
        }
        self.models[place].1 += calls;
        Some(place)
    }
}

impl Call {
    /// Takes over what a copy of the call in another file says of its counts.
    pub(super) fn merge(&mut self, copy: &Self) {
        self.settled |= copy.settled;
        self.uncached = self.uncached.max(copy.uncached);
        self.cache_read = self.cache_read.max(copy.cache_read);
        self.cache_write = self.cache_write.max(copy.cache_write);
        self.output = self.output.max(copy.output);
    }
}
