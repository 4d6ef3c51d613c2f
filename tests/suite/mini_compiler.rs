//! The compiler pipeline of `sample-traces/`, worked through for real by scripted models of differing skill, once with
//! recovery and once without: what the scripts say must be what the analysis finds.

use super::recorded::Recorded;
use super::workspace::Workspace;
use ramptrace::trace::{Event, Kind, StageStatus};
use serde_json::Value;
use std::path::Path;

/// What a script comes to: scores without recovery, scores with it, and why the first failed stage failed.
struct Script {
    model: &'static str,
    alone: [f64; 6],
    recovered: [f64; 6],
    cause: Option<(i64, &'static str)>,
}

const fn script(
    model: &'static str,
    alone: [f64; 6],
    recovered: [f64; 6],
    cause: Option<(i64, &'static str)>,
) -> Script {
    Script { model, alone, recovered, cause }
}

const ALL: [f64; 6] = [100.0; 6];

/// Of the sloppy model, only the first failure is its own; what builds on its lexer fails with it.
const SCRIPTS: [Script; 7] = [
    script("solid", ALL, ALL, None),
    script(
        "sloppy",
        [100.0, 50.0, 45.45, 18.18, 20.0, 21.43],
        [100.0, 50.0, 100.0, 100.0, 100.0, 100.0],
        Some((1, "gave_up")),
    ),
    script("gives-up", UP_TO_T2, UP_TO_T2, Some((3, "gave_up"))),
    script(
        "breaks-the-build",
        UP_TO_T2,
        [100.0, 100.0, 100.0, 0.0, 100.0, 100.0],
        Some((3, "build_broken")),
    ),
    script(
        "loops",
        [100.0, 100.0, 0.0, 0.0, 0.0, 0.0],
        [100.0, 100.0, 0.0, 0.0, 0.0, 0.0],
        Some((2, "budget_exhausted")),
    ),
    script(
        "overruns",
        [100.0, 100.0, 100.0, 100.0, 0.0, 0.0],
        [100.0, 100.0, 100.0, 100.0, 0.0, 0.0],
        Some((4, "budget_exhausted")),
    ),
    script("flaky", ALL, ALL, None),
];

const UP_TO_T2: [f64; 6] = [100.0, 100.0, 100.0, 0.0, 0.0, 0.0];

const GATE: f64 = 60.0;

fn mean(scores: &[f64; 6]) -> f64 {
    scores.iter().sum::<f64>() / 6.0
}

fn close(found: f64, expected: f64, within: f64, what: &str) {
    assert!((found - expected).abs() <= within, "{what}: {found}, not {expected}");
}

/// Records every model in both arms.
fn record_all(space: &Workspace) {
    let pipeline = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/mini-compiler");
    let (pipeline, models) =
        (pipeline.display().to_string(), pipeline.join("models").display().to_string());
    for (name, recovery) in [("alone", "never"), ("recovered", "on-failure")] {
        let mut args = vec![
            "record",
            "-q",
            "--pipeline",
            &pipeline,
            "--agent",
            "scripted",
            "--mock",
            &models,
            "--jobs",
            "2",
            "-o",
            "store",
            "--recovery",
            recovery,
            "--name",
            name,
        ];
        for script in &SCRIPTS {
            args.extend(["--model", script.model]);
        }
        space.ok(&args);
    }
}

#[test]
fn scripted_models_fail_spread_and_recover_as_their_scripts_say() {
    let space = Workspace::new();
    record_all(&space);
    for script in &SCRIPTS {
        let alone = Recorded::of(&space, &format!("alone-{}", script.model));
        scores_are(&alone, &script.alone, script.model);
        let recovered = Recorded::of(&space, &format!("recovered-{}", script.model));
        scores_are(&recovered, &script.recovered, script.model);
        recoveries_are(&recovered, script);
        assert!(alone.events.iter().all(|e| e.kind != Kind::Recovery));
    }
    statuses(&space);
    incidents(&space);
    let tables = space.ok(&["cascade", "store", "--format", "json"]);
    let tables: Value = serde_json::from_str(&tables).expect("JSON");
    cascades(&tables);
    gain(&tables);
    causes(&tables);
    assert!(space.ok(&["store", "check", "store"]).is_empty());
}

fn scores_are(run: &Recorded, expected: &[f64; 6], model: &str) {
    let results: Vec<&Event> = run.events.iter().filter(|e| e.kind == Kind::StageResult).collect();
    assert_eq!(results.len(), 6, "{model}");
    for (event, expected) in results.iter().zip(expected) {
        let what = format!("{model}, stage {:?}", event.stage);
        close(event.score.expect("a score"), *expected, 0.006, &what);
        assert_eq!(event.passed, Some(*expected >= GATE), "{what}");
    }
}

/// Golden artifacts are put in place after each failed stage but the last.
fn recoveries_are(run: &Recorded, script: &Script) {
    let found: Vec<i64> =
        run.events.iter().filter(|e| e.kind == Kind::Recovery).filter_map(|e| e.stage).collect();
    let failed = (0..5).filter(|stage| script.recovered[*stage] < GATE);
    let failed: Vec<i64> = failed.map(|stage| i64::try_from(stage).expect("few")).collect();
    assert_eq!(found, failed, "{}", script.model);
}

/// A zero has its reasons.
fn statuses(space: &Workspace) {
    use StageStatus::{Failed, NoTests, NotAttempted, Passed, Recovered as Again};
    let of =
        |run: &str| Recorded::of(space, run).statuses().into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(of("alone-sloppy"), [Passed, Failed, Failed, Failed, Failed, Failed]);
    assert_eq!(of("recovered-sloppy"), [Passed, Failed, Again, Passed, Passed, Passed]);
    assert_eq!(of("alone-gives-up"), [Passed, Passed, Passed, Failed, Failed, Failed]);
    assert_eq!(of("alone-breaks-the-build"), [Passed, Passed, Passed, NoTests, NoTests, NoTests]);
    assert_eq!(of("recovered-breaks-the-build"), [Passed, Passed, Passed, NoTests, Again, Passed]);
    let never = NotAttempted;
    let loops = of("alone-loops");
    assert_eq!(loops, [Passed, Passed, Failed, never, never, never]);
    assert_eq!(of("alone-overruns")[5], never);
}

/// Every kind of event has happened for real.
fn incidents(space: &Workspace) {
    let flaky = Recorded::of(space, "alone-flaky").events;
    let errors: Vec<&str> = flaky.iter().filter_map(|e| e.error_type.as_deref()).collect();
    assert_eq!(errors.iter().filter(|e| **e == "rate_limit").count(), 2, "{errors:?}");
    assert_eq!(errors.len(), 4, "{errors:?}");
    assert!(flaky.iter().any(|e| e.kind == Kind::AttemptResult && e.stage == Some(3)));
    let loops = Recorded::of(space, "alone-loops").events;
    assert!(loops.iter().filter_map(|e| e.identical_streak).max() >= Some(40), "it repeats itself");
    let solid = Recorded::of(space, "alone-solid").events;
    assert!(
        solid.iter().any(|e| e.exit_code == Some(0))
            && solid.iter().any(|e| e.cache_read_tokens > Some(0))
    );
    let broken = Recorded::of(space, "alone-breaks-the-build").events;
    assert!(broken.iter().any(|e| e.exit_code.is_some_and(|code| code != 0)), "rustc says no");
    let cost = |run: &str| -> f64 {
        let events = Recorded::of(space, run).events;
        events.iter().filter_map(|e| e.cost_usd).map(ramptrace::trace::Usd::to_f64).sum()
    };
    assert!(cost("alone-overruns") > 5.0);
    assert!(
        cost("alone-overruns") / cost("alone-sloppy") > 500.0,
        "almost three orders of magnitude"
    );
}

/// The first failure of each run, how many follow, and whether it was contained.
fn cascades(tables: &Value) {
    for script in &SCRIPTS {
        for (arm, scores) in [("alone", &script.alone), ("recovered", &script.recovered)] {
            let run = format!("{arm}-{}", script.model);
            let rows = tables["cascade"].as_array().expect("rows");
            let row = rows.iter().find(|row| row["run_id"] == run.as_str()).expect("the run");
            let failed: Vec<usize> = (0..6).filter(|stage| scores[*stage] < GATE).collect();
            let root = failed.first().map_or(Value::Null, |root| Value::from(*root));
            assert_eq!(row["root"], root, "{run}");
            if let Some(root) = failed.first() {
                assert_eq!(row["blast_radius"], failed.len() - 1, "{run}");
                let contained = *root < 5 && scores[root + 1] >= GATE;
                assert_eq!(row["contained"], contained, "{run}");
            }
        }
    }
}

/// What recovery is worth, from two arms that were both run: the mean over models of the difference of mean scores.
fn gain(tables: &Value) {
    let differences = SCRIPTS.iter().map(|s| mean(&s.recovered) - mean(&s.alone));
    let expected = differences.sum::<f64>() / 7.0;
    assert!(expected > 10.0);
    let rows = tables["cascade_effects"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["measure"] == "gain from recovery").expect("the gain");
    close(row["value"].as_f64().expect("a number"), expected, 0.01, "the gain");
    assert!(row["method"].as_str().expect("a method").contains("n = 7"), "{row}");
}

/// Why the first failed stage of each run failed.
fn causes(tables: &Value) {
    let rows = tables["failures"].as_array().expect("rows");
    for script in &SCRIPTS {
        for arm in ["alone", "recovered"] {
            let run = format!("{arm}-{}", script.model);
            let first = rows.iter().find(|row| row["run_id"] == run.as_str());
            let found = first.map(|row| {
                (row["stage"].as_i64().expect("a stage"), row["cause"].as_str().expect("a cause"))
            });
            assert_eq!(found, script.cause, "{run}: {first:?}");
        }
    }
}
