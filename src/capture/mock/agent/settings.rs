//! How the agent works, and how its work ends.

use crate::capture::mock::Api;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the agent.
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// The API that the model is asked by.
    pub api: Api,
    /// Base URL as `OPENAI_BASE_URL` (with `/v1`) or `ANTHROPIC_BASE_URL` (without) has it.
    pub base_url: String,
    /// The model.
    pub model: String,
    /// Where commands run and files are written.
    pub workdir: PathBuf,
    /// Most replies to one prompt.
    pub max_turns: u32,
    /// A file that keeps the conversation: read when it exists, rewritten after each step.
    pub session: Option<PathBuf>,
    /// Whether replies are streamed.
    pub stream: bool,
    /// How often a request is tried again after a 429, a 5xx or a broken connection.
    pub retries: u32,
    /// Longest time of a command.
    pub tool_timeout: Duration,
}

/// How the agent's work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentEnd {
    /// A reply without a tool call, or a call of `finish`.
    Finished,
    /// The last turn that it has still asked for tools.
    TurnsUsedUp,
}
