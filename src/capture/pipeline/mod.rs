//! The pipeline file: stages in order, how each is asked, graded and handed on.
//!
//! A pipeline is a TOML file (`schemas/pipeline.schema.json`) beside the files it names: a workspace template, prompts,
//! graders, golden artifacts. Everything is checked when it is read, so that a run does not fail at its fifth stage for
//! a misspelt path.
//!
//! * `pipeline`: what a pipeline says
//! * `raw`: as it is written
//! * `read`: from TOML, with file and line of every problem
//! * `place`: where in a file something stands
//! * `path`: paths that stay where they belong
//! * `score`: from what a grader leaves to a score
//! * `score_table`: how the file says it
//! * `json_path`: a value inside a JSON document
//! * `schema`: the file as JSON Schema
//! * `error`: what can be wrong

mod error;
mod json_path;
mod path;
#[expect(clippy::module_inception, reason = "the noun of the module")]
mod pipeline;
mod place;
mod raw;
mod read;
mod schema;
mod score;
mod score_table;

pub use error::PipelineError;
pub use pipeline::{Budget, Conversation, Golden, Pipeline, Recovery, Stage};
pub use schema::pipeline_schema;
pub use score::{Grade, GradeOutput, ScoreParser, ScoreSource};
