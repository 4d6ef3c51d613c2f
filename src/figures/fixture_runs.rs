//! Made-up runs over time and over budgets.

use crate::analysis::timeline::{
    Lane, LoopStretch, MarkKind, RunTimeline, TimelineMark, TimelineSpan, TimelineStage, Unplaced,
};
use crate::analysis::{
    BudgetCurve, BudgetCurves, BudgetLines, BudgetStep, Effectiveness, Resource, TimeUse,
};

use super::fixture::name;
use super::number::real;

/// Budget curves out of events: a band from where work on stages begins.
pub(crate) fn event_budget(runs: usize, stages: usize, resource: Resource) -> BudgetCurves {
    let mut data = budget(runs, stages, resource);
    let mut begun = data.mean.clone();
    begun.steps.iter_mut().for_each(|step| step.spent *= 0.6);
    (data.lines, data.begun, data.runs) = (BudgetLines::Models, Some(begun), 2 * runs);
    data
}

/// Calls of 1 to 7 s, each with a tool call behind it, over stages of very different length; the last tenth of a stage
/// is grading.
pub(crate) fn timeline(calls: i64, stages: i64) -> RunTimeline {
    let mut spans = Vec::new();
    let (mut at, mut found, mut marks, mut loops) = (0, Vec::new(), Vec::new(), Vec::new());
    let mut time = TimeUse { llm_s: 0.0, tool_s: 0.0, waiting_s: 0.0, grading_s: 0.0, idle_s: 0.0 };
    for stage in 0..stages {
        let from = at;
        let share = calls * (stage + 1) * 2 / (stages * (stages + 1));
        for call in 0..share.max(1) {
            let lengths = [
                (Lane::Llm, 1_000_000 + call * 37 % 7 * 1_000_000),
                (Lane::Tool, 50_000 + call * 11 % 5 * 400_000),
                (Lane::Failed, if call % 40 == 17 { 30_000_000 } else { 0 }),
                (Lane::Idle, call % 3 * 100_000),
            ];
            for (lane, length) in lengths.into_iter().filter(|(_, length)| *length > 0) {
                let to_us = at + length;
                spans.push(TimelineSpan { lane, stage: Some(stage), from_us: at, to_us });
                at = to_us;
                if lane == Lane::Failed {
                    let (kind, what) = (MarkKind::FailedRequest, "RateLimit".to_owned());
                    marks.push(TimelineMark { kind, stage: Some(stage), at_us: at, what });
                }
            }
            if call % 23 == 3 {
                let (kind, what) = (MarkKind::ToolError, "terminal".to_owned());
                marks.push(TimelineMark { kind, stage: Some(stage), at_us: at, what });
            }
            if call % 61 == 12 {
                let (from_us, to_us) = (at - 3_000_000, at);
                loops.push(LoopStretch { from_us, to_us, calls: 4, tool: "terminal".to_owned() });
            }
        }
        let to_us = at + (at - from) / 9;
        spans.push(TimelineSpan { lane: Lane::Grading, stage: Some(stage), from_us: at, to_us });
        found.push(TimelineStage { stage, from_us: from, to_us });
        at = to_us;
        if stage % 4 == 1 {
            let kind = MarkKind::Recovery;
            marks.push(TimelineMark { kind, stage: Some(stage), at_us: at, what: String::new() });
        }
    }
    for span in &spans {
        let seconds = super::timeline::seconds(span.to_us - span.from_us);
        match span.lane {
            Lane::Llm => time.llm_s += seconds,
            Lane::Tool => time.tool_s += seconds,
            Lane::Failed => time.waiting_s += seconds,
            Lane::Grading => time.grading_s += seconds,
            Lane::Idle => time.idle_s += seconds,
        }
    }
    let calls = usize::try_from(calls).unwrap();
    RunTimeline {
        workload: "engineer-500".to_owned(),
        run_id: "run-1".to_owned(),
        label: name(1),
        length_us: at,
        stages: found,
        spans,
        marks,
        loops,
        calls: (calls, calls),
        time,
        unplaced: Unplaced::default(),
    }
}

/// Runs whose stages cost more and more, and score less and less.
pub(crate) fn budget(runs: usize, stages: usize, resource: Resource) -> BudgetCurves {
    let per_unit = match resource {
        Resource::Money => 0.01,
        Resource::Tokens => 90_000.0,
        Resource::Calls => 3.0,
        Resource::Time => 40.0,
    };
    let effect =
        |reached: f64| Effectiveness { reached, linear: reached / 2.0, log: Some(reached / 3.0) };
    let curve = |index: usize| {
        let (mut spent, mut score, mut passed) = (0.0, 0.0, 0.0);
        let steps: Vec<BudgetStep> = (0..stages)
            .map(|stage| {
                let own = real(100 - stage.min(9) * 11 * ((index * 7) % 10) / 9);
                spent += per_unit * real(stage + 1) * 1.12_f64.powi(i32::try_from(index).unwrap());
                score += own / real(stages);
                passed += if own >= 60.0 { 1.0 / real(stages) } else { 0.0 };
                BudgetStep { stage: Some(i64::try_from(stage).unwrap()), spent, score, passed }
            })
            .collect();
        let color = [None, Some([0x00, 0x72, 0xB2]), Some([0xF0, 0xE4, 0x42])][index % 3];
        let vendor = color.map(|_| format!("vendor{:02}", index % 3));
        let label = name(index);
        BudgetCurve {
            label,
            vendor,
            color,
            start: (0.0, 0.0),
            steps,
            score: effect(score),
            passed: effect(passed),
        }
    };
    let mut curves: Vec<BudgetCurve> = (0..runs).map(curve).collect();
    curves.sort_by(|a, b| b.score.reached.total_cmp(&a.score.reached));
    let mut gains: Vec<(f64, f64, f64)> = Vec::new();
    for curve in &curves {
        let (mut score, mut passed) = (0.0, 0.0);
        for step in &curve.steps {
            gains.push((
                step.spent,
                (step.score - score) / real(runs),
                (step.passed - passed) / real(runs),
            ));
            (score, passed) = (step.score, step.passed);
        }
    }
    gains.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut score, mut passed) = (0.0, 0.0);
    let steps = gains.iter().map(|gain| {
        score += gain.1;
        passed += gain.2;
        BudgetStep { stage: None, spent: gain.0, score, passed }
    });
    let steps: Vec<BudgetStep> = steps.collect();
    BudgetCurves {
        workload: "engineer-500".to_owned(),
        resource,
        basis: (resource == Resource::Money).then(|| "reported".to_owned()),
        gate: 60.0,
        stages,
        has_baseline: false,
        least: gains.first().map_or(1.0, |gain| gain.0),
        most: gains.last().map_or(1.0, |gain| gain.0),
        mean: BudgetCurve {
            label: "mean".to_owned(),
            vendor: None,
            color: None,
            start: (0.0, 0.0),
            steps,
            score: effect(score),
            passed: effect(passed),
        },
        curves,
        runs,
        lines: BudgetLines::Runs,
        begun: None,
        left_out: Vec::new(),
    }
}
