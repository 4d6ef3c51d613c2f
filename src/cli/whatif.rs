//! `ramptrace whatif`: runs cut short, stopped, or priced in another way, from their events.

use super::CliError;
use super::basis::BasisArgs;
use super::cascade::rules;
use super::figure::Form;
use super::output::{Output, TableFormat};
use super::replace::OutputFile;
use super::sheet::SheetArgs;
use super::whatif_tables as tables;
use crate::analysis::display::DisplayList;
use crate::analysis::whatif::{
    CallPrices, Course, EventCurves, EventTerms, Limit, Replayed, Scenario, Scope, read_courses,
    replay,
};
use crate::analysis::{Basis, BudgetTerms, Resource};
use crate::report::Table;
use crate::trace::Store;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Show what runs would have scored and cost under limits that they did not have
#[derive(Debug, Args)]
#[command(
    after_help = "Assumed: up to the cut an agent would have done the same, which is doubtful for one that is told its budget.\n\
    Each limit is asked by itself. Without one: score within a budget, and the area under that curve, by model.\n\n\
    EXAMPLES:\n  \
    ramptrace whatif store --budget-usd 0.5 --budget-usd 2\n  \
    ramptrace whatif store --context-window 65536\n  \
    ramptrace whatif store --stop no-progress=30 --stop loop=4 --stop errors=5 --stop last-pass\n  \
    ramptrace whatif store --stop loop=4 --scope stage     only the stage ends\n  \
    ramptrace whatif store --gate 60                       no further stage after a grade below 60\n  \
    ramptrace whatif store --reprice my-prices.toml --cache-hit 0.9\n  \
    ramptrace whatif store --curves cost --figure budget.pdf"
)]
pub(super) struct WhatIf {
    /// A trace, a folder of traces, or a glob
    store: PathBuf,
    /// Cut each run at so many US dollars; may be given several times
    #[arg(long, value_name = "USD")]
    budget_usd: Vec<f64>,
    /// Cut each run at so many tokens, input and output
    #[arg(long, value_name = "TOKENS")]
    budget_tokens: Vec<f64>,
    /// Cut each run at so many answered LLM calls
    #[arg(long, value_name = "CALLS")]
    budget_calls: Vec<f64>,
    /// Cut each run so many seconds after its first event
    #[arg(long, value_name = "SECONDS")]
    budget_seconds: Vec<f64>,
    /// Refuse prompts of more than so many tokens
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(i64).range(1..))]
    context_window: Vec<i64>,
    /// Stop by a rule: no-progress=N calls, loop=N equal tool calls, errors=N errors in a row, or last-pass (in hindsight)
    #[arg(long, value_name = "RULE")]
    stop: Vec<String>,
    /// What a context window or a rule ends
    #[arg(long, value_enum, default_value_t, value_name = "SCOPE")]
    scope: ScopeName,
    /// End each run after the first stage graded below this score
    #[arg(long, value_name = "SCORE")]
    gate: Vec<f64>,
    /// Score at or above which a stage counts as passed
    #[arg(long, default_value_t = 60.0, value_name = "SCORE")]
    passed: f64,
    #[command(flatten)]
    basis: BasisArgs,
    /// Price calls as if this share of each prompt had been read from the cache (0 to 1), at list prices
    #[arg(long, value_name = "RATE")]
    cache_hit: Option<f64>,
    /// A run that did nothing: stages without a result count what it scored; may be given several times
    #[arg(long, value_name = "RUN")]
    baseline: Vec<String>,
    /// Score within a budget of this resource; may be given several times
    #[arg(long, value_enum, value_name = "RESOURCE")]
    curves: Vec<ResourceName>,
    /// Smallest and largest budget of the areas under curves [default: least and most that a result took]
    #[arg(long, num_args = 2, value_names = ["B0", "BMAX"])]
    range: Option<Vec<f64>>,
    /// Draw the curve of one --curves to a file (.svg, .pdf, .png; .csv for its numbers, .md or .tex for its caption)
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    #[command(flatten)]
    sheet: SheetArgs,
    /// Replace the file of --figure
    #[arg(long)]
    force: bool,
    /// Only runs of this workload
    #[arg(long, value_name = "WORKLOAD")]
    workload: Option<String>,
    /// Rules that tell builds and tests, whose new results are progress (TOML), on top of the built-in ones
    #[arg(long, value_name = "RULES")]
    rules: Option<String>,
    /// Names, makers and colours of models (TOML), before the built-in ones
    #[arg(long, value_name = "FILE")]
    display: Option<PathBuf>,
    /// Show only this table; may be given several times
    #[arg(long, value_name = "TABLE")]
    table: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = TableFormat::Text)]
    format: TableFormat,
}

/// What a rule ends, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ScopeName {
    /// The run
    #[default]
    Run,
    /// The stage; later stages go as they went
    Stage,
}

/// Resources on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResourceName {
    /// US dollars
    Cost,
    /// Input and output tokens
    Tokens,
    /// Answered LLM calls
    Calls,
    /// Seconds since the first event
    Time,
}

impl ResourceName {
    const fn resource(self) -> Resource {
        match self {
            Self::Cost => Resource::Money,
            Self::Tokens => Resource::Tokens,
            Self::Calls => Resource::Calls,
            Self::Time => Resource::Time,
        }
    }
}

/// A scenario with what it does to each run, in the order of the runs.
pub(super) type Answered = (Scenario, Vec<Result<Replayed, String>>);

pub(super) fn run(args: &WhatIf, output: &mut Output) -> Result<(), CliError> {
    let scenarios = scenarios(args)?;
    check(args)?;
    let file = figure_file(args)?;
    let store = Store::open(&args.store)?;
    let books = args.basis.books()?;
    let display = match &args.display {
        Some(path) => DisplayList::load(path)?,
        None => DisplayList::built_in()?,
    };
    let (courses, baselines) = courses(args, &store)?;
    let recorded = CallPrices { basis: args.basis.basis(), books: &books, cache_hit: None };
    let prices = CallPrices { cache_hit: args.cache_hit, ..recorded };
    let mut shown: Vec<Table> = Vec::new();
    if args.basis.repriced() || args.cache_hit.is_some() {
        let other = CallPrices { basis: other_basis(args.basis.basis()), ..prices };
        shown.push(tables::prices_table(&courses, (&recorded, &other))?);
    }
    if !scenarios.is_empty() {
        let none = BTreeMap::new();
        let baseline = |c: &Course| baselines.get(&c.calls.workload).unwrap_or(&none);
        let answer = |scenario: Scenario| {
            let of = |c: &Course| replay(c, &scenario, &prices, baseline(c));
            (scenario, courses.par_iter().map(of).collect())
        };
        let answers: Vec<Answered> = scenarios.into_iter().map(answer).collect();
        shown.push(tables::scenario_table(&courses, &answers, &prices, !baselines.is_empty())?);
        shown.push(tables::totals_table(&courses, &answers, &prices)?);
    }
    if shown.is_empty() || !args.curves.is_empty() || file.is_some() {
        let curves = curves(args, &courses, (&prices, &display, &baselines));
        if curves.is_empty() {
            let problem =
                format!("{} has no run with scores and known spending", args.store.display());
            return Err(CliError::data(problem)
                .hint("`ramptrace cost STORE` says what is missing; --reprice BOOK adds prices"));
        }
        if let Some((form, file)) = file {
            let bytes = draw(args, &curves, form)?;
            match file {
                Some(file) => file.publish(&bytes)?,
                None => return output.data(String::from_utf8_lossy(&bytes)),
            }
        }
        shown.push(tables::effectiveness_table(&curves)?);
    }
    let known: Vec<String> = shown.iter().map(|t| t.name().to_owned()).collect();
    if let Some(unknown) = args.table.iter().find(|t| !known.contains(t)) {
        return Err(CliError::usage(format!("there is no table `{unknown}`"))
            .hint(format!("the tables are {}", known.join(", "))));
    }
    shown.retain(|t| args.table.is_empty() || args.table.iter().any(|name| name == t.name()));
    output.tables(&shown, args.format, 2)
}

/// List prices where the log's own would say nothing about other ones.
const fn other_basis(basis: Basis) -> Basis {
    match basis {
        Basis::Reported | Basis::List => Basis::List,
        Basis::Neutral => Basis::Neutral,
    }
}

fn scenarios(args: &WhatIf) -> Result<Vec<Scenario>, CliError> {
    let scope = match args.scope {
        ScopeName::Run => Scope::Run,
        ScopeName::Stage => Scope::Stage,
    };
    let budgets = [
        (Resource::Money, &args.budget_usd),
        (Resource::Tokens, &args.budget_tokens),
        (Resource::Calls, &args.budget_calls),
        (Resource::Time, &args.budget_seconds),
    ];
    let mut limits = Vec::new();
    for (resource, budgets) in budgets {
        for &most in budgets {
            if !most.is_finite() || most < 0.0 {
                return Err(CliError::usage(format!("{most} is no budget: it must be 0 or more")));
            }
            limits.push(Limit::Budget(resource, most));
        }
    }
    limits.extend(args.context_window.iter().map(|most| Limit::Window(*most)));
    for rule in &args.stop {
        limits.push(stopping_rule(rule, args.passed)?);
    }
    for &gate in &args.gate {
        check_score("gate", gate)?;
        limits.push(Limit::Gate(gate));
    }
    Ok(limits.into_iter().map(|limit| Scenario { limit, scope }).collect())
}

fn stopping_rule(rule: &str, passed: f64) -> Result<Limit, CliError> {
    let unknown = || {
        CliError::usage(format!("`{rule}` is not a stopping rule"))
            .hint("the rules are no-progress=N, loop=N, errors=N (N at least 1) and last-pass")
    };
    if rule == "last-pass" {
        return Ok(Limit::LastPass(passed));
    }
    let (name, count) = rule.split_once('=').ok_or_else(unknown)?;
    let count = count.parse().ok().filter(|n: &i64| *n >= 1).ok_or_else(unknown)?;
    match name {
        "no-progress" => Ok(Limit::NoProgress(count)),
        "loop" => Ok(Limit::Loop(count)),
        "errors" => Ok(Limit::Errors(count)),
        _ => Err(unknown()),
    }
}

fn check(args: &WhatIf) -> Result<(), CliError> {
    check_score("pass mark", args.passed)?;
    if let Some(rate) = args.cache_hit.filter(|rate| !(0.0..=1.0).contains(rate)) {
        return Err(CliError::usage(format!("the hit rate {rate} is not between 0 and 1")));
    }
    let is_range =
        |range: &[f64]| matches!(range, [b0, most] if *b0 > 0.0 && b0 < most && most.is_finite());
    if args.range.as_deref().is_some_and(|range| !is_range(range)) {
        return Err(CliError::usage("--range needs two amounts above 0, the smaller one first"));
    }
    let one = args.curves.len() == 1;
    if (args.figure.is_some() || args.range.is_some()) && !one {
        return Err(CliError::usage("a figure and a range are of one resource")
            .hint("choose it with --curves cost, tokens, calls or time"));
    }
    Ok(())
}

fn check_score(what: &str, score: f64) -> Result<(), CliError> {
    if (0.0..=100.0).contains(&score) {
        return Ok(());
    }
    Err(CliError::usage(format!("the {what} {score} is not a score from 0 to 100")))
}

/// Where the figure goes, so that a path that cannot be written is said before anything is computed.
fn figure_file(args: &WhatIf) -> Result<Option<(Form, Option<OutputFile>)>, CliError> {
    let Some(path) = &args.figure else { return Ok(None) };
    let Some(form) = Form::of(path) else {
        return Err(CliError::usage(format!("{} names no kind of figure", path.display()))
            .hint("end it with .svg, .pdf, .png, .csv, .md or .tex"));
    };
    if form == Form::Stdout {
        return Ok(Some((form, None)));
    }
    Ok(Some((form, Some(OutputFile::begin(path, args.force)?))))
}

/// Scores of the run that did nothing, by workload and stage.
type Baselines = BTreeMap<String, BTreeMap<i64, f64>>;

/// The runs that are asked about, and the baselines, which are not among them.
fn courses(args: &WhatIf, store: &Store) -> Result<(Vec<Course>, Baselines), CliError> {
    let mut idle = Vec::new();
    for selector in &args.baseline {
        idle.push(store.find(selector)?.run.run_id.clone());
    }
    let rules = rules(args.rules.as_deref())?;
    // A run is in one file, so that files can be read side by side.
    let parts: Vec<Vec<Course>> = store
        .files()
        .par_iter()
        .map(|file| read_courses(std::slice::from_ref(file), &rules.commands))
        .collect::<Result<_, _>>()?;
    let mut all = parts.concat();
    let key = |course: &Course| {
        let calls = &course.calls;
        (calls.workload.clone(), calls.model.clone(), calls.run_id.clone())
    };
    all.sort_by_cached_key(key);
    let (idle, mut runs): (Vec<Course>, Vec<Course>) =
        all.into_iter().partition(|course| idle.contains(&course.calls.run_id));
    let mut baselines = Baselines::new();
    for course in idle {
        let scores = course.results().into_iter().filter_map(|(stage, (_, s))| Some((stage, s?)));
        baselines.entry(course.calls.workload.clone()).or_default().extend(scores);
    }
    runs.retain(|course| args.workload.as_ref().is_none_or(|w| *w == course.calls.workload));
    if runs.is_empty() {
        let problem = "no run is left to ask about";
        return Err(
            CliError::usage(problem).hint("`ramptrace store list STORE` shows workloads and runs")
        );
    }
    Ok((runs, baselines))
}

/// The curves of every workload and resource that is asked for and known.
fn curves(
    args: &WhatIf,
    courses: &[Course],
    (prices, display, baselines): (&CallPrices<'_>, &DisplayList, &Baselines),
) -> Vec<EventCurves> {
    let resources: Vec<Resource> = match args.curves.as_slice() {
        [] => Resource::ALL.to_vec(),
        asked => asked.iter().map(|name| name.resource()).collect(),
    };
    let mut found = Vec::new();
    for runs in courses.chunk_by(|a, b| a.calls.workload == b.calls.workload) {
        let workload = runs.first().map(|course| course.calls.workload.as_str());
        let baseline = workload.and_then(|w| baselines.get(w)).cloned().unwrap_or_default();
        let range = args.range.as_deref().and_then(|r| Some((*r.first()?, *r.last()?)));
        let terms = BudgetTerms { gate: args.passed, range, baseline };
        let event_terms = EventTerms { terms: &terms, prices, display };
        let runs: Vec<&Course> = runs.iter().collect();
        let of = |resource: &Resource| EventCurves::of(&runs, *resource, &event_terms);
        found.extend(resources.iter().filter_map(of));
    }
    found
}

fn draw(args: &WhatIf, curves: &[EventCurves], form: Form) -> Result<Vec<u8>, CliError> {
    let [one] = curves else {
        let names: Vec<&str> = curves.iter().map(|c| c.curves.workload.as_str()).collect();
        return Err(CliError::usage("a figure shows one workload")
            .hint(format!("choose one with --workload: {}", names.join(", "))));
    };
    let path = args.figure.as_deref().unwrap_or(std::path::Path::new("budget.svg"));
    form.bytes(&one.curves, args.sheet.sheet(), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: WhatIf,
    }

    fn named(line: &[&str]) -> Result<Vec<String>, String> {
        let line = [&["whatif", "store"], line].concat();
        let args = <Line as clap::Parser>::try_parse_from(line).map_err(|e| e.to_string())?.args;
        check(&args).map_err(|e| e.to_string())?;
        let found = scenarios(&args).map_err(|e| e.to_string())?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_option_is_a_scenario_of_its_own() {
        let line = ["--budget-usd", "0.5", "--budget-usd", "2", "--stop", "loop=4", "--gate", "60"];
        let expected = ["cost <= 0.5", "cost <= 2", "stop loop=4", "gate >= 60"];
        assert_eq!(named(&line).unwrap(), expected);
        let staged = ["--context-window", "1000", "--stop", "no-progress=3", "--scope", "stage"];
        assert_eq!(
            named(&staged).unwrap(),
            ["context <= 1000 (stage)", "stop no-progress=3 (stage)"]
        );
        assert_eq!(named(&["--stop", "last-pass"]).unwrap(), ["stop last-pass, score >= 60"]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for line in [
            ["--budget-usd", "-1"],
            ["--budget-usd", "nan"],
            ["--context-window", "0"],
            ["--stop", "loop"],
            ["--stop", "loop=0"],
            ["--stop", "bored=3"],
            ["--gate", "101"],
            ["--passed", "-1"],
            ["--cache-hit", "1.5"],
            ["--figure", "a.svg"],
        ] {
            let [name, value] = line;
            assert!(named(&[&format!("{name}={value}")]).is_err(), "{line:?}");
        }
        assert!(named(&["--curves", "cost", "--range", "5", "1"]).is_err());
        assert_eq!(named(&["--curves", "cost", "--range", "1", "5"]).unwrap(), [""; 0]);
    }
}
