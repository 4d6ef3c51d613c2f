//! What would have happened: runs cut short, stopped or priced in another way, event by event.
//!
//! A trace shows what an agent did without the limit that is asked about. Everything here assumes that it would have done
//! the same up to the cut, and nothing after it; an agent that is told its budget may act in another way.
//!
//! * `course`: a run as the moments that a limit can fall on; `read`: those of trace files
//! * `progress`: tool calls that changed something, as far as the trace says
//! * `prices`: calls at other prices and cache hit rates
//! * `meter`: what had been spent at each moment
//! * `scenario`: limits and stopping rules, and where they cut
//! * `bounds`: the scores that a cut leaves
//! * `replay`: what a scenario saves and loses, by run and in total
//! * `curves`: score within a budget, event by event

mod bounds;
mod course;
mod curves;
mod meter;
mod prices;
mod progress;
mod read;
mod replay;
mod scenario;

pub use bounds::{ScoreBounds, StageEnd};
pub use course::{Course, CourseCollector, Deed, Moment};
pub use curves::{EventCurves, EventTerms};
pub use meter::meter;
pub use prices::{CallPrices, Repriced};
pub use progress::Progress;
pub use read::read_courses;
pub use replay::{Replayed, Totals, replay, totals};
pub use scenario::{Cut, Limit, Scenario, Scope};
