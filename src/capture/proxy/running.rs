//! The handle of a running proxy.

use super::serve::Gate;
use super::tape::Tape;
use super::{ProxyError, ProxySettings};
use crate::capture::EventSink;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Threads that pass bytes on; the work is waiting.
const THREADS: usize = 2;
/// How long calls that are given up may take to notice.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// A proxy that records one run. Dropped, it stops at once.
pub struct Proxy {
    address: SocketAddr,
    runtime: Option<Runtime>,
    tape: Arc<Tape>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Starts to listen; events go to the sink. It has threads of its own.
    pub fn start(settings: ProxySettings, sink: Arc<dyn EventSink>) -> Result<Self, ProxyError> {
        let address = settings.listen;
        let cannot = |source| ProxyError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(cannot)?;
        listener.set_nonblocking(true).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("proxy")
            .enable_all()
            .build()
            .map_err(ProxyError::Threads)?;
        let tape = Tape::start(sink).map_err(ProxyError::Threads)?;
        let gate = Arc::new(Gate::new(settings, Arc::clone(&tape)));
        let inside = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(cannot)?;
        drop(inside);
        runtime.spawn(gate.serve(listener));
        Ok(Self { address, runtime: Some(runtime), tape })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What an agent's `OPENAI_BASE_URL` is to be.
    pub fn openai_base_url(&self) -> String {
        format!("http://{}/v1", self.reachable())
    }

    /// What an agent's `ANTHROPIC_BASE_URL` is to be.
    pub fn anthropic_base_url(&self) -> String {
        format!("http://{}", self.reachable())
    }

    /// The address for an agent on this machine: one that stands for all addresses is none to call.
    fn reachable(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }

    /// Waits until no call is in flight and all events are recorded; false when some calls still are.
    pub fn settle(&self, wait: Duration) -> bool {
        self.tape.settle(wait)
    }

    /// Records tool calls whose result never came, with status `unknown`: the end of a stage's conversation.
    pub fn flush(&self) {
        self.tape.flush();
    }

    /// Settles, then ends what is still in flight, which is recorded as `cancelled`, and records what [`Self::flush`] does.
    pub fn stop(mut self, wait: Duration) {
        self.settle(wait);
        self.end();
    }

    fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        // A runtime must not be ended inside another one, which the caller may have.
        let ended = std::thread::spawn(move || runtime.shutdown_timeout(LAST_WAIT)).join();
        if ended.is_err() {
            self.tape.broken();
        }
        self.tape.stop();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.end();
    }
}
