//! The columns of a trace: one table, from which everything else about them follows.
//!
//! The arrow schema of the writer, the check on reading, the conversion of rows, `schemas/events.txt` and the data
//! dictionary are derived from [`COLUMNS`]. Types stay portable between DuckDB, pandas, polars and Spark: signed
//! 64-bit integers, doubles, UTF-8 text, booleans, decimal(18,9) for money, UTC microseconds for time.

use super::{
    Clock, CostSource, EndReason, Event, Kind, RunFacts, StageStatus, Timestamp, ToolKind,
    ToolStatus, UsageQuality, Usd,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use std::sync::Arc;

/// What a column belongs to; the order of the groups is the order of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ColumnGroup {
    Run,
    Place,
    Time,
    Kind,
    Llm,
    Tool,
    Error,
    StageResult,
    Text,
    Rest,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// Signed 64-bit integer.
    Int,
    /// 64-bit float.
    Float,
    /// Boolean.
    Bool,
    /// US dollars, decimal(18,9).
    Money,
    /// Instant, UTC microseconds.
    Time,
}

impl ColumnType {
    /// The arrow type.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Money => DataType::Decimal128(Usd::PRECISION, Usd::SCALE),
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        }
    }

    /// The type as users know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Int => "int64",
            Self::Float => "double",
            Self::Bool => "boolean",
            Self::Money => "decimal(18,9)",
            Self::Time => "timestamp(us, UTC)",
        }
    }
}

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Float(f64),
    Bool(bool),
    Money(Usd),
    Time(Timestamp),
}

/// Reads a column's value out of a row.
pub(super) type Get = for<'a> fn(&'a RunFacts, &'a Event) -> Cell<'a>;
/// Puts a column's value into a row; false when the word is not in the column's list.
pub(super) type Set = fn(&mut RunFacts, &mut Event, Cell<'_>) -> bool;

/// One column of a trace.
#[derive(Clone, Copy)]
pub struct Column {
    /// Name, as in the file.
    pub name: &'static str,
    /// What it belongs to.
    pub group: ColumnGroup,
    /// Type.
    pub ty: ColumnType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Unit, empty when it has none.
    pub unit: &'static str,
    /// The closed list of words with their meanings, empty when the text is free.
    pub words: &'static [(&'static str, &'static str)],
    /// Meaning.
    pub doc: &'static str,
    pub(super) get: Get,
    pub(super) set: Set,
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.ty.name())
    }
}

/// Conversion between a field of [`Event`] or [`RunFacts`] and a [`Cell`].
trait CellValue: Sized {
    fn to_cell(&self) -> Cell<'_>;
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! cell_value {
    ($ty:ty, $variant:ident, |$v:ident| $to:expr, |$c:ident| $from:expr) => {
        impl CellValue for $ty {
            fn to_cell(&self) -> Cell<'_> {
                let $v = self;
                Cell::$variant($to)
            }
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                match cell {
                    Cell::$variant($c) => $from,
                    _ => None,
                }
            }
        }
    };
}
cell_value!(String, Text, |v| v.as_str(), |c| Some(c.to_owned()));
cell_value!(i64, Int, |v| *v, |c| Some(c));
cell_value!(f64, Float, |v| *v, |c| Some(c));
cell_value!(bool, Bool, |v| *v, |c| Some(c));
cell_value!(Usd, Money, |v| *v, |c| Some(c));
cell_value!(Timestamp, Time, |v| *v, |c| Some(c));
cell_value!(Kind, Text, |v| v.as_str(), |c| Self::from_word(c));
cell_value!(Clock, Text, |v| v.as_str(), |c| Self::from_word(c));
cell_value!(UsageQuality, Text, |v| v.as_str(), |c| Self::from_word(c));
cell_value!(CostSource, Text, |v| v.as_str(), |c| Self::from_word(c));
cell_value!(ToolKind, Text, |v| v.as_str(), |c| Self::from_word(c));
cell_value!(ToolStatus, Text, |v| v.as_str(), |c| Self::from_word(c));
cell_value!(StageStatus, Text, |v| v.as_str(), |c| Self::from_word(c));
cell_value!(EndReason, Text, |v| v.as_str(), |c| Self::from_word(c));

impl<T: CellValue> CellValue for Option<T> {
    fn to_cell(&self) -> Cell<'_> {
        self.as_ref().map_or(Cell::Null, T::to_cell)
    }
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

/// A column of the run facts (`run`) or of the event (`event`).
macro_rules! column {
    (@get run $field:ident) => { |run, _| run.$field.to_cell() };
    (@get event $field:ident) => { |_, event| event.$field.to_cell() };
    (@set run $field:ident) => { |run, _, cell| match CellValue::from_cell(cell) {
        Some(value) => { run.$field = value; true }
        None => false,
    } };
    (@set event $field:ident) => { |_, event, cell| match CellValue::from_cell(cell) {
        Some(value) => { event.$field = value; true }
        None => false,
    } };
    ($side:ident.$field:ident $group:ident $ty:ident $need:ident [$unit:literal] [$words:expr] $doc:literal) => {
        Column {
            name: stringify!($field),
            group: ColumnGroup::$group,
            ty: ColumnType::$ty,
            nullable: column!(@need $need),
            unit: $unit,
            words: $words,
            doc: $doc,
            get: column!(@get $side $field),
            set: column!(@set $side $field),
        }
    };
    (@need required) => { false };
    (@need nullable) => { true };
}

/// Every column, in file order.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    column!(run.run_id Run Text required [""] [&[]] "Identifier of the run, unique in a store."),
    column!(run.workload Run Text required [""] [&[]] "The staged task set the agent worked through."),
    column!(run.model Run Text required [""] [&[]] "The model asked for (gen_ai.request.model)."),
    column!(run.provider Run Text nullable [""] [&[]] "Who serves the model: the host of the endpoint, or the name the source gives."),
    column!(run.agent Run Text nullable [""] [&[]] "The harness around the model (gen_ai.agent.name)."),
    column!(run.protocol Run Text nullable [""] [&[]] "What the harness allowed: `golden-inputs` (stages start from reference artifacts), `recovery` (only after a failure), `retries` (a failed grade is answered by another prompt), joined by `+`; null when the source does not say."),
    column!(event.seq Place Int required [""] [&[]] "Position in the run, 0, 1, 2, ... without gaps."),
    column!(event.stage Place Int nullable [""] [&[]] "Stage index from 0; null before, between and after stages."),
    column!(event.attempt Place Int nullable [""] [&[]] "Try at the stage, from 1; null outside stages."),
    column!(event.event_id Place Text nullable [""] [&[]] "The source's identifier of the record."),
    column!(event.parent_event_id Place Text nullable [""] [&[]] "event_id of the event that this one answers; of a tool call, the LLM call that asked for it."),
    column!(event.ts Time Time nullable [""] [&[]] "Start of the event; null when the source has no time for it."),
    column!(event.offset_us Time Int nullable ["us"] [&[]] "Start of the event in microseconds after the first timed event of the run: the same instant as ts, as an integer every engine can subtract."),
    column!(event.duration_ms Time Float nullable ["ms"] [&[]] "How long the event took, to the microsecond: provider latency of an answered LLM call, wait for a failed one, call to result of a tool call."),
    column!(event.clock Time Text nullable [""] [Clock::WORDS] "How ts was obtained."),
    column!(event.kind Kind Text required [""] [Kind::WORDS] "What the row is."),
    column!(event.response_id Llm Text nullable [""] [&[]] "The provider's identifier of the response (gen_ai.response.id)."),
    column!(event.llm_call_count Llm Int nullable ["calls"] [&[]] "LLM calls that an aggregate row stands for, 0 when they have rows of their own; null on a row that is one call, and when the source does not say."),
    column!(event.input_tokens Llm Int nullable ["tokens"] [&[]] "Total prompt tokens, cached ones included (gen_ai.usage.input_tokens)."),
    column!(event.cache_read_tokens Llm Int nullable ["tokens"] [&[]] "Part of input_tokens that was read from a cache."),
    column!(event.cache_write_tokens Llm Int nullable ["tokens"] [&[]] "Part of input_tokens that was written to a cache."),
    column!(event.output_tokens Llm Int nullable ["tokens"] [&[]] "Total completion tokens, reasoning included (gen_ai.usage.output_tokens)."),
    column!(event.reasoning_tokens Llm Int nullable ["tokens"] [&[]] "Part of output_tokens that was reasoning."),
    column!(event.reported_total_tokens Llm Int nullable ["tokens"] [&[]] "A total as the source prints it, when it prints one; may count parts twice. The true total is input_tokens + output_tokens."),
    column!(event.usage_quality Llm Text nullable [""] [UsageQuality::WORDS] "How far the token counts can be trusted."),
    column!(event.cost_usd Llm Money nullable ["USD"] [&[]] "Cost, exact; null when unknown. A logged 0.0 beside tokens is unknown."),
    column!(event.cost_source Llm Text nullable [""] [CostSource::WORDS] "Where cost_usd comes from."),
    column!(event.finish_reason Llm Text nullable [""] [&[]] "Why the model stopped (gen_ai.response.finish_reasons)."),
    column!(event.context_limit Llm Int nullable ["tokens"] [&[]] "Context window of the model, when the source or an error states it."),
    column!(event.tool_name Tool Text nullable [""] [&[]] "Name of the tool as the agent calls it (gen_ai.tool.name)."),
    column!(event.tool_kind Tool Text nullable [""] [ToolKind::WORDS] "What the call did; null when nothing was executed."),
    column!(event.tool_call_id Tool Text nullable [""] [&[]] "The source's identifier of the call (gen_ai.tool.call.id)."),
    column!(event.arguments_hash Tool Int nullable [""] [&[]] "First 8 bytes of SHA-256 over the arguments (parsed, keys sorted, harness notes removed), signed big-endian; equal arguments, equal hash."),
    column!(event.identical_streak Tool Int nullable ["calls"] [&[]] "How many times in a row this same call (tool and arguments) has now been made within the stage; 1 = first."),
    column!(event.exit_code Tool Int nullable [""] [&[]] "Exit code of a shell command that ended; null while it runs and when it never ran."),
    column!(event.tool_status Tool Text nullable [""] [ToolStatus::WORDS] "How the tool call ended."),
    column!(event.error_type Error Text nullable [""] [&[]] "What went wrong (error.type). On an llm_call it means that the request got no answer."),
    column!(event.score StageResult Float nullable ["points"] [&[]] "Score, 0 to 100."),
    column!(event.passed StageResult Bool nullable [""] [&[]] "Whether the source calls it passed."),
    column!(event.tests_passed StageResult Int nullable ["tests"] [&[]] "Tests passed in full."),
    column!(event.tests_total StageResult Int nullable ["tests"] [&[]] "Tests that ran; 0 means that nothing could be run."),
    column!(event.stage_status StageResult Text nullable [""] [StageStatus::WORDS] "How the stage ended."),
    column!(event.end_reason StageResult Text nullable [""] [EndReason::WORDS] "Why the agent stopped working; on run_end, on its last attempted stage."),
    column!(event.elapsed_s StageResult Float nullable ["s"] [&[]] "Time the harness reports for the stage, or on run_end for the run, grading included."),
    column!(event.role Text Text nullable [""] [&[]] "Who speaks: system, user, assistant, tool."),
    column!(event.content Text Text nullable [""] [&[]] "Text of the event: message, reply, tool output, error."),
    column!(event.arguments Text Text nullable [""] [&[]] "Arguments of a tool call as the model wrote them."),
    column!(event.attributes Rest Text nullable [""] [&[]] "JSON object with everything the importer kept and has no column for."),
];

/// The arrow schema of a trace file.
pub(super) fn arrow_schema() -> Arc<Schema> {
    let fields: Vec<Field> =
        COLUMNS.iter().map(|c| Field::new(c.name, c.ty.arrow(), c.nullable)).collect();
    Arc::new(Schema::new(fields))
}

/// The columns whose pages hold long text, which numeric queries must never read.
pub(super) fn is_long_text(column: &Column) -> bool {
    matches!(column.group, ColumnGroup::Text | ColumnGroup::Rest) && column.name != "role"
}

/// The columns whose texts each name one thing.
pub(super) fn is_identifier(column: &Column) -> bool {
    matches!(column.name, "event_id" | "parent_event_id" | "response_id" | "tool_call_id")
}

/// The columns whose numbers grow from row to row.
pub(super) fn counts_on(column: &Column) -> bool {
    matches!(column.name, "seq" | "ts" | "offset_us")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_documented() {
        let names: BTreeSet<&str> = COLUMNS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), COLUMNS.len());
        assert!(COLUMNS.iter().all(|c| c.doc.ends_with('.') && c.doc.len() > 8));
    }

    #[test]
    fn a_row_survives_its_cells() {
        let run =
            RunFacts { run_id: "r".into(), provider: Some("p".into()), ..RunFacts::default() };
        let mut event = Event::new(Kind::ToolCall);
        event.exit_code = Some(-7);
        event.cost_usd = Usd::parse("0.000000001");
        event.ts = Some(Timestamp::from_micros(5));
        event.tool_status = Some(ToolStatus::Denied);
        event.passed = Some(false);
        event.score = Some(0.5);
        let (mut run_back, mut event_back) = (RunFacts::default(), Event::new(Kind::Error));
        for column in COLUMNS {
            let cell = (column.get)(&run, &event);
            assert!((column.set)(&mut run_back, &mut event_back, cell), "{column:?}");
        }
        assert_eq!((run_back, event_back), (run, event));
    }

    #[test]
    fn a_word_outside_the_list_is_refused() {
        let kind = COLUMNS.iter().find(|c| c.name == "kind").unwrap();
        let (mut run, mut event) = (RunFacts::default(), Event::new(Kind::Error));
        assert!(!(kind.set)(&mut run, &mut event, Cell::Text("llmcall")));
        assert!(!(kind.set)(&mut run, &mut event, Cell::Null), "a required column has no null");
    }
}
