//! How far runs come.

use super::super::{CohortRun, CollapsePoint};
use super::finding::{CohortResults, Finding};
use super::words::{counted, listed, percent, rate};

/// The pass rate of the first and the last stage, and of the lowest when that is neither.
pub(super) fn by_stage(results: &CohortResults<'_>) -> Option<Finding> {
    let collapse = results.collapse?;
    let (first, last) = (collapse.points.first()?, collapse.points.last()?);
    let mut finding = results.finding("completion", "Completion by stage");
    finding.figure = Some("collapse");
    if collapse.runs == 1 {
        let scored = collapse.points.iter().filter(|p| p.marginal.n > 0).count();
        let passed = collapse.points.iter().filter(|p| p.marginal.x > 0).count();
        finding.lead = format!("{passed} of {scored} stages");
        finding.text = format!(
            "The one scored run passes {passed} of {}; n = 1, so there is no rate and no interval.",
            counted(scored as u64, "stage")
        );
        finding.basis = format!("gate {} points; n = 1 run", results.gate);
        return Some(finding);
    }
    finding.basis = format!(
        "gate {} points; marginal pass rate of the runs scored at a stage; Wilson 95 %; n = {} runs",
        results.gate, collapse.runs
    );
    if first.stage == last.stage {
        finding.lead = percent(first.marginal.point);
        finding.text =
            format!("At the only stage, {}, {} pass.", first.stage, rate(&first.marginal));
        return Some(finding);
    }
    let ends = (first.marginal.point, last.marginal.point);
    finding.lead = format!("{} → {}", percent(ends.0), percent(ends.1));
    finding.text = format!(
        "At stage {}, {} of the runs pass; at stage {}, {}.",
        first.stage,
        rate(&first.marginal),
        last.stage,
        rate(&last.marginal)
    );
    let lower =
        |a: &&CollapsePoint, b: &&CollapsePoint| a.marginal.point.total_cmp(&b.marginal.point);
    if let Some(low) = collapse.points.iter().min_by(lower)
        && low.marginal.point < ends.0.min(ends.1)
    {
        finding.say(format_args!(
            "The low point is not the end but stage {}, with {}.",
            low.stage,
            rate(&low.marginal)
        ));
    }
    Some(finding)
}

/// The runs that pass every stage.
pub(super) fn whole(results: &CohortResults<'_>) -> Option<Finding> {
    let collapse = results.collapse?;
    let survival = collapse.points.last()?.survival;
    if collapse.points.len() < 2 {
        return None;
    }
    let mut finding = results.finding("pipeline", "Whole pipeline");
    finding.figure = Some("matrix");
    finding.lead = format!("{} of {}", survival.x, counted(survival.n, "run"));
    let stages = &results.cohort.stages;
    let complete =
        |run: &&CohortRun| stages.iter().all(|s| run.passed(*s, results.gate) == Some(true));
    let names: Vec<&str> =
        results.cohort.runs.iter().filter(complete).map(|r| r.label.as_str()).collect();
    finding.text = match (names.as_slice(), survival.n) {
        ([], 1) => "The one scored run does not pass every stage (n = 1, no interval).".to_owned(),
        (_, 1) => "The one scored run passes every stage (n = 1, no interval).".to_owned(),
        ([], _) => format!("No run passes every stage: {}.", rate(&survival)),
        (names, _) => format!(
            "{} {} every stage: {}. {} {}.",
            counted(names.len() as u64, "run"),
            if names.len() == 1 { "passes" } else { "pass" },
            rate(&survival),
            if names.len() == 1 { "It is" } else { "They are" },
            listed(names)
        ),
    };
    finding.basis = format!(
        "gate {} points; survival through all {} stages{}",
        results.gate,
        collapse.points.len(),
        if survival.n == 1 { "" } else { "; Wilson 95 %" }
    );
    Some(finding)
}
