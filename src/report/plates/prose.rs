//! Names, counts and numbers as captions say them.
//!
//! A caption is read by people: names are short and on one line, numbers are rounded as in tables, and long lists end in
//! a count. The exact values stand in the data of the figure.

use crate::report::{inert, money, number};
use crate::trace::Usd;
use std::fmt::Display;

/// Characters of a name.
const LONGEST_NAME: usize = 80;
/// Names of a list before the rest is counted.
const MOST_NAMED: usize = 8;

/// What a figure of single runs says about intervals.
pub(super) const SINGLE_RUNS: &str = "Marks are single runs, without intervals.";

/// A name on one line; of a long one the middle is left out, since names differ at both ends.
pub(super) fn name(text: &str) -> String {
    let shown = inert::visible(text.trim());
    if shown.is_empty() {
        return "(no name)".to_owned();
    }
    let characters: Vec<char> = shown.chars().collect();
    if characters.len() <= LONGEST_NAME {
        return shown;
    }
    let (front, back) = (LONGEST_NAME / 2, characters.len() - LONGEST_NAME / 2 + 1);
    characters[..front].iter().chain(&['…']).chain(&characters[back..]).collect()
}

/// `a, b and c`; names after the eighth are counted.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a String>) -> String {
    let mut shown: Vec<String> = all.into_iter().map(|text| name(text)).collect();
    if shown.len() > MOST_NAMED + 1 {
        let others = shown.split_off(MOST_NAMED).len();
        shown.push(format!("{others} others"));
    }
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => "none".to_owned(),
    }
}

/// A sentence that names what was left out, with a blank before it; nothing when there is nothing.
pub(super) fn left_out(why: &str, labels: &[String]) -> String {
    if labels.is_empty() { String::new() } else { format!(" {why}: {}.", names(labels)) }
}

/// `1 run`, `2 runs`.
pub(super) fn count(n: impl Display, noun: &str) -> String {
    let n = n.to_string();
    let plural = if n == "1" { "" } else { "s" };
    format!("{n} {noun}{plural}")
}

/// `n = 15 runs`, or `n = 13 runs ranked, of 15`.
pub(super) fn n_of(used: usize, done: &str, left_out: usize) -> String {
    let runs = count(used, "run");
    if left_out == 0 {
        format!("n = {runs}")
    } else {
        format!("n = {runs} {done}, of {}", used + left_out)
    }
}

/// Dollars, rounded as in tables.
pub(super) fn dollars(usd: f64) -> String {
    match Usd::from_f64(usd) {
        // Less than a billionth is not nothing.
        Some(amount) if !amount.is_zero() || usd == 0.0 => money::rounded(amount.nanos().into()),
        _ => format!("${}", number::rounded(usd, None)),
    }
}

/// A number in four significant digits.
pub(super) fn number(value: f64) -> String {
    number::rounded(value, None)
}

/// A whole number, thousands apart.
pub(super) fn whole(value: i64) -> String {
    number::group(&value.to_string())
}

/// A tau-b, or that there is none.
pub(super) fn tau(value: Option<f64>) -> String {
    value.map_or_else(|| "undefined".to_owned(), number)
}

/// The lowest and the highest of the numbers there are: `0.7 to 1`.
pub(super) fn range(values: impl IntoIterator<Item = Option<f64>>) -> String {
    let mut known: Vec<f64> = values.into_iter().flatten().collect();
    known.sort_by(f64::total_cmp);
    match known.as_slice() {
        [] => "undefined".to_owned(),
        [low, .., high] if low < high => format!("{} to {}", number(*low), number(*high)),
        [one, ..] => number(*one),
    }
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{} %", number::rounded(100.0 * share, Some(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_and_names_end_in_time() {
        let labels: Vec<String> = (0..12).map(|i| format!("m{i}")).collect();
        assert_eq!(names(&labels[..2]), "m0 and m1");
        assert_eq!(names(&labels[..9]), "m0, m1, m2, m3, m4, m5, m6, m7 and m8");
        assert_eq!(names(&labels), "m0, m1, m2, m3, m4, m5, m6, m7 and 4 others");
        assert_eq!(left_out("Not drawn", &[]), "");
        assert_eq!(name(" a\nb "), r"a\nb");
        assert_eq!(name("\t"), "(no name)");
        let long = name(&"vendor/model-".repeat(50));
        assert_eq!(long.chars().count(), LONGEST_NAME);
        assert!(long.starts_with("vendor/") && long.ends_with("model-"));
    }

    #[test]
    fn numbers_read_as_in_tables() {
        assert_eq!(dollars(126.236), "$126.24");
        assert_eq!(dollars(0.046_89), "$0.0469");
        assert_eq!(dollars(0.0), "$0");
        assert_eq!(dollars(3e-12), "$3e-12");
        assert_eq!(dollars(-1.6269), "-$1.63");
        assert_eq!(dollars(1e300), "$1e300");
        assert_eq!(percent(0.2), "20.0 %");
        assert_eq!(whole(131_072), "131,072");
        assert_eq!(range([Some(1.0), None, Some(0.5)]), "0.5 to 1");
        assert_eq!(range([Some(1.0), Some(1.0)]), "1");
        assert_eq!(range([None]), "undefined");
        assert_eq!(n_of(13, "ranked", 2), "n = 13 runs ranked, of 15");
        assert_eq!(n_of(1, "ranked", 0), "n = 1 run");
    }
}
