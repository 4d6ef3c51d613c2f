//! What came in over OTLP, and what became of it: every span is one of these.

/// Counts of spans and requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Spans that became LLM calls.
    pub llm_calls: u64,
    /// Spans that became tool calls.
    pub tool_calls: u64,
    /// Tool calls without a span, which were asked for and answered in messages.
    pub calls_in_messages: u64,
    /// Spans of LLM or tool calls around the span of the same call, which became that one's row.
    pub wrappers: u64,
    /// Spans of agents, workflows and steps. Their sums are not counted again.
    pub around: u64,
    /// Of these, those whose sum was counted, because nothing in them had any.
    pub sums_counted: u64,
    /// Spans that are none of an agent's.
    pub unrelated: u64,
    /// Spans that came again.
    pub repeated: u64,
    /// Spans that came after what they are part of had been counted.
    pub late: u64,
    /// Requests that could not be read, and were refused.
    pub refused: u64,
    /// Requests with logs, which are not used.
    pub logs: u64,
    /// Requests with metrics, which are not used.
    pub metrics: u64,
}

impl Counts {
    /// Spans that came in.
    pub const fn spans(&self) -> u64 {
        self.llm_calls
            + self.tool_calls
            + self.wrappers
            + self.around
            + self.unrelated
            + self.repeated
            + self.late
    }
}
