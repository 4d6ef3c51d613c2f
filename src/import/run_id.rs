//! Run ids for logs that have none of their own that is unique, such as those that only name an instance of a benchmark:
//! the readable name, and a digest of what was read, so that equal logs have equal ids and others do not.

use super::ImportError;
use super::files::LogFile;
use sha2::{Digest, Sha256};

/// An id of a readable name and the first 8 hex digits of the SHA-256 of a log.
pub(super) fn unique(name: &str, log: &[u8]) -> String {
    let digest = Sha256::digest(log);
    let first = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    format!("{}-{first:08x}", if name.is_empty() { "run" } else { name })
}

/// The same for a log that is a file, which is not in memory.
pub(super) fn of_file(file: &LogFile) -> Result<String, ImportError> {
    Ok(format!("{}-{}", file.stem(), file.short_hash()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_logs_have_equal_ids() {
        // The first digits of the SHA-256 of "abc" are those of FIPS 180-2, appendix B.1.
        assert_eq!(unique("task", b"abc"), "task-ba7816bf");
        assert_ne!(unique("task", b"abc"), unique("task", b"abd"));
        assert!(unique("", b"abc").starts_with("run-"));
    }
}
