//! Rules files: what they may say, what they extend, and how problems are reported.

use super::*;

const HEAD: &str = "[rules]\nname = 'mine'\nextends = ['default']\n";

fn problems(text: &str) -> Vec<String> {
    let error = FailureRules::parse("mine.toml", text).unwrap_err().to_string();
    error.lines().map(str::to_owned).collect()
}

#[test]
fn the_built_in_rules_name_every_cause_and_say_what_they_mean() {
    let rules = FailureRules::built_in().unwrap();
    // What no rule explains is unknown.
    for (cause, word) in Cause::WORDS.iter().filter(|(cause, _)| *cause != Cause::Unknown) {
        assert!(rules.rules.iter().any(|r| r.cause == *cause && r.primary), "{word}");
    }
    assert!(rules.rules.iter().all(|r| r.doc.len() > 20 && r.file == "default.toml"));
    assert_eq!(FailureRules::load("default").unwrap().rules.len(), rules.rules.len());
}

#[test]
fn a_file_extends_overrides_and_switches_off() {
    let text = format!(
        "{HEAD}\
        [commands]\nbuild = ['^remake$']\nmine = ['^x$']\n\
        [[rule]]\nname = 'new'\ncause = 'loop'\nconfidence = 'low'\nfield = 'identical_actions'\nat_least = 2\nexempt = ['mine']\ndoc = 'd'\n\
        [[rule]]\nname = 'tests_failed'\ncause = 'gave_up'\nconfidence = 'low'\nfield = 'tests_failed'\nat_least = 1\ndoc = 'd'\n\
        [[rule]]\nname = 'timeout_error'\nenabled = false\n"
    );
    let (base, rules) =
        (FailureRules::built_in().unwrap(), FailureRules::parse("mine.toml", &text).unwrap());
    assert_eq!(rules.name, "mine");
    assert_eq!(rules.rules.len(), base.rules.len(), "one more, one less");
    assert_eq!(rules.rules[0].name, "new", "own rules come first");
    assert_eq!(rules.rules[0].exempt, rules.commands.bit("mine").unwrap());
    assert_eq!(rules.rule("tests_failed").unwrap().cause, Cause::GaveUp);
    assert!(rules.rule("timeout_error").is_none());
    assert_eq!(rules.commands.names().collect::<Vec<_>>(), ["build", "test", "mine"]);
    assert_eq!(rules.rule("tests_failed").unwrap().line, 16);
}

#[test]
fn every_problem_names_its_file_and_line() {
    let rule = |lines: &str| format!("[rules]\nname = 'x'\n[[rule]]\nname = 'r'\n{lines}");
    let full = "cause = 'loop'\nconfidence = 'low'\ndoc = 'd'\n";
    for (text, expected) in [
        ("[rules\n".to_owned(), "mine.toml:1: "),
        ("[rules]\nname = 'x'\nzz = 1\n".to_owned(), "mine.toml:3: unknown field `zz`"),
        (rule(""), "mine.toml:4: rule `r`: needs `field`"),
        (rule("cause = 'tired'\n"), "mine.toml:5: unknown variant `tired`"),
        (
            rule(&format!("{full}field = 'mood'\npattern = 'x'\n")),
            "mine.toml:8: rule `r`: `mood` is no field; fields are llm_error",
        ),
        (rule(&format!("{full}field = 'llm_error'\n")), "mine.toml:4: rule `r`: needs `pattern`"),
        (
            rule(&format!("{full}field = 'llm_error'\npattern = '('\n")),
            "mine.toml:9: rule `r`: `pattern`: error: unclosed group",
        ),
        (
            rule(&format!("{full}field = 'llm_error'\npattern = '(\\w{{900}}){{900}}'\n")),
            "mine.toml:9: rule `r`: `pattern`: Compiled regex exceeds size limit",
        ),
        (
            rule(&format!("{full}field = 'score'\n")),
            "mine.toml:4: rule `r`: needs `at_least` or `at_most`",
        ),
        (
            rule(&format!("{full}field = 'score'\npattern = 'x'\nat_least = 1\n")),
            "mine.toml:4: rule `r`: `score` is a number",
        ),
        (
            rule(&format!("{full}field = 'exit_code'\nat_least = 1\ncount = 0\n")),
            "mine.toml:10: rule `r`: `count` is a whole number from 1",
        ),
        (
            rule(&format!("{full}field = 'exit_code'\nat_least = 1\nshare = 1.5\n")),
            "mine.toml:10: rule `r`: `share` is a number from 0 to 1",
        ),
        (
            rule(&format!("{full}field = 'score'\nat_least = 1\nexempt = ['build']\n")),
            "mine.toml:4: rule `r`: `exempt` has no meaning for `score`",
        ),
        (
            rule(&format!("{full}field = 'alternation'\nat_least = 1\nexempt = ['no']\n")),
            "mine.toml:4: rule `r`: there is no group of commands `no`",
        ),
        (
            rule(&format!("{full}field = 'score'\nat_least = 1\nend_reasons = ['bored']\n")),
            "mine.toml:10: rule `r`: `bored` is no word of a trace",
        ),
        (
            rule(&format!("{full}field = 'score'\nat_least = 1\nhint = true\nprimary = true\n")),
            "mine.toml:4: rule `r`: a hint gives no label",
        ),
        (
            rule(&format!("{full}field = 'score'\nat_least = 1\n[[rule]]\nname = 'r'\n")),
            "mine.toml:11: rule `r` is there twice, first at line 4",
        ),
        (
            "[rules]\nname = 'x'\nextends = ['no.toml']\n".to_owned(),
            "mine.toml:3: `extends`: cannot read `no.toml`",
        ),
        ("[rules]\nname = 'x'\n[commands]\nb = ['(']\n".to_owned(), "mine.toml:4: commands `b`: "),
        ("[rules]\nname = 'x'\n[signature]\nlines = ['(']\n".to_owned(), "mine.toml:4: `lines`: "),
    ] {
        let found = problems(&text);
        assert!(found[0].starts_with(expected), "{found:?} for {expected}");
    }
}

#[test]
fn several_problems_are_reported_at_once() {
    let two = "[rules]\nname = 'x'\n[[rule]]\nname = 'a'\n[[rule]]\nname = 'b'\n";
    assert_eq!(
        problems(two),
        ["mine.toml:4: rule `a`: needs `field`", "mine.toml:6: rule `b`: needs `field`"]
    );
}

#[test]
fn files_that_extend_one_another_in_a_circle_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.toml"), folder.path().join("b.toml"));
    std::fs::write(&a, "[rules]\nname = 'a'\nextends = ['b.toml']\n").unwrap();
    std::fs::write(&b, "[rules]\nname = 'b'\nextends = ['a.toml']\n").unwrap();
    let error = FailureRules::load(&a.to_string_lossy()).unwrap_err().to_string();
    assert!(error.contains("b.toml:3: rules extend one another in a circle"), "{error}");
    let missing = folder.path().join("none.toml");
    let error = FailureRules::load(&missing.to_string_lossy()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
}
