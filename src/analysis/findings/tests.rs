//! Findings of made-up cohorts, whose counts are done by hand.

use super::super::failure::{
    Cause, CommonCause, Confidence, ErrorSignature, Label, RunAttribution, SignatureSource,
    StageFailure, common_causes,
};
use super::super::{
    Basis, Cascade, Cohort, CohortRun, Collapse, CostSpread, Frontier, RunCost, StageScore,
};
use super::{CohortResults, Finding, findings};
use crate::trace::{RunFacts, Usd};
use std::collections::BTreeMap;

const GATE: f64 = 60.0;

/// Model, cost and scores of a run.
type Made = (&'static str, Option<f64>, &'static [f64]);

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap())
}

fn cohort(runs: &[Made]) -> Cohort {
    let stage = |score: &f64| StageScore { score: Some(*score), ..StageScore::default() };
    let run = |(model, cost_usd, scores): &Made| CohortRun {
        run_id: format!("run-{model}"),
        model: (*model).to_owned(),
        protocol: None,
        vendor: None,
        color: None,
        label: (*model).to_owned(),
        cost_usd: *cost_usd,
        elapsed_s: None,
        mean_score: Some(scores.iter().sum::<f64>() / count(scores.len())),
        stages: (0..).zip(scores.iter().map(stage)).collect(),
    };
    let stages = (0..).take(runs.iter().map(|r| r.2.len()).max().unwrap_or(0)).collect();
    let runs = runs.iter().map(run).collect();
    Cohort { workload: "w".to_owned(), basis: Basis::Reported, stages, runs }
}

/// Costs spread evenly over the stages; those of `imputed` models stand in no log.
fn costs(cohort: &Cohort, imputed: &[&str]) -> BTreeMap<String, RunCost> {
    let cost = |run: &CohortRun| {
        let part = run.cost_usd.and_then(|c| Usd::from_f64(c / count(run.stages.len())));
        RunCost {
            run_id: run.run_id.clone(),
            cost_usd: run.cost_usd,
            exact: run.cost_usd.and_then(Usd::from_f64),
            priced_rows: 1,
            rows: 1,
            logged: !imputed.contains(&run.model.as_str()),
            by_stage: run.stages.keys().map(|s| (*s, part)).collect(),
            missing: run.cost_usd.is_none().then(|| "the log has no cost".to_owned()),
        }
    };
    cohort.runs.iter().map(|r| (r.run_id.clone(), cost(r))).collect()
}

/// The failures of every run, by one cause each.
fn attributed(cohort: &Cohort, cause: fn(&str) -> Cause) -> Vec<RunAttribution> {
    let label = |model: &str| Label {
        cause: cause(model),
        rule: "r".to_owned(),
        confidence: Confidence::High,
        evidence: Vec::new(),
        note: None,
    };
    let run = |run: &CohortRun| {
        let failure = |(stage, found): (&i64, &StageScore)| StageFailure {
            run_id: run.run_id.clone(),
            model: run.model.clone(),
            workload: "w".to_owned(),
            stage: *stage,
            score: found.score,
            status: None,
            primary: label(&run.model),
            contributing: Vec::new(),
            signature: None,
            context_limit: None,
        };
        let failed = run.stages.iter().filter(|(_, s)| s.score < Some(GATE));
        let failures = failed.map(failure).collect();
        let (run_id, workload) = (run.run_id.clone(), "w".to_owned());
        let run = RunFacts { run_id, workload, ..RunFacts::default() };
        RunAttribution { run, gate: GATE, stages: Vec::new(), failures }
    };
    cohort.runs.iter().map(run).collect()
}

fn told(
    cohort: &Cohort,
    imputed: &[&str],
    cause: fn(&str) -> Cause,
    shared: &[CommonCause],
) -> Vec<Finding> {
    let costs = costs(cohort, imputed);
    findings(&CohortResults {
        cohort,
        gate: GATE,
        collapse: Collapse::of(cohort, GATE).as_ref(),
        spread: &CostSpread::of(cohort).unwrap(),
        factors: &[],
        frontier: &Frontier::of(cohort, None),
        cascade: &Cascade::of(cohort, GATE, &costs),
        attributed: &attributed(cohort, cause),
        shared,
        costs: &costs,
    })
}

fn named<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    findings.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no finding {name}"))
}

/// The text with blanks that break.
fn plain(text: &str) -> String {
    text.replace('\u{a0}', " ")
}

const SIX: &[Made] = &[
    ("a", Some(1.0), &[100.0, 100.0, 100.0]),
    ("b", Some(2.0), &[100.0, 0.0, 80.0]),
    ("c", Some(4.0), &[100.0, 0.0, 0.0]),
    ("d", Some(8.0), &[100.0, 0.0, 0.0]),
    ("e", Some(16.0), &[100.0, 50.0, 10.0]),
    ("f", None, &[100.0, 0.0, 70.0]),
];

fn wrong(_: &str) -> Cause {
    Cause::WrongAnswer
}

/// Limits of 6/6, 3/6 and 1/6: `statsmodels.stats.proportion.proportion_confint(method="wilson")`.
#[test]
fn completion_tells_both_ends_and_the_low_point() {
    let found = told(&cohort(SIX), &[], wrong, &[]);
    let finding = named(&found, "completion");
    assert_eq!(plain(&finding.lead), "100 % → 50 %");
    assert_eq!(
        plain(&finding.text),
        "At stage 0, 100 % (61 to 100 %, 6 of 6) of the runs pass; at stage 2, 50 % (18.8 to 81.2 %, 3 of 6). \
         The low point is not the end but stage 1, with 16.7 % (3 to 56.4 %, 1 of 6)."
    );
    assert!(finding.basis.contains("gate 60 points") && finding.basis.contains("Wilson 95 %"));
    let whole = named(&found, "pipeline");
    assert_eq!(
        plain(&whole.text),
        "1 run passes every stage: 16.7 % (3 to 56.4 %, 1 of 6). It is a."
    );
}

/// The costs are 2^0 to 2^4, so that their logarithms have the SD sqrt(2.5) ln 2. In failed stages: a third of 2, two
/// thirds of 4, 8 and 16.
#[test]
fn money_is_compared_shared_out_and_doubted() {
    let found = told(&cohort(SIX), &["e"], wrong, &[]);
    let spread = named(&found, "spread");
    assert_eq!(spread.lead, "16.0×");
    let dearest = "The dearest run, e ($16.00), costs 16.0 times the cheapest, a ($1.00).";
    assert!(spread.text.starts_with(dearest), "{}", spread.text);
    assert!(spread.text.contains("geometric standard deviation is 2.99 ("), "{}", spread.text);
    assert!(spread.basis.contains("n = 5 priced of 6 runs"), "{}", spread.basis);
    assert!(spread.basis.contains("BCa bootstrap over runs"), "{}", spread.basis);
    let failed = named(&found, "failed_cost");
    assert_eq!(plain(&failed.lead), "62.4 %");
    assert!(failed.text.starts_with("Stages that failed took $19.33 of $31.00"), "{}", failed.text);
    let end = "in the 5 runs whose cost is known stage by stage. Run by run it is 0 % to 66.7 %.";
    assert!(plain(&failed.text).ends_with(end), "{}", failed.text);
    let doubt = named(&found, "unknown_costs");
    assert_eq!(doubt.lead, "2 of 6 runs");
    assert!(doubt.text.contains("f (the log has no cost)"), "{}", doubt.text);
    assert!(doubt.text.contains("The cost of e stands in no log"), "{}", doubt.text);
    let best = "a (Mean stage score 100.0 for $1.00) is the cheapest run and the best";
    assert!(named(&found, "frontier").text.starts_with(best));
}

/// After a failure 3 of 5 fail (b and f recover), after a pass 5 of 7 (a goes on twice).
#[test]
fn failures_are_associated_and_have_causes() {
    let cause = |model: &str| if model == "c" { Cause::Loop } else { Cause::WrongAnswer };
    let found = told(&cohort(SIX), &[], cause, &[]);
    let cascade = named(&found, "cascade");
    assert_eq!(cascade.lead, "0.84×");
    assert!(cascade.text.contains("Association, not effect"), "{}", cascade.text);
    let causes = named(&found, "causes");
    assert_eq!(plain(&causes.lead), "wrong answer, 75 %");
    let commonest = "The commonest cause of the 8 failed stages is “wrong answer”: 6 of 8";
    assert!(causes.text.starts_with(commonest), "{}", causes.text);
    assert!(causes.text.ends_with("Next: loop (2)."), "{}", causes.text);
    assert!(causes.basis.contains("bootstrap over runs"), "{}", causes.basis);
}

#[test]
fn causes_that_a_trace_does_not_tell_are_said_to_be_unknown() {
    let found = told(&cohort(SIX), &[], |_| Cause::Unknown, &[]);
    let causes = named(&found, "causes");
    assert_eq!(causes.lead, "unknown");
    assert!(causes.text.contains("why any of the 8 failed stages failed"), "{}", causes.text);
}

#[test]
fn one_run_has_no_interval_and_says_so() {
    let one = cohort(&[("a", Some(0.5), &[100.0, 0.0])]);
    let found = told(&one, &[], wrong, &[]);
    assert_eq!(
        named(&found, "completion").text,
        "The one scored run passes 1 of 2 stages; n = 1, so there is no rate and no interval."
    );
    assert!(named(&found, "pipeline").text.contains("n = 1, no interval"));
    assert!(named(&found, "spread").text.contains("n = 1, so there is no spread"));
    assert!(named(&found, "failed_cost").basis.ends_with("n = 1, no interval"));
    assert!(named(&found, "causes").basis.ends_with("n = 1, no interval"));
    assert!(found.iter().all(|f| f.name != "cascade" && f.name != "frontier"));
    assert!(found.iter().all(|f| !f.text.contains(" to ")), "an interval was invented");
}

#[test]
fn nothing_known_is_nothing_told() {
    assert_eq!(told(&cohort(&[]), &[], wrong, &[]), []);
}

#[test]
fn every_finding_names_its_gate_or_its_basis() {
    for runs in [SIX, &SIX[..1], &SIX[..2]] {
        let found = told(&cohort(runs), &["b"], wrong, &[]);
        assert!(found.len() > 3);
        for finding in found {
            let named = ["gate 60 points", "cost basis reported"];
            assert!(named.iter().any(|n| finding.basis.contains(n)), "{finding:?}");
        }
    }
}

#[test]
fn an_error_of_several_runs_is_told_and_that_of_one_is_not() {
    let made = cohort(SIX);
    let mut runs = attributed(&made, wrong);
    for (run, text) in runs.iter_mut().zip(["", "", "no header", "no header", "other", ""]) {
        for failure in run.failures.iter_mut().filter(|f| f.stage == 2 && !text.is_empty()) {
            failure.signature = Some(ErrorSignature {
                text: text.to_owned(),
                line: text.to_owned(),
                seq: 1,
                source: SignatureSource::Grader,
            });
        }
    }
    let found = told(&made, &[], wrong, &common_causes(&runs, None));
    let shared = named(&found, "shared_error");
    assert_eq!(shared.lead, "2 of 3 runs");
    let start = "Of the runs that failed stage 2, 66.7 % (20.8 to 93.9 %, 2 of 3) stop at the same error: “no header”.";
    assert!(plain(&shared.text).starts_with(start), "{}", shared.text);
    let alone = common_causes(&runs[4..], None);
    assert!(told(&made, &[], wrong, &alone).iter().all(|f| f.name != "shared_error"));
}
