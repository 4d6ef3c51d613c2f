//! The body of an answer: text at once, or pieces as they come, whose sender may end it in the middle.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Pieces that may wait for a slow reader.
const WAITING: usize = 16;

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Answer {
    Whole(Option<Bytes>),
    Stream(Receiver<io::Result<Bytes>>),
}

impl Answer {
    /// A body that is known.
    pub(super) fn whole(text: impl Into<Bytes>) -> Self {
        Self::Whole(Some(text.into()))
    }

    /// A body that comes from a sender. An error cuts the connection.
    pub(super) fn stream() -> (Sender<io::Result<Bytes>>, Self) {
        let (sender, receiver) = channel(WAITING);
        (sender, Self::Stream(receiver))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Self::Stream(receiver) => {
                receiver.poll_recv(context).map(|got| got.map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
