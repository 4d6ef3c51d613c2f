//! How an agent is started: its command, with places for the prompt, the model and the addresses of the recorder.

use super::error::RunError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

const BUILT_IN: &str = include_str!("agents.toml");

/// The agent that does nothing: what a workload scores without any work.
pub const DO_NOTHING: &str = "do-nothing";

/// How to start an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name in traces.
    pub name: String,
    /// The command of the first prompt; none for the agent that does nothing.
    command: Option<Vec<Word>>,
    /// The command of later prompts of the same conversation; none when each prompt begins anew.
    again: Option<Vec<Word>>,
    /// Environment variables.
    env: BTreeMap<String, String>,
}

/// An agent that is built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Its name.
    pub name: String,
    /// What it runs.
    pub about: String,
    /// Its program.
    pub program: String,
}

/// One argument, or several that stand or fall together.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Word {
    One(String),
    Group(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    agent: BTreeMap<String, RawAgent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAgent {
    #[serde(default)]
    about: String,
    command: Vec<Word>,
    again: Option<Vec<Word>>,
    #[serde(default)]
    env: BTreeMap<String, String>,
}

/// A command that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) argv: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    /// Whether the prompt comes on standard input.
    pub(super) prompt_on_stdin: bool,
}

impl Agent {
    /// The agent that a command line names: a built-in one, a TOML file with one `[agent.NAME]`, or a command.
    pub fn find(text: &str) -> Result<Self, RunError> {
        if text == DO_NOTHING {
            return Ok(Self {
                name: DO_NOTHING.to_owned(),
                command: None,
                again: None,
                env: BTreeMap::new(),
            });
        }
        if Path::new(text).extension().is_some_and(|e| e == "toml") {
            return Self::load(Path::new(text));
        }
        let mut built_in = parse("agents.toml", BUILT_IN)?.agent;
        if let Some(raw) = built_in.remove(text) {
            return Ok(Self::of(text, raw));
        }
        Self::of_command(text).ok_or_else(|| {
            let names = built_in.into_keys().collect();
            RunError::UnknownAgent { agent: text.to_owned(), names }
        })
    }

    /// The built-in agents.
    pub fn presets() -> Result<Vec<Preset>, RunError> {
        let agents = parse("agents.toml", BUILT_IN)?.agent.into_iter();
        Ok(agents
            .map(|(name, raw)| Preset { name, about: raw.about, program: program(&raw.command) })
            .collect())
    }

    fn load(path: &Path) -> Result<Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(RunError::io("read", path))?;
        let mut agents = parse(&path.to_string_lossy(), &text)?.agent;
        match (agents.pop_first(), agents.is_empty()) {
            (Some((name, raw)), true) if !raw.command.is_empty() => Ok(Self::of(&name, raw)),
            _ => Err(RunError::BadAgent {
                file: path.display().to_string(),
                problem: "it must have one [agent.NAME] with a command".to_owned(),
            }),
        }
    }

    fn of(name: &str, raw: RawAgent) -> Self {
        let RawAgent { command, again, env, .. } = raw;
        Self { name: name.to_owned(), command: Some(command), again, env }
    }

    /// A command line with places, as a shell would split it; a single word is a command when there is such a program.
    fn of_command(text: &str) -> Option<Self> {
        let words = shlex::split(text).filter(|words| !words.is_empty())?;
        let program = Path::new(&words[0]);
        if words.len() == 1 && !is_program(program) {
            return None;
        }
        let name = program.file_name()?.to_string_lossy().into_owned();
        let command = Some(words.into_iter().map(Word::One).collect());
        Some(Self { name, command, again: None, env: BTreeMap::new() })
    }

    /// Whether it does nothing at all.
    pub fn does_nothing(&self) -> bool {
        self.command.is_none()
    }

    /// Whether it can go on with a conversation.
    pub fn remembers(&self) -> bool {
        self.again.is_some()
    }

    /// The command for a prompt; `None` when it does nothing.
    pub(super) fn invocation(
        &self,
        goes_on: bool,
        values: &BTreeMap<&str, String>,
    ) -> Option<Invocation> {
        let words = if goes_on { self.again.as_ref() } else { None }.or(self.command.as_ref())?;
        let mut argv = Vec::new();
        let mut takes_prompt = false;
        for word in words {
            let parts = match word {
                Word::One(text) => std::slice::from_ref(text),
                Word::Group(texts) => texts.as_slice(),
            };
            let filled: Vec<Option<String>> = parts.iter().map(|text| fill(text, values)).collect();
            takes_prompt |=
                parts.iter().any(|t| t.contains("{prompt}") || t.contains("{prompt_file}"));
            match word {
                Word::Group(_) if filled.iter().any(Option::is_none) => {}
                _ => argv.extend(
                    filled.into_iter().zip(parts).map(|(f, p)| f.unwrap_or_else(|| p.clone())),
                ),
            }
        }
        let env =
            self.env.iter().filter_map(|(key, text)| Some((key.clone(), fill(text, values)?)));
        Some(Invocation { argv, env: env.collect(), prompt_on_stdin: !takes_prompt })
    }
}

fn parse(file: &str, text: &str) -> Result<File, RunError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = 1 + text.get(..at).unwrap_or(text).matches('\n').count();
        RunError::BadAgent { file: format!("{file}:{line}"), problem: error.message().to_owned() }
    })
}

/// Whether this is a file, or a program on the path.
fn is_program(name: &Path) -> bool {
    if name.components().count() > 1 {
        return name.is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn program(command: &[Word]) -> String {
    match command.first() {
        Some(Word::One(text)) => text.clone(),
        Some(Word::Group(texts)) => texts.first().cloned().unwrap_or_default(),
        None => String::new(),
    }
}

/// The text with its places filled; `None` when a value is not known. Braces around anything else stay.
fn fill(text: &str, values: &BTreeMap<&str, String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, after) = rest.split_at(start);
        out.push_str(before);
        let place = after[1..].split('}').next().filter(|name| PLACES.contains(name));
        if let Some(name) = place.filter(|name| after.len() > name.len() + 1) {
            out.push_str(values.get(name)?);
            rest = &after[name.len() + 2..];
        } else {
            out.push('{');
            rest = &after[1..];
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Places of a command.
const PLACES: &[&str] = &[
    "prompt",
    "prompt_file",
    "model",
    "session",
    "session_file",
    "workspace",
    "openai_base_url",
    "anthropic_base_url",
    "otlp_endpoint",
    "ramptrace",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn values(model: Option<&str>) -> BTreeMap<&'static str, String> {
        let mut values = BTreeMap::from([
            ("prompt", "say {model}".to_owned()),
            ("session", "7f".to_owned()),
            ("openai_base_url", "http://127.0.0.1:1/v1".to_owned()),
        ]);
        values.extend(model.map(|model| ("model", model.to_owned())));
        values
    }

    #[test]
    fn a_preset_goes_on_with_its_conversation() {
        let claude = Agent::find("claude-code").unwrap();
        let first = claude.invocation(false, &values(Some("opus"))).unwrap();
        assert_eq!(first.argv[..2], ["claude", "--print"]);
        assert!(first.argv.ends_with(&["--session-id".to_owned(), "7f".to_owned()]));
        assert!(first.argv.windows(2).any(|pair| pair == ["--model", "opus"]));
        assert!(first.prompt_on_stdin && claude.remembers());
        let later = claude.invocation(true, &values(None)).unwrap();
        assert!(later.argv.contains(&"--resume".to_owned()));
        assert!(!later.argv.contains(&"--model".to_owned()), "no model, no flag");
    }

    #[test]
    fn values_are_put_in_once_and_other_braces_stay() {
        let agent = Agent::find("sh -c 'awk \"{ print {prompt} }\"' {").unwrap();
        let call = agent.invocation(true, &values(Some("m"))).unwrap();
        assert_eq!(call.argv, ["sh", "-c", "awk \"{ print say {model} }\"", "{"]);
        assert!(!call.prompt_on_stdin);
        let codex = Agent::find("codex").unwrap().invocation(false, &values(Some("m"))).unwrap();
        let provider = codex.argv.iter().find(|a| a.starts_with("model_providers")).unwrap();
        assert!(provider.contains("{name=\"ramptrace\",base_url=\"http://127.0.0.1:1/v1\""));
    }

    #[test]
    fn every_preset_can_be_started() {
        let presets = Agent::presets().unwrap();
        assert_eq!(presets.len(), 7);
        for preset in presets {
            assert!(!preset.program.is_empty() && !preset.about.is_empty(), "{}", preset.name);
            assert!(Agent::find(&preset.name).unwrap().invocation(false, &values(None)).is_some());
        }
    }

    #[test]
    fn what_is_no_agent_is_refused_with_the_names_of_those_that_are() {
        let error = Agent::find("claud-code").unwrap_err().to_string();
        assert!(error.contains("claud-code"), "{error}");
        assert!(Agent::find("").is_err());
        assert!(Agent::find(DO_NOTHING).unwrap().does_nothing());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        std::fs::write(&file, "[agent.mine]\ncommand = [\"sh\"]\n").unwrap();
        assert_eq!(Agent::find(file.to_str().unwrap()).unwrap().name, "mine");
        for (text, problem) in [
            ("", "missing field"),
            ("[agent]\n", "one [agent.NAME]"),
            ("[agent.a]\ncommand = []\n", "one [agent.NAME]"),
            ("[agent.a]\ncommand = [\"x\"]\n[agent.b]\ncommand = [\"y\"]\n", "one [agent.NAME]"),
            ("[agent.a]\ncommand = 3\n", "mine.toml:2"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Agent::find(file.to_str().unwrap()).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
