//! What a finding is, what it is made from, and the order in which findings are told.

use super::super::failure::{CommonCause, RunAttribution};
use super::super::{Basis, Cascade, Cohort, Collapse, CostFactors, CostSpread, Frontier, RunCost};
use super::{completion, failing, money};
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

/// What the runs of a workload show, in words that can stand alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Name for anchors and programs, e.g. `completion`; once per workload.
    pub name: &'static str,
    /// The workload.
    pub workload: String,
    /// What it is about, in a few words.
    pub label: &'static str,
    /// The number that leads.
    pub lead: String,
    /// The sentences.
    pub text: String,
    /// Gate, cost basis, method and unit of the intervals.
    pub basis: String,
    /// Name of the figure that shows it.
    pub figure: Option<&'static str>,
}

impl Finding {
    /// Adds a sentence.
    pub(super) fn say(&mut self, sentence: impl Display) {
        push(&mut self.text, " ", sentence);
    }

    /// Adds to what it stands on.
    pub(super) fn stand_on(&mut self, part: impl Display) {
        push(&mut self.basis, "; ", part);
    }
}

fn push(text: &mut String, between: &str, more: impl Display) {
    let between = if text.is_empty() { "" } else { between };
    // Writing to a string cannot fail.
    let _ = write!(text, "{between}{more}");
}

/// Finished numbers of one workload.
#[derive(Debug, Clone, Copy)]
pub struct CohortResults<'a> {
    /// Its runs, with costs on the basis.
    pub cohort: &'a Cohort,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Pass rates; `None` when no run has a score.
    pub collapse: Option<&'a Collapse>,
    /// Spread of costs.
    pub spread: &'a CostSpread,
    /// Cost factors of the runs that have them.
    pub factors: &'a [CostFactors],
    /// Score against cost.
    pub frontier: &'a Frontier,
    /// Failure after failure.
    pub cascade: &'a Cascade,
    /// Causes of failures, of any workload.
    pub attributed: &'a [RunAttribution],
    /// Errors that runs share, of any workload.
    pub shared: &'a [CommonCause],
    /// Costs by run id, on the basis.
    pub costs: &'a BTreeMap<String, RunCost>,
}

impl CohortResults<'_> {
    /// The cost basis.
    pub(super) fn basis(&self) -> Basis {
        self.cohort.basis
    }

    pub(super) fn runs(&self) -> usize {
        self.cohort.runs.len()
    }

    pub(super) fn finding(&self, name: &'static str, label: &'static str) -> Finding {
        Finding {
            name,
            label,
            workload: self.cohort.workload.clone(),
            lead: String::new(),
            text: String::new(),
            basis: String::new(),
            figure: None,
        }
    }
}

/// The findings of a workload, those about completion first. What its traces cannot say is left out.
pub fn findings(results: &CohortResults<'_>) -> Vec<Finding> {
    let found = [
        completion::by_stage(results),
        completion::whole(results),
        money::spread(results),
        money::frontier(results),
        money::failed_stages(results),
        failing::after_failure(results),
        failing::commonest_cause(results),
        failing::shared_error(results),
        money::unknown(results),
    ];
    found.into_iter().flatten().collect()
}
