//! The files of a log, and its samples one by one.
//!
//! An `.eval` archive has a fixed layout: `header.json` when the evaluation ended, `_journal/start.json` from its start,
//! and a file per sample, or a folder with chunks of one. One sample is in memory at a time; of a `.json` document all are.

use super::super::files::LogFile;
use super::super::source::Source;
use super::super::{Format, ImportError};
use super::header::Header;
use super::sample::Sample;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// A log that was opened.
pub(super) struct Log {
    header: Header,
    samples: Samples,
}

enum Samples {
    /// Of a document, each with the positions of those that it replaces.
    Document {
        path: PathBuf,
        samples: Vec<(usize, Value, Vec<usize>)>,
    },
    Files(Vec<Place>),
}

/// Where a sample of an archive is.
enum Place {
    Whole(LogFile),
    Chunks(PathBuf, Vec<LogFile>),
}

/// Takes the files of logs out of a list: of folders with the header, or the start, of an evaluation.
pub(super) fn claim(format: Format, files: &mut Vec<LogFile>) -> Vec<Source> {
    let mut roots: BTreeMap<PathBuf, Vec<LogFile>> = BTreeMap::new();
    for file in files.iter() {
        let folder = file.name().parent();
        let root = match file.file_name() {
            "header.json" => folder,
            "start.json" if file.folder_name() == "_journal" => folder.and_then(Path::parent),
            _ => None,
        };
        if let Some(root) = root.filter(|root| !roots.contains_key(*root) && is_header(file)) {
            roots.insert(root.to_owned(), Vec::new());
        }
    }
    if roots.is_empty() {
        return Vec::new();
    }
    files.retain(|file| {
        let root = file.name().ancestors().skip(1).find(|a| roots.contains_key(*a));
        let Some(root) = root.filter(|root| belongs(root, file.name())) else { return true };
        if let Some(of_root) = roots.get_mut(root) {
            of_root.push(file.clone());
        }
        false
    });
    roots.into_iter().map(|(path, files)| Source { path, format, files }).collect()
}

/// Whether a file is the header of an Inspect log.
fn is_header(file: &LogFile) -> bool {
    let Ok(head) = file.head() else { return false };
    String::from_utf8_lossy(&head).contains("\"eval\"")
        && file.json().is_ok_and(|value| Header::of(value, true).is_some())
}

fn belongs(root: &Path, file: &Path) -> bool {
    let Ok(inside) = file.strip_prefix(root) else { return false };
    let parts: Vec<&str> = inside.iter().filter_map(|p| p.to_str()).collect();
    matches!(
        parts.as_slice(),
        ["samples" | "_journal", _, ..] | ["header.json" | "summaries.json" | "reductions.json"]
    )
}

impl Log {
    /// Reads the header, and lists the samples.
    pub(super) fn open(source: &Source) -> Result<Self, ImportError> {
        let bad = |problem: &str| ImportError::BadSource {
            path: source.path.clone(),
            problem: problem.to_owned(),
        };
        if let [file] = source.files.as_slice()
            && file.name() == source.path
        {
            let mut value = file.json()?;
            let samples = value.get_mut("samples").map(Value::take);
            let header = Header::of(value, true).ok_or_else(|| bad("not an Inspect log"))?;
            let samples = match samples {
                Some(Value::Array(samples)) => latest(samples),
                _ => Vec::new(),
            };
            let path = source.path.clone();
            return Ok(Self { header, samples: Samples::Document { path, samples } });
        }
        let named = |name: &str| source.files.iter().find(|f| f.name() == source.path.join(name));
        let read = |name: &str, ended: bool| {
            let value = named(name)?.json().ok()?;
            Header::of(value, ended)
        };
        let header = read("header.json", true)
            .or_else(|| read("_journal/start.json", false))
            .ok_or_else(|| bad("neither header.json nor _journal/start.json can be read"))?;
        Ok(Self { header, samples: Samples::Files(places(source)) })
    }

    pub(super) fn len(&self) -> usize {
        match &self.samples {
            Samples::Document { samples, .. } => samples.len(),
            Samples::Files(places) => places.len(),
        }
    }

    /// The header, and the samples as they are read.
    pub(super) fn into_samples(
        self,
    ) -> (Header, Box<dyn Iterator<Item = Result<Sample, ImportError>>>) {
        let samples: Box<dyn Iterator<Item = Result<Sample, ImportError>>> = match self.samples {
            Samples::Document { path, samples } => {
                Box::new(samples.into_iter().map(move |(position, value, replaced)| {
                    let mut sample = Sample::of(value, &path, position)?;
                    sample.replaces = replaced.into_iter().map(|n| (path.clone(), n)).collect();
                    Ok(sample)
                }))
            }
            Samples::Files(places) => Box::new(places.into_iter().map(|place| match place {
                Place::Whole(file) => Sample::of(file.json()?, file.name(), 1),
                Place::Chunks(folder, files) => Sample::of_chunks(&folder, &files),
            })),
        };
        (self.header, samples)
    }
}

/// The samples of a document with their positions, from 1. A sample that was put back into the queue appears again:
/// the last one stands.
fn latest(samples: Vec<Value>) -> Vec<(usize, Value, Vec<usize>)> {
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, sample) in samples.iter().enumerate() {
        let key = match (sample.get("id"), sample.get("epoch")) {
            (Some(id), epoch) => format!("{id} {}", epoch.unwrap_or(&Value::Null)),
            _ => format!("#{index}"),
        };
        by_key.entry(key).or_default().push(index + 1);
    }
    let mut replaced: HashMap<usize, Vec<usize>> = HashMap::new();
    for mut positions in by_key.into_values() {
        if let Some(last) = positions.pop() {
            replaced.insert(last, positions);
        }
    }
    let numbered = samples.into_iter().enumerate();
    numbered.filter_map(|(i, s)| Some((i + 1, s, replaced.remove(&(i + 1))?))).collect()
}

/// The samples of an archive. One that is there in both forms is read whole, as Inspect itself does.
fn places(source: &Source) -> Vec<Place> {
    let mut whole: BTreeMap<PathBuf, LogFile> = BTreeMap::new();
    let mut shells: BTreeSet<PathBuf> = BTreeSet::new();
    let folder = source.path.join("samples");
    for file in source.files.iter().filter(|f| f.name().starts_with(&folder)) {
        if is_sample_name(file.stem()) && file.name().extension().is_some_and(|e| e == "json") {
            whole.insert(file.name().with_extension(""), file.clone());
        } else if file.file_name() == "sample.json" && is_sample_name(file.folder_name()) {
            shells.extend(file.name().parent().map(Path::to_owned));
        }
    }
    let mut chunks: BTreeMap<PathBuf, Vec<LogFile>> = BTreeMap::new();
    for file in &source.files {
        let shell = file.name().ancestors().skip(1).find(|a| shells.contains(*a));
        if let Some(shell) = shell.filter(|s| !whole.contains_key(*s)) {
            chunks.entry(shell.to_owned()).or_default().push(file.clone());
        }
    }
    let mut places: BTreeMap<PathBuf, Place> =
        whole.into_iter().map(|(name, file)| (name, Place::Whole(file))).collect();
    places
        .extend(chunks.into_iter().map(|(name, files)| (name.clone(), Place::Chunks(name, files))));
    places.into_values().collect()
}

/// `<sample id>_epoch_<n>`
fn is_sample_name(name: &str) -> bool {
    let epoch = name.rsplit_once("_epoch_").map(|(_, epoch)| epoch);
    epoch.is_some_and(|e| !e.is_empty() && e.bytes().all(|b| b.is_ascii_digit()))
}
