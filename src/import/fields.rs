//! JSON objects taken apart field by field; what is left over is kept.
//!
//! Every importer takes the fields it has a column for and stores the rest as `attributes`, so that nothing of a
//! record is lost because nobody thought of it.

use super::ImportReport;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::fmt;

/// Fields among which a repeated name is looked for one by one.
const FEW: usize = 64;
/// Bytes that the attributes of most rows fit in.
const ATTRIBUTES_BYTES: usize = 512;

/// A JSON object that is being taken apart. Records have few fields: looking through them beats hashing.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, Value)>);

impl Fields {
    /// The fields of a JSON object; `None` for any other value.
    pub(super) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self(map.into_iter().collect())),
            _ => None,
        }
    }

    /// The attributes of a row, taken apart again to add to them.
    pub(super) fn of_attributes(attributes: Option<String>) -> Self {
        attributes.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Takes a field; a null is the same as none.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.index(name)?;
        Some(self.0.remove(index).1).filter(|v| !v.is_null())
    }

    /// Takes a text; a value of another type stays among the rest.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => self.put_back(name, other),
        }
    }

    /// Takes an object; a value of another type stays among the rest.
    pub(super) fn object(&mut self, name: &str) -> Option<Self> {
        match self.take(name)? {
            Value::Object(map) => Some(Self(map.into_iter().collect())),
            other => self.put_back(name, other),
        }
    }

    /// Takes an array; a value of another type stays among the rest.
    pub(super) fn array(&mut self, name: &str) -> Option<Vec<Value>> {
        match self.take(name)? {
            Value::Array(items) => Some(items),
            other => self.put_back(name, other),
        }
    }

    /// Takes an integer, also one written as `12.0` or as text (CSV); anything else stays among the rest.
    pub(super) fn int(&mut self, name: &str) -> Option<i64> {
        let value = self.take(name)?;
        let int = match &value {
            Value::Number(n) => n.as_i64().or_else(|| n.as_f64().and_then(whole)),
            Value::String(text) => text.parse().ok().or_else(|| text.parse().ok().and_then(whole)),
            _ => None,
        };
        int.or_else(|| self.put_back(name, value))
    }

    /// Takes a finite number, also one written as text (CSV); anything else stays among the rest.
    pub(super) fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.take(name)?;
        let number = match &value {
            Value::Number(n) => n.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.filter(|n| n.is_finite()).or_else(|| self.put_back(name, value))
    }

    /// Takes a boolean, also `True` and `False` written as text (CSV); anything else stays among the rest.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.take(name)?;
        let flag = match &value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        flag.or_else(|| self.put_back(name, value))
    }

    /// Drops a field that repeats another one.
    pub(super) fn drop(&mut self, name: &str) {
        if let Some(index) = self.index(name) {
            self.0.remove(index);
        }
    }

    /// Looks at a field without taking it; a null is the same as none.
    pub(super) fn peek(&self, name: &str) -> Option<&Value> {
        self.index(name).map(|index| &self.0[index].1).filter(|v| !v.is_null())
    }

    /// Whether there is a field of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.index(name).is_some()
    }

    /// Adds a field of which the name is new.
    pub(super) fn push(&mut self, name: String, value: Value) {
        self.0.push((name, value));
    }

    /// Adds a field to the rest.
    pub(super) fn keep(&mut self, name: &str, value: impl Into<Value>) {
        match self.index(name) {
            Some(index) => self.0[index].1 = value.into(),
            None => self.0.push((name.to_owned(), value.into())),
        }
    }

    /// A look at the fields, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are no fields.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object again, as far as it is left.
    pub(super) fn into_value(self) -> Value {
        Value::Object(self.0.into_iter().collect())
    }

    /// The fields, in order.
    pub(super) fn into_pairs(self) -> impl Iterator<Item = (String, Value)> {
        self.0.into_iter()
    }

    /// Like [`Self::rest`], with the names of what is left counted as fields that have no column.
    pub(super) fn rest_counted(self, report: &mut ImportReport) -> Option<String> {
        self.counted(report).rest()
    }

    /// The same, with the names of what is left counted as fields that have no column: for what an importer adds
    /// attributes of its own to.
    pub(super) fn counted(self, report: &mut ImportReport) -> Self {
        self.count(report);
        self
    }

    /// Counts the names of what is left as fields that have no column.
    pub(super) fn count(&self, report: &mut ImportReport) {
        report.without_column(
            self.0.iter().filter(|(_, v)| !is_empty(v)).map(|(name, _)| name.as_str()),
        );
    }

    /// What is left, as JSON text, without empty values and without nulls at any depth, which some sources write and
    /// others leave out; `None` when nothing is.
    pub(super) fn rest(self) -> Option<String> {
        self.to_rest()
    }

    /// Like [`Self::rest`], of fields that are still needed.
    pub(super) fn to_rest(&self) -> Option<String> {
        let left = || self.0.iter().filter(|(_, v)| !is_empty(v) && !is_all_null(v));
        left().next()?;
        let mut text = Vec::with_capacity(ATTRIBUTES_BYTES);
        let mut json = serde_json::Serializer::new(&mut text);
        json.collect_map(left().map(|(name, value)| (name, WithoutNulls(value)))).ok()?;
        String::from_utf8(text).ok()
    }

    /// Reads on where there are many fields.
    fn read_many<'de, A: MapAccess<'de>>(self, name: String, mut map: A) -> Result<Self, A::Error> {
        let mut all: serde_json::Map<String, Value> = self.0.into_iter().collect();
        all.insert(name, map.next_value()?);
        while let Some((name, value)) = map.next_entry()? {
            all.insert(name, value);
        }
        Ok(Self(all.into_iter().collect()))
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(n, _)| n == name)
    }

    fn put_back<T>(&mut self, name: &str, value: Value) -> Option<T> {
        self.0.push((name.to_owned(), value));
        None
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<String>()? {
                    if fields.0.len() == FEW {
                        return fields.read_many(name, map);
                    }
                    let value = map.next_value()?;
                    match fields.index(&name) {
                        Some(index) => fields.0[index].1 = value,
                        None => fields.0.push((name, value)),
                    }
                }
                Ok(fields)
            }
        }
        from.deserialize_map(Object)
    }
}

/// Writes fields without those that are null, at any depth.
struct WithoutNulls<T>(T);

impl Serialize for WithoutNulls<&Value> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(map) => {
                let mut object = to.serialize_map(None)?;
                for (name, value) in map.iter().filter(|(_, value)| !value.is_null()) {
                    object.serialize_entry(name, &WithoutNulls(value))?;
                }
                object.end()
            }
            Value::Array(items) => to.collect_seq(items.iter().map(WithoutNulls)),
            other => other.serialize(to),
        }
    }
}

/// Whether a value is an object of which nothing is left without nulls.
fn is_all_null(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.values().all(Value::is_null))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The integer that a float is, if it is one that a float holds exactly.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.fract().abs() < f64::EPSILON && number.abs() < 9e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nulls_and_empty_values_are_left_out() {
        let fields = Fields::of(json!({
            "a": {"x": null}, "b": {"x": {"y": null}, "z": [null, {"w": null, "v": 1}]}, "c": [], "d": "", "e": null,
            "f": "\u{1}\"\\", "g": 1.0, "h": false
        }));
        assert_eq!(
            fields.unwrap().rest().as_deref(),
            Some(r#"{"b":{"x":{},"z":[null,{"v":1}]},"f":"\u0001\"\\","g":1.0,"h":false}"#)
        );
        assert_eq!(Fields::of(json!({"a": null, "b": {"c": null}})).unwrap().rest(), None);
    }

    #[test]
    fn fields_are_read_as_an_object_is() {
        let mut pairs = vec![r#""a": 1, "b": null, "a": [2]"#.to_owned()];
        for n in 0..300 {
            pairs.push(format!(r#""n{}": {n}"#, n % 120));
            let whole = format!("{{{}}}", pairs.join(","));
            let read: Fields = serde_json::from_str(&whole).unwrap();
            let value: Value = serde_json::from_str(&whole).unwrap();
            assert_eq!(read.0, Fields::of(value).unwrap().0);
        }
        assert!(serde_json::from_str::<Fields>("[1]").is_err());
    }

    #[test]
    fn attributes_are_added_to() {
        let mut fields = Fields::of_attributes(Some(r#"{"a":1}"#.to_owned()));
        fields.keep("b", 2);
        assert_eq!(fields.rest().as_deref(), Some(r#"{"a":1,"b":2}"#));
        assert_eq!(Fields::of_attributes(None).rest(), None);
    }

    #[test]
    fn fields_of_another_type_stay_among_the_rest() {
        let mut fields = Fields::of(json!({
            "a": "x", "b": 3, "c": null, "d": [1], "e": {}, "f": "12", "g": "True", "h": 2.0, "i": 2.5
        }))
        .unwrap();
        assert_eq!(fields.text("a").as_deref(), Some("x"));
        assert_eq!(fields.text("b"), None);
        assert_eq!(fields.text("c"), None);
        assert_eq!(fields.int("f"), Some(12));
        assert_eq!(fields.flag("g"), Some(true));
        assert_eq!(fields.int("h"), Some(2));
        assert_eq!(fields.int("i"), None);
        let mut report = ImportReport::default();
        let mut fields = fields.counted(&mut report);
        fields.keep("own", true);
        assert_eq!(fields.rest().as_deref(), Some(r#"{"d":[1],"b":3,"i":2.5,"own":true}"#));
        let names: Vec<&str> = report.fields_without_column.keys().map(String::as_str).collect();
        assert_eq!(names, ["b", "d", "i"], "neither empty ones nor its own");
    }
}
