//! The agent's tools. What they say is for the model; a tool that fails is a result, never an error of the agent.

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Component, Path};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of output that are kept at each end.
const KEPT: usize = 8 << 10;
/// How often a command is looked after.
const GLANCE: Duration = Duration::from_millis(5);
/// The exit code of a command that ran too long, as of timeout(1).
const TIMED_OUT: i32 = 124;
/// How long the last output of a command may take when its descendants hold the pipe open.
const LAST_OUTPUT: Duration = Duration::from_millis(200);

/// What a tool says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ToolResult {
    pub(super) text: String,
    pub(super) is_error: bool,
}

impl ToolResult {
    fn ok(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: false }
    }

    fn error(text: impl Into<String>) -> Self {
        Self { text: format!("error: {}", text.into()), is_error: true }
    }
}

/// Name, description and JSON Schema of each tool.
pub(super) fn definitions() -> Vec<(&'static str, &'static str, Value)> {
    let object = |properties: Value, required: &[&str]| json!({ "type": "object", "properties": properties, "required": required });
    let string = |what: &str| json!({ "type": "string", "description": what });
    vec![
        (
            "bash",
            "Runs a command with sh in the working folder and returns its exit code and output.",
            object(json!({ "command": string("The command.") }), &["command"]),
        ),
        (
            "write_file",
            "Writes a file of the working folder, whole.",
            object(
                json!({ "path": string("Relative path."), "content": string("The text.") }),
                &["path", "content"],
            ),
        ),
        ("finish", "Ends the work.", object(json!({ "summary": string("What was done.") }), &[])),
    ]
}

/// Runs a tool with arguments in JSON.
pub(super) fn run(name: &str, arguments: &str, workdir: &Path, timeout: Duration) -> ToolResult {
    let arguments: Value = match serde_json::from_str(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return ToolResult::error(format!("arguments that are not JSON: {error}")),
    };
    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    match (name, text("command"), text("path"), text("content")) {
        ("bash", Some(command), _, _) => bash(command, workdir, timeout),
        ("bash", ..) => ToolResult::error("bash needs `command`"),
        ("write_file", _, Some(path), Some(content)) => write_file(workdir, path, content),
        ("write_file", ..) => ToolResult::error("write_file needs `path` and `content`"),
        ("finish", ..) => ToolResult::ok("done"),
        _ => ToolResult::error(format!("no tool `{name}` among bash, write_file, finish")),
    }
}

fn write_file(workdir: &Path, path: &str, content: &str) -> ToolResult {
    let relative = Path::new(path);
    if path.is_empty() || !relative.components().all(|c| matches!(c, Component::Normal(_))) {
        return ToolResult::error(format!("{path} is not a path in the working folder"));
    }
    let target = workdir.join(relative);
    let folder = target.parent().unwrap_or(workdir);
    match std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&target, content)) {
        Ok(()) => ToolResult::ok(format!("wrote {} bytes to {path}", content.len())),
        Err(error) => ToolResult::error(format!("cannot write {path}: {error}")),
    }
}

fn bash(command: &str, workdir: &Path, timeout: Duration) -> ToolResult {
    match execute(command, workdir, timeout) {
        Ok((code, output)) => {
            let text = format!("<returncode>{code}</returncode>\n<output>\n{output}</output>");
            // The tool has worked, whatever the command says.
            ToolResult::ok(text)
        }
        Err(error) => ToolResult::error(format!("cannot run sh: {error}")),
    }
}

/// The exit code and the output of a command, stdout and stderr as they came.
fn execute(command: &str, workdir: &Path, timeout: Duration) -> io::Result<(i32, String)> {
    let (reader, writer) = io::pipe()?;
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).current_dir(workdir).stdin(Stdio::null());
    shell.stdout(writer.try_clone()?).stderr(writer);
    shell.process_group(0);
    let mut child = shell.spawn()?;
    // The pipe ends with the last process that writes to it.
    drop(shell);
    let kept = Arc::new(Mutex::new(Kept::default()));
    let keeper = {
        let kept = Arc::clone(&kept);
        thread::spawn(move || keep(reader, &kept))
    };
    let status = wait(&mut child, timeout)?;
    // What the command left behind may hold the pipe open: it ends with the command.
    kill_group(&child);
    let deadline = Instant::now() + LAST_OUTPUT;
    while !keeper.is_finished() && Instant::now() < deadline {
        thread::sleep(GLANCE);
    }
    let mut output = kept.lock().unwrap_or_else(PoisonError::into_inner).text();
    if !output.is_empty() && !output.ends_with('\n') {
        output.push('\n');
    }
    let code = if let Some(status) = status {
        status.code().or_else(|| status.signal().map(|s| 128 + s)).unwrap_or(-1)
    } else {
        // Writing to a string cannot fail.
        let _ = writeln!(output, "(killed after {} s)", timeout.as_secs_f64());
        TIMED_OUT
    };
    Ok((code, output))
}

/// How a command ended; none when it ran too long and was killed.
fn wait(child: &mut Child, timeout: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() >= timeout {
            kill_group(child);
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(GLANCE);
    }
}

/// Ends the process group of a command; it is gone already more often than not.
fn kill_group(child: &Child) {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(id) = id {
        let _ = kill_process_group(id, Signal::KILL);
    }
}

/// Both ends of an output.
#[derive(Debug, Default)]
struct Kept {
    head: Vec<u8>,
    tail: Vec<u8>,
    left_out: usize,
}

impl Kept {
    fn add(&mut self, bytes: &[u8]) {
        let (head, tail) = bytes.split_at(bytes.len().min(KEPT - self.head.len()));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(tail);
        if let Some(over) = self.tail.len().checked_sub(KEPT) {
            self.tail.drain(..over);
            self.left_out += over;
        }
    }

    fn text(&self) -> String {
        if self.left_out == 0 {
            return String::from_utf8_lossy(&[&*self.head, &*self.tail].concat()).into_owned();
        }
        let (head, tail) =
            (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&self.tail));
        format!("{head}\n({} bytes left out)\n{tail}", self.left_out)
    }
}

/// Keeps what comes until the end.
fn keep(mut reader: impl Read, kept: &Mutex<Kept>) {
    let mut buffer = [0; 8 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => kept.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(command: &str, timeout: Duration) -> ToolResult {
        let folder = tempfile::tempdir().unwrap();
        run("bash", &json!({ "command": command }).to_string(), folder.path(), timeout)
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_command_gives_its_code_and_output() {
        let result = bash("echo out; echo err >&2; printf end; exit 3", LONG);
        assert_eq!(result.text, "<returncode>3</returncode>\n<output>\nout\nerr\nend\n</output>");
        assert!(!result.is_error, "the tool has worked");
        assert_eq!(bash("true", LONG).text, "<returncode>0</returncode>\n<output>\n</output>");
        assert!(bash("kill -TERM $$", LONG).text.starts_with("<returncode>143</returncode>"));
        assert!(bash("cat", LONG).text.starts_with("<returncode>0"), "stdin is empty");
    }

    #[test]
    fn long_output_is_bounded() {
        let result = bash("echo first; head -c 1000000 /dev/zero | tr '\\0' x; echo last", LONG);
        assert!(result.text.len() < 3 * KEPT, "{}", result.text.len());
        assert!(result.text.contains("first") && result.text.contains("last"));
        assert!(result.text.contains(&format!("({} bytes left out)", 1_000_011 - 2 * KEPT)));
    }

    #[test]
    fn a_command_that_runs_too_long_is_killed_with_its_children() {
        let begin = Instant::now();
        let result = bash("echo begun; sleep 60 & sleep 60", Duration::from_millis(300));
        assert!(begin.elapsed() < Duration::from_secs(20));
        assert_eq!(
            result.text,
            "<returncode>124</returncode>\n<output>\nbegun\n(killed after 0.3 s)\n</output>"
        );
    }

    #[test]
    fn what_a_command_leaves_behind_does_not_hold_the_agent() {
        let begin = Instant::now();
        assert!(bash("sleep 60 & echo done", LONG).text.contains("done"));
        assert!(begin.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn files_are_written_inside_the_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let arguments = json!({ "path": path, "content": "text" }).to_string();
            run("write_file", &arguments, folder.path(), LONG)
        };
        assert_eq!(write("src/a.rs").text, "wrote 4 bytes to src/a.rs");
        assert_eq!(std::fs::read_to_string(folder.path().join("src/a.rs")).unwrap(), "text");
        for path in ["", "/etc/passwd", "../a", "src/../../a", "."] {
            let result = write(path);
            assert!(result.is_error && result.text.contains("not a path"), "{result:?}");
        }
        assert!(write("src").is_error, "a folder");
    }

    #[test]
    fn wrong_calls_are_results() {
        let folder = tempfile::tempdir().unwrap();
        for (name, arguments, expected) in [
            ("search", "{}", "no tool `search`"),
            ("bash", "{", "not JSON"),
            ("bash", "{}", "needs `command`"),
            ("bash", "[]", "needs `command`"),
            ("bash", r#"{"command": 3}"#, "needs `command`"),
            ("write_file", r#"{"path": "a"}"#, "needs `path` and `content`"),
        ] {
            let result = run(name, arguments, folder.path(), LONG);
            assert!(result.is_error && result.text.contains(expected), "{result:?}");
        }
        assert!(!run("finish", "{}", folder.path(), LONG).is_error);
    }
}
