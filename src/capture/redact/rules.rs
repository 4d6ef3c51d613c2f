//! Rules of users in TOML: what else is secret, and what is not.
//!
//! A file that has a problem is refused as a whole, with all its problems: a rule that is left out in silence would let
//! through what it was written for.

use super::error::{RedactError, RuleProblem};
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;

/// Bytes of a compiled pattern at most.
const LARGEST_PATTERN: usize = 4 << 20;
/// Characters of a category at most.
pub(super) const LONGEST_CATEGORY: usize = 40;

/// The rules of a user.
#[derive(Debug, Clone, Default)]
pub struct RedactionRules {
    /// Environment variables whose values are secret, whatever they are called.
    pub variables: Vec<String>,
    pub(super) rules: Vec<Rule>,
    pub(super) keep: Vec<Regex>,
}

/// One rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) category: String,
    pub(super) regex: Regex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    #[serde(default)]
    variables: Vec<Spanned<String>>,
    #[serde(default)]
    keep: Vec<Spanned<String>>,
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: Spanned<String>,
    pattern: Spanned<String>,
    category: Option<Spanned<String>>,
    #[serde(default)]
    #[expect(dead_code, reason = "read so that a rule may say what it is for")]
    doc: String,
}

impl RedactionRules {
    /// Reads a file of rules.
    pub fn load(path: &Path) -> Result<Self, RedactError> {
        let text = std::fs::read_to_string(path).map_err(|source| RedactError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&path.to_string_lossy(), &text)
    }

    /// Reads rules. `file` is their name in messages.
    pub fn parse(file: &str, text: &str) -> Result<Self, RedactError> {
        let place = Place { file, text };
        let raw: RawRules = toml::from_str(text).map_err(|e| RedactError::Rules {
            problems: vec![place.problem(e.span(), e.message().to_owned())],
        })?;
        let mut problems = Vec::new();
        let mut rules = Self::default();
        for variable in raw.variables {
            if variable.get_ref().trim().is_empty() {
                problems
                    .push(place.problem(Some(variable.span()), "a variable has a name".to_owned()));
            }
            rules.variables.push(variable.into_inner());
        }
        for keep in raw.keep {
            match compiled(keep.get_ref()) {
                Ok(regex) => rules.keep.push(regex),
                Err(problem) => {
                    problems.push(place.problem(Some(keep.span()), format!("`keep`: {problem}")));
                }
            }
        }
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        for rule in raw.rule {
            let line = place.line(rule.name.span());
            let name = rule.name.get_ref().clone();
            if let Some(first) = lines.insert(name.clone(), line) {
                let problem = format!("rule `{name}` is there twice, first at line {first}");
                problems.push(place.problem(Some(rule.name.span()), problem));
                continue;
            }
            match rule_of(&rule) {
                Ok(rule) => rules.rules.push(rule),
                Err((span, problem)) => {
                    problems.push(place.problem(Some(span), format!("rule `{name}`: {problem}")));
                }
            }
        }
        if problems.is_empty() { Ok(rules) } else { Err(RedactError::Rules { problems }) }
    }
}

fn rule_of(raw: &RawRule) -> Result<Rule, (Range<usize>, String)> {
    let category = raw.category.as_ref().unwrap_or(&raw.name);
    if !is_category(category.get_ref()) {
        let key = if raw.category.is_some() { "category" } else { "name" };
        let problem = format!(
            "`{key}`: a category has 1 to {LONGEST_CATEGORY} small letters, digits and `-`"
        );
        return Err((category.span(), problem));
    }
    let bad = |problem| (raw.pattern.span(), format!("`pattern`: {problem}"));
    let regex = compiled(raw.pattern.get_ref()).map_err(bad)?;
    if regex.is_match("") {
        return Err(bad("matches an empty text".to_owned()));
    }
    Ok(Rule { category: category.get_ref().clone(), regex })
}

fn compiled(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build();
    built.map_err(|e| match e {
        // The message repeats the pattern over several lines and ends with what is wrong.
        regex::Error::Syntax(text) => {
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
        other => other.to_string(),
    })
}

/// Whether a word can be the category of a mask.
pub(super) fn is_category(word: &str) -> bool {
    (1..=LONGEST_CATEGORY).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A file and its text, for places in messages.
struct Place<'a> {
    file: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn problem(&self, span: Option<Range<usize>>, problem: String) -> RuleProblem {
        RuleProblem { file: self.file.to_owned(), line: span.map_or(1, |s| self.line(s)), problem }
    }

    /// The line of a span, from 1.
    fn line(&self, span: Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        match RedactionRules::parse("mine.toml", text) {
            Err(RedactError::Rules { problems }) => {
                problems.iter().map(ToString::to_string).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rules_variables_and_exemptions_are_read() {
        let text = "variables = ['DB_URL']\nkeep = ['^build-']\n\n[[rule]]\nname = 'customer'\npattern = 'C-[0-9]+'\n\
                    [[rule]]\nname = 'Name of staff'\npattern = 'x'\ncategory = 'person'\ndoc = 'why'\n";
        let rules = RedactionRules::parse("mine.toml", text).unwrap();
        assert_eq!(rules.variables, ["DB_URL"]);
        assert_eq!(rules.keep.len(), 1);
        let categories: Vec<&str> = rules.rules.iter().map(|r| r.category.as_str()).collect();
        assert_eq!(categories, ["customer", "person"]);
        assert!(RedactionRules::parse("empty.toml", "").unwrap().rules.is_empty());
    }

    #[test]
    fn every_problem_is_said_with_its_line() {
        let text = "variables = [' ']\nkeep = ['[']\n[[rule]]\nname = 'a'\npattern = '('\n[[rule]]\nname = 'A b'\n\
                    pattern = 'x'\n[[rule]]\nname = 'a'\npattern = 'x'\n[[rule]]\nname = 'e'\npattern = 'x*'\n\
                    [[rule]]\nname = 'c'\npattern = 'x'\ncategory = 'C D'\n[[rule]]\nname = 'big'\n\
                    pattern = '\\w{9000}'\n";
        assert_eq!(
            problems(text),
            [
                "mine.toml:1: a variable has a name",
                "mine.toml:2: `keep`: unclosed character class",
                "mine.toml:5: rule `a`: `pattern`: unclosed group",
                "mine.toml:7: rule `A b`: `name`: a category has 1 to 40 small letters, digits and `-`",
                "mine.toml:10: rule `a` is there twice, first at line 4",
                "mine.toml:14: rule `e`: `pattern`: matches an empty text",
                "mine.toml:18: rule `c`: `category`: a category has 1 to 40 small letters, digits and `-`",
                "mine.toml:21: rule `big`: `pattern`: Compiled regex exceeds size limit of 4194304 bytes.",
            ]
        );
        assert_eq!(problems("[[rule]]\nname = 'a'"), ["mine.toml:1: missing field `pattern`"]);
        assert!(problems("colour = 1")[0].starts_with("mine.toml:1: unknown field `colour`"));
        assert!(problems("variables = 3\n")[0].starts_with("mine.toml:1: invalid type"));
    }
}
