//! A file line by line, in bounded memory.

use super::super::ImportError;
use std::io::{BufRead, Read};
use std::path::PathBuf;

/// Longest line. A tool result with a file in it has a few megabytes; beyond this it is no log line.
const LINE_BYTES: usize = 256 << 20;

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
    reader: Box<dyn BufRead + Send>,
    buffer: Vec<u8>,
    number: usize,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({}:{})", self.name.display(), self.number)
    }
}

impl Lines {
    pub(super) fn new(name: PathBuf, reader: Box<dyn BufRead + Send>) -> Self {
        Self { name, reader, buffer: Vec::new(), number: 0 }
    }

    /// The next line that is not blank; `None` at the end. A stream that breaks off, as a truncated `.gz` does, is an
    /// error that names the line.
    pub(in super::super) fn next_line(&mut self) -> Result<Option<Line<'_>>, ImportError> {
        loop {
            self.buffer.clear();
            let read =
                (&mut self.reader).take(LINE_BYTES as u64 + 1).read_until(b'\n', &mut self.buffer);
            self.number += 1;
            let n = read.map_err(|source| ImportError::BrokenStream {
                path: self.name.clone(),
                line: self.number,
                source,
            })?;
            if n == 0 {
                return Ok(None);
            }
            let cut = self.buffer.last() != Some(&b'\n') && n > LINE_BYTES;
            if cut {
                self.skip_rest()?;
            }
            while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
                self.buffer.pop();
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                break Ok(Some(Line { number: self.number, bytes: &self.buffer, cut }));
            }
        }
    }

    fn skip_rest(&mut self) -> Result<(), ImportError> {
        loop {
            let available = self.reader.fill_buf().map_err(ImportError::io(&self.name))?;
            if available.is_empty() {
                return Ok(());
            }
            let end = available.iter().position(|b| *b == b'\n');
            let n = end.map_or(available.len(), |i| i + 1);
            self.reader.consume(n);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}
