//! A store: a folder of traces, hive-partitioned as `workload=.../model=.../<run_id>.parquet`.
//!
//! The folder is the only state; listing reads footers. Any Parquet below the folder that is a trace belongs to the
//! store, whatever its name, so stores can be merged by copying. Two different traces with one run id are refused.

use super::{
    Event, RunEntry, RunFacts, SealedTrace, TableFiles, TraceError, TraceWriter, Written,
    read_footer,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The traces of a file or folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    entries: Vec<StoreEntry>,
    /// The tables of a rollup that stands for the store.
    tables: Option<TableFiles>,
}

/// One run of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreEntry {
    /// The file that holds it.
    pub path: PathBuf,
    /// What its footer says.
    pub run: RunEntry,
    /// Size of the file in bytes.
    pub bytes: u64,
}

impl Store {
    /// Opens a trace file, a folder of traces, or a glob (`store/**/*.parquet`); every file must be a readable trace.
    /// A path without any trace is an error.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let is_glob = path.to_string_lossy().contains(['*', '?', '[']);
        if !path.exists() && !is_glob {
            return Err(TraceError::NotFound { path: path.to_owned() });
        }
        let store = Self::open_or_empty(path)?;
        if store.entries.is_empty() {
            return Err(TraceError::Empty { path: path.to_owned() });
        }
        Ok(store)
    }

    /// Like [`Self::open`], but a folder may be empty or missing.
    pub fn open_or_empty(path: &Path) -> Result<Self, TraceError> {
        let tables = TableFiles::find(path)?;
        let mut entries = match &tables {
            Some(tables) => tables.entries()?,
            None => Vec::new(),
        };
        let files = if tables.is_some() { Vec::new() } else { trace_files(path)? };
        for file in files {
            let bytes = std::fs::metadata(&file).map_err(TraceError::io("read", &file))?.len();
            for run in read_footer(&file)?.runs {
                entries.push(StoreEntry { path: file.clone(), run, bytes });
            }
        }
        entries.sort_by(|a, b| (&a.run.run_id, &a.path).cmp(&(&b.run.run_id, &b.path)));
        if let Some([a, b]) = entries.array_windows().find(|[a, b]| a.run.run_id == b.run.run_id) {
            return Err(TraceError::Duplicate {
                run_id: a.run.run_id.clone(),
                first: a.path.clone(),
                second: b.path.clone(),
            });
        }
        Ok(Self { root: path.to_owned(), entries, tables })
    }

    /// The path it was opened with.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it is a rollup, which has tables and no events.
    pub const fn is_rollup(&self) -> bool {
        self.tables.is_some()
    }

    /// Its runs, by run id.
    pub fn entries(&self) -> &[StoreEntry] {
        &self.entries
    }

    /// Its files, each once, by path; those of the tables where it is a rollup.
    pub fn files(&self) -> Vec<PathBuf> {
        if let Some(tables) = &self.tables {
            return tables.files();
        }
        let mut files: Vec<PathBuf> = self.entries.iter().map(|e| e.path.clone()).collect();
        files.sort();
        files.dedup();
        files
    }

    /// The hash of every run's rows, by run id: from the footer, or, in files of early writers, a hash of the file and the
    /// run's name.
    pub fn trace_hashes(&self) -> Result<BTreeMap<String, String>, TraceError> {
        let mut files: BTreeMap<&Path, Sha256> = BTreeMap::new();
        let mut hashes = BTreeMap::new();
        for entry in &self.entries {
            let hash = if let Some(hash) = &entry.run.sha256 {
                hash.clone()
            } else {
                if !files.contains_key(entry.path.as_path()) {
                    let bytes =
                        std::fs::read(&entry.path).map_err(TraceError::io("read", &entry.path))?;
                    files.insert(&entry.path, Sha256::new().chain_update(&bytes));
                }
                let file = files.get(entry.path.as_path()).cloned().unwrap_or_default();
                hexadecimal(&file.chain_update(&entry.run.run_id).finalize())
            };
            hashes.insert(entry.run.run_id.clone(), hash);
        }
        Ok(hashes)
    }

    /// Finds a run by its id, a unique prefix or part of it, or `latest` (the one that started last).
    pub fn find(&self, selector: &str) -> Result<&StoreEntry, TraceError> {
        if selector == "latest" {
            let latest = self.entries.iter().max_by_key(|e| (e.run.started_us, &e.run.run_id));
            return latest.ok_or_else(|| TraceError::Empty { path: self.root.clone() });
        }
        if let Some(exact) = self.entries.iter().find(|e| e.run.run_id == selector) {
            return Ok(exact);
        }
        let matching = |test: &dyn Fn(&str) -> bool| -> Vec<&StoreEntry> {
            self.entries.iter().filter(|e| test(&e.run.run_id)).collect()
        };
        let mut found = matching(&|id| id.starts_with(selector));
        if found.is_empty() {
            found = matching(&|id| id.contains(selector));
        }
        match found.as_slice() {
            [one] => Ok(one),
            [] => Err(TraceError::NoSuchRun {
                selector: selector.to_owned(),
                similar: self.similar(selector),
            }),
            many => Err(TraceError::Ambiguous {
                selector: selector.to_owned(),
                matches: many.iter().map(|e| e.run.run_id.clone()).collect(),
            }),
        }
    }

    /// The name of a run as that of a file or folder, as stores write it.
    pub fn file_name(run_id: &str) -> String {
        encoded(run_id)
    }

    /// Where a run of the store at `root` is written.
    pub fn path_of(root: &Path, run: &RunFacts) -> PathBuf {
        root.join(partition_path(run))
    }

    /// Writes a run for the store at `root`, without publishing it.
    pub fn seal(root: &Path, run: &RunFacts, events: &[Event]) -> Result<SealedTrace, TraceError> {
        let mut writer = TraceWriter::create(&Self::path_of(root, run))?;
        for event in events {
            writer.write(run, event)?;
        }
        writer.seal()
    }

    /// Publishes a sealed run. The same trace again is left alone; another trace of the same run, wherever it is in the
    /// store, is an error, or is replaced with `replace`. `known` are the runs of the store.
    pub fn publish(
        sealed: SealedTrace,
        run_id: &str,
        known: &BTreeMap<String, PathBuf>,
        replace: bool,
    ) -> Result<Written, TraceError> {
        let elsewhere = known.get(run_id).filter(|p| *p != sealed.path());
        if let (Some(existing), false) = (elsewhere, replace) {
            return Err(TraceError::Conflict {
                run_id: run_id.to_owned(),
                existing: existing.clone(),
            });
        }
        let written = sealed.publish(replace)?;
        if let Some(existing) = elsewhere {
            std::fs::remove_file(existing).map_err(TraceError::io("remove", existing))?;
        }
        Ok(written)
    }

    /// Removes the partition folders below `root` that hold nothing, as a failed import may leave them, and the root itself
    /// when `made` says that the import made it. Best effort.
    pub fn prune(root: &Path, made: bool) {
        let partitions = |folder: &Path, key: &str| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let named =
                |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(key));
            entries.map(|e| e.path()).filter(|p| p.is_dir() && named(p)).collect()
        };
        for workload in partitions(root, "workload=") {
            for model in partitions(&workload, "model=") {
                // Only an empty folder can be removed this way.
                let _ = std::fs::remove_dir(model);
            }
            let _ = std::fs::remove_dir(workload);
        }
        if made {
            let _ = std::fs::remove_dir(root);
        }
    }

    /// Run ids with their files, as [`Self::publish`] wants them.
    pub fn known_runs(&self) -> BTreeMap<String, PathBuf> {
        self.entries.iter().map(|e| (e.run.run_id.clone(), e.path.clone())).collect()
    }

    /// Up to three run ids close to what was typed.
    fn similar(&self, typed: &str) -> Vec<String> {
        let mut scored: Vec<(usize, &str)> = self
            .entries
            .iter()
            .map(|e| (word_distance(typed, &e.run.run_id), e.run.run_id.as_str()))
            .filter(|(d, _)| *d <= 1 + typed.len() / 4)
            .collect();
        scored.sort_unstable();
        scored.into_iter().take(3).map(|(_, id)| id.to_owned()).collect()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Where a run lives below the root of a store.
fn partition_path(run: &RunFacts) -> PathBuf {
    PathBuf::from(format!("workload={}", encoded(&run.workload)))
        .join(format!("model={}", encoded(&run.model)))
        .join(format!("{}.parquet", encoded(&run.run_id)))
}

/// A name that every file system and hive reader takes: other bytes than letters, digits, `.`, `_` and `-` are
/// percent-encoded, and so is a leading dot; an over-long name is cut and told apart by a hash.
pub(crate) fn encoded(name: &str) -> String {
    let mut out = String::new();
    for (i, byte) in name.bytes().enumerate() {
        let plain =
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (byte == b'.' && i > 0);
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
        let mut cut = out.chars().take(150).collect::<String>();
        for byte in &hash[..8] {
            let _ = write!(cut, "{byte:02x}");
        }
        return cut;
    }
    out
}

/// The Parquet files of a path, sorted; a file stands for itself. Hidden and partial files are passed over.
fn trace_files(path: &Path) -> Result<Vec<PathBuf>, TraceError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let text = path.to_string_lossy();
    let mut files = Vec::new();
    if path.is_dir() {
        walk(path, &mut files)?;
    } else if text.contains(['*', '?', '[']) {
        let pattern =
            glob::glob(&text).map_err(|_| TraceError::NotFound { path: path.to_owned() })?;
        for found in pattern.flatten() {
            if found.is_dir() {
                walk(&found, &mut files)?;
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

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), TraceError> {
    for entry in std::fs::read_dir(folder).map_err(TraceError::io("read folder", folder))? {
        let path = entry.map_err(TraceError::io("read folder", folder))?.path();
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "parquet") {
            files.push(path);
        }
    }
    Ok(())
}

/// The fewest edits that turn `typed` into some part of `id` (Sellers 1980): a typo inside a long id is close.
fn word_distance(typed: &str, id: &str) -> usize {
    let typed: Vec<char> = typed.chars().collect();
    let mut column: Vec<usize> = (0..=typed.len()).collect();
    let mut best = typed.len();
    for c in id.chars() {
        let mut diagonal = column[0];
        for (i, t) in typed.iter().enumerate() {
            let substituted = diagonal + usize::from(*t != c);
            diagonal = column[i + 1];
            column[i + 1] = substituted.min(column[i] + 1).min(column[i + 1] + 1);
        }
        best = best.min(column[typed.len()]);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_root_and_apart() {
        assert_eq!(encoded("deepseek-v4.1_x"), "deepseek-v4.1_x");
        assert_eq!(encoded("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd");
        assert_eq!(encoded(""), "%");
        assert_eq!(encoded("\0"), "%00");
        assert_eq!(encoded("a b"), "a%20b");
        let (long, longer) = ("x".repeat(500), "x".repeat(501));
        assert!(encoded(&long).len() < 200);
        assert_ne!(encoded(&long), encoded(&longer));
    }

    #[test]
    fn a_typo_inside_a_long_id_is_close() {
        assert_eq!(word_distance("kimi-k25", "engineer-openhand-500-kimi-k2.5-tasks-0-5"), 1);
        assert_eq!(word_distance("", "abc"), 0);
        assert_eq!(word_distance("abc", ""), 3);
    }
}
