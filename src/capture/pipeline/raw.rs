//! A pipeline file as it is written.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) pipeline: RawPipeline,
    #[serde(default)]
    pub(super) budget: RawBudget,
    #[serde(default)]
    pub(super) stage: Vec<RawStage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPipeline {
    pub(super) name: Spanned<String>,
    pub(super) workspace: Option<Spanned<String>>,
    pub(super) setup: Option<String>,
    pub(super) recovery: Option<Spanned<String>>,
    pub(super) conversation: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) retries: u32,
    pub(super) retry_prompt: Option<Spanned<String>>,
    pub(super) retry_prompt_text: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBudget {
    pub(super) seconds: Option<Spanned<f64>>,
    pub(super) usd: Option<Spanned<f64>>,
    pub(super) calls: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStage {
    pub(super) name: Spanned<String>,
    pub(super) title: Option<String>,
    pub(super) prompt: Option<Spanned<String>>,
    pub(super) prompt_text: Option<Spanned<String>>,
    pub(super) setup: Option<String>,
    pub(super) grade: Option<String>,
    pub(super) grade_seconds: Option<Spanned<f64>>,
    pub(super) score: Option<Spanned<RawScore>>,
    pub(super) gate: Option<Spanned<f64>>,
    pub(super) weight: Option<Spanned<f64>>,
    pub(super) seconds: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) artifacts: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) golden: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// A preset by name, or a table.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawScore {
    Preset(String),
    Table(RawTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    pub(super) format: String,
    pub(super) from: Option<String>,
    pub(super) score: Option<String>,
    pub(super) tests_passed: Option<String>,
    pub(super) tests_total: Option<String>,
    pub(super) pattern: Option<String>,
    pub(super) max: Option<f64>,
}
