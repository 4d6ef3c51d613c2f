//! What a trace file says about itself, in the Parquet footer.
//!
//! Listing a store reads footers only. The keys are `ramptrace.schema_version`, `ramptrace.tool_version`,
//! `ramptrace.runs` (a JSON array with one [`RunEntry`] per run) and, in a file that was made as small as it gets,
//! `ramptrace.packing`.

use super::{Packing, RunFacts, SchemaVersion, Timestamp};
use serde::{Deserialize, Serialize};

pub(super) const SCHEMA_KEY: &str = "ramptrace.schema_version";
pub(super) const TOOL_KEY: &str = "ramptrace.tool_version";
pub(super) const PACKING_KEY: &str = "ramptrace.packing";
pub(super) const RUNS_KEY: &str = "ramptrace.runs";

/// The footer of a trace file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// Format version of the file.
    pub schema_version: SchemaVersion,
    /// Release that wrote it.
    pub tool_version: String,
    /// How small it was made.
    pub packing: Packing,
    /// The runs in it.
    pub runs: Vec<RunEntry>,
}

/// One run of a trace file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEntry {
    /// Identifier.
    pub run_id: String,
    /// Workload.
    pub workload: String,
    /// Model.
    pub model: String,
    /// Provider, when known.
    pub provider: Option<String>,
    /// Agent, when known.
    pub agent: Option<String>,
    /// Rows of the run.
    pub events: u64,
    /// First time stamp in microseconds since the epoch, when there is one.
    pub started_us: Option<i64>,
    /// SHA-256 of its rows; none in files of early writers.
    #[serde(default)]
    pub sha256: Option<String>,
}

impl RunEntry {
    pub(super) fn new(run: &RunFacts) -> Self {
        Self {
            run_id: run.run_id.clone(),
            workload: run.workload.clone(),
            model: run.model.clone(),
            provider: run.provider.clone(),
            agent: run.agent.clone(),
            events: 0,
            started_us: None,
            sha256: None,
        }
    }

    /// First time stamp of the run.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started_us.map(Timestamp::from_micros)
    }
}
