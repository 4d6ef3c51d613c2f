//! `ramptrace cascade`: how far runs come, whether failures follow failures, and why stages failed.

use super::CliError;
use super::basis::BasisArgs;
use super::cascade_tables as tables;
use super::failure_tables as failures;
use super::output::{Output, TableFormat};
use super::store::warn_of_rollup;
use crate::analysis::failure::{
    DEFAULT_RULES, FailureRules, RunAttribution, attribute_files, common_causes, human_agreement,
    read_labels,
};
use crate::analysis::process::{ProcessSignals, read_signals};
use crate::analysis::{
    Accounts, ArmComparison, Cascade, Cohort, CohortRun, Collapse, FailureClock, FailureCurve,
    RankIntervals, cohorts,
};
use crate::report::Table;
use crate::rollup::{Frame, refuse_tables, roll_up};
use crate::trace::{Store, TableFiles};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is counted until the first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Clock {
    /// Stages
    #[default]
    Stages,
    /// Answered LLM calls
    Calls,
    /// Input and output tokens
    Tokens,
    /// Dollars, as reported
    Usd,
    /// Seconds, as the harness reports
    Seconds,
}

impl Clock {
    const fn clock(self) -> FailureClock {
        match self {
            Self::Stages => FailureClock::Stages,
            Self::Calls => FailureClock::Calls,
            Self::Tokens => FailureClock::Tokens,
            Self::Usd => FailureClock::Usd,
            Self::Seconds => FailureClock::Seconds,
        }
    }
}

/// Show how far runs come, whether failures follow failures, and why stages failed
#[derive(Debug, Args)]
#[command(
    after_help = "Three pass rates are told apart: marginal, conditional and survival. What ended by infrastructure is\n\
    censored, and shown beside the curve that counts it as failure. Failure after failure is association.\n\n\
    EXAMPLES:\n  \
    ramptrace cascade store\n  \
    ramptrace cascade store --gate 100 --clock usd       dollars to the first failure\n  \
    ramptrace cascade store --table failures             why stages failed\n  \
    ramptrace cascade store --by agent                   survival by a column of the view runs\n  \
    ramptrace cascade store --arms agent codex openhands two groups, paired by model where both have it\n  \
    ramptrace cascade store --labels labels.csv          agreement with causes that people gave\n  \
    ramptrace cascade store --process                    how agents worked, stage by stage"
)]
pub(super) struct CascadeArgs {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    /// Score at or above which a stage counts as passed
    #[arg(long, default_value_t = 60.0, value_name = "SCORE")]
    gate: f64,
    /// What is counted until the first failure
    #[arg(long, value_enum, default_value_t = Clock::Stages, value_name = "CLOCK")]
    clock: Clock,
    /// Survival by a column of the view runs
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// Rules for the causes of failures (TOML), on top of the built-in ones
    #[arg(long, value_name = "RULES")]
    rules: Option<String>,
    /// Causes that people gave (CSV: run or model, stage, cause), to compare with
    #[arg(long, value_name = "LABELS")]
    labels: Option<PathBuf>,
    /// A run that did nothing: errors that it has too are the scaffold's
    #[arg(long, value_name = "RUN")]
    baseline: Option<String>,
    /// How agents worked, stage by stage: context growth, repetition, tool errors
    #[arg(long)]
    process: bool,
    /// Compare two groups of runs: a column of the view runs and two of its values
    #[arg(long, num_args = 3, value_names = ["COLUMN", "A", "B"])]
    arms: Option<Vec<String>>,
    #[command(flatten)]
    basis: BasisArgs,
    /// Show only this table; may be given several times
    #[arg(long, value_name = "TABLE")]
    table: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

pub(super) fn run(args: &CascadeArgs, output: &mut Output) -> Result<(), CliError> {
    if !(0.0..=100.0).contains(&args.gate) {
        let problem = format!("the gate {} is not a score from 0 to 100", args.gate);
        return Err(CliError::usage(problem));
    }
    let store = Store::open(&args.store)?;
    let files = store.files();
    let rollup = roll_up(&files)?;
    let (runs, stages) = (Frame::of(&rollup.runs), Frame::of(&rollup.stages));
    let all = cohorts(&runs, &stages)?;
    if let Some(arms) = &args.arms {
        let shown = compare_arms(args, &runs, &all, arms)?;
        return output.tables(&shown, args.format, 2);
    }
    let rules = rules(args.rules.as_deref())?;
    if args.process || args.labels.is_some() {
        refuse_tables(&files)?;
    }
    warn_of_rollup(&store, output);
    if args.process {
        let signals = signals(&files, &rules)?;
        return output.table(&failures::process_table(&signals)?, args.format, 2);
    }
    let attributed = attribute(&files, &rules, args.gate)?;
    if let Some(labels) = &args.labels {
        let agreement = human_agreement(&attributed, &read_labels(labels)?);
        return output.tables(&failures::agreement_tables(&agreement)?, args.format, 1);
    }
    let baseline = match &args.baseline {
        Some(selector) => Some(store.find(selector)?.run.run_id.clone()),
        None => None,
    };
    let shared = common_causes(&attributed, baseline.as_deref());
    let accounts = Accounts::read(&files, &runs, args.basis.books()?)?;
    let costs = accounts.by_run(args.basis.basis());
    let collapses: Vec<Collapse> = all.iter().filter_map(|c| Collapse::of(c, args.gate)).collect();
    let curves = curves(args, &runs, &all)?;
    let cascades: Vec<Cascade> = all.iter().map(|c| Cascade::of(c, args.gate, &costs)).collect();
    let ranks: Vec<RankIntervals> = all.iter().map(RankIntervals::of).collect();
    let mut shown = vec![
        super::tables::collapse_table(&collapses)?,
        tables::survival_table(&curves)?,
        tables::cascade_table(&cascades, args.basis.basis())?,
        tables::transition_table(&cascades)?,
        tables::effect_table(&cascades)?,
    ];
    shown.push(tables::rank_table(&ranks)?);
    shown.push(match args.format {
        TableFormat::Text => failures::failure_summary(&attributed)?,
        _ => failures::failure_table(&attributed)?,
    });
    shown.push(failures::common_cause_table(&shared)?);
    let known: Vec<String> = shown.iter().map(|t| t.name().to_owned()).collect();
    if let Some(unknown) = args.table.iter().find(|t| !known.contains(t)) {
        return Err(CliError::usage(format!("there is no table `{unknown}`"))
            .hint(format!("the tables are {}", known.join(", "))));
    }
    shown.retain(|t| args.table.is_empty() || args.table.iter().any(|name| name == t.name()));
    output.tables(&shown, args.format, 2)
}

/// The built-in rules, or those of a file.
pub(super) fn rules(selector: Option<&str>) -> Result<FailureRules, CliError> {
    Ok(FailureRules::load(selector.unwrap_or(DEFAULT_RULES))?)
}

/// Why every failed stage failed, by run; of the tables of a rollup nobody can say.
pub(super) fn attribute(
    files: &[PathBuf],
    rules: &FailureRules,
    gate: f64,
) -> Result<Vec<RunAttribution>, CliError> {
    // A run is in one file, so that files can be read side by side.
    let (_, traces) = TableFiles::among(files);
    let parts: Vec<Vec<RunAttribution>> = traces
        .par_iter()
        .map(|file| attribute_files(std::slice::from_ref(file), rules, gate))
        .collect::<Result<_, _>>()?;
    let mut all = parts.concat();
    all.sort_by(|a, b| {
        (&a.run.workload, &a.run.model, &a.run.run_id).cmp(&(
            &b.run.workload,
            &b.run.model,
            &b.run.run_id,
        ))
    });
    Ok(all)
}

/// How every agent worked, by run; likewise.
pub(super) fn signals(
    files: &[PathBuf],
    rules: &FailureRules,
) -> Result<Vec<ProcessSignals>, CliError> {
    let (_, traces) = TableFiles::among(files);
    let parts: Vec<Vec<ProcessSignals>> = traces
        .par_iter()
        .map(|file| read_signals(std::slice::from_ref(file), &rules.commands))
        .collect::<Result<_, _>>()?;
    let mut all = parts.concat();
    all.sort_by(|a, b| {
        (&a.run.workload, &a.run.model, &a.run.run_id).cmp(&(
            &b.run.workload,
            &b.run.model,
            &b.run.run_id,
        ))
    });
    Ok(all)
}

/// The curves of every cohort, or of its groups, with and without censoring.
fn curves(args: &CascadeArgs, runs: &Frame, all: &[Cohort]) -> Result<Vec<FailureCurve>, CliError> {
    let groups = args.by.as_ref().map(|by| groups(runs, by)).transpose()?;
    let mut found = Vec::new();
    for cohort in all {
        let mut sets: BTreeMap<Option<&str>, Vec<&CohortRun>> = BTreeMap::new();
        for run in &cohort.runs {
            let group = groups.as_ref().and_then(|g| g.get(&run.run_id)).map(String::as_str);
            sets.entry(group).or_default().push(run);
        }
        for (group, members) in sets {
            for censors in [true, false] {
                let curve =
                    FailureCurve::of(cohort, &members, args.gate, args.clock.clock(), censors);
                let curve = curve.map_err(|e| CliError::data(e.to_string()))?;
                found.push(FailureCurve { group: group.map(str::to_owned), ..curve });
            }
        }
    }
    Ok(found)
}

/// The value of a column by run.
fn groups(runs: &Frame, by: &str) -> Result<BTreeMap<String, String>, CliError> {
    let Some(column) = runs.names().iter().position(|n| n == by) else {
        return Err(CliError::usage(format!("there is no column `{by}` in the view runs"))
            .hint(format!("its columns are {}", runs.names().join(", "))));
    };
    let ids = runs.texts("run_id")?.into_iter().enumerate();
    let group = |(row, id): (usize, Option<&str>)| {
        Some((id?.to_owned(), super::cost::name_of(&runs.get(row, column))))
    };
    Ok(ids.filter_map(group).collect())
}

fn compare_arms(
    args: &CascadeArgs,
    runs: &Frame,
    all: &[Cohort],
    arms: &[String],
) -> Result<Vec<Table>, CliError> {
    let [column, first, second] = arms else {
        return Err(CliError::usage("--arms takes a column and two of its values"));
    };
    let groups = groups(runs, column)?;
    let members = |value: &String| -> BTreeSet<String> {
        groups.iter().filter(|(_, group)| *group == value).map(|(run, _)| run.clone()).collect()
    };
    for value in [first, second] {
        if members(value).is_empty() {
            let known: BTreeSet<&str> = groups.values().map(String::as_str).collect();
            let known: Vec<&str> = known.into_iter().collect();
            return Err(CliError::usage(format!("no run has {column} = `{value}`"))
                .hint(format!("its values are {}", known.join(", "))));
        }
    }
    let mut shown = Vec::new();
    for cohort in all {
        let comparison = ArmComparison::of(
            cohort,
            (first, second),
            &members(first),
            &members(second),
            args.gate,
        )
        .map_err(|e| CliError::data(e.to_string()))?;
        if comparison.runs.0 > 0 && comparison.runs.1 > 0 {
            shown.push(tables::arms_table(&comparison)?);
        }
    }
    if shown.is_empty() {
        return Err(CliError::data(format!("no workload has runs of both {first} and {second}")));
    }
    Ok(shown)
}
