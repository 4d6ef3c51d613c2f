//! A recorded run as a model: it answers from the trace, and keeps account of what it could not answer.

use super::matching::{Match, Matcher, Miss};
use super::recording::{Recording, Recordings};
use crate::capture::mock::{Asked, End, Model, Refusal, Said, Speech};
use crate::capture::proxy::heard;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// How a run is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Manner {
    /// What matches nothing is answered by its position in the conversation.
    pub loose: bool,
    /// As slowly as it was recorded.
    pub latency: bool,
}

/// A recorded run that answers.
#[derive(Debug)]
pub struct Served {
    state: Mutex<State>,
    latency: bool,
    models: BTreeSet<String>,
}

#[derive(Debug)]
struct State {
    matcher: Matcher,
    served: usize,
    beyond: usize,
    missed: usize,
    first_miss: Option<(usize, Miss)>,
}

/// What became of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// Model calls of the recording.
    pub recorded: usize,
    /// Requests that a recording answered.
    pub served: usize,
    /// Requests that nothing answered.
    pub missed: usize,
    /// Requests where the recording was cut short, which were left waiting.
    pub beyond: usize,
    /// Recorded calls that nobody asked for: number, identifier, stage.
    pub unused: Vec<(usize, Option<String>, Option<i64>)>,
    /// The first request that nothing answered.
    pub first: Option<FirstMiss>,
}

/// The first request that nothing answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstMiss {
    /// Its number among the requests.
    pub request: usize,
    /// The nearest recorded call: number, identifier, stage.
    pub nearest: Option<(usize, Option<String>, Option<i64>)>,
    /// The field that differs.
    pub field: String,
    /// How it differs, in a sentence.
    pub difference: String,
}

impl Served {
    /// The calls of a run, to be served.
    pub fn new(recordings: Recordings, manner: Manner) -> Self {
        let models = recordings.calls.iter().filter_map(|call| call.model.clone()).collect();
        let matcher = Matcher::new(recordings, manner.loose);
        let state = State { matcher, served: 0, beyond: 0, missed: 0, first_miss: None };
        Self { state: Mutex::new(state), latency: manner.latency, models }
    }

    /// What became of it until now.
    pub fn divergence(&self) -> Divergence {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = state.matcher.calls();
        let used = state.matcher.used();
        let unused =
            calls.iter().zip(used).filter(|(_, used)| !**used).map(|(call, _)| named(call));
        Divergence {
            recorded: calls.len(),
            served: state.served,
            missed: state.missed,
            beyond: state.beyond,
            unused: unused.collect(),
            first: state.first_miss.as_ref().map(|(request, miss)| FirstMiss {
                request: *request,
                nearest: miss.nearest.map(|place| named(&calls[place])),
                field: miss.field.clone(),
                difference: difference(miss),
            }),
        }
    }
}

impl Model for Served {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        let request = heard(asked.api, asked.request);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.matcher.find(&request) {
            Match::Call(place) => {
                state.served += 1;
                state.matcher.calls()[place].said(asked, self.latency)
            }
            Match::BeyondTheEnd => {
                state.beyond += 1;
                Said { end: End::Silence, ..Said::of(504, Speech::Nothing) }
            }
            Match::Miss(miss) => {
                let number = state.served + state.beyond + state.missed + 1;
                state.missed += 1;
                let nearest = miss.nearest.map(|place| words(&state.matcher.calls()[place]));
                let nearest =
                    nearest.map_or_else(String::new, |call| format!(" nearest is {call}:"));
                let problem = format!(
                    "ramptrace: no recording answers this request;{nearest} {}: {}",
                    miss.field,
                    difference(&miss)
                );
                state.first_miss.get_or_insert((number, *miss));
                asked.api.refuse(&Refusal::BadRequest { problem }, asked.id)
            }
        }
    }

    fn count_tokens(&self, asked: &Asked<'_>) -> Result<u64, Said> {
        let path = "/v1/messages/count_tokens (ramptrace: counts of tokens are not recorded)";
        Err(asked.api.refuse(&Refusal::NotFound { path: path.to_owned() }, asked.id))
    }

    fn models(&self) -> Vec<String> {
        self.models.iter().cloned().collect()
    }
}

fn named(call: &Recording) -> (usize, Option<String>, Option<i64>) {
    (call.number, call.event_id.clone(), call.stage)
}

/// A call in words.
fn words(call: &Recording) -> String {
    let id = call.event_id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
    let stage = call.stage.map_or_else(String::new, |stage| format!(" of stage {stage}"));
    format!("call {}{id}{stage}", call.number)
}

/// How a request differs, in a sentence.
fn difference(miss: &Miss) -> String {
    match &miss.texts {
        None => miss.what.clone(),
        Some(texts) => format!(
            "{} at character {} (line {}): recorded \"{}\", asked \"{}\"",
            miss.what,
            texts.at + 1,
            texts.line,
            texts.one,
            texts.other
        ),
    }
}
