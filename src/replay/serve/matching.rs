//! Which recorded call answers a request.
//!
//! By its canonical hash; by its words where a recording has no hash; equal requests in recorded order, so that a refusal
//! that was recorded before an answer comes before it again. With `loose`, else by the position in the conversation.

use super::difference::{TextDifference, beginning, first_difference};
use super::recording::{Recording, Recordings};
use super::said::{Chain, Told, same};
use crate::capture::proxy::{Heard, Line, Voice};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

/// What is found for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// The recorded call at this place answers it.
    Call(usize),
    /// The recording was cut short before this request, so nobody knows what would have been answered.
    BeyondTheEnd,
    /// Nothing answers it.
    Miss(Box<Miss>),
}

/// The recording that is nearest to a request, and where they first differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Place of the nearest call; none when nothing was recorded.
    pub nearest: Option<usize>,
    /// The field of the request.
    pub field: String,
    /// What differs there.
    pub what: String,
    /// The texts around the first difference.
    pub texts: Option<TextDifference>,
}

/// Finds recorded calls, each once.
#[derive(Debug)]
pub struct Matcher {
    recordings: Recordings,
    loose: bool,
    used: Vec<bool>,
    by_hash: HashMap<String, VecDeque<usize>>,
    by_words: HashMap<Told, VecDeque<usize>>,
}

impl Matcher {
    /// Over the calls of a run.
    pub fn new(recordings: Recordings, loose: bool) -> Self {
        let mut by_hash: HashMap<String, VecDeque<usize>> = HashMap::new();
        let mut by_words: HashMap<Told, VecDeque<usize>> = HashMap::new();
        for (place, call) in recordings.calls.iter().enumerate() {
            match &call.hash {
                Some(hash) => by_hash.entry(hash.clone()).or_default().push_back(place),
                None => by_words.entry(call.told).or_default().push_back(place),
            }
        }
        let used = vec![false; recordings.calls.len()];
        Self { recordings, loose, used, by_hash, by_words }
    }

    /// The recorded calls.
    pub fn calls(&self) -> &[Recording] {
        self.recordings.calls()
    }

    /// Whether each call was found.
    pub fn used(&self) -> &[bool] {
        &self.used
    }

    /// The call that answers a request; it will not be found again.
    pub fn find(&mut self, request: &Heard) -> Match {
        if let Some(place) = self.exact(request).or_else(|| self.loosely(request)) {
            self.used[place] = true;
            return Match::Call(place);
        }
        let nearest = self.nearest(request);
        if nearest.as_ref().is_some_and(|near| self.is_beyond(near)) {
            return Match::BeyondTheEnd;
        }
        Match::Miss(Box::new(self.miss(request, nearest.as_ref())))
    }

    fn exact(&mut self, request: &Heard) -> Option<usize> {
        let used = &self.used;
        let unused = |queue: &mut VecDeque<usize>| {
            while queue.front().is_some_and(|place| used[*place]) {
                queue.pop_front();
            }
            queue.front().copied()
        };
        if let Some(place) = self.by_hash.get_mut(&request.hash).and_then(unused) {
            return Some(place);
        }
        let queue = self.by_words.get(&Chain::of(&request.lines))?;
        let same_request = |place: &usize| {
            !self.used[*place]
                && other_field(&self.recordings, &self.recordings.calls[*place], request).is_none()
        };
        queue.iter().copied().find(same_request)
    }

    /// The unused call after as many replies whose conversation begins most like the request.
    fn loosely(&self, request: &Heard) -> Option<usize> {
        if !self.loose {
            return None;
        }
        let lines = comparable(&request.lines);
        let position = replies(&request.lines);
        let unused = self.calls().iter().enumerate().filter(|(place, _)| !self.used[*place]);
        let here = unused.filter(|(_, call)| call.position == position);
        let common = |call: &Recording| self.common(call.conversation, &lines).min(call.lines);
        // Of equal ones the first.
        here.map(|(place, call)| (common(call), std::cmp::Reverse(place)))
            .max()
            .map(|(_, std::cmp::Reverse(place))| place)
    }

    /// Lines that a conversation and a request have in common at their beginning.
    fn common(&self, conversation: usize, lines: &[Spoken<'_>]) -> usize {
        let said = &self.recordings.conversations[conversation].lines;
        let equal = |(one, other): (&(Voice, String), &Spoken<'_>)| {
            one.0 == other.voice && same(one.0, &one.1, &other.text)
        };
        said.iter().zip(lines).take_while(|pair| equal(*pair)).count()
    }

    fn nearest(&self, request: &Heard) -> Option<Near> {
        let lines = comparable(&request.lines);
        let conversations = 0..self.recordings.conversations.len();
        let near = conversations.filter_map(|conversation| {
            let common = self.common(conversation, &lines);
            let of =
                self.calls().iter().enumerate().filter(|(_, c)| c.conversation == conversation);
            let of: Vec<(usize, &Recording)> = of.collect();
            let differs = |(place, call): &&(usize, &Recording)| {
                !self.used[*place] && call.lines >= lines.len().min(common + 1)
            };
            let first_unused = of.iter().find(|(place, _)| !self.used[*place]);
            let place = of.iter().find(differs).or(first_unused).or(of.last())?.0;
            Some(Near { place, common, asked: lines.len() })
        });
        let unused = |near: &Near| !self.used[near.place];
        near.max_by_key(|near| (near.common, unused(near), std::cmp::Reverse(near.place)))
    }

    /// Whether a request goes on where the recording was cut short.
    fn is_beyond(&self, near: &Near) -> bool {
        let call = &self.calls()[near.place];
        let said = self.recordings.conversations[call.conversation].lines.len();
        let last = self.calls().iter().rfind(|c| c.conversation == call.conversation);
        let cut = |call: &Recording| self.recordings.cut_stages.contains(&call.stage);
        near.common == said && near.asked >= said && self.used[near.place] && last.is_some_and(cut)
    }

    fn miss(&self, request: &Heard, nearest: Option<&Near>) -> Miss {
        let Some(&Near { place, common, .. }) = nearest else {
            let what = "the recording has no model calls".to_owned();
            return Miss { nearest: None, field: "model".to_owned(), what, texts: None };
        };
        let call = &self.calls()[place];
        let lines = comparable(&request.lines);
        let recorded = &self.recordings.conversations[call.conversation].lines;
        let recorded = recorded.get(..call.lines.max(common)).unwrap_or(recorded);
        let (field, what, texts) = match (recorded.get(common), lines.get(common)) {
            (Some((voice, text)), Some(line)) if *voice == line.voice => {
                let texts = first_difference(text, &line.text);
                (line.field.clone(), "the text differs".to_owned(), texts)
            }
            (Some((voice, _)), Some(line)) => {
                let what = format!("{} was recorded, {} is asked", name(*voice), name(line.voice));
                (line.field.clone(), what, None)
            }
            (Some((voice, text)), None) => {
                let what =
                    format!("the request ends before {}: \"{}\"", name(*voice), beginning(text));
                let last = lines.last().map_or_else(|| "messages".to_owned(), |l| l.field.clone());
                (last, what, None)
            }
            (None, Some(line)) => {
                let begins = beginning(&line.text);
                let what = format!("the recording has no {} here: \"{begins}\"", bare(line.voice));
                (line.field.clone(), what, None)
            }
            (None, None) if self.used[place] => {
                let what = "the same request was answered before, and was not recorded again";
                ("messages".to_owned(), what.to_owned(), None)
            }
            (None, None) => other_field(&self.recordings, call, request).unwrap_or_else(|| {
                let what =
                    "the words are the same; tools, arguments of calls or another field are not";
                ("request".to_owned(), what.to_owned(), None)
            }),
        };
        Miss { nearest: Some(place), field, what, texts }
    }
}

/// The replies that a request repeats: what the model said without anybody between, texts and calls together.
fn replies(lines: &[Line]) -> usize {
    let by_model = |line: &Line| matches!(line.voice, Voice::Assistant | Voice::Call);
    let begins = |(place, line): &(usize, &Line)| {
        by_model(line) && !place.checked_sub(1).is_some_and(|before| by_model(&lines[before]))
    };
    lines.iter().enumerate().filter(begins).count()
}

/// How near a call is to a request.
struct Near {
    place: usize,
    /// Lines in common.
    common: usize,
    /// Lines of the request.
    asked: usize,
}

type Field = (String, String, Option<TextDifference>);

/// The first field beside the words of a conversation in which a request is not as it was recorded.
fn other_field(all: &Recordings, call: &Recording, request: &Heard) -> Option<Field> {
    if let (Some(recorded), Some(asked)) = (&call.model, &request.model)
        && recorded != asked
    {
        let texts = first_difference(recorded, asked);
        return Some(("model".to_owned(), "another model is asked".to_owned(), texts));
    }
    let given = &all.conversations[call.conversation].instructions;
    let given = given.get(..call.instructions).unwrap_or(given);
    let unknown = |line: &&Line| line.voice == Voice::System && !given.contains(&line.text);
    if !given.is_empty()
        && let Some(line) = request.lines.iter().find(unknown)
    {
        let texts = given.iter().map(|text| first_difference(text, &line.text));
        let texts = texts.flatten().max_by_key(|texts| texts.at);
        return Some((line.field.clone(), "the instructions differ".to_owned(), texts));
    }
    let recorded = call.parameters.as_ref()?.as_object()?;
    let keys = recorded.keys().chain(request.parameters.keys());
    let mut differing = keys.filter(|key| recorded.get(*key) != request.parameters.get(*key));
    differing.next().map(|key| {
        let text =
            |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
        let (was, is) = (text(recorded.get(key)), text(request.parameters.get(key)));
        let what = format!("{was} was recorded, {is} is asked");
        (key.clone(), what, None)
    })
}

/// A line that is compared: no instruction, no call.
struct Spoken<'a> {
    voice: Voice,
    field: &'a String,
    text: String,
}

/// The lines that are compared; the parts of one reply are one.
fn comparable(lines: &[Line]) -> Vec<Spoken<'_>> {
    let mut all: Vec<Spoken<'_>> = Vec::new();
    for line in lines {
        match line.voice {
            Voice::System | Voice::Call => {}
            Voice::Assistant if line.text.trim().is_empty() => {}
            Voice::Assistant if all.last().is_some_and(|l| l.voice == Voice::Assistant) => {
                if let Some(last) = all.last_mut() {
                    last.text.push_str(&line.text);
                }
            }
            voice => all.push(Spoken { voice, field: &line.field, text: line.text.clone() }),
        }
    }
    all
}

const fn bare(voice: Voice) -> &'static str {
    match voice {
        Voice::System => "instruction",
        Voice::User => "user message",
        Voice::Assistant => "reply",
        Voice::Call => "tool call",
        Voice::Result => "tool result",
    }
}

const fn name(voice: Voice) -> &'static str {
    match voice {
        Voice::System => "an instruction",
        Voice::User => "a user message",
        Voice::Assistant => "a reply",
        Voice::Call => "a tool call",
        Voice::Result => "a tool result",
    }
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
