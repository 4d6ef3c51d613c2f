//! Parquet to events, row by row, for whoever needs their order.
//!
//! The file is checked at the door: its format version, then its columns. Files of a newer minor version may have
//! more columns, which are ignored; nullable columns that an older file lacks read as null.
//!
//! A window of rows is read without what is before it: the pages of a column are found by the file's offset index. Without
//! the long texts a whole run is small, however long it was.

use super::footer::{PACKING_KEY, RUNS_KEY, SCHEMA_KEY, TOOL_KEY};
use super::schema::{Cell, is_long_text};
use super::tables::is_view;
use super::{
    COLUMNS, Column, ColumnType, Event, Footer, Kind, Packing, RunFacts, SCHEMA_VERSION,
    SchemaVersion, Timestamp, TraceError, Usd,
};
use arrow::array::{
    Array, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    RecordBatchReader, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int64Type, Schema, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::PageIndexPolicy;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Most rows that are decoded at once for a window.
const BATCH_ROWS: usize = 1024;

/// Reads the footer of a trace file and checks that this release can read the file.
pub fn read_footer(path: &Path) -> Result<Footer, TraceError> {
    let (_, metadata) = open(path, PageIndexPolicy::Skip)?;
    let footer = footer_of(path, &metadata)?;
    check_columns(path, metadata.schema())?;
    Ok(footer)
}

/// Reads the events of a trace file in file order.
#[derive(Debug)]
pub struct TraceReader {
    path: PathBuf,
    batches: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    next: usize,
    row: u64,
    /// Where each of [`COLUMNS`] is in a batch.
    places: Vec<Option<usize>>,
}

impl TraceReader {
    /// Opens a trace file.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        TraceFileReader::start(path, PageIndexPolicy::Skip)?.read(None, |_| true)
    }

    /// Opens a trace file for some of its rows only.
    pub fn open_window(path: &Path, rows: Range<u64>) -> Result<Self, TraceError> {
        TraceFileReader::open(path)?.rows(rows)
    }

    /// Opens a trace file for some of its rows, without their long texts: these read as null.
    pub fn open_numbers(path: &Path, rows: Range<u64>) -> Result<Self, TraceError> {
        TraceFileReader::open(path)?.read(Some(rows), |column| !is_long_text(column))
    }

    fn read_row(&mut self) -> Result<Option<(RunFacts, Event)>, TraceError> {
        while self.batch.as_ref().is_none_or(|b| self.next >= b.num_rows()) {
            match self.batches.next() {
                None => return Ok(None),
                Some(Ok(batch)) => {
                    self.batch = Some(batch);
                    self.next = 0;
                }
                Some(Err(source)) => {
                    return Err(TraceError::BadPage {
                        path: self.path.clone(),
                        row: self.row,
                        source,
                    });
                }
            }
        }
        let Some(batch) = &self.batch else { return Ok(None) };
        let mut run = RunFacts::default();
        let mut event = Event::new(Kind::Error);
        for (column, place) in COLUMNS.iter().zip(&self.places) {
            let cell = place.map_or(Cell::Null, |place| {
                cell_at(column.ty, batch.column(place).as_ref(), self.next)
            });
            if !(column.set)(&mut run, &mut event, cell) {
                let problem = match cell {
                    Cell::Text(word) => format!("`{word}` is not a {}", column.name),
                    _ => format!("`{}` is null", column.name),
                };
                return Err(TraceError::BadRow { path: self.path.clone(), row: self.row, problem });
            }
        }
        self.next += 1;
        self.row += 1;
        Ok(Some((run, event)))
    }
}

/// An open trace file, for several windows of its rows.
#[derive(Debug)]
pub(super) struct TraceFileReader {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
}

impl TraceFileReader {
    pub(super) fn open(path: &Path) -> Result<Self, TraceError> {
        Self::start(path, PageIndexPolicy::Optional)
    }

    fn start(path: &Path, indexed: PageIndexPolicy) -> Result<Self, TraceError> {
        let (file, metadata) = open(path, indexed)?;
        footer_of(path, &metadata)?;
        check_columns(path, metadata.schema())?;
        Ok(Self { path: path.to_owned(), file, metadata })
    }

    /// Some of the rows.
    pub(super) fn rows(&self, rows: Range<u64>) -> Result<TraceReader, TraceError> {
        self.read(Some(rows), |_| true)
    }

    fn read(
        &self,
        rows: Option<Range<u64>>,
        wanted: impl Fn(&Column) -> bool,
    ) -> Result<TraceReader, TraceError> {
        let (path, metadata) = (&self.path, &self.metadata);
        let file = self.file.try_clone().map_err(TraceError::io("open", path))?;
        let roots = metadata
            .schema()
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, f)| COLUMNS.iter().any(|c| c.name == f.name() && wanted(c)))
            .map(|(i, _)| i);
        let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone())
                .with_projection(mask);
        let row = rows.as_ref().map_or(0, |rows| rows.start);
        if let Some(rows) = rows {
            let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            let count = size(rows.end.saturating_sub(rows.start));
            let (groups, before) = self.groups_of(&rows);
            builder = builder
                .with_row_groups(groups)
                .with_offset(size(rows.start.saturating_sub(before)))
                .with_limit(count)
                .with_batch_size(count.clamp(1, BATCH_ROWS));
        }
        let batches = builder
            .build()
            .map_err(|source| TraceError::NotParquet { path: path.clone(), source })?;
        let schema = batches.schema();
        let places = COLUMNS.iter().map(|c| schema.index_of(c.name).ok()).collect();
        Ok(TraceReader { path: path.clone(), batches, batch: None, next: 0, row, places })
    }

    /// The row groups that rows are in, and the number of rows before these.
    fn groups_of(&self, rows: &Range<u64>) -> (Vec<usize>, u64) {
        let (mut groups, mut before, mut end) = (Vec::new(), 0, 0_u64);
        for (i, group) in self.metadata.metadata().row_groups().iter().enumerate() {
            let start = end;
            end = end.saturating_add(u64::try_from(group.num_rows()).unwrap_or_default());
            if start < rows.end && rows.start < end {
                if groups.is_empty() {
                    before = start;
                }
                groups.push(i);
            }
        }
        (groups, before)
    }
}

impl Iterator for TraceReader {
    type Item = Result<(RunFacts, Event), TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_row().transpose()
    }
}

pub(super) fn open(
    path: &Path,
    indexed: PageIndexPolicy,
) -> Result<(File, ArrowReaderMetadata), TraceError> {
    if !path.exists() {
        return Err(TraceError::NotFound { path: path.to_owned() });
    }
    let file = File::open(path).map_err(TraceError::io("open", path))?;
    let options = ArrowReaderOptions::new().with_offset_index_policy(indexed);
    let metadata = ArrowReaderMetadata::load(&file, options)
        .map_err(|source| TraceError::NotParquet { path: path.to_owned(), source })?;
    Ok((file, metadata))
}

pub(super) fn footer_of(path: &Path, metadata: &ArrowReaderMetadata) -> Result<Footer, TraceError> {
    let pairs = metadata.metadata().file_metadata().key_value_metadata();
    let value = |key: &str| {
        pairs.into_iter().flatten().find(|kv| kv.key == key).and_then(|kv| kv.value.as_deref())
    };
    let bad = |problem: String| TraceError::BadFooter { path: path.to_owned(), problem };
    let version = value(SCHEMA_KEY).ok_or_else(|| {
        let path = path.to_owned();
        if is_view(metadata) {
            TraceError::NoEvents { path }
        } else {
            TraceError::NotATrace { path }
        }
    })?;
    let schema_version = SchemaVersion::parse(version)
        .ok_or_else(|| bad(format!("`{version}` is not a format version")))?;
    let tool_version = value(TOOL_KEY).unwrap_or("(unknown)").to_owned();
    if !schema_version.is_readable_by(SCHEMA_VERSION) {
        return Err(TraceError::NewerMajor {
            path: path.to_owned(),
            found: schema_version,
            supported: SCHEMA_VERSION,
            written_by: tool_version,
        });
    }
    let runs = value(RUNS_KEY).ok_or_else(|| bad(format!("no `{RUNS_KEY}`")))?;
    let runs = serde_json::from_str(runs).map_err(|e| bad(format!("`{RUNS_KEY}`: {e}")))?;
    let packing = Packing::named(value(PACKING_KEY));
    Ok(Footer { schema_version, tool_version, packing, runs })
}

pub(super) fn check_columns(path: &Path, schema: &Schema) -> Result<(), TraceError> {
    for column in COLUMNS {
        match schema.field_with_name(column.name) {
            Ok(field) if type_fits(column, field.data_type()) => {}
            Ok(field) => {
                return Err(TraceError::WrongType {
                    path: path.to_owned(),
                    column: column.name,
                    found: field.data_type().to_string(),
                    expected: column.ty.name(),
                });
            }
            Err(_) if column.nullable => {}
            Err(_) => {
                return Err(TraceError::MissingColumn {
                    path: path.to_owned(),
                    column: column.name,
                });
            }
        }
    }
    Ok(())
}

fn type_fits(column: &Column, found: &DataType) -> bool {
    *found == column.ty.arrow()
}

/// The value of a row; types were checked when the file was opened, and a mismatch reads as null.
fn cell_at(ty: ColumnType, array: &dyn Array, row: usize) -> Cell<'_> {
    if array.is_null(row) {
        return Cell::Null;
    }
    match ty {
        ColumnType::Text => {
            array.as_string_opt::<i32>().map(|a: &StringArray| Cell::Text(a.value(row)))
        }
        ColumnType::Int => {
            array.as_primitive_opt::<Int64Type>().map(|a: &Int64Array| Cell::Int(a.value(row)))
        }
        ColumnType::Float => array
            .as_primitive_opt::<Float64Type>()
            .map(|a: &Float64Array| Cell::Float(a.value(row))),
        ColumnType::Bool => array.as_boolean_opt().map(|a: &BooleanArray| Cell::Bool(a.value(row))),
        ColumnType::Money => array
            .as_primitive_opt()
            .and_then(|a: &Decimal128Array| Usd::from_nanos(a.value(row)))
            .map(Cell::Money),
        ColumnType::Time => array
            .as_primitive_opt::<TimestampMicrosecondType>()
            .map(|a: &TimestampMicrosecondArray| Cell::Time(Timestamp::from_micros(a.value(row)))),
    }
    .unwrap_or(Cell::Null)
}
