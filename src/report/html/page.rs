//! What a page is made of: finished numbers, tables and drawings. Nothing is computed from here on.

use super::super::{Receipts, Table};
use super::event_log::EventBlock;
use crate::analysis::findings::Finding;
use crate::figures::Svg;
use crate::trace::Usd;

/// Everything on the page, in the order in which it is shown.
#[derive(Debug)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// What it is about, in a line: names and values.
    pub facts: Vec<(String, String)>,
    /// What stands out, by workload.
    pub findings: Vec<Finding>,
    /// The figures.
    pub figures: Vec<PageFigure>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The runs, down to their events.
    pub runs: Vec<RunSection>,
    /// Published numbers against the traces; `None` when no claims were given.
    pub claims: Option<Table>,
    /// What to doubt.
    pub warnings: Warnings,
    /// What it was made of.
    pub receipts: Receipts,
}

/// A figure of the page.
#[derive(Debug)]
pub struct PageFigure {
    /// Its name, e.g. `collapse`, which findings refer to.
    pub name: String,
    /// The workload it shows.
    pub workload: String,
    /// What tells it from the others of its name and workload, e.g. a run; empty for the only one.
    pub part: String,
    /// One line, without a full stop.
    pub title: String,
    /// What the marks mean; may be empty.
    pub caption: String,
    /// What there is to see, for readers who cannot.
    pub alt: String,
    /// The drawing on white.
    pub svg: Svg,
    /// The drawing for a dark screen; without it the one on white stands on a white card.
    pub dark: Option<Svg>,
}

/// One run.
#[derive(Debug)]
pub struct RunSection {
    /// Identifier.
    pub run_id: String,
    /// The workload.
    pub workload: String,
    /// The model.
    pub model: String,
    /// What is known of the run as a whole, as names and values.
    pub facts: Vec<(String, String)>,
    /// Mean stage score.
    pub score: Option<f64>,
    /// Cost on the basis of the page.
    pub cost: Option<Usd>,
    /// Its stages, in order.
    pub stages: Vec<StageSection>,
    /// Its events; `None` when they were left out.
    pub events: Option<EventBlock>,
}

/// One stage of a run.
#[derive(Debug)]
pub struct StageSection {
    /// Index.
    pub stage: i64,
    /// How it ended at the gate, e.g. `passed`.
    pub outcome: &'static str,
    /// Score.
    pub score: Option<f64>,
    /// Answered LLM calls.
    pub llm_calls: Option<i64>,
    /// Input and output tokens.
    pub total_tokens: Option<i64>,
    /// Cost on the basis of the page.
    pub cost: Option<Usd>,
    /// Seconds, as the harness reports.
    pub elapsed_s: Option<f64>,
    /// Why the agent stopped working on it.
    pub end_reason: Option<String>,
    /// Why it failed.
    pub cause: Option<StageCause>,
}

/// Why a stage failed.
#[derive(Debug)]
pub struct StageCause {
    /// The cause in words.
    pub cause: String,
    /// How sure it is.
    pub confidence: &'static str,
    /// Position and excerpt of the event that proves it.
    pub evidence: Option<(i64, String)>,
}

/// What to doubt, besides the notes of tables.
#[derive(Debug)]
pub struct Warnings {
    /// Sentences.
    pub sentences: Vec<String>,
    /// Accounts that cannot be right, run by run.
    pub table: Option<Table>,
}
