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

#[cfg(test)]
mod tests {
    use super::super::{Bucket, Compaction, Kind, Packing, TraceReader, Usd};
    use super::*;

    fn facts(run_id: &str) -> RunFacts {
        RunFacts { run_id: run_id.to_owned(), ..RunFacts::default() }
    }

    fn event(tokens: i64) -> Event {
        Event {
            input_tokens: Some(tokens),
            cost_usd: Usd::from_nanos(7),
            ..Event::new(Kind::LlmCall)
        }
    }

    fn put(root: &Path, run_id: &str, tokens: i64, replace: bool) -> Result<Written, TraceError> {
        let known = Store::open_or_empty(root)?.known_runs();
        let sealed = Store::seal(root, &facts(run_id), &[event(tokens)])?;
        Store::publish(sealed, run_id, &known, replace)
    }

    /// The tokens of every run.
    fn read(root: &Path) -> BTreeMap<String, i64> {
        let files = Store::open(root).unwrap().files();
        let rows = files.iter().flat_map(|file| TraceReader::open(file).unwrap());
        rows.map(|row| row.unwrap()).map(|(r, e)| (r.run_id, e.input_tokens.unwrap())).collect()
    }

    /// Three runs of one bucket, in one file.
    fn compacted(root: &Path) -> Vec<String> {
        let ids = (0..).map(|i| format!("r{i}"));
        let runs: Vec<String> = ids.filter(|id| Bucket::of(id).number() == 9).take(3).collect();
        for run in &runs {
            put(root, run, 1, false).unwrap();
        }
        Compaction::plan(root, Packing::Fast).unwrap().run(|| ()).unwrap();
        assert_eq!(Store::open(root).unwrap().files().len(), 1);
        runs
    }

    #[test]
    fn a_run_of_a_merged_file_is_known_again() {
        let root = tempfile::tempdir().unwrap();
        let runs = compacted(root.path());
        let before = Store::open(root.path()).unwrap().files();
        for replace in [false, true] {
            assert_eq!(put(root.path(), &runs[0], 1, replace).unwrap(), Written::Unchanged);
        }
        let error = put(root.path(), &runs[0], 2, false).unwrap_err();
        assert!(matches!(&error, TraceError::Conflict { existing, .. } if *existing == before[0]));
        assert_eq!(Store::open(root.path()).unwrap().files(), before);
    }

    #[test]
    fn a_run_of_a_merged_file_is_replaced_and_the_others_stay() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let runs = compacted(root);
        let mut expected = read(root);
        for (i, run) in runs.iter().enumerate() {
            let tokens = 10 + i64::try_from(i).unwrap();
            assert_eq!(put(root, run, tokens, true).unwrap(), Written::New);
            expected.insert(run.clone(), tokens);
            assert_eq!(read(root), expected);
        }
        // The merged file, of which nothing was left, is gone; the runs are in their bucket.
        let files = Store::open(root).unwrap().files();
        assert_eq!(files.len(), 3);
        assert!(files.iter().all(|file| file.starts_with(root.join("bucket=009/workload=%"))));
    }

    #[test]
    fn room_is_made_in_each_file_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let runs = compacted(root);
        let mut known = Store::open(root).unwrap().known_runs();
        let sealed = [2, 2, 1].into_iter().zip(&runs).map(|(tokens, run)| {
            (run.as_str(), Store::seal(root, &facts(run), &[event(tokens)]).unwrap())
        });
        let sealed: Vec<(&str, SealedTrace)> = sealed.collect();
        Store::make_room(&mut known, sealed.iter().map(|(run, sealed)| (*run, sealed))).unwrap();
        // The last one is the same trace again.
        assert_eq!(read(root).into_keys().collect::<Vec<_>>(), [runs[2].clone()]);
        for (run, sealed) in sealed {
            Store::publish(sealed, run, &known, true).unwrap();
        }
        let expected = [2, 2, 1].into_iter().zip(&runs).map(|(tokens, run)| (run.clone(), tokens));
        assert_eq!(read(root), expected.collect());
    }

    #[test]
    fn a_run_that_moved_is_neither_doubled_nor_replaced_unasked() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        put(root, "a", 1, false).unwrap();
        let known = Store::open(root).unwrap().known_runs();
        let [same, other] = [1, 2].map(|n| Store::seal(root, &facts("a"), &[event(n)]).unwrap());
        Compaction::plan(root, Packing::Fast).unwrap().run(|| ()).unwrap();
        assert_eq!(Store::publish(same, "a", &known, false).unwrap(), Written::Unchanged);
        let error = Store::publish(other, "a", &known, false).unwrap_err();
        assert!(matches!(error, TraceError::Conflict { .. }), "{error}");
        assert_eq!(read(root), BTreeMap::from([("a".to_owned(), 1)]));
    }
}
