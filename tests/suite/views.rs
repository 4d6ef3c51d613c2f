//! The views as users see them: columns and types as documented, the same bytes for the same query, files of a newer
//! minor format readable.

use crate::workspace::Workspace;
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use ramptrace::rollup::{
    Frame, RUN_COLUMNS, STAGE_COLUMNS, ScalarKind, ViewColumn, query, roll_up,
};
use ramptrace::trace::{COLUMNS, ColumnType, Store};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces")
}

fn sample_files() -> Vec<PathBuf> {
    Store::open(&samples()).expect("the sample store").files()
}

fn kind(ty: ColumnType) -> ScalarKind {
    match ty {
        ColumnType::Text => ScalarKind::Text,
        ColumnType::Int => ScalarKind::Int,
        ColumnType::Float => ScalarKind::Float,
        ColumnType::Bool => ScalarKind::Bool,
        ColumnType::Money => ScalarKind::Money,
        ColumnType::Time => ScalarKind::Time,
    }
}

#[test]
fn views_have_the_documented_columns_and_types() {
    let rollup = roll_up(&sample_files()).expect("a rollup");
    let check = |frame: Frame, columns: &[ViewColumn]| {
        let documented: Vec<(&str, ScalarKind)> =
            columns.iter().map(|c| (c.name, kind(c.ty))).collect();
        let found: Vec<(&str, ScalarKind)> =
            frame.names().iter().map(String::as_str).zip(frame.kinds().iter().copied()).collect();
        assert_eq!(found, documented);
    };
    check(Frame::of(&rollup.stages), STAGE_COLUMNS);
    check(Frame::of(&rollup.runs), RUN_COLUMNS);
    let events = query(&sample_files(), "SELECT * FROM events LIMIT 1").expect("events");
    let documented: Vec<(&str, ScalarKind)> =
        COLUMNS.iter().map(|c| (c.name, kind(c.ty))).collect();
    let found: Vec<(&str, ScalarKind)> =
        events.names().iter().map(String::as_str).zip(events.kinds().iter().copied()).collect();
    assert_eq!(found, documented);
}

#[test]
fn a_grouped_query_gives_the_same_rows_every_time() {
    let sql = "SELECT model, COUNT(*) AS n, SUM(cost_usd) AS cost FROM events GROUP BY model";
    let first = query(&sample_files(), sql).expect("rows");
    assert_eq!(first.height(), 23);
    for _ in 0..20 {
        assert_eq!(query(&sample_files(), sql).expect("rows"), first);
    }
}

#[test]
fn every_format_shows_the_same_rows() {
    let space = Workspace::new();
    let store = samples();
    let store = store.to_str().expect("a path");
    let sql =
        "SELECT run_id, cost_usd, cache_write_tokens FROM runs WHERE model = 'scripted-model'";
    let show = |format: &str| space.ok(&["sql", store, sql, "--format", format]);
    assert_eq!(
        show("text"),
        "run_id              cost_usd  cache_write_tokens\n\
         ------------------  --------  ------------------\n\
         demo-scripted-0001   $0.0679                   0\n"
    );
    assert_eq!(show("csv"), "run_id,cost_usd,cache_write_tokens\ndemo-scripted-0001,0.0679416,0\n");
    let json: serde_json::Value = serde_json::from_str(&show("json")).expect("JSON");
    assert_eq!(json[0]["cost_usd"].to_string(), "0.0679416");
    assert_eq!(show("markdown").lines().count(), 3);
    assert!(show("latex").contains("\\toprule"));
}

/// Writes a trace file again with one more column and another format version.
fn with_new_column(from: &Path, to: &Path, version: &str) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(from).expect("a file"))
        .expect("Parquet");
    let pairs = reader.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let batches: Vec<RecordBatch> =
        reader.build().expect("batches").map(|b| b.expect("a batch")).collect();
    let mut fields: Vec<Field> =
        batches[0].schema().fields().iter().map(|f| f.as_ref().clone()).collect();
    fields.push(Field::new("mood", DataType::Int64, true));
    let schema = Arc::new(Schema::new(fields));
    let pairs: Vec<KeyValue> = pairs
        .into_iter()
        .filter(|p| p.key.starts_with("ramptrace."))
        .map(|p| {
            let value = if p.key == "ramptrace.schema_version" {
                Some(version.to_owned())
            } else {
                p.value
            };
            KeyValue::new(p.key, value)
        })
        .collect();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(pairs)).build();
    std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    let mut writer =
        ArrowWriter::try_new(File::create(to).expect("a file"), schema.clone(), Some(properties))
            .expect("a writer");
    for batch in batches {
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns.push(Arc::new(Int64Array::from(vec![7; batch.num_rows()])));
        writer
            .write(&RecordBatch::try_new(schema.clone(), columns).expect("a batch"))
            .expect("a write");
    }
    writer.close().expect("a file");
}

#[test]
fn a_file_of_a_newer_minor_version_is_read_without_what_is_new_in_it() {
    let space = Workspace::new();
    let store = Store::open(&samples()).expect("the sample store");
    let demo = store.find("demo").expect("the demonstration");
    let other = store.find("kimi-k2.5").expect("a run");
    // Sorted before and after the file of today's format.
    for (name, from) in [("store/a.parquet", demo), ("store/z.parquet", other)] {
        with_new_column(&from.path, &space.path(name), "1.9");
    }
    let today = &store.find("glm-5.1").expect("a run").path;
    std::fs::copy(today, space.path("store/m.parquet")).expect("a copy");
    let mixed = Store::open(&space.path("store")).expect("a store");
    let frame =
        query(&mixed.files(), "SELECT run_id, llm_calls FROM runs ORDER BY run_id").expect("rows");
    assert_eq!(frame.ints("llm_calls").expect("counts"), [Some(11), Some(233), Some(287)]);
    assert_eq!(ramptrace::trace::check_file(&space.path("store/a.parquet")).expect("rows"), []);
}
