//! Protobuf and JSON against what the official Python packages write, and against bytes that nobody wrote on purpose.

use super::wire::TraceRequest;
use super::{Span, SpanStatus, from_json, from_protobuf};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value, json};

/// A request with every kind of value, and fields that are not read, by opentelemetry-proto 1.45.2 for Python.
const PROTOBUF: &str = "0abe020a150a130a0c736572766963652e6e616d6512030a017312a4020a080a036c69621201311294020a1001020304050607\
    08090a0b0c0d0e0f10120801020304050607081a03783d792208090a0b0c0d0e0f102a0663686174206d300339ddc22c98ec59ea18412e31fc98ec\
    59ea184a090a017412040a02c3a94a070a0162120210014a100a0169120b18f9ffffffffffffffff014a0e0a0164120921000000000000e03f4a09\
    0a017912043a0200ff4a100a016c120b2a090a0218010a030a01614a170a016f121232100a0e0a016b12091881808080808080104a030a016e5003\
    5a2b0905000000000000001209657863657074696f6e1a150a0e657863657074696f6e2e7479706512030a01456a1c0a1001010101010101010101\
    010101010101120802020202020202027a07120362616418028501000100001a0175";
/// The same by its `MessageToJson`, which writes identifiers in base64 and names of enumerations.
const MESSAGE_TO_JSON: &str = r#"{"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]},
    "scopeSpans": [{"scope": {"name": "lib", "version": "1"}, "spans": [{"traceId": "AQIDBAUGBwgJCgsMDQ4PEA==", "spanId": "AQIDBAUGBwg=",
    "traceState": "x=y", "parentSpanId": "CQoLDA0ODxA=", "name": "chat m", "kind": "SPAN_KIND_CLIENT",
    "startTimeUnixNano": "1795346274160788189", "endTimeUnixNano": "1795346274174382382", "attributes": [
    {"key": "t", "value": {"stringValue": "\u00e9"}}, {"key": "b", "value": {"boolValue": true}}, {"key": "i", "value": {"intValue": "-7"}},
    {"key": "d", "value": {"doubleValue": 0.5}}, {"key": "y", "value": {"bytesValue": "AP8="}},
    {"key": "l", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "a"}]}}},
    {"key": "o", "value": {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "9007199254740993"}}]}}}, {"key": "n"}],
    "droppedAttributesCount": 3, "events": [{"timeUnixNano": "5", "name": "exception", "attributes":
    [{"key": "exception.type", "value": {"stringValue": "E"}}]}], "links": [{"traceId": "AQEBAQEBAQEBAQEBAQEBAQ==", "spanId": "AgICAgICAgI="}],
    "status": {"message": "bad", "code": "STATUS_CODE_ERROR"}, "flags": 256}], "schemaUrl": "u"}]}]}"#;

fn protobuf() -> Vec<u8> {
    let digits: Vec<char> = PROTOBUF.chars().collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

fn only(spans: Vec<Span>) -> Span {
    let [span] = <[Span; 1]>::try_from(spans).unwrap();
    span
}

#[test]
fn protobuf_is_read_as_the_official_package_writes_it() {
    let span = only(from_protobuf(&protobuf()).unwrap());
    assert_eq!(span.trace_id, "0102030405060708090a0b0c0d0e0f10");
    assert_eq!(
        (span.span_id.as_str(), span.parent_id.as_deref()),
        ("0102030405060708", Some("090a0b0c0d0e0f10"))
    );
    assert_eq!((span.name.as_str(), span.scope.as_str()), ("chat m", "lib"));
    assert_eq!(
        (span.start_ns, span.end_ns),
        (Some(1_795_346_274_160_788_189), Some(1_795_346_274_174_382_382))
    );
    assert_eq!((span.status, span.status_message.as_str()), (SpanStatus::Error, "bad"));
    let expected = json!({
        "t": "é", "b": true, "i": -7, "d": 0.5, "y": "AP8=", "l": [1, "a"], "o": { "k": 9_007_199_254_740_993_i64 }, "n": null,
    });
    assert_eq!(Value::Object(span.attributes), expected);
    assert_eq!(span.events.len(), 1);
    assert_eq!(
        (span.events[0].name.as_str(), &span.events[0].attributes["exception.type"]),
        ("exception", &json!("E"))
    );
    assert_eq!(span.resource["service.name"], "s");
}

#[test]
fn json_says_the_same_in_every_style() {
    let expected = from_protobuf(&protobuf()).unwrap();
    assert_eq!(from_json(MESSAGE_TO_JSON.as_bytes()).unwrap(), expected);
    // OTLP/JSON: identifiers in hexadecimal digits, codes as numbers; and numbers as some writers have them.
    let otlp = MESSAGE_TO_JSON
        .replace("AQIDBAUGBwgJCgsMDQ4PEA==", "0102030405060708090A0B0C0D0E0F10")
        .replace("AQIDBAUGBwg=", "0102030405060708")
        .replace("CQoLDA0ODxA=", "090a0b0c0d0e0f10")
        .replace("\"STATUS_CODE_ERROR\"", "2")
        .replace("\"1795346274160788189\"", "1795346274160788189")
        .replace("\"-7\"", "-7");
    assert_eq!(from_json(otlp.as_bytes()).unwrap(), expected);
    assert_eq!(from_json(b"{}").unwrap(), []);
    assert_eq!(from_json(br#"{"resourceSpans": null, "other": 7}"#).unwrap(), []);
    assert_eq!(from_protobuf(b"").unwrap(), []);
}

#[test]
fn what_is_missing_is_none() {
    let span = r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "00000000000000000000000000000000",
        "spanId": null, "startTimeUnixNano": "", "attributes": [{"key": "a", "value": {"doubleValue": "NaN"}},
        {"key": "b", "value": {"intValue": "18446744073709551616"}}, {"key": "c", "value": null}], "status": {}}]}]}]}"#;
    let span = only(from_json(span.as_bytes()).unwrap());
    assert_eq!((span.trace_id.as_str(), span.span_id.as_str(), span.parent_id), ("", "", None));
    assert_eq!((span.start_ns, span.end_ns, span.status), (None, None, SpanStatus::Unset));
    assert_eq!(
        Value::Object(span.attributes),
        json!({ "a": "NaN", "b": "18446744073709551616", "c": null })
    );
    // An identifier of another kind still tells one span from the other.
    let own = only(
        from_json(br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"my-span"}]}]}]}"#)
            .unwrap(),
    );
    assert_eq!(own.span_id, "6d792d7370616e");
}

#[test]
fn what_is_no_request_is_an_error() {
    for text in [
        "",
        "[]",
        "7",
        "{",
        r#"{"resourceSpans": 7}"#,
        r#"{"resourceSpans": [{"scopeSpans": [{"spans": [7]}]}]}"#,
    ] {
        let error = from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("no OTLP traces: "), "{text}: {error}");
    }
    assert!(from_json(&[0xff, 0xfe]).is_err());
    assert!(from_protobuf(b"hello").is_err());
    let whole = protobuf();
    assert!((1..whole.len()).all(|cut| from_protobuf(&whole[..cut]).is_err()));
    // Values that nest without end.
    let deep = r#"{"arrayValue":{"values":["#.repeat(100_000);
    let deep =
        format!(r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"a","value":{deep}"#);
    assert!(from_json(deep.as_bytes()).is_err());
    let mut nested = Vec::new();
    for _ in 0..10_000 {
        // An AnyValue that is a list of what was made so far.
        let list = [&[0x0a][..], &varint(nested.len()), &nested].concat();
        nested = [&[0x2a][..], &varint(list.len()), &list].concat();
    }
    for tag in [0x12, 0x4a, 0x12, 0x12, 0x0a] {
        nested = [&[tag][..], &varint(nested.len()), &nested].concat();
    }
    assert!(from_protobuf(&nested).is_err());
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while number >= 128 {
        out.push(u8::try_from(number & 127).unwrap() | 128);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
    out
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (from_protobuf(&bytes), from_json(&bytes));
    }

    #[test]
    fn nor_do_bytes_that_are_nearly_right(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let (mut protobuf, mut json) = (protobuf(), MESSAGE_TO_JSON.as_bytes().to_vec());
        for bytes in [&mut protobuf, &mut json] {
            for (at, byte) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
        }
        let _ = (from_protobuf(&protobuf), from_json(&json));
    }

    #[test]
    fn both_formats_say_the_same(
        texts in prop::collection::vec("\\PC{0,6}", 3),
        int in any::<i64>(),
        double in any::<f64>().prop_filter("JSON has no infinity", |d| d.is_finite()),
        nanos in any::<u64>(),
    ) {
        let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
            "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708", "name": texts[0],
            "startTimeUnixNano": nanos.to_string(), "attributes": [
                { "key": texts[1], "value": { "kvlistValue": { "values": [{ "key": texts[2], "value": { "intValue": int.to_string() } }] } } },
                { "key": "d", "value": { "doubleValue": double } },
            ],
        }] }] }] }).to_string();
        let wire: TraceRequest = serde_json::from_str(&request).unwrap();
        prop_assert_eq!(from_protobuf(&wire.encode_to_vec()).unwrap(), from_json(request.as_bytes()).unwrap());
    }
}
