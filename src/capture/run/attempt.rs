//! One attempt at a stage, and the conversation that it belongs to.

use super::agent::Invocation;
use super::error::RunError;
use super::plan::Plan;
use super::tap::Tap;
use super::workspace::Workspace;
use crate::capture::pipeline::Stage;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// One attempt at a stage.
pub(super) struct Attempt<'a> {
    pub(super) stage: &'a Stage,
    pub(super) index: usize,
    /// From 1.
    pub(super) number: i64,
    pub(super) prompt: &'a str,
}

/// The conversation that an agent is in, by the name that it is asked to give it.
pub(super) struct Conversation {
    run_id: String,
    number: u32,
    prompts: u32,
}

impl Conversation {
    pub(super) fn new(run_id: &str) -> Self {
        Self { run_id: run_id.to_owned(), number: 0, prompts: 0 }
    }

    /// What has been said is forgotten.
    pub(super) fn begin_anew(&mut self) {
        if self.prompts > 0 {
            self.number += 1;
            self.prompts = 0;
        }
    }

    /// The command for the next prompt.
    pub(super) fn invocation(
        &mut self,
        plan: &Plan,
        tap: &Tap,
        workspace: &Workspace,
        prompt: &str,
    ) -> Result<Option<Invocation>, RunError> {
        let prompt_file = workspace.file("prompt.md");
        std::fs::write(&prompt_file, prompt).map_err(RunError::io("write", &prompt_file))?;
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        let mut values = tap.places();
        values.insert("prompt", prompt.to_owned());
        values.insert("prompt_file", text(&prompt_file));
        values.insert("model", plan.model.clone());
        values.insert("session", self.uuid());
        values.insert("session_file", text(&workspace.file(&format!("session-{}", self.number))));
        values.insert("workspace", text(&workspace.workspace()));
        if let Ok(own) = std::env::current_exe() {
            values.insert("ramptrace", text(&own));
        }
        let goes_on = self.prompts > 0;
        self.prompts += 1;
        Ok(plan.agent.invocation(goes_on, &values))
    }

    /// A name in the form of a UUID (version 8 of RFC 9562: of our own making), from the run and the conversation.
    fn uuid(&self) -> String {
        let digest = Sha256::digest(format!("{}/{}", self.run_id, self.number));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        bytes[6] = 0x80 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        let mut text = String::new();
        for (index, byte) in bytes.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_conversation_has_a_name_of_its_own() {
        let mut conversation = Conversation::new("run");
        let first = conversation.uuid();
        let parts: Vec<usize> = first.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&first[14..15], "8");
        conversation.begin_anew();
        assert_eq!(conversation.uuid(), first, "nothing has been said yet");
        conversation.prompts = 1;
        conversation.begin_anew();
        assert_ne!(conversation.uuid(), first);
    }
}
