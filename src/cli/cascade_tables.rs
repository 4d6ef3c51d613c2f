//! Tables of failures: survival, cascade, transitions, effects, arms, ranks.

use super::CliError;
use crate::analysis::{ArmComparison, Basis, Cascade, FailureCurve, RankIntervals};
use crate::report::{Column, Kind, Table, Value};
use crate::stats::{Interval, Level, PooledRatio, Proportion, Ratio, TestDesign, runs_per_arm};

fn text(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Text)
}

fn count(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Int)
}

fn share(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Share).digits(1)
}

fn number(name: &str, label: &str, digits: usize) -> Column {
    Column::new(name, label, Kind::Float).digits(digits)
}

/// Kaplan-Meier curves, with and without censoring.
pub(super) fn survival_table(curves: &[FailureCurve]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "survival",
        "Until the first failure (Kaplan-Meier)",
        vec![
            text("workload", "Workload"),
            text("group", "Group"),
            text("infra", "Infrastructure"),
            text("clock", "Clock"),
            number("time", "At", 2),
            count("at_risk", "At risk"),
            count("failed", "Failed"),
            count("censored", "Censored"),
            share("survival", "Survival"),
            share("low", "low"),
            share("high", "high"),
        ],
    )?;
    for c in curves {
        let infra = if c.censors_infra { "censored" } else { "failure" };
        for (i, step) in c.curve.steps.iter().enumerate() {
            // Where the log-log interval is undefined, the bound of the runs that got here.
            let interval = step.interval.or_else(|| step.wilson_bound(Level::P95));
            let at = match c.clock {
                crate::analysis::FailureClock::Stages => {
                    c.stages.get(i).map_or(Value::Null, |s| Value::from(*s))
                }
                _ => step.time.into(),
            };
            table.push(vec![
                c.workload.as_str().into(),
                c.group.as_deref().into(),
                infra.into(),
                c.clock.name().into(),
                at,
                step.at_risk.into(),
                step.events.into(),
                step.censored.into(),
                step.survival.into(),
                interval.map(|i| i.low).into(),
                interval.map(|i| i.high).into(),
            ])?;
        }
        let group = c.group.as_deref().map_or(String::new(), |g| format!(" {g}"));
        let mean = c.restricted_mean.map_or("unknown".to_owned(), |m| format!("{m:.2}"));
        table.note(format!(
            "{}{group}, infrastructure as {infra}: n = {}, gate {}, mean {} before the first failure {mean}",
            c.workload, c.runs, c.gate, c.clock.name()
        ));
        if !c.unread.is_empty() {
            table.note(format!(
                "{}{group}: no {} known for {}",
                c.workload,
                c.clock.name(),
                c.unread.join(", ")
            ));
        }
    }
    table.note("intervals: 95 %, log-log (Greenwood); Wilson where survival is 0 or 1");
    Ok(table)
}

/// Where failures start in each run, and how far they reach.
pub(super) fn cascade_table(cascades: &[Cascade], basis: Basis) -> Result<Table, CliError> {
    let mut table = Table::new(
        "cascade",
        "Failures of each run",
        vec![
            text("label", "Model"),
            text("workload", "Workload"),
            text("run_id", "Run"),
            text("outcomes", "Stages"),
            count("root", "Root"),
            count("blast_radius", "Later failures"),
            count("depth", "In a row"),
            Column::new("contained", "Contained", Kind::Bool),
            number("cost_after_root_usd", "Cost after the root", 4).unit("USD"),
            share("share_after_root", "Share"),
        ],
    )?;
    for cascade in cascades {
        for run in &cascade.runs {
            let marks = run.outcomes.iter().map(|o| match o {
                Some(true) => 'P',
                Some(false) => 'F',
                None => '-',
            });
            table.push(vec![
                run.label.as_str().into(),
                cascade.workload.as_str().into(),
                run.run_id.as_str().into(),
                marks.collect::<String>().into(),
                run.root.into(),
                run.blast_radius.map(|n| n as u64).into(),
                run.depth.map(|n| n as u64).into(),
                run.contained.into(),
                run.cost_after_root.into(),
                run.share_after_root.into(),
            ])?;
        }
        table.note(format!("{}: gate {}, cost {basis}", cascade.workload, cascade.gate));
    }
    table.note("P passed, F failed, - no score; root: the first failed stage; in a row: failed stages from the root on; contained: the next stage passed");
    Ok(table)
}

/// Pass and fail from stage to stage.
pub(super) fn transition_table(cascades: &[Cascade]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "transitions",
        "What follows a passed stage, and a failed one",
        vec![
            text("workload", "Workload"),
            count("stage", "Stage"),
            count("pass_pass", "Pass, pass"),
            count("pass_fail", "Pass, fail"),
            count("fail_pass", "Fail, pass"),
            count("fail_fail", "Fail, fail"),
            count("unknown", "Unknown"),
            share("fail_after_pass", "P(fail | passed)"),
            share("fail_after_fail", "P(fail | failed)"),
            share("recovery", "Recovery P(pass | failed)"),
            share("recovery_low", "low"),
            share("recovery_high", "high"),
        ],
    )?;
    for cascade in cascades {
        let all = std::iter::once((None, cascade.matrix.pooled));
        let stages = cascade.matrix.stages.iter().map(|(s, c)| (Some(*s), *c));
        for (stage, counts) in stages.chain(all) {
            let point = |p: Option<Proportion>| Value::from(p.map(|p| p.point));
            let recovery = counts.recovery();
            table.push(vec![
                cascade.workload.as_str().into(),
                stage.into(),
                counts.pass_pass.into(),
                counts.pass_fail.into(),
                counts.fail_pass.into(),
                counts.fail_fail.into(),
                counts.unknown.into(),
                point(counts.fail_after_pass()),
                point(counts.fail_after_fail()),
                point(recovery),
                recovery.map(|p| p.low).into(),
                recovery.map(|p| p.high).into(),
            ])?;
        }
    }
    table.note("the row without a stage holds all pairs together, each run several times; intervals: Wilson 95 %");
    Ok(table)
}

/// How much likelier a stage fails after a failed one.
pub(super) fn effect_table(cascades: &[Cascade]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "cascade_effects",
        "Does failure follow failure?",
        vec![
            text("workload", "Workload"),
            text("measure", "Measure"),
            number("value", "Value", 2),
            number("low", "low", 2),
            number("high", "high", 2),
            text("method", "Method"),
        ],
    )?;
    for c in cascades {
        let mut row =
            |measure: &str, value: Option<f64>, interval: Option<Interval>, method: &str| {
                table.push(vec![
                    c.workload.as_str().into(),
                    measure.into(),
                    value.into(),
                    interval.map(|i| i.low).into(),
                    interval.map(|i| i.high).into(),
                    method.into(),
                ])
            };
        let point = |r: &Option<Ratio>| r.as_ref().and_then(|r| r.point());
        let interval = |r: &Option<Ratio>| r.as_ref().and_then(|r| r.interval());
        let infinite = |r: &Option<Ratio>, method: &str| {
            if matches!(r, Some(Ratio::Infinite)) {
                format!("{method}; infinite: no failure after a pass")
            } else {
                method.to_owned()
            }
        };
        row(
            "risk ratio, all pairs",
            point(&c.risk_ratio),
            interval(&c.risk_ratio),
            &infinite(&c.risk_ratio, "Katz; each run several times"),
        )?;
        row(
            "risk difference, all pairs",
            c.risk_difference.map(|d| d.point),
            c.risk_difference.map(|d| d.interval),
            "Newcombe",
        )?;
        row(
            "odds ratio, all pairs",
            point(&c.odds_ratio),
            interval(&c.odds_ratio),
            &infinite(&c.odds_ratio, "Woolf"),
        )?;
        let pooled = |p: &Option<PooledRatio>| p.as_ref().map(|p| p.ratio);
        let strata = |p: &Option<PooledRatio>, method: &str| match p {
            Some(p) => {
                format!("{method}; {} stages used, {} without information", p.used, p.skipped)
            }
            None => format!("{method}; undefined"),
        };
        let (rr, or) = (pooled(&c.stratified_risk_ratio), pooled(&c.stratified_odds_ratio));
        row(
            "risk ratio, within stages",
            point(&rr),
            interval(&rr),
            &strata(&c.stratified_risk_ratio, "Mantel-Haenszel, Greenland-Robins"),
        )?;
        row(
            "odds ratio, within stages",
            point(&or),
            interval(&or),
            &strata(&c.stratified_odds_ratio, "Mantel-Haenszel"),
        )?;
        row(
            "attributable fraction, after a failure",
            c.attributable_fraction,
            None,
            "(RR - 1) / RR",
        )?;
        row("attributable fraction, all failures", c.population_fraction, None, "Levin")?;
        row("correlation of neighbours", c.phi, None, "phi")?;
        row("mean score", c.gap.ungated, None, "GCPS")?;
        row("mean score, failing stage and later zeroed", c.gap.zeroed, None, "E2E")?;
        row("mean score, later stages zeroed", c.gap.kept, None, "E2E, failing stage kept")?;
        let gap = |gated: Option<f64>| c.gap.ungated.zip(gated).map(|(a, b)| a - b);
        row("gate gap, failing stage zeroed", gap(c.gap.zeroed), None, "GCPS - E2E")?;
        row("gate gap, failing stage kept", gap(c.gap.kept), None, "GCPS - E2E")?;
        if let Some(gain) = &c.recovery_gain {
            let interval = gain.interval.map(|(low, high)| Interval { low, high });
            let p = gain.p.map_or("no test".to_owned(), |p| format!("p = {p:.4}, {}", gain.test));
            let method = format!("paired by model, n = {}; {p}", gain.n);
            row("gain from recovery", gain.difference, interval, &method)?;
        }
    }
    for c in cascades {
        let protocols: Vec<String> =
            c.guard.protocols.iter().map(|(p, n)| format!("{p} {n}")).collect();
        table.note(format!(
            "{}: {} (protocol: {})",
            c.workload,
            c.guard.reading,
            protocols.join(", ")
        ));
        let gain = match &c.recovery_gain {
            Some(_) => "the gain from recovery compares two arms",
            None => "what recovery gained would need runs of the same models without it",
        };
        table.note(format!(
            "{}: the gate gap is a rule applied to the scores, n = {}; {gain}",
            c.workload, c.gap.runs
        ));
    }
    Ok(table)
}

/// Two groups of runs.
pub(super) fn arms_table(comparison: &ArmComparison) -> Result<Table, CliError> {
    let (a, b) = (&comparison.names.0, &comparison.names.1);
    let mut table = Table::new(
        "arms",
        format!("{a} against {b}, workload {}", comparison.workload),
        vec![
            text("measure", "Measure"),
            text("unit", "Unit"),
            number("first", a, 3),
            number("second", b, 3),
            count("n", "n"),
            number("difference", "Difference", 3),
            number("low", "low", 3),
            number("high", "high", 3),
            number("p", "p", 4),
            number("p_holm", "p, Holm", 4),
            text("test", "Test"),
            number("needed", "n for 80 % power", 0),
        ],
    )?;
    for m in &comparison.measures {
        table.push(vec![
            m.name.as_str().into(),
            m.unit.into(),
            m.first.into(),
            m.second.into(),
            (m.n as u64).into(),
            m.difference.into(),
            m.interval.map(|i| i.0).into(),
            m.interval.map(|i| i.1).into(),
            m.p.into(),
            m.p_holm.into(),
            m.test.into(),
            m.needed.map(f64::ceil).into(),
        ])?;
    }
    let paired = comparison.paired_models.len();
    if paired > 0 {
        table.note(format!(
            "paired by model: {paired} models are in both arms ({} and {} runs); n counts pairs; 95 % t intervals",
            comparison.runs.0, comparison.runs.1
        ));
    } else {
        table.note(format!(
            "no model is in both arms: {} runs against {}, not paired; 95 % Welch intervals",
            comparison.runs.0, comparison.runs.1
        ));
    }
    if paired == 1 || comparison.runs.0 < 2 || comparison.runs.1 < 2 {
        table.note("one pair, or one run in an arm, has no interval and no test; repeat the runs or add models");
    }
    table.note(format!("gate {}; p-values of all rows corrected together (Holm)", comparison.gate));
    Ok(table)
}

/// The ranks that models could have.
pub(super) fn rank_table(all: &[RankIntervals]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "rank_intervals",
        "Ranks that the repeated runs allow",
        vec![
            text("model", "Model"),
            text("workload", "Workload"),
            count("runs", "Runs"),
            number("mean", "Mean score", 2),
            count("best", "Best rank"),
            count("worst", "Worst rank"),
            text("tied", "Not told apart from"),
        ],
    )?;
    for intervals in all {
        // A rank among one is no news.
        for row in intervals.rows.iter().filter(|_| intervals.rows.len() > 1) {
            table.push(vec![
                row.model.as_str().into(),
                intervals.workload.as_str().into(),
                (row.runs as u64).into(),
                row.mean.into(),
                (row.best as u64).into(),
                (row.worst as u64).into(),
                row.tied.join(", ").into(),
            ])?;
        }
        if !intervals.single.is_empty() {
            table.note(format!(
                "{}: none for {} models with one run, as n = 1 says nothing about how much their runs differ: {}",
                intervals.workload,
                intervals.single.len(),
                intervals.single.join(", ")
            ));
            let example = TestDesign::new(0.05, 0.8).and_then(|d| runs_per_arm(0.5, 0.7, d));
            if let Some(n) = example {
                table.note(format!(
                    "for scale: pass rates of 50 % and 70 % take {:.0} runs of each model to be told apart with a power of 80 %",
                    n.ceil()
                ));
            }
        }
        if let Some(needed) = intervals.needed {
            table.note(format!("{}: {needed:.0} runs of each model would tell the closest neighbours apart with a power of 80 %", intervals.workload));
        }
    }
    table.note("Welch's t test of every pair, Holm-corrected, at the 5 % level");
    Ok(table)
}
