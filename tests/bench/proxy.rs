//! What the recording proxy adds to a call, on loopback.
//!
//! The upstream answers at once from memory, so that a direct call takes what the machine needs for it, and the difference to
//! the same call through the proxy is the proxy's own. Run with `cargo bench --bench proxy`; the medians count.

use divan::Bencher;
use ramptrace::capture::EventSink;
use ramptrace::capture::proxy::{Proxy, ProxySettings};
use ramptrace::trace::Event;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of the conversation that a request repeats: a first prompt, and one after many turns.
const CONVERSATIONS: [usize; 2] = [2_000, 400_000];
/// Events of a stream.
const EVENTS: usize = 200;

fn main() {
    divan::main();
}

/// An answer in one piece.
#[divan::bench_group(sample_count = 300, sample_size = 1)]
mod whole {
    use super::{Bencher, CONVERSATIONS, call, direct, proxied, whole};

    #[divan::bench(args = CONVERSATIONS)]
    fn direct_call(bencher: Bencher, bytes: usize) {
        call(bencher, direct(whole()), bytes);
    }

    #[divan::bench(args = CONVERSATIONS)]
    fn through_the_proxy(bencher: Bencher, bytes: usize) {
        let (address, proxy) = proxied(whole());
        call(bencher, address, bytes);
        drop(proxy);
    }
}

/// An answer in many events.
#[divan::bench_group(sample_count = 300, sample_size = 1)]
mod streamed {
    use super::{Bencher, CONVERSATIONS, call, direct, proxied, streamed};

    #[divan::bench(args = CONVERSATIONS)]
    fn direct_call(bencher: Bencher, bytes: usize) {
        call(bencher, direct(streamed()), bytes);
    }

    #[divan::bench(args = CONVERSATIONS)]
    fn through_the_proxy(bencher: Bencher, bytes: usize) {
        let (address, proxy) = proxied(streamed());
        call(bencher, address, bytes);
        drop(proxy);
    }
}

/// Times one call after another over a connection that stays open, as agents' clients keep theirs.
fn call(bencher: Bencher, address: SocketAddr, bytes: usize) {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a socket option");
    let message = r#"{"role":"user","content":"a line of a file that was read, and so on"},"#;
    let messages = message.repeat(bytes / message.len());
    let body = format!(r#"{{"model":"m","messages":[{}]}}"#, messages.trim_end_matches(','));
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = vec![0; 1 << 16];
    bencher.bench_local(|| {
        stream.write_all(request.as_bytes()).expect("a request");
        let mut end = Vec::new();
        // Both answers end with the same bytes, whatever is around them.
        while !end.ends_with(END.as_bytes()) {
            let read = stream.read(&mut answer).expect("an answer");
            assert!(read > 0, "the answer was cut");
            end.extend_from_slice(&answer[..read]);
        }
        end.len()
    });
}

/// The last bytes of each answer.
const END: &str = "\r\n0\r\n\r\n";

fn head(kind: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n")
}

fn whole() -> Vec<String> {
    let body = r#"{"id":"x","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"done"}}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}"#;
    vec![format!("{}{:x}\r\n{body}{END}", head("application/json"), body.len())]
}

fn streamed() -> Vec<String> {
    let event =
        r#"data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":"word "}}]}"#;
    let mut pieces = vec![head("text/event-stream")];
    for _ in 0..EVENTS {
        pieces.push(format!("{:x}\r\n{event}\n\n\r\n", event.len() + 2));
    }
    let mut last = String::new();
    let done = "data: [DONE]\n\n";
    write!(last, "{:x}\r\n{done}{END}", done.len()).expect("a string takes all");
    pieces.push(last);
    pieces
}

/// A server that sends these pieces to whoever asks.
fn direct(pieces: Vec<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let pieces = pieces.clone();
            std::thread::spawn(move || answer(stream, &pieces));
        }
    });
    address
}

/// Answers the requests of a connection until it ends.
fn answer(mut stream: TcpStream, pieces: &[String]) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut received = Vec::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        let end = loop {
            if let Some(end) = received.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            let read = stream.read(&mut piece).ok().filter(|n| *n > 0)?;
            received.extend_from_slice(&piece[..read]);
        };
        let head = String::from_utf8_lossy(&received[..end]).to_ascii_lowercase();
        let length = head.split_once("content-length: ")?.1.split("\r\n").next()?;
        let mut left = end + length.parse::<usize>().ok()? - received.len();
        while left > 0 {
            left -= stream.read(&mut piece).ok().filter(|n| *n > 0)?;
        }
        received.clear();
        for piece in pieces {
            stream.write_all(piece.as_bytes()).ok()?;
        }
    }
}

/// Takes events and keeps none.
struct Nowhere;

impl EventSink for Nowhere {
    fn record(&self, event: Event) {
        divan::black_box(event);
    }

    fn warn(&self, text: String) {
        divan::black_box(text);
    }
}

/// A proxy before such a server.
fn proxied(pieces: Vec<String>) -> (SocketAddr, Stopped) {
    let upstream = format!("http://{}/v1", direct(pieces)).parse().expect("a base URL");
    let settings = ProxySettings { openai: upstream, ..ProxySettings::default() };
    let proxy = Proxy::start(settings, Arc::new(Nowhere)).expect("a proxy");
    (proxy.address(), Stopped(Some(proxy)))
}

/// A proxy that has recorded everything when it goes.
struct Stopped(Option<Proxy>);

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(proxy) = self.0.take() {
            proxy.stop(Duration::from_secs(10));
        }
    }
}
