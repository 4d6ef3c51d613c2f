//! The file format of redaction rules as JSON Schema, for editors and for other tools.
//!
//! JSON Schema cannot say everything: that patterns compile and that names differ is checked on reading.

use super::rules::LONGEST_CATEGORY;
use serde_json::{Value, json};

/// The JSON Schema of a rules file, as the TOML reads in JSON.
pub fn redaction_rules_schema() -> String {
    let category = format!("^[a-z0-9-]{{1,{LONGEST_CATEGORY}}}$");
    let rule = json!({
        "description": "Something else that is secret.",
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "pattern"],
        "properties": {
            "name": {
                "description": "Name, and the category of its masks unless that is given.",
                "type": "string",
            },
            "pattern": {
                "description": "Regular expression. Its group named `secret`, if it has one, is masked alone. It must not match an empty text, and should not depend on what comes after a match.",
                "type": "string",
                "format": "regex",
                "minLength": 1,
            },
            "category": {
                "description": "Category of its masks: [redacted:CATEGORY:PSEUDONYM].",
                "type": "string",
                "pattern": category,
            },
            "doc": { "description": "What it is for.", "type": "string" },
        },
    });
    let schema: Value = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ramptrace redaction rules",
        "description": "What is secret besides what ramptrace knows, and what is not.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "variables": {
                "description": "Environment variables whose values are secret, whatever they are called.",
                "type": "array",
                "items": { "type": "string", "pattern": "\\S" },
            },
            "keep": {
                "description": "Regular expressions. What one is found in is not masked for looking random.",
                "type": "array",
                "items": { "type": "string", "format": "regex" },
            },
            "rule": { "description": "Rules, first ones first.", "type": "array", "items": rule },
        },
    });
    format!("{schema:#}\n")
}

#[cfg(test)]
mod tests {
    use super::super::RedactionRules;
    use super::*;
    use std::collections::BTreeSet;

    /// The keys that the parser names when it meets one it does not know.
    fn accepted(text: &str) -> BTreeSet<String> {
        let message = RedactionRules::parse("x", text).unwrap_err().to_string();
        let (_, expected) = message.split_once("unknown field `zz`, expected ").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn listed(schema: &Value) -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_has_the_keys_of_the_parser() {
        let schema: Value = serde_json::from_str(&redaction_rules_schema()).unwrap();
        assert_eq!(listed(&schema), accepted("zz = 1"));
        assert_eq!(listed(&schema["properties"]["rule"]["items"]), accepted("[[rule]]\nzz = 1"));
    }

    #[test]
    fn what_the_schema_requires_the_parser_misses() {
        let schema: Value = serde_json::from_str(&redaction_rules_schema()).unwrap();
        assert_eq!(schema["properties"]["rule"]["items"]["required"], json!(["name", "pattern"]));
        for (text, key) in
            [("[[rule]]\npattern = 'x'", "name"), ("[[rule]]\nname = 'x'", "pattern")]
        {
            let error = RedactionRules::parse("x", text).unwrap_err().to_string();
            assert!(error.ends_with(&format!("missing field `{key}`")), "{error}");
        }
    }
}
