//! The command line: arguments, terminal output, progress, exit codes. One file per subcommand.
//!
//! Commands return a [`CliError`] or finish; only `output` prints and only `main` decides the exit code.
//!
//! * `args`: the top of the command line
//! * `output`: stdout and stderr
//! * `exit`: errors with hints, and exit codes
//! * `basis`: cost basis and price books
//! * `demo`: a trace that the program makes itself
//! * `replace`: files and folders written whole, beside and then renamed
//! * `workup`: everything that is computed of a store; `plates`, `catalogue`: its figures

mod agent;
mod analyze;
mod analyze_failures;
mod args;
mod basis;
mod cascade;
mod cascade_tables;
mod catalogue;
mod check;
mod compact;
mod cost;
mod cost_tables;
mod demo;
mod dependence;
mod exit;
mod export;
mod failure_tables;
mod figure;
mod generate;
mod generate_data;
mod import;
mod import_store;
mod lint_tables;
mod output;
mod plates;
mod price_tables;
mod progress;
mod rank_tables;
mod receipts;
mod record;
mod record_means;
mod record_pipeline;
mod record_progress;
mod recover;
mod redact;
mod replace;
mod replay;
mod replay_diff;
mod replay_play;
mod replay_screen;
mod replay_serve;
mod replay_tools;
mod report;
mod report_runs;
mod rollup;
mod rollup_remote;
mod score;
mod score_tables;
mod scoring;
mod sensitivity;
mod sheet;
mod show;
mod sql;
mod store;
mod tables;
mod verify;
mod whatif;
mod whatif_tables;
mod workup;

pub use args::main;
pub use exit::CliError;
