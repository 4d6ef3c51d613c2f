//! Data that nobody recorded: stores of any size and logs, made from a seed, for benchmarks and tests.
//!
//! A store of a hundred million events cannot be shipped, and one of random numbers says nothing about speed: how long a
//! rollup takes depends on how many rows a stage has, how compression fares on what stands in them. So the numbers follow
//! the published RAMP runs, from one table that says where each of them was read. Everything is a function of the seed
//! and of a number (of the run, of the file), so that threads change nothing and an interrupted store can be finished.
//!
//! * `published`: the numbers of the published runs, with their sources
//! * `dice`, `curve`: draws
//! * `shape`: what is asked for
//! * `plan`: a run before its events: its stages, how long they are, how they end
//! * `run`: the events of a run
//! * `text`: texts of real length
//! * `store`: runs into files
//! * `claude_logs`: session logs of Claude Code, for importers

mod claude_logs;
mod curve;
mod dice;
#[cfg(test)]
mod likeness_tests;
mod plan;
mod published;
mod run;
mod shape;
mod store;
mod text;

pub use claude_logs::write_claude_logs;
pub use dice::Dice;
pub use shape::{Layout, Shape, ShapeError, Texts};
pub use store::{SyntheticError, SyntheticStore};
