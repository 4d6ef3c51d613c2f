//! Samples that are in several logs: a retried evaluation takes over what the first one finished, and logs are converted
//! from one form into the other.

use super::super::source::Source;
use super::log::Log;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Which log a sample that is in several of them belongs to.
#[derive(Debug, Default)]
pub(super) struct Copies(HashMap<String, Vec<PathBuf>>);

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
        let mut found: HashMap<String, Vec<PathBuf>> = HashMap::new();
        for mut logs in tasks.into_values().filter(|logs| logs.len() > 1) {
            // The latest log comes first: it is the one that went on.
            logs.sort_by(|(a, x), (b, y)| (b, &x.path).cmp(&(a, &y.path)));
            for (_, source) in logs {
                let Ok(log) = Log::open(source) else { continue };
                let (header, samples) = log.into_samples();
                for sample in samples.flatten() {
                    let logs = found.entry(sample.identity(&header)).or_default();
                    if logs.last() != Some(&source.path) {
                        logs.push(source.path.clone());
                    }
                }
            }
        }
        found.retain(|_, logs| logs.len() > 1);
        Self(found)
    }

    /// The other logs that have this sample; `None` when it belongs to one of these.
    pub(super) fn others(&self, identity: &str, path: &Path) -> Option<&[PathBuf]> {
        match self.0.get(identity).map(Vec::as_slice) {
            None => Some(&[]),
            Some([first, others @ ..]) if first == path => Some(others),
            Some(_) => None,
        }
    }
}
