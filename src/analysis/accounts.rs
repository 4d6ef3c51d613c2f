//! Every run of a store with its cost on every basis.

use super::calls::{RunCalls, read_calls};
use super::factors::CostFactors;
use super::pricing::{Basis, RunCost, price_run};
use crate::ledger::{Books, CacheCall, CacheUse, PricedCall, prefix_breaks};
use crate::rollup::{Frame, Rollup, RollupError, View};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The accounts of a store.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// Its runs, in the order of the view `runs`.
    pub runs: Vec<RunCalls>,
    /// The books that list prices come from.
    pub books: Books,
    reported: Vec<RunCost>,
    list: Vec<RunCost>,
    neutral: Vec<RunCost>,
}

impl Accounts {
    /// Reads the calls of trace files and prices them. `runs` is their view `runs`.
    pub fn read(files: &[PathBuf], runs: &Frame, books: Books) -> Result<Self, RollupError> {
        let runs = read_calls(files, runs)?;
        let priced = |basis| runs.iter().map(|run| price_run(run, basis, &books)).collect();
        let (reported, list, neutral) =
            (priced(Basis::Reported), priced(Basis::List), priced(Basis::Neutral));
        Ok(Self { runs, books, reported, list, neutral })
    }

    /// Costs on a basis, in the order of the runs.
    pub fn costs(&self, basis: Basis) -> &[RunCost] {
        match basis {
            Basis::Reported => &self.reported,
            Basis::List => &self.list,
            Basis::Neutral => &self.neutral,
        }
    }

    /// Costs on a basis, by run id.
    pub fn by_run(&self, basis: Basis) -> BTreeMap<String, RunCost> {
        self.costs(basis).iter().map(|c| (c.run_id.clone(), c.clone())).collect()
    }

    /// The views with costs on a basis. `reported` are those with the costs of the log.
    pub fn repriced(&self, reported: &Rollup, basis: Basis) -> Result<Rollup, RollupError> {
        let costs = self.by_run(basis);
        let (runs, stages) = (Frame::of(&reported.runs), Frame::of(&reported.stages));
        let of_run = runs.texts("run_id")?.into_iter().map(|id| costs.get(id?)?.cost_usd);
        let of_stage = stages.texts("run_id")?.into_iter().zip(stages.ints("stage")?);
        let of_stage = of_stage.map(|(id, stage)| {
            let cost = costs.get(id?)?.by_stage.get(&stage?)?.as_ref()?;
            Some(cost.to_f64())
        });
        let repriced =
            reported.with_numbers(View::Runs, "cost_usd", &of_run.collect::<Vec<_>>())?;
        repriced.with_numbers(View::Stages, "cost_usd", &of_stage.collect::<Vec<_>>())
    }

    /// The cost factors of a run; `None` when one of them is unknown.
    pub fn factors(&self, run: usize, basis: Basis) -> Option<CostFactors> {
        CostFactors::of(self.runs.get(run)?, self.costs(basis).get(run)?, basis, &self.books)
    }
}

impl RunCalls {
    /// The priced calls of a run as the recovery of prices wants them; sums over calls and calls without tokens are not in it.
    pub fn priced_calls(&self) -> Vec<PricedCall> {
        let calls = self.calls.iter().filter(|c| !c.aggregate);
        calls
            .filter_map(|c| {
                let tokens = c.tokens?;
                Some(PricedCall {
                    uncached_input: tokens.uncached_input(),
                    cache_read: tokens.cache_read(),
                    cache_write: tokens.cache_write() + tokens.cache_write_1h(),
                    output: tokens.output(),
                    reasoning: tokens.reasoning(),
                    cost_nanos: c.cost.map_or(0, crate::trace::Usd::nanos),
                })
            })
            .collect()
    }

    /// What caching did; `None` when the trace says nothing about a cache.
    pub fn cache_use(&self) -> Option<CacheUse> {
        CacheUse::of(&self.cache_calls(true)).ok().flatten()
    }

    /// Calls whose cached prefix is shorter than that of the call before; `None` for a coarse trace.
    pub fn prefix_breaks(&self) -> Option<usize> {
        let calls = self.cache_calls(false);
        (!calls.is_empty()).then(|| prefix_breaks(&calls).len())
    }

    fn cache_calls(&self, aggregates: bool) -> Vec<CacheCall> {
        let calls = self.calls.iter().filter(|c| aggregates || !c.aggregate);
        calls
            .filter_map(|c| {
                let tokens = c.tokens?;
                let known = |count: i64| (!tokens.cache_assumed()).then_some(count);
                Some(CacheCall {
                    uncached_input: tokens.uncached_input(),
                    cache_read: known(tokens.cache_read()),
                    cache_write: known(tokens.cache_write() + tokens.cache_write_1h()),
                    output: tokens.output(),
                })
            })
            .collect()
    }
}
