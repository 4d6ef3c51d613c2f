//! Attributes that are long: text that instrumentations repeat in every span, such as the definitions of all tools.

use serde_json::{Map, Value};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Bytes of an attribute above which it is long.
const LONGEST_ATTRIBUTE: usize = 2048;

/// Decides what is kept of attributes.
#[derive(Debug, Default)]
pub(super) struct LongAttributes {
    /// Those that have been kept; none when only names are kept.
    seen: Option<HashSet<u64>>,
}

impl LongAttributes {
    /// Keeps each long attribute where it first comes.
    pub(super) fn kept_once() -> Self {
        Self { seen: Some(HashSet::new()) }
    }

    /// Adds an attribute to those that a row keeps, or its name to those that are left out of it.
    pub(super) fn keep(
        &mut self,
        name: &str,
        value: &Value,
        kept: &mut Map<String, Value>,
        left_out: &mut Vec<Value>,
    ) {
        if self.has_room(name, value) {
            kept.insert(name.to_owned(), value.clone());
        } else {
            left_out.push(Value::from(name));
        }
    }

    fn has_room(&mut self, name: &str, value: &Value) -> bool {
        let text = value.to_string();
        if text.len() <= LONGEST_ATTRIBUTE {
            return true;
        }
        let Some(seen) = &mut self.seen else { return false };
        let mut hasher = DefaultHasher::new();
        (name, text).hash(&mut hasher);
        seen.insert(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_attribute_is_kept_once_or_not_at_all() {
        let (short, long) = (Value::from("x"), Value::from("x".repeat(5000)));
        for (mut rule, expected) in [
            (LongAttributes::default(), [false, false]),
            (LongAttributes::kept_once(), [true, false]),
        ] {
            assert_eq!([rule.has_room("a", &long), rule.has_room("a", &long)], expected);
            assert!(rule.has_room("a", &short) && rule.has_room("a", &short));
        }
    }
}
