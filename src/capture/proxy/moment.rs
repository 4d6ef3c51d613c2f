//! A point in time on both clocks: the wall's, for the trace, and the monotonic one, for durations.

use crate::trace::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: Timestamp,
    pub(super) at: Instant,
}

impl Moment {
    pub(super) fn now() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        Self { wall: Timestamp::from_micros(micros), at: Instant::now() }
    }

    /// The moment on the monotonic clock, told by the wall's as it was at this one.
    pub(super) fn at(self, later: Instant) -> Self {
        let micros = later.saturating_duration_since(self.at).as_micros();
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        Self { wall: self.wall.plus_micros(micros), at: later }
    }

    /// Milliseconds from an earlier moment to this one, to the microsecond.
    #[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 microseconds")]
    pub(super) fn millis_since(self, earlier: Self) -> f64 {
        self.at.saturating_duration_since(earlier.at).as_micros() as f64 / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn durations_come_from_the_monotonic_clock() {
        let start = Moment::now();
        let end = start.at(start.at + Duration::from_micros(1_234_567));
        assert_eq!(end.wall.micros_since(start.wall), 1_234_567);
        assert!((end.millis_since(start) - 1234.567).abs() < 1e-9);
        assert!(start.millis_since(end).abs() < 1e-9, "never negative");
    }
}
