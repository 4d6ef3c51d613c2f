//! A look at a file, to tell what it is: its first lines, or the outline of its one JSON value.
//!
//! Formats are recognised by what is inside, never by a name: `.json` files hold lines, `.jsonl` files hold one value over
//! many lines, `.txt` files hold either.

use super::ImportError;
use super::files::{LogFile, lenient};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::cell::OnceCell;
use std::fmt;
use std::io::{BufReader, Read};

/// Lines that are looked at.
const LINES: usize = 50;
/// Size of a head that is not the whole file.
const HEAD_BYTES: usize = 64 << 10;
/// Most bytes of a file in which numbers that JSON lacks are looked for.
const LENIENT_BYTES: u64 = 256 << 20;

/// A file that is being recognised.
#[derive(Debug)]
pub(super) struct Look<'f> {
    pub(super) file: &'f LogFile,
    head: Vec<u8>,
    lines: OnceCell<Vec<Value>>,
    outline: OnceCell<Option<Outline>>,
}

/// The outside of a JSON value: the fields of an object, or of the first object of an array.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// It is an array of what the fields say.
    pub(super) is_array: bool,
    fields: Vec<(String, Field)>,
}

/// What is known of a field.
#[derive(Debug, PartialEq)]
pub(super) enum Field {
    Text(String),
    Object,
    Array,
    /// A number, a boolean, null.
    Other,
}

impl<'f> Look<'f> {
    /// Opens a file and looks at its head.
    pub(super) fn at(file: &'f LogFile) -> Result<Self, ImportError> {
        Ok(Self { file, head: file.head()?, lines: OnceCell::new(), outline: OnceCell::new() })
    }

    /// The head as text.
    pub(super) fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.head)
    }

    /// The first JSON values that each have a line to themselves; other lines are passed over.
    pub(super) fn lines(&self) -> &[Value] {
        self.lines.get_or_init(|| {
            let whole = self.head.len() < HEAD_BYTES;
            let mut lines: Vec<&[u8]> = self.head.split(|b| *b == b'\n').collect();
            let last = if whole { None } else { lines.pop() };
            let mut values: Vec<Value> =
                lines.iter().take(LINES).filter_map(|line| lenient(line).ok()).collect();
            if values.is_empty() && lines.is_empty() && last.is_some() {
                // A first line beyond the head, such as one with a long prompt.
                values.extend(self.first_line());
            }
            values
        })
    }

    /// The outline of a file that is one JSON value; `None` when it is not. The file is streamed for it, unless its head tells.
    pub(super) fn outline(&self) -> Option<&Outline> {
        self.outline.get_or_init(|| self.find_outline()).as_ref()
    }

    fn find_outline(&self) -> Option<Outline> {
        let start = self.head.iter().find(|b| !b.is_ascii_whitespace() && **b < 0x80)?;
        if !matches!(start, b'{' | b'[') {
            return None;
        }
        if self.head.len() < HEAD_BYTES {
            return lenient(&self.head).ok();
        }
        let text = self.head.trim_ascii_start();
        let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
        let many = first.len() < text.len() && lenient::<IgnoredAny>(first).is_ok();
        if many {
            return None;
        }
        let reader = BufReader::with_capacity(HEAD_BYTES, self.file.open().ok()?);
        if let Ok(outline) = serde_json::from_reader(reader) {
            return Some(outline);
        }
        // Not JSON as it stands: what is lenient has to be in memory.
        let mut bytes = Vec::new();
        self.file.open().ok()?.take(LENIENT_BYTES).read_to_end(&mut bytes).ok()?;
        lenient(&bytes).ok()
    }

    /// Whether any of the first lines is an object for which this holds.
    pub(super) fn any_line(&self, holds: impl Fn(&Value) -> bool) -> bool {
        self.lines().iter().any(holds)
    }

    fn first_line(&self) -> Option<Value> {
        let mut lines = self.file.lines().ok()?;
        lenient(lines.next_line().ok()??.bytes).ok()
    }
}

impl Outline {
    /// What is known of a field.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, field)| field)
    }

    /// Whether there is a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// Whether there are fields of all these names.
    pub(super) fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.has(name))
    }

    /// The text of a field.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.field(name)? {
            Field::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Outside;
        impl<'de> Visitor<'de> for Outside {
            type Value = Outline;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or an array of objects")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
                let mut outline = Outline::default();
                while let Some(name) = map.next_key::<String>()? {
                    outline.fields.push((name, map.next_value()?));
                }
                Ok(outline)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Outline, A::Error> {
                let first: Option<Outline> = items.next_element()?;
                while items.next_element::<IgnoredAny>()?.is_some() {}
                let mut outline = first.ok_or_else(|| de::Error::custom("an empty array"))?;
                outline.is_array = true;
                Ok(outline)
            }
        }
        from.deserialize_any(Outside)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Field;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Field, E> {
                // What tells formats apart is short.
                Ok(Field::Text(text.chars().take(200).collect()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Field::Object)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Field::Array)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
                Ok(Field::Other)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
                Ok(Field::Other)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Field, E> {
                Ok(Field::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
                Ok(Field::Other)
            }
            fn visit_unit<E>(self) -> Result<Field, E> {
                Ok(Field::Other)
            }
        }
        from.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::find_files;
    use super::*;

    fn look<T>(text: &str, see: impl FnOnce(&Look<'_>) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, text).unwrap();
        let files = find_files(&path).unwrap();
        see(&Look::at(&files[0]).unwrap())
    }

    #[test]
    fn one_value_has_an_outline_at_any_length_and_lines_have_none() {
        let long = "x".repeat(200_000);
        for (text, outlined) in [
            (r#"{"a": 1, "b": "text", "c": [NaN]}"#.to_owned(), true),
            (format!("{{\n\"long\": \"{long}\",\n\"b\": \"text\"}}"), true),
            (format!("{{\"long\": \"{long}\", \"d\": NaN, \"b\": \"text\"}}"), true),
            (format!("[{{\"b\": \"text\"}}, \"{long}\"]"), true),
            (format!("{{\"b\": \"text\"}}\n{{\"long\": \"{long}\"}}\n"), false),
            ("{\"b\": \"text\"}\n{}\n".to_owned(), false),
            ("text".to_owned(), false),
            (String::new(), false),
        ] {
            let found = look(&text, |l| l.outline().and_then(|o| o.text("b")).map(str::to_owned));
            let start: String = text.chars().take(40).collect();
            assert_eq!(found.as_deref(), outlined.then_some("text"), "{start}");
        }
    }

    #[test]
    fn lines_are_seen_among_noise_and_beyond_the_head() {
        let long = "x".repeat(200_000);
        assert_eq!(look("starting\n{\"a\": 1}\n[2]\n", |l| l.lines().len()), 2);
        let first = format!("{{\"a\": \"{long}\"}}\n{{}}\n");
        assert!(look(&first, |l| l.any_line(|v| v.get("a").is_some())));
    }
}
