//! Which API a request speaks, who answers it, and whether it is recorded.
//!
//! Everything is passed on; only requests that ask a model for a reply are recorded. Anthropic's clients add the version
//! of their path to the base URL, OpenAI's have it in the base URL: `/v1` thus stands for OpenAI's whole base URL.

use super::{ProxySettings, Upstream};
use hyper::header::HeaderMap;
use hyper::{Method, Uri};

/// An API whose replies are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// OpenAI's chat completions, which most other providers speak.
    Chat,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
}

impl Api {
    /// Its name in a trace.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat.completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
        }
    }
}

/// The API of a request that is recorded.
pub(super) fn recorded(method: &Method, path: &str) -> Option<Api> {
    let path = path.trim_end_matches('/');
    let apis = [
        ("/chat/completions", Api::Chat),
        ("/responses", Api::Responses),
        ("/v1/messages", Api::Messages),
    ];
    let api = apis.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, api)| api);
    api.filter(|_| method == Method::POST)
}

/// Who answers a request, and under which address there; no address for a request that names none.
pub(super) fn upstream<'a>(
    settings: &'a ProxySettings,
    uri: &Uri,
    headers: &HeaderMap,
) -> (&'a Upstream, Option<Uri>) {
    let path = uri.path();
    let below = |base: &str| {
        path.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // A key must not go to the wrong provider: any header of Anthropic's says whose it is.
    let anthropic = below("/v1/messages").is_some()
        || headers.contains_key("x-api-key")
        || headers.keys().any(|name| name.as_str().starts_with("anthropic-"));
    if anthropic {
        (&settings.anthropic, settings.anthropic.uri(path, uri.query()))
    } else {
        let rest = below("/v1").unwrap_or(path);
        (&settings.openai, settings.openai.uri(rest, uri.query()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn routed(path: &str, header: Option<&'static str>) -> String {
        let settings = ProxySettings {
            openai: "https://o/base/v1".parse().unwrap(),
            anthropic: "https://a/gate".parse().unwrap(),
            ..ProxySettings::default()
        };
        let mut headers = HeaderMap::new();
        if let Some(name) = header {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        let (_, uri) = upstream(&settings, &path.parse().unwrap(), &headers);
        uri.unwrap().to_string()
    }

    #[test]
    fn requests_go_to_their_provider() {
        assert_eq!(
            routed("/v1/chat/completions?a=b", None),
            "https://o/base/v1/chat/completions?a=b"
        );
        assert_eq!(routed("/v1", None), "https://o/base/v1");
        assert_eq!(routed("/v1beta/x", None), "https://o/base/v1/v1beta/x");
        assert_eq!(routed("/models", None), "https://o/base/v1/models");
        assert_eq!(routed("/v1/messages", None), "https://a/gate/v1/messages");
        assert_eq!(
            routed("/v1/messages/count_tokens", None),
            "https://a/gate/v1/messages/count_tokens"
        );
        assert_eq!(routed("/v1/messagesx", None), "https://o/base/v1/messagesx");
        assert_eq!(routed("/v1/models", Some("anthropic-version")), "https://a/gate/v1/models");
        assert_eq!(routed("/api/x", Some("anthropic-beta")), "https://a/gate/api/x");
        assert_eq!(routed("/v1/models", Some("x-api-key")), "https://a/gate/v1/models");
    }

    #[test]
    fn only_calls_of_models_are_recorded() {
        let api = |path| recorded(&Method::POST, path);
        assert_eq!(api("/v1/chat/completions"), Some(Api::Chat));
        assert_eq!(api("/openai/deployments/m/chat/completions"), Some(Api::Chat));
        assert_eq!(api("/v1/responses/"), Some(Api::Responses));
        assert_eq!(api("/v1/messages"), Some(Api::Messages));
        assert_eq!(api("/v1/messages/count_tokens"), None);
        assert_eq!(api("/v1/threads/t/messages"), None);
        assert_eq!(api("/v1/embeddings"), None);
        assert_eq!(recorded(&Method::GET, "/v1/responses"), None);
    }
}
