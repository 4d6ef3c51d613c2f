//! A store: a folder of traces, hive-partitioned, one file a run or compacted.
//!
//! The folder is the only state; listing reads footers. Any Parquet below the folder that is a trace belongs to the
//! store, whatever its name, so stores can be merged by copying. The same trace in two files is read once; two different
//! traces with one run id are refused.

use super::cover::cover;
use super::digest::hexadecimal;
use super::layout::encoded;
use super::listing::{TraceFile, files, files_for};
use super::{Layout, RunEntry, Shard, TableFiles, TraceError, TraceReader};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
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
    /// The row of the file at which the run begins.
    pub first_row: u64,
    /// Whether the file holds no other run.
    pub alone: bool,
}

impl StoreEntry {
    /// The events of the run. Rows of others may be among them, when the file does not keep what it says of itself.
    pub fn events(&self) -> Result<TraceReader, TraceError> {
        if self.alone {
            return TraceReader::open(&self.path);
        }
        let end = self.first_row.saturating_add(self.run.events);
        TraceReader::open_window(&self.path, self.first_row..end)
    }
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
        if let Some(tables) = TableFiles::find(path)? {
            let entries = in_order(tables.entries()?)?;
            return Ok(Self { root: path.to_owned(), entries, tables: Some(tables) });
        }
        Self::covered(path, files(path)?, |_| true)
    }

    /// The runs of a shard only; there may be none. Folders of other buckets are not looked into as long as no file
    /// outside of buckets holds runs of several. A file belongs to the bucket of its first run.
    pub fn open_shard(path: &Path, shard: Shard) -> Result<Self, TraceError> {
        if !path.exists() {
            return Err(TraceError::NotFound { path: path.to_owned() });
        }
        let belongs = |file: &TraceFile| file.bucket().is_some_and(|b| shard.contains(b));
        Self::covered(path, files_for(path, shard)?, belongs)
    }

    /// The runs of those files that are read, as far as they belong here.
    fn covered(
        root: &Path,
        files: Vec<TraceFile>,
        belongs: impl Fn(&TraceFile) -> bool,
    ) -> Result<Self, TraceError> {
        let kept = cover(&files)?;
        let mut entries = Vec::new();
        for (file, kept) in files.into_iter().zip(kept) {
            if !kept || !belongs(&file) {
                continue;
            }
            let alone = file.runs.len() == 1;
            let mut first_row = 0;
            for run in file.runs {
                let (path, bytes) = (file.path.clone(), file.bytes);
                let next = run.events.saturating_add(first_row);
                entries.push(StoreEntry { path, run, bytes, first_row, alone });
                first_row = next;
            }
        }
        Ok(Self { root: root.to_owned(), entries: in_order(entries)?, tables: None })
    }

    /// Where its new runs are written.
    pub fn layout(&self) -> Layout {
        Layout::of(&self.root)
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

/// The runs by id, each once.
fn in_order(mut entries: Vec<StoreEntry>) -> Result<Vec<StoreEntry>, TraceError> {
    entries.sort_by(|a, b| a.run.run_id.cmp(&b.run.run_id));
    if let Some([a, b]) = entries.array_windows().find(|[a, b]| a.run.run_id == b.run.run_id) {
        return Err(TraceError::Duplicate {
            run_id: a.run.run_id.clone(),
            first: a.path.clone(),
            second: b.path.clone(),
            others: true,
        });
    }
    Ok(entries)
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
    fn a_typo_inside_a_long_id_is_close() {
        assert_eq!(word_distance("kimi-k25", "engineer-openhand-500-kimi-k2.5-tasks-0-5"), 1);
        assert_eq!(word_distance("", "abc"), 0);
        assert_eq!(word_distance("abc", ""), 3);
    }
}
