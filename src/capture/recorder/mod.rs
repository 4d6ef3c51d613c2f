//! The recorder: from the events of a run to its journal, and at the end to its trace.
//!
//! Whoever observes a run hands events to the [`Recorder`]; a thread of its own masks, numbers, compresses and writes
//! them. The observed run is never failed and hardly delayed: a full queue makes it wait 50 ms, once, and from then on
//! events are counted as lost until there is room; an `error` event of type `events_lost` stands where they are missing.
//! Memory is bounded by the queue. A journal that cannot be written (a full disk) is tried again each second while events
//! wait; what could not be written at the end goes into the trace from memory.
//!
//! * `recorder`: the handle of a run; the sink
//! * `settings`: clock, masking, warnings, bounds
//! * `queue`: between the observed run and the writer
//! * `writer`: the thread that writes
//! * `stamp`: what the recorder adds to an event

mod queue;
#[expect(clippy::module_inception, reason = "the noun of the module")]
mod recorder;
mod settings;
mod stamp;
mod writer;

pub use recorder::{Ending, Finished, Recorder};
pub use settings::{Bounds, Settings, system_time};
