//! A recorded call as an answer over HTTP, in the shape of the API that asks: whole or streamed as the request wants it, cut
//! where it was cut, refused as it was refused.

use super::recording::Recording;
use crate::capture::mock::{Api, Asked, End, Piece, Reply, ReplyCall, Said, Speech, Usage, spoken};
use crate::trace::Event;
use serde_json::{Value, json};
use std::time::Duration;

/// `error_type` of a call that was given up while it lasted.
const CANCELLED: &str = "cancelled";
/// `error_type` of a call whose upstream broke off.
const CONNECTION_RESET: &str = "connection_reset";

impl Recording {
    /// What is sent for a request that this call answers.
    pub(super) fn said(&self, asked: &Asked<'_>, latency: bool) -> Said {
        let mut said = self.timeless(asked, latency);
        said.request_id.clone_from(&self.request_id);
        said.retry_after.clone_from(&self.retry_after);
        if latency && let Speech::Whole { wait, .. } = &mut said.speech {
            *wait = self.duration;
        }
        said
    }

    fn timeless(&self, asked: &Asked<'_>, latency: bool) -> Said {
        let error = self.error_type.as_deref();
        let end = match error {
            Some(CANCELLED) => End::Silence,
            Some(CONNECTION_RESET) => End::Cut,
            _ => End::Whole,
        };
        // An imported call may have no status: it was answered unless something went wrong.
        let status = match (self.status, error) {
            (Some(status), _) => status,
            (None, None) => 200,
            (None, Some(error)) => {
                let Some(status) = status_of(error) else {
                    let end = if end == End::Whole { End::Cut } else { end };
                    return Said { end, ..Said::of(502, Speech::Nothing) };
                };
                status
            }
        };
        if !(200..300).contains(&status) {
            let wait = Duration::ZERO;
            let speech = Speech::Whole { wait, text: self.error_body(asked.api) };
            return Said::of(status, speech);
        }
        if error == Some("malformed_response") {
            let speech = Speech::Whole { wait: Duration::ZERO, text: "{".to_owned() };
            return Said::of(status, speech);
        }
        let reply = self.reply_for(asked);
        let wants_stream = asked.request.get("stream").is_some_and(|stream| stream == true);
        let speech = if wants_stream {
            Speech::Stream(self.stream(asked.api, &reply, latency))
        } else if error.is_none() || matches!(end, End::Cut | End::Silence) {
            let mut text = asked.api.whole(&reply).to_string();
            if error.is_some() || self.is_broken {
                text.truncate(text.floor_char_boundary(text.len() / 2));
            }
            Speech::Whole { wait: Duration::ZERO, text }
        } else {
            Speech::Whole { wait: Duration::ZERO, text: self.error_body(asked.api) }
        };
        Said { end, ..Said::of(status, speech) }
    }

    /// The events of the answer.
    fn stream(&self, api: Api, reply: &Reply<'_>, latency: bool) -> Vec<(Duration, String)> {
        let mut pieces = api.stream(reply);
        let is_whole = self.error_type.is_none() && !self.is_broken;
        if !is_whole {
            // What was said last was the last that came.
            let last = pieces.iter().rposition(|piece| piece.weight.tokens > 0);
            pieces.truncate(last.map_or(1, |last| last + 1));
        }
        if latency {
            if reply.chunks.is_empty() {
                self.spread(&mut pieces);
            }
        } else {
            for piece in &mut pieces {
                piece.weight.wait = Duration::ZERO;
            }
        }
        let mut events = spoken(&pieces);
        if is_whole {
            if !api.last_line().is_empty() {
                events.push((Duration::ZERO, api.last_line().to_owned()));
            }
        } else if self.is_broken && self.error_type.is_none() {
            events.push((Duration::ZERO, "data: {\n\n".to_owned()));
        } else if !matches!(self.error_type.as_deref(), Some(CANCELLED | CONNECTION_RESET)) {
            let body = self.error_body(api);
            let name = if api == Api::Chat { "" } else { "event: error\n" };
            events.push((Duration::ZERO, format!("{name}data: {body}\n\n")));
        }
        events
    }

    /// The time to the first token and the time of the rest, where the pieces are not known.
    fn spread(&self, pieces: &mut [Piece]) {
        if let Some(first) = pieces.iter_mut().find(|piece| piece.weight.tokens > 0) {
            first.weight.wait = self.first_token;
        }
        if let Some(last) = pieces.last_mut() {
            last.weight.wait += self.duration.saturating_sub(self.first_token);
        }
    }

    fn reply_for<'a>(&self, asked: &Asked<'a>) -> Reply<'a> {
        let said = &self.reply;
        let same_api = self.api.as_deref().is_none_or(|api| api == name(asked.api));
        let (response, call) = asked.api.id_prefixes();
        let seed = said.id.clone().unwrap_or_else(|| format!("{}", self.number));
        let calls = said.calls.iter().enumerate().map(|(index, made)| ReplyCall {
            id: if made.id.is_empty() { format!("{call}{seed}_{index}") } else { made.id.clone() },
            ..made.clone()
        });
        let natural = if said.calls.is_empty() { natural(asked.api) } else { calling(asked.api) };
        let finish = said.finish.clone().filter(|_| same_api && self.api.is_some());
        let asks = |model: &Value| model.as_str().map(str::to_owned);
        let model = said.model.clone().or_else(|| self.model.clone());
        let options = asked.request.get("stream_options");
        Reply {
            id: said.id.clone().unwrap_or_else(|| format!("{response}{seed}")),
            seed: seed.clone(),
            model: model.or_else(|| asks(asked.request.get("model")?)).unwrap_or_default(),
            reasoning: said.reasoning.clone(),
            text: said.text.clone(),
            refusal: said.refusal.clone(),
            calls: calls.collect(),
            finish: finish.unwrap_or_else(|| natural.to_owned()),
            usage: self.usage_for(asked.api, same_api),
            include_usage: options.and_then(|o| o.get("include_usage")).is_some_and(|f| f == true),
            request: asked.request,
            chunks: said.chunks.clone(),
        }
    }

    /// The usage as it was, or as another API has it.
    fn usage_for(&self, api: Api, same_api: bool) -> Option<Value> {
        let raw = self
            .reply
            .usage
            .clone()
            .filter(|usage| same_api && usage.is_object() && self.api.is_some());
        raw.or_else(|| {
            self.tokens.map(|tokens| api.usage(&tokens)).filter(|_| self.api.is_none() || !same_api)
        })
    }

    /// The provider's words for its error, in the shape of an API.
    fn error_body(&self, api: Api) -> String {
        let message = self.error_message.clone().unwrap_or_default();
        // What was no object of a provider came as it is.
        let Some(known) = self.error.as_ref().filter(|e| e.is_object()) else {
            let kind = self.error_type.as_deref().unwrap_or("api_error");
            let is_body = message.trim_start().starts_with(['{', '[', '<']);
            let made = json!({ "type": "error", "error": { "type": kind, "message": message } });
            return if is_body { message } else { made.to_string() };
        };
        let word = |key: &str| known.get(key).cloned().unwrap_or(Value::Null);
        let body = if api == Api::Messages {
            let mut body = json!({
                "type": "error",
                "error": { "type": word("type"), "message": message },
            });
            if let Some(id) = &self.request_id {
                body["request_id"] = json!(id);
            }
            body
        } else {
            json!({ "error": {
                "message": message,
                "type": word("type"),
                "param": word("param"),
                "code": word("code"),
            } })
        };
        body.to_string()
    }
}

/// The tokens of a call, for an API that it was not recorded by.
pub(super) fn tokens(event: &Event) -> Option<Usage> {
    let count = |tokens: Option<i64>| u64::try_from(tokens.unwrap_or(0)).unwrap_or(0);
    let known = event.input_tokens.is_some() || event.output_tokens.is_some();
    let input = count(event.input_tokens);
    known.then(|| Usage {
        input,
        cached: count(event.cache_read_tokens).min(input),
        output: count(event.output_tokens),
        reasoning: count(event.reasoning_tokens),
        cost: event.cost_usd,
    })
}

/// The name of an API in a trace.
pub(super) const fn name(api: Api) -> &'static str {
    match api {
        Api::Chat => "chat.completions",
        Api::Responses => "responses",
        Api::Messages => "messages",
    }
}

const fn natural(api: Api) -> &'static str {
    match api {
        Api::Chat => "stop",
        Api::Responses => "completed",
        Api::Messages => "end_turn",
    }
}

const fn calling(api: Api) -> &'static str {
    match api {
        Api::Chat => "tool_calls",
        Api::Responses => "completed",
        Api::Messages => "tool_use",
    }
}

/// The status that an error usually has.
fn status_of(error_type: &str) -> Option<u16> {
    Some(match error_type {
        "rate_limit" => 429,
        "overloaded" => 503,
        "timeout" => 504,
        "authentication" => 401,
        "not_found" => 404,
        "request_too_large" => 413,
        "insufficient_quota" => 402,
        "context_length_exceeded" | "invalid_request" => 400,
        "server_error" => 500,
        _ => return None,
    })
}
