//! A trajectory document, opened: its head taken apart, its steps in order.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::LogFile;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One trajectory: a file, or a sub-agent inside of one.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The file that it is in.
    pub(super) path: PathBuf,
    /// The minor version of its format: 7 of `ATIF-v1.7`.
    pub(super) minor: u32,
    pub(super) session_id: Option<String>,
    pub(super) trajectory_id: Option<String>,
    pub(super) agent_name: Option<String>,
    pub(super) agent_model: Option<String>,
    /// The rest of what it says of its agent.
    pub(super) agent: Fields,
    pub(super) steps: Vec<Value>,
    pub(super) subagents: Vec<Value>,
    pub(super) final_metrics: Option<Fields>,
    /// Everything else.
    pub(super) rest: Fields,
}

impl Document {
    /// Reads a file.
    pub(super) fn read(file: &LogFile) -> Result<Self, ImportError> {
        Self::of(file.json()?, file.name()).ok_or_else(|| ImportError::BadSource {
            path: file.name().to_owned(),
            problem: "not an ATIF trajectory: no object with `steps`".to_owned(),
        })
    }

    /// Takes a document apart; `None` when it is not an object with steps.
    pub(super) fn of(value: Value, path: &Path) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let steps = fields.array("steps")?;
        let version = fields.peek("schema_version").and_then(Value::as_str).unwrap_or_default();
        let minor = version.rsplit('.').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let mut agent = fields.object("agent").unwrap_or_default();
        Some(Self {
            path: path.to_owned(),
            minor,
            session_id: fields.text("session_id").filter(|id| !id.is_empty()),
            trajectory_id: fields.text("trajectory_id").filter(|id| !id.is_empty()),
            agent_name: agent.text("name").filter(|n| !n.is_empty()),
            agent_model: agent.text("model_name").filter(|n| !n.is_empty()),
            agent,
            steps,
            subagents: fields.array("subagent_trajectories").unwrap_or_default(),
            final_metrics: fields.object("final_metrics"),
            rest: fields,
        })
    }

    /// A value below its `extra`, or below that of its agent.
    pub(super) fn extra(&self, name: &str) -> Option<&Value> {
        let below = |fields: &'_ Fields| fields.peek("extra").and_then(|e| e.get(name)).is_some();
        let holder = if below(&self.agent) { &self.agent } else { &self.rest };
        holder.peek("extra")?.get(name).filter(|v| !v.is_null())
    }

    /// The models that its steps name, in order, without repetitions.
    pub(super) fn step_models(&self) -> Vec<&str> {
        let mut models: Vec<&str> = Vec::new();
        for step in &self.steps {
            let model = step.get("model_name").and_then(Value::as_str).unwrap_or_default();
            if !model.is_empty() && !models.contains(&model) {
                models.push(model);
            }
        }
        models
    }
}
