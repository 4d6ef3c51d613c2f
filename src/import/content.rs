//! The content of a chat message: a text, or a list of parts of which some are texts.

use serde_json::Value;

/// The texts of a content, one after the other, and the parts that are something else.
pub(super) fn take_apart(content: Value) -> (Option<String>, Vec<Value>) {
    match content {
        Value::String(text) => (Some(text), Vec::new()),
        Value::Array(parts) => {
            let mut text = None;
            let mut others = Vec::new();
            for part in parts {
                let found = part.as_str().or_else(|| part.get("text").and_then(Value::as_str));
                match found {
                    Some(found) => text.get_or_insert_with(String::new).push_str(found),
                    None => others.push(part),
                }
            }
            (text, others)
        }
        Value::Null => (None, Vec::new()),
        other => (None, vec![other]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_are_joined_and_other_parts_are_kept() {
        assert_eq!(take_apart(json!("a")), (Some("a".to_owned()), vec![]));
        let image = json!({"type": "image_url", "image_url": {"url": "data:"}});
        let parts = json!([{"type": "text", "text": "a"}, image.clone(), "b"]);
        assert_eq!(take_apart(parts), (Some("ab".to_owned()), vec![image]));
        assert_eq!(take_apart(Value::Null), (None, vec![]));
        assert_eq!(take_apart(json!(3)), (None, vec![json!(3)]));
    }
}
