//! A trial's `result.json`, opened.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::files::LogFile;
use crate::trace::Timestamp;
use serde_json::Value;

/// One trial.
#[derive(Debug, Default)]
pub(super) struct Trial {
    pub(super) name: String,
    pub(super) task: String,
    pub(super) model: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) times: Phase,
    pub(super) setup: Vec<(&'static str, Phase)>,
    /// The stages: one, or as many as the task has steps.
    pub(super) stages: Vec<Stage>,
    /// Whether the task has steps.
    pub(super) stepwise: bool,
    /// Everything else.
    pub(super) rest: Fields,
}

/// What was measured of one stage.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// The name of the step; `None` when the task has none.
    pub(super) step: Option<String>,
    pub(super) totals: Totals,
    pub(super) rewards: Option<Fields>,
    pub(super) exception: Option<Fields>,
    pub(super) agent_execution: Phase,
    pub(super) verifier: Phase,
    pub(super) rest: Fields,
}

/// What Harbor says of the agent's tokens. A zero beside tokens is unknown.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) input: Option<i64>,
    pub(super) cached: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) cost: Option<f64>,
    pub(super) rest: Fields,
}

/// Beginning and end of a phase, as they are written.
#[derive(Debug, Default, Clone)]
pub(super) struct Phase {
    pub(super) started: Option<String>,
    pub(super) finished: Option<String>,
}

impl Trial {
    /// Reads `result.json`.
    pub(super) fn read(file: &LogFile) -> Result<Self, ImportError> {
        let bad = |problem: &str| ImportError::BadSource {
            path: file.name().to_owned(),
            problem: problem.to_owned(),
        };
        let mut fields = Fields::of(file.json()?).ok_or_else(|| bad("not a JSON object"))?;
        let name = fields.text("trial_name").filter(|n| !n.is_empty());
        let name = name.ok_or_else(|| bad("no `trial_name`"))?;
        let task = fields.text("task_name").filter(|t| !t.is_empty());
        let mut info = fields.object("agent_info").unwrap_or_default();
        let mut model = info.object("model_info").unwrap_or_default();
        let asked = fields.peek("config").and_then(|c| c.get("agent"));
        let of_config = |name: &str| {
            let text = asked.and_then(|a| a.get(name)).and_then(Value::as_str);
            text.filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let (configured_model, configured_agent) = (of_config("model_name"), of_config("name"));
        let mut trial = Self {
            task: task.unwrap_or_else(|| "harbor".to_owned()),
            model: model.text("name").filter(|n| !n.is_empty()).or(configured_model),
            provider: model.text("provider").filter(|p| !p.is_empty()),
            agent: info.text("name").filter(|n| !n.is_empty()).or(configured_agent),
            times: Phase {
                started: fields.text("started_at"),
                finished: fields.text("finished_at"),
            },
            setup: ["environment_setup", "agent_setup"]
                .into_iter()
                .map(|phase| (phase, Phase::take(&mut fields, phase)))
                .collect(),
            name,
            ..Self::default()
        };
        let steps = fields.array("step_results").unwrap_or_default();
        trial.stepwise = !steps.is_empty();
        for step in steps.into_iter().filter_map(Fields::of) {
            trial.stages.push(Stage::take(step, true));
        }
        let mut of_stage = Fields::default();
        for part in
            ["agent_result", "verifier_result", "exception_info", "agent_execution", "verifier"]
        {
            if let Some(value) = fields.take(part) {
                of_stage.keep(part, value);
            }
        }
        if trial.stages.is_empty() {
            trial.stages.push(Stage::take(of_stage, false));
        } else {
            // What the trial says of all its steps together.
            for (name, value) in of_stage.into_pairs() {
                fields.keep(&name, value);
            }
        }
        for (name, value) in info.into_pairs().chain(model.into_pairs()) {
            let name = if name == "version" { "agent_version".to_owned() } else { name };
            if value.as_str() != Some("unknown") {
                fields.keep(&name, value);
            }
        }
        trial.rest = fields;
        Ok(trial)
    }
}

impl Stage {
    fn take(mut fields: Fields, of_step: bool) -> Self {
        let mut verified = fields.object("verifier_result").unwrap_or_default();
        let rewards = verified.object("rewards");
        let stage = Self {
            step: if of_step {
                Some(fields.text("step_name").unwrap_or_else(|| "step".to_owned()))
            } else {
                None
            },
            totals: fields.object("agent_result").map(Totals::take).unwrap_or_default(),
            rewards,
            exception: fields.object("exception_info"),
            agent_execution: Phase::take(&mut fields, "agent_execution"),
            verifier: Phase::take(&mut fields, "verifier"),
            rest: Fields::default(),
        };
        for (name, value) in verified.into_pairs() {
            fields.keep(&format!("verifier_{name}"), value);
        }
        Self { rest: fields, ..stage }
    }
}

impl Totals {
    fn take(mut fields: Fields) -> Self {
        let mut count = |name: &str| fields.int(name).filter(|n| *n >= 0);
        let (input, cached) = (count("n_input_tokens"), count("n_cache_tokens"));
        let output = count("n_output_tokens").filter(|n| *n > 0);
        let input = input.filter(|n| *n > 0);
        Self {
            input,
            cached,
            output,
            cost: fields.number("cost_usd").filter(|c| *c > 0.0),
            rest: fields,
        }
    }
}

impl Phase {
    fn take(fields: &mut Fields, name: &str) -> Self {
        let mut phase = fields.object(name).unwrap_or_default();
        Self { started: phase.text("started_at"), finished: phase.text("finished_at") }
    }

    /// How long it took: both times are of one clock, with a zone or without.
    pub(super) fn seconds(&self) -> Option<f64> {
        let read = |text: &Option<String>| {
            let text = text.as_deref()?;
            Timestamp::parse_zoned(text).or_else(|| Timestamp::parse_naive(text))
        };
        let millis = super::super::rows::millis_between(read(&self.started), read(&self.finished));
        millis.map(|ms| ms / 1e3)
    }

    /// As attributes hold it.
    pub(super) fn value(&self) -> Option<Value> {
        let seconds = self.seconds();
        (self.started.is_some() || self.finished.is_some()).then(|| {
            serde_json::json!({"started_at": self.started, "finished_at": self.finished, "seconds": seconds})
        })
    }
}
