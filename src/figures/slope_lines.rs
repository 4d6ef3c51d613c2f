//! The lines between two rankings: who is coloured, and one place for every run, so that ties do not lie on each other.

use crate::analysis::{RankChange, RankComparison};

use super::area::Point;
use super::canvas::{Canvas, Style};
use super::header::{LABEL, STRONG};
use super::marker::{self, Marker};
use super::number::real;
use super::palette::{BLUE, MID_GREY, VERMILLION};
use super::stroke::{DASHED, SOLID};

/// Ranks closer than this are tied.
const TIE: f64 = 1e-9;
/// Between the lines of tied runs, and from the first and the last of them to their middle at most, in rows.
const TIE_STEP: f64 = 0.2;
const TIE_REACH: f64 = 1.0;
/// Places that make a run a mover.
pub(super) const LEAST_MOVE: f64 = 3.0;
/// Where a run goes from the old ranking to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Course {
    /// Up by some places.
    Up,
    /// Down by some places.
    Down,
    /// Hardly anywhere.
    Level,
}

impl Course {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Up, Self::Down, Self::Level];

    /// The course of a run.
    pub(super) fn of(row: &RankChange) -> Self {
        if row.places >= LEAST_MOVE - TIE {
            Self::Up
        } else if row.places <= TIE - LEAST_MOVE {
            Self::Down
        } else {
            Self::Level
        }
    }

    /// What it means.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Up => "moves up",
            Self::Down => "moves down",
            Self::Level => "moves less or not",
        }
    }

    /// How the name of a run is written.
    pub(super) fn style(self) -> Style {
        if self == Self::Level { LABEL } else { STRONG }
    }

    /// Draws the line of a run with its ends.
    pub(super) fn draw(self, canvas: &mut Canvas, from: Point, to: Point) {
        let (color, width, dash) = match self {
            Self::Up => (BLUE, 1.2, SOLID),
            Self::Down => (VERMILLION, 1.2, DASHED),
            Self::Level => (MID_GREY, 0.6, SOLID),
        };
        let (shape, radius) = match self {
            Self::Up => (Marker::Disc, 1.9),
            Self::Down => (Marker::Square, 1.9),
            Self::Level => (Marker::Disc, 1.2),
        };
        canvas.line(&[from, to], color, width, dash);
        for at in [from, to] {
            marker::draw(canvas, shape, at, radius, color);
        }
    }
}

/// The end of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct End {
    /// Place from the top, counted from 0, no two alike.
    pub(super) place: usize,
    /// Rank, which tied runs share.
    pub(super) rank: f64,
    /// The places of those it is tied with.
    pub(super) tie: Option<Tie>,
}

impl End {
    /// Where the line ends, in rows from the middle of the uppermost. Tied lines meet around the rank that they share, so
    /// that a slope shows the move.
    pub(super) fn row(&self) -> f64 {
        let Some(tie) = self.tie else { return real(self.place) };
        let middle = f64::midpoint(real(tie.first), real(tie.last));
        let step = TIE_STEP.min(2.0 * TIE_REACH / real(tie.last - tie.first));
        middle + (real(self.place) - middle) * step
    }
}

/// Places of tied runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tie {
    /// The uppermost.
    pub(super) first: usize,
    /// The lowest.
    pub(super) last: usize,
}

/// The ends of all runs on one side, given the rank there and on the other side. Tied runs come in the order of the other
/// side, so that their lines cross as little as they can.
pub(super) fn ends(data: &RankComparison, ranks: fn(&RankChange) -> (f64, f64)) -> Vec<End> {
    let rank = |index: usize| ranks(&data.rows[index]);
    let mut order: Vec<usize> = (0..data.rows.len()).collect();
    order.sort_by(|a, b| {
        let ((own_a, other_a), (own_b, other_b)) = (rank(*a), rank(*b));
        let label = |index: &usize| &data.rows[*index].label;
        own_a
            .total_cmp(&own_b)
            .then(other_a.total_cmp(&other_b))
            .then_with(|| label(a).cmp(label(b)))
    });
    let mut ends = vec![End { place: 0, rank: 0.0, tie: None }; order.len()];
    let mut first = 0;
    for tied in order.chunk_by(|a, b| rank(*b).0 - rank(*a).0 < TIE) {
        let last = first + tied.len() - 1;
        let tie = (tied.len() > 1).then_some(Tie { first, last });
        for (place, index) in (first..).zip(tied) {
            ends[*index] = End { place, rank: rank(*index).0, tie };
        }
        first = last + 1;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::super::fixture_scores;
    use super::*;

    #[test]
    fn tied_lines_meet_around_their_rank() {
        let end = |place, first, last| End { place, rank: 0.0, tie: Some(Tie { first, last }) };
        for (end, row) in [
            (end(4, 4, 5), 4.4),
            (end(5, 4, 5), 4.6),
            (end(0, 0, 40), 19.0),
            (end(40, 0, 40), 21.0),
            (End { place: 3, rank: 4.0, tie: None }, 3.0),
        ] {
            assert!((end.row() - row).abs() < 1e-9, "{end:?}");
        }
    }

    #[test]
    fn movers_move_three_ranks_and_more() {
        let mut row = fixture_scores::slope(1).rows.remove(0);
        let mut course = |places| {
            row.places = places;
            Course::of(&row)
        };
        assert_eq!([3.0, 2.5, 0.0].map(&mut course), [Course::Up, Course::Level, Course::Level]);
        assert_eq!([-2.5, -3.0, -9.0].map(course), [Course::Level, Course::Down, Course::Down]);
    }

    #[test]
    fn every_run_has_a_place_of_its_own_and_ties_say_so() {
        let mut data = fixture_scores::slope(5);
        let ranks = [(2.0, 1.0), (2.0, 3.0), (5.0, 4.5), (2.0, 2.0), (4.0, 4.5)];
        for (row, (old, new)) in data.rows.iter_mut().zip(ranks) {
            (row.old_rank, row.new_rank) = (old, new);
        }
        let found = ends(&data, |row| (row.old_rank, row.new_rank));
        let places: Vec<usize> = found.iter().map(|end| end.place).collect();
        assert_eq!(places, [0, 2, 4, 1, 3]);
        assert_eq!(found[3].tie, Some(Tie { first: 0, last: 2 }));
        assert_eq!(found[2].tie, None);
        let other = ends(&data, |row| (row.new_rank, row.old_rank));
        assert_eq!(other[4], End { place: 3, rank: 4.5, tie: Some(Tie { first: 3, last: 4 }) });
    }
}
