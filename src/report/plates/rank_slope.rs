//! Two rankings side by side.

use super::prose::{count, left_out, n_of, name, tau};
use crate::analysis::{RankChange, RankComparison, RankedBy};
use crate::figures::{FigureError, Sheet, Svg, draw_rank_slope};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

/// Places below this are none.
const STILL: f64 = 1e-9;

impl Plotted for RankComparison {
    fn figure(&self) -> &'static str {
        "rank_slope"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn part(&self) -> String {
        if self.old.pack == self.new.pack {
            format!("{}_{}", self.old.metric, self.new.metric)
        } else {
            let full = |by: &RankedBy| format!("{}-{}", by.pack, by.metric);
            format!("{}_{}", full(&self.old), full(&self.new))
        }
    }

    fn words(&self) -> Words {
        let metric = |by: &RankedBy| format!("{} (pack {})", name(&by.label), name(&by.pack));
        Words {
            title: format!("Ranks by two metrics, {}", name(&self.workload)),
            caption: format!(
                "Left: values and ranks by {}; right: by {}. Rank 1 is best; tied runs share the mean rank and a bracket. \
                 Blue, solid: up by three ranks or more; vermillion, dashed: down by as many; grey: the others. {}.{}{} \
                 Kendall's tau-b: {}. Ranks are of the runs observed, without intervals.",
                metric(&self.old),
                metric(&self.new),
                n_of(self.rows.len(), "that both rank", self.only_old.len() + self.only_new.len()),
                left_out("Ranked at the left only", &self.only_old),
                left_out("Ranked at the right only", &self.only_new),
                tau(self.tau_b)
            ),
            alt: self.alt(),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("ranked_by", Kind::Text),
            ("old_metric", Kind::Text),
            ("old_value", Kind::Float),
            ("old_rank", Kind::Float),
            ("new_metric", Kind::Text),
            ("new_value", Kind::Float),
            ("new_rank", Kind::Float),
            ("places", Kind::Float),
            ("causes", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        let metric = |by: &RankedBy| Value::from(format!("{}.{}", by.pack, by.metric));
        for row in &self.rows {
            table.push(vec![
                row.label.as_str().into(),
                "both".into(),
                metric(&self.old),
                row.old_value.into(),
                row.old_rank.into(),
                metric(&self.new),
                row.new_value.into(),
                row.new_rank.into(),
                row.places.into(),
                causes(row).into(),
            ])?;
        }
        for (only, by) in [(&self.only_old, "old"), (&self.only_new, "new")] {
            for label in only {
                let mut row = vec![Value::Null; named.len()];
                (row[0], row[1]) = (label.as_str().into(), by.into());
                (row[2], row[5]) = (metric(&self.old), metric(&self.new));
                table.push(row)?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_rank_slope(self, sheet)
    }
}

/// What moved a run, e.g. `tokens +2; formula -1`; `None` when nothing did.
fn causes(row: &RankChange) -> Option<String> {
    let parts: Vec<String> =
        row.causes.iter().map(|cause| format!("{} {:+}", cause.name(), cause.places)).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

impl RankComparison {
    fn alt(&self) -> String {
        if self.rows.is_empty() {
            return "No run is ranked by both metrics.".to_owned();
        }
        let mut text = format!(
            "Kendall's tau-b of {} by {} and by {}: {}.",
            count(self.rows.len(), "run"),
            name(&self.old.label),
            name(&self.new.label),
            tau(self.tau_b)
        );
        let furthest = |sign: f64| {
            let places = |row: &RankChange| sign * row.places;
            let row = self.rows.iter().max_by(|a, b| places(a).total_cmp(&places(b)));
            row.filter(|row| places(row) > STILL)
        };
        for (row, way) in [(furthest(1.0), "up"), (furthest(-1.0), "down")] {
            if let Some(row) = row {
                let (from, to) = (row.old_rank, row.new_rank);
                text = format!(
                    "{text} {} moves furthest {way}, from {from} to {to}.",
                    name(&row.label)
                );
            }
        }
        let still = self.rows.iter().filter(|row| row.places.abs() < STILL).count();
        format!("{text} Unmoved: {still}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Cause;

    fn by(metric: &str) -> RankedBy {
        RankedBy {
            pack: "ramp".to_owned(),
            metric: metric.to_owned(),
            label: metric.to_uppercase(),
            unit: String::new(),
            digits: None,
        }
    }

    fn row(label: &str, old_rank: f64, new_rank: f64) -> RankChange {
        let places = old_rank - new_rank;
        RankChange {
            label: label.to_owned(),
            new_value: 1.0,
            old_value: 2.0,
            new_rank,
            old_rank,
            places,
            causes: if places.abs() < STILL {
                Vec::new()
            } else {
                vec![Cause { input: None, places }]
            },
        }
    }

    #[test]
    fn words_and_numbers_name_everyone() {
        let mut data = RankComparison {
            workload: "w".to_owned(),
            new: by("new"),
            old: by("old"),
            rows: vec![row("a", 3.0, 1.0), row("b", 2.0, 2.0), row("c", 1.0, 3.0)],
            tau_b: Some(-1.0),
            only_new: vec!["d".to_owned()],
            only_old: vec!["e".to_owned()],
            left_out: None,
        };
        let words = data.words();
        let n = "n = 3 runs that both rank, of 5. Ranked at the left only: e. Ranked at the right only: d.";
        assert!(words.caption.contains(n), "{}", words.caption);
        let expected = "Kendall's tau-b of 3 runs by OLD and by NEW: -1. a moves furthest up, from 3 to 1. c moves furthest \
                        down, from 1 to 3. Unmoved: 1.";
        assert_eq!(words.alt, expected);
        let table = data.data().unwrap();
        assert_eq!(table.rows().len(), 5);
        assert_eq!(table.rows()[0][9], Value::from("formula +2"));
        assert_eq!(table.rows()[1][9], Value::Null);
        assert_eq!(table.rows()[3][..2], [Value::from("e"), Value::from("old")]);
        assert_eq!(data.part(), "old_new");
        data.new.pack = "core".to_owned();
        assert_eq!(data.part(), "ramp-old_core-new");
        (data.rows, data.tau_b) = (Vec::new(), None);
        assert!(data.words().alt.contains("No run is ranked"));
    }
}
