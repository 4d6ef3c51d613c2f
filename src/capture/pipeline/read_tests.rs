//! Pipeline files that can be run, and what is said of those that cannot.

use super::*;
use crate::capture::pipeline::ScoreParser;

fn load(text: &str) -> Result<Pipeline, String> {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("prompts/T0.md", "Do it."),
        ("golden/a.rs", "fn main() {}"),
        ("workspace/README.md", "Here."),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    let file = folder.path().join("pipeline.toml");
    std::fs::write(&file, text).unwrap();
    Pipeline::load(&file).map_err(|error| {
        let root = std::fs::canonicalize(folder.path()).unwrap();
        let text = error.to_string().replace(&format!("{}/", root.display()), "");
        text.replace(&format!("{}/", folder.path().display()), "")
    })
}

const SMALL: &str =
    "[pipeline]\nname = \"w\"\n[[stage]]\nname = \"T0\"\nprompt = \"prompts/T0.md\"\n";

#[test]
fn a_small_file_has_defaults() {
    let pipeline = load(SMALL).unwrap();
    assert_eq!((pipeline.name.as_str(), pipeline.retries), ("w", 0));
    assert_eq!((pipeline.recovery, pipeline.conversation), (Recovery::Never, Conversation::Run));
    assert_eq!(pipeline.budget, Budget::default());
    assert_eq!(pipeline.protocol(), "recovery-off");
    let stage = &pipeline.stages[0];
    assert_eq!((stage.prompt.as_str(), stage.gate, stage.weight), ("Do it.", 60.0, 1.0));
    assert_eq!((&stage.score, stage.grade_time.as_secs()), (&ScoreParser::ExitCode, 600));
}

#[test]
fn a_whole_file_is_read() {
    let pipeline = load(
        r#"
[pipeline]
name = "w"
workspace = "workspace"
setup = "make"
recovery = "on-failure"
conversation = "stage"
retries = 2
retry_prompt_text = "again: {output}"
[budget]
seconds = 90
usd = 0.25
calls = 40
[[stage]]
name = "T0"
title = "Set-up"
prompt_text = "go"
setup = "true"
grade = "make test"
grade_seconds = 5
score = "yatcc"
gate = 100
weight = 2
seconds = 1.5
golden = { "src/a.rs" = "golden/a.rs" }
[[stage]]
name = "T1"
prompt_text = "go on"
score = { format = "regex", pattern = '(?P<score>\d+)%' }
[[stage]]
name = "T2"
prompt_text = "go on"
score = { format = "json", from = "stdout", score = "$.sum[0]", max = 5 }
artifacts = ["out"]
"#,
    )
    .unwrap();
    assert_eq!(pipeline.protocol(), "recovery+retries");
    assert_eq!(pipeline.budget.usd, Usd::parse("0.25"));
    assert_eq!(pipeline.budget.time, Some(Duration::from_secs(90)));
    let stage = &pipeline.stages[0];
    assert_eq!(stage.golden[0].to, PathBuf::from("src/a.rs"));
    assert_eq!(stage.golden[0].from, pipeline.folder.join("golden/a.rs"));
    assert_eq!(stage.artifacts, [PathBuf::from("src/a.rs")]);
    assert_eq!(stage.time, Some(Duration::from_millis(1500)));
    assert!(format!("{:?}", stage.score).contains("build/test/task0/score.json"));
    assert_eq!(pipeline.stages[2].artifacts, [PathBuf::from("out")]);
}

#[test]
fn every_problem_names_its_line() {
    let stage = |lines: &str| format!("{SMALL}{lines}\n");
    let cases = [
        (String::new(), "pipeline.toml:1: missing field `pipeline`"),
        ("[pipeline]\nname = \"w\"\n".to_owned(), "pipeline.toml:1: there is no [[stage]]"),
        (SMALL.replace("\"w\"", "\" \""), "pipeline.toml:2: `name` is empty"),
        (SMALL.replace("T0.md", "T9.md"), "pipeline.toml:5: `prompts/T9.md` is not there"),
        (
            SMALL.replace("prompts/T0.md", "../x"),
            "pipeline.toml:5: `../x` is not below the pipeline's folder",
        ),
        (SMALL.replace("prompt = ", "title = "), "pipeline.toml:4: a stage needs a `prompt`"),
        (
            stage("prompt_text = \"x\""),
            "pipeline.toml:6: `prompt` and `prompt_text` are one too many",
        ),
        (stage("gate = 101"), "pipeline.toml:6: `gate` must be 0 to 100: 101"),
        (stage("weight = -1"), "pipeline.toml:6: `weight` must be 0 to 1000: -1"),
        (stage("seconds = 0"), "pipeline.toml:6: seconds must be above 0"),
        (stage("seconds = nan"), "pipeline.toml:6: seconds must be above 0"),
        (
            stage("score = \"pytest\""),
            "pipeline.toml:6: `pytest` is none of exit-code, score.json, yatcc",
        ),
        (
            stage("score = { format = \"xml\" }"),
            "pipeline.toml:6: `xml` is none of json, regex, autograder",
        ),
        (
            stage("score = { format = \"regex\" }"),
            "pipeline.toml:6: format `regex` needs a `pattern`",
        ),
        (
            stage("score = { format = \"regex\", pattern = \"(\" }"),
            "pipeline.toml:6: regex parse error",
        ),
        (stage("score = { format = \"regex\", pattern = \"x\" }"), "needs a group named `score`"),
        (
            stage("score = { format = \"json\", score = \"a.*\" }"),
            "pipeline.toml:6: `a.*` is no path",
        ),
        (stage("score = { format = \"json\", max = 0 }"), "pipeline.toml:6: `max` must be above 0"),
        (stage("score = { format = \"json\", pattern = \"x\" }"), "does not take pattern"),
        (
            stage("golden = { \"/etc\" = \"golden\" }"),
            "pipeline.toml:6: `/etc` is not below the workspace",
        ),
        (stage("golden = { \"a\" = \"nowhere\" }"), "pipeline.toml:6: `nowhere` is not there"),
        (stage("colour = 1"), "pipeline.toml:6: unknown field `colour`"),
        (
            stage("[[stage]]\nname = \"T0\"\nprompt_text = \"x\""),
            "pipeline.toml:7: a second stage named `T0`",
        ),
        (stage("[budget]\nusd = -1"), "pipeline.toml:7: `usd` must be money above 0"),
        (
            SMALL.replace("name = \"w\"", "name = \"w\"\nrecovery = \"yes\""),
            "pipeline.toml:3: `yes` is none of never, on-failure, golden-inputs",
        ),
        (
            SMALL.replace("name = \"w\"", "name = \"w\"\nworkspace = \"golden/a.rs\""),
            "pipeline.toml:3: `golden/a.rs` is no folder",
        ),
    ];
    for (text, expected) in cases {
        let error = load(&text).expect_err(&text);
        assert!(error.contains(expected), "{text}\n-> {error}\nnot {expected}");
    }
}

#[test]
fn a_folder_stands_for_its_pipeline_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = SMALL.replace("prompt = \"prompts/T0.md\"", "prompt_text = \"x\"");
    std::fs::write(folder.path().join("pipeline.toml"), text).unwrap();
    assert_eq!(Pipeline::load(folder.path()).unwrap().stages.len(), 1);
    assert!(Pipeline::load(&folder.path().join("other.toml")).is_err());
}
