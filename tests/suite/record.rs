//! `ramptrace record`: a command keeps its streams and its exit code, an interruption leaves a whole trace, and nothing that
//! goes wrong around the recorder changes what it observes.

use super::recorded::{BINARY, MODEL, PIPELINE, Recorded, events_of, record};
use super::workspace::{Ran, Workspace};
use ramptrace::trace::{EndReason, Event, Kind, StageStatus, Store, check_file};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_command_keeps_its_streams_and_its_exit_code() {
    let space = Workspace::new();
    let mut child = space
        .command(&[
            "record",
            "-o",
            "store",
            "--name",
            "r",
            "--",
            "sh",
            "-c",
            "cat; echo oops >&2; exit 7",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    child.stdin.take().expect("a pipe").write_all(b"as it is\n").expect("it reads");
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, ran.stdout.as_str()), (7, "as it is\n"));
    assert!(ran.stderr.starts_with("oops\nrecorded 2 events"), "{}", ran.stderr);
    let events = events_of(&space, "store");
    assert_eq!(events.last().unwrap().end_reason, Some(EndReason::Unknown));
    // Killed by a signal: the code that a shell gives it.
    let ran = space.run(&["record", "-o", "store", "--name", "k", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(ran.code, 137, "{}", ran.stderr);
    assert_eq!(space.run(&["record", "-q", "-o", "store", "--", "true"]).code, 0);
}

#[test]
fn the_calls_of_a_command_are_seen_and_its_prompt_stands_once() {
    let space = Workspace::new();
    space.write("models/m.toml", MODEL);
    let line = format!(
        "{BINARY} agent --model m 'Stage T0' && {BINARY} agent --api messages --model m 'Stage T1'"
    );
    let args =
        ["record", "-o", "store", "--mock", "models", "--model", "m", "--", "sh", "-c", &line];
    let ran = space.run(&args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let events = events_of(&space, "store");
    let calls: Vec<&Event> = events.iter().filter(|e| e.kind == Kind::LlmCall).collect();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|c| c.input_tokens.is_some() && c.cost_usd.is_some()));
    let tools: Vec<&Event> = events.iter().filter(|e| e.kind == Kind::ToolCall).collect();
    assert_eq!(tools.len(), 2);
    assert_eq!(tools[0].exit_code, Some(0));
    assert_eq!(tools[0].parent_event_id, calls[0].event_id);
    let prompts = events.iter().filter(|e| e.content.as_deref() == Some("Stage T0"));
    assert_eq!(prompts.count(), 1, "each request repeats it, the trace does not");
}

#[test]
fn what_cannot_begin_says_why_and_runs_nothing() {
    let space = Workspace::new();
    space.write("file", "");
    space.write("bad.toml", "[pipeline]\nname = \"w\"\n");
    space.write("good/pipeline.toml", PIPELINE);
    space.write("good/golden/zero", "zero\n");
    let pipeline = ["--pipeline", "good", "--agent"];
    for (args, words) in [
        (vec!["-o", "file/store", "--", "touch", "ran"], "cannot make file/store"),
        (vec!["-o", "store"], "there is nothing to record"),
        (
            vec!["-o", "store", "--pipeline", "bad.toml", "--agent", "sh"],
            "bad.toml:1: there is no [[stage]]",
        ),
        (vec!["-o", "store", "--pipeline", "none.toml", "--agent", "sh"], "cannot read none.toml"),
        (
            [&["-o", "store"][..], &pipeline, &["no-such-agent", "--model", "m"]].concat(),
            "there is no agent `no-such-agent`",
        ),
        ([&["-o", "store"][..], &pipeline, &["sh"]].concat(), "which model is it that works?"),
        (vec!["-o", "store", "--mock", "file", "--", "touch", "ran"], "file"),
        (
            vec!["-o", "store", "--otlp", "x", "--", "touch", "ran"],
            "`x` is neither a port nor an address",
        ),
    ] {
        let ran = space.run(&[&["record"][..], &args].concat());
        assert!(matches!(ran.code, 1 | 2), "{args:?}: {}", ran.code);
        assert!(
            ran.stderr.contains("error: ") && ran.stderr.contains(words),
            "{args:?}: {}",
            ran.stderr
        );
    }
    assert!(!space.path("ran").exists());
    let ran = space.run(&["record", "-o", "store", "--", "/no/such/program"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("cannot start `/no/such/program`"), "{}", ran.stderr);
}

#[test]
fn runs_have_names_of_their_own_and_are_never_written_over() {
    let space = Workspace::new();
    space.write("p/pipeline.toml", PIPELINE);
    space.write("models/m.toml", MODEL);
    let args = ["--model", "m", "--repeat", "3", "--jobs", "2", "--name", "n", "--retries", "0"];
    let ran = record(&space, &args);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let store = Store::open(&space.path("store")).expect("a store");
    let ids: Vec<&str> = store.entries().iter().map(|e| e.run.run_id.as_str()).collect();
    assert_eq!(ids, ["n-01", "n-02", "n-03"]);
    let before = space.files("store");
    let ran = record(&space, &args);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("n-02"), "{}", ran.stderr);
    assert_eq!(space.files("store"), before, "nothing was changed");
}

#[test]
fn two_arms_of_recovery_part_where_the_first_stage_failed() {
    let space = Workspace::new();
    space.write("p/pipeline.toml", PIPELINE);
    space.write("p/golden/zero", "zero\n");
    // It spoils the first stage, and does the second one well.
    space.write("models/m.toml", MODEL.replace("echo zero > zero", "echo zzz > zero"));
    for (name, recovery) in [("free", "never"), ("recovered", "on-failure")] {
        let ran = record(&space, &["--model", "m", "--name", name, "--recovery", recovery]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let statuses = |run: &str| Recorded::of(&space, run).statuses();
    let failed = Some(StageStatus::Failed);
    assert_eq!(statuses("free"), [failed, failed]);
    assert_eq!(statuses("recovered"), [failed, Some(StageStatus::Recovered)]);
    let cascade = space.ok(&["cascade", "store", "--format", "json"]);
    assert!(cascade.contains("recovery"), "{cascade}");
}

#[test]
fn an_interruption_leaves_a_whole_trace_and_no_process() {
    let space = Workspace::new();
    space.write("p/pipeline.toml", PIPELINE);
    space.write("p/golden/zero", "zero\n");
    let marker = space.path("working");
    let agent = format!("sh -c 'touch {} && sleep 300'", marker.display());
    let args = [
        "record",
        "--pipeline",
        "p",
        "--agent",
        &agent,
        "--model",
        "m",
        "-o",
        "store",
        "--name",
        "r",
    ];
    let child = space
        .command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let begun = Instant::now();
    while !marker.exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "the agent never began");
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    assert!(begun.elapsed() < Duration::from_mins(1));
    let run = Recorded::of(&space, "r");
    assert_eq!(check_file(&run.trace).expect("a trace"), []);
    let end = run.events.last().unwrap();
    assert_eq!((end.kind, end.end_reason), (Kind::RunEnd, Some(EndReason::Interrupted)));
    assert_eq!(run.statuses(), [None], "nothing was graded");
    assert!(!space.path("store/.ramptrace/journal/r.journal").exists());
}

/// Spans in the form of OTLP/JSON: an agent, whose sums are those of the call below it.
const SPANS: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[
  {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b173","parentSpanId":"eee19b7ec3c1b174","name":"chat m",
   "startTimeUnixNano":"1750000000000000000","endTimeUnixNano":"1750000001500000000","attributes":[
    {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
    {"key":"gen_ai.request.model","value":{"stringValue":"m"}},
    {"key":"gen_ai.usage.input_tokens","value":{"intValue":"120"}},
    {"key":"gen_ai.usage.output_tokens","value":{"intValue":"30"}}]},
  {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"invoke_agent a",
   "startTimeUnixNano":"1750000000000000000","endTimeUnixNano":"1750000002000000000","attributes":[
    {"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},
    {"key":"gen_ai.usage.input_tokens","value":{"intValue":"120"}},
    {"key":"gen_ai.usage.output_tokens","value":{"intValue":"30"}}]}]}]}]}"#;

#[test]
fn spans_of_an_agent_become_calls_and_their_sums_do_not() {
    let space = Workspace::new();
    let mut child = space
        .command(&["record", "--otlp", "0", "-o", "store", "--name", "r", "--model", "m"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    stderr.read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("OTLP_ENDPOINT=http://").expect("its address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(
        stream,
        "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{SPANS}",
        SPANS.len()
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    assert!(child.wait().expect("it ends").success());
    let events = events_of(&space, "store");
    let calls: Vec<&Event> = events.iter().filter(|e| e.kind == Kind::LlmCall).collect();
    let [call] = calls.as_slice() else { panic!("{} calls", calls.len()) };
    assert_eq!((call.input_tokens, call.output_tokens), (Some(120), Some(30)));
    assert_eq!(call.duration_ms, Some(1500.0));
}

#[test]
fn budgets_of_calls_and_money_end_a_run() {
    let space = Workspace::new();
    space.write("models/m.toml", MODEL.replace("repeat = 1", "repeat = 500"));
    let limited = |budget: &str| {
        PIPELINE.replace(
            "[[stage]]\nname = \"T0\"",
            &format!("[budget]\n{budget}\n[[stage]]\nname = \"T0\""),
        )
    };
    for (name, budget) in [("calls", "calls = 4"), ("money", "usd = 0.002")] {
        space.write("p/pipeline.toml", limited(budget));
        let ran = record(&space, &["--model", "m", "--name", name]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let run = Recorded::of(&space, name);
        let results: Vec<&Event> =
            run.events.iter().filter(|e| e.kind == Kind::StageResult).collect();
        let reasons: Vec<Option<EndReason>> = results.iter().map(|e| e.end_reason).collect();
        assert_eq!(reasons, [Some(EndReason::Budget); 2], "{name}");
        assert_eq!(results[1].stage_status, Some(StageStatus::NotAttempted), "{name}");
        let calls = run.events.iter().filter(|e| e.kind == Kind::LlmCall).count();
        // No call is begun once the budget is used up.
        if name == "calls" {
            assert_eq!(calls, 4);
        }
        assert!((2..12).contains(&calls), "{name}: {calls}");
        let streak = run.events.iter().filter_map(|e| e.identical_streak).max();
        assert!(streak >= Some(2), "the loop is seen");
    }
}
