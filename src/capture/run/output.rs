//! What a process prints, kept within bounds: the beginning and the end, and how much is missing between.

use std::collections::VecDeque;

/// Bytes kept from the beginning.
const HEAD: usize = 64 << 10;

/// Bytes kept from the end.
const TAIL: usize = 192 << 10;

/// Output of a process.
#[derive(Debug, Default)]
pub(super) struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
}

impl Output {
    pub(super) fn push(&mut self, mut data: &[u8]) {
        self.bytes += data.len() as u64;
        let room = HEAD - self.head.len();
        let (first, rest) = data.split_at(room.min(data.len()));
        self.head.extend_from_slice(first);
        data = rest;
        if data.len() > TAIL {
            data = &data[data.len() - TAIL..];
        }
        let excess = (self.tail.len() + data.len()).saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.tail.extend(data);
    }

    /// All bytes that were printed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The text that was kept; what is no UTF-8 is replaced.
    pub(super) fn text(&self) -> String {
        let missing = self.bytes - (self.head.len() + self.tail.len()) as u64;
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if missing == 0 {
            let whole = [self.head.as_slice(), &tail].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&tail));
        format!("{head}\n[... {missing} bytes are left out ...]\n{tail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_whole() {
        let mut output = Output::default();
        for piece in "h\u{e9}llo\n".repeat(10_000).as_bytes().chunks(7) {
            output.push(piece);
        }
        assert_eq!(output.text(), "h\u{e9}llo\n".repeat(10_000));
        assert_eq!(output.bytes(), 70_000);
    }

    #[test]
    fn what_does_not_fit_keeps_both_ends() {
        let mut output = Output::default();
        output.push(b"first");
        for _ in 0..100 {
            output.push(&[b'x'; 10_000]);
        }
        output.push(&vec![b'y'; 400_000]);
        output.push(b"last");
        let text = output.text();
        assert!(text.starts_with("firstx") && text.ends_with("ylast"));
        assert_eq!(output.bytes(), 1_400_009);
        let missing = 1_400_009 - HEAD - TAIL;
        assert!(text.contains(&format!("[... {missing} bytes are left out ...]")));
    }
}
