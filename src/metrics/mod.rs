//! Metrics as data: packs of named SQL expressions over the views `stages` and `runs`.
//!
//! A pack is a TOML file (`schemas/metric-pack.schema.json`). An expression sees the columns of its view, the parameters
//! of the pack and the other metrics, wherever they stand. Expressions run on polars and cannot read files.
//!
//! * `pack`, `parameter`, `gate`: what a pack says
//! * `raw`, `read`: a pack read from TOML, with the packs that it extends
//! * `expression`: one expression, and what it looks at
//! * `plan`: what comes after what, and what cannot be computed
//! * `table`: the rows that expressions see
//! * `evaluate`: a pack over a rollup
//! * `identity`: what a metric is, as a hash
//! * `schema`: the file format as JSON Schema
//! * `kept`: values that were computed before
//! * `lint`: what a definition must not do, tried on generated tables
//! * `error`: what can be wrong with a pack, with its line

mod error;
mod evaluate;
mod expression;
mod gate;
mod identity;
mod kept;
mod lint;
mod pack;
mod parameter;
mod plan;
mod raw;
mod read;
mod schema;
mod table;

pub use error::{MetricError, PackProblem};
pub use evaluate::{Scores, evaluate, evaluate_only};
pub use gate::{Failing, Gate, Rule};
pub use identity::{MetricIdentity, identities};
pub use kept::{KeptError, KeptScore, KeptScores, ScoreKey};
pub use lint::{CounterExample, ExampleRun, Finding, LintReport, Property, lint, lint_dictionary};
pub use pack::{Better, Level, Metric, Over, Pack, Warning};
pub use parameter::{Parameter, ParameterValue, Role};
pub use read::BUILT_IN;
pub use schema::metric_pack_schema;
