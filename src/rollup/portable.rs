//! What an engine other than polars needs beside the two rollup queries: the columns of a trace as it declares them, and
//! the queries that select the views.
//!
//! They are written to `schemas/`, so that the script for `spark-submit`, the Spark Connect client and a reader with
//! DuckDB take the same text, made of the same tables as the views themselves.

use super::views::{run_view_sql, stage_view_sql};
use crate::trace::{COLUMNS, ColumnType, Usd};

/// The files of `schemas/` for other engines, by name.
pub fn portable_files() -> [(&'static str, String); 3] {
    [
        ("events_spark.ddl", events_ddl()),
        (
            "stages_view.sql",
            view_file("stages", "stage_rows, the rows of rollup.sql", &stage_view_sql()),
        ),
        (
            "runs_view.sql",
            view_file("runs", "run_rows, the rows of rollup_runs.sql", &run_view_sql()),
        ),
    ]
}

/// The columns of a trace as Spark declares them. An engine that is told the columns guesses none from the names of
/// folders, gives null for those that an older file lacks, and can read a store without files.
fn events_ddl() -> String {
    let columns: Vec<String> =
        COLUMNS.iter().map(|c| format!("{} {}", c.name, spark_type(c.ty))).collect();
    format!("{}\n", columns.join(",\n"))
}

fn spark_type(ty: ColumnType) -> String {
    match ty {
        ColumnType::Text => "STRING".to_owned(),
        ColumnType::Int => "BIGINT".to_owned(),
        ColumnType::Float => "DOUBLE".to_owned(),
        ColumnType::Bool => "BOOLEAN".to_owned(),
        ColumnType::Money => format!("DECIMAL({}, {})", Usd::PRECISION, Usd::SCALE),
        ColumnType::Time => "TIMESTAMP".to_owned(),
    }
}

/// A query as a file.
fn view_file(name: &str, input: &str, query: &str) -> String {
    format!("/* The view {name}. Input: a view named {input}. */\n{query}\n")
}
