//! What a metric looks at, in the terms of those who ask why a ranking changed, and rankings with one of these set aside.
//!
//! Setting an input aside makes it the same for every run: tokens, money and time become the same number everywhere,
//! weights become equal, gates all take one value and their rules are lifted, the baseline becomes zero, and of the cohort the
//! run that moves the others most is left out.

use super::perturbation::CohortPerturbation;
use super::ranking::{Question, Ranking, rank};
use crate::metrics::{MetricError, MetricIdentity, Pack, ParameterValue, Role, identities};
use crate::rollup::{Frame, RUN_COLUMNS, Rollup, STAGE_COLUMNS, View};
use std::collections::{BTreeMap, BTreeSet};

/// Something that a metric looks at besides the scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Input {
    /// Token counts.
    Tokens,
    /// Money.
    Cost,
    /// Time.
    Time,
    /// Thresholds and rules of gates.
    Gate,
    /// Weights of stages, and bonuses on them.
    Weights,
    /// What doing nothing scores.
    Baseline,
    /// Which other runs there are.
    Cohort,
}

impl Input {
    /// Every input, in the order of tables.
    pub const ALL: [Self; 7] = [
        Self::Tokens,
        Self::Cost,
        Self::Time,
        Self::Gate,
        Self::Weights,
        Self::Baseline,
        Self::Cohort,
    ];

    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Time => "time",
            Self::Gate => "gate",
            Self::Weights => "weights",
            Self::Baseline => "baseline",
            Self::Cohort => "cohort",
        }
    }

    /// The unit of the columns that it stands for.
    const fn unit(self) -> Option<&'static str> {
        match self {
            Self::Tokens => Some("tokens"),
            Self::Cost => Some("USD"),
            Self::Time => Some("s"),
            _ => None,
        }
    }

    /// The role of the parameters that it stands for.
    const fn role(self) -> Option<Role> {
        match self {
            Self::Gate => Some(Role::Gate),
            Self::Weights => Some(Role::Weight),
            Self::Baseline => Some(Role::Baseline),
            _ => None,
        }
    }

    fn is_in(self, pack: &Pack, metric: &MetricIdentity) -> bool {
        let unit_of = |name: &String| {
            let columns = STAGE_COLUMNS.iter().chain(RUN_COLUMNS);
            columns.into_iter().find(|c| c.name == name).map(|c| c.unit)
        };
        let has_role = |name: &String| pack.parameters.get(name).map(|p| p.role) == self.role();
        match self {
            Self::Cohort => metric.relative,
            Self::Gate if !metric.gates.is_empty() => true,
            _ if self.unit().is_some() => metric.columns.iter().any(|c| unit_of(c) == self.unit()),
            _ => metric.parameters.iter().any(has_role),
        }
    }
}

/// A question with the inputs of its metric.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    pub(super) question: Question<'a>,
    pub(super) inputs: BTreeSet<Input>,
    parameters: BTreeSet<String>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(question: Question<'a>) -> Self {
        let known = identities(question.pack);
        let identity = known.get(question.metric);
        let is_in = |i: &Input| identity.is_some_and(|metric| i.is_in(question.pack, metric));
        let inputs = Input::ALL.into_iter().filter(is_in).collect();
        let parameters = identity.map(|m| m.parameters.clone()).unwrap_or_default();
        Self { question, inputs, parameters }
    }

    /// The rankings with some inputs set aside. `gate` is the value that every gate takes; `left_out` are the models that are
    /// left out when the cohort is set aside, by workload.
    pub(super) fn without(
        &self,
        aside: &BTreeSet<Input>,
        gate: Option<f64>,
        left_out: &BTreeMap<String, String>,
    ) -> Result<Vec<Ranking>, MetricError> {
        let mut pack = self.question.pack.clone();
        let mut rollup = self.question.rollup.clone();
        for input in aside {
            set_parameters_aside(&mut pack, *input, gate);
            if let Some(unit) = input.unit() {
                rollup = set_columns_aside(&rollup, unit)?;
            }
            if *input == Input::Cohort {
                rollup = without_models(&rollup, left_out)?;
            }
        }
        rank(&Question { pack: &pack, rollup: &rollup, ..self.question.clone() })
    }

    /// The value of the first gate, by name, that the metric looks at.
    pub(super) fn gate(&self) -> Option<f64> {
        let mut gates = self.parameters.iter().filter_map(|name| {
            let parameter = self.question.pack.parameters.get(name)?;
            match parameter.value {
                ParameterValue::Scalar(value) if parameter.role == Role::Gate => Some(value),
                _ => None,
            }
        });
        gates.next()
    }

    /// The model of each workload whose absence moves the others most; none where no rank moves.
    pub(super) fn most_influential(&self) -> Result<BTreeMap<String, String>, MetricError> {
        let mut found = BTreeMap::new();
        if !self.inputs.contains(&Input::Cohort) {
            return Ok(found);
        }
        for perturbation in CohortPerturbation::of(&self.question)? {
            let total =
                |moves: &[Option<f64>]| moves.iter().flatten().map(|m| m.abs()).sum::<f64>();
            // Of those with the same effect, the first by name.
            let mut rows: Vec<_> = perturbation.rows.iter().filter(|r| r.max_move > 0.0).collect();
            rows.sort_by(|a, b| {
                total(&b.moves)
                    .total_cmp(&total(&a.moves))
                    .then_with(|| a.left_out.cmp(&b.left_out))
            });
            if let Some(row) = rows.first() {
                found.insert(perturbation.workload.clone(), row.left_out.clone());
            }
        }
        Ok(found)
    }
}

fn set_parameters_aside(pack: &mut Pack, input: Input, gate: Option<f64>) {
    for parameter in pack.parameters.values_mut() {
        if input.role() != Some(parameter.role) {
            continue;
        }
        parameter.value = match (input, &parameter.value) {
            (Input::Weights, ParameterValue::PerStage(values)) => {
                ParameterValue::PerStage(vec![1.0; values.len()])
            }
            (Input::Weights, _) => ParameterValue::Scalar(1.0),
            (Input::Baseline, _) => ParameterValue::Scalar(0.0),
            (_, value) => gate.map_or_else(|| value.clone(), ParameterValue::Scalar),
        };
    }
    if input == Input::Gate {
        for metric in &mut pack.metrics {
            metric.gate = None;
        }
    }
}

/// Every known number of a unit becomes 1; what is unknown stays unknown.
fn set_columns_aside(rollup: &Rollup, unit: &str) -> Result<Rollup, MetricError> {
    let mut changed = rollup.clone();
    for (view, columns) in [(View::Stages, STAGE_COLUMNS), (View::Runs, RUN_COLUMNS)] {
        let rows = if view == View::Stages { &rollup.stages } else { &rollup.runs };
        let frame = Frame::of(rows);
        for column in columns.iter().filter(|c| c.unit == unit) {
            let same: Vec<Option<f64>> =
                frame.numbers(column.name)?.into_iter().map(|v| v.map(|_| 1.0)).collect();
            changed = changed.with_numbers(view, column.name, &same)?;
        }
    }
    Ok(changed)
}

/// The rows of all runs but those of one model per workload.
pub(super) fn without_models(
    rollup: &Rollup,
    left_out: &BTreeMap<String, String>,
) -> Result<Rollup, MetricError> {
    let runs = Frame::of(&rollup.runs);
    let (ids, workloads) = (runs.texts("run_id")?, runs.texts("workload")?);
    let models = runs.texts("model")?;
    let keep: BTreeSet<&str> = (0..runs.height())
        .filter(|row| {
            let out = workloads[*row].and_then(|w| left_out.get(w));
            out.is_none_or(|model| models[*row] != Some(model.as_str()))
        })
        .filter_map(|row| ids[row])
        .collect();
    Ok(rollup.only(&keep)?)
}
