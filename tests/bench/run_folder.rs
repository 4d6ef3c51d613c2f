//! A generated OpenHands run folder, record by record as RAMP's runs have them.
//!
//! Sizes follow the published runs: an action of 1 to 3 kB, its observation of 2 to 7 kB, one response per action.

use crate::generate::SEED;
use ramptrace::synthetic::Dice;
use ramptrace::trace::Timestamp;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

const STAGES: i64 = 6;
const CALLS_PER_STAGE: i64 = 160;
const RUN_ID: &str = "engineer-openhand-500-generated-tasks-0-5";
/// The log's clock is eight hours ahead of UTC and does not say so.
const AHEAD_US: i64 = 8 * 3_600_000_000;

/// Writes the folder.
pub(crate) fn write(folder: &Path) {
    let mut log = Log::new();
    log.system_prompt();
    for stage in 0..STAGES {
        log.prompt(stage);
        for call in 0..CALLS_PER_STAGE {
            log.step(call + 1 == CALLS_PER_STAGE);
        }
    }
    let files = [
        ("openhands-events/pipeline.jsonl", std::mem::take(&mut log.lines)),
        ("openhands-state/pipeline/0123456789abcdef/base_state.json", log.base_state().to_string()),
        ("openhands_report.json", log.report().to_string()),
        ("metadata.json", json!({"run_id": RUN_ID, "model": "generated"}).to_string()),
        ("exit_code", "0\n".to_owned()),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
}

struct Log {
    dice: Dice,
    lines: String,
    now: Timestamp,
    usages: Vec<Value>,
    costs: Vec<Value>,
    latencies: Vec<Value>,
}

impl Log {
    fn new() -> Self {
        Self {
            dice: Dice::new(SEED, u64::MAX),
            lines: String::new(),
            now: Timestamp::from_micros(1_779_009_253_000_000),
            usages: vec![],
            costs: vec![],
            latencies: vec![],
        }
    }

    fn push(&mut self, record: &Value) {
        let _ = writeln!(self.lines, "{record}");
    }

    fn id(&mut self) -> String {
        format!("{:016x}-{:016x}", self.dice.roll(), self.dice.roll())
    }

    fn naive(&mut self) -> String {
        self.now = self.now.plus_micros(10_000 + self.dice.below(2_000_000));
        self.now.plus_micros(AHEAD_US).to_string().trim_end_matches('Z').to_owned()
    }

    fn system_prompt(&mut self) {
        let record = json!({
            "id": self.id(), "timestamp": self.naive(), "source": "agent",
            "system_prompt": {"cache_prompt": false, "type": "text", "text": self.dice.prose(20_000)},
            "tools": [], "dynamic_context": null, "kind": "SystemPromptEvent", "event_type": "SystemPromptEvent",
        });
        self.push(&record);
    }

    fn prompt(&mut self, stage: i64) {
        let text = format!(
            "# Task {stage}: compiler\n{}\nplease begin Task {stage}.\n",
            self.dice.prose(2500)
        );
        let record = json!({
            "id": self.id(), "timestamp": self.naive(), "source": "user",
            "llm_message": {"role": "user", "content": [{"cache_prompt": false, "type": "text", "text": text}], "tool_calls": null},
            "llm_response_id": null, "activated_skills": [], "kind": "MessageEvent", "event_type": "MessageEvent",
        });
        self.push(&record);
    }

    /// One response, the tool call in it, and the tool's answer.
    fn step(&mut self, finish: bool) {
        let shell = !finish && self.dice.below(2) == 0;
        let (tool, kind, sizes) = match (finish, shell) {
            (true, _) => ("finish", "Finish", (1200, 900)),
            (_, true) => ("terminal", "Terminal", (350, 1600)),
            _ => ("file_editor", "FileEditor", (1300, 6500)),
        };
        let (action_id, call_id, response) =
            (self.id(), self.id(), format!("chatcmpl-{}", self.id()));
        let command = self.dice.prose(sizes.0);
        let arguments = json!({"command": command}).to_string();
        let record = json!({
            "id": action_id, "timestamp": self.naive(), "source": "agent",
            "thought": [{"cache_prompt": false, "type": "text", "text": self.dice.prose(80)}],
            "reasoning_content": self.dice.prose(150), "thinking_blocks": [], "responses_reasoning_item": null,
            "action": {"command": command, "is_input": false, "timeout": null, "reset": false, "kind": format!("{kind}Action")},
            "tool_name": tool, "tool_call_id": call_id,
            "tool_call": {"id": call_id, "responses_item_id": null, "name": tool, "arguments": arguments, "origin": "completion"},
            "llm_response_id": response, "security_risk": "UNKNOWN", "critic_result": null, "summary": self.dice.prose(30),
            "kind": "ActionEvent", "event_type": "ActionEvent",
        });
        self.push(&record);
        self.usage(&response);
        let exit_code = *self.dice.one_of(&[0, 0, 0, 1]);
        let text = format!("\u{1b}[?2004l{}", self.dice.prose(sizes.1));
        let record = json!({
            "id": self.id(), "timestamp": self.naive(), "source": "environment", "tool_name": tool, "tool_call_id": call_id,
            "observation": {
                "content": [{"cache_prompt": false, "type": "text", "text": text}], "is_error": false, "command": command,
                "exit_code": shell.then_some(exit_code), "timeout": false,
                "metadata": {"exit_code": exit_code, "pid": -1, "username": "root", "working_dir": "/workspace/YatCC"},
                "kind": format!("{kind}Observation"),
            },
            "action_id": action_id, "kind": "ObservationEvent", "event_type": "ObservationEvent",
        });
        self.push(&record);
    }

    fn usage(&mut self, response: &str) {
        let input = 8000 + i64::try_from(self.lines.len() / 40).unwrap_or_default();
        let output = self.dice.below(900);
        // Binary fractions, so that the running total is exact.
        let cost = f64::from(u16::try_from(1 + self.dice.below(500)).unwrap_or_default()) / 8192.0;
        self.usages.push(json!({
            "model": "openai/generated", "prompt_tokens": input, "completion_tokens": output, "cache_read_tokens": input * 9 / 10,
            "cache_write_tokens": 0, "reasoning_tokens": 0, "context_window": 0, "per_turn_token": input + output, "response_id": response,
        }));
        self.costs.push(
            json!({"model": "openai/generated", "cost": cost, "timestamp": self.epoch_seconds()}),
        );
        self.latencies
            .push(json!({"model": "openai/generated", "latency": 1.5, "response_id": response}));
    }

    #[expect(clippy::cast_precision_loss, reason = "microseconds since 1970 fit in a double")]
    fn epoch_seconds(&self) -> f64 {
        self.now.micros() as f64 / 1e6
    }

    fn base_state(&self) -> Value {
        let total: f64 = self.costs.iter().filter_map(|c| c["cost"].as_f64()).sum();
        json!({
            "agent": {"llm": {"model": "openai/generated", "base_url": "https://api.example.org/v1"}},
            "stuck_detection": true, "execution_status": "finished",
            "stats": {"usage_to_metrics": {"default": {
                "model_name": "openai/generated", "accumulated_cost": total, "costs": self.costs,
                "response_latencies": self.latencies, "token_usages": self.usages,
            }}},
        })
    }

    fn report(&self) -> Value {
        let tasks: Vec<Value> = (0..STAGES)
            .map(|stage| json!({
                "task_id": stage, "score": 100.0 - 20.0 * f64::from(u8::try_from(stage).unwrap_or_default()), "max_score": 100.0,
                "passed": stage == 0, "test_count": 73, "passed_count": 73 - 10 * stage, "elapsed_seconds": 400.5, "backend": "openhands",
            }))
            .collect();
        json!({
            "benchmark": "EvoBench-v2", "agent_backend": "openhands", "agent_model": "generated", "context_mode": "pipeline",
            "run_id": RUN_ID, "timestamp": self.now.to_string(), "total_elapsed_seconds": 2403.0, "tasks": tasks,
        })
    }
}
