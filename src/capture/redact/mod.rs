//! Secrets masked before anything is kept, and in traces that are there already.
//!
//! What is taken for a secret, in this order: values that the environment holds under names that look secret, in every
//! form that tools give them; what a user's rules find; keys by the patterns of their providers; strings that look drawn
//! at random. A mask is `[redacted:<category>:<pseudonym>]`: under the key of a store, equal secrets have equal masks.
//! Masking what is masked changes nothing. No number, hash or time of an event is ever touched.
//!
//! What stays readable, and cannot be helped here: a secret in pieces, over two events or cut off by the tool that printed
//! it; one that was compressed, encrypted, or spread by a dump over columns; and in a trace that was not masked when it
//! was recorded, the hash of arguments, against which a guess of all of them can be checked.
//!
//! * `forms`: a secret as tools and logs encode it
//! * `known`: secrets of the environment
//! * `rules`, `schema`: what users add, in TOML
//! * `patterns`: keys of providers and forges
//! * `shape`, `entropy`: words and chance
//! * `pseudonym`: the key of a store
//! * `redactor`: all of these over a text
//! * `json`: texts that are JSON, and stay it
//! * `event`: the columns of an event
//! * `findings`: what was masked, by column and category
//! * `rewrite`: trace files
//! * `error`: what can go wrong, with file and line

mod entropy;
mod error;
mod event;
mod findings;
mod forms;
mod json;
mod known;
#[cfg(test)]
mod leak_tests;
#[cfg(test)]
mod pattern_tests;
mod patterns;
#[cfg(test)]
mod property_tests;
mod pseudonym;
mod redactor;
#[cfg(test)]
mod redactor_tests;
mod rewrite;
mod rules;
mod schema;
mod shape;

pub use error::{RedactError, RuleProblem};
pub use findings::Findings;
pub use forms::{Encoding, Form, forms};
pub use known::{KnownSecrets, SHORTEST_SECRET};
pub use pseudonym::PseudonymKey;
pub use redactor::Redactor;
pub use rewrite::{Rewritten, rewrite, scan};
pub use rules::RedactionRules;
pub use schema::redaction_rules_schema;
