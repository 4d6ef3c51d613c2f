//! What the binary says of the numbers in `ramp.ipynb`: from `sql`, `score`, `cascade`, `verify` and the tables of `analyze`.

use super::binary::{Binary, Numbers, Row, plain, renamed, with};
use crate::workspace::Workspace;
use serde_json::json;

/// Statistics of the ramp notebook that no table has: the name there, the measure, and what it is of.
const STATISTICS: &[(&str, &str, &[&str])] = &[
    ("cost/spread/geometric_sd_same_price", "geometric_sd", &[SAME_PRICE]),
    (
        "ranks/tau_b/cost, reported and at the same prices",
        "kendall_tau_b",
        &["cost_usd", SAME_PRICE],
    ),
    (
        "ranks/tau_b/tokens, published and input + output",
        "kendall_tau_b",
        &["published_total_tokens", "total_tokens"],
    ),
    ("ranks/tau_b/PL and E2E-PRS (code)", "kendall_tau_b", &["pipeline_score", "e2e_prs_code"]),
    ("ranks/tau_b/PL and E2E-PRS (keep)", "kendall_tau_b", &["pipeline_score", "e2e_prs_keep"]),
    ("ranks/tau_b/PL and E2E-PRS (text)", "kendall_tau_b", &["pipeline_score", "e2e_prs_text"]),
    ("ranks/tau_b/MR and MR (draft)", "kendall_tau_b", &["mean_reward", "mean_reward_draft"]),
    ("ranks/tau_b/AEI, fixed and cohort", "kendall_tau_b", &["aei_fixed", "aei_cohort"]),
    ("ranks/tau_b/PL and API (reported)", "kendall_tau_b", &["pipeline_score", "api_reported"]),
];
const SAME_PRICE: &str =
    "input_tokens - cache_read_tokens + 0.1 * cache_read_tokens + 5 * output_tokens";

/// The numbers of `ramp.ipynb` for the store `store`.
pub(super) fn ramp_numbers(space: &Workspace) -> Numbers {
    let mut binary = Binary { space, numbers: Numbers::new() };
    let _ = space.ok(&["analyze", "store", "-o", "out", "--pack", "ramp", "-q"]);
    let metrics = scores_by_model(&binary);
    let main = metrics
        .iter()
        .map(|row| renamed(row, &[("model", "model"), ("PL", "pipeline_score")]))
        .collect();
    binary.add("main", &["model"], main);
    for stage in 0..6 {
        let query = format!("SELECT model, score AS T{stage} FROM stages WHERE stage = {stage}");
        binary.add_sql("main", &["model"], &query);
    }
    binary.add_sql(
        "main",
        &["model"],
        "SELECT model, llm_calls AS calls, total_tokens AS tokens, cost_usd AS cost, elapsed_s AS seconds, \
         termination AS ended_by FROM runs",
    );
    let metrics = metrics.into_iter().map(|mut row| {
        row.retain(|name, _| !["label", "workload", "run_id"].contains(&name.as_str()));
        row
    });
    binary.add("metrics", &["model"], metrics.collect());
    let columns = [
        "stage",
        "passed",
        "marginal",
        "marginal_low",
        "marginal_high",
        "at_risk",
        "conditional",
        "survival",
    ];
    for gate in ["60", "100"] {
        let rows = binary.rows(&["cascade", "store", "--table", "collapse", "--gate", gate]);
        binary.add(&format!("collapse {gate}"), &["stage"], with(&rows, &columns));
    }
    let mut transitions = binary.analyzed("transitions");
    transitions.retain(|row| !row["stage"].is_null());
    let columns = ["stage", "pass_pass", "pass_fail", "fail_pass", "fail_fail"];
    binary.add("transitions", &["stage"], with(&transitions, &columns));
    for row in binary.analyzed("cascade_effects") {
        if let Some(pairs) = plain(&row["measure"]).strip_prefix("risk ratio, ") {
            let row = renamed(&row, &[("ratio", "value"), ("low", "low"), ("high", "high")]);
            binary.add(&format!("risk ratio/{pairs}"), &[], vec![row]);
        }
    }
    add_costs(&mut binary);
    add_statistics(&mut binary);
    add_claims(&mut binary);
    add_printed(&mut binary);
    binary.numbers
}

/// Scores of the ramp pack, with the model of each run.
fn scores_by_model(binary: &Binary) -> Vec<Row> {
    let mut scores = binary.rows(&["score", "store", "--pack", "ramp", "--no-keep"]);
    for (score, run) in scores.iter_mut().zip(binary.sql("SELECT run_id, model FROM runs")) {
        assert_eq!(score["run_id"], run["run_id"]);
        score.insert("model".to_owned(), run["model"].clone());
    }
    scores
}

fn add_costs(binary: &mut Binary) {
    let spread = binary.analyzed("spread").remove(0);
    let names = [
        ("cheapest", "min_usd"),
        ("dearest", "max_usd"),
        ("max_over_min", "max_over_min"),
        ("geometric_sd", "geometric_sd"),
    ];
    binary.add("cost/spread", &[], vec![renamed(&spread, &names)]);
    let shares = binary.analyzed("cost_shares").remove(0);
    let names =
        [("logged_costs_only", "logged_max_over_min"), ("same_price", "neutral_max_over_min")];
    binary.add("cost/spread", &[], vec![renamed(&shares, &names)]);
    binary.add_sql(
        "cost/spread",
        &[],
        "SELECT ROUND(CAST(MAX(cost_usd) AS DOUBLE), 2) / ROUND(CAST(MIN(cost_usd) AS DOUBLE), 2) AS rounded_to_cents FROM runs",
    );
    for row in binary.analyzed("cost") {
        let name = format!("cost/same price/{}", plain(&row["model"]));
        binary.numbers.insert(name, row["neutral_usd"].clone());
    }
}

/// Statistics as `verify` computes them, from a file of claims made here.
fn add_statistics(binary: &mut Binary) {
    let claims = STATISTICS.iter().map(|(name, measure, of)| {
        format!("[[claim]]\nid = {name:?}\nquote = \"none\"\nmeasure = {measure:?}\nof = {of:?}\npublished = 0.0\n")
    });
    let head =
        "[claims]\nname = \"statistics\"\npacks = [\"ramp\"]\ncost = \"reported\"\n".to_owned();
    let _ = binary.space.write("statistics.toml", head + &claims.collect::<String>());
    for row in binary.rows(&["verify", "--claims", "statistics.toml", "store"]) {
        binary.numbers.insert(plain(&row["id"]), row["recomputed"].clone());
    }
}

/// The published claims that the table contradicts, or that follow only from rounded numbers.
fn add_claims(binary: &mut Binary) {
    for row in binary.rows(&["verify", "--claims", "store/claims.toml", "store"]) {
        if row["verdict"] == "disagrees" || row["verdict"] == "rounding" {
            let name = format!("claims/{}", plain(&row["id"]));
            let several: Option<Vec<f64>> = row["recomputed"]
                .as_str()
                .and_then(|text| text.split(", ").map(|number| number.parse().ok()).collect());
            binary
                .numbers
                .insert(name, several.map_or_else(|| row["recomputed"].clone(), |n| json!(n)));
        }
    }
}

/// How many values of a definition have the digits that were published as a column.
fn add_printed(binary: &mut Binary) {
    const CLAIMS: [(&str, usize, &[&str]); 4] = [
        ("pl-column", 2, &["pipeline_score"]),
        ("mean-reward-column", 2, &["mean_reward", "mean_reward_draft", "mean_reward_site"]),
        ("efficiency-index-column", 4, &["aei_fixed_printed", "aei_fixed", "aei_cohort"]),
        ("api-values", 2, &["api_reported", "api_printed"]),
    ];
    let claims = binary.rows(&["verify", "--claims", "store/claims.toml", "store"]);
    let scores = scores_by_model(binary);
    for (id, digits, definitions) in CLAIMS {
        let claim = claims.iter().find(|row| row["id"] == id).expect("the claim");
        let published: Vec<f64> =
            plain(&claim["published"]).split(", ").map(|n| n.parse().expect("a number")).collect();
        // Values stand by model, API values by their size; each in the rows of the models that the claim is about.
        let mut rows: Vec<&Row> = scores.iter().collect();
        match id {
            "pl-column" => rows.retain(|row| row["model"] != "claude-opus-4-7"),
            "api-values" => {
                let api = |row: &Row| row["api_reported"].as_f64().expect("a value");
                rows.retain(|row| published.iter().any(|p| (api(row) - p).abs() < 0.005));
                rows.sort_by(|a, b| api(b).total_cmp(&api(a)));
            }
            _ => {}
        }
        assert_eq!(rows.len(), published.len(), "{id}");
        for definition in definitions {
            let same = rows.iter().zip(&published).filter(|(row, published)| {
                let value = row[*definition].as_f64().expect("a value");
                format!("{value:.digits$}") == format!("{published:.digits$}")
            });
            binary.numbers.insert(format!("printed/{definition}/{id}"), json!(same.count()));
        }
    }
}
