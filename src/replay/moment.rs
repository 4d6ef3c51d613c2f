//! An event without its texts, and what had been used up when it was over.
//!
//! An event is shown when it has ended, since a reply or a result is not known before. Calls may overlap, and sources may
//! lack times; the order of the run is kept, so a moment is never before the one in front of it.

use crate::trace::{Event, Kind, ToolStatus, Usd};

/// One event of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// What it is.
    pub kind: Kind,
    /// The stage it belongs to.
    pub stage: Option<i64>,
    /// The attempt at the stage.
    pub attempt: Option<i64>,
    /// Whether something went wrong in it; an error, a failed grade, a command that did not end with 0.
    pub failed: bool,
    /// The grade, of results.
    pub score: Option<f64>,
    /// Microseconds from the begin of the run to its end.
    pub at_us: i64,
    /// Whether the source has a time for it.
    pub timed: bool,
    /// Tokens used so far, prompt and completion.
    pub tokens: Option<i64>,
    /// Money spent so far, as the source reports it.
    pub cost: Option<Usd>,
    /// Prompt tokens of the last answered call.
    pub context: Option<i64>,
    /// The model's window, when the source says.
    pub context_limit: Option<i64>,
}

impl Moment {
    /// The moment of an event that follows `before`.
    pub fn after(before: Option<&Self>, event: &Event) -> Self {
        let earlier = before.map_or(0, |m| m.at_us);
        let took_us =
            event.duration_ms.filter(|ms| ms.is_finite() && *ms > 0.0).unwrap_or(0.0) * 1e3;
        // A float beyond i64 saturates, and nobody waits for it.
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let took_us = took_us as i64;
        let ended = event.offset_us.map(|start| start.saturating_add(took_us));
        let mut moment = Self {
            kind: event.kind,
            stage: event.stage,
            attempt: event.attempt,
            failed: failed(event),
            score: event.score,
            at_us: ended.unwrap_or(earlier).max(earlier),
            timed: event.offset_us.is_some(),
            tokens: before.and_then(|m| m.tokens),
            cost: before.and_then(|m| m.cost),
            context: before.and_then(|m| m.context),
            context_limit: event.context_limit.or(before.and_then(|m| m.context_limit)),
        };
        if let Some(tokens) = event.total_tokens() {
            moment.tokens = Some(moment.tokens.unwrap_or(0).saturating_add(tokens));
        }
        if let Some(cost) = event.cost_usd {
            moment.cost = moment.cost.unwrap_or_default().checked_add(cost).or(moment.cost);
        }
        if event.kind == Kind::LlmCall {
            moment.context = event.input_tokens.or(moment.context);
        }
        moment
    }
}

/// Whether something went wrong: a call without an answer, a tool that failed, a command that ended with an exit code other
/// than 0, a failed grade, an error of its own.
pub(super) fn failed(event: &Event) -> bool {
    let tool = matches!(event.tool_status, Some(ToolStatus::Error | ToolStatus::Timeout));
    match event.kind {
        Kind::Error => true,
        Kind::LlmCall => event.error_type.is_some(),
        Kind::ToolCall => tool || event.exit_code.is_some_and(|code| code != 0),
        Kind::AttemptResult | Kind::StageResult => event.passed == Some(false),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_never_go_back_and_sums_leave_unknowns_out() {
        let mut call = Event::new(Kind::LlmCall);
        (call.offset_us, call.duration_ms) = (Some(1_000), Some(2.5));
        (call.input_tokens, call.output_tokens) = (Some(100), Some(5));
        call.cost_usd = Usd::parse("0.25");
        let first = Moment::after(None, &call);
        assert_eq!((first.at_us, first.tokens, first.context), (3_500, Some(105), Some(100)));

        let mut early = Event::new(Kind::Message);
        early.offset_us = Some(2_000);
        let second = Moment::after(Some(&first), &early);
        assert_eq!((second.at_us, second.tokens, second.timed), (3_500, Some(105), true));

        let third = Moment::after(Some(&second), &Event::new(Kind::Error));
        assert_eq!((third.at_us, third.timed, third.failed), (3_500, false, true));
        assert_eq!(third.cost, Usd::parse("0.25"));
        assert_eq!(Moment::after(None, &early).cost, None, "unknown is not zero");
    }

    #[test]
    fn absurd_durations_do_not_overflow() {
        let mut event = Event::new(Kind::ToolCall);
        (event.offset_us, event.duration_ms) = (Some(i64::MAX), Some(f64::MAX));
        assert_eq!(Moment::after(None, &event).at_us, i64::MAX);
        event.duration_ms = Some(f64::NAN);
        assert_eq!(Moment::after(None, &event).at_us, i64::MAX);
    }
}
