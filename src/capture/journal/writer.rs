//! Frames out: appended whole, or not at all.
//!
//! A write that fails half-way leaves a torn frame at the end. It is cut off before the next frame is written, since a
//! reader stops at the first damage and would not see what stands behind it.

use super::medium::Medium;
use super::publish::Contents;
use super::{frame, header};
use crate::trace::RunFacts;
use std::fmt;
use std::io::{self, SeekFrom};
use std::path::Path;

/// Appends frames to a journal.
pub struct JournalWriter {
    medium: Box<dyn Medium>,
    /// Bytes of whole frames.
    whole: u64,
    /// Whether something may stand behind them.
    torn: bool,
    /// Whether all of them would survive a power loss.
    durable: bool,
}

impl fmt::Debug for JournalWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalWriter").field("whole", &self.whole).finish_non_exhaustive()
    }
}

impl JournalWriter {
    /// Begins a journal on something empty, durably.
    pub(in crate::capture) fn begin(medium: Box<dyn Medium>, run: &RunFacts) -> io::Result<Self> {
        let mut writer = Self { medium, whole: 0, torn: false, durable: true };
        writer.append(&header::encode(run)?)?;
        writer.sync()?;
        Ok(writer)
    }

    /// The frame of these lines, to be appended.
    pub fn frame(lines: &[u8]) -> io::Result<Vec<u8>> {
        frame::encode(lines)
    }

    /// Appends a frame. After an error nothing of it is there for a reader, and it can be tried again.
    pub fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        if self.torn {
            self.medium.truncate(self.whole)?;
            self.medium.seek(SeekFrom::Start(self.whole))?;
        }
        self.torn = true;
        self.medium.write_all(frame)?;
        self.torn = false;
        self.durable = false;
        self.whole += frame.len() as u64;
        Ok(())
    }

    /// Returns when everything that was appended would survive a power loss.
    pub fn sync(&mut self) -> io::Result<()> {
        if !self.durable {
            self.medium.sync()?;
            self.durable = true;
        }
        Ok(())
    }

    /// The journal from its beginning, and after it frames that could not be appended. `path` is its name, for errors.
    pub(in crate::capture) fn contents<'a>(
        &'a mut self,
        path: &'a Path,
        more: &'a [u8],
    ) -> Contents<'a> {
        // Reading moves away from the end; the next append goes back there.
        self.torn = true;
        Contents { path, medium: self.medium.as_mut(), bytes: self.whole, more }
    }
}
