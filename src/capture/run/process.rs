//! One process under watch: an agent, a grader, a set-up step.
//!
//! It runs in a process group of its own, so that all it has started ends with it. Its output is read to the end but kept
//! within bounds. It ends by itself, by its time limit, or because whoever watches says so; then the group is asked to
//! end, and killed two seconds later.

use super::error::RunError;
use super::output::Output;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wait4::{ResUse, Wait4};

/// How often whoever watches is asked.
const TICK: Duration = Duration::from_millis(20);

/// From the request to end to the kill.
const GRACE: Duration = Duration::from_secs(2);

/// How long the output of a process that has ended is waited for: what it left running may hold it open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What to run.
pub(super) struct Spec<'a> {
    pub(super) argv: &'a [String],
    pub(super) folder: &'a Path,
    pub(super) env: &'a [(String, String)],
    pub(super) stdin: Option<&'a str>,
    pub(super) limit: Option<Duration>,
}

/// Why a process was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Its time was up.
    Time,
    /// The budget of the run was used up.
    Budget,
    /// Someone stopped the run.
    Interrupt,
    /// Someone stopped the run for the second time: there is no grace.
    Now,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) exit_code: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) cut: Option<Cut>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) stdout_bytes: u64,
    pub(super) stderr_bytes: u64,
    pub(super) wall: Duration,
    pub(super) user: Duration,
    pub(super) system: Duration,
    pub(super) max_rss_bytes: u64,
}

impl Outcome {
    /// Whether it ended by itself with 0.
    pub(super) fn succeeded(&self) -> bool {
        self.cut.is_none() && self.exit_code == Some(0)
    }
}

/// Runs a process; `watch` is asked every few milliseconds whether it should end.
pub(super) fn run(
    spec: &Spec,
    watch: &mut dyn FnMut() -> Option<Cut>,
) -> Result<Outcome, RunError> {
    let (program, arguments) = spec.argv.split_first().map_or(("", &[][..]), |(p, a)| (p, a));
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(spec.folder)
        .envs(spec.env.iter().map(|(key, value)| (key, value)))
        .stdin(if spec.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|source| RunError::Start { program: program.to_owned(), source })?;
    let group = Group(i32::try_from(child.id()).ok().and_then(Pid::from_raw));
    if let (Some(mut stdin), Some(text)) = (child.stdin.take(), spec.stdin) {
        let text = text.to_owned();
        // A process that does not read its input is not our failure.
        std::thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
    }
    let stdout = Reading::of(child.stdout.take());
    let stderr = Reading::of(child.stderr.take());
    let waited = waiter(child);
    let (cut, ended) = attend(&waited, &group, started, spec.limit, watch);
    let wall = started.elapsed();
    // Whatever it left running would hold its output open, and disturb what comes next.
    group.send(Signal::KILL);
    let (status, usage) = match ended {
        Some(Ok(ResUse { status, rusage })) => (Some(status), Some(rusage)),
        _ => (None, None),
    };
    let (stdout, stdout_bytes) = stdout.finish();
    let (stderr, stderr_bytes) = stderr.finish();
    Ok(Outcome {
        exit_code: status.as_ref().and_then(ExitStatus::code),
        signal: status.as_ref().and_then(ExitStatus::signal),
        cut,
        stdout,
        stderr,
        stdout_bytes,
        stderr_bytes,
        wall,
        user: usage.as_ref().map_or(Duration::ZERO, |u| u.utime),
        system: usage.as_ref().map_or(Duration::ZERO, |u| u.stime),
        max_rss_bytes: usage.as_ref().map_or(0, |u| u.maxrss),
    })
}

/// Waits for the end of a child, on a thread of its own.
fn waiter(mut child: Child) -> Receiver<std::io::Result<ResUse>> {
    let (send, receive) = channel();
    std::thread::spawn(move || drop(send.send(child.wait4())));
    receive
}

/// Watches until the process has ended.
fn attend(
    waited: &Receiver<std::io::Result<ResUse>>,
    group: &Group,
    started: Instant,
    limit: Option<Duration>,
    watch: &mut dyn FnMut() -> Option<Cut>,
) -> (Option<Cut>, Option<std::io::Result<ResUse>>) {
    let mut cut: Option<(Cut, Instant)> = None;
    let mut killed = false;
    loop {
        match waited.recv_timeout(TICK) {
            Ok(ended) => return (cut.map(|(cut, _)| cut), Some(ended)),
            Err(RecvTimeoutError::Disconnected) => return (cut.map(|(cut, _)| cut), None),
            Err(RecvTimeoutError::Timeout) => {}
        }
        match cut {
            None => {
                let late = limit.is_some_and(|limit| started.elapsed() >= limit);
                let reason = watch().or(late.then_some(Cut::Time));
                if let Some(reason) = reason {
                    cut = Some((reason, Instant::now()));
                    group.send(Signal::TERM);
                }
            }
            Some((Cut::Interrupt, _)) if !killed && watch() == Some(Cut::Now) => {
                killed = true;
                group.send(Signal::KILL);
            }
            Some((_, since)) if !killed && since.elapsed() >= GRACE => {
                killed = true;
                group.send(Signal::KILL);
            }
            Some(_) => {}
        }
    }
}

/// A process and all that it has started.
struct Group(Option<Pid>);

impl Group {
    /// Sends a signal; a group that is gone needs none.
    fn send(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, signal);
        }
    }
}

/// An output that is being read.
struct Reading {
    output: Arc<Mutex<Output>>,
    done: Receiver<()>,
}

impl Reading {
    fn of(source: Option<impl Read + Send + 'static>) -> Self {
        let output = Arc::new(Mutex::new(Output::default()));
        let (send, done) = channel();
        let shared = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            if let Some(mut source) = source {
                loop {
                    match source.read(&mut buffer) {
                        Ok(read @ 1..) => {
                            let mut output = shared.lock().unwrap_or_else(PoisonError::into_inner);
                            output.push(&buffer[..read]);
                        }
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        _ => break,
                    }
                }
            }
            let _ = send.send(());
        });
        Self { output, done }
    }

    fn finish(self) -> (String, u64) {
        let _ = self.done.recv_timeout(LAST_WORDS);
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        (output.text(), output.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(
        script: &str,
        limit: Option<Duration>,
        watch: &mut dyn FnMut() -> Option<Cut>,
    ) -> Outcome {
        let argv = ["sh", "-c", script].map(str::to_owned);
        let env = [("GREETING".to_owned(), "hello".to_owned())];
        let folder = std::env::temp_dir();
        let spec = Spec { argv: &argv, folder: &folder, env: &env, stdin: Some("input"), limit };
        run(&spec, watch).unwrap()
    }

    #[test]
    fn output_exit_code_and_time_are_known() {
        let outcome = sh("cat; echo $GREETING; echo oops >&2; exit 3", None, &mut || None);
        assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("inputhello\n", "oops\n"));
        assert_eq!((outcome.exit_code, outcome.signal, outcome.cut), (Some(3), None, None));
        assert_eq!((outcome.stdout_bytes, outcome.stderr_bytes), (11, 5));
        assert!(outcome.max_rss_bytes > 0 && outcome.wall > Duration::ZERO);
    }

    #[test]
    fn a_process_that_is_late_ends_with_all_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let late = folder.path().join("late");
        let script = format!("(sleep 1.5; touch {0}) & sleep 60", late.display());
        let outcome = sh(&script, Some(Duration::from_millis(100)), &mut || None);
        assert_eq!((outcome.cut, outcome.exit_code), (Some(Cut::Time), None));
        assert!(outcome.signal.is_some() && outcome.wall < Duration::from_secs(30));
        std::thread::sleep(Duration::from_secs(2));
        assert!(!late.exists(), "its child went on");
    }

    #[test]
    fn a_process_that_does_not_listen_is_killed() {
        let mut asked = 0;
        let outcome = sh("trap '' TERM; while :; do sleep 0.1; done", None, &mut || {
            asked += 1;
            (asked > 3).then_some(Cut::Interrupt)
        });
        assert_eq!((outcome.cut, outcome.signal), (Some(Cut::Interrupt), Some(9)));
    }

    #[test]
    fn input_that_is_not_read_and_output_without_end_do_no_harm() {
        let argv = ["sh", "-c", "head -c 5000000 /dev/zero; exec sleep 0"].map(str::to_owned);
        let folder = std::env::temp_dir();
        let input = "x".repeat(1 << 20);
        let spec =
            Spec { argv: &argv, folder: &folder, env: &[], stdin: Some(&input), limit: None };
        let outcome = run(&spec, &mut || None).unwrap();
        assert!(outcome.succeeded());
        assert_eq!(outcome.stdout_bytes, 5_000_000);
        assert!(outcome.stdout.len() < 1 << 20);
    }

    #[test]
    fn what_cannot_be_started_says_so() {
        let argv = ["/nowhere/agent".to_owned()];
        let folder = std::env::temp_dir();
        let spec = Spec { argv: &argv, folder: &folder, env: &[], stdin: None, limit: None };
        let error = run(&spec, &mut || None).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `/nowhere/agent`");
    }
}
