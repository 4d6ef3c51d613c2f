//! The beginning of a journal: a line that any tool can read, and the facts of the run.

use super::frame::{self, Damage, Frame};
use super::{JOURNAL_VERSION, JournalVersion};
use crate::trace::{RunFacts, SCHEMA_VERSION, SchemaVersion, TOOL_VERSION};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read};

/// The first word of a journal.
const MAGIC: &str = "ramptrace-journal";
/// Most bytes of the first line.
const LINE_BYTES: usize = 64;

/// Why a journal cannot be begun.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderProblem {
    /// The file is empty.
    Empty,
    /// Another kind of file.
    NotAJournal,
    /// A format that this release does not read.
    Version { found: JournalVersion, written_by: String },
    /// Trace columns that this release does not know.
    Schema { found: SchemaVersion, written_by: String },
    /// Run facts that cannot be read.
    Damaged(Damage),
}

#[derive(Serialize)]
struct FactsOut<'a> {
    schema: String,
    run: &'a RunFacts,
}

#[derive(Deserialize)]
struct FactsIn {
    run: RunFacts,
}

/// What is read first, since facts of a newer version may look different.
#[derive(Deserialize)]
struct Schema {
    schema: String,
}

/// The header of a run's journal.
pub(super) fn encode(run: &RunFacts) -> io::Result<Vec<u8>> {
    let mut bytes = format!("{MAGIC} {JOURNAL_VERSION} {TOOL_VERSION}\n").into_bytes();
    let facts = FactsOut { schema: SCHEMA_VERSION.to_string(), run };
    bytes.extend(frame::encode(&serde_json::to_vec(&facts)?)?);
    Ok(bytes)
}

/// Reads a header: the run, and the bytes it took.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Result<(RunFacts, u64), HeaderProblem>> {
    let mut line = Vec::new();
    input.by_ref().take(LINE_BYTES as u64).read_until(b'\n', &mut line)?;
    let (version, written_by) = match first_line(&line) {
        Ok(words) => words,
        Err(problem) => return Ok(Err(problem)),
    };
    if !version.is_readable_by(JOURNAL_VERSION) {
        return Ok(Err(HeaderProblem::Version { found: version, written_by }));
    }
    let (text, bytes) = match frame::read(input)? {
        Frame::Whole { text, bytes } => (text, line.len() as u64 + bytes),
        Frame::End => return Ok(Err(HeaderProblem::Damaged(Damage::Cut))),
        Frame::Damaged(damage, _) => return Ok(Err(HeaderProblem::Damaged(damage))),
    };
    Ok(facts(&text, written_by).map(|run| (run, bytes)))
}

fn first_line(line: &[u8]) -> Result<(JournalVersion, String), HeaderProblem> {
    if line.is_empty() {
        return Err(HeaderProblem::Empty);
    }
    let text = std::str::from_utf8(line).unwrap_or_default();
    let Some(words) = text.strip_suffix('\n') else {
        // Less than a line: cut, if it begins like one.
        let cut = line.len() < LINE_BYTES && begins_like_a_header(text);
        return Err(if cut {
            HeaderProblem::Damaged(Damage::Cut)
        } else {
            HeaderProblem::NotAJournal
        });
    };
    let mut words = words.split(' ');
    let version = (words.next() == Some(MAGIC))
        .then(|| words.next().and_then(JournalVersion::parse))
        .flatten()
        .ok_or(HeaderProblem::NotAJournal)?;
    Ok((version, words.next().unwrap_or("(unknown)").to_owned()))
}

fn begins_like_a_header(text: &str) -> bool {
    !text.is_empty() && (MAGIC.starts_with(text) || text.starts_with(MAGIC))
}

fn facts(text: &[u8], written_by: String) -> Result<RunFacts, HeaderProblem> {
    let unreadable = HeaderProblem::Damaged(Damage::Content);
    let schema = serde_json::from_slice::<Schema>(text).ok();
    let Some(schema) = schema.and_then(|s| SchemaVersion::parse(&s.schema)) else {
        return Err(unreadable);
    };
    if schema > SCHEMA_VERSION {
        return Err(HeaderProblem::Schema { found: schema, written_by });
    }
    serde_json::from_slice::<FactsIn>(text).map(|facts| facts.run).map_err(|_| unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunFacts {
        RunFacts {
            run_id: "r\n1".into(),
            workload: "w".into(),
            model: "m".into(),
            agent: Some("a".into()),
            ..RunFacts::default()
        }
    }

    fn problem(bytes: &[u8]) -> HeaderProblem {
        read(&mut &*bytes).unwrap().unwrap_err()
    }

    #[test]
    fn a_header_comes_back_and_says_what_the_file_is() {
        let bytes = encode(&run()).unwrap();
        let line = format!("ramptrace-journal 1.0 {TOOL_VERSION}\n");
        assert!(bytes.starts_with(line.as_bytes()) && line.len() <= LINE_BYTES);
        assert_eq!(read(&mut bytes.as_slice()).unwrap(), Ok((run(), bytes.len() as u64)));
    }

    #[test]
    fn a_header_that_is_cut_anywhere_is_cut() {
        let bytes = encode(&run()).unwrap();
        assert_eq!(problem(b""), HeaderProblem::Empty);
        for end in 1..bytes.len() {
            assert_eq!(problem(&bytes[..end]), HeaderProblem::Damaged(Damage::Cut), "{end}");
        }
    }

    #[test]
    fn other_files_and_other_versions_are_refused() {
        for other in [b"PAR1".as_slice(), b"ramptrace-journals 1.0 x\n", b"\n", &[0xff; 200]] {
            assert_eq!(problem(other), HeaderProblem::NotAJournal);
        }
        let written_by = "9.8.7".to_owned();
        let found = JournalVersion { major: 2, minor: 0 };
        let newer = HeaderProblem::Version { found, written_by: written_by.clone() };
        assert_eq!(problem(b"ramptrace-journal 2.0 9.8.7\n whatever"), newer);

        let found = SchemaVersion { minor: SCHEMA_VERSION.minor + 1, ..SCHEMA_VERSION };
        let text = format!(r#"{{"schema":"{found}","run":{{"new_column":1}}}}"#);
        let mut bytes = b"ramptrace-journal 1.7 9.8.7\n".to_vec();
        bytes.extend(frame::encode(text.as_bytes()).unwrap());
        assert_eq!(problem(&bytes), HeaderProblem::Schema { found, written_by });
    }
}
