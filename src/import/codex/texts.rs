//! Texts that a rollout holds twice: once as an item of the conversation, once as an event for the screen.
//!
//! Which comes first depends on the version, and some versions keep only one. An event waits for its item until the
//! turn goes on; one that waits in vain is the only record of what was said.

use std::collections::VecDeque;

/// Items whose events may still come.
const RECENT: usize = 64;

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    User,
    Agent,
    Reasoning,
}

/// An event whose item has not come.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) voice: Voice,
    pub(super) text: String,
    pub(super) line: usize,
    pub(super) ts: Option<crate::trace::Timestamp>,
}

/// What was said lately.
#[derive(Debug, Default)]
pub(super) struct Texts {
    recent: VecDeque<(Voice, String, usize)>,
    waiting: Vec<Waiting>,
}

impl Texts {
    /// Notes an item and gives the events that said it before: an item may have several pieces, each with an event.
    pub(super) fn item(&mut self, voice: Voice, pieces: &[String], line: usize) -> Vec<Waiting> {
        let said: Vec<String> = pieces.iter().map(|p| p.trim().to_owned()).collect();
        let whole = said.join("\n");
        let mut open: Vec<String> = said.clone();
        open.push(whole.trim().to_owned());
        open.dedup();
        let (repeated, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|w| w.voice == voice && open.iter().any(|p| *p == w.text.trim()));
        self.waiting = waiting;
        for event in &repeated {
            open.retain(|p| *p != event.text.trim());
        }
        for piece in open.into_iter().filter(|p| !p.is_empty()) {
            self.recent.push_back((voice, piece, line));
        }
        while self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        repeated
    }

    /// The line of the item that an event repeats; without one the event waits.
    pub(super) fn event(&mut self, event: Waiting) -> Option<usize> {
        let text = event.text.trim();
        let at = self.recent.iter().position(|(v, piece, _)| *v == event.voice && piece == text);
        let item = at.and_then(|at| self.recent.remove(at)).map(|(_, _, line)| line);
        if item.is_none() {
            self.waiting.push(event);
        }
        item
    }

    /// The events for which no item will come.
    pub(super) fn left(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiting)
    }

    /// The users' messages for which no item came before the model went on.
    pub(super) fn left_of_users(&mut self) -> Vec<Waiting> {
        let (users, others) =
            self.left().into_iter().partition(|w: &Waiting| w.voice == Voice::User);
        self.waiting = others;
        users
    }
}
