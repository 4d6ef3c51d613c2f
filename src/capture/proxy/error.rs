//! What can go wrong before the proxy listens. Afterwards nothing is an error of ours any more: what goes wrong with a
//! call goes to the agent, as it would without the proxy, and into the trace.

use std::net::SocketAddr;
use thiserror::Error;

/// Why the proxy did not start.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// A base URL that is none.
    #[error(
        "`{url}` is no base URL: {problem}\nhint: write it as the agent would, such as https://api.openai.com/v1"
    )]
    BaseUrl {
        /// What was given, without user names and passwords.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A base URL of the environment that is none.
    #[error("the environment variable {variable} has no base URL: {source}")]
    Environment {
        /// Its name.
        variable: &'static str,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}\nhint: port 0 takes any free port")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// No threads.
    #[error("cannot start the threads of the proxy: {0}")]
    Threads(std::io::Error),
}
