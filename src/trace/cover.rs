//! Which files of a store are read when some runs are in two of them.
//!
//! The same trace (equal run id and row hash) in two files is a copy. A compact that was cut short leaves the old files and
//! some of the new ones, or the new files and some of the old ones. Old files share no run with each other, nor do new
//! ones, so files that are tied by shared runs fall into two sides in only one way, and one of the sides holds every run:
//! the old one until all new files have their names, the new one from then on. That side is read. When no side holds
//! every run, or contents differ, nobody can tell which is right, and it is an error.

use super::TraceError;
use super::listing::TraceFile;
use std::collections::BTreeMap;

/// Says of each file whether it is read, so that every run is read once.
pub(super) fn cover(files: &[TraceFile]) -> Result<Vec<bool>, TraceError> {
    let mut kept = vec![true; files.len()];
    let shared = shared_runs(files)?;
    if shared.is_empty() {
        return Ok(kept);
    }
    // Files with the same runs stand for each other: the first is taken.
    let mut alike: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    let tied = || shared.iter().flat_map(|places| places.iter().map(|place| place.0));
    for file in tied().collect::<std::collections::BTreeSet<usize>>() {
        let mut runs: Vec<&str> = files[file].runs.iter().map(|run| run.run_id.as_str()).collect();
        runs.sort_unstable();
        kept[file] = *alike.entry(runs).or_insert(file) == file;
    }
    // Who shares runs with whom.
    let mut neighbours: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for places in &shared {
        let left: Vec<usize> = places.iter().map(|place| place.0).filter(|f| kept[*f]).collect();
        match left.as_slice() {
            [_] => {}
            [a, b] => {
                neighbours.entry(*a).or_default().push(*b);
                neighbours.entry(*b).or_default().push(*a);
            }
            _ => return Err(duplicate(files, places)),
        }
    }
    let mut sides: BTreeMap<usize, bool> = BTreeMap::new();
    for start in neighbours.keys() {
        if sides.contains_key(start) {
            continue;
        }
        let tied = two_sides(*start, &neighbours, &mut sides);
        let tied = tied.map_err(|(a, b)| between(files, &shared, a, b))?;
        let side = whole_side(files, &tied).ok_or_else(|| {
            let (a, b) = (tied[0].0, neighbours[&tied[0].0][0]);
            between(files, &shared, a, b)
        })?;
        for (file, of) in tied {
            kept[file] = of == side;
        }
    }
    Ok(kept)
}

/// A file and which of its runs.
type Place = (usize, usize);

/// The places of every run that is in more than one file, in the order of run ids. That they are copies is sure then.
fn shared_runs(files: &[TraceFile]) -> Result<Vec<Vec<Place>>, TraceError> {
    let mut places: Vec<Place> = Vec::new();
    for (i, file) in files.iter().enumerate() {
        places.extend((0..file.runs.len()).map(|run| (i, run)));
    }
    let id = |place: &Place| files[place.0].runs[place.1].run_id.as_str();
    places.sort_unstable_by(|a, b| (id(a), a).cmp(&(id(b), b)));
    let mut shared = Vec::new();
    for same in places.chunk_by(|a, b| id(a) == id(b)).filter(|same| same.len() > 1) {
        let hash = |place: &Place| files[place.0].runs[place.1].sha256.as_deref();
        let equal = hash(&same[0]).is_some() && same.iter().all(|p| hash(p) == hash(&same[0]));
        let apart = same.array_windows().all(|[a, b]| a.0 != b.0);
        if !equal || !apart {
            return Err(duplicate(files, same));
        }
        shared.push(same.to_vec());
    }
    Ok(shared)
}

/// The files that are tied to one, each with its side. The two files are an error that are tied and on the same side.
fn two_sides(
    start: usize,
    neighbours: &BTreeMap<usize, Vec<usize>>,
    sides: &mut BTreeMap<usize, bool>,
) -> Result<Vec<(usize, bool)>, (usize, usize)> {
    let mut tied = vec![(start, false)];
    sides.insert(start, false);
    let mut next = 0;
    while let Some(&(file, side)) = tied.get(next) {
        next += 1;
        for neighbour in &neighbours[&file] {
            match sides.get(neighbour) {
                None => {
                    sides.insert(*neighbour, !side);
                    tied.push((*neighbour, !side));
                }
                Some(of) if *of == side => return Err((file, *neighbour)),
                Some(_) => {}
            }
        }
    }
    Ok(tied)
}

/// The side that holds every run of both; of two such sides the one with fewer files, then the one whose first file comes
/// first.
fn whole_side(files: &[TraceFile], tied: &[(usize, bool)]) -> Option<bool> {
    let of = |side: bool| tied.iter().filter(move |(_, of)| *of == side).map(|(file, _)| *file);
    let runs = |side: bool| of(side).map(|file| files[file].runs.len()).sum::<usize>();
    let every: std::collections::BTreeSet<&str> = tied
        .iter()
        .flat_map(|(file, _)| files[*file].runs.iter().map(|run| run.run_id.as_str()))
        .collect();
    let whole = [false, true].into_iter().filter(|side| runs(*side) == every.len());
    whole.min_by_key(|side| (of(*side).count(), of(*side).min()))
}

/// The error for a run that two files share.
fn between(files: &[TraceFile], shared: &[Vec<Place>], a: usize, b: usize) -> TraceError {
    let both = |places: &&Vec<Place>| [a, b].iter().all(|f| places.iter().any(|p| p.0 == *f));
    let places = shared.iter().find(both).map(Vec::as_slice).unwrap_or_default();
    let places: Vec<Place> = places.iter().filter(|p| [a, b].contains(&p.0)).copied().collect();
    duplicate(files, &places)
}

/// The error for a run in several places. The file named last is the one that is easier to do without.
fn duplicate(files: &[TraceFile], places: &[Place]) -> TraceError {
    let runs = |place: &Place| files[place.0].runs.len();
    let mut two: Vec<Place> = places.iter().take(2).copied().collect();
    two.sort_by_key(|place| std::cmp::Reverse(runs(place)));
    let path = |at: usize| two.get(at).map(|p| files[p.0].path.clone()).unwrap_or_default();
    TraceError::Duplicate {
        run_id: two.first().map(|p| files[p.0].runs[p.1].run_id.clone()).unwrap_or_default(),
        first: path(0),
        second: path(1),
        others: two.get(1).is_some_and(|place| runs(place) > 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::footer::RunEntry;
    use super::super::{Packing, RunFacts};
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    /// A file with runs, each of which has the hash that its name says, or one of its own behind a colon.
    fn file(name: &str, runs: &[&str]) -> TraceFile {
        let run = |text: &&str| {
            let (id, hash) = text.split_once(':').unwrap_or((text, text));
            let facts = RunFacts { run_id: id.to_owned(), ..RunFacts::default() };
            let sha256 = (hash != "none").then(|| hash.to_owned());
            RunEntry { events: 1, sha256, ..RunEntry::new(&facts) }
        };
        let runs = runs.iter().map(run).collect();
        TraceFile {
            path: name.into(),
            bytes: 1,
            modified: None,
            newer: false,
            packing: Packing::Fast,
            runs,
        }
    }

    /// The names of the files that are read.
    fn kept(files: &[TraceFile]) -> Result<Vec<String>, String> {
        let kept = cover(files).map_err(|error| error.to_string())?;
        let names = files.iter().zip(kept).filter(|(_, kept)| *kept);
        Ok(names.map(|(file, _)| file.path.display().to_string()).collect())
    }

    #[test]
    fn a_copy_is_passed_over() {
        let files =
            [file("a", &["1"]), file("b", &["1"]), file("c", &["1", "2"]), file("d", &["3"])];
        assert_eq!(kept(&files[..2]), Ok(vec!["a".to_owned()]));
        assert_eq!(kept(&files[1..]), Ok(vec!["c".to_owned(), "d".to_owned()]));
        // Old files with a copy beside the new one.
        assert_eq!(kept(&files), Ok(vec!["c".to_owned(), "d".to_owned()]));
    }

    #[test]
    fn what_is_no_copy_is_an_error_that_names_both() {
        let error = |first: &str, second: &str| {
            Err(format!("run `1` is in the store twice: {first} and {second}"))
        };
        // Other contents, or nobody knows.
        assert_eq!(kept(&[file("a", &["1:x"]), file("b", &["1:y"])]), error("a", "b"));
        assert_eq!(kept(&[file("a", &["1:none"]), file("b", &["1:none"])]), error("a", "b"));
        assert_eq!(kept(&[file("a", &["1:none"]), file("b", &["1"])]), error("a", "b"));
        assert_eq!(kept(&[file("a", &["1", "1"])]), error("a", "a"));
        // Both have something that the other has not; the one with less is named last.
        assert_eq!(kept(&[file("a", &["1", "2"]), file("b", &["1", "3", "4"])]), error("b", "a"));
        // A ring of three has no two sides.
        let ring = [file("a", &["1", "2"]), file("b", &["2", "3"]), file("c", &["3", "1"])];
        assert!(kept(&ring).unwrap_err().contains("twice"));
        let same = [file("a", &["1"]), file("b", &["1", "2"]), file("c", &["1", "2", "3"])];
        assert!(kept(&same).unwrap_err().contains("twice"));
    }

    #[test]
    fn the_hint_loses_no_run() {
        let hint = |files: &[TraceFile]| cover(files).unwrap_err().hint().unwrap();
        let alone = hint(&[file("a", &["1:x"]), file("b", &["1:y", "2"])]);
        assert!(alone.contains("remove a,"), "{alone}");
        let others = hint(&[file("a", &["1:x", "3"]), file("b", &["1:y", "2"])]);
        assert!(!others.contains("remove"), "{others}");
    }

    /// Puts runs into files at random.
    fn split(random: &mut ChaCha8Rng, name: &str, runs: &[String]) -> Vec<TraceFile> {
        let count = 1 + random.next_u64() % runs.len() as u64;
        let mut parts: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for run in runs {
            parts.entry(random.next_u64() % count).or_default().push(run);
        }
        parts.iter().map(|(i, runs)| file(&format!("{name}{i}"), runs)).collect()
    }

    #[test]
    fn whatever_is_merged_into_whatever_every_run_is_read_once_at_every_moment() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..3000 {
            let runs: Vec<String> = (0..=random.next_u64() % 12).map(|i| i.to_string()).collect();
            let old = split(&mut random, "old", &runs);
            let new = split(&mut random, "new", &runs);
            // A second copy of some old files: read before, or not.
            let copies: Vec<TraceFile> = old
                .iter()
                .filter(|_| random.next_u64().is_multiple_of(4))
                .map(|file| TraceFile {
                    path: format!("copy-{}", file.path.display()).into(),
                    ..file.clone()
                })
                .collect();
            let mut moments = Vec::new();
            for published in 0..=new.len() {
                moments.push([&old[..], &copies, &new[..published]].concat());
                moments.push([&old[..], &new[..published]].concat());
            }
            for removed in 0..=old.len() {
                moments.push([&old[removed..], &new].concat());
            }
            for mut files in moments {
                files.sort_by(|a, b| a.path.cmp(&b.path));
                let kept = cover(&files).unwrap_or_else(|error| panic!("{error}: {files:?}"));
                let mut read: Vec<&str> = files
                    .iter()
                    .zip(&kept)
                    .filter(|(_, kept)| **kept)
                    .flat_map(|(file, _)| file.runs.iter().map(|run| run.run_id.as_str()))
                    .collect();
                read.sort_unstable();
                let mut every: Vec<&str> = runs.iter().map(String::as_str).collect();
                every.sort_unstable();
                assert_eq!(read, every, "{files:?}");
            }
        }
    }
}
