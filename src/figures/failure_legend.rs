//! What the colours, letters and glyphs of a failure map mean.

use crate::analysis::{FailureMap, FailureMapCell, Outcome};

use super::canvas::{Anchor, Canvas};
use super::causes::{self, Look, MOST_CAUSES, OTHER, UNKNOWN};
use super::failure_cells::{self, OUTCOMES, meaning};
use super::header::{LABEL, MARGIN, STRONG};
use super::legend::{self, Entry};
use super::wording::fit;

const SAMPLE: (f64, f64) = (9.0, 8.5);
/// Room for the headings.
const HEAD: f64 = 36.0;
/// Width limit of the name of a cause.
const CAUSE_LIMIT: f64 = 150.0;

/// Writes causes and outcomes and returns the lower edge.
pub(super) fn write(canvas: &mut Canvas, data: &FailureMap, looks: &[Look], top: f64) -> f64 {
    let entries = cause_entries(canvas, data, looks);
    let y = block(canvas, "Cause", &entries, top);
    block(canvas, "Outcome", &outcome_entries(data), y)
}

/// Writes a heading and its entries and returns the lower edge.
fn block(canvas: &mut Canvas, title: &str, entries: &[Entry<'_>], top: f64) -> f64 {
    if entries.is_empty() {
        return top;
    }
    let middle = top + legend::LINE / 2.0;
    canvas.text_level(title, (MARGIN, middle), Anchor::Start, STRONG);
    let right = canvas.width - MARGIN;
    legend::write(canvas, entries, (MARGIN + HEAD, top), right) + 1.0
}

fn cause_entry(look: Look, text: String) -> Entry<'static> {
    Entry {
        sample: SAMPLE,
        draw: Box::new(move |canvas, area| causes::tab(canvas, look, area)),
        text,
    }
}

fn cause_entries(canvas: &Canvas, data: &FailureMap, looks: &[Look]) -> Vec<Entry<'static>> {
    let (named, others) = data.causes.split_at(data.causes.len().min(MOST_CAUSES));
    let mut entries = Vec::new();
    for (one, look) in named.iter().zip(looks) {
        let name = fit(&canvas.fonts, &one.cause, LABEL.size, LABEL.bold, CAUSE_LIMIT);
        entries.push(cause_entry(*look, format!("{name} ({})", one.stages)));
    }
    if !others.is_empty() {
        let stages: usize = others.iter().map(|one| one.stages).sum();
        let noun = if others.len() == 1 { "cause" } else { "causes" };
        entries.push(cause_entry(OTHER, format!("{} other {noun} ({stages})", others.len())));
    }
    let is_unknown = |c: &&FailureMapCell| c.outcome == Outcome::Failed && c.cause.is_none();
    let unknown = data.rows.iter().flat_map(|row| &row.cells).filter(is_unknown).count();
    if unknown > 0 {
        entries.push(cause_entry(UNKNOWN, format!("not known ({unknown})")));
    }
    entries
}

fn outcome_entries(data: &FailureMap) -> Vec<Entry<'static>> {
    let is_used = |outcome: &Outcome| {
        data.rows.iter().flat_map(|row| &row.cells).any(|cell| cell.outcome == *outcome)
    };
    let entry = |outcome: Outcome| Entry {
        sample: (14.0, SAMPLE.1),
        draw: Box::new(move |canvas: &mut Canvas, area| {
            failure_cells::sample(canvas, outcome, area);
        }),
        text: meaning(outcome).to_owned(),
    };
    OUTCOMES.into_iter().filter(is_used).map(entry).collect()
}
