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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::mock::conversation::Message;
    use crate::capture::mock::script::Script;
    use regex::Regex;

    /// A group whose turns say its name and their number.
    fn group(name: &str, prompt: &str, attempt: Option<u64>, repeats: &[u64]) -> Group {
        let turn = |(number, repeat): (usize, &u64)| Turn {
            text: format!("{name}{number}"),
            repeat: *repeat,
            ..Turn::default()
        };
        let turns = repeats.iter().enumerate().map(turn).collect();
        Group { prompt: Regex::new(prompt).unwrap(), attempt, turns }
    }

    /// What is said in a conversation of users (`u:text`), assistants (`a`) and tools (`t`).
    fn said(groups: &[Group], messages: &[&str]) -> String {
        let message = |text: &&str| match text.split_once(':') {
            Some((_, text)) => Message::of(Role::User, text.into()),
            None if *text == "a" => Message::of(Role::Assistant, String::new()),
            None => Message::of(Role::ToolResult, String::new()),
        };
        let messages = messages.iter().map(message).collect();
        let conversation = Conversation { messages, ..Conversation::default() };
        let script = Script { groups: groups.to_vec(), ..Script::default() };
        match choose(&script, &conversation) {
            Choice::Turn(turn) => turn.text.clone(),
            Choice::Over => "over".into(),
            Choice::Unknown => "unknown".into(),
        }
    }

    #[test]
    fn turns_follow_each_other_and_repeat() {
        let groups = [group("x", "one", None, &[1, 3, 1])];
        let mut messages = vec!["u:stage one"];
        let mut heard = Vec::new();
        for _ in 0..7 {
            heard.push(said(&groups, &messages));
            messages.extend(["a", "t"]);
        }
        assert_eq!(heard, ["x0", "x1", "x1", "x1", "x2", "over", "over"]);
    }

    #[test]
    fn the_first_group_that_matches_the_last_prompt_answers() {
        let groups = [group("x", "one", None, &[1]), group("y", "one|two", None, &[1, 1])];
        assert_eq!(said(&groups, &["u:one"]), "x0");
        assert_eq!(said(&groups, &["u:one", "a", "u:two"]), "y0");
        assert_eq!(said(&groups, &["u:two", "a", "t"]), "y1");
        // What is said twice in a row, as the parts of one reply are, is one reply.
        assert_eq!(said(&groups, &["u:two", "a", "a", "t"]), "y1");
        assert_eq!(said(&groups, &["u:three"]), "unknown");
        assert_eq!(said(&groups, &["a"]), "unknown");
        assert_eq!(said(&groups, &[]), "unknown");
        assert_eq!(said(&[], &["u:one"]), "unknown");
    }

    #[test]
    fn attempts_count_user_messages_that_match() {
        let groups = [
            group("x", "one", Some(1), &[1]),
            group("y", "one", Some(2), &[1]),
            group("z", "", None, &[1]),
        ];
        assert_eq!(said(&groups, &["u:one"]), "x0");
        assert_eq!(said(&groups, &["u:one", "a", "u:two"]), "z0");
        assert_eq!(said(&groups, &["u:one", "a", "u:two", "a", "u:one again"]), "y0");
        assert_eq!(said(&groups, &["u:one", "u:one", "u:one"]), "z0");
    }
}
