//! The rows of the screen: how far the run has come, what happened, and the text of the event one is at.
//!
//! ```text
//! run, model, agent                       playing x10
//! stages  T0 100  T1 40 failed  T2 ...
//! 0:01:02.3 of 0:10:00.0  event 12 of 120  tokens, context, money
//! ----- events -------------------------------------
//! ----- the event ----------------------------------
//! keys
//! ```
//!
//! Only events that are on the screen are read. No row is wider than the screen, and no character in it acts on it.

use super::ink::Ink;
use super::moment::Moment;
use super::plain::used;
use super::player::Player;
use super::recording::Recording;
use super::words::{self, clip, clock, columns, grouped};
use crate::trace::{Event, Kind, TraceError, visible};

/// A piece of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// How it is shown.
    pub ink: Ink,
    /// Its harmless text.
    pub text: String,
}

/// A row of the screen.
pub type Row = Vec<Span>;

/// Rows around the events and the text: title, stages, totals, two rules, keys.
const FRAME: usize = 6;
/// Lines of a text that can be scrolled through.
const LONGEST: usize = 20_000;
const KEYS: &str = "space play  j k step  + - speed  s stage  e error  g G ends  / search  n N hits  f filter  q quit";

/// Draws the screen. There are never more rows than `height`.
pub fn draw(
    player: &mut Player,
    run: &mut Recording,
    width: usize,
    height: usize,
) -> Result<Vec<Row>, TraceError> {
    let inner = height.saturating_sub(FRAME);
    let listed = (inner / 2).clamp(1, 12).min(inner.max(1));
    let mut rows = vec![title(player, run, width), stages(player.at(), run.moments(), width)];
    rows.push(totals(player, run.moments(), width));
    rows.push(rule(&progress(player.at(), run.moments().len(), width), "", width));
    rows.extend(list(player, run, listed, width)?);
    let shown = inner.saturating_sub(listed);
    let (heading, text) = event_text(player, run, shown, width)?;
    rows.push(rule("", &heading, width));
    rows.extend(text);
    rows.truncate(height.saturating_sub(1));
    if height > 0 {
        rows.push(foot(player, width));
    }
    Ok(rows)
}

fn span(ink: Ink, text: impl Into<String>) -> Span {
    Span { ink, text: text.into() }
}

/// Left and right on one row; the left gives way.
fn both(left: (Ink, &str), right: (Ink, &str), width: usize) -> Row {
    let right_text = clip(right.1, width);
    let room = width.saturating_sub(columns(&right_text));
    let left_text = clip(left.1, room.saturating_sub(1));
    let gap = room.saturating_sub(columns(&left_text));
    vec![span(left.0, left_text), span(Ink::Plain, " ".repeat(gap)), span(right.0, right_text)]
}

fn title(player: &Player, run: &Recording, width: usize) -> Row {
    let facts = run.facts();
    let names = [Some(&facts.run_id), Some(&facts.model), facts.agent.as_ref()];
    let names: Vec<String> = names.into_iter().flatten().map(|name| visible(name)).collect();
    let speed = if player.speed().is_infinite() {
        "max".to_owned()
    } else {
        format!("x{}", player.speed())
    };
    let state = if player.is_playing() { "playing" } else { "paused" };
    let next = player.wait(run.moments()).filter(|wait| wait.as_secs() >= 2);
    let next = next.map_or_else(String::new, |wait| format!(", next in {} s", wait.as_secs()));
    let state = format!("{state} {speed}{next}");
    both((Ink::Strong, &names.join(" · ")), (Ink::Strong, &state), width)
}

/// The stages that have begun, with the grades they have by now.
fn stages(at: usize, moments: &[Moment], width: usize) -> Row {
    let mut begun: Vec<(i64, Option<(f64, bool)>)> = Vec::new();
    for moment in &moments[..=at] {
        let Some(stage) = moment.stage else { continue };
        if begun.last().is_none_or(|(last, _)| *last != stage) {
            begun.push((stage, None));
        }
        if let (Kind::AttemptResult | Kind::StageResult, Some(score), Some(last)) =
            (moment.kind, moment.score, begun.last_mut())
        {
            last.1 = Some((score, moment.failed));
        }
    }
    let name = if begun.is_empty() { "before the first stage" } else { "stages" };
    let mut row = vec![span(Ink::Dim, clip(name, width))];
    let mut used = columns(name);
    for (stage, grade) in begun {
        let (ink, text) = match grade {
            Some((score, true)) => (Ink::Bad, format!("  T{stage} {} failed", words::score(score))),
            Some((score, false)) => (Ink::Good, format!("  T{stage} {}", words::score(score))),
            None => (Ink::Plain, format!("  T{stage} …")),
        };
        used += columns(&text);
        if used > width {
            break;
        }
        row.push(span(ink, text));
    }
    row
}

fn totals(player: &Player, moments: &[Moment], width: usize) -> Row {
    let moment = &moments[player.at()];
    let end = moments.last().map_or(0, |m| m.at_us);
    let now = if player.is_playing() && player.speed().is_finite() {
        player.clock_us().clamp(moment.at_us, end.max(moment.at_us))
    } else {
        moment.at_us
    };
    let number = |n: usize| grouped(i64::try_from(n).unwrap_or(i64::MAX));
    let text = format!(
        "{} of {}  event {} of {}  {}",
        clock(now),
        clock(end),
        number(player.at()),
        number(moments.len() - 1),
        used(moment)
    );
    vec![span(Ink::Plain, clip(&text, width))]
}

fn progress(at: usize, events: usize, width: usize) -> String {
    let last = events.saturating_sub(1).max(1);
    "━".repeat(at * width / last)
}

/// A line across the screen, begun and titled.
fn rule(begin: &str, heading: &str, width: usize) -> Row {
    let begin = clip(begin, width);
    let heading = if heading.is_empty() { String::new() } else { format!("── {heading} ") };
    let heading = clip(&heading, width.saturating_sub(columns(&begin)));
    let rest = width.saturating_sub(columns(&begin) + columns(&heading));
    vec![span(Ink::Strong, begin), span(Ink::Plain, heading), span(Ink::Dim, "─".repeat(rest))]
}

/// The events around the current one. While time passes, what is to come is not shown.
fn list(
    player: &Player,
    run: &mut Recording,
    rows: usize,
    width: usize,
) -> Result<Vec<Row>, TraceError> {
    let at = player.at();
    let moments = run.moments();
    let wanted = |i: &usize| player.filter().wants(&moments[*i]);
    let after = if player.is_playing() { 0 } else { rows / 3 };
    let ahead: Vec<usize> = (at + 1..moments.len()).filter(wanted).take(after).collect();
    let before = rows.saturating_sub(1 + ahead.len());
    let mut places: Vec<usize> = (0..at).rev().filter(wanted).take(before).collect();
    places.reverse();
    places.push(at);
    places.extend(ahead);
    let mut drawn = Vec::with_capacity(rows);
    for place in places {
        let moment = run.moments()[place].clone();
        let event = run.event(place)?;
        drawn.push(list_row(event, &moment, place.cmp(&at), width));
    }
    drawn.resize(rows, Row::new());
    Ok(drawn)
}

fn list_row(event: &Event, moment: &Moment, side: std::cmp::Ordering, width: usize) -> Row {
    let time = if moment.timed { clock(moment.at_us) } else { "-".to_owned() };
    let stage = match (event.stage, event.attempt.filter(|a| *a > 1)) {
        (Some(stage), Some(attempt)) => format!("T{stage}/{attempt}"),
        (Some(stage), None) => format!("T{stage}"),
        (None, _) => String::new(),
    };
    let mark = if side.is_eq() { ">" } else { " " };
    let (mut what, mut outcome) = (words::headline(event), words::outcome(event));
    if what.is_empty() {
        std::mem::swap(&mut what, &mut outcome);
    }
    let left = format!("{mark} {time:>10}  {stage:<5} {:<14} {what}", event.kind);
    let ink = match side {
        std::cmp::Ordering::Equal => Ink::Chosen,
        std::cmp::Ordering::Greater => Ink::Dim,
        std::cmp::Ordering::Less => words::ink(event, moment.failed),
    };
    // On a narrow screen what happened is worth more than what it cost.
    let outcome = if width >= 80 { clip(&outcome, width / 3) } else { String::new() };
    let outcome_ink = if side.is_eq() { Ink::Chosen } else { Ink::Dim };
    let mut row = both((ink, &left), (outcome_ink, &outcome), width);
    if side.is_eq() {
        row[1].ink = Ink::Chosen;
    }
    row
}

/// A heading and the lines of the current event's texts that are in sight.
fn event_text(
    player: &mut Player,
    run: &mut Recording,
    rows: usize,
    width: usize,
) -> Result<(String, Vec<Row>), TraceError> {
    let event = run.event(player.at())?;
    let mut lines: Vec<(Ink, String)> = Vec::new();
    let parts = words::parts(event);
    let named = parts.len() > 1;
    for part in &parts {
        if named {
            lines.push((Ink::Dim, part.name.to_owned()));
        }
        for line in words::lines(&part.text) {
            if lines.len() >= LONGEST {
                break;
            }
            lines.extend(words::wrap(&line, width).into_iter().map(|piece| (part.ink, piece)));
        }
    }
    if lines.len() >= LONGEST {
        lines.truncate(LONGEST);
        lines.push((Ink::Dim, "… and more; --plain prints all of it".to_owned()));
    }
    let mut heading = match (event.kind, &event.tool_name) {
        (Kind::ToolCall, Some(name)) => format!("{} {}", event.kind, visible(name)),
        _ => event.kind.to_string(),
    };
    let outcome = words::outcome(event);
    if !outcome.is_empty() {
        heading = format!("{heading}: {outcome}");
    }
    player.limit_scroll(lines.len().saturating_sub(rows.max(1)));
    let top = player.scroll();
    if lines.len() > rows {
        heading = format!(
            "{heading} (lines {}-{} of {})",
            top + 1,
            (top + rows).min(lines.len()),
            lines.len()
        );
    }
    let mut shown: Vec<Row> = lines
        .into_iter()
        .skip(top)
        .take(rows)
        .map(|(ink, line)| vec![span(ink, clip(&line, width))])
        .collect();
    shown.resize(rows, Row::new());
    Ok((heading, shown))
}

fn foot(player: &Player, width: usize) -> Row {
    if let Some(typed) = player.typing() {
        let text = format!("/{}", visible(typed));
        // The end of what is typed stays in sight.
        let hidden = columns(&text).saturating_sub(width);
        return vec![span(Ink::Strong, text.chars().skip(hidden).collect::<String>())];
    }
    if !player.note().is_empty() {
        return vec![span(Ink::Strong, clip(&visible(player.note()), width))];
    }
    let filter = if player.filter().is_all() {
        String::new()
    } else {
        format!("[{}] ", player.filter().name())
    };
    vec![
        span(Ink::Strong, clip(&filter, width)),
        span(Ink::Dim, clip(KEYS, width.saturating_sub(columns(&filter)))),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::filter::Filter;
    use super::super::fixture::{self, said, tool, trace, two_stages};
    use super::super::player::Key;
    use super::*;
    use proptest::prelude::*;

    fn text(rows: &[Row]) -> Vec<String> {
        let row = |row: &Row| {
            row.iter().map(|s| s.text.as_str()).collect::<String>().trim_end().to_owned()
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn the_screen_shows_where_one_is() {
        let trace = trace(two_stages());
        let mut run = trace.open();
        let mut player = Player::new(run.moments(), 13, Filter::default(), 1.0, false);
        let shown = text(&draw(&mut player, &mut run, 100, 16).unwrap());
        assert_eq!(shown.len(), 16);
        assert!(shown[0].starts_with("r · m ") && shown[0].ends_with("paused x1"), "{shown:#?}");
        assert_eq!(shown[1], "stages  T0 100  T1 …");
        assert_eq!(
            shown[2],
            "0:00:13.5 of 0:00:16.0  event 13 of 16  10,040 tokens, context 4,000, $0.004"
        );
        let chosen = ">  0:00:13.5  T1    tool_call      bash make test";
        assert_eq!(shown[7], format!("{chosen:<86}exit 1, 500 ms"), "{shown:#?}");
        assert!(shown[8].ends_with("stage_result   score 40"), "{shown:#?}");
        assert!(shown[9].starts_with("── tool_call bash: exit 1, 500 ms ──"), "{shown:#?}");
        assert_eq!(shown[10], "make test");
        player.press(Key::Char('j'), &mut run).unwrap();
        let shown = text(&draw(&mut player, &mut run, 100, 16).unwrap());
        assert_eq!(shown[1], "stages  T0 100  T1 40 failed");
        player.press(Key::Char(' '), &mut run).unwrap();
        let shown = text(&draw(&mut player, &mut run, 100, 16).unwrap());
        assert!(shown[8].starts_with('>'), "while it plays nothing is told in advance: {shown:#?}");
    }

    #[test]
    fn a_long_text_scrolls_and_stays_in_sight() {
        let mut event = tool("bash", r#"{"command":"seq 100"}"#, 0);
        event.content = Some((1..=100).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"));
        let trace = trace(vec![event]);
        let mut run = trace.open();
        let mut player = Player::new(run.moments(), 0, Filter::default(), 1.0, false);
        for _ in 0..50 {
            player.press(Key::PageDown, &mut run).unwrap();
        }
        let shown = text(&draw(&mut player, &mut run, 80, 20).unwrap());
        assert_eq!(shown[18], "100", "{shown:#?}");
        player.press(Key::PageUp, &mut run).unwrap();
        let shown = text(&draw(&mut player, &mut run, 80, 20).unwrap());
        assert_eq!(shown[18], "90", "{shown:#?}");
    }

    #[test]
    fn only_what_is_on_the_screen_is_read() {
        let trace = fixture::long(20_000);
        let mut run = trace.open();
        let mut player = Player::new(run.moments(), 0, Filter::default(), 1.0, false);
        for key in ['g', 'G', 'E', 'E'] {
            player.press(Key::Char(key), &mut run).unwrap();
            draw(&mut player, &mut run, 100, 40).unwrap();
        }
        assert!(run.texts_read() <= 32 * 8, "{}", run.texts_read());
    }

    proptest! {
        // Each case writes a trace.
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_text_fits_any_screen(
            words in any::<String>(),
            width in 0_usize..120,
            height in 0_usize..30,
            keys in "[jkseGgf/+ -]{0,8}",
        ) {
            let mut events = two_stages();
            events.push(said(Kind::LlmCall, &words, &words));
            events.push(tool(&words, &words, 1));
            let trace = trace(events);
            let mut run = trace.open();
            let last = run.last();
            let mut player = Player::new(run.moments(), last, Filter::default(), 1.0, false);
            for key in keys.chars() {
                player.press(Key::Char(key), &mut run).unwrap();
                let rows = draw(&mut player, &mut run, width, height).unwrap();
                prop_assert!(rows.len() <= height);
                for row in text(&rows) {
                    prop_assert!(columns(&row) <= width, "{} > {width}: {row:?}", columns(&row));
                    prop_assert!(!row.chars().any(char::is_control));
                }
            }
        }
    }
}
