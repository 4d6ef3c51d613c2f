//! The file format of metric packs as JSON Schema, for editors and for other tools.
//!
//! The keys are listed here with their meaning; a test holds the list to what the parser accepts. That names are free,
//! that gates and metrics exist and that SQL is sound is checked on reading.

use serde_json::{Map, Value, json};

/// What a key holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Name,
    Names,
    Flag,
    Digits,
    Stages,
    Range,
    Value,
    Alternatives,
    Threshold,
    OneOf(&'static [&'static str]),
}

/// A key, what it holds, and its meaning.
type Key = (&'static str, Holds, &'static str);

const PACK: &[Key] = &[
    ("name", Holds::Name, "Name of the pack, as results cite it."),
    ("label", Holds::Text, "Name for people. The name without it."),
    ("source", Holds::Text, "Where its definitions come from."),
    (
        "extends",
        Holds::Names,
        "Packs whose metrics, gates and parameters it takes over: core, ramp, or paths from this file. Parameters may be set anew.",
    ),
    (
        "rank_by",
        Holds::Name,
        "The run metric that ranks runs. The first with a direction without it.",
    ),
];

const PARAMETER: &[Key] = &[
    (
        "value",
        Holds::Value,
        "A number; an array by stage; or, with `by`, a table by the values of a column. Unset without it.",
    ),
    ("by", Holds::Name, "The column of the view stages that the keys of the value are values of."),
    (
        "role",
        Holds::OneOf(&["gate", "weight", "baseline", "other"]),
        "What it is for: sensitivity analyses vary gates and weights.",
    ),
    ("unit", Holds::Text, "Unit of the value."),
    ("doc", Holds::Text, "Meaning."),
    ("alternatives", Holds::Alternatives, "Other values that could be argued for, by name."),
];

const GATE: &[Key] = &[
    ("name", Holds::Name, "Name, as metrics cite it."),
    ("stages", Holds::Stages, "Stages that are gates. Every stage without it."),
    (
        "threshold",
        Holds::Threshold,
        "Score that opens the gate: a number, or the name of a parameter.",
    ),
    (
        "rule",
        Holds::OneOf(&["relaxed", "strict"]),
        "relaxed: the score is enough; strict: every test must have passed too, or where tests were not counted the score be full. relaxed without it.",
    ),
    ("passes", Holds::Text, "When a stage passes, in SQL over its row, instead of a threshold."),
    (
        "failing",
        Holds::OneOf(&["zero", "keep"]),
        "What the failing stage itself is worth; those after it are worth nothing.",
    ),
    ("doc", Holds::Text, "Meaning."),
];

const METRIC: &[Key] = &[
    ("name", Holds::Name, "Name, and column in other expressions."),
    ("label", Holds::Text, "Name for people. The name without it."),
    ("level", Holds::OneOf(&["stage", "run", "cohort"]), "What one value belongs to."),
    (
        "over",
        Holds::OneOf(&["stages", "runs"]),
        "The rows that the expression sees. Stages for stage and run metrics, runs for cohort metrics without it.",
    ),
    ("unit", Holds::Text, "Unit; \"share\" is shown in percent."),
    (
        "better",
        Holds::OneOf(&["higher", "lower", "neither"]),
        "Which direction is good. neither without it.",
    ),
    (
        "range",
        Holds::Range,
        "Smallest and largest value by definition; -inf and inf where there is none.",
    ),
    ("digits", Holds::Digits, "Decimals shown to people. 2 without it."),
    ("latex", Holds::Text, "Formula in LaTeX."),
    ("sql", Holds::Text, "One SQL expression over columns, parameters and other metrics."),
    (
        "of",
        Holds::Name,
        "Instead of sql: the metric, standing before this one, that this one is under another gate.",
    ),
    ("gate", Holds::Name, "Gate that it is evaluated under, with every metric that it uses."),
    (
        "parts",
        Holds::Names,
        "Metrics that it weighs, when it is a composite: random weights are drawn for them.",
    ),
    ("replaces", Holds::Name, "Metric of another pack that it corrects, as pack.metric."),
    ("doc", Holds::Text, "Meaning. That of the other metric and of the gate with `of`."),
    ("source", Holds::Text, "Where the definition comes from."),
    ("hidden", Holds::Flag, "A step on the way, not shown."),
];

const WARNING: &[Key] = &[
    ("code", Holds::Name, "Stable code (schemas/warnings.md)."),
    ("why", Holds::Text, "Why the definition misleads, in a sentence."),
];

/// The JSON Schema of a metric pack, as the TOML reads in JSON.
pub fn metric_pack_schema() -> String {
    let mut metric = properties(METRIC);
    let warning =
        object("A way in which it is known to mislead.", properties(WARNING), &["code", "why"]);
    metric.insert("warnings".to_owned(), list("How the definition is known to mislead.", warning));
    let mut metric = object("A named expression.", metric, &["name"]);
    metric.insert(
        "oneOf".to_owned(),
        json!([{ "required": ["sql", "level", "doc"] }, { "required": ["of"] }]),
    );
    let mut gate = object(
        "What later stages are worth once an earlier one has failed.",
        properties(GATE),
        &["name", "failing"],
    );
    gate.insert(
        "oneOf".to_owned(),
        json!([{ "required": ["threshold"] }, { "required": ["passes"] }]),
    );
    let parameter = object("A value with what is known about it.", properties(PARAMETER), &[]);
    let mut keys = Map::new();
    let pack = object("What the pack is.", properties(PACK), &["name"]);
    keys.insert("pack".to_owned(), Value::Object(pack));
    keys.insert(
        "parameters".to_owned(),
        json!({
            "description": "Values that expressions use as columns; an array by stage `w` also gives its sum `w_sum`.",
            "type": "object",
            "additionalProperties": {
                "anyOf": [{ "type": "number" }, numbers(), Value::Object(parameter)],
            },
        }),
    );
    keys.insert("gate".to_owned(), list("Rules that metrics can be evaluated under.", gate));
    keys.insert("metric".to_owned(), list("Metrics, in any order.", metric));
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("ramptrace metric pack"));
    schema.extend(object("Metrics over the views stages and runs.", keys, &["pack"]));
    format!("{:#}\n", Value::Object(schema))
}

fn object(doc: &str, properties: Map<String, Value>, required: &[&str]) -> Map<String, Value> {
    Map::from_iter([
        ("description".to_owned(), json!(doc)),
        ("type".to_owned(), json!("object")),
        ("additionalProperties".to_owned(), json!(false)),
        ("required".to_owned(), json!(required)),
        ("properties".to_owned(), Value::Object(properties)),
    ])
}

fn list(doc: &str, items: Map<String, Value>) -> Value {
    json!({ "description": doc, "type": "array", "items": Value::Object(items) })
}

fn numbers() -> Value {
    json!({ "type": "array", "items": { "type": "number" } })
}

fn properties(keys: &[Key]) -> Map<String, Value> {
    keys.iter()
        .map(|(key, holds, doc)| {
            let mut schema = holds.schema();
            schema["description"] = json!(doc);
            ((*key).to_owned(), schema)
        })
        .collect()
}

impl Holds {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Name => json!({ "type": "string", "pattern": "\\S" }),
            Self::Names => {
                json!({ "type": "array", "items": { "type": "string", "pattern": "\\S" } })
            }
            Self::Flag => json!({ "type": "boolean" }),
            Self::Digits => json!({ "type": "integer", "minimum": 0 }),
            Self::Stages => json!({ "type": "array", "items": { "type": "integer" } }),
            Self::Range => json!({ "type": "array", "minItems": 2, "maxItems": 2 }),
            Self::Value => json!({
                "anyOf": [
                    { "type": "number" },
                    numbers(),
                    { "type": "object", "additionalProperties": { "type": "number" } },
                ],
            }),
            Self::Alternatives => json!({ "type": "object" }),
            Self::Threshold => json!({ "type": ["number", "string"] }),
            Self::OneOf(words) => json!({ "enum": words }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pack;
    use super::*;
    use std::collections::BTreeSet;

    /// The keys that the parser names when it meets one it does not know.
    fn accepted(text: &str) -> BTreeSet<String> {
        let message = match Pack::parse("x", text) {
            Err(error) => error.to_string(),
            Ok(pack) => pack.problems[0].to_string(),
        };
        let (_, expected) = message.split_once("unknown field `zz`, expected ").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn listed(schema: &Value) -> BTreeSet<String> {
        schema["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_has_the_keys_of_the_parser() {
        let schema: Value = serde_json::from_str(&metric_pack_schema()).unwrap();
        let head = "pack.name = 'p'\n";
        let metric = &schema["properties"]["metric"]["items"];
        assert_eq!(listed(&schema), accepted("zz = 1"));
        assert_eq!(listed(&schema["properties"]["pack"]), accepted("[pack]\nzz = 1"));
        assert_eq!(listed(metric), accepted(&format!("{head}[[metric]]\nzz = 1")));
        let gate = &schema["properties"]["gate"]["items"];
        assert_eq!(listed(gate), accepted(&format!("{head}[[gate]]\nzz = 1")));
        let parameter = &schema["properties"]["parameters"]["additionalProperties"]["anyOf"][2];
        assert_eq!(listed(parameter), accepted(&format!("{head}[parameters.a]\nzz = 1")));
        let warning = &metric["properties"]["warnings"]["items"];
        assert_eq!(
            listed(warning),
            accepted(&format!("{head}[[metric]]\nwarnings = [{{ zz = 1 }}]"))
        );
    }

    #[test]
    fn the_words_of_the_schema_are_those_of_the_parser() {
        for (keys, table) in [(METRIC, "metric"), (GATE, "gate")] {
            for (key, holds, _) in keys {
                let Holds::OneOf(words) = holds else { continue };
                let text = format!("pack.name = 'p'\n[[{table}]]\n{key} = 'zz'");
                let message = Pack::parse("x", &text).unwrap_err().to_string();
                let (_, expected) = message.split_once("unknown variant `zz`, expected ").unwrap();
                let expected: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
                assert_eq!(expected, *words, "{key}");
            }
        }
    }
}
