//! A recorded run that answers again: every run of the compiler pipeline is carried out once more against its own trace, and
//! the official clients get the same replies; a request that was not recorded is an error that names the difference.
//!
//! Times, process measurements and the pace of streams aside, the events must be equal. Where a budget ended a stage, the
//! agent was stopped from outside while it worked: how far it got with its last tool call, and whether its next request had
//! begun, is a matter of milliseconds in the recording as in the replay. Such a stage is compared up to its last answered
//! call, and by its result.

use super::recorded::{BINARY, MODEL, PIPELINE, read, record};
use super::workspace::{Ran, Workspace};
use ramptrace::trace::{EndReason, Event, Kind, Usd};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A model two of whose commands are pipes of programs that both complain: which complaint comes first is chance. Its requests
/// are served by position where they are not the recorded ones, and the lines of its results are compared in any order.
const COMPLAINS: &str = "breaks-the-build";

/// Attributes that say how long something took, or what it cost the machine; and those that older recordings lack.
const MEASURED: [&str; 10] = [
    "first_token_ms",
    "wall_s",
    "user_s",
    "system_s",
    "max_rss_bytes",
    "chunks",
    "request_hash",
    "calls",
    "unfinished_calls",
    "recorder",
];

fn pipeline() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/mini-compiler")
}

fn attributes(event: &Event) -> Map<String, Value> {
    let text = event.attributes.as_deref().unwrap_or("{}");
    serde_json::from_str(text).expect("an object")
}

/// The stages that a budget ended.
fn cut_stages(events: &[Event]) -> Vec<Option<i64>> {
    let cut = events
        .iter()
        .filter(|e| e.kind == Kind::StageResult && e.end_reason == Some(EndReason::Budget));
    cut.map(|e| e.stage).collect()
}

/// The events without what a second run cannot repeat.
fn comparable(events: &[Event], any_order: bool) -> Vec<Event> {
    let cut = cut_stages(events);
    let last_answer = |stage: Option<i64>| {
        events
            .iter()
            .rposition(|e| e.kind == Kind::LlmCall && e.stage == stage && e.error_type.is_none())
    };
    let mut all = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let is_cut = cut.contains(&event.stage);
        let is_work = matches!(event.kind, Kind::LlmCall | Kind::ToolCall | Kind::Message);
        if is_cut && is_work && last_answer(event.stage).is_some_and(|last| place > last) {
            continue;
        }
        let mut event = event.clone();
        event.seq = i64::try_from(all.len()).expect("few");
        (event.ts, event.offset_us, event.duration_ms, event.elapsed_s) = (None, None, None, None);
        let mut attributes = attributes(&event);
        attributes.retain(|name, _| !MEASURED.contains(&name.as_str()));
        for part in ["agent", "grader"] {
            if let Some(Value::Object(measured)) = attributes.get_mut(part) {
                measured.retain(|name, _| {
                    let said = (is_cut || any_order) && name.starts_with("stdout");
                    !said && !MEASURED.contains(&name.as_str())
                });
            }
        }
        // Of a stream that broke off, older recordings keep no tool calls, so that fewer bytes can be sent.
        if event.error_type.as_deref() == Some("connection_reset") {
            attributes.remove("response_bytes");
        }
        event.attributes = Some(Value::Object(attributes).to_string());
        if let Some(text) =
            event.content.as_mut().filter(|_| any_order && event.kind == Kind::ToolCall)
        {
            // Programs that share a pipe may even cut into each other's lines.
            let mut words: Vec<&str> = text.split_whitespace().collect();
            words.sort_unstable();
            *text = words.join(" ");
        }
        all.push(event);
    }
    all
}

fn assert_same(recorded: &[Event], replayed: &[Event], what: &str) {
    let any_order = what.ends_with(COMPLAINS);
    let (recorded, replayed) = (comparable(recorded, any_order), comparable(replayed, any_order));
    for (one, other) in recorded.iter().zip(&replayed) {
        assert_eq!(one, other, "{what}, event {}", one.seq);
    }
    assert_eq!(recorded.len(), replayed.len(), "{what}");
}

fn scores(events: &[Event]) -> Vec<(Option<i64>, Option<f64>, Option<bool>)> {
    let results = events.iter().filter(|e| e.kind == Kind::StageResult);
    results.map(|e| (e.stage, e.score, e.passed)).collect()
}

/// Records a model of the compiler pipeline against one of its traces; the new trace.
fn again(space: &Workspace, trace: &Path, model: &str, arm: &str, store: &str) -> (Ran, PathBuf) {
    let recovery = if arm == "alone" { "never" } else { "on-failure" };
    let (pipeline, trace) = (pipeline().display().to_string(), trace.display().to_string());
    let name = format!("{arm}-{model}");
    let loose: &[&str] = if model == COMPLAINS { &["--loose"] } else { &[] };
    let ran = Ran::of(
        space
            .command(&["record", "--pipeline", &pipeline, "--agent", "scripted", "--model", model])
            .args(["--replay", &trace, "--recovery", recovery, "--name", &name, "-o", store])
            .args(loose)
            // A call that left this machine would fail.
            .env("OPENAI_BASE_URL", "http://192.0.2.1:9/v1")
            .env("ANTHROPIC_BASE_URL", "http://192.0.2.1:9")
            .output()
            .expect("it runs"),
    );
    let place = format!("{store}/workload=mini-compiler/model={model}/{name}.parquet");
    (ran, space.path(&place))
}

fn assert_replayed(model: &str) -> Workspace {
    let space = Workspace::new();
    for arm in ["alone", "recovered"] {
        let name = format!("{arm}-{model}");
        let place = format!("traces/workload=mini-compiler/model={model}/{name}.parquet");
        let recorded = pipeline().join(place);
        let (ran, first) = again(&space, &recorded, model, arm, "first");
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        let (recorded, replayed) = (read(&recorded), read(&first));
        assert!(ran.stderr.contains("0 requests missed"), "{name}: {}", ran.stderr);
        assert_eq!(scores(&recorded), scores(&replayed), "{name}");
        assert_same(&recorded, &replayed, &name);
        let cost = |events: &[Event]| -> i128 {
            events.iter().filter_map(|e| e.cost_usd).map(|usd: Usd| i128::from(usd.nanos())).sum()
        };
        assert_eq!(cost(&recorded), cost(&replayed), "{name}: the recorded cost, and no other");
    }
    space
}

/// With hashes, the recording of a replay can be replayed as well, a broken stream to the byte.
fn assert_replayed_twice(space: &Workspace, model: &str, arm: &str) {
    let name = format!("{arm}-{model}");
    let first = space.path(&format!("first/workload=mini-compiler/model={model}/{name}.parquet"));
    let (ran, second) = again(space, &first, model, arm, "second");
    assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
    assert_same(&read(&first), &read(&second), &name);
    let kept = |trace: &Path, key: &str| -> Vec<Option<Value>> {
        let calls = read(trace).into_iter().filter(|e| e.kind == Kind::LlmCall);
        calls.map(|e| attributes(&e).get(key).cloned()).collect()
    };
    for key in ["request_hash", "response_bytes", "unfinished_calls"] {
        assert_eq!(kept(&first, key), kept(&second, key), "{name}: {key}");
    }
    assert!(kept(&second, "request_hash").iter().all(Option::is_some), "{name}");
}

#[test]
fn a_solid_run_is_the_same_again() {
    assert_replayed("solid");
}

#[test]
fn a_sloppy_run_is_the_same_again() {
    let space = assert_replayed("sloppy");
    assert_replayed_twice(&space, "sloppy", "recovered");
}

#[test]
fn a_flaky_run_is_the_same_again() {
    let space = assert_replayed("flaky");
    assert_replayed_twice(&space, "flaky", "alone");
}

#[test]
fn a_run_that_loops_is_the_same_again() {
    assert_replayed("loops");
}

#[test]
fn a_run_that_gives_up_is_the_same_again() {
    assert_replayed("gives-up");
}

#[test]
fn a_run_that_breaks_the_build_is_the_same_again() {
    assert_replayed("breaks-the-build");
}

#[test]
fn a_run_that_overruns_is_the_same_again() {
    assert_replayed("overruns");
}

#[test]
fn an_idle_run_asks_nothing() {
    let space = Workspace::new();
    space.write("p/pipeline.toml", PIPELINE);
    space.write("p/golden/zero", "zero\n");
    let idle = ["--pipeline", "p", "--agent", "do-nothing", "--name", "idle", "-o", "store"];
    let _ = space.ok(&[&["record"][..], &idle].concat());
    let ran =
        space.run(&["replay", "--serve", "idle", "--store", "store", "--strict", "--", "true"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("0 of 0 recorded calls"), "{}", ran.stderr);
}

/// The recorded model takes its time again only when it is asked to.
#[test]
fn recorded_latency_is_kept_on_request() {
    let space = Workspace::new();
    let slow = "first_token_ms = 700\n[[on]]\nprompt = '.'\n[[on.turn]]\ntext = 'Yes.'\n";
    space.write("models/slow.toml", slow);
    let ask = [BINARY, "agent", "--model", "slow", "go"];
    let with_agent = |args: &[&str]| space.ok(&[args, &["--"], &ask].concat());
    let recorded = ["record", "-o", "store", "--name", "s", "--model", "slow", "--mock", "models"];
    let said = with_agent(&recorded);
    let begun = std::time::Instant::now();
    let serve = ["replay", "--serve", "s", "--store", "store", "--strict", "--latency"];
    assert_eq!(with_agent(&serve), said);
    assert!(begun.elapsed() >= std::time::Duration::from_millis(700), "it answered too soon");
}

/// A small pipeline, recorded.
fn small(space: &Workspace) -> PathBuf {
    space.write("p/pipeline.toml", PIPELINE);
    space.write("models/m.toml", MODEL);
    let ran = record(space, &["--model", "m", "--name", "r"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    space.path("store/workload=small/model=m/r.parquet")
}

#[test]
fn one_changed_character_is_a_miss_that_says_where() {
    let space = Workspace::new();
    let trace = small(&space).display().to_string();
    let changed = PIPELINE.replace("Stage T1", "Stage T!");
    space.write("q/pipeline.toml", changed);
    space.write("q/golden/zero", "zero\n");
    let args = ["record", "--pipeline", "q", "--agent", "scripted", "--model", "m", "-o", "again"];
    let ran = space.run(&[&args[..], &["--replay", &trace]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    for said in [
        "1 request was not in the recording",
        "messages[5].content",
        "character 8 (line 1)",
        "recorded \"Stage T1",
        "asked \"Stage T!",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let missed: Vec<Event> = std::fs::read_dir(space.path("again/workload=small/model=m"))
        .expect("a store")
        .flat_map(|file| read(&file.expect("a file").path()))
        .filter(|e| e.error_type.is_some())
        .collect();
    assert_eq!(missed.len(), 1, "a miss is not tried again");
    let message = missed[0].content.as_deref().expect("a message");
    assert!(
        message.contains("ramptrace") && message.contains("nearest is call 3 (llm-3) of stage 1"),
        "{message}"
    );
}

#[test]
fn a_command_is_served_and_its_exit_code_passed_on() {
    let space = Workspace::new();
    let trace = small(&space).display().to_string();
    let serve = |rest: &[&str]| space.run(&[&["replay", "--serve", &trace], rest].concat());
    let nothing = serve(&["--", "sh", "-c", "echo $OPENAI_BASE_URL; exit 7"]);
    assert_eq!(nothing.code, 7, "{}", nothing.stderr);
    assert!(nothing.stdout.starts_with("http://127.0.0.1:") && nothing.stdout.ends_with("/v1\n"));
    let strict = serve(&["--strict", "--", "true"]);
    assert_eq!(strict.code, 1, "{}", strict.stderr);
    assert!(
        strict.stderr.contains("4 of 4 recorded calls were not asked for"),
        "{}",
        strict.stderr
    );
    let json = serve(&["--format", "json", "--", "true"]);
    assert!(json.stderr.contains("\"unused\": 4"), "{}", json.stderr);
    // The same prompt by any API: recorded as chat completions, the others are served by position.
    for api in ["chat", "messages", "responses"] {
        let line =
            format!("mkdir {api} && cd {api} && '{BINARY}' agent --model m --api {api} 'Stage T0'");
        let ran = serve(&["--loose", "--", "sh", "-c", &line]);
        assert_eq!(ran.code, 0, "{api}: {}", ran.stderr);
        assert!(ran.stdout.contains("I write it.") && ran.stdout.contains("It is written."));
        assert!(
            ran.stderr.contains("2 of 4 recorded calls served, 0 requests missed"),
            "{}",
            ran.stderr
        );
        assert!(space.path(&format!("{api}/zero")).exists());
        let ran = serve(&["--", "sh", "-c", &line.replace(&format!("mkdir {api} && "), "")]);
        assert_eq!(ran.code, i32::from(api != "chat"), "{api}: {}", ran.stderr);
    }
}

/// A Python that has the clients.
fn python() -> Option<String> {
    let named = std::env::var("RAMPTRACE_PYTHON").ok().filter(|name| !name.is_empty());
    let python = named.unwrap_or_else(|| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import openai, anthropic"]).output();
    found.is_ok_and(|ran| ran.status.success()).then_some(python)
}

/// What the clients print, in an order of its own: forty streams end at once.
fn replies(stdout: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = stdout.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn official_clients_get_the_same_replies_again() {
    let Some(python) = python() else {
        return println!("skipped: no Python has the packages of tests/clients/requirements.txt");
    };
    let space = Workspace::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let script = folder.join("drive.py").display().to_string();
    let models = folder.join("models").display().to_string();
    let run = |args: &[&str]| {
        let mut command = space.command(args);
        command.env_remove("OPENAI_BASE_URL").env_remove("ANTHROPIC_BASE_URL");
        Ran::of(command.output().expect("it runs"))
    };
    let record = ["record", "-o", "store", "--model", "clients", "--name", "c", "--mock", &models];
    let recorded = run(&[&record[..], &["--", &python, &script]].concat());
    assert_eq!(recorded.code, 0, "{}", recorded.stderr);
    let serve = ["replay", "--serve", "c", "--store", "store", "--strict"];
    let served = run(&[&serve[..], &["--", &python, &script]].concat());
    assert_eq!(served.code, 0, "{}", served.stderr);
    let (before, after) = (replies(&recorded.stdout), replies(&served.stdout));
    assert!(before.len() > 60, "{} replies", before.len());
    for (one, other) in before.iter().zip(&after) {
        assert_eq!(one, other);
    }
    assert_eq!(before.len(), after.len());
}
