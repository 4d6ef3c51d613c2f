//! Property checks on the packs that come with the program.

use ramptrace::metrics::{ExampleRun, LintReport, Pack, Property, evaluate, lint};
use ramptrace::rollup::{MadeRun, Rollup};
use std::sync::OnceLock;

fn report(pack: &str) -> LintReport {
    lint(&Pack::load(pack).expect("a pack")).expect("a report")
}

fn ramp() -> &'static LintReport {
    static REPORT: OnceLock<LintReport> = OnceLock::new();
    REPORT.get_or_init(|| report("ramp"))
}

/// Value and scores of the runs of one side of a counter-example.
fn side(runs: &[ExampleRun]) -> Vec<(Option<f64>, Vec<Option<f64>>)> {
    let score = |run: &ExampleRun| -> Vec<Option<f64>> {
        run.stages.iter().map(|(_, row)| row.get("score").copied().flatten()).collect()
    };
    runs.iter().map(|r| (r.value.map(|v| (v * 1e3).round() / 1e3), score(r))).collect()
}

#[test]
fn the_findings_on_ramp_are_these_and_all_are_declared() {
    let report = ramp();
    let found: Vec<String> = report
        .findings
        .iter()
        .map(|f| format!("{} {} {}", f.metric, f.property.code(), f.message))
        .collect();
    let expected = [
        "mean_reward W-MONOTONE score of stage 0 from 99 to 100: 37.125 -> 33.333",
        "mean_reward W-DO-NOTHING doing nothing has 37.125, the best run that improves on it 33.333",
        "mean_reward_draft W-MONOTONE score of stage 0 from 99 to 100: 22.846 -> 20",
        "mean_reward_draft W-DO-NOTHING doing nothing has 22.846, the best run that improves on it 20",
        "mean_reward_site W-MONOTONE score of stage 1 from 59 to 60: 47.2 -> 46.154",
        "mean_reward_site W-DO-NOTHING doing nothing has 47.2, the best run that improves on it 46.154",
        "pipeline_stage W-NULL-ZERO score of stage 1 from 100 to null: 1 -> 0, as with 0",
        "stages_passed W-NULL-ZERO score of stage 0 from 100 to null: 2 -> 1, as with 0",
        "e2e_prs_keep W-NULL-ZERO score of stage 0 from 50 to null: 16.667 -> 0, as with 0",
        "api_printed W-MONOTONE score of stage 0 from 99 to 100: 8.3343 -> 7.9371",
        "api_printed W-UNITS seconds to minutes: 38.883 -> 152.22",
        "api_printed W-UNBOUNDED cost to 1e-9 dollars: 38.883 -> 61724, 4619 times the median of ordinary runs",
        "api_printed W-DO-NOTHING doing nothing has 25132, the best run that improves on it 878.18",
        "api_reported W-MONOTONE score of stage 0 from 99 to 100: 91.293 -> 89.09",
        "api_reported W-UNITS seconds to minutes: 197.19 -> 390.16",
        "api_reported W-UNBOUNDED cost to 1e-9 dollars, time to 1e-9 seconds, tokens to 8: 197.19 -> 6316200, 54637 times the median of ordinary runs",
        "api_reported W-DO-NOTHING doing nothing has 5013.1, the best run that improves on it 937.11",
        "aei_fixed W-MONOTONE score of stage 0 from 99 to 100: 64.04 -> 63.282",
        "aei_fixed W-DO-NOTHING doing nothing has 59.994, the best run that improves on it 59.508",
        "aei_fixed_printed W-MONOTONE score of stage 0 from 99 to 100: 64.039 -> 63.281",
        "aei_fixed_printed W-UNITS seconds to minutes: 78.308 -> 78.307",
        "aei_fixed_printed W-DO-NOTHING doing nothing has 59.994, the best run that improves on it 59.508",
        "aei_cohort W-COHORT another model in the table: 40 -> 89.535",
        "aei_cohort W-UNBOUNDED a value of -20, outside 0 to 100",
        "aei_cohort W-DO-NOTHING doing nothing has 78.813, the best run that improves on it 40",
    ];
    assert_eq!(found, expected);
    assert!(report.findings.iter().all(|f| f.declared));
    assert_eq!(report.problems, []);
    assert_eq!(report.metrics.len(), 18);
}

#[test]
fn the_counter_examples_on_ramp_are_small_and_show_only_what_is_looked_at() {
    let report = ramp();
    let example = |metric: &str, property| {
        &report.finding(metric, property).expect("a finding").counter_example
    };
    let monotone = example("mean_reward", Property::Monotone);
    assert_eq!(side(&monotone.before), [(Some(37.125), vec![Some(99.0), Some(0.0)])]);
    assert_eq!(side(&monotone.after), [(Some(33.333), vec![Some(100.0), Some(0.0)])]);
    assert!(monotone.before[0].numbers.is_empty());
    assert!(monotone.before[0].stages.iter().all(|(_, row)| row.keys().eq(["score"])));

    let missing = example("stages_passed", Property::NullIsNotZero);
    assert_eq!(side(&missing.before), [(Some(2.0), vec![Some(100.0), Some(100.0)])]);
    assert_eq!(
        side(&missing.after),
        [(Some(1.0), vec![None, Some(100.0)]), (Some(1.0), vec![Some(0.0), Some(100.0)])]
    );

    let cohort = example("aei_cohort", Property::CohortFree);
    assert_eq!(side(&cohort.before), [(Some(40.0), vec![Some(50.0)])]);
    assert_eq!(cohort.after.len(), 2);

    let idle = example("api_printed", Property::DoNothing);
    assert_eq!((idle.before[0].name.as_str(), idle.after.len()), ("does nothing", 1));
    assert!(idle.before[0].numbers["cost_usd"] < idle.after[0].numbers["cost_usd"]);
    assert_eq!(idle.after[0].stages[0].1["score"], Some(100.0));

    let unbounded = example("api_printed", Property::Bounded);
    assert_eq!(unbounded.after[0].numbers["cost_usd"], Some(1e-9));
}

#[test]
fn core_has_every_property() {
    let report = report("core");
    assert_eq!(report.findings, []);
    assert_eq!(report.problems, []);
    assert_eq!(report.metrics.len(), 13);
}

#[test]
fn the_same_pack_gives_the_same_report() {
    assert_eq!(report("ramp"), *ramp());
}

#[test]
fn the_baseline_share_of_core_needs_every_score() {
    let run = |id: &str, last: Option<f64>| MadeRun {
        run_id: id.to_owned(),
        workload: "w".to_owned(),
        model: id.to_owned(),
        stages: vec![
            (0, [("score", 100.0)].into()),
            (1, last.map(|score| ("score", score)).into_iter().collect()),
        ],
        ..MadeRun::default()
    };
    let runs = [run("a", Some(100.0)), run("b", Some(20.0)), run("c", None)];
    let rollup = Rollup::of_runs(&runs).expect("made rows");
    let mut core = Pack::core().expect("a pack");
    let share = |core: &Pack| {
        let scores = evaluate(core, &rollup).expect("scores");
        scores.runs.numbers("baseline_share").expect("a column")
    };
    assert_eq!(share(&core), [None; 3]);
    core.set_text("baseline = [10, 35]").expect("a value");
    assert_eq!(share(&core), [Some(0.225), Some(0.25), None]);
}
