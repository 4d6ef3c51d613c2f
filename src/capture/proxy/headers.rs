//! Headers on their way through.
//!
//! Hop-by-hop fields belong to one connection and are not passed on (RFC 9110, section 7.6.1); all others are, in their
//! order and spelling. What the trace may know of them is a short list: keys travel in headers.

use super::Upstream;
use hyper::HeaderMap;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, COOKIE, EXPECT, HOST, HeaderName, HeaderValue, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use serde_json::{Map, Value};

/// Content codings that the recorder can read.
const READABLE: &[&str] = &["gzip", "x-gzip", "deflate", "zstd", "identity"];

/// Response headers that a trace keeps: how long to wait, and by which name the provider knows the call.
const KEPT: &[(&str, &str)] = &[
    ("retry-after", "retry_after"),
    ("retry-after-ms", "retry_after_ms"),
    ("x-should-retry", "should_retry"),
    ("x-request-id", "request_id"),
    ("request-id", "request_id"),
];

/// Shorter ones are no keys, and masking them would mask words.
const SHORTEST_SECRET: usize = 8;

/// Headers of a message for the next hop.
pub(super) fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if !is_hop_by_hop(name) && !named.iter().any(|n| n == name.as_str()) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE].contains(name)
        || matches!(
            name.as_str(),
            "keep-alive" | "proxy-connection" | "proxy-authenticate" | "proxy-authorization"
        )
}

/// Headers of a request for its upstream. An expectation of `100 Continue` has been met here by then.
pub(super) fn for_upstream(headers: &HeaderMap, upstream: &Upstream, recorded: bool) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in &passed_on(headers) {
        if name == HOST {
            if let Ok(host) = HeaderValue::from_str(upstream.authority()) {
                kept.insert(HOST, host);
            }
        } else if name == ACCEPT_ENCODING && recorded {
            kept.append(ACCEPT_ENCODING, readable(value));
        } else if name != EXPECT {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

/// An `Accept-Encoding` without the codings that the recorder cannot read (Brotli above all); unchanged when it has none.
fn readable(value: &HeaderValue) -> HeaderValue {
    let Ok(text) = value.to_str() else { return HeaderValue::from_static("identity") };
    let coding =
        |part: &str| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let parts = || text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let is_readable = |part: &&str| READABLE.contains(&coding(part).as_str());
    if parts().all(|part| is_readable(&part)) {
        return value.clone();
    }
    let kept: Vec<&str> = parts().filter(is_readable).collect();
    if kept.is_empty() {
        return HeaderValue::from_static("identity");
    }
    HeaderValue::from_str(&kept.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("identity"))
}

/// What a trace keeps of the headers of a response.
pub(super) fn kept(headers: &HeaderMap) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, attribute) in KEPT {
        let text = headers.get(*name).and_then(|value| value.to_str().ok());
        if let Some(text) = text.filter(|text| text.len() <= 200) {
            kept.insert((*attribute).to_owned(), Value::from(text));
        }
    }
    kept
}

/// The text of a header.
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(|value| value.trim().to_ascii_lowercase())
}

/// The keys that a request carries, so that no answer can bring them into the trace.
pub(super) fn secrets(headers: &HeaderMap, query: Option<&str>) -> Vec<String> {
    let names = [
        AUTHORIZATION.as_str(),
        COOKIE.as_str(),
        "x-api-key",
        "api-key",
        "proxy-authorization",
        "x-goog-api-key",
    ];
    let values = names
        .iter()
        .flat_map(|name| headers.get_all(*name))
        .filter_map(|value| value.to_str().ok());
    let in_headers = values.flat_map(|value| value.split([' ', ';', ',', '=']).chain([value]));
    let keys = ["key", "api_key", "api-key", "apikey", "token", "access_token"];
    let in_query = query.unwrap_or_default().split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        keys.contains(&name.to_ascii_lowercase().as_str()).then_some(value)
    });
    let mut secrets: Vec<String> = in_headers
        .chain(in_query)
        .filter(|s| s.len() >= SHORTEST_SECRET)
        .map(str::to_owned)
        .collect();
    // As they stand in JSON text.
    let escaped: Vec<String> = secrets
        .iter()
        .filter(|s| s.contains(['"', '\\']))
        .map(|s| s.replace('\\', "\\\\").replace('"', "\\\""))
        .collect();
    secrets.extend(escaped);
    // The longest first: a part of a secret must not be masked before the whole.
    secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    secrets.dedup();
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_hop_by_hop_headers_stay_behind() {
        let sent = headers(&[
            ("host", "127.0.0.1:1"),
            ("connection", "keep-alive, X-Mine"),
            ("x-mine", "1"),
            ("authorization", "Bearer sk-1"),
            ("te", "trailers"),
            ("x-twice", "a"),
            ("x-twice", "b"),
            ("accept-encoding", "gzip, deflate, br;q=0.5, zstd"),
            ("expect", "100-continue"),
        ]);
        let upstream: Upstream = "https://api.openai.com/v1".parse().unwrap();
        let passed = for_upstream(&sent, &upstream, true);
        let lines: Vec<String> =
            passed.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        assert_eq!(
            lines,
            [
                "host: api.openai.com",
                "authorization: Bearer sk-1",
                "x-twice: a",
                "x-twice: b",
                "accept-encoding: gzip, deflate, zstd"
            ]
        );
        let unrecorded = for_upstream(&sent, &upstream, false);
        assert_eq!(unrecorded.get(ACCEPT_ENCODING), sent.get(ACCEPT_ENCODING));
    }

    #[test]
    fn codings_that_can_be_read_are_left_as_they_are() {
        for (asked, passed) in [
            ("gzip,deflate", "gzip,deflate"),
            ("GZIP;q=1.0,  identity", "GZIP;q=1.0,  identity"),
            ("br", "identity"),
            ("*", "identity"),
            ("br, gzip;q=0.1", "gzip;q=0.1"),
            ("", ""),
        ] {
            assert_eq!(readable(&HeaderValue::from_static(asked)), passed, "{asked}");
        }
    }

    #[test]
    fn keys_are_known_and_not_kept() {
        let sent = headers(&[
            ("authorization", "Bearer sk-secret-1"),
            ("cookie", "a=b; session=cookie-secret"),
            ("x-request-id", "req_1"),
        ]);
        let secrets = secrets(&sent, Some("key=query-secret&x=harmless-value"));
        assert!(
            secrets.contains(&"sk-secret-1".to_owned())
                && secrets.contains(&"query-secret".to_owned())
        );
        assert!(secrets.iter().any(|s| s.contains("cookie-secret")));
        assert!(!secrets.iter().any(|s| s == "Bearer" || s.contains("harmless")));
        assert_eq!(Value::Object(kept(&sent)).to_string(), r#"{"request_id":"req_1"}"#);
    }
}
