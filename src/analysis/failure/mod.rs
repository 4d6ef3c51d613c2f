//! Why stages failed, by what the trace itself says.
//!
//! Rules (`rules/default.toml`, or a file that extends it) look at the events of a stage, in order, and give labels: a
//! cause of a closed list, how sure it is, and the events that prove it. Nothing is guessed from a score alone, and the
//! same trace gives the same labels.
//!
//! A stage fails when its score is below the gate, or when it has none. Of its labels one is the primary cause, chosen
//! by this precedence, and the others contribute:
//!
//! 1. **not attempted**: no LLM call was answered in it. Whatever else is there, the agent did not do it; the label names
//!    the event that had ended the run before, or the failed request that ended the stage at once.
//! 2. **ended from outside**: context exhausted, gateway timeout, rate limit, other provider error, budget, interruption.
//!    The agent would have gone on, so that the state in which it was stopped proves nothing about it: a build that is
//!    broken in the middle of an edit only contributes. Only the request that was the last one counts; one that the stage
//!    went on after is a weak, contributing sign. Among several, the last failed request decides, then how sure a label
//!    is, then which came last.
//! 3. **build broken**: the agent stopped by itself, and the grader could run no test. Before loop and misuse, since no
//!    test result stands behind anything else that may be said.
//! 4. **loop**: it repeated itself until the harness stopped it, until the stage ended, or most of the time.
//! 5. **tool misuse**: calls were malformed, or the turn ended because one was written as text.
//! 6. **gave up**: a message without a tool call ended the turn while tests failed. Words such as "due to time
//!    constraints" make it surer and prove nothing alone.
//! 7. **wrong answer**: tests ran, some failed, nothing else was found. It is never a contributing cause.
//! 8. **unknown**: the trace holds a score and too little else, as published tables do.
//!
//! * `cause`: the closed list, and how sure a label is
//! * `field`, `rule`: what a rule says
//! * `raw`, `read`, `schema`: rules in TOML
//! * `collect`: what is kept of a stage while it is read
//! * `repetition`: repetition as rules look at it
//! * `decide`: labels, and the primary cause
//! * `attribute`: runs of trace files
//! * `label`: what comes out
//! * `excerpt`: pieces of text as evidence
//! * `signature`, `common_cause`: errors that runs share
//! * `human`, `agreement`: causes that people gave
//! * `error`: what can be wrong with files, with file and line

mod agreement;
mod attribute;
mod cause;
mod collect;
mod common_cause;
mod decide;
mod error;
mod excerpt;
mod field;
mod human;
mod label;
#[cfg(test)]
mod made_run;
mod raw;
mod read;
#[cfg(test)]
mod read_tests;
mod repetition;
mod rule;
mod schema;
mod signature;
#[cfg(test)]
mod tests;

pub use agreement::{Disagreement, HumanAgreement, human_agreement};
pub use attribute::{Attributor, attribute_files};
pub use cause::{Cause, Confidence};
pub use common_cause::{CommonCause, common_causes};
pub use error::{FailureError, FileProblem};
pub use excerpt::{LONGEST_EXCERPT, excerpt, masked};
pub use field::{Field, Holds};
pub use human::{HumanLabel, parse_labels, read_labels};
pub use label::{Evidence, Label, RunAttribution, StageFailure, StageOutcome};
pub use read::DEFAULT_RULES;
pub(in crate::analysis) use read::Place;
pub use rule::{FailureRules, Rule};
pub use schema::failure_rules_schema;
pub use signature::{ErrorLines, ErrorSignature, SignatureSource, normalised};
