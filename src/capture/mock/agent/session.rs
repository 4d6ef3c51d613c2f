//! The agent's conversation, in the words of its API, kept in a file so that it can go on with the next prompt.

use super::AgentError;
use crate::capture::mock::Api;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Version of the file.
const VERSION: u32 = 1;

/// A conversation, and where it is kept.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) items: Vec<Value>,
    api: Api,
    path: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    api: String,
    messages: Vec<Value>,
}

impl Session {
    /// The conversation of a file, or a new one.
    pub(super) fn open(path: Option<&Path>, api: Api) -> Result<Self, AgentError> {
        let mut session = Self { items: Vec::new(), api, path: path.map(Path::to_owned) };
        let Some(path) = path else { return Ok(session) };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(session),
            Err(source) => {
                return Err(AgentError::Io { action: "read", path: path.to_owned(), source });
            }
        };
        let bad = |problem: String| AgentError::BadSession { path: path.to_owned(), problem };
        let file: File = serde_json::from_slice(&text)
            .map_err(|e| bad(format!("no conversation of the agent: {e}")))?;
        if file.version != VERSION {
            return Err(bad(format!("a conversation of version {}, not {VERSION}", file.version)));
        }
        if file.api != api.to_string() {
            return Err(bad(format!("a conversation by the API `{}`, not `{api}`", file.api)));
        }
        session.items = file.messages;
        Ok(session)
    }

    /// Writes the conversation beside its file and renames it into place.
    pub(super) fn save(&self) -> Result<(), AgentError> {
        let Some(path) = &self.path else { return Ok(()) };
        let failed = |source| AgentError::Io { action: "write", path: path.clone(), source };
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file =
            File { version: VERSION, api: self.api.to_string(), messages: self.items.clone() };
        let text = serde_json::to_vec(&file).map_err(|e| failed(e.into()))?;
        let mut partial = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        partial.write_all(&text).map_err(failed)?;
        partial.persist(path).map_err(|e| failed(e.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_conversation_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.json");
        let mut session = Session::open(Some(&path), Api::Chat).unwrap();
        assert!(session.items.is_empty());
        session.items.push(json!({ "role": "user", "content": "a" }));
        session.save().unwrap();
        session.items.push(json!({ "role": "assistant", "content": "b" }));
        session.save().unwrap();
        let again = Session::open(Some(&path), Api::Chat).unwrap();
        assert_eq!(again.items, session.items);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }

    #[test]
    fn another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.json");
        for (text, expected) in [
            ("", "no conversation of the agent"),
            ("{\"version\":1,\"api\":\"chat\"", "no conversation of the agent"),
            ("[]", "no conversation of the agent"),
            (r#"{"version":2,"api":"chat","messages":[]}"#, "of version 2, not 1"),
            (
                r#"{"version":1,"api":"messages","messages":[]}"#,
                "by the API `messages`, not `chat`",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Session::open(Some(&path), Api::Chat).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.hint().is_some());
        }
    }
}
