//! Reads a script, with the line of what is wrong in it. Files that calls send are read at once, so that a script that was
//! read cannot fail later.

use super::ScriptError;
use super::script::{Call, Fault, Finish, Group, Pace, Script, Turn};
use super::usage::Price;
use crate::trace::Usd;
use regex::RegexBuilder;
use serde::Deserialize;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use toml::{Spanned, Table, Value};

/// Largest script, and largest file that a call sends.
const LARGEST_FILE: u64 = 16 << 20;
/// Largest text of a reply.
const LARGEST_TEXT: usize = 64 << 20;
/// Largest compiled regular expression.
const LARGEST_REGEX: usize = 1 << 20;
/// How many scripts may extend each other.
const DEEPEST: usize = 8;
/// Longest wait, in milliseconds: an hour.
const LONGEST_WAIT: u64 = 3_600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    extends: Option<Spanned<String>>,
    context_limit: Option<Spanned<u64>>,
    first_token_ms: Option<Spanned<u64>>,
    token_ms: Option<Spanned<u64>>,
    price: Option<RawPrice>,
    #[serde(default)]
    on: Vec<Spanned<RawGroup>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrice {
    input: Spanned<f64>,
    cache_read: Option<Spanned<f64>>,
    output: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    prompt: Spanned<String>,
    attempt: Option<Spanned<u64>>,
    #[serde(default)]
    turn: Vec<Spanned<RawTurn>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTurn {
    #[serde(default)]
    text: String,
    text_times: Option<Spanned<usize>>,
    #[serde(default)]
    reasoning: String,
    #[serde(default)]
    calls: Vec<Spanned<Table>>,
    finish_reason: Option<Spanned<String>>,
    repeat: Option<Spanned<u64>>,
    #[serde(default)]
    errors: Vec<Spanned<RawError>>,
    stall_ms: Option<Spanned<u64>>,
    #[serde(default)]
    cut: bool,
    #[serde(default)]
    malformed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawError {
    status: Option<u16>,
    retry_after: Option<u64>,
    #[serde(default)]
    cut: bool,
    #[serde(default)]
    malformed: bool,
}

/// Reads the script of a model.
pub(super) fn read_script(path: &Path) -> Result<Script, ScriptError> {
    read_below(path, 0)
}

/// Reads a script that so many others extend.
fn read_below(path: &Path, depth: usize) -> Result<Script, ScriptError> {
    let text = read_text(path).map_err(|problem| match problem {
        Unread::Io(source) => ScriptError::Io { path: path.to_owned(), source },
        Unread::Text(problem) => ScriptError::BadFile { path: path.to_owned(), problem },
    })?;
    let place = Place { path, text: &text };
    let raw: RawScript = toml::from_str(&text)
        .map_err(|e| place.bad(&e.span().unwrap_or_default(), e.message().to_owned()))?;
    let parent = raw.extends.as_ref().map(|p| place.parent(p, depth)).transpose()?;
    if raw.on.is_empty() && parent.is_none() {
        return Err(place.bad(&(0..0), "no `[[on]]`: the model would have nothing to say".into()));
    }
    let parent = parent.unwrap_or_default();
    let wait = |millis: Option<&Spanned<u64>>, inherited| {
        millis.map_or(Ok(inherited), |millis| place.wait(Some(millis)))
    };
    let pace = Pace {
        first_token: wait(raw.first_token_ms.as_ref(), parent.pace.first_token)?,
        token: wait(raw.token_ms.as_ref(), parent.pace.token)?,
    };
    let limit = raw.context_limit.as_ref().map(|l| place.at_least_one(l)).transpose()?;
    let price = raw.price.map(|p| place.price(&p)).transpose()?;
    let mut groups: Vec<Group> =
        raw.on.into_iter().map(|g| place.group(g)).collect::<Result<_, _>>()?;
    groups.extend(parent.groups);
    Ok(Script {
        context_limit: limit.or(parent.context_limit),
        pace,
        price: price.or(parent.price),
        groups,
    })
}

/// Why a file is not a text.
enum Unread {
    Io(std::io::Error),
    Text(String),
}

fn read_text(path: &Path) -> Result<String, Unread> {
    let metadata = std::fs::metadata(path).map_err(Unread::Io)?;
    if !metadata.is_file() {
        return Err(Unread::Text("not a file".into()));
    }
    if metadata.len() > LARGEST_FILE {
        let megabytes = LARGEST_FILE >> 20;
        return Err(Unread::Text(format!("longer than {megabytes} MB")));
    }
    let bytes = std::fs::read(path).map_err(Unread::Io)?;
    String::from_utf8(bytes).map_err(|_| Unread::Text("not UTF-8 text".into()))
}

/// A script's file and text, for places in messages.
struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn bad(&self, span: &Range<usize>, problem: String) -> ScriptError {
        let line = self.text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1;
        ScriptError::Bad { path: self.path.to_owned(), line, problem }
    }

    /// The script that this one extends.
    fn parent(&self, name: &Spanned<String>, depth: usize) -> Result<Script, ScriptError> {
        if depth >= DEEPEST {
            let problem = format!("`extends`: more than {DEEPEST} scripts, or a circle of them");
            return Err(self.bad(&name.span(), problem));
        }
        let path = self
            .beside(name.get_ref())
            .map_err(|problem| self.bad(&name.span(), format!("`extends`: {problem}")))?;
        read_below(&path, depth + 1).map_err(|error| match error {
            ScriptError::Io { path, source } => {
                let problem = format!("`extends`: cannot read {}: {source}", path.display());
                self.bad(&name.span(), problem)
            }
            other => other,
        })
    }

    /// A path relative to the script.
    fn beside(&self, name: &str) -> Result<PathBuf, String> {
        let relative = Path::new(name);
        if relative.components().any(|c| matches!(c, Component::RootDir | Component::Prefix(_))) {
            return Err(format!("{name} is not relative to the script"));
        }
        Ok(self.path.parent().unwrap_or(Path::new("")).join(relative))
    }

    fn at_least_one(&self, number: &Spanned<u64>) -> Result<u64, ScriptError> {
        match *number.get_ref() {
            0 => Err(self.bad(&number.span(), "must be at least 1".into())),
            number => Ok(number),
        }
    }

    fn wait(&self, millis: Option<&Spanned<u64>>) -> Result<Duration, ScriptError> {
        let Some(millis) = millis else { return Ok(Duration::ZERO) };
        if *millis.get_ref() > LONGEST_WAIT {
            return Err(self.bad(&millis.span(), "a wait of more than an hour".into()));
        }
        Ok(Duration::from_millis(*millis.get_ref()))
    }

    fn price(&self, raw: &RawPrice) -> Result<Price, ScriptError> {
        let usd = |held: &Spanned<f64>| {
            let amount = Usd::from_f64(*held.get_ref()).filter(|usd| usd.nanos() >= 0);
            amount.ok_or_else(|| {
                self.bad(&held.span(), "not a price in US dollars per million tokens".into())
            })
        };
        Ok(Price {
            input: usd(&raw.input)?,
            cache_read: usd(raw.cache_read.as_ref().unwrap_or(&raw.input))?,
            output: usd(&raw.output)?,
        })
    }

    fn group(&self, raw: Spanned<RawGroup>) -> Result<Group, ScriptError> {
        let span = raw.span();
        let raw = raw.into_inner();
        let prompt = RegexBuilder::new(raw.prompt.get_ref())
            .size_limit(LARGEST_REGEX)
            .build()
            .map_err(|e| self.bad(&raw.prompt.span(), format!("`prompt`: {e}")))?;
        if raw.turn.is_empty() {
            return Err(self.bad(&span, "a prompt without `[[on.turn]]`".into()));
        }
        Ok(Group {
            prompt,
            attempt: raw.attempt.as_ref().map(|n| self.at_least_one(n)).transpose()?,
            turns: raw.turn.into_iter().map(|t| self.turn(t)).collect::<Result<_, _>>()?,
        })
    }

    fn turn(&self, raw: Spanned<RawTurn>) -> Result<Turn, ScriptError> {
        let span = raw.span();
        let raw = raw.into_inner();
        let times = raw.text_times.as_ref().map_or(1, |t| *t.get_ref());
        if raw.text.len().saturating_mul(times) > LARGEST_TEXT {
            let megabytes = LARGEST_TEXT >> 20;
            return Err(self.bad(&span, format!("a text of more than {megabytes} MB")));
        }
        let calls: Vec<Call> =
            raw.calls.into_iter().map(|c| self.call(c)).collect::<Result<_, _>>()?;
        if raw.cut && raw.malformed {
            return Err(self.bad(&span, "`cut` and `malformed`: choose one".into()));
        }
        let fault = match (raw.cut, raw.malformed) {
            (true, _) => Some(Fault::Cut),
            (_, true) => Some(Fault::Malformed),
            _ => None,
        };
        Ok(Turn {
            text: raw.text.repeat(times),
            reasoning: raw.reasoning,
            finish: self.finish(raw.finish_reason.as_ref(), calls.is_empty())?,
            calls,
            repeat: raw.repeat.as_ref().map_or(Ok(1), |n| self.at_least_one(n))?,
            errors: raw.errors.iter().map(|e| self.error(e)).collect::<Result<_, _>>()?,
            fault,
            stall: self.wait(raw.stall_ms.as_ref())?,
        })
    }

    fn finish(
        &self,
        reason: Option<&Spanned<String>>,
        no_calls: bool,
    ) -> Result<Finish, ScriptError> {
        let Some(reason) = reason else {
            return Ok(if no_calls { Finish::Stop } else { Finish::ToolCalls });
        };
        match reason.get_ref().as_str() {
            "stop" => Ok(Finish::Stop),
            "tool_calls" => Ok(Finish::ToolCalls),
            "length" => Ok(Finish::Length),
            "content_filter" => Ok(Finish::ContentFilter),
            other => {
                let known = "stop, tool_calls, length, content_filter";
                let problem = format!("`finish_reason`: no `{other}` among {known}");
                Err(self.bad(&reason.span(), problem))
            }
        }
    }

    fn error(&self, raw: &Spanned<RawError>) -> Result<Fault, ScriptError> {
        let RawError { status, retry_after, cut, malformed } = raw.get_ref();
        match (status, cut, malformed) {
            (Some(status @ 400..=599), false, false) => {
                Ok(Fault::Status { status: *status, retry_after: *retry_after })
            }
            (None, true, false) if retry_after.is_none() => Ok(Fault::Cut),
            (None, false, true) if retry_after.is_none() => Ok(Fault::Malformed),
            _ => {
                let problem = "an error is { status = 400..599, retry_after = SECONDS }, { cut = true } or \
                               { malformed = true }";
                Err(self.bad(&raw.span(), problem.into()))
            }
        }
    }

    fn call(&self, raw: Spanned<Table>) -> Result<Call, ScriptError> {
        let span = raw.span();
        let bad = |problem: String| self.bad(&span, problem);
        let mut arguments = raw.into_inner();
        let Some(Value::String(tool)) = arguments.remove("tool") else {
            return Err(bad("a call without `tool = \"NAME\"`".into()));
        };
        let edits = arguments.remove("replace");
        match arguments.remove("from") {
            None if edits.is_some() => {
                return Err(bad("`replace` without `from`".into()));
            }
            None => {}
            Some(Value::String(from)) => {
                if arguments.contains_key("content") {
                    return Err(bad("`from` gives the `content`: leave one out".into()));
                }
                let text = self.file(&from).map_err(bad)?;
                let text = edited(text, edits).map_err(|p| bad(format!("`{from}`: {p}")))?;
                arguments.insert("content".into(), Value::String(text));
            }
            Some(_) => return Err(bad("`from` must be the path of a file".into())),
        }
        let arguments = serde_json::to_string(&arguments)
            .map_err(|e| bad(format!("arguments that are not JSON: {e}")))?;
        Ok(Call { tool, arguments })
    }

    /// The text of a file beside the script.
    fn file(&self, from: &str) -> Result<String, String> {
        let path = self.beside(from).map_err(|problem| format!("`from`: {problem}"))?;
        read_text(&path).map_err(|problem| match problem {
            Unread::Io(error) => format!("`from`: cannot read {}: {error}", path.display()),
            Unread::Text(problem) => format!("`from`: {}: {problem}", path.display()),
        })
    }
}

/// A text after `replace = [{ old, new }]`.
fn edited(mut text: String, edits: Option<Value>) -> Result<String, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Edit {
        old: String,
        new: String,
    }
    let Some(edits) = edits else { return Ok(text) };
    let edits: Vec<Edit> =
        edits.try_into().map_err(|e: toml::de::Error| format!("`replace`: {}", e.message()))?;
    for Edit { old, new } in edits {
        match text.matches(&old).count() {
            1 => text = text.replacen(&old, &new, 1),
            n => return Err(format!("`replace`: `{old}` occurs {n} times, not once")),
        }
        if text.len() > LARGEST_TEXT {
            return Err("`replace` makes it too long".into());
        }
    }
    Ok(text)
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
