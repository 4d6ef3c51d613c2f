//! A recorded run, played back, written in other forms, or held against another run.
//!
//! A [`Recording`] knows of every event when it happened and what had been used up by then; the texts are read when they
//! are shown, so that a run of any length opens at once and memory stays bounded. Everything here is pure of terminals
//! and clocks: the command line gives keys and the time that passed, and draws the rows it gets back.
//!
//! * `moment`: an event without its texts, and the totals at that point
//! * `recording`: the moments of a run and the window of texts that is looked at
//! * `words`: what an event says, in lines that cannot act on a terminal
//! * `ink`: the few colours
//! * `filter`, `position`: which events are wanted, and where to begin
//! * `player`, `screen`: keys and time to what is on the screen
//! * `plain`, `markdown`, `asciicast`, `chrome`: other forms
//! * `steps`, `likeness`, `contrast`, `diff`: two runs compared

mod asciicast;
mod chrome;
mod contrast;
mod diff;
mod filter;
mod ink;
mod likeness;
mod markdown;
mod moment;
mod plain;
mod player;
mod position;
mod recording;
pub mod rerun;
mod screen;
pub mod serve;
mod steps;
mod words;

#[cfg(test)]
mod fixture;

pub use asciicast::{Cast, write_asciicast};
pub use chrome::write_chrome;
pub use contrast::contrast;
pub use diff::{ActionCount, Divergence, RunDiff, Sort, StagePair, Totals, compare};
pub use filter::Filter;
pub use ink::Ink;
pub use likeness::{lcs_length, similarity};
pub use markdown::write_markdown;
pub use moment::Moment;
pub use plain::write_event;
pub use player::{Key, Player};
pub use position::Position;
pub use recording::{Hit, Recording};
pub use screen::{Row, Span, draw};
pub use steps::{Step, read_steps};
pub use words::{clock, mentions};
