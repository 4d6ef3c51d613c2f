//! The recorder's copy of a body, without its content coding, piece by piece as it arrives.
//!
//! Gzip (RFC 1952), zlib and raw deflate (RFC 1950, 1951; servers send both as `deflate`) and zstd (RFC 8878). A coding that
//! cannot be read, or a stream that is damaged, ends the copy, never the call.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};
use zstd::stream::raw::{Decoder as Zstd, InBuffer, Operation, OutBuffer};

/// Bytes that are decoded at a time.
const PIECE: usize = 32 << 10;

/// Decodes a body.
pub(super) enum Decoder {
    /// Not coded.
    Identity,
    /// Coded with gzip: its header is being read, then its data, then its trailer.
    Gzip(GzipPart),
    /// Coded with deflate; the format shows at the first byte.
    Deflate(Option<Box<InflateState>>),
    /// Coded with zstd.
    Zstd(Box<Zstd<'static>>),
    /// Cannot be read, or not any more.
    Failed(String),
}

/// Where in a gzip member the decoder is.
pub(super) enum GzipPart {
    /// In the header, of which these bytes are known.
    Header(Vec<u8>),
    /// In the data.
    Data(Box<InflateState>),
    /// In the trailer, of which so many bytes are still to come.
    Trailer(usize),
}

/// Longest gzip header that is waited for.
const LONGEST_HEADER: usize = 64 << 10;

impl Decoder {
    /// The decoder for a `Content-Encoding`.
    pub(super) fn new(coding: Option<&str>) -> Self {
        match coding.unwrap_or("identity") {
            "" | "identity" => Self::Identity,
            "gzip" | "x-gzip" => Self::Gzip(GzipPart::Header(Vec::new())),
            "deflate" => Self::Deflate(None),
            "zstd" => Zstd::new().map_or_else(
                |error| Self::Failed(format!("zstd cannot be read: {error}")),
                |zstd| Self::Zstd(Box::new(zstd)),
            ),
            other => {
                let name: String = other.chars().take(40).collect();
                Self::Failed(format!("content coding `{name}` cannot be read"))
            }
        }
    }

    /// Decodes the next bytes and hands what they stand for to `out`.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8])) {
        let result = match self {
            Self::Identity => {
                out(bytes);
                Ok(())
            }
            Self::Gzip(part) => gunzip(part, bytes, out),
            Self::Deflate(state) => {
                let Some(first) = bytes.first() else { return };
                // A zlib header names method 8 in its low half; raw deflate hardly ever begins so.
                let format = if first & 0x0f == 8 { DataFormat::Zlib } else { DataFormat::Raw };
                let state = state.get_or_insert_with(|| InflateState::new_boxed(format));
                inflated(state, bytes, out).map(|_| ())
            }
            Self::Zstd(zstd) => unzstd(zstd, bytes, out),
            Self::Failed(_) => Ok(()),
        };
        if let Err(problem) = result {
            *self = Self::Failed(problem);
        }
    }

    /// Why the copy is not whole, if it is not.
    pub(super) fn problem(&self) -> Option<&str> {
        if let Self::Failed(problem) = self { Some(problem) } else { None }
    }
}

/// Inflates; says how many bytes were used once the stream has ended.
fn inflated(
    state: &mut InflateState,
    mut bytes: &[u8],
    out: &mut dyn FnMut(&[u8]),
) -> Result<Option<usize>, String> {
    let all = bytes.len();
    let mut piece = vec![0; PIECE];
    loop {
        let step = inflate(state, bytes, &mut piece, MZFlush::None);
        bytes = &bytes[step.bytes_consumed..];
        out(&piece[..step.bytes_written]);
        match step.status {
            Ok(MZStatus::StreamEnd) => return Ok(Some(all - bytes.len())),
            Ok(_) if step.bytes_consumed == 0 && step.bytes_written == 0 => return Ok(None),
            Ok(_) => {}
            // No progress is possible: all input is used.
            Err(miniz_oxide::MZError::Buf) => return Ok(None),
            Err(error) => return Err(format!("deflated data are damaged: {error:?}")),
        }
    }
}

fn gunzip(part: &mut GzipPart, mut bytes: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    while !bytes.is_empty() {
        match part {
            GzipPart::Header(known) => {
                let before = known.len();
                known.extend_from_slice(bytes);
                match header_length(known)? {
                    Some(length) => {
                        bytes = &bytes[length.saturating_sub(before)..];
                        *part = GzipPart::Data(InflateState::new_boxed(DataFormat::Raw));
                    }
                    None if known.len() > LONGEST_HEADER => {
                        return Err("gzip header without an end".to_owned());
                    }
                    None => return Ok(()),
                }
            }
            GzipPart::Data(state) => match inflated(state, bytes, out)? {
                Some(used) => {
                    bytes = &bytes[used..];
                    *part = GzipPart::Trailer(8);
                }
                None => return Ok(()),
            },
            GzipPart::Trailer(left) => {
                let used = bytes.len().min(*left);
                bytes = &bytes[used..];
                *left -= used;
                if *left == 0 {
                    *part = GzipPart::Header(Vec::new());
                }
            }
        }
    }
    Ok(())
}

/// The length of a gzip header; `None` while it is not whole.
fn header_length(bytes: &[u8]) -> Result<Option<usize>, String> {
    let magic = [0x1f, 0x8b, 8];
    if !bytes.starts_with(&magic[..bytes.len().min(3)]) {
        return Err("not gzip data".to_owned());
    }
    let Some(flags) = bytes.get(3) else { return Ok(None) };
    let mut length = 10;
    if flags & 4 != 0 {
        let (Some(low), Some(high)) = (bytes.get(10), bytes.get(11)) else { return Ok(None) };
        length += 2 + usize::from(*low) + (usize::from(*high) << 8);
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let Some(rest) = bytes.get(length..) else { return Ok(None) };
            let Some(end) = rest.iter().position(|b| *b == 0) else { return Ok(None) };
            length += end + 1;
        }
    }
    if flags & 2 != 0 {
        length += 2;
    }
    Ok((bytes.len() >= length).then_some(length))
}

fn unzstd(zstd: &mut Zstd<'_>, bytes: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    let mut input = InBuffer::around(bytes);
    let mut piece = vec![0; PIECE];
    loop {
        let mut output = OutBuffer::around(piece.as_mut_slice());
        let step = zstd.run(&mut input, &mut output);
        step.map_err(|error| format!("zstd data are damaged: {error}"))?;
        let written = output.as_slice().len();
        let full = written == PIECE;
        out(&piece[..written]);
        if !full && input.pos() == bytes.len() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

    fn gzip(data: &[u8]) -> Vec<u8> {
        // With a name and an extra field, as RFC 1952 allows.
        let mut file = vec![0x1f, 0x8b, 8, 4 | 8, 0, 0, 0, 0, 0, 255, 3, 0, 1, 2, 3];
        file.extend_from_slice(b"name\0");
        file.extend(compress_to_vec(data, 6));
        file.extend(crc32fast::hash(data).to_le_bytes());
        file.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        file
    }

    fn decoded(coding: &str, bytes: &[u8], piece: usize) -> Result<Vec<u8>, String> {
        let mut decoder = Decoder::new(Some(coding));
        let mut all = Vec::new();
        for part in bytes.chunks(piece) {
            decoder.feed(part, &mut |decoded| all.extend_from_slice(decoded));
        }
        decoder.problem().map_or(Ok(all), |problem| Err(problem.to_owned()))
    }

    #[test]
    fn every_coding_is_read_at_any_cut() {
        let text: Vec<u8> =
            (0..200_000_u32).flat_map(|n| (n % 1013 * (n % 997)).to_le_bytes()).collect();
        let zstd = zstd::encode_all(text.as_slice(), 3).unwrap();
        let two_members = [gzip(&text[..1000]), gzip(&text[1000..])].concat();
        for (coding, coded) in [
            ("identity", text.clone()),
            ("gzip", gzip(&text)),
            ("gzip", two_members),
            ("deflate", compress_to_vec_zlib(&text, 6)),
            ("deflate", compress_to_vec(&text, 6)),
            ("zstd", zstd),
        ] {
            for piece in [1, 7, 4096, coded.len()] {
                assert_eq!(
                    decoded(coding, &coded, piece).as_ref(),
                    Ok(&text),
                    "{coding} by {piece}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert!(decoded("br", b"abc", 1).unwrap_err().contains("`br`"));
        assert!(decoded("gzip", b"data: {}", 1).unwrap_err().contains("not gzip"));
        assert!(decoded("zstd", b"not zstd at all", 4).unwrap_err().contains("damaged"));
        assert!(
            decoded("deflate", &[0x78, 0x9c, 0xff, 0xff, 0xff], 2).unwrap_err().contains("damaged")
        );
        assert_eq!(decoded("gzip", &gzip(b"cut off")[..20], 3), Ok(Vec::new()));
    }
}
