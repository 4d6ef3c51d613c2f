//! The recorder of a command is killed at a hundred random moments: the command does not notice, and what it had been told
//! more than a flush before is in the recovered trace.
//!
//! The command asks a scripted model through the proxy again and again, writes down each answer with the time, and goes on
//! with its own work when nobody answers any more.

use super::recorded::{BINARY, read};
use super::workspace::Workspace;
use ramptrace::capture::journal::{Recovery, journals, recover};
use ramptrace::trace::{Kind, check_file};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// From an event to its journal: at most a second (`Bounds::flush`), and another that a busy machine may add.
const FLUSHED: Duration = Duration::from_secs(2);

/// Longest time for anything that is waited for.
const LONG: Duration = Duration::from_mins(1);

const MODEL: &str = "[[on]]\nprompt = '.'\n[[on.turn]]\ntext = 'Yes.'\n";

/// Asks until it is told to stop, and works out a sum of its own meanwhile.
fn command(folder: &str) -> String {
    format!(
        "i=0; while [ ! -e {folder}/stop ] && [ $i -lt 400 ]; do i=$((i + 1)); \
         {BINARY} agent --model m --retries 0 \"question $i.\" >/dev/null 2>&1 && echo \"$i $(date +%s%N)\" >> {folder}/answered; \
         sum=$((sum + i)); done; echo $i $sum > {folder}/sum; mv {folder}/sum {folder}/result"
    )
}

/// Kills a recorder after a random time; gives the number of answers that had to be in the trace.
fn kill(seed: u64) -> usize {
    let space = Workspace::new();
    space.write("models/m.toml", MODEL);
    let folder = space.path("").display().to_string();
    let line = command(&folder);
    let args =
        ["record", "-q", "-o", "store", "--name", "r", "--mock", "models", "--", "sh", "-c", &line];
    let mut child = space
        .command(&args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    std::thread::sleep(Duration::from_millis(random.next_u64() % 4000));
    child.kill().expect("it runs");
    let killed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    child.wait().expect("it ends");
    space.write("stop", "");
    let journal = space.path("store/.ramptrace/journal/r.journal");
    if !space.path("answered").exists() && !journal.exists() {
        return 0; // Killed before there was anything to record.
    }
    // The command itself goes on to its end.
    let begun = Instant::now();
    while !space.path("result").exists() {
        assert!(begun.elapsed() < LONG, "seed {seed}: the command has not ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    let result = std::fs::read_to_string(space.path("result")).expect("a result");
    let numbers: Vec<u64> =
        result.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    assert_eq!(numbers[1], numbers[0] * (numbers[0] + 1) / 2, "its own result, seed {seed}");
    let answered = std::fs::read_to_string(space.path("answered")).unwrap_or_default();
    let safe = answered.lines().filter(|line| {
        let at: u64 = line.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("a time");
        Duration::from_nanos(at) + FLUSHED < killed
    });
    let safe: Vec<&str> = safe.map(|line| line.split(' ').next().expect("a number")).collect();
    let left = journals(&space.path("store")).expect("journals");
    assert_eq!(left.len(), 1, "seed {seed}");
    match recover(&space.path("store"), &left[0]).expect("a recovery") {
        Recovery::Done(done) => {
            let Some(trace) = done.trace else {
                assert_eq!(safe.len(), 0, "seed {seed}");
                return 0;
            };
            assert_eq!(check_file(&trace).expect("a trace"), []);
            let events = read(&trace);
            let asked: Vec<&str> = events
                .iter()
                .filter(|e| e.kind == Kind::Message)
                .filter_map(|e| e.content.as_deref())
                .collect();
            for number in &safe {
                let question = format!("question {number}.");
                assert!(asked.contains(&question.as_str()), "seed {seed}: {question} is lost");
            }
            let calls = events.iter().filter(|e| e.kind == Kind::LlmCall && e.error_type.is_none());
            assert!(calls.count() >= safe.len(), "seed {seed}");
        }
        other => assert_eq!(safe.len(), 0, "seed {seed}: {other:?}"),
    }
    safe.len()
}

#[test]
fn a_recorder_that_is_killed_loses_nothing_older_than_a_flush() {
    let next = AtomicU64::new(0);
    let safe = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= 100 {
                        break;
                    }
                    safe.fetch_add(kill(seed) as u64, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(safe.load(Ordering::Relaxed) > 100, "hardly anything was at stake");
}
