//! The version of the journal format, and who may read what.

use std::fmt;

/// The format that this release writes.
///
/// * 1.0: first format.
///
/// A major version changes the line, the frames or the meaning of something in them: other releases refuse the journal,
/// and the release that wrote it recovers it. A minor version adds something that a reader may pass over without losing
/// an event. New trace columns change neither: the header names the version of the columns by itself, and a newer one is
/// refused, since a column that is passed over would be lost for good once the journal is gone.
pub const JOURNAL_VERSION: JournalVersion = JournalVersion { major: 1, minor: 0 };

/// Major and minor version of the journal format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalVersion {
    /// Journals of another major version are refused.
    pub major: u32,
    /// Journals of a newer minor version are read, without what is new in them.
    pub minor: u32,
}

impl JournalVersion {
    /// Reads `1.0`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// Whether a reader of version `reader` may read a journal of this version.
    pub const fn is_readable_by(self, reader: Self) -> bool {
        self.major == reader.major
    }
}

impl fmt::Display for JournalVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
