//! The files in `schemas/` that describe a trace, generated from the column table.

use super::schema::arrow_schema;
use super::{COLUMNS, ColumnGroup, ColumnType, SCHEMA_VERSION, Usd};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema};
use parquet::arrow::ArrowSchemaConverter;
use parquet::schema::printer::print_schema;
use std::fmt::Write as _;

/// The Parquet message text of a trace file (`schemas/events.txt`).
pub fn events_schema_text() -> String {
    parquet_text(&arrow_schema())
}

/// The Parquet message text of a view with these columns, all of which may be null.
pub fn message_text<'a>(columns: impl IntoIterator<Item = (&'a str, ColumnType)>) -> String {
    let fields: Vec<Field> =
        columns.into_iter().map(|(name, ty)| Field::new(name, summed(ty), true)).collect();
    parquet_text(&Schema::new(fields))
}

/// The type of a sum: money needs room for more digits than an amount of a trace has.
fn summed(ty: ColumnType) -> DataType {
    match ty {
        ColumnType::Money => DataType::Decimal128(DECIMAL128_MAX_PRECISION, Usd::SCALE),
        ty => ty.arrow(),
    }
}

/// Empty for a schema that Parquet cannot hold, which none of ours is.
fn parquet_text(schema: &Schema) -> String {
    let mut text = Vec::new();
    if let Ok(parquet_schema) = ArrowSchemaConverter::new().convert(schema) {
        print_schema(&mut text, parquet_schema.root_schema());
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The data dictionary of events in Markdown.
pub fn data_dictionary() -> String {
    let mut out = format!(
        "# Events\n\nColumns of a trace file, format {SCHEMA_VERSION}. One row per event; the facts of the run stand in \
         every row. Null means unknown, never zero.\n"
    );
    let mut group = None;
    for column in COLUMNS {
        if group != Some(column.group) {
            group = Some(column.group);
            let _ = write!(
                out,
                "\n## {}\n\n| column | type | unit | null | meaning |\n|---|---|---|---|---|\n",
                group_title(column.group)
            );
        }
        let words: Vec<String> = column.words.iter().map(|(w, _)| format!("`{w}`")).collect();
        let list =
            if words.is_empty() { String::new() } else { format!(" One of {}.", words.join(", ")) };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {}{list} |",
            column.name,
            column.ty.name(),
            column.unit,
            if column.nullable { "yes" } else { "no" },
            column.doc.replace('|', "\\|"),
        );
    }
    out.push_str("\n## Words\n");
    for column in COLUMNS.iter().filter(|c| !c.words.is_empty()) {
        let _ = write!(out, "\n### `{}`\n\n", column.name);
        for (word, meaning) in column.words {
            let _ = writeln!(out, "* `{word}`: {meaning}");
        }
    }
    out
}

const fn group_title(group: ColumnGroup) -> &'static str {
    match group {
        ColumnGroup::Run => "Run",
        ColumnGroup::Place => "Place",
        ColumnGroup::Time => "Time",
        ColumnGroup::Kind => "Kind",
        ColumnGroup::Llm => "LLM call",
        ColumnGroup::Tool => "Tool call",
        ColumnGroup::Error => "Error",
        ColumnGroup::StageResult => "Stage result",
        ColumnGroup::Text => "Text",
        ColumnGroup::Rest => "Rest",
    }
}
