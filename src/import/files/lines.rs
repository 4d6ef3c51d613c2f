//! A file line by line, in bounded memory.
//!
//! Lines are handed out where they were read to: only one that a read cuts in two is moved, to be joined with its rest.

use super::super::ImportError;
use memchr::memchr;
use std::io::{self, Read};
use std::path::PathBuf;

/// Longest line. A tool result with a file in it has a few megabytes; beyond this it is no log line.
const LINE_BYTES: usize = 256 << 20;
/// Bytes that are read at once.
const READ_BYTES: usize = 256 << 10;

/// One line of a file, without its line break.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Line<'a> {
    /// From 1.
    pub(in super::super) number: usize,
    pub(in super::super) bytes: &'a [u8],
    /// It was longer than any log line is: these are its first bytes.
    pub(in super::super) cut: bool,
}

/// The lines of a file.
pub(in super::super) struct Lines {
    name: PathBuf,
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// Where in the buffer is what was read and not handed out.
    start: usize,
    end: usize,
    number: usize,
    /// The line before was cut: its rest comes first.
    cut: bool,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({}:{})", self.name.display(), self.number)
    }
}

impl Lines {
    pub(super) fn new(name: PathBuf, reader: Box<dyn Read + Send>) -> Self {
        Self { name, reader, buffer: Vec::new(), start: 0, end: 0, number: 0, cut: false }
    }

    /// The next line that is not blank; `None` at the end. A stream that breaks off, as a truncated `.gz` does, is an
    /// error that names the line.
    pub(in super::super) fn next_line(&mut self) -> Result<Option<Line<'_>>, ImportError> {
        if std::mem::take(&mut self.cut) {
            self.skip_rest().map_err(|e| self.broken(e))?;
        }
        loop {
            self.number += 1;
            let len = self.line_end().map_err(|e| self.broken(e))?;
            if len == 0 {
                self.number -= 1;
                return Ok(None);
            }
            let from = self.start;
            self.start += len;
            self.cut = len > LINE_BYTES && self.buffer[self.start - 1] != b'\n';
            let line = &self.buffer[from..self.start];
            let breaks = line.iter().rev().take_while(|b| matches!(b, b'\n' | b'\r')).count();
            let to = self.start - breaks;
            if !line.iter().all(u8::is_ascii_whitespace) {
                let bytes = &self.buffer[from..to];
                break Ok(Some(Line { number: self.number, bytes, cut: self.cut }));
            }
        }
    }

    /// Lines up to where it has read, blank ones as well.
    pub(in super::super) fn count(&self) -> usize {
        self.number
    }

    fn broken(&self, source: io::Error) -> ImportError {
        ImportError::BrokenStream { path: self.name.clone(), line: self.number, source }
    }

    /// Bytes of the next line with its line break, as far as a line may go; 0 at the end of the file.
    fn line_end(&mut self) -> io::Result<usize> {
        let mut looked_at = 0;
        loop {
            let ahead = &self.buffer[self.start..self.end];
            let ahead = &ahead[..ahead.len().min(LINE_BYTES + 1)];
            if let Some(at) = memchr(b'\n', &ahead[looked_at..]) {
                return Ok(looked_at + at + 1);
            }
            looked_at = ahead.len();
            if looked_at > LINE_BYTES || !self.read_on()? {
                return Ok(looked_at);
            }
        }
    }

    /// Passes over the rest of a line.
    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            if let Some(at) = memchr(b'\n', &self.buffer[self.start..self.end]) {
                self.start += at + 1;
                return Ok(());
            }
            self.start = self.end;
            if !self.read_on()? {
                return Ok(());
            }
        }
    }

    /// Reads more behind what is there; false at the end of the file.
    fn read_on(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < self.end + READ_BYTES {
            // Doubled, so that a long line is not moved again with every read.
            self.buffer.resize((self.end + READ_BYTES).max(2 * self.end), 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    let n = read?;
                    self.end += n;
                    return Ok(n > 0);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in pieces of a size, then fails or ends.
    struct Pieces {
        bytes: Vec<u8>,
        at: usize,
        size: usize,
        breaks: bool,
    }

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.size.min(self.bytes.len() - self.at).min(buffer.len());
            if n == 0 && self.breaks {
                return Err(io::Error::other("it breaks off"));
            }
            buffer[..n].copy_from_slice(&self.bytes[self.at..self.at + n]);
            self.at += n;
            Ok(n)
        }
    }

    fn lines(bytes: &[u8], size: usize, breaks: bool) -> (Vec<(usize, Vec<u8>)>, Option<usize>) {
        let reader = Pieces { bytes: bytes.to_vec(), at: 0, size, breaks };
        let mut lines = Lines::new(PathBuf::from("log"), Box::new(reader));
        let mut found = Vec::new();
        loop {
            match lines.next_line() {
                Ok(Some(line)) => found.push((line.number, line.bytes.to_vec())),
                Ok(None) => return (found, None),
                Err(ImportError::BrokenStream { line, .. }) => return (found, Some(line)),
                Err(other) => panic!("{other}"),
            }
        }
    }

    proptest! {
        #[test]
        fn lines_are_the_same_however_they_are_read(
            words in proptest::collection::vec("[a-c \r]{0,3}", 0..12), size in 1_usize..9, breaks: bool
        ) {
            let text = words.join("\n");
            let (found, broken) = lines(text.as_bytes(), size, breaks);
            let mut expected: Vec<(usize, Vec<u8>)> = (1..)
                .zip(text.split('\n'))
                .filter(|(_, line)| !line.trim_ascii().is_empty())
                .map(|(number, line)| (number, line.trim_end_matches('\r').into()))
                .collect();
            let last = text.split('\n').count();
            // What stands before a break may be the half of a line.
            expected.retain(|(number, _)| !breaks || *number < last);
            prop_assert_eq!(found, expected);
            prop_assert_eq!(broken, breaks.then_some(last));
        }
    }

    #[test]
    fn a_line_beyond_the_longest_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; LINE_BYTES + 3];
        text.extend_from_slice(b"\nnext");
        let reader = Pieces { size: text.len(), bytes: text, at: 0, breaks: false };
        let mut lines = Lines::new(PathBuf::from("log"), Box::new(reader));
        let line = lines.next_line().unwrap().unwrap();
        assert_eq!((line.number, line.bytes.len(), line.cut), (1, LINE_BYTES + 1, true));
        let line = lines.next_line().unwrap().unwrap();
        assert_eq!((line.number, line.bytes, line.cut), (2, &b"next"[..], false));
        assert!(lines.next_line().unwrap().is_none());
    }
}
