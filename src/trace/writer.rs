//! Events to Parquet, in a stream.
//!
//! Rows are encoded in batches, and a row group is closed before it outgrows a fixed size, so that memory does not
//! grow with the run. The file is written beside its place and renamed into it: a reader sees the whole trace or
//! none, and a writer that fails leaves nothing behind.

use super::digest::RunDigest;
use super::footer::{PACKING_KEY, RUNS_KEY, RunEntry, SCHEMA_KEY, TOOL_KEY};
use super::schema::{Cell, arrow_schema};
use super::{
    COLUMNS, ColumnType, Event, Packing, RunFacts, SCHEMA_VERSION, TOOL_VERSION, TraceError, Usd,
};
use arrow::array::{
    ArrayBuilder as _, ArrayRef, BooleanBuilder, Decimal128Builder, Float64Builder, Int64Builder,
    RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempPath;

/// Rows that are turned into arrow arrays at once.
const BATCH_ROWS: usize = 8192;
/// Text bytes after which a batch is closed early, while they are still in the processor's cache.
const BATCH_BYTES: usize = 2 << 20;
/// Encoded bytes after which a row group is closed.
const GROUP_BYTES: usize = 64 << 20;
/// Rows after which a row group is closed.
const GROUP_ROWS: usize = 1 << 20;
/// Longest text of one cell.
const CELL_BYTES: usize = 1 << 30;

/// What [`TraceWriter::finish`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The file is new, or replaced another one.
    New,
    /// The same bytes were there already; the file was left as it was.
    Unchanged,
}

/// Writes the trace of one or more runs to one file.
#[derive(Debug)]
pub struct TraceWriter {
    path: PathBuf,
    packing: Packing,
    writer: ArrowWriter<File>,
    partial: TempPath,
    builders: Vec<Builder>,
    rows: usize,
    text_bytes: usize,
    runs: Vec<RunEntry>,
    digest: RunDigest,
    last_seq: i64,
}

impl TraceWriter {
    /// Opens a writer for a trace at `path`; the folder is made if it is missing. Nothing appears under that name
    /// before [`Self::finish`].
    pub fn create(path: &Path) -> Result<Self, TraceError> {
        Self::create_packed(path, Packing::Fast)
    }

    /// The same, with a choice of how it is packed.
    pub fn create_packed(path: &Path, packing: Packing) -> Result<Self, TraceError> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(TraceError::io("create folder", folder))?;
        let file = partial_in(folder)
            .or_else(|error| match error.kind() {
                // Whoever compacts the store removes folders that are empty, as this one was.
                std::io::ErrorKind::NotFound => {
                    std::fs::create_dir_all(folder).and_then(|()| partial_in(folder))
                }
                _ => Err(error),
            })
            .map_err(TraceError::io("create a file in", folder))?;
        // Apart, so that errors of the file do not name the partial one.
        let (file, partial) = file.into_parts();
        // The types of Parquet say all that Arrow's say: a copy of the latter is a tenth of the file of a short run.
        let options = ArrowWriterOptions::new()
            .with_properties(packing.properties())
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, arrow_schema(), options)
            .map_err(|source| TraceError::write(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            packing,
            writer,
            partial,
            builders: COLUMNS.iter().map(|c| Builder::new(c.ty)).collect(),
            rows: 0,
            text_bytes: 0,
            runs: Vec::new(),
            digest: RunDigest::default(),
            last_seq: -1,
        })
    }

    /// Appends one event. The events of a run come together and in the order of `seq`.
    pub fn write(&mut self, run: &RunFacts, event: &Event) -> Result<(), TraceError> {
        self.note_run(run, event)?;
        for (column, builder) in COLUMNS.iter().zip(&mut self.builders) {
            let cell = (column.get)(run, event);
            if let Cell::Text(text) = cell {
                if text.len() > CELL_BYTES {
                    return Err(TraceError::TextTooLong {
                        seq: event.seq,
                        column: column.name,
                        bytes: text.len(),
                    });
                }
                self.text_bytes += text.len();
            }
            self.digest.cell(column.name, cell);
            builder.append(cell);
        }
        self.digest.end_row();
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.text_bytes >= BATCH_BYTES {
            self.flush_batch()?;
        }
        Ok(())
    }

    /// About the size of the file so far: the texts of the last few rows count as they are.
    pub(super) fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size() + self.text_bytes) as u64
    }

    /// Finishes the file and renames it into place; see [`SealedTrace::publish`].
    pub fn finish(self, replace: bool) -> Result<Written, TraceError> {
        self.seal()?.publish(replace)
    }

    /// Finishes the file without giving it its name. Dropped unpublished, it is gone.
    pub fn seal(mut self) -> Result<SealedTrace, TraceError> {
        self.flush_batch()?;
        self.end_run();
        let runs = serde_json::to_string(&self.runs).unwrap_or_default();
        for (key, value) in [
            (SCHEMA_KEY, SCHEMA_VERSION.to_string()),
            (TOOL_KEY, TOOL_VERSION.to_owned()),
            (RUNS_KEY, runs),
        ]
        .into_iter()
        .chain(self.packing.name().map(|name| (PACKING_KEY, name.to_owned())))
        {
            self.writer.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        let path = self.path;
        let file = self.writer.into_inner().map_err(|source| TraceError::write(&path, source))?;
        file.sync_all().map_err(TraceError::io("write trace", &path))?;
        readable_by_all(&file).map_err(TraceError::io("write trace", &path))?;
        Ok(SealedTrace { path, file: self.partial, runs: self.runs })
    }

    fn note_run(&mut self, run: &RunFacts, event: &Event) -> Result<(), TraceError> {
        let same = self.runs.last().is_some_and(|r| r.run_id == run.run_id);
        if !same {
            self.end_run();
            self.runs.push(RunEntry::new(run));
            self.last_seq = -1;
        }
        if event.seq != self.last_seq + 1 {
            return Err(TraceError::OutOfOrder {
                run_id: run.run_id.clone(),
                previous: self.last_seq,
                seq: event.seq,
            });
        }
        self.last_seq = event.seq;
        if let Some(entry) = self.runs.last_mut() {
            entry.events += 1;
            if let Some(ts) = event.ts {
                entry.started_us =
                    Some(entry.started_us.map_or(ts.micros(), |t| t.min(ts.micros())));
            }
        }
        Ok(())
    }

    fn end_run(&mut self) {
        if let Some(entry) = self.runs.last_mut() {
            entry.sha256 = Some(self.digest.finish());
        }
    }

    fn flush_batch(&mut self) -> Result<(), TraceError> {
        if self.rows == 0 {
            return Ok(());
        }
        let arrays: Vec<ArrayRef> = self.builders.iter_mut().map(Builder::finish).collect();
        self.rows = 0;
        self.text_bytes = 0;
        let failed = |source| TraceError::write(&self.path, source);
        let batch = RecordBatch::try_new(arrow_schema(), arrays)
            .map_err(|e| failed(parquet::errors::ParquetError::ArrowError(e.to_string())))?;
        self.writer.write(&batch).map_err(failed)?;
        if self.writer.in_progress_size() >= GROUP_BYTES
            || self.writer.in_progress_rows() >= GROUP_ROWS
        {
            self.writer.flush().map_err(failed)?;
        }
        Ok(())
    }
}

/// A finished trace file that does not have its name yet.
#[derive(Debug)]
pub struct SealedTrace {
    path: PathBuf,
    file: TempPath,
    runs: Vec<RunEntry>,
}

impl SealedTrace {
    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is until then, for whoever checks it first.
    pub fn partial_path(&self) -> &Path {
        &self.file
    }

    /// The hash of the rows of one of its runs.
    pub fn sha256_of(&self, run_id: &str) -> Option<&str> {
        self.runs.iter().find(|run| run.run_id == run_id)?.sha256.as_deref()
    }

    /// With another place to be at, on the same file system.
    pub(super) fn renamed(self, path: PathBuf) -> Self {
        Self { path, ..self }
    }

    /// Renames it into place. A file with the same bytes is left alone; one with other bytes is an error unless
    /// `replace` is set.
    pub fn publish(self, replace: bool) -> Result<Written, TraceError> {
        let path = self.path;
        if path.exists() {
            if same_bytes(&self.file, &path)? {
                return Ok(Written::Unchanged);
            }
            if !replace {
                let run_id = self.runs.first().map(|r| r.run_id.clone()).unwrap_or_default();
                return Err(TraceError::Conflict { run_id, existing: path });
            }
        }
        self.file.persist(&path).map_err(|e| TraceError::Io {
            action: "write",
            path: path.clone(),
            source: e.error,
        })?;
        Ok(Written::New)
    }
}

fn partial_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix(".ramptrace-").suffix(".partial").tempfile_in(folder)
}

fn same_bytes(a: &Path, b: &Path) -> Result<bool, TraceError> {
    let size = |path: &Path| {
        std::fs::metadata(path).map(|m| m.len()).map_err(TraceError::io("read", path))
    };
    let read = |path: &Path| std::fs::read(path).map_err(TraceError::io("read", path));
    Ok(size(a)? == size(b)? && read(a)? == read(b)?)
}

/// Temporary files are private by default; a trace is as readable as any other new file.
#[cfg(unix)]
fn readable_by_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// The arrow builder of one column.
#[derive(Debug)]
enum Builder {
    Text(StringBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Money(Decimal128Builder),
    Time(TimestampMicrosecondBuilder),
}

impl Builder {
    fn new(ty: ColumnType) -> Self {
        match ty {
            ColumnType::Text => Self::Text(StringBuilder::new()),
            ColumnType::Int => Self::Int(Int64Builder::new()),
            ColumnType::Float => Self::Float(Float64Builder::new()),
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Money => Self::Money(Decimal128Builder::new().with_data_type(
                arrow::datatypes::DataType::Decimal128(Usd::PRECISION, Usd::SCALE),
            )),
            ColumnType::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn append(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Text(b), Cell::Text(v)) => b.append_value(v),
            (Self::Int(b), Cell::Int(v)) => b.append_value(v),
            (Self::Float(b), Cell::Float(v)) => b.append_value(v),
            (Self::Bool(b), Cell::Bool(v)) => b.append_value(v),
            (Self::Money(b), Cell::Money(v)) => b.append_value(v.nanos().into()),
            (Self::Time(b), Cell::Time(v)) => b.append_value(v.micros()),
            (Self::Text(b), _) => b.append_null(),
            (Self::Int(b), _) => b.append_null(),
            (Self::Float(b), _) => b.append_null(),
            (Self::Bool(b), _) => b.append_null(),
            (Self::Money(b), _) => b.append_null(),
            (Self::Time(b), _) => b.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(b) => {
                // The next batch is about as long: its texts are not moved as it grows.
                let next = StringBuilder::with_capacity(b.len(), b.values_slice().len());
                Arc::new(std::mem::replace(b, next).finish())
            }
            Self::Int(b) => Arc::new(b.finish()),
            Self::Float(b) => Arc::new(b.finish()),
            Self::Bool(b) => Arc::new(b.finish()),
            Self::Money(b) => Arc::new(b.finish()),
            Self::Time(b) => Arc::new(b.finish()),
        }
    }
}
