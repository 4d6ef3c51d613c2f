//! Answers one request over HTTP: reads it, asks the model what to say, and says it.

use super::api::{Api, Refusal};
use super::body::Answer;
use super::reply::identifier;
use super::said::{Asked, End, Model, Said, Speech};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

/// The header that tells conversations apart whose requests are the same.
pub(super) const SESSION_HEADER: &str = "x-agent-session";
/// Largest request.
const LARGEST_REQUEST: usize = 64 << 20;
/// How long a client that waits for an answer which never comes is kept waiting.
const LONGEST_SILENCE: Duration = Duration::from_mins(10);

type Pieces = Sender<io::Result<hyper::body::Bytes>>;

/// A model behind HTTP.
pub(super) struct Service {
    model: Arc<dyn Model>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

/// What a request is for.
enum Target {
    Model(Api),
    CountTokens,
    Models,
}

impl Target {
    fn of(method: &Method, path: &str) -> Option<Self> {
        let path = path.strip_prefix("/v1").unwrap_or(path).trim_end_matches('/');
        match (method, path) {
            (&Method::POST, "/chat/completions") => Some(Self::Model(Api::Chat)),
            (&Method::POST, "/responses") => Some(Self::Model(Api::Responses)),
            (&Method::POST, "/messages") => Some(Self::Model(Api::Messages)),
            (&Method::POST, "/messages/count_tokens") => Some(Self::CountTokens),
            (&Method::GET, "/models") => Some(Self::Models),
            _ => None,
        }
    }

    /// The API in whose shape errors are.
    fn api(&self) -> Api {
        match self {
            Self::Model(api) => *api,
            Self::CountTokens => Api::Messages,
            Self::Models => Api::Chat,
        }
    }
}

impl Service {
    pub(super) fn new(model: Arc<dyn Model>) -> Self {
        Self { model }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Answer>> {
        let path = request.uri().path().to_owned();
        let target = Target::of(request.method(), &path);
        let api = target.as_ref().map_or(Api::Chat, Target::api);
        let session = request.headers().get(SESSION_HEADER).cloned();
        let Ok(body) = Limited::new(request.into_body(), LARGEST_REQUEST).collect().await else {
            let id = identifier(&[path.as_bytes()]);
            return send(api, api.refuse(&Refusal::TooLarge, &id)).await;
        };
        let body = body.to_bytes();
        let id = identifier(&[path.as_bytes(), &body]);
        let Some(target) = target else {
            return send(api, api.refuse(&Refusal::NotFound { path }, &id)).await;
        };
        if matches!(target, Target::Models) {
            let models = Said::at_once(200, &self.models());
            return send(api, models.with_request_id(format!("req_{id}"))).await;
        }
        let request: Value = match serde_json::from_slice(&body) {
            Ok(request) => request,
            Err(e) => {
                let problem = format!("not JSON: {e}");
                return send(api, api.refuse(&Refusal::BadRequest { problem }, &id)).await;
            }
        };
        let session = session.as_ref().map(HeaderValue::as_bytes).unwrap_or_default();
        let asked = Asked { api, request: &request, id: &id, session };
        let said = match target {
            Target::CountTokens => self.model.count_tokens(&asked).map_or_else(
                |refused| refused,
                |count| Said::at_once(200, &json!({ "input_tokens": count })),
            ),
            _ => self.model.answer(&asked),
        };
        send(api, said).await
    }

    fn models(&self) -> Value {
        let entry = |name: String| json!({ "id": name, "object": "model", "created": 0, "owned_by": "mock" });
        json!({ "object": "list", "data": self.model.models().into_iter().map(entry).collect::<Vec<_>>() })
    }
}

/// Says it. An error ends the connection without an answer.
async fn send(api: Api, said: Said) -> io::Result<Response<Answer>> {
    let Said { status, request_id, retry_after, speech, end } = said;
    let (kind, body) = match speech {
        Speech::Nothing => {
            if end == End::Silence {
                // A client that goes meanwhile ends this.
                sleep(LONGEST_SILENCE).await;
            }
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Speech::Whole { wait, text } => {
            sleep(wait).await;
            let body = if end == End::Whole {
                Answer::whole(text)
            } else {
                let (sender, body) = Answer::stream();
                tokio::spawn(say(vec![(Duration::ZERO, text)], end, sender));
                body
            };
            ("application/json", body)
        }
        Speech::Stream(pieces) => {
            let (sender, body) = Answer::stream();
            tokio::spawn(say(pieces, end, sender));
            ("text/event-stream; charset=utf-8", body)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(id) = request_id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(api.request_id_header(), id);
    }
    if let Some(when) = retry_after.and_then(|when| HeaderValue::from_str(&when).ok()) {
        headers.insert(RETRY_AFTER, when);
    }
    Ok(response)
}

/// Sends pieces until their end, or until nobody listens any more.
async fn say(pieces: Vec<(Duration, String)>, end: End, sender: Pieces) {
    for (wait, piece) in pieces {
        if !wait.is_zero() {
            sleep(wait).await;
        }
        if sender.send(Ok(piece.into())).await.is_err() {
            return;
        }
    }
    finish(end, &sender).await;
}

/// Ends an answer as it is to end.
async fn finish(end: End, sender: &Pieces) {
    match end {
        End::Whole => return,
        // What was sent is to go out first.
        End::Cut => sleep(Duration::from_millis(20)).await,
        End::Silence => tokio::select! {
            () = sleep(LONGEST_SILENCE) => {}
            () = sender.closed() => {}
        },
    }
    // Whoever has gone has missed nothing.
    let _ = sender.send(Err(io::ErrorKind::ConnectionReset.into())).await;
}
