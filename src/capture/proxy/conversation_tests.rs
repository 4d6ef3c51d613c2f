//! Requests as agents send them, one after another.

use super::super::chat;
use super::super::moment::Moment;
use super::super::reply::ReplyCall;
use super::*;
use serde_json::{Value, json};
use std::sync::Arc;

fn ask(messages: &[Value]) -> Ask {
    chat::request(&json!({ "messages": messages }))
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn system(text: &str) -> Value {
    json!({"role": "system", "content": text})
}

fn result(id: &str, text: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": text})
}

/// The assistant's message as the agent repeats it.
fn said(text: &str, call: &str) -> Value {
    json!({"role": "assistant", "content": text, "tool_calls": [{"id": call, "function": {"name": "bash"}}]})
}

/// What is new in a request, and the conversation; the model then answers with a text and a tool call.
fn turn(all: &mut Conversations, messages: &[Value], text: &str, call: &str) -> (u64, Vec<String>) {
    let ask = ask(messages);
    let heard = all.hear(&ask, false);
    let mut new: Vec<String> =
        heard.answered.iter().map(|(call, _)| format!("result of {}", call.parent)).collect();
    new.extend(heard.fresh.iter().map(|item| match &item.what {
        What::Said { role, text, .. } => format!("{role}: {text}"),
        What::Called { name, .. } => format!("call: {name}"),
        What::Result { text, .. } => format!("tool: {text}"),
    }));
    let id = heard.conversation;
    let call = ReplyCall { id: Some(call.to_owned()), ..ReplyCall::default() };
    let mut reply = Reply::default();
    text.clone_into(&mut reply.text);
    reply.calls.push(call.clone());
    let waiting = WaitingCall {
        call,
        parent: text.to_owned(),
        conversation: Some(id),
        since: Moment::now(),
        number: (0, 0),
        secrets: Arc::default(),
        tentative: false,
    };
    all.replied(id, &reply, vec![waiting]);
    (id, new)
}

#[test]
fn each_message_is_new_once_and_equal_ones_are_counted() {
    let mut all = Conversations::default();
    let mut talk = vec![system("s"), user("go on")];
    assert_eq!(
        turn(&mut all, &talk, "a", "1"),
        (1, vec!["system: s".into(), "user: go on".into()])
    );
    talk.extend([said("a", "1"), result("1", "r"), user("go on")]);
    assert_eq!(
        turn(&mut all, &talk, "b", "2"),
        (1, vec!["result of a".into(), "user: go on".into()])
    );
    talk.extend([said("b", "2"), user("go on")]);
    assert_eq!(turn(&mut all, &talk, "c", "3"), (1, vec!["user: go on".into()]));
    assert_eq!(turn(&mut all, &talk, "d", "4"), (1, vec![]), "sent again");
}

#[test]
fn a_shortened_conversation_is_the_same_one() {
    let mut all = Conversations::default();
    let mut talk = vec![system("s"), user("task")];
    turn(&mut all, &talk, "a", "1");
    talk.extend([said("a", "1"), result("1", "r1")]);
    turn(&mut all, &talk, "b", "2");
    talk.extend([said("b", "2"), result("2", "r2")]);
    turn(&mut all, &talk, "c", "3");
    let short = [
        system("s"),
        user("task"),
        user("summary"),
        said("b", "2"),
        result("2", "r2"),
        said("c", "3"),
        result("3", "r3"),
    ];
    assert_eq!(
        turn(&mut all, &short, "d", "4"),
        (1, vec!["result of c".into(), "user: summary".into()])
    );
    assert_eq!(all.take_waiting().len(), 1);
}

#[test]
fn instructions_that_change_are_new_and_begin_no_conversation() {
    let mut all = Conversations::default();
    turn(&mut all, &[system("at 10:00"), user("task")], "a", "1");
    let next = [system("at 10:01"), user("task"), said("a", "1"), result("1", "r")];
    assert_eq!(
        turn(&mut all, &next, "b", "2"),
        (1, vec!["result of a".into(), "system: at 10:01".into()])
    );
    assert_eq!(turn(&mut all, &[system("at 10:00"), user("other")], "c", "3").0, 2);
}

#[test]
fn a_first_message_that_changes_is_known_by_the_results_that_follow() {
    let mut all = Conversations::default();
    turn(&mut all, &[user("10:00 task")], "a", "1");
    let next = [user("10:01 task"), said("a", "1"), result("1", "r")];
    assert_eq!(
        turn(&mut all, &next, "b", "2"),
        (1, vec!["result of a".into(), "user: 10:01 task".into()])
    );
}

#[test]
fn a_conversation_begun_elsewhere_is_told_once() {
    let mut all = Conversations::default();
    let talk = [user("old"), said("earlier", "x"), result("x", "r"), user("new")];
    let expected: Vec<String> =
        ["user: old", "assistant: earlier", "call: bash", "tool: r", "user: new"]
            .map(Into::into)
            .to_vec();
    assert_eq!(turn(&mut all, &talk, "a", "1"), (1, expected));
    assert_eq!(turn(&mut all, &talk, "b", "2"), (1, vec![]));
}

#[test]
fn the_oldest_are_forgotten_with_their_calls() {
    let mut all = Conversations::default();
    for n in 0..MOST_CONVERSATIONS {
        turn(&mut all, &[user(&format!("{n}"))], "a", "1");
    }
    turn(&mut all, &[user("0")], "a", "2");
    let ask = ask(&[user("one more")]);
    let heard = all.hear(&ask, false);
    assert_eq!(heard.forgotten.len(), 1, "of the second conversation");
    assert_eq!(all.known.len(), MOST_CONVERSATIONS);
    assert_eq!(turn(&mut all, &[user("0"), said("a", "1")], "b", "3").0, 1, "it was used lately");
    let hashes: usize = all.known.values().map(Conversation::size).sum();
    assert_eq!(hashes, all.hashes);
    assert!(all.by_key.len() <= MOST_CONVERSATIONS);
}
