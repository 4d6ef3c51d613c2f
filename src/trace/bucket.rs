//! Which of 256 buckets a run belongs in, and which buckets a shard reads.
//!
//! The bucket is the first byte of SHA-256 of the run id: it depends on nothing else, so that every tool and every
//! machine puts a run into the same place, and a run is never split. Shard `i` of `N` reads the buckets `b` with
//! `b mod N = i`.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// One of 256 parts of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u8);

impl Bucket {
    /// The bucket of a run.
    pub fn of(run_id: &str) -> Self {
        Self(Sha256::digest(run_id.as_bytes())[0])
    }

    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(Self)
    }

    /// Its number, from 0.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The name of its folder: `bucket=000` to `bucket=255`.
    pub fn folder(self) -> String {
        format!("bucket={:03}", self.0)
    }

    /// The bucket that a folder of this name is.
    pub fn of_folder(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("bucket=")?;
        let three = digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| three).map(Self)
    }
}

/// A part of the buckets, for one of several processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u16,
    count: u16,
}

/// Why a text is no shard.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShardError {
    /// It does not look like one.
    #[error("`{0}` is no shard: write I/N, like 0/4")]
    Form(String),
    /// N is out of range.
    #[error("there are 256 buckets: N in I/N is a number from 1 to 256")]
    Count,
    /// I is out of range.
    #[error("shards are counted from 0: of {count} shards the last is {}/{count}", count - 1)]
    Index {
        /// N.
        count: u16,
    },
}

impl Shard {
    /// Which one, from 0.
    pub fn index(self) -> u16 {
        self.index
    }

    /// How many there are.
    pub fn count(self) -> u16 {
        self.count
    }

    /// Whether a bucket is in it.
    pub fn contains(self, bucket: Bucket) -> bool {
        u16::from(bucket.number()) % self.count == self.index
    }

    /// Its buckets, in order.
    pub fn buckets(self) -> impl Iterator<Item = Bucket> {
        Bucket::all().filter(move |bucket| self.contains(*bucket))
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let form = || ShardError::Form(text.to_owned());
        let number = |part: &str| -> Option<u64> {
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        };
        let (index, count) = text.split_once('/').ok_or_else(form)?;
        let (index, count) = number(index).zip(number(count)).ok_or_else(form)?;
        let count = u16::try_from(count).ok().filter(|n| (1..=256).contains(n));
        let count = count.ok_or(ShardError::Count)?;
        let index = u16::try_from(index).ok().filter(|i| *i < count);
        Ok(Self { index: index.ok_or(ShardError::Index { count })?, count })
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_is_the_first_byte_of_the_hash_of_the_run_id() {
        // printf '%s' RUN | sha256sum | cut -c1-2
        for (run, byte) in
            [("a", 0xca), ("run-1", 0x4e), ("kimi-k2.5", 0x47), ("", 0xe3), ("Grün", 0x99)]
        {
            assert_eq!(Bucket::of(run).number(), byte, "{run}");
        }
    }

    #[test]
    fn folders_have_one_spelling() {
        assert_eq!(Bucket(7).folder(), "bucket=007");
        for bucket in Bucket::all() {
            assert_eq!(Bucket::of_folder(&bucket.folder()), Some(bucket));
        }
        for other in
            ["bucket=256", "bucket=7", "bucket=0007", "bucket=", "bucket=+07", "Bucket=007", "007"]
        {
            assert_eq!(Bucket::of_folder(other), None, "{other}");
        }
    }

    #[test]
    fn every_bucket_is_in_one_shard() {
        for count in [1, 2, 3, 7, 255, 256] {
            let shards: Vec<Shard> =
                (0..count).map(|i| format!("{i}/{count}").parse().unwrap()).collect();
            for bucket in Bucket::all() {
                assert_eq!(shards.iter().filter(|s| s.contains(bucket)).count(), 1);
            }
            assert_eq!(shards.iter().map(|s| s.buckets().count()).sum::<usize>(), 256);
        }
        assert_eq!("3/16".parse::<Shard>().unwrap().to_string(), "3/16");
    }

    #[test]
    fn what_is_no_shard_says_why() {
        let problem = |text: &str| text.parse::<Shard>().unwrap_err().to_string();
        for text in ["", "1", "/", "a/4", "-1/4", "1/", "1/4/2", "+1/4", " 1/4", "1.0/4"] {
            assert_eq!(problem(text), format!("`{text}` is no shard: write I/N, like 0/4"));
        }
        for text in ["0/0", "0/257", "0/70000"] {
            assert_eq!(problem(text), "there are 256 buckets: N in I/N is a number from 1 to 256");
        }
        for text in ["4/4", "70000/4"] {
            assert_eq!(problem(text), "shards are counted from 0: of 4 shards the last is 3/4");
        }
    }
}
