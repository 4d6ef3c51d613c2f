//! Tables to compare, how simple they are, and simpler ones.

use super::sample::SOME_BASELINE;
use crate::rollup::MadeRun;
use std::cmp::Ordering;

/// One try of a property.
#[derive(Debug, Clone)]
pub(super) struct Case {
    /// The tables, each a workload of its own. The run in question is the first of each.
    pub(super) tables: Vec<Vec<MadeRun>>,
    /// What changes from one table to the next, in words.
    pub(super) what: String,
    /// How large the change is.
    pub(super) size: f64,
    /// Whether the first run is the one that does nothing.
    pub(super) does_nothing: bool,
}

impl Case {
    /// A case whose change has no size.
    pub(super) fn new(tables: Vec<Vec<MadeRun>>, what: impl Into<String>) -> Self {
        Self { tables, what: what.into(), size: 0.0, does_nothing: false }
    }

    /// What each stage scores when nothing is done.
    pub(super) fn baseline(&self) -> Vec<f64> {
        match self.tables.first().and_then(|t| t.first()).filter(|_| self.does_nothing) {
            Some(first) => scores(first).map(|s| s.unwrap_or(0.0)).collect(),
            None => SOME_BASELINE.to_vec(),
        }
    }

    /// Which of two cases is simpler: fewer runs, fewer stages, a smaller change, rounder scores, lower ones.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.weight().cmp(&other.weight())
    }

    /// How simple it is, for sorting. The bits of floats that are not negative order as the floats do.
    #[expect(clippy::cast_precision_loss, reason = "cases are small")]
    pub(super) fn weight(&self) -> [u64; 5] {
        let runs = self.tables.iter().map(Vec::len).max().unwrap_or(0);
        let stages = self.tables.iter().flatten().map(|r| r.stages.len()).max().unwrap_or(0);
        let all: Vec<f64> = self.tables.iter().flatten().flat_map(scores).flatten().collect();
        let odd = all.iter().filter(|s| !is_round(**s)).count();
        let parts = [runs as f64, stages as f64, self.size, odd as f64, all.iter().sum()];
        parts.map(|part| part.abs().to_bits())
    }

    /// Cases that are simpler in one respect, the boldest first.
    pub(super) fn simpler(&self) -> Vec<Self> {
        let mut found = Vec::new();
        let runs = self.tables.iter().map(Vec::len).max().unwrap_or(0);
        let stages = self.tables.iter().flatten().map(|r| r.stages.len()).max().unwrap_or(0);
        found.extend((1..runs).map(|run| self.without_run(run)));
        if stages > 1 {
            found.push(self.with_stages(stages - 1));
        }
        for run in 0..runs {
            for stage in 0..stages {
                let seen: Vec<f64> =
                    self.tables.iter().filter_map(|t| score(t, run, stage)).collect();
                let same =
                    seen.windows(2).all(|s| matches!(s, [a, b] if a.to_bits() == b.to_bits()));
                if same && seen.first().is_some_and(|s| !is_round(*s)) {
                    found.extend([0.0, 100.0].map(|to| self.with_score(run, stage, to)));
                }
            }
        }
        found.retain(|case| case.compare(self) == Ordering::Less);
        found
    }

    fn without_run(&self, run: usize) -> Self {
        let mut case = self.clone();
        for table in case.tables.iter_mut().filter(|t| t.len() > run) {
            table.remove(run);
        }
        case
    }

    fn with_stages(&self, stages: usize) -> Self {
        let mut case = self.clone();
        case.tables.iter_mut().flatten().for_each(|run| run.stages.truncate(stages));
        case
    }

    fn with_score(&self, run: usize, stage: usize, to: f64) -> Self {
        let mut case = self.clone();
        for table in &mut case.tables {
            if let Some((_, row)) = table.get_mut(run).and_then(|r| r.stages.get_mut(stage)) {
                row.insert("score", to);
            }
        }
        case
    }
}

/// The scores of a run, by stage.
pub(super) fn scores(run: &MadeRun) -> impl Iterator<Item = Option<f64>> + '_ {
    run.stages.iter().map(|(_, row)| row.get("score").copied())
}

fn score(table: &[MadeRun], run: usize, stage: usize) -> Option<f64> {
    scores(table.get(run)?).nth(stage)?
}

fn is_round(score: f64) -> bool {
    [0.0_f64, 100.0].iter().any(|round| round.to_bits() == score.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lint::sample::{Effort, Tests, run};

    fn case(before: &[f64], after: &[f64]) -> Case {
        let made = |scores| run("r", scores, Tests::Unknown, Effort::TYPICAL);
        Case::new(vec![vec![made(before)], vec![made(after)]], "")
    }

    #[test]
    fn fewer_stages_come_before_rounder_scores() {
        let (short, round) = (case(&[59.0], &[60.0]), case(&[0.0, 0.0], &[100.0, 0.0]));
        assert_eq!(short.compare(&round), Ordering::Less);
        assert_eq!(case(&[99.0], &[100.0]).compare(&short), Ordering::Less);
    }

    #[test]
    fn simpler_cases_keep_the_change() {
        let simpler = case(&[59.0, 80.0, 10.0], &[60.0, 80.0, 10.0]).simpler();
        let tables: Vec<Vec<f64>> = simpler
            .iter()
            .map(|c| c.tables.iter().flatten().flat_map(scores).flatten().collect())
            .collect();
        assert_eq!(tables[0], [59.0, 80.0, 60.0, 80.0]);
        assert!(tables.contains(&vec![59.0, 0.0, 10.0, 60.0, 0.0, 10.0]));
        assert_eq!(tables.len(), 5);
    }
}
