//! Calls that got no answer: what went wrong, in a few words that are the same for all providers.
//!
//! The words are those that the rules of failure attribution look for (rate limit, timeout, context length); the
//! provider's own type and message stay beside them.

use serde_json::Value;

/// Most bytes of an error that are kept.
const TEXT_LIMIT: usize = 16 << 10;

/// `error_type` of a call whose upstream could not be reached, or that ended the connection without an answer.
pub(super) const CONNECTION: &str = "connection";
/// `error_type` of a call whose answer was cut off.
pub(super) const CONNECTION_RESET: &str = "connection_reset";
/// `error_type` of a call that the agent gave up, or that was still running when the recording ended.
pub(super) const CANCELLED: &str = "cancelled";
/// `error_type` of a call whose answer could not be read at all.
pub(super) const MALFORMED: &str = "malformed_response";

/// A call without an answer.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::capture) struct Failure {
    /// In our words.
    pub(in crate::capture) error_type: String,
    /// The message, or the body as it came.
    pub(super) message: String,
    /// The provider's own type and code.
    pub(super) provider: Option<Value>,
    /// The context window, when the message states it.
    pub(in crate::capture) context_limit: Option<i64>,
}

impl Failure {
    /// The failure that a response with an error status stands for.
    pub(super) fn of_response(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let parsed: Option<Value> = serde_json::from_str(&text).ok();
        // Some gateways answer with a list of one.
        let parsed = parsed.map(|value| value.get(0).cloned().unwrap_or(value));
        let error = parsed.as_ref().and_then(|body| body.get("error").filter(|e| !e.is_null()));
        Self::new(Some(status), error.or(parsed.as_ref()), &text)
    }

    /// The failure that an error inside an answer stands for.
    pub(in crate::capture) fn of_error(error: &Value) -> Self {
        let status =
            error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        Self::new(status, Some(error), &error.to_string())
    }

    /// A failure that only we know of.
    pub(super) fn ours(error_type: &str, message: String) -> Self {
        let error_type = error_type.to_owned();
        Self { error_type, message, provider: None, context_limit: None }
    }

    fn new(status: Option<u16>, error: Option<&Value>, text: &str) -> Self {
        let word =
            |key: &str| error.and_then(|e| e.get(key)).and_then(Value::as_str).unwrap_or_default();
        let message = match error {
            Some(Value::String(message)) => message.as_str(),
            _ if !word("message").is_empty() => word("message"),
            _ => text,
        };
        let names = format!("{} {}", word("type"), word("code")).to_ascii_lowercase();
        let error_type = error_type(status, &names, message).to_owned();
        let provider = error.filter(|e| e.is_object()).map(|e| {
            let short = |key: &str| e.get(key).filter(|v| v.to_string().len() <= 200).cloned();
            let kept = ["type", "code", "param"]
                .into_iter()
                .filter_map(|k| Some((k.to_owned(), short(k)?)));
            Value::Object(kept.filter(|(_, v)| !v.is_null()).collect())
        });
        let is_context = error_type == "context_length_exceeded";
        Self {
            context_limit: is_context.then(|| context_limit(message)).flatten(),
            error_type,
            message: message[..message.floor_char_boundary(TEXT_LIMIT)].to_owned(),
            provider: provider.filter(|p| p.as_object().is_some_and(|p| !p.is_empty())),
        }
    }
}

/// The word for an error. Its names and its message say more than the status: a request that is too long has the same
/// status as one with a typing error.
fn error_type(status: Option<u16>, names: &str, message: &str) -> &'static str {
    let lower = message.to_ascii_lowercase();
    let says =
        |words: &[&str]| words.iter().any(|word| names.contains(word) || lower.contains(word));
    let about_context = [
        "context_length_exceeded",
        "context length",
        "context window",
        "prompt is too long",
        "input is too long",
        "input length should be",
        "too many input tokens",
        "exceed_context_size",
    ];
    let named = |words: &[&str]| words.iter().any(|word| names.contains(word));
    match status.unwrap_or(0) {
        0 | 400..=404 | 413 | 422 | 500 if says(&about_context) => "context_length_exceeded",
        _ if says(&[
            "insufficient_quota",
            "exceeded your current quota",
            "credit balance is too low",
        ]) =>
        {
            "insufficient_quota"
        }
        402 => "insufficient_quota",
        429 => "rate_limit",
        _ if named(&["rate_limit"]) => "rate_limit",
        503 | 529 => "overloaded",
        _ if named(&["overloaded"]) => "overloaded",
        408 | 504 | 522 | 524 => "timeout",
        _ if named(&["timeout"]) => "timeout",
        401 | 403 => "authentication",
        _ if named(&["authentication", "permission", "invalid_api_key"]) => "authentication",
        404 => "not_found",
        413 => "request_too_large",
        400..=499 => "invalid_request",
        _ if named(&["invalid_request"]) => "invalid_request",
        _ => "server_error",
    }
}

/// The context window that a message states.
fn context_limit(message: &str) -> Option<i64> {
    let lower = message.to_ascii_lowercase();
    let number_after = |marker: &str| {
        let rest = lower[lower.find(marker)? + marker.len()..].trim_start_matches([' ', ':', '(']);
        let digits: String =
            rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, ',' | '_')).collect();
        digits.replace([',', '_'], "").parse::<i64>().ok().filter(|limit| *limit > 0)
    };
    // `input length should be [1, 169984]`: the upper end.
    let range = || {
        let rest = lower.split_once("input length should be [")?.1;
        rest.split_once(']')?.0.split(',').next_back()?.trim().parse().ok()
    };
    let markers = [
        "maximum context length is",
        "maximum context length of",
        "context window of",
        "context length is only",
        "context window is",
        "context size is",
    ];
    // Anthropic: `prompt is too long: 208310 tokens > 200000 maximum`.
    let against = || lower.find("too long").and_then(|_| number_after("tokens >"));
    markers.iter().find_map(|marker| number_after(marker)).or_else(range).or_else(against)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, body: &str) -> (String, Option<i64>) {
        let failure = Failure::of_response(status, body.as_bytes());
        (failure.error_type, failure.context_limit)
    }

    #[test]
    fn errors_of_providers_have_common_names() {
        let typed = |kind: &str, message: &str| {
            format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
        };
        for (status, body, name) in [
            (429, typed("rate_limit_error", "slow down"), "rate_limit"),
            (
                429,
                typed("insufficient_quota", "You exceeded your current quota"),
                "insufficient_quota",
            ),
            (529, typed("overloaded_error", "Overloaded"), "overloaded"),
            (401, typed("authentication_error", "invalid x-api-key"), "authentication"),
            (400, typed("invalid_request_error", "max_tokens: Field required"), "invalid_request"),
            (413, typed("request_too_large", "too large"), "request_too_large"),
            (504, "<html>gateway</html>".to_owned(), "timeout"),
            (502, String::new(), "server_error"),
            (
                500,
                r#"[{"error":{"code":500,"message":"internal","status":"INTERNAL"}}]"#.to_owned(),
                "server_error",
            ),
        ] {
            assert_eq!(failure(status, &body), (name.to_owned(), None), "{status} {body}");
        }
        let nested = serde_json::json!({"type": "overloaded_error", "message": "Overloaded"});
        let failure = Failure::of_error(&nested);
        assert_eq!(
            (failure.error_type.as_str(), failure.message.as_str()),
            ("overloaded", "Overloaded")
        );
        assert_eq!(
            Failure::of_error(&serde_json::json!({"code": 429, "message": "x"})).error_type,
            "rate_limit"
        );
    }

    #[test]
    fn a_request_that_is_too_long_names_the_limit() {
        for (message, limit) in [
            (
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000",
                Some(128_000),
            ),
            ("prompt is too long: 208310 tokens > 200000 maximum", Some(200_000)),
            ("Range of input length should be [1, 169984]", Some(169_984)),
            ("Your input exceeds the context window of this model.", None),
            ("maximum context length is 131,072 tokens", Some(131_072)),
        ] {
            let body =
                serde_json::json!({"error": {"message": message, "type": "invalid_request_error"}});
            let expected = ("context_length_exceeded".to_owned(), limit);
            assert_eq!(failure(400, &body.to_string()), expected, "{message}");
        }
    }

    #[test]
    fn a_long_body_is_bounded() {
        let failure = Failure::of_response(500, "\u{e9}".repeat(TEXT_LIMIT).as_bytes());
        assert!(failure.message.len() <= TEXT_LIMIT && failure.provider.is_none());
    }
}
