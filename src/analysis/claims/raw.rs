//! The keys of a claims file as they are written.

use super::tolerance::Comparison;
use crate::metrics::Over;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) claims: RawHead,
    #[serde(default)]
    pub(super) sources: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) claim: Vec<RawClaim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHead {
    pub(super) name: String,
    #[serde(default)]
    pub(super) source: String,
    pub(super) packs: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) set: Vec<Spanned<String>>,
    pub(super) cost: Option<Spanned<String>>,
    pub(super) gate: Option<f64>,
    pub(super) workload: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClaim {
    pub(super) id: Spanned<String>,
    pub(super) quote: String,
    pub(super) source: Option<Spanned<String>>,
    pub(super) sql: Option<Spanned<String>>,
    pub(super) over: Option<Over>,
    pub(super) measure: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) of: Vec<Spanned<String>>,
    pub(super) at: Option<Spanned<Vec<i64>>>,
    pub(super) gate: Option<Spanned<f64>>,
    pub(super) published: Spanned<toml::Value>,
    pub(super) comparison: Option<Comparison>,
    pub(super) digits: Option<Spanned<RawDigits>>,
    pub(super) tolerance: Option<Spanned<RawTolerance>>,
    pub(super) rounded_from: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) must: bool,
    #[serde(default)]
    pub(super) unit: String,
    #[serde(default)]
    pub(super) note: String,
    #[serde(default)]
    pub(super) needs: Vec<Spanned<String>>,
    pub(super) workload: Option<String>,
    #[serde(default)]
    pub(super) models: Vec<String>,
    #[serde(default)]
    pub(super) without: Vec<String>,
    pub(super) runs: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number of decimals, or one per published value")]
pub(super) enum RawDigits {
    All(usize),
    Each(Vec<usize>),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, or { relative = a share }")]
pub(super) enum RawTolerance {
    Absolute(f64),
    Relative(RawRelative),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRelative {
    pub(super) relative: f64,
}

/// An array whose numbers keep their text.
#[derive(Deserialize)]
pub(super) struct RawList {
    pub(super) list: Vec<Spanned<toml::Value>>,
}
