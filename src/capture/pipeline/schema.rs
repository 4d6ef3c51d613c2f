//! The pipeline file as JSON Schema, for editors and for other tools.

use super::pipeline::{Conversation, Recovery};
use super::score_table::{FORMATS, PRESETS};
use serde_json::{Value, json};

/// The JSON Schema of a pipeline file, as the TOML reads in JSON.
pub fn pipeline_schema() -> String {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ramptrace pipeline",
        "description": "A staged workload: what is asked, in what order, how it is graded, and what is done about a failed \
                        stage. Paths are below the folder of the file.",
        "type": "object",
        "additionalProperties": false,
        "required": ["pipeline", "stage"],
        "properties": {
            "pipeline": pipeline(),
            "budget": budget(),
            "stage": { "type": "array", "minItems": 1, "items": stage() },
        },
    });
    format!("{schema:#}\n")
}

fn text(doc: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "description": doc })
}

fn seconds(doc: &str) -> Value {
    json!({ "type": "number", "exclusiveMinimum": 0, "description": doc })
}

fn pipeline() -> Value {
    let recoveries: Vec<&str> = Recovery::WORDS.iter().map(|(word, _)| *word).collect();
    let conversations: Vec<&str> = Conversation::WORDS.iter().map(|(word, _)| *word).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": text("Name of the workload in traces."),
            "workspace": text("Folder that is copied fresh for each run; without it, runs start in an empty one."),
            "setup": text("Shell command run once in a fresh workspace."),
            "recovery": {
                "enum": recoveries,
                "default": Recovery::Never.as_str(),
                "description": "What is done about a failed stage: nothing; its golden artifacts are put in place; or the golden \
                                artifacts of every earlier stage are, whether it failed or not.",
            },
            "conversation": {
                "enum": conversations,
                "default": "run",
                "description": "Whether the agent goes through all stages in one conversation, or begins anew at each.",
            },
            "retries": { "type": "integer", "minimum": 0, "default": 0, "description": "Further attempts at a stage after a failed grade." },
            "retry_prompt": text("File with what is asked then; {score}, {gate}, {tests_passed}, {tests_total} and {output} are filled in."),
            "retry_prompt_text": text("The same, as a text."),
        },
    })
}

fn budget() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "What a run may use up. When it is used up, the agent is ended, and stages that it has not reached are graded as they stand.",
        "properties": {
            "seconds": seconds("Time of the agent, grading not included."),
            "usd": { "type": "number", "exclusiveMinimum": 0, "description": "Money; calls of unknown cost count nothing." },
            "calls": { "type": "integer", "minimum": 0, "description": "Answered model calls." },
        },
    })
}

fn stage() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "oneOf": [{ "required": ["prompt"] }, { "required": ["prompt_text"] }],
        "properties": {
            "name": text("Short name, one of its own."),
            "title": text("What the stage is about."),
            "prompt": text("File with what the agent is asked."),
            "prompt_text": text("The same, as a text."),
            "setup": text("Shell command run in the workspace before the agent."),
            "grade": text("Shell command that grades the workspace; a stage without one has no score."),
            "grade_seconds": seconds("Longest time of the grader; 600 without it."),
            "score": score(),
            "gate": { "type": "number", "minimum": 0, "maximum": 100, "default": 60, "description": "The score below which the stage has failed." },
            "weight": { "type": "number", "minimum": 0, "maximum": 1000, "default": 1, "description": "Share of the stage in weighted scores." },
            "seconds": seconds("Longest time of the agent for one attempt."),
            "artifacts": {
                "type": "array",
                "items": text("A path in the workspace."),
                "description": "What the stage hands on; without it, the places of its golden artifacts.",
            },
            "golden": {
                "type": "object",
                "additionalProperties": text("The golden file or folder."),
                "description": "Golden artifacts for recovery, by their place in the workspace.",
            },
        },
    })
}

fn score() -> Value {
    let presets: Vec<Value> = PRESETS
        .iter()
        .map(|(name, meaning)| json!({ "const": name, "description": meaning }))
        .collect();
    let path = |default: &str| {
        json!({
            "type": "string",
            "default": default,
            "description": "Path to the value: $.summary.score, tests[0].points.",
        })
    };
    let table = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["format"],
        "properties": {
            "format": { "enum": FORMATS },
            "from": text("`score-file` (the file $RAMPTRACE_SCORE_FILE), `stdout`, or a path in the workspace."),
            "score": path("score"),
            "tests_passed": path("tests_passed"),
            "tests_total": path("tests_total"),
            "pattern": text("Regular expression with groups named score, or passed and total; its last match counts."),
            "max": { "type": "number", "exclusiveMinimum": 0, "default": 100, "description": "The score that counts as 100." },
        },
    });
    json!({
        "description": "From what the grader leaves to a score.",
        "default": "exit-code",
        "oneOf": presets.into_iter().chain([table]).collect::<Vec<Value>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::raw::RawFile;
    use super::*;
    use std::collections::BTreeSet;

    /// The keys that the parser names when it meets one it does not know.
    fn accepted(text: &str) -> BTreeSet<String> {
        let message = toml::from_str::<RawFile>(text).err().unwrap().message().to_owned();
        let (_, expected) = message.split_once("unknown field `zz`, expected ").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn listed(schema: &Value) -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_has_the_keys_of_the_parser() {
        let schema: Value = serde_json::from_str(&pipeline_schema()).unwrap();
        let parts = &schema["properties"];
        assert_eq!(listed(&schema), accepted("zz = 1"));
        assert_eq!(listed(&parts["pipeline"]), accepted("[pipeline]\nzz = 1"));
        assert_eq!(listed(&parts["budget"]), accepted("pipeline.name = 'x'\n[budget]\nzz = 1"));
        let stage = &parts["stage"]["items"];
        assert_eq!(listed(stage), accepted("pipeline.name = 'x'\n[[stage]]\nzz = 1"));
    }
}
