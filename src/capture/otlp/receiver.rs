//! The HTTP server: OTLP/HTTP at `/v1/traces`, in protobuf and in JSON, and JSON also at `/`.
//!
//! It answers as the protocol asks (OTLP 1.x, "OTLP/HTTP Response"): 200 with an empty response in the encoding of the
//! request, and a `google.rpc.Status` with every refusal. Spans are taken over before the answer is sent, so that an
//! exporter that sends once more, because it has seen no answer, is counted once.

use super::body::{BodyProblem, LARGEST_BODY, unpacked};
use super::counts::Counts;
use super::error::OtlpError;
use super::genai::Mapper;
use super::pending::Pending;
use super::spans::{Span, from_json, from_protobuf};
use crate::capture::EventSink;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prost::Message as _;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

/// Connections at once.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take for the head of a request, and for its body.
const SLOWEST: Duration = Duration::from_secs(30);
/// How often it is looked for traces that have waited long enough.
const TICK: Duration = Duration::from_millis(250);

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Receives spans, and gives their events to a sink.
#[derive(Debug)]
pub struct OtlpReceiver {
    address: SocketAddr,
    runtime: Runtime,
    shared: Arc<Shared>,
    stopping: watch::Sender<bool>,
}

/// What all connections share.
struct Shared {
    sink: Arc<dyn EventSink>,
    state: Mutex<State>,
    /// Requests that are not answered yet.
    open: AtomicUsize,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("open", &self.open).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    pending: Pending,
    mapper: Mapper,
    refused: u64,
    logs: u64,
    metrics: u64,
}

impl OtlpReceiver {
    /// Listens at an address; port 0 is any that is free. Returns once it does.
    pub fn start(listen: SocketAddr, sink: Arc<dyn EventSink>) -> Result<Self, OtlpError> {
        let failed = |source| OtlpError::Listen { address: listen, source };
        let socket = std::net::TcpListener::bind(listen).map_err(failed)?;
        socket.set_nonblocking(true).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()
            .map_err(|source| OtlpError::Runtime { source })?;
        let listener = {
            let _context = runtime.enter();
            TcpListener::from_std(socket).map_err(failed)?
        };
        let shared = Arc::new(Shared { sink, state: Mutex::default(), open: AtomicUsize::new(0) });
        let (stopping, stopped) = watch::channel(false);
        runtime.spawn(serve(listener, Arc::clone(&shared), stopped));
        Ok(Self { address, runtime, shared, stopping })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Records what waits for the rest of its trace: the end of a stage.
    pub fn flush(&self) {
        self.shared.decide(Pending::all);
    }

    /// What came in so far. Spans that still wait are not in it.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// Takes no more connections, waits for requests that are being read, and records everything that came in.
    pub fn stop(self, wait: Duration) -> Counts {
        let Self { runtime, shared, stopping, .. } = self;
        // Nobody listens when the server has failed, which leaves nothing to stop.
        let _ = stopping.send(true);
        let until = Instant::now() + wait;
        while shared.open.load(Ordering::Acquire) > 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(2));
        }
        runtime.shutdown_timeout(until.saturating_duration_since(Instant::now()));
        shared.decide(Pending::all);
        let counts = shared.counts();
        for warning in warnings(&counts) {
            shared.sink.warn(warning);
        }
        counts
    }
}

/// What the user should know of what was not used.
fn warnings(counts: &Counts) -> Vec<String> {
    let mut said = Vec::new();
    if counts.refused > 0 {
        said.push(format!("OpenTelemetry requests that could not be read: {}", counts.refused));
    }
    if counts.late > 0 {
        said.push(format!(
            "LLM spans that came after the span around them had been counted, and are not counted again: {}",
            counts.late
        ));
    }
    if counts.logs + counts.metrics > 0 && counts.llm_calls + counts.sums_counted == 0 {
        said.push(format!(
            "the agent sent OpenTelemetry logs or metrics ({} requests) and no LLM spans; only spans are recorded",
            counts.logs + counts.metrics
        ));
    }
    said
}

impl Shared {
    /// Takes over the spans of a request.
    fn take(&self, spans: Vec<Span>) {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for span in spans {
            if let Some(alone) = state.pending.add(span, now) {
                self.record(&mut state, vec![alone]);
            }
        }
        drop(state);
        self.decide(|pending| pending.due(now));
    }

    /// Records the traces that are taken from those that wait.
    fn decide(&self, take: impl FnOnce(&mut Pending) -> Vec<Vec<Span>>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for spans in take(&mut state.pending) {
            self.record(&mut state, spans);
        }
    }

    fn record(&self, state: &mut State, spans: Vec<Span>) {
        for event in state.mapper.map(spans) {
            self.sink.record(event);
        }
    }

    fn counts(&self) -> Counts {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (refused, logs, metrics) = (state.refused, state.logs, state.metrics);
        Counts { refused, logs, metrics, ..state.mapper.counts() }
    }

    fn note(&self, note: impl FnOnce(&mut State)) {
        note(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Accepts connections until it is stopped.
async fn serve(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = tick.tick() => shared.decide(|pending| pending.due(Instant::now())),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => match Arc::clone(&places).try_acquire_owned() {
                    Ok(place) => {
                        let connection = connection(stream, Arc::clone(&shared), stopped.clone());
                        tokio::spawn(async move {
                            connection.await;
                            drop(place);
                        });
                    }
                    // Dropped: exporters try again.
                    Err(_) => drop(stream),
                },
                // Too many open files, for one: others have to be closed first.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
}

/// Answers the requests of a connection. That one breaks off is the client's matter.
async fn connection(stream: TcpStream, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move {
            let _open = Open::new(&shared);
            Ok::<_, Infallible>(answer(&shared, request).await)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(SLOWEST)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A request that is not answered yet.
struct Open<'a>(&'a Shared);

impl<'a> Open<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.open.fetch_add(1, Ordering::AcqRel);
        Self(shared)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The encodings of requests and answers.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Protobuf,
    Json,
}

/// Why a request is refused.
struct Refusal {
    status: StatusCode,
    problem: String,
}

impl Refusal {
    fn new(status: StatusCode, problem: impl Into<String>) -> Self {
        Self { status, problem: problem.into() }
    }
}

impl From<BodyProblem> for Refusal {
    fn from(problem: BodyProblem) -> Self {
        let status = match problem {
            BodyProblem::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BodyProblem::UnknownEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            BodyProblem::NoGzip | BodyProblem::NoZlib => StatusCode::BAD_REQUEST,
        };
        Self::new(status, problem.to_string())
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    // Some exporters post everything to the address itself.
    let is_known = matches!(path.as_str(), "" | "/v1/traces" | "/v1/logs" | "/v1/metrics");
    let format = format_of(&request).unwrap_or(Format::Json);
    if !is_known {
        let problem = "OTLP/HTTP is received at /v1/traces, /v1/logs and /v1/metrics";
        return refusal(&Refusal::new(StatusCode::NOT_FOUND, problem), format);
    }
    if request.method() != Method::POST {
        let problem = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "OTLP/HTTP requests are posted");
        return with_header(refusal(&problem, format), ALLOW, "POST");
    }
    let done = match path.as_str() {
        "/v1/traces" => traces(shared, request).await,
        "" => anything(shared, request).await,
        _ => unused(shared, request, path == "/v1/logs").await,
    };
    match done {
        // An empty message is no bytes in protobuf.
        Ok(()) => {
            response(StatusCode::OK, format, if format == Format::Json { "{}" } else { "" }.into())
        }
        Err(problem) => {
            shared.note(|state| state.refused += 1);
            refusal(&problem, format)
        }
    }
}

async fn traces(shared: &Shared, request: Request<Incoming>) -> Result<(), Refusal> {
    let format = format_of(&request)?;
    let body = body(request).await?;
    let spans = match format {
        Format::Protobuf => from_protobuf(&body),
        Format::Json => from_json(&body),
    };
    shared.take(spans.map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, e.to_string()))?);
    Ok(())
}

/// What says itself what it is: only JSON does.
async fn anything(shared: &Shared, request: Request<Incoming>) -> Result<(), Refusal> {
    if format_of(&request)? == Format::Protobuf {
        let problem = "traces in protobuf are received at /v1/traces";
        return Err(Refusal::new(StatusCode::NOT_FOUND, problem));
    }
    let body = body(request).await?;
    // What it is stands at its beginning.
    let named = |name: &str| body.windows(name.len()).take(100).any(|w| w == name.as_bytes());
    if named("\"resourceLogs\"") {
        shared.note(|state| state.logs += 1);
    } else if named("\"resourceMetrics\"") {
        shared.note(|state| state.metrics += 1);
    } else {
        let spans = from_json(&body);
        shared.take(spans.map_err(|e| Refusal::new(StatusCode::BAD_REQUEST, e.to_string()))?);
    }
    Ok(())
}

/// Logs and metrics: taken, so that the exporter is content, and only counted.
async fn unused(shared: &Shared, request: Request<Incoming>, is_logs: bool) -> Result<(), Refusal> {
    body(request).await?;
    shared.note(|state| if is_logs { state.logs += 1 } else { state.metrics += 1 });
    Ok(())
}

fn format_of(request: &Request<Incoming>) -> Result<Format, Refusal> {
    let header =
        request.headers().get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let kind = header.unwrap_or(PROTOBUF).split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        PROTOBUF | "application/protobuf" => Ok(Format::Protobuf),
        JSON => Ok(Format::Json),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("OTLP/HTTP bodies are {PROTOBUF} or {JSON}"),
        )),
    }
}

/// The body of a request, unpacked.
async fn body(request: Request<Incoming>) -> Result<Vec<u8>, Refusal> {
    let encoding = request.headers().get(CONTENT_ENCODING);
    let encoding = encoding.map_or("", |value| value.to_str().unwrap_or("?")).to_owned();
    let limited = Limited::new(request.into_body(), LARGEST_BODY);
    let read = tokio::time::timeout(SLOWEST, limited.collect()).await;
    let late = |_| Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body took too long");
    let bytes = read.map_err(late)?.map_err(|error| {
        if error.is::<LengthLimitError>() {
            return BodyProblem::TooLarge.into();
        }
        Refusal::new(StatusCode::BAD_REQUEST, "the body broke off")
    })?;
    Ok(unpacked(&bytes.to_bytes(), &encoding)?.into_owned())
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn refusal(refusal: &Refusal, format: Format) -> Response<Full<Bytes>> {
    /// `INVALID_ARGUMENT` of gRPC.
    const INVALID: i32 = 3;
    let status = RpcStatus { code: INVALID, message: refusal.problem.clone() };
    let body = match format {
        Format::Protobuf => status.encode_to_vec(),
        Format::Json => serde_json::json!({ "code": status.code, "message": status.message })
            .to_string()
            .into_bytes(),
    };
    response(refusal.status, format, body)
}

fn response(status: StatusCode, format: Format, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = if format == Format::Json { JSON } else { PROTOBUF };
    with_header(response, CONTENT_TYPE, kind)
}

fn with_header(
    mut response: Response<Full<Bytes>>,
    name: HeaderName,
    value: &'static str,
) -> Response<Full<Bytes>> {
    response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    response
}
