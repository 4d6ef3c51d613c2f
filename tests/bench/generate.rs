//! Generated data that outlives a run of the benchmarks.
//!
//! It depends on [`SEED`] and on what is asked for. Change the seed together with anything that changes what is generated:
//! kept folders are found again by it.

use std::path::PathBuf;

/// Seed of everything that is generated.
pub(crate) const SEED: u64 = 20_260_517;

/// A folder for generated data that stays until the target folder is cleaned.
pub(crate) fn kept(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-seed-{SEED}"))
}
