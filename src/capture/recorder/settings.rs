//! How to record: the clock, what masks secrets, who hears warnings, and how much may wait.

use crate::trace::{Event, Timestamp};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Settings of a recorder.
pub struct Settings {
    /// What time it is.
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Masks secrets in an event, before anything of it is kept.
    pub mask: Box<dyn Fn(&mut Event) + Send>,
    /// Tells the user something.
    pub warn: Box<dyn Fn(&str) + Send + Sync>,
    /// How much may wait, and how long.
    pub bounds: Bounds,
}

/// How much may wait, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Events that may wait for the writer.
    pub events: usize,
    /// Bytes that may wait for the writer. One event may be larger when nothing else waits.
    pub bytes: usize,
    /// Longest time that the observed run waits for room.
    pub wait: Duration,
    /// Longest time from an event to its journal.
    pub flush: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            events: 1 << 16,
            bytes: 64 << 20,
            wait: Duration::from_millis(50),
            flush: Duration::from_secs(1),
        }
    }
}

impl Default for Settings {
    /// The system's clock, nothing masked, warnings unheard.
    fn default() -> Self {
        Self {
            now: Box::new(system_time),
            mask: Box::new(|_| {}),
            warn: Box::new(|_| {}),
            bounds: Bounds::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

/// UTC by the system's clock; a clock before 1970 is not believed.
pub fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
