//! Generated stores that outlive a run of the benchmarks.

use crate::generate::{SEED, kept};
use ramptrace::synthetic::{Shape, SyntheticStore, Texts};
use ramptrace::trace::SCHEMA_VERSION;
use std::path::PathBuf;

/// The files of a store without texts of so many events, which is made the first time.
pub(crate) fn files(events: i64) -> Vec<PathBuf> {
    let root = kept(&format!("store-{events}-format-{SCHEMA_VERSION}"));
    let shape = Shape { texts: Texts::None, ..Shape::new(events, SEED) };
    let store = SyntheticStore::plan(&root, &shape).expect("a plan");
    store.write(|| ()).expect("a store");
    store.files()
}
