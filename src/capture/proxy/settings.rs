//! Where the proxy listens, and whom it passes calls on to.

use super::ProxyError;
use hyper::Uri;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// Variable that names the upstream for OpenAI's APIs, and, for the agent, the proxy.
const OPENAI_BASE_URL: &str = "OPENAI_BASE_URL";
/// The same for Anthropic's.
const ANTHROPIC_BASE_URL: &str = "ANTHROPIC_BASE_URL";

/// How a proxy is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySettings {
    /// Address to listen on; port 0 is any free port.
    pub listen: SocketAddr,
    /// Who answers OpenAI's APIs.
    pub openai: Upstream,
    /// Who answers Anthropic's API.
    pub anthropic: Upstream,
}

impl Default for ProxySettings {
    /// A free port of this machine, and the providers themselves.
    fn default() -> Self {
        let provider = |host: &str, path: &str| Upstream {
            scheme: Scheme::Https,
            authority: host.to_owned(),
            path: path.to_owned(),
        };
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            openai: provider("api.openai.com", "/v1"),
            anthropic: provider("api.anthropic.com", ""),
        }
    }
}

impl ProxySettings {
    /// The upstreams that the environment of this process names, as an agent would read it; else the providers.
    pub fn from_env() -> Result<Self, ProxyError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(value: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyError> {
        let mut settings = Self::default();
        for (variable, upstream) in
            [(OPENAI_BASE_URL, &mut settings.openai), (ANTHROPIC_BASE_URL, &mut settings.anthropic)]
        {
            if let Some(url) = value(variable).filter(|url| !url.trim().is_empty()) {
                let named = url.parse().map_err(Box::new);
                *upstream = named.map_err(|source| ProxyError::Environment { variable, source })?;
            }
        }
        Ok(settings)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// The base URL of an API, such as `https://api.openai.com/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: String,
    /// Without the slash at its end.
    path: String,
}

impl Upstream {
    /// Host and port, as a `Host` header has them.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The address of a path below the base URL. `None` when the path is none.
    pub(super) fn uri(&self, path: &str, query: Option<&str>) -> Option<Uri> {
        let mut target = format!("{}{path}", self.path);
        if target.is_empty() {
            target.push('/');
        }
        if let Some(query) = query {
            target.push('?');
            target.push_str(query);
        }
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let parts = Uri::builder().scheme(scheme).authority(self.authority.as_str());
        parts.path_and_query(target).build().ok()
    }
}

impl FromStr for Upstream {
    type Err = ProxyError;

    fn from_str(url: &str) -> Result<Self, ProxyError> {
        // A password must not reach an error message.
        let shown = || match (url.find("://"), url.rfind('@')) {
            (Some(start), Some(at)) if at > start => {
                format!("{}://...{}", &url[..start], &url[at..])
            }
            _ => url.split('?').next().unwrap_or_default().to_owned(),
        };
        let bad = |problem| ProxyError::BaseUrl { url: shown(), problem };
        let uri: Uri = url.trim().parse().map_err(|_| bad("it cannot be read as a URL"))?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            Some(_) => return Err(bad("only http and https are spoken")),
            None => return Err(bad("it does not begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it names no host"))?.as_str();
        if authority.contains('@') {
            return Err(bad("it has a user name in it, which belongs into a header"));
        }
        if uri.query().is_some() {
            return Err(bad("it has a query, which no path can follow"));
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme, authority: authority.to_owned(), path })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.scheme == Scheme::Https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_read_as_agents_write_them() {
        for (url, path, expected) in [
            ("https://api.openai.com/v1", "/responses", "https://api.openai.com/v1/responses"),
            ("https://openrouter.ai/api/v1/", "/models", "https://openrouter.ai/api/v1/models"),
            ("http://127.0.0.1:8080", "/v1/messages", "http://127.0.0.1:8080/v1/messages"),
            ("http://[::1]:8080/v1", "", "http://[::1]:8080/v1"),
            ("http://localhost", "", "http://localhost/"),
        ] {
            let upstream: Upstream = url.parse().unwrap();
            assert_eq!(upstream.uri(path, None).unwrap().to_string(), expected);
        }
        let upstream: Upstream = "http://h:1/v1".parse().unwrap();
        assert_eq!(upstream.uri("/a", Some("b=c&d")).unwrap().to_string(), "http://h:1/v1/a?b=c&d");
        assert_eq!((upstream.authority(), upstream.to_string().as_str()), ("h:1", "http://h:1/v1"));
    }

    #[test]
    fn what_is_no_base_url_is_refused_without_its_password() {
        for url in [
            "",
            "api.openai.com/v1",
            "ftp://h/",
            "https://",
            "http://h/v1?key=abc123",
            "http://h h/",
        ] {
            let error = url.parse::<Upstream>().unwrap_err().to_string();
            assert!(error.contains("is no base URL") && !error.contains("abc123"), "{error}");
        }
        let error = "https://me:hunter2@host/v1".parse::<Upstream>().unwrap_err().to_string();
        assert!(error.contains("https://...@host/v1") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn the_environment_names_upstreams() {
        let settings = ProxySettings::from_variables(|name| {
            (name == OPENAI_BASE_URL).then(|| "http://h:1/v1".to_owned())
        });
        let settings = settings.unwrap();
        assert_eq!(settings.openai.to_string(), "http://h:1/v1");
        assert_eq!(settings.anthropic.to_string(), "https://api.anthropic.com");
        let none = ProxySettings::from_variables(|_| Some(" ".to_owned())).unwrap();
        assert_eq!(none, ProxySettings::default());
        let bad = ProxySettings::from_variables(|_| Some("nonsense".to_owned())).unwrap_err();
        assert!(bad.to_string().contains(OPENAI_BASE_URL), "{bad}");
    }
}
