//! One checksummed piece of a journal: length, CRC-32 (IEEE 802.3, as in zlib), zstd.
//!
//! Reading trusts nothing: a length is bounded before anything is allocated for it, the checksum is compared before
//! anything is unpacked, and unpacking stops at the bound that writing keeps.

use std::fmt;
use std::io::{self, Read};

/// Most bytes of text in a frame.
pub(in crate::capture) const MAX_TEXT: usize = 64 << 20;
/// Most bytes of a payload: what cannot be compressed grows by less than half a percent.
const MAX_PAYLOAD: u32 = 65 << 20;
/// Bytes before the payload.
const PREFIX: usize = 8;
/// Compression level.
const LEVEL: i32 = 3;

/// Why a journal cannot be read further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The file ends inside a frame.
    Cut,
    /// A length that no frame has.
    Length(u32),
    /// The bytes are not those that were written.
    Checksum,
    /// The checksum is right, but what is in the frame cannot be read.
    Content,
    /// The event is not the next one.
    Order {
        /// The `seq` that comes next.
        expected: i64,
        /// The one that stands there.
        found: i64,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("the file ends inside a frame"),
            Self::Length(bytes) => write!(f, "a frame of {bytes} bytes cannot be"),
            Self::Checksum => f.write_str("the checksum of a frame is wrong"),
            Self::Content => f.write_str("the content of a frame cannot be read"),
            Self::Order { expected, found } => {
                write!(f, "event {found} stands where event {expected} should be")
            }
        }
    }
}

/// What stands at a place of a journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A whole frame.
    Whole {
        /// Its text.
        text: Vec<u8>,
        /// Its bytes in the journal.
        bytes: u64,
    },
    /// Nothing: the end.
    End,
    /// Something that is not a frame, after so many bytes of it.
    Damaged(Damage, u64),
}

/// The frame of a text of at most [`MAX_TEXT`] bytes, which is not empty.
pub(super) fn encode(text: &[u8]) -> io::Result<Vec<u8>> {
    let payload = zstd::bulk::compress(text, LEVEL)?;
    let length = u32::try_from(payload.len()).ok().filter(|l| *l <= MAX_PAYLOAD);
    let length = length.ok_or(io::ErrorKind::FileTooLarge)?;
    let mut frame = Vec::with_capacity(PREFIX + payload.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    frame.extend_from_slice(&payload);
    Ok(frame)
}

/// Reads the next frame.
pub(super) fn read(input: &mut impl Read) -> io::Result<Frame> {
    let mut prefix = Vec::with_capacity(PREFIX);
    input.by_ref().take(PREFIX as u64).read_to_end(&mut prefix)?;
    let so_far = prefix.len() as u64;
    let Some((length, crc)) = numbers(&prefix) else {
        let end = prefix.is_empty();
        return Ok(if end { Frame::End } else { Frame::Damaged(Damage::Cut, so_far) });
    };
    if length == 0 || length > MAX_PAYLOAD {
        return Ok(Frame::Damaged(Damage::Length(length), so_far));
    }
    // Grows with what is there, not with what the length promises.
    let mut payload = Vec::new();
    input.by_ref().take(u64::from(length)).read_to_end(&mut payload)?;
    let bytes = so_far + payload.len() as u64;
    if payload.len() as u64 != u64::from(length) {
        return Ok(Frame::Damaged(Damage::Cut, bytes));
    }
    if crc32fast::hash(&payload) != crc {
        return Ok(Frame::Damaged(Damage::Checksum, bytes));
    }
    Ok(match unpacked(&payload) {
        Some(text) => Frame::Whole { text, bytes },
        None => Frame::Damaged(Damage::Content, bytes),
    })
}

/// Length and checksum, if they are whole.
fn numbers(prefix: &[u8]) -> Option<(u32, u32)> {
    let (length, rest) = prefix.split_first_chunk::<4>()?;
    let (crc, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*length), u32::from_le_bytes(*crc)))
}

fn unpacked(payload: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    let decoder = zstd::stream::read::Decoder::with_buffer(payload).ok()?;
    decoder.take(MAX_TEXT as u64 + 1).read_to_end(&mut text).ok()?;
    (text.len() <= MAX_TEXT).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_the_module_page_says() {
        let frame = encode(b"{\"seq\":0}\n").unwrap();
        let payload = &frame[8..];
        assert_eq!(frame[..4], u32::try_from(payload.len()).unwrap().to_le_bytes());
        assert_eq!(payload[..4], [0x28, 0xb5, 0x2f, 0xfd], "RFC 8878, section 3.1.1");
        assert_eq!(frame[4..8], crc32fast::hash(payload).to_le_bytes());
        // The check value of CRC-32/ISO-HDLC in the catalogue of CRC algorithms.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        let (text, bytes) = (b"{\"seq\":0}\n".to_vec(), frame.len() as u64);
        assert_eq!(read(&mut frame.as_slice()).unwrap(), Frame::Whole { text, bytes });
    }

    #[test]
    fn an_absurd_length_is_refused_before_anything_is_read() {
        for length in [0, MAX_PAYLOAD + 1, u32::MAX] {
            let mut bytes = length.to_le_bytes().to_vec();
            bytes.extend([0; 100]);
            let damaged = Frame::Damaged(Damage::Length(length), 8);
            assert_eq!(read(&mut bytes.as_slice()).unwrap(), damaged);
        }
        let mut bytes = MAX_PAYLOAD.to_le_bytes().to_vec();
        bytes.extend([0; 100]);
        assert_eq!(read(&mut bytes.as_slice()).unwrap(), Frame::Damaged(Damage::Cut, 104));
    }

    #[test]
    fn a_frame_that_unpacks_to_too_much_is_refused() {
        let bomb = encode(&vec![b' '; MAX_TEXT + 1]).unwrap();
        assert!(bomb.len() < 100_000);
        let damaged = Frame::Damaged(Damage::Content, bomb.len() as u64);
        assert_eq!(read(&mut bomb.as_slice()).unwrap(), damaged);
    }
}
