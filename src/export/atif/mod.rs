//! A run as an ATIF 1.8 trajectory: <https://harborframework.com/docs/trajectory-format>.
//!
//! Calls to models become steps of the agent, with their tool calls and results; messages become steps of their role;
//! rows of sub-agents become trajectories inside the document. The format has no words for stages, grades, statuses, exit
//! codes, durations and some more: these stand under `extra.ramptrace` of whatever they belong to, column by column, so
//! that an import of the document gives the same rows again. Other readers will not understand them: they are what is
//! counted as unexpressed.
//!
//! * `run`: a run to its document
//! * `threads`: rows to the steps of their agents
//! * `step`: a row in the format's words, and the rest of its columns
//! * `document`: steps to the document

mod document;
mod run;
mod step;
mod threads;

pub use run::atif;
