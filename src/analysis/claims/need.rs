//! What a store must hold for a claim. Imports of tables lack most of it.

/// Data that a claim needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// LLM calls one by one.
    Calls,
    /// Tool calls.
    ToolCalls,
    /// Texts of messages and results.
    Texts,
    /// Events with a time.
    Times,
    /// Stage scores.
    Scores,
    /// Counts of tests.
    Tests,
    /// Costs.
    Costs,
}

impl Need {
    /// Every need: its word, the query that counts what there is of it, and what is missing without it.
    pub const WORDS: &[(Self, &'static str, &'static str, &'static str)] = &[
        (
            Self::Calls,
            "calls",
            "SELECT COUNT(*) AS n FROM events WHERE kind = 'llm_call' AND COALESCE(usage_quality, '') <> 'aggregate'",
            "single LLM calls: its traces hold sums only",
        ),
        (
            Self::ToolCalls,
            "tool_calls",
            "SELECT COUNT(*) AS n FROM events WHERE kind = 'tool_call'",
            "tool calls",
        ),
        (
            Self::Texts,
            "texts",
            "SELECT COUNT(content) AS n FROM events",
            "texts of messages and results",
        ),
        (
            Self::Times,
            "times",
            "SELECT COUNT(ts) AS n FROM events WHERE kind IN ('message', 'llm_call', 'tool_call', 'stage_start')",
            "times of single events",
        ),
        (Self::Scores, "scores", "SELECT COUNT(score) AS n FROM stages", "stage scores"),
        (Self::Tests, "tests", "SELECT COUNT(tests_total) AS n FROM stages", "counts of tests"),
        (Self::Costs, "costs", "SELECT COUNT(cost_usd) AS n FROM runs", "costs"),
    ];

    /// Reads the word of a file.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|w| w.1 == word).map(|w| w.0)
    }

    /// The query that counts what there is of it.
    pub(super) fn query(self) -> &'static str {
        Self::WORDS.iter().find(|w| w.0 == self).map_or("", |w| w.2)
    }

    /// What is missing without it.
    pub(super) fn missing(self) -> &'static str {
        Self::WORDS.iter().find(|w| w.0 == self).map_or("", |w| w.3)
    }
}
