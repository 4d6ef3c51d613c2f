//! The trace files of a store, with what their footers say.
//!
//! A folder is listed before and after its footers are read, until both lists are equal: whoever compacts the store
//! meanwhile gives new files their names before it removes old ones, so that a single list could miss both.

use super::layout::bucket_of;
use super::{Bucket, Footer, Packing, RunEntry, SCHEMA_VERSION, Shard, TraceError, read_footer};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How often a store that never rests is listed.
const ROUNDS: usize = 16;

/// A trace file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TraceFile {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) modified: Option<SystemTime>,
    /// Whether it has columns that this release does not know.
    pub(super) newer: bool,
    pub(super) packing: Packing,
    /// Its runs, in the order of their rows.
    pub(super) runs: Vec<RunEntry>,
}

impl TraceFile {
    pub(super) fn read(path: &Path) -> Result<Self, TraceError> {
        let (bytes, modified) = state(path)?;
        let Footer { schema_version, packing, runs, .. } = read_footer(path)?;
        let newer = schema_version > SCHEMA_VERSION;
        Ok(Self { path: path.to_owned(), bytes, modified, newer, packing, runs })
    }

    /// Whether the file is still the one that was read.
    pub(super) fn is_unchanged(&self) -> bool {
        state(&self.path).is_ok_and(|now| now == (self.bytes, self.modified))
    }

    /// The bucket that it belongs in: that of its first run.
    pub(super) fn bucket(&self) -> Option<Bucket> {
        self.runs.first().map(|run| Bucket::of(&run.run_id))
    }

    /// The bucket in whose folder it is, at the top of the store at `root`.
    pub(super) fn folder(&self, root: &Path) -> Option<Bucket> {
        let mut below = self.path.strip_prefix(root).ok()?.components();
        let top = below.next()?;
        below.next()?;
        bucket_of(top.as_ref())
    }
}

fn state(path: &Path) -> Result<(u64, Option<SystemTime>), TraceError> {
    let metadata = std::fs::metadata(path).map_err(TraceError::io("read", path))?;
    Ok((metadata.len(), metadata.modified().ok()))
}

/// All files of a file, folder or glob, by path.
pub(super) fn files(path: &Path) -> Result<Vec<TraceFile>, TraceError> {
    read_all(&mut BTreeMap::new(), || paths(path, &|_| true))
}

/// The files of the store at `path` that are needed to know what belongs in a shard: those outside of buckets, those in
/// the buckets of the shard, and, for a file that holds runs of several buckets, those in the others of these.
pub(super) fn files_for(path: &Path, shard: Shard) -> Result<Vec<TraceFile>, TraceError> {
    let mut wanted: BTreeSet<Bucket> = shard.buckets().collect();
    let mut read = BTreeMap::new();
    loop {
        let files = read_all(&mut read, || paths(path, &|bucket| wanted.contains(&bucket)))?;
        let before = wanted.len();
        for file in &files {
            misplaced(path, file)?;
            let buckets = || file.runs.iter().map(|run| Bucket::of(&run.run_id));
            if file.runs.len() > 1 && buckets().any(|bucket| wanted.contains(&bucket)) {
                wanted.extend(buckets());
            }
        }
        if wanted.len() == before {
            return Ok(files);
        }
        read.extend(files.into_iter().map(|file| (file.path.clone(), Ok(file))));
    }
}

/// A file in the folder of a bucket that holds runs of another would be missed by the shard that looks for them.
fn misplaced(root: &Path, file: &TraceFile) -> Result<(), TraceError> {
    let Some(folder) = file.folder(root) else { return Ok(()) };
    let stray = file.runs.iter().find(|run| Bucket::of(&run.run_id) != folder);
    stray.map_or(Ok(()), |run| {
        Err(TraceError::Misplaced {
            path: file.path.clone(),
            run_id: run.run_id.clone(),
            belongs: Bucket::of(&run.run_id),
        })
    })
}

fn read_all(
    read: &mut BTreeMap<PathBuf, Result<TraceFile, TraceError>>,
    list: impl Fn() -> Result<Vec<PathBuf>, TraceError>,
) -> Result<Vec<TraceFile>, TraceError> {
    let mut paths = list()?;
    for _ in 0..ROUNDS {
        let new: Vec<PathBuf> = paths.iter().filter(|p| !read.contains_key(*p)).cloned().collect();
        let files: Vec<_> = new.par_iter().map(|path| TraceFile::read(path)).collect();
        read.extend(new.into_iter().zip(files));
        let again = list()?;
        let rested = again == paths;
        paths = again;
        if rested {
            break;
        }
    }
    paths.iter().filter_map(|path| read.remove(path)).collect()
}

/// The Parquet files of a path, sorted; a file stands for itself. Hidden and partial files are passed over, and so are the
/// folders of buckets at the top that are not wanted.
fn paths(path: &Path, wanted: &dyn Fn(Bucket) -> bool) -> Result<Vec<PathBuf>, TraceError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let text = path.to_string_lossy();
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &|folder| bucket_of(folder).is_none_or(wanted), &mut files)?;
    } else if text.contains(['*', '?', '[']) {
        let pattern =
            glob::glob(&text).map_err(|_| TraceError::NotFound { path: path.to_owned() })?;
        for found in pattern.flatten() {
            if found.is_dir() {
                walk(&found, &|_| true, &mut files)?;
            } else {
                files.push(found);
            }
        }
        if files.is_empty() {
            return Err(TraceError::NotFound { path: path.to_owned() });
        }
    } else if path.extension().is_some_and(|e| e == "parquet") {
        return Err(TraceError::NotFound { path: path.to_owned() });
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// Folders directly below `folder` are asked for, the ones below these are not.
fn walk(
    folder: &Path,
    wanted: &dyn Fn(&Path) -> bool,
    files: &mut Vec<PathBuf>,
) -> Result<(), TraceError> {
    for entry in std::fs::read_dir(folder).map_err(TraceError::io("read folder", folder))? {
        let path = entry.map_err(TraceError::io("read folder", folder))?.path();
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            if wanted(&path) {
                match walk(&path, &|_| true, files) {
                    // Removed since it was listed.
                    Err(TraceError::Io { path: gone, .. }) if !gone.exists() => {}
                    other => other?,
                }
            }
        } else if path.extension().is_some_and(|e| e == "parquet") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Kind, RunFacts, Store, TraceWriter};
    use super::*;

    fn write(path: &Path, runs: &[&str]) {
        let mut writer = TraceWriter::create(path).unwrap();
        for run in runs {
            let facts = RunFacts { run_id: (*run).to_owned(), ..RunFacts::default() };
            writer.write(&facts, &Event::new(Kind::RunEnd)).unwrap();
        }
        writer.finish(false).unwrap();
    }

    fn runs_of(root: &Path, shard: &str) -> Vec<String> {
        let store = Store::open_shard(root, shard.parse().unwrap()).unwrap();
        store.entries().iter().map(|entry| entry.run.run_id.clone()).collect()
    }

    #[test]
    fn a_shard_does_not_look_into_other_buckets() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        // Bucket 202 is `a`, 69 is `r`.
        write(&root.join("bucket=202/runs-1.parquet"), &["a"]);
        write(&root.join("loose.parquet"), &["r"]);
        std::fs::create_dir(root.join("bucket=003")).unwrap();
        std::fs::write(root.join("bucket=003/broken.parquet"), "no Parquet").unwrap();
        assert_eq!(runs_of(root, "0/2"), ["a"]);
        assert_eq!(runs_of(root, "202/256"), ["a"]);
        assert_eq!(runs_of(root, "69/256"), ["r"]);
        assert!(runs_of(root, "70/256").is_empty());
        let error = Store::open_shard(root, "1/2".parse().unwrap()).unwrap_err();
        assert!(matches!(error, TraceError::NotParquet { .. }), "{error}");
    }

    #[test]
    fn a_run_in_the_folder_of_another_bucket_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(&root.join("bucket=003/x.parquet"), &["a"]);
        assert_eq!(Store::open(root).unwrap().entries().len(), 1);
        let error = Store::open_shard(root, "3/4".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "{}: run `a` is of another bucket",
                root.join("bucket=003/x.parquet").display()
            )
        );
        assert!(error.hint().unwrap().contains("bucket=202/"));
    }

    #[test]
    fn a_store_that_changes_while_it_is_listed_is_listed_again() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        write(&root.join("old.parquet"), &["a"]);
        let calls = std::cell::Cell::new(0);
        let found = read_all(&mut BTreeMap::new(), || {
            calls.set(calls.get() + 1);
            match calls.get() {
                // A list that was begun before the new file had its name and ended when the old one was gone.
                1 => {
                    write(&root.join("new.parquet"), &["a"]);
                    std::fs::remove_file(root.join("old.parquet")).unwrap();
                    Ok(Vec::new())
                }
                _ => paths(root, &|_| true),
            }
        });
        let found: Vec<PathBuf> = found.unwrap().into_iter().map(|file| file.path).collect();
        assert_eq!(found, [root.join("new.parquet")]);
        assert_eq!(calls.get(), 3);
        // A file that was listed and is gone when it is read.
        calls.set(0);
        let found = read_all(&mut BTreeMap::new(), || {
            calls.set(calls.get() + 1);
            let gone = (calls.get() == 1).then(|| root.join("gone.parquet"));
            Ok(gone.into_iter().chain(paths(root, &|_| true)?).collect())
        });
        assert_eq!(found.unwrap().len(), 1);
    }
}
