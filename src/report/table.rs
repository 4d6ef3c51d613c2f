//! A table whose shape is checked while it is filled.
//!
//! Columns have distinct names and a kind, rows have one cell per column, and cells match their
//! column's kind. Renderers can therefore not fail, drop a cell or meet a NaN.

use std::collections::HashSet;

use thiserror::Error;

use super::cell::rounded;
use super::column::Column;
use super::value::Value;

/// Why a table cannot be made or extended.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The name cannot be a file stem and a label.
    #[error("table name {name:?} must be 1 to 100 ASCII letters, digits, `_` or `-`")]
    BadName {
        /// The name.
        name: String,
    },
    /// There are no columns.
    #[error("table `{table}` has no columns")]
    NoColumns {
        /// The table's name.
        table: String,
    },
    /// Two columns share a machine name, so a JSON object could not hold both.
    #[error("table `{table}` has two columns named {column:?}")]
    DuplicateColumn {
        /// The table's name.
        table: String,
        /// The shared name.
        column: String,
    },
    /// A row is shorter or longer than the header.
    #[error("row {row} of table `{table}` has {found} cells for {expected} columns")]
    RowWidth {
        /// The table's name.
        table: String,
        /// Position of the row, from 0.
        row: usize,
        /// Number of columns.
        expected: usize,
        /// Number of cells.
        found: usize,
    },
    /// A cell does not match its column's kind.
    #[error(
        "row {row} of table `{table}` has {found} in column {column:?}, which holds {expected}"
    )]
    WrongKind {
        /// The table's name.
        table: String,
        /// Position of the row, from 0.
        row: usize,
        /// The column's machine name.
        column: String,
        /// What the column holds.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
}

/// Rows under typed columns, with a title and notes for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    name: String,
    title: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    notes: Vec<String>,
}

impl Table {
    /// An empty table. The name is its file stem and LaTeX label; the title may be empty.
    ///
    /// # Errors
    ///
    /// A name that is not 1 to 100 ASCII letters, digits, `_` or `-`; no columns; two columns with
    /// one machine name.
    pub fn new(
        name: impl Into<String>,
        title: impl Into<String>,
        columns: Vec<Column>,
    ) -> Result<Self, TableError> {
        let name = name.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 100 || !name.chars().all(allowed) {
            return Err(TableError::BadName { name });
        }
        if columns.is_empty() {
            return Err(TableError::NoColumns { table: name });
        }
        let mut seen = HashSet::new();
        if let Some(twice) = columns.iter().find(|c| !seen.insert(c.name.as_str())) {
            return Err(TableError::DuplicateColumn { table: name, column: twice.name.clone() });
        }
        Ok(Self { name, title: title.into(), columns, rows: Vec::new(), notes: Vec::new() })
    }

    /// Adds a row, one cell per column. A float that is NaN or infinite becomes null.
    ///
    /// # Errors
    ///
    /// Too few or too many cells, or a cell that its column does not hold; the table is then unchanged.
    pub fn push(&mut self, mut row: Vec<Value>) -> Result<(), TableError> {
        if row.len() != self.columns.len() {
            return Err(TableError::RowWidth {
                table: self.name.clone(),
                row: self.rows.len(),
                expected: self.columns.len(),
                found: row.len(),
            });
        }
        for (column, value) in self.columns.iter().zip(&mut row) {
            if matches!(value, Value::Float(number) if !number.is_finite()) {
                *value = Value::Null;
            }
            if !column.kind.holds(value) {
                return Err(TableError::WrongKind {
                    table: self.name.clone(),
                    row: self.rows.len(),
                    column: column.name.clone(),
                    expected: column.kind.noun(),
                    found: value.noun(),
                });
            }
        }
        self.rows.push(row);
        Ok(())
    }

    /// Adds a note for people, shown after the rows.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// File stem and label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Title for people; may be empty.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Columns in order; at least one.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Rows in order, each with one cell per column.
    pub fn rows(&self) -> &[Vec<Value>] {
        &self.rows
    }

    /// The headings and cells of a row as people see them, missing ones aside.
    pub fn shown_row(&self, row: usize) -> Vec<(String, String)> {
        let cells = self.columns.iter().zip(self.rows.get(row).into_iter().flatten());
        let known = cells.filter(|(_, value)| !value.is_null());
        known.map(|(column, value)| (column.heading(), rounded(column, value))).collect()
    }

    /// Notes in order.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

#[cfg(test)]
mod tests {
    use super::super::column::Kind;
    use super::*;

    fn runs() -> Table {
        let columns =
            vec![Column::new("run", "Run", Kind::Text), Column::new("calls", "Calls", Kind::Int)];
        Table::new("runs", "Runs", columns).unwrap()
    }

    #[test]
    fn names_must_be_file_stems() {
        for name in ["", "a/b", "..", "a b", "ü", &"x".repeat(101)] {
            let made = Table::new(name, "", vec![Column::new("a", "A", Kind::Any)]);
            assert_eq!(made, Err(TableError::BadName { name: name.to_owned() }));
        }
    }

    #[test]
    fn columns_must_exist_and_differ() {
        let error = Table::new("t", "", vec![]).unwrap_err();
        assert_eq!(error.to_string(), "table `t` has no columns");
        let twice = vec![Column::new("a", "A", Kind::Any); 2];
        let error = Table::new("t", "", twice).unwrap_err();
        assert_eq!(error.to_string(), r#"table `t` has two columns named "a""#);
    }

    #[test]
    fn a_row_of_the_wrong_width_or_kind_is_refused_and_not_kept() {
        let mut table = runs();
        let error = table.push(vec!["a".into()]).unwrap_err();
        assert_eq!(error.to_string(), "row 0 of table `runs` has 1 cells for 2 columns");
        let error = table.push(vec!["a".into(), 0.5.into()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"row 0 of table `runs` has a float in column "calls", which holds integers"#
        );
        assert!(table.rows().is_empty());
    }

    #[test]
    fn a_row_is_shown_with_its_headings_and_without_what_is_missing() {
        let columns =
            vec![Column::new("a", "A", Kind::Int), Column::new("b", "B", Kind::Float).unit("s")];
        let mut table = Table::new("t", "", columns).unwrap();
        table.push(vec![Value::Null, 1.5.into()]).unwrap();
        assert_eq!(table.shown_row(0), [("B (s)".to_owned(), "1.5".to_owned())]);
        assert_eq!(table.shown_row(1), []);
    }

    #[test]
    fn undefined_floats_are_stored_as_null() {
        let mut table = Table::new("t", "", vec![Column::new("x", "X", Kind::Float)]).unwrap();
        table.push(vec![Value::Float(f64::NAN)]).unwrap();
        assert_eq!(table.rows(), [[Value::Null]]);
    }
}
