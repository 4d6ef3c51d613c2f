//! Runs, while their events are folded.
//!
//! Where a run stands whole in a file its rows are met in one go. Where it does not (a run that goes on in the next piece of a
//! file, or rows in an order that no writer of ours makes) its parts are merged: the sums are the same in any order.

use super::sums::Sums;
use std::collections::HashMap;

/// Stages that a run has room for from the beginning.
const USUAL_STAGES: usize = 8;
/// Stages above which they are looked up by a table.
const FEW_STAGES: usize = 16;

/// A run, stage by stage; stage -1 is what happens outside of stages.
#[derive(Debug, Default)]
pub(super) struct FoldedRun {
    pub(super) run_id: String,
    pub(super) stages: Vec<(i64, Sums)>,
    places: HashMap<i64, usize>,
}

impl FoldedRun {
    /// The sums of a stage, to be added to.
    pub(super) fn stage(&mut self, stage: i64) -> &mut Sums {
        let place = self.place(stage).unwrap_or_else(|| {
            if self.stages.is_empty() {
                self.stages.reserve_exact(USUAL_STAGES);
            }
            self.stages.push((stage, Sums::default()));
            let place = self.stages.len() - 1;
            if self.stages.len() == FEW_STAGES + 1 {
                self.places = self.stages.iter().enumerate().map(|(i, (s, _))| (*s, i)).collect();
            } else if self.stages.len() > FEW_STAGES {
                self.places.insert(stage, place);
            }
            place
        });
        &mut self.stages[place].1
    }

    fn place(&self, stage: i64) -> Option<usize> {
        if self.stages.len() > FEW_STAGES {
            return self.places.get(&stage).copied();
        }
        self.stages.iter().rposition(|(s, _)| *s == stage)
    }

    fn merge(&mut self, other: &Self) {
        for (stage, sums) in &other.stages {
            self.stage(*stage).merge(sums);
        }
    }

    /// All its events.
    pub(super) fn whole(&self) -> Sums {
        let mut whole = Sums::default();
        for (_, sums) in &self.stages {
            whole.merge(sums);
        }
        whole
    }

    /// What happened outside of stages.
    pub(super) fn outside(&self) -> Option<&Sums> {
        self.stages.iter().find(|(stage, _)| *stage == -1).map(|(_, sums)| sums)
    }
}

/// Runs in the order in which they are met.
#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: Vec<FoldedRun>,
    places: HashMap<String, usize>,
}

impl Runs {
    /// The run of that name, to be added to.
    pub(super) fn at(&mut self, run_id: &str) -> &mut FoldedRun {
        let last = self.runs.len().checked_sub(1);
        let place = match last {
            Some(last) if self.runs[last].run_id == run_id => last,
            _ => self.places.get(run_id).copied().unwrap_or_else(|| {
                let run_id = run_id.to_owned();
                self.places.insert(run_id.clone(), self.runs.len());
                self.runs.push(FoldedRun { run_id, ..FoldedRun::default() });
                self.runs.len() - 1
            }),
        };
        &mut self.runs[place]
    }

    /// Adds runs of another piece.
    pub(super) fn merge(&mut self, other: Self) {
        for run in other.runs {
            if let Some(place) = self.places.get(&run.run_id) {
                self.runs[*place].merge(&run);
            } else {
                self.places.insert(run.run_id.clone(), self.runs.len());
                self.runs.push(run);
            }
        }
    }

    /// The runs.
    pub(super) fn into_runs(self) -> Vec<FoldedRun> {
        self.runs
    }
}
