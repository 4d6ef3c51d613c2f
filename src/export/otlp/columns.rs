//! The columns of a row as attributes: by the names of the GenAI conventions where they have one, else `ramptrace.<column>`.

use crate::trace::{COLUMNS, ColumnType, Event, Kind};
use serde_json::{Map, Value};

/// Columns of calls that the conventions have a name for.
const LLM: &[(&str, &str)] = &[
    ("response_id", "gen_ai.response.id"),
    ("input_tokens", "gen_ai.usage.input_tokens"),
    ("cache_read_tokens", "gen_ai.usage.cache_read.input_tokens"),
    ("cache_write_tokens", "gen_ai.usage.cache_creation.input_tokens"),
    ("output_tokens", "gen_ai.usage.output_tokens"),
    ("reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"),
    ("error_type", "error.type"),
];
const TOOL: &[(&str, &str)] = &[
    ("tool_name", "gen_ai.tool.name"),
    ("tool_call_id", "gen_ai.tool.call.id"),
    ("arguments", "gen_ai.tool.call.arguments"),
    ("content", "gen_ai.tool.call.result"),
    ("error_type", "error.type"),
];
const ERROR: &[(&str, &str)] = &[("error_type", "error.type")];

/// Adds the columns of a row. `said` are those that are said in another way.
pub(super) fn add(event: &Event, said: &[&str], attributes: &mut Map<String, Value>) {
    let names = match event.kind {
        Kind::LlmCall => LLM,
        Kind::ToolCall => TOOL,
        Kind::Error => ERROR,
        _ => &[],
    };
    let Ok(Value::Object(columns)) = serde_json::to_value(event) else { return };
    for (column, value) in columns {
        // Offsets follow from times.
        if column == "offset_us" || said.contains(&column.as_str()) {
            continue;
        }
        let name = names.iter().find(|(known, _)| *known == column);
        let name =
            name.map_or_else(|| format!("ramptrace.{column}"), |(_, name)| (*name).to_owned());
        let is_float = COLUMNS.iter().any(|c| c.name == column && c.ty == ColumnType::Float);
        attributes.insert(name, if is_float { number(value) } else { value });
    }
}

/// A number that stands as a text, as a number, if readers of JSON get the same one from it.
fn number(value: Value) -> Value {
    let number = value.as_str().and_then(|text| text.parse::<f64>().ok());
    let exact = number.and_then(serde_json::Number::from_f64).filter(|number| {
        let read: Option<f64> = serde_json::from_str(&number.to_string()).ok();
        read.map(f64::to_bits) == number.as_f64().map(f64::to_bits)
    });
    exact.map_or(value, Value::Number)
}
