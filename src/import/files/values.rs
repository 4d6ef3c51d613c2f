//! The records of a log that is written either as lines or as one document, whichever it is.

use super::super::ImportError;
use super::{Lines, LogFile, lenient};
use serde_json::Value;

/// JSON values, one after the other.
#[derive(Debug)]
pub(in super::super) enum Values {
    /// One on each line.
    Lines(Lines),
    /// Those of a document, each with its position.
    Document(std::iter::Zip<std::ops::RangeFrom<usize>, std::vec::IntoIter<Value>>),
}

/// A value with its line, or its position in a document, from 1; or why there is none.
pub(in super::super) type Placed = (usize, Result<Value, String>);

impl Values {
    /// The lines of a file.
    pub(in super::super) fn of_lines(file: &LogFile) -> Result<Self, ImportError> {
        Ok(Self::Lines(file.lines()?))
    }

    /// The values that a document holds.
    pub(in super::super) fn of_document(values: Vec<Value>) -> Self {
        Self::Document((1..).zip(values))
    }

    /// The next value; an error when the stream breaks off.
    pub(in super::super) fn next(&mut self) -> Result<Option<Placed>, ImportError> {
        let lines = match self {
            Self::Document(values) => return Ok(values.next().map(|(at, value)| (at, Ok(value)))),
            Self::Lines(lines) => lines,
        };
        let Some(line) = lines.next_line()? else { return Ok(None) };
        let value = if line.cut {
            Err("a line beyond 256 MiB".to_owned())
        } else {
            lenient(line.bytes).map_err(|error| error.to_string())
        };
        Ok(Some((line.number, value)))
    }
}
