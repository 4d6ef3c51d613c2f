//! Live runs to events.
//!
//! Whatever is observed goes to an [`EventSink`]. The [`Recorder`](recorder::Recorder) is the sink of a run: it keeps
//! events in an append-only journal while the run goes on, and turns the journal into a trace of the store at its end.
//! A recorder never fails the run that it observes, and hardly ever makes it wait.
//!
//! * `sink`: where captured events go
//! * `journal`: the events of a run that has not ended, on disk; recovery after a kill
//! * `pipeline`: a staged workload, as a file
//! * `recorder`: from a sink to a journal to a trace
//! * `redact`: secrets masked before anything is kept
//! * `proxy`, `otlp`: what sees the calls of an agent
//! * `mock`: a scripted model and a small agent, for tests and samples
//! * `run`: agents at work on a pipeline, or one command

pub mod journal;
pub mod mock;
pub mod otlp;
pub mod pipeline;
pub mod proxy;
pub mod recorder;
pub mod redact;
pub mod run;
mod sink;

pub use sink::EventSink;
