//! Every verdict, over made runs.

use super::*;
use crate::rollup::{MadeRun, Rollup};

/// Three runs of `w` with two stages, and one of `x`.
fn rollup() -> Rollup {
    let run = |model: &str, workload: &str, cost: Option<f64>, scores: [Option<f64>; 2]| MadeRun {
        run_id: format!("run-{model}"),
        workload: workload.to_owned(),
        model: model.to_owned(),
        numbers: cost.map(|c| ("cost_usd", c)).into_iter().chain([("llm_calls", 10.0)]).collect(),
        stages: (0..)
            .zip(scores)
            .map(|(i, s)| (i, s.map(|s| ("score", s)).into_iter().collect()))
            .collect(),
    };
    Rollup::of_runs(&[
        run("a", "w", Some(10.0), [Some(100.0), Some(50.0)]),
        run("b", "w", Some(0.046), [Some(80.0), Some(70.0)]),
        run("c", "w", None, [Some(40.0), Some(90.0)]),
        run("d", "x", Some(1.0), [Some(0.0), None]),
    ])
    .unwrap()
}

fn check(text: &str) -> Vec<ClaimResult> {
    let file = ClaimsFile::parse("c.toml", text).unwrap();
    verify(&file, &rollup(), &[]).unwrap()
}

/// The result of one claim about workload `w`.
fn one(body: &str) -> ClaimResult {
    let head = "[claims]\nname = \"c\"\nworkload = \"w\"\n";
    let text = format!("{head}[[claim]]\nid = \"a\"\nquote = \"q\"\n{body}\n");
    check(&text).remove(0)
}

fn verdict(body: &str) -> (Verdict, String) {
    let result = one(body);
    (result.verdict, result.explanation)
}

fn said(verdict: Verdict, why: &str) -> (Verdict, String) {
    (verdict, why.to_owned())
}

#[test]
fn a_value_agrees_within_its_tolerance() {
    let result = one("sql = \"AVG(cost_usd)\"\npublished = 5.02");
    assert_eq!(
        (result.verdict, result.explanation.as_str()),
        (Verdict::Agrees, "equal to the printed digits")
    );
    assert_eq!(result.recomputed, Some(ClaimValue::Number(5.023)));
    assert!((result.difference.unwrap() - 0.003).abs() < 1e-12);
    assert_eq!(result.runs, Some(3));
    assert_eq!(
        verdict("sql = \"MAX(cost_usd)\"\npublished = 9\ntolerance = 1"),
        said(Verdict::Agrees, "within 1")
    );
    assert_eq!(
        verdict("sql = \"MAX(cost_usd)\"\npublished = 8\ntolerance = { relative = 0.25 }"),
        said(Verdict::Agrees, "within 25 %")
    );
    assert_eq!(
        verdict("sql = \"MAX(cost_usd) > 5\"\npublished = true"),
        said(Verdict::Agrees, "equal")
    );
    assert_eq!(verdict("sql = \"MAX(model)\"\npublished = \"c\""), said(Verdict::Agrees, "equal"));
    assert_eq!(
        verdict("sql = \"MAX(cost_usd)\"\npublished = 11\ncomparison = \"less\""),
        said(Verdict::Agrees, "less than that")
    );
}

#[test]
fn a_value_disagrees_by_so_much() {
    assert_eq!(
        verdict("sql = \"MAX(cost_usd)\"\npublished = 9.5"),
        said(Verdict::Disagrees, "0.5000 higher than published")
    );
    assert_eq!(
        verdict(
            "sql = \"SELECT score FROM stages WHERE stage = 0 ORDER BY model\"\npublished = [100, 90, 41]"
        ),
        said(Verdict::Disagrees, "up to 10 lower than published")
    );
    assert_eq!(
        verdict("sql = \"MAX(model)\"\npublished = \"b\""),
        said(Verdict::Disagrees, "another value")
    );
    assert_eq!(
        verdict("sql = \"MAX(cost_usd)\"\npublished = 10\ncomparison = \"greater\""),
        said(Verdict::Disagrees, "not more than that")
    );
}

#[test]
fn rounded_inputs_are_told_from_wrong_numbers() {
    let ratio = "sql = \"MAX(cost_usd) / MIN(cost_usd)\"\npublished = 200\nrounded_from = ";
    let result = one(&format!("{ratio}\"ROUND(MAX(cost_usd), 2) / ROUND(MIN(cost_usd), 2)\""));
    assert_eq!(result.verdict, Verdict::Rounding);
    assert_eq!(result.explanation, "follows from rounded inputs (200); unrounded it is 217.4");
    assert_eq!(result.rounded, Some(ClaimValue::Number(200.0)));
    assert!((result.recomputed.unwrap().number().unwrap() - 10.0 / 0.046).abs() < 1e-9);
    assert_eq!(
        verdict(&format!("{ratio}\"ROUND(MAX(cost_usd), 1) / ROUND(MIN(cost_usd), 1)\"")).1,
        "17.39 higher than published, and rounded inputs do not explain it"
    );
    let right = "sql = \"MAX(cost_usd)\"\npublished = 10\nrounded_from = \"nonsense(\"";
    assert_eq!(verdict(right).0, Verdict::Agrees, "nobody looks at it");
}

#[test]
fn what_a_store_cannot_say_is_not_testable() {
    for (body, expected) in [
        ("published = 1\nneeds = [\"raw logs\"]", "needs raw logs"),
        ("published = 1\nsql = \"1\"\nworkload = \"y\"", "the store has no run of `y`"),
        ("published = 1\nsql = \"1\"\nmodels = [\"a\", \"e\"]", "the store has no run of e"),
        ("published = 1\nsql = \"1\"\nmodels = [\"a\"]\nwithout = [\"a\"]", "no run is left"),
        ("published = 1\nsql = \"1\"\nruns = 15", "is about 15 runs, here are 3"),
        ("published = 1\nsql = \"MAX(elapsed_s)\"", "the value is unknown in this store"),
        (
            "published = 1\nsql = \"MAX(score)\"\nover = \"stages\"\nneeds = [\"scores\", \"tests\"]",
            "the store has no counts of tests",
        ),
        (
            "published = 1\nmeasure = \"r2\"\nof = [\"llm_calls\", \"cost_usd\"]",
            "r2 is undefined for 2 rows",
        ),
        ("published = 1\nmeasure = \"collapse_survival\"\nat = [7]", "no run has stage 7"),
        (
            "published = [10, 1]\nsql = \"SELECT cost_usd FROM runs WHERE model <> 'b' ORDER BY model\"",
            "1 of 2 values is unknown in this store",
        ),
    ] {
        assert_eq!(verdict(body), said(Verdict::NotTestable, expected), "{body}");
    }
}

#[test]
fn an_error_has_file_line_and_claim() {
    for (body, expected) in [
        (
            "published = 1\nsql = \"MAX(cost)\"",
            "c.toml:8: claim `a`: the query failed: not found: unable to find column \"cost\"",
        ),
        (
            "published = 1\nsql = \"MAX(model)\"",
            "c.toml:8: claim `a`: gives a text where a number was published",
        ),
        (
            "published = true\nsql = \"MAX(cost_usd)\"",
            "c.toml:8: claim `a`: gives a number where a truth was published",
        ),
        (
            "published = [1, 2]\nsql = \"llm_calls\"",
            "c.toml:8: claim `a`: gives 3 values where 2 were published",
        ),
        (
            "published = 1\nsql = \"llm_calls, cost_usd\"",
            "c.toml:8: claim `a`: the query gives 3 rows of 2 columns; a claim is one row or one column",
        ),
        (
            "published = 1\nsql = \"SELECT llm_calls FROM runs WHERE cost_usd > 99\"",
            "c.toml:8: claim `a`: the query gives no row",
        ),
        ("published = 1\nsql = \"SELECT 1; SELECT 2\"", "c.toml:8: claim `a`: the query failed: "),
        (
            "published = 1\nsql = \"SELECT * FROM secrets\"",
            "c.toml:8: claim `a`: the query failed: relation 'secrets' was not found",
        ),
        (
            "published = 1\nsql = \"SELECT * FROM '/etc/passwd'\"",
            "c.toml:8: claim `a`: the query failed: relation '/etc/passwd' was not found",
        ),
        (
            "published = 1\nmeasure = \"r2\"\nsql = \"SELECT llm_calls FROM runs\"",
            "c.toml:9: claim `a`: the query gives 1 columns; r2 takes 2",
        ),
        (
            "published = 1\nmeasure = \"mean\"\nof = [\"model\"]",
            "c.toml:5: claim `a`: `of`: x is no number",
        ),
        (
            "published = 7\nsql = \"MAX(cost_usd)\"\nrounded_from = \"MAX(model)\"",
            "c.toml:8: claim `a`: `rounded_from`: gives a text where a number was published",
        ),
    ] {
        let (verdict, why) = verdict(body);
        assert_eq!(verdict, Verdict::Error, "{body}: {why}");
        assert!(why.starts_with(expected), "{body}\n{why}");
    }
    let two = check(
        "[claims]\nname = \"c\"\n[[claim]]\nid = \"a\"\nquote = \"q\"\nsql = \"1\"\npublished = 1\n",
    );
    assert_eq!(
        two[0].explanation,
        "c.toml:6: claim `a`: the store has several workloads; choose one with workload = \"...\": w, x"
    );
}

#[test]
fn a_broken_claim_is_a_result_and_fails_the_file() {
    let claim = |id: &str, rest: &str| format!("[[claim]]\nid = \"{id}\"\nquote = \"q\"\n{rest}\n");
    let text = [
        "[claims]\nname = \"c\"\nworkload = \"w\"\n".to_owned(),
        claim("broken", "published = 1"),
        claim("wrong", "published = 1\nsql = \"MAX(cost_usd)\""),
        claim("must", "published = 1\nsql = \"MAX(cost_usd)\"\nmust = true"),
        claim("unsaid", "published = 1\nneeds = [\"logs\"]\nmust = true"),
        claim("right", "published = 10\nsql = \"MAX(cost_usd)\"\nmust = true"),
    ];
    let results = check(&text.concat());
    let found: Vec<_> = results.iter().map(|r| (r.id.as_str(), r.verdict, r.fails())).collect();
    assert_eq!(
        found,
        [
            ("broken", Verdict::Error, true),
            ("wrong", Verdict::Disagrees, false),
            ("must", Verdict::Disagrees, true),
            ("unsaid", Verdict::NotTestable, true),
            ("right", Verdict::Agrees, false),
        ]
    );
}

#[test]
fn rows_without_a_value_are_left_out_and_counted() {
    assert_eq!(
        verdict("published = 5.023\nmeasure = \"median\"\nof = [\"cost_usd\"]"),
        said(Verdict::Agrees, "equal to the printed digits; 1 row has no value and is left out")
    );
}

#[test]
fn filters_choose_runs_before_metrics_look_at_the_cohort() {
    let share = "sql = \"SELECT MAX(aei_cohort) IS NULL FROM runs\"\npublished = true";
    assert_eq!(verdict(share).0, Verdict::Agrees);
    let mean = |rest: &str| {
        one(&format!("sql = \"AVG(pipeline_score)\"\npublished = 75\n{rest}")).recomputed
    };
    assert_eq!(mean("models = [\"a\", \"b\"]"), Some(ClaimValue::Number(75.0)));
    assert_eq!(mean("without = [\"c\"]"), Some(ClaimValue::Number(75.0)));
    assert_eq!(
        mean("without = [\"nobody\"]"),
        Some(ClaimValue::Number((75.0 + 75.0 + 65.0) / 3.0))
    );
    assert_eq!(mean("models = [\"a\", \"b\"]\nwithout = [\"b\"]"), Some(ClaimValue::Number(75.0)));
    assert_eq!(mean("workload = \"x\""), Some(ClaimValue::Number(0.0)));
}

#[test]
fn collapse_curves_are_lists_by_stage() {
    let rates = |measure: &str, rest: &str| {
        let body = format!("measure = \"collapse_{measure}\"\npublished = [0, 0]\n{rest}");
        one(&body).recomputed.unwrap().to_string()
    };
    let third = 1.0 / 3.0;
    assert_eq!(rates("marginal", ""), format!("{0}, {0}", 2.0 / 3.0));
    assert_eq!(rates("survival", ""), format!("{}, {third}", 2.0 / 3.0));
    assert_eq!(rates("conditional", "at = [1, 0]"), format!("0.5, {}", 2.0 / 3.0));
    assert_eq!(rates("marginal", "gate = 100.0"), format!("{third}, 0"));
}

#[test]
fn packs_share_columns_under_their_names_and_take_settings() {
    let head = "[claims]\nname = \"c\"\nworkload = \"w\"\npacks = [\"ramp\", \"core\"]\nset = [\"pass_mark=90\"]\n";
    let claim = "[[claim]]\nid = \"a\"\nquote = \"q\"\nsql = \"SUM(stages_passed), SUM(tokens) IS NULL AS t\"\npublished = [2, true]\n";
    let result = check(&format!("{head}{claim}")).remove(0);
    assert_eq!(result.verdict, Verdict::Agrees, "{}", result.explanation);
}
