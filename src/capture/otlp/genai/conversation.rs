//! What has been said in a conversation. Each request repeats what came before it; a trace keeps what is new in it.

use super::messages::Said;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// One conversation, over all its requests.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// How often each message was in one request at most.
    seen: HashMap<u64, usize>,
}

impl Conversation {
    /// The messages of a request that are new, of those who are no model and no tool: their words have rows of their own.
    pub(super) fn new_messages<'a>(&mut self, input: &'a [Said]) -> Vec<&'a Said> {
        let mut here: HashMap<u64, usize> = HashMap::new();
        let mut new = Vec::new();
        for said in input {
            if said.text.is_empty()
                || !matches!(said.role.as_str(), "system" | "developer" | "user")
            {
                continue;
            }
            let mut hasher = DefaultHasher::new();
            (&said.role, &said.text).hash(&mut hasher);
            let key = hasher.finish();
            let count = here.entry(key).or_default();
            *count += 1;
            let seen = self.seen.entry(key).or_default();
            if *count > *seen {
                *seen = *count;
                new.push(said);
            }
        }
        new
    }
}
