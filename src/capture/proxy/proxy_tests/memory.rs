//! How much memory a proxy takes, in a process of its own: this test, started once more.

use super::fixture::{
    PATIENCE, Server, Step, chunk, last_chunk, read_message, request, sse, stream_head,
};
use crate::capture::EventSink;
use crate::capture::proxy::{Proxy, ProxySettings};
use crate::trace::{Event, Kind};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// In the process of the proxy: the base URL of its upstream.
const UPSTREAM: &str = "RAMPTRACE_TEST_UPSTREAM";
/// Before what that process says.
const SAYS: &str = "proxy says ";
/// Streams at once.
const STREAMS: usize = 200;
/// Megabytes that they may take together, and one of 100 MB after them: each may keep 8 MB of text.
const MOST: u64 = 128;

/// Counts the answers.
#[derive(Default)]
struct Counter(AtomicU64);

impl EventSink for Counter {
    fn record(&self, event: Event) {
        let answered = event.kind == Kind::LlmCall && event.error_type.is_none();
        self.0.fetch_add(u64::from(answered), Ordering::SeqCst);
    }

    fn warn(&self, _: String) {}
}

/// The proxy's process: it listens until its input ends, then says what it has seen and what it took.
fn serve(upstream: &str) {
    let sink = Arc::new(Counter::default());
    let settings = ProxySettings { openai: upstream.parse().unwrap(), ..ProxySettings::default() };
    let proxy = Proxy::start(settings, Arc::<Counter>::clone(&sink)).unwrap();
    println!("\n{SAYS}{}", proxy.address());
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
    proxy.stop(PATIENCE);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    let answered = sink.0.load(Ordering::SeqCst);
    println!("\n{SAYS}{answered} {}", peak.trim().trim_end_matches(" kB"));
}

/// The next thing that the proxy's process says.
fn next_word(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> String {
    let mut said =
        lines.map_while(Result::ok).filter_map(|l| l.strip_prefix(SAYS).map(str::to_owned));
    said.next().unwrap()
}

/// A stream of so many events of so many bytes.
fn stream(events: usize, bytes: usize) -> Vec<Step> {
    let event = json!({"id": "x", "choices": [{"delta": {"content": "m".repeat(bytes)}}]});
    let event = chunk(sse(&[event]).as_bytes());
    let end = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let end = chunk(format!("{}data: [DONE]\n\n", sse(&[end])).as_bytes());
    let events = std::iter::repeat_n(event, events);
    std::iter::once(stream_head("")).chain(events).chain([end, last_chunk()]).collect()
}

#[test]
fn many_streams_and_a_long_one_take_little_memory() {
    if let Ok(upstream) = std::env::var(UPSTREAM) {
        serve(&upstream);
        return;
    }
    if !cfg!(target_os = "linux") {
        println!("skipped: only Linux says how much memory a process took");
        return;
    }
    let server = Server::start(|seen| match seen.json()["long"].as_bool() {
        Some(true) => stream(500, 200_000),
        _ => stream(50, 1000),
    });
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg(format!("{module}::many_streams_and_a_long_one_take_little_memory"))
        .env(UPSTREAM, format!("http://{}/v1", server.address))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let address = next_word(&mut lines);
    let ask = |long: bool| {
        let prompt = "p".repeat(20_000);
        let body = json!({"long": long, "stream": true, "messages": [{"role": "user", "content": prompt}]});
        let mut stream = TcpStream::connect(&address).unwrap();
        stream
            .write_all(&request("/v1/chat/completions", "", body.to_string().as_bytes()))
            .unwrap();
        read_message(&mut stream).unwrap().body.len()
    };
    std::thread::scope(|scope| {
        for _ in 0..STREAMS {
            scope.spawn(|| assert!(ask(false) > 50_000));
        }
    });
    assert!(ask(true) > 100_000_000);
    process.stdin.take().unwrap().write_all(b"\n").unwrap();
    let said = next_word(&mut lines);
    let (answered, kilobytes) = said.split_once(' ').unwrap();
    process.wait().unwrap();
    assert_eq!(answered, (STREAMS + 1).to_string());
    let megabytes = kilobytes.parse::<u64>().unwrap() / 1024;
    println!("the proxy took {megabytes} MB at most");
    assert!((1..MOST).contains(&megabytes), "{megabytes} MB");
}
