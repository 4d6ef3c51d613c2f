//! How tool calls ended.

use crate::stats::Proportion;
use crate::trace::{Event, ToolStatus};
use std::collections::BTreeMap;

/// Tool calls and their errors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolHealth {
    /// Calls asked for.
    pub calls: u64,
    /// Calls that ended in an error of the tool.
    pub errors: u64,
    /// Calls whose result is not known; they count neither as errors nor as successes.
    pub unknown: u64,
    /// Calls that were never executed because their arguments did not parse or validate, or there is no such tool.
    pub malformed: u64,
    /// Most errors in a row.
    pub longest_error_run: u64,
    error_run: u64,
    /// Calls, errors and unknown results by tool.
    pub by_tool: BTreeMap<String, ToolCounts>,
}

/// Calls of one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToolCounts {
    /// Calls asked for.
    pub calls: u64,
    /// Calls that ended in an error.
    pub errors: u64,
    /// Calls whose result is not known.
    pub unknown: u64,
}

impl ToolCounts {
    /// Errors over calls with a known result, with Wilson's 95 % interval; `None` without such calls.
    pub fn error_rate(self) -> Option<Proportion> {
        Proportion::wilson(self.errors, self.calls.saturating_sub(self.unknown))
    }
}

impl ToolHealth {
    /// Counts a `tool_call` row.
    pub fn push(&mut self, event: &Event) {
        let error = event.tool_status == Some(ToolStatus::Error);
        let unknown = matches!(event.tool_status, None | Some(ToolStatus::Unknown));
        self.calls += 1;
        self.errors += u64::from(error);
        self.unknown += u64::from(unknown);
        self.malformed += u64::from(is_malformed(event));
        self.error_run = if error { self.error_run + 1 } else { 0 };
        self.longest_error_run = self.longest_error_run.max(self.error_run);
        let name = event.tool_name.clone().unwrap_or_default();
        let tool = self.by_tool.entry(name).or_default();
        tool.calls += 1;
        tool.errors += u64::from(error);
        tool.unknown += u64::from(unknown);
    }

    /// Errors over calls with a known result, with Wilson's 95 % interval; `None` without such calls.
    pub fn error_rate(&self) -> Option<Proportion> {
        let ToolHealth { calls, errors, unknown, .. } = *self;
        ToolCounts { calls, errors, unknown }.error_rate()
    }
}

/// Whether a call was refused before anything was executed, by the tool's own parser rather than by a person.
pub fn is_malformed(event: &Event) -> bool {
    event.tool_kind.is_none() && event.tool_status == Some(ToolStatus::Error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Kind, ToolKind};

    fn call(status: Option<ToolStatus>) -> Event {
        let mut event = Event::new(Kind::ToolCall);
        event.tool_name = Some("terminal".to_owned());
        event.tool_kind = Some(ToolKind::Shell);
        event.tool_status = status;
        event
    }

    /// The published vector: 3 errors in 15 calls are 20 % [7.0, 45.2].
    #[test]
    fn three_of_fifteen_is_twenty_percent_within_its_interval() {
        let mut health = ToolHealth::default();
        for i in 0..15 {
            let status = if i % 5 == 0 { ToolStatus::Error } else { ToolStatus::Ok };
            health.push(&call(Some(status)));
        }
        let rate = health.error_rate().unwrap();
        let percent = [rate.point, rate.low, rate.high].map(|x| format!("{:.1}", 100.0 * x));
        assert_eq!(percent, ["20.0", "7.0", "45.2"]);
        assert_eq!(health.longest_error_run, 1);
    }

    #[test]
    fn unknown_results_are_neither_errors_nor_successes() {
        let mut health = ToolHealth::default();
        assert_eq!(health.error_rate(), None, "no calls, no rate");
        health.push(&call(None));
        health.push(&call(Some(ToolStatus::Unknown)));
        assert_eq!(health.error_rate(), None);
        health.push(&call(Some(ToolStatus::Error)));
        health.push(&call(Some(ToolStatus::Error)));
        let rate = health.error_rate().unwrap();
        assert_eq!((rate.x, rate.n, health.longest_error_run), (2, 2, 2));
        let refused = Event { tool_kind: None, ..call(Some(ToolStatus::Error)) };
        health.push(&refused);
        assert_eq!((health.malformed, health.by_tool["terminal"].calls), (1, 5));
    }
}
