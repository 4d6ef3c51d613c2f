//! What the recorder adds to an event before it is kept: its number, what it has in common with the call before it, and
//! masks over secrets.
//!
//! Secrets are masked first. The hash of a tool call's arguments is thus one of what the trace shows, and tells nothing
//! of what it does not show.

use crate::trace::{Event, Kind, Streak, arguments_hash};
use serde_json::{Map, Value, json};

/// Most bytes of an event as JSON; longer texts are cut.
pub(super) const MAX_LINE: usize = 32 << 20;
/// What is left of each text of an event that is too long: escaped, three of them fit.
const CUT_TEXT: usize = 1 << 20;
/// `error_type` of the event that stands for lost ones.
const EVENTS_LOST: &str = "events_lost";

/// Stamps the events of a run, in order.
pub(super) struct Stamp {
    mask: Box<dyn Fn(&mut Event) + Send>,
    streak: Streak,
    stage: Option<i64>,
    next_seq: i64,
}

impl Stamp {
    pub(super) fn new(mask: Box<dyn Fn(&mut Event) + Send>) -> Self {
        Self { mask, streak: Streak::default(), stage: None, next_seq: 0 }
    }

    /// Appends the line of an event; false when it is too long to be kept in any form.
    pub(super) fn line(&mut self, mut event: Event, lines: &mut Vec<u8>) -> bool {
        (self.mask)(&mut event);
        if event.kind == Kind::ToolCall {
            self.compare(&mut event);
        }
        event.seq = self.next_seq;
        let kept = append(&event, lines) || {
            cut(&mut event);
            append(&event, lines)
        };
        if kept {
            self.next_seq += 1;
        }
        kept
    }

    /// Appends the line that stands for lost events.
    pub(super) fn gap(&mut self, lost: u64, lines: &mut Vec<u8>) {
        self.line(events_lost(lost), lines);
    }

    /// Compares a tool call with the one before it in its stage. Arguments that are not known are like no others.
    fn compare(&mut self, event: &mut Event) {
        if self.stage != event.stage {
            self.streak.reset();
            self.stage = event.stage;
        }
        let hash = event.arguments_hash.or_else(|| event.arguments.as_deref().map(arguments_hash));
        event.arguments_hash = hash;
        match hash {
            Some(hash) => {
                let tool = event.tool_name.as_deref().unwrap_or_default();
                event.identical_streak = Some(self.streak.count(tool, hash));
            }
            None => self.streak.reset(),
        }
    }
}

/// The event that stands for so many lost ones.
pub(super) fn events_lost(lost: u64) -> Event {
    let mut event = Event::new(Kind::Error);
    event.error_type = Some(EVENTS_LOST.to_owned());
    event.content = Some(format!("events that could not be kept and are missing here: {lost}"));
    event.attributes = Some(json!({ EVENTS_LOST: lost }).to_string());
    event
}

/// Appends an event as a line, unless that is too long.
fn append(event: &Event, lines: &mut Vec<u8>) -> bool {
    let before = lines.len();
    // Text cannot be longer as JSON than this; most events need no second look.
    let written = event.text_bytes() <= MAX_LINE
        && serde_json::to_writer(&mut *lines, event).is_ok()
        && lines.len() - before < MAX_LINE;
    if written {
        lines.push(b'\n');
    } else {
        lines.truncate(before);
    }
    written
}

/// Cuts the long texts of an event, and says so in its attributes.
fn cut(event: &mut Event) {
    let mut lengths = Map::new();
    for (name, text) in [("content", &mut event.content), ("arguments", &mut event.arguments)] {
        if let Some(text) = text.as_mut().filter(|t| t.len() > CUT_TEXT) {
            lengths.insert(name.to_owned(), Value::from(text.len()));
            text.truncate(text.floor_char_boundary(CUT_TEXT));
        }
    }
    let mut rest = Map::new();
    if let Some(text) = event.attributes.take() {
        match serde_json::from_str(&text) {
            // Half an object would not be JSON any more.
            Ok(Value::Object(map)) if text.len() <= CUT_TEXT => rest = map,
            _ => {
                lengths.insert("attributes".to_owned(), Value::from(text.len()));
            }
        }
    }
    rest.insert("bytes_before_cut".to_owned(), Value::Object(lengths));
    event.attributes = Some(Value::Object(rest).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(events: Vec<Event>) -> Vec<Event> {
        let mut stamp = Stamp::new(Box::new(|event| {
            let masked = event.arguments.as_ref().map(|a| a.replace("secret", "***"));
            event.arguments = masked;
        }));
        let mut lines = Vec::new();
        for event in events {
            assert!(stamp.line(event, &mut lines));
        }
        let text = String::from_utf8(lines).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn call(stage: i64, arguments: Option<&str>) -> Event {
        let mut event = Event::new(Kind::ToolCall);
        event.stage = Some(stage);
        event.tool_name = Some("bash".to_owned());
        event.arguments = arguments.map(str::to_owned);
        event
    }

    #[test]
    fn equal_calls_are_counted_as_importers_count_them() {
        let ls = || Some(r#"{"command":"ls"}"#);
        let events = stamped(vec![
            call(0, ls()),
            call(0, Some(r#"{"command": "ls", "summary": "look"}"#)),
            Event::new(Kind::LlmCall),
            call(0, ls()),
            call(0, None),
            call(0, ls()),
            call(1, ls()),
        ]);
        let streaks: Vec<Option<i64>> = events.iter().map(|e| e.identical_streak).collect();
        assert_eq!(streaks, [Some(1), Some(2), None, Some(3), None, Some(1), Some(1)]);
        assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(events[0].arguments_hash, Some(arguments_hash(r#"{"command":"ls"}"#)));
    }

    #[test]
    fn the_hash_is_one_of_the_masked_arguments() {
        let events = stamped(vec![call(0, Some("say secret"))]);
        assert_eq!(events[0].arguments.as_deref(), Some("say ***"));
        assert_eq!(events[0].arguments_hash, Some(arguments_hash("say ***")));
    }

    #[test]
    fn an_event_that_is_too_long_is_cut_and_says_so() {
        let mut event = Event::new(Kind::ToolCall);
        let long = "\u{e9}".repeat(MAX_LINE / 2);
        event.content = Some(long.clone());
        event.arguments = Some("short".to_owned());
        event.attributes = Some(r#"{"kept":1}"#.to_owned());
        let events = stamped(vec![event]);
        let content = events[0].content.as_ref().unwrap();
        assert!(content.len() == CUT_TEXT && long.starts_with(content));
        assert_eq!(events[0].arguments.as_deref(), Some("short"));
        let expected = format!(r#"{{"kept":1,"bytes_before_cut":{{"content":{}}}}}"#, long.len());
        assert_eq!(events[0].attributes.as_deref(), Some(expected.as_str()));
    }

    #[test]
    fn an_event_that_cannot_be_cut_is_not_kept() {
        let mut stamp = Stamp::new(Box::new(|_| {}));
        let mut event = Event::new(Kind::ToolCall);
        event.tool_name = Some("x".repeat(MAX_LINE + 1));
        let mut lines = Vec::new();
        assert!(!stamp.line(event, &mut lines) && lines.is_empty());
        stamp.gap(1, &mut lines);
        let gap: Event = serde_json::from_slice(&lines).unwrap();
        assert_eq!((gap.seq, gap.kind), (0, Kind::Error));
        assert_eq!(gap.attributes.as_deref(), Some(r#"{"events_lost":1}"#));
    }
}
