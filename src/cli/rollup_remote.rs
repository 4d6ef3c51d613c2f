//! `ramptrace rollup --remote`: a Spark Connect server folds the events, or, in a build without its client, the way to one
//! that has it.

use super::CliError;
use super::output::Output;

/// Rolls up on the server at `remote`.
#[cfg(feature = "spark-connect")]
pub(super) fn run(
    remote: &str,
    events: &str,
    out: &str,
    output: &mut Output,
) -> Result<(), CliError> {
    let done = crate::rollup::roll_up_remote(remote, events, out)?;
    output.note(format_args!(
        "{out}: {} stages of {} runs, by Spark Connect {}",
        done.stages, done.runs, done.version
    ));
    Ok(())
}

/// Says what is missing.
#[cfg(not(feature = "spark-connect"))]
pub(super) fn run(
    _remote: &str,
    events: &str,
    out: &str,
    _output: &mut Output,
) -> Result<(), CliError> {
    let problem = "this ramptrace was built without spark-connect, so it cannot talk to an engine";
    Err(CliError::usage(problem)
        .hint("cargo install --path . --features spark-connect    (its build needs protoc, on Debian the package protobuf-compiler)")
        .hint(format!("or without it: spark-submit schemas/rollup_spark.py --events {events} -o {out}")))
}
