//! What a metric pack says.

use super::gate::Gate;
use super::parameter::{Parameter, ParameterValue, Role};
use super::{MetricError, PackProblem};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A metric pack: definitions, and what was found wrong with some of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pack {
    /// Name, as metrics cite it.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// Where its definitions come from.
    pub source: String,
    /// The metric that ranks runs unless another is asked for.
    pub rank_by: Option<String>,
    /// Values that its expressions use as columns.
    pub parameters: BTreeMap<String, Parameter>,
    /// Rules that metrics can be evaluated under.
    pub gates: Vec<Gate>,
    /// Metrics, those of extended packs first.
    pub metrics: Vec<Metric>,
    /// Definitions that were left out, and why.
    pub problems: Vec<PackProblem>,
    /// File name, for messages.
    pub file: String,
}

/// What one value of a metric belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A stage of a run.
    Stage,
    /// A run.
    Run,
    /// The runs of a workload.
    Cohort,
}

/// The rows an expression is evaluated over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Stage rows: a stage metric sees its own row, a run or cohort metric aggregates.
    Stages,
    /// Run rows: a run metric sees its own row, a cohort metric aggregates.
    Runs,
}

/// Which direction is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither.
    #[default]
    Neither,
}

/// A way in which a definition is known to mislead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Stable code, e.g. `W-COHORT`.
    pub code: String,
    /// Why, in a sentence.
    pub why: String,
}

/// A named expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name, and column in other expressions.
    pub name: String,
    /// Name for people.
    pub label: String,
    /// Pack that defines it.
    pub pack: String,
    /// What a value belongs to.
    pub level: Level,
    /// The rows it is evaluated over.
    pub over: Over,
    /// Unit, empty when it has none.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// Smallest and largest value by definition; infinite where there is none.
    pub range: Option<(f64, f64)>,
    /// Decimals shown to people.
    pub digits: Option<usize>,
    /// Formula in LaTeX, when given.
    pub latex: Option<String>,
    /// Expression.
    pub sql: String,
    /// Gate it is evaluated under.
    pub gate: Option<String>,
    /// Metrics that it weighs, when it is a composite.
    pub parts: Vec<String>,
    /// Metric of another pack that it corrects, as `pack.metric`.
    pub replaces: Option<String>,
    /// Meaning.
    pub doc: String,
    /// Where the definition comes from; that of the pack when empty.
    pub source: String,
    /// How the definition is known to mislead.
    pub warnings: Vec<Warning>,
    /// A step on the way, not shown.
    pub hidden: bool,
    /// File that it is in.
    pub file: String,
    /// Line of the expression.
    pub line: usize,
}

impl Pack {
    /// A metric by name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.name == name)
    }

    /// A gate by name.
    pub fn gate(&self, name: &str) -> Option<&Gate> {
        self.gates.iter().find(|g| g.name == name)
    }

    /// The metrics of a level that are shown.
    pub fn shown(&self, level: Level) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().filter(move |m| m.level == level && !m.hidden)
    }

    /// The metric that ranks runs: the pack's choice, else its first run metric with a direction.
    pub fn ranking_metric(&self) -> Option<&Metric> {
        let chosen = self.rank_by.as_deref().and_then(|name| self.metric(name));
        chosen.or_else(|| self.shown(Level::Run).find(|m| m.better != Better::Neither))
    }

    /// The name of the parameter with a role, when there is exactly one.
    pub fn parameter_with(&self, role: Role) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(_, p)| p.role == role);
        let (name, _) = found.next()?;
        found.next().is_none().then_some(name)
    }

    /// Gives a parameter another value.
    pub fn set(&mut self, name: &str, value: ParameterValue) -> Result<(), MetricError> {
        let Some(parameter) = self.parameters.get_mut(name) else {
            let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
            return Err(MetricError::Setting {
                problem: format!("the pack `{}` has no parameter `{name}`", self.name),
                hint: if known.is_empty() {
                    "it has none".to_owned()
                } else {
                    format!("its parameters are {}", known.join(", "))
                },
            });
        };
        parameter.value = value;
        Ok(())
    }

    /// Sets a parameter as written on a command line: `gate=100` or `stage_weight=[1, 2, 3]`.
    pub fn set_text(&mut self, assignment: &str) -> Result<(), MetricError> {
        let bad = |problem: String| MetricError::Setting {
            problem,
            hint: "write --set gate=100, or --set 'stage_weight=[1, 2, 3]' for a value per stage"
                .to_owned(),
        };
        let Some((name, text)) = assignment.split_once('=') else {
            return Err(bad(format!("`{assignment}` sets nothing")));
        };
        let (name, text) = (name.trim(), text.trim());
        let table: toml::Table = toml::from_str(&format!("value = {text}"))
            .map_err(|_| bad(format!("`{text}` is not a number or an array of numbers")))?;
        let value = table.get("value").filter(|_| table.len() == 1);
        let value = value.ok_or_else(|| bad(format!("`{text}` is not one value")))?;
        let column = match self.parameters.get(name).map(|p| &p.value) {
            Some(ParameterValue::PerKey { column, .. }) => Some(column.clone()),
            _ => None,
        };
        let value = ParameterValue::from_toml(value, column.as_deref())
            .map_err(|e| bad(format!("`{name}`: {e}")))?;
        self.set(name, value)
    }
}

impl Better {
    /// The word of a pack.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::Neither => "neither",
        }
    }
}

impl Level {
    /// The word of a pack.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Run => "run",
            Self::Cohort => "cohort",
        }
    }
}

impl Over {
    /// The word of a pack.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stages => "stages",
            Self::Runs => "runs",
        }
    }
}
