//! The views `stages` and `runs` of files, whichever engine wrote them.

use crate::rollup::by_sql::collect;
use crate::rollup::scan::{SUM_OF_MONEY, described, polars_type};
use crate::rollup::views::{RUN_COLUMNS, STAGE_COLUMNS, ViewColumn};
use crate::rollup::{Rollup, RollupError};
use crate::trace::{ColumnType, TableFiles};
use polars::io::HiveOptions;
use polars::prelude::{
    DataType, DslBuilder, Expr, LazyFrame, ParquetOptions, PlRefPath, PolarsResult, ScanSources,
    SortMultipleOptions, UnifiedScanArgs, col,
};
use std::path::{Path, PathBuf};

/// The order of the rows of a view.
pub(super) const ORDER: [&str; 4] = ["workload", "model", "run_id", "stage"];

/// The views, rows in the order of their names.
pub(in crate::rollup) fn read_tables(tables: &TableFiles) -> Result<Rollup, RollupError> {
    let read = |files: &[PathBuf], columns: &[ViewColumn], order: &[&str]| {
        let failed = |source| RollupError::Fold { what: described(files), source };
        let frame = view(files, columns).map_err(failed)?;
        let frame = frame.select(columns.iter().map(typed).collect::<Vec<_>>());
        let sorted = frame.sort(order.to_vec(), SortMultipleOptions::default());
        collect(sorted).map_err(failed)
    };
    Ok(Rollup {
        stages: read(&tables.stages, STAGE_COLUMNS, &ORDER)?,
        runs: read(&tables.runs, RUN_COLUMNS, &ORDER[..3])?,
    })
}

/// The files of a view, one after the other.
pub(super) fn scan(files: &[PathBuf]) -> PolarsResult<LazyFrame> {
    let paths: PolarsResult<Vec<PlRefPath>> =
        files.iter().map(|f: &PathBuf| PlRefPath::try_from_path(Path::new(f))).collect();
    let args = UnifiedScanArgs {
        hive_options: HiveOptions { enabled: Some(false), ..HiveOptions::default() },
        glob: false,
        ..UnifiedScanArgs::default()
    };
    let sources = ScanSources::Paths(paths?.into());
    Ok(DslBuilder::scan_parquet(sources, ParquetOptions::default(), args)?.build().into())
}

/// The same, once it is known that all columns are there.
fn view(files: &[PathBuf], columns: &[ViewColumn]) -> PolarsResult<LazyFrame> {
    let mut frame = scan(files)?;
    let schema = frame.collect_schema()?;
    for column in columns {
        schema.try_get(column.name)?;
    }
    Ok(frame)
}

/// A column in its own type: engines have more than one for money and time.
fn typed(column: &ViewColumn) -> Expr {
    let (precision, scale) = SUM_OF_MONEY;
    col(column.name).strict_cast(match column.ty {
        ColumnType::Money => DataType::Decimal(precision, scale),
        ty => polars_type(ty),
    })
}
