//! Several metrics side by side, as bars.

use super::prose::{SINGLE_RUNS, count, n_of, name, number};
use crate::analysis::{Better, Profile, ProfileMetric};
use crate::figures::{FigureError, Sheet, Svg, draw_profile};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for Profile {
    fn figure(&self) -> &'static str {
        "profile"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let order =
            self.ranked_by.as_deref().map_or("in the order of names".to_owned(), |metric| {
                format!("best {} first", name(metric))
            });
        let logs: Vec<String> =
            self.metrics.iter().filter(|m| m.is_log).map(|m| name(&m.label)).collect();
        let logs = if logs.is_empty() {
            String::new()
        } else {
            format!(" Dots on a log scale, which has no zero: {}.", logs.join(", "))
        };
        Words {
            title: format!("Metrics side by side, {}", name(&self.workload)),
            caption: format!(
                "A panel per metric of the pack {}, each with a scale of its own; the same runs in each, {order}. Bars \
                 start at zero. Bold: best of the runs; a dash: unknown.{logs} {}; cost basis: {}. {SINGLE_RUNS}",
                name(&self.pack),
                n_of(self.rows.len(), "", 0),
                name(&self.basis),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("metric", Kind::Text),
            ("value", Kind::Float),
            ("unit", Kind::Text),
            ("better", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            for (metric, value) in self.metrics.iter().zip(&row.values) {
                table.push(vec![
                    row.label.as_str().into(),
                    metric.name.as_str().into(),
                    (*value).into(),
                    metric.unit.as_str().into(),
                    metric.better.name().into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_profile(self, sheet)
    }
}

/// A range with its unit.
pub(super) fn range((from, to): (f64, f64), unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {}", name(unit)) };
    format!("{} to {}{unit}", number(from), number(to))
}

fn alt(data: &Profile) -> String {
    if data.rows.is_empty() || data.metrics.is_empty() {
        return format!("No metrics of {}.", count(data.rows.len(), "run"));
    }
    let said = |index: usize, metric: &ProfileMetric| {
        let label = name(&metric.label);
        let Some(known) = metric.range else { return format!("{label} is unknown") };
        let best = metric.best().and_then(|best| {
            data.rows.iter().find(|row| row.values.get(index).copied().flatten() == Some(best))
        });
        let word = if metric.better == Better::Lower { "lowest" } else { "highest" };
        let best = best.map_or(String::new(), |row| format!(", {word} of {}", name(&row.label)));
        format!("{label} goes from {}{best}", range(known, &metric.unit))
    };
    let said: Vec<String> =
        data.metrics.iter().enumerate().map(|(index, metric)| said(index, metric)).collect();
    format!("{}: {}.", count(data.rows.len(), "run"), said.join("; "))
}
