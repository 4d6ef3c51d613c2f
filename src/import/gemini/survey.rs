//! The first pass over session files: for each message the record that counts, and for each file the run it belongs to.
//!
//! Of the records of a message the last one counts that has tokens and stands by itself: in a list that replaces all
//! messages, long results may be cut. A message that was taken back, or is missing from such a list, was sent and paid: it
//! stays, and is marked.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::LogFile;
use super::session::{Record, Records, messages_of};
use super::stream;
use crate::trace::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

/// Where a record of a message is: its file in the run, its line, its place in the line.
pub(super) type Place = (usize, usize, usize);

/// What makes one record of a message better than another: it has tokens, it stands by itself.
type Worth = (bool, bool);

/// A file that was looked through.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) file: LogFile,
    /// It is printed output, not a session file.
    pub(super) printed: bool,
    pub(super) session: Option<String>,
    /// What the session is, as it was last said to be.
    pub(super) about: Map<String, Value>,
    pub(super) model: Option<String>,
    pub(super) start: Option<Timestamp>,
    pub(super) sub_agent: bool,
    /// Sessions of the sub-agents that its tool calls started, with the calls.
    pub(super) started: Vec<(String, String)>,
}

/// The files of one run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) files: Vec<Surveyed>,
    pub(super) warnings: Vec<String>,
}

/// The records that count.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// For each message where its record is, and how good that is.
    places: HashMap<String, (Place, Worth)>,
    taken_back: HashSet<String>,
}

impl Surveyed {
    /// Looks through a file.
    pub(super) fn of(file: &LogFile) -> Result<Self, ImportError> {
        let mut found = Self {
            file: file.clone(),
            printed: false,
            session: None,
            about: Map::new(),
            model: None,
            start: None,
            sub_agent: false,
            started: Vec::new(),
        };
        if let Some(first) = stream::first_of(file)? {
            found.printed = true;
            found.session = first.session;
            found.model = first.model;
            found.start = first.ts;
            return Ok(found);
        }
        let mut records = Records::open(file)?;
        while let Ok(Some((_, record))) = records.next() {
            match record {
                Record::Session(about) => found.about(about),
                Record::Message(_, message) => found.message(message),
                Record::Set(about, messages) => {
                    found.about(about);
                    for (_, message) in messages_of(messages.unwrap_or_default()) {
                        found.message(message);
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn about(&mut self, mut about: Fields) {
        if let Some(session) = about.text("sessionId").filter(|id| !id.is_empty()) {
            self.session = Some(session);
        }
        let start = about.peek("startTime").and_then(Value::as_str);
        self.start = self.start.or_else(|| start.and_then(Timestamp::parse_zoned));
        self.sub_agent |= about.peek("kind").and_then(Value::as_str) == Some("subagent");
        self.about.extend(about.into_pairs());
    }

    fn message(&mut self, mut message: Fields) {
        let ts = message.text("timestamp").and_then(|t| Timestamp::parse_zoned(&t));
        self.start = self.start.or(ts);
        self.model = self.model.take().or_else(|| message.text("model"));
        for call in message.array("toolCalls").unwrap_or_default() {
            let text = |name: &str| call.get(name).and_then(Value::as_str).map(str::to_owned);
            if let (Some(agent), Some(id)) = (text("agentId"), text("id"))
                && !self.started.iter().any(|(a, _)| *a == agent)
            {
                self.started.push((agent, id));
            }
        }
    }
}

/// Groups files into runs, the main session first.
pub(super) fn runs(files: Vec<Surveyed>) -> Vec<Run> {
    let mains: HashSet<String> =
        files.iter().filter(|f| !f.sub_agent).filter_map(|f| f.session.clone()).collect();
    let starters: BTreeMap<String, String> = files
        .iter()
        .filter(|f| !f.sub_agent)
        .flat_map(|f| f.started.iter().filter_map(|(agent, _)| Some((agent, f.session.as_ref()?))))
        .map(|(agent, session)| (agent.clone(), session.clone()))
        .collect();
    let mut groups: BTreeMap<(String, usize), Run> = BTreeMap::new();
    for (index, file) in files.into_iter().enumerate() {
        let mut warnings = Vec::new();
        let own = file.session.clone();
        let run = if file.sub_agent {
            // The folder is named after the session that started it; nothing inside says so.
            let folder = Some(file.file.folder_name().to_owned()).filter(|f| mains.contains(f));
            let starter = own.as_ref().and_then(|own| starters.get(own)).cloned().or(folder);
            if starter.is_none() {
                warnings.push(format!(
                    "session {} is a sub-agent's, and the session that started it is not among the files: it is a run of its own",
                    own.as_deref().unwrap_or_default()
                ));
            }
            starter.or(own)
        } else {
            own
        };
        let key = run.map_or((String::new(), index + 1), |run| (run, 0));
        let group = groups.entry(key).or_insert(Run { files: Vec::new(), warnings: Vec::new() });
        group.files.push(file);
        group.warnings.extend(warnings);
    }
    let mut runs: Vec<Run> = groups.into_values().collect();
    for run in &mut runs {
        let files = &mut run.files;
        files.sort_by(|a, b| {
            let of = |f: &Surveyed| (f.printed, f.sub_agent, f.start);
            of(a).cmp(&of(b)).then_with(|| a.file.name().cmp(b.file.name()))
        });
    }
    runs
}

impl Run {
    /// The file that stands for the run.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.files.first().map(|f| f.file.name().to_owned())
    }
}

impl Chosen {
    /// Decides for every message of the session files of a run.
    pub(super) fn of(run: &Run) -> Result<Self, ImportError> {
        let mut chosen = Self::default();
        for (index, surveyed) in run.files.iter().enumerate().filter(|(_, f)| !f.printed) {
            // In the order of the session as it stands.
            let mut present: Vec<String> = Vec::new();
            let mut known: HashSet<String> = HashSet::new();
            let mut records = Records::open(&surveyed.file)?;
            while let Ok(Some((line, record))) = records.next() {
                match record {
                    Record::Message(id, message) => {
                        let key = chosen.see(id, &message, (index, line, 0), true);
                        if known.insert(key.clone()) {
                            present.push(key);
                        }
                    }
                    Record::Set(_, Some(messages)) => {
                        let mut now = Vec::new();
                        for (at, (id, message)) in messages_of(messages).enumerate() {
                            now.push(chosen.see(id, &message, (index, line, at), false));
                        }
                        known = now.iter().cloned().collect();
                        let gone = present.into_iter().filter(|id| !known.contains(id));
                        chosen.taken_back.extend(gone);
                        present = now;
                    }
                    Record::Rewind(id) => {
                        // A target that is not there takes back all.
                        let at = present.iter().position(|p| *p == id).unwrap_or(0);
                        for gone in present.drain(at..) {
                            known.remove(&gone);
                            chosen.taken_back.insert(gone);
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(chosen)
    }

    fn see(&mut self, id: String, message: &Fields, place: Place, alone: bool) -> String {
        let key = key(id, place);
        let worth = (message.peek("tokens").is_some(), alone);
        let best = self.places.entry(key.clone()).or_insert((place, worth));
        if worth >= best.1 {
            *best = (place, worth);
        }
        self.taken_back.remove(&key);
        key
    }

    /// Whether this record of a message is the one that counts, and where that one is if not.
    pub(super) fn counts(&self, id: &str, place: Place) -> Result<(), Place> {
        match self.places.get(&key(id.to_owned(), place)) {
            Some((chosen, _)) if *chosen != place => Err(*chosen),
            _ => Ok(()),
        }
    }

    /// Whether a message was taken back in the end.
    pub(super) fn is_taken_back(&self, id: &str, place: Place) -> bool {
        self.taken_back.contains(&key(id.to_owned(), place))
    }
}

/// A message without an id is told by its place.
fn key(id: String, place: Place) -> String {
    if id.is_empty() { format!("{place:?}") } else { id }
}
