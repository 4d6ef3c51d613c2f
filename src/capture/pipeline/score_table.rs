//! How a stage is scored, as the pipeline file says it: a preset by name, or a table.

use super::error::PipelineError;
use super::json_path::JsonPath;
use super::path::inner;
use super::place::Place;
use super::raw::{RawScore, RawTable};
use super::score::{ScoreParser, ScoreSource};
use regex::Regex;
use toml::Spanned;

/// Presets, with their meaning.
pub(super) const PRESETS: &[(&str, &str)] = &[
    ("exit-code", "100 when the grader ends with 0, else 0"),
    (
        "score.json",
        "the grader writes {\"score\", \"tests_passed\", \"tests_total\"} to the file $RAMPTRACE_SCORE_FILE",
    ),
    ("yatcc", "YatCC's build/test/taskN/score.json in the workspace, N the index of the stage"),
];

/// Formats of the table.
pub(super) const FORMATS: &[&str] = &["json", "regex", "autograder"];

/// Reads the parser of the stage with this index.
pub(super) fn read(
    place: Place,
    index: usize,
    raw: Option<Spanned<RawScore>>,
) -> Result<ScoreParser, PipelineError> {
    let Some(raw) = raw else { return Ok(ScoreParser::ExitCode) };
    let at = raw.span().start;
    let parser = match raw.into_inner() {
        RawScore::Preset(name) => preset(&name, index),
        RawScore::Table(table) => parser(table),
    };
    parser.map_err(|problem| place.bad(at, problem))
}

fn preset(name: &str, index: usize) -> Result<ScoreParser, String> {
    match name {
        "exit-code" => Ok(ScoreParser::ExitCode),
        "score.json" => json(ScoreSource::ScoreFile, None, None, None, 100.0),
        "yatcc" => {
            let path = format!("build/test/task{index}/score.json");
            Ok(ScoreParser::Autograder { from: ScoreSource::File(path.into()) })
        }
        _ => {
            let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            Err(format!("`{name}` is none of {}, and no table", names.join(", ")))
        }
    }
}

fn parser(table: RawTable) -> Result<ScoreParser, String> {
    let max = table.max.unwrap_or(100.0);
    if !(max > 0.0 && max.is_finite()) {
        return Err(format!("`max` must be above 0: {max}"));
    }
    let RawTable { format, from, score, tests_passed, tests_total, pattern, .. } = table;
    let paths = score.is_some() || tests_passed.is_some() || tests_total.is_some();
    let stray = match format.as_str() {
        "json" => pattern.is_some().then_some("pattern"),
        "regex" => paths.then_some("score, tests_passed and tests_total"),
        "autograder" => {
            (paths || pattern.is_some() || table.max.is_some()).then_some("more than `from`")
        }
        _ => return Err(format!("`{format}` is none of {}", FORMATS.join(", "))),
    };
    if let Some(stray) = stray {
        return Err(format!("format `{format}` does not take {stray}"));
    }
    match format.as_str() {
        "json" => json(
            source(from.as_deref(), ScoreSource::ScoreFile)?,
            score,
            tests_passed,
            tests_total,
            max,
        ),
        "regex" => {
            let pattern = pattern.ok_or("format `regex` needs a `pattern`")?;
            let pattern = Regex::new(&pattern).map_err(|error| error.to_string())?;
            let names: Vec<&str> = pattern.capture_names().flatten().collect();
            let named = |name| names.contains(&name);
            if !(named("score") || named("passed") && named("total")) {
                return Err(
                    "`pattern` needs a group named `score`, or `passed` and `total`".to_owned()
                );
            }
            Ok(ScoreParser::Regex {
                from: source(from.as_deref(), ScoreSource::Stdout)?,
                pattern,
                max,
            })
        }
        _ => Ok(ScoreParser::Autograder { from: source(from.as_deref(), ScoreSource::ScoreFile)? }),
    }
}

fn json(
    from: ScoreSource,
    score: Option<String>,
    tests_passed: Option<String>,
    tests_total: Option<String>,
    max: f64,
) -> Result<ScoreParser, String> {
    let path = |text: Option<String>, default: &str| {
        let text = text.unwrap_or_else(|| default.to_owned());
        let path = JsonPath::parse(&text);
        path.map(Some).ok_or_else(|| {
            format!("`{text}` is no path like `$.summary.score` or `tests[0].points`")
        })
    };
    Ok(ScoreParser::Json {
        from,
        score: path(score, "score")?,
        tests_passed: path(tests_passed, "tests_passed")?,
        tests_total: path(tests_total, "tests_total")?,
        max,
    })
}

fn source(from: Option<&str>, default: ScoreSource) -> Result<ScoreSource, String> {
    match from {
        None => Ok(default),
        Some("score-file") => Ok(ScoreSource::ScoreFile),
        Some("stdout") => Ok(ScoreSource::Stdout),
        Some(path) => inner(path)
            .map(ScoreSource::File)
            .ok_or_else(|| format!("`{path}` is not below the workspace")),
    }
}
