//! Error signatures: the first error of a build, without what differs from run to run.
//!
//! Escape codes, paths, places, numbers, ids and quotes are taken out, so that the same error in two runs reads the
//! same. Which lines are errors is said by the rules file.

use super::excerpt::{excerpt, masked};
use crate::analysis::process::Bounded;
use regex::{Regex, RegexBuilder};
use std::sync::LazyLock;

/// Characters of a signature at most.
const LONGEST: usize = 200;
/// Bytes of a line that are looked at.
const LONGEST_LINE: usize = 2048;

/// Where an error was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureSource {
    /// The grader's output.
    Grader,
    /// The agent's own last build or test in the stage.
    Build,
}

/// An error without what differs from run to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorSignature {
    /// The normalised text, by which errors are compared.
    pub text: String,
    /// The line as it stands, shortened.
    pub line: String,
    /// Event that holds it.
    pub seq: i64,
    /// Where it was read.
    pub source: SignatureSource,
}

/// Finds the error line of an output.
#[derive(Debug, Clone, Default)]
pub struct ErrorLines {
    patterns: Vec<Regex>,
}

impl ErrorLines {
    /// Compiles patterns, most telling first. An error says what is wrong.
    pub(super) fn new(patterns: &[String]) -> Result<Self, String> {
        let compiled: Result<Vec<Regex>, String> = patterns.iter().map(|p| compile(p)).collect();
        Ok(Self { patterns: compiled? })
    }

    /// The first line that matches the first pattern that matches any, as a signature.
    pub fn find(&self, output: &str, seq: i64, source: SignatureSource) -> Option<ErrorSignature> {
        let bounded = Bounded::of(output);
        let text = without_escapes(&bounded);
        let lines: Vec<&str> = text.lines().map(|l| Self::cut(l.trim_end())).collect();
        let place = self.patterns.iter().find_map(|p| lines.iter().position(|l| p.is_match(l)))?;
        let line = *lines.get(place)?;
        // What is announced with a colon is said on the next line.
        let next = lines.get(place + 1..).unwrap_or_default().iter().find(|l| !l.trim().is_empty());
        let whole = match next {
            Some(next) if line.ends_with(':') => format!("{} {}", line.trim(), next.trim()),
            _ => line.trim().to_owned(),
        };
        let signature = normalised(&whole);
        (!signature.is_empty()).then(|| ErrorSignature {
            text: signature,
            line: excerpt(&whole, 0),
            seq,
            source,
        })
    }

    fn cut(line: &str) -> &str {
        line.get(..line.floor_char_boundary(LONGEST_LINE)).unwrap_or(line)
    }
}

/// Compiles an expression with a limit on its size.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    const SIZE_LIMIT: usize = 4 << 20;
    RegexBuilder::new(pattern)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .build()
        .map_err(|e| e.to_string().lines().last().unwrap_or_default().trim().to_owned())
}

fn without_escapes(text: &str) -> String {
    static ESCAPES: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])|[\x00-\x08\x0b-\x1f\x7f]";
        Regex::new(pattern).expect("the pattern is fixed and tested")
    });
    ESCAPES.replace_all(&text.replace("\r\n", "\n"), "").into_owned()
}

/// A line without paths, places, numbers, ids and quotes.
pub fn normalised(line: &str) -> String {
    /// What is taken out, in order, and what comes in its place.
    static STEPS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        let steps = [
            // path:line:column: at the beginning
            (r#"^\s*(?:[A-Za-z]:)?[^\s:'"‘“]*[./\\][^\s:'"‘“]*:\d+(?::\d+)?:\s*"#, ""),
            // path:line(:column) elsewhere
            (r#"([^\s:'"‘“(]+\.\w+):\d+(?::\d+)?:?"#, "$1"),
            (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "#"),
            (r"(?i)\b0x[0-9a-f]+\b", "#"),
            (r"(?:[A-Za-z]:)?(?:[\w.+@~-]*[/\\])+([\w.+@~-]*)", "$1"),
            (r#"[‘’“”'"`«»]"#, ""),
            (r"\b[0-9a-f]*\d[0-9a-f]{7,}\b|\b[0-9a-f]{7,}\d[0-9a-f]*\b", "#"),
            (r"\b\d+(?:\.\d+)*\b", "#"),
            (r"\s+", " "),
        ];
        let compiled =
            |(pattern, by)| (Regex::new(pattern).expect("the patterns are fixed and tested"), by);
        steps.into_iter().map(compiled).collect()
    });
    let mut text = masked(&without_escapes(line));
    for (pattern, by) in STEPS.iter() {
        text = pattern.replace_all(&text, *by).into_owned();
    }
    text.trim().chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_taken_out() {
        for (line, expected) in [
            (
                "/workspace/YatCC/task/5/EmitMIR.cpp:35:10: fatal error: RISCVGenRegisterInfo.inc: No such file or directory",
                "fatal error: RISCVGenRegisterInfo.inc: No such file or directory",
            ),
            (
                "\u{1b}[1mEmitIR.cpp:202:23: \u{1b}[31merror: \u{1b}[0m‘const struct asg::Type’ has no member named ‘isConst’",
                "error: const struct asg::Type has no member named isConst",
            ),
            (
                "CMake Error at task/2/antlr/CMakeLists.txt:30 (find_package):",
                "CMake Error at CMakeLists.txt (find_package):",
            ),
            (
                "error(126): Parser.g4:23:47: cannot create token: '('",
                "error(#): Parser.g4 cannot create token: (",
            ),
            (
                "gmake[3]: *** [a/b/build.make:76: c/d.cpp.o] Error 1",
                "gmake[#]: *** [build.make d.cpp.o] Error #",
            ),
            ("segfault at 0x7ffe12 in deadbeef0123 (3.5 s)", "segfault at # in # (# s)"),
            ("error: i32 and file2 keep their digits", "error: i32 and file2 keep their digits"),
        ] {
            assert_eq!(normalised(line), expected);
        }
    }

    #[test]
    fn the_first_telling_line_is_taken() {
        let lines =
            ErrorLines::new(&["(?i)error:|CMake Error".to_owned(), r"\*\*\*".to_owned()]).unwrap();
        let find = |text: &str| lines.find(text, 1, SignatureSource::Grader).map(|s| s.text);
        assert_eq!(
            find("make: *** [x] Error 1\na.c:1:2: error: first\na.c:2:2: error: second"),
            Some("error: first".to_owned())
        );
        assert_eq!(find("make: *** [all] Error 2"), Some("make: *** [all] Error #".to_owned()));
        assert_eq!(
            find(
                "CMake Error at CMakeLists.txt:3 (find_package):\n\n  By not providing \"X.cmake\"\n"
            ),
            Some(
                "CMake Error at CMakeLists.txt (find_package): By not providing X.cmake".to_owned()
            )
        );
        assert_eq!(find("all is well"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn patterns_that_are_none_or_too_large_are_refused() {
        assert!(ErrorLines::new(&["(".to_owned()]).is_err());
        assert!(compile(r"(\w{500}){500}").is_err());
    }
}
