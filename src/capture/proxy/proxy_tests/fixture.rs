//! A model server that sends the bytes it is told to, a client that shows the bytes it receives, and a sink that keeps
//! events. Sockets without an HTTP library: nothing between a test and the bytes.

use crate::capture::EventSink;
use crate::capture::proxy::{Proxy, ProxySettings};
use crate::trace::{Event, Kind};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Long enough for anything on this machine.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// A request as it came over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Request line.
    pub(super) fn target(&self) -> &str {
        self.head.lines().next().unwrap()
    }
}

/// What the server does to answer.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Closes the connection in the middle.
    Close,
    /// Sends nothing more until the other side closes.
    Stall,
}

type Handler = dyn Fn(&Seen) -> Vec<Step> + Send + Sync;

/// A model server; its threads end with the test.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Mutex<Vec<Seen>>>,
    /// Connections that the other side closed while the server stalled.
    pub(super) left: Arc<Mutex<usize>>,
}

impl Server {
    pub(super) fn start(handler: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, left) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<Mutex<usize>>::default());
        let (noted, gone): (Arc<Mutex<Vec<Seen>>>, _) = (Arc::clone(&seen), Arc::clone(&left));
        let handler: Arc<Handler> = Arc::new(handler);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, noted, gone) =
                    (Arc::clone(&handler), Arc::clone(&noted), Arc::clone(&gone));
                std::thread::spawn(move || {
                    let mut stream = stream;
                    let _ = stream.set_nodelay(true);
                    while let Some(request) = read_message(&mut stream) {
                        noted.lock().unwrap().push(request.clone());
                        if !answer(&mut stream, handler(&request), &gone) {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, seen, left }
    }
}

/// Does the steps of an answer; false when the connection has ended.
fn answer(stream: &mut TcpStream, steps: Vec<Step>, gone: &Mutex<usize>) -> bool {
    for step in steps {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).is_err() {
                    return false;
                }
            }
            Step::Pause(time) => std::thread::sleep(time),
            Step::Close => return false,
            Step::Stall => {
                let mut rest = [0; 1];
                if !matches!(stream.read(&mut rest), Ok(n) if n > 0) {
                    *gone.lock().unwrap() += 1;
                }
                return false;
            }
        }
    }
    true
}

/// Reads a request or an answer: its head, and its body without chunk sizes.
pub(super) fn read_message(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let mut body = Vec::new();
    if let Some(length) = header(&head, "content-length") {
        body.resize(length.parse().unwrap(), 0);
        stream.read_exact(&mut body).ok()?;
    } else if header(&head, "transfer-encoding").is_some() {
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                if stream.read(&mut byte).ok()? == 0 {
                    return Some(Seen { head: format!("{head}CUT"), body });
                }
                line.push(byte[0]);
            }
            let text = String::from_utf8(line).unwrap();
            let size = usize::from_str_radix(text.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            if stream.read_exact(&mut chunk).is_err() {
                return Some(Seen { head: format!("{head}CUT"), body });
            }
            if size == 0 {
                break;
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
    Some(Seen { head, body })
}

/// The request's number in its conversation, by its length.
pub(super) fn turn(seen: &Seen) -> usize {
    let request = seen.json();
    let list = request["messages"].as_array().or_else(|| request["input"].as_array());
    list.map_or(1, Vec::len)
}

/// The value of a header of a head.
pub(super) fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// An answer with a length.
pub(super) fn whole(status: &str, headers: &str, body: &[u8]) -> Vec<Step> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    vec![Step::Send([head.as_bytes(), body].concat())]
}

/// A JSON answer.
pub(super) fn json(status: &str, body: &Value) -> Vec<Step> {
    whole(status, "Content-Type: application/json\r\n", body.to_string().as_bytes())
}

/// The head of an answer that comes in chunks.
pub(super) fn stream_head(headers: &str) -> Step {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";
    Step::Send(format!("{head}{headers}Transfer-Encoding: chunked\r\n\r\n").into_bytes())
}

/// A chunk of an answer.
pub(super) fn chunk(bytes: &[u8]) -> Step {
    let mut all = format!("{:x}\r\n", bytes.len()).into_bytes();
    all.extend_from_slice(bytes);
    all.extend_from_slice(b"\r\n");
    Step::Send(all)
}

/// The end of an answer in chunks.
pub(super) fn last_chunk() -> Step {
    Step::Send(b"0\r\n\r\n".to_vec())
}

/// A stream of server-sent events, each with its name as both providers send it.
pub(super) fn sse(events: &[Value]) -> String {
    let event = |data: &Value| match data["type"].as_str() {
        Some(name) => format!("event: {name}\ndata: {data}\n\n"),
        None => format!("data: {data}\n\n"),
    };
    events.iter().map(event).collect()
}

/// A stream in chunks of so many bytes.
pub(super) fn streamed(body: &str, piece: usize) -> Vec<Step> {
    let chunks = body.as_bytes().chunks(piece).map(chunk);
    std::iter::once(stream_head("")).chain(chunks).chain([last_chunk()]).collect()
}

/// A sink that keeps what it gets.
#[derive(Default)]
pub(super) struct Kept {
    events: Mutex<Vec<Event>>,
    pub(super) warnings: Mutex<Vec<String>>,
}

impl EventSink for Kept {
    fn record(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn warn(&self, text: String) {
        self.warnings.lock().unwrap().push(text);
    }
}

impl Kept {
    pub(super) fn taken(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }
}

/// A proxy before a server.
pub(super) struct Setup {
    pub(super) server: Server,
    pub(super) proxy: Proxy,
    pub(super) sink: Arc<Kept>,
}

impl Setup {
    pub(super) fn new(handler: impl Fn(&Seen) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let server = Server::start(handler);
        let sink = Arc::new(Kept::default());
        let settings = ProxySettings {
            openai: format!("http://{}/base/v1", server.address).parse().unwrap(),
            anthropic: format!("http://{}", server.address).parse().unwrap(),
            ..ProxySettings::default()
        };
        let proxy = Proxy::start(settings, Arc::<Kept>::clone(&sink)).unwrap();
        Self { server, proxy, sink }
    }

    /// Sends a request and reads the answer.
    pub(super) fn post(&self, path: &str, body: &Value) -> Seen {
        self.send(path, "Authorization: Bearer sk-test-key\r\n", body.to_string().as_bytes())
    }

    pub(super) fn send(&self, path: &str, headers: &str, body: &[u8]) -> Seen {
        let mut stream = self.connect();
        stream.write_all(&request(path, headers, body)).unwrap();
        read_message(&mut stream).unwrap()
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.proxy.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// The events so far, once nothing is in flight.
    pub(super) fn events(&self) -> Vec<Event> {
        assert!(self.proxy.settle(PATIENCE), "calls are still in flight");
        self.sink.taken()
    }

    pub(super) fn of_kind(&self, kind: Kind) -> Vec<Event> {
        self.events().into_iter().filter(|event| event.kind == kind).collect()
    }

    /// The only LLM call.
    pub(super) fn call(&self) -> Event {
        let calls = self.of_kind(Kind::LlmCall);
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.into_iter().next().unwrap()
    }
}

/// A POST request.
pub(super) fn request(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: proxy.test\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// The attributes of an event.
pub(super) fn attributes(event: &Event) -> Value {
    serde_json::from_str(event.attributes.as_deref().unwrap()).unwrap()
}

/// Kinds and texts of events, in order.
pub(super) fn told(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| {
        let text = event.content.as_deref().unwrap_or("-");
        match event.kind {
            Kind::Message => format!("{}: {text}", event.role.as_deref().unwrap()),
            Kind::ToolCall => {
                let name = event.tool_name.as_deref().unwrap();
                format!("{name}({}): {text}", event.arguments.as_deref().unwrap())
            }
            kind => format!("{kind}: {text}"),
        }
    };
    events.iter().map(line).collect()
}
