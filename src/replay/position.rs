//! Where to begin: the number of an event, a stage, the first thing that failed, or a time.

use super::moment::Moment;
use crate::trace::Kind;
use std::str::FromStr;

/// A place in a run, as a user names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// An event by its number.
    Event(usize),
    /// The begin of a stage.
    Stage(i64),
    /// The first event that failed.
    Failed,
    /// Microseconds since the begin.
    Time(i64),
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a position: it is an event's number, `stage:N`, `error` or a time like 0:12:30"
            )
        };
        if matches!(text, "error" | "failed") {
            return Ok(Self::Failed);
        }
        if let Some(stage) = text.strip_prefix("stage:") {
            return stage.parse().map(Self::Stage).map_err(|_| wrong());
        }
        if !text.contains(':') {
            return text.parse().map(Self::Event).map_err(|_| wrong());
        }
        let mut seconds = 0_i64;
        let parts: Vec<&str> = text.split(':').collect();
        let (last, whole) = parts.split_last().ok_or_else(wrong)?;
        for part in whole {
            let part: u32 = part.parse().map_err(|_| wrong())?;
            seconds = (seconds + i64::from(part)).checked_mul(60).ok_or_else(wrong)?;
        }
        let (digits, fraction) = last.split_once('.').unwrap_or((last, ""));
        let digits: u32 = digits.parse().map_err(|_| wrong())?;
        let fraction: u32 = format!("{fraction:0<6.6}").parse().map_err(|_| wrong())?;
        let seconds = seconds + i64::from(digits);
        let us = seconds.checked_mul(1_000_000).and_then(|us| us.checked_add(fraction.into()));
        us.filter(|_| parts.len() <= 3).map(Self::Time).ok_or_else(wrong)
    }
}

impl Position {
    /// The place of it in a run; `None` when the run has no such place.
    pub fn find(self, moments: &[Moment]) -> Option<usize> {
        match self {
            Self::Event(number) => (number < moments.len()).then_some(number),
            Self::Stage(stage) => {
                let begins = |m: &Moment| m.kind == Kind::StageStart && m.stage == Some(stage);
                moments
                    .iter()
                    .position(begins)
                    .or_else(|| moments.iter().position(|m| m.stage == Some(stage)))
            }
            Self::Failed => moments.iter().position(|m| m.failed),
            Self::Time(us) => moments.iter().position(|m| m.at_us >= us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::two_stages;
    use super::*;

    #[test]
    fn positions_are_read_and_found() {
        let trace = super::super::fixture::trace(two_stages());
        let run = trace.open();
        let at = |text: &str| text.parse::<Position>().unwrap().find(run.moments());
        assert_eq!(at("5"), Some(5));
        assert_eq!(at("17"), None);
        assert_eq!(at("stage:1"), Some(8));
        assert_eq!(at("stage:2"), None);
        assert_eq!(at("error"), Some(13));
        assert_eq!(at("0:00:03.5"), Some(3));
        assert_eq!(at("0:04"), Some(4));
        assert_eq!(at("1:00:00"), None);
        assert_eq!("1:02:03.25".parse(), Ok(Position::Time(3_723_250_000)));
        for wrong in
            ["", "x", "stage:", "stage:x", "1:x", ":", "1:2:3:4", "-1", "0:0.x", "99999999999:00"]
        {
            assert!(wrong.parse::<Position>().is_err(), "{wrong}");
        }
    }
}
