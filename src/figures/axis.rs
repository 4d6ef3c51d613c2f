//! Axes: where a value goes, and which ticks there is room for.

use super::number::{plain, tick};

/// A labelled position on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Where.
    pub(super) at: f64,
    /// The label.
    pub(super) label: String,
}

/// A log axis, in US dollars unless it is told otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogAxis {
    prefix: &'static str,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl LogAxis {
    /// The axis from `from` to `to` that holds all `values` (all above zero), at least a decade.
    pub(super) fn new(values: impl IntoIterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            low = low.min(value.log10());
            high = high.max(value.log10());
        }
        if low > high {
            (low, high) = (-1.0, 1.0);
        }
        let missing = (1.0 - (high - low)).max(0.0);
        let (low, high) = (low - missing / 2.0, high + missing / 2.0);
        Self { prefix: "$", low, high, from, to }
    }

    /// The same axis with another sign before its numbers.
    pub(super) fn with_prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// Position of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.at_log(value.log10())
    }

    fn at_log(&self, log: f64) -> f64 {
        self.from + (log - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Ticks at 1, 2 and 5 of each decade, thinned to 1 and then to every n-th decade until the
    /// labels, `width` wide each, leave room between them. `inset` is how far ticks may lie
    /// outside the outermost values.
    pub(super) fn ticks(&self, inset: f64, width: impl Fn(&str) -> f64) -> Vec<Tick> {
        let patterns: [(&[u8], i32); 7] =
            [(&[1, 2, 5], 1), (&[1], 1), (&[1], 2), (&[1], 5), (&[1], 10), (&[1], 50), (&[1], 200)];
        for (mantissas, step) in patterns {
            let ticks = self.marks(mantissas, step, inset);
            let has_room = ticks.windows(2).all(|pair| {
                let half = f64::midpoint(width(&pair[0].label), width(&pair[1].label));
                pair[1].at - pair[0].at >= half + 5.0
            });
            if has_room {
                return ticks;
            }
        }
        Vec::new()
    }

    /// Unlabelled ticks at every whole multiple within a decade; none over many decades, where
    /// they would run together.
    pub(super) fn minor(&self, inset: f64) -> Vec<f64> {
        if self.high - self.low > 7.0 {
            return Vec::new();
        }
        let marks = self.marks(&[1, 2, 3, 4, 5, 6, 7, 8, 9], 1, inset);
        marks.into_iter().map(|tick| tick.at).collect()
    }

    fn marks(&self, mantissas: &[u8], step: i32, inset: f64) -> Vec<Tick> {
        let mut ticks = Vec::new();
        for exponent in (-330..=310).filter(|e: &i32| e.rem_euclid(step) == 0) {
            for &mantissa in mantissas {
                let at = self.at_log(f64::from(mantissa).log10() + f64::from(exponent));
                if at >= self.from - inset - 1e-6 && at <= self.to + inset + 1e-6 {
                    ticks.push(Tick { at, label: tick(self.prefix, mantissa.into(), exponent) });
                }
            }
        }
        ticks
    }
}

/// A linear axis, drawn upwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinearAxis {
    low: f64,
    high: f64,
    bottom: f64,
    top: f64,
}

impl LinearAxis {
    /// The axis that shows `low` at `bottom` and `high` at `top`.
    pub(super) fn new(low: f64, high: f64, bottom: f64, top: f64) -> Self {
        Self { low, high, bottom, top }
    }

    /// The axis of `values` between round numbers.
    pub(super) fn of(values: impl IntoIterator<Item = f64>, bottom: f64, top: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < 1e-9 * high.abs().max(1.0) {
            let pad = (high.abs() * 0.05).max(0.5);
            (low, high) = (low - pad, high + pad);
        }
        let step = round_step(high - low);
        Self::new((low / step).floor() * step, (high / step).ceil() * step, bottom, top)
    }

    /// Position of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)
    }

    /// About five ticks at round numbers, all with the same number of decimals.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let step = round_step(self.high - self.low);
        // Rounded numbers may lie a hair above themselves.
        let first = (self.low / step - 1e-6).ceil();
        let values: Vec<f64> = (0..12)
            .map(|index| (first + f64::from(index)) * step)
            .take_while(|value| *value <= self.high + step * 1e-6)
            .collect();
        let decimals = values
            .iter()
            .filter_map(|value| plain(*value).split_once('.').map(|(_, part)| part.len()))
            .max()
            .unwrap_or(0);
        values
            .into_iter()
            .map(|value| Tick {
                at: self.at(value),
                // Adding zero turns a negative zero into a plain one.
                label: format!("{:.decimals$}", value + 0.0),
            })
            .collect()
    }
}

/// A fifth of `range`, rounded to 1, 2, 2.5 or 5 times a power of ten.
fn round_step(range: f64) -> f64 {
    let rough = range / 5.0;
    let power = 10.0_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0]
        .into_iter()
        .find(|factor| factor * power >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn log_ticks_thin_out() {
        let axis = LogAxis::new([0.05, 100.0], 0.0, 400.0);
        let ticks = axis.ticks(0.0, |_| 20.0);
        assert_eq!(labels(&ticks)[..4], ["$0.05", "$0.1", "$0.2", "$0.5"]);
        let narrow = LogAxis::new([0.05, 100.0], 0.0, 120.0);
        assert_eq!(labels(&narrow.ticks(0.0, |_| 20.0)), ["$0.1", "$1", "$10", "$100"]);
        let vast = LogAxis::new([1e-300, 1e300], 0.0, 120.0);
        assert!(vast.ticks(0.0, |_| 20.0).len() > 1);
    }

    #[test]
    fn one_value_still_has_a_decade() {
        let axis = LogAxis::new([3.0], 0.0, 100.0);
        assert!((axis.at(3.0) - 50.0).abs() < 1e-9);
        assert!(axis.ticks(0.0, |_| 20.0).len() >= 2);
        assert!(LogAxis::new([], 0.0, 100.0).ticks(0.0, |_| 20.0).len() >= 2);
    }

    #[test]
    fn linear_ticks_are_round() {
        let axis = LinearAxis::new(0.0, 100.0, 100.0, 0.0);
        assert_eq!(labels(&axis.ticks()), ["0", "20", "40", "60", "80", "100"]);
        let fine = LinearAxis::of([0.113, 0.187], 100.0, 0.0);
        assert_eq!(labels(&fine.ticks())[..2], ["0.10", "0.12"]);
        assert!(LinearAxis::of([5.0], 100.0, 0.0).ticks().len() > 1);
    }
}
