//! Trace files as a lazy frame.

use super::RollupError;
use super::tables::coarse_events;
use crate::trace::{COLUMNS, ColumnType, TableFiles, Usd};
use polars::io::HiveOptions;
use polars::prelude::{
    DataType, DslBuilder, ExtraColumnsPolicy, LazyFrame, MissingColumnsPolicy, ParquetOptions,
    PlRefPath, ScanSources, Schema, TimeUnit, TimeZone, UnifiedScanArgs,
};
use std::path::PathBuf;
use std::sync::Arc;

/// The events of trace files that a [`crate::trace::Store`] has checked, in file order. Every file has the columns of
/// this release: those that an older one lacks are null, those that a newer one adds are left out. Tables of a rollup
/// stand for events as a coarse trace does that has one row for all calls of a stage.
pub fn scan_events(files: &[PathBuf]) -> Result<LazyFrame, RollupError> {
    let failed = |source| RollupError::Fold { what: described(files), source };
    let (tables, traces) = TableFiles::among(files);
    if traces.is_empty() {
        return coarse_events(&tables);
    }
    let mut paths = Vec::with_capacity(traces.len());
    for file in &traces {
        paths.push(PlRefPath::try_from_path(file).map_err(failed)?);
    }
    let options = ParquetOptions { schema: Some(Arc::new(schema())), ..ParquetOptions::default() };
    let args = UnifiedScanArgs {
        // The folders repeat columns that every file has; file names may hold any character.
        hive_options: HiveOptions { enabled: Some(false), ..HiveOptions::default() },
        glob: false,
        missing_columns_policy: MissingColumnsPolicy::Insert,
        extra_columns_policy: ExtraColumnsPolicy::Ignore,
        ..UnifiedScanArgs::default()
    };
    let scan = DslBuilder::scan_parquet(ScanSources::Paths(paths.into()), options, args);
    Ok(scan.map_err(failed)?.build().into())
}

/// The columns of a trace as polars reads them.
pub(super) fn schema() -> Schema {
    COLUMNS.iter().map(|column| (column.name.into(), polars_type(column.ty))).collect()
}

/// Digits of a sum of money, and how many of them are after the point: room for 1e20 times the largest amount of a trace.
pub(super) const SUM_OF_MONEY: (usize, usize) = (38, 9);

/// The type that polars gives a column.
pub(super) fn polars_type(ty: ColumnType) -> DataType {
    match ty {
        ColumnType::Text => DataType::String,
        ColumnType::Int => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Money => {
            DataType::Decimal(Usd::PRECISION.into(), usize::from(Usd::SCALE.unsigned_abs()))
        }
        ColumnType::Time => DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC)),
    }
}

/// One file by name, several by their number.
pub(super) fn described(files: &[PathBuf]) -> String {
    match files {
        [one] => one.display().to_string(),
        many => format!("{} trace files", many.len()),
    }
}
