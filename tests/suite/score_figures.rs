//! Trajectories, gate gaps and rank slopes of the published table, against the ramp pack and values computed from its
//! CSV file by another program.

use ramptrace::analysis::{
    Cohort, GateGaps, Outcome, Question, RankComparison, Repeats, Trajectory, cohorts,
};
use ramptrace::figures::Sheet;
use ramptrace::metrics::{Pack, evaluate};
use ramptrace::report::Plate;
use ramptrace::rollup::{Frame, Rollup, roll_up};
use ramptrace::trace::Store;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Scores of the untouched framework, as the graders of the published runs print them.
const UNTOUCHED: [f64; 6] = [100.0, 17.64, 20.55, 1.37, 35.16, 0.0];

fn published() -> (Rollup, Cohort) {
    let store = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-traces/ramp-2605.27492");
    let rollup = roll_up(&Store::open(&store).expect("the samples").files()).expect("a rollup");
    let cohort = cohorts(&Frame::of(&rollup.runs), &Frame::of(&rollup.stages)).expect("cohorts");
    (rollup, cohort.into_iter().next().expect("a cohort"))
}

fn near(value: Option<f64>, expected: f64) {
    let value = value.expect("a value");
    assert!((value - expected).abs() < 0.006, "{value}, expected {expected}");
}

/// Medians by Python's statistics.median; 44 of 90 scores are no higher than those of the untouched framework.
#[test]
fn the_trajectories_of_the_published_table() {
    let (_, cohort) = published();
    let mut untouched = cohort.runs[0].clone();
    (untouched.run_id, untouched.label) = ("untouched".to_owned(), "untouched".to_owned());
    for (stage, score) in untouched.stages.values_mut().zip(UNTOUCHED) {
        stage.score = Some(score);
    }
    let lines = Trajectory::of(&cohort, Some(&untouched), 60.0);
    for (median, expected) in lines.median.iter().zip([100.0, 95.92, 31.35, 1.37, 37.47, 0.0]) {
        near(*median, expected);
    }
    assert_eq!((lines.rows.len(), lines.rows[0].label.as_str()), (15, "claude-opus-4-7"));
    assert_eq!(lines.rows[14].label, "deepseek-reasoner");
    let points = lines.rows.iter().flat_map(|row| &row.points);
    assert_eq!(points.filter(|p| p.outcome == Outcome::NotAttempted).count(), 19);
    let plate = Plate::of(&lines, Sheet::default()).expect("a figure");
    assert!(plate.words.alt.contains("Of 90, 44 are no higher"), "{}", plate.words.alt);
    assert_eq!(plate.data.rows().len(), 15 * 6 + 6 + 6);
}

/// The pack computes both variants in SQL; the means over all 15 runs are from the CSV file by hand.
#[test]
fn gate_gaps_agree_with_the_pack() {
    let (rollup, cohort) = published();
    let gaps = GateGaps::of(&cohort, 99.9, Some(&[0, 1, 2, 3]));
    near(gaps.mean.ungated, 51.295);
    near(gaps.mean.zeroed, 33.52);
    let pack = Pack::load("ramp").expect("the pack");
    let runs = evaluate(&pack, &rollup).expect("scores").runs;
    let models = runs.texts("model").expect("models");
    let column = |metric: &str| -> BTreeMap<String, f64> {
        let values = runs.numbers(metric).expect("values");
        let named = models.iter().zip(values);
        named.map(|(m, v)| (m.expect("a model").to_owned(), v.expect("a value"))).collect()
    };
    let (zeroed, kept) = (column("e2e_prs_code"), column("e2e_prs_keep"));
    assert_eq!(gaps.rows.len(), 15);
    for row in &gaps.rows {
        assert!((row.zeroed - zeroed[&row.label]).abs() < 1e-9, "{}", row.label);
        assert!((row.kept - kept[&row.label]).abs() < 1e-9, "{}", row.label);
    }
    let everywhere = GateGaps::of(&cohort, 60.0, None);
    near(everywhere.mean.zeroed, 39.033);
    near(everywhere.mean.kept, 42.726);
    let plate = Plate::of(&everywhere, Sheet::default()).expect("a figure");
    assert_eq!(plate.data.rows().len(), 16);
}

/// tau-b from the 15 pairs of values by hand.
#[test]
fn the_rank_slope_of_the_published_table() {
    let (rollup, _) = published();
    let pack = Pack::load("ramp").expect("the pack");
    let question =
        |metric| Question { pack: &pack, metric, rollup: &rollup, repeats: Repeats::All };
    let found = RankComparison::between(&question("e2e_prs_code"), &question("pipeline_score"))
        .expect("rankings");
    near(found[0].tau_b, 0.7196);
    let plate = Plate::of(&found[0], Sheet::default()).expect("a figure");
    assert_eq!(plate.data.rows().len(), 15);
    assert_eq!(plate.part, "pipeline_score_e2e_prs_code");
    assert!(plate.words.caption.contains("tau-b: 0.7196"), "{}", plate.words.caption);
}
