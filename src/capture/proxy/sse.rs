//! Server-sent events out of a stream of bytes, cut anywhere.
//!
//! The reading rules of the WHATWG HTML standard, section "Interpreting an event stream": lines end with CR, LF or both, a
//! blank line ends an event, the `data` lines of an event are joined. Only the data matter here; all three APIs repeat an
//! event's name in them. An event beyond the limit is kept by its end alone.

use super::clipped::{Allowance, Clipped};
use std::sync::Arc;

/// Takes a stream apart.
#[derive(Debug)]
pub(super) struct EventStream {
    line: Clipped,
    data: Clipped,
    has_data: bool,
    after_cr: bool,
}

impl EventStream {
    /// Events with up to `limit` bytes are read whole.
    pub(super) fn new(limit: usize, allowance: &Arc<Allowance>) -> Self {
        let line = Clipped::new(limit, allowance);
        let data = Clipped::new(limit, allowance);
        Self { line, data, has_data: false, after_cr: false }
    }

    /// Takes the next bytes; `event` gets the data of each event that they complete.
    pub(super) fn feed(&mut self, mut bytes: &[u8], event: &mut dyn FnMut(&Clipped)) {
        if self.after_cr && !bytes.is_empty() {
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
            self.after_cr = false;
        }
        while let Some(end) = bytes.iter().position(|b| matches!(b, b'\n' | b'\r')) {
            self.line.push(&bytes[..end]);
            let pair = bytes[end..].starts_with(b"\r\n");
            let last = bytes.len() == end + 1;
            self.after_cr = last && bytes[end] == b'\r';
            bytes = &bytes[end + if pair { 2 } else { 1 }..];
            self.end_line(event);
        }
        self.line.push(bytes);
    }

    /// The stream has ended. An event without its blank line counts: some servers forget the last one.
    pub(super) fn end(&mut self, event: &mut dyn FnMut(&Clipped)) {
        if self.line.total() > 0 {
            self.end_line(event);
        }
        self.end_event(event);
    }

    fn end_line(&mut self, event: &mut dyn FnMut(&Clipped)) {
        if self.line.total() == 0 {
            self.end_event(event);
            return;
        }
        let head = self.line.head();
        let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head);
        // The name alone is a field without a value.
        let value = head.strip_prefix(b"data:").or_else(|| (head == b"data").then_some(&[][..]));
        if let Some(value) = value {
            if self.has_data {
                self.data.push(b"\n");
            }
            if self.line.is_cut() {
                // Its beginning is of no use without the rest.
                std::mem::swap(&mut self.line, &mut self.data);
            } else {
                self.data.push(value.strip_prefix(b" ").unwrap_or(value));
            }
            self.has_data = true;
        }
        self.line.clear();
    }

    fn end_event(&mut self, event: &mut dyn FnMut(&Clipped)) {
        if self.has_data {
            event(&self.data);
        }
        self.data.clear();
        self.has_data = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(stream: &[u8], piece: usize, limit: usize) -> Vec<String> {
        let mut parser = EventStream::new(limit, &Allowance::new(1 << 20));
        let mut all = Vec::new();
        let mut note = |data: &Clipped| {
            let cut = if data.is_cut() { "cut:" } else { "" };
            all.push(format!("{cut}{}", String::from_utf8_lossy(data.head())));
        };
        for part in stream.chunks(piece) {
            parser.feed(part, &mut note);
        }
        parser.end(&mut note);
        all
    }

    #[test]
    fn events_come_out_whole_wherever_the_stream_is_cut() {
        let stream = "\u{feff}data: one\n\n: comment\nevent: x\ndata: tw\u{f6}\r\ndata:2\r\n\r\nid: 7\n\ndata\n\n\
                      data: cr\rdata: lf\r\rdatabase: no\n\ndata: last";
        for piece in 1..stream.len() {
            let expected = ["one", "tw\u{f6}\n2", "", "cr\nlf", "last"];
            assert_eq!(events(stream.as_bytes(), piece, 100), expected, "by {piece}");
        }
    }

    #[test]
    fn an_event_beyond_the_limit_is_cut_and_the_next_is_whole() {
        let long = "x".repeat(500);
        let stream = format!("data: {long}\n\ndata: next\n\n");
        let found = events(stream.as_bytes(), 64, 100);
        assert!(found[0].starts_with("cut:") && found[1] == "next", "{found:?}");
    }
}
