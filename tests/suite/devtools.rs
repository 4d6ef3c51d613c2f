//! A browser to try pages in, driven over the `DevTools` protocol.
//!
//! The browser reads commands from file descriptor 3 and answers on 4, each message ended by a NUL, which needs neither a
//! socket nor a port. Protocol: Chrome `DevTools` Protocol, domains Target, Page, Runtime, Network, Input and Emulation.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up; far longer than it does.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser with one tab.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    session: String,
    last: u64,
    /// What the browser said without being asked.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

/// The browser of this machine: `RAMPTRACE_CHROMIUM`, or one on the path.
fn executable() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("RAMPTRACE_CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    names.iter().flat_map(|n| folders.iter().map(move |f| f.join(n))).find(|p| p.is_file())
}

impl Browser {
    /// Starts the browser of this machine; `None` when it has none.
    pub(crate) fn start() -> Option<Self> {
        let executable = executable()?;
        let profile = tempfile::tempdir().expect("a folder");
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null", "sh"])
            .arg(executable)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (to, out) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(out);
            let mut message = Vec::new();
            while reader.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let parsed = serde_json::from_slice(&message).expect("a message of the protocol");
                if sender.send(parsed).is_err() {
                    return;
                }
                message.clear();
            }
        });
        let session = String::new();
        let mut browser =
            Self { child, to, from, session, last: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let wanted = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", &wanted);
        attached["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser.call("Page.setLifecycleEventsEnabled", &json!({"enabled": true}));
        browser.width(1300);
        Some(browser)
    }

    /// Sends a command and gives its result.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": parameters});
        if !self.session.is_empty() {
            message["sessionId"] = self.session.as_str().into();
        }
        let sent = self.to.write_all(format!("{message}\0").as_bytes());
        sent.and_then(|()| self.to.flush()).expect("a browser that listens");
        loop {
            let answer = self.next_message();
            if answer["id"] == self.last {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn next_message(&mut self) -> Value {
        self.from.recv_timeout(PATIENCE).expect("the browser answers")
    }

    /// Sets the width of the window.
    pub(crate) fn width(&mut self, width: u32) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Sets the medium (`screen`, `print`) and the colour scheme that the system prefers.
    pub(crate) fn media(&mut self, medium: &str, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", &json!({"media": medium, "features": features}));
    }

    /// Opens a file, at a place in it, and waits until it is loaded.
    pub(crate) fn open(&mut self, file: &Path, place: &str) {
        // A page that differs in its place only would not be loaded again.
        self.call("Page.navigate", &json!({"url": "about:blank"}));
        self.events.clear();
        let url = format!("file://{}{place}", file.display());
        let loader = self.call("Page.navigate", &json!({"url": url}))["loaderId"].clone();
        let loaded = |e: &Value| e["params"]["loaderId"] == loader && e["params"]["name"] == "load";
        while !self.events.iter().any(loaded) {
            let event = self.next_message();
            self.events.push(event);
        }
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let wanted = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let result = self.call("Runtime.evaluate", &wanted);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    pub(crate) fn text(&mut self, expression: &str) -> String {
        self.value(expression)
            .as_str()
            .unwrap_or_else(|| panic!("{expression}: no text"))
            .to_owned()
    }

    pub(crate) fn number(&mut self, expression: &str) -> u64 {
        self.value(expression).as_u64().unwrap_or_else(|| panic!("{expression}: no number"))
    }

    /// Waits until something is true of the page.
    pub(crate) fn wait(&mut self, condition: &str) {
        let start = Instant::now();
        while self.value(condition) != Value::Bool(true) {
            assert!(start.elapsed() < PATIENCE, "never true: {condition}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks into the middle of what a selector finds first, as a mouse does.
    pub(crate) fn click(&mut self, selector: &str) {
        let place = self.value(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center' }});
               const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", &event);
        }
    }

    /// Presses a key: `Tab`, `Enter`, `ArrowDown`.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "ArrowDown" => 40,
            other => panic!("no code for {other}"),
        };
        let mut event =
            json!({"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code});
        if key == "Enter" {
            event["text"] = "\r".into();
        }
        self.call("Input.dispatchKeyEvent", &event);
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", &event);
    }

    /// Presses Tab until something is in focus.
    pub(crate) fn tab_to(&mut self, selector: &str) {
        for _ in 0..400 {
            if self.value(&format!("document.activeElement.matches({selector:?})")) == true {
                return;
            }
            self.press("Tab");
        }
        panic!("no tab reaches {selector}");
    }

    /// Types into what is in focus.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Since the page was opened nothing but its file was asked for, and nothing went wrong.
    pub(crate) fn assert_quiet(&mut self) {
        // An answer comes after everything that was said before it.
        self.value("0");
        let mut asked = Vec::new();
        for event in &self.events {
            match event["method"].as_str().unwrap_or_default() {
                "Network.requestWillBeSent" => {
                    asked
                        .push(event["params"]["request"]["url"].as_str().unwrap_or("?").to_owned());
                }
                "Runtime.exceptionThrown"
                | "Log.entryAdded"
                | "Page.javascriptDialogOpening"
                | "Runtime.consoleAPICalled" => panic!("{event}"),
                _ => {}
            }
        }
        assert!(asked.len() == 1 && asked[0].starts_with("file://"), "{asked:?}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session.clear();
        let close = json!({"id": 0, "method": "Browser.close"});
        // It may be gone already.
        let _ = self.to.write_all(format!("{close}\0").as_bytes());
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser, or a word about the skipped test.
macro_rules! browser_or_skip {
    () => {
        match crate::devtools::Browser::start() {
            Some(browser) => browser,
            None => {
                eprintln!("skipped: no Chromium here; RAMPTRACE_CHROMIUM names one");
                return;
            }
        }
    };
}
pub(crate) use browser_or_skip;
