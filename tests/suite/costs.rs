//! What it cost, and why: published figures, implied prices, bridges, and prices of one's own.

use crate::real_data::ramp_or_skip;
use crate::workspace::{Workspace, import_all, store};
use ramptrace::analysis::{
    Accounts, Basis, CostBridge, CostFactors, Side, attribution_sensitivity, time_use,
    variance_shares,
};
use ramptrace::ledger::{Books, PriceBook, Verdict, implied_prices};
use ramptrace::rollup::{Frame, query};
use ramptrace::trace::Store;
use std::path::PathBuf;

/// Prices of uncached input, cache reads and output, and the calls that they explain.
type Vector = (Option<f64>, Option<f64>, Option<f64>, usize);

fn samples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces")
}

fn books(extra: &[&str]) -> Books {
    let mut books = vec![PriceBook::builtin().expect("the built-in book")];
    for text in extra {
        books.push(PriceBook::parse("mine.toml", text).expect("a book"));
    }
    Books::stack(books).expect("a stack")
}

fn accounts(files: &[PathBuf], books: Books) -> Accounts {
    let runs = query(files, "SELECT * FROM runs").expect("runs");
    Accounts::read(files, &runs, books).expect("accounts")
}

fn published() -> Accounts {
    let files = Store::open(&samples().join("ramp-2605.27492")).expect("the sample store").files();
    accounts(&files, books(&[]))
}

fn ratio(accounts: &Accounts, basis: Basis, logged_only: bool) -> (f64, usize) {
    let kept = accounts.costs(basis).iter().filter(|c| c.logged || !logged_only);
    let costs: Vec<f64> = kept.filter_map(|c| c.cost_usd).collect();
    let (min, max) = costs.iter().fold((f64::MAX, 0.0_f64), |(lo, hi), c| (lo.min(*c), hi.max(*c)));
    (max / min, costs.len())
}

fn run_of(accounts: &Accounts, model: &str) -> usize {
    accounts.runs.iter().position(|r| r.model == model).expect("a run")
}

#[test]
fn the_published_spread_on_every_basis() {
    let accounts = published();
    let (reported, n) = ratio(&accounts, Basis::Reported, false);
    assert!((reported - 2692.26).abs() < 0.01 && n == 15, "{reported} over {n}");
    let (logged, n) = ratio(&accounts, Basis::Reported, true);
    assert!((logged - 1434.88).abs() < 0.01 && n == 13, "{logged} over {n}");
    // numpy: (u + 0.1 r + 5 q) over the table's token classes.
    let (neutral, n) = ratio(&accounts, Basis::Neutral, false);
    assert!((neutral - 39.231_183).abs() < 1e-5 && n == 15, "{neutral} over {n}");
}

#[test]
fn list_price_carries_most_of_the_published_spread() {
    let accounts = published();
    let factors: Vec<CostFactors> =
        (0..accounts.runs.len()).filter_map(|i| accounts.factors(i, Basis::Reported)).collect();
    assert_eq!(factors.len(), 12, "runs with one list price");
    let shares = variance_shares(&factors).expect("shares");
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    // Published order: calls, tokens per call, list price, cache.
    for (got, published) in shares.iter().zip([0.07, 0.19, 0.43, 0.31]) {
        assert!((got - published).abs() < 0.01, "{shares:?}");
    }
}

#[test]
fn a_bridge_adds_up_to_the_difference() {
    let accounts = published();
    let side = |model: &str| Side {
        label: model.to_owned(),
        runs: vec![accounts.factors(run_of(&accounts, model), Basis::Reported).expect("factors")],
    };
    let bridge = CostBridge::between(
        "yatcc",
        "reported",
        &side("qwen3-coder-flash"),
        &side("claude-opus-4-7"),
    )
    .expect("a bridge");
    let steps: Vec<f64> = bridge.steps.iter().map(|s| s.usd).collect();
    assert!((steps.iter().sum::<f64>() - (bridge.to_usd - bridge.from_usd)).abs() < 1e-9);
    for (got, published) in steps.iter().zip([27.3, 37.9, 62.6, -1.6]) {
        assert!((got - published).abs() < 0.05, "{steps:?}");
    }
    let all: Vec<CostFactors> =
        (0..accounts.runs.len()).filter_map(|i| accounts.factors(i, Basis::Neutral)).collect();
    let cohort = Side { label: "cohort".into(), runs: all };
    let back =
        CostBridge::between("yatcc", "neutral", &cohort, &side("gpt-5.5")).expect("a bridge");
    let sum: f64 = back.steps.iter().map(|s| s.usd).sum();
    assert!((sum - (back.to_usd - back.from_usd)).abs() < 1e-9);
}

#[test]
fn a_model_without_a_price_is_named_and_gets_one_from_a_book() {
    let files = Store::open(&samples().join("ramp-2605.27492")).expect("the sample store").files();
    let before = accounts(&files, books(&[]));
    let glm = run_of(&before, "glm-4.6");
    let unpriced = &before.costs(Basis::List)[glm];
    assert_eq!((unpriced.cost_usd, unpriced.priced_rows), (None, 0));
    assert_eq!(unpriced.missing.as_deref(), Some("no price book names the model"));
    let mine = "[book]\nname = \"mine\"\nsource = \"made up\"\n[[price]]\nmodels = [\"glm-4.*\"]\ninput = 0.6\n\
                cache_read = 0.1\noutput = 2.2\n";
    let after = accounts(&files, books(&[mine]));
    // 704,936 uncached, 15,375,768 cached, 26,669 out, by hand.
    assert_eq!(after.costs(Basis::List)[glm].exact.expect("a cost").to_string(), "2.0192102");
    assert_eq!(
        after.costs(Basis::Reported)[glm].exact.expect("a cost").to_string(),
        "1.72",
        "bases do not mix"
    );
}

#[test]
fn unknown_costs_are_never_a_bare_zero() {
    let space = Workspace::new();
    let store = samples();
    let store = store.to_str().expect("a path");
    for args in [
        vec!["cost", store],
        vec!["cost", store, "--cost", "list"],
        vec!["cost", store, "--implied"],
        vec!["cost", store, "--hit-rate", "0.9"],
        vec!["analyze", store, "-o", "out", "--cost", "list"],
        vec!["show", "glm-5.1", "--store", store, "--cost", "list"],
        vec!["sql", store, "SELECT * FROM stages"],
    ] {
        let printed = space.ok(&args);
        for bare in ["$0.00 ", "$0.00\n", "$0 ", "$0\n"] {
            assert!(!printed.contains(bare), "{args:?} prints {bare:?}:\n{printed}");
        }
    }
    for (name, bytes) in space.files("out") {
        if !name.ends_with("png") && !name.ends_with("pdf") {
            let text = String::from_utf8(bytes).expect("text");
            assert!(
                !text.contains("$0.00<") && !text.contains("$0.00 ") && !text.contains("\\$0.00 "),
                "{name}"
            );
        }
    }
}

#[test]
fn a_broken_book_is_refused_with_its_line() {
    let space = Workspace::new();
    let store = samples();
    let book = "[book]\nname = \"b\"\n[[price]]\nmodels = [\"m\"]\ninput = -1.0\noutput = 2.0\n";
    let _ = space.write("b.toml", book);
    let ran = space.run(&["cost", store.to_str().expect("a path"), "--reprice", "b.toml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: b.toml:5: "), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn published_logs_imply_the_published_vectors() {
    let ramp = ramp_or_skip!();
    let space = Workspace::new();
    let files = store(&space.path("store"), &import_all(&ramp.join("runs"))).files();
    let accounts = accounts(&files, books(&[]));
    let text = std::fs::read_to_string(ramp.join("expected/runs.json")).expect("an expectation");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let expected = expected["runs"].as_array().expect("runs");
    assert_eq!(accounts.runs.len(), expected.len());
    for want in expected {
        let run =
            accounts.runs.iter().find(|r| want["run_id"] == r.run_id.as_str()).expect("the run");
        let calls = run.priced_calls();
        let implied = implied_prices(&calls);
        let prices = &want["prices"];
        let verdict = match prices["kind"].as_str() {
            Some("single") => Verdict::Exact,
            Some("mixed") => Verdict::Mixed,
            _ => Verdict::NotIdentifiable,
        };
        assert_eq!(implied.verdict, verdict, "{}", run.run_id);
        let vectors = prices["vectors"].as_array().expect("vectors");
        let got: Vec<Vector> = implied
            .vectors
            .iter()
            .map(|v| (v.uncached_input, v.cache_read, v.output, v.calls))
            .collect();
        let want_vectors: Vec<Vector> = vectors
            .iter()
            .map(|v| {
                let calls = v["calls"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
                (
                    v["uncached_prompt_per_m"].as_f64(),
                    v["cached_prompt_per_m"].as_f64(),
                    v["completion_per_m"].as_f64(),
                    calls,
                )
            })
            .collect();
        assert_eq!(got, want_vectors, "{}", run.run_id);
        if verdict != Verdict::NotIdentifiable {
            let again = implied.recompute(&calls).expect("costs again");
            assert!(
                again.worst_nanos <= 1000.0,
                "{}: {} nano-dollars off",
                run.run_id,
                again.worst_nanos
            );
            assert_eq!((again.calls, again.left_out), (calls.len(), 0));
        }
        let extra = prices["reasoning_billed_on_top_of_completion"].as_bool().unwrap_or(false);
        assert_eq!(implied.reasoning_on_top, extra, "{}", run.run_id);
    }
    let glm = run_of(&accounts, "glm-4.6");
    assert_eq!(accounts.costs(Basis::Reported)[glm].cost_usd, None);
}

#[test]
fn waste_and_work_ahead_are_those_of_the_published_runs() {
    let ramp = ramp_or_skip!();
    let space = Workspace::new();
    let files = store(&space.path("store"), &import_all(&ramp.join("runs"))).files();
    let store_path = space.path("store");
    let json = space.ok(&["cost", store_path.to_str().expect("a path"), "--format", "json"]);
    let tables: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let rows = tables["cost"].as_array().expect("rows");
    let row = |model: &str| rows.iter().find(|r| r["model"] == model).expect("a row");
    let after = |model: &str| row(model)["after_last_pass_share"].as_f64().expect("a share");
    assert!((after("kimi-k2.5") - 0.473).abs() < 0.0005);
    assert!(after("deepseek-v4-pro").abs() < 1e-12);
    assert!(row("glm-4.6")["after_last_pass_share"].is_null(), "no cost, no share");
    let accounts = accounts(&files, books(&[]));
    let ahead = attribution_sensitivity(&files, &accounts, Basis::Reported).expect("shares");
    // Both worked on later tasks in the first window; the flash run did not.
    assert!(ahead["engineer-openhand-500-deepseek-v4-pro-tasks-0-5"] > 0.3, "{ahead:?}");
    assert!(ahead["engineer-openhand-500-glm-4.7-tasks-0-5"] > 0.3, "{ahead:?}");
    assert!(ahead["engineer-openhand-500-kimi-k2.5-tasks-0-5"] < 0.3, "{ahead:?}");
}

#[test]
fn times_overlap_once_and_failed_requests_stand_apart() {
    let files = Store::open(&samples().join("demo")).expect("the sample store").files();
    let times =
        time_use(&files, &query(&files, "SELECT * FROM stages").expect("stages")).expect("times");
    let time = times["demo-scripted-0001"];
    let frame: Frame = query(
        &files,
        "SELECT SUM(duration_ms) / 1000.0 AS s FROM events WHERE kind = 'llm_call' AND error_type IS NULL",
    )
    .expect("a sum");
    // The demonstration has no overlaps, so the union is the sum.
    assert!((time.llm_s - frame.get(0, 0).number().expect("a number")).abs() < 1e-9);
    assert!((time.waiting_s - 0.15).abs() < 1e-9);
}
