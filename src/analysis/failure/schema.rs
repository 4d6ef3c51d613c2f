//! The file format of failure rules as JSON Schema, for editors and for other tools.
//!
//! JSON Schema cannot say everything: that patterns compile and that groups of commands exist is checked on reading.

use super::cause::{Cause, Confidence};
use super::field::{Field, Holds};
use crate::trace::{EndReason, ToolStatus};
use serde_json::{Map, Value, json};

/// The JSON Schema of a rules file, as the TOML reads in JSON.
pub fn failure_rules_schema() -> String {
    let fields = |wanted: Holds| -> Vec<&str> {
        Field::WORDS.iter().filter(|w| w.2 == wanted).map(|w| w.1).collect()
    };
    let described = |doc: &str, mut value: Value| {
        value["description"] = json!(doc);
        value
    };
    let text = |doc: &str| described(doc, json!({ "type": "string" }));
    let flag = |doc: &str| described(doc, json!({ "type": "boolean", "default": false }));
    let number = |doc: &str| described(doc, json!({ "type": "number" }));
    let patterns = json!({ "type": "array", "items": { "type": "string", "format": "regex" } });
    let words = |doc: &str, words: Vec<&str>| {
        described(doc, json!({ "type": "array", "items": { "enum": words } }))
    };
    let word_list = |list: &[(&'static str, &'static str)]| list.iter().map(|w| w.0).collect();
    let confidences =
        [Confidence::Low, Confidence::Medium, Confidence::High].map(Confidence::as_str);
    let causes: Vec<&str> = Cause::WORDS.iter().map(|(_, word)| *word).collect();
    let all_fields: Vec<&str> = Field::WORDS.iter().map(|w| w.1).collect();
    let field_docs: Vec<String> =
        Field::WORDS.iter().map(|(_, word, _, doc)| format!("{word}: {doc}")).collect();
    let rule = object(
        "One sign of a cause. A rule with the name of one that is extended replaces it.",
        [
            (
                "name",
                described("Name.", json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" })),
            ),
            ("cause", described("What it is a sign of.", json!({ "enum": causes }))),
            ("confidence", described("How sure its label is.", json!({ "enum": confidences }))),
            ("field", described(&field_docs.join("\n"), json!({ "enum": all_fields }))),
            (
                "pattern",
                text(
                    "Regular expression to be found in a text. A group named `limit` holds the context window in tokens.",
                ),
            ),
            ("at_least", number("Smallest number that counts.")),
            ("at_most", number("Largest number that counts.")),
            (
                "count",
                described(
                    "Fewest events that must match; for ratios, fewest tool calls there must be.",
                    json!({ "type": "integer", "minimum": 1, "default": 1 }),
                ),
            ),
            (
                "share",
                described(
                    "Smallest share of the stage's tool calls that must match.",
                    json!({ "type": "number", "minimum": 0, "maximum": 1 }),
                ),
            ),
            ("at_end", flag("What it finds must last until the end of the stage.")),
            ("primary", flag("Its label can be the primary one.")),
            ("hint", flag("It gives no label and raises the confidence of others with its cause.")),
            ("failing_tests", flag("It only holds while tests of the stage fail.")),
            ("single_calls", flag("It only holds in traces with single LLM calls.")),
            (
                "end_reasons",
                words(
                    "Endings of a stage in which it holds; all without it.",
                    word_list(EndReason::WORDS),
                ),
            ),
            (
                "tool_status",
                words(
                    "Results of tool calls that it looks at; all without it.",
                    word_list(ToolStatus::WORDS),
                ),
            ),
            (
                "exempt",
                described(
                    "Groups of commands that repetition is not held against.",
                    json!({ "type": "array", "items": { "type": "string" } }),
                ),
            ),
            (
                "enabled",
                described(
                    "false switches off a rule that is extended.",
                    json!({ "type": "boolean", "default": true }),
                ),
            ),
            ("doc", text("What it means.")),
        ],
        &["name"],
    );
    let mut rule = Value::Object(rule);
    rule["anyOf"] = json!([
        { "required": ["enabled"], "properties": { "enabled": { "const": false } } },
        { "required": ["cause", "confidence", "field", "doc", "pattern"],
          "properties": { "field": { "enum": fields(Holds::Text) } } },
        { "required": ["cause", "confidence", "field", "doc"],
          "anyOf": [{ "required": ["at_least"] }, { "required": ["at_most"] }],
          "properties": { "field": { "enum": fields(Holds::Number) }, "pattern": false } },
    ]);
    let head = object(
        "What the rules share.",
        [
            ("name", text("Name of the rules, as results cite them.")),
            (
                "extends",
                described(
                    "Rules that these extend: `default`, or paths from this file's folder.",
                    json!({ "type": "array", "items": { "type": "string" } }),
                ),
            ),
            ("doc", text("What they are for.")),
        ],
        &["name"],
    );
    let signature = object(
        "Which lines of an output are errors.",
        [(
            "lines",
            described(
                "Patterns, most telling first. The first line that matches the first pattern that matches any is the signature.",
                patterns.clone(),
            ),
        )],
        &["lines"],
    );
    let groups = json!({
        "description": "Groups of shell commands by name, each told by patterns.",
        "type": "object",
        "additionalProperties": patterns,
    });
    let rules =
        json!({ "description": "Rules, first ones first.", "type": "array", "items": rule });
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("ramptrace failure rules"));
    schema.extend(object(
        "Why stages of a run failed, by what its trace says.",
        [
            ("rules", Value::Object(head)),
            ("commands", groups),
            ("signature", Value::Object(signature)),
            ("rule", rules),
        ],
        &["rules"],
    ));
    format!("{:#}\n", Value::Object(schema))
}

fn object<const N: usize>(
    description: &str,
    properties: [(&str, Value); N],
    required: &[&str],
) -> Map<String, Value> {
    let properties: Map<String, Value> =
        properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Map::from_iter([
        ("description".to_owned(), json!(description)),
        ("type".to_owned(), json!("object")),
        ("additionalProperties".to_owned(), json!(false)),
        ("required".to_owned(), json!(required)),
        ("properties".to_owned(), Value::Object(properties)),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::FailureRules;
    use super::*;
    use std::collections::BTreeSet;

    /// The keys that the parser names when it meets one it does not know.
    fn accepted(text: &str) -> BTreeSet<String> {
        let message = FailureRules::parse("x", text).unwrap_err().to_string();
        let (_, expected) = message.split_once("unknown field `zz`, expected ").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn listed(schema: &Value) -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_has_the_keys_of_the_parser() {
        let schema: Value = serde_json::from_str(&failure_rules_schema()).unwrap();
        let parts = &schema["properties"];
        assert_eq!(listed(&schema), accepted("zz = 1"));
        assert_eq!(listed(&parts["rules"]), accepted("[rules]\nzz = 1\nname = 'x'"));
        let signature = "[rules]\nname = 'x'\n[signature]\nlines = []\nzz = 1";
        // A single key is named without the word "one".
        assert_eq!(listed(&parts["signature"]), accepted(signature));
        assert_eq!(
            listed(&parts["rule"]["items"]),
            accepted("[rules]\nname = 'x'\n[[rule]]\nzz = 1\nname = 'r'")
        );
    }
}
