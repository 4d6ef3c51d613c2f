//! The runner: agents at work on a pipeline, or one command, while everything is recorded.
//!
//! * `plan`: what is to be recorded, who is told, what came of it
//! * `agent`: how an agent is started; `agents.toml`: those that are built in
//! * `staged`: a pipeline worked through; `attempt`: one attempt at a stage
//! * `command`: one command, or the proxy alone
//! * `recording`: what every recorded run has
//! * `grading`: grade commands
//! * `ending`: how work on a stage ended, and its status
//! * `notes`: the events that the runner itself writes
//! * `meter`: what a run has used up
//! * `tap`: what sees the model calls
//! * `workspace`: the folders of a run; `diff`: what changes in them
//! * `process`, `output`: one process under watch
//! * `shell`: recorded commands run once more
//! * `interrupt`: Ctrl-C
//! * `error`: what can go wrong before and around a run

mod agent;
mod attempt;
mod command;
mod diff;
mod ending;
mod error;
mod grading;
mod interrupt;
mod meter;
mod notes;
mod output;
mod plan;
mod process;
mod recording;
mod shell;
mod staged;
mod tap;
mod workspace;

pub use agent::{Agent, DO_NOTHING, Preset};
pub use command::{CommandReport, Recorded, record_calls, record_command};
pub use error::RunError;
pub use interrupt::Interrupt;
pub use meter::{LastCall, Totals};
pub use plan::{Mask, Observer, Plan, RunReport, StageReport, Step};
pub use recording::{Means, writable};
pub use shell::{ShellRun, run_recorded};
pub use staged::record;
pub use tap::Observe;
pub use workspace::copy;
