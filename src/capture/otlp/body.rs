//! The body of a request, unpacked: gzip (RFC 1952), zlib (RFC 1950), or as it is; never more than a limit.

use std::borrow::Cow;
use thiserror::Error;

/// Bytes of a body at most, packed and unpacked.
pub(super) const LARGEST_BODY: usize = 64 << 20;

/// What is wrong with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum BodyProblem {
    #[error("the body is longer than {} MiB", LARGEST_BODY >> 20)]
    TooLarge,
    #[error("the body is no gzip")]
    NoGzip,
    #[error("the body is no zlib data")]
    NoZlib,
    #[error("only gzip and deflate are known as content encodings")]
    UnknownEncoding,
}

/// The body behind its content encoding.
pub(super) fn unpacked<'b>(body: &'b [u8], encoding: &str) -> Result<Cow<'b, [u8]>, BodyProblem> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Cow::Borrowed(body)),
        "gzip" | "x-gzip" => gunzipped(body).map(Cow::Owned),
        "deflate" => {
            let inflated =
                miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(body, LARGEST_BODY);
            inflated.map(Cow::Owned).map_err(|e| problem(&e, BodyProblem::NoZlib))
        }
        _ => Err(BodyProblem::UnknownEncoding),
    }
}

/// One member of a gzip file, which is what HTTP clients send.
fn gunzipped(body: &[u8]) -> Result<Vec<u8>, BodyProblem> {
    let no_gzip = BodyProblem::NoGzip;
    let data = after_header(body).ok_or(no_gzip)?;
    let (data, end) = data.split_last_chunk::<8>().ok_or(no_gzip)?;
    let inflated = miniz_oxide::inflate::decompress_to_vec_with_limit(data, LARGEST_BODY)
        .map_err(|e| problem(&e, no_gzip))?;
    let (crc, length) = end.split_at(4);
    let length_is = u32::try_from(inflated.len()).map(u32::to_le_bytes);
    let is_whole =
        crc32fast::hash(&inflated).to_le_bytes() == crc && length_is.is_ok_and(|l| l == length);
    if is_whole { Ok(inflated) } else { Err(no_gzip) }
}

fn problem(error: &miniz_oxide::inflate::DecompressError, other: BodyProblem) -> BodyProblem {
    if error.status == miniz_oxide::inflate::TINFLStatus::HasMoreOutput {
        BodyProblem::TooLarge
    } else {
        other
    }
}

/// What follows the header of a gzip member.
fn after_header(body: &[u8]) -> Option<&[u8]> {
    const HEADER_CHECK: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let ([0x1f, 0x8b, 8, flags, ..], mut rest) = body.split_first_chunk::<10>()? else {
        return None;
    };
    if flags & EXTRA != 0 {
        let (length, more) = rest.split_first_chunk::<2>()?;
        rest = more.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let end = rest.iter().position(|b| *b == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & HEADER_CHECK != 0 { rest.get(2..) } else { Some(rest) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A gzip member.
    pub(in super::super) fn gzipped(data: &[u8]) -> Vec<u8> {
        let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        out.extend(miniz_oxide::deflate::compress_to_vec(data, 6));
        out.extend(crc32fast::hash(data).to_le_bytes());
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out
    }

    #[test]
    fn packed_bodies_are_read() {
        let data = b"hello hello hello hello".as_slice();
        assert_eq!(unpacked(data, "").unwrap(), data);
        assert_eq!(unpacked(&gzipped(data), "GZIP").unwrap(), data);
        let zlib = miniz_oxide::deflate::compress_to_vec_zlib(data, 6);
        assert_eq!(unpacked(&zlib, " deflate ").unwrap(), data);
        // printf hi | gzip -n --name hi.txt would have a name; Python: gzip.compress(b"hi", mtime=0)
        let python =
            [31, 139, 8, 0, 0, 0, 0, 0, 0, 255, 203, 200, 4, 0, 172, 42, 147, 216, 2, 0, 0, 0];
        assert_eq!(unpacked(&python, "gzip").unwrap(), b"hi".as_slice());
        let mut named = python.to_vec();
        named[3] = 2 | 4 | 8 | 16;
        named.splice(10..10, [3, 0, 1, 2, 3].into_iter().chain(*b"hi.txt\0why\0").chain([9, 9]));
        assert_eq!(unpacked(&named, "gzip").unwrap(), b"hi".as_slice());
    }

    #[test]
    fn what_is_torn_or_false_is_refused() {
        let whole = gzipped(b"hello hello hello hello");
        for cut in 0..whole.len() {
            assert_eq!(unpacked(&whole[..cut], "gzip"), Err(BodyProblem::NoGzip), "{cut}");
        }
        for i in [0, 1, 2, whole.len() - 1, whole.len() - 5] {
            let mut bad = whole.clone();
            bad[i] ^= 1;
            assert_eq!(unpacked(&bad, "gzip"), Err(BodyProblem::NoGzip), "{i}");
        }
        assert_eq!(unpacked(b"x", "deflate"), Err(BodyProblem::NoZlib));
        assert_eq!(unpacked(b"x", "br"), Err(BodyProblem::UnknownEncoding));
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = gzipped(&vec![0; LARGEST_BODY + 1]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(unpacked(&bomb, "gzip"), Err(BodyProblem::TooLarge));
    }
}
