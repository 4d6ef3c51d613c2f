//! The three APIs: what each calls a request, an answer and an error.

use super::conversation::Conversation;
use super::reply::{Piece, Reply};
use super::said::Said;
use super::script::Finish;
use super::usage::Usage;
use super::{chat, messages, responses};
use serde_json::{Value, json};
use std::fmt;
use std::str::FromStr;

/// An API of a model's provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Api {
    /// `OpenAI` chat completions.
    Chat,
    /// `OpenAI` responses.
    Responses,
    /// Anthropic messages.
    Messages,
}

impl FromStr for Api {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "chat" => Ok(Self::Chat),
            "responses" => Ok(Self::Responses),
            "messages" => Ok(Self::Messages),
            other => Err(format!("no API `{other}` among chat, responses, messages")),
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Messages => "messages",
        })
    }
}

/// Why a request gets no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody knows the model.
    UnknownModel {
        /// Its name.
        model: String,
    },
    /// The prompt has too many tokens.
    TooLong {
        /// Those that it has.
        tokens: u64,
        /// Those that it may have.
        limit: u64,
    },
    /// The request is not as it should be.
    BadRequest {
        /// What is wrong with it.
        problem: String,
    },
    /// There is nothing at this path.
    NotFound {
        /// The path.
        path: String,
    },
    /// The request has too many bytes.
    TooLarge,
    /// An error that a script wants.
    Scripted {
        /// Its status.
        status: u16,
    },
}

impl Refusal {
    /// The HTTP status.
    pub(super) const fn status(&self) -> u16 {
        match self {
            Self::UnknownModel { .. } | Self::NotFound { .. } => 404,
            Self::TooLong { .. } | Self::BadRequest { .. } => 400,
            Self::TooLarge => 413,
            Self::Scripted { status } => *status,
        }
    }
}

impl Api {
    /// What a request asks for, or what is wrong with it.
    pub(super) fn conversation(self, request: &Value) -> Result<Conversation, String> {
        match self {
            Self::Chat => chat::conversation(request),
            Self::Responses => responses::conversation(request),
            Self::Messages => messages::conversation(request),
        }
    }

    /// The answer that is not streamed.
    pub fn whole(self, reply: &Reply<'_>) -> Value {
        match self {
            Self::Chat => chat::whole(reply),
            Self::Responses => responses::whole(reply),
            Self::Messages => messages::whole(reply),
        }
    }

    /// The answer as a stream.
    pub fn stream(self, reply: &Reply<'_>) -> Vec<Piece> {
        match self {
            Self::Chat => chat::stream(reply),
            Self::Responses => responses::stream(reply),
            Self::Messages => messages::stream(reply),
        }
    }

    /// What ends a stream after its last event.
    pub const fn last_line(self) -> &'static str {
        match self {
            Self::Chat => "data: [DONE]\n\n",
            Self::Responses | Self::Messages => "",
        }
    }

    /// The name of the response header with the identifier of the request.
    pub(super) const fn request_id_header(self) -> &'static str {
        match self {
            Self::Chat | Self::Responses => "x-request-id",
            Self::Messages => "request-id",
        }
    }

    /// How identifiers of responses and of tool calls begin.
    pub const fn id_prefixes(self) -> (&'static str, &'static str) {
        match self {
            Self::Chat => ("chatcmpl-", "call_"),
            Self::Responses => ("resp_", "call_"),
            Self::Messages => ("msg_", "toolu_"),
        }
    }

    /// The word for the end of a reply.
    pub(super) const fn finish(self, finish: Finish) -> &'static str {
        match self {
            Self::Chat => chat::finish_reason(finish),
            Self::Responses => responses::finish(finish),
            Self::Messages => messages::stop_reason(finish),
        }
    }

    /// The object that says what a reply used.
    pub fn usage(self, used: &Usage) -> Value {
        match self {
            Self::Chat => chat::usage(used),
            Self::Responses => responses::usage(used),
            Self::Messages => messages::usage(used),
        }
    }

    /// The answer to a request that gets none.
    pub fn refuse(self, refusal: &Refusal, request_id: &str) -> Said {
        let said = Said::at_once(refusal.status(), &self.error(refusal, request_id));
        said.with_request_id(format!("req_{request_id}"))
    }

    /// The body of an error, in the provider's shape and words.
    pub(super) fn error(self, refusal: &Refusal, request_id: &str) -> Value {
        match self {
            Self::Chat => open_ai_error(refusal, "messages"),
            Self::Responses => open_ai_error(refusal, "input"),
            Self::Messages => messages::error(refusal, request_id),
        }
    }
}

/// The body of an error of `OpenAI`; `prompt` is the parameter that holds the prompt.
fn open_ai_error(refusal: &Refusal, prompt: &str) -> Value {
    let invalid = "invalid_request_error";
    let (message, kind, param, code) = match refusal {
        Refusal::UnknownModel { model } => {
            let message =
                format!("The model `{model}` does not exist or you do not have access to it.");
            (message, invalid, None, Some("model_not_found"))
        }
        Refusal::TooLong { tokens, limit } => {
            let message = if prompt == "input" {
                "Your input exceeds the context window of this model. Please adjust your input and try again.".into()
            } else {
                format!(
                    "This model's maximum context length is {limit} tokens. However, your messages resulted in \
                     {tokens} tokens. Please reduce the length of the messages."
                )
            };
            (message, invalid, Some(prompt), Some("context_length_exceeded"))
        }
        Refusal::BadRequest { problem } => (problem.clone(), invalid, None, None),
        Refusal::NotFound { path } => (format!("Invalid URL (POST {path})"), invalid, None, None),
        Refusal::TooLarge => ("Request body too large.".into(), invalid, None, None),
        Refusal::Scripted { status: 401 } => {
            ("Incorrect API key provided.".into(), invalid, None, Some("invalid_api_key"))
        }
        Refusal::Scripted { status: 429 } => {
            let message = "Rate limit reached. Please try again later.".into();
            (message, "requests", None, Some("rate_limit_exceeded"))
        }
        Refusal::Scripted { status: 400..=499 } => {
            ("The request was refused.".into(), invalid, None, None)
        }
        Refusal::Scripted { .. } => {
            let message =
                "The server had an error while processing your request. Sorry about that!";
            (message.into(), "server_error", None, None)
        }
    };
    json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_apis_are_read_back() {
        for api in [Api::Chat, Api::Responses, Api::Messages] {
            assert_eq!(api.to_string().parse::<Api>(), Ok(api));
        }
        assert_eq!(
            "soap".parse::<Api>().unwrap_err(),
            "no API `soap` among chat, responses, messages"
        );
    }

    #[test]
    fn errors_have_the_provider_s_shape() {
        let refusal = Refusal::TooLong { tokens: 9, limit: 8 };
        let chat = Api::Chat.error(&refusal, "r");
        assert_eq!(chat["error"]["code"], "context_length_exceeded");
        assert_eq!(chat["error"]["param"], "messages");
        assert!(chat["error"]["message"].as_str().unwrap().contains("maximum context length is 8"));
        let messages = Api::Messages.error(&refusal, "r");
        assert_eq!(messages["type"], "error");
        assert_eq!(messages["error"]["message"], "prompt is too long: 9 tokens > 8 maximum");
        for status in [400, 401, 404, 429, 500, 503, 529] {
            for api in [Api::Chat, Api::Responses, Api::Messages] {
                let error = api.error(&Refusal::Scripted { status }, "r");
                assert!(
                    error["error"]["message"].is_string() && error["error"]["type"].is_string()
                );
            }
        }
    }
}
