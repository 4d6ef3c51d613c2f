//! How the prompt of a run grew, call by call.

use super::prose::{count, name, number, percent, whole};
use crate::analysis::ContextRamp;
use crate::figures::{FigureError, Sheet, Svg, draw_context_ramp};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};
use std::collections::BTreeSet;

impl Plotted for ContextRamp {
    fn figure(&self) -> &'static str {
        "context"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn part(&self) -> String {
        self.label.clone()
    }

    fn words(&self) -> Words {
        let limit = self.limit.map_or(String::new(), |limit| {
            format!(" The context limit is {} tokens (dashed, where on the scale).", whole(limit))
        });
        let slope = self.slope.map_or(String::new(), |slope| {
            format!(" Growth: {} tokens per call (Theil-Sen), without an interval.", number(slope))
        });
        Words {
            title: format!("Context ramp of {}, {}", name(&self.label), name(&self.workload)),
            caption: format!(
                "Line: the prompt of each answered call in tokens, cached ones included; area: the part read from a cache, \
                 where the source says. Triangles: the prompt falls by more than a fifth. Bands: stages.{limit} n = 1 \
                 run, {}.{slope}",
                count(self.calls.len(), "call"),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("call", Kind::Int),
            ("stage", Kind::Int),
            ("input_tokens", Kind::Int),
            ("cache_read_tokens", Kind::Int),
            ("compaction", Kind::Bool),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        let compactions: BTreeSet<usize> = self.compactions.iter().copied().collect();
        for (index, call) in self.calls.iter().enumerate() {
            table.push(vec![
                (index + 1).into(),
                call.stage.into(),
                call.input_tokens.into(),
                call.cache_read_tokens.into(),
                compactions.contains(&index).into(),
            ])?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_context_ramp(self, sheet)
    }
}

fn alt(data: &ContextRamp) -> String {
    let longest = data.calls.iter().enumerate().max_by_key(|(_, call)| call.input_tokens);
    let (Some(first), Some((index, longest))) = (data.calls.first(), longest) else {
        return "No answered call.".to_owned();
    };
    let of_limit = data.limit.filter(|limit| *limit > 0).map_or(String::new(), |limit| {
        format!(", {} of the limit", percent(tokens(longest.input_tokens) / tokens(limit)))
    });
    let falls = match data.compactions.len() {
        0 => "It never falls by more than a fifth.".to_owned(),
        n => format!("It falls by more than a fifth {}.", count(n, "time")),
    };
    format!(
        "Over {}, the prompt starts at {} tokens and is longest at call {}, {} tokens{of_limit}. {falls} The run \
         ended: {}.",
        count(data.calls.len(), "call"),
        whole(first.input_tokens),
        index + 1,
        whole(longest.input_tokens),
        name(&data.ended),
    )
}

#[expect(clippy::cast_precision_loss, reason = "a share in words has few digits")]
fn tokens(count: i64) -> f64 {
    count as f64
}
