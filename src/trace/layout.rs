//! Where the runs of a store are written: `workload=.../model=.../<run_id>.parquet`, below the folder of the run's bucket
//! when the store has buckets.
//!
//! A store keeps its layout: one with a folder `bucket=NNN` at its top is bucketed. The layout says where new runs go and
//! nothing about where runs are found; a store with both kinds of places is read whole.

use super::digest::hexadecimal;
use super::{Bucket, RunFacts, TraceError};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The layout of a store, looked up once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    bucketed: bool,
}

impl Layout {
    /// The layout of the store at `root`; of a new one, flat.
    pub fn of(root: &Path) -> Self {
        let bucketed = subfolders(root).any(|p| bucket_of(&p).is_some());
        Self { root: root.to_owned(), bucketed }
    }

    /// Gives the store at `root` buckets from now on, whoever writes to it. The folder of the first bucket, empty as it may
    /// be, is what says so.
    pub fn begin_buckets(root: &Path) -> Result<Self, TraceError> {
        let layout = Self::of(root);
        if !layout.bucketed {
            let folder =
                root.join(Bucket::all().next().into_iter().map(Bucket::folder).collect::<String>());
            std::fs::create_dir_all(&folder).map_err(TraceError::io("create folder", &folder))?;
        }
        Ok(Self { bucketed: true, ..layout })
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether new runs go to buckets.
    pub fn is_bucketed(&self) -> bool {
        self.bucketed
    }

    /// Where a run is written.
    pub fn path_of(&self, run: &RunFacts) -> PathBuf {
        let mut path = self.root.clone();
        if self.bucketed {
            path.push(Bucket::of(&run.run_id).folder());
        }
        path.push(format!("workload={}", encoded(&run.workload)));
        path.push(format!("model={}", encoded(&run.model)));
        path.push(format!("{}.parquet", encoded(&run.run_id)));
        path
    }

    /// Removes the partition folders that hold nothing, as a failed import may leave them. Best effort.
    pub fn prune(root: &Path) {
        let buckets = subfolders(root).filter(|p| bucket_of(p).is_some());
        for folder in buckets.chain([root.to_owned()]) {
            for workload in partitions(&folder, "workload=") {
                for model in partitions(&workload, "model=") {
                    // Only an empty folder can be removed this way.
                    let _ = std::fs::remove_dir(model);
                }
                let _ = std::fs::remove_dir(workload);
            }
            if folder != root {
                let _ = std::fs::remove_dir(folder);
            }
        }
    }

    /// Removes the partition folders above a file that was removed, as far as they are empty.
    pub(super) fn prune_above(root: &Path, file: &Path) {
        for folder in file.ancestors().skip(1).take_while(|folder| *folder != root) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            let partition = ["workload=", "model=", "bucket="].iter().any(|k| name.starts_with(k));
            if !partition || std::fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

/// The bucket of which a path is the folder.
pub(super) fn bucket_of(folder: &Path) -> Option<Bucket> {
    Bucket::of_folder(folder.file_name()?.to_str()?)
}

fn subfolders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|e| e.path()).filter(|p| p.is_dir())
}

fn partitions(folder: &Path, key: &str) -> Vec<PathBuf> {
    let named = |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(key));
    subfolders(folder).filter(named).collect()
}

/// A name that every file system and hive reader takes: other bytes than letters, digits, `.`, `_` and `-` are
/// percent-encoded, and so is a leading dot or underscore, which Spark passes over in silence; an over-long name is cut and told apart by a hash.
pub(crate) fn encoded(name: &str) -> String {
    let mut out = String::new();
    for (i, byte) in name.bytes().enumerate() {
        let plain =
            byte.is_ascii_alphanumeric() || byte == b'-' || (matches!(byte, b'.' | b'_') && i > 0);
        if plain {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    if out.is_empty() {
        // No encoded byte gives a lone percent sign.
        return "%".to_owned();
    }
    if out.len() > 180 {
        let hash = Sha256::digest(name.as_bytes());
        return out.chars().take(150).collect::<String>() + &hexadecimal(&hash[..8]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_root_and_apart() {
        assert_eq!(encoded("deepseek-v4.1_x"), "deepseek-v4.1_x");
        assert_eq!(encoded("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(encoded("_run"), "%5Frun");
        assert_eq!(encoded(""), "%");
        assert_eq!(encoded("\0"), "%00");
        assert_eq!(encoded("a b"), "a%20b");
        let (long, longer) = ("x".repeat(500), "x".repeat(501));
        assert!(encoded(&long).len() < 200);
        assert_ne!(encoded(&long), encoded(&longer));
    }
}
