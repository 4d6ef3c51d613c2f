//! Texts with pictures and sounds in them (since ATIF 1.6): the text as text, a word in place of the rest.

use serde_json::Value;

/// A message or a result: its text, and the parts as they stand when there is more to them than text.
pub(super) fn text_of(content: Option<Value>) -> (Option<String>, Option<Value>) {
    match content {
        None | Some(Value::Null) => (None, None),
        Some(Value::String(text)) => (Some(text), None),
        Some(Value::Array(parts)) => {
            let words: Vec<String> = parts.iter().map(word_of).collect();
            let plain = parts.iter().all(is_plain);
            let text = Some(words.join("\n")).filter(|t| !t.is_empty());
            (text, (!plain).then_some(Value::Array(parts)))
        }
        // Some writers put a result's object where its text belongs.
        Some(other) => (Some(other.to_string()), None),
    }
}

/// Whether a part is its text and nothing else.
fn is_plain(part: &Value) -> bool {
    let of_text = |o: &serde_json::Map<String, Value>| {
        o.get("text").is_some_and(Value::is_string)
            && o.iter().all(|(k, v)| matches!(k.as_str(), "type" | "text") || v.is_null())
    };
    part.as_object().is_some_and(of_text)
}

fn word_of(part: &Value) -> String {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    if let Some(text) = text("text").or_else(|| part.as_str()) {
        return text.to_owned();
    }
    let source = part.get("source");
    let of_source = |name: &str| source.and_then(|s| s.get(name)).and_then(Value::as_str);
    let kind = of_source("media_type").or_else(|| text("type")).unwrap_or("part");
    match of_source("path") {
        // A picture that is inside the document stays among the attributes.
        Some(path) if !path.starts_with("data:") => format!("[{kind}: {path}]"),
        _ => format!("[{kind}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pictures_leave_a_word_and_stay_as_they_stand() {
        let picture =
            json!({"type": "image", "source": {"media_type": "image/png", "path": "a.png"}});
        let (text, parts) = text_of(Some(json!([{"type": "text", "text": "look"}, picture])));
        assert_eq!(text.as_deref(), Some("look\n[image/png: a.png]"));
        assert_eq!(parts.unwrap()[1], picture);
        let only_text =
            json!([{"type": "text", "text": "a", "source": null}, {"type": "text", "text": "b"}]);
        assert_eq!(text_of(Some(only_text)), (Some("a\nb".to_owned()), None));
        let sound = json!([{"type": "audio", "source": {"media_type": "audio/wav", "path": "data:audio/wav;base64,AAAA"}}]);
        assert_eq!(text_of(Some(sound)).0.as_deref(), Some("[audio/wav]"));
        assert_eq!(text_of(Some(json!({"ok": 1}))).0.as_deref(), Some("{\"ok\":1}"));
    }
}
