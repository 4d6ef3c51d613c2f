//! The closed list of causes, in order of precedence, and how sure a label is.

use serde::Deserialize;

/// Why a stage failed. The order is the precedence by which a primary cause is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No LLM call was answered in the stage.
    NotAttempted,
    /// A request was longer than the model's context window.
    ContextExhausted,
    /// The model or its gateway did not answer in time.
    GatewayTimeout,
    /// The provider refused further calls for their number.
    RateLimited,
    /// The provider failed or refused in another way.
    ProviderError,
    /// The budget of calls, time or money was used up.
    BudgetExhausted,
    /// Someone or something stopped the run.
    Interrupted,
    /// The grader could run no test: the build was broken.
    BuildBroken,
    /// The agent repeated itself.
    Loop,
    /// Calls of tools were malformed or lacked parameters.
    ToolMisuse,
    /// The agent ended its turn with words while tests failed.
    GaveUp,
    /// Tests ran and some failed, and nothing else was found.
    WrongAnswer,
    /// The trace does not say why.
    Unknown,
}

impl Cause {
    /// Every cause with its word, in order of precedence.
    pub const WORDS: &'static [(Self, &'static str)] = &[
        (Self::NotAttempted, "not_attempted"),
        (Self::ContextExhausted, "context_exhausted"),
        (Self::GatewayTimeout, "gateway_timeout"),
        (Self::RateLimited, "rate_limited"),
        (Self::ProviderError, "provider_error"),
        (Self::BudgetExhausted, "budget_exhausted"),
        (Self::Interrupted, "interrupted"),
        (Self::BuildBroken, "build_broken"),
        (Self::Loop, "loop"),
        (Self::ToolMisuse, "tool_misuse"),
        (Self::GaveUp, "gave_up"),
        (Self::WrongAnswer, "wrong_answer"),
        (Self::Unknown, "unknown"),
    ];

    /// The word of the cause.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(cause, _)| *cause == self).map_or("", |(_, word)| word)
    }

    /// The cause of a word; `None` for a word that is not in the list.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, w)| *w == word).map(|(cause, _)| *cause)
    }

    /// Whether it ends a stage from outside: a limit, the provider, or whoever stopped the run.
    pub fn ends_from_outside(self) -> bool {
        (Self::ContextExhausted..=Self::Interrupted).contains(&self)
    }

    /// Place in the precedence, 0 first; all that ends a stage from outside shares one place.
    pub fn rank(self) -> u8 {
        match self {
            Self::NotAttempted => 0,
            cause if cause.ends_from_outside() => 1,
            Self::BuildBroken => 2,
            Self::Loop => 3,
            Self::ToolMisuse => 4,
            Self::GaveUp => 5,
            Self::Unknown => 7,
            _ => 6,
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// How sure a label is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A hint.
    Low,
    /// Likely, by an indirect sign.
    Medium,
    /// The trace says so.
    High,
}

impl Confidence {
    /// The word of the level.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// One level up.
    #[must_use]
    pub fn raised(self) -> Self {
        if self == Self::Low { Self::Medium } else { Self::High }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_and_ranks_follow_the_list() {
        for (cause, word) in Cause::WORDS {
            assert_eq!(Cause::from_word(word), Some(*cause));
            assert_eq!(cause.to_string(), *word);
        }
        assert!(Cause::WORDS.windows(2).all(|w| w[0].0 < w[1].0 && w[0].0.rank() <= w[1].0.rank()));
        assert_eq!(Cause::from_word("Loop"), None);
        let outside = Cause::WORDS.iter().filter(|(c, _)| c.ends_from_outside()).count();
        assert_eq!(outside, 6);
    }
}
