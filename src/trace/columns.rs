//! Some columns of a trace file, thousands of rows at a time, for whoever folds every row.
//!
//! Texts with few different values come as keys into a list of words, which is how the file holds them. A column that
//! is null all through a row group, as the footer says, is not read at all.

use super::reader::{check_columns, footer_of, open};
use super::{COLUMNS, Column, ColumnType, TraceError};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Float64Type, Int32Type, Int64Type, Schema,
    TimestampMicrosecondType,
};
use arrow::util::bit_iterator::BitIndexIterator;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows that are decoded at once: a column of them stays in the cache of a core.
const BATCH_ROWS: usize = 16_384;

/// A trace file that is read column by column, in pieces that can be read apart.
#[derive(Debug, Clone)]
pub struct ColumnFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl ColumnFile {
    /// Opens a trace file and checks that this release can read it.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let (file, metadata) = open(path, PageIndexPolicy::Skip)?;
        footer_of(path, &metadata)?;
        check_columns(path, metadata.schema())?;
        let options = ArrowReaderOptions::new()
            .with_offset_index_policy(PageIndexPolicy::Skip)
            .with_schema(Arc::new(with_words(metadata.schema())));
        let metadata = ArrowReaderMetadata::load(&file, options)
            .map_err(|source| TraceError::NotParquet { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), metadata })
    }

    /// Number of pieces, in file order. A run may begin in one and end in a later one.
    pub fn pieces(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Reads columns of one piece. A name that is no column of this file reads as null.
    pub fn read(&self, piece: usize, columns: &[&'static str]) -> Result<ColumnReader, TraceError> {
        let group = self.metadata.metadata().row_group(piece);
        let wanted: Vec<usize> = (0..group.num_columns())
            .filter(|i| columns.contains(&group.column(*i).column_descr().name()))
            .filter(|i| !is_all_null(group, *i))
            .collect();
        let mask = ProjectionMask::leaves(self.metadata.parquet_schema(), wanted);
        let file = File::open(&self.path).map_err(TraceError::io("open", &self.path))?;
        let batches =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_projection(mask)
                .with_row_groups(vec![piece])
                .with_batch_size(BATCH_ROWS)
                .build()
                .map_err(|source| TraceError::NotParquet { path: self.path.clone(), source })?;
        let before = (0..piece).map(|i| self.metadata.metadata().row_group(i).num_rows());
        let row = u64::try_from(before.sum::<i64>()).unwrap_or_default();
        Ok(ColumnReader { path: self.path.clone(), batches, row })
    }
}

/// The same columns, short texts as keys into a list of words.
fn with_words(schema: &Schema) -> Schema {
    let words = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let fields = schema.fields().iter().map(|field| {
        let is_text = *field.data_type() == DataType::Utf8;
        if is_text && COLUMNS.iter().any(|c| c.name == field.name() && has_words(c)) {
            Arc::new(Field::new(field.name(), words.clone(), field.is_nullable()))
        } else {
            Arc::clone(field)
        }
    });
    Schema::new(fields.collect::<Vec<_>>())
}

fn has_words(column: &Column) -> bool {
    column.ty == ColumnType::Text && !super::schema::is_long_text(column)
}

fn is_all_null(group: &RowGroupMetaData, column: usize) -> bool {
    let column = group.column(column);
    let nulls = column.statistics().and_then(Statistics::null_count_opt);
    nulls.is_some_and(|nulls| i64::try_from(nulls).ok() == Some(column.num_values()))
}

/// Batches of columns, in file order.
#[derive(Debug)]
pub struct ColumnReader {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    row: u64,
}

impl Iterator for ColumnReader {
    type Item = Result<ColumnBatch, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        Some(match batch {
            Ok(batch) => {
                self.row += batch.num_rows() as u64;
                Ok(ColumnBatch { batch })
            }
            Err(source) => {
                Err(TraceError::BadPage { path: self.path.clone(), row: self.row, source })
            }
        })
    }
}

/// Columns of some rows.
#[derive(Debug)]
pub struct ColumnBatch {
    batch: RecordBatch,
}

impl ColumnBatch {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column of integers.
    pub fn ints(&self, name: &str) -> Values<'_, i64> {
        let array = self.batch.column_by_name(name);
        Values::of(array, |a| a.as_primitive_opt::<Int64Type>().map(|a| &a.values()[..]))
    }

    /// A column of floats.
    pub fn floats(&self, name: &str) -> Values<'_, f64> {
        let array = self.batch.column_by_name(name);
        Values::of(array, |a| a.as_primitive_opt::<Float64Type>().map(|a| &a.values()[..]))
    }

    /// A column of amounts, in units of the last of nine decimal places.
    pub fn amounts(&self, name: &str) -> Values<'_, i128> {
        let array = self.batch.column_by_name(name);
        Values::of(array, |a| a.as_primitive_opt::<Decimal128Type>().map(|a| &a.values()[..]))
    }

    /// A column of instants, in microseconds since the epoch.
    pub fn times(&self, name: &str) -> Values<'_, i64> {
        let array = self.batch.column_by_name(name);
        Values::of(array, |a| {
            a.as_primitive_opt::<TimestampMicrosecondType>().map(|a| &a.values()[..])
        })
    }

    /// A column of short texts.
    pub fn words(&self, name: &str) -> Words<'_> {
        let keyed = self.batch.column_by_name(name).and_then(|a| {
            let keyed = a.as_dictionary_opt::<Int32Type>()?;
            Some((keyed.keys(), keyed.values().as_string_opt::<i32>()?))
        });
        match keyed {
            Some((keys, words)) => Words {
                keys: Values { values: keys.values(), known: Known::of(keys) },
                words: Some(words),
            },
            None => Words { keys: Values { values: &[], known: Known::Nowhere }, words: None },
        }
    }
}

/// The values of a column, each known or null.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a, T> {
    values: &'a [T],
    known: Known<'a>,
}

/// Which rows of a column are not null.
#[derive(Debug, Clone, Copy)]
enum Known<'a> {
    Everywhere,
    Nowhere,
    /// One bit a row, from an offset.
    Bits(&'a [u8], usize),
}

impl<'a> Known<'a> {
    fn of(array: &'a dyn Array) -> Self {
        match array.nulls() {
            Some(nulls) if nulls.null_count() == array.len() => Self::Nowhere,
            Some(nulls) if nulls.null_count() > 0 => Self::Bits(nulls.validity(), nulls.offset()),
            _ => Self::Everywhere,
        }
    }
}

impl<'a, T: Copy> Values<'a, T> {
    fn of(array: Option<&'a ArrayRef>, read: impl Fn(&'a dyn Array) -> Option<&'a [T]>) -> Self {
        let values = array.and_then(|a| Some((a, read(a.as_ref())?)));
        match values {
            Some((array, values)) => Self { values, known: Known::of(array.as_ref()) },
            None => Self { values: &[], known: Known::Nowhere },
        }
    }

    /// Whether no row has a value.
    pub fn is_empty(&self) -> bool {
        matches!(self.known, Known::Nowhere)
    }

    /// The value of a row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<T> {
        let known = match self.known {
            Known::Everywhere => true,
            Known::Nowhere => false,
            Known::Bits(bits, offset) => {
                let bit = offset + row;
                bits.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
            }
        };
        if known { self.values.get(row).copied() } else { None }
    }

    /// Calls `each` with the known values of some rows, and their row numbers, in order.
    #[inline]
    pub fn each(&self, rows: Range<usize>, mut each: impl FnMut(usize, T)) {
        match self.known {
            Known::Nowhere => {}
            Known::Everywhere => {
                for (row, value) in rows.clone().zip(&self.values[rows]) {
                    each(row, *value);
                }
            }
            Known::Bits(bits, offset) => {
                let values = &self.values[rows.clone()];
                for i in BitIndexIterator::new(bits, offset + rows.start, rows.len()) {
                    each(rows.start + i, values[i]);
                }
            }
        }
    }
}

/// A column of texts, as keys into a list of words.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    keys: Values<'a, i32>,
    words: Option<&'a StringArray>,
}

impl<'a> Words<'a> {
    /// The key of a row; equal keys are equal texts, but two keys may stand for the same text.
    #[inline]
    pub fn key(&self, row: usize) -> Option<i32> {
        self.keys.get(row)
    }

    /// The keys, null where the text is.
    pub fn keys(&self) -> Values<'a, i32> {
        self.keys
    }

    /// The text of a key.
    pub fn word(&self, key: i32) -> Option<&'a str> {
        let place = usize::try_from(key).ok()?;
        self.words.filter(|words| place < words.len()).map(|words| words.value(place))
    }

    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        self.key(row).and_then(|key| self.word(key))
    }

    /// What a function says of every word, by key.
    pub fn map<T>(&self, of: impl Fn(&str) -> T) -> Vec<T> {
        let words = self.words.into_iter().flat_map(|words| 0..words.len());
        words.map(|place| of(self.words.map_or("", |words| words.value(place)))).collect()
    }
}
