//! One recorded call while it passes by.
//!
//! A [`Hearing`] begins with the request's headers and ends with the answer's last byte; dropped before, the call was
//! given up. It goes to the recorder at the event by which the API ends a stream, before the agent sees that event: the
//! agent's next request can thus not overtake it.

use super::chunks::Chunks;
use super::clipped::Clipped;
use super::decode::Decoder;
use super::headers;
use super::moment::Moment;
use super::reply::{Reply, TEXT_LIMIT};
use super::route::Api;
use super::sse::EventStream;
use super::tape::{Answered, Asked, Body, Flight, Tape};
use super::usage::Known;
use super::{chat, messages, responses};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use hyper::{StatusCode, Uri};
use serde_json::{Map, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Most bytes that are kept of a request; beyond, it cannot be read as JSON.
const REQUEST_LIMIT: usize = 16 << 20;
/// Most bytes that are kept of an answer that is an error.
const ERROR_LIMIT: usize = 64 << 10;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// With the end of the answer.
    Whole,
    /// With an error in the midst of the answer.
    Cut(String),
    /// The agent, or the end of the recording, gave it up.
    GivenUp,
    /// There was no answer.
    NoAnswer(String),
}

/// What the headers of an answer say.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) is_stream: bool,
    /// Headers that a trace keeps.
    pub(super) kept: Map<String, Value>,
}

/// The request's side of a call.
pub(super) struct Call {
    tape: Arc<Tape>,
    number: u64,
    api: Api,
    path: String,
    received: Moment,
    secrets: Arc<[String]>,
    request: Mutex<Option<RequestCopy>>,
    abandoned: AtomicBool,
}

struct RequestCopy {
    body: Clipped,
    decoder: Decoder,
    bytes: u64,
}

impl Call {
    /// The next bytes of the request.
    pub(super) fn request_data(&self, bytes: &[u8]) {
        let mut request = self.request.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(copy) = request.as_mut() else { return };
        let (body, decoder) = (&mut copy.body, &mut copy.decoder);
        copy.bytes += bytes.len() as u64;
        let decode = || decoder.feed(bytes, &mut |decoded| body.push(decoded));
        if catch_unwind(AssertUnwindSafe(decode)).is_err() {
            copy.decoder = Decoder::Failed("the copy failed".to_owned());
            self.tape.broken();
        }
    }

    /// The agent broke off in the midst of the request.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// The request has ended, or as much of it as will come.
    pub(super) fn request_end(&self) {
        let copy = self.request.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(copy) = copy else { return };
        self.tape.asked(Asked {
            number: self.number,
            api: self.api,
            received: self.received,
            bytes: copy.bytes,
            problem: copy.decoder.problem().map(str::to_owned),
            body: copy.body,
            path: self.path.clone(),
            secrets: Arc::clone(&self.secrets),
        });
    }
}

/// The answer's side of a call.
pub(super) struct Hearing {
    call: Arc<Call>,
    flight: Option<Flight>,
    head: Option<Head>,
    decoder: Decoder,
    reading: Reading,
    first_token: Option<Instant>,
    chunks: Chunks,
    bytes: u64,
    broken: bool,
}

enum Reading {
    Whole(Clipped),
    Stream(Box<(EventStream, Reply)>),
}

impl Hearing {
    /// A call begins.
    pub(super) fn begin(tape: &Arc<Tape>, api: Api, uri: &Uri, request: &HeaderMap) -> Self {
        let (number, flight) = tape.begin();
        let coding = headers::text(request, &CONTENT_ENCODING);
        let copy = RequestCopy {
            body: Clipped::new(REQUEST_LIMIT, &tape.allowance),
            decoder: Decoder::new(coding.as_deref()),
            bytes: 0,
        };
        let call = Call {
            tape: Arc::clone(tape),
            number,
            api,
            path: uri.path().to_owned(),
            received: Moment::now(),
            secrets: headers::secrets(request, uri.query()).into(),
            request: Mutex::new(Some(copy)),
            abandoned: AtomicBool::new(false),
        };
        Self {
            reading: Reading::Whole(Clipped::new(TEXT_LIMIT, &tape.allowance)),
            call: Arc::new(call),
            flight: Some(flight),
            head: None,
            decoder: Decoder::Identity,
            first_token: None,
            chunks: Chunks::default(),
            bytes: 0,
            broken: false,
        }
    }

    /// Its request.
    pub(super) fn call(&self) -> Arc<Call> {
        Arc::clone(&self.call)
    }

    /// The headers of the answer have come.
    pub(super) fn head(&mut self, status: StatusCode, answer: &HeaderMap) {
        let kind = headers::text(answer, &CONTENT_TYPE).unwrap_or_default();
        let is_stream = status.is_success() && kind.starts_with("text/event-stream");
        self.decoder = Decoder::new(headers::text(answer, &CONTENT_ENCODING).as_deref());
        let allowance = &self.call.tape.allowance;
        self.reading = if is_stream {
            let events = EventStream::new(TEXT_LIMIT, allowance);
            Reading::Stream(Box::new((events, Reply::default())))
        } else {
            let limit = if status.is_success() { TEXT_LIMIT } else { ERROR_LIMIT };
            Reading::Whole(Clipped::new(limit, allowance))
        };
        self.head = Some(Head { status, is_stream, kept: headers::kept(answer) });
    }

    /// The next bytes of the answer.
    pub(super) fn data(&mut self, bytes: &[u8]) {
        if self.flight.is_none() {
            return;
        }
        self.bytes += bytes.len() as u64;
        if !self.broken && catch_unwind(AssertUnwindSafe(|| self.read(bytes))).is_err() {
            self.fail();
        }
        if matches!(&self.reading, Reading::Stream(stream) if stream.1.ended) {
            self.end(Ending::Whole);
        }
    }

    fn read(&mut self, bytes: &[u8]) {
        let Self { call, decoder, reading, first_token, chunks, .. } = self;
        decoder.feed(bytes, &mut |decoded| match reading {
            Reading::Whole(copy) => copy.push(decoded),
            Reading::Stream(stream) => {
                let (events, reply) = &mut **stream;
                events.feed(decoded, &mut |data| {
                    let before = reply.kept();
                    if read_event(call.api, reply, data) {
                        let now = Instant::now();
                        first_token.get_or_insert(now);
                        let after = now.saturating_duration_since(call.received.at);
                        chunks.note(after, reply.kept().saturating_sub(before));
                    }
                });
            }
        });
    }

    fn fail(&mut self) {
        self.broken = true;
        self.decoder = Decoder::Failed("the copy failed".to_owned());
        self.call.tape.broken();
    }

    /// There is no answer: for this reason, or because the agent broke off.
    pub(super) fn no_answer(&mut self, why: String) {
        let abandoned = self.call.abandoned.load(Ordering::Relaxed);
        self.end(if abandoned { Ending::GivenUp } else { Ending::NoAnswer(why) });
    }

    /// The call has ended. What comes after the first time does not count.
    pub(super) fn end(&mut self, ending: Ending) {
        let Some(flight) = self.flight.take() else { return };
        let ended = Instant::now();
        self.call.request_end();
        let empty = Reading::Whole(Clipped::new(0, &self.call.tape.allowance));
        let body = match std::mem::replace(&mut self.reading, empty) {
            Reading::Whole(copy) => Body::Whole(copy),
            Reading::Stream(stream) => {
                let (mut events, mut reply) = *stream;
                let api = self.call.api;
                let rest = || events.end(&mut |data| _ = read_event(api, &mut reply, data));
                if catch_unwind(AssertUnwindSafe(rest)).is_err() {
                    self.fail();
                }
                Body::Stream(Box::new(reply))
            }
        };
        self.call.tape.answered(Answered {
            number: self.call.number,
            ended,
            first_token: self.first_token,
            chunks: std::mem::take(&mut self.chunks),
            head: self.head.take(),
            body,
            bytes: self.bytes,
            problem: self.decoder.problem().map(str::to_owned),
            ending,
            flight,
        });
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.end(Ending::GivenUp);
    }
}

/// Reads the data of an event of a stream; says whether it carried something that the model wrote.
pub(super) fn read_event(api: Api, reply: &mut Reply, data: &Clipped) -> bool {
    if data.is_cut() {
        // An event that repeats a whole answer can be too long to be read; the usage stands near its end.
        reply.cut = true;
        let usage = data.last_object("usage");
        reply.ended |= usage.is_some() && api == Api::Responses;
        reply.merge_usage(usage.as_ref(), Known::Final);
        return false;
    }
    let text = data.head().trim_ascii();
    if text.is_empty() {
        return false;
    }
    if text == b"[DONE]" {
        reply.ended = true;
        return false;
    }
    match serde_json::from_slice::<Value>(text) {
        Ok(event) => match api {
            Api::Chat => chat::event(reply, &event),
            Api::Responses => responses::event(reply, &event),
            Api::Messages => messages::event(reply, &event),
        },
        Err(error) => {
            reply.note(format!("an event of the stream is no JSON: {error}"));
            false
        }
    }
}
