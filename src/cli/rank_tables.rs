//! Tables of rankings: two side by side with what moved each run, and what a ranking depends on.

use super::CliError;
use super::score_tables::with_unit;
use crate::analysis::{
    Basis, CohortPerturbation, GateSweep, RankAcceptability, RankComparison, Repeats,
    SpecificationCurve, WeightScheme,
};
use crate::report::{Column, Kind, Table, Value};

fn text(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Text)
}

fn number(name: &str, label: &str, digits: usize) -> Column {
    Column::new(name, label, Kind::Float).digits(digits)
}

fn rank(name: &str, label: &str) -> Column {
    number(name, label, 1)
}

/// Two rankings side by side.
pub(super) fn comparison_table(
    metric: &str,
    comparison: &RankComparison,
    bases: (Basis, Basis),
    repeats: Repeats,
) -> Result<Table, CliError> {
    let (new, old) = (&comparison.new, &comparison.old);
    let title = format!(
        "{}.{} against {}.{}, workload {}",
        new.pack, new.metric, old.pack, old.metric, comparison.workload
    );
    let value = |name: &str, by: &crate::analysis::RankedBy| {
        let label = format!("{} {}", by.pack, by.label);
        with_unit(number(name, &label, by.digits.unwrap_or(2)), &by.label, &by.unit)
    };
    let mut table = Table::new(
        format!("ranks_{metric}"),
        title,
        vec![
            text("label", "Model"),
            text("workload", "Workload"),
            value("new_value", new),
            value("old_value", old),
            rank("new_rank", "New rank"),
            rank("old_rank", "Old rank"),
            number("places", "Places up", 1),
            text("why", "Moved by"),
        ],
    )?;
    for row in &comparison.rows {
        let why: Vec<String> =
            row.causes.iter().map(|c| format!("{} {:+.1}", c.name(), c.places)).collect();
        table.push(vec![
            row.label.as_str().into(),
            comparison.workload.as_str().into(),
            row.new_value.into(),
            row.old_value.into(),
            row.new_rank.into(),
            row.old_rank.into(),
            row.places.into(),
            why.join(", ").into(),
        ])?;
    }
    let movers = comparison.rows.iter().filter(|r| !r.causes.is_empty()).count();
    let tau = comparison.tau_b.map_or("undefined".to_owned(), |t| format!("{t:.2}"));
    table.note(format!("n = {}, Kendall tau-b {tau}, {movers} moved", comparison.rows.len()));
    table.note("why: places that remain when an input is set aside in both rankings, shared out by Shapley value; formula is what no input explains");
    if let Some(model) = &comparison.left_out {
        table
            .note(format!("cohort: set aside by leaving out {model}, which moves the others most"));
    }
    if bases.0 != bases.1 {
        table.note(format!("cost: new {}, old {}", bases.0, bases.1));
    }
    if repeats != Repeats::All {
        table.note(format!("repeated runs: {repeats}"));
    }
    for (labels, pack) in [(&comparison.only_new, &new.pack), (&comparison.only_old, &old.pack)] {
        if !labels.is_empty() {
            table.note(format!("only {pack} ranks {}", labels.join(", ")));
        }
    }
    Ok(table)
}

/// Ranks at every threshold of a gate.
pub(super) fn sweep_table(sweeps: &[GateSweep]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "gate_sweep",
        "Ranks along the gate",
        vec![
            text("label", "Model"),
            text("workload", "Workload"),
            text("metric", "Metric"),
            text("parameter", "Gate"),
            number("threshold", "Threshold", 1),
            number("value", "Value", 2),
            rank("rank", "Rank"),
            number("tau_b", "tau-b with the default", 2),
        ],
    )?;
    for sweep in sweeps {
        for row in &sweep.rows {
            for (i, threshold) in sweep.thresholds.iter().enumerate() {
                let at = |values: &[Option<f64>]| Value::from(values.get(i).copied().flatten());
                table.push(vec![
                    row.label.as_str().into(),
                    sweep.workload.as_str().into(),
                    sweep.metric.as_str().into(),
                    sweep.parameter.as_str().into(),
                    (*threshold).into(),
                    at(&row.values),
                    at(&row.ranks),
                    at(&sweep.tau_b),
                ])?;
            }
        }
    }
    Ok(table)
}

/// The ranking under each set of weights.
pub(super) fn scheme_table(schemes: &[WeightScheme]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "weight_schemes",
        "The ranking under other weights",
        vec![
            text("workload", "Workload"),
            text("metric", "Metric"),
            text("parameter", "Weights"),
            text("scheme", "Scheme"),
            text("weights", "Values"),
            number("tau_b", "tau-b with the pack", 2),
            text("first", "First"),
            text("moved", "Moved"),
        ],
    )?;
    for s in schemes {
        let moved: Vec<String> =
            s.moves.iter().map(|(label, places)| format!("{label} {places:+}")).collect();
        table.push(vec![
            s.workload.as_str().into(),
            s.metric.as_str().into(),
            s.parameter.as_str().into(),
            s.scheme.as_str().into(),
            s.weights.as_str().into(),
            s.tau_b.into(),
            s.first.join(", ").into(),
            moved.join(", ").into(),
        ])?;
    }
    Ok(table)
}

/// How often each run takes each rank under random weights.
pub(super) fn acceptability_table(all: &[RankAcceptability]) -> Result<Table, CliError> {
    let ranks = all.iter().flat_map(|a| a.rows.iter().map(|r| r.shares.len())).max().unwrap_or(0);
    let mut columns = vec![
        text("label", "Model"),
        text("workload", "Workload"),
        number("mean_rank", "Mean rank", 2),
        Column::new("best", "Best", Kind::Int),
        Column::new("worst", "Worst", Kind::Int),
    ];
    columns.extend(
        (1..=ranks)
            .map(|r| Column::new(format!("rank_{r}"), format!("#{r}"), Kind::Share).digits(1)),
    );
    columns.push(text("central_weights", "Weights that put it first, on average"));
    let mut table = Table::new("rank_acceptability", "Ranks under random weights", columns)?;
    for a in all {
        for row in &a.rows {
            let mut cells: Vec<Value> = vec![
                row.label.as_str().into(),
                a.workload.as_str().into(),
                row.mean_rank.into(),
                (row.best as u64).into(),
                (row.worst as u64).into(),
            ];
            cells.extend((0..ranks).map(|r| Value::from(row.shares.get(r).copied())));
            let weights = row.central_weights.as_ref().map(|weights| {
                let named = a.criteria.iter().zip(weights);
                named.map(|(c, w)| format!("{c} {w:.2}")).collect::<Vec<_>>().join(", ")
            });
            cells.push(weights.into());
            table.push(cells)?;
        }
        table.note(format!(
            "{}: weights of {} drawn {} times from Dirichlet(1), seed {}",
            a.workload,
            a.criteria.join(", "),
            a.samples,
            a.seed
        ));
        if !a.unranked.is_empty() {
            table.note(format!("{}: without all criteria: {}", a.workload, a.unranked.join(", ")));
        }
    }
    Ok(table)
}

/// What leaving out each model does to the others.
pub(super) fn perturbation_table(all: &[CohortPerturbation]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "leave_one_out",
        "Ranks of the others without one model",
        vec![
            text("left_out", "Left out"),
            text("workload", "Workload"),
            text("metric", "Metric"),
            number("max_move", "Largest move", 1),
            number("tau_b", "tau-b", 2),
            text("moved", "Moved"),
        ],
    )?;
    for perturbation in all {
        for row in &perturbation.rows {
            let moved: Vec<String> = perturbation
                .runs
                .iter()
                .zip(&row.moves)
                .filter_map(|(label, places)| {
                    let places = places.filter(|p| *p != 0.0)?;
                    Some(format!("{label} {places:+}"))
                })
                .collect();
            table.push(vec![
                row.left_out.as_str().into(),
                perturbation.workload.as_str().into(),
                perturbation.metric.as_str().into(),
                row.max_move.into(),
                row.tau_b.into(),
                moved.join(", ").into(),
            ])?;
        }
    }
    Ok(table)
}

/// The ranking under every combination of choices.
pub(super) fn specification_table(all: &[SpecificationCurve]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "specifications",
        "The ranking under other choices",
        vec![
            text("workload", "Workload"),
            text("metric", "Metric"),
            text("choices", "Choices"),
            Column::new("default", "As in the pack", Kind::Bool),
            number("tau_b", "tau-b with the pack", 3),
            text("first", "First"),
        ],
    )?;
    for curve in all {
        for specification in &curve.specifications {
            let chosen = curve.axes.iter().zip(&specification.options);
            let choices: Vec<String> = chosen
                .filter_map(|(axis, o)| Some(format!("{} = {}", axis.name, axis.options.get(*o)?)))
                .collect();
            table.push(vec![
                curve.workload.as_str().into(),
                curve.metric.as_str().into(),
                choices.join("; ").into(),
                specification.is_default.into(),
                specification.tau_b.into(),
                specification.first.join(", ").into(),
            ])?;
        }
        let computed = curve.specifications.len();
        table.note(format!("{}: {computed} of {} combinations", curve.workload, curve.possible));
        let inert: Vec<&str> =
            curve.axes.iter().filter(|a| a.inert).map(|a| a.name.as_str()).collect();
        if !inert.is_empty() {
            table.note(format!("{}: never changes a rank: {}", curve.workload, inert.join(", ")));
        }
    }
    Ok(table)
}
