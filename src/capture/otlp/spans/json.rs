//! How OTLP/JSON writes values: identifiers in hexadecimal digits (some writers: base64), 64-bit integers as text or as
//! numbers, enumerations as numbers (some writers: names), and null for what is not there.

use super::wire::{AnyValue, ArrayValue, Content, KeyValueList};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A value, or its default in place of null.
pub(super) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// The bytes of a trace's or a span's identifier. One that is neither in hexadecimal digits nor in base64 is one of its own
/// kind, and is still told from others.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text: String = or_default(from)?;
    let of_base64 = || STANDARD.decode(&text).ok().filter(|bytes| matches!(bytes.len(), 8 | 16));
    let bytes = hexadecimal(&text).or_else(of_base64);
    Ok(bytes.unwrap_or_else(|| text.into_bytes()))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// A number that may be written as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Unsigned(u64),
    Signed(i64),
    Double(f64),
    Text(String),
}

/// Nanoseconds; zero, which says that there are none, for what is none.
pub(super) fn nanos<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(match Option::deserialize(from)? {
        Some(Number::Unsigned(nanos)) => nanos,
        Some(Number::Text(text)) if text.is_empty() => 0,
        Some(Number::Text(text)) => {
            text.parse().map_err(|_| D::Error::custom("a time that is no number"))?
        }
        Some(Number::Double(nanos)) if (0.0..1.8e19).contains(&nanos) => whole(nanos),
        Some(Number::Signed(_) | Number::Double(_)) | None => 0,
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn whole(nanos: f64) -> u64 {
    nanos as u64
}

/// The code of a status: 0 unset, 1 ok, 2 error.
pub(super) fn status_code<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    Ok(match Option::deserialize(from)? {
        Some(Number::Unsigned(code)) => i32::try_from(code).unwrap_or(0),
        Some(Number::Text(name)) => match name.as_str() {
            "STATUS_CODE_OK" | "1" => 1,
            "STATUS_CODE_ERROR" | "2" => 2,
            _ => 0,
        },
        _ => 0,
    })
}

/// A value under a key.
pub(super) fn anything<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AnyValue>, D::Error> {
    Option::deserialize(from)
}

/// The one of these that is there.
#[derive(Deserialize, Default)]
#[serde(default)]
struct JsonValue {
    #[serde(rename = "stringValue")]
    text: Option<String>,
    #[serde(rename = "boolValue")]
    flag: Option<bool>,
    #[serde(rename = "intValue")]
    int: Option<Number>,
    #[serde(rename = "doubleValue")]
    double: Option<Number>,
    #[serde(rename = "arrayValue")]
    array: Option<ArrayValue>,
    #[serde(rename = "kvlistValue")]
    list: Option<KeyValueList>,
    #[serde(rename = "bytesValue")]
    bytes: Option<String>,
}

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let json = JsonValue::deserialize(from)?;
        let content = json
            .text
            .map(Content::Text)
            .or(json.flag.map(Content::Bool))
            .or(json.int.map(int))
            .or(json.double.map(double))
            .or(json.array.map(Content::Array))
            .or(json.list.map(Content::List))
            .or(json.bytes.map(|text| match STANDARD.decode(&text) {
                Ok(bytes) => Content::Bytes(bytes),
                Err(_) => Content::Text(text),
            }));
        Ok(Self { content })
    }
}

/// An integer; what is none stays as it is written.
fn int(number: Number) -> Content {
    match number {
        Number::Signed(int) => Content::Int(int),
        Number::Unsigned(int) => match i64::try_from(int) {
            Ok(int) => Content::Int(int),
            Err(_) => Content::Text(int.to_string()),
        },
        Number::Double(double) => Content::Double(double),
        Number::Text(text) => text.parse().map_or(Content::Text(text), Content::Int),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a double is asked for")]
fn double(number: Number) -> Content {
    match number {
        Number::Signed(int) => Content::Double(int as f64),
        Number::Unsigned(int) => Content::Double(int as f64),
        Number::Double(double) => Content::Double(double),
        Number::Text(text) => text.parse().map_or(Content::Text(text), Content::Double),
    }
}
