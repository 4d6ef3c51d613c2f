//! What a model answered, in the words that all three APIs share; filled piece by piece while a stream arrives.
//!
//! Its texts together have a limit. What comes after is counted as cut; usage and the reason of the end, which come last,
//! are still read.

use super::usage::Known;
use serde_json::Value;

/// Most bytes of text that are kept of a reply.
pub(super) const TEXT_LIMIT: usize = 8 << 20;
/// Most tool calls that are kept of a reply.
const MOST_CALLS: usize = 10_000;

/// A reply, or what was received of it.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) refusal: String,
    pub(super) calls: Vec<ReplyCall>,
    pub(super) finish_reason: Option<String>,
    pub(super) usage: Option<Value>,
    pub(super) placeholder: bool,
    pub(super) service_tier: Option<String>,
    /// Alternatives, when there was more than one; only the first is kept.
    pub(super) choices: Option<u64>,
    /// The provider said inside the answer that it failed.
    pub(super) error: Option<Value>,
    /// The last event of the stream has come.
    pub(super) ended: bool,
    /// Something was not as the API has it.
    pub(super) problem: Option<String>,
    /// Some of the text was cut.
    pub(super) cut: bool,
    kept: usize,
    /// Where in the text a further block begins.
    breaks: Vec<usize>,
}

/// A tool call that a reply asks for, or that the provider made itself.
#[derive(Debug, Default, Clone)]
pub(super) struct ReplyCall {
    /// Position in the reply, by which pieces of a stream name it.
    pub(super) index: u64,
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) arguments: String,
    /// The result, when the provider made the call.
    pub(super) result: Option<ProviderResult>,
}

/// The result of a tool call that the provider made itself.
#[derive(Debug, Default, Clone)]
pub(super) struct ProviderResult {
    pub(super) text: Option<String>,
    pub(super) failed: bool,
}

/// A text of a reply.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Text,
    Reasoning,
    Refusal,
}

impl Reply {
    /// Adds to a text; says whether there was anything to add.
    pub(super) fn add(&mut self, part: Part, piece: Option<&str>) -> bool {
        let Some(piece) = piece.filter(|piece| !piece.is_empty()) else { return false };
        let kept = self.room_for(piece);
        match part {
            Part::Text => self.text.push_str(kept),
            Part::Reasoning => self.reasoning.push_str(kept),
            Part::Refusal => self.refusal.push_str(kept),
        }
        true
    }

    /// Bytes of text that are kept.
    pub(super) const fn kept(&self) -> usize {
        self.kept
    }

    /// A further block of text begins.
    pub(super) fn begin_text(&mut self) {
        if !self.text.is_empty() && self.breaks.len() < MOST_CALLS {
            self.breaks.push(self.text.len());
        }
    }

    /// The blocks of the text, one by one.
    pub(super) fn blocks(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.breaks.iter().copied());
        let ends = self.breaks.iter().copied().chain([self.text.len()]);
        starts.zip(ends).filter_map(|(start, end)| self.text.get(start..end))
    }

    /// The beginning of a text for which there is room.
    fn room_for<'a>(&mut self, piece: &'a str) -> &'a str {
        let room = TEXT_LIMIT - self.kept;
        let kept = &piece[..piece.floor_char_boundary(room)];
        self.cut |= kept.len() < piece.len();
        self.kept += kept.len();
        kept
    }

    /// The tool call at an index, new unless it is there.
    pub(super) fn call(&mut self, index: u64) -> Option<&mut ReplyCall> {
        if let Some(at) = self.calls.iter().rposition(|call| call.index == index) {
            return self.calls.get_mut(at);
        }
        if self.calls.len() >= MOST_CALLS {
            self.cut = true;
            return None;
        }
        self.calls.push(ReplyCall { index, ..ReplyCall::default() });
        self.calls.last_mut()
    }

    /// Adds to the arguments of a tool call.
    pub(super) fn add_arguments(&mut self, index: u64, piece: &str) -> bool {
        let kept = self.room_for(piece).to_owned();
        if let Some(call) = self.call(index) {
            call.arguments.push_str(&kept);
        }
        !piece.is_empty()
    }

    /// Sets the arguments of a tool call.
    pub(super) fn set_arguments(&mut self, index: u64, arguments: &str) {
        let before = self.call(index).map_or(0, |call| std::mem::take(&mut call.arguments).len());
        self.kept -= before;
        self.add_arguments(index, arguments);
    }

    /// Takes over the usage of a later event: it repeats what is still true.
    pub(super) fn merge_usage(&mut self, usage: Option<&Value>, known: Known) {
        let Some(Value::Object(later)) = usage else { return };
        self.placeholder = known == Known::Placeholder;
        let all = self.usage.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(all) = all {
            for (name, value) in later.iter().filter(|(_, value)| !value.is_null()) {
                all.insert(name.clone(), value.clone());
            }
        }
    }

    /// How far its usage can be trusted.
    pub(super) const fn known(&self) -> Known {
        if self.placeholder { Known::Placeholder } else { Known::Final }
    }

    /// Whether anything in it could be read.
    pub(super) fn is_empty(&self) -> bool {
        self.id.is_none()
            && self.text.is_empty()
            && self.reasoning.is_empty()
            && self.refusal.is_empty()
            && self.calls.is_empty()
            && self.finish_reason.is_none()
            && self.usage.is_none()
    }

    /// Remembers the first thing that was not as it should be.
    pub(super) fn note(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }
}

/// A text under a key.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

/// Keeps a text under a key, unless one is kept already.
pub(super) fn keep(place: &mut Option<String>, value: Option<&str>) {
    if place.is_none() {
        *place = value.filter(|text| !text.is_empty()).map(str::to_owned);
    }
}

/// The items under a key; none when there is no list.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_share_a_limit_and_usage_is_still_read() {
        let mut reply = Reply::default();
        let piece = "\u{e9}".repeat(1 << 20);
        for _ in 0..6 {
            reply.add(Part::Text, Some(&piece));
            reply.add_arguments(0, &piece);
        }
        assert!(reply.cut);
        assert_eq!(reply.text.len() + reply.calls[0].arguments.len(), TEXT_LIMIT);
        reply.set_arguments(0, "{}");
        assert_eq!(reply.calls[0].arguments, "{}");
        reply
            .merge_usage(Some(&json!({"input_tokens": 3, "output_tokens": 1})), Known::Placeholder);
        reply.merge_usage(Some(&json!({"output_tokens": 9, "input_tokens": null})), Known::Final);
        assert_eq!(reply.usage.unwrap().to_string(), r#"{"input_tokens":3,"output_tokens":9}"#);
    }
}
