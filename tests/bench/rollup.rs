//! Events per second of the rollup, at the size of a study and at the size of an archive.
//!
//! Run with `cargo bench --bench rollup`. Large stores are made the first time, take 70 bytes per event, and stay
//! in the target folder.

mod generate;
mod store;

use divan::Bencher;
use divan::counter::ItemsCount;
use ramptrace::rollup::roll_up;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn events_1e5(bencher: Bencher) {
    rolled_up(bencher, 100_000);
}

// Not under `cargo test --benches`, which runs everything once without optimisation.
#[divan::bench(sample_count = 5, sample_size = 1, ignore = !std::env::args().any(|a| a == "--bench"))]
fn events_1e7(bencher: Bencher) {
    rolled_up(bencher, 10_000_000);
}

#[divan::bench(sample_count = 5, sample_size = 1, ignore = !std::env::args().any(|a| a == "--bench"))]
fn events_2e7(bencher: Bencher) {
    rolled_up(bencher, 20_000_000);
}

fn rolled_up(bencher: Bencher, events: i64) {
    let files = store::files(events);
    let counter = ItemsCount::new(events.unsigned_abs());
    bencher.counter(counter).bench(|| roll_up(&files).expect("a rollup"));
}
