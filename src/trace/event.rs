//! One row of a trace, and the facts of its run.
//!
//! Field docs are short here: `schema.rs` holds the meaning, unit and nullness of every column, and the data
//! dictionary in `schemas/` is generated from it.

use super::{
    Clock, CostSource, EndReason, Kind, StageStatus, Timestamp, ToolKind, ToolStatus, UsageQuality,
    Usd,
};

/// What is true of a whole run; repeated in each of its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct RunFacts {
    /// Identifier of the run, unique in a store.
    pub run_id: String,
    /// The staged task set.
    pub workload: String,
    /// The model asked for.
    pub model: String,
    /// Who serves the model.
    pub provider: Option<String>,
    /// The harness around the model.
    pub agent: Option<String>,
    /// What the harness allowed.
    pub protocol: Option<String>,
}

/// One event of a run. Everything but `seq`, `kind` and `attempt` may be unknown, which is never zero.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "schema.rs documents every field as a column")]
pub struct Event {
    pub seq: i64,
    pub stage: Option<i64>,
    pub attempt: Option<i64>,
    pub event_id: Option<String>,
    pub parent_event_id: Option<String>,
    pub ts: Option<Timestamp>,
    pub offset_us: Option<i64>,
    pub duration_ms: Option<f64>,
    pub clock: Option<Clock>,
    pub kind: Kind,
    pub response_id: Option<String>,
    pub llm_call_count: Option<i64>,
    pub input_tokens: Option<i64>,
    pub cache_read_tokens: Option<i64>,
    pub cache_write_tokens: Option<i64>,
    pub output_tokens: Option<i64>,
    pub reasoning_tokens: Option<i64>,
    pub reported_total_tokens: Option<i64>,
    pub usage_quality: Option<UsageQuality>,
    pub cost_usd: Option<Usd>,
    pub cost_source: Option<CostSource>,
    pub finish_reason: Option<String>,
    pub context_limit: Option<i64>,
    pub tool_name: Option<String>,
    pub tool_kind: Option<ToolKind>,
    pub tool_call_id: Option<String>,
    pub arguments_hash: Option<i64>,
    pub identical_streak: Option<i64>,
    pub exit_code: Option<i64>,
    pub tool_status: Option<ToolStatus>,
    pub error_type: Option<String>,
    pub score: Option<f64>,
    pub passed: Option<bool>,
    pub tests_passed: Option<i64>,
    pub tests_total: Option<i64>,
    pub stage_status: Option<StageStatus>,
    pub end_reason: Option<EndReason>,
    pub elapsed_s: Option<f64>,
    pub role: Option<String>,
    pub content: Option<String>,
    pub arguments: Option<String>,
    pub attributes: Option<String>,
}

impl Event {
    /// An event of this kind about which nothing else is known yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            seq: 0,
            stage: None,
            attempt: None,
            event_id: None,
            parent_event_id: None,
            ts: None,
            offset_us: None,
            duration_ms: None,
            clock: None,
            kind,
            response_id: None,
            llm_call_count: None,
            input_tokens: None,
            cache_read_tokens: None,
            cache_write_tokens: None,
            output_tokens: None,
            reasoning_tokens: None,
            reported_total_tokens: None,
            usage_quality: None,
            cost_usd: None,
            cost_source: None,
            finish_reason: None,
            context_limit: None,
            tool_name: None,
            tool_kind: None,
            tool_call_id: None,
            arguments_hash: None,
            identical_streak: None,
            exit_code: None,
            tool_status: None,
            error_type: None,
            score: None,
            passed: None,
            tests_passed: None,
            tests_total: None,
            stage_status: None,
            end_reason: None,
            elapsed_s: None,
            role: None,
            content: None,
            arguments: None,
            attributes: None,
        }
    }

    /// Bytes of its texts; words of closed lists are not counted.
    pub fn text_bytes(&self) -> usize {
        let texts = [
            &self.event_id,
            &self.parent_event_id,
            &self.response_id,
            &self.finish_reason,
            &self.tool_name,
            &self.tool_call_id,
            &self.error_type,
            &self.role,
            &self.content,
            &self.arguments,
            &self.attributes,
        ];
        texts.into_iter().flatten().map(String::len).sum()
    }

    /// Total tokens of this row: input + output; null when both are unknown.
    pub fn total_tokens(&self) -> Option<i64> {
        match (self.input_tokens, self.output_tokens) {
            (None, None) => None,
            (input, output) => Some(input.unwrap_or(0).saturating_add(output.unwrap_or(0))),
        }
    }
}
