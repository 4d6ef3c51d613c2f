//! What was copied of a call, read: the request, and the answer that was no stream; whether it is an answer at all, and
//! what of it goes into which column.

use super::ask::Ask;
use super::canonical::request_hash;
use super::clipped::Clipped;
use super::failure::{self, Failure};
use super::hearing::{Ending, read_event};
use super::reply::Reply;
use super::route::Api;
use super::sse::EventStream;
use super::tape::Asked;
use super::usage::{self, Known};
use super::{chat, messages, responses};
use crate::trace::Event;
use serde_json::{Value, json};

/// Reads a request; why it cannot be read, if it cannot.
pub(super) fn read_request(asked: &Asked) -> Result<Ask, String> {
    if let Some(problem) = &asked.problem {
        return Err(problem.clone());
    }
    if asked.body.is_cut() {
        return Err("the request is too long to be kept".to_owned());
    }
    let value = serde_json::from_slice::<Value>(asked.body.head());
    let value = value.map_err(|error| format!("the request is no JSON: {error}"))?;
    let mut ask = match asked.api {
        Api::Chat => chat::request(&value),
        Api::Responses => responses::request(&value),
        Api::Messages => messages::request(&value),
    };
    ask.hash = Some(request_hash(&value));
    Ok(ask)
}

/// The reply of an answer that did not come as a stream, and is no error.
pub(super) fn whole(api: Api, copy: &Clipped) -> Reply {
    let mut reply = Reply::default();
    let text = copy.head().trim_ascii();
    if copy.is_cut() {
        reply.cut = true;
        reply.merge_usage(copy.last_object("usage").as_ref(), Known::Final);
        return reply;
    }
    if text.is_empty() {
        return reply;
    }
    // Some servers forget to say that they stream.
    if [&b"data:"[..], b"event:", b":"].iter().any(|start| text.starts_with(start)) {
        let mut events = EventStream::new(text.len(), copy.allowance());
        let mut read = |data: &Clipped| _ = read_event(api, &mut reply, data);
        events.feed(text, &mut read);
        events.end(&mut read);
        return reply;
    }
    match serde_json::from_slice::<Value>(text) {
        Ok(value) => match api {
            Api::Chat => chat::whole(&mut reply, &value),
            Api::Responses => responses::whole(&mut reply, &value),
            Api::Messages => messages::whole(&mut reply, &value),
        },
        Err(error) => reply.note(format!("the answer is no JSON: {error}")),
    }
    reply
}

/// Why an answer that began well is none.
pub(super) fn broken_off(reply: &Reply, ending: &Ending, problem: Option<&str>) -> Option<Failure> {
    if let Some(error) = &reply.error {
        return Some(Failure::of_error(error));
    }
    if reply.finish_reason.is_some() {
        return None;
    }
    match ending {
        Ending::Cut(why) => Some(Failure::ours(failure::CONNECTION_RESET, why.clone())),
        Ending::GivenUp => {
            let why = "the agent, or the end of the recording, ended the call";
            Some(Failure::ours(failure::CANCELLED, why.to_owned()))
        }
        // An answer that only we cannot read is one.
        _ if problem.is_some() || reply.cut || !reply.is_empty() => None,
        _ => {
            let why = reply.problem.clone().unwrap_or_else(|| "the answer says nothing".to_owned());
            Some(Failure::ours(failure::MALFORMED, why))
        }
    }
}

/// What of a reply has no column.
pub(super) fn describe(reply: &Reply, note: &mut impl FnMut(&str, Value)) {
    note("response_model", json!(reply.model));
    note("service_tier", json!(reply.service_tier));
    note("usage", json!(reply.usage));
    note("choices", json!(reply.choices));
    for (name, text) in [("reasoning", &reply.reasoning), ("refusal", &reply.refusal)] {
        note(name, json!((!text.is_empty()).then_some(text)));
    }
    if reply.cut {
        note("truncated", Value::from(true));
    }
}

/// What of a reply has a column.
pub(super) fn fill(event: &mut Event, api: Api, reply: &Reply, failed: bool) {
    event.response_id.clone_from(&reply.id);
    event.finish_reason.clone_from(&reply.finish_reason);
    event.content = Some(reply.text.clone()).filter(|text| !text.is_empty());
    if !failed || reply.usage.is_some() {
        usage::fill(event, api, reply.usage.as_ref(), reply.known());
    }
}
