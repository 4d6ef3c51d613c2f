//! Tables of scores: per run, per model, per group, repeated runs, history, packs.

use super::CliError;
use super::output::{Output, TableFormat};
use super::score::Score;
use super::scoring::{Scored, kept_folder, ranking};
use crate::analysis::{
    Cohort, RepeatGroup, Repeats, ScoreTable, cohorts, repeat_groups, repeated_passes,
};
use crate::metrics::{KeptScores, Level, Metric, Pack};
use crate::report::{Column, Kind, Table, Value};
use crate::rollup::{Frame, Scalar};
use crate::stats::{Sample, mean_interval};
use crate::trace::Store;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A column for a metric, with its label, unit and digits.
pub(super) fn metric_column(metric: &Metric) -> Column {
    if metric.unit == "share" {
        return Column::new(&metric.name, &metric.label, Kind::Share).digits(1);
    }
    let column =
        Column::new(&metric.name, &metric.label, Kind::Float).digits(metric.digits.unwrap_or(2));
    with_unit(column, &metric.label, &metric.unit)
}

/// A column with its unit, unless the label says it already.
pub(super) fn with_unit(column: Column, label: &str, unit: &str) -> Column {
    if unit.is_empty() || label.to_lowercase().contains(&unit.to_lowercase()) {
        return column;
    }
    column.unit(unit)
}

/// The tables of a pack: runs, and stages and cohorts where it has metrics of these.
pub(super) fn score_tables(
    args: &Score,
    scored: &Scored,
    table: &ScoreTable,
    output: &mut Output,
) -> Result<Vec<Table>, CliError> {
    let only = args.level.map(super::score::ShownLevel::level);
    // A stream of CSV holds one table.
    let one = args.format == TableFormat::Csv && only.is_none() && args.metric.is_empty();
    let wanted = |level: Level| -> Vec<&Metric> {
        if only.is_some_and(|l| l != level) || (one && level != Level::Run) {
            return Vec::new();
        }
        let all = table.shown(level);
        all.filter(|m| args.metric.is_empty() || args.metric.contains(&m.name)).collect()
    };
    let mut tables = Vec::new();
    for level in [Level::Stage, Level::Cohort] {
        if one && table.shown(level).next().is_some() {
            output.note(format!("left out: {0} metrics; --level {0} shows them", level.name()));
        }
    }
    let runs = wanted(Level::Run);
    if !runs.is_empty() {
        tables.push(run_table(args, scored, table, &runs)?);
    }
    let stages = wanted(Level::Stage);
    if !stages.is_empty() {
        tables.push(stage_table(table, &stages)?);
    }
    let cohort = wanted(Level::Cohort);
    if !cohort.is_empty() {
        tables.push(cohort_table(table, &cohort)?);
    }
    Ok(tables)
}

fn run_table(
    args: &Score,
    scored: &Scored,
    table: &ScoreTable,
    metrics: &[&Metric],
) -> Result<Table, CliError> {
    let repeats = args.repeats.rule();
    let best = match repeats {
        Repeats::Best => Some(ranking(&table.pack, args.rank.as_ref())?),
        _ => None,
    };
    let groups = repeat_groups(table, best, repeats);
    // A column that is empty because a baseline is missing says nothing; the note does.
    let empty = |m: &Metric| table.by_run(&m.name).iter().all(Option::is_none);
    let (hidden, shown): (Vec<&&Metric>, Vec<&&Metric>) =
        metrics.iter().partition(|m| empty(m) && args.metric.is_empty());
    let mut columns = vec![
        Column::new("label", "Model", Kind::Text),
        Column::new("workload", "Workload", Kind::Text),
    ];
    columns.push(if repeats == Repeats::All {
        Column::new("run_id", "Run", Kind::Text)
    } else {
        Column::new("runs", "Runs", Kind::Int)
    });
    // People see the run in the label where it matters.
    if repeats == Repeats::All && matches!(args.format, TableFormat::Text | TableFormat::Latex) {
        columns.pop();
    }
    let with_third = columns.len() == 3;
    columns.extend(shown.iter().map(|m| metric_column(m)));
    let mut out = Table::new("scores", format!("Scores: {}", table.pack.label), columns)?;
    let values: Vec<Vec<Option<f64>>> = shown.iter().map(|m| table.by_run(&m.name)).collect();
    for group in &groups {
        let mut row: Vec<Value> = vec![group.label.as_str().into(), group.workload.as_str().into()];
        if with_third && repeats == Repeats::All {
            let run = group.runs.first().and_then(|r| table.runs.get(*r));
            row.push(run.map(|r| r.run_id.as_str()).into());
        } else if with_third {
            row.push((group.runs.len() as u64).into());
        }
        let mean = |column: &Vec<Option<f64>>| {
            let known: Vec<f64> =
                group.standing.iter().filter_map(|r| column.get(*r).copied().flatten()).collect();
            Sample::new(&known).ok().and_then(|s| s.mean())
        };
        row.extend(values.iter().map(|column| Value::from(mean(column))));
        out.push(row)?;
    }
    note_settings(&mut out, args, scored, table);
    note_repeats(&mut out, &groups, repeats, best);
    for metric in &shown {
        for warning in &metric.warnings {
            out.note(format!("{} {}: {}", warning.code, metric.label, warning.why));
        }
    }
    if !hidden.is_empty() {
        let names: Vec<&str> = hidden.iter().map(|m| m.label.as_str()).collect();
        let baseline = table.pack.parameter_with(crate::metrics::Role::Baseline);
        let way = match baseline {
            Some(name) if args.baseline.is_empty() => {
                format!("; --baseline RUN or --set '{name}=[...]' gives what they may lack")
            }
            _ => String::new(),
        };
        out.note(format!("no run has a value of {}{way}", names.join(", ")));
    }
    Ok(out)
}

fn note_settings(out: &mut Table, args: &Score, scored: &Scored, table: &ScoreTable) {
    out.note(format!("cost: {}", args.basis.basis()));
    let scalars =
        table.pack.parameters.iter().filter(|(_, p)| p.role == crate::metrics::Role::Gate);
    let gates: Vec<String> =
        scalars.map(|(name, p)| format!("{name} = {}", p.value.text())).collect();
    if !gates.is_empty() {
        out.note(format!("gates: {}", gates.join(", ")));
    }
    for selector in &args.baseline {
        if let Ok(entry) = scored.store.find(selector) {
            out.note(format!("baseline of `{}`: {}", entry.run.workload, entry.run.run_id));
        }
    }
}

/// Which models ran several times, and what was made of it.
fn note_repeats(out: &mut Table, groups: &[RepeatGroup], repeats: Repeats, best: Option<&Metric>) {
    let runs: usize = groups.iter().map(|g| g.runs.len()).sum();
    let several: Vec<String> = groups
        .iter()
        .filter(|g| g.runs.len() > 1)
        .map(|g| format!("{} {}", g.label, g.runs.len()))
        .collect();
    let used: usize = groups.iter().map(|g| g.standing.len()).sum();
    out.note(format!("runs found: {runs}, used: {used}; repeated runs: {repeats}"));
    if !several.is_empty() {
        out.note(format!("several runs of {}", several.join(", ")));
    }
    if let (Some(metric), false) = (best, several.is_empty()) {
        out.note(format!(
            "W-BEST-OF-N by {}: the best of several runs is better than a run is expected to be, and the more so the more \
             runs there are; compare it only where their number is the same",
            metric.label
        ));
    }
}

fn stage_table(table: &ScoreTable, metrics: &[&Metric]) -> Result<Table, CliError> {
    let text = |name: &str, label: &str| Column::new(name, label, Kind::Text);
    let mut columns = vec![
        text("model", "Model"),
        text("workload", "Workload"),
        text("run_id", "Run"),
        Column::new("stage", "Stage", Kind::Int),
    ];
    columns.extend(metrics.iter().map(|m| metric_column(m)));
    let mut out =
        Table::new("stage_scores", format!("Stage scores: {}", table.pack.label), columns)?;
    let mut rows: BTreeMap<(usize, Option<i64>), Vec<Option<f64>>> = BTreeMap::new();
    for (column, metric) in metrics.iter().enumerate() {
        for value in table.values.get(&metric.name).into_iter().flatten() {
            let row =
                rows.entry((value.owner, value.stage)).or_insert_with(|| vec![None; metrics.len()]);
            row[column] = value.value;
        }
    }
    for ((owner, stage), values) in rows {
        let Some(run) = table.runs.get(owner) else { continue };
        let keys =
            [run.model.as_str().into(), run.workload.as_str().into(), run.run_id.as_str().into()];
        let keys = keys.into_iter().chain([Value::from(stage)]);
        out.push(keys.chain(values.into_iter().map(Value::from)).collect())?;
    }
    Ok(out)
}

fn cohort_table(table: &ScoreTable, metrics: &[&Metric]) -> Result<Table, CliError> {
    let mut columns = vec![Column::new("workload", "Workload", Kind::Text)];
    columns.extend(metrics.iter().map(|m| metric_column(m)));
    let mut out = Table::new("cohort_scores", format!("Cohorts: {}", table.pack.label), columns)?;
    for (owner, workload) in table.workloads.iter().enumerate() {
        let value = |m: &&Metric| {
            let found = table.values.get(&m.name).into_iter().flatten().find(|v| v.owner == owner);
            Value::from(found.and_then(|v| v.value))
        };
        out.push(
            std::iter::once(workload.as_str().into()).chain(metrics.iter().map(value)).collect(),
        )?;
    }
    Ok(out)
}

/// Means by a column of `runs`, with 95 % t intervals.
pub(super) fn group_table(
    scored: &Scored,
    table: &ScoreTable,
    by: &str,
) -> Result<Table, CliError> {
    let args = scored.args;
    let runs = Frame::of(&scored.reported()?.runs);
    let Some(column) = runs.names().iter().position(|n| n == by) else {
        return Err(CliError::usage(format!("there is no column `{by}` in the view runs"))
            .hint(format!("its columns are {}", runs.names().join(", "))));
    };
    let mut group_of: BTreeMap<String, String> = BTreeMap::new();
    for (row, id) in runs.texts("run_id")?.into_iter().enumerate() {
        let name = match runs.get(row, column) {
            Scalar::Null => "(unknown)".to_owned(),
            value => super::cost::name_of(&value),
        };
        group_of.insert(id.unwrap_or_default().to_owned(), name);
    }
    let mut members: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (position, run) in table.runs.iter().enumerate() {
        let group = group_of.get(&run.run_id).cloned().unwrap_or_default();
        members.entry((run.workload.clone(), group)).or_default().push(position);
    }
    let number = |name: &str, label: &str| Column::new(name, label, Kind::Float);
    let mut out = Table::new(
        "group_scores",
        format!("Scores by {by}: {}", table.pack.label),
        vec![
            Column::new("workload", "Workload", Kind::Text),
            Column::new("group", by, Kind::Text),
            Column::new("metric", "Metric", Kind::Text),
            Column::new("unit", "Unit", Kind::Text),
            Column::new("runs", "Runs", Kind::Int),
            Column::new("used", "With a value", Kind::Int),
            number("mean", "Mean"),
            number("low", "low"),
            number("high", "high"),
        ],
    )?;
    for ((workload, group), positions) in &members {
        for metric in table.shown(Level::Run) {
            if !args.metric.is_empty() && !args.metric.contains(&metric.name) {
                continue;
            }
            let values = table.by_run(&metric.name);
            let known: Vec<f64> =
                positions.iter().filter_map(|p| values.get(*p).copied().flatten()).collect();
            let sample = Sample::new(&known).map_err(|e| CliError::data(e.to_string()))?;
            let interval = mean_interval(&sample);
            out.push(vec![
                workload.as_str().into(),
                group.as_str().into(),
                metric.label.as_str().into(),
                metric.unit.as_str().into(),
                (positions.len() as u64).into(),
                (known.len() as u64).into(),
                sample.mean().into(),
                interval.map(|i| i.low).into(),
                interval.map(|i| i.high).into(),
            ])?;
        }
    }
    out.note("low and high: 95 % t interval of the mean over runs; none at n = 1");
    out.note(format!("cost: {}", args.basis.basis()));
    Ok(out)
}

/// pass@k and pass^k of every model.
pub(super) fn pass_at_table(scored: &Scored, table: &ScoreTable) -> Result<Table, CliError> {
    let args = scored.args;
    if args.pass_at.contains(&0) {
        return Err(CliError::usage("k is a number of runs, at least 1"));
    }
    let rollup = scored.reported()?;
    let cohorts: Vec<Cohort> = cohorts(&Frame::of(&rollup.runs), &Frame::of(&rollup.stages))?;
    let share = |name: &str, label: &str| Column::new(name, label, Kind::Share).digits(1);
    let count = |name: &str, label: &str| Column::new(name, label, Kind::Int);
    let mut out = Table::new(
        "pass_at_k",
        format!("Repeated runs, gate {}", args.gate),
        vec![
            Column::new("model", "Model", Kind::Text),
            Column::new("workload", "Workload", Kind::Text),
            count("runs", "Runs"),
            count("passed", "Passed all stages"),
            count("k", "k"),
            share("pass_at_k", "pass@k"),
            share("pass_hat_k", "pass^k"),
            share("stage_pass_at_k", "Stages: pass@k"),
            share("stage_pass_hat_k", "Stages: pass^k"),
            count("stages", "Stages with k runs"),
        ],
    )?;
    for row in repeated_passes(table, &cohorts, args.gate, &args.pass_at) {
        out.push(vec![
            row.label.as_str().into(),
            row.workload.as_str().into(),
            row.runs.into(),
            row.passed.into(),
            row.k.into(),
            row.any.into(),
            row.all.into(),
            row.stage_any.mean.into(),
            row.stage_all.mean.into(),
            (row.stage_any.used as u64).into(),
        ])?;
    }
    out.note("pass@k: at least one of k runs passes; pass^k: all k do; unbiased, none with fewer than k runs");
    Ok(out)
}

/// Every kept score of a run, or of all.
pub(super) fn history(
    store: &Path,
    run: &str,
    format: TableFormat,
    output: &mut Output,
) -> Result<(), CliError> {
    let opened = Store::open(store)?;
    let one = match run {
        "" => None,
        selector => Some(opened.find(selector)?.run.run_id.clone()),
    };
    let Some(folder) = kept_folder(opened.root()) else {
        return Err(CliError::usage("only the folder of a store keeps scores"));
    };
    let kept = KeptScores::open(&folder)?;
    let text = |name: &str, label: &str| Column::new(name, label, Kind::Text);
    let mut table = Table::new(
        "history",
        "Scores so far",
        vec![
            text("run_id", "Run"),
            text("pack", "Pack"),
            text("metric", "Metric"),
            Column::new("stage", "Stage", Kind::Int),
            Column::new("value", "Value", Kind::Float),
            text("unit", "Unit"),
            text("settings", "Settings"),
            text("context", "Cost basis, cohort"),
            text("metric_sha256", "Definition"),
        ],
    )?;
    let current: BTreeSet<String> = opened.trace_hashes()?.into_values().collect();
    let short = |hash: &str| hash.get(..12).unwrap_or(hash).to_owned();
    let people = matches!(format, TableFormat::Text | TableFormat::Markdown | TableFormat::Latex);
    let shown = |hash: &str| if people { short(hash) } else { hash.to_owned() };
    let mut outdated = 0;
    for row in kept.rows().iter().filter(|r| one.as_ref().is_none_or(|id| *r.run_id == **id)) {
        outdated += usize::from(row.level != Level::Cohort && !current.contains(&*row.key.trace));
        let context: Vec<String> = row
            .key
            .context
            .split(' ')
            .map(|word| if word.len() == 64 { shown(word) } else { word.to_owned() })
            .collect();
        table.push(vec![
            row.run_id.as_ref().into(),
            row.pack.as_ref().into(),
            row.name.as_ref().into(),
            row.stage.into(),
            row.value.into(),
            row.unit.as_ref().into(),
            row.settings.as_ref().into(),
            context.join(" ").into(),
            shown(&row.key.metric).into(),
        ])?;
    }
    if outdated > 0 {
        table.note(format!("{outdated} values are of traces that have been replaced since"));
    }
    output.table(&table, format, 1)
}

/// The metrics of some packs.
pub(super) fn packs_table(packs: &[Pack]) -> Result<Table, CliError> {
    let text = |name: &str, label: &str| Column::new(name, label, Kind::Text);
    let mut table = Table::new(
        "packs",
        "Metric packs",
        vec![
            text("pack", "Pack"),
            text("metric", "Metric"),
            text("label", "Label"),
            text("level", "Level"),
            text("unit", "Unit"),
            text("better", "Better"),
            text("warnings", "Warnings"),
            text("doc", "Meaning"),
        ],
    )?;
    for pack in packs {
        for m in pack.metrics.iter().filter(|m| !m.hidden) {
            let codes: Vec<&str> = m.warnings.iter().map(|w| w.code.as_str()).collect();
            table.push(vec![
                pack.name.as_str().into(),
                m.name.as_str().into(),
                m.label.as_str().into(),
                m.level.name().into(),
                m.unit.as_str().into(),
                m.better.name().into(),
                codes.join(" ").into(),
                m.doc.as_str().into(),
            ])?;
        }
    }
    Ok(table)
}
