//! The steps of a run's agents to the document.

use super::super::Exported;
use super::step::EXTRA;
use super::threads::{Thread, Threads, Totals};
use crate::trace::{RunFacts, SCHEMA_VERSION};
use serde_json::{Map, Value, json};

/// The version that is written.
const VERSION: &str = "ATIF-v1.8";

/// Puts the document of a run together.
pub(super) fn write(run: &RunFacts, threads: Threads, exported: &mut Exported) {
    let Threads { all, rows, agent_version, .. } = threads;
    let version = agent_version.as_deref();
    let mut totals = Totals::default();
    let mut documents: Vec<Option<Value>> = Vec::new();
    for (at, thread) in all.iter().enumerate() {
        totals.add(&Totals { input: None, output: None, cached: None, cost: thread.totals.cost });
        let of_main = Totals { cost: None, ..thread.totals };
        documents.push(Some(if at == 0 {
            totals.add(&of_main);
            Value::Null
        } else {
            document(run, thread, version, thread.totals)
        }));
    }
    let main = Thread { name: run.agent.clone(), ..Thread::default() };
    let mut root = document(run, all.first().unwrap_or(&main), version, totals);
    let embedded: Vec<Value> = documents.into_iter().skip(1).flatten().collect();
    if !embedded.is_empty() {
        root["subagent_trajectories"] = embedded.into();
    }
    root["extra"] = json!({ EXTRA: {
        "schema_version": SCHEMA_VERSION.to_string(),
        "run": run,
        "rows": rows,
    }});
    exported.documents.push((format!("{}.trajectory.json", file_name(&run.run_id)), root));
}

fn document(run: &RunFacts, thread: &Thread, version: Option<&str>, totals: Totals) -> Value {
    let name = thread.name.as_deref().filter(|n| !n.is_empty()).unwrap_or("unknown");
    let mut agent = Map::new();
    agent.insert("name".to_owned(), name.into());
    agent.insert("version".to_owned(), version.unwrap_or("unknown").into());
    if run.model != "unknown" {
        agent.insert("model_name".to_owned(), run.model.clone().into());
    }
    let mut steps = Vec::new();
    for (n, step) in (1..).zip(&thread.steps) {
        let mut numbered = Map::new();
        numbered.insert("step_id".to_owned(), Value::from(n));
        numbered.extend(step.as_object().cloned().unwrap_or_default());
        steps.push(Value::Object(numbered));
    }
    if steps.is_empty() {
        // A trajectory has one step at least: this one says that there was none.
        steps.push(json!({
            "step_id": 1, "source": "agent", "message": "", "llm_call_count": 0
        }));
    }
    let mut metrics = Map::new();
    for (name, count) in [
        ("total_prompt_tokens", totals.input),
        ("total_completion_tokens", totals.output),
        ("total_cached_tokens", totals.cached),
    ] {
        if let Some(count) = count {
            metrics.insert(name.to_owned(), count.into());
        }
    }
    if let Some(cost) = totals.cost {
        metrics.insert("total_cost_usd".to_owned(), json!(cost.to_f64()));
    }
    metrics.insert("total_steps".to_owned(), steps.len().into());
    json!({
        "schema_version": VERSION,
        "session_id": run.run_id,
        "trajectory_id": thread.id.as_deref().unwrap_or(&run.run_id),
        "agent": agent,
        "steps": steps,
        "final_metrics": metrics,
    })
}

/// A run's name as that of a file.
fn file_name(run_id: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_.+".contains(c) { c } else { '_' };
    let name: String = run_id.chars().map(plain).take(120).collect();
    let name = name.trim_start_matches('.');
    if name.is_empty() { "run".to_owned() } else { name.to_owned() }
}
