//! Runs under limits that they did not have: budgets, windows, stopping rules, gates, prices.

use crate::real_data::ramp_or_skip;
use crate::workspace::{Workspace, import_all, store};
use ramptrace::analysis::display::DisplayList;
use ramptrace::analysis::process::CommandGroups;
use ramptrace::analysis::whatif::{
    CallPrices, Course, EventCurves, EventTerms, Limit, Replayed, Scenario, Scope, StageEnd, meter,
    read_courses, replay,
};
use ramptrace::analysis::{Accounts, cohorts};
use ramptrace::analysis::{Basis, BudgetCurve, BudgetTerms, Resource, waste};
use ramptrace::ledger::{Books, PriceBook};
use ramptrace::rollup::{Frame, roll_up};
use ramptrace::trace::Store;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn samples(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces").join(name)
}

fn courses(root: &Path) -> Vec<Course> {
    let files = Store::open(root).expect("a store").files();
    read_courses(&files, &CommandGroups::default()).expect("courses")
}

fn prices(books: &Books, basis: Basis) -> CallPrices<'_> {
    CallPrices { basis, books, cache_hit: None }
}

fn cut(course: &Course, limit: Limit) -> Replayed {
    let books = Books::default();
    let scenario = Scenario { limit, scope: Scope::Run };
    replay(course, &scenario, &prices(&books, Basis::Reported), &BTreeMap::new()).expect("known")
}

/// Every budget at which something changes, and some between; the score at the full budget is that of the trace to the bit.
fn assert_truncation(course: &Course, resource: Resource) {
    let books = Books::default();
    let Ok(spent) = meter(course, resource, &prices(&books, Basis::Reported)) else { return };
    let all = spent.last().copied().expect("events");
    let full = cut(course, Limit::Budget(resource, all));
    let recorded = course.score().expect("a score");
    let bounds = full.bounds.as_ref().expect("bounds");
    assert_eq!(full.cut, None, "{} {resource:?}", course.calls.run_id);
    assert_eq!(
        (bounds.low.to_bits(), bounds.high.to_bits()),
        (recorded.to_bits(), recorded.to_bits())
    );
    assert_eq!(full.kept, full.whole);
    let mut budgets: Vec<f64> = spent.iter().flat_map(|s| [*s, *s * 0.999]).collect();
    budgets.sort_by(f64::total_cmp);
    budgets.dedup();
    let step = budgets.len().div_ceil(60);
    let mut before = (0.0, 0.0, None);
    for budget in budgets.into_iter().step_by(step) {
        let found = cut(course, Limit::Budget(resource, budget));
        let bounds = found.bounds.expect("bounds");
        assert!(bounds.low <= bounds.high && bounds.high <= recorded + 1e-9);
        assert!(before.0 <= bounds.low && before.1 <= bounds.high, "{}", course.calls.run_id);
        let is_priced = found.whole.cost.is_some();
        assert!(!is_priced || before.2 <= found.kept.cost, "more is never spent with less");
        before = (bounds.low, bounds.high, found.kept.cost);
        if let (Resource::Money, Some(cost)) = (resource, found.kept.cost) {
            assert!(cost.to_f64() <= budget);
        }
    }
}

#[test]
fn truncation_rises_to_the_recorded_score() {
    for name in ["mini-compiler/traces", "ramp-2605.27492", "demo"] {
        for course in courses(&samples(name)) {
            for resource in Resource::ALL {
                assert_truncation(&course, resource);
            }
        }
    }
}

#[test]
fn recorded_scores_are_those_of_the_views() {
    let root = samples("mini-compiler/traces");
    let rollup = roll_up(&Store::open(&root).expect("a store").files()).expect("a rollup");
    let (runs, stages) = (Frame::of(&rollup.runs), Frame::of(&rollup.stages));
    let cohort = cohorts(&runs, &stages).expect("cohorts").remove(0);
    let courses = courses(&root);
    assert_eq!(courses.len(), cohort.runs.len());
    for course in &courses {
        let run = cohort.runs.iter().find(|r| r.run_id == course.calls.run_id).expect("a run");
        assert_eq!(course.score(), run.mean_score, "{}", run.run_id);
        let whole = cut(course, Limit::Loop(i64::MAX)).whole;
        assert_eq!(whole.cost.map(ramptrace::trace::Usd::to_f64), run.cost_usd, "{}", run.run_id);
    }
}

fn value(curve: &BudgetCurve, budget: f64) -> f64 {
    let last = curve.steps.iter().rev().find(|step| step.spent <= budget);
    last.map_or(curve.start.0, |step| step.score)
}

/// Oracle: the mean of the truncated scores of every run.
#[test]
fn curves_are_means_of_truncated_runs() {
    let courses = courses(&samples("mini-compiler/traces"));
    let courses: Vec<&Course> = courses.iter().collect();
    let (books, display) = (Books::default(), DisplayList::built_in().expect("names"));
    let prices = prices(&books, Basis::Reported);
    let terms = BudgetTerms { gate: 60.0, ..BudgetTerms::default() };
    let event_terms = EventTerms { terms: &terms, prices: &prices, display: &display };
    for resource in [Resource::Tokens, Resource::Calls, Resource::Time] {
        let found = EventCurves::of(&courses, resource, &event_terms).expect("curves");
        assert_eq!((found.curves.runs, found.curves.left_out.len()), (courses.len(), 0));
        let begun = found.curves.begun.as_ref().expect("a band");
        let all = found.curves.curves.iter().chain([&found.curves.mean, begun]);
        for curve in all {
            assert!(
                curve
                    .steps
                    .windows(2)
                    .all(|w| w[0].spent <= w[1].spent && w[0].score <= w[1].score + 1e-9)
            );
        }
        for part in [0.0, 0.1, 0.25, 0.5, 0.8, 1.0] {
            let budget = part * found.curves.most;
            let bounds = courses.iter().map(|c| cut(c, Limit::Budget(resource, budget)).bounds);
            // No stage of a run that was graded twice: its first grade is no result of the stage.
            let bounds: Vec<_> = bounds.map(|b| b.expect("bounds")).collect();
            let mean = |of: fn(&ramptrace::analysis::whatif::ScoreBounds) -> f64| {
                bounds.iter().map(of).sum::<f64>()
                    / f64::from(u32::try_from(bounds.len()).expect("few"))
            };
            assert!(
                value(&found.curves.mean, budget) <= mean(|b| b.low) + 1e-9,
                "{resource:?} {budget}"
            );
            assert!(
                (value(begun, budget) - mean(|b| b.high)).abs() < 1e-9,
                "{resource:?} {budget}"
            );
        }
    }
}

/// Published: the share of cost after the last passing stage, and what had been paid by then (marker attribution).
#[test]
fn published_waste_after_the_last_pass() {
    let folder = ramp_or_skip!();
    let space = Workspace::new();
    let store = store(&space.path("store"), &import_all(&folder.join("runs")));
    let courses = courses(store.root());
    let of = |model: &str| courses.iter().find(|c| c.calls.model == model).expect("a run");
    let saved = |model: &str| {
        let found = cut(of(model), Limit::LastPass(60.0));
        found.saved().expect("a cost").to_f64() / found.whole.cost.expect("a cost").to_f64()
    };
    assert!((saved("kimi-k2.5") - 0.473).abs() < 0.0005, "{}", saved("kimi-k2.5"));
    assert!(saved("deepseek-v4-pro").abs() < 1e-12);
    let kimi = cut(of("kimi-k2.5"), Limit::LastPass(60.0));
    assert!((kimi.kept.cost.expect("a cost").to_f64() - 0.92).abs() < 0.005);
    assert!((kimi.whole.cost.expect("a cost").to_f64() - 1.75).abs() < 0.005);
    // The same by stage sums.
    let files = store.files();
    let rollup = roll_up(&files).expect("a rollup");
    let (runs, stages) = (Frame::of(&rollup.runs), Frame::of(&rollup.stages));
    let accounts = Accounts::read(&files, &runs, Books::default()).expect("accounts");
    let costs = accounts.by_run(Basis::Reported);
    for run in cohorts(&runs, &stages).expect("cohorts").iter().flat_map(|c| &c.runs) {
        let share = waste(run, &costs[&run.run_id], 60.0).after_last_pass_share;
        if let Some(share) = share {
            assert!((share - saved(&run.model)).abs() < 1e-6, "{}: {share}", run.model);
        }
    }
    for course in &courses {
        for resource in Resource::ALL {
            assert_truncation(course, resource);
        }
    }
}

/// The recorded looping agent repeats one command from the third stage on: a rule that sees it saves 81 % of the cost and
/// loses nothing.
#[test]
fn a_loop_rule_stops_the_agent_that_loops() {
    let courses = courses(&samples("mini-compiler/traces"));
    for course in courses.iter().filter(|c| c.calls.model == "loops") {
        let found = cut(course, Limit::Loop(4));
        assert_eq!((found.stage, found.lost()), (Some(2), Some((0.0, 0.0))));
        let share =
            found.saved().expect("a cost").to_f64() / found.whole.cost.expect("a cost").to_f64();
        assert!((share - 0.81).abs() < 0.005, "{share}");
        let bounds = found.bounds.expect("bounds");
        assert_eq!((bounds.count(StageEnd::Graded), bounds.in_work().next()), (2, Some(2)));
        let gated = cut(course, Limit::Gate(60.0));
        assert!(gated.cut > found.cut, "a gate waits for the grade");
    }
    let solid = courses.iter().find(|c| c.calls.model == "solid").expect("a run");
    for limit in [Limit::Loop(4), Limit::Gate(60.0), Limit::LastPass(60.0), Limit::Errors(3)] {
        assert_eq!(cut(solid, limit).cut, None, "{limit:?}");
    }
}

#[test]
fn other_prices_by_a_book_of_ones_own() {
    let courses = courses(&samples("mini-compiler/traces"));
    let text = "[book]\nname = \"mine\"\nsource = \"made up\"\n[[price]]\nmodels = [\"*\"]\ninput = 2\ncache_read = 0\noutput = 0\n";
    let books =
        Books::stack(vec![PriceBook::parse("mine.toml", text).expect("a book")]).expect("a stack");
    for course in courses.iter().filter(|c| !c.calls.calls.is_empty()) {
        let at = |hit| CallPrices { cache_hit: Some(hit), ..prices(&books, Basis::List) };
        let input: i64 = course.calls.tokens().expect("tokens").input();
        let cost = |hit| at(hit).total(course).expect("a price").nanos();
        assert_eq!(cost(0.0), input * 2_000, "two dollars per million");
        assert_eq!(cost(1.0), 0);
        let half = cost(0.5) - input * 1_000;
        assert!(half.abs() <= 1_000 * i64::try_from(course.calls.calls.len()).expect("few"));
    }
}

fn json(space: &Workspace, args: &[&str]) -> Value {
    serde_json::from_str(&space.ok(&[args, &["--format", "json"]].concat())).expect("JSON")
}

#[test]
fn the_command_answers_in_tables_and_a_figure() {
    let space = Workspace::new();
    let traces = samples("mini-compiler/traces");
    let traces = traces.to_str().expect("a path");
    let found = json(&space, &["whatif", traces, "--budget-calls", "20", "--stop", "loop=4"]);
    assert_eq!(found["whatif"].as_array().expect("rows").len(), 28);
    let totals = found["whatif_totals"].as_array().expect("rows");
    assert_eq!(totals.len(), 2);
    assert_eq!(
        (totals[1]["scenario"].as_str(), totals[1]["cut"].as_i64()),
        (Some("stop loop=4"), Some(4))
    );
    assert_eq!(totals[1]["lost_most"].as_f64(), Some(0.0));
    let row = |found: &Value, run: &str| {
        let rows = found["whatif"].as_array().expect("rows").clone();
        rows.into_iter().find(|r| r["run_id"] == *run).expect("a row")
    };
    assert_eq!(row(&found, "alone-loops")["calls"].as_i64(), Some(20));
    // A run that did nothing yet has the scores of the baseline, which is itself not asked about.
    let based =
        json(&space, &["whatif", traces, "--budget-calls", "0", "--baseline", "alone-sloppy"]);
    assert_eq!(based["whatif"].as_array().expect("rows").len(), 13);
    let sloppy = row(&found, "alone-sloppy")["score"].as_f64().expect("a score");
    assert_eq!(row(&based, "alone-solid")["score_low"].as_f64(), Some(sloppy));
    let staged = json(&space, &["whatif", traces, "--context-window", "3000", "--scope", "stage"]);
    assert!(
        row(&staged, "alone-solid")["seconds"].is_null(),
        "later stages would have come sooner"
    );

    space.ok(&["whatif", traces, "--curves", "calls", "--figure", "calls.svg"]);
    let files = space.files(".");
    let svg = String::from_utf8(files["calls.svg"].clone()).expect("text");
    assert!(svg.contains("a line per model") && svg.contains("Band:"));
    let again = space.ok(&["whatif", traces, "--curves", "calls", "--figure", "-"]);
    assert_eq!(again, svg, "same input, same bytes");
    let one = space.ok(&[
        "whatif",
        traces,
        "--stop",
        "loop=4",
        "--table",
        "whatif_totals",
        "--format",
        "csv",
    ]);
    assert!(one.starts_with("scenario,workload,runs,cut,") && one.contains(",14,4,"), "{one}");
    for format in ["text", "csv", "markdown", "latex", "json"] {
        let printed = space.ok(&["whatif", traces, "--curves", "cost", "--format", format]);
        assert!(printed.contains("solid"), "{format}");
    }
}

#[test]
fn what_cannot_be_answered_is_said() {
    let space = Workspace::new();
    let coarse = samples("ramp-2605.27492");
    let coarse = coarse.to_str().expect("a path");
    let found = json(&space, &["whatif", coarse, "--budget-usd", "1", "--context-window", "1000"]);
    for row in found["whatif"].as_array().expect("rows") {
        assert!(row["unknown"].is_string() && row["score_low"].is_null(), "{row}");
    }
    let totals = found["whatif_totals"].as_array().expect("rows");
    assert_eq!((totals[0]["runs"].as_i64(), totals[0]["unknown"].as_i64()), (Some(0), Some(15)));
    let none = space.run(&["whatif", coarse, "--curves", "cost"]);
    assert_eq!(none.code, 1);
    assert!(
        none.stderr.contains("known spending") && none.stderr.contains("hint:"),
        "{}",
        none.stderr
    );
    for (args, words) in [
        (vec!["--stop", "bored=3"], "not a stopping rule"),
        (vec!["--figure", "a.svg"], "--curves"),
        (vec!["--cache-hit", "2"], "between 0 and 1"),
        (vec!["--table", "whatif"], "there is no table"),
        (vec!["--workload", "none"], "no run is left"),
        (vec!["--curves", "calls", "--figure", "a.docx"], "no kind of figure"),
    ] {
        let ran = space.run(&[&["whatif", coarse][..], &args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
    }
    assert!(space.files(".").is_empty(), "nothing is written");
}
