//! Output folders and files written whole: beside their place, then renamed.
//!
//! A file that is there is never replaced unasked. A folder that ramptrace made before may be made again; any other folder that is not empty is refused. Files in it
//! that are not ours stay where they are.

use super::CliError;
use crate::report::{FileHash, Receipt, Receipts};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The file that marks a folder as made by ramptrace.
pub(super) const RECEIPTS: &str = "receipts.json";

/// An output folder in the making.
#[derive(Debug)]
pub(super) struct OutputFolder {
    path: PathBuf,
    partial: TempDir,
    outputs: Vec<FileHash>,
    /// What an earlier run left there.
    earlier: Vec<FileHash>,
}

impl OutputFolder {
    /// Begins a folder. Nothing appears at `path` before [`Self::publish`].
    pub(super) fn begin(path: &Path, force: bool) -> Result<Self, CliError> {
        let earlier = earlier_outputs(path, force)?;
        let partial = partial_beside(path)?;
        Ok(Self { path: path.to_owned(), partial, outputs: Vec::new(), earlier })
    }

    /// Writes a file at a path below the folder, given with `/`.
    pub(super) fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), CliError> {
        let target = self.partial.path().join(name);
        let shown = self.path.join(name);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(|e| CliError::io("write", &shown, e))?;
        }
        std::fs::write(&target, bytes).map_err(|e| CliError::io("write", &shown, e))?;
        self.outputs.push(FileHash::of(name, bytes));
        Ok(())
    }

    /// Adds the receipts, completed with the outputs, and puts everything in place. `made_of` says what an output was
    /// made of besides the traces.
    pub(super) fn publish(
        mut self,
        mut receipts: Receipts,
        made_of: impl Fn(&str) -> Vec<String>,
    ) -> Result<(), CliError> {
        let receipt =
            |file: &FileHash| Receipt { file: file.clone(), made_of: made_of(&file.path) };
        receipts.outputs = self.outputs.iter().map(receipt).collect();
        receipts.outputs.sort_by(|a, b| a.file.path.cmp(&b.file.path));
        let text = serde_json::to_string_pretty(&receipts).unwrap_or_default() + "\n";
        self.write(RECEIPTS, text.as_bytes())?;
        let io = |path: &Path| {
            let path = path.to_owned();
            move |e| CliError::io("write", &path, e)
        };
        for output in &self.outputs {
            let target = self.path.join(&output.path);
            if let Some(parent) = target.parent() {
                std::fs::create_dir_all(parent).map_err(io(&target))?;
            }
            std::fs::rename(self.partial.path().join(&output.path), &target)
                .map_err(io(&target))?;
        }
        for stale in self.earlier.iter().filter(|e| !self.outputs.iter().any(|o| o.path == e.path))
        {
            let path = self.path.join(&stale.path);
            let _ = std::fs::remove_file(&path);
            if let Some(parent) = path.parent() {
                // Succeeds on an empty folder only.
                let _ = std::fs::remove_dir(parent);
            }
        }
        Ok(())
    }
}

/// An output file in the making.
#[derive(Debug)]
pub(super) struct OutputFile {
    path: PathBuf,
    partial: TempDir,
}

impl OutputFile {
    /// Begins a file. Nothing appears at `path` before [`Self::publish`].
    pub(super) fn begin(path: &Path, force: bool) -> Result<Self, CliError> {
        if path.is_dir() {
            return Err(CliError::usage(format!("{} is a folder, not a file", path.display()))
                .hint("choose another file with -o"));
        }
        if path.exists() && !force {
            return Err(CliError::usage(format!("{} is there already", path.display()))
                .hint("choose another file with -o, or add --force to replace this one"));
        }
        Ok(Self { path: path.to_owned(), partial: partial_beside(path)? })
    }

    /// Writes it and puts it in place.
    pub(super) fn publish(self, bytes: &[u8]) -> Result<(), CliError> {
        let beside = self.partial.path().join("partial");
        let written =
            std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, &self.path));
        written.map_err(|e| CliError::io("write", &self.path, e))
    }
}

/// A folder beside a path, for what is not finished; it goes when it is dropped.
fn partial_beside(path: &Path) -> Result<TempDir, CliError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(|e| CliError::io("create folder", parent, e))?;
    tempfile::Builder::new()
        .prefix(".ramptrace-")
        .suffix(".partial")
        .tempdir_in(parent)
        .map_err(|e| CliError::io("create a folder in", parent, e))
}

/// The files of an earlier run at `path`; an error when something else is there and `force` is not set.
fn earlier_outputs(path: &Path, force: bool) -> Result<Vec<FileHash>, CliError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    if !path.is_dir() {
        return Err(CliError::usage(format!("{} is a file, not a folder", path.display()))
            .hint("choose another folder with -o"));
    }
    let receipts = std::fs::read_to_string(path.join(RECEIPTS)).ok();
    if let Some(receipts) = receipts.and_then(|t| serde_json::from_str::<Receipts>(&t).ok())
        && receipts.tool == "ramptrace"
    {
        let inside = |f: &FileHash| {
            Path::new(&f.path).components().all(|c| matches!(c, std::path::Component::Normal(_)))
        };
        return Ok(receipts.outputs.into_iter().map(|o| o.file).filter(inside).collect());
    }
    let mut entries = std::fs::read_dir(path).map_err(|e| CliError::io("read folder", path, e))?;
    if entries.next().is_some() && !force {
        return Err(CliError::usage(format!(
            "{} is not empty, and ramptrace did not make it",
            path.display()
        ))
        .hint("choose another folder with -o, or add --force to write into this one"));
    }
    Ok(Vec::new())
}
