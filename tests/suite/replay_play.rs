//! `ramptrace replay`: played in a pipe and on a terminal, exported, and two runs compared; runs of the mini compiler.

use super::workspace::Workspace;
use ramptrace::trace::{Event, Kind, RunFacts, Store, TraceWriter};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};

/// The recorded runs in the repository.
fn store() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("sample-traces/mini-compiler/traces")
        .display()
        .to_string()
}

fn run_ids() -> Vec<String> {
    let store = Store::open(Path::new(&store())).expect("the sample store");
    store.entries().iter().map(|entry| entry.run.run_id.clone()).collect()
}

#[test]
fn a_pipe_gets_one_block_per_event() {
    let (space, store) = (Workspace::new(), store());
    for run in run_ids() {
        let text = space.ok(&["replay", &run, "--store", &store]);
        let blocks = text.lines().filter(|line| line.starts_with('#')).count();
        let rows = space.ok(&["show", &run, "--store", &store, "--format", "csv"]);
        assert_eq!(blocks, rows.lines().count() - 1, "{run}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{run}");
    }
    let text = space.ok(&["replay", "recovered-sloppy", "--store", &store, "--only", "failed"]);
    let failed: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(failed.len(), 3, "{failed:#?}");
    assert!(failed[2].contains("tool_call stage 4 bash -> exit 2"), "{failed:#?}");
    let text = space.ok(&[
        "replay",
        "recovered-sloppy",
        "--store",
        &store,
        "--from",
        "stage:2",
        "--only",
        "tool_call",
        "--search",
        "RUSTC --edition",
        "--speed",
        "1000",
    ]);
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    assert!(
        !found.is_empty() && found.iter().all(|l| l.contains("tool_call stage ")),
        "{found:#?}"
    );
    assert!(!text.contains("stage 1"), "{text}");
}

#[test]
fn what_cannot_be_is_said_with_what_can() {
    let (space, store) = (Workspace::new(), store());
    for (args, said, hint) in [
        (&["--only", "tool"][..], "`tool` is not a kind of event", "--only takes run_start"),
        (&["--from", "stage:9"], "recovered-sloppy has no place `stage:9`", "0 to 55"),
        (&["--from", "1:x"], "`1:x` is not a position", ""),
        (&["--speed", "0"], "a speed is a number above 0", ""),
        (&["--diff"], "replay --diff takes 2 runs, not 1", "store list"),
        (&["alone-sloppy"], "replay takes 1 run, not 2", "--diff A B"),
        (&["--only", "error"], "recovered-sloppy has no events of this kind: error", "leave out"),
        (&["--export", "chrome", "--only", "error"], "no events of this kind", ""),
        (&["--export", "chrome", "--only", "message"], "all events of the run", "leave out"),
        (&["--export", "markdown", "-o", "."], "is a folder", "-o"),
    ] {
        let ran = space.run(&[&["replay", "recovered-sloppy", "--store", &store], args].concat());
        assert!(ran.code != 0 && ran.stderr.contains(said), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn exports_can_be_read_by_what_they_are_for() {
    let (space, store) = (Workspace::new(), store());
    for run in run_ids() {
        let export = |form: &str| space.ok(&["replay", &run, "--store", &store, "--export", form]);
        let chrome: Value = serde_json::from_str(&export("chrome")).expect("JSON");
        let events = chrome["traceEvents"].as_array().expect("events");
        assert_nested(events);
        let cast = export("asciicast");
        let lines: Vec<Value> =
            cast.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines[0]["version"], 2);
        let times: Vec<f64> = lines[1..].iter().map(|l| l[0].as_f64().expect("a time")).collect();
        assert!(times.is_sorted() && times[0] >= 0.0, "{run}");
        let markdown = export("markdown");
        assert!(markdown.starts_with(&format!("# `{run}`\n")), "{run}");
        assert_eq!(export("markdown"), markdown, "same run, same bytes");
    }
    let to_file =
        ["replay", "alone-solid", "--store", &store, "--export", "markdown", "-o", "t.md"];
    assert_eq!(space.run(&to_file).code, 0);
    let again = space.run(&to_file);
    assert!(again.code == 2 && again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(space.run(&[&to_file[..], &["--force"]].concat()).code, 0);
    assert_eq!(space.files("").keys().collect::<Vec<_>>(), ["t.md"]);
}

/// Slices of one track follow each other, or one holds the other.
fn assert_nested(events: &[Value]) {
    let slices: Vec<(u64, i64, i64)> = events
        .iter()
        .filter(|event| event["ph"] == "X")
        .map(|event| {
            let number = |name: &str| event[name].as_i64().expect("a number");
            (event["tid"].as_u64().expect("a track"), number("ts"), number("ts") + number("dur"))
        })
        .collect();
    assert!(!slices.is_empty());
    for (i, a) in slices.iter().enumerate() {
        for b in slices[i + 1..].iter().filter(|b| a.0 == b.0) {
            let apart = a.2 <= b.1 || b.2 <= a.1;
            let inside = (a.1 <= b.1 && b.2 <= a.2) || (b.1 <= a.1 && a.2 <= b.2);
            assert!(apart || inside, "{a:?} {b:?}");
        }
    }
}

#[test]
fn two_runs_are_compared() {
    let (space, store) = (Workspace::new(), store());
    let diff = |a: &str, b: &str| -> Value {
        let text = space.ok(&["replay", "--diff", a, b, "--store", &store, "--format", "json"]);
        serde_json::from_str(&text).expect("JSON")
    };
    // A scripted model says and does the same each time; only times differ.
    let same = diff("alone-solid", "recovered-solid");
    assert_eq!(same["divergences"], Value::Array(Vec::new()));
    assert!(same["stages"].as_array().expect("rows").iter().all(|row| row["similarity"] == 1.0));

    let other = diff("recovered-sloppy", "recovered-solid");
    let first = &other["divergences"][0];
    assert_eq!((&first["sort"], &first["field"]), (&"action".into(), &"tool".into()));
    assert_eq!(
        (&first["event_a"], &first["a"], &first["b"]),
        (&18.into(), &"write_file".into(), &"bash".into())
    );
    let stage = &other["stages"][1];
    assert_eq!((&stage["score_a"], &stage["score_b"]), (&50.0.into(), &100.0.into()));
    let sum: i64 =
        other["actions"].as_array().expect("rows").iter().filter_map(|r| r["a"].as_i64()).sum();
    let run = other["stages"].as_array().and_then(|rows| rows.last()).expect("the whole run");
    assert_eq!((run["stage"].as_str(), run["actions_a"].as_i64()), (Some("run"), Some(sum)));
    let text =
        space.ok(&["replay", "--diff", "recovered-sloppy", "alone-loops", "--store", &store]);
    assert!(text.starts_with("A  recovered-sloppy, sloppy, scripted\nB  alone-loops"), "{text}");
}

/// A trace whose texts try to act on a terminal, and that is long.
fn hostile(space: &Workspace, events: usize) {
    let run = RunFacts {
        run_id: "hostile\u{1b}[2J".to_owned(),
        workload: "w".to_owned(),
        model: "m".to_owned(),
        ..RunFacts::default()
    };
    let mut writer = TraceWriter::create(&space.path("h.parquet")).expect("a trace");
    for n in 0..events {
        let n = i64::try_from(n).expect("a small number");
        let mut event = Event::new(Kind::ToolCall);
        (event.seq, event.offset_us, event.stage) = (n, Some(n * 1_000), Some(n / 1_000));
        event.tool_name = Some("\u{1b}[31mbash\u{7}".to_owned());
        event.content = Some(format!("\u{1b}]0;owned\u{7}\u{9b}2J number {n}\r\u{202e}"));
        event.exit_code = Some(i64::from(n == 777));
        writer.write(&run, &event).expect("a row");
    }
    writer.finish(false).expect("a file");
}

/// What is drawn on a terminal of 100 by 30 while these keys are typed; `None` without `script`.
fn typed(space: &Workspace, line: &str, keys: &str) -> Option<String> {
    let line = format!("stty cols 100 rows 30 && {} {line}", env!("CARGO_BIN_EXE_ramptrace"));
    let mut script = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(space.path(""))
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = script.stdin.take().expect("its input");
    let keys = keys.to_owned();
    let typist = std::thread::spawn(move || {
        use std::io::Write as _;
        for key in keys.bytes() {
            std::thread::sleep(std::time::Duration::from_millis(300));
            // It may have ended already.
            let _ = input.write_all(&[key]).and_then(|()| input.flush());
        }
    });
    let ran = script.wait_with_output().expect("it ends");
    typist.join().expect("typed");
    assert!(ran.status.success(), "{ran:?}");
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

#[test]
fn a_long_hostile_run_is_played_on_a_terminal() {
    let space = Workspace::new();
    hostile(&space, 20_000);
    let Some(screen) = typed(&space, "replay ./h.parquet --step", "jGge/NUMBER 1234\rq") else {
        return println!("skipped: there is no `script`");
    };
    assert!(screen.contains("event 0 of 19,999"), "it begins at the begin");
    assert!(screen.contains("event 1 of 19,999"), "j steps");
    assert!(screen.contains("event 19,999 of 19,999"), "G goes to the end");
    assert!(screen.contains("event 777 of 19,999"), "e goes to the error");
    assert!(screen.contains("event 1,234 of 19,999"), "a search goes to its hit");
    assert!(screen.contains(r"hostile\x1b[2J") && screen.contains(r"\x1b]0;owned\x07"));
    // Screens are entered and left, painted and placed; nothing else acts.
    let own = escapes(&screen);
    assert!(own.iter().all(|e| !e.starts_with(']')), "{own:?}");
    assert!(!screen.contains(['\u{7}', '\u{9b}', '\u{202e}']));
    assert!(screen.trim_end().ends_with("\u{1b}[?25h\u{1b}[?1049l"), "the terminal is given back");
}

/// What follows each escape character.
fn escapes(screen: &str) -> Vec<String> {
    screen.split('\u{1b}').skip(1).map(|rest| rest.chars().take(4).collect()).collect()
}
