//! Typed values out of a polars frame.
//!
//! Everything past the queries works on plain rows, so that no other module needs to know polars.

use super::RollupError;
use crate::trace::{Timestamp, Usd};
use polars::prelude::{
    AnyValue, DataFrame, DataType, Float64Chunked, IntoColumn, NewChunkedArray, PlSmallStr,
    TimeUnit,
};

/// A table of plain values.
///
/// The values stay in their polars columns and become plain when they are asked for: a frame of a million runs costs
/// nothing but the columns that are read.
#[derive(Debug, Clone)]
pub struct Frame {
    names: Vec<String>,
    kinds: Vec<ScalarKind>,
    values: DataFrame,
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.kinds == other.kinds && self.values.equals_missing(&other.values)
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Unknown.
    Null,
    /// Text.
    Text(String),
    /// Integer.
    Int(i64),
    /// Float.
    Float(f64),
    /// Boolean.
    Bool(bool),
    /// US dollars.
    Money(Usd),
    /// Instant.
    Time(Timestamp),
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// Text, and everything else that has a text form only.
    Text,
    /// Integers.
    Int,
    /// Floats.
    Float,
    /// Booleans.
    Bool,
    /// US dollars.
    Money,
    /// Instants.
    Time,
}

impl Frame {
    /// The values of a polars frame.
    pub fn of(values: &DataFrame) -> Self {
        Self {
            names: values.get_column_names().into_iter().map(ToString::to_string).collect(),
            kinds: values.columns().iter().map(|c| kind_of(c.dtype())).collect(),
            values: values.clone(),
        }
    }

    /// The polars frame behind it.
    pub(super) const fn data(&self) -> &DataFrame {
        &self.values
    }

    /// The same table with a column of floats, in place of one of that name or at its end.
    pub fn with_numbers(&self, name: &str, numbers: &[Option<f64>]) -> Result<Self, RollupError> {
        let column =
            Float64Chunked::from_slice_options(PlSmallStr::from_str(name), numbers).into_column();
        let mut values = self.values.clone();
        let wrong =
            |_| RollupError::Column { column: name.to_owned(), expected: "as long as its table" };
        values.with_column(column).map_err(wrong)?;
        Ok(Self::of(&values))
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.values.height()
    }

    /// Column names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Column types, in order.
    pub fn kinds(&self) -> &[ScalarKind] {
        &self.kinds
    }

    /// One value; null where there is no such row or column.
    pub fn get(&self, row: usize, column: usize) -> Scalar {
        let value = self.values.columns().get(column).and_then(|c| c.get(row).ok());
        match (self.kinds.get(column), value) {
            (Some(kind), Some(value)) => scalar(*kind, &value),
            _ => Scalar::Null,
        }
    }

    /// A column of texts that may be unknown.
    pub fn texts(&self, name: &str) -> Result<Vec<Option<&str>>, RollupError> {
        let wrong = || RollupError::Column { column: name.to_owned(), expected: "text" };
        let column = self.position(name).and_then(|i| self.values.columns().get(i));
        let values = column.ok_or_else(wrong)?.as_materialized_series();
        if values.dtype().is_null() {
            return Ok(vec![None; self.height()]);
        }
        Ok(values.str().map_err(|_| wrong())?.iter().collect())
    }

    /// A column of integers that may be unknown.
    pub fn ints(&self, name: &str) -> Result<Vec<Option<i64>>, RollupError> {
        self.typed(name, "an integer", |v| match v {
            Scalar::Int(int) => Some(*int),
            _ => None,
        })
    }

    /// A column of numbers, integers and money included, as floats that may be unknown.
    pub fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>, RollupError> {
        self.typed(name, "a number", Scalar::number)
    }

    /// A column of amounts that may be unknown.
    pub fn amounts(&self, name: &str) -> Result<Vec<Option<Usd>>, RollupError> {
        self.typed(name, "money", |v| match v {
            Scalar::Money(amount) => Some(*amount),
            _ => None,
        })
    }

    /// A column of instants that may be unknown.
    pub fn times(&self, name: &str) -> Result<Vec<Option<Timestamp>>, RollupError> {
        self.typed(name, "a time", |v| match v {
            Scalar::Time(time) => Some(*time),
            _ => None,
        })
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    fn typed<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&Scalar) -> Option<T>,
    ) -> Result<Vec<Option<T>>, RollupError> {
        let wrong = || RollupError::Column { column: name.to_owned(), expected };
        let column = self.position(name).ok_or_else(wrong)?;
        (0..self.height())
            .map(|row| match self.get(row, column) {
                Scalar::Null => Ok(None),
                value => read(&value).map(Some).ok_or_else(wrong),
            })
            .collect()
    }
}

impl Scalar {
    /// The value as a float, for integers, floats, booleans (1 and 0) and money.
    #[expect(clippy::cast_precision_loss, reason = "the caller asks for a float")]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Float(float) => Some(*float),
            Self::Bool(flag) => Some(f64::from(u8::from(*flag))),
            Self::Money(amount) => Some(amount.to_f64()),
            Self::Null | Self::Text(_) | Self::Time(_) => None,
        }
    }
}

fn kind_of(dtype: &DataType) -> ScalarKind {
    match dtype {
        DataType::Boolean => ScalarKind::Bool,
        DataType::Float32 | DataType::Float64 => ScalarKind::Float,
        DataType::Decimal(_, _) => ScalarKind::Money,
        DataType::Datetime(_, _) => ScalarKind::Time,
        dtype if dtype.is_integer() => ScalarKind::Int,
        _ => ScalarKind::Text,
    }
}

fn scalar(kind: ScalarKind, value: &AnyValue<'_>) -> Scalar {
    let read = match (kind, value) {
        (_, AnyValue::Null) => None,
        (ScalarKind::Bool, AnyValue::Boolean(flag)) => Some(Scalar::Bool(*flag)),
        (ScalarKind::Money, AnyValue::Decimal(digits, _, scale)) => {
            nanos(*digits, *scale).map(Scalar::Money)
        }
        (
            ScalarKind::Time,
            AnyValue::Datetime(t, unit, _) | AnyValue::DatetimeOwned(t, unit, _),
        ) => Some(Scalar::Time(instant(*t, *unit))),
        (ScalarKind::Int, value) => value.extract::<i64>().map(Scalar::Int),
        (ScalarKind::Float, value) => {
            value.extract::<f64>().filter(|f| f.is_finite()).map(Scalar::Float)
        }
        (_, AnyValue::String(text)) => Some(Scalar::Text((*text).to_owned())),
        (_, AnyValue::StringOwned(text)) => Some(Scalar::Text(text.to_string())),
        (_, value) => Some(Scalar::Text(value.to_string())),
    };
    read.unwrap_or(Scalar::Null)
}

fn instant(time: i64, unit: TimeUnit) -> Timestamp {
    Timestamp::from_micros(match unit {
        TimeUnit::Nanoseconds => time.div_euclid(1000),
        TimeUnit::Microseconds => time,
        TimeUnit::Milliseconds => time.saturating_mul(1000),
    })
}

/// A decimal of any scale as nano-dollars, digits past the ninth cut; `None` beyond the range of a trace.
fn nanos(digits: i128, scale: usize) -> Option<Usd> {
    let target = usize::from(Usd::SCALE.unsigned_abs());
    let power = |n: usize| 10_i128.checked_pow(u32::try_from(n).ok()?);
    let digits = if scale <= target {
        digits.checked_mul(power(target - scale)?)?
    } else {
        digits / power(scale - target)?
    };
    Usd::from_nanos(digits)
}
