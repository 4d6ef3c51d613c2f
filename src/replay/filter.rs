//! Which events are wanted: some kinds, or what failed.

use super::moment::Moment;
use crate::trace::Kind;

/// A choice of events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// These kinds; empty for all.
    kinds: Vec<Kind>,
    /// Only what failed.
    failed: bool,
}

impl Filter {
    /// The choice that words make: names of kinds, or `failed`. An unknown word comes back.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let mut filter = Self::default();
        for word in words {
            match Kind::from_word(word) {
                Some(kind) => filter.kinds.push(kind),
                None if word == "failed" => filter.failed = true,
                None => return Err(word),
            }
        }
        Ok(filter)
    }

    /// The words [`Self::of`] knows.
    pub fn words() -> Vec<&'static str> {
        Kind::WORDS.iter().map(|(word, _)| *word).chain(["failed"]).collect()
    }

    /// Whether it wants an event. Kinds and failures are two ways in: either will do.
    pub fn wants(&self, moment: &Moment) -> bool {
        let all = self.kinds.is_empty() && !self.failed;
        all || self.kinds.contains(&moment.kind) || (self.failed && moment.failed)
    }

    /// Whether it wants every event.
    pub fn is_all(&self) -> bool {
        self.kinds.is_empty() && !self.failed
    }

    /// The choice that follows this one when a key goes through them.
    #[must_use]
    pub fn next(&self) -> Self {
        let choices: [Self; 6] = [
            Self::default(),
            Self::kinds(&[Kind::StageStart, Kind::Message]),
            Self::kinds(&[Kind::LlmCall]),
            Self::kinds(&[Kind::ToolCall]),
            Self::kinds(&[Kind::AttemptResult, Kind::StageResult, Kind::Recovery]),
            Self { kinds: Vec::new(), failed: true },
        ];
        let now = choices.iter().position(|choice| choice == self);
        let next = now.map_or(0, |now| (now + 1) % choices.len());
        choices.into_iter().nth(next).unwrap_or_default()
    }

    /// Its name, in a few words.
    pub fn name(&self) -> String {
        let kinds = self.kinds.iter().map(|kind| kind.as_str());
        let words: Vec<&str> = kinds.chain(self.failed.then_some("failed")).collect();
        if words.is_empty() { "all events".to_owned() } else { words.join(", ") }
    }

    fn kinds(kinds: &[Kind]) -> Self {
        Self { kinds: kinds.to_vec(), failed: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Event;

    #[test]
    fn words_make_a_choice() {
        let wants = |words: &[&'static str], kind, exit| {
            let mut event = Event::new(kind);
            event.exit_code = exit;
            Filter::of(words.iter().copied()).unwrap().wants(&Moment::after(None, &event))
        };
        assert!(wants(&[], Kind::Message, None));
        assert!(wants(&["tool_call", "message"], Kind::Message, None));
        assert!(!wants(&["tool_call"], Kind::Message, None));
        assert!(wants(&["failed"], Kind::ToolCall, Some(2)));
        assert!(!wants(&["failed"], Kind::ToolCall, Some(0)));
        assert!(wants(&["failed", "message"], Kind::Message, None));
        assert_eq!(Filter::of(["tool_call", "tool"]), Err("tool"));
    }

    #[test]
    fn a_key_goes_round() {
        let mut filter = Filter::default();
        let mut names = Vec::new();
        for _ in 0..6 {
            filter = filter.next();
            names.push(filter.name());
        }
        assert_eq!(names[2], "tool_call");
        assert_eq!(names[4], "failed");
        assert_eq!(names[5], "all events");
        assert!(
            Filter::of(["error"]).unwrap().next().is_all(),
            "from a choice of one's own, to all"
        );
    }
}
