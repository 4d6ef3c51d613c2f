//! Files of grades: who scored what.
//!
//! * CSV with a header: `run`, `score` or `passed`, and optionally `stage` (0 when absent), `tests_passed`, `tests_total`
//! * JSON: an array of objects with these names, or `{run: score}`, or `{run: {stage: score}}`
//! * JSON reports of the SWE-bench harness: `resolved_ids` and `unresolved_ids`
//! * reports of test runners (CTRF, JUnit), which name no run: `RUN=FILE`, or `RUN/STAGE=FILE`
//!
//! Scores are points from 0 to 100. A grade of a run that is not imported is not lost in silence: [`Grades::unused`] names it.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::{LogFile, find_files};
use super::super::test_report::TestReport;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What somebody gave a stage.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Grade {
    pub(super) score: Option<f64>,
    pub(super) passed: Option<bool>,
    pub(super) tests_passed: Option<i64>,
    pub(super) tests_total: Option<i64>,
}

/// One grade, and where it stands.
#[derive(Debug)]
struct Entry {
    grade: Grade,
    path: PathBuf,
    line: usize,
}

/// Grades by run and stage.
#[derive(Debug, Default)]
pub struct Grades {
    entries: BTreeMap<String, BTreeMap<i64, Entry>>,
    used: Mutex<Vec<String>>,
}

impl Grades {
    /// Reads grades into these: a file of grades, or `RUN=FILE` with a report of the run's tests.
    pub fn read(&mut self, file: &str) -> Result<(), ImportError> {
        match file.split_once('=') {
            Some((run, report)) if !Path::new(file).exists() => {
                let (run, stage) = match run.rsplit_once('/').map(|(run, s)| (run, s.parse())) {
                    Some((run, Ok(stage))) => (run, stage),
                    _ => (run, 0),
                };
                self.read_tests(run, stage, Path::new(report))
            }
            _ => self.read_file(Path::new(file)),
        }
    }

    /// Reads the grade of one stage of a run from the report of its tests.
    fn read_tests(&mut self, run: &str, stage: u32, path: &Path) -> Result<(), ImportError> {
        for file in find_files(path)? {
            let Some(tests) = TestReport::read(&file)? else {
                return Err(ImportError::BadSource {
                    path: file.name().to_owned(),
                    problem: "neither a CTRF nor a JUnit report of tests".to_owned(),
                });
            };
            let ran = tests.passed.saturating_add(tests.failed);
            let grade = Grade {
                score: (ran > 0).then(|| percentage(tests.passed, ran)),
                passed: Some(ran > 0 && tests.failed == 0),
                tests_passed: Some(tests.passed),
                tests_total: Some(ran),
            };
            self.add(&file, 1, run, stage.into(), grade)?;
        }
        Ok(())
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ImportError> {
        for file in find_files(path)? {
            if TestReport::read(&file)?.is_some() {
                return Err(ImportError::WhoseTests { path: file.name().to_owned() });
            }
            let bytes = file.read()?;
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_start_matches('\u{feff}');
            if text.trim_start().starts_with(['[', '{']) {
                self.read_json(&file, file.json()?)?;
            } else {
                self.read_csv(&file, text)?;
            }
        }
        Ok(())
    }

    /// The stages that are graded of a run: by its id, or by the part of its id before a `-`, as an instance of a benchmark
    /// has one.
    pub(super) fn of(&self, run_id: &str) -> Option<BTreeMap<i64, Grade>> {
        let part_of = |name: &str| {
            run_id.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let (name, stages) = self
            .entries
            .iter()
            .filter(|(name, _)| part_of(name))
            .max_by_key(|(name, _)| name.len())?;
        if let Ok(mut used) = self.used.lock() {
            used.push(name.clone());
        }
        Some(stages.iter().map(|(stage, entry)| (*stage, entry.grade)).collect())
    }

    /// Grades of runs that were not asked for, each with where it stands.
    pub fn unused(&self) -> Vec<String> {
        let used = self.used.lock().map(|used| used.clone()).unwrap_or_default();
        let unused = self.entries.iter().filter(|(name, _)| !used.contains(name));
        let first = unused.filter_map(|(name, stages)| Some((name, stages.values().next()?)));
        first
            .map(|(name, e)| {
                format!("{}:{}: no run `{name}` is imported", e.path.display(), e.line)
            })
            .collect()
    }

    fn read_csv(&mut self, file: &LogFile, text: &str) -> Result<(), ImportError> {
        let bad = |line: u64, problem: String| ImportError::BadRecord {
            path: file.name().to_owned(),
            line: usize::try_from(line).unwrap_or(1),
            problem,
        };
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| bad(1, format!("not valid CSV: {e}")))?.clone();
        for name in ["run", "score"] {
            let named = |n: &str| header.iter().any(|h| h == n);
            if !(named(name) || (name == "score" && named("passed"))) {
                return Err(bad(
                    1,
                    format!("no column `{name}`: a file of grades has run, stage, score"),
                ));
            }
        }
        for record in reader.records() {
            let record = record.map_err(|e| {
                bad(e.position().map_or(1, csv::Position::line), format!("not valid CSV: {e}"))
            })?;
            let line = record.position().map_or(1, csv::Position::line);
            let pairs = header.iter().zip(&record).filter(|(_, value)| !value.is_empty());
            let fields = pairs.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
            let line = usize::try_from(line).unwrap_or(1);
            self.row(file, line, Fields::of(Value::Object(fields)).unwrap_or_default())?;
        }
        Ok(())
    }

    fn read_json(&mut self, file: &LogFile, value: Value) -> Result<(), ImportError> {
        let bad = |problem: &str| ImportError::BadSource {
            path: file.name().to_owned(),
            problem: problem.to_owned(),
        };
        match value {
            Value::Array(rows) => {
                for (index, row) in rows.into_iter().enumerate() {
                    let row =
                        Fields::of(row).ok_or_else(|| bad("a grade that is not a JSON object"))?;
                    self.row(file, index + 1, row)?;
                }
            }
            Value::Object(map) if map.contains_key("resolved_ids") => {
                for (list, passed) in [("resolved_ids", true), ("unresolved_ids", false)] {
                    for id in map.get(list).and_then(Value::as_array).into_iter().flatten() {
                        let id =
                            id.as_str().ok_or_else(|| bad("an instance id that is not text"))?;
                        let grade = Grade { passed: Some(passed), ..Grade::default() };
                        self.add(file, 1, id, 0, grade)?;
                    }
                }
            }
            Value::Object(map) => {
                for (run, grades) in map {
                    let stages = match grades {
                        Value::Object(stages) => stages.into_iter().collect(),
                        score => vec![("0".to_owned(), score)],
                    };
                    for (stage, score) in stages {
                        let mut row = Fields::default();
                        row.keep("run", run.as_str());
                        row.keep("stage", stage);
                        row.keep(if score.is_boolean() { "passed" } else { "score" }, score);
                        self.row(file, 1, row)?;
                    }
                }
            }
            _ => return Err(bad("neither a list of grades nor an object of them")),
        }
        Ok(())
    }

    fn row(&mut self, file: &LogFile, line: usize, mut row: Fields) -> Result<(), ImportError> {
        let bad = |problem: String| ImportError::BadRecord {
            path: file.name().to_owned(),
            line,
            problem,
        };
        let run = row.text("run").ok_or_else(|| bad("a grade without a run".to_owned()))?;
        let stage = match (row.int("stage"), row.take("stage")) {
            (Some(stage), _) if stage >= 0 => stage,
            (None, None) => 0,
            (_, other) => {
                let other = other.unwrap_or_default();
                return Err(bad(format!("stage {other} of run `{run}` is not an index from 0")));
            }
        };
        let grade = Grade {
            score: row.number("score"),
            passed: row.flag("passed"),
            tests_passed: row.int("tests_passed").filter(|n| *n >= 0),
            tests_total: row.int("tests_total").filter(|n| *n >= 0),
        };
        if let Some(left) = row.take("score") {
            return Err(bad(format!("the score of run `{run}` is {left}, which is no number")));
        }
        self.add(file, line, &run, stage, grade)
    }

    /// Adds a grade of a stage of a run.
    fn add(
        &mut self,
        file: &LogFile,
        line: usize,
        run: &str,
        stage: i64,
        mut grade: Grade,
    ) -> Result<(), ImportError> {
        let bad = |problem: String| ImportError::BadRecord {
            path: file.name().to_owned(),
            line,
            problem,
        };
        if let Some(score) = grade.score.filter(|s| !(0.0..=100.0).contains(s)) {
            return Err(bad(format!("the score of run `{run}` is {score}, outside 0 to 100")));
        }
        grade.score = grade.score.or_else(|| grade.passed.map(|p| if p { 100.0 } else { 0.0 }));
        if grade == Grade::default() {
            // An empty cell: not graded.
            return Ok(());
        }
        let entry = Entry { grade, path: file.name().to_owned(), line };
        if self.entries.entry(run.to_owned()).or_default().insert(stage, entry).is_some() {
            return Err(bad(format!("stage {stage} of run `{run}` is graded twice")));
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests are far below 2^53")]
fn percentage(part: i64, whole: i64) -> f64 {
    part as f64 * 100.0 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Grades, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut grades = Grades::default();
        match grades.read(&path.to_string_lossy()) {
            Ok(()) => Ok(grades),
            Err(error) => Err(error.to_string().rsplit('/').next().unwrap().to_owned()),
        }
    }

    #[test]
    fn four_ways_to_write_the_same_grades() {
        let csv = "run,stage,score\na,0,100\na,1,40.5\nb,,\n";
        let list = r#"[{"run": "a", "score": 100}, {"run": "a", "stage": 1, "score": 40.5}]"#;
        let nested = r#"{"a": {"0": 100, "1": 40.5}}"#;
        for (name, text) in [("g.csv", csv), ("g.json", list), ("g.txt", nested)] {
            let grades = read(name, text).unwrap().of("a").unwrap();
            let scores: Vec<(i64, Option<f64>)> =
                grades.iter().map(|(s, g)| (*s, g.score)).collect();
            assert_eq!(scores, [(0, Some(100.0)), (1, Some(40.5))], "{name}");
        }
        let harness =
            r#"{"resolved_ids": ["x__y-1"], "unresolved_ids": ["x__y-2"], "schema_version": 2}"#;
        let grades = read("report.json", harness).unwrap();
        assert_eq!(grades.of("x__y-1-3f2a").unwrap()[&0].score, Some(100.0));
        assert_eq!(grades.of("x__y-2").unwrap()[&0].passed, Some(false));
        assert_eq!(grades.of("x__y-22"), None, "another instance");
    }

    #[test]
    fn a_grade_of_nobody_is_named() {
        let grades = read("g.csv", "run,score\na,1\nb,2\n").unwrap();
        grades.of("a").unwrap();
        let unused = grades.unused();
        assert_eq!(unused.len(), 1);
        assert!(unused[0].ends_with("g.csv:3: no run `b` is imported"), "{unused:?}");
    }

    #[test]
    fn a_report_of_tests_is_the_grade_of_the_run_it_is_given_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("junit.xml");
        let junit = "<testsuite><testcase name='a'/><testcase name='b'><failure/></testcase>\
                     <testcase name='c'/><testcase name='d'><skipped/></testcase></testsuite>";
        std::fs::write(&path, junit).unwrap();
        let path = path.to_string_lossy();
        let mut grades = Grades::default();
        grades.read(&format!("r={path}")).unwrap();
        grades.read(&format!("r/2={path}")).unwrap();
        let of = grades.of("r").unwrap();
        assert_eq!(of.keys().collect::<Vec<_>>(), [&0, &2]);
        let grade = of[&2];
        assert_eq!(
            (grade.tests_passed, grade.tests_total, grade.passed),
            (Some(2), Some(3), Some(false))
        );
        assert!((grade.score.unwrap() - 200.0 / 3.0).abs() < 1e-12);
        let error = grades.read(&path).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("junit.xml: a report of tests, which does not say of which run")
        );
        assert_eq!(
            error.hint().unwrap(),
            "name the run, or the run and its stage: --scores RUN=FILE, --scores RUN/STAGE=FILE"
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        for (text, expected) in [
            ("run,score\na,1\na,2\n", "g.csv:3: stage 0 of run `a` is graded twice"),
            ("run,score\na,101\n", "g.csv:2: the score of run `a` is 101, outside 0 to 100"),
            (
                "run,score\na,high\n",
                "g.csv:2: the score of run `a` is \"high\", which is no number",
            ),
            (
                "run,stage,score\na,T1,5\n",
                "g.csv:2: stage \"T1\" of run `a` is not an index from 0",
            ),
            (
                "name,score\na,1\n",
                "g.csv:1: no column `run`: a file of grades has run, stage, score",
            ),
        ] {
            assert_eq!(read("g.csv", text).unwrap_err(), expected);
        }
    }
}
