//! What every line says of itself: session, version, folder, branch.
//!
//! These seldom change, so the beginning of a run says them, and then the row at which one of them changes.

use super::super::fields::Fields;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields that seldom change.
const CONSTANTS: &[&str] = &[
    "sessionId",
    "version",
    "cwd",
    "gitBranch",
    "userType",
    "entrypoint",
    "slug",
    "permissionMode",
];

/// The latest value of each field that seldom changes.
#[derive(Debug, Default)]
pub(super) struct Envelope(BTreeMap<&'static str, String>);

impl Envelope {
    /// From what the beginning of the run says.
    pub(super) fn of(session: &str, constants: &BTreeMap<&'static str, String>) -> Self {
        let mut values = constants.clone();
        values.insert("sessionId", session.to_owned());
        Self(values)
    }

    /// The place of a field among those that seldom change, and the latest value of it; `None` for any other field.
    pub(super) fn constant(&self, name: &str) -> Option<(usize, Option<&str>)> {
        let place = CONSTANTS.iter().position(|constant| *constant == name)?;
        Some((place, self.0.get(name).map(String::as_str)))
    }

    /// Takes those fields out of a line that becomes a row, unless they have changed.
    pub(super) fn open(&mut self, fields: &mut Fields) {
        for name in CONSTANTS {
            let Some(value) = fields.peek(name).and_then(Value::as_str) else { continue };
            if self.0.get(name).is_some_and(|known| known == value) {
                fields.drop(name);
            } else {
                self.0.insert(name, value.to_owned());
            }
        }
    }
}
