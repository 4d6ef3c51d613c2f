//! Naive local times to UTC.
//!
//! Event times carry no zone. The same log stamps the end of each priced call in epoch seconds, moments before the
//! event is written, which gives the offset; without prices, the report's UTC time stands for the last event. Offsets
//! of time zones are whole quarters of an hour, which absorbs the difference.

use crate::trace::{Clock, Timestamp};

/// A time that a log gives for something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// As written; naive unless `zoned`.
    pub(super) time: Timestamp,
    pub(super) zoned: bool,
    /// An epoch stamp of the same log that was taken moments before.
    pub(super) anchor: Option<Timestamp>,
}

/// A quarter of an hour in microseconds.
const QUARTER: i64 = 15 * 60 * 1_000_000;
/// How far off an anchor may be from a whole quarter (write delays; grading after the last event).
const SLACK: i64 = 7 * 60 * 1_000_000;

/// How the times of a run become UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alignment {
    pub(super) clock: Clock,
    /// Microseconds that naive times are ahead of UTC.
    offset: i64,
}

impl Alignment {
    /// Finds the offset of a run. `reported` is the UTC time of its report.
    pub(super) fn find(readings: &[Reading], reported: Option<Timestamp>) -> Self {
        if !readings.is_empty() && readings.iter().all(|r| r.zoned) {
            return Self { clock: Clock::Source, offset: 0 };
        }
        let mut ahead: Vec<i64> = readings
            .iter()
            .filter(|r| !r.zoned)
            .filter_map(|r| Some(r.time.micros_since(r.anchor?)))
            .collect();
        ahead.sort_unstable();
        if let Some(offset) = ahead.get(ahead.len() / 2).and_then(|m| quarter(*m)) {
            return Self { clock: Clock::CostEpoch, offset };
        }
        let last = readings.iter().map(|r| r.time).max();
        if let Some(offset) = last.zip(reported).and_then(|(l, r)| quarter(l.micros_since(r))) {
            return Self { clock: Clock::ReportTime, offset };
        }
        Self { clock: Clock::AssumedUtc, offset: 0 }
    }

    /// The UTC time of a reading and how it was obtained.
    pub(super) fn utc(self, time: Timestamp, zoned: bool) -> (Timestamp, Clock) {
        if zoned { (time, Clock::Source) } else { (time.plus_micros(-self.offset), self.clock) }
    }
}

/// The nearest whole quarter of an hour within a day and within the slack; `None` when the anchor is too far off.
fn quarter(micros: i64) -> Option<i64> {
    // Further off than any zone is, and far from the ends of the type.
    if !(-97 * QUARTER..=97 * QUARTER).contains(&micros) {
        return None;
    }
    let rounded = (micros + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    ((micros - rounded).abs() <= SLACK && rounded.abs() <= 96 * QUARTER).then_some(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_whole_quarters_of_an_hour() {
        let hours = 4 * QUARTER;
        assert_eq!(quarter(8 * hours + 270_000), Some(8 * hours));
        assert_eq!(quarter(-5 * hours - 90_000_000), Some(-5 * hours));
        assert_eq!(quarter(5 * hours + 3 * QUARTER), Some(5 * hours + 3 * QUARTER));
        assert_eq!(quarter(7 * 60 * 1_000_000 + 1), None, "half way between two quarters");
        assert_eq!(quarter(1000 * hours), None);
        assert_eq!(quarter(i64::MAX), None);
    }

    #[test]
    fn stamps_of_the_same_log_or_a_report_give_the_offset() {
        let at = |text| Timestamp::parse_naive(text).unwrap();
        let local = at("2025-04-30T16:32:57.8");
        let mut reading = Reading { time: local, zoned: false, anchor: None };
        assert_eq!(Alignment::find(&[reading], None).clock, Clock::AssumedUtc);
        assert_eq!(
            Alignment::find(&[reading], Some(at("2025-04-30T08:33:10"))).utc(local, false),
            (at("2025-04-30T08:32:57.8"), Clock::ReportTime)
        );
        reading.anchor = Some(at("2025-04-30T08:32:54"));
        let aligned = Alignment::find(&[reading], None);
        assert_eq!(aligned.utc(local, false), (at("2025-04-30T08:32:57.8"), Clock::CostEpoch));
        assert_eq!(aligned.utc(local, true), (local, Clock::Source));
        reading.zoned = true;
        assert_eq!(Alignment::find(&[reading], None).clock, Clock::Source);
    }
}
