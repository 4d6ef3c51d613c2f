//! Display names read from TOML. A file with a problem is refused: a name that is dropped in silence would be missed
//! only in print.

use super::error::DisplayError;
use super::list::{DisplayList, Entry};
use crate::ledger::prices::Pattern;
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

const BUILT_IN: &str = include_str!("models.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    #[serde(default)]
    vendor: Vec<RawVendor>,
    #[serde(default)]
    model: Vec<RawModel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVendor {
    name: Spanned<String>,
    color: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    ids: Spanned<Vec<String>>,
    name: Option<Spanned<String>>,
    vendor: Option<Spanned<String>>,
}

impl DisplayList {
    /// The built-in names.
    pub fn built_in() -> Result<Self, DisplayError> {
        Self { vendors: Vec::new(), entries: Vec::new() }.before("models.toml", BUILT_IN)
    }

    /// The names of a file, and the built-in ones where it has none.
    pub fn load(path: &Path) -> Result<Self, DisplayError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| DisplayError::Unreadable { path: path.to_owned(), source })?;
        Self::built_in()?.before(&path.to_string_lossy(), &text)
    }

    /// This list with the names of a text put before its own.
    fn before(self, file: &str, text: &str) -> Result<Self, DisplayError> {
        let place = Place { file, text };
        let raw: RawList = toml::from_str(text)
            .map_err(|e| place.bad(e.span().map_or(0, |s| s.start), e.message().to_owned()))?;
        let mut vendors = Vec::new();
        for vendor in raw.vendor {
            let color = rgb(vendor.color.get_ref()).ok_or_else(|| {
                let written = vendor.color.get_ref();
                place.bad(
                    vendor.color.span().start,
                    format!("`{written}` is no colour like #0072B2"),
                )
            })?;
            vendors.push((place.filled("name", vendor.name)?, color));
        }
        vendors.extend(self.vendors);
        let mut entries = Vec::new();
        for model in raw.model {
            let at = model.ids.span().start;
            let ids = model.ids.into_inner();
            let patterns: Option<Vec<Pattern>> = ids.iter().map(|id| Pattern::new(id)).collect();
            let ids = patterns.filter(|ids| !ids.is_empty());
            let ids =
                ids.ok_or_else(|| place.bad(at, "`ids` holds no id, or an empty one".to_owned()))?;
            if let Some(vendor) = &model.vendor
                && !vendors.iter().any(|(name, _)| name == vendor.get_ref())
            {
                let problem = format!("there is no [[vendor]] named `{}`", vendor.get_ref());
                return Err(place.bad(vendor.span().start, problem));
            }
            let name = model.name.map(|name| place.filled("name", name)).transpose()?;
            entries.push(Entry { ids, name, vendor: model.vendor.map(Spanned::into_inner) });
        }
        entries.extend(self.entries);
        Ok(Self { vendors, entries })
    }
}

struct Place<'a> {
    file: &'a str,
    text: &'a str,
}

impl Place<'_> {
    fn bad(&self, at: usize, problem: String) -> DisplayError {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        DisplayError::Bad { file: self.file.to_owned(), line, problem }
    }

    fn filled(&self, key: &str, text: Spanned<String>) -> Result<String, DisplayError> {
        if text.get_ref().trim().is_empty() {
            return Err(self.bad(text.span().start, format!("`{key}` is empty")));
        }
        Ok(text.into_inner())
    }
}

/// Red, green and blue of `#RRGGBB`.
fn rgb(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii())?;
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<DisplayList, DisplayError> {
        DisplayList::built_in().unwrap().before("display.toml", text)
    }

    #[test]
    fn a_file_comes_before_the_built_in_names() {
        let text = "[[vendor]]\nname = \"House\"\ncolor = \"#112233\"\n[[model]]\nids = [\"ours-*\"]\nname = \"Ours\"\n\
                    vendor = \"House\"\n[[model]]\nids = [\"gpt-5.5\"]\nname = \"The other\"\n";
        let list = read(text).unwrap();
        let ours = list.model("ours-7b");
        assert_eq!(
            (ours.name.as_str(), ours.color, ours.place),
            ("Ours", Some([0x11, 0x22, 0x33]), 0)
        );
        let other = list.model("gpt-5.5");
        assert_eq!((other.name.as_str(), other.vendor.as_deref()), ("The other", Some("OpenAI")));
    }

    #[test]
    fn errors_name_file_and_line() {
        for (text, message) in [
            (
                "[[vendor]]\nname = \"A\"\ncolor = \"blue\"\n",
                "display.toml:3: `blue` is no colour like #0072B2",
            ),
            (
                "[[vendor]]\nname = \"A\"\ncolor = \"#12345é\"\n",
                "display.toml:3: `#12345é` is no colour like #0072B2",
            ),
            ("[[model]]\nids = []\n", "display.toml:2: `ids` holds no id, or an empty one"),
            ("[[model]]\nids = [\"a\"]\nname = \" \"\n", "display.toml:3: `name` is empty"),
            (
                "[[model]]\nids = [\"a\"]\nvendor = \"X\"\n",
                "display.toml:3: there is no [[vendor]] named `X`",
            ),
            (
                "\n[[models]]\n",
                "display.toml:2: unknown field `models`, expected `vendor` or `model`",
            ),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), message);
        }
        assert!(matches!(
            DisplayList::load(Path::new("/nowhere")),
            Err(DisplayError::Unreadable { .. })
        ));
    }
}
