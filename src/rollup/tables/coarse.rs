//! The tables of a rollup in place of events.
//!
//! They stand for a coarse trace, as published results do: one row for all LLM calls of a stage, and one for those outside of
//! stages. Whoever sums up tokens and money gets the same; whoever looks for single calls finds that they are not known.

use super::read::read_tables;
use crate::rollup::RollupError;
use crate::rollup::by_sql::collect;
use crate::rollup::scan::schema;
use crate::trace::{TableFiles, UsageQuality};
use polars::prelude::{
    DataFrame, DataType, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, NULL, PolarsResult,
    RankMethod, RankOptions, UnionArgs, col, concat, lit,
};

/// The sums of a stage that a row of calls has too, under the names of the view and of the trace.
const SUMS: [(&str, &str); 8] = [
    ("llm_calls", "llm_call_count"),
    ("input_tokens", "input_tokens"),
    ("cache_read_tokens", "cache_read_tokens"),
    ("cache_write_tokens", "cache_write_tokens"),
    ("output_tokens", "output_tokens"),
    ("reasoning_tokens", "reasoning_tokens"),
    ("reported_total_tokens", "reported_total_tokens"),
    ("cost_usd", "cost_usd"),
];

/// One `llm_call` a stage, with the columns of a trace.
pub(in crate::rollup) fn coarse_events(tables: &TableFiles) -> Result<LazyFrame, RollupError> {
    if tables.runs.is_empty() {
        return Ok(DataFrame::empty_with_schema(&schema()).lazy());
    }
    let views = read_tables(tables)?;
    let failed = |source| RollupError::Fold { what: "the tables of a rollup".to_owned(), source };
    rows(&views.stages, &views.runs).map(IntoLazy::lazy).map_err(failed)
}

fn rows(stages: &DataFrame, runs: &DataFrame) -> PolarsResult<DataFrame> {
    let names: Vec<Expr> = ["run_id", "workload", "model", "provider", "agent"]
        .into_iter()
        .chain(["stage"])
        .chain(SUMS.map(|(name, _)| name))
        .map(col)
        .collect();
    // A stage without calls has no row of calls.
    let called = col("llm_calls").neq_missing(lit(0)).or(col("cost_usd").is_not_null());
    let inside = stages.clone().lazy().select(names.clone()).filter(called);
    let sums = SUMS.map(|(name, _)| col(name).sum().alias(format!("{name} inside")));
    let join = JoinArgs::new(JoinType::Left);
    let outside = runs
        .clone()
        .lazy()
        .join(
            inside.clone().group_by([col("run_id")]).agg(sums),
            [col("run_id")],
            [col("run_id")],
            join,
        )
        .with_columns([lit(NULL).cast(DataType::Int64).alias("stage")])
        .with_columns(SUMS.map(|(name, _)| left_over(name)))
        .filter(
            SUMS.iter()
                .map(|(name, _)| col(*name).neq(lit(0)))
                .reduce(Expr::or)
                .unwrap_or(lit(false)),
        )
        .select(names);
    let all = concat([inside, outside], UnionArgs::default())?;
    let order = RankOptions { method: RankMethod::Ordinal, descending: false };
    let seq = col("stage").fill_null(lit(-1)).rank(order, None).over([col("run_id")])?;
    let all = all.with_columns([
        (seq.cast(DataType::Int64) - lit(1)).alias("seq"),
        lit("llm_call").alias("kind"),
        lit(UsageQuality::Aggregate.as_str()).alias("usage_quality"),
    ]);
    let columns: Vec<Expr> = schema()
        .iter()
        .map(|(name, dtype)| {
            let of_sum = SUMS.iter().find(|(_, own)| own == name).map(|(view, _)| *view);
            let own = [
                "run_id",
                "workload",
                "model",
                "provider",
                "agent",
                "stage",
                "seq",
                "kind",
                "usage_quality",
            ];
            let value = match of_sum.or_else(|| own.into_iter().find(|own| own == name)) {
                Some(from) => col(from),
                None => lit(NULL),
            };
            value.strict_cast(dtype.clone()).alias(name.clone())
        })
        .collect();
    collect(all.select(columns))
}

/// What a run has beyond its stages; unknown where the run's own sum is.
fn left_over(name: &str) -> Expr {
    let inside = col(format!("{name} inside"));
    (col(name) - inside.fill_null(lit(0))).alias(name)
}
