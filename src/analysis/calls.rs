//! The answered LLM calls of a store, run by run, as ledgers need them.

use crate::ledger::TokenClasses;
use crate::rollup::{Frame, RollupError, query};
use crate::trace::{CostSource, Event, TableFiles, Timestamp, UsageQuality, Usd};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The calls of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCalls {
    /// Identifier.
    pub run_id: String,
    /// The staged task set.
    pub workload: String,
    /// The model asked for.
    pub model: String,
    /// Who serves it.
    pub provider: Option<String>,
    /// First time stamp of the run.
    pub started_at: Option<Timestamp>,
    /// Its answered calls, in order; a coarse trace has one row for many.
    pub calls: Vec<LlmCall>,
}

/// An answered call, or several that the source sums up.
#[derive(Debug, Clone, PartialEq)]
pub struct LlmCall {
    /// Position in the run.
    pub seq: i64,
    /// Stage, when it is in one.
    pub stage: Option<i64>,
    /// Start.
    pub ts: Option<Timestamp>,
    /// Disjoint token classes; `None` when unknown.
    pub tokens: Option<TokenClasses>,
    /// Cost as the log says.
    pub cost: Option<Usd>,
    /// Whether the cost stands in a log, rather than being typed in by whoever published it.
    pub logged: bool,
    /// Calls it stands for; `None` when the source does not say.
    pub count: Option<i64>,
    /// Whether the row is a sum over calls.
    pub aggregate: bool,
}

impl LlmCall {
    /// The call of an `llm_call` row.
    pub fn of(event: &Event) -> Self {
        let aggregate = event.usage_quality == Some(UsageQuality::Aggregate);
        Self {
            seq: event.seq,
            stage: event.stage,
            ts: event.ts,
            tokens: TokenClasses::from_totals(
                event.input_tokens,
                event.cache_read_tokens,
                event.cache_write_tokens,
                event.output_tokens,
                event.reasoning_tokens,
            ),
            cost: event.cost_usd,
            logged: event.cost_source != Some(CostSource::Imputed),
            count: if aggregate { event.llm_call_count } else { Some(1) },
            aggregate,
        }
    }
}

impl RunCalls {
    /// Number of calls; `None` when the source does not say.
    pub fn count(&self) -> Option<i64> {
        let known: Vec<i64> = self.calls.iter().filter_map(|c| c.count).collect();
        (!known.is_empty() || self.calls.is_empty()).then(|| known.iter().sum())
    }

    /// Token classes summed over the calls that have them; `None` when none has.
    pub fn tokens(&self) -> Option<TokenClasses> {
        self.calls.iter().filter_map(|c| c.tokens).reduce(|a, b| a + b)
    }
}

const CALLS: &str = "SELECT run_id, seq, stage, ts, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, \
    reasoning_tokens, cost_usd, cost_source, usage_quality, llm_call_count \
    FROM events WHERE kind = 'llm_call' AND error_type IS NULL ORDER BY run_id, seq";

/// Bytes of trace files whose calls are queried at once. A run never spans files, so that parts can be read apart, and
/// beside the calls that are kept no more stands in memory than the rows of a part.
const PART_BYTES: u64 = 32 << 20;

/// Reads the calls of every run of trace files. `runs` is their view `runs`, whose order is kept.
pub fn read_calls(files: &[PathBuf], runs: &Frame) -> Result<Vec<RunCalls>, RollupError> {
    let mut by_run = BTreeMap::new();
    // The tables of a rollup are read together.
    let (tables, _) = TableFiles::among(files);
    let size = |file: &PathBuf| std::fs::metadata(file).map_or(0, |m| m.len());
    let whole = tables != TableFiles::default();
    for part in if whole { vec![files] } else { parts(files, size) } {
        by_run.append(&mut calls_by_run(&query(part, CALLS)?)?);
    }
    let text = |name: &str| runs.texts(name);
    let (ids, workloads, models, providers) =
        (text("run_id")?, text("workload")?, text("model")?, text("provider")?);
    let starts = runs.times("started_at")?;
    let owned =
        |column: &[Option<&str>], row: usize| column.get(row).copied().flatten().map(str::to_owned);
    Ok((0..runs.height())
        .map(|row| {
            let run_id = owned(&ids, row).unwrap_or_default();
            RunCalls {
                calls: by_run.remove(&run_id).unwrap_or_default(),
                run_id,
                workload: owned(&workloads, row).unwrap_or_default(),
                model: owned(&models, row).unwrap_or_default(),
                provider: owned(&providers, row),
                started_at: starts.get(row).copied().flatten(),
            }
        })
        .collect())
}

/// The files in order, cut where a part is large enough; of no files, one part without any.
fn parts(files: &[PathBuf], size: impl Fn(&PathBuf) -> u64) -> Vec<&[PathBuf]> {
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (last, file) in files.iter().enumerate() {
        bytes += size(file);
        if bytes >= PART_BYTES && last + 1 < files.len() {
            parts.push(&files[start..=last]);
            (start, bytes) = (last + 1, 0);
        }
    }
    parts.push(&files[start..]);
    parts
}

fn calls_by_run(frame: &Frame) -> Result<BTreeMap<String, Vec<LlmCall>>, RollupError> {
    let ids = frame.texts("run_id")?;
    let (seqs, stages, counts) =
        (frame.ints("seq")?, frame.ints("stage")?, frame.ints("llm_call_count")?);
    let names = [
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "output_tokens",
        "reasoning_tokens",
    ];
    let tokens = names.map(|name| frame.ints(name));
    let [input, read, write, output, reasoning] = tokens;
    let (input, read, write, output, reasoning) = (input?, read?, write?, output?, reasoning?);
    let (times, costs) = (frame.times("ts")?, frame.amounts("cost_usd")?);
    let (sources, qualities) = (frame.texts("cost_source")?, frame.texts("usage_quality")?);
    let mut by_run: BTreeMap<String, Vec<LlmCall>> = BTreeMap::new();
    for (row, id) in ids.iter().enumerate() {
        let Some(id) = id else { continue };
        let int = |column: &[Option<i64>]| column.get(row).copied().flatten();
        let aggregate =
            qualities.get(row).copied().flatten() == Some(UsageQuality::Aggregate.as_str());
        let classes = TokenClasses::from_totals(
            int(&input),
            int(&read),
            int(&write),
            int(&output),
            int(&reasoning),
        );
        by_run.entry((*id).to_owned()).or_default().push(LlmCall {
            seq: int(&seqs).unwrap_or_default(),
            stage: int(&stages),
            ts: times.get(row).copied().flatten(),
            tokens: classes,
            cost: costs.get(row).copied().flatten(),
            logged: sources.get(row).copied().flatten() != Some(CostSource::Imputed.as_str()),
            count: if aggregate { int(&counts) } else { Some(1) },
            aggregate,
        });
    }
    Ok(by_run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_every_file_once_and_end_when_they_are_large() {
        let files: Vec<PathBuf> = (0..7).map(|n| PathBuf::from(n.to_string())).collect();
        let lengths = |size: u64| -> Vec<usize> {
            let parts = parts(&files, |_| size);
            assert_eq!(parts.concat(), files);
            parts.iter().map(|part| part.len()).collect()
        };
        assert_eq!(lengths(0), [7]);
        assert_eq!(lengths(PART_BYTES / 3 + 1), [3, 3, 1]);
        assert_eq!(lengths(PART_BYTES * 9), [1; 7]);
        assert_eq!(parts(&[], |_| 0), [&[] as &[PathBuf]]);
    }
}
