//! What a ranking depends on: gates, weights, who else is in the table, and every choice together.

use super::CliError;
use super::plates::{Plates, boxed};
use crate::analysis::{
    Basis, CohortPerturbation, GateSweep, Question, RankAcceptability, SpecificationCurve,
};
use crate::metrics::{ParameterValue, Role, identities};
use crate::rollup::Rollup;

/// Weight vectors drawn unless asked otherwise.
pub(super) const DRAWS: u32 = 10_000;
/// Seed of the draws unless asked otherwise.
pub(super) const SEED: u64 = 2026;
/// Thresholds of a gate sweep: every five points.
const SWEEP: std::ops::RangeInclusive<u32> = 0..=20;

/// What a ranking depends on.
pub(super) struct Dependence {
    pub(super) sweeps: Vec<GateSweep>,
    pub(super) acceptability: Vec<RankAcceptability>,
    pub(super) perturbations: Vec<CohortPerturbation>,
    pub(super) specifications: Vec<SpecificationCurve>,
}

impl Dependence {
    /// With the usual number of draws.
    pub(super) fn of(
        asked: &Question,
        basis: Basis,
        rollup_on: impl Fn(Basis) -> Result<Rollup, CliError>,
    ) -> Result<Self, CliError> {
        Self::drawn(asked, basis, rollup_on, DRAWS, SEED)
    }

    /// `rollup_on` gives the same runs with costs on another basis.
    pub(super) fn drawn(
        asked: &Question,
        basis: Basis,
        rollup_on: impl Fn(Basis) -> Result<Rollup, CliError>,
        draws: u32,
        seed: u64,
    ) -> Result<Self, CliError> {
        let known = identities(asked.pack);
        let metric = known.get(asked.metric);
        let thresholds: Vec<f64> = SWEEP.map(|step| 5.0 * f64::from(step)).collect();
        let mut sweeps = Vec::new();
        for (name, parameter) in &asked.pack.parameters {
            let is_read = metric.is_some_and(|m| m.parameters.contains(name));
            let is_gate = parameter.role == Role::Gate && is_read;
            if is_gate && matches!(parameter.value, ParameterValue::Scalar(_)) {
                sweeps.extend(GateSweep::of(asked, name, &thresholds)?);
            }
        }
        let mut bases = vec![(basis.name().to_owned(), asked.rollup.clone())];
        let reads_costs = metric.is_some_and(|m| m.columns.contains("cost_usd"));
        for other in [Basis::Reported, Basis::List, Basis::Neutral] {
            if other != basis && reads_costs {
                bases.push((other.name().to_owned(), rollup_on(other)?));
            }
        }
        Ok(Self {
            sweeps,
            acceptability: RankAcceptability::of(asked, draws, seed)?,
            perturbations: CohortPerturbation::of(asked)?,
            specifications: SpecificationCurve::of(asked, &bases)?,
        })
    }

    /// As figures.
    pub(super) fn plates(self) -> Plates {
        let mut plates = boxed(self.sweeps);
        plates.extend(boxed(self.acceptability));
        plates.extend(boxed(self.perturbations));
        plates.extend(boxed(self.specifications));
        plates
    }
}
