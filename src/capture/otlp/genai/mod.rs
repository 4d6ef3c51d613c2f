//! Spans of a trace to events, by the GenAI conventions of OpenTelemetry and the names that came before and beside them.
//!
//! * `names`: the attributes that mean the same
//! * `role`: what a span stands for
//! * `usage`: tokens and costs of a span
//! * `messages`: what was said, in all the shapes that instrumentations write
//! * `cover`: which spans count, and which only sum up others
//! * `conversation`: what has been said before
//! * `tool_calls`: who asked for which tool call, and calls that have no span
//! * `long`: attributes that every span repeats
//! * `rows`: a span as an event
//! * `mapper`: spans in, events out
//! * `glance`: what a span says of its run

mod conversation;
mod cover;
#[cfg(test)]
mod dialect_tests;
mod glance;
mod long;
mod mapper;
#[cfg(test)]
mod mapper_tests;
mod messages;
mod names;
#[cfg(test)]
mod once_tests;
mod role;
mod rows;
mod tool_calls;
mod usage;

pub use glance::{Glance, has_column, without_texts};
pub use mapper::Mapper;
