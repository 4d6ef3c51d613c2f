//! Made-up scores: the published runs, and invented ones for other sizes.

use crate::analysis::{
    Cause, GateGap, GateGapRow, GateGaps, Outcome, RankChange, RankComparison, RankedBy,
    Trajectory, TrajectoryPoint, TrajectoryRow,
};

use super::fixture::name;
use super::fixture_ranks::PUBLISHED;
use super::number::real;

const WORKLOAD: &str = "engineer-500";
const VENDORS: [(&str, [u8; 3]); 4] = [
    ("DeepSeek", [0x00, 0x72, 0xB2]),
    ("Google", [0xF0, 0xE4, 0x42]),
    ("OpenAI", [0x00, 0x00, 0x00]),
    ("Moonshot AI", [0x56, 0xB4, 0xE9]),
];

/// The first letters of a model say who makes it; every fifth has no known maker.
fn vendor(index: usize) -> (Option<String>, Option<[u8; 3]>) {
    let known = (index % 5 != 4).then(|| VENDORS[index % VENDORS.len()]);
    (known.map(|(name, _)| name.to_owned()), known.map(|(_, color)| color))
}

fn label(index: usize, runs: usize) -> String {
    if runs <= PUBLISHED.len() { PUBLISHED[index].0.to_owned() } else { name(index) }
}

fn score(index: usize, stage: usize, runs: usize) -> f64 {
    match PUBLISHED.get(index) {
        Some((_, scores)) if runs <= PUBLISHED.len() && stage < scores.len() => scores[stage],
        _ => real((index * 31 + stage * 47 + (index * stage) % 17) % 101),
    }
}

fn outcome(score: Option<f64>, index: usize, stage: usize) -> Outcome {
    match score {
        _ if stage > 3 && (index + stage).is_multiple_of(4) => Outcome::NotAttempted,
        None => Outcome::Unscored,
        Some(value) if value >= 60.0 => Outcome::Passed,
        Some(_) => Outcome::Failed,
    }
}

fn row(index: usize, stages: usize, runs: usize) -> TrajectoryRow {
    let point = |stage: usize| {
        let score = (index % 7 != 5 || stage % 4 != 2).then(|| score(index, stage, runs));
        TrajectoryPoint { score, outcome: outcome(score, index, stage) }
    };
    let (vendor, color) = vendor(index);
    let points: Vec<TrajectoryPoint> = (0..stages).map(point).collect();
    let scored: Vec<f64> = points.iter().filter_map(|point| point.score).collect();
    let mean = (!scored.is_empty()).then(|| scored.iter().sum::<f64>() / real(scored.len()));
    TrajectoryRow { label: label(index, runs), vendor, color, mean, points }
}

/// Every seventh run has gaps; later stages are not attempted by some.
pub(crate) fn trajectory(runs: usize, stages: usize) -> Trajectory {
    let mut rows: Vec<TrajectoryRow> = (0..runs).map(|index| row(index, stages, runs)).collect();
    rows.sort_by(|a, b| b.mean.partial_cmp(&a.mean).unwrap());
    let middle = |stage: usize| {
        let mut scores: Vec<f64> = rows.iter().filter_map(|row| row.points[stage].score).collect();
        scores.sort_by(f64::total_cmp);
        scores.get(scores.len() / 2).copied()
    };
    Trajectory {
        workload: WORKLOAD.to_owned(),
        gate: 60.0,
        stages: (0..i64::try_from(stages).unwrap()).collect(),
        median: (0..stages).map(middle).collect(),
        baseline: (runs > 1).then(|| TrajectoryRow {
            label: "untouched framework".to_owned(),
            mean: None,
            points: (0..stages)
                .map(|stage| {
                    let score = [100.0, 17.64, 20.55, 1.37, 35.16, 0.0][stage % 6];
                    TrajectoryPoint { score: Some(score), outcome: Outcome::NotAttempted }
                })
                .collect(),
            ..row(0, 0, runs)
        }),
        rows,
    }
}

/// Gates at every stage, at a score of 60.
pub(crate) fn gate_gaps(runs: usize) -> GateGaps {
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / real(scores.len());
    let row = |index: usize| {
        let scores: Vec<f64> = (0..6).map(|stage| score(index, stage, runs)).collect();
        let failed = scores.iter().position(|score| *score < 60.0);
        let left = |kept: usize| {
            let end = failed.map_or(scores.len(), |first| first + kept);
            let gated = scores.iter().enumerate();
            mean(&gated.map(|(i, s)| if i < end { *s } else { 0.0 }).collect::<Vec<_>>())
        };
        let (vendor, color) = vendor(index);
        GateGapRow {
            label: label(index, runs),
            vendor,
            color,
            ungated: mean(&scores),
            zeroed: left(0),
            kept: left(1),
            failed: failed.map(|stage| i64::try_from(stage).unwrap()),
        }
    };
    let mut rows: Vec<GateGapRow> = (0..runs).map(row).collect();
    rows.sort_by(|a, b| b.ungated.total_cmp(&a.ungated));
    let column = |of: fn(&GateGapRow) -> f64| {
        (!rows.is_empty()).then(|| mean(&rows.iter().map(of).collect::<Vec<_>>()))
    };
    let means = GateGap {
        runs,
        ungated: column(|row| row.ungated),
        zeroed: column(|row| row.zeroed),
        kept: column(|row| row.kept),
    };
    GateGaps {
        workload: WORKLOAD.to_owned(),
        gate: 60.0,
        stages: None,
        rows,
        unscored: Vec::new(),
        mean: means,
    }
}

fn by(label: &str, digits: usize) -> RankedBy {
    RankedBy {
        pack: "ramp".to_owned(),
        metric: "metric".to_owned(),
        label: label.to_owned(),
        unit: "points".to_owned(),
        digits: Some(digits),
    }
}

/// The mean score against the number of passed stages, in which many are tied.
pub(crate) fn slope(runs: usize) -> RankComparison {
    let scores = |index: usize| (0..6).map(move |stage| score(index, stage, runs));
    let old = |index: usize| scores(index).sum::<f64>() / 6.0;
    let new = |index: usize| scores(index).filter(|s| *s >= 60.0).count();
    let rank = |value: f64, of: &dyn Fn(usize) -> f64| {
        let above = (0..runs).filter(|other| of(*other) > value + 1e-9).count();
        let level = (0..runs).filter(|other| (of(*other) - value).abs() <= 1e-9).count();
        real(above) + f64::midpoint(real(level), 1.0)
    };
    let row = |index: usize| {
        let (old_value, new_value) = (old(index), real(new(index)));
        let old_rank = rank(old_value, &old);
        let new_rank = rank(new_value, &|other| real(new(other)));
        let places = old_rank - new_rank;
        let moved = places.abs() > 1e-9;
        RankChange {
            label: label(index, runs),
            new_value,
            old_value,
            new_rank,
            old_rank,
            places,
            causes: if moved { vec![Cause { input: None, places }] } else { Vec::new() },
        }
    };
    let mut rows: Vec<RankChange> = (0..runs).map(row).collect();
    rows.sort_by(|a, b| a.new_rank.total_cmp(&b.new_rank).then_with(|| a.label.cmp(&b.label)));
    RankComparison {
        workload: WORKLOAD.to_owned(),
        new: by("Passed stages", 0),
        old: by("Pipeline score (PL)", 1),
        rows,
        tau_b: (runs > 1).then_some(0.716),
        only_new: Vec::new(),
        only_old: Vec::new(),
        left_out: None,
    }
}
