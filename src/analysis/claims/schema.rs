//! The file format of claims as JSON Schema, for editors and for other tools.
//!
//! The keys are listed here with their meaning; a test holds the list to what the parser accepts. That sources and packs
//! exist and that queries are sound is checked on reading.

use super::measure::Measure;
use super::need::Need;
use super::tolerance::Comparison;
use serde_json::{Map, Value, json};

/// The JSON Schema of a claims file, as the TOML reads in JSON.
pub fn claims_schema() -> String {
    let head = object(
        "What the claims share.",
        vec![
            ("name", "Name of the set of claims.", name()),
            ("source", "Where the numbers were published.", text()),
            (
                "packs",
                "Metric packs whose run and stage metrics are columns: core, ramp, or paths from this file. ramp without it. A metric that an earlier pack has too is the column pack_metric.",
                names(),
            ),
            ("set", "Parameters of the packs, as in pass_mark=100.", names()),
            (
                "cost",
                "What costs are based on. reported without it.",
                json!({ "enum": ["reported", "list", "neutral"] }),
            ),
            (
                "gate",
                "Score at or above which a stage counts as passed, for the measures collapse_*. 60 without it.",
                json!({ "type": "number" }),
            ),
            ("workload", "The workload of every claim that names none.", name()),
        ],
        &["name"],
    );
    let measures: Vec<&str> = Measure::WORDS.iter().map(|w| w.1).collect();
    let measure_docs: Vec<String> =
        Measure::WORDS.iter().map(|w| format!("{}: {}", w.1, w.3)).collect();
    let words: Vec<&str> = Need::WORDS.iter().map(|w| w.1).collect();
    let scalar = json!({ "type": ["number", "boolean", "string"] });
    let claim = object(
        "A published number, and how it is computed.",
        vec![
            ("id", "Identifier, once in the file.", name()),
            ("quote", "The published statement, as a fact.", text()),
            ("source", "Where it stands; a key of [sources] when there are any.", name()),
            (
                "sql",
                "One SELECT over runs, stages and events, giving one row or one column; or one expression over the rows of `over`. With measure, its columns are what the measure is of. Metrics are columns, costs floats.",
                text(),
            ),
            (
                "over",
                "The view whose rows an expression sees. runs without it.",
                json!({ "enum": ["runs", "stages"] }),
            ),
            (
                "measure",
                &format!("A statistic. {}", measure_docs.join("\n")),
                json!({ "enum": measures }),
            ),
            (
                "of",
                "What the measure is of: one or two expressions over the rows of `over`.",
                names(),
            ),
            (
                "at",
                "Stages of a collapse, by index. All without it.",
                json!({ "type": "array", "items": { "type": "integer" } }),
            ),
            (
                "gate",
                "Gate of a collapse. That of the file without it.",
                json!({ "type": "number" }),
            ),
            (
                "published",
                "The published number, truth or text, or a list of these.",
                json!({ "anyOf": [scalar, { "type": "array", "minItems": 1, "items": scalar }] }),
            ),
            (
                "comparison",
                "How the value must stand to the published one. equal without it.",
                json!({ "enum": Comparison::WORDS }),
            ),
            (
                "digits",
                "Decimals that were printed, in all or per value. As written without it.",
                json!({ "anyOf": [digits(), { "type": "array", "items": digits() }] }),
            ),
            (
                "tolerance",
                "How far the value may be off: a number, or { relative = share }. Half a unit of the last printed decimal without it.",
                json!({ "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "object", "additionalProperties": false, "required": ["relative"], "properties": { "relative": { "type": "number", "minimum": 0 } } }] }),
            ),
            (
                "rounded_from",
                "Query or expression with rounded inputs that gives the published value where sql does not.",
                text(),
            ),
            (
                "must",
                "The file fails when this claim does not agree.",
                json!({ "type": "boolean", "default": false }),
            ),
            ("unit", "Unit.", text()),
            ("note", "What else is to be known.", text()),
            (
                "needs",
                &format!(
                    "What a store must hold: {}. Without sql and measure, in plain words what no store holds.",
                    words.join(", ")
                ),
                names(),
            ),
            ("workload", "Workload of its runs. That of the file without it.", name()),
            ("models", "Models that it is about. All without it.", names()),
            ("without", "Models that it leaves out.", names()),
            (
                "runs",
                "How many runs it is about; not testable where there are more or fewer.",
                digits(),
            ),
        ],
        &["id", "quote", "published"],
    );
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("ramptrace claims"));
    let sources = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let keys = vec![
        ("claims", "What the claims share.", Value::Object(head)),
        ("sources", "Places in the source, by the letter or word that claims cite.", sources),
        (
            "claim",
            "Claims, in the order of the report.",
            json!({ "type": "array", "items": Value::Object(claim) }),
        ),
    ];
    schema.extend(object("Published numbers, to be checked against traces.", keys, &["claims"]));
    format!("{:#}\n", Value::Object(schema))
}

fn object(doc: &str, keys: Vec<(&str, &str, Value)>, required: &[&str]) -> Map<String, Value> {
    let mut properties = Map::new();
    for (key, doc, mut schema) in keys {
        schema["description"] = json!(doc);
        properties.insert(key.to_owned(), schema);
    }
    Map::from_iter([
        ("description".to_owned(), json!(doc)),
        ("type".to_owned(), json!("object")),
        ("additionalProperties".to_owned(), json!(false)),
        ("required".to_owned(), json!(required)),
        ("properties".to_owned(), Value::Object(properties)),
    ])
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn name() -> Value {
    json!({ "type": "string", "pattern": "\\S" })
}

fn names() -> Value {
    json!({ "type": "array", "items": name() })
}

fn digits() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

#[cfg(test)]
mod tests {
    use super::super::ClaimsFile;
    use super::*;
    use std::collections::BTreeSet;

    /// What the parser names when it meets a key or word that it does not know.
    fn accepted(text: &str) -> BTreeSet<String> {
        let message = ClaimsFile::parse("x", text).unwrap_err().to_string();
        let (_, expected) = message.split_once("`zz`, expected ").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn listed(schema: &Value) -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_has_the_keys_and_words_of_the_parser() {
        let schema: Value = serde_json::from_str(&claims_schema()).unwrap();
        let claim = &schema["properties"]["claim"]["items"];
        let head = "claims.name = 'c'\n";
        assert_eq!(listed(&schema), accepted("zz = 1"));
        assert_eq!(listed(&schema["properties"]["claims"]), accepted("[claims]\nzz = 1"));
        assert_eq!(listed(claim), accepted(&format!("{head}[[claim]]\nzz = 1")));
        let words: BTreeSet<String> = Comparison::WORDS.iter().map(|w| (*w).to_owned()).collect();
        assert_eq!(words, accepted(&format!("{head}[[claim]]\ncomparison = 'zz'")));
    }
}
