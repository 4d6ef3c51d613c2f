//! Recorded commands run once more: in a copy of a folder, without the secrets of the environment, under a time limit.

use super::error::RunError;
use super::process::{self, Cut, Spec};
use std::path::Path;
use std::time::Duration;

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellRun {
    /// Its exit code, or 128 and its signal, as a shell has it.
    pub exit_code: i64,
    /// Whether its time was up.
    pub timed_out: bool,
    /// What it printed on both outputs, in order.
    pub output: String,
}

/// Words in the names of environment variables that hold secrets.
const SECRET: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSW", "CREDENTIAL", "AUTH"];

/// Runs a command in a folder. It gets the environment without what looks like a secret: programs need their home.
pub fn run_recorded(argv: &[String], folder: &Path, limit: Duration) -> Result<ShellRun, RunError> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let secret = |name: &String| SECRET.iter().any(|word| name.to_ascii_uppercase().contains(word));
    let without = names.filter(secret).flat_map(|name| ["-u".to_owned(), name]);
    let clean = std::iter::once("env".to_owned()).chain(without).chain(["TERM=dumb".to_owned()]);
    // One pipe for both outputs keeps their order.
    let merged = ["sh", "-c", "exec \"$@\" 2>&1", "sh"].map(str::to_owned);
    let argv: Vec<String> = clean.chain(merged).chain(argv.iter().cloned()).collect();
    let spec = Spec { argv: &argv, folder, env: &[], stdin: None, limit: Some(limit) };
    let outcome = process::run(&spec, &mut || None)?;
    let code = outcome.exit_code.or(outcome.signal.map(|signal| 128 + signal));
    Ok(ShellRun {
        exit_code: i64::from(code.unwrap_or(-1)),
        timed_out: outcome.cut == Some(Cut::Time),
        output: outcome.stdout,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_see_the_folder_and_no_keys() {
        let folder = tempfile::tempdir().unwrap();
        let run = |script: &str| {
            let argv = ["sh", "-c", script].map(str::to_owned);
            run_recorded(&argv, folder.path(), Duration::from_secs(20)).unwrap()
        };
        let ran = run("echo a; echo b >&2; echo c; exit 3");
        assert_eq!((ran.exit_code, ran.timed_out, ran.output.as_str()), (3, false, "a\nb\nc\n"));
        let names = run("env | cut -d= -f1").output;
        assert!(names.lines().any(|name| name == "TERM") && !names.contains("TOKEN"), "{names}");
        assert_eq!(run("kill -9 $$").exit_code, 137);
        let argv = ["sleep", "60"].map(str::to_owned);
        let late = run_recorded(&argv, folder.path(), Duration::from_millis(200)).unwrap();
        assert!(late.timed_out);
    }
}
