//! The generated runs beside the published ones: medians, shares and sums, each within a stated factor.
//!
//! The published numbers stand here once more, as they were measured over the eleven raw runs taken together (and over the
//! published table, for scores), so that a slip in how the parameters are put to use shows.

use super::Shape;
use super::plan::RunPlan;
use super::run::write_run;
use super::text::Corpus;
use crate::trace::{EndReason, Event, Kind, RowCheck, RunFacts, ToolKind, Usd};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const RUNS: u32 = 240;
/// Those whose texts are made as well.
const RUNS_WITH_TEXTS: u32 = 80;

static FOUND: LazyLock<Found> = LazyLock::new(generated);

#[derive(Default)]
struct Found {
    check: RowCheck,
    problems: Vec<String>,
    numbers: BTreeMap<&'static str, Vec<f64>>,
    cost_of_run: BTreeMap<String, Vec<f64>>,
    scores: BTreeMap<i64, Vec<f64>>,
    ends: BTreeMap<EndReason, f64>,
    rows_of_stage: BTreeMap<i64, i64>,
    cost: Option<Usd>,
    rows: i64,
}

impl Found {
    fn add(&mut self, name: &'static str, value: impl Into<f64>) {
        self.numbers.entry(name).or_default().push(value.into());
    }

    fn row(&mut self, run: &RunFacts, event: &Event) {
        self.problems.extend(self.check.row(run, event));
        self.rows += 1;
        if let Some(stage) = event.stage {
            *self.rows_of_stage.entry(stage).or_default() += 1;
        }
        let length = |text: &Option<String>| {
            text.as_ref().map(|t| f64::from(i32::try_from(t.len()).unwrap()))
        };
        match event.kind {
            Kind::LlmCall => {
                for (name, value) in [
                    ("input", event.input_tokens),
                    ("cached", event.cache_read_tokens),
                    ("output", event.output_tokens),
                ] {
                    if let Some(value) = value {
                        self.add(name, i32::try_from(value).unwrap());
                    }
                }
                self.add("latency", event.duration_ms.unwrap());
                self.add("failed", u8::from(event.error_type.is_some()));
                if let Some(cost) = event.cost_usd {
                    self.cost = self.cost.unwrap_or_default().checked_add(cost);
                }
                if let Some(usage) = length(&event.attributes) {
                    self.add("said", length(&event.content).unwrap_or_default());
                    self.add("usage", usage);
                }
            }
            Kind::ToolCall => {
                self.add("tool time", event.duration_ms.unwrap());
                for (name, text) in [
                    ("result", &event.content),
                    ("arguments", &event.arguments),
                    ("kept", &event.attributes),
                ] {
                    if let Some(length) = length(text) {
                        self.add(name, length);
                    }
                }
                self.add("shell", u8::from(event.tool_kind == Some(ToolKind::Shell)));
                self.add("edit", u8::from(event.tool_kind == Some(ToolKind::Edit)));
                self.add("repeated", u8::from(event.identical_streak > Some(1)));
                if let Some(code) = event.exit_code {
                    self.add("nonzero", u8::from(code != 0));
                }
            }
            Kind::StageResult => {
                let stage = event.stage.unwrap();
                self.scores.entry(stage).or_default().push(event.score.unwrap());
                *self.ends.entry(event.end_reason.unwrap()).or_default() += 1.0;
            }
            _ => {}
        }
    }

    fn end_run(&mut self, plan: &RunPlan) {
        let rows = std::mem::take(&mut self.rows);
        self.add("rows of a run", i32::try_from(rows).unwrap());
        for (stage, rows) in std::mem::take(&mut self.rows_of_stage) {
            let names = ["rows 0", "rows 1", "rows 2", "rows 3"];
            if let Some(name) = names.get(usize::try_from(stage).unwrap()) {
                self.add(name, i32::try_from(rows).unwrap());
            }
        }
        if let Some(cost) = self.cost.take() {
            self.cost_of_run.entry(plan.model.name.to_owned()).or_default().push(cost.to_f64());
        }
    }

    fn median(&self, name: &str) -> f64 {
        median(&self.numbers[name])
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    fn mean(&self, name: &str) -> f64 {
        let values = &self.numbers[name];
        values.iter().sum::<f64>() / values.len() as f64
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Runs of single events, made in memory.
fn generated() -> Found {
    let (shape, corpus) = (Shape::new(0, 20_260_517), Corpus::new(20_260_517));
    let mut found = Found::default();
    for number in 0..RUNS {
        let plan = RunPlan::new(&shape, number);
        if plan.coarse {
            continue;
        }
        let corpus = Some(&corpus).filter(|_| number < RUNS_WITH_TEXTS);
        write_run(&plan, corpus, i64::MAX, &mut |run, event| {
            found.row(run, event);
            Ok(())
        })
        .unwrap();
        assert_eq!(found.rows, plan.events(), "a run has the rows of its plan");
        found.end_run(&plan);
    }
    found
}

#[test]
fn generated_runs_look_like_the_published_ones() {
    let found = &*FOUND;
    assert!(found.problems.is_empty(), "{:?}", &found.problems[..3]);
    let mut wrong = Vec::new();
    let mut near = |what: &str, found: f64, published: f64, factor: f64| {
        if found < published / factor || found > published * factor {
            wrong.push(format!("{what}: {found}, published {published}, factor {factor}"));
        }
    };
    for (name, published, factor) in [
        ("rows of a run", 454.0, 1.3),
        ("rows 0", 31.0, 1.5),
        ("rows 1", 79.0, 1.5),
        ("rows 2", 85.0, 1.5),
        ("rows 3", 60.0, 1.5),
        ("input", 110_790.0, 1.25),
        ("cached", 73_726.0, 1.5),
        ("output", 124.0, 1.3),
        ("latency", 6606.0, 1.3),
        ("tool time", 29.8, 1.5),
        ("result", 677.0, 1.25),
        ("arguments", 140.0, 1.25),
        ("kept", 416.0, 1.7),
        ("usage", 268.0, 1.25),
    ] {
        near(name, found.median(name), published, factor);
    }
    for (name, published, factor) in [
        ("shell", 1397.0 / 2475.0, 1.1),
        ("edit", 928.0 / 2475.0, 1.1),
        ("nonzero", 125.0 / 1377.0, 1.25),
        ("repeated", 13.0 / 2475.0, 2.0),
        ("failed", 19.0 / 2406.0, 2.5),
        ("result", 1806.0, 1.3),
        ("arguments", 705.0, 1.3),
        ("kept", 2739.0, 1.3),
        ("usage", 956.0, 1.7),
        ("said", 59.0, 2.0),
    ] {
        near(name, found.mean(name), published, factor);
    }
    let stages: f64 = found.ends.values().sum();
    for (reason, published) in [
        (EndReason::Finished, 28.0 / 66.0),
        (EndReason::ContextExceeded, 19.0 / 66.0),
        (EndReason::AgentMessage, 18.0 / 66.0),
    ] {
        near(reason.as_str(), found.ends[&reason] / stages, published, 1.3);
    }
    // Dollars of the eleven raw runs; one run each, so the factor is wide.
    for (model, published) in [
        ("deepseek-chat", 0.0668),
        ("deepseek-reasoner", 0.233),
        ("deepseek-v4-flash", 3.43),
        ("deepseek-v4-pro", 8.68),
        ("glm-4.7", 0.803),
        ("glm-5.1", 2.03),
        ("kimi-k2.5", 1.75),
        ("qwen3-coder-flash", 0.0469),
        ("qwen3.5-plus", 14.4),
        ("qwen3.6-max-preview", 67.3),
    ] {
        near(model, median(&found.cost_of_run[model]), published, 2.5);
    }
    assert!(!found.cost_of_run.contains_key("glm-4.6"), "its costs were never known");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn completion_falls_and_costs_spread_over_three_orders() {
    let found = &*FOUND;
    let passed: Vec<f64> = found
        .scores
        .values()
        .map(|scores| {
            let share = scores.iter().map(|s| if *s >= 60.0 { 1.0 } else { 0.0 });
            share.sum::<f64>() / f64::from(u32::try_from(scores.len()).unwrap())
        })
        .collect();
    // The published table: 22, 13, 4, 3, 0 and 2 of 22 models.
    for (stage, (found, published)) in
        passed.iter().zip([1.0, 0.591, 0.182, 0.136, 0.0, 0.091]).enumerate()
    {
        assert!((found - published).abs() < 0.09, "stage {stage}: {found}, published {published}");
    }
    let medians: Vec<f64> = found.cost_of_run.values().map(|costs| median(costs)).collect();
    let (least, most) =
        medians.iter().fold((f64::MAX, 0.0_f64), |(low, high), c| (low.min(*c), high.max(*c)));
    assert!((2.5..4.0).contains(&(most / least).log10()), "{least} to {most}");
}
