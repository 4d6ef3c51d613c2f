//! One run over wall time.

use super::prose::{count, name, number, percent};
use crate::analysis::timeline::{LEAST_LOOP, Lane, MarkKind, RunTimeline};
use crate::figures::{FigureError, Sheet, Svg, draw_timeline};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

impl Plotted for RunTimeline {
    fn figure(&self) -> &'static str {
        "timeline"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn part(&self) -> String {
        self.label.clone()
    }

    fn words(&self) -> Words {
        Words {
            title: format!("Timeline of {}, {}", name(&self.label), name(&self.workload)),
            caption: caption(self),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("what", Kind::Text),
            ("stage", Kind::Int),
            ("from_s", Kind::Float),
            ("to_s", Kind::Float),
            ("calls", Kind::Int),
            ("detail", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for stage in &self.stages {
            let (from, to) = (stage.from_us, stage.to_us);
            table.push(row("stage", Some(stage.stage), from, to))?;
        }
        for span in &self.spans {
            table.push(row(span.lane.name(), span.stage, span.from_us, span.to_us))?;
        }
        for mark in &self.marks {
            let mut cells = row(mark.kind.names().0, mark.stage, mark.at_us, mark.at_us);
            cells[5] = mark.what.clone().into();
            table.push(cells)?;
        }
        for stretch in &self.loops {
            let mut cells = row("loop", None, stretch.from_us, stretch.to_us);
            (cells[4], cells[5]) = (stretch.calls.into(), stretch.tool.clone().into());
            table.push(cells)?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_timeline(self, sheet)
    }
}

fn row(what: &str, stage: Option<i64>, from_us: i64, to_us: i64) -> Vec<Value> {
    vec![
        what.into(),
        stage.into(),
        seconds(from_us).into(),
        seconds(to_us).into(),
        Value::Null,
        Value::Null,
    ]
}

#[expect(clippy::cast_precision_loss, reason = "runs are far shorter than 2^53 microseconds")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

fn caption(data: &RunTimeline) -> String {
    let mut text = format!(
        "One run over wall time (n = 1 run, without intervals). Lanes: waiting for answered LLM calls; tools; grading, \
         which is what the harness reports beyond the last event of a stage; waiting, which is requests without an answer \
         and stretches with nothing on record. A bar is as high as its lane's part of that time; a moment with several \
         activities counts once, for the first of LLM, tools and failed requests. Bands: stages; marks: errors and \
         recoveries; hatched: the same tool call at least {LEAST_LOOP} times in a row."
    );
    let lost = lost(data);
    if !lost.is_empty() {
        text = format!("{text} Not in the picture: {}.", lost.join("; "));
    }
    if data.unplaced.outside > 0 {
        let outside = count(data.unplaced.outside, "call");
        text = format!("{text} {outside} outside of stages, drawn and in no sum.");
    }
    text
}

/// What is not in the picture, in words.
fn lost(data: &RunTimeline) -> Vec<String> {
    let unplaced = data.unplaced;
    let counts = [
        (unplaced.untimed, "event", "without a time"),
        (unplaced.unmeasured, "call", "without a duration"),
        (unplaced.reversed, "call", "with an end before its start"),
        (unplaced.loops, "loop", "without a time"),
    ];
    let known = counts.into_iter().filter(|(n, _, _)| *n > 0);
    let mut lost: Vec<String> =
        known.map(|(n, noun, what)| format!("{} {what}", count(n, noun))).collect();
    if unplaced.grading_s > 0.0 {
        let seconds = number(unplaced.grading_s);
        lost.push(format!("{seconds} s of grading, for which the next event leaves no room"));
    }
    lost
}

fn alt(data: &RunTimeline) -> String {
    let all: f64 = Lane::ALL.iter().map(|lane| lane.seconds(&data.time)).sum();
    let share = |lane: Lane| percent(lane.seconds(&data.time) / all.max(f64::MIN_POSITIVE));
    let shares = Lane::ALL.map(|lane| format!("{} {}", lane.name(), share(lane)));
    let longest = data.stages.iter().max_by_key(|s| s.to_us.saturating_sub(s.from_us));
    let longest = longest.map_or_else(String::new, |stage| {
        let length = seconds(stage.to_us.saturating_sub(stage.from_us));
        format!(" The longest stage is T{} with {} s.", stage.stage, number(length))
    });
    let marks = MarkKind::ALL.map(|kind| {
        let n = data.marks.iter().filter(|mark| mark.kind == kind).count();
        (n, kind.names())
    });
    let mut events: Vec<String> = marks
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, (one, many))| format!("{n} {}", if n == 1 { one } else { many }))
        .collect();
    if !data.loops.is_empty() {
        events.push(count(data.loops.len(), "loop"));
    }
    let events = if events.is_empty() { "No errors".to_owned() } else { events.join(", ") };
    format!(
        "1 run, {}, takes {} s over {}: {}.{longest} {events}.",
        name(&data.label),
        number(seconds(data.length_us)),
        count(data.stages.len(), "stage"),
        shares.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::timeline::TimelineCollector;
    use crate::report::Plate;
    use crate::trace::{Event, Kind as EventKind, RunFacts};

    fn timeline() -> RunTimeline {
        let event = |kind, offset_us, duration_ms| Event {
            stage: Some(0),
            offset_us,
            duration_ms,
            ..Event::new(kind)
        };
        let failed = event(EventKind::LlmCall, Some(60_000_000), Some(30_000.0));
        let mut collector = TimelineCollector::default();
        collector.push(&event(EventKind::LlmCall, Some(0), Some(30_000.0)));
        collector.push(&Event { error_type: Some("RateLimit".to_owned()), ..failed });
        collector.push(&event(EventKind::ToolCall, None, None));
        let run =
            RunFacts { run_id: "r/1".to_owned(), workload: "w".to_owned(), ..RunFacts::default() };
        collector.finish(&run, "model").unwrap()
    }

    #[test]
    fn words_and_rows_are_those_of_the_picture() {
        let plate = Plate::of(&timeline(), Sheet::default()).unwrap();
        assert_eq!(
            plate.words.alt,
            "1 run, model, takes 90 s over 1 stage: LLM calls 33.3 %, tools 0.0 %, failed requests 33.3 %, \
             grading 0.0 %, idle 33.3 %. The longest stage is T0 with 90 s. 1 failed request."
        );
        assert!(plate.words.caption.contains("Not in the picture: 1 event without a time."));
        assert_eq!(
            plate.csv().lines().collect::<Vec<_>>(),
            [
                "what,stage,from_s,to_s,calls,detail",
                "stage,0,0.0,90.0,,",
                "LLM calls,0,0.0,30.0,,",
                "failed requests,0,60.0,90.0,,",
                "idle,0,30.0,60.0,,",
                "failed request,0,90.0,90.0,,RateLimit",
            ]
        );
        assert_eq!(plate.stem(), "timeline_model");
    }
}
