//! Published numbers checked against the traces.
//!
//! A claims file is TOML (`schemas/claims.schema.json`): each claim says what was published, and how the number is
//! computed from the views. What does not agree is told apart from what only follows from rounded inputs, and from what
//! these traces cannot say.
//!
//! * `claim`: what a file says
//! * `raw`, `read`, `published`: a file read from TOML
//! * `value`: numbers, truths, texts and lists of these
//! * `tolerance`: how far a value may be off
//! * `measure`: statistics that SQL lacks
//! * `views`: the rows that a claim is about, with the metrics of packs
//! * `need`: what a store must hold for a claim
//! * `verify`: verdicts
//! * `schema`: the file format as JSON Schema
//! * `error`: what can be wrong with a file

mod claim;
mod error;
mod measure;
mod need;
mod published;
mod raw;
mod read;
#[cfg(test)]
mod read_tests;
mod schema;
#[cfg(test)]
mod tests;
mod tolerance;
mod value;
mod verify;
mod views;

pub use claim::{Claim, ClaimsFile, Formula, Runs};
pub use error::ClaimsError;
pub use measure::Measure;
pub use need::Need;
pub use schema::claims_schema;
pub use tolerance::{Comparison, Tolerance};
pub use value::{ClaimValue, shown_number};
pub use verify::{ClaimResult, Verdict, verify};
