//! `ramptrace score`: packs over a store, kept values, repeated runs, groups, property checks.

use crate::workspace::Workspace;
use ramptrace::metrics::{Pack, Role, evaluate};
use ramptrace::rollup::{Rollup, roll_up};
use ramptrace::trace::Store;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) fn published() -> Rollup {
    roll_up(&Store::open(&published_store()).expect("the samples").files()).expect("a rollup")
}

pub(crate) fn published_store() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces/ramp-2605.27492")
}

/// A workspace with the published store as `store`.
pub(crate) fn with_store() -> Workspace {
    let space = Workspace::new();
    let table = published_store().with_extension("");
    let csv = std::fs::read(table.with_file_name("ramp-2605.27492.csv")).expect("the table");
    space.write("table.csv", csv);
    let _ = space.ok(&["import", "table.csv", "-o", "store", "-q"]);
    space
}

/// The rows of a CSV by their first column.
pub(crate) fn csv(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
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

pub(crate) const TEN_LINES: &str = "[pack]\nname = \"mine\"\n[[metric]]\nname = \"late_points\"\nlabel = \"Late score\"\nlevel = \"run\"\n\
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
    assert_eq!(kept_files.keys().filter(|k| k.ends_with(".scores")).count(), 3);
    let history = space.ok(&["score", "store", "--history", "gpt-5.5", "--format", "csv"]);
    assert!(history.contains(",core,passes,,4.0,stages,gate = 60,"), "{history}");
    assert!(history.contains(",core,passes,,4.0,stages,gate = 80,"), "{history}");
    assert_eq!(space.ok(&["store", "list", "store", "--format", "csv"]).lines().count(), 17);
    // A broken file is named, and its values are computed again.
    space.write("store/.ramptrace/scores/000001.scores", b"not a table");
    let ran = space.run(&["score", "store", "--format", "csv"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, with_new.as_str()));
    assert!(ran.stderr.contains("warning: ") && ran.stderr.contains("computed again"));
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
