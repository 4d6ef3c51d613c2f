//! The terminal of the player: keys in, rows out. What they mean is decided in `replay`.
//!
//! Rows that have not changed are not drawn again, and keys that wait are taken together, so that a held key does not lag
//! behind. The terminal is given back as it was, whatever happens.

use super::CliError;
use super::output::Output;
use crate::replay::{Ink, Key, Player, Recording, Row, draw};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, size,
};
use crossterm::{cursor, execute, queue};
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Time between two looks at the clock while it plays.
const FRAME: Duration = Duration::from_millis(100);
/// The same at the fastest.
const FAST_FRAME: Duration = Duration::from_millis(16);
/// How long to wait for a key when nothing moves.
const IDLE: Duration = Duration::from_mins(1);

pub(super) fn run(
    player: &mut Player,
    recording: &mut Recording,
    output: &mut Output,
) -> Result<(), CliError> {
    let paints = output.paints();
    let failed =
        |e: io::Error| CliError::io("use the terminal", std::path::Path::new("/dev/tty"), e);
    let mut screen = Screen::enter(output.writer(), paints).map_err(failed)?;
    let mut last = Instant::now();
    loop {
        let (width, height) = size().map_err(failed)?;
        let rows = draw(player, recording, width.into(), height.into())?;
        screen.show(rows).map_err(failed)?;
        let mut wait = match player.wait(recording.moments()) {
            Some(next) => next.min(FRAME),
            None if player.is_playing() => FAST_FRAME,
            None => IDLE,
        };
        while poll(wait).map_err(failed)? {
            wait = Duration::ZERO;
            match read().map_err(failed)? {
                Event::Key(key) if is_interrupt(key) => return Ok(()),
                Event::Key(key) => {
                    let known = meaning(key);
                    if let Some(key) = known
                        && !player.press(key, recording)?
                    {
                        return Ok(());
                    }
                }
                Event::Resize(..) => screen.forget(),
                _ => {}
            }
        }
        let now = Instant::now();
        player.tick(now - last, recording.moments());
        last = now;
    }
}

fn is_interrupt(key: KeyEvent) -> bool {
    key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL)
}

fn meaning(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    Some(match key.code {
        KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::CONTROL) => return None,
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Up | KeyCode::Left => Key::Up,
        KeyCode::Down | KeyCode::Right => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

/// A terminal in raw mode, given back when dropped.
struct Screen<W: Write> {
    out: W,
    paints: bool,
    shown: Vec<Row>,
}

impl<W: Write> Screen<W> {
    fn enter(out: W, paints: bool) -> io::Result<Self> {
        enable_raw_mode()?;
        let mut screen = Self { out, paints, shown: Vec::new() };
        execute!(screen.out, EnterAlternateScreen, cursor::Hide)?;
        Ok(screen)
    }

    /// Everything is to be drawn again.
    fn forget(&mut self) {
        self.shown.clear();
    }

    fn show(&mut self, rows: Vec<Row>) -> io::Result<()> {
        if self.shown.len() != rows.len() {
            self.shown.clear();
            queue!(self.out, Clear(ClearType::All))?;
        }
        for (y, row) in rows.iter().enumerate() {
            if self.shown.get(y) == Some(row) {
                continue;
            }
            queue!(self.out, cursor::MoveTo(0, u16::try_from(y).unwrap_or(u16::MAX)))?;
            for span in row {
                let shapes = matches!(span.ink, Ink::Strong | Ink::Dim | Ink::Chosen);
                let ink = if self.paints || shapes { span.ink } else { Ink::Plain };
                self.out.write_all(ink.paint(&span.text).as_bytes())?;
            }
            queue!(self.out, Clear(ClearType::UntilNewLine))?;
        }
        self.shown = rows;
        self.out.flush()
    }
}

impl<W: Write> Drop for Screen<W> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _ = execute!(self.out, cursor::Show, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}
