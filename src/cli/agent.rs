//! `ramptrace agent`: the small agent that works with scripted models, and with any other.

use super::CliError;
use super::output::Output;
use crate::capture::mock::{AgentEnd, AgentSettings, Api, work};
use clap::Args;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::time::Duration;

/// Work on one prompt with a shell and a file writer
#[derive(Debug, Args)]
pub(super) struct AgentArgs {
    /// The model
    #[arg(long)]
    model: String,
    /// The API that it is asked by: chat, responses or messages
    #[arg(long, default_value_t = Api::Chat)]
    api: Api,
    /// Where the API is [default: `OPENAI_BASE_URL` or `ANTHROPIC_BASE_URL`]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A file that keeps the conversation from prompt to prompt
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
    /// Most replies to the prompt
    #[arg(long, default_value_t = 100, value_name = "N")]
    max_turns: u32,
    /// Ask for whole replies instead of streams
    #[arg(long)]
    no_stream: bool,
    /// How often a request is tried again
    #[arg(long, default_value_t = 3, value_name = "N")]
    retries: u32,
    /// The prompt [default: standard input]
    prompt: Option<String>,
}

pub(super) fn run(args: &AgentArgs, output: &mut Output) -> Result<(), CliError> {
    let variable = match args.api {
        Api::Messages => "ANTHROPIC_BASE_URL",
        Api::Chat | Api::Responses => "OPENAI_BASE_URL",
    };
    let base_url = args.base_url.clone().or_else(|| std::env::var(variable).ok());
    let base_url = base_url.ok_or_else(|| {
        CliError::usage("the agent does not know where its model is")
            .hint(format!("--base-url URL, or the environment variable {variable}"))
    })?;
    let prompt = match &args.prompt {
        Some(prompt) => prompt.clone(),
        None if std::io::stdin().is_terminal() => {
            return Err(CliError::usage("there is no prompt")
                .hint("give it as an argument, or on standard input"));
        }
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|e| CliError::io("read", "standard input".as_ref(), e))?;
            text
        }
    };
    let workdir = std::env::current_dir().map_err(|e| CliError::io("find", ".".as_ref(), e))?;
    let settings = AgentSettings {
        api: args.api,
        base_url,
        model: args.model.clone(),
        workdir,
        max_turns: args.max_turns,
        session: args.session.clone(),
        stream: !args.no_stream,
        retries: args.retries,
        tool_timeout: Duration::from_mins(2),
    };
    match work(&settings, &prompt, output.writer())? {
        AgentEnd::Finished => Ok(()),
        AgentEnd::TurnsUsedUp => Err(CliError::data(format!(
            "the agent made all {} replies and was not done",
            args.max_turns
        ))),
    }
}
