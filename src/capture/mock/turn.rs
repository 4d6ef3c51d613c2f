//! Which turn of a script answers a conversation.

use super::conversation::{Conversation, Role};
use super::script::{Group, Script, Turn};

/// Which turn answers.
#[derive(Debug)]
pub(super) enum Choice<'a> {
    Turn(&'a Turn),
    /// All turns are over.
    Over,
    /// No group matches the prompt, or there is none.
    Unknown,
}

/// What a model says after its last turn.
pub(super) const LAST_WORDS: &str = "That is all that I have to do here.";

/// The turn that answers a conversation.
pub(super) fn choose<'a>(script: &'a Script, conversation: &Conversation) -> Choice<'a> {
    let Some((place, replies)) = conversation.last_prompt() else { return Choice::Unknown };
    let answers = |group: &&Group| {
        group.prompt.is_match(&conversation.messages[place].text)
            && group.attempt.is_none_or(|n| n == attempt(group, conversation, place))
    };
    let Some(group) = script.groups.iter().find(answers) else { return Choice::Unknown };
    let mut left = replies;
    for turn in &group.turns {
        if left < turn.repeat {
            return Choice::Turn(turn);
        }
        left -= turn.repeat;
    }
    Choice::Over
}

/// How many user messages up to and with this one match a group.
fn attempt(group: &Group, conversation: &Conversation, place: usize) -> u64 {
    let until = &conversation.messages[..=place];
    until.iter().filter(|m| m.role == Role::User && group.prompt.is_match(&m.text)).count() as u64
}
