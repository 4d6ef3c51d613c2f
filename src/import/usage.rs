//! Token counts of one call, from whichever arithmetic a source uses, to that of a trace.
//!
//! A trace counts cached tokens inside the input and reasoning inside the output. Some sources do as well, some keep the
//! parts apart; a source says which by the constructor that its importer calls.

use crate::trace::{Event, UsageQuality};

/// Token counts in the arithmetic of a trace. Unknown parts stay unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: Option<i64>,
    pub(super) cache_read: Option<i64>,
    pub(super) cache_write: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) reasoning: Option<i64>,
}

impl Usage {
    /// Counts of a source that has cached tokens beside its input (Anthropic): the input is the sum of all.
    pub(super) fn apart(
        uncached: Option<i64>,
        cache_read: Option<i64>,
        cache_write: Option<i64>,
        output: Option<i64>,
    ) -> Self {
        let (cache_read, cache_write) = (counted(cache_read), counted(cache_write));
        let cached = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
        let input = counted(uncached).map(|n| n.saturating_add(cached));
        // Parts without their whole would be a part of nothing.
        let known = |part: Option<i64>| input.and(part);
        Self {
            input,
            cache_read: known(cache_read),
            cache_write: known(cache_write),
            output: counted(output),
            reasoning: None,
        }
    }

    /// Counts of a source that has cached tokens inside its input (OpenAI). One that says so and has more cached tokens
    /// than input counts them apart after all.
    pub(super) fn inside(
        input: Option<i64>,
        cache_read: Option<i64>,
        cache_write: Option<i64>,
        output: Option<i64>,
    ) -> Self {
        let (read, write) = (counted(cache_read), counted(cache_write));
        let cached = read.unwrap_or(0).saturating_add(write.unwrap_or(0));
        match counted(input) {
            Some(total) if cached <= total => Self {
                input: Some(total),
                cache_read: read,
                cache_write: write,
                output: counted(output),
                reasoning: None,
            },
            _ => Self::apart(input, cache_read, cache_write, output),
        }
    }

    /// Reasoning that is part of the output; more than the output is no part of it and stays unknown.
    #[must_use]
    pub(super) fn with_reasoning(mut self, reasoning: Option<i64>) -> Self {
        self.reasoning =
            counted(reasoning).filter(|r| self.output.is_some_and(|output| *r <= output));
        self
    }

    /// Reasoning that the source counts beside the output: it is added.
    #[must_use]
    pub(super) fn plus_reasoning(mut self, reasoning: Option<i64>) -> Self {
        if let (Some(output), Some(reasoning)) = (self.output, counted(reasoning)) {
            self.output = Some(output.saturating_add(reasoning));
            self.reasoning = Some(reasoning);
        }
        self
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.input.is_none() && self.output.is_none()
    }

    /// Puts the counts into a row, `final` when both sides are known and `quality` does not say otherwise.
    pub(super) fn fill(&self, event: &mut Event, quality: Option<UsageQuality>) {
        event.input_tokens = self.input;
        event.cache_read_tokens = self.cache_read;
        event.cache_write_tokens = self.cache_write;
        event.output_tokens = self.output;
        event.reasoning_tokens = self.reasoning;
        let complete = self.input.is_some() && self.output.is_some();
        event.usage_quality = match (self.is_empty(), quality) {
            (true, _) => None,
            (false, Some(quality)) => Some(quality),
            (false, None) if complete => Some(UsageQuality::Final),
            (false, None) => Some(UsageQuality::Partial),
        };
    }
}

/// A count of tokens: negative ones are not.
fn counted(count: Option<i64>) -> Option<i64> {
    count.filter(|n| *n >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;

    #[test]
    fn both_arithmetics_end_in_the_same_counts() {
        let apart = Usage::apart(Some(100), Some(800), Some(50), Some(30));
        let inside = Usage::inside(Some(950), Some(800), Some(50), Some(30));
        assert_eq!(apart, inside);
        assert_eq!(apart.input, Some(950));
        assert_eq!(
            Usage::inside(Some(100), Some(800), Some(50), Some(30)),
            apart,
            "it cannot be inside"
        );
    }

    #[test]
    fn unknown_is_never_zero() {
        let usage = Usage::apart(None, Some(800), None, Some(30));
        assert_eq!((usage.input, usage.cache_read), (None, None), "a part of an unknown whole");
        assert_eq!(Usage::inside(Some(10), None, None, None).cache_read, None);
        assert_eq!(Usage::inside(Some(-1), None, None, Some(3)).input, None);
        let huge = Usage::apart(Some(i64::MAX), Some(i64::MAX), None, None);
        assert_eq!(huge.input, Some(i64::MAX));
    }

    #[test]
    fn reasoning_is_a_part_or_is_added() {
        let usage = Usage::inside(Some(10), None, None, Some(5));
        assert_eq!(usage.with_reasoning(Some(3)).reasoning, Some(3));
        assert_eq!(usage.with_reasoning(Some(6)).reasoning, None);
        let added = usage.plus_reasoning(Some(6));
        assert_eq!((added.output, added.reasoning), (Some(11), Some(6)));
    }

    #[test]
    fn quality_says_what_is_missing() {
        let mut event = Event::new(Kind::LlmCall);
        Usage::inside(Some(10), None, None, Some(5)).fill(&mut event, None);
        assert_eq!(event.usage_quality, Some(UsageQuality::Final));
        Usage::inside(Some(10), None, None, None).fill(&mut event, None);
        assert_eq!(event.usage_quality, Some(UsageQuality::Partial));
        Usage::default().fill(&mut event, Some(UsageQuality::Aggregate));
        assert_eq!(event.usage_quality, None);
    }
}
