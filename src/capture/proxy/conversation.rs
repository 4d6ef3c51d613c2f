//! Which conversation a request belongs to, and what in it is new.
//!
//! A request repeats its conversation from the beginning, so a conversation is known by its first item, and the part of it
//! that is known by the longest beginning whose hash has been seen. What follows is new, except what the model itself
//! said, and what the agent kept when it shortened the conversation: an item is then new as many times as it occurs more
//! often than before. Instructions are compared by themselves, since some agents change them with each request.
//! Conversations of several agents may interleave; the least recently used are forgotten.

use super::ask::{Ask, Hash, Item, What, hash_of};
use super::reply::Reply;
use super::waiting::WaitingCall;
use std::collections::{HashMap, HashSet};

/// Most conversations that are remembered.
const MOST_CONVERSATIONS: usize = 1024;
/// Most hashes that are remembered of all conversations together.
const MOST_HASHES: usize = 1 << 20;

/// The conversations of a run.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    known: HashMap<u64, Conversation>,
    /// By first item, or by response that a request may continue.
    by_key: HashMap<Hash, u64>,
    created: u64,
    clock: u64,
    hashes: usize,
}

#[derive(Debug, Default)]
struct Conversation {
    keys: Vec<Hash>,
    beginnings: HashSet<Hash>,
    items: HashMap<Hash, usize>,
    instructions: HashSet<Hash>,
    /// What the model said: texts and tool calls.
    replies: HashSet<Hash>,
    waiting: Vec<WaitingCall>,
    used: u64,
}

/// What a request says that had not been said.
#[derive(Debug, Default)]
pub(super) struct Heard<'a> {
    /// The conversation.
    pub(super) conversation: u64,
    /// New items.
    pub(super) fresh: Vec<&'a Item>,
    /// Tool calls whose results have come, in the order of the results.
    pub(super) answered: Vec<(WaitingCall, &'a Item)>,
    /// Tool calls of conversations that were forgotten.
    pub(super) forgotten: Vec<WaitingCall>,
}

impl Conversations {
    /// Takes a request. `repeated`: the very same one was sent before.
    pub(super) fn hear<'a>(&mut self, ask: &'a Ask, repeated: bool) -> Heard<'a> {
        // Requests that continue what the provider keeps have only new items.
        let provider = ask.previous.as_deref().or(ask.kept_by_provider.as_deref());
        let root = hash_of(&["root", provider.unwrap_or_default()]);
        let beginnings: Vec<Hash> = ask
            .items
            .iter()
            .scan(root, |hash, item| {
                *hash = chained(*hash, item.hash);
                Some(*hash)
            })
            .collect();
        let key = match (provider, beginnings.first()) {
            (Some(id), _) => provider_key(id),
            (None, Some(first)) => *first,
            (None, None) => ask.system.first().map_or(root, |item| chained(root, item.hash)),
        };
        let id = self.found(key, ask);
        self.clock += 1;
        let conversation = self.known.entry(id).or_default();
        conversation.used = self.clock;
        if self.by_key.insert(key, id).is_none() {
            conversation.keys.push(key);
        }
        let before = conversation.size();
        let mut heard = Heard { conversation: id, ..Heard::default() };
        for item in &ask.system {
            if conversation.instructions.insert(item.hash) {
                heard.fresh.push(item);
            }
        }
        let known = beginnings.iter().rposition(|hash| conversation.beginnings.contains(hash));
        // What a provider keeps under one name has no beginning in the request: equal messages are different ones.
        let only_new = ask.previous.is_none() && ask.kept_by_provider.is_some();
        let known = known.filter(|_| !only_new).map_or(0, |last| last + 1);
        conversation.beginnings.extend(&beginnings);
        if !(repeated && provider.is_some()) {
            conversation.sort(&ask.items, known, provider.is_some(), &mut heard);
        }
        self.hashes += conversation.size() - before;
        self.forget(id, &mut heard.forgotten);
        heard
    }

    /// The conversation under a key, or the one whose tool calls the request answers, or a new one.
    fn found(&mut self, key: Hash, ask: &Ask) -> u64 {
        if let Some(id) = self.by_key.get(&key) {
            return *id;
        }
        let answers = |call: &WaitingCall| ask.items.iter().any(|item| call.is_answered_by(item));
        let waited = self.known.iter().filter(|(_, c)| c.waiting.iter().any(answers));
        if let Some((id, _)) = waited.max_by_key(|(_, c)| c.used) {
            return *id;
        }
        self.created += 1;
        self.created
    }

    /// Takes the reply to a request of a conversation. `waiting`: its tool calls, which the agent is to make.
    pub(super) fn replied(&mut self, id: u64, reply: &Reply, waiting: Vec<WaitingCall>) {
        let conversation = self.known.entry(id).or_default();
        let before = conversation.size();
        let texts = reply.blocks().chain([reply.text.as_str(), reply.refusal.as_str()]);
        conversation.replies.extend(texts.map(|text| hash_of(&["text", text.trim()])));
        let calls = reply.calls.iter().filter_map(|call| call.id.as_deref());
        conversation.replies.extend(calls.map(|id| hash_of(&["call", id])));
        conversation.waiting.extend(waiting);
        self.hashes += conversation.size() - before;
        if let Some(response) = &reply.id {
            let key = provider_key(response);
            if self.by_key.insert(key, id).is_none() {
                conversation.keys.push(key);
            }
        }
    }

    /// All tool calls whose results have not come, in the order in which they were made.
    pub(super) fn take_waiting(&mut self) -> Vec<WaitingCall> {
        let mut all: Vec<WaitingCall> =
            self.known.values_mut().flat_map(|c| std::mem::take(&mut c.waiting)).collect();
        all.sort_by_key(WaitingCall::order);
        all
    }

    /// Forgets the conversations that have not been used for longest, but not this one.
    fn forget(&mut self, current: u64, waiting: &mut Vec<WaitingCall>) {
        while self.known.len() > MOST_CONVERSATIONS || self.hashes > MOST_HASHES {
            let others = self.known.iter().filter(|(id, _)| **id != current);
            let Some(oldest) = others.min_by_key(|(_, c)| c.used).map(|(id, _)| *id) else {
                return;
            };
            let Some(conversation) = self.known.remove(&oldest) else { return };
            self.hashes = self.hashes.saturating_sub(conversation.size());
            for key in &conversation.keys {
                if self.by_key.get(key) == Some(&oldest) {
                    self.by_key.remove(key);
                }
            }
            waiting.extend(conversation.waiting);
        }
    }
}

impl Conversation {
    /// Hashes that it holds.
    fn size(&self) -> usize {
        self.beginnings.len() + self.items.len() + self.instructions.len() + self.replies.len()
    }

    /// Sorts the items behind the known beginning into results, new ones, and those that were there before.
    fn sort<'a>(&mut self, items: &'a [Item], known: usize, all_new: bool, heard: &mut Heard<'a>) {
        let mut before: HashMap<Hash, usize> = HashMap::new();
        for item in items.get(known..).unwrap_or_default() {
            before.insert(item.hash, self.items.get(&item.hash).copied().unwrap_or(0));
        }
        for item in items.get(..known).unwrap_or_default() {
            if let Some(count) = before.get_mut(&item.hash) {
                *count = count.saturating_sub(1);
            }
        }
        for item in items.get(known..).unwrap_or_default() {
            if let Some(at) = self.waiting.iter().position(|call| call.is_answered_by(item)) {
                heard.answered.push((self.waiting.remove(at), item));
            } else if let Some(count) = before.get_mut(&item.hash).filter(|n| **n > 0 && !all_new) {
                *count -= 1;
                continue;
            } else if !self.said(item) {
                heard.fresh.push(item);
            }
            *self.items.entry(item.hash).or_default() += 1;
        }
    }

    /// Whether an item repeats what the model said.
    fn said(&self, item: &Item) -> bool {
        match &item.what {
            What::Said { role, text, .. } if role == "assistant" => {
                text.trim().is_empty() || self.replies.contains(&hash_of(&["text", text.trim()]))
            }
            What::Called { id: Some(id), .. } => self.replies.contains(&hash_of(&["call", id])),
            _ => false,
        }
    }
}

fn chained(hash: Hash, next: Hash) -> Hash {
    hash_of(&[&format!("{hash:032x}"), &format!("{next:032x}")])
}

/// The key of what a provider keeps.
fn provider_key(id: &str) -> Hash {
    hash_of(&["provider", id])
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
