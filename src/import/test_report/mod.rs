//! Reports of test runners: CTRF (JSON) and JUnit (XML), told apart by content.
//!
//! What Harbor's verifiers leave, and what a user adds to runs whose logs have no grades.
//!
//! * `ctrf`: the Common Test Report Format
//! * `junit`: what JUnit began and every test runner writes

mod ctrf;
mod junit;

use super::ImportError;
use super::files::LogFile;

/// Most bytes of a report. One line per test makes a megabyte for ten thousand tests.
const MOST_BYTES: usize = 64 << 20;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestOutcome {
    Passed,
    /// It failed, or could not be run.
    Failed,
    /// It was not run.
    Skipped,
}

/// What a report says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TestReport {
    pub(super) passed: i64,
    pub(super) failed: i64,
    pub(super) skipped: i64,
    /// All of these, and tests that are none of them.
    pub(super) total: i64,
    /// The tests that it lists, in order.
    pub(super) names: Vec<(String, TestOutcome)>,
}

impl TestReport {
    /// Reads a file; `None` when it is no report of tests. A report that is broken is an error.
    pub(super) fn read(file: &LogFile) -> Result<Option<Self>, ImportError> {
        let head = file.head()?;
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
        let first = head.iter().find(|b| !b.is_ascii_whitespace());
        let words = String::from_utf8_lossy(head);
        match first {
            Some(b'{') if words.contains("\"results\"") => Ok(ctrf::read(&file.json()?)),
            Some(b'<') if words.contains("<testsuite") => {
                let bad = |problem: String| ImportError::BadSource {
                    path: file.name().to_owned(),
                    problem: format!("not a JUnit report: {problem}"),
                };
                let bytes = file.read()?;
                if bytes.len() > MOST_BYTES {
                    return Err(bad(format!("more than {} MiB", MOST_BYTES >> 20)));
                }
                let text = String::from_utf8_lossy(&bytes);
                junit::read(&text).map_err(bad)
            }
            _ => Ok(None),
        }
    }

    /// Adds a test.
    fn add(&mut self, name: String, outcome: TestOutcome) {
        match outcome {
            TestOutcome::Passed => self.passed += 1,
            TestOutcome::Failed => self.failed += 1,
            TestOutcome::Skipped => self.skipped += 1,
        }
        self.total += 1;
        self.names.push((name, outcome));
    }

    /// The tests that failed, by name.
    pub(super) fn failures(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter(|(_, o)| *o == TestOutcome::Failed).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::find_files;
    use super::super::made::sample;
    use super::*;

    fn read(text: &str) -> Result<Option<TestReport>, ImportError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        std::fs::write(&path, text).unwrap();
        TestReport::read(&find_files(&path)?[0])
    }

    fn counts(report: &TestReport) -> [i64; 4] {
        [report.passed, report.failed, report.skipped, report.total]
    }

    #[test]
    fn a_ctrf_report_counts_as_its_summary_says_and_lists_its_tests() {
        let report = read(
            r#"{"reportFormat": "CTRF", "results": {"tool": {"name": "pytest"},
                "summary": {"tests": 5, "passed": 1, "failed": 2, "skipped": 1, "pending": 0, "other": 1},
                "tests": [{"name": "a", "status": "passed"}, {"name": "b", "status": "failed"},
                          {"name": "c", "status": "failed"}, {"name": "d", "status": "skipped"}, {"name": "e", "status": "other"}]}}"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(counts(&report), [1, 2, 1, 5]);
        assert_eq!(report.failures().collect::<Vec<_>>(), ["b", "c"]);
        let listed = read(
            r#"{"results": {"tool": {}, "tests": [{"name": "a", "status": "passed"}, {"status": "failed"}]}}"#,
        );
        assert_eq!(
            counts(&listed.unwrap().unwrap()),
            [1, 1, 0, 2],
            "without a summary the list counts"
        );
        assert_eq!(read(r#"{"results": [1, 2]}"#).unwrap(), None);
        assert_eq!(read(r#"{"results": {"tests": -1}}"#).unwrap(), None);
    }

    #[test]
    fn a_junit_report_is_counted_case_by_case() {
        let report = read(
            r#"<?xml version="1.0"?><testsuites tests="99"><testsuite name="s" tests="4">
                <testcase classname="m.T" name="a" time="0.1"/>
                <testcase classname="m.T" name="b"><failure message="x">trace</failure></testcase>
                <testcase name="c"><error/></testcase>
                <testsuite><testcase name="d"><skipped/></testcase></testsuite>
            </testsuite></testsuites>"#,
        )
        .unwrap()
        .unwrap();
        assert_eq!(counts(&report), [1, 2, 1, 4]);
        assert_eq!(report.failures().collect::<Vec<_>>(), ["m.T.b", "c"]);
        assert_eq!(report.names[0].0, "m.T.a");
        let odd = format!(
            "<testsuite><!-- {} --><system-out><![CDATA[{}]]></system-out>{}</testsuite>",
            "<a> ".repeat(300),
            "<b>".repeat(300),
            "<testcase name=\"f[x > 1]\"/>".repeat(300)
        );
        assert_eq!(
            read(&odd).unwrap().unwrap().total,
            300,
            "what only looks like elements is not nested"
        );
    }

    #[test]
    fn a_junit_report_without_cases_counts_as_its_suites_say() {
        let text = r#"<testsuite tests="7" failures="2" errors="1" skipped="1"/>"#;
        assert_eq!(counts(&read(text).unwrap().unwrap()), [3, 3, 1, 7]);
        let text = r#"<testsuites><testsuite tests="2" failures="9"/></testsuites>"#;
        assert_eq!(counts(&read(text).unwrap().unwrap()), [0, 9, 0, 9], "no count is negative");
    }

    #[test]
    fn hostile_xml_is_an_error_and_does_no_harm() {
        let entities: Vec<String> = ["ba", "cb", "dc", "ed", "fe", "gf", "hg"]
            .iter()
            .map(|pair| pair.split_at(1))
            .map(|(name, of)| format!("<!ENTITY {name} \"{}\">", format!("&{of};").repeat(10)))
            .collect();
        let bomb = format!(
            "<!DOCTYPE t [<!ENTITY a \"aaaaaaaaaa\">{}]><testsuites><testsuite name=\"&h;\"/></testsuites>",
            entities.concat()
        );
        assert!(read(&bomb).is_err());
        let external =
            "<!DOCTYPE t [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><testsuite name=\"&x;\"/>";
        assert!(read(external).is_err());
        let nested = format!("{}{}", "<testsuite>".repeat(100_000), "</testsuite>".repeat(100_000));
        assert!(read(&nested).is_err());
        let unclosed = "<testsuite>".repeat(100_000);
        assert!(read(&unclosed).is_err());
        let flat = format!("<testsuite>{}</testsuite>", "<testcase name=\"a\"/>".repeat(200_000));
        assert_eq!(read(&flat).unwrap().unwrap().total, 200_000);
        assert_eq!(read("<html><p>testsuite</p></html>").unwrap(), None);
        assert!(read("<testsuite").is_err());
        assert_eq!(read("").unwrap(), None);
        let deep = format!("{{\"results\": {}", "[".repeat(100_000));
        assert!(read(&deep).is_err());
    }

    #[test]
    fn the_report_of_a_real_verifier() {
        let Some(path) = sample(
            "harbor-atif/lwhere1314_Harness-TrajecDebug__trials/tb21-kv-store-grpc-claude-code-k6/kv-store-grpc__L7ipooF/verifier/ctrf.json",
        ) else {
            return;
        };
        let report = TestReport::read(&find_files(&path).unwrap()[0]).unwrap().unwrap();
        assert_eq!(counts(&report), [6, 1, 0, 7]);
        assert_eq!(report.failures().count(), 1);
    }
}
