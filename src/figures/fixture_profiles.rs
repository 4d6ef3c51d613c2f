//! Made-up metrics of runs.

use crate::analysis::{Better, Profile, ProfileMetric, ProfileRow, Radar, RadarScaling};

use super::fixture::name;

/// Label, unit, direction, digits, and the largest value over the smallest.
type Made = (&'static str, &'static str, Better, Option<usize>, f64);

const METRICS: [Made; 8] = [
    ("PL", "points", Better::Higher, Some(2), 4.0),
    ("Pipeline stage", "index", Better::Higher, Some(0), 5.0),
    ("Cost", "USD", Better::Lower, Some(4), 2692.0),
    ("Published tokens", "tokens", Better::Lower, Some(0), 60.0),
    ("Agent time", "s", Better::Lower, Some(0), 12.0),
    ("Tests passed", "share", Better::Higher, Some(3), 3.0),
    ("AEI (fixed scale)", "points", Better::Higher, Some(2), 2.0),
    ("Earlier non-full", "stages", Better::Lower, Some(0), 4.0),
];

fn least(unit: &str) -> f64 {
    match unit {
        "USD" => 0.046_89,
        "tokens" => 1.97e6,
        "s" => 488.0,
        "share" => 0.2,
        "index" | "stages" => 1.0,
        _ => 22.0,
    }
}

/// Runs with values between the least and the most of each metric; every thirteenth is unknown.
pub(crate) fn profile(runs: usize, metrics: usize) -> Profile {
    let value = |run: usize, metric: usize| {
        let (_, unit, _, _, ratio) = METRICS[metric % METRICS.len()];
        let part = f64::from(u32::try_from((run * 37 + metric * 11) % 29).unwrap()) / 28.0;
        ((run + metric) % 13 != 12).then(|| least(unit) * ratio.powf(part))
    };
    let made = |metric: usize| {
        let (label, unit, better, digits, ratio) = METRICS[metric % METRICS.len()];
        let known = (0..runs).filter_map(|run| value(run, metric));
        let range = known.fold(None, |range: Option<(f64, f64)>, v| {
            Some(range.map_or((v, v), |(low, high)| (low.min(v), high.max(v))))
        });
        let is_log = ratio > 10.0 && range.is_some_and(|(low, high)| high / low >= 10.0);
        let (label, unit) = (label.to_owned(), unit.to_owned());
        ProfileMetric { name: label.clone(), label, unit, better, digits, is_log, range }
    };
    let row = |run: usize| {
        let color = [None, Some([0x00, 0x72, 0xB2]), Some([0xF0, 0xE4, 0x42])][run % 3];
        ProfileRow {
            label: name(run),
            vendor: color.map(|_| format!("vendor{:02}", run % 3)),
            color,
            values: (0..metrics).map(|metric| value(run, metric)).collect(),
        }
    };
    Profile {
        workload: "engineer-500".to_owned(),
        pack: "RAMP as published".to_owned(),
        basis: "reported".to_owned(),
        ranked_by: Some("PL".to_owned()),
        metrics: (0..metrics).map(made).collect(),
        rows: (0..runs).map(row).collect(),
    }
}

/// The same as a radar with so many spokes.
pub(crate) fn radar(runs: usize, spokes: usize) -> Radar {
    // Two runs at least, so that there is a range; then as many as were asked for.
    let mut profile = profile(runs.max(13), spokes);
    let mut more = profile.clone();
    profile.metrics.truncate(6);
    profile.rows.iter_mut().for_each(|row| row.values.truncate(6));
    let mut radar = Radar::of(&profile, RadarScaling::Range).unwrap();
    // More spokes than a radar has of itself.
    for (index, metric) in more.metrics.drain(..).enumerate().skip(6) {
        let (low, high) = metric.range.unwrap();
        radar.spokes.push(crate::analysis::Spoke { metric, center: low, rim: high });
        for (row, values) in radar.rows.iter_mut().zip(&more.rows) {
            row.values.push(values.values[index]);
            row.scaled.push(values.values[index].map(|v| (v - low) / (high - low)));
        }
    }
    radar.rows.truncate(runs);
    radar
}
