//! How straight the line through points is.

use super::sample::{Sample, finite, sum};

/// Pearson's correlation of two vectors of the same length; -1 to 1. `None` when n < 2, a side does not vary, a value
/// is not finite or the lengths differ.
///
/// Source: K. Pearson, "Notes on regression and inheritance", Proc. R. Soc. 58 (1895), in the two-pass form, as
/// `scipy.stats.pearsonr`.
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 2 {
        return None;
    }
    let centred = |v: &[f64]| -> Option<Vec<f64>> {
        let mean = Sample::new(v).ok()?.mean()?;
        Some(v.iter().map(|value| value - mean).collect())
    };
    let (x, y) = (centred(x)?, centred(y)?);
    let dot = |a: &[f64], b: &[f64]| {
        let mut products: Vec<f64> = a.iter().zip(b).map(|(a, b)| a * b).collect();
        products.sort_by(f64::total_cmp);
        sum(products.into_iter())
    };
    let (xx, yy) = (dot(&x, &x), dot(&y, &y));
    if xx <= 0.0 || yy <= 0.0 {
        return None;
    }
    finite(dot(&x, &y) / (xx.sqrt() * yy.sqrt())).map(|r| r.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: `scipy.stats.pearsonr`.
    #[test]
    fn matches_scipy() {
        let x = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        let y = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0, 8.0];
        let r = pearson(&x, &y).unwrap();
        assert!((r - 0.209_655_319_073).abs() < 1e-9, "{r}");
        let line: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x).collect();
        assert!((pearson(&x, &line).unwrap() + 1.0).abs() < 1e-12);
    }

    #[test]
    fn points_without_a_line_have_no_correlation() {
        assert_eq!(pearson(&[1.0, 2.0], &[5.0, 5.0]), None);
        assert_eq!(pearson(&[1.0], &[1.0]), None);
        assert_eq!(pearson(&[1.0, 2.0], &[1.0]), None);
        assert_eq!(pearson(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }
}
