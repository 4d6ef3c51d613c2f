//! `ramptrace verify --claims`: the published numbers of the sample store, each with its verdict, and what the command says.

use crate::real_data::ramp_or_skip;
use crate::workspace::{Workspace, import_all, store};
use ramptrace::analysis::claims::{ClaimResult, ClaimValue, ClaimsFile, Verdict, verify};
use ramptrace::rollup::roll_up;
use ramptrace::trace::Store;
use serde_json::Value;
use std::path::PathBuf;

const CLAIMS: &str = "sample-traces/ramp-2605.27492/claims.toml";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn claims() -> ClaimsFile {
    ClaimsFile::load(&root().join(CLAIMS)).expect("the claims")
}

/// The claims against the published table. The folder of the store holds the claims file too.
fn results() -> Vec<ClaimResult> {
    let files =
        Store::open(&root().join("sample-traces/ramp-2605.27492")).expect("the store").files();
    verify(&claims(), &roll_up(&files).expect("a rollup"), &files).expect("verdicts")
}

/// Each claim with the verdict that recomputing it from the published data by other means gave.
const VERDICTS: &[(&str, &str)] = &[
    ("models-assessed", "agrees"),
    ("completion-end-points", "agrees"),
    ("completion-falls", "disagrees"),
    ("none-completes-at-60", "disagrees"),
    ("none-completes-at-100", "agrees"),
    ("cost-spread", "rounding"),
    ("limits-not-reached", "agrees"),
    ("agent-backends", "disagrees"),
    ("one-gateway", "disagrees"),
    ("mean-pl", "agrees"),
    ("pl-column", "agrees"),
    ("kimi-k2.5-t2", "disagrees"),
    ("kimi-k2.6-cost", "rounding"),
    ("all-fail-once", "agrees"),
    ("first-four-passed", "disagrees"),
    ("drop-t1-t3", "disagrees"),
    ("collapsed-after-t1", "disagrees"),
    ("context-among-late-failures", "disagrees"),
    ("ended-by-context", "disagrees"),
    ("context-limits", "agrees"),
    ("e2e-prs-gpt-5.5", "agrees"),
    ("e2e-prs-gpt-5.5-as-defined", "disagrees"),
    ("e2e-prs-deepseek-v4-pro", "agrees"),
    ("median-gating-drop", "disagrees"),
    ("r2-time", "disagrees"),
    ("r2-cost", "disagrees"),
    ("r2-log-cost", "disagrees"),
    ("dearest-gain-10", "disagrees"),
    ("dearest-gain-26", "agrees"),
    ("dearest-over-deepseek-chat", "rounding"),
    ("coder-flash-numbers", "agrees"),
    ("coder-flash-completes", "disagrees"),
    ("rounds", "agrees"),
    ("fail-at-t1-or-t2", "disagrees"),
    ("no-t5-without-recovery", "disagrees"),
    ("median-depth", "agrees"),
    ("pl-without-recovery", "disagrees"),
    ("recovery-gain", "disagrees"),
    ("glm-4.7-works-on-t4", "disagrees"),
    ("t0-budget", "disagrees"),
    ("strongest-model", "agrees"),
    ("average-below-70", "agrees"),
    ("cost-gap-100", "disagrees"),
    ("api-values", "agrees"),
    ("api-values-as-printed", "disagrees"),
    ("api-ratio", "agrees"),
    ("pl-share", "agrees"),
    ("token-ratio", "agrees"),
    ("time-ratio", "agrees"),
    ("gpt-5.5-api-rank", "agrees"),
    ("best-model", "disagrees"),
    ("deepseek-chat-t0-rounds", "agrees"),
    ("seven-ended-by-context", "disagrees"),
    ("context-exhaustion", "disagrees"),
    ("cost-overrun", "agrees"),
    ("kimi-k2.6-skips", "disagrees"),
    ("gpt-5.5-no-failure", "disagrees"),
    ("calls-and-failures", "agrees"),
    ("mean-reward-column", "agrees"),
    ("efficiency-index-column", "agrees"),
    ("total-tokens", "disagrees"),
    ("total-tokens-five-counters", "agrees"),
    ("claude-cost", "rounding"),
    ("leaderboard-gpt-5.5", "disagrees"),
    ("leaderboard-recoveries", "disagrees"),
    ("site-reward", "agrees"),
    ("site-reward-as-in-draft", "disagrees"),
    ("index-page", "disagrees"),
    ("kimi-k2-thinking", "not_testable"),
    ("missing-argument", "not_testable"),
    ("no-truncation", "not_testable"),
    ("teaser-shares", "not_testable"),
    ("build-correlation", "not_testable"),
];

#[test]
fn every_sample_claim_has_its_verdict() {
    let found: Vec<(String, &str)> =
        results().into_iter().map(|r| (r.id, r.verdict.name())).collect();
    let expected: Vec<(String, &str)> =
        VERDICTS.iter().map(|(id, verdict)| ((*id).to_owned(), *verdict)).collect();
    assert_eq!(found, expected);
}

#[test]
fn recomputed_values_are_those_of_the_published_data() {
    let results = results();
    let value = |id: &str| {
        let result = results.iter().find(|r| r.id == id).unwrap_or_else(|| panic!("{id}"));
        result.recomputed.clone().expect("a value")
    };
    for (id, digits, expected) in [
        ("cost-spread", 0, "2692"),
        ("r2-time", 3, "0.338"),
        ("r2-cost", 3, "0.155"),
        ("r2-log-cost", 3, "0.429"),
        ("mean-pl", 2, "48.19"),
        ("drop-t1-t3", 1, "61.6"),
        ("median-gating-drop", 2, "20.45"),
        ("dearest-over-deepseek-chat", 0, "1007"),
        ("dearest-gain-10", 2, "26.86"),
        ("pl-without-recovery", 2, "35.05"),
        ("recovery-gain", 2, "13.14"),
        ("t0-budget", 2, "-0.61"),
        ("claude-cost", 4, "126.2343"),
        ("pl-share", 1, "40.8"),
        ("e2e-prs-gpt-5.5-as-defined", 2, "66.67"),
        ("site-reward-as-in-draft", 2, "80.92"),
    ] {
        let number = value(id).number().expect("a number");
        assert_eq!(format!("{number:.digits$}"), expected, "{id}");
    }
    let list = |id: &str, digits: usize| {
        let value = value(id);
        let numbers = value.items().iter().filter_map(ClaimValue::number);
        numbers.map(|n| format!("{n:.digits$}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list("completion-end-points", 2), "1.00 0.20");
    assert_eq!(list("context-among-late-failures", 0), "6 11");
    assert_eq!(list("api-values", 2), "256.13 148.29 82.98 67.98 64.54 58.54");
    assert_eq!(list("api-values-as-printed", 2), "65.60 21.99 6.89 4.62 4.17 3.43");
    let spread = results.iter().find(|r| r.id == "cost-spread").expect("the spread");
    assert_eq!(spread.explanation, "follows from rounded inputs (2525); unrounded it is 2692");
}

#[test]
fn every_claim_cites_a_place_and_is_about_a_known_number_of_runs() {
    let file = claims();
    assert_eq!(file.problems, []);
    for claim in &file.claims {
        assert!(file.sources.contains_key(&claim.source), "{}", claim.id);
        let bounded = claim.runs.count.is_some() || !claim.runs.models.is_empty();
        assert!(bounded || !claim.needs.is_empty() || claim.formula.is_none(), "{}", claim.id);
    }
    let cited = |letter: &String| file.claims.iter().any(|c| c.source == *letter);
    assert!(file.sources.keys().all(cited));
}

/// What the table cannot say, the raw logs can.
#[test]
fn raw_runs_answer_what_the_table_cannot() {
    let ramp = ramp_or_skip!();
    let space = Workspace::new();
    let files = store(&space.path("store"), &import_all(&ramp.join("runs"))).files();
    let rollup = roll_up(&files).expect("a rollup");
    let results = verify(&claims(), &rollup, &files).expect("verdicts");
    for id in ["missing-argument", "no-truncation", "glm-4.7-works-on-t4"] {
        let result = results.iter().find(|r| r.id == id).expect("a claim");
        let expected =
            if id == "glm-4.7-works-on-t4" { Verdict::Disagrees } else { Verdict::Agrees };
        assert_eq!(result.verdict, expected, "{id}: {}", result.explanation);
    }
}

fn sample_space() -> Workspace {
    let space = Workspace::new();
    space.write("claims.toml", std::fs::read(root().join(CLAIMS)).expect("the claims"));
    space
}

fn sample_store() -> String {
    root().join("sample-traces").display().to_string()
}

#[test]
fn the_command_shows_every_claim_and_counts_verdicts() {
    let space = sample_space();
    let text = space.ok(&["verify", "--claims", "claims.toml", &sample_store()]);
    assert!(
        text.contains("note: 73 claims: 29 agree, 4 by rounding, 35 disagree, 5 not testable\n"),
        "{text}"
    );
    assert!(text.contains("note: A: abstract of arXiv 2605.27492\n"), "{text}");
    let line = text.lines().find(|l| l.starts_with("cost-spread ")).expect("the spread");
    let cells: Vec<&str> = line.split_whitespace().take(6).collect();
    assert_eq!(cells, ["cost-spread", "A", "2525", "x", "2692", "rounding"]);
    let json =
        space.ok(&["verify", "--claims", "claims.toml", &sample_store(), "--format", "json"]);
    let rows: Value = serde_json::from_str(&json).expect("JSON");
    let rows = rows.as_array().expect("rows");
    assert_eq!(rows.len(), 73);
    let spread = rows.iter().find(|r| r["id"] == "cost-spread").expect("the spread");
    assert_eq!(spread["verdict"], "rounding");
    assert_eq!((spread["published"].as_f64(), spread["runs"].as_i64()), (Some(2525.0), Some(15)));
    let rounded = spread["rounded"].as_f64().expect("a number");
    assert!((rounded - 126.24 / 0.05).abs() < 1e-9);
    let recomputed = spread["recomputed"].as_f64().expect("a number");
    assert!((recomputed - 126.24 / 0.046_89).abs() < 1e-9);
    let time = rows.iter().find(|r| r["id"] == "r2-time").expect("R2");
    assert_eq!((&time["comparison"], &time["must"]), (&"<".into(), &false.into()));
    for format in ["csv", "markdown", "latex"] {
        let shown =
            space.ok(&["verify", "--claims", "claims.toml", &sample_store(), "--format", format]);
        assert!(
            shown.contains("cost-spread") || shown.contains("cost\\-spread"),
            "{format}: {shown}"
        );
    }
}

fn claim(id: &str, rest: &str) -> String {
    format!("[[claim]]\nid = \"{id}\"\nquote = \"q\"\nworkload = \"yatcc\"\n{rest}\n")
}

#[test]
fn the_exit_code_says_whether_claims_that_must_agree_do() {
    let space = Workspace::new();
    let head = "[claims]\nname = \"c\"\n";
    let file = |name: &str, claims: &[String]| {
        space.write(name, format!("{head}{}", claims.concat()));
    };
    let run = |name: &str| space.run(&["verify", "--claims", name, &sample_store()]);
    let wrong = "sql = \"MAX(llm_calls)\"\npublished = 500";
    file("wrong.toml", &[claim("calls", wrong)]);
    assert_eq!(run("wrong.toml").code, 0, "nobody insists on it");
    file("must.toml", &[claim("calls", &format!("{wrong}\nmust = true"))]);
    let must = run("must.toml");
    assert_eq!(must.code, 1);
    assert!(must.stdout.contains("disagrees"), "the table is shown all the same");
    assert_eq!(
        must.stderr,
        "error: 1 claim that must agree did not: calls\nhint: --format json has the values of calls in full\n"
    );
    file("error.toml", &[claim("calls", "sql = \"MAX(calls)\"\npublished = 500")]);
    let error = run("error.toml");
    assert_eq!(error.code, 1);
    assert!(
        error.stderr.starts_with(
            "error: error.toml:7: claim `calls`: the query failed: not found: unable to find column \"calls\""
        ),
        "{}",
        error.stderr
    );
    assert!(
        error.stderr.ends_with(
            "error: 1 claim is wrong\nhint: schemas/claims.schema.json has the keys, schemas/views.md the columns\n"
        ),
        "{}",
        error.stderr
    );
}

#[test]
fn what_cannot_be_read_is_refused_with_a_hint() {
    let space = Workspace::new();
    let nothing = space.run(&["verify", &sample_store()]);
    assert_eq!(nothing.code, 2);
    assert!(
        nothing.stderr.contains(
            "hint: folders that analyze or score --sensitivity wrote have receipts; --claims FILE"
        ),
        "{}",
        nothing.stderr
    );
    let missing = space.run(&["verify", "--claims", "none.toml", &sample_store()]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.starts_with("error: cannot read none.toml\n"), "{}", missing.stderr);
    space.write("bad.toml", "[claims]\nname = \"c\"\npacks = [\"none\"]\n");
    let bad = space.run(&["verify", "--claims", "bad.toml", &sample_store()]);
    assert_eq!(bad.code, 1);
    assert_eq!(
        bad.stderr,
        "error: bad.toml:3: `packs`: there is no metric pack `none`\nhint: the built-in packs are core and ramp; any other name is the path of a TOML file\n"
    );
}

#[test]
fn costs_are_on_the_basis_of_the_file_and_packs_stand_beside_it() {
    let space = Workspace::new();
    let pack = "[pack]\nname = \"own\"\n[[metric]]\nname = \"dear\"\nlevel = \"run\"\nover = \"runs\"\nsql = \"2 * cost_usd\"\ndoc = \"d\"\n";
    space.write("paper/own.toml", pack);
    let text = |basis: &str| {
        format!(
            "[claims]\nname = \"c\"\npacks = [\"own.toml\"]\ncost = \"{basis}\"\n{}",
            claim("dear", "sql = \"MAX(dear)\"\npublished = 1.0\nmodels = [\"qwen3-coder-flash\"]")
        )
    };
    let mut values = Vec::new();
    for basis in ["reported", "neutral"] {
        space.write("paper/c.toml", text(basis));
        let json =
            space.ok(&["verify", "--claims", "paper/c.toml", &sample_store(), "--format", "json"]);
        let rows: Value = serde_json::from_str(&json).expect("JSON");
        values.push(rows[0]["recomputed"].as_f64().expect("a number"));
    }
    // Neutral: 1, 0.1 and 5 dollars per million of 453,006 uncached, 1,508,096 cached and 7,945 output tokens.
    let neutral = 2.0 * (0.453_006 + 0.150_809_6 + 0.039_725);
    assert!((values[0] - 2.0 * 0.046_89).abs() < 1e-9, "{values:?}");
    assert!((values[1] - neutral).abs() < 1e-6, "{values:?}");
}
