//! What sees the model calls of an agent: the recording proxy, or the agent's own OpenTelemetry spans, never both, so that
//! no call is counted twice.

use super::error::RunError;
use crate::capture::EventSink;
use crate::capture::otlp::OtlpReceiver;
use crate::capture::proxy::{Proxy, ProxySettings};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long calls that are still in flight are waited for when an agent has ended.
const SETTLE: Duration = Duration::from_secs(2);

/// What is to see the model calls.
#[derive(Debug, Clone)]
pub enum Observe {
    /// A proxy between the agent and its providers.
    Proxy(ProxySettings),
    /// A receiver of the agent's own spans at this address.
    Otlp(SocketAddr),
    /// Nothing: the trace has stages and grades only.
    Nothing,
}

/// What sees the model calls of a run.
pub(super) enum Tap {
    Proxy(Proxy),
    Otlp(OtlpReceiver),
    Nothing,
}

impl Tap {
    pub(super) fn start(observe: &Observe, sink: Arc<dyn EventSink>) -> Result<Self, RunError> {
        Ok(match observe {
            Observe::Proxy(settings) => Self::Proxy(Proxy::start(settings.clone(), sink)?),
            Observe::Otlp(listen) => Self::Otlp(OtlpReceiver::start(*listen, sink)?),
            Observe::Nothing => Self::Nothing,
        })
    }

    /// Whether model calls can be seen.
    pub(super) fn sees_calls(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Where it can be reached, by the names that commands of agents have for it.
    pub(super) fn places(&self) -> BTreeMap<&'static str, String> {
        match self {
            Self::Proxy(proxy) => BTreeMap::from([
                ("openai_base_url", proxy.openai_base_url()),
                ("anthropic_base_url", proxy.anthropic_base_url()),
            ]),
            Self::Otlp(receiver) => {
                BTreeMap::from([("otlp_endpoint", format!("http://{}", receiver.address()))])
            }
            Self::Nothing => BTreeMap::new(),
        }
    }

    /// The environment variables by which agents find it.
    pub(super) fn env(&self) -> Vec<(String, String)> {
        let pairs: Vec<(&str, String)> = match self {
            Self::Proxy(proxy) => vec![
                ("OPENAI_BASE_URL", proxy.openai_base_url()),
                ("OPENAI_API_BASE", proxy.openai_base_url()),
                ("ANTHROPIC_BASE_URL", proxy.anthropic_base_url()),
            ],
            Self::Otlp(receiver) => vec![
                ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", receiver.address())),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
                ("OTEL_TRACES_EXPORTER", "otlp".to_owned()),
            ],
            Self::Nothing => Vec::new(),
        };
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The agent has ended: what it has asked for is answered or given up, and tool calls without a result are recorded.
    pub(super) fn settle(&self) {
        match self {
            Self::Proxy(proxy) => {
                proxy.settle(SETTLE);
                proxy.flush();
            }
            Self::Otlp(receiver) => receiver.flush(),
            Self::Nothing => {}
        }
    }

    pub(super) fn stop(self) {
        match self {
            Self::Proxy(proxy) => proxy.stop(SETTLE),
            Self::Otlp(receiver) => {
                receiver.stop(SETTLE);
            }
            Self::Nothing => {}
        }
    }
}
