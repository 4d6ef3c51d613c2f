//! From the calls to the recorder's thread: what has been copied goes there to be read, and turned into events.
//!
//! Reading a long request takes milliseconds, which the agent must not wait for. The queue has no bound of its own: the
//! copies in it have an allowance. A call counts as in flight until its events have been recorded.

use super::chunks::Chunks;
use super::clipped::{Allowance, Clipped};
use super::hearing::{Ending, Head};
use super::moment::Moment;
use super::reply::Reply;
use super::route::Api;
use super::scribe::Scribe;
use crate::capture::EventSink;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes that all copies together may take.
const ALLOWANCE: usize = 256 << 20;

/// How long a call may have to wait until those before it are counted against a budget.
const COUNTING: Duration = Duration::from_millis(50);

/// A request that has been received.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) number: u64,
    pub(super) api: Api,
    pub(super) received: Moment,
    pub(super) body: Clipped,
    /// Bytes on the wire.
    pub(super) bytes: u64,
    /// Why the copy cannot be read, if it cannot.
    pub(super) problem: Option<String>,
    pub(super) path: String,
    pub(super) secrets: Arc<[String]>,
}

/// A call that has ended.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) number: u64,
    pub(super) ended: Instant,
    pub(super) first_token: Option<Instant>,
    /// The pieces of a stream.
    pub(super) chunks: Chunks,
    pub(super) head: Option<Head>,
    pub(super) body: Body,
    /// Bytes on the wire.
    pub(super) bytes: u64,
    /// Why the copy cannot be read, if it cannot.
    pub(super) problem: Option<String>,
    pub(super) ending: Ending,
    pub(super) flight: Flight,
}

/// The copy of an answer.
#[derive(Debug)]
pub(super) enum Body {
    /// A stream of events, read already.
    Stream(Box<Reply>),
    /// Anything else.
    Whole(Clipped),
}

enum Job {
    Asked(Box<Asked>),
    Answered(Box<Answered>),
    Flush(SyncSender<()>),
    Stop,
}

/// The way to the recorder's thread.
pub(super) struct Tape {
    jobs: Sender<Job>,
    thread: Mutex<Option<JoinHandle<()>>>,
    calls: AtomicU64,
    flights: Arc<Flights>,
    sink: Arc<dyn EventSink>,
    warned: AtomicBool,
    pub(super) allowance: Arc<Allowance>,
}

impl Tape {
    pub(super) fn start(sink: Arc<dyn EventSink>) -> std::io::Result<Arc<Self>> {
        let (jobs, queue) = channel();
        let scribe = Scribe::new(Arc::clone(&sink));
        let heard = Arc::clone(&sink);
        let thread = std::thread::Builder::new()
            .name("proxy-recorder".to_owned())
            .spawn(move || record(&queue, scribe, heard.as_ref()))?;
        Ok(Arc::new(Self {
            jobs,
            thread: Mutex::new(Some(thread)),
            calls: AtomicU64::new(0),
            flights: Arc::default(),
            sink,
            warned: AtomicBool::new(false),
            allowance: Allowance::new(ALLOWANCE),
        }))
    }

    /// The number of a call that begins, and its place among those in flight.
    pub(super) fn begin(&self) -> (u64, Flight) {
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        (number, Flight::begin(&self.flights))
    }

    pub(super) fn asked(&self, asked: Asked) {
        self.send(Job::Asked(Box::new(asked)));
    }

    pub(super) fn answered(&self, answered: Answered) {
        self.send(Job::Answered(Box::new(answered)));
    }

    fn send(&self, job: Job) {
        // The thread ends only after the last call has.
        let _ = self.jobs.send(job);
    }

    /// Whether a budget has room for another call. Calls that have just ended are counted first.
    pub(super) async fn has_room(&self) -> bool {
        let begun = Instant::now();
        loop {
            let counted = self.flights.wait(Duration::ZERO) || begun.elapsed() > COUNTING;
            match self.sink.is_exhausted() {
                None => return true,
                Some(true) => return false,
                Some(false) if counted => return true,
                Some(false) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    }

    /// Says once that a copy could not be made.
    pub(super) fn broken(&self) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            self.sink.warn(BROKEN.to_owned());
        }
    }

    /// Waits until no call is in flight; false when some still are.
    pub(super) fn settle(&self, wait: Duration) -> bool {
        self.flights.wait(wait)
    }

    /// Records tool calls that are still without a result, after all that came before.
    pub(super) fn flush(&self) {
        let (done, wait) = sync_channel(1);
        self.send(Job::Flush(done));
        // An error says that the thread has ended, and with it all tool calls.
        let _ = wait.recv();
    }

    /// Ends the thread, after all that came before.
    pub(super) fn stop(&self) {
        self.flush();
        self.send(Job::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

const BROKEN: &str = "the proxy could not record a call in full; the call itself is not affected";

/// The recorder's thread.
fn record(queue: &Receiver<Job>, mut scribe: Scribe, sink: &dyn EventSink) {
    let mut warned = false;
    for job in queue {
        if matches!(job, Job::Stop) {
            return;
        }
        let work = AssertUnwindSafe(|| scribe_job(&mut scribe, job));
        if catch_unwind(work).is_err() && !std::mem::replace(&mut warned, true) {
            sink.warn(BROKEN.to_owned());
        }
    }
}

fn scribe_job(scribe: &mut Scribe, job: Job) {
    match job {
        Job::Asked(asked) => scribe.asked(*asked),
        Job::Answered(answered) => scribe.answered(*answered),
        Job::Flush(done) => {
            scribe.flush();
            let _ = done.send(());
        }
        Job::Stop => {}
    }
}

/// Calls in flight.
#[derive(Debug, Default)]
struct Flights {
    count: Mutex<usize>,
    ended: Condvar,
}

impl Flights {
    fn wait(&self, wait: Duration) -> bool {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ended.wait_timeout_while(count, wait, |count| *count > 0);
        let (count, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *count == 0
    }
}

/// A call in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Flight(Arc<Flights>);

impl Flight {
    fn begin(flights: &Arc<Flights>) -> Self {
        *flights.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(Arc::clone(flights))
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut count = self.0.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.saturating_sub(1);
        self.0.ended.notify_all();
    }
}
