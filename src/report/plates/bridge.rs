//! Why one side costs more than another.

use super::prose::{count, dollars, name};
use crate::analysis::{BridgeStep, CostBridge};
use crate::figures::{FigureError, Sheet, Svg, draw_bridge};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

/// Steps that are said in words: the largest ones.
const MOST_SAID: usize = 6;

impl Plotted for CostBridge {
    fn figure(&self) -> &'static str {
        "bridge"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let (from, to) = (name(&self.from), name(&self.to));
        let several = if self.from_runs > 1 || self.to_runs > 1 {
            " Several runs stand as their geometric mean."
        } else {
            ""
        };
        Words {
            title: format!("From the cost of {from} to that of {to}, {}", name(&self.workload)),
            caption: format!(
                "Outer bars: cost per run in US dollars, basis: {}. Arrows: what each factor adds or saves; they add up to \
                 the difference exactly (LMDI-I). n = {} ({from}) and {} ({to}).{several} An identity of the \
                 observed costs, without intervals.",
                name(&self.basis),
                count(self.from_runs, "run"),
                count(self.to_runs, "run"),
            ),
            alt: alt(self),
        }
    }

    /// The start, the factors, the end: `usd` is the length of a bar, `level_usd` where it ends.
    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("bar", Kind::Text),
            ("label", Kind::Text),
            ("unit", Kind::Text),
            ("from_value", Kind::Float),
            ("to_value", Kind::Float),
            ("usd", Kind::Float),
            ("level_usd", Kind::Float),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        let total = |bar: &str, label: &str, usd: f64| {
            let none = Value::Null;
            vec![bar.into(), label.into(), none.clone(), none.clone(), none, usd.into(), usd.into()]
        };
        table.push(total("start", &self.from, self.from_usd))?;
        let mut level = self.from_usd;
        for step in &self.steps {
            level += step.usd;
            table.push(vec![
                "factor".into(),
                step.label.as_str().into(),
                step.unit.as_str().into(),
                step.from_value.into(),
                step.to_value.into(),
                step.usd.into(),
                level.into(),
            ])?;
        }
        table.push(total("end", &self.to, self.to_usd))?;
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_bridge(self, sheet)
    }
}

fn alt(data: &CostBridge) -> String {
    let mut steps: Vec<&BridgeStep> = data.steps.iter().collect();
    steps.sort_by(|a, b| b.usd.abs().total_cmp(&a.usd.abs()));
    let said: Vec<String> = steps
        .iter()
        .take(MOST_SAID)
        .map(|step| {
            let verb = if step.usd < 0.0 { "saves" } else { "adds" };
            format!("{} {verb} {}", name(&step.label), dollars(step.usd.abs()))
        })
        .collect();
    let steps = match said.as_slice() {
        [] => "There is no factor between them.".to_owned(),
        said => format!("Largest first: {}.", said.join(", ")),
    };
    format!(
        "A run of {} costs {} (n = {}), a run of {} {} (n = {}). {steps}",
        name(&data.from),
        dollars(data.from_usd),
        data.from_runs,
        name(&data.to),
        dollars(data.to_usd),
        data.to_runs,
    )
}
