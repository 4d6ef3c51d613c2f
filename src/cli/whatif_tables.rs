//! The tables of `ramptrace whatif`.

use super::CliError;
use super::cost_tables::{amount, count, money, number, share, text};
use super::whatif::Answered;
use crate::analysis::BudgetCurve;
use crate::analysis::whatif::{
    CallPrices, Course, EventCurves, Replayed, StageEnd, Totals, totals,
};
use crate::report::{Table, Value};
use crate::stats::{Sample, mean_interval};
use crate::trace::Usd;

const ASSUMED: &str = "assumed: up to the cut the agent would have done the same; one that is told its budget may not";
const BOUNDS: &str = "low: a stage in work at the cut has what had been graded before, else its baseline, else 0; high: its final score";
const PROGRESS: &str = "progress: a better grade, a file written (as far as commands and editors say), a build or test with a new good result";

/// One row per scenario and run.
pub(super) fn scenario_table(
    courses: &[Course],
    answers: &[Answered],
    prices: &CallPrices<'_>,
    has_baseline: bool,
) -> Result<Table, CliError> {
    let mut table = Table::new(
        "whatif",
        "What would have happened",
        vec![
            text("scenario", "Scenario"),
            text("model", "Model"),
            text("run_id", "Run"),
            number("score", "Score", 2),
            number("score_low", "Low", 2),
            number("score_high", "High", 2),
            money("saved_usd", "Saved"),
            share("saved_share", "Saved share"),
            count("cut_seq", "Cut at event"),
            count("cut_stage", "In stage"),
            count("graded", "Graded"),
            text("in_work", "In work"),
            money("cost_usd", "Cost"),
            count("tokens", "Tokens"),
            count("calls", "Calls"),
            number("seconds", "Seconds", 0),
            text("unknown", "Unknown"),
        ],
    )?;
    for (scenario, runs) in answers {
        for (course, run) in courses.iter().zip(runs) {
            let head: Vec<Value> = vec![
                scenario.to_string().into(),
                course.calls.model.as_str().into(),
                course.calls.run_id.as_str().into(),
            ];
            let rest = match run {
                Ok(run) => known(run),
                Err(reason) => {
                    let mut rest = vec![course.score().into()];
                    rest.resize(13, Value::Null);
                    rest.push(reason.as_str().into());
                    rest
                }
            };
            table.push([head, rest].concat())?;
        }
    }
    table.note(ASSUMED);
    table.note(BOUNDS);
    let base = if has_baseline { "its baseline" } else { "0" };
    table.note(format!("a stage that was not begun counts {base}; costs: {}", prices.name()));
    if answers.iter().any(|(scenario, _)| scenario.to_string().contains("no-progress")) {
        table.note(PROGRESS);
    }
    Ok(table)
}

fn known(run: &Replayed) -> Vec<Value> {
    let bounds = run.bounds.as_ref();
    let in_work: Option<String> = bounds.map(|bounds| {
        bounds.in_work().map(|stage| format!("T{stage}")).collect::<Vec<_>>().join(" ")
    });
    vec![
        run.recorded.into(),
        bounds.map(|b| b.low).into(),
        bounds.map(|b| b.high).into(),
        amount(run.saved()),
        ratio(run.saved(), run.whole.cost).into(),
        run.cut.into(),
        run.stage.into(),
        bounds.and_then(|b| i64::try_from(b.count(StageEnd::Graded)).ok()).into(),
        in_work.filter(|stages| !stages.is_empty()).into(),
        amount(run.kept.cost),
        run.kept.tokens.into(),
        run.kept.calls.into(),
        run.kept.seconds.into(),
        Value::Null,
    ]
}

/// One row per scenario and workload: what it saves against what it loses.
pub(super) fn totals_table(
    courses: &[Course],
    answers: &[Answered],
    prices: &CallPrices<'_>,
) -> Result<Table, CliError> {
    let mut table = Table::new(
        "whatif_totals",
        "Saved cost against lost score, over the runs",
        vec![
            text("scenario", "Scenario"),
            text("workload", "Workload"),
            count("runs", "Runs"),
            count("cut", "Cut"),
            count("unknown", "Unknown"),
            count("priced", "Priced"),
            money("cost_usd", "Cost"),
            money("saved_usd", "Saved"),
            share("saved_share", "Saved share"),
            count("scored", "Scored"),
            number("score", "Score", 2),
            number("score_low", "Low", 2),
            number("score_high", "High", 2),
            number("lost_least", "Lost, least", 2),
            number("lost_most", "Lost, most", 2),
        ],
    )?;
    for (scenario, runs) in answers {
        let mut at = 0;
        for group in courses.chunk_by(|a, b| a.calls.workload == b.calls.workload) {
            let own = runs.iter().skip(at).take(group.len()).map(Result::as_ref);
            at += group.len();
            let found: Totals = totals(own);
            let lost = |left: Option<f64>| found.recorded.zip(left).map(|(all, left)| all - left);
            table.push(vec![
                scenario.to_string().into(),
                group.first().map(|course| course.calls.workload.clone()).into(),
                found.runs.into(),
                found.cut.into(),
                found.unknown.into(),
                found.priced.into(),
                amount(found.whole),
                amount(found.saved),
                ratio(found.saved, found.whole).into(),
                found.scored.into(),
                found.recorded.into(),
                found.low.into(),
                found.high.into(),
                lost(found.high).into(),
                lost(found.low).into(),
            ])?;
        }
    }
    table.note(format!(
        "costs ({}) are sums over the priced runs, scores means over the scored ones; no intervals: bounds of these runs, not estimates of others",
        prices.name()
    ));
    table.note(ASSUMED);
    Ok(table)
}

/// The share of an amount in a whole above 0.
fn ratio(part: Option<Usd>, whole: Option<Usd>) -> Option<f64> {
    let (part, whole) = part.zip(whole)?;
    (whole.nanos() > 0).then(|| part.to_f64() / whole.to_f64())
}

/// Costs as they were and at other prices.
pub(super) fn prices_table(
    courses: &[Course],
    (recorded, other): (&CallPrices<'_>, &CallPrices<'_>),
) -> Result<Table, CliError> {
    let mut table = Table::new(
        "whatif_prices",
        format!("Costs at other prices: {} instead of {}", other.name(), recorded.name()),
        vec![
            text("model", "Model"),
            text("run_id", "Run"),
            share("hit_rate", "Hit rate"),
            money("cost_usd", "Cost"),
            money("other_usd", "At the other prices"),
            money("difference_usd", "Difference"),
            number("ratio", "Ratio", 4),
            text("unknown", "Unknown"),
        ],
    )?;
    for course in courses {
        let found = recorded.beside(other, course);
        let difference = found.after.zip(found.before).map(|(a, b)| a.nanos() - b.nanos());
        table.push(vec![
            course.calls.model.as_str().into(),
            course.calls.run_id.as_str().into(),
            found.hit_rate.into(),
            amount(found.before),
            amount(found.after),
            Value::usd_or_null(difference),
            ratio(found.after, found.before).into(),
            found.missing.into(),
        ])?;
    }
    table.note("tokens held as they were, each call at the rates of its date and length");
    if other.cache_hit.is_some() {
        table.note("at another hit rate nothing is billed as written to the cache");
    }
    Ok(table)
}

/// Areas under the budget curves, a row per model and one for the mean.
pub(super) fn effectiveness_table(curves: &[EventCurves]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "effectiveness",
        "Score within a budget: areas under the curves",
        vec![
            text("resource", "Budget of"),
            text("model", "Model"),
            text("workload", "Workload"),
            count("runs", "Runs"),
            number("from", "From", 4),
            number("to", "To", 4),
            number("score", "Score at the end", 2),
            number("score_area", "Area", 2),
            number("score_area_ci_low", "95 % from", 2),
            number("score_area_ci_high", "to", 2),
            number("score_area_high", "Area, optimistic", 2),
            number("score_area_log", "Log area", 2),
            number("score_area_log_high", "Log area, optimistic", 2),
            share("passed", "Passed at the end"),
            share("passed_area", "Passed area"),
            share("passed_area_log", "Passed log area"),
        ],
    )?;
    for found in curves {
        let data = &found.curves;
        let every: Vec<f64> = found.areas.values().flatten().copied().collect();
        let models = data.curves.iter().map(|curve| {
            let areas = found.areas.get(&curve.label).map_or(&[][..], Vec::as_slice);
            (curve, found.optimistic_of(&curve.label), areas)
        });
        for (curve, optimistic, areas) in
            models.chain([(&data.mean, data.begun.as_ref(), &every[..])])
        {
            let interval = Sample::new(areas).ok().and_then(|areas| mean_interval(&areas));
            let optimistic = |part: fn(&BudgetCurve) -> Option<f64>| optimistic.and_then(part);
            table.push(vec![
                data.resource.name().into(),
                curve.label.as_str().into(),
                data.workload.as_str().into(),
                areas.len().into(),
                data.least.into(),
                data.most.into(),
                curve.score.reached.into(),
                curve.score.linear.into(),
                interval.map(|i| i.low.clamp(0.0, 100.0)).into(),
                interval.map(|i| i.high.clamp(0.0, 100.0)).into(),
                optimistic(|c| Some(c.score.linear)).into(),
                curve.score.log.into(),
                optimistic(|c| c.score.log).into(),
                curve.passed.reached.into(),
                curve.passed.linear.into(),
                curve.passed.log.into(),
            ])?;
        }
        if !data.left_out.is_empty() {
            table.note(format!(
                "{}: spending or results unknown for {}",
                data.resource.name(),
                data.left_out.join(", ")
            ));
        }
        if let Some(basis) = &data.basis {
            table.note(format!("cost basis: {basis}"));
        }
        table.note(format!(
            "{} in {}, gate: score >= {}, {} stages of {}",
            data.resource.name(),
            data.resource.unit(),
            data.gate,
            data.stages,
            data.workload
        ));
    }
    table.note("area: mean over budgets from 0 to the last, log area: by logarithm between the two; both depend on them");
    table.note("a stage counts once its result is in; optimistic: from the first call in it on");
    table.note("95 %: Student's t over runs, within 0 to 100; without one n = 1");
    table.note(ASSUMED);
    Ok(table)
}
