//! What a tool gave back, from the three ways in which Codex has written it to the model.
//!
//! JSON text `{"output", "metadata": {"exit_code", "duration_seconds"}}`; text that begins `Exit code: 0`; text of the
//! unified shell with `Process exited with code 0`. Newer results may be arrays of content. No flag says that a tool
//! failed, so refusals and failures are told by the sentences that Codex writes itself.

use super::super::fields::Fields;
use crate::trace::ToolStatus;
use serde_json::Value;

/// Lines at the head of a text in which its own notes are looked for.
const HEAD_LINES: usize = 8;

/// A tool's result.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) content: Option<String>,
    pub(super) exit_code: Option<i64>,
    pub(super) duration_ms: Option<f64>,
    pub(super) status: Option<ToolStatus>,
    /// The process goes on under this number.
    pub(super) session: Option<i64>,
    /// Parts of the result that are not text.
    pub(super) rest: Option<Value>,
}

impl Outcome {
    /// Reads the `output` of a result record.
    pub(super) fn of(output: Option<Value>) -> Self {
        let mut outcome = match output {
            None => Self::default(),
            Some(Value::String(text)) => Self::of_text(text),
            Some(Value::Array(parts)) => Self::of_parts(parts),
            Some(Value::Object(map)) => Self::of_object(map.into()),
            Some(other) => Self { content: Some(other.to_string()), ..Self::default() },
        };
        if outcome.status.is_none() {
            outcome.status = Some(match outcome.content.as_deref() {
                _ if outcome.session.is_some() => ToolStatus::Running,
                Some(text) if outcome.exit_code.is_none() => status_of(text),
                _ => ToolStatus::Ok,
            });
        }
        outcome
    }

    fn of_object(value: Value) -> Self {
        let Some(mut fields) = Fields::of(value) else { return Self::default() };
        let success = fields.flag("success");
        let content = fields.take("content").or_else(|| fields.take("output"));
        let mut outcome = Self::of(content);
        if success == Some(false) && outcome.status == Some(ToolStatus::Ok) {
            outcome.status = Some(ToolStatus::Error);
        }
        outcome.rest = outcome.rest.or_else(|| fields.rest().map(Value::String));
        outcome
    }

    fn of_parts(parts: Vec<Value>) -> Self {
        let mut texts = Vec::new();
        let mut others = Vec::new();
        for part in parts {
            match part.get("text").and_then(Value::as_str) {
                Some(text) => texts.push(text.to_owned()),
                None => others.push(without_data(part)),
            }
        }
        let mut outcome = Self::of_text(texts.join("\n"));
        outcome.content = outcome.content.filter(|text| !text.is_empty());
        outcome.rest = (!others.is_empty()).then_some(Value::Array(others));
        outcome
    }

    fn of_text(text: String) -> Self {
        if text.starts_with('{')
            && let Some(outcome) = Self::of_json(&text)
        {
            return outcome;
        }
        let mut outcome = Self::default();
        for line in text.lines().take(HEAD_LINES) {
            if line == "Output:" {
                break;
            }
            if let Some(code) = after(line, &["Exit code: ", "Process exited with code "]) {
                outcome.exit_code = outcome.exit_code.or_else(|| code.parse().ok());
            } else if let Some(session) = after(line, &["Process running with session ID "]) {
                outcome.session = session.parse().ok();
            } else if let Some(time) = after(line, &["Wall time: "]) {
                outcome.duration_ms = seconds(time.strip_suffix(" seconds").unwrap_or(time));
            }
        }
        if text.starts_with("failed in sandbox") {
            let code = text.split_once("exit code: ").map(|(_, rest)| rest);
            let code = code.and_then(|rest| rest.split([',', '\n']).next());
            outcome.exit_code = code.and_then(|c| c.trim().parse().ok());
            outcome.status = Some(ToolStatus::Denied);
        }
        if outcome.exit_code == Some(124) && text.contains("command timed out after") {
            outcome.status = Some(ToolStatus::Timeout);
        }
        outcome.content = Some(text);
        outcome
    }

    /// The first encoding; `None` for other JSON, which a tool may give back as well.
    fn of_json(text: &str) -> Option<Self> {
        let mut fields = Fields::of(serde_json::from_str(text).ok()?)?;
        let mut metadata = fields.object("metadata")?;
        let content = fields.text("output")?;
        let mut outcome = Self {
            exit_code: metadata.int("exit_code"),
            duration_ms: metadata.number("duration_seconds").and_then(millis),
            ..Self::default()
        };
        let timed_out = metadata.flag("timed_out") == Some(true)
            || (outcome.exit_code == Some(124) && content.starts_with("command timed out after"));
        if timed_out {
            outcome.status = Some(ToolStatus::Timeout);
        } else if outcome.exit_code.is_some_and(|c| c != 0)
            && status_of(&content) == ToolStatus::Denied
        {
            outcome.status = Some(ToolStatus::Denied);
        }
        outcome.content = Some(content);
        Some(outcome)
    }
}

/// What a result without an exit code says of itself.
fn status_of(text: &str) -> ToolStatus {
    let begins = |sentences: &[&str]| sentences.iter().any(|s| text.starts_with(s));
    if begins(&[
        "exec command rejected by user",
        "patch rejected",
        "rejected by user",
        "rejected: ",
        "command rejected",
        "user rejected MCP tool call",
        "approval policy is ",
        "failed in sandbox",
        "This action was rejected",
    ]) {
        ToolStatus::Denied
    } else if begins(&["aborted", "user cancelled"]) {
        ToolStatus::Cancelled
    } else if begins(&["command timed out", "exec_command timed out"]) {
        ToolStatus::Timeout
    } else if begins(&[
        "unsupported call",
        "unsupported custom tool call",
        "failed to parse",
        "execution error",
        "apply_patch verification failed",
        "exec_command failed",
        "write_stdin failed",
        "tool call error",
        "err: ",
        "collab tool failed",
        "LocalShellCall without",
    ]) {
        ToolStatus::Error
    } else {
        ToolStatus::Ok
    }
}

fn after<'t>(line: &'t str, words: &[&str]) -> Option<&'t str> {
    words.iter().find_map(|word| line.strip_prefix(word)).map(str::trim)
}

fn seconds(text: &str) -> Option<f64> {
    text.parse().ok().and_then(millis)
}

fn millis(seconds: f64) -> Option<f64> {
    Some(seconds * 1e3).filter(|ms| ms.is_finite() && *ms >= 0.0)
}

/// A part without the bytes of a picture: what is kept says that there was one, and how long.
pub(super) fn without_data(mut part: Value) -> Value {
    for name in ["image_url", "data", "result", "encrypted_content"] {
        if let Some(Value::String(text)) = part.get_mut(name)
            && (name != "image_url" || text.starts_with("data:"))
        {
            let note = format!("{} characters", text.len());
            *text = note;
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(text: &str) -> Outcome {
        Outcome::of(Some(json!(text)))
    }

    #[test]
    fn three_encodings_of_one_result() {
        let json = of(r#"{"output":"x\n","metadata":{"exit_code":1,"duration_seconds":0.1}}"#);
        let text = of("Exit code: 1\nWall time: 0.1 seconds\nOutput:\nx\n");
        let unified =
            of("Chunk ID: a\nWall time: 0.1000 seconds\nProcess exited with code 1\nOutput:\nx\n");
        for outcome in [&json, &text, &unified] {
            assert_eq!(outcome.exit_code, Some(1));
            assert_eq!(outcome.duration_ms, Some(100.0));
            assert_eq!(outcome.status, Some(ToolStatus::Ok), "it returned");
        }
        assert_eq!(json.content.as_deref(), Some("x\n"));
    }

    #[test]
    fn a_process_that_goes_on_has_no_exit_code() {
        let outcome = of("Wall time: 1.0 seconds\nProcess running with session ID 42\nOutput:\nb");
        assert_eq!((outcome.session, outcome.exit_code), (Some(42), None));
        assert_eq!(outcome.status, Some(ToolStatus::Running));
    }

    #[test]
    fn output_that_speaks_of_exit_codes_is_output() {
        let outcome = of("Wall time: 1 seconds\nOutput:\nExit code: 3\nProcess exited with code 4");
        assert_eq!(outcome.exit_code, None);
        assert_eq!(of("{\"a\": 1}").content.as_deref(), Some("{\"a\": 1}"));
    }

    #[test]
    fn refusals_and_failures_are_told_by_their_sentences() {
        let denied =
            of("failed in sandbox MacosSeatbelt with execution error: sandbox denied exec error, \
             exit code: 1, stdout: a, stderr: b");
        assert_eq!((denied.exit_code, denied.status), (Some(1), Some(ToolStatus::Denied)));
        let old = of("failed in sandbox LinuxSeccomp … exit code: 1");
        assert_eq!((old.exit_code, old.status), (Some(1), Some(ToolStatus::Denied)));
        for (text, status) in [
            ("exec command rejected by user", ToolStatus::Denied),
            ("aborted by user after 3.1s", ToolStatus::Cancelled),
            ("failed to parse function arguments: x", ToolStatus::Error),
            ("Plan updated", ToolStatus::Ok),
        ] {
            assert_eq!(of(text).status, Some(status), "{text}");
        }
        let timeout = of(
            r#"{"output":"command timed out after 10 milliseconds","metadata":{"exit_code":124}}"#,
        );
        assert_eq!(timeout.status, Some(ToolStatus::Timeout));
    }

    #[test]
    fn contents_are_text_and_the_rest_is_named() {
        let outcome = Outcome::of(Some(json!([
            {"type": "input_text", "text": "a"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
        ])));
        assert_eq!(outcome.content.as_deref(), Some("a"));
        assert_eq!(outcome.rest.unwrap()[0]["image_url"], "26 characters");
        let failed = Outcome::of(Some(json!({"content": "no", "success": false})));
        assert_eq!(
            (failed.content.as_deref(), failed.status),
            (Some("no"), Some(ToolStatus::Error))
        );
    }
}
