//! A model of scripts: finds the turn that answers a request, and lets go wrong what the script wants to go wrong.

use super::api::{Api, Refusal};
use super::conversation::Conversation;
use super::reply::{Reply, ReplyCall, identifier};
use super::said::{Asked, End, Model, Said, Speech, spoken};
use super::script::{Fault, Pace, Script, Scripts, Turn};
use super::turn::{Choice, LAST_WORDS, choose};
use super::usage::Usage;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Models of scripts, and what they remember.
#[derive(Debug)]
pub(super) struct Scripted {
    scripts: Scripts,
    /// How many errors a request has got already. Only requests between their first error and their answer are here.
    failed: Mutex<HashMap<String, usize>>,
}

impl Scripted {
    pub(super) fn new(scripts: Scripts) -> Self {
        Self { scripts, failed: Mutex::default() }
    }

    /// What a request asks for, and the script of its model; or why there is no answer.
    fn read(&self, asked: &Asked<'_>) -> Result<(Conversation, &Script), Refusal> {
        let read = asked.api.conversation(asked.request);
        let conversation = read.map_err(|problem| Refusal::BadRequest { problem })?;
        match self.scripts.get(&conversation.model) {
            Some(script) => Ok((conversation, script)),
            None => Err(Refusal::UnknownModel { model: conversation.model }),
        }
    }

    fn try_answer(&self, asked: &Asked<'_>) -> Result<Said, Refusal> {
        let (conversation, script) = self.read(asked)?;
        if let Some(limit) = script.context_limit.filter(|l| conversation.tokens() > *l) {
            return Err(Refusal::TooLong { tokens: conversation.tokens(), limit });
        }
        let last_words = Turn { text: LAST_WORDS.into(), repeat: 1, ..Turn::default() };
        let turn = match choose(script, &conversation) {
            Choice::Turn(turn) => turn,
            Choice::Over => &last_words,
            Choice::Unknown => {
                let problem =
                    format!("The script of {} has no [[on]] for this prompt.", conversation.model);
                return Err(Refusal::BadRequest { problem });
            }
        };
        let same = identifier(&[asked.id.as_bytes(), asked.session]);
        let (fault, tries) = self.fault(same, turn);
        // Another try of the same request is another response.
        let id = match tries {
            0 => asked.id.to_owned(),
            tries => identifier(&[asked.id.as_bytes(), &tries.to_le_bytes()]),
        };
        if let Some(Fault::Status { status, retry_after }) = fault {
            let mut said = asked.api.refuse(&Refusal::Scripted { status }, &id);
            said.retry_after = retry_after.map(|seconds| seconds.to_string());
            return Ok(said);
        }
        let usage = Usage::of(&conversation, turn, script.price);
        let reply = reply(asked, &id, &conversation, turn, &usage);
        let said = if conversation.stream {
            streamed(asked.api, &reply, turn, fault, script.pace)
        } else {
            at_once(asked.api, &reply, turn, fault, script.pace, usage.output)
        };
        Ok(said.with_request_id(format!("req_{id}")))
    }

    /// What goes wrong with this request, and how many of the same have failed before it.
    fn fault(&self, request: String, turn: &Turn) -> (Option<Fault>, usize) {
        if turn.errors.is_empty() {
            return (turn.fault, 0);
        }
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = failed.get(&request).copied().unwrap_or_default();
        if let Some(fault) = turn.errors.get(tries) {
            failed.insert(request, tries + 1);
            return (Some(*fault), tries);
        }
        failed.remove(&request);
        (turn.fault, tries)
    }
}

impl Model for Scripted {
    fn answer(&self, asked: &Asked<'_>) -> Said {
        self.try_answer(asked).unwrap_or_else(|refusal| asked.api.refuse(&refusal, asked.id))
    }

    fn count_tokens(&self, asked: &Asked<'_>) -> Result<u64, Said> {
        let read = self.read(asked).map(|(conversation, _)| conversation.tokens());
        read.map_err(|refusal| asked.api.refuse(&refusal, asked.id))
    }

    fn models(&self) -> Vec<String> {
        self.scripts.models().map(str::to_owned).collect()
    }
}

/// A turn as a reply: identifiers are hashes of the request.
fn reply<'a>(
    asked: &Asked<'a>,
    id: &str,
    conversation: &Conversation,
    turn: &Turn,
    usage: &Usage,
) -> Reply<'a> {
    let (response, call) = asked.api.id_prefixes();
    let calls = turn.calls.iter().enumerate().map(|(index, made)| ReplyCall {
        id: format!("{call}{}", identifier(&[id.as_bytes(), &index.to_le_bytes()])),
        name: made.tool.clone(),
        arguments: made.arguments.clone(),
    });
    Reply {
        id: format!("{response}{id}"),
        seed: id.to_owned(),
        model: conversation.model.clone(),
        reasoning: turn.reasoning.clone(),
        text: turn.text.clone(),
        refusal: String::new(),
        calls: calls.collect(),
        finish: asked.api.finish(turn.finish).to_owned(),
        usage: Some(asked.api.usage(usage)),
        include_usage: conversation.include_usage,
        request: asked.request,
        chunks: Vec::new(),
    }
}

/// The answer that is not streamed.
fn at_once(
    api: Api,
    reply: &Reply<'_>,
    turn: &Turn,
    fault: Option<Fault>,
    pace: Pace,
    tokens: u64,
) -> Said {
    let wait = pace.first_token + times(pace.token, tokens) + turn.stall;
    let mut text = api.whole(reply).to_string();
    if matches!(fault, Some(Fault::Malformed | Fault::Cut)) {
        text.truncate(text.floor_char_boundary(text.len() / 2));
    }
    let end = if fault == Some(Fault::Cut) { End::Cut } else { End::Whole };
    Said { end, ..Said::of(200, Speech::Whole { wait, text }) }
}

/// The answer as a stream, at the pace of the script, until its fault.
fn streamed(api: Api, reply: &Reply<'_>, turn: &Turn, fault: Option<Fault>, pace: Pace) -> Said {
    let mut pieces = api.stream(reply);
    let middle = pieces.len() / 2;
    let mut begun = false;
    for (place, piece) in pieces.iter_mut().enumerate() {
        if piece.weight.tokens > 0 {
            let wait =
                if begun { times(pace.token, piece.weight.tokens) } else { pace.first_token };
            piece.weight.wait = wait;
            begun = true;
        }
        if place == middle {
            piece.weight.wait += turn.stall;
        }
    }
    let mut sent = spoken(&pieces);
    let mut end = End::Whole;
    match fault {
        Some(Fault::Cut) => {
            sent.truncate(middle);
            end = End::Cut;
        }
        Some(Fault::Malformed) => {
            sent.truncate(middle + 1);
            if let Some((_, text)) = sent.last_mut() {
                text.truncate(text.floor_char_boundary(text.len() * 2 / 3));
                text.push_str("\n\n");
            }
        }
        Some(Fault::Status { .. }) | None if !api.last_line().is_empty() => {
            sent.push((Duration::ZERO, api.last_line().to_owned()));
        }
        Some(Fault::Status { .. }) | None => {}
    }
    Said { end, ..Said::of(200, Speech::Stream(sent)) }
}

fn times(wait: Duration, count: u64) -> Duration {
    wait.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}
