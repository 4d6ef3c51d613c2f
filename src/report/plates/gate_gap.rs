//! Mean scores as they are, and under a gate.

use super::prose::{SINGLE_RUNS, count, left_out, n_of, name, number};
use crate::analysis::{GateGapRow, GateGaps};
use crate::figures::{FigureError, Sheet, Svg, draw_gate_gap};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

impl Plotted for GateGaps {
    fn figure(&self) -> &'static str {
        "gate_gap"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        Words {
            title: format!("Mean score under a gate, {}", name(&self.workload)),
            caption: format!(
                "Filled: mean stage score, each stage by itself (GCPS). Hollow: the same scores with every stage from the \
                 first failed gate on at zero (E2E-PRS); tick: with the failed stage itself kept. Gate at {}: a score \
                 below {} fails it. The gate is a rule applied to the scores of the same runs, not an observed condition: \
                 how a run would have gone on without what it was given after a failure is not in the traces. {}.{} \
                 {SINGLE_RUNS}",
                self.gates(),
                self.gate,
                n_of(self.rows.len(), "with every score", self.unscored.len()),
                left_out("Without", &self.unscored)
            ),
            alt: self.alt(),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("row", Kind::Text),
            ("label", Kind::Text),
            ("vendor", Kind::Text),
            ("gcps", Kind::Float),
            ("e2e_prs", Kind::Float),
            ("e2e_prs_kept", Kind::Float),
            ("first_failed_stage", Kind::Int),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            table.push(vec![
                "run".into(),
                row.label.as_str().into(),
                row.vendor.as_deref().into(),
                row.ungated.into(),
                row.zeroed.into(),
                row.kept.into(),
                row.failed.into(),
            ])?;
        }
        if self.mean.runs > 1 {
            let means = [self.mean.ungated, self.mean.zeroed, self.mean.kept].map(Value::from);
            let [ungated, zeroed, kept] = means;
            let none = || Value::Null;
            table.push(vec!["mean".into(), none(), none(), ungated, zeroed, kept, none()])?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_gate_gap(self, sheet)
    }
}

impl GateGaps {
    fn alt(&self) -> String {
        let gap = |row: &&GateGapRow| row.ungated - row.zeroed;
        let widest = self.rows.iter().max_by(|a, b| gap(a).total_cmp(&gap(b)));
        let (Some(widest), Some(before), Some(after)) =
            (widest, self.mean.ungated, self.mean.zeroed)
        else {
            return "No run has a score for every stage.".to_owned();
        };
        let unfailed = self.rows.iter().filter(|row| row.failed.is_none()).count();
        format!(
            "The mean of {} is {} as it is and {} under the gate. The widest gap is that of {}: {} and {}. Runs that fail \
             no gate: {unfailed}.",
            count(self.rows.len(), "run"),
            number(before),
            number(after),
            name(&widest.label),
            number(widest.ungated),
            number(widest.zeroed)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::GateGap;

    fn row(label: &str, ungated: f64, zeroed: f64, failed: Option<i64>) -> GateGapRow {
        GateGapRow {
            label: label.to_owned(),
            vendor: None,
            color: None,
            ungated,
            zeroed,
            kept: zeroed,
            failed,
        }
    }

    #[test]
    fn the_words_call_it_a_rule_and_the_numbers_have_the_mean() {
        let mut data = GateGaps {
            workload: "w".to_owned(),
            gate: 60.0,
            stages: Some(vec![0, 1]),
            rows: vec![row("a", 80.0, 80.0, None), row("b", 60.0, 20.0, Some(1))],
            unscored: vec!["c".to_owned()],
            mean: GateGap { runs: 2, ungated: Some(70.0), zeroed: Some(50.0), kept: Some(50.0) },
        };
        let words = data.words();
        assert!(words.caption.contains("not an observed condition"));
        assert!(
            words.caption.contains("Gate at T0–T1")
                && words.caption.contains("n = 2 runs with every score, of 3. Without: c.")
        );
        assert!(words.alt.contains("70 as it is and 50"), "{}", words.alt);
        assert!(
            words.alt.contains("that of b: 60 and 20. Runs that fail no gate: 1."),
            "{}",
            words.alt
        );
        let table = data.data().unwrap();
        assert_eq!(table.rows().len(), 3);
        assert_eq!(table.rows()[2][3..5], [Value::Float(70.0), Value::Float(50.0)]);
        data.rows.clear();
        (data.mean.runs, data.mean.ungated) = (0, None);
        assert!(data.data().unwrap().rows().is_empty());
        assert!(data.words().alt.contains("No run"));
    }
}
