//! The recorded commands executed again, in a copy of a workspace: does the world still answer as it did?
//!
//! * `actions`: what a run did to its workspace, from the events
//! * `normal`: outputs without what changes from run to run
//! * `outcome`: one action executed and compared

mod actions;
mod normal;
mod outcome;

pub use actions::{Action, Deed, actions};
pub use normal::{Normaliser, RulesError};
pub use outcome::{Outcome, Verdict, perform};
