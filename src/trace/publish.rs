//! Traces into a store: written beside their places, named when it is known what the store has.
//!
//! The same trace again is left alone. Another trace of a run that is there is an error, or takes its place; a file that
//! holds other runs too is then written again without it first, so that there is never a moment with two of them.

use super::merge::without;
use super::{Event, Layout, RunFacts, SealedTrace, Store, TraceError, TraceWriter, Written};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A run that a store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRun {
    /// The file that holds it.
    pub path: PathBuf,
    /// SHA-256 of its rows, when the file says it.
    pub sha256: Option<String>,
    /// Whether the file holds no other run.
    pub alone: bool,
}

impl KnownRun {
    /// Whether a sealed file has the same rows for this run.
    fn holds(&self, run_id: &str, sealed: &SealedTrace) -> bool {
        self.sha256.is_some() && self.sha256.as_deref() == sealed.sha256_of(run_id)
    }
}

impl Store {
    /// Its runs by their ids, as [`Self::publish`] wants them.
    pub fn known_runs(&self) -> BTreeMap<String, KnownRun> {
        let known = self.entries().iter().map(|e| {
            let (path, sha256) = (e.path.clone(), e.run.sha256.clone());
            (e.run.run_id.clone(), KnownRun { path, sha256, alone: e.alone })
        });
        known.collect()
    }

    /// Writes a run for the store at `root`, without publishing it.
    pub fn seal(root: &Path, run: &RunFacts, events: &[Event]) -> Result<SealedTrace, TraceError> {
        let mut writer = TraceWriter::create(&Layout::of(root).path_of(run))?;
        for event in events {
            writer.write(run, event)?;
        }
        writer.seal()
    }

    /// Takes the runs that sealed ones are to replace out of files that hold others too, each file once.
    pub fn make_room<'a>(
        known: &mut BTreeMap<String, KnownRun>,
        sealed: impl Iterator<Item = (&'a str, &'a SealedTrace)>,
    ) -> Result<(), TraceError> {
        let mut replaced: BTreeMap<PathBuf, BTreeSet<&str>> = BTreeMap::new();
        for (run_id, sealed) in sealed {
            let there =
                known.get(run_id).filter(|there| !there.alone && !there.holds(run_id, sealed));
            if let Some(there) = there {
                replaced.entry(there.path.clone()).or_default().insert(run_id);
            }
        }
        for (path, runs) in replaced {
            without(&path, &runs)?;
            known.retain(|run_id, _| !runs.contains(run_id.as_str()));
        }
        Ok(())
    }

    /// Publishes a sealed run. The same trace again is left alone; another trace of the same run, wherever it is in the
    /// store, is an error, or is replaced with `replace`. `known` are the runs of the store.
    pub fn publish(
        sealed: SealedTrace,
        run_id: &str,
        known: &BTreeMap<String, KnownRun>,
        replace: bool,
    ) -> Result<Written, TraceError> {
        let Some(there) = known.get(run_id) else { return sealed.publish(replace) };
        if there.holds(run_id, &sealed) && !(replace && there.alone) {
            return Ok(Written::Unchanged);
        }
        if there.path == sealed.path() && (replace || there.sha256.is_none()) {
            return sealed.publish(replace);
        }
        if !replace {
            let (run_id, existing) = (run_id.to_owned(), there.path.clone());
            return Err(TraceError::Conflict { run_id, existing });
        }
        if !there.alone {
            without(&there.path, &BTreeSet::from([run_id]))?;
            return sealed.publish(replace);
        }
        let written = sealed.publish(replace)?;
        std::fs::remove_file(&there.path).map_err(TraceError::io("remove", &there.path))?;
        Ok(written)
    }
}
