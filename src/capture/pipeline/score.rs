//! From what a grader leaves to a score.
//!
//! A grader speaks by its exit code, by a JSON document, or by a line of text. Whatever it says becomes a score of 0 to
//! 100; where it only counts tests, the score is their share. A grader that says nothing gives no score, which is not a
//! zero: the stage is then ungraded, and the trace says why.

use super::json_path::JsonPath;
use regex::Regex;
use serde_json::Value;
use std::path::PathBuf;

/// How a score is read.
#[derive(Debug, Clone)]
pub enum ScoreParser {
    /// 100 when the grader ends with 0, else 0.
    ExitCode,
    /// Values in a JSON document.
    Json {
        /// Where the document is.
        from: ScoreSource,
        /// The score.
        score: Option<JsonPath>,
        /// Tests passed in full.
        tests_passed: Option<JsonPath>,
        /// Tests that ran.
        tests_total: Option<JsonPath>,
        /// The score that counts as 100.
        max: f64,
    },
    /// Named groups `score`, `passed` and `total` of the last match in the output.
    Regex {
        /// Where the text is.
        from: ScoreSource,
        /// The expression.
        pattern: Regex,
        /// The score that counts as 100.
        max: f64,
    },
    /// `{"tests": [{"score", "max_score"}, ...]}`, as `YatCC`'s `score.json` and Gradescope's `results.json` have it: points
    /// reached of points possible, and a test is passed when it has all of its own.
    Autograder {
        /// Where the document is.
        from: ScoreSource,
    },
}

impl PartialEq for ScoreParser {
    fn eq(&self, other: &Self) -> bool {
        // A regular expression is what its text is.
        format!("{self:?}") == format!("{other:?}")
    }
}

/// Where a grader leaves what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoreSource {
    /// The file named by `$RAMPTRACE_SCORE_FILE`, outside the workspace.
    ScoreFile,
    /// Its standard output.
    Stdout,
    /// A file in the workspace; removed before the grader starts, so that nobody else can have written it.
    File(PathBuf),
}

/// What a grader left.
#[derive(Debug, Clone, Default)]
pub struct GradeOutput {
    /// Exit code; none when a signal ended it.
    pub exit_code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// The document, where one was asked for and there.
    pub document: Option<String>,
}

/// What a grade says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Grade {
    /// Score, 0 to 100.
    pub score: Option<f64>,
    /// Tests passed in full.
    pub tests_passed: Option<i64>,
    /// Tests that ran.
    pub tests_total: Option<i64>,
}

impl ScoreParser {
    /// Where the grader's document is.
    pub fn source(&self) -> Option<&ScoreSource> {
        match self {
            Self::ExitCode => None,
            Self::Json { from, .. } | Self::Regex { from, .. } | Self::Autograder { from } => {
                Some(from)
            }
        }
    }

    /// Reads the score; the error says what was missing.
    pub fn grade(&self, output: &GradeOutput) -> Result<Grade, String> {
        let text = || match self.source() {
            Some(ScoreSource::Stdout) | None => Ok(output.stdout.as_str()),
            Some(_) => {
                output.document.as_deref().ok_or_else(|| "the grader left no score".to_owned())
            }
        };
        match self {
            Self::ExitCode => {
                let code = output.exit_code.ok_or("the grader was ended by a signal")?;
                Ok(Grade { score: Some(if code == 0 { 100.0 } else { 0.0 }), ..Grade::default() })
            }
            Self::Json { score, tests_passed, tests_total, max, .. } => {
                let document = json(text()?)?;
                let number = |path: &Option<JsonPath>| {
                    path.as_ref().and_then(|p| p.find(&document)).and_then(number)
                };
                Grade::of(number(score), number(tests_passed), number(tests_total), *max)
            }
            Self::Regex { pattern, max, .. } => {
                let text = text()?;
                let found = pattern
                    .captures_iter(text)
                    .last()
                    .ok_or_else(|| format!("nothing in its output matches `{pattern}`"))?;
                let group = |name| found.name(name).and_then(|m| m.as_str().trim().parse().ok());
                Grade::of(group("score"), group("passed"), group("total"), *max)
            }
            Self::Autograder { .. } => autograder(&json(text()?)?),
        }
    }
}

impl Grade {
    /// A grade from numbers that may be missing or wrong.
    fn of(
        score: Option<f64>,
        passed: Option<f64>,
        total: Option<f64>,
        max: f64,
    ) -> Result<Self, String> {
        let (tests_passed, tests_total) = (passed.and_then(count), total.and_then(count));
        let score = match (score, tests_passed, tests_total) {
            (Some(score), ..) => score / max * 100.0,
            (None, _, Some(0)) => 0.0,
            #[expect(clippy::cast_precision_loss, reason = "tests are few")]
            (None, Some(passed), Some(total)) => 100.0 * passed as f64 / total as f64,
            _ => return Err("it names neither a score nor passed and total tests".to_owned()),
        };
        if !(0.0..=100.0).contains(&score) {
            return Err(format!("its score is outside 0 to 100: {score}"));
        }
        if let (Some(passed), Some(total)) = (tests_passed, tests_total)
            && passed > total
        {
            return Err(format!("it passed {passed} tests of {total}"));
        }
        Ok(Self { score: Some(score), tests_passed, tests_total })
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text.trim()).map_err(|error| format!("its score is no JSON: {error}"))
}

/// A number, or a text that is one.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    number.is_finite().then_some(number)
}

/// A whole number of tests.
fn count(number: f64) -> Option<i64> {
    let whole = number.fract() == 0.0 && (0.0..1e15).contains(&number);
    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 1e15")]
    whole.then_some(number as i64)
}

/// Points reached of points possible.
fn autograder(document: &Value) -> Result<Grade, String> {
    let tests = document.get("tests").and_then(Value::as_array).ok_or("it has no list `tests`")?;
    let mut points = (0.0, 0.0);
    let mut passed = 0;
    for (index, test) in tests.iter().enumerate() {
        let field = |name| {
            let value = test.get(name).and_then(number);
            value.ok_or_else(|| format!("its test {index} has no number `{name}`"))
        };
        let (score, max) = (field("score")?, field("max_score")?);
        points = (points.0 + score, points.1 + max);
        passed += i64::from(score >= max);
    }
    let total = i64::try_from(tests.len()).unwrap_or(i64::MAX);
    let share = if points.1 > 0.0 { 100.0 * points.0 / points.1 } else { 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "tests are few")]
    Grade::of(Some(share), Some(passed as f64), Some(total as f64), 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(document: &str) -> GradeOutput {
        GradeOutput {
            exit_code: Some(0),
            document: Some(document.to_owned()),
            ..GradeOutput::default()
        }
    }

    fn json_parser(max: f64) -> ScoreParser {
        ScoreParser::Json {
            from: ScoreSource::ScoreFile,
            score: JsonPath::parse("score"),
            tests_passed: JsonPath::parse("tests_passed"),
            tests_total: JsonPath::parse("tests_total"),
            max,
        }
    }

    #[test]
    fn an_exit_code_is_all_or_nothing() {
        let with = |exit_code| {
            let output = GradeOutput { exit_code, ..GradeOutput::default() };
            ScoreParser::ExitCode.grade(&output).map(|grade| grade.score)
        };
        assert_eq!(with(Some(0)), Ok(Some(100.0)));
        assert_eq!(with(Some(3)), Ok(Some(0.0)));
        assert!(with(None).unwrap_err().contains("signal"));
    }

    #[test]
    fn a_document_names_a_score_or_tests() {
        let grade = |text: &str| json_parser(100.0).grade(&left(text));
        let all = Grade { score: Some(80.0), tests_passed: Some(8), tests_total: Some(10) };
        assert_eq!(grade(r#"{"score": 80, "tests_passed": 8, "tests_total": 10}"#), Ok(all));
        assert_eq!(grade(r#"{"tests_passed": "8", "tests_total": 10}"#), Ok(all));
        assert_eq!(grade(r#"{"tests_total": 0}"#).unwrap().score, Some(0.0));
        assert_eq!(json_parser(5.0).grade(&left(r#"{"score": 4}"#)).unwrap().score, Some(80.0));
    }

    #[test]
    fn what_is_no_grade_is_refused_and_never_a_zero() {
        for (text, problem) in [
            ("", "no JSON"),
            ("{", "no JSON"),
            ("[]", "neither a score"),
            (r#"{"score": "NaN"}"#, "neither a score"),
            (r#"{"score": 101}"#, "outside 0 to 100"),
            (r#"{"score": -1}"#, "outside 0 to 100"),
            (r#"{"tests_passed": 3, "tests_total": 2}"#, "outside 0 to 100"),
            (r#"{"score": 1, "tests_passed": 3, "tests_total": 2}"#, "3 tests of 2"),
            (r#"{"tests_passed": 1.5, "tests_total": 2}"#, "neither a score"),
        ] {
            let error = json_parser(100.0).grade(&left(text)).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
        let error = json_parser(100.0).grade(&GradeOutput::default()).unwrap_err();
        assert!(error.contains("left no score"), "{error}");
    }

    #[test]
    fn the_last_match_counts() {
        let parser = ScoreParser::Regex {
            from: ScoreSource::Stdout,
            pattern: Regex::new(r"(?P<passed>\d+) of (?P<total>\d+) passed").unwrap(),
            max: 100.0,
        };
        let stdout = "1 of 4 passed\nagain\n3 of 4 passed\n".to_owned();
        let output = GradeOutput { stdout, ..GradeOutput::default() };
        let grade = parser.grade(&output).unwrap();
        assert_eq!(
            (grade.score, grade.tests_passed, grade.tests_total),
            (Some(75.0), Some(3), Some(4))
        );
        assert!(parser.grade(&GradeOutput::default()).unwrap_err().contains("matches"));
    }

    /// The shape that `YatCC`'s graders write: whole points, a list of tests.
    #[test]
    fn points_of_tests_are_summed() {
        let parser = ScoreParser::Autograder { from: ScoreSource::File("score.json".into()) };
        let text = r#"{"tests": [{"name": "a", "score": 100, "max_score": 100, "output": ""},
                                 {"name": "b", "score": 20, "max_score": 100}], "leaderboard": []}"#;
        let grade = parser.grade(&left(text)).unwrap();
        assert_eq!(
            (grade.score, grade.tests_passed, grade.tests_total),
            (Some(60.0), Some(1), Some(2))
        );
        let none = parser.grade(&left(r#"{"tests": []}"#)).unwrap();
        assert_eq!((none.score, none.tests_total), (Some(0.0), Some(0)));
        assert!(parser.grade(&left("{}")).unwrap_err().contains("no list `tests`"));
        assert!(parser.grade(&left(r#"{"tests": [{}]}"#)).unwrap_err().contains("test 0"));
    }
}
