//! Values that the expressions of a pack use as columns.

use std::collections::BTreeMap;

/// A parameter of a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its value.
    pub value: ParameterValue,
    /// What it is for, which tells sensitivity analyses what to vary.
    pub role: Role,
    /// Unit of the value, empty when it has none.
    pub unit: String,
    /// Meaning.
    pub doc: String,
    /// Other values that could be argued for, by name.
    pub alternatives: Vec<(String, ParameterValue)>,
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// None yet: null in every row.
    Unset,
    /// The same in every row.
    Scalar(f64),
    /// One per stage, by index; null past its end. Its sum is the column `<name>_sum`.
    PerStage(Vec<f64>),
    /// One per value of a text column; null for others.
    PerKey {
        /// The column.
        column: String,
        /// Its values with theirs.
        values: BTreeMap<String, f64>,
    },
    /// One per stage of a workload.
    PerWorkloadStage(BTreeMap<(String, i64), f64>),
}

/// What a parameter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Role {
    /// A score at which something counts as passed.
    Gate,
    /// How much a stage or a criterion counts.
    Weight,
    /// What an agent that does nothing scores.
    Baseline,
    /// Anything else.
    #[default]
    Other,
}

impl Role {
    /// Reads the word of a pack.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Gate, Self::Weight, Self::Baseline, Self::Other]
            .into_iter()
            .find(|r| r.name() == word)
    }

    /// The word of a pack.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Weight => "weight",
            Self::Baseline => "baseline",
            Self::Other => "other",
        }
    }
}

impl ParameterValue {
    /// The value as text, for tables and hashes; the same text means the same value.
    pub fn text(&self) -> String {
        let list = |items: Vec<String>| items.join(", ");
        match self {
            Self::Unset => "unset".to_owned(),
            Self::Scalar(value) => value.to_string(),
            Self::PerStage(values) => {
                format!("[{}]", list(values.iter().map(f64::to_string).collect()))
            }
            Self::PerKey { column, values } => format!(
                "{{{column}: {}}}",
                list(values.iter().map(|(k, v)| format!("{k:?} = {v}")).collect())
            ),
            Self::PerWorkloadStage(values) => format!(
                "{{{}}}",
                list(values.iter().map(|((w, s), v)| format!("{w:?} {s} = {v}")).collect())
            ),
        }
    }

    /// Reads a TOML value: a number, an array by stage, or a table by the values of `column`.
    pub(super) fn from_toml(value: &toml::Value, column: Option<&str>) -> Result<Self, String> {
        match (value, column) {
            (toml::Value::Array(items), _) => {
                items.iter().map(number).collect::<Result<_, _>>().map(Self::PerStage)
            }
            (toml::Value::Table(entries), Some(column)) => {
                let read =
                    |(key, value): (&String, &toml::Value)| Ok((key.clone(), number(value)?));
                let values = entries.iter().map(read).collect::<Result<_, String>>()?;
                Ok(Self::PerKey { column: column.to_owned(), values })
            }
            (toml::Value::Table(_), None) => {
                Err("a table of values needs `by`, the column that its keys are values of"
                    .to_owned())
            }
            (value, _) => number(value).map(Self::Scalar),
        }
    }
}

/// A finite number.
pub(super) fn number(value: &toml::Value) -> Result<f64, String> {
    match value {
        toml::Value::Float(number) if number.is_finite() => Ok(*number),
        #[expect(clippy::cast_precision_loss, reason = "a parameter is a float")]
        toml::Value::Integer(number) => Ok(*number as f64),
        other => Err(format!("{} is not a finite number", shown(other))),
    }
}

/// A value as a message quotes it.
fn shown(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => format!("`\"{text}\"`"),
        toml::Value::Float(number) => format!("`{number}`"),
        toml::Value::Boolean(flag) => format!("`{flag}`"),
        other => format!("a {}", other.type_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, column: Option<&str>) -> Result<ParameterValue, String> {
        let table: toml::Table = toml::from_str(&format!("v = {text}")).unwrap();
        ParameterValue::from_toml(&table["v"], column)
    }

    #[test]
    fn numbers_arrays_and_tables_are_values() {
        assert_eq!(read("60", None), Ok(ParameterValue::Scalar(60.0)));
        assert_eq!(read("[1, 2.5]", None), Ok(ParameterValue::PerStage(vec![1.0, 2.5])));
        let keyed = read("{ b = 2, a = 1 }", Some("model")).unwrap();
        assert_eq!(keyed.text(), "{model: \"a\" = 1, \"b\" = 2}");
    }

    #[test]
    fn other_values_are_refused_with_their_text() {
        assert_eq!(read("\"60\"", None), Err("`\"60\"` is not a finite number".to_owned()));
        assert_eq!(read("nan", None), Err("`NaN` is not a finite number".to_owned()));
        assert_eq!(read("[1, true]", None), Err("`true` is not a finite number".to_owned()));
        assert!(read("{ a = 1 }", None).unwrap_err().contains("needs `by`"));
    }
}
