//! One SELECT over frames that are at hand, for texts that come from a file: it opens no file and changes nothing.

use super::views::run_query;
use super::{Frame, RollupError, scan_events};
use crate::trace::{TableFiles, TraceError};
use polars::error::{PolarsError, PolarsResult};
use polars::prelude::{
    DataFrame, IntoColumn, IntoLazy, JoinArgs, JoinType, LazyFrame, NamedFrom, Series, col,
};
use polars::sql::SQLContext;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Functions of the SQL dialect that open files, whether they are compiled in or not.
const FILE_FUNCTIONS: &[&str] =
    &["read_csv", "read_parquet", "read_ipc", "read_json", "read_ndjson", "read_delta"];

/// Words of statements that are not queries.
const STATEMENT_WORDS: &[&str] =
    &["insert", "update", "delete", "drop", "create", "copy", "truncate", "explain", "show"];

/// Runs one SELECT over named frames, and over `events` of some runs of trace files where it names them.
pub fn select(
    frames: &[(&str, &Frame)],
    files: &[PathBuf],
    run_ids: &BTreeSet<String>,
    sql: &str,
) -> Result<Frame, RollupError> {
    check_select(sql).map_err(|problem| RollupError::NotASelect { problem })?;
    let context = SQLContext::new();
    for (name, frame) in frames {
        context.register(name, frame.data().clone().lazy());
    }
    // Events are only read by queries that can see them.
    if sql.to_ascii_lowercase().contains("events") {
        if reads_events(sql) {
            refuse_tables(files)?;
        }
        let failed = |source: PolarsError| RollupError::Query {
            problem: source.to_string().lines().next().unwrap_or_default().to_owned(),
            source,
        };
        context.register("events", events_of(files, run_ids)?.map_err(failed)?);
    }
    run_query(context, sql)
}

/// The events of some runs.
fn events_of(
    files: &[PathBuf],
    run_ids: &BTreeSet<String>,
) -> Result<PolarsResult<LazyFrame>, RollupError> {
    let events = scan_events(files)?;
    let ids: Vec<&str> = run_ids.iter().map(String::as_str).collect();
    let ids = DataFrame::new_infer_height(vec![Series::new("run_id".into(), ids).into_column()]);
    Ok(ids.map(|ids| {
        events.join(ids.lazy(), [col("run_id")], [col("run_id")], JoinArgs::new(JoinType::Semi))
    }))
}

/// Whether a query reads the view `events`, rather than the column of that name.
pub fn reads_events(sql: &str) -> bool {
    let words = sql_words(sql);
    words
        .array_windows()
        .any(|[before, word]| word == "events" && matches!(before.as_str(), "from" | "join"))
}

/// What is asked of events cannot be answered by the tables of a rollup.
pub fn refuse_tables(files: &[PathBuf]) -> Result<(), RollupError> {
    let (tables, _) = TableFiles::among(files);
    match tables.runs.into_iter().next() {
        Some(path) => Err(TraceError::NoEvents { path }.into()),
        None => Ok(()),
    }
}

/// Refuses every text that is not a single query over what is at hand; an error says why.
pub fn check_select(sql: &str) -> Result<(), String> {
    let lower = sql.to_ascii_lowercase();
    // Wherever it stands: a quoted name calls a function too.
    if let Some(function) = FILE_FUNCTIONS.iter().find(|f| lower.contains(*f)) {
        return Err(format!("`{function}` reads a file; a query sees the views only"));
    }
    let words = sql_words(sql);
    match words.first().map(String::as_str) {
        Some("select" | "with") => {}
        Some(word) => return Err(format!("`{word}` does not begin a query; write one SELECT")),
        None => return Err("holds no query; write one SELECT".to_owned()),
    }
    let stray = words.iter().find(|w| STATEMENT_WORDS.contains(&w.as_str()));
    match stray {
        Some(word) => Err(format!("`{word}` is not part of a query; write one SELECT")),
        None => Ok(()),
    }
}

/// The bare words of a text in lower case; quoted names, string literals and comments are not among them.
pub fn sql_words(sql: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_alphanumeric() || c == '_' {
            word.extend(c.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        match c {
            '\'' | '"' | '`' => while rest.next().is_some_and(|next| next != c) {},
            '-' if rest.peek() == Some(&'-') => {
                while rest.next().is_some_and(|next| next != '\n') {}
            }
            '/' if rest.peek() == Some(&'*') => {
                let mut last = ' ';
                for next in rest.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
            }
            _ => {}
        }
    }
    words.extend(Some(word).filter(|w| !w.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::super::{MadeRun, Rollup, Scalar};
    use super::*;

    fn frames() -> (Frame, Frame) {
        let run = |id: &str, cost: f64| MadeRun {
            run_id: id.to_owned(),
            workload: "w".to_owned(),
            model: format!("m-{id}"),
            numbers: [("cost_usd", cost)].into(),
            stages: vec![(0, [("score", 10.0 * cost)].into())],
        };
        let made = Rollup::of_runs(&[run("a", 1.0), run("b", 4.0)]).unwrap();
        (Frame::of(&made.runs), Frame::of(&made.stages))
    }

    fn run(sql: &str) -> Result<Frame, RollupError> {
        let (runs, stages) = frames();
        select(&[("runs", &runs), ("stages", &stages)], &[], &BTreeSet::new(), sql)
    }

    #[test]
    fn a_query_sees_the_frames_that_it_is_given() {
        let frame =
            run("SELECT MAX(score) AS best FROM stages JOIN runs ON stages.run_id = runs.run_id")
                .unwrap();
        assert_eq!(frame.get(0, 0), Scalar::Float(40.0));
        let frame =
            run("WITH dear AS (SELECT * FROM runs WHERE cost_usd > 2) SELECT COUNT(*) FROM dear")
                .unwrap();
        assert_eq!(frame.get(0, 0).number(), Some(1.0));
    }

    #[test]
    fn files_and_statements_are_refused() {
        for (sql, expected) in [
            (
                "SELECT * FROM read_parquet('/etc/passwd')",
                "`read_parquet` reads a file; a query sees the views only",
            ),
            (
                "SELECT * FROM \"read_parquet\"('x')",
                "`read_parquet` reads a file; a query sees the views only",
            ),
            ("SELECT * FROM READ_CSV('x')", "`read_csv` reads a file; a query sees the views only"),
            ("DROP TABLE runs", "`drop` does not begin a query; write one SELECT"),
            ("SHOW TABLES", "`show` does not begin a query; write one SELECT"),
            ("SELECT 1; DROP TABLE runs", "`drop` is not part of a query; write one SELECT"),
            (
                "WITH x AS (SELECT 1) DELETE FROM runs",
                "`delete` is not part of a query; write one SELECT",
            ),
            (" -- nothing", "holds no query; write one SELECT"),
        ] {
            assert_eq!(check_select(sql), Err(expected.to_owned()), "{sql}");
            assert_eq!(run(sql).unwrap_err().to_string(), expected, "{sql}");
        }
        assert!(run("SELECT 1; SELECT 2").is_err());
        assert!(run("SELECT * FROM '/etc/passwd'").is_err());
        assert!(run("SELECT * FROM secrets").unwrap_err().to_string().contains("secrets"));
        assert!(check_select("SELECT COUNT(*) FROM stages WHERE stage_status = 'drop'").is_ok());
    }
}
