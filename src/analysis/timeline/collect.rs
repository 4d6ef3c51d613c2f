//! A timeline out of the events of a run, in order, in one pass.
//!
//! Times are classed as in the time ledger ([`time_use`](super::super::time_use)): answered calls, tools, failed
//! requests, and what is left of a stage is idle. A test holds the sums of both together.

use super::super::TimeUse;
use super::place::{Graded, Grading, micros, seconds};
use super::run::{
    LEAST_LOOP, Lane, LoopStretch, MarkKind, RunTimeline, TimelineMark, TimelineSpan, Unplaced,
};
use crate::ledger::{Activity, Interval, TimeShares, TimeSpans};
use crate::trace::{Event, Kind, RunFacts, ToolStatus};
use std::collections::BTreeMap;

/// Collects the timeline of one run.
#[derive(Debug, Default)]
pub struct TimelineCollector {
    stages: BTreeMap<i64, StageTimes>,
    /// Calls outside of stages.
    outside: StageTimes,
    /// Starts of events outside of stages.
    others: Vec<i64>,
    marks: Vec<TimelineMark>,
    loops: Vec<LoopStretch>,
    streak: Option<Streak>,
    calls: (usize, usize),
    unplaced: Unplaced,
}

/// The timed events of a stage.
#[derive(Debug, Default)]
struct StageTimes {
    window: Option<Interval>,
    llm: Vec<Interval>,
    tool: Vec<Interval>,
    waiting: Vec<Interval>,
    elapsed_s: Option<f64>,
}

/// Equal tool calls in a row, so far.
#[derive(Debug)]
struct Streak {
    calls: i64,
    tool: String,
    extent: Option<Interval>,
}

impl TimelineCollector {
    /// Looks at the next event.
    pub fn push(&mut self, event: &Event) {
        let duration = event.duration_ms.filter(|d| d.is_finite());
        let place = event.offset_us.map(|from| {
            let length = duration.map_or(0, micros);
            (from, from.saturating_add(length))
        });
        match event.kind {
            Kind::LlmCall => self.calls.0 += 1,
            Kind::ToolCall => {
                self.calls.1 += 1;
                self.follow_streak(event, place);
            }
            _ => {}
        }
        self.take_time(event, place, duration.is_some());
        if let Some(kind) = mark_kind(event) {
            let what = event.error_type.as_ref().or(event.tool_name.as_ref());
            let what = what.cloned().unwrap_or_default();
            // An error is known when the call ends.
            self.marks.extend(place.map(|(from, to)| TimelineMark {
                kind,
                stage: event.stage,
                at_us: from.max(to),
                what,
            }));
        }
        if matches!(event.kind, Kind::StageResult | Kind::RunEnd)
            && let (Some(stage), Some(elapsed)) = (event.stage, event.elapsed_s)
            && elapsed.is_finite()
        {
            let times = self.stages.entry(stage).or_default();
            times.elapsed_s = Some(times.elapsed_s.map_or(elapsed, |e| e.max(elapsed)));
        }
    }

    /// Puts an event into the window and the lane of its stage, or counts why that cannot be done.
    fn take_time(&mut self, event: &Event, place: Option<Interval>, is_measured: bool) {
        let is_call = matches!(event.kind, Kind::LlmCall | Kind::ToolCall);
        let Some((from, to)) = place else {
            let is_drawn = is_call || matches!(event.kind, Kind::Error | Kind::Recovery);
            self.unplaced.untimed += usize::from(is_drawn);
            return;
        };
        let times = if let Some(stage) = event.stage {
            self.stages.entry(stage).or_default()
        } else {
            self.others.push(from);
            self.unplaced.outside += usize::from(is_call);
            &mut self.outside
        };
        let window = times.window.get_or_insert((from, to));
        *window = (window.0.min(from), window.1.max(to));
        if is_call {
            self.unplaced.unmeasured += usize::from(!is_measured);
            self.unplaced.reversed += usize::from(to < from);
        }
        match (event.kind, &event.error_type) {
            (Kind::LlmCall, None) => times.llm.push((from, to)),
            (Kind::LlmCall, Some(_)) => times.waiting.push((from, to)),
            (Kind::ToolCall, _) => times.tool.push((from, to)),
            _ => {}
        }
    }

    fn follow_streak(&mut self, event: &Event, place: Option<Interval>) {
        let Some(calls) = event.identical_streak else {
            self.close_streak();
            return;
        };
        if self.streak.as_ref().is_some_and(|open| open.calls.checked_add(1) != Some(calls)) {
            self.close_streak();
        }
        let tool = || event.tool_name.clone().unwrap_or_default();
        let open = self.streak.get_or_insert_with(|| Streak { calls, tool: tool(), extent: None });
        open.calls = calls;
        if let Some((from, to)) = place {
            let extent = open.extent.get_or_insert((from, from));
            *extent = (extent.0.min(from), extent.1.max(to));
        }
    }

    fn close_streak(&mut self) {
        let Some(open) = self.streak.take().filter(|open| open.calls >= LEAST_LOOP) else {
            return;
        };
        match open.extent {
            Some((from_us, to_us)) => {
                self.loops.push(LoopStretch { from_us, to_us, calls: open.calls, tool: open.tool });
            }
            None => self.unplaced.loops += 1,
        }
    }

    /// The timeline; `None` without two moments to draw between.
    pub fn finish(mut self, run: &RunFacts, label: &str) -> Option<RunTimeline> {
        self.close_streak();
        let mut time =
            TimeUse { llm_s: 0.0, tool_s: 0.0, waiting_s: 0.0, grading_s: 0.0, idle_s: 0.0 };
        let mut spans = Vec::new();
        let mut graded = Vec::new();
        for (&stage, times) in &self.stages {
            let Some(window) = times.window else { continue };
            let activity = times.activity();
            let shares = TimeShares::of(window, activity);
            time.llm_s += seconds(shares.llm_us);
            time.tool_s += seconds(shares.tool_us);
            time.waiting_s += seconds(shares.waiting_us);
            time.idle_s += seconds(shares.idle_us);
            add_spans(&mut spans, &TimeSpans::of(window, activity), Some(stage));
            graded.push(Graded { stage, window, elapsed_s: times.elapsed_s });
        }
        if let Some(window) = self.outside.window {
            // Between calls outside of stages there may be days: that is no idleness of the run.
            let outside = TimeSpans::of(window, self.outside.activity());
            add_spans(&mut spans, &TimeSpans { idle: Vec::new(), ..outside }, None);
        }
        let grading = Grading::of(&graded, &self.others);
        time.grading_s = grading.total_s;
        self.unplaced.grading_s = grading.unplaced_s;
        spans.extend(grading.spans);
        spans.sort_by_key(|s| (s.lane, s.stage, s.from_us));
        self.marks.sort_by_key(|m| (m.at_us, m.kind));
        let timeline = RunTimeline {
            workload: run.workload.clone(),
            run_id: run.run_id.clone(),
            label: label.to_owned(),
            length_us: 0,
            stages: grading.stages,
            spans,
            marks: self.marks,
            loops: self.loops,
            calls: self.calls,
            time,
            unplaced: self.unplaced,
        };
        from_its_start(timeline)
    }
}

impl StageTimes {
    fn activity(&self) -> Activity<'_> {
        Activity { llm: &self.llm, tool: &self.tool, waiting: &self.waiting, grading: None }
    }
}

fn mark_kind(event: &Event) -> Option<MarkKind> {
    let is_bad =
        |status| matches!(status, ToolStatus::Error | ToolStatus::Timeout | ToolStatus::Denied);
    match event.kind {
        Kind::LlmCall if event.error_type.is_some() => Some(MarkKind::FailedRequest),
        Kind::ToolCall if event.tool_status.is_some_and(is_bad) => Some(MarkKind::ToolError),
        Kind::Error => Some(MarkKind::Error),
        Kind::Recovery => Some(MarkKind::Recovery),
        _ => None,
    }
}

fn add_spans(spans: &mut Vec<TimelineSpan>, found: &TimeSpans, stage: Option<i64>) {
    let lanes = [
        (Lane::Llm, &found.llm),
        (Lane::Tool, &found.tool),
        (Lane::Failed, &found.waiting),
        (Lane::Idle, &found.idle),
    ];
    for (lane, list) in lanes {
        spans.extend(list.iter().map(|&(from_us, to_us)| TimelineSpan {
            lane,
            stage,
            from_us,
            to_us,
        }));
    }
}

/// The same with places since the first thing on it; `None` when nothing is on it, or all of it at one moment.
fn from_its_start(mut timeline: RunTimeline) -> Option<RunTimeline> {
    let stages = timeline.stages.iter().map(|s| (s.from_us, s.to_us));
    let spans = timeline.spans.iter().map(|s| (s.from_us, s.to_us));
    let marks = timeline.marks.iter().map(|m| (m.at_us, m.at_us));
    let loops = timeline.loops.iter().map(|l| (l.from_us, l.to_us));
    let places = stages.chain(spans).chain(marks).chain(loops);
    let ends = places.fold(None, |ends: Option<Interval>, (from, to)| {
        Some(ends.map_or((from, to), |e| (e.0.min(from), e.1.max(to))))
    });
    let (start, end) = ends?;
    let since = |place: &mut i64| *place = place.saturating_sub(start);
    for stage in &mut timeline.stages {
        since(&mut stage.from_us);
        since(&mut stage.to_us);
    }
    for span in &mut timeline.spans {
        since(&mut span.from_us);
        since(&mut span.to_us);
    }
    for stretch in &mut timeline.loops {
        since(&mut stretch.from_us);
        since(&mut stretch.to_us);
    }
    for mark in &mut timeline.marks {
        since(&mut mark.at_us);
    }
    timeline.length_us = end.saturating_sub(start);
    (timeline.length_us > 0).then_some(timeline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(
        kind: Kind,
        stage: Option<i64>,
        at_ms: Option<i64>,
        duration_ms: Option<f64>,
    ) -> Event {
        let offset_us = at_ms.map(|ms| ms * 1000);
        Event { stage, offset_us, duration_ms, ..Event::new(kind) }
    }

    fn call(at_ms: i64, duration_ms: f64) -> Event {
        event(Kind::LlmCall, Some(0), Some(at_ms), Some(duration_ms))
    }

    fn tool(at_ms: Option<i64>, streak: i64) -> Event {
        let name = Some("shell".to_owned());
        let event = event(Kind::ToolCall, Some(0), at_ms, Some(100.0));
        Event { identical_streak: Some(streak), tool_name: name, ..event }
    }

    fn collected(events: &[Event]) -> Option<RunTimeline> {
        let mut collector = TimelineCollector::default();
        for event in events {
            collector.push(event);
        }
        collector.finish(&RunFacts::default(), "a")
    }

    fn spans(timeline: &RunTimeline, lane: Lane) -> Vec<(i64, i64)> {
        let own = timeline.spans.iter().filter(|span| span.lane == lane);
        own.map(|span| (span.from_us / 1000, span.to_us / 1000)).collect()
    }

    /// Oracle: by hand, in milliseconds from 1000 on.
    #[test]
    fn lanes_are_disjoint_and_start_with_the_first_stage() {
        let failed = Event { error_type: Some("RateLimit".to_owned()), ..call(2500, 500.0) };
        let graded =
            Event { elapsed_s: Some(2.75), ..event(Kind::StageResult, Some(0), None, None) };
        let found = collected(&[
            event(Kind::RunStart, None, Some(0), None),
            event(Kind::StageStart, Some(0), Some(1000), None),
            call(1200, 600.0),
            tool(Some(1700), 1),
            failed,
            graded,
            event(Kind::RunEnd, None, Some(9000), None),
        ])
        .unwrap();
        assert_eq!(spans(&found, Lane::Llm), [(200, 800)]);
        assert_eq!(spans(&found, Lane::Tool), [], "the model answered all the while");
        assert_eq!(spans(&found, Lane::Failed), [(1500, 2000)]);
        assert_eq!(spans(&found, Lane::Idle), [(0, 200), (800, 1500)]);
        assert_eq!(spans(&found, Lane::Grading), [(2000, 2750)]);
        assert_eq!((found.length_us, found.calls), (2_750_000, (2, 1)));
        let mark = &found.marks[0];
        assert_eq!((mark.kind, mark.at_us), (MarkKind::FailedRequest, 2_000_000));
        assert!((found.time.grading_s - 0.75).abs() < 1e-9);
        assert!((found.placed_s(Lane::Idle) - 0.9).abs() < 1e-9);
    }

    #[test]
    fn what_has_no_time_is_counted_and_nowhere() {
        let found = collected(&[
            call(1000, 500.0),
            event(Kind::LlmCall, Some(1), None, Some(90.0)),
            event(Kind::Recovery, Some(1), None, None),
            event(Kind::Message, Some(1), None, None),
            event(Kind::ToolCall, Some(0), Some(1600), None),
            call(1700, -200.0),
            call(1800, f64::NAN),
        ])
        .unwrap();
        let lost = found.unplaced;
        assert_eq!((lost.untimed, lost.unmeasured, lost.reversed), (2, 2, 1));
        assert_eq!(found.stages.len(), 1, "a stage without times has no place");
        assert!(found.marks.is_empty());
        assert_eq!(spans(&found, Lane::Llm), [(0, 500)]);
    }

    #[test]
    fn a_run_without_times_has_no_timeline() {
        assert_eq!(collected(&[]), None);
        assert_eq!(collected(&[event(Kind::LlmCall, Some(0), None, Some(5.0))]), None);
        assert_eq!(collected(&[event(Kind::RunEnd, None, Some(5), None)]), None);
        let moment = [event(Kind::StageStart, Some(0), Some(5), None)];
        assert_eq!(collected(&moment), None, "one moment is no stretch");
    }

    #[test]
    fn loops_reach_from_the_first_equal_call_to_the_last() {
        let streak = |from: i64, until: i64| {
            (1..=until).map(move |n| tool(Some(from + 1000 * n), n)).collect::<Vec<_>>()
        };
        let events = [streak(0, 4), streak(10_000, 2), streak(20_000, 3)].concat();
        let found = collected(&events).unwrap();
        let loops: Vec<(i64, i64, i64)> =
            found.loops.iter().map(|l| (l.from_us / 1000, l.to_us / 1000, l.calls)).collect();
        assert_eq!(loops, [(0, 3100, 4), (20_000, 22_100, 3)]);
        assert_eq!(found.loops[0].tool, "shell");
        let untimed: Vec<Event> = (1..=3).map(|n| tool(None, n)).collect();
        let found = collected(&[untimed, vec![call(0, 5.0)]].concat()).unwrap();
        assert_eq!((found.loops.len(), found.unplaced.loops), (0, 1));
        let unknown = Event { identical_streak: None, ..tool(Some(9000), 1) };
        let broken = [streak(0, 2), vec![unknown], vec![tool(Some(9500), 3)]].concat();
        assert_eq!(collected(&broken).unwrap().loops.len(), 1, "a streak that began unseen");
    }

    #[test]
    fn calls_outside_of_stages_are_drawn_and_in_no_sum() {
        let outside = event(Kind::LlmCall, None, Some(3000), Some(400.0));
        let later = event(Kind::ToolCall, None, Some(9000), Some(400.0));
        let found = collected(&[call(1000, 500.0), outside.clone(), later]).unwrap();
        assert_eq!(spans(&found, Lane::Llm), [(2000, 2400), (0, 500)]);
        assert_eq!(spans(&found, Lane::Idle), []);
        assert_eq!(found.unplaced.outside, 2);
        assert!((found.time.llm_s - 0.5).abs() < 1e-9 && found.time.tool_s.abs() < 1e-9);
        assert!((found.placed_s(Lane::Llm) - 0.5).abs() < 1e-9);
        assert!(collected(&[outside]).unwrap().stages.is_empty());
    }

    proptest! {
        #[test]
        fn every_place_is_within_the_run(rows in prop::collection::vec((0_usize..5, 0_i64..3, any::<i64>(), any::<f64>(), any::<bool>()), 1..12)) {
            let kinds = [Kind::LlmCall, Kind::ToolCall, Kind::Error, Kind::StageResult, Kind::RunEnd];
            let events: Vec<Event> = rows
                .into_iter()
                .map(|(kind, stage, offset, number, is_bad)| Event {
                    stage: (stage < 2).then_some(stage),
                    offset_us: (kind != 3).then_some(offset),
                    duration_ms: Some(number),
                    elapsed_s: Some(number.abs()),
                    identical_streak: Some(offset),
                    error_type: is_bad.then(|| "E".to_owned()),
                    ..Event::new(kinds[kind])
                })
                .collect();
            if let Some(found) = collected(&events) {
                let inside = |from: i64, to: i64| 0 <= from && from <= to && to <= found.length_us;
                prop_assert!(found.stages.iter().all(|s| inside(s.from_us, s.to_us)));
                prop_assert!(found.spans.iter().all(|s| inside(s.from_us, s.to_us)));
                prop_assert!(found.marks.iter().all(|m| inside(m.at_us, m.at_us)));
                prop_assert!(found.loops.iter().all(|l| inside(l.from_us, l.to_us)));
            }
        }
    }
}
