//! Property checks on the run metrics of a pack: what a definition must not do, tried on generated stage tables.
//!
//! A finding comes with the smallest counter-example that was found. No finding is no proof: small tables are tried
//! exhaustively, larger ones at random from a fixed seed, so that the same pack always gives the same report.
//!
//! * `property`: what is checked, and the codes
//! * `finding`: the report
//! * `sample`: rows that a run could have
//! * `random`: numbers from a fixed seed
//! * `case`: tables to compare, how simple they are, and simpler ones
//! * `subject`: the metrics checked, and the columns they look at
//! * `trial`: cases evaluated all at once
//! * `monotone`, `units`, `cohort`, `bounds`, `nothing`, `missing`: one property each
//! * `search`: the smallest case of each property that fails

mod bounds;
mod case;
mod cohort;
mod finding;
mod missing;
mod monotone;
mod nothing;
mod property;
mod random;
mod sample;
mod search;
mod subject;
mod trial;
mod units;

pub use finding::{CounterExample, ExampleRun, Finding, LintReport};
pub use property::{Property, lint_dictionary};
pub use search::lint;
