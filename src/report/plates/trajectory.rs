//! Stage scores of every run.

use super::prose::{SINGLE_RUNS, count, n_of, name, number};
use crate::analysis::{Outcome, Trajectory, TrajectoryRow};
use crate::figures::{FigureError, Sheet, Svg, draw_trajectory};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

impl Plotted for Trajectory {
    fn figure(&self) -> &'static str {
        "trajectory"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let baseline = self.baseline.as_ref().map_or(String::new(), |baseline| {
            let label = name(&baseline.label);
            format!(" Black, dotted or thin: a run that does nothing ({label}), which is not among the runs.")
        });
        Words {
            title: format!("Stage scores run by run, {}", name(&self.workload)),
            caption: format!(
                "One panel per run, best mean first. Line: its score in each stage; hollow: a stage that was not \
                 attempted, whatever its score; a missing score is a gap. Grey: median of the runs with a score for the \
                 stage.{baseline} Dashed: the gate, a score of {}. Number: mean over the stages with a score. Colour: \
                 vendor, where known. {}. {SINGLE_RUNS}",
                self.gate,
                n_of(self.rows.len(), "", 0)
            ),
            alt: self.alt(),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("line", Kind::Text),
            ("label", Kind::Text),
            ("vendor", Kind::Text),
            ("mean", Kind::Float),
            ("stage", Kind::Int),
            ("score", Kind::Float),
            ("outcome", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        let runs = self.rows.iter().map(|row| ("run", row));
        let baseline = self.baseline.iter().map(|row| ("do_nothing", row));
        for (line, row) in runs.chain(baseline) {
            for (stage, point) in self.stages.iter().zip(&row.points) {
                table.push(vec![
                    line.into(),
                    row.label.as_str().into(),
                    row.vendor.as_deref().into(),
                    row.mean.into(),
                    (*stage).into(),
                    point.score.into(),
                    point.outcome.name().into(),
                ])?;
            }
        }
        // The median of one run is that run.
        let medians = if self.rows.len() > 1 { self.median.as_slice() } else { &[] };
        for (stage, median) in self.stages.iter().zip(medians) {
            let mut row = vec![Value::Null; 7];
            (row[0], row[4], row[5]) = ("median".into(), (*stage).into(), (*median).into());
            table.push(row)?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_trajectory(self, sheet)
    }
}

impl Trajectory {
    fn alt(&self) -> String {
        let scored = || self.rows.iter().filter_map(|row| Some((row.label.as_str(), row.mean?)));
        let (Some(best), Some(worst)) = (scored().next(), scored().next_back()) else {
            return "No run has a score.".to_owned();
        };
        let mut text = format!(
            "Mean scores of {} go from {} ({}) down to {} ({}).",
            count(self.rows.len(), "run"),
            number(best.1),
            name(best.0),
            number(worst.1),
            name(worst.0)
        );
        let medians = || self.stages.iter().zip(&self.median).filter_map(|(s, m)| Some((s, (*m)?)));
        if let (Some(first), Some(last)) = (medians().next(), medians().next_back()) {
            let (from, to) = (number(first.1), number(last.1));
            text = format!("{text} The median is {from} at T{} and {to} at T{}.", first.0, last.0);
        }
        let points = || self.rows.iter().flat_map(|row| &row.points);
        let all = points().filter(|point| point.score.is_some()).count();
        let idle = points()
            .filter(|point| point.score.is_some() && point.outcome == Outcome::NotAttempted)
            .count();
        text = format!("{text} Of {all} scores, {idle} are of stages that were not attempted.");
        if let Some(baseline) = &self.baseline {
            let (no_better, of) = no_better(&self.rows, baseline);
            text =
                format!("{text} Of {of}, {no_better} are no higher than what doing nothing gets.");
        }
        text
    }
}

/// Scores that are not above those of the baseline, of how many that can be compared.
fn no_better(rows: &[TrajectoryRow], baseline: &TrajectoryRow) -> (usize, usize) {
    let pairs = || {
        let pairs = rows.iter().flat_map(|row| row.points.iter().zip(&baseline.points));
        pairs.filter_map(|(point, nothing)| Some((point.score?, nothing.score?)))
    };
    (pairs().filter(|(score, nothing)| score <= nothing).count(), pairs().count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::TrajectoryPoint;

    fn row(label: &str, scores: [Option<f64>; 2]) -> TrajectoryRow {
        let outcome = |s: Option<f64>| s.map_or(Outcome::NotAttempted, |_| Outcome::Failed);
        TrajectoryRow {
            label: label.to_owned(),
            vendor: None,
            color: None,
            mean: scores[0],
            points: scores.map(|score| TrajectoryPoint { score, outcome: outcome(score) }).to_vec(),
        }
    }

    #[test]
    fn every_mark_is_a_row_and_the_words_have_the_extremes() {
        let mut data = Trajectory {
            workload: "w".to_owned(),
            gate: 60.0,
            stages: vec![0, 1],
            median: vec![Some(45.0), None],
            baseline: Some(row("nothing", [Some(30.0), Some(0.0)])),
            rows: vec![row("a", [Some(60.0), Some(0.0)]), row("b", [Some(30.0), None])],
        };
        let table = data.data().unwrap();
        assert_eq!(table.rows().len(), 8);
        assert_eq!(table.rows()[7][4..6], [Value::Int(1), Value::Null]);
        let words = data.words();
        assert!(words.caption.contains("n = 2 runs.") && words.caption.contains("(nothing)"));
        assert!(words.alt.contains("60 (a) down to 30 (b)"), "{}", words.alt);
        // By hand: 30 and 0 are no higher, 60 is.
        assert!(words.alt.contains("Of 3, 2 are no higher"), "{}", words.alt);
        data.rows.clear();
        assert_eq!(data.words().alt, "No run has a score.");
    }
}
