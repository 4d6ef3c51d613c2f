//! Answers one request: reads it, finds the turn, and lets go wrong what the script wants to go wrong.

use super::api::{Api, Refusal};
use super::body::Answer;
use super::reply::{Piece, Reply, identifier};
use super::script::{Fault, Pace, Scripts, Turn};
use super::turn::{Choice, LAST_WORDS, choose};
use super::usage::Usage;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

/// The header that tells conversations apart whose requests are the same.
pub(super) const SESSION_HEADER: &str = "x-agent-session";
/// Largest request.
const LARGEST_REQUEST: usize = 64 << 20;

/// What the server knows.
#[derive(Debug)]
pub(super) struct Service {
    scripts: Scripts,
    /// How many errors a request has got already. Only requests between their first error and their answer are here.
    failed: Mutex<HashMap<String, usize>>,
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

/// The identifier of a request, and the API in whose words it is answered.
struct Asked {
    api: Api,
    id: String,
}

impl Service {
    pub(super) fn new(scripts: Scripts) -> Self {
        Self { scripts, failed: Mutex::default() }
    }

    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        let path = request.uri().path().to_owned();
        let target = Target::of(request.method(), &path);
        let api = target.as_ref().map_or(Api::Chat, Target::api);
        let session = request.headers().get(SESSION_HEADER).cloned();
        let Ok(body) = Limited::new(request.into_body(), LARGEST_REQUEST).collect().await else {
            let asked = Asked { api, id: identifier(&[path.as_bytes()]) };
            return asked.refuse(&Refusal::TooLarge, None);
        };
        let body = body.to_bytes();
        let mut asked = Asked { api, id: identifier(&[path.as_bytes(), &body]) };
        let Some(target) = target else { return asked.refuse(&Refusal::NotFound { path }, None) };
        if matches!(target, Target::Models) {
            return asked.respond(StatusCode::OK, &self.models());
        }
        let read = serde_json::from_slice(&body).map_err(|e| format!("not JSON: {e}"));
        let read = read.and_then(|request: Value| Ok((api.conversation(&request)?, request)));
        let (conversation, request) = match read {
            Ok(read) => read,
            Err(problem) => return asked.refuse(&Refusal::BadRequest { problem }, None),
        };
        let Some(script) = self.scripts.get(&conversation.model) else {
            return asked.refuse(&Refusal::UnknownModel { model: conversation.model }, None);
        };
        if matches!(target, Target::CountTokens) {
            let count = json!({ "input_tokens": conversation.tokens() });
            return asked.respond(StatusCode::OK, &count);
        }
        if let Some(limit) = script.context_limit.filter(|l| conversation.tokens() > *l) {
            let tokens = conversation.tokens();
            return asked.refuse(&Refusal::TooLong { tokens, limit }, None);
        }
        let last_words = Turn { text: LAST_WORDS.into(), repeat: 1, ..Turn::default() };
        let turn = match choose(script, &conversation) {
            Choice::Turn(turn) => turn,
            Choice::Over => &last_words,
            Choice::Unknown => {
                let problem =
                    format!("The script of {} has no [[on]] for this prompt.", conversation.model);
                return asked.refuse(&Refusal::BadRequest { problem }, None);
            }
        };
        let session = session.as_ref().map(HeaderValue::as_bytes).unwrap_or_default();
        let (fault, tries) = self.fault(identifier(&[asked.id.as_bytes(), session]), turn);
        if tries > 0 {
            // Another try of the same request is another response.
            asked.id = identifier(&[asked.id.as_bytes(), &tries.to_le_bytes()]);
        }
        if let Some(Fault::Status { status, retry_after }) = fault {
            return asked.refuse(&Refusal::Scripted { status }, retry_after);
        }
        let reply = Reply {
            id: asked.id.clone(),
            model: &conversation.model,
            turn,
            usage: Usage::of(&conversation, turn, script.price),
            request: &request,
            include_usage: conversation.include_usage,
        };
        if conversation.stream {
            return asked.stream(&reply, fault, script.pace);
        }
        asked.at_once(&reply, fault, script.pace).await
    }

    /// What goes wrong with this request, and how many of the same have failed before it.
    fn fault(&self, request: String, turn: &Turn) -> (Option<Fault>, usize) {
        if turn.errors.is_empty() {
            return (turn.fault, 0);
        }
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = failed.get(&request).copied().unwrap_or_default();
        if let Some(fault) = turn.errors.get(tries) {
            failed.insert(request, tries + 1);
            return (Some(*fault), tries);
        }
        failed.remove(&request);
        (turn.fault, tries)
    }

    fn models(&self) -> Value {
        let entry =
            |name: &str| json!({ "id": name, "object": "model", "created": 0, "owned_by": "mock" });
        json!({ "object": "list", "data": self.scripts.models().map(entry).collect::<Vec<_>>() })
    }
}

impl Asked {
    fn respond(&self, status: StatusCode, body: &Value) -> Response<Answer> {
        self.headed(status, "application/json", Answer::whole(body.to_string()))
    }

    fn headed(&self, status: StatusCode, kind: &'static str, body: Answer) -> Response<Answer> {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Ok(id) = HeaderValue::from_str(&format!("req_{}", self.id)) {
            headers.insert(self.api.request_id_header(), id);
        }
        response
    }

    fn refuse(&self, refusal: &Refusal, retry_after: Option<u64>) -> Response<Answer> {
        let status =
            StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = self.respond(status, &self.api.error(refusal, &self.id));
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The answer that is not streamed.
    async fn at_once(
        &self,
        reply: &Reply<'_>,
        fault: Option<Fault>,
        pace: Pace,
    ) -> Response<Answer> {
        sleep(pace.first_token + times(pace.token, reply.usage.output) + reply.turn.stall).await;
        let mut text = self.api.whole(reply).to_string();
        match fault {
            None | Some(Fault::Status { .. }) => {
                self.headed(StatusCode::OK, "application/json", Answer::whole(text))
            }
            Some(Fault::Malformed) => {
                text.truncate(text.floor_char_boundary(text.len() / 2));
                self.headed(StatusCode::OK, "application/json", Answer::whole(text))
            }
            Some(Fault::Cut) => {
                text.truncate(text.floor_char_boundary(text.len() / 2));
                let (sender, body) = Answer::stream();
                tokio::spawn(async move {
                    if sender.send(Ok(text.into())).await.is_ok() {
                        cut(&sender).await;
                    }
                });
                self.headed(StatusCode::OK, "application/json", body)
            }
        }
    }

    fn stream(&self, reply: &Reply<'_>, fault: Option<Fault>, pace: Pace) -> Response<Answer> {
        let (sender, body) = Answer::stream();
        let spoken = Spoken {
            pieces: self.api.stream(reply),
            last_line: self.api.last_line(),
            fault,
            pace,
            stall: reply.turn.stall,
        };
        tokio::spawn(spoken.say(sender));
        self.headed(StatusCode::OK, "text/event-stream; charset=utf-8", body)
    }
}

/// A stream and how it is spoken.
struct Spoken {
    pieces: Vec<Piece>,
    last_line: &'static str,
    fault: Option<Fault>,
    pace: Pace,
    stall: Duration,
}

impl Spoken {
    /// Sends the stream until its end, its fault, or until nobody listens any more.
    async fn say(self, sender: Sender<io::Result<hyper::body::Bytes>>) {
        let middle = self.pieces.len() / 2;
        let mut spoken = false;
        for (place, piece) in self.pieces.iter().enumerate() {
            if piece.tokens > 0 {
                sleep(if spoken {
                    times(self.pace.token, piece.tokens)
                } else {
                    self.pace.first_token
                })
                .await;
                spoken = true;
            }
            if place == middle {
                sleep(self.stall).await;
                match self.fault {
                    Some(Fault::Cut) => return cut(&sender).await,
                    Some(Fault::Malformed) => {
                        let mut text = piece.to_sse();
                        text.truncate(text.floor_char_boundary(text.len() * 2 / 3));
                        text.push_str("\n\n");
                        // Whoever has gone has missed nothing.
                        let _ = sender.send(Ok(text.into())).await;
                        return;
                    }
                    Some(Fault::Status { .. }) | None => {}
                }
            }
            if sender.send(Ok(piece.to_sse().into())).await.is_err() {
                return;
            }
        }
        if !self.last_line.is_empty() {
            // As above.
            let _ = sender.send(Ok(self.last_line.into())).await;
        }
    }
}

/// Ends a connection in the middle of its answer, after what was sent has gone out.
async fn cut(sender: &Sender<io::Result<hyper::body::Bytes>>) {
    sleep(Duration::from_millis(20)).await;
    // Whoever has gone has missed nothing.
    let _ = sender.send(Err(io::ErrorKind::ConnectionReset.into())).await;
}

fn times(wait: Duration, count: u64) -> Duration {
    wait.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}
