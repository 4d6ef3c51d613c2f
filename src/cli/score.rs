//! `ramptrace score`: metrics over the runs of a store, and how far a ranking can be trusted.

use super::CliError;
use super::basis::BasisArgs;
use super::dependence::{DRAWS, SEED};
use super::output::{Output, TableFormat};
use super::scoring::{self, Scored, Side};
use super::{lint_tables, rank_tables, score_tables, sensitivity};
use crate::analysis::{RankComparison, Repeats};
use crate::metrics::{BUILT_IN, Level, Pack};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The rule for models that ran several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum RepeatRule {
    /// Each run for itself
    #[default]
    All,
    /// The run with the best value; says how many it was the best of
    Best,
    /// The run that started last
    Latest,
    /// The mean of the runs
    Mean,
}

impl RepeatRule {
    pub(super) const fn rule(self) -> Repeats {
        match self {
            Self::All => Repeats::All,
            Self::Best => Repeats::Best,
            Self::Latest => Repeats::Latest,
            Self::Mean => Repeats::Mean,
        }
    }
}

/// Metrics of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ShownLevel {
    /// One value per stage of a run
    Stage,
    /// One value per run
    Run,
    /// One value per workload
    Cohort,
}

impl ShownLevel {
    pub(super) const fn level(self) -> Level {
        match self {
            Self::Stage => Level::Stage,
            Self::Run => Level::Run,
            Self::Cohort => Level::Cohort,
        }
    }
}

/// What a ranking depends on.
#[derive(Debug, Args)]
pub(super) struct SensitivityArgs {
    /// What the ranking depends on: gates, weights, the other models, every choice together
    #[arg(long)]
    pub(super) sensitivity: bool,
    /// Weight vectors drawn for --sensitivity
    #[arg(long, default_value_t = DRAWS, value_name = "N")]
    pub(super) draws: u32,
    /// Seed of the draws
    #[arg(long, default_value_t = SEED, value_name = "SEED")]
    pub(super) seed: u64,
    /// The folder for tables and figures of --sensitivity
    #[arg(short, long, value_name = "OUT", requires = "sensitivity")]
    pub(super) output: Option<PathBuf>,
    /// Write into a folder that holds other files
    #[arg(long)]
    pub(super) force: bool,
}

/// Score runs with a metric pack
#[derive(Debug, Args)]
#[command(
    after_help = "A pack is a TOML file of SQL expressions (schemas/metric-pack.schema.json); core and ramp are built in.\n\
    Values are kept in STORE/.ramptrace and only computed where they are missing; --no-keep leaves the store as it is.\n\n\
    EXAMPLES:\n  \
    ramptrace score store                                  the corrected metrics of every run\n  \
    ramptrace score store --pack mine.toml --set gate=100  your own, with another gate\n  \
    ramptrace score store --pack core --against ramp       two rankings, and why they differ\n  \
    ramptrace score store --baseline do-nothing            points above what doing nothing scores\n  \
    ramptrace score store --pack ramp --sensitivity -o out what the ranking depends on\n  \
    ramptrace score --pack mine.toml --lint                can the definitions be trusted?\n  \
    ramptrace score store --history gpt-5.5                a run under every pack so far\n  \
    ramptrace score --packs                                the built-in packs and their metrics"
)]
pub(super) struct Score {
    /// A trace, a folder of traces, or a glob
    pub(super) store: Option<PathBuf>,
    /// The metric pack: core, ramp, or a TOML file
    #[arg(long, default_value = "core", value_name = "PACK")]
    pub(super) pack: String,
    /// Show only these metrics; may be given several times
    #[arg(long, value_name = "METRIC")]
    pub(super) metric: Vec<String>,
    /// Show only the metrics of this level [default: all; only run with --format csv]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(super) level: Option<ShownLevel>,
    /// The metric that ranks runs [default: the pack's]
    #[arg(long, value_name = "METRIC")]
    pub(super) rank: Option<String>,
    /// Compare the ranking with that of another pack, and say what moved each run
    #[arg(long, value_name = "PACK")]
    pub(super) against: Option<String>,
    /// The metric of the other pack [default: the one that --rank corrects, else the pack's]
    #[arg(long, value_name = "METRIC", requires = "against")]
    pub(super) against_rank: Option<String>,
    /// The cost basis of the other pack [default: that of --cost]
    #[arg(long, value_enum, value_name = "BASIS", requires = "against")]
    pub(super) against_cost: Option<super::basis::CostBasis>,
    /// Set a parameter of the pack: gate=100, or `stage_weight='[1, 2, 3]'`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// A run that did nothing: its scores become the baseline of its workload
    #[arg(long, value_name = "RUN")]
    pub(super) baseline: Vec<String>,
    #[command(flatten)]
    pub(super) basis: BasisArgs,
    /// Means by a column of the view runs instead of single runs
    #[arg(long, value_name = "COLUMN")]
    pub(super) by: Option<String>,
    /// What stands for a model that ran several times
    #[arg(long, value_enum, default_value_t = RepeatRule::All, value_name = "RULE")]
    pub(super) repeats: RepeatRule,
    /// pass@k and pass^k of repeated runs, for these k
    #[arg(long, value_delimiter = ',', value_name = "K")]
    pub(super) pass_at: Vec<u64>,
    /// Score at or above which a stage counts as passed, for --pass-at
    #[arg(long, default_value_t = 60.0, value_name = "SCORE")]
    pub(super) gate: f64,
    #[command(flatten)]
    pub(super) sensitivity: SensitivityArgs,
    /// Check the definitions of the pack; needs no store
    #[arg(long, conflicts_with_all = ["store", "against", "sensitivity", "history"])]
    pub(super) lint: bool,
    /// Every kept score of a run (id or part of it; without one, of all runs)
    #[arg(long, num_args = 0..=1, default_missing_value = "", value_name = "RUN")]
    pub(super) history: Option<String>,
    /// Neither use nor keep values of earlier calls
    #[arg(long)]
    pub(super) no_keep: bool,
    /// List the built-in packs with their metrics
    #[arg(long)]
    pub(super) packs: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    pub(super) format: TableFormat,
}

pub(super) fn run(args: &Score, output: &mut Output) -> Result<(), CliError> {
    if args.packs {
        let packs: Vec<Pack> =
            BUILT_IN.iter().map(|(name, _)| Pack::load(name)).collect::<Result<_, _>>()?;
        return output.table(&score_tables::packs_table(&packs)?, args.format, 2);
    }
    if args.lint {
        return lint_tables::run(args, output);
    }
    let Some(store) = &args.store else {
        return Err(CliError::usage("a store is needed").hint("ramptrace score STORE"));
    };
    if let Some(run) = &args.history {
        return score_tables::history(store, run, args.format, output);
    }
    let side = Side::new(args);
    let scored = Scored::open(store, args)?;
    if args.sensitivity.sensitivity {
        return sensitivity::run(args, &scored, &side, output);
    }
    match &args.against {
        Some(against) => {
            let basis =
                args.against_cost.map_or(args.basis.basis(), super::basis::CostBasis::basis);
            compare(args, &scored, &side, &Side::of(against, basis), output)
        }
        None => table(args, &scored, &side, output),
    }
}

/// The table per run, per model or per group.
fn table(args: &Score, scored: &Scored, side: &Side, output: &mut Output) -> Result<(), CliError> {
    let pack = scored.pack(side)?;
    let table = scored.table(&pack, side.basis, output)?;
    scoring::check_metrics(&table, &args.metric)?;
    let mut tables = match &args.by {
        Some(column) => vec![score_tables::group_table(scored, &table, column)?],
        None => score_tables::score_tables(args, scored, &table, output)?,
    };
    if !args.pass_at.is_empty() {
        tables.push(score_tables::pass_at_table(scored, &table)?);
    }
    output.tables(&tables, args.format, 2)?;
    scoring::fail_on_problems(&table.problems, output)
}

/// Two rankings side by side, for every pair of metrics that belong together.
fn compare(
    args: &Score,
    scored: &Scored,
    new: &Side,
    old: &Side,
    output: &mut Output,
) -> Result<(), CliError> {
    let (new_pack, old_pack) = (scored.pack(new)?, scored.pack(old)?);
    let (new_rollup, old_rollup) = (scored.rollup(new.basis)?, scored.rollup(old.basis)?);
    let mut tables = Vec::new();
    for (name, counterpart) in
        scoring::pairs(&new_pack, &old_pack, args.rank.as_ref(), args.against_rank.as_ref())?
    {
        let question = |pack, metric, rollup| crate::analysis::Question {
            pack,
            metric,
            rollup,
            repeats: args.repeats.rule(),
        };
        let new = question(&new_pack, name.as_str(), &new_rollup);
        let old = question(&old_pack, counterpart.as_str(), &old_rollup);
        for comparison in RankComparison::between(&new, &old)? {
            tables.push((name.clone(), comparison));
        }
    }
    let bases = (new.basis, old.basis);
    let shown: Vec<_> = tables
        .iter()
        .map(|(name, c)| rank_tables::comparison_table(name, c, bases, args.repeats.rule()))
        .collect::<Result<_, _>>()?;
    output.tables(&shown, args.format, 2)?;
    let problems = [new_pack.problems, old_pack.problems].concat();
    scoring::fail_on_problems(&problems, output)
}
