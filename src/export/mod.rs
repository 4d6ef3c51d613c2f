//! Runs in the formats of other tools, so that what was imported, recorded or corrected here can be read elsewhere.
//!
//! An exporter takes the rows of one run and gives documents, and counts what the foreign format has no words for. It
//! writes no files.
//!
//! * `exported`: what an export gives
//! * `atif`: trajectories (Agent Trajectory Interchange Format)
//! * `otlp`: OpenTelemetry traces

mod atif;
mod exported;
mod otlp;

pub use atif::atif;
pub use exported::Exported;
pub use otlp::otlp;
