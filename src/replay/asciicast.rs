//! A run as a terminal recording: asciicast v2, one JSON line of facts and then one line per output.
//!
//! Format: <https://docs.asciinema.org/manual/asciicast/v2/>. Each event appears when it ended, as in the player; time is
//! divided by the speed, and nobody waits longer than [`IDLE`] for the next event. Stages are markers to jump to.

use super::filter::Filter;
use super::plain::block;
use super::recording::Recording;
use super::words::wrap;
use crate::trace::{Kind, TraceError, visible};
use serde_json::json;
use std::io::Write;

/// Longest time without anything new, in seconds.
const IDLE: f64 = 2.0;
/// Columns and rows of the terminal.
const SIZE: (usize, usize) = (100, 30);
/// Lines of a text that are shown.
const LONGEST: usize = 20;

/// What a terminal recording shows.
#[derive(Debug, Clone)]
pub struct Cast {
    /// How many times faster than it was; infinite for no waiting at all.
    pub speed: f64,
    /// Which events.
    pub filter: Filter,
    /// The first event.
    pub from: usize,
}

/// Writes the recording of a run.
pub fn write_asciicast(
    run: &Recording,
    cast: &Cast,
    out: &mut dyn Write,
) -> Result<std::io::Result<()>, TraceError> {
    let places = cast.from..run.moments().len();
    let mut events = run.stream(places.clone())?;
    let mut now = 0.0_f64;
    let mut before = run.moments()[cast.from].at_us;
    let mut stage = None;
    if let Err(error) = writeln!(out, "{}", header(run)) {
        return Ok(Err(error));
    }
    for place in places {
        let Some(item) = events.next() else { break };
        let event = item?.1;
        let moment = &run.moments()[place];
        if !cast.filter.wants(moment) {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a run are exact")]
        let passed = (moment.at_us.saturating_sub(before)) as f64 / 1e6 / cast.speed;
        now += passed.min(IDLE);
        before = moment.at_us;
        let mut lines = Vec::new();
        if event.kind == Kind::StageStart
            && (event.stage, event.attempt) != stage.unwrap_or_default()
        {
            stage = Some((event.stage, event.attempt));
            let name = event.stage.map_or_else(|| "stage".to_owned(), |n| format!("stage {n}"));
            lines.push(json!([seconds(now), "m", name]).to_string());
        }
        let mut text = String::new();
        for (ink, line) in block(&event, moment, LONGEST) {
            for piece in wrap(&line, SIZE.0) {
                text.push_str(&ink.paint(&piece));
                // A terminal needs both to begin a line.
                text.push_str("\r\n");
            }
        }
        lines.push(json!([seconds(now), "o", text]).to_string());
        for line in lines {
            if let Err(error) = writeln!(out, "{line}") {
                return Ok(Err(error));
            }
        }
    }
    Ok(Ok(()))
}

fn header(run: &Recording) -> serde_json::Value {
    let facts = run.facts();
    let title = format!("{} ({})", visible(&facts.run_id), visible(&facts.model));
    let mut header = json!({"version": 2, "width": SIZE.0, "height": SIZE.1});
    if let Some(us) = run.started_us() {
        header["timestamp"] = us.div_euclid(1_000_000).into();
    }
    header["idle_time_limit"] = IDLE.into();
    header["title"] = title.into();
    header["env"] = json!({"TERM": "xterm-256color"});
    header
}

/// Seconds with microseconds, as the format has them.
fn seconds(now: f64) -> f64 {
    (now * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{said, trace, two_stages};
    use super::super::ink::Ink;
    use super::*;
    use crate::trace::Event;
    use serde_json::Value;

    fn lines(events: Vec<Event>, speed: f64) -> Vec<Value> {
        let trace = trace(events);
        let mut out = Vec::new();
        let cast = Cast { speed, filter: Filter::default(), from: 0 };
        write_asciicast(&trace.open(), &cast, &mut out).unwrap().unwrap();
        String::from_utf8(out).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    #[test]
    fn it_is_a_header_and_outputs_in_the_order_of_time() {
        let lines = lines(two_stages(), 2.0);
        assert_eq!((&lines[0]["version"], &lines[0]["width"]), (&json!(2), &json!(100)));
        let times: Vec<f64> = lines[1..].iter().map(|l| l[0].as_f64().unwrap()).collect();
        assert!(times.is_sorted(), "{times:?}");
        // 16 seconds at twice the speed.
        assert_eq!((times[0], *times.last().unwrap()), (0.0, 8.0));
        let kinds = |kind: &str| lines[1..].iter().filter(|l| l[1] == kind).count();
        assert_eq!((kinds("o"), kinds("m")), (17, 2));
        assert!(
            lines[1..].iter().all(|l| !l[2].as_str().unwrap().replace("\r\n", "").contains('\n'))
        );
    }

    #[test]
    fn nobody_waits_long_and_only_inks_act() {
        let mut late = said(Kind::Message, "user", "\x1b[2J\x1b]0;x\x07 late");
        late.offset_us = Some(3_600_000_000);
        let lines = lines(vec![Event::new(Kind::RunStart), late], 1.0);
        assert_eq!(lines[2][0], json!(IDLE));
        let mut text = lines[2][2].as_str().unwrap().to_owned();
        assert!(text.contains(r"\x1b[2J\x1b]0;x\x07 late"), "{text}");
        for ink in [Ink::Prompt.begin(), Ink::END, "\r\n"] {
            text = text.replace(ink, "");
        }
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}
