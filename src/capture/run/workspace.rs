//! The folders of a run: a workspace copied fresh from its template, and a place for everything that the agent should not
//! meet (prompts, scores, the shadow repository).

use super::error::RunError;
use crate::capture::pipeline::{Golden, Pipeline};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The folders of one run.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: PathBuf,
    /// Removed with the run, unless it is to be kept.
    temporary: Option<TempDir>,
}

impl Workspace {
    /// Makes the folders of a run: in a temporary folder, or in one of this name below `keep`.
    pub(super) fn make(
        pipeline: &Pipeline,
        run_id: &str,
        keep: Option<&Path>,
    ) -> Result<Self, RunError> {
        let (folder, temporary) = if let Some(root) = keep {
            let folder = root.join(run_id);
            fs::create_dir_all(root).map_err(RunError::io("make", root))?;
            fs::create_dir(&folder).map_err(RunError::io("make", &folder))?;
            (fs::canonicalize(&folder).map_err(RunError::io("find", &folder))?, None)
        } else {
            let made = tempfile::Builder::new().prefix("ramptrace-").tempdir();
            let made = made.map_err(RunError::io("make", &std::env::temp_dir()))?;
            let folder = made.path().to_owned();
            (fs::canonicalize(&folder).map_err(RunError::io("find", &folder))?, Some(made))
        };
        let made = Self { folder, temporary };
        let scratch = made.scratch();
        fs::create_dir(&scratch).map_err(RunError::io("make", &scratch))?;
        if let Some(template) = &pipeline.workspace {
            copy(template, &made.workspace())?;
        } else {
            let workspace = made.workspace();
            fs::create_dir(&workspace).map_err(RunError::io("make", &workspace))?;
        }
        Ok(made)
    }

    /// Where the agent works.
    pub(super) fn workspace(&self) -> PathBuf {
        self.folder.join("workspace")
    }

    /// Where graders may keep things from stage to stage.
    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.join("scratch")
    }

    /// A file of the run outside the workspace.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Puts a golden artifact in place of whatever is there.
    pub(super) fn place(&self, golden: &Golden) -> Result<(), RunError> {
        let target = self.workspace().join(&golden.to);
        // A link that the agent made must not lead out of the workspace.
        let mut parent = self.workspace();
        for part in golden.to.parent().into_iter().flat_map(Path::components) {
            parent.push(part);
            let there = fs::symlink_metadata(&parent);
            if there.as_ref().is_ok_and(|meta| !meta.is_dir()) {
                remove(&parent)?;
            }
            if !there.is_ok_and(|meta| meta.is_dir()) {
                fs::create_dir(&parent).map_err(RunError::io("make", &parent))?;
            }
        }
        remove(&target)?;
        copy(&golden.from, &target)
    }
}

impl Drop for Workspace {
    /// Agents leave read-only folders behind (module caches); they go too.
    fn drop(&mut self) {
        if self.temporary.take().is_some_and(|folder| folder.close().is_err()) {
            make_writable(&self.folder);
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn make_writable(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

/// Removes a file, link or folder, where there is one.
pub(super) fn remove(path: &Path) -> Result<(), RunError> {
    let Ok(meta) = fs::symlink_metadata(path) else { return Ok(()) };
    let removed = if meta.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(RunError::io("remove", path))
}

/// Copies a file, a link or a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) -> Result<(), RunError> {
    let meta = fs::symlink_metadata(from).map_err(RunError::io("read", from))?;
    if meta.is_dir() {
        fs::create_dir(to).map_err(RunError::io("make", to))?;
        let entries = fs::read_dir(from).map_err(RunError::io("read", from))?;
        for entry in entries {
            let entry = entry.map_err(RunError::io("read", from))?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        // Last: a folder that cannot be written to could not be filled.
        fs::set_permissions(to, meta.permissions()).map_err(RunError::io("write", to))
    } else if meta.is_symlink() {
        let target = fs::read_link(from).map_err(RunError::io("read", from))?;
        std::os::unix::fs::symlink(target, to).map_err(RunError::io("write", to))
    } else if meta.is_file() {
        fs::copy(from, to).map(|_| ()).map_err(RunError::io("write", to))
    } else {
        Err(RunError::OddFile { path: from.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn pipeline(folder: &Path) -> Pipeline {
        fs::create_dir_all(folder.join("workspace/src")).unwrap();
        fs::write(folder.join("workspace/src/a.rs"), "old").unwrap();
        fs::write(folder.join("workspace/build.sh"), "#!/bin/sh\n").unwrap();
        let script = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.join("workspace/build.sh"), script).unwrap();
        symlink("src/a.rs", folder.join("workspace/link")).unwrap();
        fs::write(folder.join("golden.rs"), "golden").unwrap();
        let text = "[pipeline]\nname = \"w\"\nworkspace = \"workspace\"\n[[stage]]\nname = \"a\"\nprompt_text = \"x\"\n\
                    golden = { \"src/a.rs\" = \"golden.rs\" }\n";
        fs::write(folder.join("pipeline.toml"), text).unwrap();
        Pipeline::load(folder).unwrap()
    }

    #[test]
    fn each_run_has_a_copy_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = pipeline(folder.path());
        let made = Workspace::make(&pipeline, "r", None).unwrap();
        let there = made.workspace();
        fs::write(there.join("src/a.rs"), "new").unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("workspace/src/a.rs")).unwrap(), "old");
        assert_eq!(fs::read_link(there.join("link")).unwrap(), Path::new("src/a.rs"));
        let mode = fs::metadata(there.join("build.sh")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
        fs::set_permissions(there.join("src"), fs::Permissions::from_mode(0o500)).unwrap();
        drop(made);
        assert!(!there.exists(), "it goes with its run");
    }

    #[test]
    fn a_golden_artifact_replaces_what_is_there_and_nothing_outside() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = pipeline(folder.path());
        let keep = folder.path().join("kept");
        let made = Workspace::make(&pipeline, "r", Some(&keep)).unwrap();
        let golden = &pipeline.stages[0].golden[0];
        let source = made.workspace().join("src");
        made.place(golden).unwrap();
        assert_eq!(fs::read_to_string(source.join("a.rs")).unwrap(), "golden");
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        remove(&source).unwrap();
        symlink(&outside, &source).unwrap();
        made.place(golden).unwrap();
        assert!(fs::read_dir(&outside).unwrap().next().is_none(), "the link was not followed");
        assert_eq!(fs::read_to_string(source.join("a.rs")).unwrap(), "golden");
        fs::remove_file(source.join("a.rs")).unwrap();
        fs::create_dir(source.join("a.rs")).unwrap();
        made.place(golden).unwrap();
        assert!(source.join("a.rs").is_file());
        drop(made);
        assert!(keep.join("r/workspace/src/a.rs").exists(), "kept");
        assert!(Workspace::make(&pipeline, "r", Some(&keep)).is_err(), "never over another run");
    }
}
