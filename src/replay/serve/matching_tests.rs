//! Requests against small recordings.

use super::*;
use crate::capture::mock::Api;
use crate::capture::proxy::heard;
use crate::trace::{EndReason, Event, Kind, ToolStatus};
use serde_json::json;

fn event(kind: Kind, role: Option<&str>, content: &str, attributes: &Value) -> Event {
    let mut event = Event::new(kind);
    event.role = role.map(str::to_owned);
    event.content = Some(content.to_owned());
    event.attributes = Some(attributes.to_string());
    event.stage = Some(0);
    event
}

fn llm(number: u64, content: &str, error: Option<&str>, hash: Option<&str>) -> Event {
    let attributes = json!({ "conversation": 1, "request_model": "m", "request_hash": hash,
        "parameters": { "temperature": 0.5 } });
    let mut event = event(Kind::LlmCall, Some("assistant"), content, &attributes);
    event.event_id = Some(format!("llm-{number}"));
    event.error_type = error.map(str::to_owned);
    event
}

/// A prompt that is refused once, then answered with a call of a tool, whose result ends the work.
fn run(hashes: [Option<&str>; 3]) -> Vec<Event> {
    let message =
        |role, text| event(Kind::Message, Some(role), text, &json!({ "conversation": 1 }));
    let mut call = event(Kind::ToolCall, None, "out", &json!({ "conversation": 1 }));
    call.parent_event_id = Some("llm-2".into());
    call.tool_call_id = Some("c".into());
    call.tool_status = Some(ToolStatus::Ok);
    vec![
        message("system", "Be good."),
        message("user", "Do it now."),
        llm(1, "slow down", Some("rate_limit"), hashes[0]),
        llm(2, "I look.", None, hashes[1]),
        call,
        llm(3, "Done.", None, hashes[2]),
    ]
}

fn first(prompt: &str) -> Value {
    json!({ "model": "m", "temperature": 0.5, "messages": [
        { "role": "system", "content": "Be good." }, { "role": "user", "content": prompt }]})
}

fn second(result: &str) -> Value {
    let mut request = first("Do it now.");
    let messages = request["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "assistant", "content": "I look.",
        "tool_calls": [{ "id": "c", "function": { "name": "ls", "arguments": "{}" } }] }));
    messages.push(json!({ "role": "tool", "tool_call_id": "c", "content": result }));
    request
}

fn find(matcher: &mut Matcher, request: &Value) -> Match {
    matcher.find(&heard(Api::Chat, request))
}

fn miss(matcher: &mut Matcher, request: &Value) -> Miss {
    match find(matcher, request) {
        Match::Miss(miss) => *miss,
        other => panic!("{other:?}"),
    }
}

#[test]
fn equal_requests_are_answered_in_recorded_order_with_hashes_or_without() {
    let hash = |request: &Value| heard(Api::Chat, request).hash;
    let (one, two) = (hash(&first("Do it now.")), hash(&second("out")));
    for hashes in [[None; 3], [Some(one.as_str()), Some(&one), Some(&two)]] {
        let mut matcher = Matcher::new(Recordings::of(&run(hashes)), false);
        assert_eq!(find(&mut matcher, &first("Do it now.")), Match::Call(0));
        assert_eq!(find(&mut matcher, &first("Do it now.")), Match::Call(1));
        assert_eq!(find(&mut matcher, &second("out")), Match::Call(2));
        assert_eq!(matcher.used(), [true; 3]);
        let again = miss(&mut matcher, &second("out"));
        assert!(again.what.contains("answered before"), "{again:?}");
    }
}

#[test]
fn one_changed_character_names_call_field_and_difference() {
    for hashes in [[None; 3], [Some("a"), Some("b"), Some("c")]] {
        let mut matcher = Matcher::new(Recordings::of(&run(hashes)), false);
        let found = miss(&mut matcher, &first("Do it now!"));
        assert_eq!((found.nearest, found.field.as_str()), (Some(0), "messages[1].content"));
        let texts = found.texts.unwrap();
        assert_eq!(
            (texts.at, texts.one.as_str(), texts.other.as_str()),
            (9, "Do it now.", "Do it now!")
        );
        let found = miss(&mut matcher, &second("uot"));
        assert_eq!((found.nearest, found.field.as_str()), (Some(2), "messages[3].content"));
    }
}

#[test]
fn instructions_model_and_parameters_count_too() {
    let mut matcher = Matcher::new(Recordings::of(&run([None; 3])), false);
    let mut request = first("Do it now.");
    request["messages"][0]["content"] = json!("Be bad.");
    let found = miss(&mut matcher, &request);
    assert_eq!((found.field.as_str(), found.texts.unwrap().at), ("messages[0].content", 3));
    let mut request = first("Do it now.");
    request["temperature"] = json!(0.6);
    let found = miss(&mut matcher, &request);
    assert_eq!(
        (found.field.as_str(), found.what.as_str()),
        ("temperature", "0.5 was recorded, 0.6 is asked")
    );
    let mut request = first("Do it now.");
    request["model"] = json!("n");
    assert_eq!(miss(&mut matcher, &request).field, "model");
    assert_eq!(matcher.used(), [false; 3]);
}

#[test]
fn loose_answers_by_position() {
    let mut matcher = Matcher::new(Recordings::of(&run([None; 3])), true);
    assert_eq!(find(&mut matcher, &second("something else")), Match::Call(2));
    assert_eq!(find(&mut matcher, &first("Do that now.")), Match::Call(0));
    assert_eq!(find(&mut matcher, &first("Do that now.")), Match::Call(1));
    assert!(matches!(find(&mut matcher, &first("Do that now.")), Match::Miss(_)));
}

#[test]
fn what_comes_after_a_cut_is_no_miss() {
    let mut events = run([None; 3]);
    events.truncate(4);
    let mut end = Event::new(Kind::StageResult);
    end.stage = Some(0);
    end.end_reason = Some(EndReason::Budget);
    events.push(end);
    let mut matcher = Matcher::new(Recordings::of(&events), false);
    assert_eq!(find(&mut matcher, &first("Do it now.")), Match::Call(0));
    assert_eq!(find(&mut matcher, &first("Do it now.")), Match::Call(1));
    assert_eq!(find(&mut matcher, &second("out")), Match::BeyondTheEnd);
    let mut matcher = Matcher::new(Recordings::of(&events[..4]), false);
    assert!(matches!(find(&mut matcher, &second("out")), Match::Miss(_)), "nothing was cut");
    let mut empty = Matcher::new(Recordings::default(), true);
    assert_eq!(miss(&mut empty, &first("x")).nearest, None);
}
