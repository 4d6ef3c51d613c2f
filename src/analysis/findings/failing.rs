//! Why runs fail, and whether a failure follows a failure.

use super::super::failure::{Cause, StageFailure};
use super::super::failure_map::words as cause_words;
use super::finding::{CohortResults, Finding};
use super::resample::over_runs;
use super::words::{counted, listed, percent, percent_limits, rate, ratio};
use std::collections::BTreeMap;

/// How much likelier a stage fails after a failed one. With one run there is nothing to compare.
pub(super) fn after_failure(results: &CohortResults<'_>) -> Option<Finding> {
    let cascade = results.cascade;
    let all = cascade.risk_ratio.filter(|_| results.runs() > 1)?;
    let mut finding = results.finding("cascade", "Failure after failure");
    finding.figure = Some("transitions");
    if let Some((point, limits)) = ratio(all) {
        finding.lead = format!("{point}×");
        finding.say(format_args!(
            "After a failed stage the next one fails {point} times as often as after a passed one ({limits})."
        ));
    } else {
        "∞".clone_into(&mut finding.lead);
        finding.say(
            "Stages fail after failed ones and never after passed ones, so the ratio has no upper limit.",
        );
    }
    if let Some((point, limits)) = cascade.stratified_risk_ratio.and_then(|r| ratio(r.ratio)) {
        finding.say(format_args!(
            "Within stages, where hard ones are not compared with easy ones, it is {point} ({limits})."
        ));
    }
    finding.say(&cascade.guard.reading);
    finding.basis = format!(
        "gate {} points; risk ratio over all pairs of neighbouring stages, each run several times (Katz, 95 %); within \
         stages: Mantel-Haenszel, Greenland-Robins 95 %; n = {} runs",
        results.gate,
        results.runs()
    );
    Some(finding)
}

/// The cause that most failed stages have, with an interval over runs.
pub(super) fn commonest_cause(results: &CohortResults<'_>) -> Option<Finding> {
    let runs: Vec<&[StageFailure]> = results
        .attributed
        .iter()
        .filter(|r| r.run.workload == results.cohort.workload)
        .map(|r| r.failures.as_slice())
        .collect();
    let mut counts: BTreeMap<Cause, usize> = BTreeMap::new();
    for failure in runs.iter().copied().flatten() {
        *counts.entry(failure.primary.cause).or_default() += 1;
    }
    let failed: usize = counts.values().sum();
    let mut known: Vec<(Cause, usize)> =
        counts.iter().filter(|(c, _)| **c != Cause::Unknown).map(|(c, n)| (*c, *n)).collect();
    known.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let unknown = counts.get(&Cause::Unknown).copied().unwrap_or(0);
    if failed == 0 {
        return None;
    }
    let mut finding = results.finding("causes", "Why stages failed");
    finding.figure = Some("failures");
    finding.basis = format!(
        "gate {} points; built-in failure rules; n = {}",
        results.gate,
        counted(failed as u64, "failed stage")
    );
    let Some((cause, count)) = known.first().copied() else {
        "unknown".clone_into(&mut finding.lead);
        finding.text = format!(
            "The traces do not say why any of the {} failed: they hold scores and no single calls.",
            counted(failed as u64, "failed stage")
        );
        return Some(finding);
    };
    let share = over_runs(&runs, |runs| {
        let failures = runs.iter().copied().flatten();
        let (mut with, mut all) = (0.0, 0.0);
        for failure in failures {
            all += 1.0;
            with += f64::from(u8::from(failure.primary.cause == cause));
        }
        (all > 0.0).then(|| with / all)
    })?;
    finding.lead = format!("{}, {}", cause_words(cause), percent(share.point));
    let limits = share.interval.map_or(String::new(), |i| format!(", {}", percent_limits(i)));
    finding.text = format!(
        "The commonest cause of the {} is “{}”: {count} of {failed} ({}{limits}).",
        counted(failed as u64, "failed stage"),
        cause_words(cause),
        percent(share.point)
    );
    let next: Vec<String> =
        known.iter().skip(1).take(2).map(|(c, n)| format!("{} ({n})", cause_words(*c))).collect();
    if !next.is_empty() {
        finding.say(format_args!("Next: {}.", listed(&next)));
    }
    if unknown > 0 {
        finding.say(format_args!("For {unknown} the trace does not say why."));
    }
    finding.stand_on(format_args!(
        "{}; share: {}",
        counted(runs.len() as u64, "run"),
        share.method
    ));
    Some(finding)
}

/// The error at which most of the runs that failed a stage stop, when at least two do.
pub(super) fn shared_error(results: &CohortResults<'_>) -> Option<Finding> {
    let of_workload = results.shared.iter().filter(|c| c.workload == results.cohort.workload);
    let most = of_workload.filter(|c| c.runs.len() > 1).max_by(|a, b| {
        let first = |c: &super::super::failure::CommonCause| std::cmp::Reverse(c.stage);
        (a.runs.len().cmp(&b.runs.len()))
            .then(a.share.point.total_cmp(&b.share.point))
            .then(first(a).cmp(&first(b)))
    })?;
    let mut finding = results.finding("shared_error", "A shared error");
    finding.lead = format!("{} of {}", most.share.x, counted(most.share.n, "run"));
    finding.text = format!(
        "Of the runs that failed stage {}, {} stop at the same error: “{}”.",
        most.stage,
        rate(&most.share),
        most.signature
    );
    finding.say(match most.in_baseline {
        Some(true) => "A run in which nothing was done has it too, so it is the scaffold's.",
        Some(false) => "The run in which nothing was done does not have it.",
        None => "Whether it is the scaffold's, a run in which nothing was done would tell.",
    });
    finding.basis = format!(
        "gate {} points; first error of the build or the grader, without paths and numbers; Wilson 95 %",
        results.gate
    );
    Some(finding)
}
