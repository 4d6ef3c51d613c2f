//! What an export of one run gives: documents, and a count of what could not be said in them.

use serde_json::Value;
use std::collections::BTreeMap;

/// One run in a foreign format.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exported {
    /// File names and their contents. The names are relative, and the first is that of the run's own document.
    pub documents: Vec<(String, Value)>,
    /// What the format cannot express, and how often it came up. Nothing else of the run is lost.
    pub unexpressed: BTreeMap<String, u64>,
}

impl Exported {
    /// Counts something that the format cannot express.
    pub(super) fn cannot_say(&mut self, what: &str) {
        *self.unexpressed.entry(what.to_owned()).or_default() += 1;
    }
}
