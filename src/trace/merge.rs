//! Runs of some files written into one, row by row as they are.
//!
//! What is written is read back as far as it says what it holds: a run whose rows have another hash than before is an
//! error, and then nothing has got its name yet. The name of a merged file comes from its runs, so that the same runs have
//! the same name.

use super::digest::hexadecimal;
use super::listing::TraceFile;
use super::reader::TraceFileReader;
use super::{Packing, RunEntry, SCHEMA_VERSION, SealedTrace, TraceError, TraceWriter, read_footer};
use sha2::{Digest, Sha256};
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Encoded bytes after which a file takes no further run. Large enough that a scan reads long stretches and that a store of
/// 64 GB is one file a bucket; small enough that a file is written again in seconds when a run is added or replaced.
pub(super) const FILE_BYTES: u64 = 256 << 20;

/// Source files that are kept open.
const OPEN_FILES: usize = 32;

/// How the name of a merged file begins.
const PREFIX: &str = "runs-";

/// A run in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) file: &'a TraceFile,
    pub(super) run: &'a RunEntry,
    pub(super) first_row: u64,
}

/// The runs of a file with their places.
pub(super) fn places(file: &TraceFile) -> impl Iterator<Item = Place<'_>> {
    let mut next = 0_u64;
    file.runs.iter().map(move |run| {
        let first_row = next;
        next = next.saturating_add(run.events);
        Place { file, run, first_row }
    })
}

/// Whether a file has the name of a merged one.
pub(super) fn has_merged_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
}

/// Writes runs into files for `folder`, in the order given; the files are in `staging` until they get their names. A file
/// takes no further run once it has `file_bytes`. They are packed as is asked, and no looser than any of the runs was.
pub(super) fn merge(
    runs: &[Place<'_>],
    folder: &Path,
    staging: &Path,
    packing: Packing,
    file_bytes: u64,
) -> Result<Vec<SealedTrace>, TraceError> {
    let packing = runs.iter().fold(packing, |packing, place| packing.max(place.file.packing));
    let mut merged = Vec::new();
    let mut sources = Sources::default();
    let mut rest = runs;
    while !rest.is_empty() {
        let mut writer = TraceWriter::create_packed(&staging.join("merged.parquet"), packing)?;
        let mut count = 0;
        while count < rest.len() && (count == 0 || writer.bytes() < file_bytes) {
            sources.copy(rest[count], &mut writer)?;
            count += 1;
        }
        let (these, others) = rest.split_at(count);
        let sealed = writer.seal()?;
        check(&sealed, these)?;
        merged.push(sealed.renamed(folder.join(name(these))));
        rest = others;
    }
    Ok(merged)
}

/// Takes runs out of a file that holds others too. The file is gone when it holds no others.
pub(super) fn without(path: &Path, runs: &BTreeSet<&str>) -> Result<(), TraceError> {
    let file = TraceFile::read(path)?;
    if file.newer {
        let footer = read_footer(path)?;
        return Err(TraceError::NewerMinor {
            path: path.to_owned(),
            found: footer.schema_version,
            supported: SCHEMA_VERSION,
            written_by: footer.tool_version,
        });
    }
    let left: Vec<Place<'_>> =
        places(&file).filter(|place| !runs.contains(place.run.run_id.as_str())).collect();
    if left.len() == file.runs.len() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    for sealed in merge(&left, folder, folder, file.packing, u64::MAX)? {
        if !has_merged_name(path) {
            return sealed.renamed(path.to_owned()).publish(true).map(drop);
        }
        // Until the old file is removed, the new one is a copy of a part of it.
        sealed.publish(false)?;
    }
    std::fs::remove_file(path).map_err(TraceError::io("remove", path))
}

/// Files that runs are read from. Those with many runs stay open.
#[derive(Default)]
struct Sources {
    open: HashMap<PathBuf, TraceFileReader>,
}

impl Sources {
    fn copy(&mut self, place: Place<'_>, writer: &mut TraceWriter) -> Result<(), TraceError> {
        let Place { file, run, first_row } = place;
        let path = &file.path;
        let rows = first_row..first_row.saturating_add(run.events);
        let reader = if file.runs.len() == 1 {
            TraceFileReader::open(path)?.rows(rows)?
        } else {
            if self.open.len() >= OPEN_FILES && !self.open.contains_key(path) {
                self.open.clear();
            }
            match self.open.entry(path.clone()) {
                Entry::Occupied(open) => open.into_mut(),
                Entry::Vacant(new) => new.insert(TraceFileReader::open(path)?),
            }
            .rows(rows)?
        };
        for item in reader {
            let (facts, event) = item?;
            if facts.run_id != run.run_id {
                let problem =
                    format!("run `{}` is not in the rows it says, from {first_row}", run.run_id);
                return Err(TraceError::BadFooter { path: path.clone(), problem });
            }
            writer.write(&facts, &event)?;
        }
        Ok(())
    }
}

/// Compares what a written file says of its runs with what their files said.
fn check(sealed: &SealedTrace, runs: &[Place<'_>]) -> Result<(), TraceError> {
    let written = read_footer(sealed.partial_path())?.runs;
    let same = |new: &RunEntry, old: &RunEntry| {
        let hashed = old.sha256.is_none() || new.sha256 == old.sha256;
        hashed && new.run_id == old.run_id && new.events == old.events
    };
    for (i, place) in runs.iter().enumerate() {
        if !written.get(i).is_some_and(|new| same(new, place.run)) {
            return Err(TraceError::NotAsBefore {
                path: place.file.path.clone(),
                run_id: place.run.run_id.clone(),
            });
        }
    }
    Ok(())
}

/// The name of a file with these runs.
fn name(runs: &[Place<'_>]) -> String {
    let mut hash = Sha256::new();
    for place in runs {
        for part in [&place.run.run_id, place.run.sha256.as_ref().unwrap_or(&String::new())] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    format!("{PREFIX}{}.parquet", hexadecimal(&hash.finalize()[..8]))
}
