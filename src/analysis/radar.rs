//! Metrics on the spokes of a radar, scaled so that outer is better.
//!
//! For those who must have one. What is seen depends on the order of the spokes and on who else is in the cohort:
//! either the range of the cohort is the scale, or, as in the radar of arXiv 2605.27492, its largest value.

use super::profile::{Profile, ProfileMetric};
use crate::metrics::Better;

/// What a spoke reaches from the centre to the rim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RadarScaling {
    /// From the worst value of the cohort to the best.
    #[default]
    Range,
    /// From 0 to the largest value of the cohort, or from that to 0 where less is better.
    Largest,
}

/// A radar per run.
#[derive(Debug, Clone, PartialEq)]
pub struct Radar {
    /// The workload.
    pub workload: String,
    /// The pack.
    pub pack: String,
    /// Cost basis of metrics that look at money.
    pub basis: String,
    /// Label of the metric that the runs are ordered by.
    pub ranked_by: Option<String>,
    /// The rule of the spokes.
    pub scaling: RadarScaling,
    /// The spokes, clockwise from the top.
    pub spokes: Vec<Spoke>,
    /// The runs.
    pub rows: Vec<RadarRow>,
    /// Labels of metrics without a spoke: no direction is better, or centre and rim would be one.
    pub left_out: Vec<String>,
}

/// A metric as a spoke.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoke {
    /// The metric.
    pub metric: ProfileMetric,
    /// Its value at the centre.
    pub center: f64,
    /// Its value at the rim.
    pub rim: f64,
}

/// A run on a radar.
#[derive(Debug, Clone, PartialEq)]
pub struct RadarRow {
    /// Display label.
    pub label: String,
    /// Who makes the model.
    pub vendor: Option<String>,
    /// Red, green and blue of the vendor.
    pub color: Option<[u8; 3]>,
    /// Values in the order of the spokes.
    pub values: Vec<Option<f64>>,
    /// The same from 0 at the centre to 1 at the rim; below 0 where a value lies behind the centre.
    pub scaled: Vec<Option<f64>>,
}

/// Spokes of a radar.
pub const MOST_SPOKES: usize = 6;
/// A polygon has as many corners at least.
const LEAST_SPOKES: usize = 3;

impl Radar {
    /// The radar of the first metrics of a profile that can be spokes; `None` when they are fewer than three.
    pub fn of(profile: &Profile, scaling: RadarScaling) -> Option<Self> {
        let (mut chosen, mut spokes, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for (index, metric) in profile.metrics.iter().enumerate() {
            if spokes.len() == MOST_SPOKES {
                break;
            }
            match spoke(metric, scaling) {
                Some(spoke) => {
                    chosen.push(index);
                    spokes.push(spoke);
                }
                None => left_out.push(metric.label.clone()),
            }
        }
        if spokes.len() < LEAST_SPOKES {
            return None;
        }
        let rows = profile.rows.iter().map(|row| {
            let values: Vec<Option<f64>> = chosen.iter().map(|index| row.values[*index]).collect();
            let scaled = values.iter().zip(&spokes).map(|(value, spoke)| {
                value.map(|value| (value - spoke.center) / (spoke.rim - spoke.center))
            });
            RadarRow {
                label: row.label.clone(),
                vendor: row.vendor.clone(),
                color: row.color,
                scaled: scaled.collect(),
                values,
            }
        });
        Some(Self {
            workload: profile.workload.clone(),
            pack: profile.pack.clone(),
            basis: profile.basis.clone(),
            ranked_by: profile.ranked_by.clone(),
            scaling,
            rows: rows.collect(),
            spokes,
            left_out,
        })
    }
}

/// A metric as a spoke; `None` without a direction, and where centre and rim would be one.
fn spoke(metric: &ProfileMetric, scaling: RadarScaling) -> Option<Spoke> {
    let (least, most) = metric.range?;
    let (center, rim) = match (scaling, metric.better) {
        (_, Better::Neither) => return None,
        (RadarScaling::Range, Better::Higher) => (least, most),
        (RadarScaling::Range, Better::Lower) => (most, least),
        (RadarScaling::Largest, Better::Higher) => (0.0, most),
        (RadarScaling::Largest, Better::Lower) => (most, 0.0),
    };
    let has_length = (rim - center).is_finite() && rim.total_cmp(&center).is_ne();
    // Of values below 0 the largest is no scale.
    let is_scale = scaling == RadarScaling::Range || most > 0.0;
    (has_length && is_scale).then(|| Spoke { metric: metric.clone(), center, rim })
}

#[cfg(test)]
mod tests {
    use super::super::profile::ProfileRow;
    use super::*;

    fn metric(label: &str, better: Better, range: Option<(f64, f64)>) -> ProfileMetric {
        ProfileMetric {
            name: label.to_owned(),
            label: label.to_owned(),
            unit: String::new(),
            better,
            digits: None,
            is_log: false,
            range,
        }
    }

    fn profile(metrics: Vec<ProfileMetric>, rows: &[&[Option<f64>]]) -> Profile {
        let row = |values: &&[Option<f64>]| ProfileRow {
            label: "m".to_owned(),
            vendor: None,
            color: None,
            values: values.to_vec(),
        };
        Profile {
            workload: "w".to_owned(),
            pack: "p".to_owned(),
            basis: "reported".to_owned(),
            ranked_by: None,
            metrics,
            rows: rows.iter().map(row).collect(),
        }
    }

    #[test]
    fn outer_is_better_whatever_the_direction() {
        let metrics = vec![
            metric("score", Better::Higher, Some((20.0, 80.0))),
            metric("cost", Better::Lower, Some((1.0, 5.0))),
            metric("stage", Better::Higher, Some((-1.0, 4.0))),
        ];
        let rows: [&[Option<f64>]; 2] =
            [&[Some(80.0), Some(5.0), Some(-1.0)], &[Some(35.0), Some(1.0), None]];
        let of = |scaling| Radar::of(&profile(metrics.clone(), &rows), scaling).unwrap();
        let range = of(RadarScaling::Range);
        assert_eq!(range.rows[0].scaled, [Some(1.0), Some(0.0), Some(0.0)]);
        assert_eq!(range.rows[1].scaled, [Some(0.25), Some(1.0), None]);
        let largest = of(RadarScaling::Largest);
        assert_eq!(largest.rows[0].scaled, [Some(1.0), Some(0.0), Some(-0.25)]);
        assert_eq!(largest.rows[1].scaled, [Some(0.4375), Some(0.8), None]);
        assert_eq!((largest.spokes[1].center, largest.spokes[1].rim), (5.0, 0.0));
    }

    #[test]
    fn metrics_in_which_all_runs_are_alike_are_no_spokes() {
        let directed = |label, low, high| metric(label, Better::Higher, Some((low, high)));
        let metrics = vec![
            directed("a", 0.0, 1.0),
            directed("flat", 2.0, 2.0),
            metric("none", Better::Neither, Some((0.0, 1.0))),
            metric("unknown", Better::Lower, None),
            directed("b", 0.0, 1.0),
            directed("c", -3.0, -1.0),
        ];
        let values: &[Option<f64>] =
            &[Some(0.5), Some(2.0), Some(0.0), None, Some(1.0), Some(-2.0)];
        let profile = profile(metrics, &[values]);
        let radar = Radar::of(&profile, RadarScaling::Range).unwrap();
        assert_eq!(radar.left_out, ["flat", "none", "unknown"]);
        assert_eq!(radar.rows[0].scaled, [Some(0.5), Some(1.0), Some(0.5)]);
        // Up to the largest value there is a way from 0 where all runs are alike, and none where all lie below it.
        let largest = Radar::of(&profile, RadarScaling::Largest).unwrap();
        assert_eq!(largest.left_out, ["none", "unknown", "c"]);
        let few = Profile { metrics: profile.metrics[..4].to_vec(), ..profile };
        assert_eq!(Radar::of(&few, RadarScaling::Largest), None, "two spokes are no radar");
    }

    #[test]
    fn a_radar_has_the_first_six() {
        let metrics = (0..9).map(|i| metric(&i.to_string(), Better::Lower, Some((0.0, 1.0))));
        let values: &[Option<f64>] = &[Some(0.0); 9];
        let radar = Radar::of(&profile(metrics.collect(), &[values]), RadarScaling::Range).unwrap();
        let labels: Vec<&str> = radar.spokes.iter().map(|s| s.metric.label.as_str()).collect();
        assert_eq!(labels, ["0", "1", "2", "3", "4", "5"]);
    }
}
