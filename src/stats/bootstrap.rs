//! Intervals for statistics that have no formula of their own: draw the data again, many times.
//!
//! What is drawn decides what the interval means. Rows of one run, or runs of one vendor, are no separate
//! evidence: draw their clusters, or family, task and run in turn. Every resample has its own random stream,
//! so the result depends on the seed and not on the number of threads.

use rayon::prelude::*;
use thiserror::Error;

use super::bca::{Shortfall, moved_tails};
use super::draws::Draws;
use super::interval::{Interval, Level};
use super::quantile::quantile;
use super::sample::Sample;

/// Why nothing can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// No resamples were asked for.
    #[error("a bootstrap needs at least one resample")]
    NoResamples,
    /// A cluster, family or task holds nothing.
    #[error("cluster {cluster} holds no rows")]
    EmptyCluster {
        /// Which one of the outermost level, from 0.
        cluster: usize,
    },
}

/// How limits come from the resampled values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootstrapMethod {
    /// Their quantiles at both tails.
    Percentile,
    /// Their quantiles, moved for bias and skewness.
    Bca,
}

/// What was drawn with replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResamplingUnit {
    /// Single rows.
    Row,
    /// Whole clusters, with all their rows.
    Cluster,
    /// Families, then tasks in each, then runs in each.
    Hierarchy,
}

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapPlan {
    /// How limits are found.
    pub method: BootstrapMethod,
    /// The level of the interval.
    pub level: Level,
    /// How many times to draw; 9,999 is usual.
    pub resamples: u32,
    /// Where the random numbers start.
    pub seed: u64,
}

/// A statistic with the interval that resampling gives it, and all that is needed to have it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// The statistic of the data.
    pub point: f64,
    /// Its interval, from the resamples for which the statistic is defined; `None` only as `shortfall` says.
    pub interval: Option<Interval>,
    /// What was drawn.
    pub unit: ResamplingUnit,
    /// How many units there are; of a hierarchy, families.
    pub units: usize,
    /// How many times they were drawn.
    pub resamples: u32,
    /// Resamples for which the statistic is undefined.
    pub undefined: u32,
    /// The seed.
    pub seed: u64,
    /// The method that gave the interval.
    pub method: BootstrapMethod,
    /// Why that is not the one asked for, or why the interval is missing or has no width.
    pub shortfall: Option<Shortfall>,
}

/// Draws rows. `Ok(None)` when the statistic of the data is undefined. The statistic must not depend on the
/// order of rows in a way that matters; a value that is not finite counts as undefined.
///
/// Quantiles are of type 7. Source: B. Efron, "Better bootstrap confidence intervals", JASA 82 (1987), as
/// `scipy.stats.bootstrap`.
pub fn bootstrap<T, F>(
    rows: &[T],
    statistic: F,
    plan: &BootstrapPlan,
) -> Result<Option<Bootstrap>, BootstrapError>
where
    T: Clone + Sync,
    F: Fn(&[T]) -> Option<f64> + Sync,
{
    let draw = |draws: &mut Draws| -> Vec<T> {
        (0..rows.len()).map(|_| rows[draws.below(rows.len())].clone()).collect()
    };
    let without = |unit: usize| [&rows[..unit], &rows[unit + 1..]].concat();
    let source = Source { unit: ResamplingUnit::Row, units: rows.len(), rows, draw, without };
    source.interval(&statistic, plan)
}

/// Draws clusters, each with all of its rows. `Ok(None)` when the statistic of the data is undefined.
///
/// Source: A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application" (1997), 3.8.
/// One cluster at a time is left out for the skewness.
pub fn cluster_bootstrap<T, C, F>(
    clusters: &[C],
    statistic: F,
    plan: &BootstrapPlan,
) -> Result<Option<Bootstrap>, BootstrapError>
where
    T: Clone + Sync,
    C: AsRef<[T]> + Sync,
    F: Fn(&[T]) -> Option<f64> + Sync,
{
    let clusters: Vec<&[T]> = clusters.iter().map(AsRef::as_ref).collect();
    if let Some(cluster) = clusters.iter().position(|rows| rows.is_empty()) {
        return Err(BootstrapError::EmptyCluster { cluster });
    }
    let draw = |draws: &mut Draws| -> Vec<T> {
        let draw = |_| clusters[draws.below(clusters.len())];
        (0..clusters.len()).map(draw).collect::<Vec<_>>().concat()
    };
    let without = |unit: usize| [&clusters[..unit], &clusters[unit + 1..]].concat().concat();
    let (unit, units, rows) = (ResamplingUnit::Cluster, clusters.len(), clusters.concat());
    Source { unit, units, rows: &rows, draw, without }.interval(&statistic, plan)
}

/// Draws families, in each drawn family its tasks, in each drawn task its runs; `families[f][t][r]`. Always
/// percentile. `Ok(None)` when the statistic of the data is undefined.
///
/// Source: A. C. Davison and D. V. Hinkley (1997), 3.8; T. Kwa et al., "Measuring AI Ability to Complete Long
/// Tasks", arXiv 2503.14499.
pub fn hierarchical_bootstrap<T, F>(
    families: &[Vec<Vec<T>>],
    statistic: F,
    plan: &BootstrapPlan,
) -> Result<Option<Bootstrap>, BootstrapError>
where
    T: Clone + Sync,
    F: Fn(&[T]) -> Option<f64> + Sync,
{
    let empty = |tasks: &Vec<Vec<T>>| tasks.is_empty() || tasks.iter().any(Vec::is_empty);
    if let Some(cluster) = families.iter().position(empty) {
        return Err(BootstrapError::EmptyCluster { cluster });
    }
    let draw = |draws: &mut Draws| -> Vec<T> {
        let mut rows = Vec::new();
        for _ in families {
            let tasks = &families[draws.below(families.len())];
            for _ in tasks {
                let runs = &tasks[draws.below(tasks.len())];
                rows.extend((0..runs.len()).map(|_| runs[draws.below(runs.len())].clone()));
            }
        }
        rows
    };
    let without =
        |unit: usize| [&families[..unit], &families[unit + 1..]].concat().concat().concat();
    let (unit, units, rows) =
        (ResamplingUnit::Hierarchy, families.len(), families.concat().concat());
    Source { unit, units, rows: &rows, draw, without }.interval(&statistic, plan)
}

/// What resamples are made from.
struct Source<'a, T, D, W> {
    unit: ResamplingUnit,
    units: usize,
    rows: &'a [T],
    /// Makes one resample.
    draw: D,
    /// The rows without one unit.
    without: W,
}

impl<T, D, W> Source<'_, T, D, W>
where
    T: Sync,
    D: Fn(&mut Draws) -> Vec<T> + Sync,
    W: Fn(usize) -> Vec<T> + Sync,
{
    fn interval<F>(
        &self,
        statistic: &F,
        plan: &BootstrapPlan,
    ) -> Result<Option<Bootstrap>, BootstrapError>
    where
        F: Fn(&[T]) -> Option<f64> + Sync,
    {
        if plan.resamples == 0 {
            return Err(BootstrapError::NoResamples);
        }
        let value = |rows: &[T]| statistic(rows).filter(|value| value.is_finite());
        let Some(point) = value(self.rows) else { return Ok(None) };
        let resampled =
            |stream: u32| value(&(self.draw)(&mut Draws::stream(plan.seed, u64::from(stream))));
        let values: Vec<Option<f64>> = (0..plan.resamples).into_par_iter().map(resampled).collect();
        let defined: Vec<f64> = values.iter().copied().flatten().collect();
        let undefined = values.iter().map(|value| u32::from(value.is_none())).sum();
        let left_out = |unit: usize| value(&(self.without)(unit));
        let limits = self.limits(point, &defined, &left_out, plan);
        Ok(Some(Bootstrap {
            point,
            interval: limits.0,
            unit: self.unit,
            units: self.units,
            resamples: plan.resamples,
            undefined,
            seed: plan.seed,
            method: limits.1,
            shortfall: limits.2,
        }))
    }

    fn limits<L>(
        &self,
        point: f64,
        defined: &[f64],
        left_out: &L,
        plan: &BootstrapPlan,
    ) -> (Option<Interval>, BootstrapMethod, Option<Shortfall>)
    where
        L: Fn(usize) -> Option<f64> + Sync,
    {
        let plain = BootstrapMethod::Percentile;
        if self.units < 2 {
            return (None, plain, Some(Shortfall::OneUnit));
        }
        let Some(sample) = Sample::new(defined).ok().filter(|sample| !sample.is_empty()) else {
            return (None, plain, Some(Shortfall::NothingDefined));
        };
        let tail = plan.level.tail();
        let moved = match plan.method {
            _ if sample.min() >= sample.max() => Err(Some(Shortfall::AllEqual)),
            BootstrapMethod::Percentile => Err(None),
            BootstrapMethod::Bca if self.unit == ResamplingUnit::Hierarchy => {
                Err(Some(Shortfall::Levels))
            }
            BootstrapMethod::Bca => {
                moved_tails(point, &sample, self.units, left_out, plan.level).map_err(Some)
            }
        };
        let (tails, method, shortfall) = match moved {
            Ok(tails) => (tails, BootstrapMethod::Bca, None),
            Err(shortfall) => ((tail, 1.0 - tail), plain, shortfall),
        };
        let limits = quantile(&sample, tails.0).zip(quantile(&sample, tails.1));
        (limits.map(|(low, high)| Interval { low, high }), method, shortfall)
    }
}
