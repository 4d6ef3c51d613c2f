//! JSON values of any size and in any layout, byte by byte: what is not asked for is passed over and never in memory.
//!
//! Files of spans hold one value per line, one value over many lines, many such values after another, or one array of all.
//! A value that breaks off is told by the next line that begins with the same bytes as it did, so that one torn record
//! takes no other with it.

use std::io::{self, Read};

const BUFFER_BYTES: usize = 256 << 10;
/// Bytes by which the beginnings of two values are told to be the same.
const ALIKE: usize = 12;
/// Longest part that is kept in memory.
const RECORD_BYTES: usize = 256 << 20;
/// Deepest nesting of a value that is passed over.
const DEEPEST: usize = 512;
/// Longest name of a field that is told from others.
const LONGEST_NAME: usize = 40;

/// Why a value cannot be read to its end.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not JSON, or breaks off.
    Bad(&'static str),
    /// The stream breaks off.
    Io(io::Error),
}

/// A place in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) line: usize,
}

/// Reads JSON byte by byte.
pub(super) struct Reader {
    inner: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    at: usize,
    /// Offset of the buffer's first byte.
    base: u64,
    line: usize,
    previous: u8,
    /// How the value that is being read begins; empty between values.
    beginning: Vec<u8>,
    /// What is being kept, and whether it has become too long.
    kept: Option<(Vec<u8>, bool)>,
}

impl Reader {
    pub(super) fn new(inner: Box<dyn Read + Send>) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            at: 0,
            base: 0,
            line: 1,
            previous: b'\n',
            beginning: Vec::new(),
            kept: None,
        }
    }

    pub(super) fn place(&self) -> Place {
        Place { offset: self.base + self.at as u64, line: self.line }
    }

    /// The next byte, which stays; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Trouble> {
        if self.at == self.buffer.len() {
            self.fill(1)?;
        }
        Ok(self.buffer.get(self.at).copied())
    }

    /// Passes a byte that was seen.
    pub(super) fn pass(&mut self) {
        self.pass_all(1);
    }

    /// Passes white space. A line that begins as the value did is the next value.
    pub(super) fn space(&mut self) -> Result<(), Trouble> {
        while let Some(byte) = self.peek()?.filter(u8::is_ascii_whitespace) {
            self.pass();
            if byte == b'\n' && !self.beginning.is_empty() {
                self.fill(ALIKE)?;
                if self.buffer[self.at..].starts_with(&self.beginning) {
                    return Err(Trouble::Bad("it breaks off"));
                }
            }
        }
        Ok(())
    }

    /// A value begins here.
    pub(super) fn begin_value(&mut self) -> Result<(), Trouble> {
        self.fill(ALIKE)?;
        let end = self.buffer.len().min(self.at + ALIKE);
        self.beginning = self.buffer[self.at..end].to_vec();
        Ok(())
    }

    /// A value has ended.
    pub(super) fn end_value(&mut self) {
        self.beginning.clear();
    }

    /// Passes what is left of a broken value: to the next line that may be one.
    pub(super) fn seek_value(&mut self) -> Result<(), Trouble> {
        self.end_value();
        while let Some(byte) = self.peek()? {
            if self.previous == b'\n' && matches!(byte, b'{' | b'[') {
                break;
            }
            let rest = &self.buffer[self.at..];
            let n = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |i| i + 1);
            self.pass_all(n);
        }
        Ok(())
    }

    /// Keeps what is passed from here on.
    pub(super) fn keep(&mut self) {
        self.kept = Some((Vec::new(), false));
    }

    /// What was kept; `None` when nothing was, an error when it was too long.
    pub(super) fn take_kept(&mut self) -> Option<Result<Vec<u8>, &'static str>> {
        let (bytes, too_long) = self.kept.take()?;
        Some(if too_long { Err("it is longer than 256 MiB") } else { Ok(bytes) })
    }

    /// Passes one value and gives its bytes.
    pub(super) fn value(&mut self) -> Result<Vec<u8>, Trouble> {
        let begin = self.kept.as_ref().map(|(bytes, _)| bytes.len());
        if begin.is_none() {
            self.keep();
        }
        let passed = self.pass_value();
        if let Some(begin) = begin {
            passed?;
            let kept = self.kept.as_ref().and_then(|(bytes, _)| bytes.get(begin..));
            return kept.map(<[u8]>::to_vec).ok_or(Trouble::Bad("it is longer than 256 MiB"));
        }
        let kept = self.take_kept();
        passed?;
        kept.unwrap_or_else(|| Ok(Vec::new())).map_err(Trouble::Bad)
    }

    /// Passes one value.
    pub(super) fn pass_value(&mut self) -> Result<(), Trouble> {
        let mut closers = Vec::new();
        loop {
            self.space()?;
            let Some(byte) = self.peek()? else { return Err(ENDS) };
            match byte {
                b'{' | b'[' => {
                    if closers.len() == DEEPEST {
                        return Err(Trouble::Bad("it is nested too deep"));
                    }
                    closers.push(if byte == b'{' { b'}' } else { b']' });
                    self.pass();
                    continue;
                }
                b'}' | b']' => {
                    if closers.pop() != Some(byte) {
                        return Err(Trouble::Bad("its brackets do not match"));
                    }
                    self.pass();
                }
                b'"' => {
                    self.text()?;
                }
                b',' | b':' if !closers.is_empty() => {
                    self.pass();
                    continue;
                }
                _ => self.word()?,
            }
            if closers.is_empty() {
                return Ok(());
            }
        }
    }

    /// Passes a text and gives its first bytes, as they are written.
    pub(super) fn text(&mut self) -> Result<Vec<u8>, Trouble> {
        self.pass();
        let mut first = Vec::new();
        loop {
            if self.peek()?.is_none() {
                return Err(ENDS);
            }
            let rest = &self.buffer[self.at..];
            let special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
            let n = rest.iter().position(special).unwrap_or(rest.len());
            first.extend_from_slice(&rest[..n.min(LONGEST_NAME.saturating_sub(first.len()))]);
            self.pass_all(n);
            match self.peek()? {
                Some(b'"') => {
                    self.pass();
                    return Ok(first);
                }
                Some(b'\\') => {
                    self.fill(2)?;
                    // No name that is looked for has an escape.
                    first.push(b'\\');
                    self.pass_all(2.min(self.buffer.len() - self.at));
                }
                Some(b'\n') => {
                    self.pass();
                    return Err(Trouble::Bad("a text breaks off"));
                }
                Some(0..0x20) => return Err(Trouble::Bad("a text has a control character in it")),
                _ => {}
            }
        }
    }

    /// Passes a number, `true`, `false`, `null` and what producers write in their place.
    fn word(&mut self) -> Result<(), Trouble> {
        let mut length = 0;
        while let Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') =
            self.peek()?
        {
            self.pass();
            length += 1;
        }
        if length == 0 { Err(Trouble::Bad("it is not JSON")) } else { Ok(()) }
    }

    fn pass_all(&mut self, n: usize) {
        let passed = &self.buffer[self.at..self.at + n];
        let Some(last) = passed.last() else { return };
        self.previous = *last;
        self.line += passed.split(|b| *b == b'\n').count() - 1;
        if let Some((kept, too_long)) = &mut self.kept {
            *too_long |= kept.len() + n > RECORD_BYTES;
            if *too_long {
                kept.clear();
            } else {
                kept.extend_from_slice(passed);
            }
        }
        self.at += n;
    }

    /// Reads until so many bytes are ahead, or the stream ends.
    fn fill(&mut self, ahead: usize) -> Result<(), Trouble> {
        while self.buffer.len() - self.at < ahead {
            self.base += self.at as u64;
            self.buffer.drain(..self.at);
            self.at = 0;
            let have = self.buffer.len();
            self.buffer.resize(have + BUFFER_BYTES, 0);
            let read = loop {
                match self.inner.read(&mut self.buffer[have..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            self.buffer.truncate(have + read.as_ref().copied().unwrap_or(0));
            if read.map_err(Trouble::Io)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

/// The file ends within a value.
pub(super) const ENDS: Trouble = Trouble::Bad("the file ends in it");
