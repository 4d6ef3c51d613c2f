//! The folder of a store as a thing of its own: locked while files in it are replaced, synced when names must last.

use super::TraceError;
use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// The right to replace and remove files of a store, held by one process at a time. Who only adds files needs none. The
/// operating system takes it back however the process ends.
#[derive(Debug)]
pub struct StoreLock {
    _folder: File,
}

impl StoreLock {
    /// Takes the lock of the store at `root`; an error when another process has it.
    pub fn take(root: &Path) -> Result<Self, TraceError> {
        let folder = File::open(root).map_err(TraceError::io("open", root))?;
        match folder.try_lock() {
            Ok(()) => Ok(Self { _folder: folder }),
            Err(TryLockError::WouldBlock) => Err(TraceError::Busy { path: root.to_owned() }),
            Err(TryLockError::Error(error)) => Err(TraceError::io("lock", root)(error)),
        }
    }
}

/// Makes names in a folder survive a power loss, where the file system has a way to.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_locked_once() {
        let root = tempfile::tempdir().unwrap();
        let lock = StoreLock::take(root.path()).unwrap();
        let error = StoreLock::take(root.path()).unwrap_err();
        assert!(matches!(&error, TraceError::Busy { path } if path == root.path()), "{error}");
        drop(lock);
        StoreLock::take(root.path()).unwrap();
        sync_folder(root.path()).unwrap();
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
