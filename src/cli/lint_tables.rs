//! `ramptrace score --lint`: can the definitions of a pack be trusted?

use super::CliError;
use super::output::Output;
use super::score::Score;
use super::scoring::fail_on_problems;
use crate::metrics::{ExampleRun, Finding, LintReport, Pack, Property, lint};
use crate::report::{Column, Kind, Table};
use std::collections::BTreeMap;

pub(super) fn run(args: &Score, output: &mut Output) -> Result<(), CliError> {
    let mut pack = Pack::load(&args.pack)?;
    for assignment in &args.set {
        pack.set_text(assignment)?;
    }
    let report = lint(&pack)?;
    let mut tables = vec![findings_table(&report)?];
    if !report.findings.is_empty() {
        tables.push(examples_table(&report)?);
    }
    output.tables(&tables, args.format, 2)?;
    let undeclared = report.findings.iter().filter(|f| !f.declared).count();
    if undeclared > 0 {
        for problem in &report.problems {
            output.warning(problem);
        }
        let what = if undeclared == 1 { "property fails" } else { "properties fail" };
        return Err(CliError::data(format!("{undeclared} {what} that {} does not warn of", pack.file))
            .hint("mend the definition, or add warnings = [{ code = \"...\", why = \"...\" }] to the metric"));
    }
    fail_on_problems(&report.problems, output)
}

fn text(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Text)
}

fn findings_table(report: &LintReport) -> Result<Table, CliError> {
    let columns = vec![
        text("metric", "Metric"),
        text("code", "Code"),
        Column::new("declared", "Declared", Kind::Bool),
        text("finding", "Finding"),
    ];
    let mut table = Table::new("lint", format!("Properties of pack {}", report.pack), columns)?;
    for f in &report.findings {
        table.push(vec![
            f.metric.as_str().into(),
            f.property.code().into(),
            f.declared.into(),
            f.message.as_str().into(),
        ])?;
    }
    table.note(format!(
        "{} metrics checked, {} properties each: {}",
        report.metrics.len(),
        Property::ALL.len(),
        Property::ALL.iter().map(|p| p.code()).collect::<Vec<_>>().join(", ")
    ));
    if report.findings.is_empty() {
        table.note("nothing found; small tables are tried exhaustively, larger ones at random from a fixed seed");
    }
    Ok(table)
}

/// The rows that show each finding.
fn examples_table(report: &LintReport) -> Result<Table, CliError> {
    let mut table = Table::new(
        "counter_examples",
        "Counter-examples",
        vec![
            text("metric", "Metric"),
            text("code", "Code"),
            text("side", "Side"),
            text("run", "Run"),
            text("stages", "Stages"),
            text("totals", "Run totals"),
            Column::new("value", "Value", Kind::Float),
        ],
    )?;
    for finding in &report.findings {
        let example = &finding.counter_example;
        for (side, runs) in [("before", &example.before), ("after", &example.after)] {
            for run in runs {
                table.push(vec![
                    finding.metric.as_str().into(),
                    finding.property.code().into(),
                    side_name(finding, side).into(),
                    run.name.as_str().into(),
                    stages(run).into(),
                    numbers(&run.numbers).into(),
                    run.value.into(),
                ])?;
            }
        }
    }
    Ok(table)
}

/// Where nothing is changed, the sides are the run in question and the others.
fn side_name(finding: &Finding, side: &'static str) -> &'static str {
    match (finding.property, side) {
        (Property::DoNothing, "before") => "does nothing",
        (Property::DoNothing, _) => "improves on it",
        (_, side) => side,
    }
}

/// `score: 99, 0; tests_total: 3, 4`.
fn stages(run: &ExampleRun) -> String {
    let mut columns: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (_, row) in &run.stages {
        for (name, value) in row {
            columns.entry(name).or_default().push(number(*value));
        }
    }
    let lists = columns.iter().map(|(name, values)| format!("{name}: {}", values.join(", ")));
    lists.collect::<Vec<_>>().join("; ")
}

fn numbers(row: &BTreeMap<String, Option<f64>>) -> String {
    let values = row.iter().map(|(name, value)| format!("{name}: {}", number(*value)));
    values.collect::<Vec<_>>().join("; ")
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "null".to_owned(), |v| v.to_string())
}
