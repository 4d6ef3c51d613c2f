//! Frames in: every whole one before the first damage, and an account of the rest.
//!
//! The journal of a killed recorder may end anywhere, and a disk may have changed any byte of it. Damage is not an error
//! here: the events before it are kept, what stands behind it is counted in bytes. Errors are those of reading itself.

use super::frame::{self, Damage, Frame};
use super::header::{self, HeaderProblem};
use super::{JOURNAL_VERSION, JournalError};
use crate::trace::{Event, RunFacts, SCHEMA_VERSION};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// What a reader had to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Torn {
    /// Bytes from the first damaged frame to the end of the journal.
    pub bytes: u64,
    /// What is wrong with it.
    pub damage: Damage,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the last {} bytes cannot be read ({})", self.bytes, self.damage)
    }
}

/// Reads the events of a journal in order.
#[derive(Debug)]
pub struct JournalReader<R> {
    path: PathBuf,
    input: BufReader<R>,
    run: RunFacts,
    waiting: VecDeque<Event>,
    next_seq: i64,
    ended: bool,
    torn: Option<Torn>,
}

impl<R: Read> JournalReader<R> {
    /// Reads the header of the journal at `path`, whose bytes are `input`.
    pub fn open(path: &Path, input: R) -> Result<Self, JournalError> {
        let mut input = BufReader::new(input);
        let header = header::read(&mut input).map_err(JournalError::io("read", path))?;
        let (run, _) = header.map_err(|problem| refused(path, problem))?;
        Ok(Self {
            path: path.to_owned(),
            input,
            run,
            waiting: VecDeque::new(),
            next_seq: 0,
            ended: false,
            torn: None,
        })
    }

    /// The run.
    pub fn run(&self) -> &RunFacts {
        &self.run
    }

    /// What could not be read, known when there are no more events.
    pub fn torn(&self) -> Option<Torn> {
        self.torn
    }

    fn next_event(&mut self) -> io::Result<Option<Event>> {
        while self.waiting.is_empty() && !self.ended {
            match frame::read(&mut self.input)? {
                Frame::End => self.ended = true,
                Frame::Damaged(damage, bytes) => self.stop(damage, bytes)?,
                Frame::Whole { text, bytes } => match events(&text, self.next_seq) {
                    Ok(events) => {
                        self.next_seq += i64::try_from(events.len()).unwrap_or(i64::MAX);
                        self.waiting = events;
                    }
                    Err(damage) => self.stop(damage, bytes)?,
                },
            }
        }
        Ok(self.waiting.pop_front())
    }

    /// Ends here, and counts what is left.
    fn stop(&mut self, damage: Damage, so_far: u64) -> io::Result<()> {
        let rest = remaining(&mut self.input)?;
        self.torn = Some(Torn { bytes: so_far + rest, damage });
        self.ended = true;
        Ok(())
    }
}

impl<R: Read> Iterator for JournalReader<R> {
    type Item = Result<Event, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_event().map_err(JournalError::io("read", &self.path)).transpose()
    }
}

/// The events of a frame, the first of which has this `seq`.
fn events(text: &[u8], first: i64) -> Result<VecDeque<Event>, Damage> {
    let mut events = VecDeque::new();
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    for (expected, line) in (first..).zip(lines) {
        let event: Event = serde_json::from_slice(line).map_err(|_| Damage::Content)?;
        if event.seq != expected {
            return Err(Damage::Order { expected, found: event.seq });
        }
        events.push_back(event);
    }
    Ok(events)
}

fn remaining(input: &mut impl BufRead) -> io::Result<u64> {
    io::copy(input, &mut io::sink())
}

fn refused(path: &Path, problem: HeaderProblem) -> JournalError {
    let path = path.to_owned();
    match problem {
        HeaderProblem::Empty => JournalError::Empty { path },
        HeaderProblem::NotAJournal => JournalError::NotAJournal { path },
        HeaderProblem::Damaged(damage) => JournalError::BadHeader { path, damage },
        HeaderProblem::Version { found, written_by } => JournalError::OtherVersion {
            path,
            what: "journal format",
            found: found.to_string(),
            supported: JOURNAL_VERSION.to_string(),
            written_by,
        },
        HeaderProblem::Schema { found, written_by } => JournalError::OtherVersion {
            path,
            what: "trace format",
            found: found.to_string(),
            supported: SCHEMA_VERSION.to_string(),
            written_by,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::JournalWriter;
    use super::super::medium::fake::FakeDisk;
    use super::*;
    use crate::trace::Kind;
    use proptest::prelude::*;

    /// A journal of frames with so many events each, and where each of its frames ends.
    fn journal(frames: &[u8]) -> (Vec<u8>, Vec<usize>) {
        let disk = FakeDisk::with_room(usize::MAX);
        let run = RunFacts { run_id: "r".into(), ..RunFacts::default() };
        let mut writer = JournalWriter::begin(Box::new(disk.clone()), &run).unwrap();
        let mut ends = vec![disk.contents().len()];
        let mut seq = 0;
        for count in frames {
            let mut lines = Vec::new();
            for _ in 0..*count {
                let mut event = Event::new(Kind::Message);
                event.seq = seq;
                event.content = Some(format!("message {seq}"));
                seq += 1;
                serde_json::to_writer(&mut lines, &event).unwrap();
                lines.push(b'\n');
            }
            writer.append(&JournalWriter::frame(&lines).unwrap()).unwrap();
            ends.push(disk.contents().len());
        }
        (disk.contents(), ends)
    }

    fn read(bytes: &[u8]) -> Result<(Vec<Event>, Option<Torn>), JournalError> {
        let mut reader = JournalReader::open(Path::new("j"), bytes)?;
        let events: Result<Vec<Event>, JournalError> = reader.by_ref().collect();
        Ok((events?, reader.torn()))
    }

    fn is_a_prefix(events: &[Event]) -> bool {
        (0..).zip(events).all(|(seq, event)| {
            event.seq == seq && event.content.as_deref() == Some(format!("message {seq}").as_str())
        })
    }

    proptest! {
        #[test]
        fn a_cut_keeps_the_whole_frames_before_it(
            frames in proptest::collection::vec(1_u8..20, 0..8),
            at in any::<proptest::sample::Index>(),
        ) {
            let (bytes, ends) = journal(&frames);
            let at = at.index(bytes.len() + 1);
            let whole = ends.iter().filter(|end| **end <= at).count();
            if whole == 0 {
                prop_assert!(read(&bytes[..at]).is_err(), "no header, no run");
                return Ok(());
            }
            let (events, torn) = read(&bytes[..at]).unwrap();
            let kept: usize = frames[..whole - 1].iter().map(|n| usize::from(*n)).sum();
            prop_assert_eq!(events.len(), kept);
            prop_assert!(is_a_prefix(&events));
            let rest = (at - ends[whole - 1]) as u64;
            let expected = (rest > 0).then_some(Torn { bytes: rest, damage: Damage::Cut });
            prop_assert_eq!(torn, expected);
        }

        #[test]
        fn a_flipped_byte_keeps_the_whole_frames_before_it(
            frames in proptest::collection::vec(1_u8..20, 1..8),
            at in any::<proptest::sample::Index>(),
            flip in 1_u8..,
        ) {
            let (mut bytes, ends) = journal(&frames);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let Ok((events, torn)) = read(&bytes) else {
                prop_assert!(at < ends[0], "only a header makes a journal unreadable");
                return Ok(());
            };
            prop_assert!(is_a_prefix(&events));
            let whole = ends.iter().filter(|end| **end <= at).count();
            if whole == 0 {
                // The release in the first line, which nobody checks.
                prop_assert_eq!(torn, None);
                return Ok(());
            }
            let kept: usize = frames[..whole - 1].iter().map(|n| usize::from(*n)).sum();
            prop_assert_eq!(events.len(), kept);
            prop_assert_eq!(torn.unwrap().bytes, (bytes.len() - ends[whole - 1]) as u64);
        }

        #[test]
        fn garbage_is_never_a_panic(
            garbage in proptest::collection::vec(any::<u8>(), 0..2000),
            behind_a_header in any::<bool>(),
        ) {
            let (mut bytes, _) = journal(&[3]);
            if !behind_a_header {
                bytes.clear();
            }
            bytes.extend(&garbage);
            let result = read(&bytes);
            if behind_a_header {
                prop_assert_eq!(result.unwrap().0.len(), 3);
            } else {
                prop_assert!(result.is_err());
            }
        }
    }

    #[test]
    fn a_frame_out_of_order_ends_the_journal() {
        let (bytes, ends) = journal(&[2, 3]);
        let twice = [&bytes[..ends[1]], &bytes[ends[0]..ends[1]], &bytes[ends[1]..]].concat();
        let (events, torn) = read(&twice).unwrap();
        assert_eq!(events.len(), 2);
        let damage = Damage::Order { expected: 2, found: 0 };
        let bytes = (twice.len() - ends[1]) as u64;
        assert_eq!(torn, Some(Torn { bytes, damage }));
    }

    #[test]
    fn a_write_that_failed_half_way_is_cut_off_before_the_next() {
        let disk = FakeDisk::with_room(usize::MAX);
        let run = RunFacts { run_id: "r".into(), ..RunFacts::default() };
        let mut writer = JournalWriter::begin(Box::new(disk.clone()), &run).unwrap();
        let line = |seq: i64| {
            let mut event = Event::new(Kind::Message);
            event.seq = seq;
            event.content = Some(format!("message {seq}"));
            JournalWriter::frame(&serde_json::to_vec(&event).unwrap()).unwrap()
        };
        writer.append(&line(0)).unwrap();
        let whole = disk.contents().len();
        disk.set_room(whole + 10);
        assert!(writer.append(&line(1)).is_err());
        assert!(writer.append(&line(1)).is_err());
        assert_eq!(disk.contents().len(), whole + 10, "a torn frame is there");
        disk.set_room(usize::MAX);
        writer.append(&line(1)).unwrap();
        let (events, torn) = read(&disk.contents()).unwrap();
        assert!(is_a_prefix(&events) && events.len() == 2 && torn.is_none());
    }
}
