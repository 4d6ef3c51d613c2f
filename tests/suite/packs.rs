//! Metric packs: what they can say, and what is said of those that are wrong.

use crate::workspace::Workspace;
use ramptrace::metrics::{Level, MetricError, Pack, ParameterValue, Scores, evaluate};
use ramptrace::rollup::{MadeRun, Rollup};
use std::collections::BTreeMap;

/// Two runs of one workload and one of another, two stages each.
fn rollup() -> Rollup {
    let run = |id: &str, workload: &str, cost: f64, scores: [Option<f64>; 2]| MadeRun {
        run_id: id.to_owned(),
        workload: workload.to_owned(),
        model: format!("model-{id}"),
        numbers: [("cost_usd", cost), ("total_tokens", 100.0 * cost)].into(),
        stages: (0..)
            .zip(scores)
            .map(|(i, s)| (i, s.map(|s| ("score", s)).into_iter().collect::<BTreeMap<_, _>>()))
            .collect(),
    };
    Rollup::of_runs(&[
        run("a", "w", 1.0, [Some(100.0), Some(50.0)]),
        run("b", "w", 4.0, [Some(80.0), None]),
        run("c", "x", 0.0, [Some(0.0), Some(0.0)]),
    ])
    .expect("made rows")
}

fn pack(body: &str) -> Pack {
    Pack::parse("p.toml", &format!("[pack]\nname = \"p\"\n{body}")).expect("a pack")
}

fn metric(name: &str, level: &str, sql: &str) -> String {
    format!("[[metric]]\nname = \"{name}\"\nlevel = \"{level}\"\nsql = \"{sql}\"\ndoc = \"d\"\n")
}

fn scores(body: &str) -> Scores {
    evaluate(&pack(body), &rollup()).expect("scores")
}

fn problems(scores: &Scores) -> Vec<String> {
    scores.problems.iter().map(ToString::to_string).collect()
}

fn values(scores: &Scores, name: &str) -> Vec<Option<f64>> {
    let level = scores.pack.metric(name).expect("a metric").level;
    let frame = match level {
        Level::Stage => &scores.stages,
        Level::Run => &scores.runs,
        Level::Cohort => &scores.cohorts,
    };
    frame.numbers(name).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn metrics_of_every_level_see_columns_parameters_and_one_another() {
    let body = [
        "[parameters]\nhalf = 0.5\nweight = [3, 1]\nfactor = { by = \"model\", value = { model-a = 10 } }\n".to_owned(),
        // Used before it is defined: order does not matter.
        metric("share", "run", "best / NULLIF(best_of_all, 0)").replace("doc", "over = \"runs\"\ndoc"),
        metric("best", "run", "MAX(score)"),
        metric("best_of_all", "cohort", "MAX(best)"),
        metric("weighted", "run", "SUM(score * weight) / weight_sum"),
        metric("halved", "stage", "score * half"),
        metric("below_best", "stage", "best - score"),
        metric("half_counts", "run", "half * COUNT(score)"),
        metric("scaled", "run", "cost_usd * factor").replace("doc", "over = \"runs\"\ndoc"),
        metric("of_cohort", "run", "cost_usd / SUM(cost_usd)").replace("doc", "over = \"runs\"\ndoc").replace("SUM(cost_usd)", "NULLIF(SUM(cost_usd), 0)"),
        metric("of_run", "stage", "score / NULLIF(SUM(score), 0)"),
        metric("scored", "cohort", "COUNT(score)").replace("doc", "over = \"stages\"\ndoc"),
    ];
    let scores = scores(&body.concat());
    assert_eq!(problems(&scores), Vec::<String>::new());
    assert_eq!(values(&scores, "best"), [Some(100.0), Some(80.0), Some(0.0)]);
    assert_eq!(values(&scores, "best_of_all"), [Some(100.0), Some(0.0)]);
    assert_eq!(values(&scores, "share")[..2], [Some(1.0), Some(0.8)]);
    assert_eq!(values(&scores, "weighted"), [Some(87.5), Some(60.0), Some(0.0)]);
    assert_eq!(values(&scores, "halved")[..4], [Some(50.0), Some(25.0), Some(40.0), None]);
    assert_eq!(values(&scores, "below_best")[..4], [Some(0.0), Some(50.0), Some(0.0), None]);
    assert_eq!(values(&scores, "half_counts"), [Some(1.0), Some(0.5), Some(1.0)]);
    assert_eq!(values(&scores, "scaled"), [Some(10.0), None, None]);
    assert_eq!(values(&scores, "of_cohort"), [Some(0.2), Some(0.8), None]);
    assert_eq!(values(&scores, "of_run")[1], Some(50.0 * (1.0 / 150.0)));
    assert_eq!(values(&scores, "scored"), [Some(3.0), Some(2.0)]);
}

/// To the last bit: results are kept by run, so they must not depend on what else was scored.
#[test]
fn a_run_has_the_same_values_alone_and_among_others() {
    let all = rollup();
    let alone = all.only(&std::collections::BTreeSet::from(["a"])).expect("a run");
    for pack in [Pack::core().expect("core"), Pack::ramp().expect("ramp")] {
        let (all, alone) =
            (evaluate(&pack, &all).expect("all"), evaluate(&pack, &alone).expect("one"));
        assert_eq!(problems(&alone), Vec::<String>::new());
        for metric in alone.shown(Level::Run).filter(|m| !m.name.contains("cohort")) {
            let bits = |s: &Scores| values(s, &metric.name)[0].map(f64::to_bits);
            assert_eq!(bits(&all), bits(&alone), "{}", metric.name);
        }
        assert_eq!(alone.runs.height(), 1);
    }
    let third = pack(&metric("third", "run", "AVG(score) / 3"));
    let one = |rollup| values(&evaluate(&third, rollup).expect("scores"), "third")[0];
    assert_eq!(one(&all).map(f64::to_bits), one(&alone).map(f64::to_bits));
}

#[test]
fn a_gate_is_a_rule_over_any_metric() {
    let body = "[parameters]\nmark = 90\n\
        [[gate]]\nname = \"zero\"\nthreshold = \"mark\"\nfailing = \"zero\"\n\
        [[gate]]\nname = \"keep\"\nthreshold = 90\nfailing = \"keep\"\n\
        [[gate]]\nname = \"strict\"\nthreshold = 90\nrule = \"strict\"\nfailing = \"zero\"\n"
        .to_owned()
        + &metric("mean", "run", "AVG(score)")
        + &metric("double_mean", "run", "2 * mean").replace("doc", "over = \"runs\"\ndoc")
        + "[[metric]]\nname = \"zeroed\"\nof = \"double_mean\"\ngate = \"zero\"\n"
        + "[[metric]]\nname = \"kept\"\nof = \"double_mean\"\ngate = \"keep\"\n"
        + "[[metric]]\nname = \"strictly\"\nof = \"mean\"\ngate = \"strict\"\n";
    let scores = scores(&body);
    assert_eq!(problems(&scores), Vec::<String>::new());
    assert_eq!(values(&scores, "double_mean"), [Some(150.0), Some(160.0), Some(0.0)]);
    // The metric under a gate takes the metrics that it uses along.
    assert_eq!(values(&scores, "zeroed"), [Some(100.0), Some(0.0), Some(0.0)]);
    assert_eq!(values(&scores, "kept"), [Some(150.0), Some(80.0), Some(0.0)]);
    assert_eq!(values(&scores, "strictly"), [Some(50.0), Some(0.0), Some(0.0)]);
}

#[test]
fn each_error_is_exact_and_takes_nothing_else_along() {
    let body = [
        "[parameters]\ngate = 60\n".to_owned(),
        metric("good", "run", "AVG(score)"),
        metric("typo", "run", "AVG(scor)"),
        metric("unset", "run", "AVG(score * weight)"),
        metric("zero", "run", "total_tokens / cost_usd").replace("doc", "over = \"runs\"\ndoc"),
        metric("uses_typo", "run", "typo + good").replace("doc", "over = \"runs\"\ndoc"),
        metric("one", "run", "two").replace("doc", "over = \"runs\"\ndoc"),
        metric("two", "run", "one").replace("doc", "over = \"runs\"\ndoc"),
        metric("good", "run", "MIN(score)"),
        metric("gate", "run", "MIN(score)"),
        metric("score", "run", "MIN(score)"),
        metric("query", "run", "(SELECT MAX(score) FROM read_parquet('x.parquet'))"),
        metric("statement", "run", "DROP TABLE runs"),
        metric("list", "run", "score"),
        metric("text", "run", "model").replace("doc", "over = \"runs\"\ndoc"),
        metric("deep", "run", "best_stage").replace("doc", "over = \"runs\"\ndoc"),
        metric("best_stage", "stage", "score"),
        metric("types", "run", "AVG(score) + model").replace("doc", "over = \"runs\"\ndoc"),
        metric("fine", "run", "MAX(score)"),
    ];
    let scores = scores(&body.concat());
    let expected = [
        "p.toml:45: `good` is defined twice, first at p.toml:8",
        "p.toml:50: `gate` is defined twice: it is a parameter too",
        "p.toml:55: `score` is a column of the views; choose another name",
        "p.toml:13: metric `typo`: there is no column, parameter or metric `scor`, in `AVG(scor)`",
        "p.toml:18: metric `unset`: there is no column, parameter or metric `weight`, in `AVG(score * weight)`",
        "p.toml:29: metric `uses_typo`: uses `typo`, which cannot be computed",
        "p.toml:35: metric `one`: uses itself: one -> two -> one",
        "p.toml:62: metric `query`: `select` belongs to a query; a metric is one expression",
        "p.toml:67: metric `statement`: `drop` belongs to a query; a metric is one expression",
        "p.toml:83: metric `deep`: `best_stage` has a value per stage; use over = \"stages\" to aggregate it, in `best_stage`",
        "p.toml:72: metric `list`: gives a list per row; aggregate it, as in SUM(...) or MAX(...)",
    ];
    let found = problems(&scores);
    for expected in expected {
        assert!(found.iter().any(|f| f == expected), "{expected}\nnot in\n{}", found.join("\n"));
    }
    assert!(found.iter().any(|f| f.starts_with("p.toml:77: metric `text`: gives ")), "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("p.toml:94: metric `types`: ")), "{found:?}");
    // c costs nothing and has no tokens: 0/0.
    let zero = found.iter().find(|f| f.contains("metric `zero`")).expect("a division by zero");
    assert_eq!(
        zero,
        "p.toml:23: metric `zero`: is not a number (0/0, or a root or logarithm of a negative number) in 1 of 3 rows, first in run `c`"
    );
    assert_eq!(found.len(), 14, "{}", found.join("\n"));
    let typo = scores.problems.iter().find(|p| p.metric.as_deref() == Some("typo"));
    let hint = typo.and_then(|p| p.hint.clone()).expect("a hint");
    assert!(hint.starts_with("did you mean `score`? the columns here are "), "{hint}");
    assert!(hint.contains("agent, ") && hint.contains("gate, "), "{hint}");
    // Nothing else is lost.
    assert_eq!(values(&scores, "good"), [Some(75.0), Some(80.0), Some(0.0)]);
    assert_eq!(values(&scores, "zero"), [Some(100.0), Some(100.0), None]);
    assert_eq!(values(&scores, "fine"), [Some(100.0), Some(80.0), Some(0.0)]);
    let shown: Vec<&str> = scores.shown(Level::Run).map(|m| m.name.as_str()).collect();
    assert_eq!(shown, ["good", "zero", "fine"]);
}

#[test]
fn a_division_by_zero_names_the_line_the_run_and_the_way_out() {
    let sql = metric("ratio", "run", "1.0 / cost_usd").replace("doc", "over = \"runs\"\ndoc");
    let scores = scores(&sql);
    assert_eq!(
        problems(&scores),
        [
            "p.toml:6: metric `ratio`: is infinite (a division by zero) in 1 of 3 rows, first in run `c`"
        ]
    );
    let hint = scores.problems[0].hint.as_deref();
    assert_eq!(hint, Some("write NULLIF(divisor, 0) to get null there"));
    assert_eq!(values(&scores, "ratio"), [Some(1.0), Some(0.25), None]);
}

#[test]
fn the_line_of_a_long_expression_is_that_of_the_mistake() {
    let body = "[[metric]]\nname = \"m\"\nlevel = \"run\"\nsql = \"\"\"\nSUM(score)\n  / COUNT(scores)\n\"\"\"\ndoc = \"d\"\n";
    let scores = scores(body);
    assert_eq!(
        problems(&scores),
        [
            "p.toml:8: metric `m`: there is no column, parameter or metric `scores`, in `/ COUNT(scores)`"
        ]
    );
}

#[test]
fn packs_extend_packs_and_override_parameters() {
    let space = Workspace::new();
    let base = format!(
        "[pack]\nname = \"base\"\nrank_by = \"passed\"\n[parameters.mark]\nvalue = 60\nrole = \"gate\"\ndoc = \"the mark\"\n{}",
        metric("passed", "run", "SUM(CASE WHEN score >= mark THEN 1 ELSE 0 END)")
            .replace("doc", "better = \"higher\"\ndoc")
    );
    std::fs::write(space.path("base.toml"), base).expect("a file");
    let own = "[pack]\nname = \"own\"\nextends = [\"base.toml\"]\n[parameters]\nmark = 90\n"
        .to_owned()
        + &metric("spread", "run", "MAX(score) - MIN(score)");
    std::fs::write(space.path("own.toml"), own).expect("a file");
    let own = space.path("own.toml").display().to_string();
    let mut pack = Pack::load(&own).expect("a pack");
    assert_eq!(pack.parameters["mark"].value, ParameterValue::Scalar(90.0));
    assert_eq!(pack.parameters["mark"].doc, "the mark");
    assert_eq!(pack.ranking_metric().map(|m| m.name.as_str()), Some("passed"));
    let passed = |pack: &Pack| values(&evaluate(pack, &rollup()).expect("scores"), "passed");
    assert_eq!(passed(&pack), [Some(1.0), Some(0.0), Some(0.0)]);
    pack.set_text("mark = 50").expect("a value");
    assert_eq!(passed(&pack), [Some(2.0), Some(1.0), Some(0.0)]);
    let refused = |text: &str| {
        let error = pack.clone().set_text(text).expect_err("refused");
        format!("{error} | {}", error.hint().unwrap_or_default())
    };
    assert_eq!(
        refused("maark=1"),
        "the pack `own` has no parameter `maark` | its parameters are mark"
    );
    assert!(refused("mark").starts_with("`mark` sets nothing | write --set gate=100"));
    assert!(refused("mark=high").starts_with("`high` is not a number or an array of numbers"));
    assert!(refused("mark=\"high\"").starts_with("`mark`: `\"high\"` is not a finite number"));
    assert!(refused("mark=1\nother=2").contains("is not one value"));
}

#[test]
fn a_circle_of_packs_a_missing_pack_and_a_broken_one_are_errors() {
    let space = Workspace::new();
    for (name, parent) in [("a", "b"), ("b", "a")] {
        let text = format!("[pack]\nname = \"{name}\"\nextends = [\"{parent}.toml\"]\n");
        std::fs::write(space.path(&format!("{name}.toml")), text).expect("a file");
    }
    let load = |path: String| Pack::load(&path).expect_err("refused");
    let a = space.path("a.toml").display().to_string();
    assert!(load(a).to_string().contains("packs extend one another in a circle: "));
    let none = load("corr".to_owned());
    assert!(matches!(&none, MetricError::NoPack { name } if name == "corr"));
    assert_eq!(
        none.hint().as_deref(),
        Some("the built-in packs are core and ramp; any other name is the path of a TOML file")
    );
    let text = "[pack]\nname = \"p\"\n[[metric]]\nname = \"m\"\nlevl = \"run\"\n";
    let broken = Pack::parse("p.toml", text).expect_err("an unknown key");
    assert!(broken.to_string().starts_with("p.toml:5: unknown field `levl`"), "{broken}");
}
