//! A run as an OpenTelemetry trace: one document of OTLP/JSON, with the names of the GenAI semantic conventions.
//!
//! The run is a span of an agent; its stages, and agents below it, are spans in it; calls of models and tools are spans in
//! these. Columns that the conventions have no name for stand under `ramptrace.<column>`, so that nothing is lost, and rows
//! that are no spans (grades, messages, the run's description) are events of the span they belong to. The identifiers
//! follow from the run's id and the rows' places: the same run gives the same document.
//!
//! * `document`: the whole of it
//! * `tree`: which spans there are, and what is in which
//! * `span`: a span, and how OTLP/JSON writes it
//! * `columns`: the columns of a row as attributes

mod columns;
mod document;
mod span;
#[cfg(test)]
mod tests;
mod tree;

pub use document::otlp;
