//! Tool calls that wait for their results, and the rows that they become.
//!
//! A reply asks for a call; the agent makes it and sends the result with its next request. The call's row thus begins
//! where the reply ended and lasts until that request.

use super::ask::{Item, What};
use super::moment::Moment;
use super::outcome::Outcome;
use super::reply::ReplyCall;
use crate::trace::{Clock, Event, Kind, ToolStatus, tool_kind};
use serde_json::{Value, json};
use std::sync::Arc;

/// A tool call without a result.
#[derive(Debug)]
pub(super) struct WaitingCall {
    pub(super) call: ReplyCall,
    /// `event_id` of the reply that asked for it.
    pub(super) parent: String,
    pub(super) conversation: Option<u64>,
    /// End of the reply.
    pub(super) since: Moment,
    /// Number of the LLM call, and position in its reply.
    pub(super) number: (u64, usize),
    /// Keys of the call that asked for it.
    pub(super) secrets: Arc<[String]>,
    /// The reply was cut short: without a result, nobody knows of the call.
    pub(super) tentative: bool,
}

impl WaitingCall {
    /// Whether an item of a request is its result.
    pub(super) fn is_answered_by(&self, item: &Item) -> bool {
        matches!(&item.what, What::Result { id, .. } if self.call.id.as_deref() == Some(id))
    }

    /// Its place in the run.
    pub(super) fn order(&self) -> (u64, usize) {
        self.number
    }

    /// Its row, with a result that a request brought.
    pub(super) fn answered(self, item: &Item, at: Moment) -> Event {
        let mut event = self.row();
        event.duration_ms = Some(at.millis_since(self.since));
        if let What::Result { text, failed, .. } = &item.what {
            let kind = tool_kind(&self.call.name);
            Outcome::read(text, *failed, kind).fill(&mut event);
            event.content = Some(text.clone());
        }
        event
    }

    /// Its row, when no result came.
    pub(super) fn unanswered(self) -> Option<Event> {
        (!self.tentative).then(|| {
            let mut event = self.row();
            event.tool_status = Some(ToolStatus::Unknown);
            event
        })
    }

    /// Its row, when the provider made the call itself, before the reply ended.
    pub(super) fn made_by_provider(self) -> Event {
        let mut event = self.row();
        let result = self.call.result.unwrap_or_default();
        event.tool_status = Some(if result.failed { ToolStatus::Error } else { ToolStatus::Ok });
        event.content = result.text;
        let conversation = self.conversation;
        event.attributes =
            Some(json!({ "conversation": conversation, "made_by": "provider" }).to_string());
        event
    }

    fn row(&self) -> Event {
        let mut event = Event::new(Kind::ToolCall);
        event.parent_event_id = Some(self.parent.clone());
        event.ts = Some(self.since.wall);
        event.clock = Some(Clock::Source);
        event.tool_name = Some(self.call.name.clone());
        event.tool_kind = Some(tool_kind(&self.call.name));
        event.tool_call_id.clone_from(&self.call.id);
        event.arguments = Some(self.call.arguments.clone());
        event.attributes =
            self.conversation.map(|id| Value::to_string(&json!({ "conversation": id })));
        event
    }
}
