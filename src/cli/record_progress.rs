//! What is shown while runs go on: a line per run that is redrawn on a terminal, a line per graded stage elsewhere.

use super::output::Output;
use super::record::used;
use super::record_pipeline::ending;
use crate::capture::run::{Plan, RunError, RunReport, StageReport, Step, Totals};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Everything that is shown.
pub(super) struct Board {
    bars: Option<MultiProgress>,
    plans: BTreeMap<String, Arc<[String]>>,
    runs: BTreeMap<String, Line>,
}

/// A run that goes on.
struct Line {
    bar: Option<ProgressBar>,
    stages: Arc<[String]>,
    begun: Instant,
    now: String,
    graded: String,
    /// Stages that are done, and their number.
    done: usize,
    totals: Totals,
}

impl Board {
    pub(super) fn new(runs: &[(String, Plan)], on_terminal: bool) -> Self {
        let stages = |plan: &Plan| plan.pipeline.stages.iter().map(|s| s.name.clone()).collect();
        Self {
            bars: on_terminal.then(MultiProgress::new),
            plans: runs.iter().map(|(id, plan)| (id.clone(), stages(plan))).collect(),
            runs: BTreeMap::new(),
        }
    }

    /// Something happened in a run.
    pub(super) fn step(&mut self, run: &str, step: &Step, output: &mut Output) {
        if let Step::Warning(text) = step {
            return self.above(|| output.warning(format_args!("{run}: {text}")));
        }
        let line = self.line(run);
        let name = |stage: usize| line.stages.get(stage).map_or("?", String::as_str).to_owned();
        match step {
            Step::Working { stage, attempt } => {
                line.now = match attempt {
                    1 => name(*stage),
                    _ => format!("{} (attempt {attempt})", name(*stage)),
                };
            }
            Step::Grading { stage } => line.now = format!("grading {}", name(*stage)),
            Step::Tick(totals) => line.totals = totals.clone(),
            Step::Recovered { stage } => {
                let text = format!("{run}: {}: golden artifacts put in place", name(*stage));
                self.tell(&text, output);
                return;
            }
            Step::Graded(report) => {
                line.done += 1;
                let name = name(report.stage);
                let _ = write!(line.graded, " {name}:{}", short(report));
                let text = format!("{run}: {name}: {}", graded(report));
                self.tell(&text, output);
            }
            Step::Warning(_) => {}
        }
        self.draw(run);
    }

    /// A run has ended.
    pub(super) fn done(
        &mut self,
        run: &str,
        report: Result<&RunReport, &RunError>,
        output: &mut Output,
    ) {
        if let Some(line) = self.runs.remove(run)
            && let Some(bar) = line.bar
        {
            bar.finish_and_clear();
        }
        if let Ok(report) = report {
            self.above(|| output.note(format_args!("{run}: {}", ending(report))));
            if let Some(failure) = &report.failure {
                self.above(|| output.warning(format_args!("{run}: {failure}")));
            }
        }
    }

    fn line(&mut self, run: &str) -> &mut Line {
        let stages = self.plans.get(run).cloned().unwrap_or_else(|| Arc::from([]));
        let bars = self.bars.as_ref();
        self.runs.entry(run.to_owned()).or_insert_with(|| {
            let bar = bars.map(|bars| {
                let bar = bars.add(ProgressBar::new(stages.len() as u64));
                if let Ok(style) = ProgressStyle::with_template("{prefix} [{bar:12}] {wide_msg}") {
                    bar.set_style(style.progress_chars("=> "));
                }
                bar.set_prefix(run.to_owned());
                bar
            });
            Line {
                bar,
                stages,
                begun: Instant::now(),
                now: String::new(),
                graded: String::new(),
                done: 0,
                totals: Totals::default(),
            }
        })
    }

    /// A line of text where there is no terminal to redraw.
    fn tell(&self, text: &str, output: &mut Output) {
        if self.bars.is_none() {
            output.note(text);
        }
    }

    /// Prints without tearing the bars.
    fn above(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }

    fn draw(&mut self, run: &str) {
        let Some(line) = self.runs.get_mut(run) else { return };
        if let Some(bar) = &line.bar {
            bar.set_position(line.done as u64);
            bar.set_message(line.message());
        }
    }
}

impl Line {
    fn message(&self) -> String {
        let passed = self.begun.elapsed();
        let left = left(passed, self.done, self.stages.len());
        let left = left.map(|left| format!("about {} left", minutes(left)));
        let used = used(&self.totals);
        let parts = [self.now.as_str(), self.graded.trim(), &used, left.as_deref().unwrap_or("")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" | ")
    }
}

/// Time that the stages to come will take, if they take as long as those before.
fn left(passed: Duration, done: usize, total: usize) -> Option<Duration> {
    let (done, rest) = (u32::try_from(done).ok()?, u32::try_from(total.checked_sub(done)?).ok()?);
    (done > 0 && rest > 0).then(|| passed / done * rest)
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) }
}

fn short(report: &StageReport) -> String {
    report.score.map_or_else(|| "-".to_owned(), |score| format!("{score:.0}"))
}

fn graded(report: &StageReport) -> String {
    let score = report.score.map_or_else(|| "no score".to_owned(), |s| format!("{s:.1}"));
    let mut text = match report.status {
        Some(status) => format!("{score}, {status}"),
        None => score,
    };
    if report.attempts > 1 {
        let _ = write!(text, ", {} attempts", report.attempts);
    }
    let _ = write!(text, " ({})", report.end_reason);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_the_stages_to_come() {
        let seconds = Duration::from_secs;
        assert_eq!(left(seconds(30), 3, 6), Some(seconds(30)));
        assert_eq!(left(seconds(30), 0, 6), None, "nothing to go by");
        assert_eq!(left(seconds(30), 6, 6), None);
        assert_eq!((minutes(seconds(90)), minutes(seconds(301))), ("90 s".into(), "5 min".into()));
    }
}
