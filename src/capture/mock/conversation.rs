//! What was asked, whichever API asked it: the messages of a request, with their tokens.

use super::usage::tokens;
use serde_json::Value;

/// Whose message it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Assistant,
    ToolResult,
}

/// A message, or an item of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) role: Role,
    pub(super) text: String,
    pub(super) tokens: u64,
}

impl Message {
    /// A message of a plain text.
    pub(super) fn of(role: Role, text: String) -> Self {
        let tokens = tokens(&text);
        Self { role, text, tokens }
    }
}

/// What a request asks for.
#[derive(Debug, Clone, Default)]
pub(super) struct Conversation {
    pub(super) model: String,
    pub(super) stream: bool,
    /// Whether a stream of chat completions ends with usage.
    pub(super) include_usage: bool,
    /// Tokens of tool definitions and instructions, which stand before the messages.
    pub(super) preamble_tokens: u64,
    pub(super) messages: Vec<Message>,
}

impl Conversation {
    /// Tokens of the prompt.
    pub(super) fn tokens(&self) -> u64 {
        self.preamble_tokens + self.messages.iter().map(|m| m.tokens).sum::<u64>()
    }

    /// Tokens of the prompt that the last assistant reply answered; zero when there is no such reply.
    pub(super) fn tokens_before_last_reply(&self) -> u64 {
        let is_reply = |m: &Message| m.role == Role::Assistant;
        let Some(last) = self.messages.iter().rposition(is_reply) else { return 0 };
        // The items of one reply follow each other.
        let begin =
            self.messages[..last].iter().rposition(|m| !is_reply(m)).map_or(0, |before| before + 1);
        self.preamble_tokens + self.messages[..begin].iter().map(|m| m.tokens).sum::<u64>()
    }

    /// The last user message and how many assistant replies follow it.
    pub(super) fn last_prompt(&self) -> Option<(usize, u64)> {
        let place = self.messages.iter().rposition(|m| m.role == Role::User)?;
        let mut replies = 0;
        let mut in_reply = false;
        for message in &self.messages[place + 1..] {
            let is_reply = message.role == Role::Assistant;
            replies += u64::from(is_reply && !in_reply);
            in_reply = is_reply;
        }
        Some((place, replies))
    }
}

/// The string under a key; what is wrong when there is none.
pub(super) fn required<'a>(object: &'a Value, key: &str) -> Result<&'a str, String> {
    match object.get(key) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("Invalid type for '{key}': expected a string.")),
        None => Err(format!("Missing required parameter: '{key}'.")),
    }
}

/// The list under a key; what is wrong when there is none.
pub(super) fn list<'a>(object: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match object.get(key) {
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(format!("Invalid type for '{key}': expected an array.")),
        None => Err(format!("Missing required parameter: '{key}'.")),
    }
}

/// The text of a content: a string, or the texts of its parts, line by line. Other parts are not read.
pub(super) fn content_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts
                .iter()
                .filter_map(|p| p.as_str().or_else(|| p.get("text").and_then(Value::as_str)));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// Tokens of the tool definitions of a request.
pub(super) fn tool_tokens(request: &Value) -> u64 {
    request.get("tools").filter(|t| !t.is_null()).map_or(0, |tools| tokens(&tools.to_string()))
}

/// Whether a flag is set.
pub(super) fn flag(object: &Value, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or(false)
}
