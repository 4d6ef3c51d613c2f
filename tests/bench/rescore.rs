//! Runs per second of a metric pack over views that are rolled up already, at the size of a study and of a lab's archive.
//!
//! Run with `cargo bench --bench rescore`.

use divan::Bencher;
use divan::counter::ItemsCount;
use polars::prelude::{Column, DataFrame, NamedFrom, Series};
use ramptrace::metrics::{Pack, evaluate};
use ramptrace::rollup::{MadeRun, Rollup};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn core_over_1e4_runs(bencher: Bencher) {
    scored(bencher, "core", 1);
}

// Not under `cargo test --benches`, which runs everything once without optimisation.
#[divan::bench(sample_count = 5, sample_size = 1, ignore = !std::env::args().any(|a| a == "--bench"))]
fn core_over_1e6_runs(bencher: Bencher) {
    scored(bencher, "core", 100);
}

#[divan::bench(sample_count = 5, sample_size = 1, ignore = !std::env::args().any(|a| a == "--bench"))]
fn ramp_over_1e6_runs(bencher: Bencher) {
    scored(bencher, "ramp", 100);
}

fn scored(bencher: Bencher, pack: &str, copies: usize) {
    let pack = Pack::load(pack).expect("a pack");
    let rollup = runs(copies);
    let counter = ItemsCount::new(rollup.runs.height());
    bencher.counter(counter).bench(|| {
        let scores = evaluate(&pack, &rollup).expect("scores");
        assert!(scores.problems.is_empty());
        scores
    });
}

const RUNS: usize = 10_000;

/// Ten thousand made runs of six stages, as often as asked for under other ids.
fn runs(copies: usize) -> Rollup {
    let base = Rollup::of_runs(&(0..RUNS).map(run).collect::<Vec<_>>()).expect("runs");
    let mut all = base.clone();
    for copy in 1..copies {
        for (rows, of) in [(&mut all.stages, &base.stages), (&mut all.runs, &base.runs)] {
            rows.vstack_mut(&renamed(of, copy)).expect("the same columns");
        }
    }
    all.stages.rechunk_mut();
    all.runs.rechunk_mut();
    all
}

fn renamed(rows: &DataFrame, copy: usize) -> DataFrame {
    let ids = rows.column("run_id").expect("ids").as_materialized_series().clone();
    let ids: Vec<String> = ids
        .str()
        .expect("texts")
        .iter()
        .map(|id| format!("{copy:03}-{}", id.unwrap_or_default()))
        .collect();
    let mut rows = rows.clone();
    rows.with_column(Column::from(Series::new("run_id".into(), ids))).expect("a column");
    rows
}

/// A run whose numbers follow from its position, so that every build measures the same work.
#[expect(clippy::cast_precision_loss, reason = "positions are small")]
fn run(i: usize) -> MadeRun {
    let mixed = |salt: usize| (i.wrapping_mul(2_654_435_761).wrapping_add(salt * 40_503)) % 1000;
    let stage = |stage: i64| {
        let score = (mixed(usize::try_from(stage).unwrap_or(0)) % 101) as f64;
        (
            stage,
            [("score", score), ("tests_total", 20.0), ("tests_passed", (score / 5.0).floor())]
                .into(),
        )
    };
    let tokens = 1e6 + mixed(7) as f64 * 1e4;
    MadeRun {
        run_id: format!("run-{i:06}"),
        workload: format!("workload-{}", i % 4),
        model: format!("model-{}", i % 40),
        numbers: [
            ("cost_usd", 0.05 + mixed(8) as f64 / 50.0),
            ("input_tokens", tokens),
            ("output_tokens", tokens / 50.0),
            ("cache_read_tokens", tokens / 2.0),
            ("cache_write_tokens", 0.0),
            ("reasoning_tokens", 0.0),
            ("total_tokens", tokens * 1.02),
            ("elapsed_s", 100.0 + mixed(9) as f64),
            ("llm_s", 80.0),
            ("tool_s", 10.0),
        ]
        .into(),
        stages: (0..6).map(stage).collect(),
    }
}
