//! The runs of a report: what is known of each, stage by stage, and its events, packed.

use super::CliError;
use super::tables::view_table;
use super::workup::Workup;
use crate::analysis::failure::StageFailure;
use crate::analysis::{Basis, CohortRun, LlmCall, Outcome, RunCalls, RunCost, price_call};
use crate::report::html::{EventBlock, EventLog, RunSection, StageCause, StageSection};
use crate::rollup::RUN_COLUMNS;
use crate::trace::{Event, Kind, TraceReader};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Columns of the view `runs` that are told of a run.
const TOLD: [&str; 13] = [
    "agent",
    "provider",
    "protocol",
    "started_at",
    "elapsed_s",
    "termination",
    "llm_calls",
    "failed_llm_calls",
    "input_tokens",
    "output_tokens",
    "tool_calls",
    "nonzero_exits",
    "max_identical_run",
];

/// Every run, cohort by cohort.
pub(super) fn run_sections(workup: &Workup, events: bool) -> Result<Vec<RunSection>, CliError> {
    let mut blocks = if events { event_blocks(workup)? } else { BTreeMap::new() };
    let facts = run_facts(workup)?;
    let costs = workup.study.accounts.by_run(workup.basis);
    let failures: HashMap<(&str, i64), &StageFailure> = workup
        .failures()?
        .attributed
        .iter()
        .flat_map(|r| &r.failures)
        .map(|f| ((f.run_id.as_str(), f.stage), f))
        .collect();
    let mut sections = Vec::new();
    for cohort in &workup.cohorts {
        for run in &cohort.runs {
            let cost = costs.get(&run.run_id);
            sections.push(RunSection {
                run_id: run.run_id.clone(),
                workload: cohort.workload.clone(),
                model: run.model.clone(),
                facts: facts.get(&run.run_id).cloned().unwrap_or_default(),
                score: run.mean_score,
                cost: cost.and_then(|c| c.exact),
                stages: stage_sections(run, workup.gate, cost, &failures),
                events: blocks.remove(&run.run_id),
            });
        }
    }
    Ok(sections)
}

fn stage_sections(
    run: &CohortRun,
    gate: f64,
    cost: Option<&RunCost>,
    failures: &HashMap<(&str, i64), &StageFailure>,
) -> Vec<StageSection> {
    let section = |(stage, found): (&i64, &crate::analysis::StageScore)| {
        let outcome = found.outcome(gate);
        let failure = failures.get(&(run.run_id.as_str(), *stage));
        StageSection {
            stage: *stage,
            outcome: outcome.name(),
            score: found.score,
            llm_calls: found.llm_calls,
            total_tokens: found.total_tokens,
            cost: cost.and_then(|c| c.by_stage.get(stage).copied().flatten()),
            elapsed_s: found.elapsed_s,
            end_reason: found.end_reason.clone(),
            cause: failure.filter(|_| outcome != Outcome::Passed).map(|f| cause(f)),
        }
    };
    run.stages.iter().map(section).collect()
}

fn cause(failure: &StageFailure) -> StageCause {
    let label = &failure.primary;
    StageCause {
        cause: label.cause.as_str().replace('_', " "),
        confidence: label.confidence.as_str(),
        evidence: label.evidence.first().map(|e| (e.seq, e.excerpt.clone())),
    }
}

/// What the view `runs` says of every run.
fn run_facts(workup: &Workup) -> Result<HashMap<String, Vec<(String, String)>>, CliError> {
    let runs = &workup.study.runs;
    let table = view_table("run", "", runs, RUN_COLUMNS, Some(&TOLD))?;
    let ids = runs.texts("run_id")?.into_iter().enumerate();
    Ok(ids.filter_map(|(row, id)| Some((id?.to_owned(), table.shown_row(row)))).collect())
}

/// The events of every run, packed.
fn event_blocks(workup: &Workup) -> Result<BTreeMap<String, EventBlock>, CliError> {
    let runs: HashMap<&str, &RunCalls> =
        workup.study.accounts.runs.iter().map(|r| (r.run_id.as_str(), r)).collect();
    let files = workup.subject.store.files();
    let blocks: Vec<Vec<(String, EventBlock)>> =
        files.par_iter().map(|file| blocks_of(file, workup, &runs)).collect::<Result<_, _>>()?;
    Ok(blocks.into_iter().flatten().collect())
}

fn blocks_of(
    file: &Path,
    workup: &Workup,
    runs: &HashMap<&str, &RunCalls>,
) -> Result<Vec<(String, EventBlock)>, CliError> {
    let mut logs: BTreeMap<String, EventLog> = BTreeMap::new();
    for item in TraceReader::open(file)? {
        let (run, mut event) = item?;
        if workup.basis != Basis::Reported {
            reprice(&mut event, runs.get(run.run_id.as_str()).copied(), workup);
        }
        logs.entry(run.run_id).or_default().push(&event);
    }
    Ok(logs.into_iter().map(|(run, log)| (run, log.pack())).collect())
}

/// Puts the cost of another basis in place of the reported one.
fn reprice(event: &mut Event, run: Option<&RunCalls>, workup: &Workup) {
    event.cost_usd = match run {
        Some(run) if event.kind == Kind::LlmCall && event.error_type.is_none() => {
            price_call(run, &LlmCall::of(event), workup.basis, &workup.study.accounts.books).ok()
        }
        _ => None,
    };
}
