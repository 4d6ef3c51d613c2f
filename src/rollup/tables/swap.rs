//! A folder in place of another, at once.
//!
//! Whoever reads a rollup must see both of its tables of one time. Where the system can exchange two names in one step the old
//! folder is there until the new one is; elsewhere there is a moment with neither.

use crate::trace::TraceError;
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A folder in the making, beside its place. Dropped, it is gone.
///
/// A file beside it is locked as long as its process lives: what a killed process left is known by a lock that can be had.
#[derive(Debug)]
pub(super) struct NewFolder {
    place: PathBuf,
    partial: Partial,
    _lock: NamedTempFile,
}

/// A folder that is removed when it is dropped.
#[derive(Debug)]
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // Best effort: what stays is hidden, and goes with the next rollup.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl NewFolder {
    /// Begins a folder that will be at `place`, and clears away what killed processes left there.
    pub(super) fn begin(place: &Path) -> Result<Self, TraceError> {
        let parent = parent(place);
        std::fs::create_dir_all(parent).map_err(TraceError::io("create folder", parent))?;
        let prefix = prefix(place);
        clear(parent, &prefix);
        let failed = || TraceError::io("create a folder in", parent);
        let lock = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(LOCK)
            .tempfile_in(parent)
            .map_err(failed())?;
        lock.as_file().lock().map_err(failed())?;
        let partial = Partial(lock.path().with_extension("partial"));
        std::fs::create_dir(&partial.0).map_err(failed())?;
        Ok(Self { place: place.to_owned(), partial, _lock: lock })
    }

    /// Where its files are until then.
    pub(super) fn path(&self) -> &Path {
        &self.partial.0
    }

    /// Puts it in its place. What was there is gone.
    pub(super) fn publish(self) -> Result<(), TraceError> {
        // After an exchange the partial folder is the old one, which goes when `self` does.
        synced(self.path())
            .and_then(|()| put(self.path(), &self.place))
            .and_then(|()| synced(parent(&self.place)))
            .map_err(TraceError::io("write folder", &self.place))
    }
}

const LOCK: &str = ".lock";

/// How the names of unfinished folders for a place begin.
fn prefix(place: &Path) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    format!(".ramptrace-{name}-")
}

/// Removes unfinished folders whose processes are gone. Best effort.
fn clear(parent: &Path, prefix: &str) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(prefix)
            && name.ends_with(LOCK)
            && let Ok(lock) = File::open(entry.path())
            && lock.try_lock().is_ok()
        {
            let _ = std::fs::remove_dir_all(entry.path().with_extension("partial"));
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn parent(place: &Path) -> &Path {
    place.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn put(new: &Path, place: &Path) -> std::io::Result<()> {
    if !place.exists() {
        return std::fs::rename(new, place);
    }
    if exchange(new, place).is_ok() {
        return Ok(());
    }
    let old = new.with_extension("old");
    std::fs::rename(place, &old)?;
    std::fs::rename(new, place)?;
    std::fs::remove_dir_all(&old)
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).map_err(Into::into)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Asks for the names in a folder to be on the disk.
#[cfg(unix)]
fn synced(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn synced(_: &Path) -> std::io::Result<()> {
    Ok(())
}
