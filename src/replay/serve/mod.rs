//! A recorded run that answers again: the model of a trace, hermetic, without the model.
//!
//! * `recording`: the calls of a run, with the conversations they belong to
//! * `said`, `difference`: what is the same, and where it first is not
//! * `matching`: which call answers a request
//! * `answer`: a call as an answer over HTTP
//! * `served`: the run as a model behind a server, and what became of it

mod answer;
mod difference;
mod matching;
mod recording;
mod said;
mod served;

pub use difference::{TextDifference, first_difference};
pub use matching::{Match, Matcher, Miss};
pub use recording::{Recording, Recordings};
pub use served::{Divergence, FirstMiss, Manner, Served};
