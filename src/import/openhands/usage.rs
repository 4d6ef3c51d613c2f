//! `base_state.json`: usage per call, by purpose, and what else it says of a conversation.

use super::super::fields::Fields;
use super::super::openhands_metrics::Calls;
use super::super::{ImportError, ImportReport};
use super::folder::RunFolder;
use std::path::Path;

/// The calls of a run.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) calls: Calls,
    pub(super) model: Option<String>,
    pub(super) base_url: Option<String>,
    pub(super) execution_status: Option<String>,
    pub(super) stuck_detection: bool,
}

impl Usage {
    /// Reads every `base_state.json` of a run.
    pub(super) fn read(folder: &RunFolder, report: &mut ImportReport) -> Result<Self, ImportError> {
        let mut usage = Self::default();
        for file in folder.conversations.iter().flat_map(|c| &c.base_states) {
            let path = file.name();
            let state = Fields::of(file.json()?).ok_or_else(|| ImportError::BadSource {
                path: path.to_owned(),
                problem: "not a JSON object".into(),
            })?;
            usage.add_state(path, state, report)?;
        }
        Ok(usage)
    }

    fn add_state(
        &mut self,
        path: &Path,
        mut state: Fields,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        if let Some(mut llm) = state.object("agent").and_then(|mut a| a.object("llm")) {
            self.model = self.model.take().or_else(|| llm.text("model"));
            self.base_url = self.base_url.take().or_else(|| llm.text("base_url"));
        }
        self.execution_status = state.text("execution_status");
        self.stuck_detection |= state.flag("stuck_detection").unwrap_or(false);
        let metrics = state.object("stats").and_then(|mut s| s.object("usage_to_metrics"));
        let Some(metrics) = metrics else {
            return Err(ImportError::BadSource {
                path: path.to_owned(),
                problem: "no `stats.usage_to_metrics`".into(),
            });
        };
        for (purpose, value) in metrics.into_pairs() {
            if let Some(mut metrics) = Fields::of(value) {
                self.calls.add(&path.display().to_string(), &purpose, &mut metrics, report);
            }
        }
        Ok(())
    }
}
