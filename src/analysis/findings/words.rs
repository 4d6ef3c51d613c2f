//! Numbers and names as they stand in a sentence.

use crate::stats::{Interval, Proportion, Ratio};

/// Names that a sentence lists before it counts the rest.
const LISTED: usize = 4;

/// A share as a percentage with one decimal, none when it is whole: `6.7 %`, `100 %`. The blank does not break.
pub(super) fn percent(share: f64) -> String {
    format!("{}\u{a0}%", bare_percent(share))
}

fn bare_percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The limits of a share: `7.0 to 45.2 %`.
pub(super) fn percent_limits(interval: Interval) -> String {
    format!("{} to {}\u{a0}%", bare_percent(interval.low), bare_percent(interval.high))
}

/// A share with its interval and its counts; one trial has no interval.
pub(super) fn rate(share: &Proportion) -> String {
    if share.n == 1 {
        return format!("{} of 1 (n = 1, no interval)", share.x);
    }
    let limits = percent_limits(Interval { low: share.low, high: share.high });
    format!("{} ({limits}, {} of {})", percent(share.point), share.x, share.n)
}

/// Two or three significant digits, as a factor: `1.94`, `10.3`, `2692`.
pub(super) fn factor(value: f64) -> String {
    let digits = match value {
        v if v < 10.0 => 2,
        v if v < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// The limits of a factor: `1.07 to 3.53`.
pub(super) fn factor_limits(interval: Interval) -> String {
    format!("{} to {}", factor(interval.low), factor(interval.high))
}

/// A finite ratio with its limits; `None` when it is infinite.
pub(super) fn ratio(ratio: Ratio) -> Option<(String, String)> {
    let limits = ratio.interval().map_or_else(|| "no interval".to_owned(), factor_limits);
    Some((factor(ratio.point()?), limits))
}

/// Dollars: cents from one dollar up, three significant digits below.
pub(super) fn dollars(amount: f64) -> String {
    if amount >= 1.0 || amount <= 0.0 {
        return format!("${amount:.2}");
    }
    let mut digits = 3;
    let mut step = 0.1;
    while amount < step && digits < 9 {
        digits += 1;
        step /= 10.0;
    }
    format!("${amount:.digits$}")
}

/// `1 run`, `2 runs`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`; of many the first and how many more.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().map(AsRef::as_ref).take(LISTED).collect();
    let rest = names.len() - shown.len();
    match (shown.as_slice(), rest) {
        ([], _) => String::new(),
        ([one], 0) => (*one).to_owned(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (all, rest) => format!("{} and {rest} more", all.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        assert_eq!(
            (percent(1.0), percent(0.0667)),
            ("100\u{a0}%".to_owned(), "6.7\u{a0}%".to_owned())
        );
        assert_eq!(dollars(126.24), "$126.24");
        assert_eq!(dollars(0.046_91), "$0.0469");
        assert_eq!(dollars(0.5), "$0.500");
        assert_eq!(dollars(0.000_012_3), "$0.0000123");
        assert_eq!([1.936, 10.31, 2691.8].map(factor), ["1.94", "10.3", "2692"]);
    }

    #[test]
    fn one_trial_has_no_interval() {
        let shown = rate(&Proportion::wilson(1, 1).unwrap());
        assert_eq!(shown, "1 of 1 (n = 1, no interval)");
        let shown = rate(&Proportion::wilson(3, 15).unwrap());
        assert_eq!(shown, "20\u{a0}% (7 to 45.2\u{a0}%, 3 of 15)");
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
        assert_eq!(listed(&["a", "b", "c", "d", "e", "f"]), "a, b, c, d and 2 more");
        assert_eq!(listed::<&str>(&[]), "");
    }
}
