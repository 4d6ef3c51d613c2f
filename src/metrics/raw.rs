//! The keys of a pack as they are written.

use super::gate::{Failing, Rule};
use super::pack::{Better, Level, Over};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPack {
    pub(super) pack: RawHead,
    #[serde(default)]
    pub(super) parameters: BTreeMap<Spanned<String>, toml::Value>,
    #[serde(default)]
    pub(super) gate: Vec<RawGate>,
    #[serde(default)]
    pub(super) metric: Vec<RawMetric>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHead {
    pub(super) name: String,
    pub(super) label: Option<String>,
    #[serde(default)]
    pub(super) source: String,
    #[serde(default)]
    pub(super) extends: Vec<Spanned<String>>,
    pub(super) rank_by: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParameter {
    pub(super) value: Option<toml::Value>,
    pub(super) by: Option<String>,
    pub(super) role: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) doc: Option<String>,
    pub(super) alternatives: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGate {
    pub(super) name: Spanned<String>,
    pub(super) stages: Option<Vec<i64>>,
    pub(super) threshold: Option<Threshold>,
    #[serde(default)]
    pub(super) rule: Rule,
    pub(super) passes: Option<String>,
    pub(super) failing: Failing,
    #[serde(default)]
    pub(super) doc: String,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, or the name of a parameter")]
pub(super) enum Threshold {
    Number(f64),
    Parameter(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMetric {
    pub(super) name: Spanned<String>,
    pub(super) label: Option<String>,
    pub(super) level: Option<Level>,
    pub(super) over: Option<Over>,
    pub(super) unit: Option<String>,
    pub(super) better: Option<Better>,
    pub(super) range: Option<(f64, f64)>,
    pub(super) digits: Option<usize>,
    pub(super) latex: Option<String>,
    pub(super) sql: Option<Spanned<String>>,
    pub(super) of: Option<Spanned<String>>,
    pub(super) gate: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) parts: Vec<String>,
    pub(super) replaces: Option<String>,
    pub(super) doc: Option<String>,
    #[serde(default)]
    pub(super) source: String,
    #[serde(default)]
    pub(super) warnings: Vec<RawWarning>,
    #[serde(default)]
    pub(super) hidden: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWarning {
    pub(super) code: String,
    pub(super) why: String,
}
