//! What the runs of a workload show, in finished sentences.
//!
//! Every finding names its gate or its cost basis, how many runs it comes from and how its interval was made. One run
//! has no interval, and the sentence says so. Nothing is computed here that is not in a table too, the intervals of
//! shares and spreads aside, which come from drawing runs again.
//!
//! * `finding`: what a finding is, and what it is made from
//! * `completion`: how far runs come
//! * `money`: what they cost
//! * `failing`: why they fail
//! * `resample`: intervals over runs
//! * `words`: numbers and names in a sentence

mod completion;
mod failing;
mod finding;
mod money;
mod resample;
#[cfg(test)]
mod tests;
mod words;

pub use finding::{CohortResults, Finding, findings};
