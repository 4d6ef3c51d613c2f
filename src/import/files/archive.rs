//! The members of zip and tar files, as files that can be read on their own.
//!
//! A zip has its table of contents at the end and a tar has none: either way the archive has to be one that can be read
//! at any place, so one that is packed itself is unpacked once, to a temporary file without a name.

use super::super::ImportError;
use super::log_file::LogFile;
use super::packing::Packing;
use zip::CompressionMethod;

/// First bytes of a file that tell an archive.
pub(super) const HEAD_BYTES: usize = TAR_MAGIC.end;
/// Where a tar has its magic bytes.
const TAR_MAGIC: std::ops::Range<usize> = 257..262;
/// Most members of an archive: far above any folder of logs, far below what fills the memory.
const MOST_MEMBERS: usize = 5_000_000;

/// The members of a file that is an archive, in its order; `None` for any other file. `head` is how it begins.
pub(super) fn members(file: &LogFile, head: &[u8]) -> Result<Option<Vec<LogFile>>, ImportError> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return zip_members(&file.seekable()?).map(Some);
    }
    if head.get(TAR_MAGIC) == Some(b"ustar") {
        return tar_members(&file.seekable()?).map(Some);
    }
    Ok(None)
}

fn zip_members(file: &LogFile) -> Result<Vec<LogFile>, ImportError> {
    let bad = |problem: String| ImportError::BadSource { path: file.name().to_owned(), problem };
    let window = file.window().map_err(ImportError::io(file.name()))?;
    let mut archive =
        zip::ZipArchive::new(window).map_err(|e| bad(format!("a broken zip file: {e}")))?;
    let mut members = Vec::new();
    for index in 0..archive.len().min(MOST_MEMBERS) {
        let member =
            archive.by_index_raw(index).map_err(|e| bad(format!("a broken zip file: {e}")))?;
        if member.is_dir() {
            continue;
        }
        let name = member.name().to_owned();
        if member.encrypted() {
            return Err(bad(format!("`{name}` in it is encrypted")));
        }
        let packing = match member.compression() {
            CompressionMethod::Stored => None,
            CompressionMethod::Deflated => Some(Packing::Deflate),
            CompressionMethod::Zstd => Some(Packing::Zstd),
            other => {
                return Err(bad(format!(
                    "`{name}` in it is packed by {other:?}, which is not read"
                )));
            }
        };
        let Some(start) = member.data_start() else {
            return Err(bad(format!("`{name}` in it has no contents")));
        };
        members.push(file.member(
            &name,
            start,
            member.compressed_size(),
            packing,
            Some(member.crc32()),
        ));
    }
    Ok(members)
}

fn tar_members(file: &LogFile) -> Result<Vec<LogFile>, ImportError> {
    let window = file.window().map_err(ImportError::io(file.name()))?;
    let mut archive = tar::Archive::new(window);
    let bad = |e: std::io::Error| ImportError::BadSource {
        path: file.name().to_owned(),
        problem: format!("a broken tar file: {e}"),
    };
    let mut members = Vec::new();
    for entry in archive.entries_with_seek().map_err(bad)?.take(MOST_MEMBERS) {
        let entry = entry.map_err(bad)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().map_err(bad)?.to_string_lossy().into_owned();
        let start = entry.raw_file_position();
        members.push(file.member(&name, start, entry.size(), None, None));
    }
    Ok(members)
}
