//! The main agent and its sub-agents: which of them a line belongs to, and which tool call started it.
//!
//! A sub-agent is named by `agentId`; before version 2 its lines stood inline, told apart only by the chain of their
//! parents. The call that started it is named by the result of that call, by progress lines, or, failing both, it is the
//! one whose prompt is what the sub-agent was asked first.

use super::super::fields::Fields;
use super::blocks::ToolUse;
use super::talk::hash_of;
use crate::trace::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, VecDeque};

/// Lines whose ids are remembered, to find the row that a line answers.
const REMEMBERED: usize = 16;

/// The threads of a run.
#[derive(Debug, Default)]
pub(in super::super) struct Threads {
    by_name: BTreeMap<String, Thread>,
    /// Threads of inline lines, by the hash of their ids.
    inline: HashMap<u64, u32>,
    inline_count: u32,
    /// Calls that start sub-agents, by id.
    tasks: BTreeMap<String, Task>,
    /// Those of them with no sub-agent yet, by the hash of their prompt.
    prompts: HashMap<u64, VecDeque<String>>,
    /// The call that started each agent.
    started_by: BTreeMap<String, String>,
}

/// A call that starts a sub-agent.
#[derive(Debug, Default)]
struct Task {
    agent_type: Option<String>,
    prompt: u64,
}

/// One agent of a run.
#[derive(Debug, Default)]
pub(in super::super) struct Thread {
    /// When something was last asked of the model, and it has not replied.
    pub(in super::super) asked: Option<Timestamp>,
    /// Hashes of the latest lines' ids, each with the row it led to.
    recent: VecDeque<(u64, Option<String>)>,
    /// Attributes of all of its rows.
    pub(in super::super) attributes: Fields,
    /// The call that started it, until its first row has it.
    pub(in super::super) started_by: Option<String>,
}

impl Thread {
    /// The row that a line answers, by the id of the line before it.
    pub(in super::super) fn row_of(&self, parent: &str) -> Option<String> {
        let parent = hash_of(&parent);
        self.recent.iter().rev().find(|(id, _)| *id == parent).and_then(|(_, row)| row.clone())
    }

    /// Remembers the row of a line.
    pub(in super::super) fn remember(&mut self, line: &str, row: Option<String>) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((hash_of(&line), row));
    }
}

impl Threads {
    /// The thread of an inline line of a sub-agent: that of its parent, or a new one.
    pub(in super::super) fn inline(&mut self, line: Option<&str>, parent: Option<&str>) -> String {
        let of_parent = parent.and_then(|p| self.inline.get(&hash_of(&p)).copied());
        let number = of_parent.unwrap_or_else(|| {
            self.inline_count += 1;
            self.inline_count
        });
        if let Some(line) = line {
            self.inline.insert(hash_of(&line), number);
        }
        format!("sidechain-{number}")
    }

    /// A thread by its name; `asked` is the hash of its first prompt, by which the call that started it may be found.
    pub(in super::super) fn get(
        &mut self,
        name: &str,
        asked: impl FnOnce() -> Option<u64>,
    ) -> &mut Thread {
        if !self.by_name.contains_key(name) {
            let mut thread = Thread::default();
            if !name.is_empty() {
                thread.attributes.keep("agent_id", name);
                let call = self.started_by.get(name).cloned();
                let call = call.or_else(|| self.claim(asked()?));
                if let Some(call) = call {
                    if let Some(kind) = self.tasks.get(&call).and_then(|t| t.agent_type.clone()) {
                        thread.attributes.keep("agent_type", kind);
                    }
                    thread.started_by = Some(call);
                }
            }
            self.by_name.insert(name.to_owned(), thread);
        }
        self.by_name.entry(name.to_owned()).or_default()
    }

    /// Notes a tool call, in case it starts a sub-agent.
    pub(in super::super) fn note_call(&mut self, call: &ToolUse) {
        let (Some(id), "Task" | "Agent") = (&call.id, call.name.as_str()) else { return };
        let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let text = |name: &str| arguments.get(name).and_then(Value::as_str);
        let prompt = hash_of(&text("prompt").unwrap_or_default());
        let task = Task { agent_type: text("subagent_type").map(ToOwned::to_owned), prompt };
        if self.tasks.insert(id.clone(), task).is_none() {
            self.prompts.entry(prompt).or_default().push_back(id.clone());
        }
    }

    /// Notes that a call started an agent.
    pub(in super::super) fn link(&mut self, agent: &str, call: &str) {
        if let Some(waiting) = self.tasks.get(call).and_then(|t| self.prompts.get_mut(&t.prompt)) {
            waiting.retain(|id| id != call);
        }
        self.started_by.entry(agent.to_owned()).or_insert_with(|| call.to_owned());
    }

    /// Notes a line that is no row: what answers it answers the row before it.
    pub(in super::super) fn pass_through(&mut self, thread: &str, line: &str, parent: &str) {
        if let Some(thread) = self.by_name.get_mut(thread) {
            let row = thread.row_of(parent);
            thread.remember(line, row);
        }
    }

    fn claim(&mut self, prompt: u64) -> Option<String> {
        self.prompts.get_mut(&prompt)?.pop_front()
    }
}
