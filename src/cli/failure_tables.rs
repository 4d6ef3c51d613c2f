//! Tables of why stages failed, of errors that runs share, of how agents worked, and of what people said about it.

use super::CliError;
use crate::analysis::failure::{CommonCause, HumanAgreement, Label, RunAttribution};
use crate::analysis::process::{ProcessSignals, Signals};
use crate::report::{Column, Kind, Table, Value};
use crate::trace::StageStatus;
use std::collections::BTreeMap;

fn text(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Text)
}

fn count(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Int)
}

fn share(name: &str, label: &str) -> Column {
    Column::new(name, label, Kind::Share).digits(1)
}

/// Why every failed stage failed, with the first event that proves it.
pub(super) fn failure_table(attributed: &[RunAttribution]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "failures",
        "Why stages failed",
        vec![
            text("model", "Model"),
            count("stage", "Stage"),
            text("workload", "Workload"),
            text("run_id", "Run"),
            Column::new("score", "Score", Kind::Float).digits(2),
            text("status", "Status"),
            text("cause", "Cause"),
            text("confidence", "Confidence"),
            text("contributing", "Contributing"),
            count("evidence_seq", "Event"),
            text("evidence", "Evidence"),
            text("rule", "Rule"),
            text("note", "Note"),
            count("context_limit", "Context limit"),
            text("signature", "Error signature"),
        ],
    )?;
    for failure in attributed.iter().flat_map(|r| &r.failures) {
        let label = &failure.primary;
        let first = label.evidence.first();
        let contributing = failure.contributing.iter();
        let contributing: Vec<String> =
            contributing.map(|l| format!("{} ({})", l.cause, l.confidence.as_str())).collect();
        table.push(vec![
            failure.model.as_str().into(),
            failure.stage.into(),
            failure.workload.as_str().into(),
            failure.run_id.as_str().into(),
            failure.score.into(),
            failure.status.map(StageStatus::as_str).into(),
            label.cause.as_str().into(),
            label.confidence.as_str().into(),
            contributing.join(", ").into(),
            first.map(|e| e.seq).into(),
            first.map(|e| e.excerpt.as_str()).into(),
            label.rule.as_str().into(),
            label.note.as_deref().into(),
            failure.context_limit.into(),
            failure.signature.as_ref().map(|s| s.text.as_str()).into(),
        ])?;
    }
    if let Some(gate) = attributed.first().map(|r| r.gate) {
        table.note(format!("gate {gate}; event: the seq of the first event that proves the cause, as `ramptrace show` counts"));
    }
    Ok(table)
}

/// The columns of [`failure_table`] that fit a terminal.
pub(super) fn failure_summary(attributed: &[RunAttribution]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "failures",
        "Why stages failed",
        vec![
            text("model", "Model"),
            count("stage", "Stage"),
            Column::new("score", "Score", Kind::Float).digits(2),
            text("cause", "Cause"),
            text("confidence", "Confidence"),
            count("evidence_seq", "Event"),
            text("evidence", "Evidence"),
        ],
    )?;
    for failure in attributed.iter().flat_map(|r| &r.failures) {
        let first = failure.primary.evidence.first();
        table.push(vec![
            failure.model.as_str().into(),
            failure.stage.into(),
            failure.score.into(),
            failure.primary.cause.as_str().into(),
            failure.primary.confidence.as_str().into(),
            first.map(|e| e.seq).into(),
            first.map(|e| shortened(&e.excerpt)).into(),
        ])?;
    }
    table
        .note("contributing causes, rules, limits and error signatures stand in the other formats");
    Ok(table)
}

/// The first words of an excerpt.
fn shortened(excerpt: &str) -> String {
    const LONGEST: usize = 72;
    if excerpt.chars().count() <= LONGEST {
        return excerpt.to_owned();
    }
    excerpt.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Errors that runs share.
pub(super) fn common_cause_table(causes: &[CommonCause]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "common_causes",
        "Errors that failed runs share",
        vec![
            text("workload", "Workload"),
            count("stage", "Stage"),
            text("signature", "Error"),
            count("runs", "Runs"),
            count("failed", "Failed runs"),
            share("share", "Share"),
            share("low", "low"),
            share("high", "high"),
            Column::new("in_baseline", "In the baseline", Kind::Bool),
        ],
    )?;
    for cause in causes {
        table.push(vec![
            cause.workload.as_str().into(),
            cause.stage.into(),
            cause.signature.as_str().into(),
            cause.share.x.into(),
            cause.share.n.into(),
            cause.share.point.into(),
            cause.share.low.into(),
            cause.share.high.into(),
            cause.in_baseline.into(),
        ])?;
    }
    table.note("first error of the build or the grader, without paths, numbers and names; intervals: Wilson 95 %");
    table.note("an error that most runs share, and that a run has in which nothing was done, is the scaffold's, not the model's");
    Ok(table)
}

/// How agents worked, by run and stage.
pub(super) fn process_table(signals: &[ProcessSignals]) -> Result<Table, CliError> {
    let number = |name: &str, label: &str| Column::new(name, label, Kind::Float).digits(2);
    let mut table = Table::new(
        "process",
        "How agents worked",
        vec![
            text("model", "Model"),
            count("stage", "Stage"),
            text("run_id", "Run"),
            count("calls", "Calls"),
            count("failed_calls", "Failed"),
            count("peak_tokens", "Peak prompt"),
            number("slope", "Growth per call").unit("tokens").digits(0),
            share("window_share", "Of the window"),
            number("snowball", "Snowball"),
            count("compactions", "Compactions"),
            count("tool_calls", "Tool calls"),
            share("duplicate_ratio", "Repeated"),
            count("longest_run", "In a row"),
            share("tool_error_rate", "Tool errors"),
            share("tool_error_low", "low"),
            share("tool_error_high", "high"),
            count("malformed", "Malformed"),
            count("calls_since_progress", "Calls since progress"),
        ],
    )?;
    for run in signals {
        let whole = std::iter::once((None, &run.whole));
        let stages = run.stages.iter().map(|(stage, s)| (Some(*stage), s));
        for (stage, found) in stages.chain(whole) {
            let mut row: Vec<Value> =
                vec![run.run.model.as_str().into(), stage.into(), run.run.run_id.as_str().into()];
            row.extend(cells(found));
            table.push(row)?;
        }
        let unearned = run.scored_without_an_answer();
        if !unearned.is_empty() {
            let stages: Vec<String> = unearned.iter().map(|s| format!("T{s}")).collect();
            table.note(format!(
                "{}: scored without an answered call: {}",
                run.run.run_id,
                stages.join(", ")
            ));
        }
    }
    table.note("the row without a stage is the whole run; snowball: sum of all prompts over the longest; tool errors: Wilson 95 %");
    Ok(table)
}

fn cells(s: &Signals) -> Vec<Value> {
    let context = s.context.as_ref();
    let rate = crate::stats::Proportion::wilson(
        s.tools.errors,
        s.tools.calls.saturating_sub(s.tools.unknown),
    );
    vec![
        s.answered.into(),
        s.failed.into(),
        context.map(|c| c.peak).into(),
        context.and_then(|c| c.slope).into(),
        context.and_then(|c| c.window_share).into(),
        context.and_then(|c| c.snowball).into(),
        context.map(|c| c.compactions as u64).into(),
        s.tools.calls.into(),
        s.repeats.duplicate_ratio.into(),
        (s.repeats.longest_run as u64).into(),
        rate.map(|r| r.point).into(),
        rate.map(|r| r.low).into(),
        rate.map(|r| r.high).into(),
        s.tools.malformed.into(),
        s.calls_since_progress.into(),
    ]
}

/// The confusion of human labels with attributed causes.
pub(super) fn agreement_tables(agreement: &HumanAgreement) -> Result<Vec<Table>, CliError> {
    let confusion = agreement.confusion();
    let mut columns = vec![text("human", "Human label")];
    let causes: Vec<&str> = confusion.categories.iter().map(|c| c.as_str()).collect();
    columns.extend(causes.iter().map(|c| count(c, c)));
    let mut table =
        Table::new("label_confusion", "Human labels against attributed causes", columns)?;
    for (cause, counts) in causes.iter().zip(&confusion.counts) {
        let cells = counts.iter().map(|n| Value::from(*n));
        table.push(std::iter::once(Value::from(*cause)).chain(cells).collect())?;
    }
    match &agreement.kappa {
        Some(k) => table.note(format!(
            "Cohen's kappa {:.2} over n = {} stages: {:.0} % agree, {:.0} % would by chance",
            k.kappa,
            k.n,
            100.0 * k.observed,
            100.0 * k.expected
        )),
        None => table.note(
            "Cohen's kappa is undefined: nothing to compare, or a single cause on both sides",
        ),
    }
    for (what, n) in [
        ("labels of stages that did not fail at the gate", agreement.not_failed.len()),
        ("labels of runs or stages that are not in the store", agreement.unmatched.len()),
        ("failed stages without a label", agreement.unlabelled.len()),
    ] {
        if n > 0 {
            table.note(format!("{n} {what}"));
        }
    }
    Ok(vec![table, disagreement_table(agreement)?])
}

fn disagreement_table(agreement: &HumanAgreement) -> Result<Table, CliError> {
    let mut table = Table::new(
        "label_disagreements",
        "Where they differ",
        vec![
            text("run_id", "Run"),
            count("stage", "Stage"),
            text("human", "Human label"),
            text("attributed", "Attributed"),
            text("contributing", "Contributing"),
            text("evidence", "Evidence"),
        ],
    )?;
    let mut rows: BTreeMap<(&str, i64), Vec<Value>> = BTreeMap::new();
    for d in &agreement.disagreements {
        let human: Vec<&str> = d.human.iter().map(|l| l.cause.as_str()).collect();
        let contributing: Vec<&str> = d.contributing.iter().map(|l| l.cause.as_str()).collect();
        rows.insert(
            (&d.run_id, d.stage),
            vec![
                d.run_id.as_str().into(),
                d.stage.into(),
                human.join(", ").into(),
                d.primary.cause.as_str().into(),
                contributing.join(", ").into(),
                evidence(&d.primary).into(),
            ],
        );
    }
    for row in rows.into_values() {
        table.push(row)?;
    }
    Ok(table)
}

fn evidence(label: &Label) -> String {
    let shown = label.evidence.iter().take(2);
    let shown: Vec<String> =
        shown.map(|e| format!("event {}: {}", e.seq, shortened(&e.excerpt))).collect();
    shown.join("; ")
}
