//! The keys of a rules file as they are written.

use super::cause::{Cause, Confidence};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRules {
    pub(super) rules: RawHead,
    #[serde(default)]
    pub(super) commands: BTreeMap<Spanned<String>, Vec<String>>,
    pub(super) signature: Option<RawSignature>,
    #[serde(default)]
    pub(super) rule: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHead {
    pub(super) name: String,
    #[serde(default)]
    pub(super) extends: Vec<Spanned<String>>,
    #[serde(default)]
    #[expect(dead_code, reason = "read so that a file may describe itself")]
    pub(super) doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSignature {
    pub(super) lines: Spanned<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub(super) struct RawRule {
    pub(super) name: Spanned<String>,
    pub(super) cause: Option<Cause>,
    pub(super) confidence: Option<Confidence>,
    pub(super) field: Option<Spanned<String>>,
    pub(super) pattern: Option<Spanned<String>>,
    pub(super) at_least: Option<f64>,
    pub(super) at_most: Option<f64>,
    pub(super) count: Option<Spanned<i64>>,
    pub(super) share: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) at_end: bool,
    #[serde(default)]
    pub(super) primary: bool,
    #[serde(default)]
    pub(super) hint: bool,
    #[serde(default)]
    pub(super) failing_tests: bool,
    #[serde(default)]
    pub(super) single_calls: bool,
    #[serde(default)]
    pub(super) end_reasons: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) tool_status: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) exempt: Vec<Spanned<String>>,
    pub(super) enabled: Option<bool>,
    pub(super) doc: Option<String>,
}
