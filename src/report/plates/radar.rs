//! Several metrics on the spokes of radars.

use super::profile::range;
use super::prose::{SINGLE_RUNS, count, left_out, n_of, name, number};
use crate::analysis::{Radar, RadarScaling};
use crate::figures::{FigureError, Sheet, Svg, draw_radar};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for Radar {
    fn figure(&self) -> &'static str {
        "radar"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let scale = match self.scaling {
            RadarScaling::Range => "from the worst value of these runs to their best",
            RadarScaling::Largest => {
                "from 0 to the largest value of these runs, or from that to 0 where less is better"
            }
        };
        let order = self
            .ranked_by
            .as_deref()
            .map_or(String::new(), |metric| format!(", best {} first", name(metric)));
        Words {
            title: format!("Metrics as radars, {}", name(&self.workload)),
            caption: format!(
                "A radar per run{order}, with metrics of the pack {} on its spokes, {scale}: outer is better. Area and shape \
                 depend on the order of the spokes and on which runs are in the cohort; no number can be read off them, and \
                 bars of the same metrics show more. An open outline: a value is unknown.{} {}; cost basis: {}. \
                 {SINGLE_RUNS}",
                name(&self.pack),
                left_out("Without a spoke", &self.left_out),
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
            ("scaled", Kind::Float),
            ("unit", Kind::Text),
            ("center", Kind::Float),
            ("rim", Kind::Float),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            for ((spoke, value), scaled) in self.spokes.iter().zip(&row.values).zip(&row.scaled) {
                table.push(vec![
                    row.label.as_str().into(),
                    spoke.metric.name.as_str().into(),
                    (*value).into(),
                    (*scaled).into(),
                    spoke.metric.unit.as_str().into(),
                    spoke.center.into(),
                    spoke.rim.into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_radar(self, sheet)
    }
}

fn alt(data: &Radar) -> String {
    let spokes = data.spokes.iter().map(|spoke| {
        let label = name(&spoke.metric.label);
        format!("{label} from {}", range((spoke.center, spoke.rim), &spoke.metric.unit))
    });
    let spokes: Vec<String> = spokes.collect();
    let mean = |scaled: &[Option<f64>]| {
        let known: Option<Vec<f64>> = scaled.iter().copied().collect();
        let known = known.filter(|known| !known.is_empty())?;
        let n = f64::from(u32::try_from(known.len()).ok()?);
        Some(known.iter().sum::<f64>() / n)
    };
    let means = data.rows.iter().filter_map(|row| Some((mean(&row.scaled)?, row)));
    let outermost = means.max_by(|a, b| a.0.total_cmp(&b.0));
    let outermost = outermost.map_or(String::new(), |(mean, row)| {
        let (label, mean) = (name(&row.label), number(mean));
        format!(" On average over the spokes {label} lies outermost, at {mean} of the way.")
    });
    format!(
        "{} on {}: {}.{outermost}",
        count(data.rows.len(), "run"),
        count(data.spokes.len(), "spoke"),
        spokes.join("; "),
    )
}
