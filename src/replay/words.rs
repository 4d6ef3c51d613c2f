//! What an event says, in words that cannot act on a terminal.
//!
//! A text of a trace may hold anything: escapes that clear the screen, marks that turn reading order around. Every line that
//! leaves this file has such characters as visible escapes; tabs are spaces, and line breaks are lines.

use super::ink::Ink;
use crate::trace::{Event, Kind, visible};
use serde_json::Value;
use std::borrow::Cow;
use unicode_width::UnicodeWidthChar;

/// Columns to the next tab stop.
const TAB: usize = 4;

/// A text of an event under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) name: &'static str,
    pub(super) ink: Ink,
    pub(super) text: Cow<'a, str>,
}

/// What kind of thing an event is, for its colour.
pub(super) fn ink(event: &Event, failed: bool) -> Ink {
    match event.kind {
        _ if failed => Ink::Bad,
        Kind::Message | Kind::StageStart => Ink::Prompt,
        Kind::LlmCall => Ink::Reply,
        Kind::ToolCall => Ink::Tool,
        Kind::StageResult | Kind::AttemptResult if event.passed == Some(true) => Ink::Good,
        Kind::Recovery => Ink::Good,
        _ => Ink::Plain,
    }
}

/// The texts of an event, in reading order.
pub(super) fn parts(event: &Event) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut add = |name, ink, text: Option<Cow<'_, str>>| {
        if let Some(text) = text.filter(|t| !t.trim().is_empty()) {
            parts.push(Part { name, ink, text: Cow::Owned(text.into_owned()) });
        }
    };
    let content = event.content.as_deref().map(Cow::Borrowed);
    match event.kind {
        Kind::ToolCall => {
            add("arguments", Ink::Tool, event.arguments.as_deref().map(arguments));
            add("result", Ink::Plain, content);
        }
        Kind::LlmCall => add("reply", Ink::Reply, content),
        Kind::Message | Kind::StageStart => add("prompt", Ink::Prompt, content),
        Kind::AttemptResult | Kind::StageResult => add("grader", Ink::Plain, content),
        Kind::Error => add("error", Ink::Bad, content),
        _ => add("text", Ink::Plain, content),
    }
    parts
}

/// What harnesses add to the arguments of every call.
const NOTES: &[&str] = &["summary", "security_risk"];

/// Arguments as a person would write them: a command as it was typed, the rest as `name: value` lines.
fn arguments(text: &str) -> Cow<'_, str> {
    let Ok(Value::Object(map)) = serde_json::from_str(text) else { return Cow::Borrowed(text) };
    let lone = map.keys().filter(|name| !NOTES.contains(&name.as_str())).count() == 1;
    let lines = map.iter().filter(|(name, _)| lone_or_all(lone, name)).map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if lone && matches!(name.as_str(), "command" | "cmd") {
            return value;
        }
        let gap = if value.contains('\n') { "\n" } else { " " };
        format!("{name}:{gap}{value}")
    });
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// Arguments on one line: the short ones by name, since a path says more than the begin of a file, and of a command its begin.
fn brief(text: &str) -> String {
    let Ok(Value::Object(map)) = serde_json::from_str(text) else { return first_line(text) };
    let wanted: Vec<(&String, &Value)> =
        map.iter().filter(|(name, _)| !NOTES.contains(&name.as_str())).collect();
    if let [(_, Value::String(only))] = wanted.as_slice() {
        return first_line(only);
    }
    let short = |(name, value): (&String, &Value)| {
        let is_command = matches!(name.as_str(), "command" | "cmd");
        let shown = match value {
            Value::String(text) if is_command => return Some(first_line(text)),
            Value::String(text) if text.contains('\n') => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (shown.chars().count() <= 120).then(|| format!("{name}: {shown}"))
    };
    let shown: Vec<String> = wanted.into_iter().filter_map(short).collect();
    if shown.is_empty() { first_line(&arguments(text)) } else { shown.join(", ") }
}

/// Beside a lone argument, what the harness adds is not worth a line.
fn lone_or_all(lone: bool, name: &str) -> bool {
    !lone || !NOTES.contains(&name)
}

/// Whether one of the texts of an event has these words in them. The words are in lower case, those of the event in any.
pub fn mentions(event: &Event, needle: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(needle);
    parts(event).iter().any(|part| has(&part.text)) || has(&headline(event))
}

/// What happened, on one line.
pub(super) fn headline(event: &Event) -> String {
    let first = |text: Option<&str>| text.map(first_line).unwrap_or_default();
    let content = event.content.as_deref();
    let line = match event.kind {
        Kind::RunStart => "the run begins".to_owned(),
        Kind::StageStart => format!("begins: {}", first(content)),
        Kind::Message => format!("{}: {}", event.role.as_deref().unwrap_or("?"), first(content)),
        Kind::LlmCall => match &event.error_type {
            Some(error) => format!("no answer: {error} {}", first(content)),
            None if content.is_none_or(|text| text.trim().is_empty()) => {
                format!("[{}]", event.finish_reason.as_deref().unwrap_or("no text"))
            }
            None => first(content),
        },
        Kind::ToolCall => {
            let typed = event.arguments.as_deref().map(brief).unwrap_or_default();
            format!("{} {typed}", event.tool_name.as_deref().unwrap_or("?"))
        }
        Kind::Error => {
            format!("{} {}", event.error_type.as_deref().unwrap_or("error"), first(content))
        }
        Kind::Recovery => format!("golden artifacts in place {}", first(content)),
        Kind::AttemptResult | Kind::StageResult => String::new(),
        Kind::RunEnd => "the run ends".to_owned(),
    };
    visible(line.trim())
}

/// The first line with anything on it, and a mark when there is more.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first: String = lines.next().unwrap_or_default().chars().take(500).collect();
    if lines.next().is_some() { format!("{first} …") } else { first }
}

/// How it ended, in a few words: exit code, grade, tokens and cost.
pub(super) fn outcome(event: &Event) -> String {
    let mut words: Vec<String> = Vec::new();
    match event.kind {
        Kind::ToolCall => {
            words.extend(event.tool_status.map(|s| s.as_str().to_owned()).filter(|s| s != "ok"));
            words.extend(event.exit_code.map(|code| format!("exit {code}")));
            words.extend(
                event.identical_streak.filter(|n| *n > 1).map(|n| format!("{n} times in a row")),
            );
        }
        Kind::LlmCall => {
            words.extend(event.input_tokens.map(|n| format!("in {}", grouped(n))));
            let cached = event.cache_read_tokens.filter(|n| *n > 0);
            words.extend(cached.map(|n| format!("cached {}", grouped(n))));
            words.extend(event.output_tokens.map(|n| format!("out {}", grouped(n))));
            words.extend(event.cost_usd.map(|cost| format!("${cost}")));
        }
        Kind::AttemptResult | Kind::StageResult => {
            words
                .push(event.score.map_or("no score".to_owned(), |s| format!("score {}", score(s))));
            words.extend(event.stage_status.map(|s| s.as_str().to_owned()));
            if let (Some(passed), Some(total)) = (event.tests_passed, event.tests_total) {
                words.push(format!("{passed} of {total} tests"));
            }
            words.extend(event.end_reason.map(|r| format!("ended by {r}")));
        }
        Kind::RunEnd => words.extend(event.end_reason.map(|r| format!("ended by {r}"))),
        _ => {}
    }
    let took = event.duration_ms.filter(|ms| ms.is_finite() && *ms >= 0.0);
    words.extend(
        took.map(|ms| if ms < 1e3 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1e3) }),
    );
    visible(&words.join(", "))
}

/// A grade with one digit after the point, when it needs one.
pub(super) fn score(score: f64) -> String {
    let text = format!("{score:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A number with its thousands apart.
pub(super) fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::new();
    if n < 0 {
        out.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Hours, minutes, seconds and tenths.
pub fn clock(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let tenths = us.unsigned_abs() / 100_000;
    let (seconds, tenth) = (tenths / 10, tenths % 10);
    format!("{sign}{}:{:02}:{:02}.{tenth}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The harmless lines of a text.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.trim_end_matches(['\n', '\r']).split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if !line.contains('\t') {
            return visible(line);
        }
        let mut out = String::with_capacity(line.len() + TAB);
        let mut column = 0;
        for c in line.chars() {
            if c == '\t' {
                let gap = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', gap));
                column += gap;
            } else {
                out.push(c);
                column += width(c);
            }
        }
        visible(&out)
    })
}

/// Columns of a character.
fn width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Columns of a harmless text.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// The part of a harmless text that fits, marked where it was cut.
pub(super) fn clip(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |c: &char| {
        used += width(*c);
        used < room
    };
    let mut out: String = text.chars().take_while(fits).collect();
    if room > 0 {
        out.push('…');
    }
    out
}

/// A harmless line broken into pieces that fit, between words where it can be.
pub(super) fn wrap(line: &str, room: usize) -> Vec<String> {
    let room = room.max(2);
    let mut pieces = Vec::new();
    let (mut piece, mut used) = (String::new(), 0);
    for c in line.chars() {
        let wide = width(c);
        while used + wide > room && !piece.is_empty() {
            // A space stays with the word before it, so that no piece begins with one.
            let end = piece.rfind(' ').map_or(piece.len(), |space| space + 1);
            let rest = piece.split_off(end);
            pieces.push(std::mem::replace(&mut piece, rest));
            used = columns(&piece);
        }
        used += wide;
        piece.push(c);
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{said, tool};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_is_shown_and_does_not_act() {
        let event = said(Kind::Message, "us\x1b[2Jer", "\x1b]0;owned\x07\rhello\u{202e}\n\tb\r\n");
        assert_eq!(headline(&event), r"us\x1b[2Jer: \x1b]0;owned\x07\rhello\u{202e} …");
        let shown: Vec<String> = lines(event.content.as_deref().unwrap()).collect();
        assert_eq!(shown, [r"\x1b]0;owned\x07\rhello\u{202e}", "    b"]);
        let event = tool("a\x1bb", "{\"command\":\"\\u001b[31m\"}", 0);
        assert_eq!(headline(&event), r"a\x1bb \x1b[31m");
    }

    #[test]
    fn arguments_read_as_they_were_typed() {
        assert_eq!(arguments(r#"{"command":"ls\npwd"}"#), "ls\npwd");
        assert_eq!(arguments(r#"{"path":"a","text":"x\ny","n":2}"#), "path: a\ntext:\nx\ny\nn: 2");
        assert_eq!(arguments(r#"{"command":"ls","security_risk":"LOW"}"#), "ls");
        assert_eq!(arguments("not json"), "not json");
        assert_eq!(headline(&tool("bash", r#"{"command":"\nls\npwd"}"#, 0)), "bash ls …");
        let edit =
            tool("edit", "{\"path\":\"a.rs\",\"text\":\"x\\ny\",\"line\":2,\"summary\":\"s\"}", 0);
        assert_eq!(headline(&edit), "edit path: a.rs, line: 2");
        let run = tool("sh", r#"{"command":"make\ntest","timeout":60}"#, 0);
        assert_eq!(headline(&run), "sh make …, timeout: 60");
        assert_eq!(headline(&tool("think", r#"{"thought":"so\nso"}"#, 0)), "think so …");
        let mut call = Event::new(Kind::LlmCall);
        call.finish_reason = Some("tool_calls".to_owned());
        assert_eq!(headline(&call), "[tool_calls]");
    }

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(-999), "-999");
        assert_eq!(clock(3_723_450_000), "1:02:03.4");
        assert_eq!(score(33.333), "33.3");
        assert_eq!(score(100.0), "100");
    }

    #[test]
    fn lines_fit_their_room_whatever_they_hold() {
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip("模型模型", 5), "模型…");
        assert_eq!(clip("abc", 0), "");
        assert_eq!(wrap("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrap("one two three", 9), ["one two ", "three"]);
        assert_eq!(wrap("", 9), [""]);
        assert_eq!(wrap("模型a", 3), ["模", "型a"]);
    }

    proptest! {
        #[test]
        fn pieces_fit_and_lose_nothing(text in any::<String>(), room in 2_usize..20) {
            for line in lines(&text) {
                prop_assert!(line.chars().all(|c| !c.is_control()));
                let pieces = wrap(&line, room);
                prop_assert_eq!(pieces.concat(), line.clone());
                prop_assert!(pieces.iter().all(|p| columns(p) <= room));
                prop_assert!(columns(&clip(&line, room)) <= room);
            }
        }
    }
}
