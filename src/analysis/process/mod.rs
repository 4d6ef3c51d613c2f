//! How an agent worked, whatever it scored: growth of its context, repetition, tool errors, calls without progress.
//!
//! One pass over the events of a run; of texts only hashes are kept. A signal that is undefined for a stage is `None`,
//! never 0.
//!
//! * `signals`: the signals of a run and of each stage
//! * `context`: growth of the prompt
//! * `loops`: repetition in a sequence
//! * `stuck`: the patterns of `OpenHands`' stuck detector
//! * `step`: what an agent did, as numbers that can be compared
//! * `tools`: errors of tools
//! * `commands`: groups of shell commands
//! * `bounded`: long texts, read at their ends

mod bounded;
mod commands;
mod context;
mod loops;
mod signals;
mod step;
mod stuck;
mod tools;

pub use bounded::{BYTES_PER_END, Bounded};
pub use commands::{CommandGroups, MOST_GROUPS};
pub use context::ContextGrowth;
pub use loops::{
    Stretch, action_entropy, adjacent_repetition, alternation, duplicate_ratio, identical_streak,
    ngram_repetition,
};
pub use signals::{ProcessSignals, Repeats, SignalCollector, Signals, read_signals};
pub use step::{Step, StepKind, Steps};
pub use stuck::{ALTERNATION, MONOLOGUE, SAME_ERROR, SAME_RESULT, StuckPatterns};
pub use tools::{ToolCounts, ToolHealth, is_malformed};
