//! Texts as long as real ones, and about as compressible.
//!
//! What an agent reads and writes is the same few files and the same output over and over, slightly changed. So a text is
//! a run of lines out of a fixed body of source code, build output and prose, with other numbers in some of them.

use super::Dice;
use super::published::{SYSTEM_PROMPT, TOOL_DESCRIPTIONS};
use crate::trace::{Event, ToolKind};
use serde_json::{Value, json};

/// Lines of the body.
const LINES: i64 = 6000;
/// Lines of a thousand that get other numbers, in what is said and printed, and in copies of files.
const CHANGED: i64 = 700;
const CHANGED_IN_COPIES: i64 = 220;

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "token", "parser", "lexer", "visitor", "node", "scope", "symbol", "type", "block", "value", "builder", "module", "context", "operand", "branch",
    "literal", "declaration", "expression", "statement", "function", "argument", "result", "source", "target", "buffer", "offset", "cursor", "table",
    "entry", "frame", "label", "global", "constant", "register", "instruction", "loop", "phi", "graph", "edge", "queue",
];
#[rustfmt::skip]
const SENTENCES: &[&str] = &[
    "Now let me look at the {a} of the {b}.", "The {a} is wrong because the {b} is read twice.", "Der {a} übernimmt den {b}: größer als vorher.",
    "I will add the missing {a} and run the {b} again.", "error: expected '{a}' before '{b}' token", "[ {n}%] Building CXX object task/{n}/CMakeFiles/{a}.dir/{b}.cpp.o",
    "/workspace/task/{n}/{a}.cpp:{n}:{n}: warning: unused variable '{b}' [-Wunused-variable]", "test_case_{n} ({a}, {b}): 100.00 of 100.00",
];
#[rustfmt::skip]
const CODE: &[&str] = &[
    "  auto {a} = self->{b}({n});", "  if ({a}->kind == {b}Kind::k{n}) {", "  }", "  return {a}.{b}();", "    case k{n}: return make<{a}>({b});", "",
    "static const std::unordered_map<std::string, {a}> k{b}s{n};", "// the {a} owns its {b}", "std::vector<{a}*> {b}s;", "  {a}.push_back({b}[{n}]);",
    "{a}::operator()(const {b}* node) {", "    throw std::runtime_error(\"{a}: no {b}\");", "#include \"{a}.hpp\"", "  %{n} = load i32, i32* %{a}.{n}, align 4",
];

/// The body of lines, and what is the same in every run.
#[derive(Debug)]
pub(super) struct Corpus {
    lines: Vec<String>,
    system_prompt: String,
    tool_descriptions: String,
}

impl Corpus {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, u64::MAX);
        let lines = (0..LINES).map(|line| made_line(line, &mut dice)).collect();
        let mut corpus =
            Self { lines, system_prompt: String::new(), tool_descriptions: String::new() };
        corpus.system_prompt = corpus.prose(&mut dice, SYSTEM_PROMPT);
        let description = corpus.prose(&mut dice, TOOL_DESCRIPTIONS - 700);
        corpus.tool_descriptions = json!({"tools": [{"description": description}]}).to_string();
        corpus
    }

    pub(super) fn system_prompt(&self) -> &str {
        &self.system_prompt
    }

    pub(super) fn tool_descriptions(&self) -> &str {
        &self.tool_descriptions
    }

    /// Lines of so many characters together.
    pub(super) fn prose(&self, dice: &mut Dice, characters: i64) -> String {
        self.lines(dice, characters, CHANGED)
    }

    fn lines(&self, dice: &mut Dice, characters: i64, changed: i64) -> String {
        let length = usize::try_from(characters).unwrap_or_default();
        let mut text = String::with_capacity(length + 120);
        let mut at = usize::try_from(dice.below(LINES)).unwrap_or_default();
        while text.len() < length {
            let line = &self.lines[at % self.lines.len()];
            if dice.per_mille(changed) {
                push_changed(&mut text, line, dice);
            } else {
                text.push_str(line);
            }
            text.push('\n');
            at += 1;
        }
        text.truncate(text.floor_char_boundary(length));
        text
    }

    /// Arguments of a call, as JSON.
    pub(super) fn arguments(&self, dice: &mut Dice, kind: ToolKind, characters: i64) -> String {
        // The frame takes some characters, escaping some more.
        let (key, frame) = match kind {
            ToolKind::Shell => ("command", 60),
            ToolKind::Edit => ("new_str", 90),
            _ => ("message", 30),
        };
        let text = self.prose(dice, (characters - frame).max(0) * 19 / 20);
        let mut arguments = json!({ key: text });
        match kind {
            ToolKind::Shell => arguments["summary"] = "Run the tests of this task".into(),
            ToolKind::Edit => {
                let (task, name) = (dice.below(6), dice.one_of::<&str>(NAMES));
                arguments["command"] = "str_replace".into();
                arguments["path"] = format!("/workspace/task/{task}/{name}.cpp").into();
            }
            _ => {}
        }
        arguments.to_string()
    }

    /// What an importer keeps of a tool call: who ran it, and the file before an edit.
    pub(super) fn attributes(&self, dice: &mut Dice, tool: &str, characters: i64) -> String {
        let mut kept = json!({"security_risk": "UNKNOWN", "kind": format!("{tool}_observation")});
        if characters > 300 {
            kept["metadata"] = json!({
                "exit_code": 0, "pid": -1, "username": "root", "hostname": "workspace", "working_dir": "/workspace",
                "py_interpreter_path": "", "prefix": "", "suffix": "\n[The command completed with exit code 0.]",
            });
        }
        if characters > 500 {
            let before = self.lines(dice, (characters - 300) * 19 / 20, CHANGED_IN_COPIES);
            kept["old_content"] = before.into();
        }
        kept.to_string()
    }

    /// What an importer keeps of an answered call: its usage as it was logged, and what the model thought.
    pub(super) fn usage(&self, call: &Event, model: &str, dice: &mut Dice) -> String {
        let (input, output) = (call.input_tokens.unwrap_or(0), call.output_tokens.unwrap_or(0));
        let mut kept = json!({"usage": {
            "model": format!("openai/{model}"), "prompt_tokens": input, "completion_tokens": output,
            "cache_read_tokens": call.cache_read_tokens, "cache_write_tokens": 0, "reasoning_tokens": call.reasoning_tokens,
            "context_window": 0, "per_turn_token": input + output, "response_id": call.response_id,
        }});
        let thought = call.reasoning_tokens.unwrap_or(0);
        if thought > 0 {
            kept["reasoning_content"] = self.prose(dice, thought * 4).into();
        }
        kept.to_string()
    }

    /// What a provider says when it does not answer.
    pub(super) fn refusal(&self, error: &str) -> String {
        let reason: &Value = &json!({"error": {"type": error, "message": self.lines[0]}});
        format!("{error}: the request was not answered. {reason}")
    }
}

fn made_line(number: i64, dice: &mut Dice) -> String {
    // A hundred lines of code, then twenty of what people and compilers say.
    let forms = if number % 120 < 100 { CODE } else { SENTENCES };
    let (first, second) = (*dice.one_of(NAMES), *dice.one_of(NAMES));
    let mut line = dice.one_of(forms).replace("{a}", first).replace("{b}", second);
    while let Some(at) = line.find("{n}") {
        line.replace_range(at..at + 3, &dice.below(400).to_string());
    }
    line
}

/// The line with other digits.
fn push_changed(text: &mut String, line: &str, dice: &mut Dice) {
    let mut bits = dice.roll();
    for character in line.chars() {
        if character.is_ascii_digit() {
            text.push(char::from(b'0' + (bits % 10) as u8));
            bits /= 10;
        } else {
            text.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_as_long_as_asked_and_arguments_are_json() {
        let (corpus, mut dice) = (Corpus::new(1), Dice::new(1, 1));
        for characters in [0, 1, 29, 700, 30_000] {
            let text = corpus.prose(&mut dice, characters);
            let length = i64::try_from(text.len()).unwrap();
            assert!(characters - length < 4 && length <= characters, "{length} of {characters}");
        }
        for kind in [ToolKind::Shell, ToolKind::Edit, ToolKind::Plan] {
            let arguments = corpus.arguments(&mut dice, kind, 5000);
            assert!((4500..6500).contains(&arguments.len()), "{}", arguments.len());
            assert!(serde_json::from_str::<Value>(&arguments).unwrap().is_object());
        }
        let kept = corpus.attributes(&mut dice, "terminal", 9000);
        assert!(serde_json::from_str::<Value>(&kept).unwrap()["old_content"].is_string());
    }
}
