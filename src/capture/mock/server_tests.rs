//! The server over real connections, and the agent with it.

use super::*;
use crate::capture::mock::{AgentEnd, AgentError, AgentSettings, Api, work};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

const APIS: [Api; 3] = [Api::Chat, Api::Responses, Api::Messages];

fn server(script: &str) -> MockModel {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.toml"), script).unwrap();
    let scripts = Scripts::load(folder.path()).unwrap();
    assert_eq!(scripts.models().collect::<Vec<_>>(), ["m"]);
    MockModel::start(scripts, "127.0.0.1:0".parse().unwrap()).unwrap()
}

fn path(api: Api) -> &'static str {
    match api {
        Api::Chat => "/v1/chat/completions",
        Api::Responses => "/v1/responses",
        Api::Messages => "/v1/messages",
    }
}

fn request(api: Api, model: &str, prompt: &str, stream: bool) -> Value {
    let messages = json!([{ "role": "user", "content": prompt }]);
    match api {
        Api::Chat | Api::Messages => {
            json!({ "model": model, "messages": messages, "stream": stream, "max_tokens": 9 })
        }
        Api::Responses => json!({ "model": model, "input": messages, "stream": stream }),
    }
}

/// The bytes that the server sends until it closes the connection.
fn raw(server: &MockModel, method: &str, path: &str, body: &str) -> String {
    let mut stream = std::net::TcpStream::connect(server.address()).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A connection that is cut may end in an error.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// Status and body of an answer in one piece.
fn ask(server: &MockModel, path: &str, body: &str) -> (u16, Value) {
    let answer = raw(server, "POST", path, body);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn settings(server: &MockModel, api: Api, folder: &Path, stream: bool) -> AgentSettings {
    let version = if api == Api::Messages { "" } else { "/v1/" };
    AgentSettings {
        api,
        base_url: format!("http://{}{version}", server.address()),
        model: "m".into(),
        workdir: folder.to_owned(),
        max_turns: 20,
        session: Some(folder.join("session.json")),
        stream,
        retries: 4,
        tool_timeout: Duration::from_secs(20),
    }
}

const WORK: &str = r#"
[[on]]
prompt = "Stage 1"
[[on.turn]]
reasoning = "Zuerst schauen."
text = "I write a file. Ünïcödé, 日本語, and enough of it for several pieces of a stream."
calls = [
  { tool = "write_file", path = "src/a.txt", content = "first\n" },
  { tool = "bash", command = "cat src/a.txt; exit 3" },
]
errors = [{ status = 429, retry_after = 0 }, { cut = true }, { malformed = true }, { status = 503, retry_after = 0 }]
[[on.turn]]
calls = [{ tool = "dance" }]
[[on.turn]]
text = "Done."
[[on]]
prompt = "Stage 2"
[[on.turn]]
calls = [{ tool = "bash", command = "cat src/a.txt >> src/b.txt" }]
repeat = 3
[[on.turn]]
calls = [{ tool = "finish" }]
"#;

#[test]
fn the_agent_works_through_every_api_streamed_or_not_past_all_errors() {
    let server = server(WORK);
    for api in APIS {
        for stream in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let settings = settings(&server, api, folder.path(), stream);
            let mut out = Vec::new();
            let end = work(&settings, "Stage 1", &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            assert_eq!(end, AgentEnd::Finished, "{out}");
            let expected = "\
[1] I write a file. Ünïcödé, 日本語, and enough of it for several pieces of a stream.
    > write_file src/a.txt
    < wrote 6 bytes to src/a.txt
    > bash cat src/a.txt; exit 3
    < <returncode>3</returncode> <output> first </output>
[2]\x20
    > dance
    < error: no tool `dance` among bash, write_file, finish
[3] Done.
";
            assert_eq!(out, expected, "{api} {stream}");
            let end = work(&settings, "Stage 2", &mut Vec::new()).unwrap();
            assert_eq!(end, AgentEnd::Finished);
            let appended = std::fs::read_to_string(folder.path().join("src/b.txt")).unwrap();
            assert_eq!(appended, "first\nfirst\nfirst\n");
            let session = std::fs::read_to_string(folder.path().join("session.json")).unwrap();
            for text in ["Stage 1", "Zuerst schauen.", "Stage 2", "no tool `dance`"] {
                assert!(session.contains(text), "{api} {stream}: {text}");
            }
        }
    }
}

#[test]
fn a_conversation_that_asks_for_ever_ends_with_its_turns() {
    let server = server(
        "[[on]]\nprompt = ''\n[[on.turn]]\ncalls = [{ tool = 'bash', command = 'true' }]\nrepeat = 1000\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, Api::Chat, folder.path(), true);
    settings.max_turns = 3;
    let mut out = Vec::new();
    assert_eq!(work(&settings, "go", &mut out).unwrap(), AgentEnd::TurnsUsedUp);
    assert_eq!(String::from_utf8(out).unwrap().matches("> bash true").count(), 3);
}

#[test]
fn the_agent_ends_with_the_error_that_stays() {
    let server = server(
        "context_limit = 300\n[[on]]\nprompt = 'cut'\n[[on.turn]]\ntext = 'a'\ncut = true\n\
         [[on]]\nprompt = 'malformed'\n[[on.turn]]\ntext = 'a'\nmalformed = true\n\
         [[on]]\nprompt = 'limited'\n[[on.turn]]\nerrors = [{ status = 429, retry_after = 0 }, { status = 429, retry_after = 0 }]\n",
    );
    for api in APIS {
        for stream in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let mut settings = settings(&server, api, folder.path(), stream);
            settings.session = None;
            settings.retries = 1;
            let fails = |prompt: &str| work(&settings, prompt, &mut Vec::new()).unwrap_err();
            let error = fails("cut");
            assert!(matches!(error, AgentError::NoAnswer { .. }), "{api} {stream}: {error}");
            let error = fails("malformed");
            assert!(matches!(error, AgentError::BadAnswer { .. }), "{api} {stream}: {error}");
            let error = fails(&"long ".repeat(1000));
            let AgentError::Refused { status: 400, message } = &error else { panic!("{error}") };
            let words = ["context length", "context window", "prompt is too long"];
            assert!(words.iter().any(|w| message.contains(w)), "{message}");
            assert!(matches!(fails("limited"), AgentError::Refused { status: 429, .. }));
            // The two errors are used up: the count begins anew with an answer.
            assert!(work(&settings, "limited", &mut Vec::new()).is_ok());
        }
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = server("[[on]]\nprompt = ''\n[[on.turn]]\n");
    for url in ["https://api.openai.com/v1", "http://", "http://u:p@host/v1", "localhost:80", ""] {
        let mut settings = settings(&server, Api::Chat, folder.path(), false);
        settings.base_url = url.into();
        let error = work(&settings, "a", &mut Vec::new()).unwrap_err();
        assert!(matches!(error, AgentError::BadUrl { .. }) && error.hint().is_some(), "{error}");
    }
    let mut settings = settings(&server, Api::Chat, folder.path(), false);
    settings.base_url = "http://127.0.0.1:1/v1".into();
    settings.retries = 0;
    let error = work(&settings, "a", &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("cannot connect"), "{error}");
}

#[test]
fn equal_requests_get_equal_answers() {
    let server = server(
        "[price]\ninput = 3\noutput = 15\n[[on]]\nprompt = ''\n[[on.turn]]\ntext = 'hello'\ncalls = [{ tool = 'bash', command = 'ls' }]\n",
    );
    for api in APIS {
        let body = request(api, "m", "twelve bytes", false).to_string();
        let (status, answer) = ask(&server, path(api), &body);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(ask(&server, path(api), &body).1, answer);
        let other = request(api, "m", "other", false).to_string();
        assert_ne!(ask(&server, path(api), &other).1["id"], answer["id"]);
        // 3 tokens asked, 2 + 1 + 4 answered: (3 * 3 + 7 * 15) / 1e6.
        assert_eq!(answer["usage"]["cost"], json!(0.000_114), "{answer}");
    }
    let chat = ask(&server, path(Api::Chat), &request(Api::Chat, "m", "a", false).to_string()).1;
    assert_eq!(chat["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(chat["usage"]["total_tokens"], 8);
}

#[test]
fn equal_conversations_at_the_same_time_get_their_own_errors() {
    let server =
        server("[[on]]\nprompt = ''\n[[on.turn]]\ntext = 'a'\nerrors = [{ status = 429 }]\n");
    let body = request(Api::Chat, "m", "a", false).to_string();
    let status = |session: &str| {
        let path = format!("/v1/chat/completions HTTP/1.1\r\nx-agent-session: {session}\r\nx: ");
        raw(&server, "POST", &path, &body)[9..12].to_owned()
    };
    let got: Vec<String> = ["1", "2", "1", "2", "1"].map(status).into();
    assert_eq!(got, ["429", "429", "200", "200", "429"]);
}

#[test]
fn a_connection_that_is_cut_is_reset() {
    let server = server(
        "[[on]]\nprompt = ''\n[[on.turn]]\ntext = 'some text for a few pieces of a stream'\ncut = true\n",
    );
    for (api, stream) in [(Api::Chat, true), (Api::Messages, false)] {
        let body = request(api, "m", "a", stream).to_string();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: m\r\ncontent-length: {}\r\n\r\n",
            path(api),
            body.len()
        );
        let mut connection = std::net::TcpStream::connect(server.address()).unwrap();
        connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = Vec::new();
        let error = connection.read_to_end(&mut answer).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert!(answer.starts_with(b"HTTP/1.1 200 OK") && answer.len() > 200, "half came");
    }
}

#[test]
fn a_chat_stream_has_usage_only_when_it_is_asked_for() {
    let server = server("[[on]]\nprompt = ''\n[[on.turn]]\ntext = 'hello'\n");
    let mut body = request(Api::Chat, "m", "a", true);
    let plain = raw(&server, "POST", path(Api::Chat), &body.to_string());
    assert!(plain.contains("text/event-stream") && plain.contains("data: [DONE]"));
    assert!(!plain.contains("usage"), "{plain}");
    body["stream_options"] = json!({ "include_usage": true });
    let with = raw(&server, "POST", path(Api::Chat), &body.to_string());
    assert_eq!(with.matches("\"total_tokens\":3").count(), 1, "{with}");
    assert!(with.contains("\"choices\":[],\"usage\":{"), "the last chunk has no choice");
}

#[test]
fn wrong_requests_are_refused_in_the_provider_s_words() {
    let server = server("[[on]]\nprompt = 'known'\n[[on.turn]]\ntext = 'hello'\n");
    for api in APIS {
        let refused = |body: &str| ask(&server, path(api), body);
        let (status, answer) = refused(&request(api, "nobody", "known", true).to_string());
        assert_eq!(status, 404);
        assert!(answer["error"]["message"].as_str().unwrap().contains("nobody"), "{answer}");
        let (status, answer) = refused(&request(api, "m", "else", true).to_string());
        assert_eq!(status, 400);
        assert!(answer["error"]["message"].as_str().unwrap().contains("[[on]]"), "{answer}");
        for body in
            ["", "{", "[]", "null", "{\"model\":1}", "{\"model\":\"m\",\"messages\":3,\"input\":3}"]
        {
            let (status, answer) = refused(body);
            assert_eq!(status, 400, "{body}");
            assert!(answer["error"]["message"].is_string(), "{answer}");
        }
        let mut role = request(api, "m", "known", false);
        let key = if api == Api::Responses { "input" } else { "messages" };
        role[key][0]["role"] = json!("emperor");
        assert_eq!(refused(&role.to_string()).0, 400);
    }
    let again = json!({ "model": "m", "input": "known", "previous_response_id": "resp_1" });
    let (status, answer) = ask(&server, path(Api::Responses), &again.to_string());
    assert_eq!(status, 400);
    assert!(answer["error"]["message"].as_str().unwrap().contains("keeps no responses"));
    assert!(raw(&server, "GET", "/v1/chat/completions", "").starts_with("HTTP/1.1 404"));
    assert!(raw(&server, "GET", "/v1/models", "").contains("\"id\":\"m\""));
    let count = request(Api::Messages, "m", "known", false).to_string();
    assert_eq!(ask(&server, "/v1/messages/count_tokens", &count).1, json!({ "input_tokens": 2 }));
}

#[test]
fn it_speaks_as_slowly_as_its_script() {
    let server = server(
        "first_token_ms = 120\ntoken_ms = 10\n[[on]]\nprompt = ''\n[[on.turn]]\ntext = '0123456789abcdef0123456789abcdef0123456789abcdef'\nstall_ms = 100\n",
    );
    for api in APIS {
        for stream in [false, true] {
            let begin = Instant::now();
            raw(&server, "POST", path(api), &request(api, "m", "a", stream).to_string());
            // 12 tokens, of which the first 8 come at once in a stream.
            let least = if stream { 120 + 100 + 4 * 10 } else { 120 + 100 + 12 * 10 };
            assert!(begin.elapsed() >= Duration::from_millis(least), "{api} {stream}");
        }
    }
}

#[test]
fn a_server_that_is_stopped_leaves_its_address() {
    let server =
        server("first_token_ms = 60000\n[[on]]\nprompt = ''\n[[on.turn]]\ntext = 'late'\n");
    let address = server.address();
    let asking = std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let body = request(Api::Chat, "m", "a", true).to_string();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: m\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        // The head comes at once, then nothing until the server ends.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    std::thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    server.stop();
    asking.join().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn an_address_that_is_taken_is_named() {
    let first = server("[[on]]\nprompt = ''\n[[on.turn]]\n");
    let error = MockModel::start(Scripts::default(), first.address()).unwrap_err();
    assert!(error.to_string().contains(&first.address().to_string()) && error.hint().is_some());
}

#[test]
fn a_folder_without_scripts_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Scripts::load(folder.path()).unwrap_err();
    assert!(error.to_string().contains("no scripts") && error.hint().is_some());
    assert!(Scripts::load(&folder.path().join("none")).is_err());
}
