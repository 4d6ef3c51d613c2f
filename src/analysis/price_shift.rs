//! The same runs on two cost bases: what of a cost difference is price, and what is behaviour.

use super::Cohort;
use crate::stats::kendall_tau_b;
use std::collections::BTreeMap;

/// The costs of a cohort on two bases.
#[derive(Debug, Clone, PartialEq)]
pub struct PriceShift {
    /// The workload.
    pub workload: String,
    /// The basis that costs move from, e.g. `reported`.
    pub from_basis: String,
    /// The basis that they move to, e.g. `neutral`.
    pub to_basis: String,
    /// Runs with a cost on both, dearest on the first basis first, then by label.
    pub rows: Vec<ShiftRow>,
    /// Labels of runs that lack one of the two.
    pub unpriced: Vec<String>,
    /// Largest over smallest cost on each basis, from unrounded values; `None` below two runs.
    pub max_over_min: Option<(f64, f64)>,
    /// Kendall's tau-b between the two orders of cost; `None` where it is undefined.
    pub tau_b: Option<f64>,
}

/// One run on two bases.
#[derive(Debug, Clone, PartialEq)]
pub struct ShiftRow {
    /// Display label.
    pub label: String,
    /// Cost in US dollars on the first basis, above zero.
    pub from_usd: f64,
    /// Cost in US dollars on the second basis, above zero.
    pub to_usd: f64,
}

impl PriceShift {
    /// The runs of one cohort, once on each basis.
    pub fn between(from: &Cohort, to: &Cohort) -> Self {
        let known: BTreeMap<&str, f64> =
            to.runs.iter().filter_map(|r| Some((r.run_id.as_str(), r.cost_usd?))).collect();
        let (mut rows, mut unpriced) = (Vec::new(), Vec::new());
        for run in &from.runs {
            let costs = run.cost_usd.zip(known.get(run.run_id.as_str()).copied());
            match costs.filter(|(a, b)| *a > 0.0 && *b > 0.0) {
                Some((from_usd, to_usd)) => {
                    rows.push(ShiftRow { label: run.label.clone(), from_usd, to_usd });
                }
                None => unpriced.push(run.label.clone()),
            }
        }
        rows.sort_by(|a, b| b.from_usd.total_cmp(&a.from_usd).then_with(|| a.label.cmp(&b.label)));
        let before: Vec<f64> = rows.iter().map(|r| r.from_usd).collect();
        let after: Vec<f64> = rows.iter().map(|r| r.to_usd).collect();
        Self {
            workload: from.workload.clone(),
            from_basis: from.basis.name().to_owned(),
            to_basis: to.basis.name().to_owned(),
            unpriced,
            max_over_min: (rows.len() > 1).then(|| (ratio(&before), ratio(&after))),
            tau_b: kendall_tau_b(&before, &after),
            rows,
        }
    }
}

/// Largest over smallest of amounts above zero.
fn ratio(costs: &[f64]) -> f64 {
    let high = costs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high / costs.iter().copied().fold(f64::INFINITY, f64::min)
}
