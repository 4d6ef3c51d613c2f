//! The HTTP side: takes connections, passes requests on, brings answers back.
//!
//! HTTP/1.1 on both sides, with header names as they were spelled. There is no time limit: whether a call takes too long is
//! for the agent to say. An upstream that cannot be reached is a `502` whose body is an error of either API.

use super::hearing::Hearing;
use super::tape::Tape;
use super::tee::{RequestTee, ResponseTee, causes};
use super::{ProxySettings, headers, route};
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long an unused connection to an upstream is kept; shorter than servers keep theirs, so that none is used that the
/// other side is about to close.
const IDLE: Duration = Duration::from_secs(4);
/// Pause after a connection could not be taken, as when there are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

type Answer = Response<Either<ResponseTee, Full<Bytes>>>;

/// What all calls share.
pub(super) struct Gate {
    settings: ProxySettings,
    client: Client<HttpsConnector<HttpConnector>, RequestTee>,
    tape: Arc<Tape>,
}

impl Gate {
    pub(super) fn new(settings: ProxySettings, tape: Arc<Tape>) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_webpki_roots();
        let connector = https.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_preserve_header_case(true)
            .build(connector);
        Self { settings, client, tape }
    }

    /// Takes connections for as long as the runtime lives.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let gate = Arc::clone(&self);
                    tokio::spawn(gate.connection(stream));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    async fn connection(self: Arc<Self>, stream: TcpStream) {
        // Without it, small pieces of a stream would wait for each other.
        let _ = stream.set_nodelay(true);
        let service = service_fn(|request| {
            let gate = Arc::clone(&self);
            async move { Ok::<_, Infallible>(gate.pass(request).await) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .preserve_header_case(true)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service);
        // A connection that breaks is for the agent to notice; its calls have noted it.
        let _ = connection.await;
    }

    /// Passes a request on, and brings back the answer.
    async fn pass(&self, request: Request<Incoming>) -> Answer {
        let (mut parts, body) = request.into_parts();
        let api = route::recorded(&parts.method, parts.uri.path());
        if api.is_some() && !self.tape.has_room().await {
            // The agent is about to be ended: it waits for that, and nothing more is spent.
            std::future::pending::<()>().await;
        }
        let mut hearing =
            api.map(|api| Hearing::begin(&self.tape, api, &parts.uri, &parts.headers));
        let (upstream, uri) = route::upstream(&self.settings, &parts.uri, &parts.headers);
        let body = RequestTee::new(body, hearing.as_ref().map(Hearing::call));
        let Some(uri) = uri else {
            return no_answer(hearing, "the path cannot be passed on".to_owned());
        };
        parts.headers = headers::for_upstream(&parts.headers, upstream, hearing.is_some());
        parts.uri = uri;
        parts.version = Version::HTTP_11;
        match self.client.request(Request::from_parts(parts, body)).await {
            Ok(answer) => {
                let (mut parts, body) = answer.into_parts();
                if let Some(hearing) = &mut hearing {
                    hearing.head(parts.status, &parts.headers);
                }
                parts.headers = headers::passed_on(&parts.headers);
                parts.version = Version::HTTP_11;
                Response::from_parts(parts, Either::Left(ResponseTee::new(body, hearing)))
            }
            Err(error) => {
                no_answer(hearing, format!("no answer from {upstream}: {}", causes(&error)))
            }
        }
    }
}

/// The answer in place of one that did not come.
fn no_answer(hearing: Option<Hearing>, why: String) -> Answer {
    let error = json!({
        "type": "error",
        "error": { "type": "connection", "code": "connection", "message": format!("ramptrace: {why}") },
    });
    if let Some(mut hearing) = hearing {
        hearing.no_answer(why);
    }
    let mut answer = Response::new(Either::Right(Full::new(Bytes::from(error.to_string()))));
    *answer.status_mut() = StatusCode::BAD_GATEWAY;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
