//! How the prompt grows from call to call.

use crate::stats::theil_sen;

/// Points of a series that the slope is computed from at most; a longer series is thinned evenly, since the estimator
/// looks at every pair.
const MOST_POINTS: usize = 2000;

/// Prompt lengths of the answered calls of a stage or run, summed up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContextGrowth {
    /// Calls with a known prompt length.
    pub calls: usize,
    /// Prompt of the first call, in tokens.
    pub first: i64,
    /// Longest prompt, in tokens.
    pub peak: i64,
    /// Theil-Sen slope in tokens per call; `None` for fewer than two calls.
    pub slope: Option<f64>,
    /// Sum of all prompts over the longest one: how many full contexts were sent. `None` when no prompt had tokens.
    pub snowball: Option<f64>,
    /// Calls whose prompt was more than 20 % shorter than that of the call before.
    pub compactions: usize,
    /// The model's context window in tokens, when an error or the provider stated it.
    pub limit: Option<i64>,
    /// Longest prompt over the window.
    pub window_share: Option<f64>,
}

impl ContextGrowth {
    /// Sums up prompt lengths in tokens, in order. `None` without calls.
    ///
    /// Source: Theil-Sen as [`theil_sen`]; the snowball factor as "token snowball" of SWE-Effi, arXiv 2509.09853.
    pub fn of(prompts: &[i64], limit: Option<i64>) -> Option<Self> {
        let (first, peak) = (*prompts.first()?, *prompts.iter().max()?);
        let points: Vec<(f64, f64)> = thinned(prompts.len())
            .filter_map(|i| Some((count(i), real(*prompts.get(i)?))))
            .collect();
        let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
        let sum: f64 = prompts.iter().map(|p| real(*p)).sum();
        let shorter = |w: &&[i64]| matches!(w, [a, b] if i128::from(*b) * 5 < i128::from(*a) * 4);
        let limit = limit.filter(|l| *l > 0);
        Some(Self {
            calls: prompts.len(),
            first,
            peak,
            slope: theil_sen(&x, &y).map(|line| line.slope),
            snowball: (peak > 0).then(|| sum / real(peak)),
            compactions: prompts.windows(2).filter(shorter).count(),
            limit,
            window_share: limit.map(|l| real(peak) / real(l)),
        })
    }
}

/// Positions of at most [`MOST_POINTS`] of `n` values, evenly spread, the first and the last among them.
fn thinned(n: usize) -> impl Iterator<Item = usize> {
    let kept = n.min(MOST_POINTS);
    (0..kept).map(move |i| if kept < 2 { i } else { i * (n - 1) / (kept - 1) })
}

#[expect(clippy::cast_precision_loss, reason = "prompts are far shorter than 2^53 tokens")]
fn real(tokens: i64) -> f64 {
    tokens as f64
}

#[expect(clippy::cast_precision_loss, reason = "series are far shorter than 2^53 calls")]
fn count(calls: usize) -> f64 {
    calls as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, expected: f64) {
        let got = got.unwrap();
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    /// The published vector: 1000, 1500, 2000, 2500 grow by 500 tokens per call and send 2.8 full contexts.
    #[test]
    fn the_reference_series_has_its_reference_values() {
        let growth = ContextGrowth::of(&[1000, 1500, 2000, 2500], Some(5000)).unwrap();
        close(growth.slope, 500.0);
        close(growth.snowball, 2.8);
        close(growth.window_share, 0.5);
        assert_eq!((growth.calls, growth.peak, growth.compactions), (4, 2500, 0));
    }

    /// Oracle: `scipy.stats.theilslopes([100, 900, 500, 1600, 300], range(5))`, `SciPy` 1.17.1.
    #[test]
    fn the_slope_is_a_median_over_all_pairs() {
        let growth = ContextGrowth::of(&[100, 900, 500, 1600, 300], None).unwrap();
        close(growth.slope, 125.0);
        assert_eq!(growth.compactions, 2, "900 to 500 and 1600 to 300");
        assert_eq!(growth.window_share, None);
    }

    #[test]
    fn a_drop_of_exactly_a_fifth_is_no_compaction() {
        assert_eq!(ContextGrowth::of(&[1000, 800], None).unwrap().compactions, 0);
        assert_eq!(ContextGrowth::of(&[1000, 799], None).unwrap().compactions, 1);
    }

    #[test]
    fn what_is_not_there_stays_unknown() {
        assert_eq!(ContextGrowth::of(&[], None), None);
        let one = ContextGrowth::of(&[10], Some(0)).unwrap();
        assert_eq!((one.slope, one.limit, one.window_share), (None, None, None));
        assert_eq!(ContextGrowth::of(&[0, 0], None).unwrap().snowball, None);
    }

    #[test]
    fn long_series_are_thinned_and_keep_their_slope() {
        let prompts: Vec<i64> = (0..50_000).map(|i| 7 * i).collect();
        close(ContextGrowth::of(&prompts, None).unwrap().slope, 7.0);
        assert_eq!(thinned(5000).count(), MOST_POINTS);
        assert_eq!(thinned(5000).last(), Some(4999));
    }
}
