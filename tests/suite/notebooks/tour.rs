//! What the binary says of the numbers in `tour.ipynb`: from `sql`, `score` and the tables of `analyze`.

use super::binary::{Binary, Numbers, plain, renamed};
use crate::workspace::Workspace;
use ramptrace::rollup::{RUN_COLUMNS, STAGE_COLUMNS};
use serde_json::{Value, json};

/// The numbers of `tour.ipynb` for the store `store`; the metric pack is the one that the notebook prints.
pub(super) fn tour_numbers(space: &Workspace, notebook: &Value) -> Numbers {
    let mut binary = Binary { space, numbers: Numbers::new() };
    let _ = space.ok(&["analyze", "store", "-o", "out", "-q"]);
    binary.add_sql(
        "store",
        &[],
        "SELECT COUNT(DISTINCT run_id) AS runs, COUNT(DISTINCT model) AS models, COUNT(*) AS events FROM events",
    );
    binary.add_sql("kinds", &["kind"], "SELECT kind, COUNT(*) AS events FROM events GROUP BY kind");
    binary.add_sql(
        "cost",
        &["model"],
        "SELECT model, SUM(cost_usd) AS cost_usd FROM runs GROUP BY model",
    );
    binary.add_sql(
        "tokens",
        &["model"],
        "SELECT model, SUM(input_tokens) AS input_tokens, SUM(cache_read_tokens) AS cache_read_tokens, \
         SUM(output_tokens) AS output_tokens, \
         CAST(SUM(cache_read_tokens) AS DOUBLE) / SUM(input_tokens) AS cache_share FROM runs GROUP BY model",
    );
    binary.add_sql(
        "calls",
        &["model"],
        "SELECT model, SUM(llm_calls) AS answered, SUM(failed_llm_calls) AS unanswered FROM runs GROUP BY model",
    );
    binary.add_sql(
        "failures",
        &["error_type"],
        "SELECT error_type, SUM(COALESCE(llm_call_count, 1)) AS calls, COUNT(DISTINCT run_id) AS runs FROM events \
         WHERE kind = 'llm_call' AND error_type IS NOT NULL AND COALESCE(llm_call_count, 1) > 0 GROUP BY error_type",
    );
    binary.add_sql(
        "status",
        &["stage_status"],
        "SELECT stage_status, COUNT(*) AS stages, MIN(score) AS lowest, MAX(score) AS highest FROM stages \
         WHERE stage_status IS NOT NULL GROUP BY stage_status",
    );
    let names =
        [("workload", "workload"), ("stage", "stage"), ("scored", "scored"), ("passed", "passed")];
    let rates = binary.analyzed("collapse");
    let rates =
        rates.iter().map(|row| renamed(row, &[&names[..], &[("pass_rate", "marginal")]].concat()));
    binary.add("pass rates", &["workload", "stage"], rates.collect());
    add_spread(&mut binary);
    binary.add_sql(
        "null average",
        &[],
        "SELECT COUNT(*) AS runs, COUNT(tool_calls) AS known, AVG(tool_calls) AS mean_of_known, \
         AVG(COALESCE(tool_calls, 0)) AS nulls_as_zeros FROM runs",
    );
    binary.add_sql(
        "null cost",
        &[],
        "SELECT COUNT(*) AS stages, COUNT(cost_usd) AS priced, MIN(cost_usd) AS cheapest, \
         MIN(COALESCE(CAST(cost_usd AS DOUBLE), 0.0)) AS nulls_as_zeros FROM stages",
    );
    add_null_sums(&mut binary);
    add_growth(&mut binary);
    add_metric(&mut binary, notebook);
    binary.add_coverage("runs", RUN_COLUMNS);
    binary.add_coverage("stages", STAGE_COLUMNS);
    binary.numbers
}

fn add_spread(binary: &mut Binary) {
    let of_rounded = "SELECT workload, ROUND(CAST(MAX(cost_usd) AS DOUBLE), 2) / ROUND(CAST(MIN(cost_usd) AS DOUBLE), 2) \
        AS ratio_of_rounded FROM runs GROUP BY workload HAVING COUNT(cost_usd) > 1";
    binary.add_sql("spread", &["workload"], of_rounded);
    let names = [("cheapest", "min_usd"), ("dearest", "max_usd")];
    let same = ["workload", "priced", "max_over_min", "geometric_sd"].map(|name| (name, name));
    let mut rows = binary.analyzed("spread");
    rows.retain(|row| row["priced"].as_i64() > Some(1));
    let rows = rows.iter().map(|row| renamed(row, &[&same[..], &names].concat()));
    binary.add("spread", &["workload"], rows.collect());
}

/// Tokens of a run as the sum of its stages, with nothing known as nothing, and as zero.
fn add_null_sums(binary: &mut Binary) {
    let stages = binary.sql("SELECT run_id, total_tokens FROM stages");
    for run in binary.sql("SELECT run_id, model, total_tokens FROM runs") {
        let id = plain(&run["run_id"]);
        let known: Vec<i64> = stages
            .iter()
            .filter(|stage| stage["run_id"] == run["run_id"])
            .filter_map(|stage| stage["total_tokens"].as_i64())
            .collect();
        let sum: i64 = known.iter().sum();
        let place = format!("null sum/{id}/{}", plain(&run["model"]));
        let values = [
            ("known", json!(known.len())),
            ("polars_sum", json!(sum)),
            ("honest_sum", json!((!known.is_empty()).then_some(sum))),
            ("whole_run", run["total_tokens"].clone()),
        ];
        binary.numbers.extend(values.map(|(name, value)| (format!("{place}/{name}"), value)));
    }
}

/// The prompt of each call of the run with the most of them.
fn add_growth(binary: &mut Binary) {
    let longest = "SELECT run_id FROM runs WHERE priced_calls IS NOT NULL ORDER BY llm_calls DESC, run_id LIMIT 1";
    let run = plain(&binary.sql(longest)[0]["run_id"]);
    let its_events = format!("FROM events WHERE run_id = '{run}'");
    let limit =
        binary.sql(&format!("SELECT MAX(context_limit) AS context_limit {its_events}")).remove(0);
    let calls = format!(
        "SELECT seq, model, stage, input_tokens {its_events} AND kind = 'llm_call' AND input_tokens IS NOT NULL ORDER BY seq"
    );
    let mut rows = binary.sql(&calls);
    for (call, row) in rows.iter_mut().enumerate() {
        let _ = row.remove("seq");
        row.insert("call".to_owned(), json!(call + 1));
        row.extend(limit.clone());
    }
    binary.add("growth", &["model", "call"], rows);
}

/// The metric of one's own, by the pack that stands in the notebook.
fn add_metric(binary: &mut Binary, notebook: &Value) {
    let cells = notebook["cells"].as_array().expect("cells").iter();
    let text = |cell: &Value| -> String {
        cell["source"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let packs: Vec<String> = cells
        .filter_map(|cell| {
            Some(text(cell).split_once("```toml\n")?.1.split_once("```")?.0.to_owned())
        })
        .collect();
    let [pack] = &packs[..] else { panic!("{} packs in the notebook", packs.len()) };
    let _ = binary.space.write("mine.toml", pack);
    let scores = binary.rows(&["score", "store", "--pack", "mine.toml", "--no-keep"]);
    let runs = binary.sql("SELECT run_id, model, cost_usd FROM runs");
    for (score, mut row) in scores.iter().zip(runs) {
        assert_eq!(score["run_id"], row["run_id"]);
        row.extend(renamed(
            score,
            &[("passed", "passed"), ("dollars_per_pass", "dollars_per_pass")],
        ));
        binary.add("metric", &["run_id", "model"], vec![row]);
    }
}
