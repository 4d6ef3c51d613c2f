//! The hash of a run: SHA-256 over its rows, column by column, whatever file holds them.
//!
//! It does not depend on compression, on row groups or on what else is in the file, so results that were computed for a
//! run stay valid when its store is compacted or copied. The name of each column goes in with its value, and a null is
//! nothing: a later release that adds a column gives old rows the same hash.

use super::schema::Cell;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Bytes of a value that is hashed where it is; shorter ones are gathered first.
const LONG: usize = 256;

/// The hash of a run in the making.
#[derive(Debug, Clone, Default)]
pub(super) struct RunDigest {
    hash: Sha256,
    row: Vec<u8>,
}

impl RunDigest {
    /// Adds the value of a column of the current row.
    pub(super) fn cell(&mut self, column: &str, cell: Cell<'_>) {
        let mut add = |tag: u8, bytes: &[u8]| {
            self.row.push(tag);
            self.row.extend_from_slice(&(column.len() as u64).to_le_bytes());
            self.row.extend_from_slice(column.as_bytes());
            self.row.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            if bytes.len() < LONG {
                self.row.extend_from_slice(bytes);
            } else {
                self.hash.update(&self.row);
                self.row.clear();
                self.hash.update(bytes);
            }
        };
        match cell {
            Cell::Null => {}
            Cell::Text(text) => add(b't', text.as_bytes()),
            Cell::Int(int) => add(b'i', &int.to_le_bytes()),
            Cell::Float(float) => add(b'f', &float.to_bits().to_le_bytes()),
            Cell::Bool(flag) => add(b'b', &[u8::from(flag)]),
            Cell::Money(amount) => add(b'm', &i128::from(amount.nanos()).to_le_bytes()),
            Cell::Time(time) => add(b's', &time.micros().to_le_bytes()),
        }
    }

    /// Ends the current row.
    pub(super) fn end_row(&mut self) {
        self.row.push(b'\n');
        self.hash.update(&self.row);
        self.row.clear();
    }

    /// The hash in hexadecimal; the next run begins.
    pub(super) fn finish(&mut self) -> String {
        hexadecimal(&self.hash.finalize_reset())
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[&[(&str, Cell<'_>)]]) -> String {
        let mut digest = RunDigest::default();
        for row in rows {
            for (column, cell) in *row {
                digest.cell(column, *cell);
            }
            digest.end_row();
        }
        digest.finish()
    }

    #[test]
    fn every_value_and_its_place_count() {
        let base = digest(&[&[("a", Cell::Int(1)), ("b", Cell::Text("x"))]]);
        for other in [
            digest(&[&[("a", Cell::Int(2)), ("b", Cell::Text("x"))]]),
            digest(&[&[("b", Cell::Int(1)), ("a", Cell::Text("x"))]]),
            digest(&[&[("a", Cell::Int(1))], &[("b", Cell::Text("x"))]]),
            digest(&[&[("a", Cell::Text("1")), ("b", Cell::Text("x"))]]),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_column_without_a_value_is_as_if_it_were_not_there() {
        let with = digest(&[&[("a", Cell::Int(1)), ("b", Cell::Null)]]);
        assert_eq!(with, digest(&[&[("a", Cell::Int(1))]]));
        // SHA-256 of "i", the length and name of the column, the length and bytes of the value, a line feed; by hand.
        assert_eq!(with, {
            let mut expected = RunDigest::default();
            let mut bytes = vec![b'i'];
            bytes.extend(1_u64.to_le_bytes());
            bytes.push(b'a');
            bytes.extend(8_u64.to_le_bytes());
            bytes.extend(1_i64.to_le_bytes());
            bytes.push(b'\n');
            expected.hash.update(&bytes);
            expected.finish()
        });
    }
}
