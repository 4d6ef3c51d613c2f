//! Values of the types one expects, read straight from JSON text; anything else in their place counts as none.
//!
//! A line with a number where a text should be is still a line, and the scan must not build a tree to find that out.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A text.
#[derive(Debug, Default)]
pub(in super::super) struct Text<'a>(pub(in super::super) Option<Cow<'a, str>>);

/// An integer.
#[derive(Debug, Default, Clone, Copy)]
pub(in super::super) struct Count(pub(in super::super) Option<i64>);

/// A boolean.
#[derive(Debug, Default, Clone, Copy)]
pub(in super::super) struct Flag(pub(in super::super) Option<bool>);

/// An object.
#[derive(Debug)]
pub(in super::super) struct Object<T>(pub(in super::super) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl Text<'_> {
    pub(in super::super) fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// Visits of values that are not what is looked for.
macro_rules! otherwise_none {
    ($($visit:ident($ty:ty))+) => {
        $(fn $visit<E>(self, _: $ty) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })+
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }
            otherwise_none! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) }
            otherwise_none! { map }
        }
        from.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_i64<E>(self, count: i64) -> Result<Count, E> {
                Ok(Count(Some(count)))
            }
            fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
                Ok(Count(i64::try_from(count).ok()))
            }
            otherwise_none! { visit_bool(bool) visit_f64(f64) visit_str(&str) }
            otherwise_none! { map }
        }
        from.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(Some(flag)))
            }
            otherwise_none! { visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) }
            otherwise_none! { map }
        }
        from.deserialize_any(Any)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|object| Object(Some(object)))
            }
            otherwise_none! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) }
        }
        from.deserialize_any(Any(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Line<'a> {
        #[serde(borrow)]
        text: Text<'a>,
        count: Count,
        flag: Flag,
        #[serde(borrow)]
        inner: Object<Box<Line<'a>>>,
    }

    #[test]
    fn what_is_of_another_type_is_none() {
        let line: Line<'_> = serde_json::from_str(
            r#"{"text": "a\n", "count": 3, "flag": true, "inner": {"text": [1], "count": "x", "flag": null, "inner": 7}}"#,
        )
        .unwrap();
        assert_eq!(
            (line.text.as_str(), line.count.0, line.flag.0),
            (Some("a\n"), Some(3), Some(true))
        );
        let inner = line.inner.0.unwrap();
        assert_eq!((inner.text.as_str(), inner.count.0, inner.flag.0), (None, None, None));
        assert!(inner.inner.0.is_none());
    }
}
