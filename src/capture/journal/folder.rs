//! Where journals live, and how a live one is told from a leftover.
//!
//! A recorder holds an exclusive lock on its journal (`flock` on Unix) from before the file has its name until it has
//! removed it. The operating system releases the lock however the recorder ends.

use super::{JournalError, JournalWriter, Torn};
use crate::trace::{RunFacts, encoded, sync_folder};
use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the journals of a store.
fn folder(root: &Path) -> PathBuf {
    root.join(".ramptrace").join("journal")
}

/// Begins the journal of a run in the store at `root`, locked for this process.
pub(in crate::capture) fn create(
    root: &Path,
    run: &RunFacts,
) -> Result<(JournalWriter, PathBuf), JournalError> {
    let folder = folder(root);
    std::fs::create_dir_all(&folder).map_err(JournalError::io("create folder", &folder))?;
    let path = folder.join(format!("{}.journal", encoded(&run.run_id)));
    let (file, partial) = tempfile::Builder::new()
        .prefix(".journal-")
        .suffix(".partial")
        .tempfile_in(&folder)
        .map_err(JournalError::io("create a file in", &folder))?
        .into_parts();
    file.try_lock().map_err(|e| JournalError::io("lock", &path)(lock_problem(e)))?;
    let writer =
        JournalWriter::begin(Box::new(file), run).map_err(JournalError::io("write", &path))?;
    partial.persist_noclobber(&path).map_err(|e| match e.error.kind() {
        io::ErrorKind::AlreadyExists => {
            JournalError::Exists { run_id: run.run_id.clone(), path: path.clone() }
        }
        _ => JournalError::io("write", &path)(e.error),
    })?;
    // The events are safe from a kill in any case.
    let _ = sync_folder(&folder);
    Ok((writer, path))
}

/// The journals of a store, live ones included, by name.
pub fn journals(root: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let folder = folder(root);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(JournalError::io("read folder", folder)(e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(JournalError::io("read folder", &folder))?.path();
        if path.extension().is_some_and(|e| e == "journal") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// How many journals nobody writes to any more. What cannot be looked at does not count.
pub fn leftovers(root: &Path) -> usize {
    let is_left = |path: &PathBuf| File::open(path).is_ok_and(|f| f.try_lock_shared().is_ok());
    journals(root).unwrap_or_default().iter().filter(|path| is_left(path)).count()
}

/// Opens a journal and locks it for this process; `None` when it is live, or when it has just been finished.
pub(super) fn open_leftover(path: &Path) -> Result<Option<File>, JournalError> {
    let opened = File::options().read(true).write(true).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(JournalError::io("open", path)(e)),
    };
    match file.try_lock() {
        // Its recorder may have removed it between the two steps.
        Ok(()) => Ok(path.exists().then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(error) => Err(JournalError::io("lock", path)(lock_problem(error))),
    }
}

fn lock_problem(error: TryLockError) -> io::Error {
    match error {
        TryLockError::Error(error) => error,
        TryLockError::WouldBlock => io::ErrorKind::WouldBlock.into(),
    }
}

/// Removes a journal whose trace is in place, and the folders that are empty without it.
pub(super) fn remove(path: &Path) -> Result<(), JournalError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(JournalError::io("remove", path)(e));
        }
        _ => {}
    }
    for folder in path.ancestors().skip(1).take(2) {
        // Only an empty folder can be removed this way.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}

/// Removes a journal whose events are in place, or, if it could not be read whole, sets it aside and says where.
pub(in crate::capture) fn retire(
    path: &Path,
    torn: Option<Torn>,
) -> Result<Option<PathBuf>, JournalError> {
    match torn {
        Some(_) => set_aside(path).map(Some),
        None => remove(path).map(|()| None),
    }
}

/// Puts a journal out of the way, under a name that is free.
fn set_aside(path: &Path) -> Result<PathBuf, JournalError> {
    let named = |number: u32| {
        let mut name = OsString::from(path);
        name.push(".torn");
        if number > 0 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    let free = (0..1000).map(named).find(|name| !name.exists()).unwrap_or_else(|| named(0));
    std::fs::rename(path, &free).map_err(JournalError::io("rename", path))?;
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(run_id: &str) -> RunFacts {
        RunFacts { run_id: run_id.into(), ..RunFacts::default() }
    }

    #[test]
    fn a_journal_is_live_until_its_writer_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let (writer, path) = create(root.path(), &run("../a b")).unwrap();
        assert_eq!(path, root.path().join(".ramptrace/journal/%2E.%2Fa%20b.journal"));
        assert_eq!(journals(root.path()).unwrap(), std::slice::from_ref(&path));
        assert_eq!(leftovers(root.path()), 0);
        assert!(open_leftover(&path).unwrap().is_none());
        let second = create(root.path(), &run("../a b")).unwrap_err();
        assert!(matches!(&second, JournalError::Exists { .. }), "{second}");
        drop(writer);
        assert_eq!(leftovers(root.path()), 1);
        assert!(open_leftover(&path).unwrap().is_some());
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert!(!root.path().join(".ramptrace").exists(), "nothing is left behind");
        assert!(open_leftover(&path).unwrap().is_none());
    }

    #[test]
    fn a_store_without_journals_has_none() {
        let root = tempfile::tempdir().unwrap();
        assert!(journals(root.path()).unwrap().is_empty());
        let file = root.path().join("trace.parquet");
        std::fs::write(&file, "").unwrap();
        assert!(journals(&file).unwrap().is_empty());
    }
}
