//! The files below paths: folders, globs and archives are opened, and archives in archives.

use super::super::ImportError;
use super::archive;
use super::log_file::LogFile;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Archives in archives: a folder of logs in a tarball of a backup, and no bomb.
const DEEPEST: usize = 3;
/// Files that one thread opens in a row.
const OPENED_TOGETHER: usize = 64;

/// The files at a path, by name; a path with `*`, `?` or `[` that names no file is a glob.
pub(in super::super) fn find_files(path: &Path) -> Result<Vec<LogFile>, ImportError> {
    let mut paths = Vec::new();
    let text = path.to_string_lossy();
    if !path.exists() && text.contains(['*', '?', '[']) {
        let found =
            glob::glob(&text).map_err(|_| ImportError::NotFound { path: path.to_owned() })?;
        for found in found.flatten() {
            walk(&found, &mut paths)?;
        }
        if paths.is_empty() {
            return Err(ImportError::NotFound { path: path.to_owned() });
        }
    } else if path.exists() {
        walk(path, &mut paths)?;
    } else {
        return Err(ImportError::NotFound { path: path.to_owned() });
    }
    paths.sort();
    paths.dedup();
    // Of many small files, opening them is most of the work.
    let opened: Vec<Result<Vec<LogFile>, ImportError>> = paths
        .into_par_iter()
        .with_min_len(OPENED_TOGETHER)
        .map(|path| {
            let mut files = Vec::new();
            open(LogFile::on_disk(&path), 0, &mut files)?;
            Ok(files)
        })
        .collect();
    let mut files = Vec::new();
    for opened in opened {
        files.extend(opened?);
    }
    files.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(files)
}

fn walk(path: &Path, paths: &mut Vec<PathBuf>) -> Result<(), ImportError> {
    if !path.is_dir() {
        paths.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(ImportError::io(path))? {
        let entry = entry.map_err(ImportError::io(path))?;
        let child = entry.path();
        let kind = entry.file_type().map_err(ImportError::io(&child))?;
        // A link to a folder may lead back up; what is behind it is found where it really is.
        let linked_folder = kind.is_symlink() && child.is_dir();
        if kind.is_dir() {
            walk(&child, paths)?;
        } else if child.is_file() && !linked_folder {
            paths.push(child);
        }
    }
    Ok(())
}

fn open(file: LogFile, depth: usize, files: &mut Vec<LogFile>) -> Result<(), ImportError> {
    let (file, head) = file.unwrapped(archive::HEAD_BYTES)?;
    let members = if depth < DEEPEST { archive::members(&file, &head)? } else { None };
    match members {
        Some(members) => {
            for member in members {
                open(member, depth + 1, files)?;
            }
        }
        None => files.push(file),
    }
    Ok(())
}
