//! Compressions, recognised by their first bytes, never by a name.
//!
//! gzip (RFC 1952), Zstandard (RFC 8878; several frames in a row are one stream), bzip2 and xz; inside zip files raw
//! DEFLATE as well.

use std::io::{self, BufReader, Read};

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    /// Without a header of its own: only a zip file says that it is there.
    Deflate,
}

impl Packing {
    /// The packing that begins like this, if any.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            // A zstd stream may begin with a frame to be skipped.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    /// A reader of what is packed in `inner`.
    pub(super) fn unpack(self, inner: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::new(inner))),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(inner)?),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(BufReader::new(inner))),
            Self::Xz => Box::new(lzma_rust2::XzReader::new(inner, true)),
            Self::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(BufReader::new(inner))),
        })
    }
}
