//! Ranks along the threshold of a gate.

use super::prose::{count, left_out, n_of, name, number, range};
use crate::analysis::{GateSweep, SweepRow};
use crate::figures::{FigureError, Sheet, Svg, draw_gate_sweep};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for GateSweep {
    fn figure(&self) -> &'static str {
        "gate_sweep"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn part(&self) -> String {
        self.parameter.clone()
    }

    fn words(&self) -> Words {
        Words {
            title: format!("Ranks along the {}, {}", name(&self.parameter), name(&self.workload)),
            caption: format!(
                "Each line is the rank of a run by {} at each threshold of {}: 1 is best, ties share the mean rank and run \
                 side by side. In colour: runs that move most. Dashed: the default, {}. {}.{} Kendall's tau-b with the \
                 ranking at the default: {}. Ranks are of the runs observed, without intervals.",
                name(&self.metric),
                name(&self.parameter),
                self.default,
                n_of(self.rows.len(), "with a value", self.unranked.len()),
                left_out("Without a value anywhere", &self.unranked),
                range(self.tau_b.iter().copied()),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("threshold", Kind::Float),
            ("value", Kind::Float),
            ("rank", Kind::Float),
            ("tau_b", Kind::Float),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            for (index, threshold) in self.thresholds.iter().enumerate() {
                let at = |values: &[Option<f64>]| values.get(index).copied().flatten().into();
                table.push(vec![
                    row.label.as_str().into(),
                    (*threshold).into(),
                    at(&row.values),
                    at(&row.ranks),
                    at(&self.tau_b),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_gate_sweep(self, sheet)
    }
}

/// The best and the worst rank of a run.
fn reach(row: &SweepRow) -> Option<(f64, f64)> {
    let ranks = || row.ranks.iter().flatten().copied();
    let best = ranks().min_by(f64::total_cmp)?;
    Some((best, ranks().max_by(f64::total_cmp)?))
}

fn alt(data: &GateSweep) -> String {
    let mut reaches: Vec<((f64, f64), &str)> =
        data.rows.iter().filter_map(|row| Some((reach(row)?, row.label.as_str()))).collect();
    let (Some(first), Some(last)) = (data.thresholds.first(), data.thresholds.last()) else {
        return format!("No threshold; {}.", count(data.rows.len(), "run"));
    };
    let still = reaches.iter().filter(|((best, worst), _)| best >= worst).count();
    // The sort is stable: of equal moves the one that is best at the default comes first.
    reaches.sort_by(|((a, b), _), ((c, d), _)| (d - c).total_cmp(&(b - a)));
    let most = match reaches.first() {
        Some(((best, worst), label)) if best < worst => format!(
            " {} moves most, between ranks {} and {}.",
            name(label),
            number(*best),
            number(*worst)
        ),
        _ => String::new(),
    };
    format!(
        "Runs that keep their rank at every one of {} from {first} to {last}: {still} of {}.{most}",
        count(data.thresholds.len(), "threshold"),
        data.rows.len(),
    )
}
