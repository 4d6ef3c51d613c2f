//! Bodies that go through unchanged while a copy of them is heard.

use super::hearing::{Call, Ending, Hearing};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// The body of a request.
pub(super) struct RequestTee {
    inner: Incoming,
    call: Option<Arc<Call>>,
}

impl RequestTee {
    pub(super) fn new(inner: Incoming, call: Option<Arc<Call>>) -> Self {
        if let Some(call) = call.as_ref().filter(|_| inner.is_end_stream()) {
            call.request_end();
        }
        Self { inner, call }
    }
}

impl Body for RequestTee {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(call) = &self.call {
            if let Some(data) = frame.as_ref().and_then(|f| f.as_ref().ok()?.data_ref()) {
                call.request_data(data);
            }
            if matches!(frame, Some(Err(_))) {
                call.abandon();
            }
            // With a length in its headers, a body may never be asked for more than its last byte.
            if frame.is_none() || self.inner.is_end_stream() {
                call.request_end();
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of an answer. Dropped before its end, the call was given up.
pub(super) struct ResponseTee {
    inner: Incoming,
    hearing: Option<Hearing>,
}

impl ResponseTee {
    pub(super) fn new(inner: Incoming, mut hearing: Option<Hearing>) -> Self {
        if let Some(hearing) = hearing.as_mut().filter(|_| inner.is_end_stream()) {
            hearing.end(Ending::Whole);
        }
        Self { inner, hearing }
    }
}

impl Body for ResponseTee {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        if let Some(hearing) = &mut this.hearing {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        hearing.data(data);
                    }
                    if this.inner.is_end_stream() {
                        hearing.end(Ending::Whole);
                    }
                }
                Some(Err(error)) => hearing.end(Ending::Cut(causes(error))),
                None => hearing.end(Ending::Whole),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An error with all that caused it.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
