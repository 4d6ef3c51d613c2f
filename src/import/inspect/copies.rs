//! Samples that are in several logs: a retried evaluation takes over what the first one finished, and logs are converted
//! from one form into the other. What the first one did not finish stands in the second as a failed attempt.

use super::super::ImportReport;
use super::super::source::Source;
use super::log::Log;
use super::sample::Sample;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Which log a sample that is in several of them belongs to.
#[derive(Debug, Default)]
pub(super) struct Copies {
    samples: HashMap<String, Vec<PathBuf>>,
    /// Events of samples in logs that may share them.
    events: HashSet<String>,
    /// Events of failed attempts, with the log that tells them.
    attempts: HashMap<String, PathBuf>,
}

impl Copies {
    /// Looks for samples that are in more than one log. Only logs of the same task can share samples; a log without its
    /// like is not read for it. Logs that cannot be read have none; their jobs say why.
    pub(super) fn among(sources: &[Source]) -> Self {
        let mut tasks: HashMap<String, Vec<(String, &Source)>> = HashMap::new();
        if sources.len() < 2 {
            return Self::default();
        }
        for source in sources {
            let Ok(log) = Log::open(source) else { continue };
            let (header, _) = log.into_samples();
            let Some(task) = header.task_id else { continue };
            tasks.entry(task).or_default().push((header.created, source));
        }
        let mut copies = Self::default();
        for mut logs in tasks.into_values().filter(|logs| logs.len() > 1) {
            // The latest log comes first: it is the one that went on.
            logs.sort_by(|(a, x), (b, y)| (b, &x.path).cmp(&(a, &y.path)));
            for (_, source) in logs {
                let Ok(log) = Log::open(source) else { continue };
                let (header, samples) = log.into_samples();
                for sample in samples.flatten() {
                    copies.events.extend(sample.events.iter().filter_map(uuid).map(str::to_owned));
                    for event in attempts(&sample).filter_map(uuid) {
                        let owner = copies.attempts.entry(event.to_owned());
                        owner.or_insert_with(|| source.path.clone());
                    }
                    let logs = copies.samples.entry(sample.identity(&header)).or_default();
                    if logs.last() != Some(&source.path) {
                        logs.push(source.path.clone());
                    }
                }
            }
        }
        copies.samples.retain(|_, logs| logs.len() > 1);
        copies
    }

    /// The other logs that have this sample; `None` when it belongs to one of these.
    pub(super) fn others(&self, identity: &str, path: &Path) -> Option<&[PathBuf]> {
        match self.samples.get(identity).map(Vec::as_slice) {
            None => Some(&[]),
            Some([first, others @ ..]) if first == path => Some(others),
            Some(_) => None,
        }
    }

    /// Takes events out of failed attempts of a sample in the log at `path` when another log tells them: their calls have
    /// rows there. Says how many these are.
    pub(super) fn leave_out(
        &self,
        sample: &mut Sample,
        path: &Path,
        report: &mut ImportReport,
    ) -> u64 {
        let elsewhere = |event: &str| {
            self.events.contains(event) || self.attempts.get(event).is_some_and(|p| p != path)
        };
        let Some(mut retries) = sample.fields.array("error_retries") else { return 0 };
        let mut left_out = 0;
        for events in retries.iter_mut().filter_map(|r| r.get_mut("events")?.as_array_mut()) {
            events.retain(|event| {
                let known = uuid(event).filter(|uuid| elsewhere(uuid));
                if let Some(uuid) = known {
                    let reason = "event of a failed attempt that another log tells";
                    report.duplicate(reason, &sample.path, 1, uuid);
                    left_out += 1;
                }
                known.is_none()
            });
        }
        sample.fields.keep("error_retries", retries);
        left_out
    }
}

/// The events of failed attempts at a sample.
fn attempts(sample: &Sample) -> impl Iterator<Item = &Value> {
    let retries = sample.fields.peek("error_retries").and_then(Value::as_array);
    retries.into_iter().flatten().filter_map(|r| r.get("events")?.as_array()).flatten()
}

fn uuid(event: &Value) -> Option<&str> {
    event.get("uuid")?.as_str()
}
