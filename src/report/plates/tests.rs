//! What must hold for the words and the data of every figure.

use crate::analysis::Resource;
use crate::figures::fixture::{self, HOSTILE};
use crate::figures::{
    Sheet, fixture_failures, fixture_profiles, fixture_ranks, fixture_runs, fixture_scores,
};
use crate::report::{Plate, Plotted, Words};

/// Numbers that can be drawn, with what they are of.
struct Case {
    data: Box<dyn Plotted>,
    n: usize,
    /// Marks of the picture.
    marks: usize,
}

fn case(data: impl Plotted + 'static, n: usize, marks: usize) -> Case {
    Case { data: Box::new(data), n, marks }
}

/// A line per figure.
fn usual() -> Vec<Case> {
    vec![
        case(fixture::collapse(15, 6), 15, 18),
        case(fixture::frontier(15), 15, 15),
        case(fixture::matrix(15, 6), 15, 90),
        case(fixture::spread(15), 15, 17),
        case(fixture::price_shift(15), 15, 15),
        case(fixture::bridge(4), 1, 6),
        // 14 runs have a cost, 13 have times.
        case(fixture::stage_ledger(15, 6), 15, 14 * 7 + 13 * 5),
        case(fixture_ranks::gate_sweep(15, 20), 15, 300),
        case(fixture_ranks::acceptability(15), 15, 225),
        case(fixture_ranks::perturbation(15), 15, 225),
        case(fixture_ranks::specification(&[3, 2, 2]), 12, 12),
        case(fixture_failures::map(15, 6), 15, 90),
        // Three causes of first failures and the runs without one.
        case(fixture_failures::incidence(15, 6), 15, 6 * (causes_of_first_failures() + 1)),
        case(fixture_failures::ramp(215, 6, Some(60)), 215, 215),
        case(fixture_failures::transitions(15, 6), 15, 4 * 6),
        timeline(215, 6),
        // As many steps of the mean as of all runs.
        case(fixture_runs::budget(15, 6, Resource::Money), 15, 2 * 15 * 6),
        // The runs, doing nothing, the median.
        case(fixture_scores::trajectory(15, 6), 15, 17 * 6),
        case(fixture_scores::gate_gaps(15), 15, 16),
        case(fixture_scores::slope(15), 15, 15),
        case(fixture_profiles::profile(15, 8), 15, 120),
        case(fixture_profiles::radar(15, 6), 15, 90),
    ]
}

/// A run: its stages, spans, errors and loops are rows.
fn timeline(calls: i64, stages: i64) -> Case {
    let data = fixture_runs::timeline(calls, stages);
    let marks = data.stages.len() + data.spans.len() + data.marks.len() + data.loops.len();
    case(data, 1, marks)
}

fn causes_of_first_failures() -> usize {
    fixture_failures::incidence(15, 6).causes.len()
}

/// Figures of nothing.
fn empty() -> Vec<Case> {
    let mut bridge = fixture::bridge(0);
    (bridge.from_runs, bridge.to_runs) = (0, 0);
    let mut combinations = fixture_ranks::specification(&[]);
    combinations.specifications.clear();
    vec![
        case(fixture::collapse(0, 0), 0, 0),
        case(fixture::frontier(0), 0, 0),
        case(fixture::matrix(0, 0), 0, 0),
        case(fixture::spread(0), 0, 0),
        case(fixture::price_shift(0), 0, 0),
        case(bridge, 0, 2),
        case(fixture::stage_ledger(0, 0), 0, 0),
        case(fixture_ranks::gate_sweep(0, 0), 0, 0),
        case(fixture_ranks::acceptability(0), 0, 0),
        case(fixture_ranks::perturbation(0), 0, 0),
        case(combinations, 0, 0),
        case(fixture_failures::map(0, 0), 0, 0),
        case(fixture_failures::incidence(0, 0), 0, 0),
        case(fixture_failures::ramp(0, 0, None), 0, 0),
        case(fixture_failures::transitions(0, 0), 0, 4),
        case(fixture_scores::trajectory(0, 0), 0, 0),
        case(fixture_scores::gate_gaps(0), 0, 0),
        case(fixture_scores::slope(0), 0, 0),
        case(fixture_profiles::profile(0, 0), 0, 0),
        case(fixture_profiles::radar(0, 3), 0, 0),
    ]
}

/// Figures of one run or stage.
fn lone() -> Vec<Case> {
    vec![
        case(fixture::collapse(1, 1), 1, 3),
        case(fixture::frontier(1), 1, 1),
        case(fixture::matrix(1, 1), 1, 1),
        case(fixture::spread(1), 1, 3),
        case(fixture::price_shift(1), 1, 1),
        case(fixture::bridge(1), 1, 3),
        case(fixture::stage_ledger(1, 1), 1, 7),
        case(fixture_ranks::gate_sweep(1, 1), 1, 1),
        case(fixture_ranks::acceptability(1), 1, 1),
        case(fixture_ranks::perturbation(1), 1, 1),
        case(fixture_ranks::specification(&[1]), 1, 1),
        case(fixture_failures::map(1, 1), 1, 1),
        case(fixture_failures::incidence(1, 1), 1, 1),
        case(fixture_failures::ramp(1, 1, None), 1, 1),
        case(fixture_failures::transitions(1, 2), 1, 8),
        timeline(1, 1),
        case(fixture_runs::budget(1, 1, Resource::Time), 1, 2),
        case(fixture_scores::trajectory(1, 1), 1, 1),
        case(fixture_scores::gate_gaps(1), 1, 1),
        case(fixture_scores::slope(1), 1, 1),
        case(fixture_profiles::profile(1, 1), 1, 1),
        case(fixture_profiles::radar(1, 3), 1, 3),
    ]
}

/// Figures in which every name is `name`.
fn named(name: &str) -> Vec<Case> {
    fn with<T: Plotted + 'static>(mut data: T, marks: usize, rename: impl Fn(&mut T)) -> Case {
        rename(&mut data);
        case(data, 3, marks)
    }
    let set = |text: &mut String| *text = name.to_owned();
    vec![
        with(fixture::collapse(3, 1), 3, |d| set(&mut d.workload)),
        with(fixture::frontier(3), 3, |d| {
            d.points.iter_mut().for_each(|p| set(&mut p.label));
            d.unpriced.iter_mut().for_each(set);
            [&mut d.workload, &mut d.score_label, &mut d.score_unit, &mut d.basis]
                .into_iter()
                .for_each(set);
        }),
        with(fixture::matrix(3, 2), 6, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            d.rows[0].cells[0].status = Some(name.to_owned());
            set(&mut d.workload);
        }),
        with(fixture::spread(3), 5, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            d.unpriced.iter_mut().for_each(set);
            [&mut d.workload, &mut d.basis].into_iter().for_each(set);
        }),
        with(fixture::price_shift(3), 3, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            [&mut d.workload, &mut d.from_basis, &mut d.to_basis].into_iter().for_each(set);
        }),
        with(fixture::bridge(2), 4, |d| {
            d.steps.iter_mut().for_each(|s| [&mut s.label, &mut s.unit].into_iter().for_each(set));
            [&mut d.workload, &mut d.from, &mut d.to, &mut d.basis].into_iter().for_each(set);
            d.from_runs = 3;
        }),
        with(fixture::stage_ledger(3, 1), 19, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            [&mut d.workload, &mut d.basis].into_iter().for_each(set);
        }),
        with(fixture_ranks::gate_sweep(3, 2), 6, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            [&mut d.workload, &mut d.metric, &mut d.parameter].into_iter().for_each(set);
        }),
        with(fixture_ranks::acceptability(3), 9, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            d.criteria.iter_mut().for_each(set);
            d.unranked = vec![name.to_owned(); 20];
            set(&mut d.workload);
        }),
        with(fixture_ranks::perturbation(3), 9, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.left_out));
            d.runs.iter_mut().for_each(set);
            [&mut d.workload, &mut d.metric].into_iter().for_each(set);
        }),
        with(fixture_ranks::specification(&[3]), 3, |d| {
            d.axes.iter_mut().for_each(|a| set(&mut a.name));
            d.axes[0].options.iter_mut().for_each(set);
            d.specifications.iter_mut().for_each(|s| s.first = vec![name.to_owned()]);
            [&mut d.workload, &mut d.metric].into_iter().for_each(set);
        }),
        with(fixture_failures::map(3, 6), 18, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            set(&mut d.workload);
        }),
        with(fixture_failures::incidence(3, 2), 2, |d| {
            d.causes.iter_mut().for_each(|c| set(&mut c.cause));
            set(&mut d.workload);
        }),
        with(fixture_failures::ramp(3, 2, None), 3, |d| {
            [&mut d.workload, &mut d.label, &mut d.ended].into_iter().for_each(set);
        }),
        with(fixture_failures::transitions(3, 2), 8, |d| {
            set(&mut d.workload);
            // A sentence of ours, of bounded length.
            d.reading = name.chars().take(100).collect();
        }),
        with(fixture_profiles::profile(3, 3), 9, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            d.metrics
                .iter_mut()
                .for_each(|m| [&mut m.label, &mut m.unit].into_iter().for_each(set));
            d.ranked_by = Some(name.to_owned());
            [&mut d.workload, &mut d.pack, &mut d.basis].into_iter().for_each(set);
        }),
        with(fixture_profiles::radar(3, 3), 9, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            d.spokes.iter_mut().for_each(|s| {
                [&mut s.metric.label, &mut s.metric.unit].into_iter().for_each(set);
            });
            d.left_out = vec![name.to_owned(); 20];
            d.ranked_by = Some(name.to_owned());
            [&mut d.workload, &mut d.pack, &mut d.basis].into_iter().for_each(set);
        }),
        with(fixture_runs::budget(3, 2, Resource::Money), 12, |d| {
            d.curves.iter_mut().for_each(|c| set(&mut c.label));
            d.left_out = vec![name.to_owned(); 20];
            d.basis = Some(name.to_owned());
            set(&mut d.workload);
        }),
        with(fixture_runs::timeline(40, 1), timeline(40, 1).marks, |d| {
            d.marks.iter_mut().for_each(|m| set(&mut m.what));
            d.loops.iter_mut().for_each(|l| set(&mut l.tool));
            [&mut d.workload, &mut d.label, &mut d.run_id].into_iter().for_each(set);
        }),
        with(fixture_scores::trajectory(3, 2), 10, |d| {
            d.rows.iter_mut().chain(&mut d.baseline).for_each(|r| set(&mut r.label));
            set(&mut d.workload);
        }),
        with(fixture_scores::gate_gaps(3), 4, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            set(&mut d.workload);
        }),
        with(fixture_scores::slope(3), 3, |d| {
            d.rows.iter_mut().for_each(|r| set(&mut r.label));
            for by in [&mut d.new, &mut d.old] {
                [&mut by.pack, &mut by.metric, &mut by.label].into_iter().for_each(set);
            }
            set(&mut d.workload);
        }),
    ]
}

fn drawn(case: &Case) -> Plate {
    Plate::of(case.data.as_ref(), Sheet::default()).unwrap()
}

/// Whether a text has a number as a word of its own.
fn says(text: &str, n: usize) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|word| word == n.to_string())
}

fn is_plain(c: char) -> bool {
    let turns =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns
}

fn assert_readable(plate: &Plate) {
    let name = plate.figure;
    let words = &plate.words;
    for text in [&words.title, &words.caption, &words.alt] {
        assert!(!text.trim().is_empty(), "{name}");
        assert!(text.chars().count() < 2500, "{name}: {text}");
        assert!(text.chars().all(is_plain), "{name}: {text:?}");
        assert!(
            !text.contains("  ") && !text.contains(" .") && !text.contains(".."),
            "{name}: {text}"
        );
    }
    assert!(!words.title.ends_with('.'), "{name}: {}", words.title);
    assert!(words.caption.ends_with('.') && words.alt.ends_with('.'), "{name}: {words:?}");
}

#[test]
fn captions_and_texts_say_n_in_one_paragraph() {
    for case in usual().iter().chain(&lone()) {
        let plate = drawn(case);
        assert_readable(&plate);
        let words = &plate.words;
        assert!(
            words.caption.contains("n = ") && says(&words.caption, case.n),
            "{}",
            words.caption
        );
        assert!(says(&words.alt, case.n), "{}: {}", plate.figure, words.alt);
    }
}

#[test]
fn data_has_a_row_per_mark() {
    for case in usual().iter().chain(&lone()).chain(&empty()).chain(&named("a")) {
        let plate = drawn(case);
        assert_eq!(plate.data.rows().len(), case.marks, "{} of {}", plate.figure, case.n);
        assert_eq!(plate.data.name(), plate.figure);
        assert_eq!(plate.csv().lines().count(), case.marks + 1, "{}", plate.figure);
    }
}

#[test]
fn nothing_is_said_of_nothing() {
    for case in empty() {
        let plate = drawn(&case);
        assert_readable(&plate);
        let Words { caption, alt, .. } = &plate.words;
        assert!(caption.contains("n = ") && says(caption, 0), "{caption}");
        assert!(alt.starts_with("No ") || says(alt, 0), "{}: {alt}", plate.figure);
        assert!(!alt.contains("NaN") && !alt.contains("inf"), "{alt}");
    }
}

#[test]
fn hostile_names_stay_exact_in_the_data_and_inert_in_the_words() {
    for name in HOSTILE.map(str::to_owned).into_iter().chain(["x".repeat(5000)]) {
        for case in named(&name) {
            let plate = drawn(&case);
            let Words { title, caption, alt } = &plate.words;
            for text in [title, caption, alt] {
                assert!(
                    !text.is_empty() && text.chars().all(is_plain),
                    "{}: {text:?}",
                    plate.figure
                );
                assert!(text.chars().count() < 4000, "{}: {}", plate.figure, text.len());
            }
            assert!(plate.markdown("x.svg").lines().count() == 3);
            assert!(!plate.latex("x.pdf").contains('\u{202e}'));
        }
    }
    let data = named(HOSTILE[1]).remove(1).data.data().unwrap();
    assert_eq!(data.rows()[0][0], HOSTILE[1].into());
}

#[test]
fn figures_have_names_of_their_own() {
    let mut names: Vec<&str> = usual().iter().map(|case| case.data.figure()).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn words_say_the_numbers() {
    let alt = |data: &dyn Plotted| data.words().alt;
    assert_eq!(
        alt(&fixture::bridge(4)),
        "A run of qwen3-coder-flash costs $0.0469 (n = 1), a run of claude-opus-4-7 $126.24 (n = 1). Largest first: \
         list price adds $62.62, context per call adds $37.90, calls adds $27.30, cache saves $1.63."
    );
    // Counted by hand from the endings of the fixture.
    let map = alt(&fixture_failures::map(15, 6));
    assert!(map.starts_with(
        "Of 90 stages of 15 runs: 40 passed, 28 failed, 15 not attempted, 5 without tests,"
    ));
    assert!(map.contains("context exhausted (15), wrong answer (13), build broken (7)"));
    let transitions = alt(&fixture_failures::transitions(15, 6));
    assert!(transitions.contains("After a pass, 22 of 37 next stages pass (59.5 %)."));
    assert!(transitions.contains("After a failure, 3 of 38 next stages pass (7.9 %)."));
    let ramp = alt(&fixture_failures::ramp(215, 6, Some(60)));
    assert!(
        ramp.contains("starts at 8826 tokens") && ramp.contains("by more than a fifth 3 times")
    );
    let frontier = fixture::frontier(15);
    let best = frontier.points.iter().filter(|point| point.on_frontier).count();
    assert!(alt(&frontier).contains(&format!("{best} are on the frontier")));
}
