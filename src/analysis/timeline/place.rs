//! Where grading goes. No event shows it: the harness reports how long a stage took, and what is beyond the stage's
//! events is grading. It is placed after the last event of its stage, as far as the next event leaves room.

use super::run::{Lane, TimelineSpan, TimelineStage};
use crate::ledger::Interval;

/// A stage with its events' window and what the harness reports for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Graded {
    pub(super) stage: i64,
    pub(super) window: Interval,
    pub(super) elapsed_s: Option<f64>,
}

/// Grading that was placed.
#[derive(Debug, Default)]
pub(super) struct Grading {
    pub(super) stages: Vec<TimelineStage>,
    pub(super) spans: Vec<TimelineSpan>,
    pub(super) total_s: f64,
    pub(super) unplaced_s: f64,
}

impl Grading {
    /// Places the grading of stages; `others` are the starts of events outside of stages.
    pub(super) fn of(stages: &[Graded], others: &[i64]) -> Self {
        let mut starts: Vec<(i64, Option<i64>)> =
            stages.iter().map(|s| (s.window.0, Some(s.stage))).collect();
        starts.extend(others.iter().map(|start| (*start, None)));
        starts.sort_unstable();
        let mut found = Self::default();
        for graded in stages {
            let (from, end) = graded.window;
            let wanted_s =
                graded.elapsed_s.map_or(0.0, |s| (s - seconds(end.saturating_sub(from))).max(0.0));
            let first = starts.partition_point(|(start, _)| *start < end);
            let next = starts[first..].iter().find(|(_, stage)| *stage != Some(graded.stage));
            let room = next.map_or(i64::MAX, |(start, _)| start.saturating_sub(end));
            let wanted = micros(wanted_s * 1000.0);
            let placed = wanted.min(room).min(i64::MAX.saturating_sub(end));
            let to_us = end.saturating_add(placed);
            if placed > 0 {
                let (lane, stage) = (Lane::Grading, Some(graded.stage));
                found.spans.push(TimelineSpan { lane, stage, from_us: end, to_us });
            }
            let to_us = to_us.max(from);
            found.stages.push(TimelineStage { stage: graded.stage, from_us: from, to_us });
            found.total_s += wanted_s;
            if placed < wanted {
                found.unplaced_s += wanted_s - seconds(placed);
            }
        }
        found.stages.sort_by_key(|s| (s.from_us, s.stage));
        found
    }
}

/// Milliseconds in microseconds; what is no number is none.
#[expect(clippy::cast_possible_truncation, reason = "float casts saturate")]
pub(super) fn micros(milliseconds: f64) -> i64 {
    (milliseconds * 1000.0).round() as i64
}

/// Microseconds in seconds.
#[expect(clippy::cast_precision_loss, reason = "runs are far shorter than 2^53 microseconds")]
pub(super) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graded(stage: i64, window: Interval, elapsed_s: f64) -> Graded {
        Graded { stage, window, elapsed_s: Some(elapsed_s) }
    }

    fn places(grading: &Grading) -> Vec<(i64, i64)> {
        grading.spans.iter().map(|s| (s.from_us, s.to_us)).collect()
    }

    #[test]
    fn grading_fills_the_gap_behind_its_stage_and_what_has_no_room_is_counted() {
        let stages = [
            graded(0, (0, 2_000_000), 3.0),
            graded(1, (5_000_000, 6_000_000), 9.0),
            graded(2, (8_000_000, 9_000_000), 2.5),
            Graded { stage: 3, window: (20_000_000, 21_000_000), elapsed_s: None },
        ];
        let found = Grading::of(&stages, &[10_000_000]);
        assert_eq!(
            places(&found),
            [(2_000_000, 3_000_000), (6_000_000, 8_000_000), (9_000_000, 10_000_000)]
        );
        assert!((found.total_s - 10.5).abs() < 1e-9 && (found.unplaced_s - 6.5).abs() < 1e-9);
        assert_eq!(found.stages[1].to_us, 8_000_000);
    }

    #[test]
    fn a_report_shorter_than_the_events_is_no_grading_and_a_long_one_stays_finite() {
        let found = Grading::of(&[graded(0, (0, 2_000_000), 1.0)], &[]);
        assert!(found.spans.is_empty() && found.total_s == 0.0);
        let found = Grading::of(&[graded(0, (0, 0), 1e300), graded(1, (0, 0), f64::NAN)], &[]);
        assert_eq!(places(&found), []);
        let found = Grading::of(&[graded(0, (5, 7), 1e300)], &[]);
        assert_eq!(places(&found), [(7, i64::MAX)]);
        assert!(found.unplaced_s > 1e299);
    }
}
