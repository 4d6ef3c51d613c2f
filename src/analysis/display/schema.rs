//! The file of display names as JSON Schema, for editors and for other tools.

use serde_json::json;

/// The JSON Schema of a display file, as the TOML reads in JSON.
pub fn display_schema() -> String {
    let text = |doc: &str| json!({ "type": "string", "minLength": 1, "description": doc });
    let vendor = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name", "color"],
        "properties": {
            "name": text("Name of the maker."),
            "color": {
                "type": "string",
                "pattern": "^#[0-9A-Fa-f]{6}$",
                "description": "Its colour in figures that tell makers apart.",
            },
        },
    });
    let model = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["ids"],
        "properties": {
            "ids": {
                "type": "array",
                "minItems": 1,
                "items": text("An id as it stands in traces; `*` is any run of characters."),
                "description": "The models that the entry speaks of.",
            },
            "name": text("Name in figures."),
            "vendor": text("Its maker, by the name of a [[vendor]] of this file or of the built-in list."),
        },
    });
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ramptrace display names",
        "description": "Names, makers and order of models in figures. Each key is taken from the first entry that matches \
                        an id and has it; the built-in list comes last. Tables and data files keep the ids.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "vendor": { "type": "array", "items": vendor },
            "model": { "type": "array", "items": model },
        },
    });
    format!("{schema:#}\n")
}
