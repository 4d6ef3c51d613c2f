//! Inspect AI logs: `.json` documents and `.eval` archives of many samples, each of which is one run.
//!
//! A run is one agent on one task, so its workload is `<task>/<sample id>`, and epochs are runs of the same workload.
//! Everything is told by the events of a sample; its messages, the inputs of its model calls and the raw requests repeat
//! them and are counted as copies.
//!
//! * `log`: the files of a log, and its samples one by one
//! * `header`: what is true of all samples
//! * `sample`: one sample, whole or in chunks
//! * `texts`: long texts that are stored apart; the text of a message
//! * `transcript`: events in one row, with the spans they are in
//! * `joins`: what belongs to a tool call
//! * `messages`: each message once
//! * `model`, `tools`: model calls and tool calls
//! * `usage`: token counts, which changed their meaning over time
//! * `grades`: scores, limits and errors
//! * `convert`, `events`, `ending`: one sample to one run
//! * `copies`: samples that are in several logs

mod convert;
mod copies;
mod ending;
mod events;
mod grades;
mod header;
mod joins;
mod log;
mod messages;
mod model;
mod sample;
#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "a JSON literal reads best as it stands")]
mod tests;
mod texts;
mod tools;
mod transcript;
mod usage;

use super::formats::Importer;
use super::look::{Field, Look};
use super::sink::Sink;
use super::source::{Job, Source};
use super::{Format, ImportError};
use copies::Copies;
use log::Log;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How logs are recognised and read: archives by their header, documents by the outline of an Inspect log.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: |files| Ok(log::claim(Format::Inspect, files)), recognises, plan }
}

fn recognises(look: &Look<'_>) -> bool {
    look.text().contains("\"eval\"")
        && look.outline().is_some_and(|o| {
            !o.is_array
                && o.field("eval") == Some(&Field::Object)
                && o.has("version")
                && ["plan", "stats", "samples"].iter().any(|name| o.has(name))
        })
}

/// One job per log. Samples that are in several logs belong to one of them, which takes a look at all.
fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let copies = Arc::new(Copies::among(&sources));
    let job = |source: Source| {
        let copies = Arc::clone(&copies);
        Ok(source.job(move |source, sink| import(source, &copies, sink)))
    };
    sources.into_iter().map(job).collect()
}

/// Imports the samples of a log, each of which may fail by itself.
fn import(source: &Source, copies: &Copies, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let log = Log::open(source)?;
    let samples = log.len();
    if samples == 0 {
        let problem = "an Inspect log without samples: they were not logged, or none had ended";
        return Err(ImportError::BadSource {
            path: source.path.clone(),
            problem: problem.to_owned(),
        });
    }
    let (header, samples_of_log) = log.into_samples();
    let mut totals = convert::Totals::default();
    let mut run_ids: BTreeMap<String, usize> = BTreeMap::new();
    for (index, sample) in samples_of_log.enumerate() {
        let mut sample = match sample {
            Ok(sample) => sample,
            Err(error) => {
                totals.left_out += 1;
                sink.failed(error)?;
                continue;
            }
        };
        let identity = sample.identity(&header);
        let Some(others) = copies.others(&identity, &source.path) else {
            totals.left_out += 1;
            continue;
        };
        let run_id = sample.run_id(&header);
        if run_ids.insert(run_id.clone(), index).is_some() {
            let path = sample.path.clone();
            sink.failed(ImportError::BadSource {
                path,
                problem: format!("sample {}: a second run `{run_id}` in one log", index + 1),
            })?;
            continue;
        }
        let mut report = source.report();
        for path in others {
            report.duplicate("the same sample in another log", path, 1, run_id.as_str());
        }
        totals.left_out += copies.leave_out(&mut sample, &source.path, &mut report);
        let last = index + 1 == samples;
        convert::import(run_id, sample, &header, report, (&mut totals, last), sink)?;
    }
    Ok(())
}
