//! The receipts of an output folder: what went in, what came out, and how.
//!
//! They hold no time and no host, so that the same input gives the same bytes.

use crate::trace::hexadecimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The receipts, as `receipts.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipts {
    /// Always `ramptrace`.
    pub tool: String,
    /// Release that made the folder.
    pub version: String,
    /// The command line, program name included.
    pub command: Vec<String>,
    /// Settings that shaped the numbers, defaults and seeds included.
    pub parameters: BTreeMap<String, String>,
    /// SHA-256 of the rows of every run, by run id.
    #[serde(default)]
    pub traces: BTreeMap<String, String>,
    /// SHA-256 of the definition of every metric, as `pack.metric`.
    #[serde(default)]
    pub metrics: BTreeMap<String, String>,
    /// SHA-256 of other files that were read: packs, price books, rules.
    #[serde(default)]
    pub definitions: BTreeMap<String, String>,
    /// Files of the store.
    pub inputs: Vec<FileHash>,
    /// Files that were written, the receipts aside.
    pub outputs: Vec<Receipt>,
}

/// What one output file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The file.
    #[serde(flatten)]
    pub file: FileHash,
    /// What it was made of besides the traces, e.g. `metrics` or `price books`.
    #[serde(default)]
    pub made_of: Vec<String>,
}

/// A file with its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// Path: of an input as it was found, of an output below the folder.
    pub path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

impl FileHash {
    /// The hash of a file's bytes.
    pub fn of(path: impl Into<String>, bytes: &[u8]) -> Self {
        use sha2::{Digest, Sha256};
        let sha256 = hexadecimal(&Sha256::digest(bytes));
        Self { path: path.into(), sha256, bytes: bytes.len() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_sha_256() {
        // FIPS 180-4, example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(FileHash::of("f", b"abc").sha256, expected);
    }
}
