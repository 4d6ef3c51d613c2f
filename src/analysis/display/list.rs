//! The list of display names, and what it says of a model.

use crate::ledger::prices::Pattern;

/// Display names of models, with their makers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayList {
    pub(super) vendors: Vec<(String, [u8; 3])>,
    pub(super) entries: Vec<Entry>,
}

/// What one entry says of the ids that it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) ids: Vec<Pattern>,
    pub(super) name: Option<String>,
    pub(super) vendor: Option<String>,
}

/// How a model is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDisplay {
    /// Its name; the id where the list has none.
    pub name: String,
    /// Who makes it.
    pub vendor: Option<String>,
    /// Red, green and blue of the maker.
    pub color: Option<[u8; 3]>,
    /// Its place among others; models without a name come last.
    pub place: usize,
}

impl DisplayList {
    /// What the list says of a model: each key comes from the first entry that matches and has it.
    pub fn model(&self, id: &str) -> ModelDisplay {
        let matching = || {
            let entries = self.entries.iter().enumerate();
            entries.filter(|(_, entry)| entry.ids.iter().any(|pattern| pattern.matches(id)))
        };
        let named = matching().find_map(|(place, entry)| Some((place, entry.name.as_ref()?)));
        let vendor = matching().find_map(|(_, entry)| entry.vendor.clone());
        let color = vendor.as_ref().and_then(|vendor| {
            self.vendors.iter().find(|(name, _)| name == vendor).map(|(_, color)| *color)
        });
        ModelDisplay {
            name: named.map_or(id, |(_, name)| name).to_owned(),
            place: named.map_or(usize::MAX, |(place, _)| place),
            vendor,
            color,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_models_have_names_makers_and_an_order() {
        let list = DisplayList::built_in().unwrap();
        let kimi = list.model("moonshot/kimi-k2.5");
        assert_eq!(kimi.name, "Kimi-K2.5");
        assert_eq!(kimi.vendor.as_deref(), Some("Moonshot AI"));
        assert_eq!(kimi.color, Some([0x56, 0xB4, 0xE9]));
        assert!(list.model("gpt-5.5").place < kimi.place);
    }

    #[test]
    fn an_unknown_model_keeps_its_id() {
        let list = DisplayList::built_in().unwrap();
        let other = list.model("house-model");
        assert_eq!((other.name.as_str(), other.vendor, other.color), ("house-model", None, None));
        // A new model of a known maker has its colour before it has a name.
        let newer = list.model("claude-next");
        assert_eq!(
            (newer.name.as_str(), newer.vendor.as_deref()),
            ("claude-next", Some("Anthropic"))
        );
        assert_eq!(newer.place, usize::MAX);
    }
}
