//! A value inside a JSON document: `$.summary.passed`, `tests[0].score`, `["odd name"]`.
//!
//! The member and index steps of `JSONPath` (RFC 9535), which name at most one value. Wildcards and filters are for graders
//! to sum up before they print.

use serde_json::Value;

/// A path to one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(usize),
}

impl JsonPath {
    /// Reads a path; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$').unwrap_or(text);
        let mut steps = Vec::new();
        // The first name needs no dot when the path does not begin with `$`.
        if rest.len() == text.len() && !rest.starts_with(['[', '.']) {
            rest = member(rest, &mut steps)?;
        }
        while !rest.is_empty() {
            rest = if let Some(inside) = rest.strip_prefix("[\"") {
                let (name, after) = inside.split_once("\"]")?;
                steps.push(Step::Member(name.to_owned()));
                after
            } else if let Some(inside) = rest.strip_prefix('[') {
                let (index, after) = inside.split_once(']')?;
                steps.push(Step::Index(index.parse().ok()?));
                after
            } else {
                member(rest.strip_prefix('.')?, &mut steps)?
            };
        }
        (!steps.is_empty()).then_some(Self { steps })
    }

    /// The value, where the document has it.
    pub(super) fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        self.steps.iter().try_fold(document, |value, step| match step {
            Step::Member(name) => value.get(name),
            Step::Index(index) => value.get(index),
        })
    }
}

/// Takes a bare name off the front.
fn member<'a>(text: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() || name.contains(['*', '?', '"', ']']) {
        return None;
    }
    steps.push(Step::Member(name.to_owned()));
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_and_indices_lead_to_one_value() {
        let document = json!({ "a": { "b": [10, { "odd name": 7 }] }, "score": 3 });
        for (path, found) in [
            ("score", Some(json!(3))),
            ("$.score", Some(json!(3))),
            ("a.b[0]", Some(json!(10))),
            ("$.a.b[1][\"odd name\"]", Some(json!(7))),
            ("$[\"score\"]", Some(json!(3))),
            ("a.c", None),
            ("a.b[9]", None),
        ] {
            let path = JsonPath::parse(path).unwrap();
            assert_eq!(path.find(&document).cloned(), found, "{path:?}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in
            ["", "$", "$score", "a..b", "a[", "a[x]", "a[-1]", "a.*", "a[*]", "a[?(@)]", "a]"]
        {
            assert_eq!(JsonPath::parse(bad), None, "{bad}");
        }
    }
}
