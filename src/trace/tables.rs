//! The folder that a rollup leaves: the tables `stages` and `runs` as Parquet, whole, in shards, or as an engine writes them.
//!
//! Such a folder stands for the store that it was made of wherever no single event is needed. It is told by its shape:
//! `stages.parquet` and `runs.parquet`, folders `stages` and `runs` with Parquet files in them, or folders `shard=I-of-N` with
//! either. Shards that are missing are an error, as half of a rollup is not one.

use super::footer::SCHEMA_KEY;
use super::{RunEntry, StoreEntry, TraceError};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The name of the table of stages, and of its file or folder.
pub const STAGES: &str = "stages";
/// The name of the table of runs, and of its file or folder.
pub const RUNS: &str = "runs";
/// The column of `runs` that holds the hash of the rows that a run was folded from.
pub const TRACE_HASH: &str = "trace_sha256";

/// The files of the two tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFiles {
    /// Files of `stages`, by path.
    pub stages: Vec<PathBuf>,
    /// Files of `runs`, by path.
    pub runs: Vec<PathBuf>,
}

impl TableFiles {
    /// The tables of a folder; none where it is no rollup.
    pub fn find(folder: &Path) -> Result<Option<Self>, TraceError> {
        let shards = shards(folder)?;
        if shards.is_empty() {
            return Self::in_folder(folder);
        }
        let (mut tables, mut missing) = (Self::default(), Vec::new());
        for (name, path) in shards {
            match Self::in_folder(&path)? {
                Some(found) => {
                    tables.stages.extend(found.stages);
                    tables.runs.extend(found.runs);
                }
                None => missing.push(name),
            }
        }
        if missing.is_empty() {
            return Ok(Some(tables));
        }
        Err(TraceError::MissingShards { path: folder.to_owned(), missing: missing.join(", ") })
    }

    /// Which of some files are tables, and the others.
    pub fn among(files: &[PathBuf]) -> (Self, Vec<PathBuf>) {
        let (mut tables, mut others) = (Self::default(), Vec::new());
        for file in files {
            match table_name(file) {
                Some(STAGES) if is_table(file) => tables.stages.push(file.clone()),
                Some(RUNS) if is_table(file) => tables.runs.push(file.clone()),
                _ => others.push(file.clone()),
            }
        }
        (tables, others)
    }

    /// Its files, each once.
    pub fn files(&self) -> Vec<PathBuf> {
        self.stages.iter().chain(&self.runs).cloned().collect()
    }

    fn in_folder(folder: &Path) -> Result<Option<Self>, TraceError> {
        let (Some(stages), Some(runs)) = (table(folder, STAGES)?, table(folder, RUNS)?) else {
            return Ok(None);
        };
        let found = stages.iter().chain(&runs).all(|file| is_table(file));
        Ok(found.then_some(Self { stages, runs }))
    }

    /// The runs of the table `runs`, each with its file.
    pub(super) fn entries(&self) -> Result<Vec<StoreEntry>, TraceError> {
        let mut entries = Vec::new();
        for file in &self.runs {
            let bytes = std::fs::metadata(file).map_err(TraceError::io("read", file))?.len();
            let entry =
                |run| StoreEntry { path: file.clone(), run, bytes, first_row: 0, alone: false };
            let batches = read_runs(file)?;
            for batch in batches {
                let batch = batch.map_err(|source| TraceError::BadPage {
                    path: file.clone(),
                    row: entries.len() as u64,
                    source,
                })?;
                let column = RunColumns::of(file, &batch)?;
                entries.extend((0..batch.num_rows()).map(|row| entry(column.entry(row))));
            }
        }
        Ok(entries)
    }
}

/// The folders `shard=I-of-N` of the N that the first names, those that are missing included; none where there is none.
fn shards(folder: &Path) -> Result<Vec<(String, PathBuf)>, TraceError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut count = None;
    for entry in std::fs::read_dir(folder).map_err(TraceError::io("read folder", folder))? {
        let entry = entry.map_err(TraceError::io("read folder", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let parts = name.strip_prefix("shard=").and_then(|rest| rest.split_once("-of-"));
        if let Some(n) = parts.and_then(|(_, n)| n.parse::<u16>().ok()) {
            count = count.max(Some(n));
        }
    }
    let names = (0..count.unwrap_or(0)).map(|i| format!("shard={i}-of-{}", count.unwrap_or(0)));
    Ok(names.map(|name| (name.clone(), folder.join(name))).collect())
}

/// The files of a table of a folder.
fn table(folder: &Path, name: &str) -> Result<Option<Vec<PathBuf>>, TraceError> {
    let file = folder.join(format!("{name}.parquet"));
    if file.is_file() {
        return Ok(Some(vec![file]));
    }
    let parts = folder.join(name);
    if !parts.is_dir() {
        return Ok(None);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&parts).map_err(TraceError::io("read folder", &parts))? {
        let path = entry.map_err(TraceError::io("read folder", &parts))?.path();
        let hidden = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(['.', '_']));
        if !hidden && path.extension().is_some_and(|e| e == "parquet") {
            files.push(path);
        }
    }
    files.sort();
    Ok(Some(files).filter(|files| !files.is_empty()))
}

/// The table that a path is named after.
fn table_name(file: &Path) -> Option<&'static str> {
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned());
    let parent = file.parent().and_then(Path::file_name).map(|s| s.to_string_lossy().into_owned());
    [STAGES, RUNS]
        .into_iter()
        .find(|name| stem.as_deref() == Some(*name))
        .or_else(|| [STAGES, RUNS].into_iter().find(|name| parent.as_deref() == Some(*name)))
}

/// Whether a Parquet file has the columns of a view, and is no trace.
fn is_table(file: &Path) -> bool {
    let Ok(opened) = File::open(file) else { return false };
    let Ok(metadata) = ArrowReaderMetadata::load(&opened, ArrowReaderOptions::new()) else {
        return false;
    };
    is_view(&metadata)
}

/// Whether what a file says of itself is that of a view.
pub(super) fn is_view(metadata: &ArrowReaderMetadata) -> bool {
    let pairs = metadata.metadata().file_metadata().key_value_metadata();
    let is_trace = pairs.into_iter().flatten().any(|kv| kv.key == SCHEMA_KEY);
    let has = |name: &str| metadata.schema().index_of(name).is_ok();
    !is_trace && ["run_id", "workload", "model", "total_tokens", "wall_s"].into_iter().all(has)
}

/// What the file says of itself under a key.
pub fn file_note(file: &Path, key: &str) -> Option<String> {
    let opened = File::open(file).ok()?;
    let metadata = ArrowReaderMetadata::load(&opened, ArrowReaderOptions::new()).ok()?;
    let pairs = metadata.metadata().file_metadata().key_value_metadata();
    pairs.into_iter().flatten().find(|kv| kv.key == key).and_then(|kv| kv.value.clone())
}

/// Columns of `runs` that make an entry.
const ENTRY: [&str; 8] =
    ["run_id", "workload", "model", "provider", "agent", "events", "started_at", TRACE_HASH];

fn read_runs(
    file: &Path,
) -> Result<impl Iterator<Item = Result<RecordBatch, arrow::error::ArrowError>>, TraceError> {
    let damaged = |source| TraceError::NotParquet { path: file.to_owned(), source };
    let opened = File::open(file).map_err(TraceError::io("open", file))?;
    // Engines note their own types for texts; the plain ones do.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&opened, options).map_err(damaged)?;
    let wanted = metadata.schema().fields().iter().enumerate();
    let wanted = wanted.filter(|(_, f)| ENTRY.contains(&f.name().as_str())).map(|(i, _)| i);
    let mask = ProjectionMask::roots(metadata.parquet_schema(), wanted.collect::<Vec<_>>());
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(opened, metadata);
    builder.with_projection(mask).build().map_err(damaged)
}

/// The columns of [`ENTRY`] in a batch.
struct RunColumns {
    texts: Vec<Option<arrow::array::StringArray>>,
    events: arrow::array::Int64Array,
    started_us: arrow::array::TimestampMicrosecondArray,
}

impl RunColumns {
    fn of(file: &Path, batch: &RecordBatch) -> Result<Self, TraceError> {
        let column = |name: &'static str, ty: &DataType, expected: &'static str| {
            let missing = || TraceError::MissingColumn { path: file.to_owned(), column: name };
            let array = batch.column_by_name(name).ok_or_else(missing)?;
            cast(array, ty).map_err(|_| TraceError::WrongType {
                path: file.to_owned(),
                column: name,
                found: array.data_type().to_string(),
                expected,
            })
        };
        let text = |name| Ok(column(name, &DataType::Utf8, "text")?.as_string::<i32>().clone());
        let texts = ["run_id", "workload", "model", "provider", "agent", TRACE_HASH]
            .into_iter()
            .map(|name| match text(name) {
                // Only our own rollup has it.
                Err(_) if name == TRACE_HASH => Ok(None),
                other => other.map(Some),
            })
            .collect::<Result<_, TraceError>>()?;
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        Ok(Self {
            texts,
            events: column("events", &DataType::Int64, "int64")?
                .as_primitive::<Int64Type>()
                .clone(),
            started_us: column("started_at", &time, "a time")?
                .as_primitive::<TimestampMicrosecondType>()
                .clone(),
        })
    }

    fn entry(&self, row: usize) -> RunEntry {
        let text = |column: usize| {
            let array = self.texts[column].as_ref().filter(|a| a.is_valid(row))?;
            Some(array.value(row).to_owned())
        };
        let events = self.events.is_valid(row).then(|| self.events.value(row));
        RunEntry {
            run_id: text(0).unwrap_or_default(),
            workload: text(1).unwrap_or_default(),
            model: text(2).unwrap_or_default(),
            provider: text(3),
            agent: text(4),
            events: events.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
            started_us: self.started_us.is_valid(row).then(|| self.started_us.value(row)),
            sha256: text(5),
        }
    }
}
