//! The rows that a claim is about: the views of some runs, with the metrics of packs as columns.
//!
//! Metrics are evaluated over these runs alone, so that what looks at the cohort sees only them. Money is a float here,
//! as in metrics.

use super::claim::{ClaimsFile, Formula, Runs};
use super::need::Need;
use crate::metrics::{Level, MetricError, Pack, PackProblem, evaluate_only};
use crate::rollup::{Frame, Rollup, RollupError, select, sql_words};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What keeps a claim from a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stop {
    /// These traces cannot say.
    NotTestable(String),
    /// The claim is wrong.
    Error(String),
}

/// The views of a store, cut to the runs of claims.
pub(super) struct Views<'a> {
    file: &'a ClaimsFile,
    rollup: &'a Rollup,
    files: &'a [PathBuf],
    /// Names in the queries of the file: metrics that are not among them are not evaluated.
    words: BTreeSet<String>,
    /// Run id, workload and model of every run.
    runs: Vec<(String, String, String)>,
    cut: BTreeMap<BTreeSet<String>, Cut>,
}

/// The views of some runs.
pub(super) struct Cut {
    pub(super) ids: BTreeSet<String>,
    pub(super) runs: Frame,
    pub(super) stages: Frame,
    problems: Vec<PackProblem>,
}

impl<'a> Views<'a> {
    pub(super) fn of(
        file: &'a ClaimsFile,
        rollup: &'a Rollup,
        files: &'a [PathBuf],
    ) -> Result<Self, RollupError> {
        let frame = Frame::of(&rollup.runs);
        let columns = [frame.texts("run_id")?, frame.texts("workload")?, frame.texts("model")?];
        let text = |column: usize, row: usize| {
            let value = columns.get(column).and_then(|c| c.get(row)).copied().flatten();
            value.unwrap_or_default().to_owned()
        };
        let runs = (0..frame.height()).map(|r| (text(0, r), text(1, r), text(2, r))).collect();
        let mut words = BTreeSet::new();
        for claim in &file.claims {
            let query = match &claim.formula {
                Some(Formula::Query(query) | Formula::Measure { query, .. }) => Some(query),
                _ => None,
            };
            for sql in query.into_iter().chain(&claim.rounded_from) {
                // Names may stand in quotes, which are no word of their own.
                words.extend(sql_words(&sql.replace('"', " ")));
            }
        }
        Ok(Self { file, rollup, files, words, runs, cut: BTreeMap::new() })
    }

    /// The views of the runs that a claim is about.
    pub(super) fn cut(&mut self, wanted: &Runs) -> Result<&Cut, Stop> {
        let ids = self.chosen(wanted)?;
        if !self.cut.contains_key(&ids) {
            let cut = self.evaluated(&ids)?;
            self.cut.insert(ids.clone(), cut);
        }
        self.cut.get(&ids).ok_or_else(|| Stop::Error("its runs cannot be cut out".to_owned()))
    }

    fn chosen(&self, wanted: &Runs) -> Result<BTreeSet<String>, Stop> {
        let in_workload = |w: &str| wanted.workload.as_deref().is_none_or(|wanted| wanted == w);
        let runs: Vec<_> = self.runs.iter().filter(|r| in_workload(&r.1)).collect();
        let workloads: BTreeSet<&str> = runs.iter().map(|r| r.1.as_str()).collect();
        if workloads.len() > 1 {
            let names: Vec<&str> = workloads.into_iter().collect();
            return Err(Stop::Error(format!(
                "the store has several workloads; choose one with workload = \"...\": {}",
                names.join(", ")
            )));
        }
        if runs.is_empty() {
            let workload = wanted.workload.as_deref().unwrap_or_default();
            return Err(Stop::NotTestable(format!("the store has no run of `{workload}`")));
        }
        let present = |model: &String| runs.iter().any(|r| r.2 == **model);
        if let Some(model) = wanted.models.iter().find(|m| !present(m)) {
            return Err(Stop::NotTestable(format!("the store has no run of {model}")));
        }
        let ids: BTreeSet<String> = runs
            .into_iter()
            .filter(|r| wanted.models.is_empty() || wanted.models.contains(&r.2))
            .filter(|r| !wanted.without.contains(&r.2))
            .map(|r| r.0.clone())
            .collect();
        if ids.is_empty() {
            return Err(Stop::NotTestable("no run is left".to_owned()));
        }
        if let Some(count) = wanted.count.filter(|n| *n != ids.len()) {
            return Err(Stop::NotTestable(format!(
                "is about {count} runs, here are {}",
                ids.len()
            )));
        }
        Ok(ids)
    }

    fn evaluated(&self, ids: &BTreeSet<String>) -> Result<Cut, Stop> {
        let borrowed: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let rollup = self.rollup.only(&borrowed).map_err(failed)?;
        let (mut runs, mut stages) = (Frame::of(&rollup.runs), Frame::of(&rollup.stages));
        for frame in [&mut runs, &mut stages] {
            let costs = frame.numbers("cost_usd").map_err(failed)?;
            *frame = frame.with_numbers("cost_usd", &costs).map_err(failed)?;
        }
        let mut problems = Vec::new();
        for pack in &self.file.packs {
            let wanted = self.wanted(pack);
            if wanted.is_empty() {
                continue;
            }
            let names: Vec<&str> = wanted.iter().map(|(name, ..)| *name).collect();
            let scores = evaluate_only(pack, &rollup, &names)
                .map_err(|e: MetricError| Stop::Error(e.to_string()))?;
            for (name, column, level) in wanted {
                let (from, to) = match level {
                    Level::Stage => (&scores.stages, &mut stages),
                    _ => (&scores.runs, &mut runs),
                };
                // A metric without a column has a problem, which is said by who uses it.
                if from.names().iter().any(|n| n == name) {
                    let values = from.numbers(name).map_err(failed)?;
                    *to = to.with_numbers(&column, &values).map_err(failed)?;
                }
            }
            problems.extend(scores.problems);
        }
        Ok(Cut { ids: ids.clone(), runs, stages, problems })
    }

    /// The metrics of a pack that queries name, with their columns. One that an earlier pack has too is `pack_metric`.
    fn wanted<'p>(&self, pack: &'p Pack) -> Vec<(&'p str, String, Level)> {
        let earlier = self.file.packs.iter().take_while(|p| p.name != pack.name);
        let earlier: Vec<&Pack> = earlier.collect();
        let metrics = pack.metrics.iter().filter(|m| m.level != Level::Cohort);
        metrics
            .filter_map(|m| {
                let taken = earlier.iter().any(|p| p.metric(&m.name).is_some());
                let column =
                    if taken { format!("{}_{}", pack.name, m.name) } else { m.name.clone() };
                let named = self.words.contains(&column.to_lowercase());
                named.then_some((m.name.as_str(), column, m.level))
            })
            .collect()
    }
}

impl Cut {
    /// Runs a query over these views.
    pub(super) fn query(&self, sql: &str, files: &[PathBuf]) -> Result<Frame, Stop> {
        let frames = [("runs", &self.runs), ("stages", &self.stages)];
        select(&frames, files, &self.ids, sql).map_err(|error| {
            let words = sql_words(sql);
            let of_metric = |p: &&PackProblem| {
                p.metric.as_ref().is_some_and(|m| words.contains(&m.to_lowercase()))
            };
            let metric = self.problems.iter().find(of_metric);
            Stop::Error(metric.map_or_else(|| error.to_string(), ToString::to_string))
        })
    }

    /// Stops where the store lacks what a claim needs.
    pub(super) fn check(&self, needs: &[Need], files: &[PathBuf]) -> Result<(), Stop> {
        for need in needs {
            let frame = self.query(need.query(), files)?;
            if frame.get(0, 0).number().is_none_or(|n| n < 1.0) {
                return Err(Stop::NotTestable(format!("the store has no {}", need.missing())));
            }
        }
        Ok(())
    }
}

impl Views<'_> {
    /// The trace files.
    pub(super) const fn files(&self) -> &[PathBuf] {
        self.files
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: RollupError) -> Stop {
    Stop::Error(error.to_string())
}
