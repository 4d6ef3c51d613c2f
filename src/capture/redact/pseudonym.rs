//! Keyed pseudonyms: equal secrets get equal masks, and nobody without the key can guess a secret and check the guess.
//!
//! A pseudonym is the first 32 bits of HMAC-SHA256 (RFC 2104, FIPS 198-1) of the secret. The key is random and belongs to
//! a store; it lies in `.ramptrace/redaction.key`, readable by its owner only, and is no part of what one publishes.

use super::RedactError;
use crate::trace::hexadecimal;
use sha2::{Digest, Sha256};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes that SHA-256 takes in at once, to which HMAC pads the key.
const BLOCK_BYTES: usize = 64;

/// The key of a store's pseudonyms.
#[derive(Clone, PartialEq, Eq)]
pub struct PseudonymKey([u8; KEY_BYTES]);

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PseudonymKey(..)")
    }
}

impl PseudonymKey {
    /// A key of these bytes.
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// A new key, from the random numbers of the operating system.
    pub fn random() -> Result<Self, RedactError> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|e| RedactError::NoRandomness { problem: e.to_string() })?;
        Ok(Self(bytes))
    }

    /// Where the key of a store lies.
    pub fn path_in(store: &Path) -> PathBuf {
        store.join(".ramptrace").join("redaction.key")
    }

    /// Reads a key; none when there is no such file.
    pub fn read(path: &Path) -> Result<Option<Self>, RedactError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(RedactError::Io { action: "read", path: path.to_owned(), source });
            }
        };
        let key = bytes_of(text.trim());
        key.map(|bytes| Some(Self(bytes)))
            .ok_or_else(|| RedactError::BadKey { path: path.to_owned() })
    }

    /// Keeps this key at a path that has none yet, and gives the key that is there then: the one of whoever came first.
    pub fn keep(self, path: &Path) -> Result<Self, RedactError> {
        let failed = |source| RedactError::Io { action: "write", path: path.to_owned(), source };
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        // Temporary files are readable by their owner only.
        let mut file = tempfile::Builder::new()
            .prefix(".ramptrace-")
            .suffix(".partial")
            .tempfile_in(folder)
            .map_err(failed)?;
        writeln!(file, "{}", hexadecimal(&self.0)).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        match file.persist_noclobber(path) {
            Ok(_) => Ok(self),
            Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => {
                let there = Self::read(path)?;
                there.ok_or_else(|| RedactError::BadKey { path: path.to_owned() })
            }
            Err(e) => Err(failed(e.error)),
        }
    }

    /// The key at a path, made if there is none.
    pub fn read_or_make(path: &Path) -> Result<Self, RedactError> {
        match Self::read(path)? {
            Some(key) => Ok(key),
            None => Self::random()?.keep(path),
        }
    }

    /// The pseudonym of a secret: eight hexadecimal digits.
    pub(super) fn pseudonym(&self, secret: &str) -> String {
        let code = hmac_sha256(&self.0, secret.as_bytes());
        hexadecimal(&code[..4])
    }
}

/// HMAC-SHA256 for keys of at most a block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let padded = |pad: u8| -> [u8; BLOCK_BYTES] {
        std::array::from_fn(|i| key.get(i).copied().unwrap_or(0) ^ pad)
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

fn bytes_of(text: &str) -> Option<[u8; KEY_BYTES]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * KEY_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_that_of_rfc_4231() {
        // Test cases 1 to 3.
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
        ];
        for (key, message, code) in cases {
            assert_eq!(hexadecimal(&hmac_sha256(key, message)), code);
        }
    }

    #[test]
    fn equal_secrets_have_equal_pseudonyms_under_one_key_only() {
        let (a, b) = (PseudonymKey::from_bytes([1; 32]), PseudonymKey::from_bytes([2; 32]));
        assert_eq!(a.pseudonym("x"), a.pseudonym("x"));
        assert_ne!(a.pseudonym("x"), a.pseudonym("y"));
        assert_ne!(a.pseudonym("x"), b.pseudonym("x"));
        assert_eq!(a.pseudonym("").len(), 8);
        assert!(!format!("{a:?}").contains('1'), "a key is not printed");
    }

    #[test]
    fn a_key_is_made_once_and_belongs_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = PseudonymKey::path_in(folder.path());
        assert_eq!(PseudonymKey::read(&path).unwrap(), None);
        let key = PseudonymKey::read_or_make(&path).unwrap();
        assert_eq!(PseudonymKey::read_or_make(&path).unwrap(), key);
        let late = PseudonymKey::random().unwrap();
        assert_ne!(late, key);
        assert_eq!(late.keep(&path).unwrap(), key, "the first one stays");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["", "12", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            std::fs::write(&path, text).unwrap();
            let error = PseudonymKey::read_or_make(&path).unwrap_err();
            assert!(error.to_string().contains("is no redaction key"), "{error}");
        }
        assert!(PseudonymKey::read(folder.path()).is_err(), "a folder is no key");
    }
}
