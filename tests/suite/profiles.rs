//! Profiles and radars of the published runs, against the published metrics and the indices built from them.

use ramptrace::analysis::{Better, Cohort, Profile, Radar, RadarScaling, cohorts};
use ramptrace::metrics::{Pack, Scores, evaluate};
use ramptrace::rollup::{Frame, roll_up};
use ramptrace::trace::Store;
use std::path::Path;

fn published(pack: &str) -> (Cohort, Scores) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/ramp-2605.27492");
    let rollup = roll_up(&Store::open(&folder).expect("the sample store").files()).expect("rows");
    let (runs, stages) = (Frame::of(&rollup.runs), Frame::of(&rollup.stages));
    let scores = evaluate(&Pack::load(pack).expect("a pack"), &rollup).expect("scores");
    (cohorts(&runs, &stages).expect("cohorts").remove(0), scores)
}

fn names(profile: &Profile) -> Vec<&str> {
    profile.metrics.iter().map(|metric| metric.name.as_str()).collect()
}

/// The spokes of the published radar.
const PAPER: [&str; 5] =
    ["pipeline_stage", "mean_reward", "elapsed_s", "cost_usd", "published_total_tokens"];

/// Oracle: the published index `aei_cohort`, the mean of the five spokes with the largest value of each as its scale.
#[test]
fn the_published_radar_is_the_published_index() {
    let (cohort, scores) = published("ramp");
    let profile = Profile::with(&cohort, &scores, &PAPER).expect("metrics").expect("values");
    let radar = Radar::of(&profile, RadarScaling::Largest).expect("a radar");
    let index =
        Profile::with(&cohort, &scores, &["aei_cohort"]).expect("a metric").expect("values");
    let mut compared = 0;
    for (row, index) in radar.rows.iter().zip(&index.rows) {
        assert_eq!(row.label, index.label);
        let scaled: Option<Vec<f64>> = row.scaled.iter().copied().collect();
        let mean = scaled.map(|scaled| 100.0 * scaled.iter().sum::<f64>() / 5.0);
        match (mean, index.values[0]) {
            (Some(mean), Some(index)) => assert!((mean - index).abs() < 1e-9, "{}", row.label),
            (mean, index) => assert_eq!((mean, index), (None, None), "{}", row.label),
        }
        compared += usize::from(mean.is_some());
    }
    assert!(compared >= 14, "{compared}");
    // 0 for time, cost and tokens by construction.
    let claude = radar.rows.iter().find(|row| row.label == "claude-opus-4-7").expect("a row");
    assert_eq!(claude.scaled, [Some(1.0), Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
}

#[test]
fn a_profile_has_the_first_directed_metrics_of_its_pack_in_the_order_of_its_ranking() {
    let (cohort, scores) = published("ramp");
    let profile = Profile::of(&cohort, &scores).expect("metrics").expect("values");
    assert_eq!(
        names(&profile),
        [
            "pipeline_score",
            "mean_reward",
            "mean_reward_draft",
            "mean_reward_site",
            "pass_score",
            "pipeline_stage",
            "stages_passed",
            "zero_shot_pass"
        ]
    );
    assert_eq!(profile.ranked_by.as_deref(), Some("PL"));
    let ranked: Vec<f64> = profile.rows.iter().filter_map(|row| row.values[0]).collect();
    assert_eq!(ranked.len(), 15);
    assert!(ranked.windows(2).all(|pair| pair[0] >= pair[1]));
    assert_eq!(profile.rows[0].label, "claude-opus-4-7");
    assert!((ranked[0] - 94.733_333).abs() < 1e-6, "the published score");
    let radar = Radar::of(&profile, RadarScaling::Range).expect("a radar");
    assert_eq!(radar.spokes.len(), 6);
}

#[test]
fn metrics_that_no_run_has_are_left_out_and_what_is_spent_is_on_a_log_scale() {
    let (cohort, scores) = published("core");
    let profile = Profile::of(&cohort, &scores).expect("metrics").expect("values");
    // Without a baseline nothing is adjusted.
    assert!(!names(&profile).contains(&"adjusted_score"));
    let of = |name: &str| profile.metrics.iter().find(|m| m.name == name).expect("a metric");
    assert!(of("cost").is_log && of("tokens").is_log && !of("reward").is_log);
    assert_eq!((of("cost").better, of("reward").better), (Better::Lower, Better::Higher));
    assert_eq!(of("cost").best(), of("cost").range.map(|range| range.0));
}

#[test]
fn metrics_can_be_named_and_unknown_names_are_refused_with_those_there_are() {
    let (cohort, scores) = published("ramp");
    let wanted = ["elapsed_s", "aei_time", "llm_calls"];
    let profile = Profile::with(&cohort, &scores, &wanted).expect("metrics").expect("values");
    assert_eq!(names(&profile), wanted, "a column, a hidden metric, a column");
    assert_eq!(profile.metrics[0].better, Better::Lower);
    assert_eq!(profile.metrics[1].better, Better::Neither, "the pack does not say");
    assert_eq!(Radar::of(&profile, RadarScaling::Range), None, "two directions are no radar");
    let error = Profile::with(&cohort, &scores, &["pipeline_scores"]).expect_err("no such metric");
    assert_eq!(error.to_string(), "the pack `ramp` has no run metric `pipeline_scores`");
    assert!(error.hint().is_some_and(|hint| hint.contains("pipeline_score, mean_reward")));
    assert!(Profile::with(&cohort, &scores, &["model"]).is_err(), "text is no metric");
}
