//! Rules: what is looked at, what must be found there, and what cause that is a sign of.

use super::cause::{Cause, Confidence};
use super::field::Field;
use super::signature::ErrorLines;
use crate::analysis::process::CommandGroups;
use crate::trace::{EndReason, ToolStatus};
use regex::Regex;

/// A rule.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct Rule {
    /// Name, by which it can be overridden.
    pub name: String,
    /// The cause that it is a sign of.
    pub cause: Cause,
    /// How sure a label is that it gives.
    pub confidence: Confidence,
    /// What it looks at.
    pub field: Field,
    /// What must be found in a text. A group named `limit` holds the context window in tokens.
    pub pattern: Option<Regex>,
    /// Smallest number that counts.
    pub at_least: Option<f64>,
    /// Largest number that counts.
    pub at_most: Option<f64>,
    /// Fewest events that must match; for ratios, fewest tool calls there must be.
    pub count: usize,
    /// Smallest share of the stage's tool calls that must match.
    pub share: Option<f64>,
    /// Whether what it finds must last until the end of the stage.
    pub at_end: bool,
    /// Whether its label can be the primary one.
    pub primary: bool,
    /// Whether it gives no label of its own and raises the confidence of others with its cause.
    pub hint: bool,
    /// Whether it only holds while tests of the stage fail.
    pub failing_tests: bool,
    /// Whether it only holds in traces with single LLM calls.
    pub single_calls: bool,
    /// Endings of a stage in which it holds; empty for all.
    pub end_reasons: Vec<EndReason>,
    /// Results of tool calls that it looks at; empty for all.
    pub tool_status: Vec<ToolStatus>,
    /// Groups of commands that repetition is not held against, as bits.
    pub exempt: u64,
    /// What it means.
    pub doc: String,
    /// File that it is in.
    pub file: String,
    /// Line that it is at, from 1.
    pub line: usize,
}

/// A set of rules.
#[derive(Debug, Clone)]
pub struct FailureRules {
    /// Name.
    pub name: String,
    /// Rules, first ones first.
    pub rules: Vec<Rule>,
    /// Groups of commands that rules name.
    pub commands: CommandGroups,
    /// Which lines of an output are errors.
    pub error_lines: ErrorLines,
}

/// What a rule found in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// Byte position of the match.
    pub(super) at: usize,
    /// The context window that was stated.
    pub(super) limit: Option<i64>,
}

impl Rule {
    /// Looks for the pattern in a text.
    pub(super) fn find(&self, text: &str) -> Option<Found> {
        let captures = self.pattern.as_ref()?.captures(text)?;
        let at = captures.get(0).map_or(0, |m| m.start());
        let limit = captures.name("limit").and_then(|m| {
            let digits: String = m.as_str().chars().filter(char::is_ascii_digit).collect();
            digits.parse::<i64>().ok().filter(|n| *n > 0)
        });
        Some(Found { at, limit })
    }

    /// Whether a number is within the limits.
    pub(super) fn fits(&self, value: f64) -> bool {
        self.at_least.is_none_or(|low| value >= low)
            && self.at_most.is_none_or(|high| value <= high)
    }

    /// Whether it looks at tool calls with this result.
    pub(super) fn looks_at(&self, status: Option<ToolStatus>) -> bool {
        self.tool_status.is_empty() || status.is_some_and(|s| self.tool_status.contains(&s))
    }
}

impl FailureRules {
    /// A rule by its name.
    pub fn rule(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.name == name)
    }
}
