//! Many small files of a store become few large ones, one or more per bucket: `bucket=NNN/runs-<hash>.parquet`.
//!
//! Buckets are done one after the other, each in three steps: its new files are written out of sight, all of them get
//! their names, the old ones are removed. A kill at any moment leaves whole files only, and a store that is opened reads
//! each run once (see `cover`); doing it again finishes the work. A file that holds runs of several buckets ties these
//! together. Files in the folder of their bucket that were merged before stay, unless they are short and there is
//! something to add, or are to be packed smaller.

use super::cover::cover;
use super::folder::{StoreLock, sync_folder};
use super::layout::Layout;
use super::listing::{TraceFile, files};
use super::merge::{FILE_BYTES, Place, has_merged_name, merge, places};
use super::{Bucket, Packing, SealedTrace, TraceError};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Files that are written at once, at most: each needs some hundred megabytes of memory.
const WRITERS: usize = 4;

/// What is to be done to compact a store. As long as it lives, no other process replaces files of the store.
#[derive(Debug)]
pub struct Compaction {
    root: PathBuf,
    packing: Packing,
    file_bytes: u64,
    /// Files whose runs are all in others.
    copies: Vec<TraceFile>,
    parts: Vec<Part>,
    before: Extent,
    left: Left,
    _lock: StoreLock,
}

/// Files that are merged together.
#[derive(Debug, Default)]
struct Part {
    sources: Vec<TraceFile>,
}

/// How much a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Trace files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
    /// Runs; a copy does not count.
    pub runs: u64,
}

/// Files that are not merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// Files of early writers, which do not say the hashes of their runs.
    pub unhashed: u64,
    /// Files with columns that this release does not know.
    pub newer: u64,
}

/// One change of the store. After each of them, every run can be read once.
#[derive(Debug)]
enum Step {
    /// A file of so many bytes.
    Remove(PathBuf, u64),
    /// A new file, or one in the place of a source with the same runs.
    Publish {
        sealed: SealedTrace,
        replace: bool,
    },
    Sync(PathBuf),
}

impl Compaction {
    /// Looks at the store at `root`, and locks it. Files are to be packed like this at least: what is packed smaller stays
    /// so.
    pub fn plan(root: &Path, packing: Packing) -> Result<Self, TraceError> {
        Self::with_file_bytes(root, packing, FILE_BYTES)
    }

    fn with_file_bytes(root: &Path, packing: Packing, file_bytes: u64) -> Result<Self, TraceError> {
        let lock = StoreLock::take(root)?;
        let all = files(root)?;
        let kept = cover(&all)?;
        let mut plan = Self {
            root: root.to_owned(),
            packing,
            file_bytes,
            copies: Vec::new(),
            parts: Vec::new(),
            before: Extent::default(),
            left: Left::default(),
            _lock: lock,
        };
        let (mut loose, mut short) = (Vec::new(), Vec::new());
        for (file, kept) in all.into_iter().zip(kept) {
            plan.before.files += 1;
            plan.before.bytes += file.bytes;
            if !kept {
                plan.copies.push(file);
                continue;
            }
            plan.before.runs += file.runs.len() as u64;
            if file.runs.iter().any(|run| run.sha256.is_none()) {
                plan.left.unhashed += 1;
            } else if file.newer {
                plan.left.newer += 1;
            } else if !is_merged(root, &file) || file.packing < packing {
                loose.push(file);
            } else if file.bytes < file_bytes / 2 {
                short.push(file);
            }
        }
        loose.retain(|file| !file.runs.is_empty());
        plan.parts = parts(loose, short);
        Ok(plan)
    }

    /// What the store held when it was looked at.
    pub fn before(&self) -> Extent {
        self.before
    }

    /// Files that are no longer needed, because their runs are in others.
    pub fn copies(&self) -> usize {
        self.copies.len()
    }

    /// Files that are to be merged.
    pub fn sources(&self) -> usize {
        self.parts.iter().map(|part| part.sources.len()).sum()
    }

    /// What stays as it is.
    pub fn left(&self) -> Left {
        self.left
    }

    /// Does it, and gives what the store holds then. `done` is called for every file that has been merged.
    pub fn run(self, done: impl Fn() + Sync) -> Result<Extent, TraceError> {
        // Left by one that was killed: nobody else works here.
        let staging = staging(&self.root);
        if staging.exists() {
            std::fs::remove_dir_all(&staging).map_err(TraceError::io("remove", &staging))?;
        }
        let mut gone = Vec::new();
        let mut after = self.before;
        for step in drop_copies(&self.copies) {
            step.take(&mut after, &mut gone)?;
        }
        let threads = rayon::current_num_threads().min(WRITERS);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| {
            TraceError::io("start threads for", &self.root)(std::io::Error::other(e))
        })?;
        let outcome = Mutex::new((after, gone));
        let results: Vec<Result<(), TraceError>> = pool.install(|| {
            let parts = self.parts.par_iter().map(|part| {
                let steps = part.steps(&self.root, &staging, self.packing, self.file_bytes)?;
                let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                let (after, gone) = &mut *outcome;
                steps.into_iter().try_for_each(|step| step.take(after, gone))?;
                part.sources.iter().for_each(|_| done());
                Ok(())
            });
            parts.collect()
        });
        let (after, gone) = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        for file in &gone {
            Layout::prune_above(&self.root, file);
        }
        Layout::prune(&self.root);
        for folder in staging.ancestors().take(2) {
            // Only an empty folder can be removed this way.
            let _ = std::fs::remove_dir(folder);
        }
        results.into_iter().collect::<Result<(), TraceError>>()?;
        Ok(after)
    }
}

impl Part {
    /// Writes the new files, and says what makes them take the place of the old ones.
    fn steps(
        &self,
        root: &Path,
        staging: &Path,
        packing: Packing,
        file_bytes: u64,
    ) -> Result<Vec<Step>, TraceError> {
        let mut runs: BTreeMap<Bucket, Vec<Place<'_>>> = BTreeMap::new();
        for place in self.sources.iter().flat_map(places) {
            runs.entry(Bucket::of(&place.run.run_id)).or_default().push(place);
        }
        let merged: Vec<Result<(PathBuf, Vec<SealedTrace>), TraceError>> = runs
            .into_par_iter()
            .map(|(bucket, mut runs)| {
                runs.sort_by(|a, b| a.run.run_id.cmp(&b.run.run_id));
                let folder = root.join(bucket.folder());
                Ok((folder.clone(), merge(&runs, &folder, staging, packing, file_bytes)?))
            })
            .collect();
        let (mut steps, mut folders, mut names) = (Vec::new(), Vec::new(), BTreeSet::new());
        for result in merged {
            let (folder, sealed) = result?;
            names.extend(sealed.iter().map(|sealed| sealed.path().to_owned()));
            steps.extend(sealed.into_iter().map(|sealed| {
                let replace = self.sources.iter().any(|file| file.path == sealed.path());
                Step::Publish { sealed, replace }
            }));
            folders.push(folder);
        }
        if let Some(changed) = self.sources.iter().find(|file| !file.is_unchanged()) {
            return Err(TraceError::Changed { path: changed.path.clone() });
        }
        steps.extend(folders.into_iter().chain([root.to_owned()]).map(Step::Sync));
        // What comes out as it went in keeps its name.
        let old = self.sources.iter().filter(|file| !names.contains(&file.path));
        steps.extend(old.map(Step::removal));
        Ok(steps)
    }
}

impl Step {
    fn removal(file: &TraceFile) -> Self {
        Self::Remove(file.path.clone(), file.bytes)
    }

    /// Changes the store, and notes how much it holds then and which files are gone.
    fn take(self, now: &mut Extent, gone: &mut Vec<PathBuf>) -> Result<(), TraceError> {
        match self {
            Self::Publish { sealed, replace } => {
                let path = sealed.path().to_owned();
                let folder = path.parent().unwrap_or(Path::new("."));
                std::fs::create_dir_all(folder).map_err(TraceError::io("create folder", folder))?;
                let size = || std::fs::metadata(&path).map(|metadata| metadata.len());
                let before = size().ok();
                sealed.publish(replace)?;
                now.files += u64::from(before.is_none());
                now.bytes -= before.unwrap_or(0);
                now.bytes += size().map_err(TraceError::io("read", &path))?;
            }
            Self::Sync(folder) => {
                sync_folder(&folder).map_err(TraceError::io("sync folder", &folder))?;
            }
            Self::Remove(path, bytes) => {
                std::fs::remove_file(&path).map_err(TraceError::io("remove", &path))?;
                now.files -= 1;
                now.bytes -= bytes;
                gone.push(path);
            }
        }
        Ok(())
    }
}

/// Where files are until they get their names.
fn staging(root: &Path) -> PathBuf {
    root.join(".ramptrace").join("compact")
}

/// Copies go first and for good: with new files beside them, nobody could say any more who is a copy of whom.
fn drop_copies(copies: &[TraceFile]) -> Vec<Step> {
    let folders: BTreeSet<&Path> = copies.iter().filter_map(|file| file.path.parent()).collect();
    let folders = folders.into_iter().map(|folder| Step::Sync(folder.to_owned()));
    copies.iter().map(Step::removal).chain(folders).collect()
}

/// Whether a file is in the folder of its bucket, under the name of a merged one.
fn is_merged(root: &Path, file: &TraceFile) -> bool {
    file.folder(root).is_some_and(|bucket| {
        file.path.parent() == Some(&root.join(bucket.folder()))
            && has_merged_name(&file.path)
            && file.runs.iter().all(|run| Bucket::of(&run.run_id) == bucket)
    })
}

/// Loose files by the buckets that they tie together, with the short merged files that these have.
fn parts(loose: Vec<TraceFile>, short: Vec<TraceFile>) -> Vec<Part> {
    let buckets = |file: &TraceFile| -> BTreeSet<Bucket> {
        file.runs.iter().map(|run| Bucket::of(&run.run_id)).collect()
    };
    // The least bucket that each one is tied to.
    let mut tied: BTreeMap<Bucket, Bucket> = Bucket::all().map(|b| (b, b)).collect();
    for several in loose.iter().map(buckets).filter(|several| several.len() > 1) {
        let ends: BTreeSet<Bucket> = several.iter().map(|bucket| tied[bucket]).collect();
        if let Some(least) = ends.first() {
            tied.values_mut().filter(|end| ends.contains(end)).for_each(|end| *end = *least);
        }
    }
    let part_of = |file: &TraceFile| file.bucket().map(|bucket| tied[&bucket]);
    let mut parts: BTreeMap<Bucket, Part> = BTreeMap::new();
    let touched: BTreeSet<Bucket> = loose.iter().flat_map(buckets).collect();
    for file in loose {
        if let Some(part) = part_of(&file) {
            parts.entry(part).or_default().sources.push(file);
        }
    }
    for file in short {
        let addition = file.bucket().is_some_and(|bucket| touched.contains(&bucket));
        if let Some(part) = part_of(&file).and_then(|part| parts.get_mut(&part))
            && addition
        {
            part.sources.push(file);
        }
    }
    parts.into_values().collect()
}

#[cfg(test)]
#[path = "compact_tests.rs"]
mod tests;
