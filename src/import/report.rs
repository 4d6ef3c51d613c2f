//! The account of one imported run: every record of the source is in one of its counts.

use super::ImportError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Entries of a list that are kept; the counts are of all.
const LISTED: usize = 1000;

/// What became of the records of one run.
///
/// `records_read` = `records_used` + those that were merged, duplicates, skipped, unknown and rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Run.
    pub run_id: String,
    /// Name of the format.
    pub format: String,
    /// The file or folder it came from.
    pub source: PathBuf,
    /// Records read: lines, messages, steps, events, usage entries, table rows.
    pub records_read: u64,
    /// Records that became rows of the trace, one or more each, or facts of the run.
    pub records_used: u64,
    /// Rows of the trace.
    pub events_written: u64,
    /// Records that became part of another record's row, by reason.
    pub merged: BTreeMap<String, u64>,
    /// Records that say again what another one says, and are counted once, by reason.
    pub duplicates: BTreeMap<String, u64>,
    /// The first duplicates, each with what it repeats.
    pub dup_of: Vec<Duplicate>,
    /// Records that are known and carry nothing of the run, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Records of a kind that is not known, by kind. They are lost.
    pub unknown: BTreeMap<String, u64>,
    /// How many records could not be read. They are lost.
    pub rejected_records: u64,
    /// How many single values of records that are used could not be read, and are unknown.
    pub rejected_values: u64,
    /// The first records and values that could not be read.
    pub rejected: Vec<Rejected>,
    /// Fields that have no column, by name, and in how many records; they are kept as attributes.
    pub fields_without_column: BTreeMap<String, u64>,
    /// Things a user should know about this run.
    pub warnings: Vec<String>,
}

/// A record, or a field of one, that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// File.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// A record that repeats another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// File.
    pub path: PathBuf,
    /// Line, or position of the record in its file, from 1.
    pub line: usize,
    /// The call, message or span that it repeats, and where that one is.
    pub dup_of: String,
}

impl ImportReport {
    /// An empty account of a source.
    pub(super) fn of(format: &str, source: &Path) -> Self {
        Self { format: format.to_owned(), source: source.to_owned(), ..Self::default() }
    }

    /// Counts a record that is read and becomes a row, or a fact of the run.
    pub(super) fn used(&mut self) {
        self.records_read += 1;
        self.records_used += 1;
    }

    /// Counts a record that is read and becomes part of another record's row.
    pub(super) fn merge(&mut self, reason: &str) {
        self.records_read += 1;
        count(&mut self.merged, reason, 1);
    }

    /// Counts a record that is read and says again what another one says: `dup_of`, which names it and where it is.
    pub(super) fn duplicate(
        &mut self,
        reason: &str,
        path: &Path,
        line: usize,
        dup_of: impl Into<String>,
    ) {
        self.records_read += 1;
        count(&mut self.duplicates, reason, 1);
        if self.dup_of.len() < LISTED {
            self.dup_of.push(Duplicate { path: path.to_owned(), line, dup_of: dup_of.into() });
        }
    }

    /// Counts records that are read, known, and carry nothing of the run.
    pub(super) fn skip(&mut self, reason: &str, records: u64) {
        self.records_read += records;
        count(&mut self.skipped, reason, records);
    }

    /// Counts a record of a kind that is not known.
    pub(super) fn unknown(&mut self, kind: &str) {
        self.records_read += 1;
        // A kind is a short word; anything else is somebody's garbage.
        let kind: String = kind.chars().take(80).collect();
        let full = self.unknown.len() >= LISTED && !self.unknown.contains_key(&kind);
        count(&mut self.unknown, if full { "others" } else { &kind }, 1);
    }

    /// Counts a record that could not be read.
    pub(super) fn reject(&mut self, path: &Path, line: usize, problem: impl Into<String>) {
        self.records_read += 1;
        self.rejected_records += 1;
        if self.rejected.len() < LISTED {
            self.rejected.push(Rejected { path: path.to_owned(), line, problem: problem.into() });
        }
    }

    /// Counts a value that could not be read, of a record that can.
    pub(super) fn reject_value(&mut self, rejected: Rejected) {
        self.rejected_values += 1;
        if self.rejected.len() < LISTED {
            self.rejected.push(rejected);
        }
    }

    /// Counts the fields of a record that have no column.
    pub(super) fn without_column<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        for name in names {
            let full = self.fields_without_column.len() >= LISTED
                && !self.fields_without_column.contains_key(name);
            count(&mut self.fields_without_column, if full { "others" } else { name }, 1);
        }
    }

    /// Notes something a user should know.
    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        if self.warnings.len() < LISTED {
            self.warnings.push(warning.into());
        }
    }

    /// Takes over the account of a part of the run.
    pub fn add(&mut self, part: Self) {
        self.records_read += part.records_read;
        self.records_used += part.records_used;
        self.rejected_records += part.rejected_records;
        self.rejected_values += part.rejected_values;
        for (counts, more) in [
            (&mut self.merged, part.merged),
            (&mut self.duplicates, part.duplicates),
            (&mut self.skipped, part.skipped),
            (&mut self.unknown, part.unknown),
            (&mut self.fields_without_column, part.fields_without_column),
        ] {
            for (reason, n) in more {
                count(counts, &reason, n);
            }
        }
        self.dup_of.extend(part.dup_of);
        self.dup_of.truncate(LISTED);
        self.rejected.extend(part.rejected);
        self.rejected.truncate(LISTED);
        self.warnings.extend(part.warnings);
    }

    /// Records and values that are nowhere in the trace.
    pub fn lost(&self) -> u64 {
        self.unknown.values().sum::<u64>() + self.rejected_records + self.rejected_values
    }

    /// The first loss, as an error; `None` when nothing is lost.
    pub fn loss(&self) -> Option<ImportError> {
        if let Some(first) = self.rejected.first() {
            return Some(ImportError::Loss {
                path: first.path.clone(),
                line: first.line,
                problem: first.problem.clone(),
            });
        }
        let records: u64 = self.unknown.values().sum();
        let kinds: Vec<String> = self.unknown.keys().map(|kind| format!("`{kind}`")).collect();
        (records > 0).then(|| ImportError::UnknownRecords {
            path: self.source.clone(),
            records,
            kinds: kinds.join(", "),
        })
    }

    /// Whether every record is in exactly one count.
    pub fn balances(&self) -> bool {
        let counts = [&self.merged, &self.duplicates, &self.skipped, &self.unknown];
        let accounted: u64 = counts.iter().flat_map(|c| c.values()).sum();
        self.records_read == self.records_used + accounted + self.rejected_records
    }
}

fn count(counts: &mut BTreeMap<String, u64>, name: &str, n: u64) {
    if n == 0 {
        return;
    }
    if let Some(counted) = counts.get_mut(name) {
        *counted += n;
    } else {
        counts.insert(name.to_owned(), n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_part_of_the_balance() {
        let path = Path::new("log");
        let mut report = ImportReport::of("test", path);
        report.used();
        report.merge("a");
        report.duplicate("b", path, 3, "msg_1 (line 2)");
        report.skip("c", 2);
        report.unknown("d");
        report.reject(path, 7, "broken");
        assert_eq!((report.records_read, report.lost()), (7, 2));
        assert!(report.balances());
        let mut total = ImportReport::default();
        total.add(report.clone());
        total.add(report);
        assert_eq!((total.records_read, total.rejected.len(), total.dup_of.len()), (14, 2, 2));
        assert!(total.balances());
        total.records_read += 1;
        assert!(!total.balances());
    }

    #[test]
    fn lists_end_and_counts_go_on() {
        let path = Path::new("log");
        let mut report = ImportReport::of("test", path);
        for line in 0..3000 {
            report.reject(path, line, "broken");
            report.unknown(&format!("kind {line}"));
        }
        assert_eq!((report.rejected.len(), report.rejected_records), (1000, 3000));
        assert_eq!(report.unknown["others"], 2000);
        assert!(report.balances());
    }
}
