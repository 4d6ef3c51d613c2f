//! Copies of what passes by, with an upper bound.
//!
//! A body of any length goes through; what is kept of it is its beginning, up to a limit, and its last bytes, where
//! providers put the usage. All copies of all calls together have an allowance, so that many calls at once cannot fill
//! the memory: what it has no room for is cut, and the event says so. Short copies are free.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Last bytes that are kept of what is too long.
const TAIL: usize = 64 << 10;
/// Bytes of each copy that the allowance does not count.
const FREE: usize = 64 << 10;

/// Bytes that all copies together may still take.
#[derive(Debug)]
pub(super) struct Allowance(AtomicUsize);

impl Allowance {
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(bytes)))
    }

    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The beginning of some bytes, and, when that is not all of them, the end.
#[derive(Debug)]
pub(super) struct Clipped {
    head: Vec<u8>,
    tail: Vec<u8>,
    total: u64,
    limit: usize,
    cut: bool,
    allowance: Arc<Allowance>,
}

impl Clipped {
    pub(super) fn new(limit: usize, allowance: &Arc<Allowance>) -> Self {
        let allowance = Arc::clone(allowance);
        Self { head: Vec::new(), tail: Vec::new(), total: 0, limit, cut: false, allowance }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let fits = !self.cut && self.head.len() + bytes.len() <= self.limit;
        let more = counted(self.head.len() + bytes.len()) - counted(self.head.len());
        if fits && self.allowance.take(more) {
            self.head.extend_from_slice(bytes);
            return;
        }
        self.cut = true;
        let last = &bytes[bytes.len().saturating_sub(TAIL)..];
        if self.tail.len() + last.len() > 2 * TAIL {
            let surplus = (self.tail.len() + last.len()).saturating_sub(TAIL).min(self.tail.len());
            self.tail.drain(..surplus);
        }
        self.tail.extend_from_slice(last);
    }

    /// Everything, or as much of the beginning as was kept.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the beginning is not all.
    pub(super) const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Length of the whole.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// What it is counted in.
    pub(super) const fn allowance(&self) -> &Arc<Allowance> {
        &self.allowance
    }

    /// Begins anew.
    pub(super) fn clear(&mut self) {
        self.allowance.give_back(counted(self.head.len()));
        self.head.clear();
        self.tail.clear();
        self.total = 0;
        self.cut = false;
    }

    /// A hash of a name and these bytes. Of bytes that were cut, length, beginning and end count.
    pub(super) fn digest(&self, name: &str) -> u128 {
        let mut digest = Sha256::new();
        digest.update(name.as_bytes());
        digest.update(self.total.to_le_bytes());
        digest.update(&self.head);
        digest.update(&self.tail);
        let mut first = [0; 16];
        first.copy_from_slice(&digest.finalize()[..16]);
        u128::from_le_bytes(first)
    }

    /// The last object that stands under a key in JSON text that was cut. Inside a JSON string the quotes of a key
    /// would be escaped, so no text of a model can be taken for one.
    pub(super) fn last_object(&self, key: &str) -> Option<Value> {
        let end = if self.cut { &self.tail } else { &self.head };
        let name = format!("\"{key}\"");
        let starts = (0..end.len().saturating_sub(name.len())).rev();
        let after = starts.filter(|&at| end[at..].starts_with(name.as_bytes()));
        let objects = after.filter_map(|at| {
            let rest = end[at + name.len()..].trim_ascii_start().strip_prefix(b":")?;
            serde_json::Deserializer::from_slice(rest).into_iter::<Value>().next()?.ok()
        });
        objects.into_iter().find(Value::is_object)
    }
}

/// What a copy of so many bytes takes from the allowance.
fn counted(length: usize) -> usize {
    length.saturating_sub(FREE)
}

impl Drop for Clipped {
    fn drop(&mut self) {
        self.allowance.give_back(counted(self.head.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end() {
        let allowance = Allowance::new(1 << 20);
        let mut copy = Clipped::new(10, &allowance);
        copy.push(b"0123456789");
        assert!(!copy.is_cut());
        for _ in 0..100 {
            copy.push(&[b'x'; 5000]);
        }
        copy.push(br#"\"usage\":{"a":0}, "usage" : {"a":1,"usage":null}}"#);
        assert!(copy.is_cut() && copy.head() == b"0123456789" && copy.total() > 500_000);
        assert!(copy.tail.len() <= 2 * TAIL);
        assert_eq!(copy.last_object("usage").unwrap().to_string(), r#"{"a":1,"usage":null}"#);
        assert_eq!(copy.last_object("none"), None);
    }

    #[test]
    fn copies_share_an_allowance_and_give_it_back() {
        let allowance = Allowance::new(10);
        let mut first = Clipped::new(usize::MAX, &allowance);
        first.push(&vec![b'x'; FREE + 8]);
        let mut second = Clipped::new(usize::MAX, &allowance);
        second.push(&vec![b'x'; FREE]);
        assert!(!first.is_cut() && !second.is_cut());
        second.push(b"123");
        assert!(second.is_cut());
        drop(first);
        second.clear();
        second.push(&vec![b'x'; FREE + 10]);
        assert!(!second.is_cut());
        drop(second);
        assert_eq!(allowance.0.load(Ordering::Relaxed), 10);
    }
}
