//! JSON and CSV to rows, with the line each row starts at.
//!
//! A published JSON table holds an arithmetic expression where a number should be, so the whole file is not JSON. Rows
//! are then cut out by their braces and parsed one by one; a `"name": value` line that is no JSON becomes null and is
//! reported.

use super::super::fields::Fields;
use super::super::files::json_problem;
use super::super::{ImportError, Rejected};
use serde_json::{Map, Value};
use std::path::Path;

/// One row of a table.
#[derive(Debug)]
pub(super) struct Row {
    /// Line it starts at, from 1.
    pub(super) line: usize,
    pub(super) fields: Fields,
    /// Values of it that could not be read.
    pub(super) rejected: Vec<Rejected>,
}

/// Values of one row that are put right before the row is given up.
const MAX_REPAIRS: usize = 20;

/// Whether a text is a RAMP table.
pub(in super::super) fn recognises(text: &str) -> bool {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with(['[', '{']) {
        return start.contains("\"model\"") && start.contains("\"task0\"");
    }
    let header: Vec<&str> = start
        .lines()
        .find(|l| !l.starts_with('#'))
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .collect();
    header.contains(&"model") && header.contains(&"task0")
}

/// A row, or why there is none.
pub(super) type ReadRow = Result<Row, ImportError>;

/// Reads the rows of a table. An error is one of the table as a whole.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<ReadRow>, ImportError> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with(['[', '{']) {
        return parse_csv(path, text);
    }
    let problem = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) => return Ok(whole(path, text, items)),
        Ok(Value::Object(mut map)) => match map.shift_remove("models") {
            Some(Value::Array(items)) => return Ok(whole(path, text, items)),
            _ => {
                return Err(ImportError::BadSource {
                    path: path.to_owned(),
                    problem: "neither an array of rows nor an object with `models`".into(),
                });
            }
        },
        Ok(_) => None,
        Err(error) => Some(ImportError::json_file(path, &error)),
    };
    let spans = row_spans(text).into_iter();
    let rows: Vec<ReadRow> = spans.map(|(line, span)| parse_damaged(path, line, span)).collect();
    let sound = |row: &ReadRow| row.as_ref().is_ok_and(|r| r.rejected.is_empty());
    match problem {
        // No row is at fault: the file as a whole is.
        Some(error) if rows.iter().all(sound) => Err(error),
        _ => Ok(rows),
    }
}

fn whole(path: &Path, text: &str, items: Vec<Value>) -> Vec<ReadRow> {
    let lines: Vec<usize> = row_spans(text).into_iter().map(|(line, _)| line).collect();
    items
        .into_iter()
        .enumerate()
        .map(|(i, item)| {
            let line = lines.get(i).copied().unwrap_or(1);
            let fields = Fields::of(item).ok_or_else(|| ImportError::BadRecord {
                path: path.to_owned(),
                line,
                problem: "a row that is not a JSON object".into(),
            })?;
            Ok(Row { line, fields, rejected: Vec::new() })
        })
        .collect()
}

/// The objects directly inside the (first) array of rows, with the line each starts at.
fn row_spans(text: &str) -> Vec<(usize, &str)> {
    let (mut spans, mut depth, mut line, mut start) = (Vec::new(), 0_usize, 1, None);
    let (mut in_text, mut escaped, mut array_depth) = (false, false, None);
    for (i, byte) in text.bytes().enumerate() {
        if byte == b'\n' {
            line += 1;
        }
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' | b'{' => {
                depth += 1;
                if byte == b'[' && array_depth.is_none() {
                    array_depth = Some(depth);
                } else if byte == b'{' && start.is_none() && array_depth == Some(depth - 1) {
                    start = Some((i, line));
                }
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if let (b'}', Some((from, from_line)), true) =
                    (byte, start, array_depth == Some(depth))
                {
                    spans.push((from_line, &text[from..=i]));
                    start = None;
                } else if byte == b']' && array_depth.is_some_and(|d| depth < d) {
                    break;
                }
            }
            _ => {}
        }
    }
    spans
}

/// Parses one row, with `"name": value` lines that are not JSON taken as null.
fn parse_damaged(path: &Path, first_line: usize, text: &str) -> Result<Row, ImportError> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut rejected = Vec::new();
    loop {
        let error = match serde_json::from_str::<Map<String, Value>>(&lines.join("\n")) {
            Ok(map) => {
                let fields = Fields::of(Value::Object(map)).unwrap_or_default();
                return Ok(Row { line: first_line, fields, rejected });
            }
            Err(error) => error,
        };
        let index = error.line().saturating_sub(1);
        let repaired = lines.get(index).and_then(|line| without_value(line));
        let (Some((name, value, line)), true) = (repaired, rejected.len() < MAX_REPAIRS) else {
            return Err(ImportError::json(path, first_line, &error));
        };
        rejected.push(Rejected {
            path: path.to_owned(),
            line: first_line + index,
            problem: format!(
                "not valid JSON: {}; `{name}` holds `{value}`, which is left unknown",
                json_problem(&error)
            ),
        });
        lines[index] = line;
    }
}

/// A `"name": value` line with null for its value, with the name and the value; `None` for a line of another shape,
/// or one whose value is null already.
fn without_value(line: &str) -> Option<(String, String, String)> {
    let (indent, rest) = line.split_once('"')?;
    let (name, rest) = rest.split_once("\":")?;
    let value = rest.trim();
    let (value, comma) = value.strip_suffix(',').map_or((value, ""), |v| (v, ","));
    let plain = indent.trim().is_empty()
        && !value.is_empty()
        && value != "null"
        && !value.starts_with(['{', '[']);
    plain.then(|| (name.to_owned(), value.to_owned(), format!("{indent}\"{name}\": null{comma}")))
}

fn parse_csv(path: &Path, text: &str) -> Result<Vec<ReadRow>, ImportError> {
    let bad = |line: Option<u64>, problem: String| ImportError::BadRecord {
        path: path.to_owned(),
        line: line.and_then(|l| usize::try_from(l).ok()).unwrap_or(1),
        problem,
    };
    let csv_error = |e: &csv::Error| {
        let problem = match e.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("{len} fields where the header has {expected_len}")
            }
            _ => format!("not valid CSV: {e}"),
        };
        bad(e.position().map(csv::Position::line), problem)
    };
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| csv_error(&e))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                rows.push(Err(csv_error(&error)));
                continue;
            }
        };
        let line = record.position().and_then(|p| usize::try_from(p.line()).ok()).unwrap_or(1);
        let map: Map<String, Value> = header
            .iter()
            .zip(&record)
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(name, value)| (name.trim().to_owned(), Value::String(value.trim().to_owned())))
            .collect();
        let fields = Fields::of(Value::Object(map)).unwrap_or_default();
        rows.push(Ok(Row { line, fields, rejected: Vec::new() }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(name: &str, text: &str) -> Result<Vec<Row>, ImportError> {
        parse(Path::new(name), text)?.into_iter().collect()
    }

    #[test]
    fn an_expression_is_named_and_left_unknown() {
        let text = "[\n  {\n    \"model\": \"a\",\n    \"task0\": 1.0,\n    \"cost\": 2*3+(4-1),\n    \"n\": 5\n  },\n  \
                    {\n    \"model\": \"b\", \"task0\": 2\n  }\n]\n";
        assert!(recognises(text));
        let mut rows = rows_of("t.json", text).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].rejected.len(), 1);
        assert_eq!(rows[0].rejected[0].line, 5);
        assert_eq!(
            rows[0].rejected[0].problem,
            "not valid JSON: expected `,` or `}` at column 14; `cost` holds `2*3+(4-1)`, which is left unknown"
        );
        assert_eq!(rows[0].fields.number("cost"), None);
        assert_eq!(rows[0].fields.int("n"), Some(5));
        assert_eq!((rows[1].line, rows[1].rejected.len()), (8, 0));
    }

    #[test]
    fn a_cut_file_is_an_error_with_its_line() {
        let text =
            "[\n  {\n    \"model\": \"a\",\n    \"task0\": 1.0\n  },\n  {\n    \"model\": \"b\",\n";
        let error = parse(Path::new("t.json"), text).unwrap_err().to_string();
        assert_eq!(error, "t.json:8: not valid JSON: EOF while parsing a value at column 0");
    }

    #[test]
    fn csv_rows_know_their_lines() {
        let text = "# source\nmodel,task0,note\na,1.5,\"two\nlines\"\nb,,\n";
        let mut rows = rows_of("t.csv", text).unwrap();
        assert_eq!((rows[0].line, rows[1].line), (3, 5));
        assert_eq!(rows[0].fields.number("task0"), Some(1.5));
        assert_eq!(rows[1].fields.number("task0"), None);
        let error = rows_of("t.csv", "model,task0\na\n").unwrap_err().to_string();
        assert_eq!(error, "t.csv:2: 1 fields where the header has 2");
    }
}
