//! Rankings: two side by side with what moved each run, and what a ranking depends on.

use crate::scoring::{published, published_store};
use ramptrace::analysis::{
    CohortPerturbation, GateSweep, Input, Question, RankAcceptability, RankComparison, Repeats,
    SpecificationCurve, WeightScheme, rank,
};
use ramptrace::metrics::{Pack, ParameterValue};
use ramptrace::rollup::Rollup;
use ramptrace::trace::Store;
use std::collections::BTreeMap;

fn question<'a>(pack: &'a Pack, metric: &'a str, rollup: &'a Rollup) -> Question<'a> {
    Question { pack, metric, rollup, repeats: Repeats::All }
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
