//! Limits and stopping rules, and where they would have cut a run.
//!
//! A budget cuts before the first event with which more than it would have been spent, a context window before the first
//! prompt that is longer. A stopping rule is asked before each request, so that a request is not made once the rule holds;
//! results that come in without another request still count. A gate ends a run after the first grade below it.

use super::course::{Course, Deed, Moment};
use crate::analysis::spending::Resource;
use std::collections::BTreeSet;
use std::fmt;

/// What would have held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// At most so much of a resource.
    Budget(Resource, f64),
    /// Prompts of at most so many tokens.
    Window(i64),
    /// Stop after so many calls without a better grade or a change.
    NoProgress(i64),
    /// Stop once the same tool call was made so many times in a row.
    Loop(i64),
    /// Stop after so many errors of tools in a row.
    Errors(i64),
    /// Go on only after grades of at least so much.
    Gate(f64),
    /// Stop after the last stage with a grade of at least so much, known in hindsight: what a rule could save at best.
    LastPass(f64),
}

/// What a window or a stopping rule ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The run.
    #[default]
    Run,
    /// The stage; later stages go as they went.
    Stage,
}

/// A limit and what it ends. Budgets and gates end the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// What would have held.
    pub limit: Limit,
    /// What it ends.
    pub scope: Scope,
}

/// Events that would not have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Place of the first of them.
    pub from: usize,
    /// Only those of this stage; all behind it when `None`.
    pub stage: Option<i64>,
    /// Whether the first of them stands for several calls, some of which may have happened.
    pub partly: bool,
}

impl Cut {
    /// Whether a moment at a place would not have happened.
    pub fn drops(&self, at: usize, moment: &Moment) -> bool {
        at >= self.from && (self.stage.is_none() || self.stage == moment.stage)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Limit::Budget(resource, most) => write!(f, "{} <= {most}", resource.name())?,
            Limit::Window(most) => write!(f, "context <= {most}")?,
            Limit::NoProgress(calls) => write!(f, "stop no-progress={calls}")?,
            Limit::Loop(streak) => write!(f, "stop loop={streak}")?,
            Limit::Errors(streak) => write!(f, "stop errors={streak}")?,
            Limit::Gate(least) => write!(f, "gate >= {least}")?,
            Limit::LastPass(least) => write!(f, "stop last-pass, score >= {least}")?,
        }
        if self.scope == Scope::Stage && self.ends_stages() {
            f.write_str(" (stage)")?;
        }
        Ok(())
    }
}

impl Scenario {
    /// Whether it can end a stage rather than the run.
    const fn ends_stages(&self) -> bool {
        !matches!(self.limit, Limit::Budget(..) | Limit::Gate(_) | Limit::LastPass(_))
    }

    /// The resource that is metered for it.
    pub const fn resource(&self) -> Option<Resource> {
        match self.limit {
            Limit::Budget(resource, _) => Some(resource),
            _ => None,
        }
    }

    /// Where it cuts a run, or why that is unknown. `spent` is what its resource had been spent at each moment. A cut that
    /// drops neither a request, a tool call nor a grade is none.
    pub fn cuts(&self, course: &Course, spent: &[f64]) -> Result<Vec<Cut>, String> {
        let mut cuts = self.places(course, spent)?;
        cuts.retain(|cut| {
            let moments = course.moments.iter().enumerate().skip(cut.from);
            moments.filter(|(at, m)| cut.drops(*at, m)).any(|(_, m)| m.deed != Deed::Other)
        });
        Ok(cuts)
    }

    fn places(&self, course: &Course, spent: &[f64]) -> Result<Vec<Cut>, String> {
        let is_sum = |from: usize| {
            let call = course.moments.get(from).and_then(|moment| course.call(moment));
            call.is_some_and(|call| call.aggregate && call.count != Some(0))
        };
        let whole = |from: Option<usize>| from.map(|from| Cut { from, stage: None, partly: false });
        match self.limit {
            Limit::Budget(_, most) => {
                let cut = whole(spent.iter().position(|spent| *spent > most));
                Ok(cut.map(|cut| Cut { partly: is_sum(cut.from), ..cut }).into_iter().collect())
            }
            Limit::Gate(least) => {
                let is_below = |moment: &Moment| matches!(moment.deed, Deed::Grade { score: Some(score), last: true } if score < least);
                let failed = course.moments.iter().position(is_below);
                Ok(whole(failed.map(|at| at + 1)).into_iter().collect())
            }
            Limit::LastPass(least) => {
                let is_pass = |moment: &Moment| matches!(moment.deed, Deed::Grade { score: Some(score), last: true } if score >= least);
                let last = course.moments.iter().rposition(is_pass);
                Ok(whole(Some(last.map_or(0, |at| at + 1))).into_iter().collect())
            }
            _ => self.watch(course),
        }
    }

    fn watch(&self, course: &Course) -> Result<Vec<Cut>, String> {
        let mut cuts = Vec::new();
        let mut watch = Watch::default();
        let mut ended = BTreeSet::new();
        let mut place = None;
        for (at, moment) in course.moments.iter().enumerate() {
            if self.scope == Scope::Stage {
                if moment.stage.is_none_or(|stage| ended.contains(&stage)) {
                    continue;
                }
                if place != moment.stage {
                    watch = Watch::default();
                    place = moment.stage;
                }
            }
            if self.stops_before(&mut watch, course, moment)? {
                let stage = moment.stage.filter(|_| self.scope == Scope::Stage);
                cuts.push(Cut { from: at, stage, partly: false });
                match stage {
                    Some(stage) => ended.insert(stage),
                    None => return Ok(cuts),
                };
            }
        }
        Ok(cuts)
    }

    /// Looks at a moment; whether it is a request that would not have been made.
    fn stops_before(
        &self,
        watch: &mut Watch,
        course: &Course,
        moment: &Moment,
    ) -> Result<bool, String> {
        let is_request = matches!(moment.deed, Deed::Call(_) | Deed::FailedRequest);
        if is_request && watch.holds(self.limit) {
            return Ok(true);
        }
        match moment.deed {
            Deed::Call(_) => {
                let Some(call) = course.call(moment) else { return Ok(false) };
                if let Limit::Window(most) = self.limit {
                    let tokens = call.tokens.filter(|_| !call.aggregate);
                    let prompt =
                        tokens.ok_or_else(|| "lengths of prompts are unknown".to_owned())?;
                    return Ok(prompt.input() > most);
                }
                watch.calls = watch.calls.saturating_add(call.count.unwrap_or(1));
            }
            Deed::Tool { streak, error, change } => {
                watch.streak = watch.streak.max(streak);
                watch.error_run = if error { watch.error_run + 1 } else { 0 };
                watch.errors = watch.errors.max(watch.error_run);
                watch.calls = if change { 0 } else { watch.calls };
            }
            Deed::Grade { score: Some(score), .. } => {
                let before = watch.best.filter(|(stage, _)| *stage == moment.stage);
                if before.is_none_or(|(_, best)| score > best) {
                    watch.best = Some((moment.stage, score));
                    watch.calls = 0;
                }
            }
            Deed::Grade { score: None, .. } | Deed::FailedRequest | Deed::Other => {}
        }
        Ok(false)
    }
}

/// What a stopping rule has seen.
#[derive(Debug, Default)]
struct Watch {
    /// Calls since a better grade or a change.
    calls: i64,
    /// Most times that one tool call was made in a row.
    streak: i64,
    /// Errors in a row, now and at most.
    error_run: i64,
    errors: i64,
    /// Best grade of the stage that was graded last.
    best: Option<(Option<i64>, f64)>,
}

impl Watch {
    fn holds(&self, limit: Limit) -> bool {
        match limit {
            Limit::NoProgress(most) => self.calls >= most,
            Limit::Loop(most) => self.streak >= most,
            Limit::Errors(most) => self.errors >= most,
            Limit::Budget(..) | Limit::Window(_) | Limit::Gate(_) | Limit::LastPass(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::course::tests::{attempt, call, course, grade, tool};
    use super::*;
    use crate::trace::{Event, Kind, ToolKind, ToolStatus};

    fn cuts(limit: Limit, scope: Scope, events: &[Event]) -> Vec<(usize, Option<i64>)> {
        let found = Scenario { limit, scope }.cuts(&course(events), &[]).unwrap();
        found.into_iter().map(|cut| (cut.from, cut.stage)).collect()
    }

    fn looked(stage: i64) -> Event {
        tool(stage, 1, ToolStatus::Ok)
    }

    fn wrote(stage: i64, arguments: &str) -> Event {
        let arguments = Some(arguments.to_owned());
        Event { tool_kind: Some(ToolKind::Edit), arguments, ..looked(stage) }
    }

    #[test]
    fn a_budget_cuts_before_what_it_cannot_pay() {
        let run = course(&[call(0, 1, 1), call(0, 1, 1), grade(0, 50.0), call(1, 1, 1)]);
        let spent = [1.0, 2.0, 2.0, 3.0];
        let at = |most| {
            let limit = Limit::Budget(Resource::Calls, most);
            Scenario { limit, scope: Scope::Run }
                .cuts(&run, &spent)
                .unwrap()
                .first()
                .map(|c| c.from)
        };
        assert_eq!(
            [0.0, 0.9, 1.0, 2.0, 2.9].map(at),
            [Some(0), Some(0), Some(1), Some(3), Some(3)]
        );
        assert_eq!(at(3.0), None);
        let ended = course(&[call(0, 1, 1), Event::new(Kind::RunEnd)]);
        let limit = Scenario { limit: Limit::Budget(Resource::Time, 1.0), scope: Scope::Run };
        assert_eq!(limit.cuts(&ended, &[1.0, 2.0]).unwrap(), [], "nothing that was done is cut");
    }

    #[test]
    fn no_progress_is_so_many_calls_without_a_change_or_a_better_grade() {
        let idle = [call(0, 1, 1), looked(0), call(0, 1, 1), looked(0), call(0, 1, 1), looked(0)];
        assert_eq!(cuts(Limit::NoProgress(2), Scope::Run, &idle), [(4, None)]);
        assert_eq!(cuts(Limit::NoProgress(3), Scope::Run, &idle), [], "no request is left to save");
        let mut busy = idle.clone();
        busy[3] = wrote(0, "a");
        assert_eq!(
            cuts(Limit::NoProgress(2), Scope::Run, &busy),
            [],
            "the tools of the last call count"
        );
        let mut graded = idle.to_vec();
        graded.insert(3, attempt(0, 10.0));
        graded.extend([call(0, 1, 1), call(0, 1, 1)]);
        assert_eq!(cuts(Limit::NoProgress(2), Scope::Run, &graded), [(8, None)]);
        graded.insert(6, attempt(0, 10.0));
        let again = cuts(Limit::NoProgress(2), Scope::Run, &graded);
        assert_eq!(again, [(9, None)], "the same grade again is none");
        graded[6] = attempt(0, 11.0);
        assert_eq!(cuts(Limit::NoProgress(2), Scope::Run, &graded), []);
    }

    #[test]
    fn loops_and_errors_stop_before_the_next_request() {
        let looping: Vec<Event> =
            (1..5).flat_map(|n| [call(0, 1, 1), tool(0, n, ToolStatus::Ok)]).collect();
        assert_eq!(cuts(Limit::Loop(2), Scope::Run, &looping), [(4, None)]);
        assert_eq!(cuts(Limit::Loop(4), Scope::Run, &looping), []);
        let bad = |n| tool(0, n, ToolStatus::Error);
        let failing = [call(0, 1, 1), bad(1), bad(1), looked(0), grade(0, 5.0), call(1, 1, 1)];
        assert_eq!(cuts(Limit::Errors(2), Scope::Run, &failing), [(5, None)]);
        assert_eq!(cuts(Limit::Errors(3), Scope::Run, &failing), []);
        assert_eq!(cuts(Limit::Errors(2), Scope::Stage, &failing), [], "another stage begins anew");
    }

    #[test]
    fn a_stage_can_end_alone() {
        let mut events: Vec<Event> = (0..3).flat_map(|_| [call(0, 1, 1), looked(0)]).collect();
        events.push(grade(0, 40.0));
        events.extend((0..3).map(|_| call(1, 1, 1)));
        let found = cuts(Limit::NoProgress(2), Scope::Stage, &events);
        assert_eq!(found, [(4, Some(0)), (9, Some(1))]);
        let run = course(&events);
        let cut = Cut { from: 4, stage: Some(0), partly: false };
        let dropped: Vec<usize> =
            (0..events.len()).filter(|at| cut.drops(*at, &run.moments[*at])).collect();
        assert_eq!(dropped, [4, 5, 6]);
    }

    #[test]
    fn windows_and_gates() {
        let events =
            [call(0, 1, 100), call(0, 1, 300), grade(0, 50.0), call(1, 1, 50), grade(1, 90.0)];
        assert_eq!(cuts(Limit::Window(299), Scope::Run, &events), [(1, None)]);
        assert_eq!(cuts(Limit::Window(300), Scope::Run, &events), []);
        assert_eq!(cuts(Limit::Window(299), Scope::Stage, &events), [(1, Some(0))]);
        assert_eq!(cuts(Limit::Gate(60.0), Scope::Run, &events), [(3, None)]);
        assert_eq!(cuts(Limit::Gate(50.0), Scope::Run, &events), []);
        assert_eq!(cuts(Limit::Gate(95.0), Scope::Run, &events[3..]), [], "nothing was to come");
        assert_eq!(cuts(Limit::LastPass(50.0), Scope::Run, &events), [], "the last stage passed");
        assert_eq!(cuts(Limit::LastPass(95.0), Scope::Run, &events), [(0, None)], "none did");
        assert_eq!(cuts(Limit::LastPass(50.0), Scope::Run, &events[..4]), [(3, None)]);
        let unknown = Event { input_tokens: None, ..call(0, 1, 1) };
        let window = Scenario { limit: Limit::Window(1), scope: Scope::Run };
        assert!(window.cuts(&course(&[unknown]), &[]).is_err());
    }

    #[test]
    fn scenarios_have_names() {
        let name = |limit, scope| Scenario { limit, scope }.to_string();
        assert_eq!(name(Limit::Budget(Resource::Money, 0.5), Scope::Stage), "cost <= 0.5");
        assert_eq!(name(Limit::Loop(4), Scope::Stage), "stop loop=4 (stage)");
        assert_eq!(name(Limit::Gate(60.0), Scope::Run), "gate >= 60");
    }
}
