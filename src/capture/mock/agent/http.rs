//! One request to the model, tried again when that may help: after a 429, a 5xx, a connection that broke, or an answer
//! that did. It waits as `retry-after` says, else 0.1 s, doubled each time.

use super::{AgentError, AgentSettings, chunks, wire};
use crate::capture::mock::Api;
use crate::capture::mock::reply::identifier;
use crate::capture::mock::service::SESSION_HEADER;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Largest answer.
const LARGEST_ANSWER: usize = 256 << 20;
/// Longest time of a request.
const LONGEST_REQUEST: Duration = Duration::from_mins(10);
/// The first wait before another try.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// The longest wait before another try.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Longest message of an error, in bytes.
const LONGEST_MESSAGE: usize = 2000;

/// Where requests go, and with which keys.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: String,
    authority: String,
    path: String,
    headers: HeaderMap,
    api: Api,
    retries: u32,
}

/// Why a try gave no answer.
enum Failure {
    Refused { status: u16, retry_after: Option<Duration>, message: String },
    NoAnswer(String),
    BadAnswer(String),
}

impl Failure {
    /// Whether another try may help.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => matches!(status, 408 | 409 | 429 | 500..=599),
            Self::NoAnswer(_) | Self::BadAnswer(_) => true,
        }
    }
}

impl Endpoint {
    /// The endpoint of the settings, with the keys of the environment.
    pub(super) fn of(settings: &AgentSettings) -> Result<Self, AgentError> {
        let bad = |problem: &str| AgentError::BadUrl {
            url: settings.base_url.clone(),
            problem: problem.into(),
        };
        let url = wire::url(settings.api, &settings.base_url);
        let rest =
            url.strip_prefix("http://").ok_or_else(|| bad("it does not begin with http://"))?;
        let (authority, path) = rest.split_once('/').ok_or_else(|| bad("it has no path"))?;
        if authority.is_empty() || authority.contains('@') {
            return Err(bad("it has no plain host"));
        }
        let has_port = authority.rsplit_once(':').is_some_and(|(_, p)| p.parse::<u16>().is_ok());
        let host = HeaderValue::from_str(authority).map_err(|_| bad("it has no plain host"))?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("ramptrace-agent/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        headers.insert(SESSION_HEADER, session(settings));
        add_keys(&mut headers, settings.api, |name| std::env::var(name).ok());
        Ok(Self {
            authority: if has_port { authority.into() } else { format!("{authority}:80") },
            path: format!("/{path}"),
            url,
            headers,
            api: settings.api,
            retries: settings.retries,
        })
    }

    /// The model's answer.
    pub(super) async fn ask(&self, body: &Value) -> Result<Value, AgentError> {
        let body = Bytes::from(body.to_string());
        let mut wait = FIRST_WAIT;
        let mut tries = 0;
        loop {
            let failure = match self.try_once(body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if tries >= self.retries || !failure.may_pass() {
                return Err(self.error(failure));
            }
            tries += 1;
            if let Failure::Refused { retry_after: Some(asked), .. } = failure {
                sleep(asked.min(LONGEST_WAIT)).await;
            } else {
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }

    fn error(&self, failure: Failure) -> AgentError {
        match failure {
            Failure::Refused { status, message, .. } => AgentError::Refused { status, message },
            Failure::NoAnswer(problem) => AgentError::NoAnswer { url: self.url.clone(), problem },
            Failure::BadAnswer(problem) => AgentError::BadAnswer { problem },
        }
    }

    async fn try_once(&self, body: Bytes) -> Result<Value, Failure> {
        let in_time = timeout(LONGEST_REQUEST, self.exchange(body)).await;
        in_time.unwrap_or_else(|_| {
            let seconds = LONGEST_REQUEST.as_secs();
            Err(Failure::NoAnswer(format!("nothing whole within {seconds} s")))
        })
    }

    async fn exchange(&self, body: Bytes) -> Result<Value, Failure> {
        let broken = |e: hyper::Error| Failure::NoAnswer(e.to_string());
        let stream = TcpStream::connect(&self.authority)
            .await
            .map_err(|e| Failure::NoAnswer(format!("cannot connect: {e}")))?;
        // Without it requests are merely late.
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // What goes wrong with the connection is what the request says.
        tokio::spawn(connection);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() =
            self.path.parse().map_err(|_| Failure::NoAnswer("not a path of a URL".into()))?;
        *request.headers_mut() = self.headers.clone();
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER)
            .collect()
            .await
            .map_err(|e| Failure::NoAnswer(format!("the answer broke off: {e}")))?
            .to_bytes();
        if !head.status.is_success() {
            return Err(Failure::Refused {
                status: head.status.as_u16(),
                retry_after: seconds(head.headers.get(RETRY_AFTER)),
                message: message(&body),
            });
        }
        let is_stream = head.headers.get(CONTENT_TYPE).is_some_and(|kind| {
            kind.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream")
        });
        if is_stream {
            return chunks::assemble(self.api, &String::from_utf8_lossy(&body))
                .map_err(Failure::BadAnswer);
        }
        serde_json::from_slice(&body).map_err(|e| Failure::BadAnswer(format!("not JSON: {e}")))
    }
}

/// What tells this conversation from others: its file, or this process.
fn session(settings: &AgentSettings) -> HeaderValue {
    let process = std::process::id().to_le_bytes();
    let file = settings.session.as_ref().map(|path| path.as_os_str().as_encoded_bytes());
    let id =
        identifier(&[file.unwrap_or(&process), settings.workdir.as_os_str().as_encoded_bytes()]);
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"))
}

/// Adds the key of the environment, marked as secret.
fn add_keys(headers: &mut HeaderMap, api: Api, variable: impl Fn(&str) -> Option<String>) {
    let key = |name: &str| variable(name).map(|k| k.trim().to_owned()).filter(|k| !k.is_empty());
    let secret = |text: &str| {
        HeaderValue::from_str(text).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        })
    };
    match api {
        Api::Chat | Api::Responses => {
            let value = key("OPENAI_API_KEY").and_then(|k| secret(&format!("Bearer {k}")));
            if let Some(value) = value {
                headers.insert(AUTHORIZATION, value);
            }
        }
        Api::Messages => {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
            if let Some(value) = key("ANTHROPIC_API_KEY").and_then(|k| secret(&k)) {
                headers.insert("x-api-key", value);
            }
        }
    }
}

fn seconds(header: Option<&HeaderValue>) -> Option<Duration> {
    let seconds: f64 = header?.to_str().ok()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What an error says: its message where it has one, else its body.
fn message(body: &[u8]) -> String {
    let parsed: Option<Value> = serde_json::from_slice(body).ok();
    let said = parsed.as_ref().and_then(|b| b["error"]["message"].as_str()).map(str::to_owned);
    let mut said = said.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned());
    said.truncate(said.floor_char_boundary(LONGEST_MESSAGE));
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_where_the_api_wants_them() {
        let variable = |name: &str| Some(format!("  key-of-{name}\n"));
        let mut headers = HeaderMap::new();
        add_keys(&mut headers, Api::Chat, variable);
        assert_eq!(headers[AUTHORIZATION], "Bearer key-of-OPENAI_API_KEY");
        assert!(!format!("{headers:?}").contains("key-of"), "not in a debug text");
        let mut headers = HeaderMap::new();
        add_keys(&mut headers, Api::Messages, variable);
        assert_eq!(headers["x-api-key"], "key-of-ANTHROPIC_API_KEY");
        for useless in ["", "a\nb"] {
            let mut headers = HeaderMap::new();
            add_keys(&mut headers, Api::Responses, |_| Some(useless.into()));
            assert!(headers.is_empty());
        }
    }

    #[test]
    fn waits_and_messages_are_read_or_left() {
        let header = |text: &str| seconds(Some(&HeaderValue::from_str(text).unwrap()));
        assert_eq!(header("2"), Some(Duration::from_secs(2)));
        assert_eq!(header("0.5"), Some(Duration::from_millis(500)));
        for text in ["-1", "NaN", "soon", "1e300"] {
            assert_eq!(header(text), None, "{text}");
        }
        assert_eq!(message(br#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(message(b" <html> "), "<html>");
        assert_eq!(message(&[b'x'; 5000]).len(), LONGEST_MESSAGE);
    }
}
