//! Rules read from TOML, with the rules that they extend.
//!
//! A file that has a problem is refused as a whole, with all its problems: a rule that is left out in silence would
//! change causes without anybody noticing.

use super::error::{FailureError, FileProblem};
use super::field::{Field, Holds};
use super::raw::{RawRule, RawRules};
use super::rule::{FailureRules, Rule};
use super::signature::{ErrorLines, compile};
use crate::analysis::process::CommandGroups;
use crate::trace::{EndReason, ToolStatus};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Name of the built-in rules.
pub const DEFAULT_RULES: &str = "default";
const DEFAULT_TEXT: &str = include_str!("rules/default.toml");

/// A file before its parts are put together: later files in a chain of extensions come first.
struct Draft {
    name: String,
    commands: Vec<(String, Vec<String>)>,
    lines: Vec<String>,
    rules: Vec<DraftRule>,
}

struct DraftRule {
    rule: Rule,
    exempt: Vec<String>,
    enabled: bool,
}

impl FailureRules {
    /// The built-in rules.
    pub fn built_in() -> Result<Self, FailureError> {
        Self::parse("default.toml", DEFAULT_TEXT)
    }

    /// Loads rules by the word `default`, or by the path of a TOML file.
    pub fn load(selector: &str) -> Result<Self, FailureError> {
        if selector == DEFAULT_RULES {
            return Self::built_in();
        }
        let text = text_of(Path::new(selector))?;
        Self::parse(selector, &text)
    }

    /// Reads rules. `file` is its name in messages; rules that it extends are found from its folder.
    pub fn parse(file: &str, text: &str) -> Result<Self, FailureError> {
        let draft = read(file, text, &mut vec![file.to_owned()])?;
        let mut commands = CommandGroups::default();
        for (name, patterns) in &draft.commands {
            // Each group was compiled when it was read; only their number can be too large.
            let problem = |problem| FileProblem { file: file.to_owned(), line: 1, problem };
            commands.add(name, patterns).map_err(problem)?;
        }
        let mut problems = Vec::new();
        let mut rules = Vec::new();
        for DraftRule { mut rule, exempt, enabled } in draft.rules {
            for group in exempt {
                match commands.bit(&group) {
                    Some(bit) => rule.exempt |= bit,
                    None => problems.push(FileProblem {
                        file: rule.file.clone(),
                        line: rule.line,
                        problem: format!(
                            "rule `{}`: there is no group of commands `{group}`",
                            rule.name
                        ),
                    }),
                }
            }
            rules.extend(enabled.then_some(rule));
        }
        if !problems.is_empty() {
            return Err(FailureError::Problems { problems });
        }
        let error_lines = ErrorLines::new(&draft.lines).map_err(|problem| FileProblem {
            file: file.to_owned(),
            line: 1,
            problem,
        })?;
        Ok(Self { name: draft.name, rules, commands, error_lines })
    }
}

fn text_of(path: &Path) -> Result<String, FailureError> {
    std::fs::read_to_string(path)
        .map_err(|source| FailureError::Unreadable { path: path.to_owned(), source })
}

fn read(file: &str, text: &str, chain: &mut Vec<String>) -> Result<Draft, FailureError> {
    let place = Place { file, text };
    let raw: RawRules =
        toml::from_str(text).map_err(|e| place.problem(e.span(), e.message().to_owned()))?;
    let mut problems = Vec::new();
    let mut draft =
        Draft { name: raw.rules.name, commands: Vec::new(), lines: Vec::new(), rules: Vec::new() };
    for parent in raw.rules.extends {
        let parent_draft = read_parent(&place, &parent, chain)?;
        inherit(&mut draft, parent_draft);
    }
    for (name, patterns) in raw.commands {
        let span = name.span();
        let name = name.into_inner();
        if let Err(problem) = CommandGroups::default().add(&name, &patterns) {
            problems.push(place.problem(Some(span), format!("commands `{name}`: {problem}")));
        }
        match draft.commands.iter_mut().find(|(n, _)| *n == name) {
            Some(group) => group.1 = patterns,
            None => draft.commands.push((name, patterns)),
        }
    }
    if let Some(signature) = raw.signature {
        if let Err(problem) = ErrorLines::new(signature.lines.get_ref()) {
            problems
                .push(place.problem(Some(signature.lines.span()), format!("`lines`: {problem}")));
        }
        draft.lines = signature.lines.into_inner();
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut own = Vec::new();
    for rule in raw.rule {
        let line = place.line(rule.name.span());
        let name = rule.name.get_ref().clone();
        if let Some(first) = seen.insert(name.clone(), line) {
            let problem = format!("rule `{name}` is there twice, first at line {first}");
            problems.push(FileProblem { file: file.to_owned(), line, problem });
            continue;
        }
        let inherited: BTreeSet<&str> = draft.rules.iter().map(|r| r.rule.name.as_str()).collect();
        if rule.enabled == Some(false) && inherited.contains(name.as_str()) {
            draft.rules.retain(|r| r.rule.name != name);
            continue;
        }
        match rule_of(rule, &place) {
            Ok(rule) => match draft.rules.iter_mut().find(|r| r.rule.name == name) {
                Some(old) => *old = rule,
                None => own.push(rule),
            },
            Err(problem) => problems.push(FileProblem {
                problem: format!("rule `{name}`: {}", problem.problem),
                ..problem
            }),
        }
    }
    if !problems.is_empty() {
        return Err(FailureError::Problems { problems });
    }
    // Rules of a file come before those that it extends: for failed calls the first match wins.
    own.append(&mut draft.rules);
    draft.rules = own;
    Ok(draft)
}

fn read_parent(
    place: &Place<'_>,
    parent: &Spanned<String>,
    chain: &mut Vec<String>,
) -> Result<Draft, FailureError> {
    let selector = parent.get_ref();
    let (file, text) = if selector == DEFAULT_RULES {
        ("default.toml".to_owned(), DEFAULT_TEXT.to_owned())
    } else {
        let folder = Path::new(place.file).parent();
        let path = folder.map_or_else(|| PathBuf::from(selector), |f| f.join(selector));
        let text = text_of(&path).map_err(|_| {
            place.problem(Some(parent.span()), format!("`extends`: cannot read `{selector}`"))
        })?;
        (path.to_string_lossy().into_owned(), text)
    };
    if chain.contains(&file) {
        let circle =
            format!("rules extend one another in a circle: {} -> {file}", chain.join(" -> "));
        return Err(place.problem(Some(parent.span()), circle).into());
    }
    chain.push(file.clone());
    let draft = read(&file, &text, chain);
    chain.pop();
    draft
}

/// Takes over everything of a parent; what was there already stays.
fn inherit(draft: &mut Draft, parent: Draft) {
    for (name, patterns) in parent.commands {
        if !draft.commands.iter().any(|(n, _)| *n == name) {
            draft.commands.push((name, patterns));
        }
    }
    if draft.lines.is_empty() {
        draft.lines = parent.lines;
    }
    for rule in parent.rules {
        if !draft.rules.iter().any(|r| r.rule.name == rule.rule.name) {
            draft.rules.push(rule);
        }
    }
}

fn rule_of(raw: RawRule, place: &Place<'_>) -> Result<DraftRule, FileProblem> {
    let span = raw.name.span();
    let line = place.line(raw.name.span());
    let here = |problem: String| place.problem(Some(span.clone()), problem);
    let needs = |key: &str| here(format!("needs `{key}`"));
    let name = raw.name.into_inner();
    if name.is_empty() || name.chars().any(|c| !(c.is_ascii_alphanumeric() || "_-".contains(c))) {
        return Err(here("a name has letters, digits, `_` and `-` only".to_owned()));
    }
    let field = raw.field.ok_or_else(|| needs("field"))?;
    let found = Field::from_word(field.get_ref()).ok_or_else(|| {
        let words: Vec<&str> = Field::WORDS.iter().map(|(_, word, ..)| *word).collect();
        let problem = format!("`{}` is no field; fields are {}", field.get_ref(), words.join(", "));
        place.problem(Some(field.span()), problem)
    })?;
    let pattern = match (&raw.pattern, found.holds()) {
        (Some(pattern), Holds::Text) => {
            let bad =
                |problem| place.problem(Some(pattern.span()), format!("`pattern`: {problem}"));
            Some(compile(pattern.get_ref()).map_err(bad)?)
        }
        (None, Holds::Text) => return Err(needs("pattern")),
        (Some(_), Holds::Number) => {
            return Err(here(format!(
                "`{}` is a number; use `at_least` and `at_most`",
                found.as_str()
            )));
        }
        (None, Holds::Number) => None,
    };
    let bounds = [raw.at_least, raw.at_most];
    if found.holds() == Holds::Number && bounds == [None, None] {
        return Err(here("needs `at_least` or `at_most`".to_owned()));
    }
    if found.holds() == Holds::Text && bounds != [None, None] {
        return Err(here(format!("`{}` is a text and has no limits", found.as_str())));
    }
    if bounds.iter().flatten().any(|b| b.is_nan()) {
        return Err(here("a limit is a number".to_owned()));
    }
    let count = raw.count.as_ref().map_or(Ok(1), |c| {
        let bad = || place.problem(Some(c.span()), "`count` is a whole number from 1".to_owned());
        usize::try_from(*c.get_ref()).ok().filter(|n| *n > 0).ok_or_else(bad)
    })?;
    if let Some(share) = raw.share.as_ref().filter(|s| !(0.0..=1.0).contains(s.get_ref())) {
        return Err(place.problem(Some(share.span()), "`share` is a number from 0 to 1".to_owned()));
    }
    if raw.hint && raw.primary {
        return Err(here("a hint gives no label, so that it cannot be primary".to_owned()));
    }
    for (key, given, meant) in [
        ("exempt", !raw.exempt.is_empty(), found.is_repetition()),
        ("tool_status", !raw.tool_status.is_empty(), found.is_of_tools()),
        ("share", raw.share.is_some(), found.is_of_tools()),
        ("at_end", raw.at_end, found.can_last()),
        ("count", raw.count.is_some(), found.is_counted()),
    ] {
        if given && !meant {
            return Err(here(format!("`{key}` has no meaning for `{}`", found.as_str())));
        }
    }
    let rule = Rule {
        name,
        cause: raw.cause.ok_or_else(|| needs("cause"))?,
        confidence: raw.confidence.ok_or_else(|| needs("confidence"))?,
        field: found,
        pattern,
        at_least: raw.at_least,
        at_most: raw.at_most,
        count,
        share: raw.share.map(Spanned::into_inner),
        at_end: raw.at_end,
        primary: raw.primary,
        hint: raw.hint,
        failing_tests: raw.failing_tests,
        single_calls: raw.single_calls,
        end_reasons: words(&raw.end_reasons, EndReason::from_word, place)?,
        tool_status: words(&raw.tool_status, ToolStatus::from_word, place)?,
        exempt: 0,
        doc: raw.doc.ok_or_else(|| needs("doc"))?,
        file: place.file.to_owned(),
        line,
    };
    let exempt = raw.exempt.into_iter().map(Spanned::into_inner).collect();
    Ok(DraftRule { rule, exempt, enabled: raw.enabled.unwrap_or(true) })
}

fn words<T>(
    written: &[Spanned<String>],
    read: fn(&str) -> Option<T>,
    place: &Place<'_>,
) -> Result<Vec<T>, FileProblem> {
    let word = |w: &Spanned<String>| {
        read(w.get_ref()).ok_or_else(|| {
            place.problem(Some(w.span()), format!("`{}` is no word of a trace", w.get_ref()))
        })
    };
    written.iter().map(word).collect()
}

/// A file and its text, for places in messages.
pub(in crate::analysis) struct Place<'a> {
    pub(in crate::analysis) file: &'a str,
    pub(in crate::analysis) text: &'a str,
}

impl Place<'_> {
    pub(in crate::analysis) fn problem(
        &self,
        span: Option<Range<usize>>,
        problem: String,
    ) -> FileProblem {
        FileProblem { file: self.file.to_owned(), line: span.map_or(1, |s| self.line(s)), problem }
    }

    /// The line of a span, from 1.
    pub(in crate::analysis) fn line(&self, span: Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1
    }
}
