//! The HTTP server, with a runtime of its own.

use super::service::Service;
use super::{MockError, Model, Scripted, Scripts};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// How long the runtime may take to end.
const FAREWELL: Duration = Duration::from_secs(1);
/// Wait after a connection that could not be accepted.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(50);

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub struct MockModel {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl MockModel {
    /// Starts a server of scripts; returns when it listens.
    pub fn start(scripts: Scripts, listen: SocketAddr) -> Result<Self, MockError> {
        Self::serve(Arc::new(Scripted::new(scripts)), listen)
    }

    /// Starts a server of any model; returns when it listens.
    pub fn serve(model: Arc<dyn Model>, listen: SocketAddr) -> Result<Self, MockError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("mock-model")
            .enable_all()
            .build()
            .map_err(|source| MockError::Runtime { source })?;
        let failed = |source| MockError::Listen { address: listen, source };
        let listener = runtime.block_on(TcpListener::bind(listen)).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        runtime.spawn(accept(listener, Arc::new(Service::new(model))));
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, with all that is being said.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for MockModel {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(FAREWELL);
        }
    }
}

async fn accept(listener: TcpListener, service: Arc<Service>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&service)));
        } else {
            // Too many open files, most likely: some will be closed.
            tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
        }
    }
}

async fn serve(stream: TcpStream, service: Arc<Service>) {
    // Small pieces must not wait for each other; without it they are merely late.
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await }
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    if (&mut connection).await.is_err() {
        // It was cut, which the client shall see as a reset; or the client has gone, and sees nothing.
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
