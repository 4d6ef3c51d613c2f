//! The rollup in process: every row of a trace is read once, and none is looked up.
//!
//! `schemas/rollup.sql` says the same for other engines; tests compare the two.
//!
//! * `pieces`: the files of a store, side by side
//! * `batch`: columns of events to sums
//! * `runs`: runs while they are folded
//! * `sums`: what is known of a stage or a run
//! * `tables`: folded runs as views

mod batch;
mod pieces;
mod runs;
mod sums;
mod tables;

pub use pieces::{ROLLUP_COLUMNS, Rollup, roll_up};
