//! Collapse, survival, cascade and arms: the published table against values recomputed by hand and by other programs, and
//! cohorts of every shape.

use crate::workspace::Workspace;
use ramptrace::analysis::{
    ArmComparison, Cascade, Cohort, CohortRun, FailureClock, FailureCurve, Outcome, RankIntervals,
    cohorts,
};
use ramptrace::rollup::{Frame, roll_up};
use ramptrace::trace::Store;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn published() -> Cohort {
    let store = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces/ramp-2605.27492");
    let rollup = roll_up(&Store::open(&store).expect("the samples").files()).expect("a rollup");
    cohorts(&Frame::of(&rollup.runs), &Frame::of(&rollup.stages)).expect("cohorts").remove(0)
}

fn near(value: Option<f64>, expected: f64, tolerance: f64) {
    let value = value.expect("a value");
    assert!((value - expected).abs() <= tolerance, "{value}, expected {expected}");
}

fn survival(cohort: &Cohort, gate: f64, censors: bool) -> Vec<f64> {
    let runs: Vec<&CohortRun> = cohort.runs.iter().collect();
    let curve = FailureCurve::of(cohort, &runs, gate, FailureClock::Stages, censors);
    curve.expect("a curve").curve.steps.iter().map(|s| s.survival).collect()
}

/// By hand from the 15 published score rows.
#[test]
fn survival_is_not_the_marginal_pass_rate() {
    let cohort = published();
    let fifteenths = |counts: &[f64]| counts.iter().map(|c| c / 15.0).collect::<Vec<_>>();
    let same = |a: Vec<f64>, b: Vec<f64>| {
        assert_eq!(a.len(), b.len());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?}, expected {b:?}");
    };
    same(survival(&cohort, 60.0, false), fifteenths(&[15.0, 12.0, 4.0, 4.0, 1.0, 1.0]));
    let strict = survival(&cohort, 100.0, false);
    same(strict[..5].to_vec(), fifteenths(&[15.0, 7.0, 4.0, 2.0, 0.0]));
    // gpt-5.5 timed out in T4: censored there, half of the two at risk survive.
    same(survival(&cohort, 100.0, true)[..5].to_vec(), fifteenths(&[15.0, 7.0, 4.0, 2.0, 1.0]));
}

/// Pooled 2.27 [1.52, 3.39], PAF .39, phi .547, stratified 1.94; recovery 3 of 38 (statsmodels, one table and
/// stratified tables over the published table at gate 60).
#[test]
fn the_cascade_of_the_published_table() {
    let cascade = Cascade::of(&published(), 60.0, &BTreeMap::new());
    let pooled = cascade.matrix.pooled;
    let counts = (pooled.fail_fail, pooled.fail_pass, pooled.pass_fail, pooled.pass_pass);
    assert_eq!(counts, (35, 3, 15, 22));
    let ratio = cascade.risk_ratio.expect("a ratio");
    near(ratio.point(), 2.27, 0.005);
    let interval = ratio.interval().expect("an interval");
    near(Some(interval.low), 1.52, 0.005);
    near(Some(interval.high), 3.39, 0.005);
    near(cascade.population_fraction, 0.392, 0.001);
    near(cascade.phi, 0.547, 0.001);
    let stratified = cascade.stratified_risk_ratio.expect("a ratio");
    near(stratified.ratio.point(), 1.94, 0.005);
    assert_eq!((stratified.used, stratified.skipped), (4, 1));
    // Mean GCPS 51.30, and what is left with the failing stage zeroed or kept, recomputed from the raw reports.
    near(cascade.gap.ungated, 51.295_556, 1e-5);
    near(cascade.gap.zeroed, 39.032_889, 1e-5);
    near(cascade.gap.kept, 42.725_889, 1e-5);
    assert_eq!(cascade.guard.artifacts_propagate, Some(false));
    assert!(
        cascade
            .guard
            .reading
            .starts_with("Association, not effect: later stages got golden inputs")
    );
    assert!(cascade.guard.reading.contains("the shared build tree, the context and the budget"));
}

#[test]
fn each_run_has_its_root_and_reach() {
    let cascade = Cascade::of(&published(), 60.0, &BTreeMap::new());
    let of = |label: &str| cascade.runs.iter().find(|r| r.label == label).expect("a run");
    let pro = of("deepseek-v4-pro");
    assert_eq!(
        (pro.root, pro.blast_radius, pro.depth, pro.contained),
        (Some(4), Some(0), Some(1), Some(true))
    );
    let flash = of("deepseek-v4-flash");
    assert_eq!(
        (flash.root, flash.blast_radius, flash.depth, flash.contained),
        (Some(2), Some(2), Some(3), Some(false))
    );
    let opus = of("claude-opus-4-7");
    assert_eq!(
        (opus.root, opus.blast_radius, opus.depth, opus.contained),
        (None, None, None, None)
    );
    // The published table has no costs by stage: nothing is known, not zero.
    assert!(cascade.runs.iter().all(|r| r.cost_after_root.is_none()));
}

#[test]
fn a_stage_without_an_answered_call_is_not_attempted_whatever_it_scored() {
    let cohort = published();
    let of = |label: &str, stage: i64| {
        let run = cohort.runs.iter().find(|r| r.label == label).expect("a run");
        run.stages[&stage].outcome(30.0)
    };
    assert_eq!(of("deepseek-chat", 4), Outcome::NotAttempted, "35.7 points above a gate of 30");
    assert_eq!(of("gpt-5.5", 4), Outcome::Passed);
    assert_eq!(
        cohort.runs.iter().find(|r| r.label == "gpt-5.5").expect("a run").stages[&4].outcome(60.0),
        Outcome::Infra
    );
}

/// Model, run id, scores.
type Made<'a> = (&'a str, &'a str, Vec<f64>);

/// A store of made runs.
fn made(rows: &[Made]) -> (Workspace, Cohort) {
    let space = Workspace::new();
    let stages = rows.iter().map(|r| r.2.len()).max().unwrap_or(0);
    let names = (0..stages).map(|stage| format!("task{stage}"));
    let mut lines = vec![
        ["model".to_owned(), "run_id".to_owned()].into_iter().chain(names).collect::<Vec<_>>(),
    ];
    for (model, run, scores) in rows {
        let cells =
            (0..stages).map(|stage| scores.get(stage).map(f64::to_string).unwrap_or_default());
        lines.push([(*model).to_owned(), (*run).to_owned()].into_iter().chain(cells).collect());
    }
    let csv = lines.iter().map(|l| l.join(",")).collect::<Vec<_>>().join("\n");
    space.write("table.csv", csv + "\n");
    let _ = space.ok(&["import", "table.csv", "-o", "store", "-q"]);
    let rollup =
        roll_up(&Store::open(&space.path("store")).expect("a store").files()).expect("a rollup");
    let cohort =
        cohorts(&Frame::of(&rollup.runs), &Frame::of(&rollup.stages)).expect("cohorts").remove(0);
    (space, cohort)
}

#[test]
fn cohorts_of_every_shape_have_sensible_output() {
    let shapes: Vec<(&str, Vec<Made>)> = vec![
        ("one run", vec![("m", "r", vec![100.0, 50.0, 0.0])]),
        ("all passing", vec![("a", "r1", vec![100.0, 90.0]), ("b", "r2", vec![70.0, 60.0])]),
        ("all failing", vec![("a", "r1", vec![0.0, 10.0]), ("b", "r2", vec![59.9, 0.0])]),
        ("one stage", vec![("a", "r1", vec![100.0]), ("b", "r2", vec![0.0])]),
        ("200 stages", vec![("a", "r1", (0..200).map(f64::from).map(|s| s / 2.0).collect())]),
    ];
    for (name, rows) in shapes {
        let (space, _) = made(&rows);
        for format in ["text", "json", "csv", "latex"] {
            let out = space.run(&["cascade", "store", "--format", format]);
            assert_eq!(out.code, 0, "{name}: {}", out.stderr);
            assert!(
                !out.stdout.contains("NaN") && !out.stdout.contains("inf,"),
                "{name}: {}",
                out.stdout
            );
        }
        let text = space.ok(&["cascade", "store"]);
        assert!(text.contains("Association, not effect"), "{name}");
        assert!(!text.to_lowercase().contains("resurrection gain"), "{name}");
    }
    let space = Workspace::new();
    let none = space.run(&["cascade", "nothing"]);
    assert_eq!(none.code, 2);
}

#[test]
fn all_failing_and_all_passing_curves_have_bounds() {
    let (_, failing) = made(&[("a", "r1", vec![0.0, 10.0]), ("b", "r2", vec![59.9, 0.0])]);
    let runs: Vec<&CohortRun> = failing.runs.iter().collect();
    let curve =
        FailureCurve::of(&failing, &runs, 60.0, FailureClock::Stages, true).expect("a curve");
    let first = curve.curve.steps[0];
    assert!(first.survival.abs() < 1e-12 && first.interval.is_none());
    // Wilson 0 of 2 at 95 %: statsmodels proportion_confint(0, 2, method="wilson") = (0, 0.657620).
    let bound = first.wilson_bound(ramptrace::stats::Level::P95).expect("a bound");
    near(Some(bound.high), 0.657_620, 1e-6);
    let cascade = Cascade::of(&failing, 60.0, &BTreeMap::new());
    assert_eq!(cascade.risk_ratio, None, "nobody passed a stage: there is nothing to compare with");
}

/// `scipy.stats.ttest_rel([90, 80, 70], [60, 70, 65])`: difference 15, t interval [-17.86, 47.86]; all signs equal in 2 of 8
/// flips: p = .25.
#[test]
fn arms_are_paired_by_model() {
    let (_, cohort) = made(&[
        ("a", "a1", vec![90.0]),
        ("b", "b1", vec![80.0]),
        ("c", "c1", vec![70.0]),
        ("a", "a2", vec![60.0]),
        ("b", "b2", vec![70.0]),
        ("c", "c2", vec![65.0]),
        ("d", "d2", vec![0.0]),
    ]);
    let ids = |ids: &[&str]| ids.iter().map(|i| (*i).to_owned()).collect::<BTreeSet<_>>();
    let (first, second) = (ids(&["a1", "b1", "c1"]), ids(&["a2", "b2", "c2", "d2"]));
    let arms = ArmComparison::of(&cohort, ("x", "y"), &first, &second, 60.0).expect("a comparison");
    assert_eq!(arms.paired_models, ["a", "b", "c"]);
    let score = &arms.measures[0];
    assert_eq!((score.name.as_str(), score.n), ("mean score", 3));
    near(score.difference, 15.0, 1e-9);
    let (low, high) = score.interval.expect("an interval");
    near(Some(low), -17.862_053, 1e-6);
    near(Some(high), 47.862_053, 1e-6);
    near(score.p, 0.25, 1e-12);
    assert_eq!(score.test, "sign flips, exact");
    let passed = arms.measures.last().expect("a stage");
    assert_eq!((passed.name.as_str(), passed.test), ("T0 passed", "McNemar, exact"));
    near(passed.p, 1.0, 1e-12);
}

#[test]
fn one_pair_is_refused_an_interval() {
    let (space, cohort) = made(&[("a", "a1", vec![90.0]), ("a", "a2", vec![60.0])]);
    let ids = |id: &str| BTreeSet::from([id.to_owned()]);
    let arms =
        ArmComparison::of(&cohort, ("x", "y"), &ids("a1"), &ids("a2"), 60.0).expect("a comparison");
    let score = &arms.measures[0];
    assert_eq!((score.interval, score.p, score.test), (None, None, "one pair: no test"));
    near(score.difference, 30.0, 1e-9);
    let out = space.ok(&["cascade", "store", "--arms", "run_id", "a1", "a2"]);
    assert!(out.contains("one pair, or one run in an arm, has no interval and no test"), "{out}");
    let wrong = space.run(&["cascade", "store", "--arms", "run_id", "a1", "a3"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("error: no run has run_id = `a3`") && wrong.stderr.contains("a1, a2")
    );
}

/// Welch's t tests by `scipy.stats.ttest_ind(equal_var=False)`, Holm over three pairs: a-b p = 1, a-c and b-c far below .05.
#[test]
fn rank_intervals_need_repeated_runs() {
    let mut rows = Vec::new();
    for (model, scores) in
        [("a", [80.0, 84.0, 79.0]), ("b", [81.0, 80.0, 82.5]), ("c", [20.0, 22.0, 19.0])]
    {
        for (i, score) in scores.iter().enumerate() {
            rows.push((model, format!("{model}{i}"), vec![*score]));
        }
    }
    rows.push(("d", "d0".to_owned(), vec![50.0]));
    let rows: Vec<(&str, &str, Vec<f64>)> =
        rows.iter().map(|(m, r, s)| (*m, r.as_str(), s.clone())).collect();
    let (_, cohort) = made(&rows);
    let ranks = RankIntervals::of(&cohort);
    let of: BTreeMap<&str, (usize, usize)> =
        ranks.rows.iter().map(|r| (r.model.as_str(), (r.best, r.worst))).collect();
    assert_eq!(of, BTreeMap::from([("a", (1, 2)), ("b", (1, 2)), ("c", (3, 3))]));
    assert_eq!(ranks.single, ["d"]);
    assert_eq!(ranks.rows[0].tied.len(), 1);
    let single = RankIntervals::of(&published());
    assert_eq!((single.rows.len(), single.single.len()), (0, 15));
}

#[test]
fn the_same_bytes_at_one_and_two_threads() {
    let space = Workspace::new();
    let store = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces");
    let store = store.display().to_string();
    let run = |threads: &str| {
        let mut command = space.command(&["cascade", &store, "--format", "json"]);
        command.env("RAYON_NUM_THREADS", threads).env("POLARS_MAX_THREADS", threads);
        command.output().expect("it runs").stdout
    };
    let one = run("1");
    assert!(!one.is_empty());
    assert_eq!(one, run("2"));
}

#[test]
fn causes_come_with_the_event_that_proves_them() {
    let space = Workspace::new();
    let demo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces/demo");
    let demo = demo.display().to_string();
    let out = space.ok(&["cascade", &demo, "--table", "failures", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let rows = rows.as_array().expect("rows");
    let of = |stage: u64| rows.iter().find(|r| r["stage"] == stage).expect("a failed stage");
    assert_eq!(
        (of(1)["cause"].as_str(), of(1)["evidence"].as_str()),
        (Some("gave_up"), Some("I stop here."))
    );
    assert_eq!(
        (of(2)["cause"].as_str(), of(2)["confidence"].as_str()),
        (Some("context_exhausted"), Some("high"))
    );
    let seq = of(2)["evidence_seq"].as_u64().expect("an event");
    let event = space.ok(&[
        "sql",
        &demo,
        &format!("SELECT kind, error_type FROM events WHERE seq = {seq}"),
        "--format",
        "csv",
    ]);
    assert!(event.lines().nth(1).is_some_and(|l| l.starts_with("llm_call,")), "{event}");
    let wrong = space.run(&["cascade", &demo, "--table", "failure"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("error: there is no table `failure`"), "{}", wrong.stderr);
}

#[test]
fn labels_of_people_are_compared_with_the_evidence() {
    let space = Workspace::new();
    let demo = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces/demo");
    let demo = demo.display().to_string();
    space.write(
        "labels.csv",
        "model,stage,cause\nscripted-model,1,wrong_answer\nscripted-model,2,context_exhausted\n",
    );
    let out = space.ok(&["cascade", &demo, "--labels", "labels.csv"]);
    assert!(
        out.contains("Cohen's kappa 0.33 over n = 2 stages: 50 % agree, 25 % would by chance"),
        "{out}"
    );
    assert!(out.contains("event 27: I stop here."), "{out}");
    space.write("bad.csv", "model,stage,cause\nscripted-model,1,bored\n");
    let bad = space.run(&["cascade", &demo, "--labels", "bad.csv"]);
    assert_eq!(bad.code, 1);
    assert!(bad.stderr.contains("bad.csv:2: "), "{}", bad.stderr);
    let missing = space.run(&["cascade", &demo, "--labels", "none.csv"]);
    assert_eq!(missing.code, 2);
}

/// Two models with golden inputs and without: 80 - 50 and 60 - 40, mean gain 25; t interval of two differences 30 and 20:
/// 25 +- 12.706205 * 5.
#[test]
fn the_gain_from_recovery_needs_both_arms() {
    let (_, mut cohort) = made(&[
        ("a", "a1", vec![100.0, 60.0]),
        ("b", "b1", vec![90.0, 30.0]),
        ("a", "a2", vec![100.0, 0.0]),
        ("b", "b2", vec![80.0, 0.0]),
    ]);
    let arm = |cohort: &mut Cohort, golden: bool| {
        for run in &mut cohort.runs {
            let free = run.run_id.ends_with('2') && !golden;
            run.protocol = Some(if free { "recovery-off" } else { "golden-inputs" }.to_owned());
        }
        Cascade::of(cohort, 60.0, &BTreeMap::new())
    };
    let both = arm(&mut cohort, false);
    let gain = both.recovery_gain.expect("a gain");
    assert_eq!(gain.n, 2);
    near(gain.difference, 25.0, 1e-9);
    let (low, high) = gain.interval.expect("an interval");
    near(Some(low), 25.0 - 12.706_204_736 * 5.0, 1e-6);
    near(Some(high), 25.0 + 12.706_204_736 * 5.0, 1e-6);
    assert_eq!(both.guard.artifacts_propagate, Some(true));
    let one = arm(&mut cohort, true);
    assert_eq!((one.recovery_gain, one.guard.artifacts_propagate), (None, Some(false)));
}

/// P, P, F, F, P, F: root 2, two later failures, two in a row from the root, not contained; by hand.
#[test]
fn root_reach_and_containment_by_hand() {
    let (_, cohort) = made(&[
        ("a", "r", vec![100.0, 80.0, 0.0, 10.0, 70.0, 0.0]),
        ("b", "s", vec![100.0, 0.0, 80.0, 80.0, 80.0, 80.0]),
    ]);
    let cascade = Cascade::of(&cohort, 60.0, &BTreeMap::new());
    let of = |i: usize| {
        let run = &cascade.runs[i];
        (run.root, run.blast_radius, run.depth, run.contained)
    };
    assert_eq!(of(0), (Some(2), Some(2), Some(2), Some(false)));
    assert_eq!(of(1), (Some(1), Some(0), Some(1), Some(true)));
}
