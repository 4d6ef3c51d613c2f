//! A file of a log, wherever its bytes are.

use super::super::ImportError;
use super::json;
use super::lines::Lines;
use super::packing::Packing;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes of a file that are looked at to tell what it is.
const HEAD_BYTES: usize = 64 << 10;
/// Most bytes of a file that has to be in memory as a whole.
const WHOLE_BYTES: u64 = 2 << 30;
/// Buffer of a stream.
const BUFFER_BYTES: usize = 256 << 10;

/// A file on disk, or the member of an archive.
#[derive(Debug, Clone)]
pub struct LogFile {
    name: PathBuf,
    backing: Backing,
    range: Option<(u64, u64)>,
    packings: Vec<Packing>,
    crc32: Option<u32>,
}

/// Where the bytes are.
#[derive(Debug, Clone)]
enum Backing {
    Path(Arc<Path>),
    /// A file without a name: the contents of an archive that cannot be read in any other order.
    Spilled(Arc<File>),
}

impl LogFile {
    /// A file on disk, as it is stored.
    pub(super) fn on_disk(path: &Path) -> Self {
        Self {
            name: path.to_owned(),
            backing: Backing::Path(path.into()),
            range: None,
            packings: Vec::new(),
            crc32: None,
        }
    }

    /// A member of an archive: a range of this file, which must not be packed itself.
    pub(super) fn member(
        &self,
        name: &str,
        offset: u64,
        len: u64,
        packing: Option<Packing>,
        crc32: Option<u32>,
    ) -> Self {
        let start = self.range.map_or(0, |(start, _)| start);
        Self {
            name: self.name.join(name),
            backing: self.backing.clone(),
            range: Some((start.saturating_add(offset), len)),
            packings: packing.into_iter().collect(),
            crc32,
        }
    }

    /// The same file under the compressions that it is found to be in, and its first bytes, at most so many.
    pub(super) fn unwrapped(mut self, most: usize) -> Result<(Self, Vec<u8>), ImportError> {
        let mut head = self.head_of(most)?;
        // A log, in a compression, in the compression of its archive: more is not a log.
        for _ in 0..2 {
            let Some(packing) = Packing::of(&head) else { break };
            self.packings.push(packing);
            head = self.head_of(most)?;
        }
        Ok((self, head))
    }

    /// Its name, as users see it.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The last part of its name.
    pub(in super::super) fn file_name(&self) -> &str {
        self.name.file_name().and_then(|n| n.to_str()).unwrap_or_default()
    }

    /// Its name without folders, endings of compressions and the ending of its kind.
    pub(in super::super) fn stem(&self) -> &str {
        let mut name = self.file_name();
        for packed in [".gz", ".zst", ".bz2", ".xz"] {
            name = name.strip_suffix(packed).unwrap_or(name);
        }
        for kind in [".traj.json", ".trajectory.json", ".jsonl", ".json", ".traj", ".txt", ".csv"] {
            if let Some(stem) = name.strip_suffix(kind).filter(|s| !s.is_empty()) {
                return stem;
            }
        }
        name
    }

    /// The name of the folder it is in.
    pub(in super::super) fn folder_name(&self) -> &str {
        let folder = self.name.parent().and_then(Path::file_name);
        folder.and_then(|n| n.to_str()).unwrap_or_default()
    }

    /// The first eight hexadecimal digits of the SHA-256 of its contents, to tell logs apart that have no id. A file that
    /// breaks off is told by what there is of it.
    pub(in super::super) fn short_hash(&self) -> Result<String, ImportError> {
        let mut hasher = Sha256::new();
        let mut reader = self.open()?;
        let mut buffer = vec![0; BUFFER_BYTES];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            hasher.update(&buffer[..n]);
        }
        let mut digits = format!("{:x}", hasher.finalize());
        digits.truncate(8);
        Ok(digits)
    }

    /// Streams its contents.
    pub(in super::super) fn open(&self) -> Result<Box<dyn Read + Send>, ImportError> {
        self.stream().map_err(ImportError::io(&self.name))
    }

    /// Streams its lines.
    pub(in super::super) fn lines(&self) -> Result<Lines, ImportError> {
        Ok(Lines::new(self.name.clone(), self.open()?))
    }

    /// Its first bytes, at most 64 KiB.
    pub(in super::super) fn head(&self) -> Result<Vec<u8>, ImportError> {
        self.head_of(HEAD_BYTES)
    }

    /// Its contents; a file beyond 2 GiB is an error.
    pub(in super::super) fn read(&self) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::new();
        let mut reader = self.open()?.take(WHOLE_BYTES + 1);
        reader.read_to_end(&mut bytes).map_err(ImportError::io(&self.name))?;
        if bytes.len() as u64 > WHOLE_BYTES {
            return Err(ImportError::TooLarge { path: self.name.clone() });
        }
        Ok(bytes)
    }

    /// Its contents as one JSON value.
    pub(in super::super) fn json(&self) -> Result<Value, ImportError> {
        let bytes = self.read()?;
        json::lenient(&bytes).map_err(|e| ImportError::json_file(&self.name, &e))
    }

    /// The same contents in a form in which any part can be read at once: itself, or a temporary copy of what is packed.
    pub(in super::super) fn seekable(&self) -> Result<Self, ImportError> {
        self.spilled(false)
    }

    /// The same, of a stream that breaks off what is before the break: for those who read it as a stream as well, and
    /// tell of the break.
    pub(in super::super) fn seekable_to_its_break(&self) -> Result<Self, ImportError> {
        self.spilled(true)
    }

    fn spilled(&self, to_its_break: bool) -> Result<Self, ImportError> {
        if self.packings.is_empty() {
            return Ok(self.clone());
        }
        let failed = || ImportError::io(&self.name);
        let mut spilled = tempfile::tempfile().map_err(failed())?;
        let mut stream = self.open()?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let n = match stream.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) if to_its_break => 0,
                read => read.map_err(failed())?,
            };
            if n == 0 {
                break;
            }
            spilled.write_all(&buffer[..n]).map_err(failed())?;
        }
        Ok(Self {
            name: self.name.clone(),
            backing: Backing::Spilled(Arc::new(spilled)),
            range: None,
            packings: Vec::new(),
            crc32: None,
        })
    }

    /// Reads a part of a file that is [`Self::seekable`].
    pub(in super::super) fn read_at(
        &self,
        offset: u64,
        len: usize,
    ) -> Result<Vec<u8>, ImportError> {
        let mut reader = self.window().map_err(ImportError::io(&self.name))?;
        reader.position = offset;
        let mut bytes = vec![0; len];
        reader.read_exact(&mut bytes).map_err(ImportError::io(&self.name))?;
        Ok(bytes)
    }

    /// Its lines in parts of about so many bytes, each of which ends with a line; one part where it cannot be taken apart.
    pub(in super::super) fn parts(&self, bytes: u64) -> Result<Vec<Self>, ImportError> {
        if !self.packings.is_empty() || self.crc32.is_some() {
            return Ok(vec![self.clone()]);
        }
        let mut window = self.window().map_err(ImportError::io(&self.name))?;
        let mut parts = Vec::new();
        let mut from = 0;
        while from < window.len {
            let to =
                window.line_end(from.saturating_add(bytes)).map_err(ImportError::io(&self.name))?;
            let range = Some((window.start.saturating_add(from), to - from));
            parts.push(Self { range, ..self.clone() });
            from = to;
        }
        Ok(parts)
    }

    /// Its bytes as they are stored.
    pub(super) fn window(&self) -> io::Result<Window> {
        let file = match &self.backing {
            Backing::Path(path) => Arc::new(File::open(path)?),
            Backing::Spilled(file) => Arc::clone(file),
        };
        let (start, len) = match self.range {
            Some(range) => range,
            None => (0, file.metadata()?.len()),
        };
        Ok(Window { file, start, len, position: 0 })
    }

    fn stream(&self) -> io::Result<Box<dyn Read + Send>> {
        let mut reader: Box<dyn Read + Send> = match (&self.backing, self.range) {
            // What has no end that is known beforehand, as a pipe.
            (Backing::Path(path), None) => Box::new(File::open(path)?),
            _ => Box::new(self.window()?),
        };
        for (depth, packing) in self.packings.iter().enumerate() {
            reader = packing.unpack(reader)?;
            if let (0, Some(crc32)) = (depth, self.crc32) {
                reader = Box::new(Checked::new(reader, crc32));
            }
        }
        match self.crc32 {
            Some(crc32) if self.packings.is_empty() => Ok(Box::new(Checked::new(reader, crc32))),
            _ => Ok(reader),
        }
    }

    /// Its first bytes, at most so many.
    pub(super) fn head_of(&self, most: usize) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::with_capacity(most);
        let read = self.open()?.take(most as u64).read_to_end(&mut bytes);
        match read {
            Ok(_) => Ok(bytes),
            // What can be read of a broken stream still shows what it is; reading it as a whole names the break.
            Err(_) if !bytes.is_empty() || !self.packings.is_empty() => Ok(bytes),
            Err(error) => Err(ImportError::io(&self.name)(error)),
        }
    }
}

/// A part of a file, read without moving anybody else's place in it.
#[derive(Debug)]
pub(super) struct Window {
    file: Arc<File>,
    start: u64,
    len: u64,
    position: u64,
}

impl Window {
    /// Where the line ends that goes on at a place.
    fn line_end(&mut self, place: u64) -> io::Result<u64> {
        self.position = place;
        let mut buffer = vec![0; HEAD_BYTES];
        loop {
            match self.read(&mut buffer)? {
                0 => return Ok(self.len),
                n => {
                    if let Some(at) = memchr::memchr(b'\n', &buffer[..n]) {
                        return Ok(self.position - (n - at - 1) as u64);
                    }
                }
            }
        }
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.position);
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let n = read_at(&self.file, &mut buffer[..most], self.start.saturating_add(self.position))?;
        self.position += n as u64;
        Ok(n)
    }
}

impl io::Seek for Window {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        let target = match to {
            io::SeekFrom::Start(n) => Some(n),
            io::SeekFrom::End(n) => self.len.checked_add_signed(n),
            io::SeekFrom::Current(n) => self.position.checked_add_signed(n),
        };
        self.position = target
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "before the start"))?;
        Ok(self.position)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// The contents of a zip member, compared with the checksum that stands beside them.
struct Checked<R> {
    inner: R,
    hasher: crc32fast::Hasher,
    expected: u32,
}

impl<R: Read> Checked<R> {
    fn new(inner: R, expected: u32) -> Self {
        Self { inner, hasher: crc32fast::Hasher::new(), expected }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        if n == 0 && !buffer.is_empty() && self.hasher.clone().finalize() != self.expected {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not match"));
        }
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}
