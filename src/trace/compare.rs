//! Two traces compared cell by cell: what a rewriting changed.

use super::schema::Cell;
use super::{COLUMNS, TraceError, TraceReader};
use std::collections::BTreeMap;
use std::path::Path;

/// How two trace files differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows of the first and of the second.
    pub rows: [u64; 2],
    /// Number of rows that differ, by column; columns without a difference are not there.
    pub columns: BTreeMap<&'static str, u64>,
}

/// Compares two trace files row by row. Floats are compared by their bits.
pub fn compare_files(a: &Path, b: &Path) -> Result<Difference, TraceError> {
    let (mut left, mut right) = (TraceReader::open(a)?, TraceReader::open(b)?);
    let mut difference = Difference::default();
    loop {
        let (x, y) = (left.next().transpose()?, right.next().transpose()?);
        difference.rows[0] += u64::from(x.is_some());
        difference.rows[1] += u64::from(y.is_some());
        let (Some(x), Some(y)) = (&x, &y) else {
            if x.is_none() && y.is_none() {
                return Ok(difference);
            }
            continue;
        };
        for column in COLUMNS {
            if !same((column.get)(&x.0, &x.1), (column.get)(&y.0, &y.1)) {
                *difference.columns.entry(column.name).or_default() += 1;
            }
        }
    }
}

fn same(a: Cell<'_>, b: Cell<'_>) -> bool {
    match (a, b) {
        (Cell::Float(a), Cell::Float(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Kind, RunFacts, TraceWriter};
    use super::*;

    fn written(folder: &Path, name: &str, events: &[Event]) -> std::path::PathBuf {
        let path = folder.join(name);
        let run = RunFacts { run_id: "r".to_owned(), ..RunFacts::default() };
        let mut writer = TraceWriter::create(&path).unwrap();
        for event in events {
            writer.write(&run, event).unwrap();
        }
        writer.finish(false).unwrap();
        path
    }

    #[test]
    fn every_changed_cell_is_counted_under_its_column() {
        let folder = tempfile::tempdir().unwrap();
        let mut events: Vec<Event> =
            (0..3).map(|seq| Event { seq, ..Event::new(Kind::Message) }).collect();
        events[0].score = Some(f64::NAN);
        let a = written(folder.path(), "a.parquet", &events);
        assert_eq!(
            compare_files(&a, &a).unwrap(),
            Difference { rows: [3, 3], ..Difference::default() }
        );
        events[0].content = Some("x".to_owned());
        events[1].content = Some("y".to_owned());
        events[2].input_tokens = Some(0);
        let b = written(folder.path(), "b.parquet", &events);
        let columns = BTreeMap::from([("content", 2), ("input_tokens", 1)]);
        assert_eq!(compare_files(&a, &b).unwrap(), Difference { rows: [3, 3], columns });
        let short = written(folder.path(), "c.parquet", &events[..1]);
        assert_eq!(compare_files(&b, &short).unwrap().rows, [3, 1]);
        assert_eq!(compare_files(&short, &b).unwrap().rows, [1, 3]);
    }
}
