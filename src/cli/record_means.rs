//! What a recording needs before it begins: a store that can be written to, masks, prices, and what sees the calls.

use super::CliError;
use super::output::Output;
use super::record::Record;
use super::replay_serve::Replayed;
use crate::capture::mock::{MockModel, Scripts};
use crate::capture::proxy::ProxySettings;
use crate::capture::redact::{PseudonymKey, Redactor};
use crate::capture::run::{Means, Observe, writable};
use crate::ledger::{Books, PriceBook};
use crate::replay::serve::Manner;
use chrono::Utc;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that a recording needs.
pub(super) struct Prepared {
    pub(super) means: Means,
    /// Further environment variables of what is recorded.
    pub(super) env: Vec<(String, String)>,
    /// Answers as long as it lives.
    pub(super) mock: Option<MockModel>,
    /// The recorded run that answers, if it is one.
    pub(super) replayed: Option<Replayed>,
    /// Who answers, by its name in traces.
    pub(super) provider: Option<String>,
}

pub(super) fn prepare(args: &Record, output: &mut Output) -> Result<Prepared, CliError> {
    let store = args.output.clone().unwrap_or_default();
    writable(&store)?;
    super::recover::warn_of_leftovers(&store, output);
    let key = PseudonymKey::read_or_make(&PseudonymKey::path_in(&store))?;
    let redactor = Redactor::from_env(key, args.redact.as_deref())?;
    let replayed = args.replay.as_deref().map(Replayed::open).transpose()?;
    let mock = match &replayed {
        Some(replayed) => {
            Some(replayed.serve(local(), Manner { loose: args.loose, latency: false })?)
        }
        None => args.mock.as_deref().map(mock).transpose()?,
    };
    let provider = args.provider.clone().or_else(|| match &replayed {
        Some(replayed) => replayed.facts().provider.clone(),
        None => args.mock.as_ref().map(|_| "mock".to_owned()),
    });
    let mut env = Vec::new();
    let observe = if let Some(otlp) = &args.otlp {
        Observe::Otlp(address(otlp)?)
    } else if args.no_calls {
        Observe::Nothing
    } else {
        Observe::Proxy(proxy(args, mock.as_ref(), &mut env)?)
    };
    let means = Means {
        store,
        observe,
        books: Arc::new(books(&args.prices)?),
        mask: Arc::new(move |event| drop(redactor.mask_event(event))),
    };
    Ok(Prepared { means, env, mock, replayed, provider })
}

fn mock(scripts: &Path) -> Result<MockModel, CliError> {
    Ok(MockModel::start(Scripts::load(scripts)?, local())?)
}

/// Any free port of this machine.
fn local() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

/// The proxy, before a provider or a scripted model.
fn proxy(
    args: &Record,
    mock: Option<&MockModel>,
    env: &mut Vec<(String, String)>,
) -> Result<ProxySettings, CliError> {
    let mut settings = match mock {
        None => ProxySettings::from_env()?,
        Some(mock) => {
            let address = mock.address();
            env.extend(missing_keys());
            ProxySettings {
                openai: format!("http://{address}/v1").parse()?,
                anthropic: format!("http://{address}").parse()?,
                ..ProxySettings::default()
            }
        }
    };
    if let Some(listen) = &args.proxy {
        settings.listen = address(listen)?;
    }
    Ok(settings)
}

/// Keys that clients insist on, where the environment has none; a scripted or recorded model does not look at them.
pub(super) fn missing_keys() -> impl Iterator<Item = (String, String)> {
    let missing = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]
        .into_iter()
        .filter(|n| std::env::var_os(n).is_none());
    missing.map(|name| (name.to_owned(), "unused".to_owned()))
}

/// An address, or a port of this machine.
pub(super) fn address(text: &str) -> Result<SocketAddr, CliError> {
    let port = text.parse().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    port.or_else(|_| text.parse()).map_err(|_| {
        CliError::usage(format!("`{text}` is neither a port nor an address"))
            .hint("write 4318, or 127.0.0.1:4318")
    })
}

fn books(given: &[PathBuf]) -> Result<Books, CliError> {
    let mut books = vec![PriceBook::builtin()?];
    for path in given {
        let text = std::fs::read_to_string(path).map_err(|e| CliError::io("read", path, e))?;
        books.push(PriceBook::parse(&path.to_string_lossy(), &text)?);
    }
    Ok(Books::stack(books)?)
}

/// The id of a run: of its own name or of model, agent and time; and a number where there are several.
pub(super) fn run_id(
    args: &Record,
    model: &str,
    agent: Option<&str>,
    number: Option<u32>,
) -> String {
    let base = match &args.name {
        Some(name) if args.model.len() > 1 => format!("{name}-{model}"),
        Some(name) => name.clone(),
        None => {
            let now = Utc::now().format("%Y%m%dT%H%M%SZ");
            format!("{model}-{}-{now}", agent.unwrap_or("agent"))
        }
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let base: String = base.chars().map(plain).collect();
    number.map_or_else(|| base.clone(), |number| format!("{base}-{number:02}"))
}
