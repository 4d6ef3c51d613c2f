//! What runs cost: how far apart, what for, how much of it in vain, and what is not known.

use super::super::{
    CohortRun, CostFactors, FACTORS, FrontierPoint, RunCost, variance_shares, waste,
};
use super::finding::{CohortResults, Finding};
use super::resample::over_runs;
use super::words::{counted, dollars, factor, factor_limits, listed, percent, percent_limits};
use crate::stats::{Sample, geometric_sd};

/// Largest over smallest cost, the geometric SD, and what carries it.
pub(super) fn spread(results: &CohortResults<'_>) -> Option<Finding> {
    let spread = results.spread;
    let (cheapest, dearest) = (spread.rows.first()?, spread.rows.last()?);
    let mut finding = results.finding("spread", "Cost spread");
    finding.figure = Some("spread");
    let n = spread.rows.len();
    finding.basis = format!(
        "cost basis {}; n = {n} priced of {}",
        spread.basis,
        counted(results.runs() as u64, "run")
    );
    let Some(ratio) = spread.max_over_min else {
        finding.lead = dollars(cheapest.cost_usd);
        finding.text = format!(
            "One run has a known cost, {} ({}); n = 1, so there is no spread.",
            dollars(cheapest.cost_usd),
            cheapest.label
        );
        return Some(finding);
    };
    finding.lead = format!("{}×", factor(ratio));
    finding.text = format!(
        "The dearest run, {} ({}), costs {} times the cheapest, {} ({}).",
        dearest.label,
        dollars(dearest.cost_usd),
        factor(ratio),
        cheapest.label,
        dollars(cheapest.cost_usd)
    );
    finding.stand_on("max/min from unrounded costs, a ratio of extremes without an interval");
    let costs: Vec<f64> = spread.rows.iter().map(|r| r.cost_usd).collect();
    let sd = |costs: &[f64]| Sample::new(costs).ok().and_then(|s| geometric_sd(&s).ok().flatten());
    let mut method = None;
    if let Some(sd) = over_runs(&costs, sd) {
        let limits = sd.interval.map_or(String::new(), |i| format!(" ({})", factor_limits(i)));
        let point = factor(sd.point);
        finding.say(format_args!("The geometric standard deviation is {point}{limits}."));
        finding.stand_on(format_args!("geometric SD: {}", sd.method));
        method = Some(sd.method);
    }
    if let Some((text, shares)) = carried(results.factors) {
        finding.say(text);
        let how = if method.as_ref() == Some(&shares) { "likewise" } else { &shares };
        let n = results.factors.len();
        finding.stand_on(format_args!("shares: n = {n} whose factors are known, {how}"));
    }
    Some(finding)
}

/// What carries the variance of log cost, the list price with its interval, and how that was made.
fn carried(factors: &[CostFactors]) -> Option<(String, String)> {
    let shares = variance_shares(factors)?;
    let place = FACTORS.iter().position(|(name, _)| *name == "list price")?;
    let price = over_runs(factors, |runs| variance_shares(runs)?.get(place).copied())?;
    let mut others: Vec<(f64, &str)> =
        shares.iter().zip(FACTORS).map(|(share, (name, _))| (*share, name)).collect();
    others.remove(place);
    others.sort_by(|a, b| b.0.total_cmp(&a.0));
    let others: Vec<String> =
        others.iter().map(|(share, name)| format!("{name} {}", percent(*share))).collect();
    let limits = price.interval.map_or(String::new(), |i| format!(" ({})", percent_limits(i)));
    let text = format!(
        "Of the variance of log cost the list price carries {}{limits}; {}.",
        percent(price.point),
        listed(&others)
    );
    Some((text, price.method))
}

/// The cheapest and the best run that no other run beats.
pub(super) fn frontier(results: &CohortResults<'_>) -> Option<Finding> {
    let frontier = results.frontier;
    let on: Vec<&FrontierPoint> = frontier.points.iter().filter(|p| p.on_frontier).collect();
    let (cheapest, best) = (on.first()?, on.last()?);
    let n = frontier.points.len();
    if n < 2 {
        return None;
    }
    let mut finding = results.finding("frontier", "Score for money");
    finding.figure = Some("frontier");
    finding.lead = format!("{} of {}", on.len(), counted(n as u64, "run"));
    let score = &frontier.score_label;
    let shown = |p: &FrontierPoint| {
        format!("{} ({score} {:.1} for {})", p.label, p.score, dollars(p.cost_usd))
    };
    finding.text = if on.len() == 1 {
        format!(
            "{} is the cheapest run and the best: no other is on the frontier.",
            shown(cheapest)
        )
    } else {
        format!(
            "{} of {n} runs are on the frontier, where no other run scores as much for less. The cheapest of them is {}, the best {}.",
            on.len(),
            shown(cheapest),
            shown(best)
        )
    };
    finding.say("Each point is one run (n = 1), so it has no interval.");
    let unit = if frontier.score_unit.is_empty() {
        String::new()
    } else {
        format!(", {}", frontier.score_unit)
    };
    finding.basis = format!(
        "score: {score}{unit}; gate {} points where the metric has none of its own; cost basis {}; n = {n} runs with score and cost",
        results.gate, frontier.basis
    );
    Some(finding)
}

/// The share of the money that went into stages that failed.
pub(super) fn failed_stages(results: &CohortResults<'_>) -> Option<Finding> {
    let wasted = |run: &CohortRun| {
        let cost = results.costs.get(&run.run_id)?;
        let total = cost.cost_usd?;
        Some((waste(run, cost, results.gate).failed_share? * total, total))
    };
    let runs: Vec<(f64, f64)> = results.cohort.runs.iter().filter_map(wasted).collect();
    let sums = |runs: &[(f64, f64)]| runs.iter().fold((0.0, 0.0), |a, r| (a.0 + r.0, a.1 + r.1));
    let share = over_runs(&runs, |runs| {
        let (failed, total) = sums(runs);
        (total > 0.0).then(|| failed / total)
    })?;
    let (failed, total) = sums(&runs);
    let mut finding = results.finding("failed_cost", "Cost of failed stages");
    finding.figure = Some("ledger");
    finding.lead = percent(share.point);
    let limits = share.interval.map_or(String::new(), |i| format!(" ({})", percent_limits(i)));
    finding.text = format!(
        "Stages that failed took {} of {}, or {}{limits}, in the {} whose cost is known stage by stage.",
        dollars(failed),
        dollars(total),
        percent(share.point),
        counted(runs.len() as u64, "run")
    );
    let mut shares: Vec<f64> = runs.iter().map(|(failed, total)| failed / total).collect();
    shares.sort_by(f64::total_cmp);
    if let [least, .., most] = shares.as_slice() {
        finding.say(format_args!("Run by run it is {} to {}.", percent(*least), percent(*most)));
    }
    finding.basis = format!(
        "gate {} points; cost basis {}; the cost of a stage is that of its prompt window; {}",
        results.gate,
        results.basis(),
        share.method
    );
    Some(finding)
}

/// Runs whose cost is unknown, and runs whose cost stands in no log.
pub(super) fn unknown(results: &CohortResults<'_>) -> Option<Finding> {
    let with_cost =
        || results.cohort.runs.iter().filter_map(|r| Some((r, results.costs.get(&r.run_id)?)));
    let unknown: Vec<String> = with_cost()
        .filter(|(_, cost)| cost.cost_usd.is_none())
        .map(|(run, cost)| format!("{} ({})", run.label, reason(cost)))
        .collect();
    let imputed: Vec<&str> = with_cost()
        .filter(|(_, cost)| cost.cost_usd.is_some() && !cost.logged)
        .map(|(run, _)| run.label.as_str())
        .collect();
    let reported = results.basis() == super::super::Basis::Reported && !imputed.is_empty();
    if unknown.is_empty() && !reported {
        return None;
    }
    let mut finding = results.finding("unknown_costs", "Costs to doubt");
    finding.lead = format!(
        "{} of {}",
        unknown.len() + if reported { imputed.len() } else { 0 },
        counted(results.runs() as u64, "run")
    );
    if !unknown.is_empty() {
        let verb = if unknown.len() == 1 { "is" } else { "are" };
        finding.say(format_args!(
            "The cost of {} {verb} unknown and left out, never counted as 0: {}.",
            counted(unknown.len() as u64, "run"),
            listed(&unknown)
        ));
    }
    if reported {
        let verb = if imputed.len() == 1 { "stands" } else { "stand" };
        finding.say(format_args!(
            "The cost of {} {verb} in no log: whoever published it put it in.",
            listed(&imputed)
        ));
    }
    finding.basis =
        format!("cost basis {}; n = {}", results.basis(), counted(results.runs() as u64, "run"));
    Some(finding)
}

fn reason(cost: &RunCost) -> &str {
    cost.missing.as_deref().unwrap_or("no call with a cost")
}
