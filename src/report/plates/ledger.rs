//! Where the money and the time of each run went.

use super::prose::{SINGLE_RUNS, count, dollars, name, percent};
use crate::analysis::{StageLedger, TimeUse};
use crate::figures::{FigureError, Sheet, Svg, draw_stage_ledger};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

impl Plotted for StageLedger {
    fn figure(&self) -> &'static str {
        "ledger"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let all = self.rows.len();
        let priced = self.rows.iter().filter(|row| row.cost_usd.is_some()).count();
        let timed = self.rows.iter().filter(|row| row.time.is_some()).count();
        Words {
            title: format!("Where cost and time went, {}", name(&self.workload)),
            caption: format!(
                "Left: the cost of each run by stage, as shares of the cost of the run, or of the sum of its stages where \
                 that is more; hatched: what no stage accounts for. Right: its time by activity, overlaps counted once. \
                 n = {}, {priced} with a known cost and {timed} with times; cost basis: {}. {SINGLE_RUNS}",
                count(all, "run"),
                name(&self.basis),
            ),
            alt: alt(self),
        }
    }

    /// The total and the parts of each bar; a run without a cost or without times has no such bar.
    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("measure", Kind::Text),
            ("part", Kind::Text),
            ("value", Kind::Float),
            ("unit", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            let mut push = |measure: &str, part: String, value: Value, unit: &str| {
                let label = row.label.as_str().into();
                table.push(vec![label, measure.into(), part.into(), value, unit.into()])
            };
            if let Some(usd) = row.cost_usd {
                push("cost", "total".to_owned(), usd.into(), "USD")?;
                for (stage, usd) in self.stages.iter().zip(&row.stage_usd) {
                    push("cost", format!("T{stage}"), (*usd).into(), "USD")?;
                }
            }
            for (activity, seconds) in row.time.iter().flat_map(activities) {
                push("time", activity.to_owned(), seconds.into(), "s")?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_stage_ledger(self, sheet)
    }
}

fn activities(time: &TimeUse) -> [(&'static str, f64); 5] {
    [
        ("LLM calls", time.llm_s),
        ("tools", time.tool_s),
        ("failed requests", time.waiting_s),
        ("grading", time.grading_s),
        ("idle", time.idle_s),
    ]
}

fn alt(data: &StageLedger) -> String {
    if data.rows.is_empty() {
        return "No run.".to_owned();
    }
    let mut text = format!("{}.", count(data.rows.len(), "run"));
    let priced: Vec<(f64, &str)> =
        data.rows.iter().filter_map(|row| Some((row.cost_usd?, row.label.as_str()))).collect();
    if let [(dearest, label), ..] = priced.as_slice() {
        text = format!("{text} The dearest, {}, costs {}.", name(label), dollars(*dearest));
    }
    let by_stage: Vec<(f64, String)> = data
        .stages
        .iter()
        .enumerate()
        .map(|(index, stage)| {
            let known =
                data.rows.iter().filter_map(|row| row.stage_usd.get(index).copied().flatten());
            (known.sum(), format!("T{stage}"))
        })
        .collect();
    if let Some((share, stage)) = largest(by_stage) {
        text = format!(
            "{text} {stage} has the largest part of all cost known by stage, {}.",
            percent(share)
        );
    }
    let mut by_activity: Vec<(f64, String)> = Vec::new();
    for time in data.rows.iter().filter_map(|row| row.time.as_ref()) {
        for (index, (activity, seconds)) in activities(time).into_iter().enumerate() {
            match by_activity.get_mut(index) {
                Some(sum) => sum.0 += seconds,
                None => by_activity.push((seconds, activity.to_owned())),
            }
        }
    }
    if let Some((share, activity)) = largest(by_activity) {
        text = format!("{text} The largest part of all time is {activity}, {}.", percent(share));
    }
    text
}

/// The largest part and its share of the whole; `None` of nothing.
fn largest(parts: Vec<(f64, String)>) -> Option<(f64, String)> {
    let whole: f64 = parts.iter().map(|(size, _)| size).sum();
    let (size, label) = parts.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    (whole > 0.0).then(|| (size / whole, label))
}
