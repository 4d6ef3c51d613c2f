//! What can go wrong before a receiver listens.

use std::net::SocketAddr;
use thiserror::Error;

/// An error of the receiver.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum OtlpError {
    #[error("cannot listen for OpenTelemetry at {address}")]
    Listen { address: SocketAddr, source: std::io::Error },

    #[error("cannot start the OpenTelemetry receiver")]
    Runtime { source: std::io::Error },
}

impl OtlpError {
    /// The next thing to do, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { address, .. } => Some(format!(
                "something else may use port {}: choose another, or 0 for any",
                address.port()
            )),
            Self::Runtime { .. } => None,
        }
    }
}
