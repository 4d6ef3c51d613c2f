//! Megabytes of raw log per second through the OpenHands importer.
//!
//! Bytes are those of the files that the importer opens; the copies of the events in `openhands-state` are counted by
//! name only. Sessions of Claude Code are generated, 100 MB or as many as `RAMPTRACE_BENCH_MB` says, and imported on all
//! threads, into sealed traces. Run with `cargo bench --bench import`; with `RAMPTRACE_REAL_DATA`, the published runs are read as well.

mod generate;
mod run_folder;

use divan::Bencher;
use divan::counter::BytesCount;
use ramptrace::import::{
    Collected, ImportError, ImportReport, Imported, Job, Numbering, Sink, find_sources, jobs,
};
use ramptrace::synthetic::write_claude_logs;
use ramptrace::trace::{Event, Layout, RunFacts, Store, Timestamp, TraceWriter};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

fn main() {
    divan::main();
}

/// A generated run folder.
#[divan::bench_group(sample_count = 20, sample_size = 1)]
mod generated {
    use super::{Bencher, PathBuf, generate, read, read_and_write, run_folder};

    fn folder() -> PathBuf {
        let folder = generate::kept("run-folder");
        run_folder::write(&folder);
        folder
    }

    #[divan::bench]
    fn to_events(bencher: Bencher) {
        read(bencher, &folder());
    }

    #[divan::bench]
    fn to_trace(bencher: Bencher) {
        read_and_write(bencher, &folder());
    }
}

/// Generated sessions of Claude Code: many files, and all in one.
#[divan::bench_group(sample_count = 3, sample_size = 1)]
mod claude_code {
    use super::{Bencher, generate, read_and_write_parallel, write_claude_logs};

    #[divan::bench(args = [false, true])]
    fn to_trace(bencher: Bencher, one: bool) {
        let megabytes = std::env::var("RAMPTRACE_BENCH_MB").ok().and_then(|mb| mb.parse().ok());
        let megabytes: u64 = megabytes.unwrap_or(100);
        let folder = generate::kept(&format!("claude-{megabytes}-{one}"));
        if !folder.exists() {
            write_claude_logs(&folder, megabytes * 1_000_000, one, generate::SEED).expect("logs");
        }
        read_and_write_parallel(bencher, &folder);
    }
}

/// The published runs, one after another.
#[divan::bench_group(sample_count = 10, sample_size = 1, ignore = published_runs().is_none())]
mod published {
    use super::{Bencher, published_runs, read, read_and_write};

    #[divan::bench]
    fn to_events(bencher: Bencher) {
        if let Some(runs) = published_runs() {
            read(bencher, &runs);
        }
    }

    #[divan::bench]
    fn to_trace(bencher: Bencher) {
        if let Some(runs) = published_runs() {
            read_and_write(bencher, &runs);
        }
    }
}

fn published_runs() -> Option<PathBuf> {
    let runs = PathBuf::from(std::env::var_os("RAMPTRACE_REAL_DATA")?).join("ramp/runs");
    runs.is_dir().then_some(runs)
}

/// Logs to events in memory.
fn read(bencher: Bencher, path: &Path) {
    let jobs = all_jobs(path);
    bencher.counter(size(path)).bench(|| jobs.iter().map(imported).collect::<Vec<_>>());
}

/// Logs to trace files on disk, which are then thrown away.
fn read_and_write(bencher: Bencher, path: &Path) {
    let jobs = all_jobs(path);
    let store = tempfile::tempdir().expect("a folder");
    bencher.counter(size(path)).bench(|| {
        for run in jobs.iter().flat_map(imported) {
            drop(Store::seal(store.path(), &run.run, &run.events).expect("a trace"));
        }
    });
}

/// Jobs in parallel, each event written as it comes; the command writes on a second thread besides.
fn read_and_write_parallel(bencher: Bencher, path: &Path) {
    let store = tempfile::tempdir().expect("a folder");
    bencher.counter(size(path)).bench(|| {
        let layout = Layout::of(store.path());
        all_jobs(path).par_iter().for_each(|job| {
            let mut sink = Sealing { layout: &layout, open: None };
            job.import(&mut sink).expect("an import");
        });
    });
}

/// Seals traces and throws them away.
struct Sealing<'a> {
    layout: &'a Layout,
    open: Option<(RunFacts, TraceWriter, Numbering)>,
}

impl Sink for Sealing<'_> {
    fn begin(&mut self, run: RunFacts, start: Option<Timestamp>) -> Result<(), ImportError> {
        let writer = TraceWriter::create(&self.layout.path_of(&run))?;
        self.open = Some((run, writer, Numbering::from(start)));
        Ok(())
    }

    fn event(&mut self, mut event: Event) -> Result<(), ImportError> {
        let (run, writer, numbering) = self.open.as_mut().expect("a run");
        numbering.number(&mut event);
        Ok(writer.write(run, &event)?)
    }

    fn end(&mut self, report: ImportReport) -> Result<(), ImportError> {
        assert_eq!(report.lost(), 0, "{report:?}");
        let (_, writer, _) = self.open.take().expect("a run");
        drop(writer.seal()?);
        Ok(())
    }

    fn failed(&mut self, error: ImportError) -> Result<(), ImportError> {
        Err(error)
    }
}

fn imported(job: &Job) -> Vec<Imported> {
    let mut sink = Collected::default();
    job.import(&mut sink).expect("an import");
    assert!(sink.runs.iter().all(|run| run.report.lost() == 0));
    sink.runs
}

/// The jobs at a path; each of them gives a run without complaints about its records.
fn all_jobs(path: &Path) -> Vec<Job> {
    let sources = find_sources(&[path.to_owned()]).expect("sources").sources;
    let jobs: Vec<Job> = jobs(sources).into_iter().map(|job| job.expect("a job")).collect();
    jobs
}

/// The bytes that an import of this path reads.
fn size(path: &Path) -> BytesCount {
    let mut total = 0;
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if !path.is_dir() {
                total += path.metadata().expect("a file").len();
            } else if !path.ends_with("events") {
                folders.push(path);
            }
        }
    }
    BytesCount::new(total)
}
