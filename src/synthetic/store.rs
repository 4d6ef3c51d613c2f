//! Runs into files, as an archive has them: many runs to a file, whole and by run id.
//!
//! What a file holds follows from the shape, and what is written from the seed and the numbers of its runs, so files are
//! written in parallel and a store that was interrupted is finished by the next call: a file is there whole or not at all.
//! A note in the folder says what is being made, so that two stores are never mixed.

use super::Shape;
use super::plan::RunPlan;
use super::run::write_run;
use super::shape::{Layout, ShapeError, Texts};
use super::text::Corpus;
use crate::trace::{Bucket, SCHEMA_VERSION, TraceError, TraceWriter};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// To be raised with every change of what is generated.
const REVISION: u32 = 1;
/// Events after which the next run goes into another file.
const FILE_EVENTS: i64 = 1_000_000;
const NOTE: &str = "synthetic.json";

/// What can go wrong with a store that is being made.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum SyntheticError {
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error(transparent)]
    Trace(#[from] TraceError),
    #[error("cannot {action} {}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("{} holds something else already", path.display())]
    NotOurs { path: PathBuf },
    #[error("{} is a generated store of another shape", path.display())]
    OtherShape { path: PathBuf },
    #[error("a store of {events} events has more runs than can be numbered")]
    TooManyRuns { events: i64 },
}

impl SyntheticError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotOurs { .. } | Self::OtherShape { .. } => {
                Some("choose another folder, or remove this one".to_owned())
            }
            Self::TooManyRuns { .. } => Some("ask for more `--events-per-run`".to_owned()),
            _ => None,
        }
    }

    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// A store that is made, or being made.
#[derive(Debug)]
pub struct SyntheticStore {
    root: PathBuf,
    shape: Shape,
    runs: u32,
    /// Events of the last run.
    cut: i64,
    files: Vec<RunFile>,
}

/// A file, and the numbers of its runs.
#[derive(Debug)]
struct RunFile {
    path: PathBuf,
    runs: Vec<u32>,
}

/// The note in the folder.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    revision: u32,
    schema_version: String,
    shape: Shape,
}

impl SyntheticStore {
    /// Says which files a store has; nothing is written.
    pub fn plan(root: &Path, shape: &Shape) -> Result<Self, SyntheticError> {
        shape.check()?;
        let mut store =
            Self { root: root.to_owned(), shape: shape.clone(), runs: 0, cut: 0, files: vec![] };
        let mut places = vec![Place::default(); Bucket::all().count()];
        let mut left = shape.events;
        while left > 0 {
            let plan = RunPlan::new(shape, store.runs);
            store.cut = plan.events().min(left);
            left -= store.cut;
            let bucket = bucket(shape, &plan.facts.run_id);
            let place = &mut places[bucket.map_or(0, |b| usize::from(b.number()))];
            if place.events >= FILE_EVENTS || place.files == 0 {
                store.files.push(RunFile { path: path(root, bucket, place.files), runs: vec![] });
                *place = Place { file: store.files.len() - 1, files: place.files + 1, events: 0 };
            }
            place.events += store.cut;
            store.files[place.file].runs.push(store.runs);
            store.runs = store
                .runs
                .checked_add(1)
                .ok_or(SyntheticError::TooManyRuns { events: shape.events })?;
        }
        store.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(store)
    }

    /// Its files, by path.
    pub fn files(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    /// How many runs it has.
    pub fn runs(&self) -> u32 {
        self.runs
    }

    /// Writes the files that are missing and says how many they were; `written` is called after each.
    pub fn write(&self, written: impl Fn() + Sync) -> Result<usize, SyntheticError> {
        self.claim()?;
        let corpus = (self.shape.texts == Texts::Real).then(|| Corpus::new(self.shape.seed));
        let missing: Vec<&RunFile> = self.files.iter().filter(|f| !f.path.exists()).collect();
        missing.par_iter().try_for_each(|file| {
            self.write_file(file, corpus.as_ref())?;
            written();
            Ok::<(), SyntheticError>(())
        })?;
        Ok(missing.len())
    }

    fn write_file(&self, file: &RunFile, corpus: Option<&Corpus>) -> Result<(), SyntheticError> {
        let mut writer = TraceWriter::create(&file.path)?;
        for number in &file.runs {
            let plan = RunPlan::new(&self.shape, *number);
            let most = if *number + 1 == self.runs { self.cut } else { i64::MAX };
            write_run(&plan, corpus, most, &mut |run, event| writer.write(run, event))?;
        }
        writer.finish(true)?;
        Ok(())
    }

    /// Makes the folder ours, or finds that it is.
    fn claim(&self) -> Result<(), SyntheticError> {
        let note = Note {
            revision: REVISION,
            schema_version: SCHEMA_VERSION.to_string(),
            shape: self.shape.clone(),
        };
        let (root, path) = (&self.root, self.root.join(NOTE));
        if path.exists() {
            let text = std::fs::read(&path).map_err(SyntheticError::io("read", &path))?;
            return match serde_json::from_slice::<Note>(&text) {
                Ok(found) if found == note => remove_partial(&self.files),
                _ => Err(SyntheticError::OtherShape { path: root.clone() }),
            };
        }
        std::fs::create_dir_all(root).map_err(SyntheticError::io("create folder", root))?;
        let mut inside = std::fs::read_dir(root).map_err(SyntheticError::io("read", root))?;
        if inside.next().is_some() {
            return Err(SyntheticError::NotOurs { path: root.clone() });
        }
        let text = serde_json::to_vec_pretty(&note).unwrap_or_default();
        let mut file = tempfile::NamedTempFile::new_in(root)
            .map_err(SyntheticError::io("create a file in", root))?;
        io::Write::write_all(&mut file, &text).map_err(SyntheticError::io("write", &path))?;
        file.persist(&path).map_err(|e| SyntheticError::io("write", &path)(e.error))?;
        Ok(())
    }
}

/// Removes what a killed call left beside the files.
fn remove_partial(files: &[RunFile]) -> Result<(), SyntheticError> {
    let mut folders: Vec<&Path> = files.iter().filter_map(|file| file.path.parent()).collect();
    folders.dedup();
    for entry in folders.into_iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten() {
        let path = entry.map_err(SyntheticError::io("read", Path::new(NOTE)))?.path();
        if path.extension().is_some_and(|e| e == "partial") {
            std::fs::remove_file(&path).map_err(SyntheticError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Where the next run of a bucket goes.
#[derive(Debug, Clone, Default)]
struct Place {
    file: usize,
    files: usize,
    events: i64,
}

/// Where a run belongs; none where all lie side by side.
fn bucket(shape: &Shape, run_id: &str) -> Option<Bucket> {
    (shape.layout == Layout::Buckets).then(|| Bucket::of(run_id))
}

fn path(root: &Path, bucket: Option<Bucket>, number: usize) -> PathBuf {
    let folder = bucket.map_or(root.to_owned(), |bucket| root.join(bucket.folder()));
    folder.join(format!("runs-{number:06}.parquet"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Store, check_file};
    use std::collections::BTreeMap;

    fn shape(events: i64) -> Shape {
        Shape { layout: Layout::Buckets, ..Shape::new(events, 9) }
    }

    fn bytes(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let store = Store::open(root).unwrap();
        let inside = |path: &Path| path.strip_prefix(root).unwrap().to_owned();
        store.files().iter().map(|f| (inside(f), std::fs::read(f).unwrap())).collect()
    }

    fn made(root: &Path, shape: &Shape, threads: usize) -> SyntheticStore {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let store = SyntheticStore::plan(root, shape).unwrap();
        assert_eq!(pool.install(|| store.write(|| ())).unwrap(), store.files().len());
        store
    }

    #[test]
    fn bytes_depend_on_the_seed_alone() {
        let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        made(folders[0].path(), &shape(6000), 1);
        made(folders[1].path(), &shape(6000), 4);
        made(folders[2].path(), &Shape { seed: 10, ..shape(6000) }, 1);
        assert!(bytes(folders[0].path()) == bytes(folders[1].path()));
        assert!(bytes(folders[0].path()) != bytes(folders[2].path()));
    }

    #[test]
    fn a_store_keeps_the_rules_and_has_the_events_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        made(folder.path(), &shape(7777), 2);
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.entries().iter().map(|e| e.run.events).sum::<u64>(), 7777);
        // The eleven published runs: 2,910,004 bytes of trace, texts included, for 5,112 rows.
        let size: u64 = bytes(folder.path()).values().map(|b| b.len() as u64).sum();
        assert!((569 * 2 / 3..569 * 3 / 2).contains(&(size / 7777)), "{} a row", size / 7777);
        for entry in store.entries() {
            let folder = Bucket::of(&entry.run.run_id).folder();
            assert!(entry.path.parent().unwrap().ends_with(folder), "{entry:?}");
        }
        for file in store.files() {
            assert_eq!(check_file(&file).unwrap(), vec![], "{}", file.display());
            let runs = crate::trace::read_footer(&file).unwrap().runs;
            assert!(runs.is_sorted_by(|a, b| a.run_id < b.run_id));
        }
    }

    #[test]
    fn an_interrupted_store_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let store = made(folder.path(), &shape(6000), 2);
        let whole = bytes(folder.path());
        let lost = &store.files()[1];
        std::fs::remove_file(lost).unwrap();
        let half = lost.with_file_name(".ramptrace-x.partial");
        std::fs::write(&half, "half").unwrap();
        assert_eq!(store.write(|| ()).unwrap(), 1);
        assert!(bytes(folder.path()) == whole && !half.exists());
        assert_eq!(store.write(|| ()).unwrap(), 0);
    }

    #[test]
    fn stores_are_not_mixed() {
        let folder = tempfile::tempdir().unwrap();
        let write = |shape| SyntheticStore::plan(folder.path(), &shape).unwrap().write(|| ());
        std::fs::write(folder.path().join("mine.txt"), "mine").unwrap();
        assert!(matches!(write(shape(600)), Err(SyntheticError::NotOurs { .. })));
        std::fs::remove_file(folder.path().join("mine.txt")).unwrap();
        assert!(write(shape(600)).is_ok());
        assert!(matches!(write(shape(601)), Err(SyntheticError::OtherShape { .. })));
    }

    #[test]
    fn extreme_shapes() {
        let one_stage = Shape { stages: 1, events_per_run: Some(20_000), ..Shape::new(20_000, 3) };
        let folder = tempfile::tempdir().unwrap();
        let store = made(&folder.path().join("one"), &one_stage, 1);
        assert_eq!((store.runs(), store.files().len()), (1, 1));
        assert_eq!(check_file(&store.files()[0]).unwrap(), vec![]);
        let empty = made(&folder.path().join("empty"), &Shape::new(0, 3), 1);
        assert_eq!((empty.runs(), empty.files().len()), (0, 0));
        for events in [1, 2, 3, 30] {
            let root = folder.path().join(events.to_string());
            made(&root, &Shape::new(events, 3), 1);
            let runs = Store::open(&root).unwrap();
            let total: u64 = runs.entries().iter().map(|e| e.run.events).sum();
            assert_eq!(total, events.unsigned_abs());
        }
        let few = Shape { events_per_run: Some(26), ..Shape::new(100, 3) };
        assert!(matches!(
            SyntheticStore::plan(folder.path(), &few),
            Err(SyntheticError::Shape(ShapeError::EventsPerRun { .. }))
        ));
    }
}
