//! What a request says, for whoever compares it with a recording: line by line, in the words of a trace, each with the field
//! of the request that it stands in.

use super::ask::{Ask, Item, What};
use super::canonical::request_hash;
use super::route::Api;
use super::{chat, messages, responses};
use crate::capture::mock;
use serde_json::{Map, Value};

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The model that it asks.
    pub model: Option<String>,
    /// Whether it wants a stream.
    pub stream: bool,
    /// Parameters that change what the model does.
    pub parameters: Map<String, Value>,
    /// Its canonical hash.
    pub hash: String,
    /// It continues what the provider keeps, so that its lines are only the new ones.
    pub continues: bool,
    /// What it says.
    pub lines: Vec<Line>,
}

/// Whose words a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// Instructions.
    System,
    /// The user, or anybody else but the model.
    User,
    /// The model.
    Assistant,
    /// The model, calling a tool.
    Call,
    /// A tool.
    Result,
}

impl Voice {
    /// The voice of a role.
    pub fn of_role(role: &str) -> Self {
        match role {
            "system" | "developer" => Self::System,
            "assistant" | "model" => Self::Assistant,
            "tool" | "function" => Self::Result,
            _ => Self::User,
        }
    }
}

/// One thing that a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the request.
    pub field: String,
    /// Whose words it has.
    pub voice: Voice,
    /// The words: of a call, the name of the tool.
    pub text: String,
}

/// Reads a request as the recording proxy does.
pub fn heard(api: mock::Api, request: &Value) -> Heard {
    let (api, ask) = match api {
        mock::Api::Chat => (Api::Chat, chat::request(request)),
        mock::Api::Responses => (Api::Responses, responses::request(request)),
        mock::Api::Messages => (Api::Messages, messages::request(request)),
    };
    let Ask { model, stream, parameters, previous, kept_by_provider, system, items, .. } = ask;
    let lines = system.into_iter().chain(items).map(|item| line(api, item)).collect();
    let continues = previous.is_some() || kept_by_provider.is_some();
    Heard { model, stream, parameters, hash: request_hash(request), continues, lines }
}

fn line(api: Api, item: Item) -> Line {
    let list = if api == Api::Responses { "input" } else { "messages" };
    let key = match (api, &item.what, item.at) {
        (_, What::Called { .. }, _) if api == Api::Chat => ".tool_calls",
        (_, What::Called { .. }, _) => "",
        (Api::Responses, What::Result { .. }, _) => ".output",
        (Api::Messages, What::Said { .. }, Some((_, Some(_)))) => ".text",
        _ => ".content",
    };
    let field = match item.at {
        Some((message, Some(block))) => format!("{list}[{message}].content[{block}]{key}"),
        Some((message, None)) => format!("{list}[{message}]{key}"),
        None if api == Api::Responses && is_system(&item.what) => "instructions".to_owned(),
        None if api == Api::Messages => "system".to_owned(),
        None => list.to_owned(),
    };
    let (voice, text) = match item.what {
        What::Said { role, text, omitted } => {
            let rest = omitted.iter().map(|part| format!("\n{part}"));
            (Voice::of_role(&role), text + &rest.collect::<String>())
        }
        What::Called { name, .. } => (Voice::Call, name),
        What::Result { text, .. } => (Voice::Result, text),
    };
    Line { field, voice, text }
}

fn is_system(what: &What) -> bool {
    matches!(what, What::Said { role, .. } if Voice::of_role(role) == Voice::System)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(api: mock::Api, request: &Value) -> Vec<String> {
        let lines = heard(api, request).lines;
        lines.iter().map(|l| format!("{} {:?} {}", l.field, l.voice, l.text)).collect()
    }

    #[test]
    fn every_line_names_its_field() {
        let chat = json!({ "model": "m", "messages": [
            { "role": "system", "content": "be" }, { "role": "user", "content": "do" },
            { "role": "assistant", "content": "yes", "tool_calls": [{ "id": "c", "function": { "name": "ls" } }] },
            { "role": "tool", "tool_call_id": "c", "content": "out" }]});
        let expected = [
            "messages[0].content System be",
            "messages[1].content User do",
            "messages[2].content Assistant yes",
            "messages[2].tool_calls Call ls",
            "messages[3].content Result out",
        ];
        assert_eq!(fields(mock::Api::Chat, &chat), expected);
        let responses = json!({ "instructions": "be", "input": [
            { "role": "user", "content": "do" }, { "type": "function_call", "call_id": "c", "name": "ls" },
            { "type": "function_call_output", "call_id": "c", "output": "out" }]});
        let expected = [
            "instructions System be",
            "input[0].content User do",
            "input[1] Call ls",
            "input[2].output Result out",
        ];
        assert_eq!(fields(mock::Api::Responses, &responses), expected);
        assert_eq!(fields(mock::Api::Responses, &json!({ "input": "do" })), ["input User do"]);
        let messages = json!({ "system": [{ "type": "text", "text": "be" }], "messages": [
            { "role": "user", "content": "do" },
            { "role": "assistant", "content": [{ "type": "thinking", "thinking": "hm" }, { "type": "text", "text": "yes" },
                { "type": "tool_use", "id": "c", "name": "ls", "input": {} }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c", "content": "out" }] }]});
        let expected = [
            "system System be",
            "messages[0].content User do",
            "messages[1].content[1].text Assistant yes",
            "messages[1].content[2] Call ls",
            "messages[2].content[0].content Result out",
        ];
        assert_eq!(fields(mock::Api::Messages, &messages), expected);
    }
}
