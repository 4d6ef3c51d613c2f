//! ATIF trajectories (Agent Trajectory Interchange Format 1.0 to 1.8), as Harbor and others write them.
//!
//! One JSON document holds the steps of one agent; a run may go on in further documents (`continued_trajectory_ref`) and
//! have sub-agents, inside the document or in files beside it: all of these are one run. A step is not a call: it may be
//! copied from an earlier document, stand for several calls or none, or be one of several that repeat the numbers of
//! one call. Documents that ramptrace wrote carry every column under `extra.ramptrace` and come back as they were.
//!
//! * `document`: a document, opened
//! * `links`: which documents are one run
//! * `convert`: documents to their run
//! * `steps`: steps to rows
//! * `calls`: steps that are one call, and its row
//! * `results`: tool calls and their results
//! * `metrics`: token counts and costs of a step
//! * `totals`: totals of a document beside the sum of its steps
//! * `times`: times of steps
//! * `content`: texts with pictures in them
//! * `facts`: what is true of the run
//! * `restored`: rows that ramptrace wrote

mod calls;
mod content;
mod convert;
mod document;
mod facts;
mod links;
mod metrics;
mod restored;
mod results;
mod steps;
#[cfg(test)]
mod tests;
mod times;
mod totals;

use super::Format;
use super::formats::{Importer, no_folders};
use super::look::{Field, Look};

/// How trajectories are recognised and read: one object with a schema version and steps.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan: links::plan }
}

fn recognises(look: &Look<'_>) -> bool {
    look.text().contains("ATIF-v")
        && look.outline().is_some_and(|o| {
            !o.is_array
                && o.text("schema_version").is_some_and(|v| v.starts_with("ATIF-v"))
                && o.field("steps") == Some(&Field::Array)
        })
}
