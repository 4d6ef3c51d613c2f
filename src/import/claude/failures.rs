//! Failed requests: what went wrong, by the text that the client shows in the place of a reply.

use super::super::stages::end_reason_of_error;
use crate::trace::EndReason;

/// Why the agent stopped, when the last thing in the log is a request that failed.
pub(in super::super) fn reason_of_failed_request(code: &str, detail: &str) -> EndReason {
    let code = code.replace(['_', '-'], "");
    match end_reason_of_error(&code, detail) {
        EndReason::Unknown => EndReason::LlmError,
        known => known,
    }
}

/// What went wrong with a request, from the text that the client shows: the API's own word, or the status.
pub(in super::super) fn request_error(text: &str) -> String {
    let word = text.split('"').find(|w| {
        w.ends_with("_error")
            && w.len() < 60
            && w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    });
    if let Some(word) = word {
        return word.to_owned();
    }
    let status = text.strip_prefix("API Error: ").and_then(|rest| rest.get(..3));
    match status {
        Some("429") => "rate_limit".to_owned(),
        Some(status) if status.bytes().all(|b| b.is_ascii_digit()) => format!("api_error_{status}"),
        _ if text.starts_with("Prompt is too long") => "prompt_too_long".to_owned(),
        _ if text.to_ascii_lowercase().contains("timed out") => "timeout".to_owned(),
        _ if text.contains("limit reached") || text.contains("hit your limit") => {
            "rate_limit".to_owned()
        }
        _ => "api_error".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_words_of_the_api_where_it_says_any() {
        for (text, word) in [
            (
                r#"API Error: 529 {"type":"error","error":{"type":"overloaded_error"}}"#,
                "overloaded_error",
            ),
            ("API Error: 502 Bad Gateway", "api_error_502"),
            ("API Error: 429 Too Many Requests", "rate_limit"),
            ("API Error: Request timed out.", "timeout"),
            ("Prompt is too long", "prompt_too_long"),
            ("Claude AI usage limit reached|1760000000", "rate_limit"),
            ("", "api_error"),
        ] {
            assert_eq!(request_error(text), word, "{text}");
        }
    }

    #[test]
    fn a_failed_request_has_a_reason_for_the_end() {
        let reason = |text: &str| reason_of_failed_request(&request_error(text), text);
        assert_eq!(reason("API Error: Request timed out."), EndReason::LlmTimeout);
        assert_eq!(reason("5-hour limit reached"), EndReason::RateLimited);
        assert_eq!(reason("Prompt is too long"), EndReason::ContextExceeded);
        assert_eq!(reason("API Error: 502 Bad Gateway"), EndReason::LlmError);
    }
}
