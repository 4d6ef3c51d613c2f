//! The values of claims: numbers, truths, texts, and lists of these.

use crate::rollup::{Frame, Scalar};
use std::fmt;

/// A published or recomputed value.
#[derive(Debug, Clone, PartialEq)]
pub enum ClaimValue {
    /// Unknown.
    Unknown,
    /// A number.
    Number(f64),
    /// A truth.
    Flag(bool),
    /// A text.
    Text(String),
    /// Several of these.
    List(Vec<Self>),
}

impl ClaimValue {
    /// The values one by one.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    /// The number, if it is one.
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Number(_) => "a number",
            Self::Flag(_) => "a truth",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
        }
    }

    /// The value with at least so many decimals, and at least four digits in all.
    pub fn shown(&self, digits: usize) -> String {
        match self {
            Self::Number(number) => shown_number(*number, digits),
            Self::List(items) => {
                items.iter().map(|v| v.shown(digits)).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        }
    }

    /// The value of a query: its one cell, its one row or its one column.
    pub(super) fn of(frame: &Frame) -> Result<Self, String> {
        let (rows, columns) = (frame.height(), frame.names().len());
        let cell = |row, column| Self::from(&frame.get(row, column));
        match (rows, columns) {
            (0, _) | (_, 0) => Err("gives no row".to_owned()),
            (1, 1) => Ok(cell(0, 0)),
            (1, _) => Ok(Self::List((0..columns).map(|c| cell(0, c)).collect())),
            (_, 1) => Ok(Self::List((0..rows).map(|r| cell(r, 0)).collect())),
            _ => Err(format!(
                "gives {rows} rows of {columns} columns; a claim is one row or one column"
            )),
        }
    }
}

impl From<&Scalar> for ClaimValue {
    fn from(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Unknown,
            Scalar::Text(text) => Self::Text(text.clone()),
            Scalar::Bool(flag) => Self::Flag(*flag),
            Scalar::Time(time) => Self::Text(time.to_string()),
            number => number.number().map_or(Self::Unknown, Self::Number),
        }
    }
}

impl From<Option<f64>> for ClaimValue {
    fn from(number: Option<f64>) -> Self {
        number.filter(|n| n.is_finite()).map_or(Self::Unknown, Self::Number)
    }
}

/// Exact, as programs want it.
impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                f.write_str(&items.join(", "))
            }
        }
    }
}

/// A number with at least so many decimals, and at least four digits in all; whole numbers without decimals.
pub fn shown_number(number: f64, digits: usize) -> String {
    if number.fract().abs() < f64::EPSILON && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    // Digits before the point; a number below one has none, and zeros after the point do not count.
    let before = number.abs().log10().floor() + 1.0;
    let wanted = (0..12).find(|d| f64::from(*d) + before >= 4.0).unwrap_or(12);
    format!("{number:.*}", digits.max(usize::try_from(wanted).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_four_digits_or_more() {
        for (number, digits, expected) in [
            (2_692.258, 0, "2692"),
            (0.338_4, 2, "0.3384"),
            (0.012_346, 1, "0.01235"),
            (256.132, 2, "256.13"),
            (3.0, 2, "3"),
            (-61.58, 1, "-61.58"),
        ] {
            assert_eq!(shown_number(number, digits), expected);
        }
    }

    #[test]
    fn lists_show_their_items() {
        let list = ClaimValue::List(vec![
            ClaimValue::Number(1.0),
            ClaimValue::Unknown,
            ClaimValue::Flag(true),
        ]);
        assert_eq!(list.to_string(), "1, unknown, yes");
        assert_eq!(list.shown(2), "1, unknown, yes");
        assert_eq!(list.items().len(), 3);
        assert_eq!(ClaimValue::Text("a".into()).items().len(), 1);
    }
}
