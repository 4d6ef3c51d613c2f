//! Scripts that can be read, and what is said of those that cannot.

use super::*;

fn read(text: &str) -> Result<Script, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.toml");
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("golden.rs"), "fn main() {\n    one();\n}\n").unwrap();
    std::fs::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
    read_script(&path).map_err(|error| {
        assert!(error.hint().is_some() && error.is_data_fault());
        error.to_string().replace(&format!("{}/", folder.path().display()), "")
    })
}

const TURN: &str = "[[on]]\nprompt = \"a\"\n[[on.turn]]\ntext = \"b\"\n";

#[test]
fn a_small_script_has_defaults() {
    let script = read(TURN).unwrap();
    assert!(script.context_limit.is_none() && script.price.is_none());
    assert_eq!((script.pace.first_token, script.pace.token), (Duration::ZERO, Duration::ZERO));
    let turn = &script.groups[0].turns[0];
    assert_eq!((turn.text.as_str(), turn.repeat, turn.finish), ("b", 1, Finish::Stop));
    assert!(turn.calls.is_empty() && turn.errors.is_empty() && turn.fault.is_none());
    assert!(script.groups[0].attempt.is_none());
}

#[test]
fn a_whole_script_is_read() {
    let script = read(
        r#"
context_limit = 1000
first_token_ms = 5
token_ms = 2
[price]
input = 3
output = 0.25
[[on]]
prompt = "(?i)stage t\\d"
attempt = 2
[[on.turn]]
text = "ab"
text_times = 3
reasoning = "c"
calls = [
  { tool = "bash", command = "ls", timeout = 5 },
  { tool = "write_file", path = "a.rs", from = "golden.rs", replace = [{ old = "one()", new = "two()" }] },
]
finish_reason = "length"
repeat = 4
errors = [{ status = 429, retry_after = 0 }, { cut = true }, { malformed = true }, { status = 503 }]
stall_ms = 7
cut = true
"#,
    )
    .unwrap();
    assert_eq!(script.context_limit, Some(1000));
    assert_eq!(script.pace.first_token, Duration::from_millis(5));
    let price = script.price.unwrap();
    assert_eq!((price.input, price.cache_read), (Usd::parse("3").unwrap(), price.input));
    assert_eq!(price.output, Usd::parse("0.25").unwrap());
    let group = &script.groups[0];
    assert!(group.prompt.is_match("this is Stage T1.") && group.attempt == Some(2));
    let turn = &group.turns[0];
    assert_eq!((turn.text.as_str(), turn.reasoning.as_str(), turn.repeat), ("ababab", "c", 4));
    assert_eq!((turn.finish, turn.fault), (Finish::Length, Some(Fault::Cut)));
    assert_eq!(turn.calls[0].arguments, r#"{"command":"ls","timeout":5}"#);
    assert_eq!(
        turn.calls[1].arguments,
        r#"{"content":"fn main() {\n    two();\n}\n","path":"a.rs"}"#
    );
    assert_eq!(turn.errors.len(), 4);
    assert_eq!(turn.errors[0], Fault::Status { status: 429, retry_after: Some(0) });
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let turn = |line: &str| format!("[[on]]\nprompt = \"a\"\n[[on.turn]]\n{line}\n");
    for (text, expected) in [
        (String::new(), "m.toml:1: no `[[on]]`"),
        ("[[on]]\nprompt = \"a".into(), "m.toml:2: "),
        ("[[on]]\nprompt = \"a\"\n".into(), "m.toml:1: a prompt without `[[on.turn]]`"),
        ("\n[[on]]\n".into(), "m.toml:2: missing field `prompt`"),
        (turn("").replace("\"a\"", "\"(\""), "m.toml:2: `prompt`: regex parse error"),
        (turn("").replace("\"a\"", "\"(a{1000}){1000}\""), "m.toml:2: `prompt`: Compiled regex"),
        (format!("colour = 1\n{TURN}"), "m.toml:1: unknown field `colour`"),
        (format!("context_limit = 0\n{TURN}"), "m.toml:1: must be at least 1"),
        (format!("context_limit = -1\n{TURN}"), "m.toml:1: invalid value"),
        (format!("token_ms = 3600001\n{TURN}"), "m.toml:1: a wait of more than an hour"),
        (format!("[price]\ninput = 1\n{TURN}"), "m.toml:1: missing field `output`"),
        (format!("[price]\ninput = 1\noutput = -2\n{TURN}"), "m.toml:3: not a price"),
        (format!("[price]\ninput = nan\noutput = 2\n{TURN}"), "m.toml:2: not a price"),
        (format!("[price]\ninput = 1e300\noutput = 2\n{TURN}"), "m.toml:2: not a price"),
        (turn("texts = \"b\""), "m.toml:4: unknown field `texts`"),
        (turn("repeat = 0"), "m.toml:4: must be at least 1"),
        (turn("finish_reason = \"tired\""), "m.toml:4: `finish_reason`: no `tired` among stop"),
        (turn("text = \"b\"\ntext_times = 99999999"), "m.toml:3: a text of more than 64 MB"),
        (turn("cut = true\nmalformed = true"), "m.toml:3: `cut` and `malformed`: choose one"),
        (turn("errors = [{ status = 200 }]"), "m.toml:4: an error is { status = 400..599"),
        (turn("errors = [{}]"), "m.toml:4: an error is"),
        (turn("errors = [\n{ cut = true, status = 500 }]"), "m.toml:5: an error is"),
        (turn("calls = [{ command = \"ls\" }]"), "m.toml:4: a call without `tool = \"NAME\"`"),
        (turn("calls = [{ tool = 3 }]"), "m.toml:4: a call without `tool"),
        (turn("calls = [{ tool = \"w\", from = 3 }]"), "m.toml:4: `from` must be the path"),
        (
            turn("calls = [{ tool = \"w\", from = \"no.rs\" }]"),
            "m.toml:4: `from`: cannot read no.rs",
        ),
        (
            turn("calls = [{ tool = \"w\", from = \"/etc/passwd\" }]"),
            "m.toml:4: `from`: /etc/passwd is not relative",
        ),
        (
            turn("calls = [{ tool = \"w\", from = \"binary\" }]"),
            "m.toml:4: `from`: binary: not UTF-8",
        ),
        (turn("calls = [{ tool = \"w\", from = \".\" }]"), "m.toml:4: `from`: .: not a file"),
        (
            turn("calls = [{ tool = \"w\", from = \"golden.rs\", content = \"\" }]"),
            "m.toml:4: `from` gives the `content`",
        ),
        (turn("calls = [{ tool = \"w\", replace = [] }]"), "m.toml:4: `replace` without `from`"),
        (
            turn(
                "calls = [{ tool = \"w\", from = \"golden.rs\", replace = [{ old = \"three\", new = \"\" }] }]",
            ),
            "m.toml:4: `golden.rs`: `replace`: `three` occurs 0 times, not once",
        ),
        (
            turn("calls = [{ tool = \"w\", from = \"golden.rs\", replace = [1] }]"),
            "m.toml:4: `golden.rs`: `replace`: ",
        ),
        (format!("extends = \"no.toml\"\n{TURN}"), "m.toml:1: `extends`: cannot read no.toml"),
        (
            format!("extends = \"m.toml\"\n{TURN}"),
            "m.toml:1: `extends`: more than 8 scripts, or a circle",
        ),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.starts_with(expected), "{text}\n{error}\n{expected}");
    }
}

#[test]
fn hostile_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.toml");
    std::fs::write(&path, [0xff, 0x00]).unwrap();
    assert!(read_script(&path).unwrap_err().to_string().ends_with("m.toml: not UTF-8 text"));
    let huge = std::fs::File::create(&path).unwrap();
    huge.set_len(LARGEST_FILE + 1).unwrap();
    assert!(read_script(&path).unwrap_err().to_string().ends_with("longer than 16 MB"));
    let deep = format!("[[on]]\nprompt = \"a\"\nturn = {}", "[".repeat(100_000));
    std::fs::write(&path, deep).unwrap();
    assert!(matches!(read_script(&path).unwrap_err(), ScriptError::Bad { .. }));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read_script(&path).unwrap_err(), ScriptError::Io { .. }));
}

#[test]
fn a_script_has_what_it_extends_after_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let base = format!("context_limit = 9\ntoken_ms = 3\n[price]\ninput = 1\noutput = 2\n{TURN}");
    std::fs::write(folder.path().join("base.toml"), base).unwrap();
    let path = folder.path().join("m.toml");
    let own = "extends = \"base.toml\"\ntoken_ms = 0\n[[on]]\nprompt = \"own\"\n[[on.turn]]\n";
    std::fs::write(&path, own).unwrap();
    let script = read_script(&path).unwrap();
    assert_eq!((script.context_limit, script.pace.token), (Some(9), Duration::ZERO));
    assert_eq!(script.price.unwrap().output, Usd::parse("2").unwrap());
    let prompts: Vec<&str> = script.groups.iter().map(|g| g.prompt.as_str()).collect();
    assert_eq!(prompts, ["own", "a"]);
}
