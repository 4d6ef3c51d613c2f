//! Numbers that the binary prints, under the names that a notebook gives them, and how two sets of numbers differ.

use crate::workspace::Workspace;
use ramptrace::rollup::ViewColumn;
use ramptrace::trace::ColumnType;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Numbers by name; a few are texts, or several numbers in order.
pub(super) type Numbers = BTreeMap<String, Value>;
pub(super) type Row = Map<String, Value>;

/// Equal to 1e-9, relative to values above 1.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
            _ => a == b,
        },
    }
}

/// What a notebook has and the binary has not, the other way round, and what both have with other values.
pub(super) fn differences(found: &Numbers, expected: &Numbers) -> Vec<String> {
    let names = found.keys().chain(expected.keys().filter(|name| !found.contains_key(*name)));
    let line = |name: &String| match (found.get(name), expected.get(name)) {
        (Some(a), Some(b)) if same(a, b) => None,
        (Some(a), Some(b)) => Some(format!("{name}: {a}, the binary says {b}")),
        (Some(a), None) => Some(format!("{name}: {a}, the binary has no such number")),
        (None, b) => Some(format!(
            "{name}: not in the notebook, the binary says {}",
            b.unwrap_or(&Value::Null)
        )),
    };
    names.filter_map(line).collect()
}

/// Numbers of the store `store` of a workspace.
pub(super) struct Binary<'a> {
    pub(super) space: &'a Workspace,
    pub(super) numbers: Numbers,
}

impl Binary<'_> {
    pub(super) fn rows(&self, args: &[&str]) -> Vec<Row> {
        let printed = self.space.ok(&[args, &["--format", "json", "-q"]].concat());
        serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{args:?}: {e}: {printed}"))
    }

    pub(super) fn sql(&self, query: &str) -> Vec<Row> {
        self.rows(&["sql", "store", query])
    }

    /// A table that `analyze` wrote.
    pub(super) fn analyzed(&self, name: &str) -> Vec<Row> {
        let text =
            std::fs::read_to_string(self.space.path(&format!("out/{name}.json"))).expect("a table");
        serde_json::from_str(&text).expect("rows")
    }

    /// Every value of rows that is no key, as table/keys/name.
    pub(super) fn add(&mut self, table: &str, keys: &[&str], rows: Vec<Row>) {
        for row in rows {
            let place: String = keys.iter().map(|key| plain(&row[*key]) + "/").collect();
            let values = row.into_iter().filter(|(name, _)| !keys.contains(&name.as_str()));
            self.numbers
                .extend(values.map(|(name, value)| (format!("{table}/{place}{name}"), value)));
        }
    }

    pub(super) fn add_sql(&mut self, table: &str, keys: &[&str], query: &str) {
        let rows = self.sql(query);
        assert!(!rows.is_empty() || table == "spread", "{table}: no rows");
        self.add(table, keys, rows);
    }

    /// How many values of each number of a view are known, and their sum.
    pub(super) fn add_coverage(&mut self, view: &str, columns: &[ViewColumn]) {
        let rows = self.sql(&format!("SELECT * FROM {view}"));
        let numeric = [ColumnType::Int, ColumnType::Float, ColumnType::Money];
        for column in columns.iter().filter(|c| numeric.contains(&c.ty)) {
            let known: Vec<f64> = rows.iter().filter_map(|row| row[column.name].as_f64()).collect();
            let total = (!known.is_empty()).then(|| known.iter().sum::<f64>());
            self.numbers.insert(format!("{view}/{}/known", column.name), json!(known.len()));
            self.numbers.insert(format!("{view}/{}/total", column.name), json!(total));
        }
    }
}

pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A row with some of its columns, under names of the notebook's.
pub(super) fn renamed(row: &Row, names: &[(&str, &str)]) -> Row {
    names.iter().map(|(name, column)| ((*name).to_owned(), row[*column].clone())).collect()
}

/// Rows with some of their columns.
pub(super) fn with(rows: &[Row], columns: &[&str]) -> Vec<Row> {
    let same: Vec<(&str, &str)> = columns.iter().map(|c| (*c, *c)).collect();
    rows.iter().map(|row| renamed(row, &same)).collect()
}
