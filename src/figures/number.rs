//! Numbers as figures print them.

/// Decimals of a value whose metric names none.
const DECIMALS: usize = 2;
const MOST_DECIMALS: usize = 6;
/// From here on values are written short.
const LONG: f64 = 1e5;
/// Steps of a thousand with a letter.
const LETTERS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

/// Money with at least three significant digits and at least cents: `$0.0469`, `$126.24`. A cost
/// above zero never reads as `$0.00`.
pub(super) fn money(usd: f64) -> String {
    if usd > 0.0 && !(1e-6..1e12).contains(&usd) {
        return format!("${usd:.2e}");
    }
    let mut decimals = 2;
    // The text decides, not the logarithm: 0.99951 rounds up to 1.00.
    while decimals < 9 && significant(&format!("{usd:.decimals$}")) < 3 {
        decimals += 1;
    }
    format!("${}", grouped(&format!("{usd:.decimals$}")))
}

fn significant(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).skip_while(|digit| *digit == '0').count()
}

/// A cost that is known; none at all is `$0`.
pub(super) fn cost(usd: f64) -> String {
    if usd == 0.0 { "$0".to_owned() } else { money(usd) }
}

/// Money added (`+$27.3`) or saved (`−$1.60`), in three significant digits.
pub(super) fn signed_money(usd: f64) -> String {
    let sign = if usd > 0.0 {
        "+"
    } else if usd < 0.0 {
        "−"
    } else {
        return "$0".to_owned();
    };
    format!("{sign}${}", three_digits(usd.abs()))
}

/// A quantity that is not negative: whole numbers as they are, others in three significant
/// digits; short enough for a label at any size.
pub(super) fn quantity(value: f64) -> String {
    if value < 1e9 && value.fract() == 0.0 {
        return grouped(&format!("{value:.0}"));
    }
    three_digits(value)
}

/// A quantity that is not negative with so many decimals.
pub(super) fn fixed(value: f64, decimals: usize) -> String {
    grouped(&format!("{value:.decimals$}"))
}

/// A quantity that is not negative in three significant digits, ten thousands and more by their letters: `14.3M`.
pub(super) fn compact(value: f64) -> String {
    let steps = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    // From ten thousand on, and before a number like 999.9k rounds up to four digits.
    let found = steps.into_iter().find(|(step, _)| value >= step * 0.9995 && value >= 1e4 * 0.9995);
    match found {
        Some((step, letter)) if value < 1e12 => format!("{}{letter}", three_digits(value / step)),
        _ => quantity(value),
    }
}

/// What a quantity was multiplied by, in three significant digits: `×5.51`.
pub(super) fn times(ratio: f64) -> String {
    format!("×{}", three_digits(ratio))
}

/// Three significant digits, whole from 100 on: `0.0123`, `5.04`, `28,537`.
fn three_digits(value: f64) -> String {
    if !(1e-6..1e9).contains(&value) {
        return format!("{value:.2e}");
    }
    let mut decimals = 0;
    while decimals < 9 && significant(&format!("{value:.decimals$}")) < 3 {
        decimals += 1;
    }
    grouped(&format!("{value:.decimals$}"))
}

/// The label of `multiple` * 10^`exponent` on an axis, as short as it can be: `0`, `−$0.5`, `$2,000`, `$15e-9`.
pub(super) fn tick(prefix: &str, multiple: i32, exponent: i32) -> String {
    let sign = if multiple < 0 { "−" } else { "" };
    let digits = multiple.unsigned_abs();
    let number = if multiple == 0 {
        "0".to_owned()
    } else if !(-6..=6).contains(&exponent) {
        format!("{digits}e{exponent}")
    } else if exponent < 0 {
        let decimals = usize::try_from(exponent.unsigned_abs()).unwrap_or_default();
        format!("{:.decimals$}", f64::from(digits) / 10.0_f64.powi(-exponent))
    } else {
        let zeros = usize::try_from(exponent).unwrap_or_default();
        grouped(&format!("{digits}{}", "0".repeat(zeros)))
    };
    format!("{sign}{prefix}{number}")
}

/// Thousands separated by commas.
fn grouped(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// A factor in three significant digits, whole from 100 on: `2692×`, `12.3×`.
pub(super) fn factor(value: f64) -> String {
    let decimals = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    if value >= 1e9 {
        return format!("{value:.2e}×");
    }
    format!("{value:.decimals$}×")
}

/// A score with one decimal, or none when it is whole.
pub(super) fn score(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = match text.strip_suffix(".0") {
        Some(whole) if (value - value.round()).abs() < 1e-9 => whole.to_owned(),
        _ => text,
    };
    if text == "-0" { "0".to_owned() } else { text }
}

/// A number as it was given, without trailing zeros: gates and axis ticks.
pub(super) fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A value in the decimals of its metric; long ones in three digits with a letter: `219M`.
pub(super) fn metric(value: f64, digits: Option<usize>) -> String {
    let size = value.abs();
    let sign = if value < 0.0 { "−" } else { "" };
    if size >= 1e15 || (size > 0.0 && size < 1e-6) {
        return format!("{sign}{size:.2e}");
    }
    if size >= LONG {
        for (step, letter) in LETTERS {
            // What rounds up to a thousand belongs to the next letter.
            if size >= step * 0.9995 {
                return format!("{sign}{}{letter}", few_digits(size / step));
            }
        }
    }
    let decimals = digits.unwrap_or(DECIMALS).min(MOST_DECIMALS);
    let text = format!("{size:.decimals$}");
    let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
    if is_zero { text } else { format!("{sign}{text}") }
}

/// Three digits of a number below a thousand.
fn few_digits(value: f64) -> String {
    let decimals = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

/// A share in percent with one decimal.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1}\u{A0}%", 100.0 * share)
}

/// A count as a coordinate.
pub(super) fn real(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_three_digits_and_cents() {
        for (usd, text) in [
            (0.04689, "$0.0469"),
            (126.24, "$126.24"),
            (8.679_286, "$8.68"),
            (0.802_538, "$0.803"),
            (0.999_51, "$1.00"),
            (0.000_012_34, "$0.0000123"),
            (1e-6, "$0.00000100"),
            (3e-9, "$3.00e-9"),
            (1_234_567.891, "$1,234,567.89"),
            (0.1, "$0.100"),
        ] {
            assert_eq!(money(usd), text);
        }
    }

    #[test]
    fn ticks_are_short() {
        assert_eq!(tick("$", 5, -2), "$0.05");
        assert_eq!(tick("$", 1, -1), "$0.1");
        assert_eq!(tick("$", 2, 3), "$2,000");
        assert_eq!(tick("$", 1, -9), "$1e-9");
    }

    #[test]
    fn signed_money_and_quantities_keep_three_digits() {
        for (usd, text) in [
            (27.31, "+$27.3"),
            (-1.6, "−$1.60"),
            (-0.004_567, "−$0.00457"),
            (99.96, "+$100"),
            (1234.5, "+$1,234"),
            (2e-9, "+$2.00e-9"),
            (0.0, "$0"),
            (-0.0, "$0"),
        ] {
            assert_eq!(signed_money(usd), text);
        }
        for (value, text) in [
            (380.0, "380"),
            (306_494.0, "306,494"),
            (28_536.7, "28,537"),
            (0.102_3, "0.102"),
            (5.04, "5.04"),
            (0.0, "0"),
            (3.2e10, "3.20e10"),
        ] {
            assert_eq!(quantity(value), text);
        }
        assert_eq!(times(380.0 / 69.0), "×5.51");
        assert_eq!(cost(0.0), "$0");
        assert_eq!(cost(0.046_89), "$0.0469");
    }

    #[test]
    fn compact_numbers_have_letters() {
        for (value, text) in [
            (14_332_378.0, "14.3M"),
            (87_334_009.0, "87.3M"),
            (999_900.0, "1.00M"),
            (99_400.0, "99.4k"),
            (5441.0, "5,441"),
            (2.5e9, "2.50G"),
            (0.1234, "0.123"),
            (1e15, "1.00e15"),
        ] {
            assert_eq!(compact(value), text);
        }
    }

    #[test]
    fn linear_ticks_are_short() {
        assert_eq!(tick("$", 15, 1), "$150");
        assert_eq!(tick("$", -5, -1), "−$0.5");
        assert_eq!(tick("", 4, 3), "4,000");
        assert_eq!(tick("", 0, -9), "0");
        assert_eq!(tick("$", 15, -9), "$15e-9");
    }

    #[test]
    fn factors_and_scores() {
        assert_eq!(factor(2692.26), "2692×");
        assert_eq!(factor(9.871), "9.87×");
        assert_eq!(score(83.56), "83.6");
        assert_eq!(score(100.0), "100");
        assert_eq!(score(99.97), "100.0");
        assert_eq!(score(-0.0), "0");
        assert_eq!(plain(60.0), "60");
        assert_eq!(plain(62.5), "62.5");
    }

    #[test]
    fn values_of_metrics_are_short() {
        for (number, digits, text) in [
            (87.031, Some(1), "87.0"),
            (87.031, None, "87.03"),
            (0.0, Some(2), "0.00"),
            (-0.004, Some(2), "0.00"),
            (-12.5, Some(1), "−12.5"),
            (218_860_749.0, Some(0), "219M"),
            (99_999.0, Some(0), "99999"),
            (999_600.0, Some(0), "1.00M"),
            (-123_456.0, None, "−123k"),
            (3e20, None, "3.00e20"),
            (2e-9, Some(2), "2.00e-9"),
        ] {
            assert_eq!(metric(number, digits), text);
        }
    }
}
