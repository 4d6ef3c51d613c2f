//! What is true of all samples of a log: the evaluation, its plan, the versions.

use super::super::fields::Fields;
use serde_json::{Map, Value};

/// Steps of a plan that prepare prompts or call the model once, and are no agent.
const PLAIN_STEPS: &[&str] = &[
    "assistant_message",
    "chain",
    "chain_of_thought",
    "fork",
    "generate",
    "multiple_choice",
    "prompt_template",
    "self_critique",
    "system_message",
    "use_tools",
    "user_message",
];

/// The model of an evaluation whose agents bring their own.
const NO_MODEL: &str = "none/none";

/// The first release that counts cached tokens beside the input, whatever the provider does.
const CACHE_APART: [u64; 3] = [0, 3, 184];

/// The header of a log.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) task: String,
    /// The model asked for.
    pub(super) model: Option<String>,
    /// Solver or agent, or `inspect` where the plan has none of its own.
    pub(super) agent: String,
    /// Unique for the log, as far as it says.
    pub(super) log_id: String,
    /// The same for a log and those that go on with it.
    pub(super) task_id: Option<String>,
    pub(super) created: String,
    /// Whether the evaluation had ended when the log was written.
    pub(super) ended: bool,
    /// Whether the log was written when counts of cached tokens depended on the provider.
    pub(super) old_counts: bool,
    /// Tokens of all model calls, as the log counts them.
    pub(super) total_tokens: Option<i64>,
    /// Everything that describes the evaluation.
    pub(super) facts: Map<String, Value>,
}

impl Header {
    /// The header in a document or in `header.json`, or, when the evaluation had not `ended`, in `start.json`.
    pub(super) fn of(value: Value, ended: bool) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let mut eval = fields.object("eval")?;
        let task = text(&eval, "task")?;
        fields.peek("version")?;
        let mut stats = fields.object("stats").unwrap_or_default();
        // Results of the evaluation as a whole say nothing about a run that its sample does not say.
        for whole in ["results", "reductions", "samples"] {
            fields.drop(whole);
        }
        if let Some(mut error) = fields.object("error") {
            error.drop("traceback_ansi");
            fields.keep("error", Value::Object(error.into_pairs().collect()));
        }
        let agent = text(&eval, "solver").or_else(|| agent_of_plan(fields.peek("plan")));
        let status = text(&fields, "status");
        let run = text(&eval, "run_id").unwrap_or_default();
        let task_id = text(&eval, "task_id");
        let log_id = text(&eval, "eval_id").unwrap_or_else(|| {
            let parts = [run.as_str(), task_id.as_deref().unwrap_or_default()];
            let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
            if parts.is_empty() { task.clone() } else { parts.join("-") }
        });
        let version =
            eval.peek("packages").and_then(|p| p.get("inspect_ai")?.as_str().map(version));
        let model = text(&eval, "model").filter(|model| model != NO_MODEL);
        let created = text(&eval, "created").unwrap_or_default();
        if let Some(mut dataset) = eval.object("dataset") {
            // As many as the log has samples, in each of their runs.
            dataset.drop("sample_ids");
            eval.keep("dataset", Value::Object(dataset.into_pairs().collect()));
        }
        let total_tokens = stats.object("model_usage").and_then(|usage| {
            usage
                .into_pairs()
                .filter_map(|(_, u)| u.get("total_tokens")?.as_i64())
                .reduce(i64::saturating_add)
        });
        fields.keep("eval", Value::Object(eval.into_pairs().collect()));
        Some(Self {
            model,
            agent: agent.unwrap_or_else(|| "inspect".to_owned()),
            log_id,
            task_id,
            created,
            ended: ended && status.as_deref() != Some("started"),
            old_counts: version.is_some_and(|v| v < CACHE_APART),
            total_tokens,
            facts: fields.into_pairs().collect(),
            task,
        })
    }
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    let text = fields.peek(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// The one step of a plan that is no plain step.
fn agent_of_plan(plan: Option<&Value>) -> Option<String> {
    let steps = plan?.get("steps")?.as_array()?;
    let names = steps.iter().filter_map(|s| s.get("solver")?.as_str());
    let mut own = names.filter(|n| {
        let last = n.rsplit('/').next().unwrap_or(n);
        !last.is_empty() && !PLAIN_STEPS.contains(&last)
    });
    match (own.next(), own.next()) {
        (Some(agent), None) => Some(agent.to_owned()),
        _ => None,
    }
}

/// The numbers of a version, `0.3.58.dev16+g6a87748b` as 0, 3, 58.
fn version(text: &str) -> [u64; 3] {
    let mut numbers = text.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    [(); 3].map(|()| numbers.next().unwrap_or(0))
}
