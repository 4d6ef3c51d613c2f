//! A sink that puts grades into the runs that pass through it.

use super::super::sink::Sink;
use super::super::stages::StageOutcome;
use super::super::{ImportError, ImportReport};
use super::grades::{Grade, Grades};
use crate::trace::{Event, Kind, RunFacts, StageStatus, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Puts grades into runs on their way to another sink. A log's own grade stays; one that differs is a warning.
pub struct Graded<'g> {
    grades: &'g Grades,
    next: &'g mut dyn Sink,
    /// The grades of the run that passes, by stage, and those that are not in a row yet.
    stages: BTreeMap<i64, Grade>,
    open: BTreeSet<i64>,
    warnings: Vec<String>,
}

impl std::fmt::Debug for Graded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Graded({:?})", self.stages)
    }
}

impl<'g> Graded<'g> {
    /// Before `next`.
    pub fn new(grades: &'g Grades, next: &'g mut dyn Sink) -> Self {
        Self { grades, next, stages: BTreeMap::new(), open: BTreeSet::new(), warnings: Vec::new() }
    }

    fn grade(&mut self, event: &mut Event) {
        let Some((stage, grade)) = event.stage.and_then(|s| Some((s, *self.stages.get(&s)?)))
        else {
            return;
        };
        self.open.remove(&stage);
        match (event.score, grade.score) {
            (Some(own), Some(other)) if (own - other).abs() > 1e-9 => {
                self.warnings.push(format!(
                    "stage {stage} has a score of {own} in its log, which stays, and of {other} in the grades"
                ));
                return;
            }
            (Some(_), _) => return,
            (None, _) => {}
        }
        event.score = grade.score;
        event.passed = grade.passed.or(event.passed);
        event.tests_passed = grade.tests_passed.or(event.tests_passed);
        event.tests_total = grade.tests_total.or(event.tests_total);
        let status = event.stage_status;
        event.stage_status = StageOutcome {
            attempted: status.map(|s| s != StageStatus::NotAttempted),
            score: event.score,
            passed: event.passed,
            tests_total: event.tests_total,
            recovered: status == Some(StageStatus::Recovered),
            end_reason: event.end_reason,
        }
        .status();
    }
}

impl Sink for Graded<'_> {
    fn begin(&mut self, run: RunFacts, start: Option<Timestamp>) -> Result<(), ImportError> {
        self.stages = self.grades.of(&run.run_id).unwrap_or_default();
        self.open = self.stages.keys().copied().collect();
        self.warnings.clear();
        self.next.begin(run, start)
    }

    fn event(&mut self, mut event: Event) -> Result<(), ImportError> {
        match event.kind {
            Kind::StageResult => self.grade(&mut event),
            Kind::RunEnd => {
                for stage in std::mem::take(&mut self.open) {
                    let mut result = Event::new(Kind::StageResult);
                    result.stage = Some(stage);
                    result.attempt = Some(1);
                    self.grade(&mut result);
                    self.next.event(result)?;
                }
            }
            _ => {}
        }
        self.next.event(event)
    }

    fn end(&mut self, mut report: ImportReport) -> Result<(), ImportError> {
        for warning in self.warnings.drain(..) {
            report.warn(warning);
        }
        self.next.end(report)
    }

    fn failed(&mut self, error: ImportError) -> Result<(), ImportError> {
        self.next.failed(error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sink::{Collected, send};
    use super::*;

    #[test]
    fn grades_fill_what_has_none_and_add_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("g.csv");
        std::fs::write(&path, "run,stage,score,tests_total\nr,0,80,5\nr,1,10,5\nr,2,0,0\n")
            .unwrap();
        let mut grades = Grades::default();
        grades.read(&path.to_string_lossy()).unwrap();
        let result = |stage: i64, score: Option<f64>| {
            let mut event = Event::new(Kind::StageResult);
            event.stage = Some(stage);
            event.attempt = Some(1);
            event.score = score;
            event
        };
        let mut kept = Collected::default();
        let run = RunFacts { run_id: "r".to_owned(), ..RunFacts::default() };
        let events = vec![result(0, None), result(1, Some(20.0)), Event::new(Kind::RunEnd)];
        send(&mut Graded::new(&grades, &mut kept), run, events, ImportReport::default()).unwrap();
        let run = kept.runs.remove(0);
        let rows: Vec<(Option<i64>, Option<f64>, Option<StageStatus>)> =
            run.events.iter().map(|e| (e.stage, e.score, e.stage_status)).collect();
        assert_eq!(
            rows,
            [
                (Some(0), Some(80.0), Some(StageStatus::Passed)),
                (Some(1), Some(20.0), None),
                (Some(2), Some(0.0), Some(StageStatus::NoTests)),
                (None, None, None),
            ]
        );
        assert_eq!(
            run.report.warnings,
            ["stage 1 has a score of 20 in its log, which stays, and of 10 in the grades"]
        );
    }
}
