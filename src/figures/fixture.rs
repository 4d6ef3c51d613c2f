//! Made-up cohorts, and what must hold for every figure of them.

use crate::analysis::Proportion;
use crate::analysis::{
    BridgeStep, Collapse, CollapsePoint, CostBridge, CostSpread, Frontier, FrontierPoint,
    MatrixCell, MatrixRow, PriceShift, ScoreMatrix, ShiftRow, SpreadRow, StageLedger,
    StageLedgerRow, TimeUse,
};

use super::area::Area;
use super::canvas::Canvas;
use super::error::FigureError;
use super::number::real;
use super::png::parse;
use super::sheet::{Sheet, SheetWidth, Theme};

/// Names that would break markup, layout or reading order.
pub(crate) const HOSTILE: [&str; 6] = [
    "<script>alert('x')</script>&amp;\"",
    "nul\u{0}bell\u{7}escape\u{1B}[31m\u{FFFF}",
    "\u{202E}desrever\u{202C} \u{200F}name\u{2066}",
    "模型名称模型名称模型名称模型名称模型名称模型名称",
    "",
    "a\n]]>\n<!-- \t -->",
];

/// A name of forty characters.
pub(crate) fn name(index: usize) -> String {
    format!("vendor{:02}/some-long-model-name-{:04}-preview", index % 7, index * 37)
}

fn cost(index: usize) -> f64 {
    0.05 * 1.137_f64.powi(i32::try_from(index).unwrap())
}

fn score_of(index: usize, stage: usize) -> f64 {
    real((index * 31 + stage * 47) % 101)
}

pub(crate) fn spread(runs: usize) -> CostSpread {
    CostSpread {
        workload: "engineer-500".to_owned(),
        basis: "reported".to_owned(),
        runs: u64::try_from(runs).unwrap() + 2,
        rows: (0..runs)
            .map(|index| SpreadRow { label: name(index), cost_usd: cost(index) })
            .collect(),
        unpriced: (0..if runs == 0 { 0 } else { 2 }).map(|i| name(i + 90)).collect(),
        max_over_min: (runs > 1).then_some(2692.26),
        median: (runs > 0).then_some(1.5),
        quartiles: (runs > 0).then_some((0.5, 3.0)),
        geometric_sd: (runs > 1).then_some(9.87),
    }
}

/// Every third run is dearer on the second basis, the others cheaper.
pub(crate) fn price_shift(runs: usize) -> PriceShift {
    let costs = spread(runs);
    let rows: Vec<ShiftRow> = costs
        .rows
        .iter()
        .rev()
        .enumerate()
        .map(|(index, row)| ShiftRow {
            label: row.label.clone(),
            from_usd: row.cost_usd,
            to_usd: row.cost_usd * if index % 3 == 0 { 2.5 } else { 0.2 },
        })
        .collect();
    PriceShift {
        workload: "engineer-500".to_owned(),
        from_basis: "reported".to_owned(),
        to_basis: "neutral".to_owned(),
        unpriced: costs.unpriced,
        max_over_min: (runs > 1).then_some((2692.26, 38.6)),
        tau_b: (runs > 1).then_some(0.56),
        rows,
    }
}

pub(crate) fn frontier(runs: usize) -> Frontier {
    let mut best = -1.0;
    let points = (0..runs)
        .map(|index| {
            let score = score_of(index, 1);
            let on_frontier = score > best;
            if on_frontier {
                best = score;
            }
            FrontierPoint {
                label: name(index),
                cost_usd: cost(index),
                score,
                on_frontier,
                on_hull: on_frontier && index % 2 == 0,
            }
        })
        .collect();
    Frontier {
        workload: "engineer-500".to_owned(),
        score_label: "pipeline score (PL)".to_owned(),
        score_unit: "points".to_owned(),
        basis: "reported".to_owned(),
        points,
        unpriced: vec![name(90), name(91)],
    }
}

pub(crate) fn matrix(runs: usize, stages: usize) -> ScoreMatrix {
    let statuses = ["passed", "failed", "not_attempted", "no_tests", "infra", "recovered", "odd"];
    let cell = |index: usize, stage: usize| {
        let turn = (index * 3 + stage * 5) % 11;
        MatrixCell {
            score: (turn != 9).then(|| score_of(index, stage) * 0.993),
            status: (turn != 10).then(|| statuses[turn % 7].to_owned()),
        }
    };
    ScoreMatrix {
        workload: "engineer-500".to_owned(),
        gate: 60.0,
        stages: (0..i64::try_from(stages).unwrap()).collect(),
        rows: (0..runs)
            .map(|index| MatrixRow {
                label: name(index),
                mean: (index != 3).then(|| score_of(index, 9)),
                cells: (0..stages).map(|stage| cell(index, stage)).collect(),
            })
            .collect(),
    }
}

/// A proportion with a made-up interval.
pub(crate) fn share(x: u64, n: u64) -> Proportion {
    let point = f64::from(u32::try_from(x).unwrap()) / f64::from(u32::try_from(n).unwrap());
    Proportion { x, n, point, low: (point - 0.2).max(0.0), high: (point + 0.15).min(1.0) }
}

/// Survival falls by one run every few stages; nobody is at risk once it has reached zero.
pub(crate) fn collapse(runs: u64, stages: u64) -> Collapse {
    let mut alive = runs;
    let points = (0..stages)
        .map(|stage| {
            let passed = if stage % 3 == 2 { alive.saturating_sub(1) } else { alive };
            let point = CollapsePoint {
                stage: i64::try_from(stage).unwrap(),
                marginal: share((runs * 2).div_ceil(3 + stage % 5).min(runs), runs),
                conditional: (alive > 0).then(|| share(passed, alive)),
                survival: share(passed, runs),
            };
            alive = passed;
            point
        })
        .collect();
    Collapse { workload: "engineer-500".to_owned(), gate: 60.0, runs, points }
}

/// A bridge over a cost ratio of 2692; more steps than four split the last of these.
pub(crate) fn bridge(steps: usize) -> CostBridge {
    let known = [
        ("calls", "calls", 69.0, 380.0, 27.3),
        ("context per call", "tokens", 28_537.0, 306_494.0, 37.9),
        ("list price", "USD per million", 0.102, 5.04, 62.62),
        ("cache", "", 0.237, 0.215, -1.6269),
    ];
    let mut steps: Vec<BridgeStep> = (0..steps)
        .map(|index| {
            let (label, unit, from_value, to_value, usd) = known[index % 4];
            let (label, unit) = (label.to_owned(), unit.to_owned());
            BridgeStep { label, unit, from_value, to_value, usd }
        })
        .collect();
    let (from_usd, to_usd) = (0.0469, 126.24);
    let others: f64 = steps.iter().rev().skip(1).map(|step| step.usd).sum();
    if let Some(last) = steps.last_mut() {
        last.usd = to_usd - from_usd - others;
    }
    CostBridge {
        workload: "engineer-500".to_owned(),
        basis: "reported".to_owned(),
        from: "qwen3-coder-flash".to_owned(),
        to: "claude-opus-4-7".to_owned(),
        from_runs: 1,
        to_runs: 1,
        from_usd,
        // Without a step there is no difference to explain.
        to_usd: if steps.is_empty() { from_usd } else { to_usd },
        steps,
    }
}

/// The dearest first; some runs know no stages, one knows some, every seventh has no times, and
/// of more than one the last has no cost.
pub(crate) fn stage_ledger(runs: usize, stages: usize) -> StageLedger {
    let row = |index: usize| {
        let cost_usd = (index == 0 || index + 1 < runs).then(|| 67.28 * 0.8_f64.powf(real(index)));
        let weights: Vec<f64> = (0..stages).map(|stage| score_of(index, stage)).collect();
        let all: f64 = weights.iter().sum();
        let stage_usd = weights.iter().enumerate().map(|(stage, weight)| {
            let is_known = index % 5 != 2 && !(index % 5 == 3 && stage > 1);
            cost_usd.filter(|_| is_known).map(|usd| usd * weight / all.max(1.0))
        });
        let seconds = real((index * 37) % 23) * 120.0;
        StageLedgerRow {
            label: name(index),
            cost_usd,
            stage_usd: stage_usd.collect(),
            time: (index % 7 != 5).then_some(TimeUse {
                llm_s: 4.0 * seconds + 60.0,
                tool_s: 1.3 * seconds,
                waiting_s: if index.is_multiple_of(3) { 0.6 * seconds } else { 0.0 },
                grading_s: 0.4 * seconds,
                idle_s: 0.2 * seconds,
            }),
        }
    };
    StageLedger {
        workload: "engineer-500".to_owned(),
        basis: "reported".to_owned(),
        stages: (0..i64::try_from(stages).unwrap()).collect(),
        rows: (0..runs).map(row).collect(),
    }
}

/// Checks, on every sheet, that no text covers another or leaves the canvas, that the document is well-formed and
/// has nothing but drawing in it, and that drawing twice gives the same bytes.
pub(super) fn assert_tidy(layout: impl Fn(Sheet) -> Result<Canvas, FigureError>) {
    for width in [SheetWidth::Column, SheetWidth::Page, SheetWidth::Slide] {
        assert_tidy_on(Sheet { width, theme: Theme::Paper }, &layout);
    }
    let screen = Sheet { theme: Theme::Screen, ..Sheet::default() };
    parse(layout(screen).unwrap().finish().unwrap().as_str()).unwrap();
}

fn assert_tidy_on(sheet: Sheet, layout: &impl Fn(Sheet) -> Result<Canvas, FigureError>) {
    let canvas = layout(sheet).unwrap();
    let whole = Area::sized(0.0, 0.0, canvas.width, canvas.height);
    let texts = canvas.texts();
    assert!(!texts.is_empty());
    for (index, one) in texts.iter().enumerate() {
        assert!(whole.contains(&one.area), "off the canvas: {one:?}");
        for other in &texts[index + 1..] {
            assert!(!one.area.overlaps(&other.area), "{one:?} covers {other:?}");
        }
    }
    let svg = canvas.finish().unwrap();
    assert_eq!(svg, layout(sheet).unwrap().finish().unwrap());
    parse(svg.as_str()).unwrap();
    for tag in svg.as_str().split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
        let known = ["svg", "text", "rect", "circle", "polyline", "polygon", "g", "title"];
        assert!(known.contains(&name), "unexpected tag {name}");
    }
    for character in svg.as_str().chars() {
        assert!(character == '\n' || !character.is_control());
        assert!(!matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'));
    }
}
