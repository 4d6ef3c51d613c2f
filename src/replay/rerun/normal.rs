//! Outputs without what changes from run to run: the folder, times, dates, addresses, process numbers, temporary names.
//!
//! Rules are regular expressions, applied in order, line ends trimmed afterwards. Further ones come from a file:
//!
//! ```toml
//! [[rule]]
//! pattern = "seed=\\d+"
//! replace = "seed=N"
//! ```

use regex::{NoExpand, Regex};
use serde::Deserialize;
use std::path::Path;
use thiserror::Error;

/// What is replaced in every output.
const RULES: &[(&str, &str)] = &[
    (r"(?:/private)?/tmp/ramptrace-[A-Za-z0-9_.-]+/workspace", "<workspace>"),
    (r"/tmp/(?:tmp\.?)?[A-Za-z0-9_]{6,}", "<temporary>"),
    (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?", "<date>"),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? +(?:[A-Z][a-z]{2} +\d+|\d+ [A-Z][a-z]{2})\b", "<date>"),
    (r"\b\d{1,2}:\d\d:\d\d(?:\.\d+)?\b", "<time>"),
    (r"\b(?:\d+m ?)?\d+(?:\.\d+)? ?(?:ns|us|µs|ms|s|sec|secs|seconds)\b", "<time>"),
    (r"\b0x[0-9a-fA-F]{6,16}\b", "<address>"),
    (r"(?i)\b(pid|process)([ =:]+)\d+", "<process>"),
    (r"^\[\d+\] \d+$", "<process>"),
];

/// Makes outputs comparable.
#[derive(Debug)]
pub struct Normaliser {
    rules: Vec<(Regex, String)>,
}

/// Rules that cannot be used.
#[derive(Debug, Error)]
#[error("{file}: {problem}")]
pub struct RulesError {
    file: String,
    problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    pattern: String,
    replace: String,
}

impl Normaliser {
    /// For outputs of commands that ran in a folder, with the rules of a file (its name and its text) before the others.
    pub fn new(folder: &Path, file: Option<(&str, &str)>) -> Result<Self, RulesError> {
        let mut rules = Vec::new();
        if let Some((name, text)) = file {
            let bad = |problem: String| RulesError { file: name.to_owned(), problem };
            let read: File = toml::from_str(text).map_err(|e| bad(e.message().to_owned()))?;
            for (number, Rule { pattern, replace }) in (1..).zip(read.rule) {
                let made = multiline(&pattern).map_err(|e| bad(format!("rule {number}: {e}")))?;
                rules.push((made, replace));
            }
        }
        let folder = regex::escape(&folder.display().to_string());
        let own = [(folder.as_str(), "<workspace>")];
        for (pattern, replace) in own.into_iter().chain(RULES.iter().copied()) {
            let bad =
                |e: regex::Error| RulesError { file: "rules".to_owned(), problem: e.to_string() };
            rules.push((multiline(pattern).map_err(bad)?, replace.to_owned()));
        }
        Ok(Self { rules })
    }

    /// An output as it is compared.
    pub fn apply(&self, output: &str) -> String {
        let mut text = output.replace("\r\n", "\n");
        for (pattern, replace) in &self.rules {
            text = pattern.replace_all(&text, NoExpand(replace)).into_owned();
        }
        let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
        lines.join("\n")
    }
}

fn multiline(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!("(?m){pattern}"))
}

/// The output in a recorded result, without what agents write around it, and whether that is all of it.
pub(super) fn recorded_output(result: &str) -> (String, bool) {
    if let Ok(serde_json::Value::Object(map)) = serde_json::from_str(result)
        && let Some(output) = map.get("output").and_then(serde_json::Value::as_str)
    {
        return whole(output);
    }
    let inside = result
        .split_once("<output>")
        .map(|(_, rest)| rest.rsplit_once("</output>").map_or(rest, |(output, _)| output));
    if let Some(output) = inside.filter(|_| result.trim_start().starts_with("<returncode>")) {
        return whole(output);
    }
    let lower = |line: &str| line.to_ascii_lowercase();
    let is_frame = |line: &str| {
        lower(line).starts_with("exit code")
            || line.starts_with("[The command completed with exit code")
            || line.starts_with("[Command finished with exit code")
    };
    let header = result.lines().take(6).position(|line| line.trim() == "Output:");
    let lines: Vec<&str> = result.lines().skip(header.map_or(0, |at| at + 1)).collect();
    let first = usize::from(lines.first().is_some_and(|line| is_frame(line)));
    let last = lines.len() - usize::from(lines.len() > first && is_frame(lines[lines.len() - 1]));
    whole(&lines[first..last].join("\n"))
}

/// An output up to where a harness cut it.
fn whole(output: &str) -> (String, bool) {
    let marks = [
        " bytes left out)",
        " bytes are left out ...]",
        "[... Observation truncated",
        "<response clipped>",
        "... truncated",
    ];
    match marks.iter().filter_map(|mark| output.find(mark)).min() {
        Some(at) => {
            let before = &output[..at];
            (before.rsplit_once('\n').map_or("", |(whole, _)| whole).to_owned(), false)
        }
        None => (output.to_owned(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_from_run_to_run_does_not_count() {
        let normal = Normaliser::new(Path::new("/copies/a+b"), None).unwrap();
        for (one, other) in [
            ("/copies/a+b/src/x.rs:3: bad", "/tmp/ramptrace-Ab3xYz/workspace/src/x.rs:3: bad"),
            ("took 1.23s", "took 45 ms"),
            ("12:00:01 done", "23:59:59.123 done"),
            ("2026-01-02T03:04:05Z", "2025-12-31 23:59:59"),
            ("at 0x7ffee4c0a010", "at 0x55d0c0ffee00"),
            ("pid 123", "pid 45678"),
            ("a  \r\nb\n\n", "a\nb"),
            ("/tmp/tmp.Xy12abC3", "/tmp/tmp.0000000a"),
        ] {
            assert_eq!(normal.apply(one), normal.apply(other));
        }
        for (one, other) in [("3 tests", "4 tests"), ("x.rs:3", "x.rs:4"), ("exit 1", "exit 2")] {
            assert_ne!(normal.apply(one), normal.apply(other));
        }
    }

    #[test]
    fn rules_of_a_file_come_first_and_bad_ones_are_named() {
        let of = |text: &str| Normaliser::new(Path::new("/w"), Some(("r.toml", text)));
        let rules = of("[[rule]]\npattern = 'seed=\\d+'\nreplace = 'seed=$1'").unwrap();
        assert_eq!(rules.apply("seed=12"), "seed=$1");
        for (text, said) in
            [("[[rule]]\npattern = '('\nreplace = ''", "rule 1"), ("x = 1", "r.toml")]
        {
            let error = of(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn frames_of_agents_are_taken_off() {
        for (result, output) in [
            ("<returncode>0</returncode>\n<output>\na\nb\n</output>", "a\nb"),
            ("Exit code: 0\nWall time: 0.1 seconds\nOutput:\nhello", "hello"),
            ("Exit code 127\nbash: nope", "bash: nope"),
            ("a\n[The command completed with exit code 1.]", "a"),
            (r#"{"output":"hi\n","metadata":{"exit_code":3}}"#, "hi"),
            ("plain", "plain"),
            ("", ""),
        ] {
            let (found, all) = recorded_output(result);
            assert_eq!((found.trim(), all), (output, true), "{result}");
        }
        let (found, all) = recorded_output("a\nb\n(100 bytes left out)\nz");
        assert_eq!((found.as_str(), all), ("a\nb", false));
    }
}
