//! What every way of scoring needs: the pack with its settings, the views on a cost basis, and values kept from before.

use super::CliError;
use super::output::Output;
use super::score::Score;
use crate::analysis::{
    Accounts, Basis, Question, Rescoring, ScoreTable, ScoredRuns, ranked_metric,
};
use crate::metrics::{
    KeptError, KeptScores, Level, Metric, Pack, PackProblem, ParameterValue, Role, evaluate_only,
};
use crate::report::FileHash;
use crate::rollup::{Frame, Rollup, roll_up};
use crate::trace::Store;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Runs up to which scores are kept. A larger store is computed afresh in seconds, and its table of values would not fit.
const MOST_KEPT_RUNS: usize = 100_000;

/// A pack with its settings and its cost basis.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub(super) selector: String,
    pub(super) set: Vec<String>,
    pub(super) basis: Basis,
}

impl Side {
    /// The pack and the settings of a command line.
    pub(super) fn new(args: &Score) -> Self {
        Self { set: args.set.clone(), ..Self::of(&args.pack, args.basis.basis()) }
    }

    pub(super) fn of(selector: &str, basis: Basis) -> Self {
        Self { selector: selector.to_owned(), set: Vec::new(), basis }
    }
}

/// A store that is scored.
pub(super) struct Scored<'a> {
    pub(super) store: Store,
    pub(super) args: &'a Score,
    reported: OnceCell<Rollup>,
    accounts: OnceCell<Accounts>,
}

impl<'a> Scored<'a> {
    pub(super) fn open(path: &Path, args: &'a Score) -> Result<Self, CliError> {
        let store = Store::open(path)?;
        Ok(Self { store, args, reported: OnceCell::new(), accounts: OnceCell::new() })
    }

    /// The views with reported costs.
    pub(super) fn reported(&self) -> Result<&Rollup, CliError> {
        if let Some(rollup) = self.reported.get() {
            return Ok(rollup);
        }
        let rollup = roll_up(&self.store.files())?;
        Ok(self.reported.get_or_init(|| rollup))
    }

    fn accounts(&self) -> Result<&Accounts, CliError> {
        if let Some(accounts) = self.accounts.get() {
            return Ok(accounts);
        }
        let runs = Frame::of(&self.reported()?.runs);
        let accounts = Accounts::read(&self.store.files(), &runs, self.args.basis.books()?)?;
        Ok(self.accounts.get_or_init(|| accounts))
    }

    /// The views with costs on a basis.
    pub(super) fn rollup(&self, basis: Basis) -> Result<Rollup, CliError> {
        let reported = self.reported()?;
        if basis == Basis::Reported {
            return Ok(reported.clone());
        }
        Ok(self.accounts()?.repriced(reported, basis)?)
    }

    /// The pack of a side, with its settings and the baseline.
    pub(super) fn pack(&self, side: &Side) -> Result<Pack, CliError> {
        let mut pack = Pack::load(&side.selector)?;
        for assignment in &side.set {
            pack.set_text(assignment)?;
        }
        let name = pack.parameter_with(Role::Baseline).map(str::to_owned);
        if let (Some(name), false) = (name, self.args.baseline.is_empty()) {
            pack.set(&name, ParameterValue::PerWorkloadStage(self.baseline()?))?;
        }
        Ok(pack)
    }

    /// The scores of the runs that did nothing, by workload and stage.
    fn baseline(&self) -> Result<BTreeMap<(String, i64), f64>, CliError> {
        let stages = Frame::of(&self.reported()?.stages);
        let (ids, workloads) = (stages.texts("run_id")?, stages.texts("workload")?);
        let (indices, scores) = (stages.ints("stage")?, stages.numbers("score")?);
        let mut found = BTreeMap::new();
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for selector in &self.args.baseline {
            let run = &self.store.find(selector)?.run;
            if let Some(first) = taken.insert(&run.workload, &run.run_id) {
                let problem = format!("two baselines for workload `{}`", run.workload);
                return Err(CliError::usage(problem)
                    .hint(format!("choose one of {first} and {}", run.run_id)));
            }
            for row in (0..stages.height()).filter(|r| ids[*r] == Some(run.run_id.as_str())) {
                if let (Some(workload), Some(stage), Some(score)) =
                    (workloads[row], indices[row], scores[row])
                {
                    found.insert((workload.to_owned(), stage), score);
                }
            }
        }
        Ok(found)
    }

    /// The scores of every run. What is kept from before is not computed again, and what is new is kept.
    pub(super) fn table(
        &self,
        pack: &Pack,
        basis: Basis,
        output: &mut Output,
    ) -> Result<ScoreTable, CliError> {
        let mut kept = self.kept()?;
        for (path, problem) in kept.iter().flat_map(|k| &k.unreadable) {
            let path = path.display();
            output.warning(format!("{path}: {problem}; its values are computed again"));
        }
        let runs = ScoredRuns::of(&self.store)?;
        let plan = Rescoring::plan(pack, &runs, &self.basis_key(basis)?, kept.as_ref());
        tracing::info!("{} of {} values were kept", plan.values - plan.missing, plan.values);
        let names: Vec<&str> = plan.metrics_to_compute.iter().map(String::as_str).collect();
        // Even with nothing to compute, the pack is checked.
        let rollup = self.rollup_of(&plan.runs_to_read, basis)?;
        let scores = evaluate_only(pack, &rollup, &names)?;
        let mut problems = scores.problems.clone();
        let unplanned =
            evaluate_only(pack, &rollup.only(&BTreeSet::new())?, &shown(pack))?.problems;
        problems.extend(unplanned.into_iter().filter(|p| !scores.problems.contains(p)));
        let table = plan.table(kept.as_ref(), &scores, problems)?;
        if let Some(kept) = &mut kept {
            let broken = table.problems.iter().filter_map(|p| p.metric.as_deref()).collect();
            if let Err(error) = kept.append(plan.fresh(&scores, &broken)?) {
                output.warning(format!("{error}; these scores are not kept"));
            }
        }
        Ok(table)
    }

    fn kept(&self) -> Result<Option<KeptScores>, CliError> {
        let few = self.store.entries().len() <= MOST_KEPT_RUNS;
        let folder = kept_folder(self.store.root()).filter(|_| few && !self.args.no_keep);
        folder.map(|f| KeptScores::open(&f).map_err(CliError::from)).transpose()
    }

    /// The cost basis, with the price books where costs depend on them.
    fn basis_key(&self, basis: Basis) -> Result<String, CliError> {
        if basis != Basis::List {
            return Ok(basis.name().to_owned());
        }
        let books = self.args.basis.texts()?.join("\n");
        Ok(format!("list {}", FileHash::of("", books.as_bytes()).sha256))
    }

    fn rollup_of(&self, runs: &BTreeSet<String>, basis: Basis) -> Result<Rollup, CliError> {
        let ids: BTreeSet<&str> = runs.iter().map(String::as_str).collect();
        if basis != Basis::Reported || self.reported.get().is_some() || self.store.is_rollup() {
            return Ok(self.rollup(basis)?.only(&ids)?);
        }
        let entries = self.store.entries().iter().filter(|e| runs.contains(&e.run.run_id));
        let mut files: Vec<PathBuf> = entries.map(|e| e.path.clone()).collect();
        files.sort();
        files.dedup();
        if files.is_empty() {
            return Ok(Rollup::of_runs(&[])?);
        }
        Ok(roll_up(&files)?.only(&ids)?)
    }
}

/// The folder of a store's kept scores. A single file or a glob keeps none.
pub(super) fn kept_folder(root: &Path) -> Option<PathBuf> {
    root.is_dir().then(|| root.join(".ramptrace").join("scores"))
}

impl From<KeptError> for CliError {
    fn from(error: KeptError) -> Self {
        Self::usage(error.to_string()).hint("--no-keep computes without kept scores")
    }
}

fn shown(pack: &Pack) -> Vec<&str> {
    pack.metrics.iter().filter(|m| !m.hidden).map(|m| m.name.as_str()).collect()
}

/// Refuses names that are no metric of the table.
pub(super) fn check_metrics(table: &ScoreTable, wanted: &[String]) -> Result<(), CliError> {
    let known = |name: &String| table.pack.metrics.iter().any(|m| m.name == *name && !m.hidden);
    let Some(unknown) = wanted.iter().find(|name| !known(name)) else { return Ok(()) };
    let problem = format!("the pack `{}` has no metric `{unknown}`", table.pack.name);
    Err(CliError::usage(problem).hint(format!("its metrics are {}", shown(&table.pack).join(", "))))
}

/// Says every problem of a pack, and fails if there is one.
pub(super) fn fail_on_problems(
    problems: &[PackProblem],
    output: &mut Output,
) -> Result<(), CliError> {
    let Some((last, first)) = problems.split_last() else { return Ok(()) };
    for problem in first {
        output.error(&from_problem(problem));
    }
    Err(from_problem(last))
}

fn from_problem(problem: &PackProblem) -> CliError {
    crate::metrics::MetricError::from(problem.clone()).into()
}

/// The metric that ranks runs.
pub(super) fn ranking<'p>(pack: &'p Pack, asked: Option<&String>) -> Result<&'p Metric, CliError> {
    match asked {
        Some(name) => Ok(ranked_metric(pack, name)?),
        None => pack.ranking_metric().ok_or_else(|| {
            let problem = format!("no metric of the pack `{}` can rank runs", pack.name);
            CliError::data(problem)
                .hint("one needs level = \"run\" and better = \"higher\" or \"lower\"")
        }),
    }
}

/// The metrics of two packs that belong together: those that were asked for; else every one that says which metric of the
/// other pack it replaces, or that is in both; else the two that rank.
pub(super) fn pairs(
    new: &Pack,
    old: &Pack,
    rank: Option<&String>,
    against_rank: Option<&String>,
) -> Result<Vec<(String, String)>, CliError> {
    let ranks = |pack: &Pack, name: &str| ranked_metric(pack, name).is_ok();
    let counterpart = |metric: &Metric| -> Option<String> {
        let replaced =
            metric.replaces.as_ref().and_then(|r| r.strip_prefix(&format!("{}.", old.name)));
        let name = replaced.unwrap_or(&metric.name);
        ranks(old, name).then(|| name.to_owned())
    };
    if rank.is_some() || against_rank.is_some() {
        let metric = ranking(new, rank)?;
        let other = match (against_rank, counterpart(metric)) {
            (Some(name), _) => ranked_metric(old, name)?.name.clone(),
            (None, Some(name)) => name,
            (None, None) => ranking(old, None)?.name.clone(),
        };
        return Ok(vec![(metric.name.clone(), other)]);
    }
    let runs = new.shown(Level::Run).filter(|m| ranks(new, &m.name));
    let found: Vec<(String, String)> =
        runs.filter_map(|m| Some((m.name.clone(), counterpart(m)?))).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    Ok(vec![(ranking(new, None)?.name.clone(), ranking(old, None)?.name.clone())])
}

/// A question about the ranking of a pack.
pub(super) fn question<'q>(
    args: &Score,
    pack: &'q Pack,
    metric: &'q str,
    rollup: &'q Rollup,
) -> Question<'q> {
    Question { pack, metric, rollup, repeats: args.repeats.rule() }
}
