//! What keys and passing time do to the place in a run.
//!
//! A state machine without a terminal or a clock: whoever drives it says which key was pressed and how long it took.

use super::filter::Filter;
use super::moment::Moment;
use super::recording::{Hit, Recording};
use crate::trace::{Kind, TraceError};
use std::time::Duration;

/// The speeds that keys go through; the last is as fast as can be looked at.
const SPEEDS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, f64::INFINITY];
/// At the fastest, a run is over after so many ticks.
const FASTEST_TICKS: usize = 600;

/// A key that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Key {
    Char(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    Enter,
    Escape,
    Backspace,
}

/// Where one is in a run, and what goes on.
#[derive(Debug, Clone)]
pub struct Player {
    at: usize,
    playing: bool,
    speed: f64,
    /// Playing time since the run began, in microseconds.
    clock_us: f64,
    filter: Filter,
    search: String,
    /// What is being typed after `/`.
    typing: Option<String>,
    /// Lines of the event's text that are above the screen.
    scroll: usize,
    note: String,
}

impl Player {
    /// Begins at a place.
    pub fn new(moments: &[Moment], at: usize, filter: Filter, speed: f64, playing: bool) -> Self {
        let mut player = Self {
            at: 0,
            playing,
            speed,
            clock_us: 0.0,
            filter,
            search: String::new(),
            typing: None,
            scroll: 0,
            note: String::new(),
        };
        let wanted = (at..moments.len()).find(|i| player.filter.wants(&moments[*i]));
        player.go(moments, wanted.unwrap_or(at));
        player
    }

    /// The place it is at.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether time passes.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// How many times faster than it was; infinite for as fast as can be.
    pub fn speed(&self) -> f64 {
        self.speed
    }

    /// Which events are shown.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// What is being typed after `/`.
    pub fn typing(&self) -> Option<&str> {
        self.typing.as_deref()
    }

    /// What there is to say about the last key.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Lines of the event's text that are above the screen.
    pub fn scroll(&self) -> usize {
        self.scroll
    }

    /// Keeps the text from being scrolled out of sight.
    pub(super) fn limit_scroll(&mut self, most: usize) {
        self.scroll = self.scroll.min(most);
    }

    /// Playing time since the run began, in microseconds.
    pub fn clock_us(&self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "saturates")]
        let us = self.clock_us as i64;
        us
    }

    /// Time passes. Whether there is something new to see.
    pub fn tick(&mut self, passed: Duration, moments: &[Moment]) -> bool {
        if !self.playing {
            return false;
        }
        let before = self.at;
        if self.speed.is_infinite() {
            let steps = moments.len().div_ceil(FASTEST_TICKS);
            let ahead = (self.at + 1..moments.len()).filter(|i| self.filter.wants(&moments[*i]));
            if let Some(to) = ahead.take(steps).last() {
                self.go(moments, to);
            }
        } else {
            self.clock_us += passed.as_secs_f64() * 1e6 * self.speed;
            #[expect(clippy::cast_precision_loss, reason = "microseconds of a run are exact")]
            let due = |m: &Moment| m.at_us as f64 <= self.clock_us;
            let reached = (self.at + 1..moments.len()).take_while(|i| due(&moments[*i]));
            if let Some(to) = reached.filter(|i| self.filter.wants(&moments[*i])).last() {
                (self.at, self.scroll) = (to, 0);
            }
        }
        if self.next(moments).is_none() {
            self.playing = false;
            "this is the end".clone_into(&mut self.note);
        }
        self.at != before || !self.playing
    }

    /// How long until something new is to be seen, if time passes.
    pub fn wait(&self, moments: &[Moment]) -> Option<Duration> {
        let next = self.next(moments).filter(|_| self.playing && self.speed.is_finite())?;
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a run are exact")]
        let us = (moments[next].at_us as f64 - self.clock_us) / self.speed;
        Duration::try_from_secs_f64(us.max(0.0) / 1e6).ok()
    }

    /// A key is pressed. Whether to go on.
    pub fn press(&mut self, key: Key, run: &mut Recording) -> Result<bool, TraceError> {
        self.note.clear();
        if let Some(typed) = self.typing.take() {
            self.typed(typed, key, run)?;
            return Ok(true);
        }
        let moments = run.moments();
        let wanted = |i: &usize| self.filter.wants(&moments[*i]);
        let stage = |i: &usize| wanted(i) && is_stage(moments, *i);
        let failed = |i: &usize| wanted(i) && moments[*i].failed;
        let mut ahead = self.at + 1..moments.len();
        let mut behind = (0..self.at).rev();
        let (to, what) = match key {
            Key::Char('q') => return Ok(false),
            Key::Char(' ') => {
                self.playing = !self.playing && self.next(moments).is_some();
                return Ok(true);
            }
            Key::Char('+' | '=') => {
                let faster = SPEEDS.iter().find(|s| **s > self.speed);
                self.speed = faster.copied().unwrap_or(self.speed);
                return Ok(true);
            }
            Key::Char('-') => {
                let slower = SPEEDS.iter().rev().find(|s| **s < self.speed);
                self.speed = slower.copied().unwrap_or(self.speed);
                return Ok(true);
            }
            Key::PageDown => {
                self.scroll = self.scroll.saturating_add(10);
                return Ok(true);
            }
            Key::PageUp => {
                self.scroll = self.scroll.saturating_sub(10);
                return Ok(true);
            }
            Key::Char('/') => {
                self.typing = Some(String::new());
                return Ok(true);
            }
            Key::Char('f') => {
                self.refilter(moments);
                return Ok(true);
            }
            Key::Char('n') => return self.look(run, Hit::First).map(|()| true),
            Key::Char('N') => return self.look(run, Hit::Last).map(|()| true),
            Key::Char('j') | Key::Down => (ahead.find(wanted), "later event"),
            Key::Char('k') | Key::Up => (behind.find(wanted), "earlier event"),
            Key::Char('s') => (ahead.find(stage), "later stage"),
            Key::Char('S') => (behind.find(stage), "earlier stage"),
            Key::Char('e') => (ahead.find(failed), "later error"),
            Key::Char('E') => (behind.find(failed), "earlier error"),
            Key::Char('g') | Key::Home => ((0..moments.len()).find(wanted), "event"),
            Key::Char('G') | Key::End => ((0..moments.len()).rev().find(wanted), "event"),
            _ => return Ok(true),
        };
        match to {
            Some(to) => self.go(moments, to),
            None if self.filter.is_all() => self.note = format!("there is no {what}"),
            None => self.note = format!("there is no {what} among {}", self.filter.name()),
        }
        // Who steps wants to look.
        if matches!(key, Key::Char('j' | 'k') | Key::Down | Key::Up) {
            self.playing = false;
        }
        Ok(true)
    }

    /// Looks for a text from here on, as `/` does.
    pub fn search(&mut self, text: &str, run: &mut Recording) -> Result<(), TraceError> {
        text.clone_into(&mut self.search);
        self.look(run, Hit::First)
    }

    fn typed(
        &mut self,
        mut typed: String,
        key: Key,
        run: &mut Recording,
    ) -> Result<(), TraceError> {
        match key {
            Key::Escape => return Ok(()),
            Key::Enter if typed.is_empty() => return self.look(run, Hit::First),
            Key::Enter => return self.search(&typed, run),
            Key::Backspace if typed.pop().is_none() => return Ok(()),
            Key::Char(c) => typed.push(c),
            _ => {}
        }
        self.typing = Some(typed);
        Ok(())
    }

    /// Goes to the next or the last hit, around the end of the run if need be.
    fn look(&mut self, run: &mut Recording, which: Hit) -> Result<(), TraceError> {
        if self.search.is_empty() {
            "nothing is searched for; type / and a text".clone_into(&mut self.note);
            return Ok(());
        }
        let (near, around) = match which {
            Hit::First => (self.at + 1..usize::MAX, 0..self.at + 1),
            Hit::Last => (0..self.at, self.at..usize::MAX),
        };
        let filter = self.filter.clone();
        let wanted = |m: &Moment| filter.wants(m);
        let mut hit = run.find(&self.search, near, which, wanted)?;
        if hit.is_none() {
            hit = run.find(&self.search, around, which, wanted)?;
            if hit.is_some() {
                "the search went around the end".clone_into(&mut self.note);
            }
        }
        match hit {
            Some(hit) => {
                self.playing = false;
                self.go(run.moments(), hit);
            }
            None => self.note = format!("no event has `{}` in it", self.search),
        }
        Ok(())
    }

    /// The next choice that there are events of.
    fn refilter(&mut self, moments: &[Moment]) {
        loop {
            self.filter = self.filter.next();
            if self.filter.is_all() || moments.iter().any(|m| self.filter.wants(m)) {
                break;
            }
        }
        self.note = format!("showing {}", self.filter.name());
        let wanted = |i: &usize| self.filter.wants(&moments[*i]);
        let near = (self.at..moments.len()).find(wanted);
        if let Some(to) = near.or_else(|| (0..self.at).rev().find(wanted)) {
            self.go(moments, to);
        }
    }

    fn next(&self, moments: &[Moment]) -> Option<usize> {
        (self.at + 1..moments.len()).find(|i| self.filter.wants(&moments[*i]))
    }

    fn go(&mut self, moments: &[Moment], to: usize) {
        if self.at != to {
            self.scroll = 0;
        }
        self.at = to;
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a run are exact")]
        let us = moments.get(to).map_or(0.0, |m| m.at_us as f64);
        self.clock_us = us;
    }
}

/// Whether a stage, or an attempt at one, begins here. In a filtered run its begin may not be among what is shown, so that
/// the first event of it counts.
fn is_stage(moments: &[Moment], i: usize) -> bool {
    let differs = |before: &Moment, here: &Moment| {
        before.stage != here.stage || (here.attempt.is_some() && before.attempt != here.attempt)
    };
    moments[i].kind == Kind::StageStart
        || (moments[i].stage.is_some() && i > 0 && differs(&moments[i - 1], &moments[i]))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, trace, two_stages};
    use super::*;

    fn begin(run: &Recording) -> Player {
        Player::new(run.moments(), 0, Filter::default(), 1.0, true)
    }

    /// Presses keys, each a character.
    fn press(player: &mut Player, run: &mut Recording, keys: &str) -> usize {
        for key in keys.chars() {
            let key = if key == '\n' { Key::Enter } else { Key::Char(key) };
            assert!(player.press(key, run).unwrap());
        }
        player.at()
    }

    #[test]
    fn time_plays_the_run_as_it_went() {
        let trace = trace(two_stages());
        let run = trace.open();
        let mut player = begin(&run);
        let second = Duration::from_secs(1);
        assert!(player.tick(second, run.moments()));
        assert_eq!(player.at(), 1);
        assert!(!player.tick(second / 2, run.moments()), "nothing happened in this half second");
        assert_eq!(player.wait(run.moments()), Some(second / 2));
        player.tick(second * 3, run.moments());
        assert_eq!(player.at(), 4, "a call that began at 4 s is over at 4.5 s");
        player.tick(second * 100, run.moments());
        assert_eq!((player.at(), player.is_playing()), (16, false), "the end stops it");
        assert!(!player.tick(second, run.moments()));
        assert_eq!(player.wait(run.moments()), None);
    }

    #[test]
    fn speed_multiplies_time_and_the_fastest_needs_no_time() {
        let trace = trace(two_stages());
        let mut run = trace.open();
        let mut player = begin(&run);
        press(&mut player, &mut run, "++");
        player.tick(Duration::from_secs(1), run.moments());
        assert_eq!((player.speed(), player.at()), (5.0, 4));
        press(&mut player, &mut run, "---");
        assert_eq!(player.speed().to_bits(), 1.0_f64.to_bits());
        press(&mut player, &mut run, "++++++++++++");
        assert!(player.speed().is_infinite());
        player.tick(Duration::ZERO, run.moments());
        assert_eq!(player.at(), 5);
        for _ in 0..20 {
            player.tick(Duration::ZERO, run.moments());
        }
        assert_eq!((player.at(), player.is_playing()), (16, false));
    }

    #[test]
    fn keys_step_and_jump() {
        let trace = trace(two_stages());
        let mut run = trace.open();
        let mut player = begin(&run);
        let mut at = |keys: &str| press(&mut player, &mut run, keys);
        assert_eq!(at("jjj"), 3);
        assert_eq!(at("k"), 2);
        assert_eq!(at("s"), 8);
        assert_eq!(at("s"), 8, "there is no third stage");
        assert_eq!(at("S"), 1);
        assert_eq!(at("e"), 13);
        assert_eq!(at("e"), 14);
        assert_eq!(at("E"), 13);
        assert_eq!(at("G"), 16);
        assert_eq!(at("g"), 0);
        assert_eq!(at("k"), 0);
        assert_eq!(player.note(), "there is no earlier event");
        assert!(!player.is_playing(), "stepping pauses");
        player.press(Key::Char(' '), &mut run).unwrap();
        assert!(player.is_playing());
        assert!(!player.press(Key::Char('q'), &mut run).unwrap());
    }

    #[test]
    fn a_search_goes_to_hits_and_around_the_end() {
        let trace = trace(two_stages());
        let mut run = trace.open();
        let mut player = begin(&run);
        let mut at = |keys: &str| press(&mut player, &mut run, keys);
        assert_eq!(at("/MAKE test\n"), 6);
        assert_eq!(at("n"), 13);
        assert_eq!(at("n"), 6);
        assert_eq!(at("N"), 13);
        assert_eq!(at("N"), 6);
        assert_eq!(at("/nothing like it\n"), 6);
        assert_eq!(player.note(), "no event has `nothing like it` in it");
        press(&mut player, &mut run, "/ab");
        player.press(Key::Backspace, &mut run).unwrap();
        assert_eq!(player.typing(), Some("a"));
        player.press(Key::Escape, &mut run).unwrap();
        assert_eq!(player.typing(), None);
    }

    #[test]
    fn a_filter_holds_for_steps_jumps_and_time() {
        let trace = trace(two_stages());
        let mut run = trace.open();
        let only = |words: [&'static str; 1]| Filter::of(words).unwrap();
        let mut player = Player::new(run.moments(), 0, only(["tool_call"]), 1.0, true);
        assert_eq!(player.at(), 4);
        assert_eq!(press(&mut player, &mut run, "jj"), 11);
        assert_eq!(press(&mut player, &mut run, "g "), 4);
        player.tick(Duration::from_secs(1), run.moments());
        assert_eq!(player.at(), 4, "5.5 s is a reply, which is not shown");
        player.tick(Duration::from_secs(1), run.moments());
        assert_eq!(player.at(), 6);
        assert_eq!(press(&mut player, &mut run, "f"), 7, "grades: the next one");
        assert_eq!(press(&mut player, &mut run, "f"), 13, "failures: the next one");
        assert_eq!(press(&mut player, &mut run, "f"), 13);
        assert!(player.filter().is_all());
    }

    #[test]
    fn a_long_run_is_played_without_reading_its_texts() {
        let trace = fixture::long(20_000);
        let mut run = trace.open();
        let mut player = begin(&run);
        assert_eq!(press(&mut player, &mut run, "G"), 19_999);
        assert_eq!(press(&mut player, &mut run, "ge"), 99);
        player.press(Key::Char(' '), &mut run).unwrap();
        press(&mut player, &mut run, "++++++++++++");
        let mut ticks = 0;
        while player.is_playing() {
            player.tick(Duration::ZERO, run.moments());
            ticks += 1;
        }
        assert!(ticks <= FASTEST_TICKS, "{ticks}");
        assert_eq!(run.texts_read(), 0);
    }
}
