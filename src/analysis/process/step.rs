//! What an agent did, reduced to what can be compared: no text, a few numbers per step.

use crate::trace::{Event, Kind, ToolStatus};
use sha2::{Digest, Sha256};

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum StepKind {
    /// A tool call.
    #[default]
    Action,
    /// A message of the agent that called no tool.
    Message,
    /// A message of the user.
    Prompt,
}

/// One step of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Step {
    /// Event that it is.
    pub seq: i64,
    /// What it is.
    pub kind: StepKind,
    /// Tool and arguments, as a hash. Calls whose arguments are unknown are different from all others.
    pub action: u64,
    /// What came back, white space at its ends aside, as a hash.
    pub result: u64,
    /// Whether it ended in an error.
    pub error: bool,
    /// Which of the caller's groups of commands it belongs to, one bit each.
    pub groups: u64,
}

impl Step {
    /// The step of a `tool_call` row.
    pub fn action(event: &Event) -> Self {
        let arguments = match (&event.arguments_hash, &event.arguments) {
            (Some(hash), _) => hash.to_be_bytes().to_vec(),
            (None, Some(text)) => text.as_bytes().to_vec(),
            (None, None) => [b"?".as_slice(), &event.seq.to_be_bytes()].concat(),
        };
        let tool = event.tool_name.as_deref().unwrap_or_default();
        let error = event.tool_status == Some(ToolStatus::Error);
        let status = event.tool_status.map_or("", ToolStatus::as_str);
        let exit = event.exit_code.unwrap_or(i64::MIN).to_be_bytes();
        let result = event.content.as_deref().unwrap_or_default().trim();
        Self {
            seq: event.seq,
            kind: StepKind::Action,
            action: hash(&[tool.as_bytes(), &arguments]),
            result: hash(&[status.as_bytes(), &exit, result.as_bytes()]),
            error,
            groups: 0,
        }
    }
}

/// Puts the steps of a stage together from its events, in order.
///
/// Whether a reply called a tool is only known from the row behind it, so that a message becomes a step when the next
/// reply, prompt or the end of the stage shows that it did not.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    steps: Vec<Step>,
    reply: Option<i64>,
}

impl Steps {
    /// Looks at an event; `groups` are those of its command.
    pub fn push(&mut self, event: &Event, groups: u64) {
        match event.kind {
            Kind::ToolCall => {
                self.reply = None;
                self.steps.push(Step { groups, ..Step::action(event) });
            }
            Kind::LlmCall if event.error_type.is_none() => {
                self.close_reply();
                // A row without text may stand for any number of calls; only a reply that says something is a message.
                self.reply = event.content.as_ref().map(|_| event.seq);
            }
            Kind::Message => {
                let agent = event.role.as_deref() == Some("assistant");
                if agent && self.reply.is_some_and(|_| event.parent_event_id.is_some()) {
                    // The text of the reply that is open already.
                    return;
                }
                self.close_reply();
                let kind = if agent { StepKind::Message } else { StepKind::Prompt };
                self.steps.push(Step { seq: event.seq, kind, ..Step::default() });
            }
            _ => {}
        }
    }

    /// The steps so far, a reply that called no tool included.
    pub fn finish(mut self) -> Vec<Step> {
        self.close_reply();
        self.steps
    }

    fn close_reply(&mut self) {
        if let Some(seq) = self.reply.take() {
            self.steps.push(Step { seq, kind: StepKind::Message, ..Step::default() });
        }
    }
}

/// A hash of parts; the length of each is part of it.
fn hash(parts: &[&[u8]]) -> u64 {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut first = [0; 8];
    first.copy_from_slice(&digest.finalize()[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: i64, kind: Kind) -> Event {
        Event { seq, content: Some("text".to_owned()), ..Event::new(kind) }
    }

    #[test]
    fn a_reply_is_a_message_only_when_no_tool_call_follows() {
        let mut steps = Steps::default();
        let mut user = event(0, Kind::Message);
        user.role = Some("user".to_owned());
        let mut failed = event(5, Kind::LlmCall);
        failed.error_type = Some("LLMTimeoutError".to_owned());
        for e in [user, event(1, Kind::LlmCall), event(2, Kind::ToolCall), event(3, Kind::LlmCall)]
        {
            steps.push(&e, 0);
        }
        steps.push(&event(4, Kind::LlmCall), 0);
        steps.push(&failed, 0);
        let found: Vec<(i64, StepKind)> = steps.finish().iter().map(|s| (s.seq, s.kind)).collect();
        let message = StepKind::Message;
        assert_eq!(
            found,
            [(0, StepKind::Prompt), (2, StepKind::Action), (3, message), (4, message)]
        );
    }

    #[test]
    fn equal_calls_are_equal_and_unknown_arguments_are_not() {
        let call = |seq: i64, hash: Option<i64>, content: &str| {
            let mut e = event(seq, Kind::ToolCall);
            e.arguments_hash = hash;
            e.content = Some(content.to_owned());
            Step::action(&e)
        };
        let (a, b) = (call(1, Some(7), "ok\n"), call(2, Some(7), "ok"));
        assert_eq!((a.action, a.result), (b.action, b.result));
        assert_ne!(call(1, None, "").action, call(2, None, "").action);
    }
}
