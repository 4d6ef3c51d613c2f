//! Budget curves of published runs and of coarse traces.

use crate::real_data::ramp_or_skip;
use crate::workspace::{Workspace, import_all, store};
use ramptrace::analysis::{
    Accounts, BudgetCurve, BudgetCurves, BudgetTerms, Cohort, Resource, cohorts,
};
use ramptrace::ledger::Books;
use ramptrace::rollup::{Frame, roll_up};
use ramptrace::trace::Store;
use std::path::{Path, PathBuf};

fn cohort(files: &[PathBuf]) -> (Cohort, Accounts) {
    let rollup = roll_up(files).expect("a rollup");
    let (runs, stages) = (Frame::of(&rollup.runs), Frame::of(&rollup.stages));
    let accounts = Accounts::read(files, &runs, Books::default()).expect("accounts");
    (cohorts(&runs, &stages).expect("cohorts").remove(0), accounts)
}

fn terms() -> BudgetTerms {
    BudgetTerms { gate: 60.0, ..BudgetTerms::default() }
}

fn of<'a>(data: &'a BudgetCurves, label: &str) -> &'a BudgetCurve {
    data.curves.iter().find(|curve| curve.label == label).expect("a curve")
}

/// The published costs by stage: kimi-k2.5 had all it would ever pass after 0.92 of 1.75 USD.
#[test]
fn published_runs_pass_what_they_pass_early() {
    let folder = ramp_or_skip!();
    let space = Workspace::new();
    let store = store(&space.path("store"), &import_all(&folder.join("runs")));
    let (cohort, accounts) = cohort(&store.files());
    let data = BudgetCurves::of(&cohort, &accounts, Resource::Money, &terms()).expect("curves");
    assert_eq!(data.left_out, ["glm-4.6"], "its log has no costs");
    let kimi = of(&data, "kimi-k2.5");
    let full = kimi.steps.iter().find(|step| step.passed >= kimi.passed.reached).expect("a step");
    assert!((full.spent - 0.92).abs() < 0.005, "{}", full.spent);
    let last = kimi.steps.last().expect("a step");
    assert!((last.spent - 1.75).abs() < 0.005 && (kimi.passed.reached - 2.0 / 6.0).abs() < 1e-9);
    for run in cohort.runs.iter().filter(|run| run.label != "glm-4.6") {
        let curve = of(&data, &run.label);
        // With everything spent, the curve is at the mean stage score and the cost of the run.
        let end = curve.steps.last().expect("a step");
        assert!((end.score - run.mean_score.expect("a score")).abs() < 1e-9, "{}", run.label);
        assert!((end.spent - run.cost_usd.expect("a cost")).abs() < 1e-6, "{}", run.label);
    }
    let calls = BudgetCurves::of(&cohort, &accounts, Resource::Calls, &terms()).expect("curves");
    let spent = |label: &str| of(&calls, label).steps.iter().map(|s| s.spent).collect::<Vec<_>>();
    assert_eq!(spent("kimi-k2.5"), [9.0, 156.0, 205.0, 237.0, 270.0, 287.0]);
    let tokens = BudgetCurves::of(&cohort, &accounts, Resource::Tokens, &terms()).expect("curves");
    let end = of(&tokens, "deepseek-chat").steps.last().expect("a step");
    assert!((end.spent - 14_332_378.0).abs() < 0.5 && tokens.left_out.is_empty());
}

/// A coarse trace knows calls by stage; its money and tokens are totals, which belong to no stage.
#[test]
fn totals_of_a_coarse_trace_are_no_spending_by_stage() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/ramp-2605.27492");
    let files = Store::open(&folder).expect("the sample store").files();
    let (cohort, accounts) = cohort(&files);
    let curves = |resource| BudgetCurves::of(&cohort, &accounts, resource, &terms());
    assert_eq!(curves(Resource::Money), None);
    assert_eq!(curves(Resource::Tokens), None);
    assert_eq!(curves(Resource::Time), None);
    let calls = curves(Resource::Calls).expect("curves");
    assert_eq!((calls.curves.len(), calls.left_out.len()), (15, 0));
    assert!((calls.most - 456.0).abs() < 1e-9, "of minimax-m2.5");
    // The published mean of all 15 models.
    assert!((calls.mean.score.reached - 51.30).abs() < 0.005, "{}", calls.mean.score.reached);
}
