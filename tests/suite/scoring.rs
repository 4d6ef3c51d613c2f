//! `ramptrace score`: packs over a store, kept values, two rankings and what moved each run, sensitivity, repeated runs.

use crate::workspace::Workspace;
use ramptrace::analysis::{
    CohortPerturbation, GateSweep, Input, Question, RankAcceptability, RankComparison, Repeats,
    SpecificationCurve, WeightScheme, rank,
};
use ramptrace::metrics::{Pack, ParameterValue, Role, evaluate};
use ramptrace::rollup::{Rollup, roll_up};
use ramptrace::trace::Store;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

fn published_store() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces/ramp-2605.27492")
}

fn published() -> Rollup {
    roll_up(&Store::open(&published_store()).expect("the samples").files()).expect("a rollup")
}

fn question<'a>(pack: &'a Pack, metric: &'a str, rollup: &'a Rollup) -> Question<'a> {
    Question { pack, metric, rollup, repeats: Repeats::All }
}

/// A workspace with the published store as `store`.
fn with_store() -> Workspace {
    let space = Workspace::new();
    let table = published_store().with_extension("");
    let csv = std::fs::read(table.with_file_name("ramp-2605.27492.csv")).expect("the table");
    space.write("table.csv", csv);
    let _ = space.ok(&["import", "table.csv", "-o", "store", "-q"]);
    space
}

/// The rows of a CSV by their first column.
fn csv(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> =
        reader.headers().expect("a header").iter().map(str::to_owned).collect();
    reader
        .records()
        .map(|r| {
            let record = r.expect("a record");
            let cells = header.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
            (record.get(0).expect("a cell").to_owned(), cells)
        })
        .collect()
}

const TEN_LINES: &str = "[pack]\nname = \"mine\"\n[[metric]]\nname = \"late_points\"\nlabel = \"Late score\"\nlevel = \"run\"\n\
    unit = \"pt\"\nbetter = \"higher\"\nsql = \"SUM(CASE WHEN stage >= 3 THEN score END)\"\ndoc = \"Points of T3 to T5.\"\n";

#[test]
fn a_pack_of_ten_lines_shows_in_every_output() {
    assert_eq!(TEN_LINES.lines().count(), 10);
    let space = with_store();
    space.write("mine.toml", TEN_LINES);
    let _ = space.ok(&["analyze", "store", "-o", "out", "--pack", "mine.toml"]);
    let read = |name: &str| std::fs::read_to_string(space.path(name)).expect("a file");
    let metrics = csv(&read("out/metrics.csv"));
    assert_eq!(metrics["gpt-5.5"]["late_points"], "148.25", "100 + 48.25 + 0");
    assert_eq!(metrics["claude-opus-4-7"]["late_points"], "268.4", "100 + 68.4 + 100");
    let json: Value = serde_json::from_str(&read("out/metrics.json")).expect("JSON");
    assert!(json.to_string().contains("\"late_points\":268.4"), "{json}");
    assert!(read("out/metrics.tex").contains("Late score (pt)"));
    assert!(read("out/metrics.md").contains("Late score (pt)"));
    let figure = read("out/figures/yatcc/frontier.svg");
    assert!(figure.contains("Late score (pt)"), "the axis of the figure");
    let text = space.ok(&["score", "store", "--pack", "mine.toml", "--no-keep"]);
    assert!(text.contains("Late score (pt)") && text.contains("268.40"), "{text}");
    let latex = space.ok(&["score", "store", "--pack", "mine.toml", "--format", "latex"]);
    assert!(latex.contains("Late score (pt)"), "{latex}");
}

#[test]
fn parameters_and_baselines_are_set_on_the_command_line() {
    let space = with_store();
    let rows = |args: &[&str]| {
        let mut all = vec!["score", "store", "--format", "csv", "--no-keep", "--metric"];
        all.extend(args);
        csv(&space.ok(&all))
    };
    assert_eq!(rows(&["passes"])["claude-opus-4-7"]["passes"], "6.0");
    assert_eq!(rows(&["passes", "--set", "gate=100"])["claude-opus-4-7"]["passes"], "5.0");
    // The published baseline: sum(s - b) / sum(100 - b), in percent.
    let baseline = "baseline=[100, 17.64, 20.55, 1.37, 35.1, 0]";
    let adjusted = rows(&["adjusted_score", "--set", baseline]);
    let near = |model: &str, expected: f64| {
        let value: f64 = adjusted[model]["adjusted_score"].parse().expect("a number");
        assert!((value - expected).abs() < 0.05, "{model}: {value}");
    };
    near("claude-opus-4-7", 92.6);
    near("deepseek-v4-pro", 81.7);
    near("gpt-5.5", 64.3);
    near("qwen3-coder-flash", 9.0);
    near("minimax-m2.5", 6.7);
    near("deepseek-reasoner", -17.6);
    // A run as the baseline of itself won nothing.
    let by_run = rows(&["adjusted_score", "--baseline", "glm-4.6"]);
    assert_eq!(by_run["glm-4.6"]["adjusted_score"], "0.0");
    let ran = space.run(&["score", "store", "--set", "gat=1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error: the pack `core` has no parameter `gat`"), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("hint: its parameters are baseline, bonus, full_mark, gate, stage_weight")
    );
}

#[test]
fn an_error_in_one_metric_leaves_the_others_and_fails_the_command() {
    let space = with_store();
    let text = TEN_LINES.to_owned()
        + "[[metric]]\nname = \"typo\"\nlevel = \"run\"\nsql = \"AVG(scor)\"\ndoc = \"d\"\n";
    space.write("mine.toml", text);
    for _ in 0..2 {
        // The second time, the good metric is kept and the bad one is still wrong.
        let ran = space.run(&["score", "store", "--pack", "mine.toml", "--format", "csv"]);
        assert_eq!(ran.code, 1);
        assert_eq!(csv(&ran.stdout)["gpt-5.5"]["late_points"], "148.25");
        let expected = "error: mine.toml:14: metric `typo`: there is no column, parameter or metric `scor`, in `AVG(scor)`";
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
        assert!(ran.stderr.contains("hint: did you mean `score`?"), "{}", ran.stderr);
    }
}

#[test]
fn values_are_kept_and_only_new_pairs_are_computed() {
    let space = with_store();
    let score = |args: &[&str]| {
        let mut all = vec!["score", "store", "-v", "--format", "csv"];
        all.extend(args);
        let ran = space.run(&all);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let line = ran.stderr.lines().find(|l| l.contains("values were kept")).expect("an account");
        let numbers: Vec<usize> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
        (ran.stdout, numbers[0], numbers[1])
    };
    let (first, kept, all) = score(&[]);
    assert_eq!(kept, 0);
    let (second, kept, again) = score(&[]);
    assert_eq!((kept, again), (all, all));
    assert_eq!(first, second);
    // Another gate touches the metrics that read it; the rest is kept.
    let (_, kept, _) = score(&["--set", "gate=80"]);
    assert!(kept > 0 && kept < all, "{kept} of {all}");
    // A new run leaves the values of the others alone, but for those that look at the cohort.
    let header = "model,run_id,task0,task1,task2,task3,task4,task5,cost\n";
    space.write("more.csv", format!("{header}new-model,new-run,100,100,0,0,0,0,1.5\n"));
    let _ = space.ok(&["import", "more.csv", "-o", "store", "-q"]);
    let (with_new, kept, more) = score(&[]);
    let (runs, cohort) = (13, 3);
    assert_eq!(more - kept, runs + cohort, "one new run, and the workload anew");
    assert_eq!(csv(&with_new)["gpt-5.5"]["reward"], csv(&first)["gpt-5.5"]["reward"]);
    // The table is part of no result, and never overwritten.
    let kept_files = space.files("store/.ramptrace/scores");
    assert_eq!(kept_files.keys().filter(|k| k.ends_with(".parquet")).count(), 3);
    let history = space.ok(&["score", "store", "--history", "gpt-5.5", "--format", "csv"]);
    assert!(history.contains(",core,passes,,4.0,stages,gate = 60,"), "{history}");
    assert!(history.contains(",core,passes,,4.0,stages,gate = 80,"), "{history}");
    assert_eq!(space.ok(&["store", "list", "store", "--format", "csv"]).lines().count(), 17);
    // A broken file is named, and its values are computed again.
    space.write("store/.ramptrace/scores/000001.parquet", b"not a table");
    let ran = space.run(&["score", "store", "--format", "csv"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, with_new.as_str()));
    assert!(ran.stderr.contains("warning: ") && ran.stderr.contains("computed again"));
}

#[test]
fn core_against_ramp_explains_every_change_of_rank() {
    let rollup = published();
    let (core, ramp) = (Pack::core().expect("core"), Pack::ramp().expect("ramp"));
    let pairs = [
        ("score_mean", "pipeline_score", 0, None),
        ("reward", "mean_reward", 5, Some(Input::Weights)),
        ("depth", "pipeline_stage", 15, Some(Input::Gate)),
        ("tokens", "published_total_tokens", 6, Some(Input::Tokens)),
    ];
    for (new, old, movers, cause) in pairs {
        let compared =
            RankComparison::between(&question(&core, new, &rollup), &question(&ramp, old, &rollup));
        let compared = compared.expect("a comparison").remove(0);
        assert_eq!(compared.rows.len(), 15);
        let moved: Vec<_> = compared.rows.iter().filter(|r| r.places != 0.0).collect();
        assert_eq!(moved.len(), movers, "{new}");
        for row in moved {
            let explained: f64 = row.causes.iter().map(|c| c.places).sum();
            assert!((explained - row.places).abs() < 1e-9, "{new} {}", row.label);
            assert_eq!(row.causes.len(), 1, "{new} {}: one input explains it", row.label);
            assert_eq!(row.causes[0].input, cause, "{new} {}", row.label);
        }
    }
    // Tokens counted twice punish those that cache: scipy.stats.kendalltau of the two rankings gives 0.87.
    let tokens = RankComparison::between(
        &question(&core, "tokens", &rollup),
        &question(&ramp, "published_total_tokens", &rollup),
    );
    let tokens = tokens.expect("a comparison").remove(0);
    assert!((tokens.tau_b.expect("tau") - 91.0 / 105.0).abs() < 1e-9);
    let of = |label: &str| tokens.rows.iter().find(|r| r.label == label).expect("a run").places;
    assert!(
        (of("qwen3.5-plus") + 4.0).abs() < 1e-9 && (of("qwen3.6-max-preview") + 3.0).abs() < 1e-9
    );
}

#[test]
fn other_inputs_are_named_too() {
    let rollup = published();
    let core = Pack::core().expect("core");
    // The mean share of what could be won in a stage, against the mean score.
    let body = "[pack]\nname = \"p\"\n[parameters.floor]\nvalue = [100, 17.64, 20.55, 1.37, 35.1, 0]\nrole = \"baseline\"\n\
        [[metric]]\nname = \"won\"\nlevel = \"run\"\nbetter = \"higher\"\n\
        sql = \"AVG(CASE WHEN stage > 0 THEN (score - floor) / (100 - floor) END)\"\ndoc = \"d\"\n\
        [[metric]]\nname = \"mean\"\nlevel = \"run\"\nbetter = \"higher\"\n\
        sql = \"AVG(CASE WHEN stage > 0 THEN score END)\"\ndoc = \"d\"\n";
    let pack = Pack::parse("p.toml", body).expect("a pack");
    let between = |new: Question, old: Question| {
        RankComparison::between(&new, &old).expect("a comparison").remove(0)
    };
    let by_baseline = between(question(&pack, "won", &rollup), question(&pack, "mean", &rollup));
    let causes: Vec<_> = by_baseline.rows.iter().flat_map(|r| &r.causes).collect();
    let only = |input: Input| causes.iter().all(|c| c.input == Some(input));
    assert!(!causes.is_empty() && only(Input::Baseline), "{causes:?}");
    // The same metric on two price bases.
    let neutral = {
        let files = Store::open(&published_store()).expect("the samples").files();
        let accounts = ramptrace::analysis::Accounts::read(
            &files,
            &ramptrace::rollup::Frame::of(&rollup.runs),
            ramptrace::ledger::Books::stack(vec![
                ramptrace::ledger::PriceBook::builtin().expect("a book"),
            ])
            .expect("books"),
        );
        let costs = accounts.expect("accounts").by_run(ramptrace::analysis::Basis::Neutral);
        let frame = ramptrace::rollup::Frame::of(&rollup.runs);
        let ids = frame.texts("run_id").expect("ids");
        let values: Vec<Option<f64>> =
            ids.iter().map(|id| costs[id.expect("an id")].cost_usd).collect();
        rollup.with_numbers(ramptrace::rollup::View::Runs, "cost_usd", &values).expect("costs")
    };
    let by_price = between(question(&core, "cost", &neutral), question(&core, "cost", &rollup));
    // metrics of the published runs: tau-b between reported and neutral cost is 0.56.
    assert!((by_price.tau_b.expect("tau") - 0.56).abs() < 0.005, "{:?}", by_price.tau_b);
    let causes: Vec<_> = by_price.rows.iter().flat_map(|r| &r.causes).collect();
    assert!(causes.len() > 5 && causes.iter().all(|c| c.input == Some(Input::Cost)));
}

/// Leaving out one model: qwen3.6-max falls from 2nd to 7th and deepseek-v4-pro from 3rd to 9th without claude-opus-4-7,
/// tau-b 0.69; on fixed scales nothing moves.
#[test]
fn cohort_relative_metrics_move_when_a_model_leaves() {
    let rollup = published();
    let ramp = Pack::ramp().expect("ramp");
    let cohort = CohortPerturbation::of(&question(&ramp, "aei_cohort", &rollup))
        .expect("rankings")
        .remove(0);
    let row = &cohort.rows[0];
    assert_eq!(row.left_out, "claude-opus-4-7");
    assert!((row.tau_b.expect("tau") - 0.69).abs() < 0.005);
    let of = |label: &str| {
        let at = cohort.runs.iter().position(|r| r == label).expect("a run");
        row.moves[at].expect("a move")
    };
    // Claude stood last, so the ranks of the others were the same without it.
    assert!((of("qwen3.6-max-preview") + 5.0).abs() < 1e-9);
    assert!((of("deepseek-v4-pro") + 6.0).abs() < 1e-9);
    assert!((row.max_move - 6.0).abs() < 1e-9);
    let fixed =
        CohortPerturbation::of(&question(&ramp, "aei_fixed", &rollup)).expect("rankings").remove(0);
    assert!(fixed.rows.iter().all(|r| r.max_move == 0.0 && r.tau_b == Some(1.0)));
}

/// Rank acceptability of the five scores of the efficiency index: first places .71, .17, .09, .03, recomputed with numpy.
#[test]
fn random_weights_give_the_first_places_of_an_independent_draw() {
    let rollup = published();
    let ramp = Pack::ramp().expect("ramp");
    let smaa = RankAcceptability::of(&question(&ramp, "aei_fixed", &rollup), 10_000, 2026);
    let smaa = smaa.expect("shares").remove(0);
    let first = |label: &str| smaa.rows.iter().find(|r| r.label == label).expect("a run").shares[0];
    for (label, share) in [
        ("gpt-5.5", 0.71),
        ("qwen3-coder-flash", 0.17),
        ("deepseek-v4-pro", 0.09),
        ("claude-opus-4-7", 0.03),
    ] {
        assert!((first(label) - share).abs() < 0.015, "{label}: {}", first(label));
    }
    let sum: f64 = smaa.rows.iter().map(|r| r.shares[0]).sum();
    assert!((sum - 1.0).abs() < 1e-9);
    let again = RankAcceptability::of(&question(&ramp, "aei_fixed", &rollup), 10_000, 2026);
    assert_eq!(again.expect("shares").remove(0), smaa);
}

#[test]
fn a_gate_sweep_has_the_ranks_of_every_threshold() {
    let rollup = published();
    let core = Pack::core().expect("core");
    let sweep = GateSweep::of(&question(&core, "passes", &rollup), "gate", &[100.0, 80.0]);
    let sweep = sweep.expect("a sweep").remove(0);
    assert_eq!(sweep.thresholds, [60.0, 80.0, 100.0]);
    assert_eq!(sweep.tau_b[0], Some(1.0));
    let of = |label: &str| sweep.rows.iter().find(|r| r.label == label).expect("a run");
    // gpt-5.5 passes four stages at any of them, qwen3.6-max-preview four at 60 and three above.
    assert_eq!(of("gpt-5.5").values, [Some(4.0); 3]);
    assert_eq!(of("qwen3.6-max-preview").values, [Some(4.0), Some(3.0), Some(3.0)]);
    for (i, threshold) in sweep.thresholds.iter().enumerate() {
        let mut pack = core.clone();
        pack.set("gate", ParameterValue::Scalar(*threshold)).expect("a gate");
        let ranking = rank(&question(&pack, "passes", &rollup)).expect("a ranking").remove(0);
        for row in &sweep.rows {
            assert_eq!(row.ranks[i], ranking.rank_of(&row.label), "{} at {threshold}", row.label);
        }
    }
}

#[test]
fn the_specification_curve_holds_every_combination_once() {
    let rollup = published();
    let ramp = Pack::ramp().expect("ramp");
    let curve = SpecificationCurve::of(&question(&ramp, "mean_reward", &rollup), &[]);
    let curve = curve.expect("a curve").remove(0);
    let sizes: BTreeMap<&str, usize> =
        curve.axes.iter().map(|a| (a.name.as_str(), a.options.len())).collect();
    assert_eq!(sizes, BTreeMap::from([("bonus", 2), ("gate rule", 4), ("stage_weight", 4)]));
    assert_eq!((curve.possible, curve.specifications.len()), (32, 32));
    let default: Vec<_> = curve.specifications.iter().filter(|s| s.is_default).collect();
    assert!(matches!(default.as_slice(), [one] if one.tau_b == Some(1.0)));
    let mut seen: Vec<_> = curve.specifications.iter().map(|s| s.options.clone()).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 32);
    // With equal weights and no bonus, the mean reward is the mean score: the ranking of PL.
    let at = |name: &str, option: &str| {
        let axis = curve.axes.iter().position(|a| a.name == name).expect("an axis");
        (axis, curve.axes[axis].options.iter().position(|o| o == option).expect("an option"))
    };
    let wanted = [at("stage_weight", "equal"), at("bonus", "none"), at("gate rule", "none")];
    let plain =
        curve.specifications.iter().find(|s| wanted.iter().all(|(a, o)| s.options[*a] == *o));
    let by = |metric| rank(&question(&ramp, metric, &rollup)).expect("a ranking").remove(0);
    let expected = by("mean_reward").tau_b(&by("pipeline_score"));
    assert_eq!(plain.expect("the plain mean").tau_b, expected);
}

/// Three runs of one model, and one of another.
fn repeated() -> Workspace {
    let space = Workspace::new();
    space.write(
        "table.csv",
        "model,run_id,task0,task1,cost\nm1,r1,100,50,1\nm1,r2,100,80,2\nm1,r3,100,90,6\nm2,r4,70,70,4\n",
    );
    let _ = space.ok(&["import", "table.csv", "-o", "store", "-q"]);
    space
}

#[test]
fn repeated_runs_are_never_picked_in_silence() {
    let space = repeated();
    let score = |rule: &str| {
        let args = ["score", "store", "--no-keep", "--rank", "score_mean", "--repeats", rule];
        let table = ["--metric", "score_mean", "--format", "csv"];
        (csv(&space.ok(&[&args[..], &table].concat())), space.ok(&args))
    };
    let (all, text) = score("all");
    assert_eq!(all.keys().cloned().collect::<Vec<_>>(), ["m1 (r1)", "m1 (r2)", "m1 (r3)", "m2"]);
    assert!(text.contains("runs found: 4, used: 4; repeated runs: all"), "{text}");
    let (best, text) = score("best");
    assert_eq!((best["m1"]["runs"].as_str(), best["m1"]["score_mean"].as_str()), ("3", "95.0"));
    assert!(text.contains("runs found: 4, used: 2; repeated runs: best"), "{text}");
    assert!(
        text.contains("several runs of m1 3") && text.contains("W-BEST-OF-N by Score:"),
        "{text}"
    );
    let (mean, text) = score("mean");
    let value: f64 = mean["m1"]["score_mean"].parse().expect("a number");
    assert!((value - (75.0 + 90.0 + 95.0) / 3.0).abs() < 1e-9);
    assert!(!text.contains("W-BEST-OF-N"), "{text}");
    // Without times, the last by id.
    let (latest, _) = score("latest");
    assert_eq!(latest["m1"]["score_mean"], "95.0");
}

/// Unbiased pass@k and pass^k (Chen et al. 2021; Yao et al. 2024): m1 passes both stages in 2 of 3 runs at 60.
#[test]
fn repeated_runs_have_pass_at_k_and_pass_hat_k() {
    let space = repeated();
    let out = space.ok(&["score", "store", "--no-keep", "--pass-at", "1,2,4", "--format", "json"]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    let rows = json["pass_at_k"].as_array().expect("rows");
    let of = |model: &str, k: u64| {
        rows.iter().find(|r| r["model"] == model && r["k"] == k).expect("a row").clone()
    };
    let near = |value: &Value, expected: f64| {
        assert!((value.as_f64().expect("a number") - expected).abs() < 1e-9, "{value}");
    };
    near(&of("m1", 1)["pass_at_k"], 2.0 / 3.0);
    near(&of("m1", 2)["pass_at_k"], 1.0);
    near(&of("m1", 2)["pass_hat_k"], 1.0 / 3.0);
    // Stages: 3 of 3 and 2 of 3.
    near(&of("m1", 2)["stage_pass_hat_k"], f64::midpoint(1.0, 1.0 / 3.0));
    assert_eq!(of("m1", 4)["pass_at_k"], Value::Null);
    assert_eq!(of("m2", 2)["pass_hat_k"], Value::Null);
    near(&of("m2", 1)["pass_at_k"], 1.0);
}

#[test]
fn groups_have_means_with_t_intervals() {
    let space = repeated();
    let out = space.ok(&[
        "score",
        "store",
        "--by",
        "model",
        "--metric",
        "score_mean",
        "--format",
        "json",
    ]);
    let json: Value = serde_json::from_str(&out).expect("JSON");
    let m1 =
        json.as_array().expect("rows").iter().find(|r| r["group"] == "m1").expect("a row").clone();
    // scipy.stats.t.interval(0.95, 2, mean, sem) of 75, 90, 95.
    for (name, expected) in [("mean", 86.666_666_7), ("low", 60.810_941_6), ("high", 112.522_391_7)]
    {
        assert!((m1[name].as_f64().expect(name) - expected).abs() < 1e-6, "{name}: {}", m1[name]);
    }
    let m2 =
        json.as_array().expect("rows").iter().find(|r| r["group"] == "m2").expect("a row").clone();
    assert_eq!((m2["used"].as_u64(), m2["low"].clone()), (Some(1), Value::Null));
}

#[test]
fn sensitivity_writes_the_same_bytes_twice() {
    let space = with_store();
    let run = |out: &str| {
        let _ = space.ok(&[
            "score",
            "store",
            "--pack",
            "ramp",
            "--rank",
            "stages_passed",
            "--sensitivity",
            "-o",
            out,
            "--draws",
            "200",
        ]);
        let mut files = space.files(out);
        files.remove("receipts.json");
        files
    };
    let (a, b) = (run("a"), run("b"));
    for name in
        ["gate_sweep.csv", "rank_acceptability.tex", "leave_one_out.md", "specifications.json"]
    {
        assert!(a.contains_key(name), "{name}");
    }
    for figure in ["gate_sweep_pass_mark", "rank_acceptability", "leave_one_out", "specifications"]
    {
        assert!(a.contains_key(&format!("figures/yatcc/{figure}.png")), "{figure}");
    }
    assert_eq!(a, b);
}

#[test]
fn the_built_in_packs_say_which_definitions_mislead() {
    let ramp = Pack::ramp().expect("ramp");
    let codes = |name: &str| -> Vec<String> {
        ramp.metric(name).expect("a metric").warnings.iter().map(|w| w.code.clone()).collect()
    };
    assert!(codes("mean_reward").contains(&"W-MONOTONE".to_owned()));
    assert!(codes("aei_cohort").contains(&"W-COHORT".to_owned()));
    for api in ["api_printed", "api_reported"] {
        assert!(
            codes(api).contains(&"W-UNITS".to_owned())
                && codes(api).contains(&"W-DO-NOTHING".to_owned())
        );
    }
    assert!(codes("published_total_tokens").contains(&"W-TOK-DOUBLE".to_owned()));
    let core = Pack::core().expect("core");
    assert!(core.metrics.iter().all(|m| m.warnings.is_empty()));
    assert_eq!(core.parameter_with(Role::Baseline), Some("baseline"));
    for pack in [ramp, core] {
        assert_eq!(pack.problems, []);
        assert_eq!(evaluate(&pack, &published()).expect("scores").problems, []);
        assert!(pack.metrics.iter().all(|m| !m.doc.is_empty()));
    }
}

#[test]
fn lint_fails_on_what_a_pack_does_not_warn_of() {
    let space = Workspace::new();
    let ramp = space.run(&["score", "--lint", "--pack", "ramp", "--format", "json"]);
    assert_eq!(ramp.code, 0, "{}", ramp.stderr);
    let json: Value = serde_json::from_str(&ramp.stdout).expect("JSON");
    let found = json["lint"].as_array().expect("findings");
    let finding = found.iter().find(|f| f["metric"] == "mean_reward" && f["code"] == "W-MONOTONE");
    assert_eq!(
        finding.expect("a finding")["finding"],
        "score of stage 0 from 99 to 100: 37.125 -> 33.333"
    );
    space.write(
        "mine.toml",
        TEN_LINES.replace("SUM(CASE WHEN stage >= 3 THEN score END)", "AVG(score) / AVG(cost_usd)"),
    );
    let ran = space.run(&["score", "--lint", "--pack", "mine.toml"]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("that mine.toml does not warn of"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("hint: mend the definition, or add warnings = ["),
        "{}",
        ran.stderr
    );
}

#[test]
fn levels_can_be_chosen_and_csv_holds_one_table() {
    let space = with_store();
    let all = space.run(&["score", "store", "--no-keep", "--format", "csv"]);
    assert_eq!(all.stdout.lines().count(), 16);
    assert!(
        all.stderr.contains("left out: cohort metrics; --level cohort shows them"),
        "{}",
        all.stderr
    );
    let cohort = space.ok(&["score", "store", "--no-keep", "--format", "csv", "--level", "cohort"]);
    assert!(
        cohort.starts_with("workload,cohort_runs,pass_rate,cost_of_pass\nyatcc,15.0,"),
        "{cohort}"
    );
    let wrong = space.run(&["score", "store", "--no-keep", "--metric", "rewards"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.stderr.contains("error: the pack `core` has no metric `rewards`"),
        "{}",
        wrong.stderr
    );
    let packs = space.ok(&["score", "--packs", "--format", "csv"]);
    assert!(packs.contains("ramp,aei_cohort,AEI (cohort),run,points,higher,W-COHORT"), "{packs}");
}

#[test]
fn a_gate_that_cannot_be_judged_is_named_with_its_line() {
    let body = "[pack]\nname = \"p\"\n[[gate]]\nname = \"g\"\npasses = \"scor >= 60\"\nfailing = \"zero\"\n\
        [[metric]]\nname = \"m\"\nlevel = \"run\"\nsql = \"AVG(score)\"\ndoc = \"d\"\n\
        [[metric]]\nname = \"gated\"\nof = \"m\"\ngate = \"g\"\n";
    let scores =
        evaluate(&Pack::parse("p.toml", body).expect("a pack"), &published()).expect("scores");
    let found: Vec<String> = scores.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["p.toml:13: metric `gated`: gate `g` (p.toml:4): there is no column or parameter `scor`"]
    );
    assert!(scores.runs.names().contains(&"m".to_owned()));
}

/// metrics of the three published weight vectors: under the draft's, v4-flash falls behind gpt-5.5 and qwen3.6-max.
#[test]
fn weight_schemes_are_ranked_one_at_a_time() {
    let rollup = published();
    let ramp = Pack::ramp().expect("ramp");
    let schemes = WeightScheme::of(&question(&ramp, "mean_reward", &rollup)).expect("schemes");
    let names: Vec<(&str, &str)> =
        schemes.iter().map(|s| (s.parameter.as_str(), s.scheme.as_str())).collect();
    assert_eq!(
        names,
        [
            ("bonus", "default"),
            ("bonus", "none"),
            ("stage_weight", "default"),
            ("stage_weight", "comment"),
            ("stage_weight", "draft"),
            ("stage_weight", "equal"),
        ]
    );
    let of = |scheme: &str| {
        schemes
            .iter()
            .find(|s| s.parameter == "stage_weight" && s.scheme == scheme)
            .expect("a scheme")
    };
    assert_eq!((of("default").tau_b, of("default").moves.len()), (Some(1.0), 0));
    // The draft's weights stand in the pack as a metric of their own too.
    let by = |metric| rank(&question(&ramp, metric, &rollup)).expect("a ranking").remove(0);
    assert_eq!(of("draft").tau_b, by("mean_reward").tau_b(&by("mean_reward_draft")));
    let moved: Vec<&str> = of("draft").moves.iter().map(|(label, _)| label.as_str()).collect();
    assert!(moved.contains(&"deepseek-v4-flash") && moved.contains(&"gpt-5.5"), "{moved:?}");
}

/// One changed byte in a trace, an edited pack, an edited CSV, another release: each drift is named.
#[test]
fn verify_names_every_drift_of_an_output_folder() {
    let space = with_store();
    space.write("mine.toml", TEN_LINES);
    let _ = space.ok(&["analyze", "store", "-o", "out", "--pack", "mine.toml", "--gate", "50"]);
    let verify = || space.run(&["verify", "out", "--format", "csv"]);
    let clean = verify();
    assert_eq!((clean.code, clean.stdout.as_str()), (0, "what,change\n"), "{}", clean.stderr);

    let csv = std::fs::read_to_string(space.path("out/metrics.csv")).expect("a table");
    space.write("out/metrics.csv", csv.replacen("148.25", "149.25", 1));
    let edited = verify();
    assert_eq!(edited.code, 1);
    assert_eq!(edited.stdout, "what,change\nmetrics.csv,edited since it was written\n");
    assert!(edited.stderr.contains("error: out drifted in 1 places"), "{}", edited.stderr);
    space.write("out/metrics.csv", csv);
    assert_eq!(verify().code, 0);

    space.write("mine.toml", TEN_LINES.replace("stage >= 3", "stage >= 2"));
    let pack = verify().stdout;
    assert!(pack.contains("metric mine.late_points,another one now"), "{pack}");
    assert!(pack.contains("pack mine.toml,another one now"), "{pack}");
    assert!(pack.contains("output metrics.csv,comes out otherwise now"), "{pack}");
    assert!(!pack.contains("output runs.csv"), "{pack}");
    space.write("mine.toml", TEN_LINES);

    let receipts = std::fs::read_to_string(space.path("out/receipts.json")).expect("receipts");
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    space.write("out/receipts.json", receipts.replace(&version, "\"version\": \"0.0.9\""));
    let older = verify();
    assert!(
        older.stdout.contains("made by another release") && older.code == 1,
        "{}",
        older.stdout
    );
    space.write("out/receipts.json", receipts);

    // The same run with another score: a trace that is not the one that was analysed.
    let table = std::fs::read_to_string(space.path("table.csv")).expect("the table");
    let changed = table.replacen("48.25", "48.26", 1);
    assert_ne!(table, changed);
    space.write("table.csv", changed);
    std::fs::remove_dir_all(space.path("store")).expect("the store");
    let _ = space.ok(&["import", "table.csv", "-o", "store", "-q"]);
    let trace = verify().stdout;
    assert!(
        trace.contains("trace engineer-openhand-500-openhands-gpt-5.5-tasks-0-5,another one now"),
        "{trace}"
    );
    let nothing = space.run(&["verify", "store"]);
    assert_eq!(nothing.code, 2);
    assert!(
        nothing
            .stderr
            .contains("hint: folders that analyze or score --sensitivity wrote have receipts"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn numbers_for_papers_are_those_of_the_tables() {
    let space = with_store();
    let _ = space.ok(&["analyze", "store", "-o", "out"]);
    let numbers = std::fs::read_to_string(space.path("out/numbers.tex")).expect("numbers");
    for line in [
        "\\newcommand{\\MetricsGptFivePointFivePipelineScore}{74.71} % gpt-5.5: PL (points)",
        "\\newcommand{\\CollapseYatccFiveMarginal}{20.0\\%} % yatcc, 5: Marginal",
        "\\newcommand{\\SpreadYatccMaxOverMin}{2692} % yatcc: Max/min",
        "\\newcommand{\\CascadeEffectsYatccRiskRatioWithinStagesValue}{1.94}",
    ] {
        assert!(numbers.contains(line), "{line}\n{numbers}");
    }
    // Every line is a command of letters, a comment, or nothing.
    for line in numbers.lines().filter(|l| !l.starts_with('%')) {
        let name = line
            .strip_prefix("\\newcommand{\\")
            .and_then(|l| l.split('}').next())
            .expect("a command");
        assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "{line}");
    }
}
