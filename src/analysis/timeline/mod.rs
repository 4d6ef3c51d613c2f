//! One run over wall time: when the model answered, tools ran, grading went on and nothing happened.
//!
//! * `run`: the finished timeline
//! * `collect`: from the events of a run, in one pass
//! * `place`: where grading goes, which no event shows
//! * `read`: from trace files

mod collect;
mod place;
mod read;
mod run;

pub use collect::TimelineCollector;
pub use read::read_timelines;
pub use run::{
    LEAST_LOOP, Lane, LoopStretch, MarkKind, RunTimeline, TimelineMark, TimelineSpan,
    TimelineStage, Unplaced,
};
