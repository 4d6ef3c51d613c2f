//! One sample of a log: whole, or put together from chunks.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::LogFile;
use super::header::Header;
use super::texts::Texts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Messages of a sample by their number, to which inputs of model calls refer.
pub(super) type Pool = BTreeMap<u64, Value>;

/// A sample that was read.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) path: PathBuf,
    /// Earlier samples of the same name, which this one replaces.
    pub(super) replaces: Vec<(PathBuf, usize)>,
    pub(super) fields: Fields,
    pub(super) events: Vec<Value>,
    pub(super) messages: Vec<Value>,
    pub(super) pool: Pool,
    pub(super) texts: Texts,
    /// Messages of raw requests, or files of them.
    pub(super) raw_requests: u64,
    /// Chunks that could not be read.
    pub(super) broken: Vec<(PathBuf, String)>,
}

impl Sample {
    /// A sample in one JSON value.
    pub(super) fn of(value: Value, path: &Path, position: usize) -> Result<Self, ImportError> {
        let mut fields = Fields::of(value).filter(|f| f.peek("id").is_some()).ok_or_else(|| {
            ImportError::BadSource {
                path: path.to_owned(),
                problem: format!("sample {position} is not a sample: it has no `id`"),
            }
        })?;
        let mut texts = Texts::default();
        let mut events = fields.array("events");
        if let Some(mut transcript) = fields.object("transcript") {
            // Where events stood at first.
            events = events.or_else(|| transcript.array("events"));
            texts.add(transcript.take("content"));
        }
        texts.add(fields.take("attachments"));
        let mut data = fields.object("events_data").unwrap_or_default();
        let pool = data.array("messages").or_else(|| fields.array("message_pool"));
        let calls = data.array("calls").unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            replaces: Vec::new(),
            events: events.unwrap_or_default(),
            messages: fields.array("messages").unwrap_or_default(),
            pool: (0..).zip(pool.unwrap_or_default()).collect(),
            texts,
            raw_requests: calls.len() as u64,
            broken: Vec::new(),
            fields,
        })
    }

    /// A sample in chunks: `sample.json` with all but its sequences, each of which is cut into files that are named by the
    /// number of their first item. What else is in the folder is derived from these.
    pub(super) fn of_chunks(folder: &Path, files: &[LogFile]) -> Result<Self, ImportError> {
        let shell = folder.join("sample.json");
        let bad = || ImportError::BadSource {
            path: folder.to_owned(),
            problem: "a sample without sample.json".to_owned(),
        };
        let file = files.iter().find(|f| f.name() == shell).ok_or_else(bad)?;
        let mut sample = Self::of(file.json()?, &shell, 1)?;
        let mut chunks: BTreeMap<(&str, u64), &LogFile> = BTreeMap::new();
        for file in files {
            if file.name() == folder.join("metadata.json") {
                match file.json() {
                    Ok(metadata) => sample.fields.keep("metadata", metadata),
                    Err(error) => sample.broken.push((file.name().to_owned(), error.to_string())),
                }
            } else if let Ok(start) = file.stem().parse() {
                chunks.insert((file.folder_name(), start), file);
            }
        }
        for ((sequence, start), file) in chunks {
            if sequence == "calls" {
                sample.raw_requests += 1;
                continue;
            }
            match file.json() {
                Ok(Value::Array(items)) => sample.add(sequence, start, items),
                Ok(_) => sample.broken.push((file.name().to_owned(), "not an array".to_owned())),
                Err(error) => sample.broken.push((file.name().to_owned(), error.to_string())),
            }
        }
        let refs = sample.fields.take("message_refs").unwrap_or_default();
        sample.messages =
            referred(&refs, &sample.pool).map(|(_, message)| message.clone()).collect();
        Ok(sample)
    }

    fn add(&mut self, sequence: &str, start: u64, items: Vec<Value>) {
        let numbers = start..u64::MAX;
        match sequence {
            "messages" => self.pool.extend(numbers.zip(items)),
            "events" => self.events.extend(items),
            "attachments" => {
                for (number, text) in numbers.zip(items) {
                    self.texts.insert(number.to_string(), text);
                }
            }
            _ => {}
        }
    }

    /// Its name in the dataset.
    pub(super) fn id(&self) -> String {
        match self.fields.peek("id") {
            Some(Value::String(id)) => id.clone(),
            Some(id) => id.to_string(),
            None => String::new(),
        }
    }

    /// Which repetition it is.
    pub(super) fn epoch(&self) -> String {
        self.fields.peek("epoch").map_or_else(|| "1".to_owned(), Value::to_string)
    }

    /// The source's own identifier, where it has one; else that of the log, with sample and epoch.
    pub(super) fn run_id(&self, header: &Header) -> String {
        match self.uuid() {
            Some(uuid) => uuid.to_owned(),
            None => format!("{}-{}-{}", header.log_id, self.id(), self.epoch()),
        }
    }

    /// What is the same for copies of the sample in other logs: a log that goes on with another one has its samples.
    pub(super) fn identity(&self, header: &Header) -> String {
        if let Some(uuid) = self.uuid() {
            return uuid.to_owned();
        }
        let first = self.events.iter().find_map(|e| e.get("timestamp")?.as_str());
        let of_log =
            first.or(header.task_id.is_none().then_some(&header.log_id)).unwrap_or_default();
        let task = header.task_id.as_deref().unwrap_or_default();
        format!("{task} {} {} {of_log}", self.id(), self.epoch())
    }

    fn uuid(&self) -> Option<&str> {
        self.fields.peek("uuid")?.as_str().filter(|uuid| !uuid.is_empty())
    }
}

/// The messages that ranges `[[start, end), ...]` refer to, with their numbers.
pub(super) fn referred<'p>(
    refs: &Value,
    pool: &'p Pool,
) -> impl Iterator<Item = (u64, &'p Value)> + use<'p> {
    let ranges: Vec<(u64, u64)> = refs
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|range| Some((range.get(0)?.as_u64()?, range.get(1)?.as_u64()?)))
        .filter(|(start, end)| start < end)
        .collect();
    ranges.into_iter().flat_map(|(start, end)| pool.range(start..end).map(|(n, m)| (*n, m)))
}
